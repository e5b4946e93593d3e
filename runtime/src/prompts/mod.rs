//! Prompts and experiments, as people handle them: the same for the HTTP API and the command line.

mod acts;
mod install;

use similar::TextDiff;
use tenants::experiment::{Experiment, ExperimentResults, PromptVersion};
use tenants::ports::{OutcomeQuery, Prompts, StoreError};

pub use install::install_built_in;

/// Most lines around a change that a diff shows.
const CONTEXT_LINES: usize = 3;

/// What changed from one version to another, as a unified diff; empty when nothing did.
pub fn diff(before: &PromptVersion, after: &PromptVersion) -> String {
    TextDiff::from_lines(&before.prompt.body, &after.prompt.body)
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(&before.prompt.label(), &after.prompt.label())
        .to_string()
}

/// What an experiment has shown so far; with a tenant, in that tenant's conversations alone.
///
/// # Errors
/// When the database does not answer.
pub async fn results(
    prompts: &dyn Prompts,
    experiment: &Experiment,
    tenant: Option<tenants::ids::TenantId>,
) -> Result<ExperimentResults, StoreError> {
    let mut query = OutcomeQuery::of(experiment);
    query.scope.tenant = tenant.or(query.scope.tenant);
    Ok(ExperimentResults::of(experiment, &prompts.arm_outcomes(&query).await?))
}

#[cfg(test)]
mod tests {
    use tenants::clock::Timestamp;
    use tenants::ids::PromptId;
    use tenants::prompt::{Prompt, PromptKey};
    use uuid::Uuid;

    use super::*;

    fn version(number: u32, body: &str) -> PromptVersion {
        PromptVersion {
            id: PromptId(Uuid::nil()),
            agency: None,
            prompt: Prompt { key: PromptKey::Reply, version: number, body: body.to_owned() },
            note: String::new(),
            created_by: "cli".to_owned(),
            created_at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn a_diff_shows_what_changed_and_a_little_around_it() {
        let before = version(1, "Write for the brand.\nBe warm.\nNo links.\n");
        let after = version(2, "Write for the brand.\nBe brief.\nNo links.\n");
        assert_eq!(
            diff(&before, &after),
            "--- reply@1\n+++ reply@2\n@@ -1,3 +1,3 @@\n Write for the brand.\n-Be warm.\n+Be brief.\n No links.\n"
        );
        assert_eq!(diff(&before, &before), "");
    }
}
