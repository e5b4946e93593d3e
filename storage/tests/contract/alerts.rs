//! Alerts are raised once, counted, and resolved.

use std::time::Duration;

use tenants::changes::Change;
use tenants::ids::AlertId;
use tenants::ports::{Alerts, PageRequest};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    a_repeated_alert_is_counted_until_it_is_resolved
    two_tenants_with_the_same_key_have_an_alert_each
    an_alert_without_agency_takes_the_tenants
    an_agency_sees_its_alerts_and_those_of_the_installation
    an_alert_is_resolved_once_and_not_by_a_stranger
}

const PAGE: PageRequest = PageRequest { before: None, limit: 10 };

async fn a_repeated_alert_is_counted_until_it_is_resolved(database: TestDatabase) {
    let world = World::new(&database).await;
    let raise = |at| Change::RaiseAlert(Box::new(world.alert("auth")), at);
    let first_seen = world.now();
    world.commit([raise(first_seen), raise(first_seen)]).await.unwrap();
    world.pass(Duration::from_secs(5));
    world.store.raise_alert(world.alert("auth"), world.now()).await.unwrap();
    let found = world.store.list_alerts(&world.agency, Some(&world.tenant), None, PAGE).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].occurrences, found[0].created_at), (3, first_seen));
    assert_eq!(found[0].last_seen_at, world.now());
    assert_eq!(found[0].details, serde_json::json!({"account": world.account}));

    let resolve = Change::ResolveAlert { dedup_key: "auth".into(), by: "gateway".into(), at: world.now() };
    world.commit([resolve]).await.unwrap();
    assert!(!world.store.has_open_alert("auth").await.unwrap());
    world.commit([raise(world.now())]).await.unwrap();
    let found = world.store.list_alerts(&world.agency, Some(&world.tenant), Some(false), PAGE).await.unwrap();
    assert_eq!((found.len(), found[0].occurrences), (1, 1));
    let resolved =
        world.store.list_alerts(&world.agency, Some(&world.tenant), Some(true), PAGE).await.unwrap();
    assert_eq!(resolved[0].resolved_by.as_deref(), Some("gateway"));
}

async fn two_tenants_with_the_same_key_have_an_alert_each(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    for tenant in [&world, &neighbour] {
        tenant.commit([Change::RaiseAlert(Box::new(tenant.alert("auth")), world.now())]).await.unwrap();
    }
    let foreign = Change::RaiseAlert(Box::new(world.alert("auth")), world.now());
    assert!(is_conflict(&neighbour.commit([foreign]).await));
    let resolve = Change::ResolveAlert { dedup_key: "auth".into(), by: "them".into(), at: world.now() };
    neighbour.commit([resolve]).await.unwrap();
    let open = world.store.list_alerts(&world.agency, None, Some(false), PAGE).await.unwrap();
    assert_eq!(open.iter().map(|alert| alert.tenant).collect::<Vec<_>>(), [Some(world.tenant)]);
}

async fn an_alert_without_agency_takes_the_tenants(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut alert = world.alert("gap");
    alert.agency = None;
    world.store.raise_alert(alert.clone(), world.now()).await.unwrap();
    let found = world.store.find_alert(&world.agency, &alert.id).await.unwrap().unwrap();
    assert_eq!(found.agency, Some(world.agency));
}

async fn an_agency_sees_its_alerts_and_those_of_the_installation(database: TestDatabase) {
    let world = World::new(&database).await;
    let (own, mut general, mut foreign) = (world.alert("own"), world.alert("all"), world.alert("foreign"));
    (general.agency, general.tenant) = (None, None);
    (foreign.agency, foreign.tenant) = (Some(tenants::ids::AgencyId::new(&world.ids)), None);
    for alert in [&own, &general, &foreign] {
        world.store.raise_alert(alert.clone(), world.now()).await.unwrap();
    }
    let found = world.store.list_alerts(&world.agency, None, None, PAGE).await.unwrap();
    assert_eq!(found.iter().map(|alert| alert.id).collect::<Vec<_>>(), [general.id, own.id]);
    assert!(world.store.find_alert(&world.agency, &foreign.id).await.unwrap().is_none());
}

async fn an_alert_is_resolved_once_and_not_by_a_stranger(database: TestDatabase) {
    let world = World::new(&database).await;
    let alert = world.alert("own");
    world.store.raise_alert(alert.clone(), world.now()).await.unwrap();
    let stranger = tenants::ids::AgencyId::new(&world.ids);
    assert!(!world.store.resolve_alert(&stranger, &alert.id, "x", world.now()).await.unwrap());
    assert!(world.store.resolve_alert(&world.agency, &alert.id, "ana", world.now()).await.unwrap());
    assert!(!world.store.resolve_alert(&world.agency, &alert.id, "eva", world.now()).await.unwrap());
    assert!(
        !world
            .store
            .resolve_alert(&world.agency, &AlertId::new(&world.ids), "eva", world.now())
            .await
            .unwrap()
    );
    let found = world.store.find_alert(&world.agency, &alert.id).await.unwrap().unwrap();
    assert_eq!(found.resolved_by.as_deref(), Some("ana"));
}
