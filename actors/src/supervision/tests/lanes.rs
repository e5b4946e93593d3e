//! Order within a conversation, side by side otherwise.

use tenants::event::{EventKind, Role};
use tenants::settings::TenantSettings;

use super::rig::{Rig, SECOND, settings};
use crate::supervision::ActorSettings;
use crate::testing::{World, until};

#[tokio::test]
async fn comments_of_one_thread_are_decided_in_their_order() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let events: Vec<_> = (0..50).map(|n| rig.world.comment(shop, "t", &format!("comment {n}"))).collect();
    rig.until_done(&events).await;
    assert_eq!(rig.world.store.data().done, events);
    assert_eq!(rig.most_working(), 1);
}

#[tokio::test]
async fn a_conversation_that_waits_for_its_model_delays_no_other() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let slow = rig.world.comment(shop, "slow", "wait");
    let behind = rig.world.comment(shop, "slow", "after it");
    let others: Vec<_> = (0..20).map(|n| rig.world.comment(shop, &format!("t{n}"), "quick")).collect();
    rig.until_done(&others).await;
    assert!(!rig.is_done(slow) && !rig.is_done(behind));
    assert!(!rig.troupe.is_quiet().await);
    rig.let_through(1);
    rig.until_done(&[slow, behind]).await;
    assert_eq!(rig.world.store.data().done[20..], [slow, behind]);
}

#[tokio::test]
async fn a_tenant_works_on_no_more_conversations_at_once_than_it_has_set() {
    let rig = Rig::start().await;
    let shop = rig.world.shop_with(TenantSettings { max_parallel: 3, ..TenantSettings::default() });
    let events: Vec<_> = (0..10).map(|n| rig.world.comment(shop, &format!("t{n}"), "wait")).collect();
    until("three are at work", || rig.working() == 3).await;
    rig.let_through(10);
    rig.until_done(&events).await;
    assert_eq!(rig.most_working(), 3);
}

#[tokio::test]
async fn a_long_queue_in_one_conversation_leaves_room_for_the_others() {
    let settings = ActorSettings { max_in_flight: 8, lane_capacity: 2, ..settings() };
    let rig = Rig::start_in(World::new(), settings).await;
    let shop = rig.world.shop();
    let first = rig.world.comment(shop, "hot", "wait");
    let queue: Vec<_> =
        (0..40).map(|n| rig.world.comment_unheard(shop, "hot", &format!("hot {n}"))).collect();
    let other = rig.world.comment(shop, "cold", "cold");
    rig.until_done(&[other]).await;
    assert!(!rig.is_done(first));
    rig.let_through(1);
    rig.until_done(&queue).await;
    let done: Vec<_> = rig.world.store.data().done.iter().copied().filter(|event| *event != other).collect();
    assert_eq!(done[0], first);
    assert_eq!(done[1..], queue);
}

#[tokio::test]
async fn story_replies_and_messages_of_one_person_keep_their_order_although_two_roles_work_on_them() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let say = |kind, text: &str| rig.world.message(shop, "ana", kind, text);
    let events = [
        say(EventKind::Message, "wait first"),
        say(EventKind::StoryReply, "stop"),
        say(EventKind::Message, "third"),
        say(EventKind::StoryReply, "fourth"),
    ];
    until("the first is at work", || rig.working() == 1).await;
    rig.let_through(1);
    rig.until_done(&events).await;
    assert_eq!(rig.world.store.data().done, events);
    assert_eq!(rig.begun(), ["wait first", "stop", "third (opted out)", "fourth (opted out)"]);
}

#[tokio::test]
async fn the_next_event_of_a_lane_sees_what_the_one_before_has_left() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let events =
        ["wait", "stop", "go on"].map(|text| rig.world.message(shop, "ana", EventKind::Message, text));
    until("the first is at work", || rig.working() == 1).await;
    rig.let_through(1);
    rig.until_done(&events).await;
    assert_eq!(rig.begun(), ["wait", "stop", "go on (opted out)"]);
}

#[tokio::test]
async fn a_tick_is_taken_by_its_role_and_done() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let ticks =
        [rig.world.tick(shop, Role::Comms, "daily_briefing"), rig.world.tick(shop, Role::Intel, "insights")];
    rig.until_done(&ticks).await;
    assert_eq!(rig.metric("troupe_ticks_taken_total"), 2.0);
    assert!(rig.begun().is_empty());
}

#[tokio::test]
async fn a_tick_that_fails_keeps_no_other_of_its_role_waiting() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    rig.world.store.data().commits_are_void = 1;
    let first = rig.world.tick(shop, Role::Admin, "token_refresh");
    until("it has failed", || rig.metric("troupe_events_failed_total") >= 1.0).await;
    let second = rig.world.tick(shop, Role::Admin, "retention");
    rig.until_done(&[second]).await;
    // No time has passed: the first one still rests, and comes again.
    rig.world
        .pass_time_until(SECOND, "the first is done", || rig.metric("troupe_ticks_taken_total") >= 3.0)
        .await;
    rig.until_done(&[first]).await;
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_read_again_and_decided_again() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    rig.world.store.data().commits_are_void = 2;
    let event = rig.world.comment(shop, "t", "hello");
    rig.until_done(&[event]).await;
    assert_eq!(rig.begun(), ["hello", "hello", "hello"]);
}
