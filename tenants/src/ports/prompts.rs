//! Versions of prompts, and experiments with them.

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::clock::Timestamp;
use crate::experiment::{ArmOutcome, Experiment, PromptScope, PromptUse, PromptVersion};
use crate::ids::{AgencyId, ExperimentId, PromptId, TenantId};
use crate::prompt::{PromptKey, PromptSet};

/// Which decisions to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeQuery {
    /// Whose.
    pub scope: PromptScope,
    /// Keys and versions, as `reply@3`.
    pub labels: Vec<String>,
    /// Not before.
    pub from: Timestamp,
    /// Before; `None` means until now.
    pub until: Option<Timestamp>,
}

impl OutcomeQuery {
    /// What belongs to an experiment.
    pub fn of(experiment: &Experiment) -> Self {
        Self {
            scope: experiment.scope,
            labels: experiment.arms.iter().map(|arm| format!("{}@{}", experiment.key, arm.version)).collect(),
            from: experiment.started_at,
            until: experiment.ended_at,
        }
    }
}

/// Prompts as they are read. They are written by [`UnitOfWork`](super::UnitOfWork). An agency sees its own versions
/// and those of the installation; [`AgencyId::INSTALLATION`] sees those of the installation alone.
#[async_trait]
pub trait Prompts: Send + Sync {
    /// Versions of one key or of all, by key, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_prompts(
        &self,
        agency: &AgencyId,
        key: Option<PromptKey>,
    ) -> Result<Vec<PromptVersion>, StoreError>;

    /// One version by its key and number.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_prompt(
        &self,
        agency: &AgencyId,
        key: PromptKey,
        version: u32,
    ) -> Result<Option<PromptVersion>, StoreError>;

    /// One version by its id.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_prompt_by_id(
        &self,
        agency: &AgencyId,
        prompt: &PromptId,
    ) -> Result<Option<PromptVersion>, StoreError>;

    /// The number the agency's next version gets.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn next_prompt_version(&self, agency: &AgencyId, key: PromptKey) -> Result<u32, StoreError>;

    /// The versions in use while no experiment runs: per key that of the agency, then those of tenants that have
    /// chosen for themselves.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn prompts_in_use(&self, agency: &AgencyId) -> Result<Vec<PromptUse>, StoreError>;

    /// What a tenant's models are given now, experiments included.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn prompts_of(&self, agency: &AgencyId, tenant: &TenantId) -> Result<PromptSet, StoreError>;

    /// Experiments of an agency, newest first; with a tenant, only those it takes part in.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn list_experiments(
        &self,
        scope: &PromptScope,
        page: PageRequest,
    ) -> Result<Vec<Experiment>, StoreError>;

    /// One experiment of an agency.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn find_experiment(
        &self,
        agency: &AgencyId,
        experiment: &ExperimentId,
    ) -> Result<Option<Experiment>, StoreError>;

    /// The newest decisions these versions were asked for, at most
    /// [`MOST_OUTCOMES`](crate::experiment::MOST_OUTCOMES), and what people made of them.
    ///
    /// # Errors
    /// When the database does not answer.
    async fn arm_outcomes(&self, query: &OutcomeQuery) -> Result<Vec<ArmOutcome>, StoreError>;
}
