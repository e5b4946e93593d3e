//! Versions of prompts as they are kept, which of them are in use, and experiments that compare them.

mod results;
mod statistics;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{AgencyId, ExperimentId, PromptId, TenantId};
use crate::prompt::{Prompt, PromptKey};
use crate::words::word_enum;

pub use results::{ArmOutcome, ArmResult, Comparison, Estimate, ExperimentResults, MOST_OUTCOMES, Reaction};

/// Most arms of an experiment: with more, none ever gets enough conversations to say anything.
pub const MOST_ARMS: usize = 8;

/// Largest weight of an arm.
pub const HEAVIEST: u32 = 1_000;

/// A version of a prompt as it is kept. It is never changed: another text is another version.
///
/// An agency counts its own versions and those of the installation in one line, so that a number means one text to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptVersion {
    /// Its id.
    pub id: PromptId,
    /// Whose it is; `None` for one that came with the program and serves every agency.
    pub agency: Option<AgencyId>,
    /// The text, its key and its number.
    #[serde(flatten)]
    pub prompt: Prompt,
    /// What changed, for people.
    pub note: String,
    /// Who wrote it: a key's id, `cli`, or `troupe`.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// For whom something about prompts is decided: all tenants of an agency, or one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptScope {
    /// The agency.
    pub agency: AgencyId,
    /// One tenant; `None` means all.
    pub tenant: Option<TenantId>,
}

/// The version a scope has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptUse {
    /// What it is for.
    pub key: PromptKey,
    /// One tenant; `None` means all tenants of the agency that have not chosen for themselves.
    pub tenant: Option<TenantId>,
    /// The version.
    pub version: u32,
    /// True when nobody has chosen: it is the newest that came with the program.
    pub is_default: bool,
}

word_enum! {
    /// Where an experiment stands.
    pub enum ExperimentStatus {
        /// Conversations are split between its arms.
        Running = "running",
        /// It ended without a winner: what was in use before is in use again.
        Stopped = "stopped",
        /// It ended with a winner, which is in use now.
        Promoted = "promoted",
    }
}

/// One version in an experiment, and its part of the conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmWeight {
    /// The version.
    pub version: u32,
    /// Its weight among the arms; one of weight 0 gets no conversation.
    pub weight: u32,
}

/// Versions of a prompt side by side. Every conversation keeps the version it was given as long as it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its id; the split of conversations hangs on it.
    pub id: ExperimentId,
    /// Which tenants take part.
    #[serde(flatten)]
    pub scope: PromptScope,
    /// The prompt.
    pub key: PromptKey,
    /// What people call it.
    pub name: String,
    /// The versions, by number.
    pub arms: Vec<ArmWeight>,
    /// Where it stands.
    pub status: ExperimentStatus,
    /// Who started it.
    pub started_by: String,
    /// When.
    pub started_at: Timestamp,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// When.
    pub ended_at: Option<Timestamp>,
    /// The version that won.
    pub winner: Option<u32>,
}

/// How an experiment ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExperimentEnd {
    /// The experiment.
    pub experiment: ExperimentId,
    /// The arm that is in use from now on; `None` goes back to what was in use before.
    pub winner: Option<u32>,
    /// Who ends it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why an experiment cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidExperiment {
    /// Which part is wrong.
    pub field: &'static str,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl Experiment {
    /// Refuses an experiment that cannot say anything.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), InvalidExperiment> {
        let refuse = |field, problem: String| Err(InvalidExperiment { field, problem });
        let letters = self.name.trim().chars().count();
        if !(1..=200).contains(&letters) {
            return refuse("name", "give it a name of 1 to 200 characters".to_owned());
        }
        if !(2..=MOST_ARMS).contains(&self.arms.len()) {
            return refuse("arms", format!("compare 2 to {MOST_ARMS} versions"));
        }
        let mut versions: Vec<u32> = self.arms.iter().map(|arm| arm.version).collect();
        versions.sort_unstable();
        versions.dedup();
        if versions.len() < self.arms.len() {
            return refuse("arms", "name each version once".to_owned());
        }
        if self.arms.iter().any(|arm| !(1..=HEAVIEST).contains(&arm.weight)) {
            return refuse("arms", format!("give every arm a weight of 1 to {HEAVIEST}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn experiment(arms: &[(u32, u32)]) -> Experiment {
        Experiment {
            id: ExperimentId(Uuid::nil()),
            scope: PromptScope { agency: AgencyId(Uuid::nil()), tenant: None },
            key: PromptKey::Reply,
            name: "warmer".into(),
            arms: arms
                .iter()
                .map(|(version, weight)| ArmWeight { version: *version, weight: *weight })
                .collect(),
            status: ExperimentStatus::Running,
            started_by: "cli".into(),
            started_at: Timestamp::from_micros(0),
            ended_by: None,
            ended_at: None,
            winner: None,
        }
    }

    #[test]
    fn an_experiment_compares_at_least_two_different_versions() {
        assert_eq!(experiment(&[(1, 1), (2, 9)]).validate(), Ok(()));
        for arms in [&[(1, 1)][..], &[(1, 1), (1, 2)], &[(1, 1), (2, 0)], &[(1, 1), (2, 1_001)]] {
            assert_eq!(experiment(arms).validate().unwrap_err().field, "arms", "{arms:?}");
        }
        let nameless = Experiment { name: " ".into(), ..experiment(&[(1, 1), (2, 1)]) };
        assert_eq!(nameless.validate().unwrap_err().field, "name");
    }
}
