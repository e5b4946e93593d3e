//! A tenant that is flooded or poisoned leaves the others their turns.

use tenants::ids::EventId;

use super::rig::{Rig, SECOND, settings};
use crate::supervision::ActorSettings;
use crate::testing::{Shop, World, until};

const FLOOD: usize = 5_000;

/// So many comments in threads of their own, of which the actors are told once.
fn flood(rig: &Rig, shop: Shop, count: usize, text: &str) -> Vec<EventId> {
    let mut events: Vec<_> =
        (1..count).map(|n| rig.world.comment_unheard(shop, &format!("flood {n}"), text)).collect();
    events.push(rig.world.comment(shop, "flood", text));
    events
}

#[tokio::test]
async fn a_flood_whose_decisions_take_long_keeps_nobody_waiting() {
    let rig = Rig::start().await;
    let flooded = rig.world.shop();
    flood(&rig, flooded, FLOOD, "wait");
    until("the flood has taken its places", || rig.working() == 16).await;
    let quiet: Vec<_> = (0..20).map(|_| rig.world.comment(rig.world.shop(), "t", "quiet")).collect();
    rig.until_done(&quiet).await;
    assert_eq!(rig.world.store.data().done.len(), quiet.len(), "nothing of the flood is done yet");
    assert_eq!(rig.working(), 16);
}

#[tokio::test]
async fn a_quiet_tenant_that_comes_in_the_middle_of_a_flood_is_decided_within_one_round() {
    let rig = Rig::start().await;
    let flooded = rig.world.shop();
    let flood = flood(&rig, flooded, FLOOD, "flood");
    until("the flood is being decided", || rig.begun().len() > FLOOD / 5).await;
    let before = rig.begun().len();
    let quiet = rig.world.comment(rig.world.shop(), "t", "quiet");
    rig.until_done(&[quiet]).await;
    let waited = rig.begun().iter().position(|text| text == "quiet").unwrap() - before;
    let in_hand = settings().max_in_flight;
    assert!(waited <= in_hand, "{waited} decisions of the flood went before, it had {in_hand} in hand");
    assert!(rig.begun().len() < FLOOD, "the flood goes on");
    rig.until_done(&flood).await;
}

#[tokio::test]
async fn with_one_place_for_tenants_awake_a_flood_gives_it_up_when_it_is_done() {
    let settings = ActorSettings { max_awake: 1, ..settings() };
    let rig = Rig::start_in(World::new(), settings).await;
    let flooded = rig.world.shop();
    let flood = flood(&rig, flooded, 500, "flood");
    until("the flood is being decided", || !rig.begun().is_empty()).await;
    let quiet = rig.world.comment(rig.world.shop(), "t", "quiet");
    rig.until_done(&flood).await;
    rig.pass_time_until_done(&[quiet]).await;
}

#[tokio::test]
async fn a_tenant_whose_every_decision_panics_is_set_aside_while_the_others_are_served_at_once() {
    let rig = Rig::start().await;
    let poisoned = rig.world.shop();
    let poison = flood(&rig, poisoned, 100, "poison");
    let quiet: Vec<_> = (0..20).map(|_| rig.world.comment(rig.world.shop(), "t", "quiet")).collect();
    // The clock stands still: no second try of the poison was due.
    rig.until_done(&quiet).await;
    until("all poison was tried once", || rig.begun().len() == poison.len() + quiet.len()).await;

    let set_aside = || rig.world.store.data().quarantined.len();
    rig.world.pass_time_until(SECOND, "all poison is set aside", || set_aside() == poison.len()).await;
    let tries = rig.begun().iter().filter(|text| *text == "poison").count();
    assert_eq!(tries, poison.len() * settings().max_attempts as usize);
    assert_eq!(rig.metric("troupe_restarts_total"), 0.0, "no actor ends of it");
    let later = rig.world.comment(poisoned, "t", "fine again");
    rig.until_done(&[later]).await;
}
