//! Watches of accounts, and what is looked after beside.

use std::time::Duration;

use tenants::alert::NewAlert;
use tenants::changes::{Change, EffectMove};
use tenants::effect::EffectState;
use tenants::event::EventKind;
use tenants::ports::{
    AccountHealth, Alerts, Delivery, Inbox, MediaMark, PostsOutlook, Seen, Standing, Trimmed, Watched,
    Watches,
};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::ticks::{watch, watched};
use crate::world::{World, dm, hide};

contract! {
    an_account_is_looked_at_when_its_time_has_come_and_what_was_seen_is_kept
    an_account_that_rests_goes_on_resting_whatever_a_look_has_found
    a_plan_leaves_the_times_of_watches_that_run
    polls_are_hurried_and_never_put_off
    known_events_are_those_of_the_tenant_under_any_of_the_kinds
    queues_tell_their_age_and_accounts_when_they_were_written_to
    effects_that_do_not_move_are_found
    old_rows_are_removed_a_bounded_number_at_a_time_and_what_is_open_stays
    tenants_with_an_open_alert_are_found_by_its_key
}

const MINUTE: Duration = Duration::from_secs(60);

fn seen() -> Seen {
    let mark = MediaMark { comments: 3, ..MediaMark::default() };
    Seen { media: [("m1".to_owned(), mark)].into(), failures: 2, ..Seen::default() }
}

async fn an_account_is_looked_at_when_its_time_has_come_and_what_was_seen_is_kept(database: TestDatabase) {
    let world = World::new(&database).await;
    let at = world.now() + MINUTE;
    watched(&world, vec![watch(&world, Some(at))]).await;
    assert!(world.store.due_polls(world.now(), 10).await.unwrap().is_empty());
    assert_eq!(world.store.next_watch_at().await.unwrap(), Some(at));
    world.pass(MINUTE);
    assert_eq!(world.store.due_polls(world.now(), 10).await.unwrap(), [watch(&world, Some(at))]);
    let (poll_at, health_at) = (world.now() + MINUTE * 5, world.now() + MINUTE * 15);
    let polled = Watched::Polled { seen: Box::new(seen()), poll_at };
    world.store.put_watched(&world.tenant, &world.account, polled, world.now()).await.unwrap();
    let health = AccountHealth {
        token: Standing::Fine,
        token_error: None,
        webhooks: Standing::Broken,
        webhook_fields: vec!["comments".into()],
        usage_percent: Some(42),
        app_usage_percent: None,
        posts: Some(PostsOutlook { used: 1, total: 100, planned: 2, runs_out_at: Some(world.now()) }),
    };
    assert_eq!(world.store.due_checks(world.now(), 10).await.unwrap().len(), 1);
    let checked = Watched::Checked { health: Box::new(health.clone()), health_at };
    world.store.put_watched(&world.tenant, &world.account, checked, world.now()).await.unwrap();
    let kept = world.store.list_watches(&world.tenant).await.unwrap().remove(0);
    assert_eq!((kept.poll_at, kept.health_at), (Some(poll_at), Some(health_at)));
    assert_eq!((kept.seen, kept.health), (seen(), Some(health)));
    assert_eq!((kept.polled_at, kept.checked_at), (Some(world.now()), Some(world.now())));
    assert_eq!(world.store.next_watch_at().await.unwrap(), Some(poll_at));
}

async fn an_account_that_rests_goes_on_resting_whatever_a_look_has_found(database: TestDatabase) {
    let world = World::new(&database).await;
    watched(&world, vec![watch(&world, Some(world.now()))]).await;
    watched(&world, vec![watch(&world, None)]).await;
    let polled = Watched::Polled { seen: Box::new(seen()), poll_at: world.now() };
    world.store.put_watched(&world.tenant, &world.account, polled, world.now()).await.unwrap();
    let kept = world.store.list_watches(&world.tenant).await.unwrap().remove(0);
    assert_eq!((kept.poll_at, kept.seen), (None, seen()));
    assert_eq!(world.store.next_watch_at().await.unwrap(), None);
    watched(&world, Vec::new()).await;
    assert!(world.store.list_watches(&world.tenant).await.unwrap().is_empty());
}

async fn a_plan_leaves_the_times_of_watches_that_run(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let (first, later) = (world.now() + MINUTE, world.now() + MINUTE * 9);
    watched(&world, vec![watch(&world, Some(first))]).await;
    watched(&neighbour, vec![watch(&neighbour, Some(first))]).await;
    watched(&world, vec![watch(&world, Some(later))]).await;
    assert_eq!(world.store.list_watches(&world.tenant).await.unwrap()[0].poll_at, Some(first));
    // A plan of one tenant touches no account of another.
    watched(&world, Vec::new()).await;
    assert_eq!(world.store.list_watches(&neighbour.tenant).await.unwrap().len(), 1);
}

async fn polls_are_hurried_and_never_put_off(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let far = world.now() + MINUTE * 60;
    watched(&world, vec![watch(&world, Some(far))]).await;
    watched(&neighbour, vec![watch(&neighbour, Some(far))]).await;
    let soon = world.now() + MINUTE * 5;
    world.store.hurry_polls(&[world.tenant], soon).await.unwrap();
    world.store.hurry_polls(&[world.tenant], far).await.unwrap();
    world.store.hurry_polls(&[], soon).await.unwrap();
    assert_eq!(world.store.list_watches(&world.tenant).await.unwrap()[0].poll_at, Some(soon));
    assert_eq!(world.store.list_watches(&neighbour.tenant).await.unwrap()[0].poll_at, Some(far));
}

async fn known_events_are_those_of_the_tenant_under_any_of_the_kinds(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    world.store.accept(world.delivery(&["1", "2"])).await.unwrap();
    neighbour.store.accept(neighbour.delivery(&["3"])).await.unwrap();
    let mut live = world.event("4");
    live.kind = EventKind::LiveComment;
    world.store.accept(Delivery { events: vec![live], ..Delivery::default() }).await.unwrap();
    let known = async |kinds: &[EventKind]| {
        let ids = ["1", "3", "4", "5"];
        let mut known = world.store.known_events(&world.tenant, kinds, &ids).await.unwrap();
        known.sort();
        known
    };
    assert_eq!(known(&[EventKind::Comment, EventKind::LiveComment]).await, ["1", "4"]);
    assert_eq!(known(&[EventKind::Comment]).await, ["1"]);
    assert!(known(&[EventKind::Message]).await.is_empty());
}

async fn queues_tell_their_age_and_accounts_when_they_were_written_to(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    assert!(world.store.queue_ages(&world.tenant).await.unwrap().is_empty());
    let oldest_at = world.now();
    world.queued(world.effect(hide("1"))).await;
    world.pass(MINUTE);
    world.queued(world.effect(hide("2"))).await;
    neighbour.queued(neighbour.effect(hide("3"))).await;
    let ages = world.store.queue_ages(&world.tenant).await.unwrap();
    assert_eq!((ages.len(), ages[0].waiting, ages[0].oldest_at), (1, 2, oldest_at));
    world.commit([Change::PutConversation(Box::new(world.thread("1")))]).await.unwrap();
    let inbound = world.store.last_inbound(&world.tenant).await.unwrap();
    assert_eq!(inbound, [(world.account, world.now())]);
    assert!(world.store.last_inbound(&neighbour.tenant).await.unwrap().is_empty());
}

async fn effects_that_do_not_move_are_found(database: TestDatabase) {
    let world = World::new(&database).await;
    let left = world.queued(world.effect(hide("1"))).await;
    let lost = world.queued(world.effect(dm("hello"))).await;
    world.queued(world.effect(hide("2"))).await;
    let mut begun = EffectMove::new(lost.id, &[EffectState::Pending], EffectState::Processing, world.now());
    begun.begins_attempt = true;
    world.commit([Change::MoveEffect(begun)]).await.unwrap();
    world.moved(&left, EffectState::Pending, EffectState::Processing).await;
    let before = world.now() + MINUTE;
    world.pass(MINUTE * 10);
    // Touched by a try to read it back: it counts from its first call all the same.
    world.moved(&lost, EffectState::Processing, EffectState::Unknown).await;
    let mut stuck = world.store.stuck_effects(before, 10).await.unwrap();
    stuck.sort_by_key(|stuck| stuck.effect);
    let found: Vec<_> = stuck.iter().map(|stuck| (stuck.effect, stuck.action, stuck.is_processing)).collect();
    let (hide, send) = (left.action.action_type(), lost.action.action_type());
    assert_eq!(found, [(left.id, hide, true), (lost.id, send, false)]);
    assert!(world.store.stuck_effects(before - MINUTE * 5, 10).await.unwrap().is_empty());
}

async fn old_rows_are_removed_a_bounded_number_at_a_time_and_what_is_open_stays(database: TestDatabase) {
    let world = World::new(&database).await;
    world.store.accept(world.delivery(&["1", "2", "3", "open"])).await.unwrap();
    for event in world.store.pending_events(&world.tenant, &[], 10).await.unwrap() {
        if event.external_id != "open" {
            world.commit([Change::EventDone { event: event.id, at: world.now() }]).await.unwrap();
        }
    }
    let key = |key: &str| NewAlert { ..world.alert(key) };
    world.store.raise_alert(key("over"), world.now()).await.unwrap();
    world.store.raise_alert(key("open"), world.now()).await.unwrap();
    let by = "test".to_owned();
    let resolve = Change::ResolveAlert { dedup_key: "over".into(), by, at: world.now() };
    world.commit([resolve]).await.unwrap();
    world.pass(MINUTE);
    let before = world.now();
    world.store.accept(world.delivery(&["young"])).await.unwrap();
    assert_eq!(world.store.trim(Trimmed::Events, before, 2).await.unwrap(), 2);
    assert_eq!(world.store.trim(Trimmed::Events, before, 2).await.unwrap(), 1);
    assert_eq!(world.store.trim(Trimmed::Events, before, 2).await.unwrap(), 0);
    let waiting = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    assert_eq!(waiting.iter().map(|it| it.external_id.as_str()).collect::<Vec<_>>(), ["open", "young"]);
    assert_eq!(world.store.trim(Trimmed::Alerts, before, 10).await.unwrap(), 1);
    assert!(world.store.has_open_alert("open").await.unwrap());
    assert_eq!(world.store.trim(Trimmed::Orphans, before, 10).await.unwrap(), 0);
    assert_eq!(world.store.trim(Trimmed::Calls, before, 10).await.unwrap(), 0);
}

async fn tenants_with_an_open_alert_are_found_by_its_key(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    for world in [&world, &neighbour] {
        world.store.raise_alert(world.alert(&format!("stuck:{}", world.tenant)), world.now()).await.unwrap();
    }
    world.store.raise_alert(world.alert("stuck:else"), world.now()).await.unwrap();
    let dedup_key = format!("stuck:{}", neighbour.tenant);
    neighbour.commit([Change::ResolveAlert { dedup_key, by: "test".into(), at: world.now() }]).await.unwrap();
    assert_eq!(world.store.tenants_with_alert("stuck:").await.unwrap(), [world.tenant]);
}
