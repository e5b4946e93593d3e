//! What a rehearsal found, in numbers. Reports of several tenants add up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenants::decision::Outcome;
use tenants::rehearsal::DifferenceKind;

use super::compare::Side;
use super::models::Source;

/// What a rehearsal found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Recorded decisions that were looked at: the sum of the next four.
    pub events: u64,
    /// Decided exactly as recorded, step by step.
    pub same: u64,
    /// Decided differently.
    pub differing: u64,
    /// Not decided again, because the record does not suffice to do so exactly; `reasons` tells why.
    pub not_exact: u64,
    /// Not decided again, because something failed; `reasons` tells what.
    pub skipped: u64,
    /// How often for which reason events were not decided again.
    pub reasons: BTreeMap<String, u64>,
    /// How many decisions differ in what; one may differ in several things.
    pub kinds: BTreeMap<DifferenceKind, u64>,
    /// How many decisions went from which outcome to which other one, as `draft to act`.
    pub outcomes: BTreeMap<String, u64>,
    /// What is handed to people.
    pub escalations: Escalations,
    /// What models cost.
    pub cost: Costs,
    /// Hits of rules, by the rule's id.
    pub rules: BTreeMap<String, RuleUse>,
    /// Where the answers came from.
    pub models: ModelUse,
    /// Events for which memory would have been asked and was not when they were decided: decided without it.
    pub unremembered: u64,
    /// True when there are more events in the period than were to be looked at.
    pub is_cut: bool,
}

/// What is handed to people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalations {
    /// So many were.
    pub recorded: u64,
    /// So many would have been.
    pub rehearsed: u64,
    /// Of these so many were not.
    pub new: u64,
    /// So many of those that were would not have been.
    pub gone: u64,
}

/// What models cost, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// What they cost, over the events that were decided again.
    pub recorded_micro_usd: i64,
    /// What they would have cost. Answers of a stopgap count nothing: see `unpriced`.
    pub rehearsed_micro_usd: i64,
    /// Events whose cost is not known, because a model that would have been asked was not.
    pub unpriced: u64,
}

/// Hits of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleUse {
    /// What people call it.
    pub name: String,
    /// So many there were.
    pub recorded: u64,
    /// So many there would have been.
    pub rehearsed: u64,
}

/// Where the answers of models came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUse {
    /// From the record: the same was asked.
    pub record: u64,
    /// From models that were asked anew.
    pub model: u64,
    /// From the offline provider, as it would have been.
    pub offline: u64,
    /// From the offline provider, in the place of a model that was not asked.
    pub stopgap: u64,
    /// From the offline provider, because the changed budget would have been spent.
    pub degraded: u64,
    /// Models failed.
    pub failed: u64,
    /// What asking them anew really cost, in millionths of a US dollar.
    pub spent_micro_usd: i64,
}

impl ModelUse {
    pub(super) fn count(&mut self, source: Source) {
        let counter = match source {
            Source::Record => &mut self.record,
            Source::Model => &mut self.model,
            Source::Offline => &mut self.offline,
            Source::Stopgap => &mut self.stopgap,
            Source::Degraded => &mut self.degraded,
            Source::Failed => &mut self.failed,
        };
        *counter += 1;
    }
}

impl Report {
    /// Counts an event that was not decided again.
    pub(super) fn leave_out(&mut self, is_failure: bool, reason: &str) {
        self.events += 1;
        *(if is_failure { &mut self.skipped } else { &mut self.not_exact }) += 1;
        *self.reasons.entry(reason.to_owned()).or_default() += 1;
    }

    /// Counts an event that was.
    pub(super) fn count(
        &mut self,
        recorded: &Side,
        rehearsed: &Side,
        kinds: &[DifferenceKind],
        is_priced: bool,
    ) {
        self.events += 1;
        *(if kinds.is_empty() { &mut self.same } else { &mut self.differing }) += 1;
        for kind in kinds {
            *self.kinds.entry(*kind).or_default() += 1;
        }
        if recorded.outcome != rehearsed.outcome {
            let way = format!("{} to {}", recorded.outcome, rehearsed.outcome);
            *self.outcomes.entry(way).or_default() += 1;
        }
        let was_escalated = recorded.outcome == Outcome::Escalate;
        let is_escalated = rehearsed.outcome == Outcome::Escalate;
        self.escalations.recorded += u64::from(was_escalated);
        self.escalations.rehearsed += u64::from(is_escalated);
        self.escalations.new += u64::from(is_escalated && !was_escalated);
        self.escalations.gone += u64::from(was_escalated && !is_escalated);
        self.cost.recorded_micro_usd += recorded.cost_micro_usd;
        self.cost.rehearsed_micro_usd += rehearsed.cost_micro_usd;
        self.cost.unpriced += u64::from(!is_priced);
        for (id, name) in &recorded.rules {
            self.rule(id, name).recorded += 1;
        }
        for (id, name) in &rehearsed.rules {
            self.rule(id, name).rehearsed += 1;
        }
    }

    fn rule(&mut self, id: &str, name: &str) -> &mut RuleUse {
        let named = || RuleUse { name: name.to_owned(), ..RuleUse::default() };
        self.rules.entry(id.to_owned()).or_insert_with(named)
    }

    /// Adds another tenant's.
    pub fn add(&mut self, other: &Report) {
        self.events += other.events;
        self.same += other.same;
        self.differing += other.differing;
        self.not_exact += other.not_exact;
        self.skipped += other.skipped;
        self.unremembered += other.unremembered;
        self.is_cut |= other.is_cut;
        add_counts(&mut self.reasons, &other.reasons);
        add_counts(&mut self.kinds, &other.kinds);
        add_counts(&mut self.outcomes, &other.outcomes);
        self.escalations.recorded += other.escalations.recorded;
        self.escalations.rehearsed += other.escalations.rehearsed;
        self.escalations.new += other.escalations.new;
        self.escalations.gone += other.escalations.gone;
        self.cost.recorded_micro_usd += other.cost.recorded_micro_usd;
        self.cost.rehearsed_micro_usd += other.cost.rehearsed_micro_usd;
        self.cost.unpriced += other.cost.unpriced;
        for (id, hits) in &other.rules {
            let rule = self.rule(id, &hits.name);
            rule.recorded += hits.recorded;
            rule.rehearsed += hits.rehearsed;
        }
        self.models.record += other.models.record;
        self.models.model += other.models.model;
        self.models.offline += other.models.offline;
        self.models.stopgap += other.models.stopgap;
        self.models.degraded += other.models.degraded;
        self.models.failed += other.models.failed;
        self.models.spent_micro_usd += other.models.spent_micro_usd;
    }
}

fn add_counts<K: Clone + Ord>(counts: &mut BTreeMap<K, u64>, others: &BTreeMap<K, u64>) {
    for (key, count) in others {
        *counts.entry(key.clone()).or_default() += count;
    }
}
