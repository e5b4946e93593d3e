//! Stories: a day is recorded, and rehearsed with another configuration.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use llm::testing::{Call, ScriptedRouter, Step, classification};
use llm::{Answer, ClassifyRequest, LlmError, LlmRouter, OfflineProvider, ReplyRequest};
use proptest::prelude::*;
use serde_json::{Value, json};
use tenants::budget::TenantBudget;
use tenants::clock::ManualClock;
use tenants::decision::Outcome;
use tenants::event::{EventBody, EventKind, InboxEvent};
use tenants::ids::{Ids, MemoryId, RuleId, TenantId};
use tenants::intent::{Classification, Intent};
use tenants::memory::{MemoryFilter, MemoryItem, MemoryKind, MemoryStats, Recall, Recalled, Visibility};
use tenants::money::MicroUsd;
use tenants::ports::{DecisionRecords, Memory, MemoryError, MentionText, PageRequest, StoreError};
use tenants::prompt::PromptKey;
use tenants::rehearsal::{ConfigurationPart, DifferenceKind, Period, RecordedDecision};
use tenants::rule::{Rule, RuleAction, TriggerKind};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::decide::testing::{World, hours, maria, noon};

/// A day as it was recorded.
#[derive(Debug, Clone, Default)]
struct Day {
    decisions: Vec<RecordedDecision>,
    parts: Vec<ConfigurationPart>,
}

#[async_trait]
impl DecisionRecords for Day {
    async fn recorded_decisions(
        &self,
        _tenant: &TenantId,
        _period: Period,
        after: i64,
        limit: u32,
    ) -> Result<Vec<RecordedDecision>, StoreError> {
        let later = self.decisions.iter().filter(|it| it.seq > after);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn configuration_parts(
        &self,
        _tenant: &TenantId,
        hashes: &[String],
    ) -> Result<Vec<ConfigurationPart>, StoreError> {
        Ok(self.parts.iter().filter(|part| hashes.contains(&part.hash)).cloned().collect())
    }
}

/// What was recorded of these events, as it would be read back.
fn recorded(world: &World, events: &[InboxEvent]) -> Day {
    let rows = world.store.rows();
    let made = rows.audit.iter().filter(|entry| entry.event_type == "decision.made");
    let decisions = made.enumerate().map(|(index, entry)| {
        let details = entry.details.value();
        let event = events.iter().find(|event| details["event"] == json!(event.id)).cloned();
        RecordedDecision { seq: index as i64 + 1, details, event }
    });
    Day { decisions: decisions.collect(), parts: rows.parts.clone() }
}

#[derive(Default)]
struct Notes(Vec<Difference>);

#[async_trait]
impl Watch for Notes {
    async fn goes_on(&mut self, _report: &Report, found: Vec<Difference>) -> Result<(), RehearsalError> {
        self.0.extend(found);
        Ok(())
    }
}

fn offline() -> Arc<dyn LlmRouter> {
    // Its clock stands still: how long an answer takes is told, and never the same.
    Arc::new(OfflineProvider::new(Arc::new(ManualClock::at(0))).unwrap())
}

fn never() -> ModelsOf {
    ModelsOf { offline: offline(), has_others: false, asking: Asking::Never }
}

fn rehearser(world: &World, day: &Day, models: ModelsOf) -> Rehearser {
    let (ids, cancel) = (world.ports.ids.clone(), CancellationToken::new());
    Rehearser { records: Arc::new(day.clone()), ids, models, cancel }
}

fn asked(changed: Changed) -> Asked {
    let period = Period { from: noon(), until: noon() + hours(24) };
    Asked { period, max_events: 1_000, changed }
}

async fn rehearse(world: &World, day: &Day, models: ModelsOf, changed: Changed) -> (Report, Vec<Difference>) {
    let (rehearser, mut notes) = (rehearser(world, day, models), Notes::default());
    let tenant = world.context.tenant.id;
    let report = rehearser.rehearse(&tenant, &world.context, &asked(changed), &mut notes).await.unwrap();
    (report, notes.0)
}

fn say(variation: &str) -> RuleAction {
    RuleAction::Reply { variations: vec![variation.to_owned()] }
}

/// A tenant that has set rules, and everything that can happen to it.
async fn a_full_day() -> (World, Day) {
    let mut world = World::new()
        .rule("shipping", TriggerKind::Comment, "shipping", vec![say("We ship everywhere, {name}!")])
        .rule("scams", TriggerKind::Comment, "crypto", vec![RuleAction::Hide, RuleAction::Stop])
        .rule("vip", TriggerKind::Dm, "vip", vec![RuleAction::Tag { tag: "vip".into() }]);
    world.change_context(|context| context.rules[0].daily_cap = Some(1));
    let mention = MentionText { author: maria(), text: "I love my new @acme bag".into() };
    world.instagram.0.lock().unwrap().insert("m9".into(), Ok(Some(mention)));
    let mut events = vec![
        world.comment("what about shipping?"),
        world.comment("shipping, anyone?"),
        world.comment("get crypto for free"),
        world.comment("This is wonderful, thank you so much!"),
        world.comment("Do you have this in blue?"),
        world.comment("My parcel arrived broken and nobody answers, this is the worst shop"),
        world.comment("I will call my lawyer, the fire almost killed my son"),
        world.comment("@maria 😂"),
        world.message("hello vip here, how much is the red one?"),
        world.photo(),
        world.message("STOP"),
        world.message("are you there?"),
        world.message("START"),
        world.mention("m9"),
        world.mention("gone"),
        world.own_comment("our own words", Some("c1")),
        world.echo("hi, this is Ben from the shop"),
        world.message("thank you, Ben"),
        world.message_of(EventKind::StoryReply, "what a lovely story"),
    ];
    events.push(world.event(
        EventKind::MessageDeleted,
        "d1",
        "dm:77".into(),
        EventBody::MessageDeleted { mid: "m9".into(), person: Some(maria()) },
    ));
    events.push(world.event(EventKind::PolicyEnforcement, "p1", "policy".into(), EventBody::Raw));
    for event in &events {
        world.clock.advance(hours(1) / 4);
        world.happens(event).await;
    }
    let day = recorded(&world, &events);
    assert!(day.decisions.len() > 18, "{}", day.decisions.len());
    (world, day)
}

#[tokio::test]
async fn without_a_change_every_decision_of_a_day_is_identical() {
    let (world, day) = a_full_day().await;
    let (report, found) = rehearse(&world, &day, never(), Changed::default()).await;
    assert_eq!(found, []);
    assert_eq!((report.events, report.same), (day.decisions.len() as u64, day.decisions.len() as u64));
    assert!(report.escalations.recorded > 0 && report.rules.len() == 3, "{report:?}");
    assert_eq!((report.models.offline, report.models.stopgap), (0, 0), "the record answers everything");
}

#[tokio::test]
async fn without_a_change_a_day_is_identical_whatever_the_tenant_has_changed_since() {
    let (mut world, day) = a_full_day().await;
    world.change_context(|context| {
        context.rules.clear();
        context.settings.min_confidence = 0.99;
    });
    let (report, found) = rehearse(&world, &day, never(), Changed::default()).await;
    assert_eq!((report.same, found.len()), (report.events, 0));
    let present = Changed { base: Base::Present, ..Changed::default() };
    let (report, _) = rehearse(&world, &day, never(), present).await;
    assert!(report.differing > 3, "{report:?}");
    assert!(report.rules.values().all(|rule| rule.rehearsed == 0 && rule.recorded > 0));
}

/// A memory that gives the same to every question.
struct Remembers(Vec<(MemoryKind, String)>);

#[async_trait]
impl Memory for Remembers {
    async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError> {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 5);
        let item = |(kind, text): &(MemoryKind, String)| {
            let (id, visibility) = (MemoryId::new(&ids), Visibility::Customer);
            let item = MemoryItem::new(id, *tenant, *kind, visibility, text.clone(), "test", recall.now);
            Recalled { item, score: 0.123_456, words_rank: Some(1), meaning_rank: None, decay: 0.5 }
        };
        Ok(self.0.iter().map(item).collect())
    }

    async fn find(&self, _: &TenantId, _: &MemoryId) -> Result<Option<MemoryItem>, MemoryError> {
        Err(MemoryError::Absent("not asked"))
    }

    async fn find_same(&self, _: &TenantId, _: &MemoryItem) -> Result<Option<MemoryItem>, MemoryError> {
        Err(MemoryError::Absent("not asked"))
    }

    async fn list(
        &self,
        _: &TenantId,
        _: &MemoryFilter,
        _: PageRequest,
    ) -> Result<Vec<MemoryItem>, MemoryError> {
        Err(MemoryError::Absent("not asked"))
    }

    async fn stats(&self, _: &TenantId) -> Result<MemoryStats, MemoryError> {
        Err(MemoryError::Absent("not asked"))
    }

    async fn rebuild(&self, _: &TenantId) -> Result<(), MemoryError> {
        Err(MemoryError::Absent("not asked"))
    }
}

#[tokio::test]
async fn what_was_recalled_is_recalled_again_in_full_and_kept_once() {
    let mut world = World::new();
    let long = format!("Do you ship to Spain? Yes, {} in three days.", "by land and by sea and ".repeat(9));
    let facts = [
        (MemoryKind::Interaction, "x".repeat(300)),
        (MemoryKind::BrandFact, long.clone()),
        (MemoryKind::ApprovedAnswer, "Is it waterproof? It is.".to_owned()),
    ];
    world.ports.memory = Arc::new(Remembers(facts.to_vec()));
    let events = [world.comment("Do you ship to Spain?"), world.comment("And do you ship to Spain?")];
    for event in &events {
        world.happens(event).await;
    }
    let day = recorded(&world, &events);
    let longs: Vec<_> = day.parts.iter().filter(|part| part.body.contains("by sea")).collect();
    assert!(!longs.is_empty() && longs.iter().all(|part| part.hash == longs[0].hash));
    world.ports.memory = Arc::new(Remembers(Vec::new()));
    let (report, found) = rehearse(&world, &day, never(), Changed::default()).await;
    assert_eq!((report.same, found, report.unremembered), (2, Vec::new(), 0));

    let mut forgetful = day.clone();
    forgetful.parts.retain(|part| !part.body.contains("by sea"));
    let (report, _) = rehearse(&world, &forgetful, never(), Changed::default()).await;
    assert_eq!(report.not_exact, 2, "a fact that is gone is not made up");
}

#[tokio::test]
async fn an_event_that_needed_no_memory_is_decided_without_and_that_is_said() {
    let (world, day) = a_full_day().await;
    let changed = Changed { rules: Some(Vec::new()), ..Changed::default() };
    let (report, _) = rehearse(&world, &day, never(), changed).await;
    assert_eq!(report.unremembered, 2, "two were settled by rules");
}

#[tokio::test]
async fn a_changed_rule_shows_exactly_what_it_changes() {
    let (world, day) = a_full_day().await;
    let mut shipping = world.context.rules[0].clone();
    shipping.actions = vec![say("Everywhere in Europe.")];
    shipping.daily_cap = Some(2);
    let changed = Changed { put_rules: vec![shipping], ..Changed::default() };
    let (report, found) = rehearse(&world, &day, never(), changed).await;
    let texts: Vec<_> = found.iter().map(|it| it.incoming_text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["what about shipping?", "shipping, anyone?"]);
    assert_eq!(found[0].kinds, [DifferenceKind::Text]);
    assert_eq!(found[0].recorded.actions[0].text(), Some("We ship everywhere, @maria.rossi!"));
    assert_eq!(found[0].rehearsed.actions[0].text(), Some("Everywhere in Europe."));
    assert!(
        found[1].kinds.contains(&DifferenceKind::Rules),
        "the cap had been reached: {:?}",
        found[1].kinds
    );
    let shipping = report.rules.values().find(|rule| rule.name == "shipping").unwrap();
    assert_eq!((shipping.recorded, shipping.rehearsed), (1, 2));
    assert_eq!(report.same, report.events - 2);
}

#[tokio::test]
async fn the_cap_of_a_new_rule_is_counted_within_the_rehearsal() {
    let (world, day) = a_full_day().await;
    let rule = Rule {
        name: "everybody".into(),
        conditions: Vec::new(),
        actions: vec![say("Hello!")],
        daily_cap: Some(3),
        id: RuleId::new(&world.ports.ids),
        ..world.context.rules[0].clone()
    };
    let changed = Changed { rules: Some(vec![rule]), ..Changed::default() };
    let (report, _) = rehearse(&world, &day, never(), changed).await;
    let new = report.rules.values().find(|rule| rule.name == "everybody").unwrap();
    assert_eq!((new.recorded, new.rehearsed), (0, 3));
}

#[tokio::test]
async fn a_threshold_that_is_lower_lets_more_be_done_without_a_person() {
    let world = World::new();
    for (text, confidence) in [("nice one", 0.55), ("so nice", 0.9), ("nicest", 0.3)] {
        world.script.on(text, [Step::Classify(classification(Intent::Praise, confidence))]);
    }
    let events = ["nice one", "so nice", "nicest"].map(|text| world.comment(text));
    for event in &events {
        world.happens(event).await;
    }
    let day = recorded(&world, &events);
    let changed = Changed { settings: Some(json!({ "min_confidence": 0.5 })), ..Changed::default() };
    let (report, found) = rehearse(&world, &day, never(), changed).await;
    assert_eq!(report.outcomes, [("draft to act".to_owned(), 1)].into());
    let differing: Vec<_> = found.iter().map(|it| (it.event, it.kinds.clone())).collect();
    let kinds = vec![DifferenceKind::Outcome, DifferenceKind::Mode, DifferenceKind::Effects];
    assert_eq!(differing, [(events[0].id, kinds)]);
    assert_eq!(report.models.record, 6, "nobody was asked anew");
}

/// A model that costs something.
struct Paid(Arc<ScriptedRouter>, i64);

impl Paid {
    fn charged<T>(&self, answer: Answer<T>) -> Answer<T> {
        Answer { provider: "paid".into(), cost_micro_usd: self.1, ..answer }
    }
}

#[async_trait]
impl LlmRouter for Paid {
    async fn classify(&self, request: ClassifyRequest) -> Result<Answer<Classification>, LlmError> {
        self.0.classify(request).await.map(|answer| self.charged(answer))
    }

    async fn reply(&self, request: ReplyRequest) -> Result<Answer<String>, LlmError> {
        self.0.reply(request).await.map(|answer| self.charged(answer))
    }
}

const QUESTIONS: [&str; 3] = ["do you ship to Spain?", "is it waterproof?", "can I return it?"];

fn script(reply: &str) -> Arc<ScriptedRouter> {
    let script = ScriptedRouter::new();
    for text in QUESTIONS {
        script.on(text, [Step::Classify(classification(Intent::Question, 0.9)), Step::Reply(reply.into())]);
    }
    script
}

/// Three questions that a paid model answered, for 100 micro-dollars a call.
async fn a_paid_day() -> (World, Day) {
    let mut world = World::new();
    world.ports.llm = Arc::new(Paid(script("Yes, gladly!"), 100));
    let events = QUESTIONS.map(|text| world.comment(text));
    for event in &events {
        world.happens(event).await;
    }
    let day = recorded(&world, &events);
    (world, day)
}

/// What a tenant may spend when it is asked for the first, the second time, and so on; the last one stays.
struct Allowances(Mutex<Vec<Option<TenantBudget>>>);

impl Allowances {
    fn of(budgets: impl IntoIterator<Item = Option<i64>>) -> Arc<Self> {
        let budget = |daily| TenantBudget { daily: MicroUsd(daily), ..TenantBudget::default() };
        Arc::new(Self(Mutex::new(budgets.into_iter().map(|daily| daily.map(budget)).collect())))
    }
}

#[async_trait]
impl Payers for Allowances {
    async fn payer(&self, _tenant: &TenantId) -> Result<Option<TenantBudget>, StoreError> {
        let mut budgets = self.0.lock().unwrap();
        Ok(if budgets.len() > 1 { budgets.remove(0) } else { budgets[0].clone() })
    }
}

fn asking(router: Arc<dyn LlmRouter>, limit: i64) -> ModelsOf {
    asking_for(Allowances::of([Some(1_000_000)]), router, limit)
}

fn asking_for(payers: Arc<Allowances>, router: Arc<dyn LlmRouter>, limit: i64) -> ModelsOf {
    let asking = Asking::UpTo { router, payers, limit: MicroUsd(limit) };
    ModelsOf { offline: offline(), has_others: true, asking }
}

fn another_prompt() -> Changed {
    Changed { prompts: [(PromptKey::Reply, "Answer briefly.".to_owned())].into(), ..Changed::default() }
}

#[tokio::test]
async fn another_prompt_is_tried_on_a_model_and_both_texts_are_told() {
    let (world, day) = a_paid_day().await;
    let model = script("Yes.");
    let models = asking(Arc::new(Paid(model.clone(), 70)), 10_000);
    let (report, found) = rehearse(&world, &day, models, another_prompt()).await;
    assert_eq!(report.differing, 3);
    assert_eq!(found[0].recorded.proposed[0].text(), Some("Yes, gladly!"));
    assert_eq!(found[0].rehearsed.proposed[0].text(), Some("Yes."));
    assert_eq!(found[0].kinds, [DifferenceKind::Text, DifferenceKind::Cost]);
    assert_eq!(found[0].answers, [Source::Record, Source::Model], "the classification was the same question");
    assert_eq!(report.cost, Costs { recorded_micro_usd: 600, rehearsed_micro_usd: 510, unpriced: 0 });
    assert_eq!(report.models.spent_micro_usd, 210);
    let calls = model.calls();
    assert_eq!(calls.len(), 3);
    for call in calls {
        let Call::Reply(request) = call else { panic!("asked for a classification") };
        assert_eq!(request.behalf.event, None, "the event is not charged again");
        let prompt = request.behalf.prompts.choose(PromptKey::Reply, "any").unwrap();
        assert_eq!(prompt.body, "Answer briefly.");
    }
}

#[tokio::test]
async fn a_budget_that_is_cut_meanwhile_holds_for_the_next_call() {
    let (world, day) = a_paid_day().await;
    let model = script("Yes.");
    let payers = Allowances::of([Some(5_000), Some(70), Some(0)]);
    let models = asking_for(payers, Arc::new(Paid(model.clone(), 70)), 10_000);
    rehearse(&world, &day, models, another_prompt()).await;
    let paid_from = |call: &Call| match call {
        Call::Reply(request) => request.behalf.budget.daily.0,
        Call::Classify(request) => request.behalf.budget.daily.0,
    };
    assert_eq!(model.calls().iter().map(paid_from).collect::<Vec<_>>(), [5_000, 70, 0]);
}

#[tokio::test]
async fn a_tenant_that_is_suspended_meanwhile_pays_for_nothing_more() {
    let (world, day) = a_paid_day().await;
    let model = script("Yes.");
    let models = asking_for(Allowances::of([Some(5_000), None]), Arc::new(Paid(model.clone(), 70)), 10_000);
    let (rehearser, mut notes) = (rehearser(&world, &day, models), Notes::default());
    let tenant = world.context.tenant.id;
    let asked = asked(another_prompt());
    let ended = rehearser.rehearse(&tenant, &world.context, &asked, &mut notes).await;
    assert!(matches!(ended, Err(RehearsalError::Suspended(of)) if of == tenant), "{ended:?}");
    assert_eq!(model.calls().len(), 1);
}

#[tokio::test]
async fn no_more_is_spent_than_allowed_and_what_was_not_asked_is_said() {
    let (world, day) = a_paid_day().await;
    let models = asking(Arc::new(Paid(script("Yes."), 70)), 100);
    let (report, found) = rehearse(&world, &day, models, another_prompt()).await;
    assert_eq!((report.models.model, report.models.stopgap), (2, 1));
    assert_eq!((report.models.spent_micro_usd, report.cost.unpriced), (140, 1));
    assert_eq!(found[2].answers, [Source::Record, Source::Stopgap]);
    let never = ModelsOf { has_others: true, ..never() };
    let (report, _) = rehearse(&world, &day, never, another_prompt()).await;
    assert_eq!((report.models.model, report.models.stopgap, report.models.spent_micro_usd), (0, 3, 0));
}

#[tokio::test]
async fn a_budget_of_zero_lets_the_offline_provider_answer_and_says_so() {
    let (world, day) = a_paid_day().await;
    let models = asking(Arc::new(Paid(script("Yes."), 70)), 10_000);
    let changed = Changed { budget: Some(MicroUsd(0)), ..Changed::default() };
    let (report, found) = rehearse(&world, &day, models, changed).await;
    assert_eq!((report.differing, report.models.spent_micro_usd), (3, 0));
    assert!(report.models.degraded >= 3, "{:?}", report.models);
    assert_eq!(report.cost.rehearsed_micro_usd, 0);
    for difference in found {
        assert_eq!(difference.answers[0], Source::Degraded);
        assert_ne!(difference.rehearsed.outcome, Outcome::Act);
    }
}

#[tokio::test]
async fn a_budget_that_suffices_for_a_part_of_the_day_degrades_the_rest() {
    let (world, day) = a_paid_day().await;
    let changed = Changed { budget: Some(MicroUsd(450)), ..Changed::default() };
    let (report, _) = rehearse(&world, &day, never(), changed).await;
    assert_eq!((report.same, report.differing), (2, 1), "four of six calls can be paid");
    assert_eq!((report.models.record, report.models.degraded), (4, 2));
}

#[tokio::test]
async fn with_other_models_only_what_was_free_still_stands() {
    let (world, day) = a_paid_day().await;
    let models = asking(Arc::new(Paid(script("Certainly."), 10)), 10_000);
    let changed = Changed { models: true, ..Changed::default() };
    let (report, _) = rehearse(&world, &day, models, changed).await;
    assert_eq!((report.models.record, report.models.model), (0, 6));
    assert_eq!(report.cost.rehearsed_micro_usd, 60);
}

#[tokio::test]
async fn a_model_that_failed_fails_again_and_one_that_fails_now_is_told() {
    let mut world = World::new();
    let invalid = LlmError::InvalidOutput { reason: "no JSON".into() };
    world.script.on("what is this?", [Step::Fail(invalid)]);
    let events = [world.comment("what is this?"), world.comment("do you ship to Spain?")];
    world.happens(&events[0]).await;
    world.ports.llm = Arc::new(Paid(script("Yes, gladly!"), 100));
    world.happens(&events[1]).await;
    let day = recorded(&world, &events);
    let (report, _) = rehearse(&world, &day, never(), Changed::default()).await;
    assert_eq!((report.events, report.same), (2, 2));
    let models = asking(ScriptedRouter::new(), 100);
    let (report, _) = rehearse(&world, &day, models, another_prompt()).await;
    assert_eq!((report.same, report.skipped, report.models.failed), (1, 1, 0), "{:?}", report.reasons);
    assert_eq!(report.reasons.keys().collect::<Vec<_>>(), ["a model that was asked did not answer"]);
}

#[tokio::test]
async fn what_an_older_version_recorded_is_counted_and_not_guessed() {
    let (world, mut day) = a_full_day().await;
    let all = day.decisions.len() as u64;
    for recorded in &mut day.decisions[..3] {
        recorded.details.as_object_mut().unwrap().remove("situation");
    }
    day.decisions[3].event = None;
    day.decisions[4].details["situation"]["with"] = json!("0000");
    day.decisions[5].details["situation"]["hits"] = Value::Null;
    day.decisions[6].details["situation"] = json!("spoiled");
    let (report, found) = rehearse(&world, &day, never(), Changed::default()).await;
    assert_eq!((report.events, report.not_exact, report.same, found.len()), (all, 7, all - 7, 0));
    assert_eq!(report.reasons.len(), 5, "{:?}", report.reasons);
    assert_eq!(report.reasons["recorded by a version that did not keep the situation"], 3);
}

#[tokio::test]
async fn no_more_events_are_looked_at_than_asked_for() {
    let (world, day) = a_full_day().await;
    let rehearser = rehearser(&world, &day, never());
    let asked = Asked { max_events: 5, ..asked(Changed::default()) };
    let tenant = world.context.tenant.id;
    let report = rehearser.rehearse(&tenant, &world.context, &asked, &mut Notes::default()).await.unwrap();
    assert_eq!((report.events, report.is_cut), (5, true));
    let asked = Asked { max_events: day.decisions.len() as u64, ..asked };
    let report = rehearser.rehearse(&tenant, &world.context, &asked, &mut Notes::default()).await.unwrap();
    assert!(!report.is_cut);
}

#[tokio::test]
async fn a_cancelled_rehearsal_has_no_result() {
    let (world, day) = a_full_day().await;
    let rehearser = rehearser(&world, &day, never());
    rehearser.cancel.cancel();
    let (tenant, asked) = (world.context.tenant.id, asked(Changed::default()));
    let ended = rehearser.rehearse(&tenant, &world.context, &asked, &mut Notes::default()).await;
    assert!(matches!(ended, Err(RehearsalError::Cancelled)), "{ended:?}");
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_before_the_first_event() {
    let (world, day) = a_full_day().await;
    let rehearser = rehearser(&world, &day, never());
    let changed = Changed { settings: Some(json!({ "min_confidence": 7 })), ..Changed::default() };
    let (tenant, asked) = (world.context.tenant.id, asked(changed));
    let ended = rehearser.rehearse(&tenant, &world.context, &asked, &mut Notes::default()).await;
    assert!(matches!(ended, Err(RehearsalError::Invalid(_))), "{ended:?}");
}

fn any_changed() -> impl Strategy<Value = Changed> {
    let actions = prop_oneof![
        Just(RuleAction::Hide),
        Just(RuleAction::Delete),
        Just(RuleAction::Like),
        Just(RuleAction::Escalate),
        Just(RuleAction::Stop),
        "[a-z ]{1,20}".prop_map(|text| say(&text)),
        "[a-z ]{1,20}".prop_map(|text| RuleAction::PrivateReply { variations: vec![text] }),
        "[a-z ]{1,20}".prop_map(|text| RuleAction::Dm { variations: vec![text] }),
    ];
    let rule = (actions, 0..4u32, any::<bool>(), 0..4usize);
    let settings = (0.0..=1.0f32, any::<bool>(), any::<bool>());
    let rest = (proptest::option::of(0..3i64), any::<bool>(), any::<bool>());
    (proptest::collection::vec(rule, 0..4), settings, rest).prop_map(|(rules, settings, rest)| {
        let world = World::new();
        let base = world.rule("base", TriggerKind::Comment, "", vec![RuleAction::Hide]);
        let base = base.context.rules[0].clone();
        let other_ids = Ids::seeded(Arc::new(ManualClock::at(0)), 99);
        let kinds = [TriggerKind::Comment, TriggerKind::Dm, TriggerKind::Mention, TriggerKind::StoryReply];
        let to_rule = |(index, (action, cap, dry_run, on)): (usize, (RuleAction, u32, bool, usize))| {
            let mut rule =
                Rule { name: format!("rule {index}"), actions: vec![action], dry_run, ..base.clone() };
            rule.id = RuleId::new(&other_ids);
            rule.daily_cap = (cap > 0).then_some(cap);
            rule.trigger.on = kinds[on];
            rule.conditions.clear();
            rule
        };
        let (min_confidence, all_acts, quiet) = settings;
        let mut patch = json!({ "min_confidence": min_confidence });
        if all_acts {
            patch["modes"] = json!({ "question": "A", "complaint": "A", "lead": "A", "other": "A" });
        }
        if quiet {
            patch["quiet_hours"] = json!({ "from": "10:00", "until": "18:00" });
        }
        Changed {
            base: if rest.1 { Base::Present } else { Base::Recorded },
            put_rules: rules
                .into_iter()
                .enumerate()
                .map(to_rule)
                .filter(|rule| rule.validate().is_ok())
                .collect(),
            settings: Some(patch),
            budget: rest.0.map(|budget| MicroUsd(budget * 100)),
            models: rest.2,
            ..Changed::default()
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The rehearser holds no store and no messenger; what it could have reached stays as it was, whatever is changed.
    #[test]
    fn no_configuration_leads_to_a_write_and_every_event_is_accounted_for(changed in any_changed()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (world, day) = a_full_day().await;
            let before = format!("{:?}", world.store.rows());
            let calls = world.script.calls().len();
            let (report, found) = rehearse(&world, &day, never(), changed.clone()).await;
            assert_eq!(format!("{:?}", world.store.rows()), before);
            assert_eq!(world.script.calls().len(), calls, "no model of the node was asked");
            let parts = report.same + report.differing + report.not_exact + report.skipped;
            assert_eq!((parts, report.events), (report.events, day.decisions.len() as u64));
            assert_eq!((report.differing, report.not_exact, report.skipped), (found.len() as u64, 0, 0));
            let again = rehearse(&world, &day, never(), changed).await;
            assert_eq!(again, (report, found), "a rehearsal is the same every time");
        });
    }
}
