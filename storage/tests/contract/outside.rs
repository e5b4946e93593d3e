//! Requests with keys, and the heartbeats of programs outside.

use std::time::Duration;

use tenants::effect::IdempotencyKey;
use tenants::ports::{
    AgentStatus, Claimed, Heartbeat, KeptAnswer, KeyTimes, KeyedRequest, Operations, Outside, Trimmed,
    Watches,
};
use troupe_storage::testing::TestDatabase;
use uuid::Uuid;

use crate::contract;
use crate::world::World;

contract! {
    of_many_who_claim_a_request_at_once_one_begins
    an_answer_is_kept_by_whoever_holds_the_claim_and_given_again
    a_request_that_is_left_counts_as_cut_off_at_once_and_keeps_its_first_moment
    a_request_that_was_cut_off_is_taken_over_only_where_it_may_be
    an_old_request_is_forgotten_and_swept
    a_program_outside_goes_silent_and_comes_back
    an_agent_within_is_never_taken_for_one_outside
}

fn request(world: &World, claim: u128) -> KeyedRequest {
    KeyedRequest {
        id: "a1".repeat(32),
        tenant: Some(world.tenant),
        fingerprint: "f1".repeat(32),
        claim: Uuid::from_u128(claim),
    }
}

fn times(world: &World) -> KeyTimes {
    let now = world.now();
    KeyTimes {
        now,
        forgotten_before: now - Duration::from_secs(86_400),
        cut_off_before: now - Duration::from_secs(120),
    }
}

fn answer(body: Option<&str>) -> KeptAnswer {
    KeptAnswer {
        status: 201,
        content_type: Some("application/json".to_owned()),
        etag: Some("\"1\"".to_owned()),
        location: Some("/there".to_owned()),
        body: body.map(str::to_owned),
    }
}

async fn of_many_who_claim_a_request_at_once_one_begins(database: TestDatabase) {
    let world = World::new(&database).await;
    let claims = (1..=12).map(|claim| {
        let (world, request) = (&world, request(&world, claim));
        async move { world.store.claim_request(&request, times(world), true).await.unwrap() }
    });
    let claimed = futures::future::join_all(claims).await;
    let begun = claimed.iter().filter(|claimed| matches!(claimed, Claimed::Begun { .. })).count();
    assert_eq!(begun, 1, "{claimed:?}");
    assert!(claimed.iter().all(|it| matches!(it, Claimed::Begun { .. } | Claimed::UnderWay)), "{claimed:?}");
}

async fn an_answer_is_kept_by_whoever_holds_the_claim_and_given_again(database: TestDatabase) {
    let world = World::new(&database).await;
    let (first, second) = (request(&world, 1), request(&world, 2));
    world.store.claim_request(&first, times(&world), true).await.unwrap();
    // Who does not hold the claim keeps nothing and takes nothing back.
    world.store.keep_answer(&second, &answer(Some("{}")), world.now()).await.unwrap();
    world.store.forget_request(&second).await.unwrap();
    assert_eq!(world.store.claim_request(&second, times(&world), true).await.unwrap(), Claimed::UnderWay);
    world.store.keep_answer(&first, &answer(Some("{\"a\":\"ä\"}")), world.now()).await.unwrap();
    let done = world.store.claim_request(&second, times(&world), true).await.unwrap();
    assert_eq!(done, Claimed::Done(answer(Some("{\"a\":\"ä\"}"))));
    let other = KeyedRequest { fingerprint: "f2".repeat(32), ..second };
    assert_eq!(world.store.claim_request(&other, times(&world), true).await.unwrap(), Claimed::OtherBody);
    // What was answered is not taken back.
    world.store.forget_request(&first).await.unwrap();
    let again = world.store.claim_request(&request(&world, 3), times(&world), true).await.unwrap();
    assert!(matches!(again, Claimed::Done(_)));
}

async fn a_request_that_is_left_counts_as_cut_off_at_once_and_keeps_its_first_moment(database: TestDatabase) {
    let world = World::new(&database).await;
    let (first, second) = (request(&world, 1), request(&world, 2));
    world.store.claim_request(&first, times(&world), true).await.unwrap();
    let long_ago = times(&world).cut_off_before - std::time::Duration::from_micros(1);
    // Only by whoever holds the claim.
    world.store.leave_request(&second, long_ago).await.unwrap();
    assert_eq!(world.store.claim_request(&second, times(&world), true).await.unwrap(), Claimed::UnderWay);
    world.store.leave_request(&first, long_ago).await.unwrap();
    assert_eq!(world.store.claim_request(&second, times(&world), false).await.unwrap(), Claimed::CutOff);
    let begun = world.store.claim_request(&second, times(&world), true).await.unwrap();
    assert_eq!(begun, Claimed::Begun { first_at: world.now() });
}

async fn a_request_that_was_cut_off_is_taken_over_only_where_it_may_be(database: TestDatabase) {
    let world = World::new(&database).await;
    let first_at = world.now();
    world.store.claim_request(&request(&world, 1), times(&world), true).await.unwrap();
    world.pass(Duration::from_secs(121));
    let careful = world.store.claim_request(&request(&world, 2), times(&world), false).await.unwrap();
    assert_eq!(careful, Claimed::CutOff);
    let again = world.store.claim_request(&request(&world, 3), times(&world), true).await.unwrap();
    assert_eq!(again, Claimed::Begun { first_at });
    // Whoever was cut off and lives on after all keeps no answer.
    world.store.keep_answer(&request(&world, 1), &answer(None), world.now()).await.unwrap();
    let next = world.store.claim_request(&request(&world, 4), times(&world), true).await.unwrap();
    assert_eq!(next, Claimed::UnderWay);
}

async fn an_old_request_is_forgotten_and_swept(database: TestDatabase) {
    let world = World::new(&database).await;
    let first = request(&world, 1);
    world.store.claim_request(&first, times(&world), true).await.unwrap();
    world.store.keep_answer(&first, &answer(Some("{}")), world.now()).await.unwrap();
    world.pass(Duration::from_secs(86_401));
    let other = KeyedRequest { fingerprint: "f2".repeat(32), ..request(&world, 2) };
    let anew = world.store.claim_request(&other, times(&world), false).await.unwrap();
    assert_eq!(anew, Claimed::Begun { first_at: world.now() });
    let before = world.now() - Duration::from_secs(3_600);
    assert_eq!(world.store.trim(Trimmed::Requests, before, 10).await.unwrap(), 0);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.store.trim(Trimmed::Requests, world.now(), 10).await.unwrap(), 1);
    let unknown = world.store.find_effect_by_key(&world.tenant, &IdempotencyKey("x".to_owned())).await;
    assert!(unknown.unwrap().is_none());
}

fn beat(world: &World, agent: &str) -> Heartbeat {
    Heartbeat {
        tenant: Some(world.tenant),
        agent: agent.to_owned(),
        status: AgentStatus::Alive,
        last_beat_at: world.now(),
    }
}

async fn a_program_outside_goes_silent_and_comes_back(database: TestDatabase) {
    let world = World::new(&database).await;
    let first = beat(&world, "price-bot");
    world.store.put_outside_beat(&first).await.unwrap();
    assert!(world.store.silent_agents(world.now(), 10).await.unwrap().is_empty());
    world.pass(Duration::from_secs(61));
    let before = world.now() - Duration::from_secs(60);
    assert_eq!(world.store.silent_agents(before, 10).await.unwrap(), std::slice::from_ref(&first));
    assert!(world.store.mark_agent_down(&first).await.unwrap());
    assert!(!world.store.mark_agent_down(&first).await.unwrap(), "it is down already");
    assert!(world.store.silent_agents(before, 10).await.unwrap().is_empty());
    world.store.put_outside_beat(&beat(&world, "price-bot")).await.unwrap();
    assert!(!world.store.mark_agent_down(&first).await.unwrap(), "it has beaten since");
    let shown = world.store.list_heartbeats(&world.tenant).await.unwrap();
    assert_eq!(shown, [beat(&world, "price-bot")]);
}

async fn an_agent_within_is_never_taken_for_one_outside(database: TestDatabase) {
    let world = World::new(&database).await;
    let within = beat(&world, "comms");
    world.store.put_heartbeats(std::slice::from_ref(&within)).await.unwrap();
    world.pass(Duration::from_secs(300));
    world.store.put_outside_beat(&beat(&world, "comms")).await.unwrap();
    assert_eq!(world.store.list_heartbeats(&world.tenant).await.unwrap(), std::slice::from_ref(&within));
    assert!(world.store.silent_agents(world.now(), 10).await.unwrap().is_empty());
    assert!(!world.store.mark_agent_down(&within).await.unwrap());
}
