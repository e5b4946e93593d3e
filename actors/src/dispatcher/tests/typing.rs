//! Seen and typing before direct messages.

use tenants::conversation::ConversationKind;
use tenants::effect::EffectState;
use tenants::ids::EffectId;
use tenants::ports::Signal;
use tenants::settings::{HourlyCaps, TenantSettings};

use super::stage::{Stage, message, reply, seconds};
use crate::testing::{Shop, Steps};

fn settings(typing_seconds: u32) -> TenantSettings {
    let mut settings = TenantSettings::default();
    settings.comms.typing_seconds = typing_seconds;
    settings
}

/// A stage with a shop that shows for three seconds that it writes.
fn stage() -> (Stage, Shop) {
    let stage = Stage::new();
    let shop = stage.shop_with(settings(3));
    (stage, shop)
}

/// A message to somebody who has just written.
fn answer(stage: &Stage, shop: Shop, person: &str, text: &str) -> EffectId {
    let direct = stage.conversation(shop, ConversationKind::Direct, person);
    stage.queue_in(shop, direct, message(person, text))
}

fn shown(person: &str, said_before: usize) -> [(String, Signal, usize); 2] {
    [Signal::Seen, Signal::Typing].map(|signal| (person.to_owned(), signal, said_before))
}

#[tokio::test]
async fn a_person_sees_that_we_have_seen_and_write_before_the_message_comes() {
    let (stage, shop) = stage();
    let sent = answer(&stage, shop, "ana", "Yes, until six.");
    stage.rest().await;
    assert_eq!(stage.instagram.walls().signals, shown("ana", 0));
    stage.pass(seconds(2)).await;
    assert_eq!(stage.state(sent), EffectState::Pending);
    stage.pass(seconds(1)).await;
    assert_eq!(stage.state(sent), EffectState::Sent);
    assert_eq!(stage.instagram.walls().signals.len(), 2, "shown once");
    assert_eq!(stage.instagram.texts(), ["Yes, until six."]);
}

#[tokio::test]
async fn messages_of_a_conversation_keep_their_order_while_typing_is_shown() {
    let (stage, shop) = stage();
    let direct = stage.conversation(shop, ConversationKind::Direct, "ana");
    for text in ["one", "two", "three"] {
        stage.queue_in(shop, direct, message("ana", text));
    }
    for _ in 0..12 {
        stage.pass(seconds(1)).await;
    }
    assert_eq!(stage.instagram.texts(), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_message_without_room_for_typing_does_not_overtake_the_one_before_it() {
    let caps = HourlyCaps { moderation: 1, ..HourlyCaps::default() };
    let stage = Stage::new();
    let shop = stage.shop_with(TenantSettings { hourly_caps: caps, ..settings(3) });
    let direct = stage.conversation(shop, ConversationKind::Direct, "ana");
    stage.queue_in(shop, direct, message("ana", "one"));
    stage.queue_in(shop, direct, message("ana", "two"));
    for _ in 0..8 {
        stage.pass(seconds(1)).await;
    }
    assert_eq!(stage.instagram.texts(), ["one", "two"]);
}

#[tokio::test]
async fn comments_and_tenants_who_do_not_want_it_show_nothing() {
    let (stage, shop) = stage();
    let other = stage.shop_with(settings(0));
    stage.queue(shop, reply("c1", "under a post"));
    answer(&stage, other, "bea", "at once");
    stage.rest().await;
    assert_eq!(stage.instagram.texts().len(), 2);
    assert_eq!(stage.instagram.walls().signals, []);
}

#[tokio::test]
async fn a_signal_that_cannot_be_shown_keeps_no_message_back() {
    let (stage, shop) = stage();
    stage.instagram.walls().failing.insert(shop.account);
    let sent = answer(&stage, shop, "ana", "Yes.");
    stage.rest().await;
    stage.instagram.walls().failing.clear();
    stage.pass(seconds(3)).await;
    assert_eq!(stage.state(sent), EffectState::Sent);

    let caps = HourlyCaps { moderation: 1, ..HourlyCaps::default() };
    let capped = stage.shop_with(TenantSettings { hourly_caps: caps, ..settings(3) });
    let (first, second) = (answer(&stage, capped, "bea", "a"), answer(&stage, capped, "cleo", "b"));
    stage.rest().await;
    let states = [first, second].map(|effect| stage.state(effect));
    assert!(states.contains(&EffectState::Sent), "one has no room for a signal and goes at once: {states:?}");
    stage.pass(seconds(3)).await;
    assert_eq!(stage.states(&[first, second]), [EffectState::Sent; 2]);
}

#[tokio::test]
async fn a_process_that_dies_while_typing_is_shown_sends_the_message_once() {
    let (mut stage, shop) = stage();
    let sent = answer(&stage, shop, "ana", "Yes.");
    stage.rest().await;
    stage.restart(Steps::default());
    stage.rest().await;
    assert_eq!(stage.state(sent), EffectState::Pending);
    stage.pass(seconds(3)).await;
    assert_eq!(stage.state(sent), EffectState::Sent);
    assert_eq!(stage.instagram.texts(), ["Yes."]);
    assert_eq!(stage.instagram.walls().signals.len(), 4, "shown again");
}
