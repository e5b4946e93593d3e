//! Verdicts are learned from once, versions are kept, and of two who learn at once one is refused.

use tenants::autonomy::{EarnedMode, EarnedState};
use tenants::changes::Change;
use tenants::ids::{DecisionId, VerdictId};
use tenants::intent::Intent;
use tenants::ports::{Directory, Learning, StoreError};
use tenants::tuning::{Learned, Lesson, Tuning, TuningVersion};
use tenants::verdict::{Verdict, VerdictKind, VerdictSource};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    a_verdict_is_read_back_as_it_was_given_and_once_for_a_decision
    a_verdict_is_learned_from_once
    of_two_who_learn_at_once_exactly_one_does
    what_was_learned_reaches_the_actors_and_raises_the_version
    going_back_discounts_what_was_learned_since
    old_versions_are_thinned_out
    an_intent_is_moved_by_one_at_a_time
    what_a_tenant_has_learned_is_seen_by_no_other
}

fn verdict(world: &World, said: VerdictKind) -> Verdict {
    let approval = world.approval(tenants::ids::ConversationId::new(&world.ids));
    Verdict {
        id: VerdictId::new(&world.ids),
        source: VerdictSource::Draft,
        approval: Some(approval.id),
        event: approval.event,
        decision: DecisionId::new(&world.ids),
        text: approval.incoming_text,
        basis: world.basis(),
        verdict: said,
        corrected_intent: Some(Intent::Lead),
        edit_distance: Some(0.25),
        by: "key:1".into(),
        at: world.now(),
    }
}

async fn given(world: &World, said: VerdictKind) -> Verdict {
    let verdict = verdict(world, said);
    world.commit([Change::AddVerdict(Box::new(verdict.clone()))]).await.unwrap();
    verdict
}

fn version(world: &World, number: u32) -> TuningVersion {
    let mut learned = Learned { verdicts: number, ..Learned::default() };
    learned.tuning = Tuning { version: number, ..Tuning::default() };
    learned.tuning.nudges.insert(9_000, [0.5, -0.25, 0.0, 0.0, number as f32 * Tuning::STEP, 0.0]);
    learned.tuning.local_from.insert(Intent::Lead, 0.83);
    learned.record.add(Intent::Lead, 0.97, true);
    TuningVersion { learned, reason: "one verdict".into(), made_by: "learning".into(), at: world.now() }
}

fn lesson(world: &World, base: u32, verdicts: &[&Verdict]) -> Change {
    let verdicts = verdicts.iter().map(|verdict| verdict.id).collect();
    Change::Learn(Box::new(Lesson { base, next: Some(version(world, base + 1)), verdicts, back_to: None }))
}

async fn latest(world: &World) -> Vec<tenants::ports::KeptVerdict> {
    world.store.latest_verdicts(&world.tenant, Intent::Question, 10).await.unwrap()
}

async fn a_verdict_is_read_back_as_it_was_given_and_once_for_a_decision(database: TestDatabase) {
    let world = World::new(&database).await;
    let given = given(&world, VerdictKind::Edited).await;
    assert_eq!(
        world.store.unlearned_verdicts(&world.tenant, 10).await.unwrap(),
        std::slice::from_ref(&given)
    );
    assert_eq!(world.store.tenants_with_unlearned_verdicts().await.unwrap(), [world.tenant]);
    let kept = latest(&world).await.pop().unwrap();
    assert_eq!((kept.verdict, kept.folded_in, kept.counted), (given.clone(), None, true));
    let again = Verdict { id: VerdictId::new(&world.ids), ..given.clone() };
    assert!(is_conflict(&world.commit([Change::AddVerdict(Box::new(again))]).await));
    let elsewhere = Verdict { id: VerdictId::new(&world.ids), source: VerdictSource::Feedback, ..given };
    world.commit([Change::AddVerdict(Box::new(elsewhere))]).await.unwrap();
}

async fn a_verdict_is_learned_from_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let verdict = given(&world, VerdictKind::Approved).await;
    world.commit([lesson(&world, 0, &[&verdict])]).await.unwrap();
    assert!(world.store.unlearned_verdicts(&world.tenant, 10).await.unwrap().is_empty());
    assert!(world.store.tenants_with_unlearned_verdicts().await.unwrap().is_empty());
    assert_eq!(latest(&world).await[0].folded_in, Some(1));
    assert!(is_conflict(&world.commit([lesson(&world, 1, &[&verdict])]).await));
    let present = world.store.find_tuning(&world.tenant, None).await.unwrap();
    assert_eq!(present, Some(version(&world, 1)), "the refused version is not stored");
    let nothing_new = Lesson { base: 1, next: None, verdicts: vec![verdict.id], back_to: None };
    assert!(is_conflict(&world.commit([Change::Learn(Box::new(nothing_new))]).await));
}

async fn of_two_who_learn_at_once_exactly_one_does(database: TestDatabase) {
    let world = World::new(&database).await;
    let verdicts = [given(&world, VerdictKind::Approved).await, given(&world, VerdictKind::Rejected).await];
    let both = [&verdicts[0], &verdicts[1]];
    let at_once = (0..8).map(|number| {
        let some = if number % 2 == 0 { &both[..] } else { &both[..1] };
        world.commit([lesson(&world, 0, some)])
    });
    let answers: Vec<Result<(), StoreError>> = futures::future::join_all(at_once).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| is_conflict(answer)).count(), 7);
    assert_eq!(world.store.list_tunings(&world.tenant).await.unwrap().len(), 1);
}

async fn what_was_learned_reaches_the_actors_and_raises_the_version(database: TestDatabase) {
    let world = World::new(&database).await;
    let context = || async { world.store.load_context(&world.tenant, "2025-11-17").await.unwrap().unwrap() };
    let before = context().await;
    assert_eq!((&*before.tuning, before.earned.len()), (&Tuning::default(), 0));
    world.commit([lesson(&world, 0, &[])]).await.unwrap();
    let acting =
        EarnedMode { state: EarnedState::Acting, revision: 1, ..EarnedMode::nothing(Intent::Question) };
    world.commit([Change::PutEarnedMode(Box::new(acting.clone()))]).await.unwrap();
    let after = context().await;
    assert_eq!(*after.tuning, version(&world, 1).learned.tuning);
    assert_eq!(after.earned.get(&Intent::Question), Some(&acting));
    assert_eq!(after.tenant.version, before.tenant.version + 2);
}

async fn going_back_discounts_what_was_learned_since(database: TestDatabase) {
    let world = World::new(&database).await;
    let verdicts = [given(&world, VerdictKind::Approved).await, given(&world, VerdictKind::Rejected).await];
    world.commit([lesson(&world, 0, &[&verdicts[0]])]).await.unwrap();
    world.commit([lesson(&world, 1, &[&verdicts[1]])]).await.unwrap();
    let mut back = world.store.find_tuning(&world.tenant, Some(1)).await.unwrap().unwrap();
    back.learned.tuning.version = 3;
    let lesson = Lesson { base: 2, next: Some(back), verdicts: Vec::new(), back_to: Some(1) };
    world.commit([Change::Learn(Box::new(lesson))]).await.unwrap();
    let present = world.store.find_tuning(&world.tenant, None).await.unwrap().unwrap();
    assert_eq!(present.learned.tuning.version, 3);
    assert_eq!(present.learned.tuning.nudges, version(&world, 1).learned.tuning.nudges);
    let counted: Vec<bool> = latest(&world).await.iter().map(|kept| kept.counted).collect();
    assert_eq!(counted, [false, true], "newest first");
}

async fn old_versions_are_thinned_out(database: TestDatabase) {
    let world = World::new(&database).await;
    for base in 0..60 {
        world.commit([lesson(&world, base, &[])]).await.unwrap();
    }
    let kept: Vec<u32> = world
        .store
        .list_tunings(&world.tenant)
        .await
        .unwrap()
        .into_iter()
        .map(|version| version.learned.tuning.version)
        .collect();
    let expected: Vec<u32> = (44..=60).rev().chain([40, 32, 24, 16, 8]).collect();
    assert_eq!(kept, expected);
}

async fn an_intent_is_moved_by_one_at_a_time(database: TestDatabase) {
    let world = World::new(&database).await;
    let acting =
        EarnedMode { state: EarnedState::Acting, revision: 1, ..EarnedMode::nothing(Intent::Question) };
    let put = |mode: &EarnedMode| world.commit([Change::PutEarnedMode(Box::new(mode.clone()))]);
    put(&acting).await.unwrap();
    assert!(is_conflict(&put(&acting).await), "somebody else has moved it");
    let back = acting.fall_back(acting.agreement, "the last 3 verdicts disagreed".into(), world.now());
    put(&back).await.unwrap();
    assert!(is_conflict(&put(&back).await));
    assert_eq!(world.store.earned_modes(&world.tenant).await.unwrap(), [back]);
}

async fn what_a_tenant_has_learned_is_seen_by_no_other(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let verdict = given(&world, VerdictKind::Approved).await;
    assert!(is_conflict(&neighbour.commit([lesson(&neighbour, 0, &[&verdict])]).await));
    world.commit([lesson(&world, 0, &[&verdict])]).await.unwrap();
    assert!(neighbour.store.find_tuning(&neighbour.tenant, None).await.unwrap().is_none());
    assert!(neighbour.store.find_tuning(&neighbour.tenant, Some(1)).await.unwrap().is_none());
    assert!(latest(&neighbour).await.is_empty());
    assert!(neighbour.store.list_tunings(&neighbour.tenant).await.unwrap().is_empty());
}
