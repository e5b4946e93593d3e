//! Who goes first: tenants, deadlines, conversations.

use std::sync::Arc;

use tenants::conversation::ConversationKind;
use tenants::effect::{EffectState, ErrorCategory};
use tenants::ports::Hint;
use tokio::sync::Semaphore;

use super::stage::{Stage, hide, message, minutes, private_reply, reply, seconds};
use crate::dispatcher::DispatcherSettings;

fn one_at_a_time() -> DispatcherSettings {
    DispatcherSettings { max_in_flight: 1, ..DispatcherSettings::default() }
}

#[tokio::test]
async fn a_quiet_tenant_is_not_kept_waiting_by_a_flood() {
    let stage = Stage::with(one_at_a_time());
    let (flooding, quiet) = (stage.shop(), stage.shop());
    for number in 0..200 {
        stage.put(flooding, reply(&format!("c{number}"), "flood"), |_| {});
    }
    for number in 0..5 {
        stage.put(quiet, reply(&format!("q{number}"), "quiet"), |_| {});
    }
    stage.instagram.walls().closed = true;
    stage.hint(Hint::Effects(flooding.tenant));
    stage.hint(Hint::Effects(quiet.tenant));
    stage.rest().await;
    stage.instagram.open();
    stage.rest().await;
    let texts = stage.instagram.texts();
    assert_eq!(texts.len(), 205);
    let last_quiet = texts.iter().rposition(|text| text == "quiet").unwrap();
    assert!(
        last_quiet <= 11,
        "the quiet tenant's five are among the first twelve, the last was {last_quiet}"
    );
}

#[tokio::test]
async fn a_queue_that_takes_long_to_read_keeps_no_other_tenant_waiting() {
    let stage = Stage::new();
    let (slow, quick) = (stage.shop(), stage.shop());
    let gate = Arc::new(Semaphore::new(0));
    stage.world.store.data().held_queue = Some((slow.tenant, Arc::clone(&gate)));
    stage.queue(slow, reply("s1", "slow"));
    stage.rest().await;
    stage.queue(quick, reply("q1", "quick"));
    stage.rest().await;
    assert_eq!(stage.instagram.texts(), ["quick"]);
    gate.add_permits(1);
    stage.rest().await;
    assert_eq!(stage.instagram.texts(), ["quick", "slow"]);
}

#[tokio::test]
async fn a_quiet_tenant_that_comes_in_the_middle_of_a_flood_goes_next() {
    let stage = Stage::with(one_at_a_time());
    let (flooding, quiet) = (stage.shop(), stage.shop());
    for number in 0..5_000 {
        stage.put(flooding, reply(&format!("c{number}"), "flood"), |_| {});
    }
    stage.instagram.walls().closed = true;
    stage.hint(Hint::Effects(flooding.tenant));
    stage.rest().await;
    for number in 0..5 {
        stage.queue(quiet, reply(&format!("q{number}"), "quiet"));
    }
    stage.rest().await;
    stage.instagram.open();
    stage.rest().await;
    let texts = stage.instagram.texts();
    let last_quiet = texts.iter().rposition(|text| text == "quiet").unwrap();
    assert!(last_quiet <= 11, "the flood had one call under way, the last quiet one was {last_quiet}");
}

#[tokio::test]
async fn an_account_whose_every_call_fails_is_left_alone_and_takes_nobodys_place() {
    let settings = DispatcherSettings {
        max_in_flight: 4,
        max_in_flight_per_account: 2,
        ..DispatcherSettings::default()
    };
    let most_before_open = settings.breaker.failures_to_open as usize + settings.max_in_flight_per_account;
    let stage = Stage::with(settings);
    let (sick, well) = (stage.shop(), stage.shop());
    stage.instagram.walls().failing.insert(sick.account);
    for number in 0..200 {
        stage.put(sick, reply(&format!("s{number}"), "sick"), |_| {});
        stage.put(well, reply(&format!("w{number}"), "well"), |_| {});
    }
    stage.hint(Hint::Effects(sick.tenant));
    stage.hint(Hint::Effects(well.tenant));
    stage.rest().await;
    assert_eq!(stage.instagram.texts(), vec!["well"; 200]);
    let sick_calls = || {
        let walls = stage.instagram.walls();
        walls.calls.iter().filter(|(account, _)| *account == sick.account).count()
    };
    assert!(sick_calls() <= most_before_open, "{} calls before the breaker opened", sick_calls());

    for round in 0..20 {
        let before = sick_calls();
        stage.pass(minutes(10)).await;
        assert!(sick_calls() <= before + 1, "one probe at a time");
        stage.queue(well, reply(&format!("later{round}"), "well"));
        stage.rest().await;
        assert_eq!(stage.instagram.texts().len(), 201 + round, "the other account is served at once");
    }
}

#[tokio::test]
async fn weights_share_the_calls() {
    let mut settings = one_at_a_time();
    let probe = Stage::new();
    let (heavy, light) = (probe.shop(), probe.shop());
    settings.weights.insert(heavy.tenant, 3);
    // The same seed gives the same ids.
    let stage = Stage::with(settings);
    assert_eq!((stage.shop().tenant, stage.shop().tenant), (heavy.tenant, light.tenant));
    stage.instagram.walls().closed = true;
    for number in 0..40 {
        stage.put(heavy, reply(&format!("h{number}"), "heavy"), |_| {});
        stage.put(light, reply(&format!("l{number}"), "light"), |_| {});
    }
    stage.hint(Hint::Effects(heavy.tenant));
    stage.hint(Hint::Effects(light.tenant));
    stage.rest().await;
    stage.instagram.open();
    stage.rest().await;
    let first: Vec<_> = stage.instagram.texts().into_iter().take(40).collect();
    let heavies = first.iter().filter(|text| *text == "heavy").count();
    assert!((28..=32).contains(&heavies), "{heavies} of 40");
}

#[tokio::test]
async fn the_earliest_deadline_goes_first() {
    let stage = Stage::with(one_at_a_time());
    let shop = stage.shop();
    let now = stage.now();
    for (comment, deadline) in [("never", None), ("late", Some(50)), ("soon", Some(5)), ("later", Some(20))] {
        stage.put(shop, reply(comment, comment), |effect| {
            effect.deadline = deadline.map(|it| now + minutes(it))
        });
    }
    stage.hint(Hint::Effects(shop.tenant));
    stage.rest().await;
    assert_eq!(stage.instagram.texts(), ["soon", "later", "late", "never"]);
}

#[tokio::test]
async fn a_conversation_keeps_its_order_and_only_moderation_overtakes() {
    let stage = Stage::new();
    let shop = stage.shop();
    let thread = stage.conversation(shop, ConversationKind::CommentThread, "comment:c1");
    stage.comment(shop, "c1", thread);
    stage.instagram.will_refuse(ErrorCategory::Transient, 1);
    let in_thread = |effect: &mut tenants::effect::Effect| effect.conversation = Some(thread);
    let deadline = stage.now() + minutes(600);
    let public = stage.put(shop, reply("c1", "public"), in_thread);
    let private = stage.put(shop, private_reply("c1", "private"), |effect| {
        in_thread(effect);
        effect.deadline = Some(deadline);
    });
    stage.hint(Hint::Effects(shop.tenant));
    stage.rest().await;
    assert_eq!(stage.states(&[public, private]), [EffectState::Failed, EffectState::Pending]);
    let moderation = stage.queue_in(shop, thread, hide("c9"));
    stage.rest().await;
    assert_eq!(stage.state(moderation), EffectState::Sent);
    stage.pass(minutes(2)).await;
    stage.pass(seconds(1)).await;
    assert_eq!(stage.instagram.texts(), ["public", "private"]);
}

#[tokio::test]
async fn other_conversations_go_on_beside_a_slow_one() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.walls().closed = true;
    for person in 0..20 {
        let key = format!("dm:p{person}");
        let thread = stage.conversation(shop, ConversationKind::Direct, &key);
        stage.queue_in(shop, thread, message(&format!("p{person}"), "one"));
        stage.queue_in(shop, thread, message(&format!("p{person}"), "two"));
    }
    stage.rest().await;
    assert_eq!(stage.instagram.walls().calls.len(), 20, "the first of each conversation");
    stage.instagram.open();
    stage.pass(seconds(1)).await;
    stage.pass(seconds(1)).await;
    let texts = stage.instagram.texts();
    assert_eq!(texts.len(), 40);
    assert!(texts[..20].iter().all(|text| text == "one"));
}

#[tokio::test]
async fn an_account_has_only_so_many_places_and_others_go_past_it() {
    let settings = DispatcherSettings { max_in_flight_per_account: 3, ..DispatcherSettings::default() };
    let stage = Stage::with(settings);
    let (slow, other) = (stage.shop(), stage.shop());
    stage.instagram.walls().closed = true;
    for number in 0..50 {
        stage.queue(slow, reply(&format!("s{number}"), "slow"));
    }
    stage.rest().await;
    assert_eq!(stage.instagram.walls().calls.len(), 3);
    stage.queue(other, reply("o1", "other"));
    stage.rest().await;
    assert_eq!(stage.instagram.walls().calls.len(), 4);
    stage.instagram.open();
    stage.rest().await;
    assert_eq!(stage.instagram.texts().len(), 51);
    assert_eq!(stage.instagram.walls().most_at_once, 4);
}

#[tokio::test]
async fn a_flood_is_read_in_batches_not_one_by_one() {
    let stage = Stage::new();
    let shop = stage.shop();
    for number in 0..500 {
        stage.put(shop, reply(&format!("c{number}"), "flood"), |_| {});
    }
    stage.hint(Hint::Effects(shop.tenant));
    stage.rest().await;
    assert_eq!(stage.instagram.texts().len(), 500);
    let reads = stage.world.store.data().reads;
    assert!(reads <= 12, "{reads} reads for 500 effects");
}

#[tokio::test]
async fn what_becomes_due_without_a_hint_is_sent_at_its_time() {
    let stage = Stage::new();
    let shop = stage.shop();
    let morning = stage.now() + minutes(180);
    stage.rest().await;
    let quiet = stage.put(shop, reply("c1", "Good morning"), |effect| effect.next_retry_at = morning);
    stage.hint(Hint::Effects(shop.tenant));
    stage.pass(minutes(179)).await;
    assert_eq!(stage.state(quiet), EffectState::Pending);
    stage.pass(minutes(1)).await;
    assert_eq!(stage.state(quiet), EffectState::Sent);
    let unheard = stage.put(shop, reply("c2", "unheard"), |_| {});
    stage.pass(seconds(5)).await;
    assert_eq!(stage.state(unheard), EffectState::Sent, "found by the poll");
}
