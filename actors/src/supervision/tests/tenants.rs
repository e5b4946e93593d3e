//! Waking on demand, sleeping when idle, changes, suspension.

use tenants::account::TenantStatus;
use tenants::ports::{Hint, Wake};
use tenants::settings::TenantSettings;

use super::rig::{Rig, SECOND, settings};
use crate::supervision::ActorSettings;
use crate::testing::{World, until};

#[tokio::test]
async fn a_tenant_wakes_for_an_event_and_sleeps_when_it_has_been_idle_for_a_minute() {
    let rig = Rig::start().await;
    let (shop, other) = (rig.world.shop(), rig.world.shop());
    assert!(rig.troupe.awake_tenants().is_empty());
    let event = rig.world.comment(shop, "t", "hello");
    rig.until_done(&[event]).await;
    assert_eq!(rig.troupe.awake_tenants(), [shop.tenant]);
    assert!(!rig.is_awake(other.tenant));
    rig.world.clock.advance(SECOND * 50);
    until("it is quiet", || !rig.is_awake(other.tenant)).await;
    assert!(rig.is_awake(shop.tenant));
    rig.world.pass_time_until(SECOND, "it sleeps", || !rig.is_awake(shop.tenant)).await;
    assert_eq!(rig.metric("troupe_tenants_awake"), 0.0);
    let event = rig.world.comment(shop, "t", "hello again");
    rig.until_done(&[event]).await;
}

#[tokio::test]
async fn a_tenant_put_to_sleep_finishes_first_and_wakes_for_the_next_event() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let event = rig.world.comment(shop, "t", "wait");
    until("it is at work", || rig.working() == 1).await;
    rig.let_through(1);
    rig.troupe.sleep_tenant(&shop.tenant).await;
    assert!(rig.is_done(event));
    assert!(!rig.is_awake(shop.tenant));
    let event = rig.world.comment(shop, "t", "hello again");
    rig.until_done(&[event]).await;
}

#[tokio::test]
async fn a_lost_hint_costs_time_but_no_work() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let event = rig.world.comment_unheard(shop, "t", "hello");
    rig.pass_time_until_done(&[event]).await;
}

#[tokio::test]
async fn events_that_waited_at_start_are_taken_up_at_once() {
    let world = World::new();
    let shop = world.shop();
    let event = world.comment_unheard(shop, "t", "hello");
    let rig = Rig::start_in(world, settings()).await;
    rig.until_done(&[event]).await;
}

#[tokio::test]
async fn a_thousand_hints_for_a_busy_tenant_cost_a_handful_of_reads() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let event = rig.world.comment(shop, "t", "wait");
    until("it is at work", || rig.working() == 1).await;
    let before = rig.world.store.data().reads;
    for _ in 0..1_000 {
        rig.world.wake.send(Hint::Events(shop.tenant));
    }
    rig.let_through(1);
    rig.until_done(&[event]).await;
    assert!(rig.world.store.data().reads - before <= 5);
}

#[tokio::test]
async fn events_of_a_suspended_tenant_wait_until_it_is_resumed() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    rig.world.change(shop, |context| context.tenant.status = TenantStatus::Suspended);
    let event = rig.world.comment(shop, "t", "hello");
    until("nobody is awake", || rig.troupe.awake_tenants().is_empty()).await;
    until_quiet(&rig).await;
    assert!(!rig.is_done(event));
    rig.world.change(shop, |context| context.tenant.status = TenantStatus::Active);
    assert!(!rig.troupe.is_quiet().await);
    rig.world.wake.send(Hint::TenantChanged(shop.tenant));
    rig.pass_time_until_done(&[event]).await;
}

#[tokio::test]
async fn changed_settings_count_from_the_next_event_on_also_when_the_hint_was_lost() {
    let rig = Rig::start().await;
    let shop = rig.world.shop_with(TenantSettings { max_parallel: 1, ..TenantSettings::default() });
    let first = rig.world.comment(shop, "t", "hello");
    rig.until_done(&[first]).await;
    rig.world.change(shop, |context| context.settings.max_parallel = 4);
    rig.world
        .pass_time_until(SECOND, "the change is known", || rig.troupe.parallel(&shop.tenant) == Some(4))
        .await;
}

#[tokio::test]
async fn the_node_is_told_when_a_decision_finds_a_token_expired() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let mut hints = rig.world.wake.subscribe();
    let events = [rig.world.comment(shop, "t", "hello"), rig.world.comment(shop, "t", "expire")];
    rig.until_done(&events).await;
    let told = std::iter::from_fn(|| hints.try_recv().ok());
    assert_eq!(told.filter(|hint| *hint == Hint::TenantChanged(shop.tenant)).count(), 1);
}

#[tokio::test]
async fn tenants_beyond_the_limit_wait_for_their_turn_and_get_it() {
    let settings = ActorSettings { max_awake: 2, ..settings() };
    let rig = Rig::start_in(World::new(), settings).await;
    let events: Vec<_> = (0..6).map(|_| rig.world.comment(rig.world.shop(), "t", "hello")).collect();
    let most_awake = std::cell::Cell::new(0);
    let all_done = || {
        most_awake.set(most_awake.get().max(rig.troupe.awake_tenants().len()));
        events.iter().all(|event| rig.is_done(*event))
    };
    rig.world.pass_time_until(SECOND, "everybody had a turn", all_done).await;
    assert!(most_awake.get() <= 2);
}

async fn until_quiet(rig: &Rig) {
    for _ in 0..1_000 {
        if rig.troupe.is_quiet().await {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("still busy: {:?}", rig.troupe.busy().await);
}
