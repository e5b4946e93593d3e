//! In what two decisions about one event differ.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenants::clock::Timestamp;
use tenants::decision::{Decision, Outcome, Step, TraceStep};
use tenants::effect::Action;
use tenants::ids::EventId;
use tenants::intent::Intent;
use tenants::rehearsal::DifferenceKind;
use tenants::settings::Mode;

use super::models::Source;

/// An event that would have been decided differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The event.
    pub event: EventId,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Who wrote, where it was a text.
    pub author: Option<String>,
    /// What they wrote.
    pub incoming_text: Option<String>,
    /// In what the decisions differ.
    pub kinds: Vec<DifferenceKind>,
    /// What was decided.
    pub recorded: Side,
    /// What would have been.
    pub rehearsed: Side,
    /// Where the models' answers came from, in their order.
    pub answers: Vec<Source>,
    /// Every step of the new decision.
    pub trace: Vec<TraceStep>,
}

/// One of two decisions, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Side {
    /// What it leads to.
    pub outcome: Outcome,
    /// The mode used.
    pub mode: Option<Mode>,
    /// What the text was taken to want.
    pub intent: Option<Intent>,
    /// How surely.
    pub confidence: Option<f32>,
    /// One sentence: why.
    pub reason: String,
    /// What is done.
    pub actions: Vec<Action>,
    /// What a person is asked to approve.
    pub proposed: Vec<Action>,
    /// Names of the rules that were hit, by id.
    pub rules: BTreeMap<String, String>,
    /// Provider and model of the last answer.
    pub model: Option<String>,
    /// Version of the instructions.
    pub prompt_version: Option<String>,
    /// What models cost.
    pub cost_micro_usd: i64,
}

impl Side {
    /// A decision in short.
    pub(super) fn of(decision: &Decision) -> Self {
        let details =
            |step: Step| decision.trace.iter().rev().find(|it| it.step == step).map(|it| &it.details);
        let actions = |member: &str| -> Vec<Action> {
            let listed = details(Step::Outcome).and_then(|details| details.get(member));
            listed.and_then(|listed| Vec::deserialize(listed).ok()).unwrap_or_default()
        };
        let hits = details(Step::Rules).and_then(|details| details.get("hits")?.as_array());
        let text = |hit: &Value, member: &str| Some(hit.get(member)?.as_str()?.to_owned());
        let rules =
            hits.into_iter().flatten().filter_map(|hit| Some((text(hit, "rule")?, text(hit, "name")?)));
        let found = decision.classification.as_ref();
        Self {
            outcome: decision.outcome,
            mode: decision.mode,
            intent: found.map(|found| found.intent),
            confidence: found.map(|found| found.confidence),
            reason: decision.reason.clone(),
            actions: actions("actions"),
            proposed: actions("proposed"),
            rules: rules.collect(),
            model: decision.model.clone(),
            prompt_version: decision.prompt_version.clone(),
            cost_micro_usd: decision.cost_micro_usd,
        }
    }

    fn texts(&self) -> Vec<&str> {
        self.actions.iter().chain(&self.proposed).filter_map(Action::text).collect()
    }

    /// What is done and proposed, without the words.
    fn deeds(&self) -> (Vec<Action>, Vec<Action>) {
        let wordless =
            |actions: &[Action]| actions.iter().map(|action| action.clone().with_text("")).collect();
        (wordless(&self.actions), wordless(&self.proposed))
    }

    fn is_escalated(&self) -> bool {
        self.outcome == Outcome::Escalate
    }
}

/// In what two decisions differ; nothing when they are identical in every step.
pub(super) fn compare(
    recorded: (&Decision, &Side),
    rehearsed: (&Decision, &Side),
    is_priced: bool,
) -> Vec<DifferenceKind> {
    let (before, after) = (recorded.1, rehearsed.1);
    let checks = [
        (DifferenceKind::Outcome, before.outcome != after.outcome),
        (DifferenceKind::Mode, before.mode != after.mode),
        (DifferenceKind::Intent, before.intent != after.intent),
        (DifferenceKind::Text, before.texts() != after.texts()),
        (DifferenceKind::Effects, before.deeds() != after.deeds()),
        (DifferenceKind::Escalation, before.is_escalated() != after.is_escalated()),
        (DifferenceKind::Rules, before.rules != after.rules),
        (DifferenceKind::Cost, is_priced && before.cost_micro_usd != after.cost_micro_usd),
    ];
    let mut kinds: Vec<DifferenceKind> =
        checks.into_iter().filter(|(_, differs)| *differs).map(|(kind, _)| kind).collect();
    if kinds.is_empty() && substance(recorded.0) != substance(rehearsed.0) {
        kinds.push(DifferenceKind::Steps);
    }
    kinds
}

/// A decision without what is never the same twice: its id and the time it took.
fn substance(decision: &Decision) -> Value {
    let mut value = serde_json::to_value(decision).unwrap_or_default();
    for member in ["id", "latency_us", "decided_at"] {
        value.as_object_mut().map(|members| members.remove(member));
    }
    forget_times(&mut value);
    // As it would be read from the log.
    serde_json::from_str(&value.to_string()).unwrap_or(value)
}

/// Takes away how long a model took, which a decision's trace tells of each answer.
fn forget_times(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("latency_us");
            members.values_mut().for_each(forget_times);
        }
        Value::Array(list) => list.iter_mut().for_each(forget_times),
        _ => {}
    }
}
