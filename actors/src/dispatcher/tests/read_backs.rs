//! Lost answers: Instagram is read before anything is tried again.

use tenants::conversation::ConversationKind;
use tenants::effect::{EffectState, ErrorCategory, MAX_TRIES, SkipReason};
use tenants::ids::AccountId;

use super::instagram::{Answer, error, forbidden};
use super::stage::{Stage, message, minutes, private_reply, reply, seconds};

#[tokio::test]
async fn a_lost_answer_to_something_done_is_settled_by_reading_back() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will([Answer::DoneUnheard]);
    let effect = stage.queue(shop, reply("c1", "Thank you!"));
    stage.rest().await;
    assert_eq!(stage.state(effect), EffectState::Unknown);
    stage.pass(seconds(9)).await;
    assert_eq!(stage.instagram.walls().read_backs, 0, "not before it would be visible");
    stage.pass(seconds(1)).await;
    let sent = stage.effect(effect);
    assert_eq!((sent.state, sent.instagram_id.as_deref()), (EffectState::Sent, Some("ig-1")));
    assert_eq!(stage.instagram.texts(), ["Thank you!"]);
    assert_eq!(stage.history(effect), ["effect.unknown", "effect.reconciled", "effect.sent"]);
}

#[tokio::test]
async fn a_lost_answer_to_something_not_done_is_tried_again_at_once() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will_refuse(ErrorCategory::Unknown, 1);
    let effect = stage.queue(shop, reply("c1", "Thank you!"));
    stage.pass(seconds(10)).await;
    let sent = stage.effect(effect);
    assert_eq!((sent.state, sent.retry_count), (EffectState::Sent, 1));
    assert_eq!(stage.instagram.texts(), ["Thank you!"]);
}

#[tokio::test]
async fn answers_that_keep_getting_lost_back_off_and_end_in_the_dead_letters() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will_refuse(ErrorCategory::Unknown, MAX_TRIES as usize);
    let effect = stage.queue(shop, reply("c1", "Thank you!"));
    stage.pass(seconds(10)).await;
    stage.pass(seconds(10)).await;
    assert_eq!(stage.effect(effect).next_retry_at, stage.now() + minutes(2));
    for _ in 0..40 {
        stage.pass(minutes(1)).await;
    }
    assert_eq!(stage.state(effect), EffectState::Dlq);
    assert_eq!(stage.instagram.walls().calls.len(), MAX_TRIES as usize);
}

#[tokio::test]
async fn a_lost_answer_whose_target_is_gone_is_skipped() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will_refuse(ErrorCategory::Unknown, 1);
    stage.instagram.walls().gone.push(reply("c1", "Hi"));
    let effect = stage.queue(shop, reply("c1", "Hi"));
    stage.pass(seconds(10)).await;
    assert_eq!(stage.effect(effect).skip_reason, Some(SkipReason::TargetGone));
}

#[tokio::test]
async fn a_lost_answer_whose_account_has_gone_ends_in_the_dead_letters() {
    let stage = Stage::new();
    let shop = stage.shop();
    let effect = stage.put(shop, reply("c1", "Hi"), |effect| {
        (effect.account, effect.state) = (AccountId::new(&stage.world.ports.ids), EffectState::Unknown);
    });
    stage.pass(minutes(1)).await;
    assert_eq!(stage.state(effect), EffectState::Dlq);
    assert_eq!(stage.instagram.walls().read_backs, 0);
}

#[tokio::test]
async fn equal_words_in_one_conversation_are_never_taken_for_each_other() {
    for first in [Answer::DoneUnheard, Answer::Refused(error(ErrorCategory::Unknown))] {
        let stage = Stage::new();
        let shop = stage.shop();
        let thread = stage.conversation(shop, ConversationKind::Direct, "dm:p1");
        stage.instagram.will([first, Answer::DoneUnheard]);
        let effects = [
            stage.queue_in(shop, thread, message("p1", "Ok")),
            stage.queue_in(shop, thread, message("p1", "Ok")),
        ];
        stage.rest().await;
        assert_eq!(
            stage.states(&effects),
            [EffectState::Unknown, EffectState::Pending],
            "one after the other"
        );
        for _ in 0..6 {
            stage.pass(seconds(11)).await;
        }
        assert_eq!(stage.states(&effects), [EffectState::Sent; 2]);
        assert_eq!(stage.instagram.texts(), ["Ok", "Ok"]);
        let ids: std::collections::BTreeSet<_> = effects.map(|id| stage.effect(id).instagram_id).into();
        assert_eq!(ids.len(), 2, "each has its own message");
    }
}

#[tokio::test]
async fn a_read_back_waits_for_a_call_with_the_same_words() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will_refuse(ErrorCategory::Unknown, 1);
    let lost = stage.queue(shop, reply("c1", "Thanks"));
    stage.rest().await;
    stage.instagram.walls().closed = true;
    let under_way = stage.queue(shop, reply("c1", "Thanks"));
    stage.pass(seconds(30)).await;
    assert_eq!(stage.instagram.walls().read_backs, 0);
    stage.instagram.open();
    for _ in 0..3 {
        stage.pass(seconds(11)).await;
    }
    assert_eq!(stage.states(&[lost, under_way]), [EffectState::Sent; 2]);
    assert_eq!(stage.instagram.texts(), ["Thanks", "Thanks"]);
}

#[tokio::test]
async fn what_cannot_be_read_stays_unknown_and_somebody_is_told() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will([Answer::DoneUnheard]);
    stage.instagram.walls().unreadable.extend((0..3).map(|_| error(ErrorCategory::Transient)));
    let effect = stage.queue(shop, reply("c1", "Hi"));
    stage.pass(seconds(10)).await;
    assert_eq!(stage.state(effect), EffectState::Unknown);
    assert!(stage.alerts().0.is_empty());
    for _ in 0..20 {
        stage.pass(seconds(10)).await;
    }
    let key = format!("sync_failure:read_back:{}", shop.account);
    assert_eq!(stage.alerts(), (vec![key.clone()], vec![key]));
    assert_eq!(stage.state(effect), EffectState::Sent);
    assert_eq!(stage.instagram.texts(), ["Hi"]);
}

#[tokio::test]
async fn a_token_refused_while_reading_back_holds_the_effect_until_the_reconnect() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will([Answer::DoneUnheard]);
    stage.instagram.walls().unreadable.push_back(error(ErrorCategory::AuthFailure));
    let effect = stage.queue(shop, reply("c1", "Hi"));
    stage.pass(seconds(10)).await;
    stage.pass(minutes(60)).await;
    assert_eq!(stage.state(effect), EffectState::Unknown);
    assert_eq!(stage.alerts().0, [format!("auth_failure:{}", shop.account)]);
    assert_eq!(stage.instagram.walls().read_backs, 1);
    stage.reconnect(shop);
    stage.pass(seconds(30)).await;
    assert_eq!(stage.state(effect), EffectState::Sent);
    assert_eq!(stage.instagram.texts(), ["Hi"]);
}

#[tokio::test]
async fn a_private_reply_that_is_already_there_may_be_ours_from_an_earlier_try() {
    for (found, skip_reason) in [(true, None), (false, Some(SkipReason::AlreadyReplied))] {
        let stage = Stage::new();
        let shop = stage.shop();
        let thread = stage.conversation(shop, ConversationKind::CommentThread, "comment:c1");
        stage.comment(shop, "c1", thread);
        stage.instagram.will_refuse(ErrorCategory::Transient, 1);
        let effect = stage.queue_in(shop, thread, private_reply("c1", "Hi"));
        stage.rest().await;
        if found {
            // The refusal was not the truth: it was done, and only now does it show.
            stage.instagram.show(shop.account, &private_reply("c1", "Hi"));
        }
        stage.instagram.will([forbidden(SkipReason::AlreadyReplied)]);
        stage.pass(minutes(2)).await;
        stage.pass(seconds(10)).await;
        let settled = stage.effect(effect);
        assert_eq!(settled.skip_reason, skip_reason);
        assert_eq!(settled.state == EffectState::Sent, found);
    }
}

#[tokio::test]
async fn a_call_without_an_answer_in_time_is_read_back() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.walls().closed = true;
    let effect = stage.queue(shop, reply("c1", "Hi"));
    stage.pass(seconds(60)).await;
    assert_eq!(stage.state(effect), EffectState::Unknown);
    stage.instagram.open();
    stage.pass(seconds(10)).await;
    assert_eq!(stage.state(effect), EffectState::Sent);
    assert_eq!(stage.instagram.texts(), ["Hi"]);
}
