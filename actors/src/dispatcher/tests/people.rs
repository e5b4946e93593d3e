//! The world moves on while an effect waits: people take over, windows close, tenants are suspended.

use tenants::account::TenantStatus;
use tenants::conversation::{CommentStatus, ConversationKind, Owner};
use tenants::effect::{EffectState, ErrorCategory, SkipReason};
use tenants::ports::Hint;

use super::stage::{Stage, hide, message, minutes, reply, seconds};
use crate::dispatcher::{OperationError, cancel, retry_from_dlq};

#[tokio::test]
async fn a_window_that_closed_while_waiting_is_named() {
    let stage = Stage::new();
    let shop = stage.shop();
    let thread = stage.conversation(shop, ConversationKind::Direct, "dm:p1");
    stage.instagram.will_refuse(ErrorCategory::Transient, 1);
    let effect = stage.queue_in(shop, thread, message("p1", "Hello"));
    stage.rest().await;
    let now = stage.now();
    stage.change_conversation(thread, |row| row.window_ends_at = Some(now + minutes(1)));
    stage.pass(minutes(2)).await;
    let skipped = stage.effect(effect);
    assert_eq!((skipped.state, skipped.skip_reason), (EffectState::Skipped, Some(SkipReason::WindowClosed)));
    assert_eq!(stage.history(effect), ["effect.failed", "effect.skipped"]);
    assert!(stage.instagram.texts().is_empty());
}

#[tokio::test]
async fn nothing_automatic_is_said_after_a_person_took_over_but_an_approved_answer_is() {
    let stage = Stage::new();
    let shop = stage.shop();
    let thread = stage.conversation(shop, ConversationKind::CommentThread, "comment:c1");
    stage.comment(shop, "c1", thread);
    stage.change_conversation(thread, |row| row.owner = Owner::Human);
    let automatic = stage.queue_in(shop, thread, reply("c1", "automatic"));
    stage.rest().await;
    assert_eq!(stage.effect(automatic).skip_reason, Some(SkipReason::HumanTookOver));
    assert_eq!(stage.comment_status(shop, "c1"), CommentStatus::Escalated);

    let approved = stage.put(shop, reply("c1", "approved"), |effect| {
        (effect.conversation, effect.approved_by_person) = (Some(thread), true);
    });
    stage.hint(Hint::Effects(shop.tenant));
    stage.rest().await;
    assert_eq!(stage.state(approved), EffectState::Sent);
}

#[tokio::test]
async fn a_deadline_that_passed_is_named() {
    let stage = Stage::new();
    let shop = stage.shop();
    let past = stage.now();
    let effect = stage.put(shop, reply("c1", "late"), |effect| effect.deadline = Some(past));
    stage.hint(Hint::Effects(shop.tenant));
    stage.rest().await;
    assert_eq!(stage.effect(effect).skip_reason, Some(SkipReason::DeadlinePassed));
}

#[tokio::test]
async fn a_suspended_tenant_sends_nothing() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.world.change(shop, |context| context.tenant.status = TenantStatus::Suspended);
    let effect = stage.queue(shop, hide("c1"));
    stage.rest().await;
    assert_eq!(stage.effect(effect).skip_reason, Some(SkipReason::TenantSuspended));
}

#[tokio::test]
async fn an_effect_of_an_account_that_is_gone_waits_in_the_dead_letters() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.world.change(shop, |context| context.accounts.clear());
    let effect = stage.queue(shop, hide("c1"));
    stage.rest().await;
    assert_eq!(stage.state(effect), EffectState::Dlq);
    assert!(stage.instagram.walls().calls.is_empty());
}

#[tokio::test]
async fn a_waiting_effect_can_be_called_off_and_one_under_way_cannot() {
    let stage = Stage::new();
    let shop = stage.shop();
    let later = stage.now() + minutes(5);
    let waiting = stage.put(shop, reply("c1", "never"), |effect| effect.next_retry_at = later);
    let ids = &stage.world.ports.ids;
    let changes = cancel(&stage.effect(waiting), "key:1", ids, stage.now()).unwrap();
    stage.world.ports.store.commit(changes).await.unwrap();
    stage.instagram.walls().closed = true;
    let under_way = stage.queue(shop, reply("c2", "now"));
    stage.pass(minutes(6)).await;
    stage.instagram.open();
    assert_eq!(stage.history(waiting), ["effect.cancelled"]);
    let refused = cancel(&stage.effect(under_way), "key:1", ids, stage.now());
    assert_eq!(refused, Err(OperationError::NotWaiting(stage.state(under_way))));
    stage.pass(seconds(30)).await;
    assert_eq!(stage.instagram.texts(), ["now"]);
}

#[tokio::test]
async fn an_effect_cancelled_after_it_was_read_is_not_sent() {
    let stage = Stage::with(crate::dispatcher::DispatcherSettings { max_in_flight: 1, ..Default::default() });
    let shop = stage.shop();
    stage.instagram.walls().closed = true;
    let effects = [stage.put(shop, reply("c1", "one"), |_| {}), stage.put(shop, reply("c2", "two"), |_| {})];
    stage.hint(Hint::Effects(shop.tenant));
    stage.rest().await;
    let off = cancel(&stage.effect(effects[1]), "key:1", &stage.world.ports.ids, stage.now()).unwrap();
    stage.world.ports.store.commit(off).await.unwrap();
    stage.instagram.open();
    stage.rest().await;
    assert_eq!(stage.states(&effects), [EffectState::Sent, EffectState::Cancelled]);
    assert_eq!(stage.instagram.texts(), ["one"]);
}

#[tokio::test]
async fn a_dead_letter_whose_answer_was_lost_is_read_back_before_it_is_sent_again() {
    let stage = Stage::new();
    let shop = stage.shop();
    let effect = stage.put(shop, reply("c1", "Hi"), |effect| {
        effect.state = EffectState::Dlq;
        effect.first_attempt_at = Some(effect.created_at);
        effect.error_category = Some(ErrorCategory::Unknown);
        effect.retry_count = 5;
    });
    stage.instagram.show(shop.account, &reply("c1", "Hi"));
    let again = retry_from_dlq(&stage.effect(effect), "key:1", &stage.world.ports.ids, stage.now()).unwrap();
    stage.world.ports.store.commit(again).await.unwrap();
    assert_eq!(stage.state(effect), EffectState::Unknown);
    stage.hint(Hint::Effects(shop.tenant));
    stage.pass(seconds(10)).await;
    assert_eq!(stage.state(effect), EffectState::Sent);
    assert_eq!(stage.instagram.texts(), ["Hi"]);
}

#[tokio::test]
async fn a_shutdown_waits_for_what_is_under_way_and_begins_nothing() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.walls().closed = true;
    let under_way = stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    let closing = stage.dispatcher.clone();
    let shutdown = stage.world.ports.tasks.spawn("shutdown", async move { closing.shutdown().await });
    stage.rest().await;
    let late = stage.queue(shop, reply("c2", "two"));
    stage.rest().await;
    assert!(!shutdown.is_finished());
    stage.instagram.open();
    stage.rest().await;
    assert!(shutdown.is_finished());
    assert_eq!(stage.states(&[under_way, late]), [EffectState::Sent, EffectState::Pending]);
}
