//! What people do with prompts, each with its audit entry.

use serde_json::json;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::experiment::{
    ArmWeight, Experiment, ExperimentEnd, ExperimentStatus, InvalidExperiment, PromptScope, PromptVersion,
};
use tenants::ids::{AgencyId, ExperimentId, PromptId};
use tenants::prompt::{Prompt, PromptKey};
use tenants::settings::InvalidSetting;

use crate::administration::Act;

/// Longest note, in characters.
const LONGEST_NOTE: usize = 500;

impl Act<'_> {
    /// A new version of an agency's prompt. It is in use only when it is chosen, or in an experiment.
    ///
    /// # Errors
    /// When the template cannot be used; the text names the line.
    pub fn add_prompt(
        &self,
        agency: AgencyId,
        prompt: Prompt,
        note: &str,
    ) -> Result<(PromptVersion, Changes), InvalidSetting> {
        llm::prompts::check(prompt.key, &prompt.body).map_err(|error| invalid("body", error.to_string()))?;
        let note = note.trim();
        if note.chars().count() > LONGEST_NOTE {
            return Err(invalid("note", format!("write at most {LONGEST_NOTE} characters")));
        }
        let version = PromptVersion {
            id: PromptId::new(self.ids),
            agency: Some(agency),
            prompt,
            note: note.to_owned(),
            created_by: self.by.clone(),
            created_at: self.at,
        };
        let details = json!({ "prompt": version.prompt.label(), "note": version.note });
        let list = vec![
            Change::AddPrompt(Box::new(version.clone())),
            self.audit("prompt.added", ("prompt", version.id.to_string()), details),
        ];
        Ok((version, Changes { chain: Chain::Agency(agency), list }))
    }

    /// Chooses a version; `None` takes the choice back.
    pub fn use_prompt(&self, scope: PromptScope, key: PromptKey, version: Option<u32>) -> Changes {
        let details = json!({ "prompt": key, "version": version, "tenant": scope.tenant });
        let change =
            Change::UsePrompt { key, tenant: scope.tenant, version, by: self.by.clone(), at: self.at };
        let audit = self.audit("prompt.activated", ("prompt", key.to_string()), details);
        Changes { chain: Chain::Agency(scope.agency), list: vec![change, audit] }
    }

    /// Starts an experiment.
    ///
    /// # Errors
    /// When it cannot say anything; the text names what is wrong.
    pub fn start_experiment(
        &self,
        scope: PromptScope,
        key: PromptKey,
        name: &str,
        arms: Vec<ArmWeight>,
    ) -> Result<(Experiment, Changes), InvalidExperiment> {
        let experiment = Experiment {
            id: ExperimentId::new(self.ids),
            scope,
            key,
            name: name.trim().to_owned(),
            arms,
            status: ExperimentStatus::Running,
            started_by: self.by.clone(),
            started_at: self.at,
            ended_by: None,
            ended_at: None,
            winner: None,
        };
        experiment.validate()?;
        let details = json!({
            "prompt": key, "name": experiment.name, "tenant": scope.tenant, "arms": experiment.arms,
        });
        let list = vec![
            Change::StartExperiment(Box::new(experiment.clone())),
            self.audit("experiment.started", ("experiment", experiment.id.to_string()), details),
        ];
        Ok((experiment, Changes { chain: Chain::Agency(scope.agency), list }))
    }

    /// Ends an experiment: with a winner, which is in use from now on, or without one.
    pub fn end_experiment(&self, experiment: &Experiment, winner: Option<u32>) -> Changes {
        let end = ExperimentEnd { experiment: experiment.id, winner, by: self.by.clone(), at: self.at };
        let event_type = if winner.is_some() { "experiment.promoted" } else { "experiment.stopped" };
        let details = json!({ "prompt": experiment.key, "name": experiment.name, "winner": winner });
        let audit = self.audit(event_type, ("experiment", experiment.id.to_string()), details);
        Changes {
            chain: Chain::Agency(experiment.scope.agency),
            list: vec![Change::EndExperiment(Box::new(end)), audit],
        }
    }
}

fn invalid(field: &str, problem: String) -> InvalidSetting {
    InvalidSetting { field: field.to_owned(), problem }
}
