//! Rules that users made: which of them an incoming text hits.

use std::sync::{Arc, OnceLock};

use chrono::Timelike;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::event::Person;
use tenants::ids::{EventId, RuleId};
use tenants::intent::Classification;
use tenants::ports::TenantContext;
use tenants::rule::{Rule, RuleAction, TriggerKind};
use tenants::settings::local_day;

use super::conditions::{Answer, Check, Facts, ask_all};
use super::configuration::Configuration;
use super::counters::{Counting, DailyCounters};
use super::words::Folded;
use super::zone::zone_of;

/// The enabled rules of a tenant, compiled, in order of priority, with the counters of their daily caps.
///
/// Build one per [`TenantContext`] and share it: hits since then are counted here, those before come with the
/// context.
#[derive(Debug)]
pub struct RuleSet {
    rules: Arc<[CompiledRule]>,
    counters: DailyCounters,
    /// What the rules are a part of; taken apart when the first decision is recorded.
    configuration: OnceLock<Configuration>,
}

#[derive(Debug)]
struct CompiledRule {
    rule: Rule,
    checks: Vec<Check>,
}

impl RuleSet {
    /// Compiles the rules of a context that was loaded at `now`.
    pub fn new(context: &TenantContext, now: Timestamp) -> Self {
        let mut rules: Vec<CompiledRule> = context
            .rules
            .iter()
            .filter(|rule| rule.enabled)
            .map(|rule| CompiledRule {
                rule: rule.clone(),
                checks: rule.conditions.iter().map(Check::compile).collect(),
            })
            .collect();
        rules.sort_by_key(|compiled| (std::cmp::Reverse(compiled.rule.priority), compiled.rule.created_at));
        let today = local_day(now, zone_of(context));
        Self {
            rules: rules.into(),
            counters: DailyCounters::new(today, context.rule_hits_today.clone()),
            configuration: OnceLock::new(),
        }
    }

    /// The same rules on a day on which these have been hit before.
    pub(crate) fn on_a_day(&self, today: &str, hits: impl IntoIterator<Item = (RuleId, u32)>) -> Self {
        Self {
            rules: Arc::clone(&self.rules),
            counters: DailyCounters::new(today.to_owned(), hits.into_iter().collect()),
            configuration: OnceLock::new(),
        }
    }

    /// The rules with a daily cap, in the order in which their hits are recorded.
    pub(crate) fn capped(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter().map(|compiled| &compiled.rule).filter(|rule| cap_of(rule).is_some())
    }

    /// Hits of the rules with a daily cap, without those of this event; none when all are zero, `None` when they
    /// cannot be told any more.
    pub(super) fn hits_beside(&self, today: &str, event: EventId) -> Option<Vec<u32>> {
        let hits_of = |rule: &Rule| self.counters.hits_beside(rule.id, cap_of(rule)?, today, event);
        let hits: Option<Vec<u32>> = self.capped().map(hits_of).collect();
        hits.map(|hits| if hits.iter().all(|hits| *hits == 0) { Vec::new() } else { hits })
    }

    /// The configuration of which these rules are a part. `context` is the one they were made of.
    pub(super) fn configuration(&self, context: &TenantContext) -> &Configuration {
        self.configuration.get_or_init(|| Configuration::of(context))
    }

    /// Whoever has committed changes tells so here: what they keep need not be kept again.
    pub(crate) fn committed(&self, changes: &Changes) {
        let Some(configuration) = self.configuration.get() else { return };
        for change in &changes.list {
            if let Change::KeepConfiguration(parts) = change {
                configuration.set_kept(parts);
            }
        }
    }

    /// True when there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub event: EventId,
    pub trigger: TriggerKind,
    pub media: Option<&'a str>,
    pub text: &'a str,
    pub author: &'a Person,
    pub classification: Option<&'a Classification>,
    pub local_time: chrono::DateTime<chrono_tz::Tz>,
    /// The local day, `YYYY-MM-DD`, on which hits count.
    pub today: &'a str,
    pub counting: Counting,
}

/// A rule that was hit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<'a> {
    pub rule: &'a Rule,
}

/// What the rules say.
#[derive(Debug)]
pub(super) enum Verdict<'a> {
    /// These were hit, in order of priority; rules behind a [`RuleAction::Stop`] were not asked.
    Hits(Vec<Hit<'a>>),
    /// A rule can only be judged when the text has been classified: do so and ask again.
    Unclassified,
}

impl RuleSet {
    /// Asks every rule. Asking twice for the same event counts no hit twice.
    pub(super) fn judge(&self, occasion: &Occasion<'_>) -> Verdict<'_> {
        let folded = Folded::new(occasion.text);
        let facts = Facts {
            text: occasion.text,
            folded: &folded,
            author: occasion.author,
            local_minute: occasion.local_time.hour() * 60 + occasion.local_time.minute(),
            classification: occasion.classification,
        };
        let mut hits = Vec::new();
        for CompiledRule { rule, checks } in self.rules.iter() {
            if !listens(rule, occasion) {
                continue;
            }
            match ask_all(checks, &facts) {
                Answer::Fails => continue,
                Answer::Unclassified => return Verdict::Unclassified,
                Answer::Holds if !self.is_below_cap(rule, occasion) => continue,
                Answer::Holds => hits.push(Hit { rule }),
            }
            if !rule.dry_run && rule.actions.contains(&RuleAction::Stop) {
                break;
            }
        }
        Verdict::Hits(hits)
    }

    fn is_below_cap(&self, rule: &Rule, occasion: &Occasion<'_>) -> bool {
        // Dry runs do nothing, so they use nothing up.
        let Some(cap) = cap_of(rule) else { return true };
        self.counters.may_hit(rule.id, cap, occasion.today, occasion.event, occasion.counting)
    }
}

/// The cap that a rule's hits use up.
fn cap_of(rule: &Rule) -> Option<u32> {
    rule.daily_cap.filter(|_| !rule.dry_run)
}

fn listens(rule: &Rule, occasion: &Occasion<'_>) -> bool {
    let media = &rule.trigger.media;
    rule.trigger.on == occasion.trigger
        && (media.is_empty() || occasion.media.is_some_and(|id| media.iter().any(|wanted| wanted == id)))
}

/// True when the rule's actions settle the matter, so that the model is not asked what to do.
pub(super) fn settles(action: &RuleAction) -> bool {
    match action {
        RuleAction::Reply { .. }
        | RuleAction::PrivateReply { .. }
        | RuleAction::Dm { .. }
        | RuleAction::Ask { .. }
        | RuleAction::Hide
        | RuleAction::Delete
        | RuleAction::Escalate
        | RuleAction::Stop => true,
        RuleAction::Like | RuleAction::Tag { .. } | RuleAction::Assign { .. } => false,
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
