//! Events come in once, wait, and are done.

use tenants::changes::Change;
use tenants::event::{EventKind, OrphanedEvent};
use tenants::ids::EventId;
use tenants::ports::{Accepted, AuditLog, Delivery, Inbox};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, hide, is_conflict};

contract! {
    a_redelivered_event_is_stored_once
    duplicates_inside_one_delivery_are_noticed
    the_same_event_delivered_by_many_at_once_is_stored_once
    pending_events_come_oldest_first_without_those_in_work
    a_done_event_does_not_wait_any_more
    an_event_is_decided_once
    a_failed_event_counts_its_attempts_and_a_quarantined_one_is_set_aside
    events_of_another_tenant_are_not_found
    an_event_keeps_its_raw_payload
    orphans_and_their_alert_are_stored_with_the_delivery
    an_event_of_an_unknown_tenant_hurts_only_its_own_delivery
}

use Accepted::{Duplicate, Stored};

async fn a_redelivered_event_is_stored_once(database: TestDatabase) {
    let world = World::new(&database).await;
    assert_eq!(world.store.accept(world.delivery(&["1", "2"])).await.unwrap(), [Stored, Stored]);
    assert_eq!(world.store.accept(world.delivery(&["2", "3"])).await.unwrap(), [Duplicate, Stored]);
    let waiting = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    assert_eq!(waiting.iter().map(|event| event.external_id.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
}

async fn duplicates_inside_one_delivery_are_noticed(database: TestDatabase) {
    let world = World::new(&database).await;
    assert_eq!(
        world.store.accept(world.delivery(&["1", "1", "2"])).await.unwrap(),
        [Stored, Duplicate, Stored]
    );
    let mut other_kind = world.event("1");
    other_kind.kind = EventKind::LiveComment;
    let delivery = Delivery { events: vec![other_kind], ..Delivery::default() };
    assert_eq!(world.store.accept(delivery).await.unwrap(), [Stored]);
}

async fn the_same_event_delivered_by_many_at_once_is_stored_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let attempts = (0..64).map(|number| {
        // The first event decides by which committer a delivery goes: the duplicates meet on several of them.
        let first = if number % 2 == 0 {
            world.event(&format!("a{number}"))
        } else {
            neighbour.event(&format!("b{number}"))
        };
        let delivery = Delivery { events: vec![first, world.event("same")], ..Delivery::default() };
        let store = world.store.clone();
        async move { store.accept(delivery).await.unwrap() }
    });
    let answers = futures::future::join_all(attempts).await;
    assert_eq!(answers.iter().filter(|answer| answer[1] == Stored).count(), 1);
    assert!(answers.iter().all(|answer| answer[0] == Stored));
    assert_eq!(world.store.event_counts().await.unwrap(), [(EventKind::Comment, 65, 0)]);
}

async fn pending_events_come_oldest_first_without_those_in_work(database: TestDatabase) {
    let world = World::new(&database).await;
    world.store.accept(world.delivery(&["1", "2", "3", "4"])).await.unwrap();
    let all = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    let except = [all[0].id, all[2].id];
    let rest = world.store.pending_events(&world.tenant, &except, 1).await.unwrap();
    assert_eq!(rest, [all[1].clone()]);
    assert_eq!(world.store.tenants_with_events().await.unwrap(), [world.tenant]);
}

async fn a_done_event_does_not_wait_any_more(database: TestDatabase) {
    let world = World::new(&database).await;
    let delivery = world.delivery(&["1"]);
    let event = delivery.events[0].id;
    world.store.accept(delivery).await.unwrap();
    world.commit([Change::EventDone { event, at: world.now() }]).await.unwrap();
    assert!(world.store.pending_events(&world.tenant, &[], 10).await.unwrap().is_empty());
    assert!(world.store.tenants_with_events().await.unwrap().is_empty());
    assert_eq!(world.store.event_counts().await.unwrap(), [(EventKind::Comment, 1, 1)]);
    assert_eq!(world.store.accept(world.delivery(&["1"])).await.unwrap(), [Duplicate]);
}

/// A commit may be stored although its answer is lost; what is decided again then must not be stored beside it.
async fn an_event_is_decided_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let delivery = world.delivery(&["1", "2"]);
    let (event, other) = (delivery.events[0].id, delivery.events[1].id);
    world.store.accept(delivery).await.unwrap();
    let decide = |event| {
        let effect = Change::AddEffect(Box::new(world.effect(hide("1"))));
        world.commit([Change::EventDone { event, at: world.now() }, effect, world.audit("decision.made")])
    };
    decide(event).await.unwrap();
    let (again, neighbour) = tokio::join!(decide(event), decide(other));
    assert!(is_conflict(&again));
    neighbour.unwrap();
    let entries = world.store.audit_since(&world.chain(), 0, 10).await.unwrap();
    assert_eq!(entries.len(), 2, "one decision for each event");
}

async fn a_failed_event_counts_its_attempts_and_a_quarantined_one_is_set_aside(database: TestDatabase) {
    let world = World::new(&database).await;
    let delivery = world.delivery(&["1"]);
    let event = delivery.events[0].id;
    world.store.accept(delivery).await.unwrap();
    for _ in 0..2 {
        world.commit([Change::EventFailed { event, error: "the lane died".into() }]).await.unwrap();
    }
    assert_eq!(world.store.pending_events(&world.tenant, &[], 10).await.unwrap()[0].attempts, 2);
    let quarantine = Change::EventQuarantined { event, error: "the lane died".into(), at: world.now() };
    world.commit([quarantine]).await.unwrap();
    assert!(world.store.pending_events(&world.tenant, &[], 10).await.unwrap().is_empty());
    assert!(world.store.tenants_with_events().await.unwrap().is_empty());
    let (found, _) = world.store.find_event(&world.tenant, &event).await.unwrap().unwrap();
    assert_eq!(found.attempts, 3);
}

async fn events_of_another_tenant_are_not_found(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let delivery = world.delivery(&["1"]);
    let event = delivery.events[0].id;
    world.store.accept(delivery).await.unwrap();
    assert!(neighbour.store.pending_events(&neighbour.tenant, &[], 10).await.unwrap().is_empty());
    assert!(neighbour.store.find_event(&neighbour.tenant, &event).await.unwrap().is_none());
    assert!(is_conflict(&neighbour.commit([Change::EventDone { event, at: world.now() }]).await));
    assert_eq!(world.store.pending_events(&world.tenant, &[], 10).await.unwrap().len(), 1);
}

async fn an_event_keeps_its_raw_payload(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut event = world.event("1");
    event.raw = serde_json::json!({"b": 1.0, "a": [0.1, 12345678901234567u64], "empty": "", "z": null});
    let (id, raw) = (event.id, event.raw.clone());
    let expected = event.clone();
    world.store.accept(Delivery { events: vec![event], ..Delivery::default() }).await.unwrap();
    let (found, payload) = world.store.find_event(&world.tenant, &id).await.unwrap().unwrap();
    assert_eq!(payload.to_string(), raw.to_string());
    assert_eq!(found.body, expected.body);
    assert_eq!((found.occurred_at, found.received_at), (expected.occurred_at, expected.received_at));
    assert_eq!(found.account, expected.account);
}

async fn orphans_and_their_alert_are_stored_with_the_delivery(database: TestDatabase) {
    use tenants::ports::{Alerts, PageRequest};
    let world = World::new(&database).await;
    let orphan = |id: &str| OrphanedEvent {
        id: EventId::new(&world.ids),
        external_account: "999".into(),
        kind: EventKind::Comment,
        external_id: id.into(),
        received_at: world.now(),
        raw: serde_json::json!({}),
    };
    let mut alert = world.alert("orphans:999");
    (alert.agency, alert.tenant) = (None, None);
    for _ in 0..2 {
        let delivery =
            Delivery { events: vec![], orphans: vec![orphan("1"), orphan("1")], alerts: vec![alert.clone()] };
        assert!(world.store.accept(delivery).await.unwrap().is_empty());
    }
    assert!(world.store.has_open_alert("orphans:999").await.unwrap());
    let alerts = world.store.list_alerts(&world.agency, None, None, PageRequest::first(10)).await.unwrap();
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].occurrences, 2);
}

async fn an_event_of_an_unknown_tenant_hurts_only_its_own_delivery(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut stranger = world.clone();
    stranger.tenant = tenants::ids::TenantId::new(&world.ids);
    let (good, bad, also_good) = tokio::join!(
        world.store.accept(world.delivery(&["1"])),
        world.store.accept(stranger.delivery(&["1"])),
        world.store.accept(world.delivery(&["2"])),
    );
    assert_eq!((good.unwrap(), also_good.unwrap()), (vec![Stored], vec![Stored]));
    assert!(crate::world::is_conflict(&bad));
}
