//! What an experiment has shown so far.

use std::collections::BTreeMap;

use serde::Serialize;

use super::statistics::{is_higher, mean, mean_interval, percentile, rate_interval};
use super::{ArmWeight, Experiment};
use crate::money::MicroUsd;

/// Most decisions looked at, the newest first: more say nothing new.
pub const MOST_OUTCOMES: u32 = 20_000;

/// Fewer verdicts than these on an arm say nothing about it.
const ENOUGH_VERDICTS: u32 = 20;

/// From this certainty on an arm is called better.
const CERTAIN: f64 = 0.95;

/// What a person made of a draft.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reaction {
    /// Sent as it was.
    Approved,
    /// Sent with other words.
    Edited {
        /// How far they are from the draft's: 0 is the same, 1 nothing in common.
        distance: f64,
    },
    /// Not sent.
    Rejected,
}

/// One decision that an arm was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmOutcome {
    /// Key and version, as `reply@3`.
    pub label: String,
    /// What the arm's calls for it cost.
    pub cost: MicroUsd,
    /// How long they took, in microseconds.
    pub latency_us: i64,
    /// What a person made of it; `None` when nobody was asked, or nobody has answered.
    pub reaction: Option<Reaction>,
}

/// An estimate, and where the true value lies with 95 % certainty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// What was seen.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// What was seen of one arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmResult {
    /// The version.
    pub version: u32,
    /// Its weight.
    pub weight: u32,
    /// Decisions it was asked for.
    pub decisions: u32,
    /// Drafts sent as they were.
    pub approved: u32,
    /// Drafts sent with other words.
    pub edited: u32,
    /// Drafts not sent.
    pub rejected: u32,
    /// Share of the drafts people decided on that were sent as they were, 0 to 1 (Wilson's interval).
    pub approval_rate: Option<Estimate>,
    /// How far the words sent are from the drafts, 0 to 1, a draft sent as it was counting 0 (Student's interval).
    pub edit_distance: Option<Estimate>,
    /// Mean cost of a decision, in micro-dollars.
    pub mean_cost_micro_usd: Option<f64>,
    /// Time half of the decisions took at most, in microseconds.
    pub latency_p50_us: Option<i64>,
    /// Time 95 of 100 decisions took at most, in microseconds.
    pub latency_p95_us: Option<i64>,
}

/// Which arm is better.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The arm with the highest approval rate, once every arm has enough verdicts.
    pub leader: Option<u32>,
    /// How certain it is that no other arm is better, 0 to 1.
    pub certainty: Option<f64>,
    /// True when the certainty suffices to end the experiment.
    pub is_certain: bool,
    /// The same in plain words.
    pub summary: String,
}

/// What an experiment has shown so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExperimentResults {
    /// Its arms, in their order.
    pub arms: Vec<ArmResult>,
    /// Which is better.
    pub comparison: Comparison,
}

impl ExperimentResults {
    /// Adds up what was seen of an experiment's arms.
    pub fn of(experiment: &Experiment, outcomes: &[ArmOutcome]) -> Self {
        let mut by_label: BTreeMap<&str, Vec<&ArmOutcome>> = BTreeMap::new();
        for outcome in outcomes {
            by_label.entry(&outcome.label).or_default().push(outcome);
        }
        let result = |arm: &ArmWeight| {
            let label = format!("{}@{}", experiment.key, arm.version);
            ArmResult::of(*arm, by_label.get(label.as_str()).map_or(&[][..], Vec::as_slice))
        };
        let arms: Vec<ArmResult> = experiment.arms.iter().map(result).collect();
        let comparison = Comparison::of(&arms);
        Self { arms, comparison }
    }
}

impl ArmResult {
    fn of(arm: ArmWeight, outcomes: &[&ArmOutcome]) -> Self {
        let reactions: Vec<Reaction> = outcomes.iter().filter_map(|outcome| outcome.reaction).collect();
        let number = |wanted: fn(&Reaction) -> bool| count(reactions.iter().filter(|it| wanted(it)).count());
        let approved = number(|it| matches!(it, Reaction::Approved));
        let edited = number(|it| matches!(it, Reaction::Edited { .. }));
        let rejected = number(|it| matches!(it, Reaction::Rejected));
        let distances: Vec<f64> = reactions.iter().filter_map(distance).collect();
        let costs: Vec<f64> = outcomes.iter().map(|outcome| outcome.cost.0 as f64).collect();
        let mut latencies: Vec<i64> = outcomes.iter().map(|outcome| outcome.latency_us).collect();
        latencies.sort_unstable();
        Self {
            version: arm.version,
            weight: arm.weight,
            decisions: count(outcomes.len()),
            approved,
            edited,
            rejected,
            approval_rate: rate(approved, count(reactions.len())),
            edit_distance: mean_interval(&distances).map(|(value, low, high)| Estimate {
                value,
                low: low.max(0.0),
                high: high.min(1.0),
            }),
            mean_cost_micro_usd: mean(&costs),
            latency_p50_us: percentile(&latencies, 0.5),
            latency_p95_us: percentile(&latencies, 0.95),
        }
    }

    /// Drafts sent as they were, of those that people decided on.
    fn record(&self) -> (u32, u32) {
        (self.approved, self.approved + self.edited + self.rejected)
    }

    fn share(&self) -> f64 {
        self.approval_rate.map_or(0.0, |rate| rate.value)
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn rate(hits: u32, all: u32) -> Option<Estimate> {
    let (low, high) = rate_interval(hits, all);
    (all > 0).then(|| Estimate { value: f64::from(hits) / f64::from(all), low, high })
}

fn distance(reaction: &Reaction) -> Option<f64> {
    match reaction {
        Reaction::Approved => Some(0.0),
        Reaction::Edited { distance } => Some(*distance),
        Reaction::Rejected => None,
    }
}

impl Comparison {
    fn of(arms: &[ArmResult]) -> Self {
        let undecided = |summary| Self { leader: None, certainty: None, is_certain: false, summary };
        let Some(poorest) = arms.iter().min_by_key(|arm| arm.record().1) else {
            return undecided("There are no arms.".to_owned());
        };
        if poorest.record().1 < ENOUGH_VERDICTS {
            return undecided(format!(
                "It is too early to say: people have decided on {} drafts of version {}, and {ENOUGH_VERDICTS} of each \
                 version are needed.",
                poorest.record().1,
                poorest.version
            ));
        }
        let mut ranked: Vec<&ArmResult> = arms.iter().collect();
        ranked.sort_by(|a, b| b.share().total_cmp(&a.share()));
        let [leader, others @ ..] = ranked.as_slice() else {
            return undecided("There are no arms.".to_owned());
        };
        // Each of the others may be the better one: their chances add up.
        let doubt: f64 = others.iter().map(|other| 1.0 - is_higher(leader.record(), other.record())).sum();
        let certainty = (1.0 - doubt).max(0.0);
        let is_certain = certainty >= CERTAIN;
        Self {
            leader: Some(leader.version),
            certainty: Some(certainty),
            is_certain,
            summary: summary(leader, others, certainty, is_certain),
        }
    }
}

fn summary(leader: &ArmResult, others: &[&ArmResult], certainty: f64, is_certain: bool) -> String {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let against: Vec<String> =
        others.iter().map(|arm| format!("{} of version {}", percent(arm.share()), arm.version)).collect();
    let seen = format!(
        "{} of the drafts of version {} were sent unchanged, against {}",
        percent(leader.share()),
        leader.version,
        against.join(" and ")
    );
    // Rounded down, so that no certainty is called complete.
    let certainty = format!("{:.0} %", (certainty * 100.0).floor().min(99.0));
    if is_certain {
        format!("Version {} is better: {seen} (certainty {certainty}).", leader.version)
    } else {
        format!("The versions are too close to call: {seen} (certainty {certainty}, 95 % is wanted).")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::clock::Timestamp;
    use crate::experiment::{ExperimentStatus, PromptScope};
    use crate::ids::{AgencyId, ExperimentId};
    use crate::prompt::PromptKey;

    fn experiment(versions: &[u32]) -> Experiment {
        Experiment {
            id: ExperimentId(Uuid::nil()),
            scope: PromptScope { agency: AgencyId(Uuid::nil()), tenant: None },
            key: PromptKey::Reply,
            name: "warmer".into(),
            arms: versions.iter().map(|version| ArmWeight { version: *version, weight: 1 }).collect(),
            status: ExperimentStatus::Running,
            started_by: "cli".into(),
            started_at: Timestamp::from_micros(0),
            ended_by: None,
            ended_at: None,
            winner: None,
        }
    }

    fn outcomes(version: u32, reaction: Option<Reaction>, times: usize) -> Vec<ArmOutcome> {
        let outcome = |n: usize| ArmOutcome {
            label: format!("reply@{version}"),
            cost: MicroUsd(100 * i64::from(version)),
            latency_us: 1_000 * (n as i64 + 1),
            reaction,
        };
        (0..times).map(outcome).collect()
    }

    #[test]
    fn what_was_seen_is_added_up_per_arm() {
        let seen = [
            outcomes(1, Some(Reaction::Approved), 8),
            outcomes(1, Some(Reaction::Edited { distance: 0.5 }), 1),
            outcomes(1, Some(Reaction::Rejected), 1),
            outcomes(1, None, 10),
            outcomes(9, Some(Reaction::Approved), 3),
        ];
        let results = ExperimentResults::of(&experiment(&[1, 2]), &seen.concat());
        let arm = &results.arms[0];
        assert_eq!((arm.decisions, arm.approved, arm.edited, arm.rejected), (20, 8, 1, 1));
        let rate = arm.approval_rate.unwrap();
        assert_eq!(format!("{:.3} {:.3} {:.3}", rate.value, rate.low, rate.high), "0.800 0.490 0.943");
        // Nine drafts were sent, eight with no change and one with half of it: 0.5 / 9.
        assert_eq!(format!("{:.4}", arm.edit_distance.unwrap().value), "0.0556");
        assert_eq!(arm.mean_cost_micro_usd, Some(100.0));
        assert_eq!((arm.latency_p50_us, arm.latency_p95_us), (Some(4_000), Some(9_000)));
        let nothing = &results.arms[1];
        assert_eq!((nothing.decisions, nothing.approval_rate, nothing.latency_p50_us), (0, None, None));
        assert!(
            results.comparison.summary.starts_with("It is too early to say"),
            "{}",
            results.comparison.summary
        );
        assert_eq!(results.comparison.leader, None);
    }

    #[test]
    fn the_better_arm_is_named_when_it_is_certain() {
        let seen = [
            outcomes(1, Some(Reaction::Approved), 30),
            outcomes(1, Some(Reaction::Rejected), 20),
            outcomes(2, Some(Reaction::Approved), 45),
            outcomes(2, Some(Reaction::Rejected), 5),
        ];
        let verdict = ExperimentResults::of(&experiment(&[1, 2]), &seen.concat()).comparison;
        assert_eq!((verdict.leader, verdict.is_certain), (Some(2), true));
        assert_eq!(
            verdict.summary,
            "Version 2 is better: 90 % of the drafts of version 2 were sent unchanged, against 60 % of version 1 \
             (certainty 99 %)."
        );
    }

    #[test]
    fn arms_that_are_close_are_not_told_apart() {
        let seen = [
            outcomes(1, Some(Reaction::Approved), 16),
            outcomes(1, Some(Reaction::Rejected), 4),
            outcomes(2, Some(Reaction::Approved), 17),
            outcomes(2, Some(Reaction::Rejected), 3),
        ];
        let verdict = ExperimentResults::of(&experiment(&[1, 2]), &seen.concat()).comparison;
        assert_eq!((verdict.leader, verdict.is_certain), (Some(2), false));
        assert!(verdict.summary.starts_with("The versions are too close to call"), "{}", verdict.summary);
    }

    #[test]
    fn with_more_arms_the_doubts_add_up() {
        let arm = |version, approved: usize| {
            [
                outcomes(version, Some(Reaction::Approved), approved),
                outcomes(version, Some(Reaction::Rejected), 60 - approved),
            ]
            .concat()
        };
        let two = ExperimentResults::of(&experiment(&[1, 2]), &[arm(1, 40), arm(2, 49)].concat()).comparison;
        let three =
            ExperimentResults::of(&experiment(&[1, 2, 3]), &[arm(1, 40), arm(2, 49), arm(3, 40)].concat())
                .comparison;
        assert!(two.is_certain && !three.is_certain, "{two:?} {three:?}");
    }
}
