//! What becomes of an effect, answer by answer.

use tenants::account::AccountStatus;
use tenants::conversation::{CommentStatus, ConversationKind};
use tenants::effect::{EffectState, ErrorCategory, MAX_TRIES, SkipReason};
use tenants::ports::Hint;

use super::instagram::{Answer, error, forbidden, rate_limited};
use super::stage::{Stage, hide, message, minutes, private_reply, reply, seconds};
use crate::dispatcher::{DispatcherSettings, retry_from_dlq};

#[tokio::test]
async fn a_reply_is_sent_once_marked_on_its_comment_and_audited() {
    let stage = Stage::new();
    let shop = stage.shop();
    let thread = stage.conversation(shop, ConversationKind::CommentThread, "comment:c1");
    stage.comment(shop, "c1", thread);
    let effect = stage.queue_in(shop, thread, reply("c1", "Thank you!"));
    stage.rest().await;

    assert_eq!(stage.instagram.texts(), ["Thank you!"]);
    let sent = stage.effect(effect);
    assert_eq!((sent.state, sent.instagram_id.as_deref()), (EffectState::Sent, Some("ig-1")));
    assert_eq!(stage.comment_status(shop, "c1"), CommentStatus::Replied);
    assert_eq!(stage.history(effect), ["effect.sent"]);
    assert!(stage.dispatcher.is_quiet().await);
    let data = stage.world.store.data();
    let details = &data.audit[0].details.value();
    assert_eq!((&details["instagram_id"], &details["attempts"]), (&"ig-1".into(), &1.into()));
}

#[tokio::test]
async fn a_direct_message_appears_in_its_conversation() {
    let stage = Stage::new();
    let shop = stage.shop();
    let thread = stage.conversation(shop, ConversationKind::Direct, "dm:p1");
    let effect = stage.queue_in(shop, thread, message("p1", "Hello"));
    stage.rest().await;

    let data = stage.world.store.data();
    let stored = &data.messages[0];
    assert_eq!(
        (stored.conversation, stored.effect, stored.external_id.as_str()),
        (thread, Some(effect), "ig-1")
    );
}

#[tokio::test]
async fn passing_failures_back_off_and_end_in_the_dead_letters_from_which_a_person_retries() {
    let stage = Stage::new();
    let shop = stage.shop();
    let thread = stage.conversation(shop, ConversationKind::CommentThread, "comment:c1");
    stage.comment(shop, "c1", thread);
    stage.instagram.will_refuse(ErrorCategory::Transient, MAX_TRIES as usize);
    let effect = stage.queue(shop, reply("c1", "Hi"));
    stage.rest().await;
    for (tries, wait) in [(1, 2), (2, 4), (3, 8), (4, 16)] {
        let failed = stage.effect(effect);
        assert_eq!((failed.state, failed.retry_count), (EffectState::Failed, tries));
        assert_eq!(failed.next_retry_at, stage.now() + minutes(wait));
        stage.pass(minutes(wait) - seconds(1)).await;
        assert_eq!(stage.instagram.walls().calls.len(), tries as usize, "not before its time");
        stage.pass(seconds(1)).await;
    }
    assert_eq!(stage.state(effect), EffectState::Dlq);
    assert_eq!(stage.alerts().0, [format!("dead_letter:{}", shop.account)]);
    assert_eq!(stage.comment_status(shop, "c1"), CommentStatus::Escalated);

    let dead = stage.effect(effect);
    let retry = retry_from_dlq(&dead, "key:1", &stage.world.ports.ids, stage.now()).unwrap();
    stage.world.ports.store.commit(retry).await.unwrap();
    stage.hint(Hint::Effects(shop.tenant));
    // The breaker has opened meanwhile: five failures in a row.
    stage.pass(seconds(10)).await;
    assert_eq!(stage.state(effect), EffectState::Sent);
    assert_eq!(stage.history(effect)[4..], ["effect.dead_lettered", "effect.retried", "effect.sent"]);
}

#[tokio::test]
async fn what_will_never_work_goes_to_the_dead_letters_at_once() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will_refuse(ErrorCategory::Permanent, 1);
    let effect = stage.queue(shop, hide("c1"));
    stage.rest().await;
    assert_eq!(stage.state(effect), EffectState::Dlq);
    assert_eq!(stage.history(effect), ["effect.dead_lettered"]);
}

#[tokio::test]
async fn a_refused_token_holds_only_its_account_and_the_queue_goes_on_after_a_reconnect() {
    let stage = Stage::new();
    let (shop, other) = (stage.shop(), stage.shop());
    stage.instagram.will_refuse(ErrorCategory::AuthFailure, 1);
    let effects = [stage.queue(shop, reply("c1", "one")), stage.queue(shop, reply("c2", "two"))];
    stage.rest().await;
    let elsewhere = stage.queue(other, reply("c3", "three"));
    stage.pass(minutes(60)).await;

    assert_eq!(stage.account_status(shop), AccountStatus::Disconnected);
    let first = stage.effect(effects[0]);
    assert_eq!((first.state, first.retry_count), (EffectState::Pending, 0), "held, not lost, not counted");
    assert_eq!(stage.state(elsewhere), EffectState::Sent);
    let key = format!("auth_failure:{}", shop.account);
    assert_eq!(stage.alerts(), (vec![key.clone()], vec![]));
    assert!(stage.dispatcher.is_quiet().await, "what waits for a reconnect is not undone work");

    let later = stage.queue(shop, reply("c4", "four"));
    stage.pass(seconds(1)).await;
    assert_eq!(stage.state(later), EffectState::Pending, "nothing leaves through a dead token");
    stage.reconnect(shop);
    stage.pass(seconds(1)).await;
    assert_eq!(stage.states(&[effects[0], effects[1], later]), [EffectState::Sent; 3]);
    assert_eq!(
        stage.alerts().1,
        Vec::<String>::new(),
        "whoever stores the token ends the alert, in the same unit"
    );
}

#[tokio::test]
async fn a_reconnect_of_which_nobody_was_told_is_noticed_by_its_version() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will_refuse(ErrorCategory::AuthFailure, 1);
    let effect = stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    stage.world.change(shop, |context| context.accounts[0].status = AccountStatus::Active);
    stage.pass(seconds(6)).await;
    assert_eq!(stage.state(effect), EffectState::Sent);
}

#[tokio::test]
async fn a_limited_effect_waits_as_told_without_losing_tries() {
    let stage = Stage::new();
    let (shop, other) = (stage.shop(), stage.shop());
    stage.instagram.will((0..7).map(|_| rate_limited(minutes(10), false)));
    let effect = stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    let waiting = stage.queue(shop, hide("c2"));
    for _ in 0..7 {
        assert_eq!(stage.effect(effect).retry_count, 0);
        let calls = stage.instagram.walls().calls.len();
        stage.pass(minutes(9)).await;
        assert_eq!(stage.instagram.walls().calls.len(), calls, "the whole account waits");
        stage.pass(minutes(2)).await;
    }
    stage.pass(minutes(30)).await;
    assert_eq!(stage.states(&[effect, waiting]), [EffectState::Sent; 2]);
    let key = format!("rate_limit:{}", shop.account);
    let (raised, resolved) = stage.alerts();
    assert!(raised == [key.as_str()] && resolved.contains(&key));
    let elsewhere = stage.queue(other, reply("c3", "three"));
    stage.rest().await;
    assert_eq!(stage.state(elsewhere), EffectState::Sent);
}

#[tokio::test]
async fn a_limited_app_stops_all_its_accounts() {
    let stage = Stage::new();
    let (shop, other) = (stage.shop(), stage.shop());
    stage.instagram.will([rate_limited(minutes(5), true)]);
    stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    let elsewhere = stage.queue(other, reply("c2", "two"));
    stage.pass(minutes(4)).await;
    assert_eq!(stage.state(elsewhere), EffectState::Pending);
    stage.pass(minutes(20)).await;
    assert_eq!(stage.state(elsewhere), EffectState::Sent);
}

#[tokio::test]
async fn what_instagram_forbids_is_skipped_with_its_reason() {
    let stage = Stage::new();
    let shop = stage.shop();
    let thread = stage.conversation(shop, ConversationKind::CommentThread, "comment:c1");
    stage.comment(shop, "c1", thread);
    stage.instagram.will([forbidden(SkipReason::AlreadyReplied)]);
    let effect = stage.queue_in(shop, thread, private_reply("c1", "Hi"));
    stage.rest().await;
    let skipped = stage.effect(effect);
    assert_eq!(
        (skipped.state, skipped.skip_reason),
        (EffectState::Skipped, Some(SkipReason::AlreadyReplied))
    );
    assert_eq!(stage.comment_status(shop, "c1"), CommentStatus::Replied);
}

#[tokio::test]
async fn an_outcome_is_stored_as_soon_as_the_database_is_back() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.walls().closed = true;
    let effect = stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    stage.world.store.data().is_away = true;
    stage.instagram.open();
    stage.pass(seconds(20)).await;
    assert_eq!(stage.state(effect), EffectState::Processing);
    stage.world.store.data().is_away = false;
    stage.pass(seconds(60)).await;
    assert_eq!(stage.state(effect), EffectState::Sent);
    assert_eq!(stage.instagram.texts(), ["one"]);
}

#[tokio::test]
async fn nothing_is_sent_while_its_intent_cannot_be_stored() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.rest().await;
    stage.world.store.data().is_away = true;
    let effect = stage.queue(shop, reply("c1", "one"));
    stage.pass(seconds(30)).await;
    assert!(stage.instagram.walls().calls.is_empty());
    stage.world.store.data().is_away = false;
    stage.pass(seconds(60)).await;
    assert_eq!(stage.state(effect), EffectState::Sent);
}

#[tokio::test]
async fn a_panic_in_a_call_leaves_the_effect_to_be_read_back() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will([Answer::Panic]);
    let effect = stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    assert_eq!(stage.state(effect), EffectState::Unknown);
    stage.pass(seconds(11)).await;
    assert_eq!(stage.state(effect), EffectState::Sent);
    assert_eq!(stage.instagram.texts(), ["one"]);
    assert_eq!(stage.history(effect), ["effect.unknown", "effect.reconciled", "effect.sent"]);
}

#[tokio::test]
async fn the_outcome_of_a_block_for_violations_is_an_alert_of_its_own() {
    let stage = Stage::new();
    let shop = stage.shop();
    let mut blocked = error(ErrorCategory::RateLimit);
    blocked.code = Some(368);
    stage.instagram.will([Answer::Refused(blocked)]);
    stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    assert_eq!(stage.alerts().0, [format!("content_violation:{}", shop.account)]);
}

#[tokio::test]
async fn what_stands_behind_a_refused_call_is_not_sent_with_the_same_dead_token() {
    let settings = DispatcherSettings { max_in_flight_per_account: 1, ..DispatcherSettings::default() };
    let stage = Stage::with(settings);
    let shop = stage.shop();
    stage.instagram.will_refuse(ErrorCategory::AuthFailure, 1);
    let effects = [stage.put(shop, reply("c1", "one"), |_| {}), stage.put(shop, reply("c2", "two"), |_| {})];
    stage.hint(Hint::Effects(shop.tenant));
    stage.pass(minutes(5)).await;
    assert_eq!(stage.instagram.walls().calls.len(), 1);
    assert_eq!(stage.states(&effects), [EffectState::Pending; 2]);
    stage.reconnect(shop);
    stage.rest().await;
    assert_eq!(stage.states(&effects), [EffectState::Sent; 2]);
}
