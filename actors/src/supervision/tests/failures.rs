//! Panics, poison, crash loops, a database that is away.

use std::time::Duration;

use tenants::alert::AlertType;
use tenants::event::{EventKind, Role};
use tenants::ports::AgentStatus;

use super::rig::{Rig, SECOND, settings};
use crate::supervision::{ActorSettings, Misbehaviour};
use crate::testing::{World, until};

const MILLIS: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_panic_is_tried_again_and_the_order_is_kept() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let events = ["panic", "second", "third"].map(|text| rig.world.comment(shop, "t", text));
    let other = rig.world.comment(shop, "other", "other");
    rig.until_done(&[other]).await;
    rig.pass_time_until_done(&events).await;
    let done: Vec<_> = rig.world.store.data().done.iter().copied().filter(|event| *event != other).collect();
    assert_eq!(done, events);
    assert!(rig.alerts().is_empty());
    assert_eq!(rig.metric("troupe_restarts_total"), 0.0);
}

#[tokio::test]
async fn a_poison_event_is_set_aside_with_an_alert_and_its_conversation_goes_on() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let poison = rig.world.comment(shop, "t", "poison");
    let next = rig.world.comment(shop, "t", "next");
    rig.pass_time_until_done(&[next]).await;
    assert_eq!(rig.begun(), ["poison", "poison", "poison", "poison", "poison", "next"]);
    assert_eq!(rig.world.store.data().quarantined, [poison]);
    let data = rig.world.store.data();
    let alert = &data.alerts[0];
    assert_eq!((alert.alert_type, alert.tenant), (AlertType::Quarantine, Some(shop.tenant)));
    assert_eq!(alert.agency, Some(rig.world.agency));
}

#[tokio::test]
async fn an_event_that_can_never_be_decided_is_set_aside_at_once() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let broken = rig.world.comment(shop, "t", "broken");
    let next = rig.world.comment(shop, "t", "next");
    rig.until_done(&[next]).await;
    assert_eq!(rig.world.store.data().quarantined, [broken]);
}

#[tokio::test]
async fn an_event_for_which_nobody_answers_waits_as_long_as_it_was_told() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let events = ["later", "behind"].map(|text| rig.world.comment(shop, "t", text));
    until("it was tried", || rig.begun() == ["later"]).await;
    rig.world.clock.advance(SECOND * 29);
    let other = rig.world.comment(shop, "other", "other");
    rig.until_done(&[other]).await;
    assert_eq!(rig.begun(), ["later", "other"]);
    rig.pass_time_until_done(&events).await;
    assert_eq!(rig.world.store.data().done, [other, events[0], events[1]]);
}

#[tokio::test]
async fn a_decision_that_never_comes_counts_as_failed() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let stuck = rig.world.comment(shop, "t", "hang");
    let next = rig.world.comment(shop, "t", "next");
    until("it is at work", || rig.working() == 1).await;
    rig.world.pass_time_until(SECOND * 10, "the next is done", || rig.is_done(next)).await;
    assert_eq!(rig.world.store.data().quarantined, [stuck]);
}

#[tokio::test]
async fn a_role_that_crashes_is_started_again_and_loses_nothing() {
    for misbehaviour in [Misbehaviour::Fail, Misbehaviour::Panic] {
        let rig = Rig::start().await;
        let shop = rig.world.shop();
        let events = ["wait", "second"].map(|text| rig.world.comment(shop, "t", text));
        until("it is at work", || rig.working() == 1).await;
        rig.troupe.misbehave(&shop.tenant, Some(Role::Engagement), misbehaviour);
        until("its lane is cut", || rig.working() == 0).await;
        rig.let_through(1);
        rig.pass_time_until_done(&events).await;
        assert_eq!(rig.world.store.data().done, events);
        assert!(rig.alerts().is_empty());
    }
}

#[tokio::test]
async fn a_role_that_crashes_too_often_is_quarantined_while_the_other_roles_go_on() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let first = rig.world.message(shop, "ana", EventKind::Message, "hello");
    rig.until_done(&[first]).await;
    let key = format!("quarantine:{}:engagement", shop.tenant);
    let crash_again = || {
        rig.troupe.misbehave(&shop.tenant, Some(Role::Engagement), Misbehaviour::Fail);
        rig.has_alert(&key)
    };
    rig.world.pass_time_until(MILLIS, "the role is quarantined", crash_again).await;
    assert_eq!(rig.status(shop.tenant, "engagement"), Some(AgentStatus::Down));

    let comment = rig.world.comment(shop, "t", "a comment");
    let message = rig.world.message(shop, "ana", EventKind::Message, "are you there?");
    rig.until_done(&[message]).await;
    until("nothing else is to be done", || !rig.is_done(comment)).await;
    assert_eq!(rig.troupe.busy().await, Vec::<String>::new());

    rig.troupe.release_quarantine(&shop.tenant);
    rig.until_done(&[comment]).await;
    until("the alert is resolved", || rig.world.store.data().resolved_alerts == [key.clone()]).await;
}

#[tokio::test]
async fn a_tenant_whose_rows_cannot_be_read_is_quarantined_and_harms_nobody_else() {
    let rig = Rig::start().await;
    let (sick, well) = (rig.world.shop(), rig.world.shop());
    rig.world.store.data().unreadable.insert(sick.tenant);
    let waiting = rig.world.comment(sick, "t", "hello");
    let key = format!("quarantine:{}:tenant", sick.tenant);
    let mut told = 0;
    let go_on = || {
        told += 1;
        rig.world.comment(well, &format!("t{told}"), "hello");
        rig.has_alert(&key)
    };
    rig.world.pass_time_until(MILLIS, "the tenant is quarantined", go_on).await;
    until("everybody else is served", || rig.begun().len() == told).await;
    until("nothing is left", || rig.world.store.data().pending.len() == 1).await;
    assert!(rig.troupe.is_quiet().await);

    rig.world.store.data().unreadable.clear();
    rig.troupe.release_quarantine(&sick.tenant);
    rig.until_done(&[waiting]).await;
}

#[tokio::test]
async fn a_quarantined_tenant_is_tried_again_by_itself_and_its_alert_resolved_when_it_holds_out() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    rig.world.store.data().unreadable.insert(shop.tenant);
    let event = rig.world.comment(shop, "t", "hello");
    let key = format!("quarantine:{}:tenant", shop.tenant);
    rig.world.pass_time_until(MILLIS, "the tenant is quarantined", || rig.has_alert(&key)).await;
    rig.world.store.data().unreadable.clear();
    rig.world.clock.advance(SECOND * 901);
    rig.until_done(&[event]).await;
    let is_resolved = || rig.world.store.data().resolved_alerts.contains(&key);
    rig.world.pass_time_until(SECOND, "the alert is resolved", is_resolved).await;
}

#[tokio::test]
async fn a_tenant_actor_that_crashes_at_work_loses_nothing_and_keeps_the_order() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let events = ["wait", "second", "third"].map(|text| rig.world.comment(shop, "t", text));
    until("it is at work", || rig.working() == 1).await;
    rig.troupe.misbehave(&shop.tenant, None, Misbehaviour::Panic);
    until("its lanes are cut", || rig.working() == 0).await;
    rig.let_through(1);
    rig.pass_time_until_done(&events).await;
    assert_eq!(rig.world.store.data().done, events);
}

#[tokio::test]
async fn nothing_is_lost_while_the_database_is_away() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let at_work = rig.world.comment(shop, "t", "wait");
    until("it is at work", || rig.working() == 1).await;
    rig.world.store.data().is_away = true;
    let unheard = rig.world.comment(shop, "other", "hello");
    rig.let_through(1);
    until("it was decided", || rig.working() == 0).await;
    rig.world.clock.advance(SECOND * 20);
    assert!(!rig.troupe.is_quiet().await);
    rig.world.store.data().is_away = false;
    rig.pass_time_until_done(&[at_work, unheard]).await;
    assert_eq!(rig.begun(), ["wait", "hello"], "what was decided is committed, not decided again");
}

#[tokio::test]
async fn a_crash_of_the_router_loses_nothing() {
    let settings = ActorSettings { max_in_flight: 4, ..settings() };
    let rig = Rig::start_in(World::new(), settings).await;
    let shop = rig.world.shop();
    let first = rig.world.comment(shop, "t", "wait");
    until("it is at work", || rig.working() == 1).await;
    rig.troupe.crash_router();
    until("its lanes are cut", || rig.working() == 0).await;
    let second = rig.world.comment(shop, "t", "second");
    rig.let_through(1);
    rig.pass_time_until_done(&[first, second]).await;
    assert_eq!(rig.world.store.data().done, [first, second]);
}
