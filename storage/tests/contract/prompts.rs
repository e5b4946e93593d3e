//! Versions of prompts are never changed, everybody keeps what they were given, and experiments say what happened.

use std::collections::BTreeSet;
use std::time::Duration;

use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::experiment::{
    ArmWeight, Experiment, ExperimentEnd, ExperimentResults, ExperimentStatus, PromptScope, PromptVersion,
    Reaction,
};
use tenants::ids::{
    AgencyId, CallId, DecisionId, EventId, ExperimentId, PromptId, ReservationId, TenantId, VerdictId,
};
use tenants::models::{CallOutcome, LlmCall, Task};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, Directory, OutcomeQuery, PageRequest, Prompts, StoreError, UnitOfWork};
use tenants::prompt::{Prompt, PromptKey, PromptSet};
use tenants::verdict::{Basis, Verdict, VerdictKind, VerdictSource};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    an_agency_sees_its_own_versions_and_those_of_the_installation
    a_number_is_given_once_to_an_agency
    a_version_is_never_changed
    a_tenant_uses_its_own_choice_then_its_agencys_then_the_installations
    a_choice_reaches_every_tenant_that_is_awake
    an_experiment_splits_conversations_and_a_restart_changes_nothing
    one_experiment_at_a_time_runs_with_a_prompt_of_a_tenant
    stopping_goes_back_to_what_was_in_use
    the_promoted_arm_is_in_use_and_the_experiment_has_ended
    of_many_who_end_an_experiment_at_once_one_succeeds
    an_experiment_with_one_tenant_leaves_the_others_alone
    results_are_those_of_the_history
    nobody_sees_or_uses_prompts_and_experiments_of_another_agency
    thousands_of_tenants_share_one_text
}

const DAY: &str = "2025-11-17";

impl World {
    async fn of_agency(&self, list: impl IntoIterator<Item = Change>) -> Result<(), StoreError> {
        let list = list.into_iter().collect();
        self.store.commit(Changes { chain: Chain::Agency(self.agency), list }).await
    }

    fn version(&self, number: u32, body: &str) -> PromptVersion {
        PromptVersion {
            id: PromptId::new(&self.ids),
            agency: Some(self.agency),
            prompt: Prompt { key: PromptKey::Reply, version: number, body: body.into() },
            note: "warmer".into(),
            created_by: "key:1".into(),
            created_at: self.now(),
        }
    }

    async fn added(&self, number: u32, body: &str) -> PromptVersion {
        let version = self.version(number, body);
        self.of_agency([Change::AddPrompt(Box::new(version.clone()))]).await.unwrap();
        version
    }

    async fn install(&self, number: u32, body: &str) -> Result<(), StoreError> {
        let installed =
            PromptVersion { agency: None, created_by: "troupe".into(), ..self.version(number, body) };
        let list = vec![Change::InstallPrompt(Box::new(installed))];
        self.store.commit(Changes { chain: Chain::Agency(AgencyId::INSTALLATION), list }).await
    }

    fn choose(&self, tenant: Option<TenantId>, version: Option<u32>) -> Change {
        Change::UsePrompt { key: PromptKey::Reply, tenant, version, by: "key:1".into(), at: self.now() }
    }

    fn experiment(&self, tenant: Option<TenantId>, arms: &[(u32, u32)]) -> Experiment {
        Experiment {
            id: ExperimentId::new(&self.ids),
            scope: PromptScope { agency: self.agency, tenant },
            key: PromptKey::Reply,
            name: "warmer or shorter".into(),
            arms: arms
                .iter()
                .map(|(version, weight)| ArmWeight { version: *version, weight: *weight })
                .collect(),
            status: ExperimentStatus::Running,
            started_by: "key:1".into(),
            started_at: self.now(),
            ended_by: None,
            ended_at: None,
            winner: None,
        }
    }

    async fn started(&self, tenant: Option<TenantId>, arms: &[(u32, u32)]) -> Experiment {
        let experiment = self.experiment(tenant, arms);
        self.of_agency([Change::StartExperiment(Box::new(experiment.clone()))]).await.unwrap();
        experiment
    }

    fn end(&self, experiment: &Experiment, winner: Option<u32>) -> Change {
        let (experiment, by, at) = (experiment.id, "key:2".into(), self.now());
        Change::EndExperiment(Box::new(ExperimentEnd { experiment, winner, by, at }))
    }

    /// What the tenant's actors are given when they wake.
    async fn prompts(&self) -> PromptSet {
        let context = self.store.load_context(&self.tenant, DAY).await.unwrap().unwrap();
        PromptSet::clone(&context.prompts)
    }

    /// Versions and weights in use for replies.
    async fn arms(&self) -> Vec<(u32, u32)> {
        let prompts = self.prompts().await;
        let choice = prompts.choices.get(&PromptKey::Reply);
        choice.map_or(Vec::new(), |it| it.arms.iter().map(|arm| (arm.prompt.version, arm.weight)).collect())
    }

    async fn tenant_version(&self) -> i64 {
        self.store.find_tenant(&self.tenant).await.unwrap().unwrap().version
    }

    /// A call to a model for a decision about an event.
    async fn called(&self, event: EventId, prompt: &str, cost: i64, latency_us: i64) {
        let call = LlmCall {
            id: CallId::new(&self.ids),
            tenant: self.tenant,
            task: Task::ShortReply,
            event: Some(event),
            provider: "scripted".into(),
            model: "small".into(),
            prompt: Some(prompt.into()),
            tokens_in: 100,
            tokens_cached: 0,
            tokens_out: 20,
            cost: MicroUsd(cost),
            is_estimate: false,
            latency_us,
            attempt: 1,
            fallback_reason: None,
            outcome: CallOutcome::Answered,
            error: None,
            at: self.now(),
        };
        self.store.settle(&ReservationId::new(&self.ids), vec![call]).await.unwrap();
    }

    /// What a person makes of the draft that answers an event.
    async fn judged(&self, event: EventId, verdict: VerdictKind, edit_distance: Option<f32>) {
        let verdict = Verdict {
            id: VerdictId::new(&self.ids),
            source: VerdictSource::Draft,
            approval: None,
            event,
            decision: DecisionId::new(&self.ids),
            text: "do you ship to spain?".into(),
            basis: Basis::default(),
            verdict,
            corrected_intent: None,
            edit_distance,
            by: "key:1".into(),
            at: self.now(),
        };
        self.commit([Change::AddVerdict(Box::new(verdict))]).await.unwrap();
    }

    /// A decision that a version was asked for, and what a person made of it.
    async fn decided(&self, prompt: &str, verdict: Option<VerdictKind>, edit_distance: Option<f32>) {
        let event = EventId::new(&self.ids);
        self.called(event, prompt, 200, 40_000).await;
        if let Some(verdict) = verdict {
            self.judged(event, verdict, edit_distance).await;
        }
    }
}

async fn an_agency_sees_its_own_versions_and_those_of_the_installation(database: TestDatabase) {
    let world = World::new(&database).await;
    world.install(1, "built in").await.unwrap();
    let own = world.added(2, "our own\nwords").await;
    let listed = world.store.list_prompts(&world.agency, Some(PromptKey::Reply)).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.prompt.version).collect::<Vec<_>>(), [2, 1], "newest first");
    assert_eq!(listed[0], own);
    assert_eq!(listed[1].agency, None);
    assert!(world.store.list_prompts(&world.agency, Some(PromptKey::Crisis)).await.unwrap().is_empty());
    let found = world.store.find_prompt(&world.agency, PromptKey::Reply, 2).await.unwrap();
    assert_eq!(found.as_ref(), Some(&own));
    assert_eq!(world.store.find_prompt_by_id(&world.agency, &own.id).await.unwrap(), found);
    assert_eq!(world.store.list_prompts(&AgencyId::INSTALLATION, None).await.unwrap().len(), 1);
}

async fn a_number_is_given_once_to_an_agency(database: TestDatabase) {
    let world = World::new(&database).await;
    let next =
        async |agency: &AgencyId| world.store.next_prompt_version(agency, PromptKey::Reply).await.unwrap();
    assert_eq!(next(&world.agency).await, 1);
    world.install(1, "built in").await.unwrap();
    assert_eq!(next(&world.agency).await, 2);
    let adding = (0..6).map(|n| {
        let version = world.version(2, &format!("words {n}"));
        world.of_agency([Change::AddPrompt(Box::new(version))])
    });
    let answers = futures::future::join_all(adding).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| is_conflict(answer)).count(), 5);
    let number_of_the_installation = Change::AddPrompt(Box::new(world.version(1, "mine")));
    assert!(is_conflict(&world.of_agency([number_of_the_installation]).await));
    // What comes with the program gets a number that is free everywhere, and others may have the same as one another.
    let south = world.another_agency().await;
    assert_eq!(next(&south.agency).await, 2);
    south.added(2, "theirs").await;
    assert_eq!(next(&AgencyId::INSTALLATION).await, 3);
}

async fn a_version_is_never_changed(database: TestDatabase) {
    let world = World::new(&database).await;
    world.install(1, "built in").await.unwrap();
    assert!(is_conflict(&world.install(1, "other words under the same number").await));
    let kept = world.store.find_prompt(&world.agency, PromptKey::Reply, 1).await.unwrap().unwrap();
    assert_eq!(kept.prompt.body, "built in");
    // Installing the same text again is no change.
    world.install(1, "built in").await.unwrap();
    let twice = PromptVersion { prompt: kept.prompt.clone(), ..world.version(2, "") };
    assert!(is_conflict(&world.of_agency([Change::AddPrompt(Box::new(twice))]).await));
}

async fn a_tenant_uses_its_own_choice_then_its_agencys_then_the_installations(database: TestDatabase) {
    let world = World::new(&database).await;
    let sister = world.neighbour().await;
    assert_eq!(world.prompts().await, PromptSet::default(), "nothing is installed yet");
    world.install(1, "built in").await.unwrap();
    assert_eq!(world.arms().await, [(1, 1)]);
    world.added(2, "ours").await;
    world.added(3, "for one of us").await;
    assert_eq!(world.arms().await, [(1, 1)], "adding is not using");
    world.of_agency([world.choose(None, Some(2)), world.choose(Some(world.tenant), Some(3))]).await.unwrap();
    assert_eq!((world.arms().await, sister.arms().await), (vec![(3, 1)], vec![(2, 1)]));
    let uses = world.store.prompts_in_use(&world.agency).await.unwrap();
    let uses: Vec<_> = uses.iter().map(|it| (it.tenant, it.version, it.is_default)).collect();
    assert_eq!(uses, [(None, 2, false), (Some(world.tenant), 3, false)]);
    // A new program brings new words: who has chosen keeps the choice.
    world.install(4, "built in, better").await.unwrap();
    assert_eq!(sister.arms().await, [(2, 1)]);
    world.of_agency([world.choose(None, None), world.choose(Some(world.tenant), None)]).await.unwrap();
    assert_eq!((world.arms().await, sister.arms().await), (vec![(4, 1)], vec![(4, 1)]));
    assert!(is_conflict(&world.of_agency([world.choose(None, Some(9))]).await));
}

async fn a_choice_reaches_every_tenant_that_is_awake(database: TestDatabase) {
    let world = World::new(&database).await;
    let (sister, stranger) = (world.neighbour().await, world.another_agency().await);
    world.install(1, "built in").await.unwrap();
    world.added(2, "ours").await;
    let before =
        (world.tenant_version().await, sister.tenant_version().await, stranger.tenant_version().await);
    world.of_agency([world.choose(None, Some(2))]).await.unwrap();
    let experiment = world.started(None, &[(1, 1), (2, 1)]).await;
    world.of_agency([world.end(&experiment, None)]).await.unwrap();
    let after =
        (world.tenant_version().await, sister.tenant_version().await, stranger.tenant_version().await);
    assert_eq!(after, (before.0 + 3, before.1 + 3, before.2));
    world.install(3, "built in, better").await.unwrap();
    assert_eq!(stranger.tenant_version().await, before.2 + 1, "new words of the program concern everybody");
}

async fn an_experiment_splits_conversations_and_a_restart_changes_nothing(database: TestDatabase) {
    let world = World::new(&database).await;
    world.install(1, "built in").await.unwrap();
    world.added(2, "ours").await;
    world.started(None, &[(1, 3), (2, 1)]).await;
    let split = |prompts: PromptSet| -> Vec<u32> {
        let version = |n: u32| prompts.choose(PromptKey::Reply, &format!("direct:{n}")).unwrap().version;
        (0..2_000).map(version).collect()
    };
    let given = split(world.prompts().await);
    let seconds = given.iter().filter(|version| **version == 2).count();
    assert!((400..600).contains(&seconds), "{seconds} of 2000 instead of about 500");
    // Tenants come, and a new process reads everything anew.
    let newcomer = world.tenant_named("newcomer").await;
    let reopened =
        World { store: database.open_with(std::sync::Arc::new(world.clock.clone())).await, ..world.clone() };
    assert_eq!(split(reopened.prompts().await), given);
    assert_eq!(newcomer.arms().await, [(1, 3), (2, 1)]);
}

async fn one_experiment_at_a_time_runs_with_a_prompt_of_a_tenant(database: TestDatabase) {
    let world = World::new(&database).await;
    let sister = world.neighbour().await;
    world.install(1, "built in").await.unwrap();
    world.added(2, "ours").await;
    let arms = [(1, 1), (2, 1)];
    let start = |tenant| Change::StartExperiment(Box::new(world.experiment(tenant, &arms)));
    let of_one = world.started(Some(world.tenant), &arms).await;
    assert!(is_conflict(&world.of_agency([start(Some(world.tenant))]).await));
    assert!(is_conflict(&world.of_agency([start(None)]).await), "it would take the tenant too");
    world.of_agency([start(Some(sister.tenant))]).await.unwrap();
    let unknown = Change::StartExperiment(Box::new(world.experiment(None, &[(1, 1), (9, 1)])));
    assert!(is_conflict(&world.of_agency([unknown]).await));
    let everywhere = PromptScope { agency: world.agency, tenant: None };
    let running = world.store.list_experiments(&everywhere, PageRequest::first(10)).await.unwrap();
    assert_eq!(running.len(), 2);
    world.of_agency([world.end(&of_one, None)]).await.unwrap();
    world.of_agency([start(Some(world.tenant))]).await.unwrap();
}

async fn stopping_goes_back_to_what_was_in_use(database: TestDatabase) {
    let world = World::new(&database).await;
    world.install(1, "built in").await.unwrap();
    world.added(2, "ours").await;
    world.added(3, "shorter").await;
    world.of_agency([world.choose(None, Some(2))]).await.unwrap();
    let experiment = world.started(None, &[(1, 1), (3, 1)]).await;
    assert_eq!(world.arms().await, [(1, 1), (3, 1)]);
    world.pass(Duration::from_secs(60));
    world.of_agency([world.end(&experiment, None)]).await.unwrap();
    assert_eq!(world.arms().await, [(2, 1)]);
    let found = world.store.find_experiment(&world.agency, &experiment.id).await.unwrap().unwrap();
    let expected = Experiment {
        status: ExperimentStatus::Stopped,
        ended_by: Some("key:2".into()),
        ended_at: Some(world.now()),
        ..experiment.clone()
    };
    assert_eq!(found, expected);
    assert!(
        is_conflict(&world.of_agency([world.end(&experiment, Some(3))]).await),
        "it does not run any more"
    );
    assert_eq!(world.arms().await, [(2, 1)]);
}

async fn the_promoted_arm_is_in_use_and_the_experiment_has_ended(database: TestDatabase) {
    let world = World::new(&database).await;
    world.install(1, "built in").await.unwrap();
    world.added(2, "ours").await;
    world.added(3, "never tried").await;
    let experiment = world.started(None, &[(1, 1), (2, 1)]).await;
    assert!(is_conflict(&world.of_agency([world.end(&experiment, Some(3))]).await), "it is none of the arms");
    assert_eq!(world.arms().await, [(1, 1), (2, 1)]);
    world.of_agency([world.end(&experiment, Some(2))]).await.unwrap();
    assert_eq!(world.arms().await, [(2, 1)]);
    let prompts = world.prompts().await;
    let version = |n: u32| prompts.choose(PromptKey::Reply, &format!("direct:{n}")).unwrap().version;
    assert!((0..100).all(|n| version(n) == 2), "everybody gets the winner");
    let found = world.store.find_experiment(&world.agency, &experiment.id).await.unwrap().unwrap();
    assert_eq!((found.status, found.winner), (ExperimentStatus::Promoted, Some(2)));
}

async fn of_many_who_end_an_experiment_at_once_one_succeeds(database: TestDatabase) {
    let world = World::new(&database).await;
    world.install(1, "built in").await.unwrap();
    world.added(2, "ours").await;
    let experiment = world.started(None, &[(1, 1), (2, 1)]).await;
    let ends = (0..6).map(|n| world.of_agency([world.end(&experiment, (n % 2 == 0).then_some(2))]));
    let answers = futures::future::join_all(ends).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let found = world.store.find_experiment(&world.agency, &experiment.id).await.unwrap().unwrap();
    let expected = if found.winner == Some(2) { 2 } else { 1 };
    assert_eq!(world.arms().await, [(expected, 1)]);
}

async fn an_experiment_with_one_tenant_leaves_the_others_alone(database: TestDatabase) {
    let world = World::new(&database).await;
    let sister = world.neighbour().await;
    world.install(1, "built in").await.unwrap();
    world.added(2, "ours").await;
    let experiment = world.started(Some(world.tenant), &[(1, 1), (2, 1)]).await;
    assert_eq!((world.arms().await, sister.arms().await), (vec![(1, 1), (2, 1)], vec![(1, 1)]));
    let seen_by = async |world: &World| {
        let scope = PromptScope { agency: world.agency, tenant: Some(world.tenant) };
        world.store.list_experiments(&scope, PageRequest::first(10)).await.unwrap().len()
    };
    assert_eq!((seen_by(&world).await, seen_by(&sister).await), (1, 0));
    world.of_agency([world.end(&experiment, Some(2))]).await.unwrap();
    assert_eq!((world.arms().await, sister.arms().await), (vec![(2, 1)], vec![(1, 1)]));
}

/// By hand: of version 1's ten verdicts eight are approvals: 0.8, Wilson 0.490 to 0.943; of the nine texts sent one
/// differs by a quarter: mean 0.25 / 9 = 0.0278. Each decision
/// cost 200; two calls for one event cost 300 and 100 and took 70 and 30 milliseconds.
async fn results_are_those_of_the_history(database: TestDatabase) {
    let world = World::new(&database).await;
    let sister = world.neighbour().await;
    let stranger = world.another_agency().await;
    world.install(1, "built in").await.unwrap();
    world.added(2, "ours").await;
    world.decided("reply@1", Some(VerdictKind::Rejected), None).await;
    world.pass(Duration::from_secs(60));
    let experiment = world.started(None, &[(1, 1), (2, 1)]).await;
    for _ in 0..8 {
        world.decided("reply@1", Some(VerdictKind::Approved), None).await;
    }
    world.decided("reply@1", Some(VerdictKind::Edited), Some(0.25)).await;
    sister.decided("reply@1", Some(VerdictKind::Rejected), None).await;
    world.decided("reply@1", None, None).await;
    let event = EventId::new(&world.ids);
    world.called(event, "reply@2", 300, 70_000).await;
    world.called(event, "reply@2", 100, 30_000).await;
    world.called(event, "classify@2", 5, 1_000).await;
    world.judged(event, VerdictKind::Approved, None).await;
    stranger.decided("reply@2", Some(VerdictKind::Rejected), None).await;
    world.pass(Duration::from_secs(60));
    world.of_agency([world.end(&experiment, Some(2))]).await.unwrap();
    world.decided("reply@2", Some(VerdictKind::Rejected), None).await;

    let experiment = world.store.find_experiment(&world.agency, &experiment.id).await.unwrap().unwrap();
    let query = OutcomeQuery::of(&experiment);
    let results = ExperimentResults::of(&experiment, &world.store.arm_outcomes(&query).await.unwrap());
    let first = &results.arms[0];
    assert_eq!((first.decisions, first.approved, first.edited, first.rejected), (11, 8, 1, 1));
    let rate = first.approval_rate.unwrap();
    assert_eq!(format!("{:.3} {:.3} {:.3}", rate.value, rate.low, rate.high), "0.800 0.490 0.943");
    assert_eq!(format!("{:.4}", first.edit_distance.unwrap().value), "0.0278");
    assert_eq!((first.mean_cost_micro_usd, first.latency_p50_us), (Some(200.0), Some(40_000)));
    let second = &results.arms[1];
    assert_eq!((second.decisions, second.approved, second.edited, second.rejected), (1, 1, 0, 0));
    assert_eq!((second.mean_cost_micro_usd, second.latency_p95_us), (Some(400.0), Some(100_000)));

    let of_the_sister =
        OutcomeQuery { scope: PromptScope { tenant: Some(sister.tenant), ..query.scope }, ..query };
    let seen = world.store.arm_outcomes(&of_the_sister).await.unwrap();
    assert_eq!(seen.iter().map(|it| it.reaction).collect::<Vec<_>>(), [Some(Reaction::Rejected)]);
}

async fn nobody_sees_or_uses_prompts_and_experiments_of_another_agency(database: TestDatabase) {
    let north = World::new(&database).await;
    let south = north.another_agency().await;
    north.install(1, "built in").await.unwrap();
    let own = north.added(2, "the secrets of the north").await;
    let experiment = north.started(None, &[(1, 1), (2, 1)]).await;

    assert!(south.store.find_prompt(&south.agency, PromptKey::Reply, 2).await.unwrap().is_none());
    assert!(south.store.find_prompt_by_id(&south.agency, &own.id).await.unwrap().is_none());
    assert_eq!(south.store.list_prompts(&south.agency, None).await.unwrap().len(), 1);
    assert!(south.store.find_experiment(&south.agency, &experiment.id).await.unwrap().is_none());
    let scope = PromptScope { agency: south.agency, tenant: None };
    assert!(south.store.list_experiments(&scope, PageRequest::first(10)).await.unwrap().is_empty());
    assert_eq!(south.arms().await, [(1, 1)]);

    let their_tenant = Some(north.tenant);
    let trespasses = [
        south.choose(None, Some(2)),
        south.choose(their_tenant, Some(1)),
        south.end(&experiment, None),
        Change::StartExperiment(Box::new(south.experiment(None, &[(1, 1), (2, 1)]))),
        Change::AddPrompt(Box::new(PromptVersion { agency: Some(north.agency), ..south.version(3, "x") })),
        Change::StartExperiment(Box::new(north.experiment(None, &[(1, 1), (2, 1)]))),
        Change::InstallPrompt(Box::new(PromptVersion { agency: None, ..south.version(9, "x") })),
    ];
    for trespass in trespasses {
        let words = format!("{trespass:?}");
        assert!(is_conflict(&south.of_agency([trespass]).await), "{words}");
    }
    south.of_agency([south.choose(their_tenant, None)]).await.unwrap();
    assert_eq!(north.arms().await, [(1, 1), (2, 1)]);
    // Each agency has versions of its own under the same number.
    south.added(2, "the secrets of the south").await;
    south.of_agency([south.choose(None, Some(2))]).await.unwrap();
    let bodies = |prompts: PromptSet| -> BTreeSet<String> {
        prompts.choices.values().flat_map(|it| &it.arms).map(|arm| arm.prompt.body.clone()).collect()
    };
    assert_eq!(bodies(south.prompts().await), ["the secrets of the south".to_owned()].into());
    assert_eq!(
        bodies(north.prompts().await),
        ["built in".to_owned(), "the secrets of the north".to_owned()].into()
    );
}

async fn thousands_of_tenants_share_one_text(database: TestDatabase) {
    let world = World::new(&database).await;
    let sister = world.neighbour().await;
    world.install(1, "built in").await.unwrap();
    let (ours, theirs) = (world.prompts().await, sister.prompts().await);
    let text = |prompts: &PromptSet| std::sync::Arc::clone(prompts.choose(PromptKey::Reply, "x").unwrap());
    assert!(std::sync::Arc::ptr_eq(&text(&ours), &text(&theirs)));
}
