//! What decisions were made with, rehearsals, and what they find.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::event::NewEvent;
use tenants::ids::{AuditId, DifferenceId, RehearsalId};
use tenants::ports::{DecisionRecords, Inbox, PageRequest, Rehearsals};
use tenants::rehearsal::{ConfigurationPart, Period, Rehearsal, RehearsalDifference, RehearsalStatus};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    decisions_of_a_period_come_with_their_events_in_their_order
    the_parts_of_a_configuration_are_kept_once_and_for_their_tenant_alone
    one_rehearsal_of_a_tenant_runs_at_a_time
    a_rehearsal_that_has_ended_stays_as_it_is
    what_ends_without_a_result_leaves_no_differences
    a_rehearsal_that_ran_when_the_process_died_has_no_result
    strangers_find_no_rehearsal_and_add_nothing_to_it
    the_oldest_rehearsals_go_with_what_they_found
}

const PAGE: PageRequest = PageRequest { before: None, limit: 10 };
const HOUR: Duration = Duration::from_secs(3_600);

fn rehearsal(world: &World) -> Rehearsal {
    Rehearsal {
        id: RehearsalId::new(&world.ids),
        agency: world.agency,
        tenant: Some(world.tenant),
        status: RehearsalStatus::Running,
        asked_by: "cli".into(),
        asked: json!({ "max_events": 5 }),
        progress: 0,
        report: None,
        error: None,
        created_at: world.now(),
        finished_at: None,
    }
}

fn ended(rehearsal: &Rehearsal, status: RehearsalStatus, at: Timestamp) -> Rehearsal {
    let report = (status == RehearsalStatus::Done).then(|| json!({ "total": { "events": 3 } }));
    Rehearsal { status, report, finished_at: Some(at), progress: 3, ..rehearsal.clone() }
}

fn put(rehearsal: &Rehearsal) -> Change {
    Change::PutRehearsal(Box::new(rehearsal.clone()))
}

fn difference(world: &World, rehearsal: &Rehearsal) -> RehearsalDifference {
    RehearsalDifference {
        id: DifferenceId::new(&world.ids),
        rehearsal: rehearsal.id,
        tenant: world.tenant,
        event: world.event("c1").id,
        body: json!({ "kinds": ["text"], "share": 0.25 }),
    }
}

fn decision(world: &World, event: &NewEvent) -> Change {
    let mut entry = world.entry("decision.made");
    entry.id = AuditId::new(&world.ids);
    entry.details = json!({ "event": event.id, "outcome": "act" }).into();
    entry.at = world.now();
    Change::Audit(Box::new(entry))
}

async fn decisions_of_a_period_come_with_their_events_in_their_order(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut events = Vec::new();
    for hour in 0..30 {
        let event = world.event(&format!("c{hour}"));
        let delivery = tenants::ports::Delivery { events: vec![event.clone()], ..Default::default() };
        world.store.accept(delivery).await.unwrap();
        world.commit([world.audit("effect.sent"), decision(&world, &event)]).await.unwrap();
        events.push((event, world.now()));
        world.pass(HOUR);
    }
    let gone = world.event("never stored");
    world.commit([decision(&world, &gone)]).await.unwrap();

    let period = Period { from: events[10].1, until: events[14].1 };
    let found = world.store.recorded_decisions(&world.tenant, period, 0, 10).await.unwrap();
    let ids: Vec<_> = found.iter().map(|it| it.event.as_ref().unwrap().id).collect();
    assert_eq!(ids, events[10..14].iter().map(|(event, _)| event.id).collect::<Vec<_>>());
    assert!(found.is_sorted_by_key(|it| it.seq));
    assert_eq!(found[0].details["outcome"], "act");
    let rest = world.store.recorded_decisions(&world.tenant, period, found[1].seq, 1).await.unwrap();
    assert_eq!(rest, found[2..3]);
    let last = Period { from: world.now(), until: world.now() + HOUR };
    let last = world.store.recorded_decisions(&world.tenant, last, 0, 10).await.unwrap();
    assert_eq!((last.len(), &last[0].event), (1, &None), "an event that is stored no more is missing");
    let all = Period { from: events[0].1, until: world.now() + HOUR };
    assert_eq!(world.store.recorded_decisions(&world.tenant, all, 0, 100).await.unwrap().len(), 31);
    let neighbour = world.neighbour().await;
    assert!(world.store.recorded_decisions(&neighbour.tenant, all, 0, 100).await.unwrap().is_empty());
}

async fn the_parts_of_a_configuration_are_kept_once_and_for_their_tenant_alone(database: TestDatabase) {
    let world = World::new(&database).await;
    let part = |name: &str, body: &str| ConfigurationPart { hash: name.into(), body: body.into() };
    let first = [part("aa", "{\"x\":\"\\u0000\"}"), part("bb", "2")];
    let second = [part("bb", "another body of the same name"), part("cc", "3")];
    let keep = |parts: &[ConfigurationPart]| Change::KeepConfiguration(Arc::from(parts.to_vec()));
    let (one, other) = tokio::join!(world.commit([keep(&first)]), world.commit([keep(&first)]));
    one.and(other).unwrap();
    world.commit([keep(&second)]).await.unwrap();
    let names = ["aa", "bb", "cc", "dd"].map(str::to_owned);
    let mut found = world.store.configuration_parts(&world.tenant, &names).await.unwrap();
    found.sort_by(|one, other| one.hash.cmp(&other.hash));
    assert_eq!(found, [first[0].clone(), first[1].clone(), second[1].clone()]);
    let neighbour = world.neighbour().await;
    assert_eq!(world.store.configuration_parts(&neighbour.tenant, &names).await.unwrap(), []);
}

async fn one_rehearsal_of_a_tenant_runs_at_a_time(database: TestDatabase) {
    let world = World::new(&database).await;
    let first = rehearsal(&world);
    world.commit([put(&first)]).await.unwrap();
    assert!(is_conflict(&world.commit([put(&rehearsal(&world))]).await));
    let neighbour = world.neighbour().await;
    neighbour.commit([put(&rehearsal(&neighbour))]).await.unwrap();
    world.commit([put(&ended(&first, RehearsalStatus::Done, world.now()))]).await.unwrap();
    let second = rehearsal(&world);
    world.commit([put(&second)]).await.unwrap();
    let found = world.store.list_rehearsals(&world.chain(), PAGE).await.unwrap();
    assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [second.id, first.id]);
}

async fn a_rehearsal_that_has_ended_stays_as_it_is(database: TestDatabase) {
    let world = World::new(&database).await;
    let running = rehearsal(&world);
    world.commit([put(&running)]).await.unwrap();
    let later = Rehearsal { progress: 2, ..running.clone() };
    let found = difference(&world, &running);
    world.commit([put(&later), Change::AddDifferences(vec![found.clone()])]).await.unwrap();
    let done = ended(&running, RehearsalStatus::Done, world.now());
    world.commit([put(&done)]).await.unwrap();
    assert!(is_conflict(&world.commit([put(&later)]).await));
    let cancelled = ended(&running, RehearsalStatus::Cancelled, world.now());
    assert!(is_conflict(&world.commit([put(&cancelled)]).await));
    let more = Change::AddDifferences(vec![difference(&world, &running)]);
    assert!(is_conflict(&world.commit([more]).await), "nothing is added to what has ended");
    assert_eq!(world.store.find_rehearsal(&world.chain(), &running.id).await.unwrap(), Some(done));
    let stored = world.store.list_differences(&world.chain(), &running.id, PAGE).await.unwrap();
    assert_eq!(stored, [found]);
}

async fn what_ends_without_a_result_leaves_no_differences(database: TestDatabase) {
    let world = World::new(&database).await;
    let running = rehearsal(&world);
    let found = Change::AddDifferences(vec![difference(&world, &running)]);
    world.commit([put(&running), found]).await.unwrap();
    let cancelled = ended(&running, RehearsalStatus::Cancelled, world.now());
    world.commit([put(&cancelled)]).await.unwrap();
    assert_eq!(world.store.list_differences(&world.chain(), &running.id, PAGE).await.unwrap(), []);
    let stored = world.store.find_rehearsal(&world.chain(), &running.id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.report), (RehearsalStatus::Cancelled, None));
    let half = Rehearsal { report: Some(json!({})), ..rehearsal(&world) };
    assert!(is_conflict(&world.commit([put(&half)]).await), "what runs has no report");
}

async fn a_rehearsal_that_ran_when_the_process_died_has_no_result(database: TestDatabase) {
    let world = World::new(&database).await;
    let done = rehearsal(&world);
    let kept = difference(&world, &done);
    world.commit([put(&done), Change::AddDifferences(vec![kept])]).await.unwrap();
    world.commit([put(&ended(&done, RehearsalStatus::Done, world.now()))]).await.unwrap();
    let running = rehearsal(&world);
    let found = Change::AddDifferences(vec![difference(&world, &running)]);
    world.commit([put(&running), found]).await.unwrap();
    assert_eq!(world.store.interrupt_rehearsals(world.now()).await.unwrap(), 1);
    let stored = world.store.find_rehearsal(&world.chain(), &running.id).await.unwrap().unwrap();
    assert_eq!((stored.status, stored.finished_at), (RehearsalStatus::Interrupted, Some(world.now())));
    let differences = |id: RehearsalId| {
        let world = world.clone();
        async move { world.store.list_differences(&world.chain(), &id, PAGE).await.unwrap().len() }
    };
    assert_eq!((differences(running.id).await, differences(done.id).await), (0, 1));
    assert_eq!(world.store.interrupt_rehearsals(world.now()).await.unwrap(), 0);
}

async fn strangers_find_no_rehearsal_and_add_nothing_to_it(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let running = rehearsal(&world);
    world.commit([put(&running)]).await.unwrap();
    assert_eq!(world.store.find_rehearsal(&neighbour.chain(), &running.id).await.unwrap(), None);
    assert_eq!(world.store.list_rehearsals(&neighbour.chain(), PAGE).await.unwrap(), []);
    let theirs = RehearsalDifference { tenant: neighbour.tenant, ..difference(&world, &running) };
    assert!(is_conflict(&neighbour.commit([Change::AddDifferences(vec![theirs.clone()])]).await));
    assert!(is_conflict(&world.commit([Change::AddDifferences(vec![theirs])]).await));
    let stolen = Rehearsal { tenant: Some(neighbour.tenant), ..running.clone() };
    assert!(is_conflict(&neighbour.commit([put(&stolen)]).await));
    assert!(is_conflict(&neighbour.commit([put(&running)]).await));
    assert_eq!(world.store.find_rehearsal(&world.chain(), &running.id).await.unwrap(), Some(running));
}

async fn the_oldest_rehearsals_go_with_what_they_found(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let mut all = Vec::new();
    for of in std::iter::once(&neighbour).chain(std::iter::repeat_n(&world, 202)) {
        let begun = rehearsal(of);
        let found = Change::AddDifferences(vec![difference(of, &begun)]);
        let done = put(&ended(&begun, RehearsalStatus::Done, of.now()));
        of.commit([put(&begun), found, done]).await.unwrap();
        all.push(begun.id);
    }
    let chain = world.chain();
    for (place, id) in all[1..].iter().enumerate() {
        let found = world.store.find_rehearsal(&chain, id).await.unwrap();
        let differences = world.store.list_differences(&chain, id, PAGE).await.unwrap();
        assert_eq!((found.is_some(), differences.len()), (place >= 2, usize::from(place >= 2)), "{place}");
    }
    let of_neighbour = neighbour.store.find_rehearsal(&neighbour.chain(), &all[0]).await.unwrap();
    assert!(of_neighbour.is_some(), "each tenant keeps its own");
    let running = rehearsal(&world);
    world.commit([put(&running)]).await.unwrap();
    let listed = world.store.list_rehearsals(&chain, PageRequest::first(500)).await.unwrap();
    assert_eq!((listed.len(), listed[0].id), (201, running.id), "one that runs is none of them");
}
