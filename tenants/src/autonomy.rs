//! Earned autonomy: an intent whose drafts people keep approving may act by itself, and stops when they no longer agree.
//!
//! Pure: [`review`] looks at the latest verdicts and says what changes. Only drafts without any doubt count, for only
//! those would leave by themselves, so every doubt still goes to a person.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agreement::Agreement;
use crate::clock::Timestamp;
use crate::ids::DecisionId;
use crate::intent::Intent;
use crate::settings::{Mode, TenantSettings, default_mode};
use crate::verdict::{Verdict, VerdictSource};
use crate::words::word_enum;

/// Verdicts that are looked at: the latest of an intent.
pub const WINDOW: u32 = 200;
/// Acting ends when people surely agree less often than the bar minus this.
pub const MARGIN: f64 = 0.05;
/// Acting ends when this many verdicts in a row disagree.
pub const DISAGREEMENTS: usize = 3;
/// After it ended, acting cannot be earned again for this long; and earlier verdicts count no more.
pub const COOL_DOWN: Duration = Duration::from_secs(3 * 24 * 3_600);
/// A person who takes a conversation over within this time of an answer that left by itself disagrees with it.
pub const TAKE_OVER_TIME: Duration = Duration::from_secs(3_600);

/// What an intent must show before it acts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bar {
    /// The agreement rate must surely be at least this (0.5 to 0.99).
    pub bar: f64,
    /// From at least this many verdicts (10 to 200).
    pub at_least: u32,
}

impl Default for Bar {
    fn default() -> Self {
        Self { bar: 0.9, at_least: 50 }
    }
}

/// Which intents may earn it to act by themselves; none by default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Autonomy {
    /// The intents and their bars.
    pub intents: BTreeMap<Intent, Bar>,
    /// Share of what could leave by itself that a person is asked about all the same (0.02 to 1), so that agreement
    /// goes on being measured.
    pub spot_check: f64,
}

impl Default for Autonomy {
    fn default() -> Self {
        Self { intents: BTreeMap::new(), spot_check: 0.1 }
    }
}

impl Autonomy {
    /// What is wrong with it, by the name of its field.
    pub fn problem(&self) -> Option<(String, &'static str)> {
        for (intent, bar) in &self.intents {
            let field = |name: &str| format!("autonomy.intents.{intent}{name}");
            if !may_earn(*intent) {
                return Some((field(""), "is always handed to a person, and cannot act by itself"));
            }
            if !(0.5..=0.99).contains(&bar.bar) {
                return Some((field(".bar"), "must lie between 0.5 and 0.99"));
            }
            if !(10..=WINDOW).contains(&bar.at_least) {
                return Some((field(".at_least"), "must lie between 10 and 200"));
            }
        }
        let is_fine = (0.02..=1.0).contains(&self.spot_check);
        (!is_fine).then(|| ("autonomy.spot_check".to_owned(), "must lie between 0.02 and 1"))
    }
}

/// Whether an intent can ever earn it to act by itself: never what goes to a person unless a tenant says otherwise.
pub fn may_earn(intent: Intent) -> bool {
    default_mode(intent) != Mode::Escalate
}

word_enum! {
    /// Whether an intent has earned it to act by itself.
    pub enum EarnedState {
        /// Its texts are drafted.
        Drafting = "drafting",
        /// It acts by itself.
        Acting = "acting",
    }
}

/// Where an intent stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarnedMode {
    /// The intent.
    pub intent: Intent,
    /// Drafting or acting.
    pub state: EarnedState,
    /// Since when.
    pub since: Timestamp,
    /// The verdicts that the last change rests on.
    pub agreement: Agreement,
    /// The bar at that time.
    pub bar: f64,
    /// Why it is so, in a sentence.
    pub reason: String,
    /// Verdicts of before are not counted.
    pub counts_from: Timestamp,
    /// Not before this moment can it be earned (again).
    pub not_before: Timestamp,
    /// Grows with every change; 0 is not stored.
    pub revision: u32,
}

impl EarnedMode {
    /// Nothing earned yet.
    pub fn nothing(intent: Intent) -> Self {
        let long_ago = Timestamp::from_micros(0);
        Self {
            intent,
            state: EarnedState::Drafting,
            since: long_ago,
            agreement: Agreement::default(),
            bar: 0.0,
            reason: "not enough people have agreed yet".to_owned(),
            counts_from: long_ago,
            not_before: long_ago,
            revision: 0,
        }
    }

    /// True while it acts by itself.
    pub fn is_acting(&self) -> bool {
        self.state == EarnedState::Acting
    }

    /// Back to drafts.
    pub fn fall_back(&self, agreement: Agreement, reason: String, now: Timestamp) -> Self {
        Self {
            state: EarnedState::Drafting,
            since: now,
            agreement,
            reason,
            counts_from: now,
            not_before: now + COOL_DOWN,
            revision: self.revision + 1,
            ..self.clone()
        }
    }
}

/// Whether an intent acts by itself, and why: what the tenant has set counts before what was earned.
pub fn standing(settings: &TenantSettings, earned: &EarnedMode) -> (EarnedState, String) {
    let is_allowed = settings.autonomy.intents.contains_key(&earned.intent);
    match settings.mode(earned.intent) {
        Mode::Act => (EarnedState::Acting, "the tenant's settings let it act by itself".to_owned()),
        Mode::Escalate => (EarnedState::Drafting, "the tenant's settings hand it to a person".to_owned()),
        Mode::Draft if !is_allowed && earned.revision == 0 => {
            (EarnedState::Drafting, "the tenant's settings do not let it act by itself".to_owned())
        }
        Mode::Draft => (earned.state, earned.reason.clone()),
    }
}

/// Whether a verdict says how good it would be to act by itself on its intent.
pub fn counts(verdict: &Verdict) -> bool {
    let is_crisis = verdict.basis.classification.as_ref().is_none_or(|found| found.crisis);
    verdict.basis.undoubted && verdict.source != VerdictSource::Escalation && !is_crisis
}

/// The latest verdicts that count for where an intent stands, newest first.
pub fn evidence<'v>(present: &EarnedMode, latest: &'v [Verdict]) -> Vec<&'v Verdict> {
    let is_evidence = |verdict: &&Verdict| {
        verdict.intent() == Some(present.intent) && verdict.at > present.counts_from && counts(verdict)
    };
    latest.iter().filter(is_evidence).take(WINDOW as usize).collect()
}

/// Where an intent stands after a look at the latest verdicts on it (newest first); `None` when nothing changes.
pub fn review(
    settings: &TenantSettings,
    present: &EarnedMode,
    latest: &[Verdict],
    now: Timestamp,
) -> Option<EarnedMode> {
    let intent = present.intent;
    let bar = settings.autonomy.intents.get(&intent).filter(|_| may_earn(intent));
    let is_drafted = settings.mode(intent) == Mode::Draft;
    let Some(bar) = bar.filter(|_| is_drafted) else {
        let reason = "the tenant's settings do not let it act by itself any more".to_owned();
        return present.is_acting().then(|| present.fall_back(present.agreement, reason, now));
    };
    let evidence = evidence(present, latest);
    if present.is_acting() {
        return drift(present, bar, &evidence, now);
    }
    let agreement = Agreement::count(evidence.iter().map(|verdict| verdict.agrees()));
    let is_earned = agreement.of >= bar.at_least && agreement.lower() >= bar.bar && now >= present.not_before;
    is_earned.then(|| EarnedMode {
        state: EarnedState::Acting,
        since: now,
        agreement,
        bar: bar.bar,
        reason: format!("{}, the bar is {}", said(agreement), percent(bar.bar)),
        revision: present.revision + 1,
        ..present.clone()
    })
}

/// Whether acting ends.
fn drift(present: &EarnedMode, bar: &Bar, evidence: &[&Verdict], now: Timestamp) -> Option<EarnedMode> {
    let recent =
        Agreement::count(evidence.iter().take(bar.at_least as usize).map(|verdict| verdict.agrees()));
    let since = evidence.iter().take_while(|verdict| verdict.at > present.since);
    let blamed = since.clone().find(|verdict| is_blame(verdict));
    let in_a_row = since.take_while(|verdict| !verdict.agrees()).count();
    let reason = if let Some(verdict) = blamed {
        blame(verdict.source, verdict.decision)
    } else if in_a_row >= DISAGREEMENTS {
        format!("the last {in_a_row} verdicts disagreed")
    } else if recent.lower() < bar.bar - MARGIN {
        format!("{}, and the bar is {} with a margin of {}", said(recent), percent(bar.bar), percent(MARGIN))
    } else {
        return None;
    };
    Some(present.fall_back(recent, reason, now))
}

/// One such verdict is enough: something that left by itself was wrong.
fn is_blame(verdict: &Verdict) -> bool {
    matches!(verdict.source, VerdictSource::Feedback | VerdictSource::TakeOver) && !verdict.agrees()
}

fn blame(source: VerdictSource, decision: DecisionId) -> String {
    match source {
        VerdictSource::TakeOver => format!("a person took the conversation over right after {decision}"),
        _ => format!("a person called {decision} wrong"),
    }
}

/// The numbers, as people read them.
pub fn said(agreement: Agreement) -> String {
    let Agreement { agreed, of } = agreement;
    format!(
        "{agreed} of the last {of} drafts were right as they were (surely {})",
        percent(agreement.lower())
    )
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
#[path = "autonomy_tests.rs"]
mod tests;
