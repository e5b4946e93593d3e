//! Other models than those in use, for one rehearsal.

use std::sync::Arc;

use llm::LlmRouter;
use llm::budget::NoWatch;
use llm::catalogue::ModelRef;

use super::ordered::TaskModels;
use crate::boot::{Foundations, models};
use crate::settings::ModelSettings;

/// Builds models that are not in use.
pub trait OtherModels: Send + Sync {
    /// The models in use, with these in the place of those of some tasks.
    ///
    /// # Errors
    /// What is wrong with them, for people.
    fn with(&self, tasks: &TaskModels) -> Result<Arc<dyn LlmRouter>, String>;
}

/// Those of the catalogue. Only who is asked for what can be changed: a provider's address belongs to its key.
#[derive(Debug)]
pub struct CatalogueModels {
    /// Database, clock, ids, tasks.
    pub foundations: Foundations,
    /// The catalogue and the keys.
    pub settings: ModelSettings,
}

impl OtherModels for CatalogueModels {
    fn with(&self, tasks: &TaskModels) -> Result<Arc<dyn LlmRouter>, String> {
        let mut catalogue = models::read(&self.settings).map_err(|error| format!("{error:#}"))?;
        for (task, wanted) in tasks {
            let wanted: Result<Vec<ModelRef>, _> = wanted.iter().map(|name| name.parse()).collect();
            let wanted = wanted.map_err(|error| format!("models.{task}: {error}"))?;
            if let Some(unknown) = wanted.iter().find(|model| !catalogue.models.contains_key(model)) {
                let known: Vec<String> = catalogue.models.keys().map(ToString::to_string).collect();
                return Err(format!(
                    "models.{task}: `{unknown}` is not in the catalogue, which knows {}: name one of them, or add it to \
                     models.file",
                    known.join(", ")
                ));
            }
            let entry =
                catalogue.tasks.get_mut(task).ok_or_else(|| format!("models.{task}: no such task"))?;
            entry.models = wanted;
            entry.larger.clear();
        }
        catalogue.check().map_err(|error| error.to_string())?;
        // Its metrics are those of a rehearsal, which nobody scrapes.
        let registry = prometheus::Registry::new();
        let cascade =
            models::cascade(&self.foundations, &self.settings, catalogue, Arc::new(NoWatch), &registry);
        Ok(Arc::new(cascade.map_err(|error| format!("{error:#}"))?.0))
    }
}
