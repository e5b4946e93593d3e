//! A catalogue with its providers: what is swapped at a reload.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tenants::models::Task;

use super::places::Places;
use crate::catalogue::{Catalogue, CatalogueError, ModelEntry, ModelRef, TaskEntry};
use crate::metrics::LlmMetrics;
use crate::provider::{Provider, ProviderSource};

/// See the module.
pub(super) struct Table {
    pub catalogue: Catalogue,
    stations: HashMap<String, Station>,
    /// What holds for models the catalogue does not describe.
    unknown: ModelEntry,
    /// Stands in for a task without an entry, which a checked catalogue does not have.
    no_task: TaskEntry,
}

/// A provider and the places at it.
#[derive(Clone)]
pub(super) struct Station {
    pub provider: Arc<dyn Provider>,
    pub places: Arc<Places>,
}

impl Table {
    /// Places of `before` are kept, so that calls under way still count.
    pub fn new(
        catalogue: Catalogue,
        source: &dyn ProviderSource,
        before: Option<&Table>,
        metrics: &LlmMetrics,
    ) -> Result<Self, CatalogueError> {
        let mut stations = HashMap::new();
        for (name, entry) in &catalogue.providers {
            let Some(provider) = source.provider(name, entry)? else { continue };
            let kept = before.and_then(|before| before.stations.get(name));
            let places = match kept {
                Some(station) => Arc::clone(&station.places),
                None => Places::new(entry.concurrency, metrics.waiting(name)),
            };
            stations.insert(name.clone(), Station { provider, places });
        }
        let no_task = TaskEntry {
            models: Vec::new(),
            larger: Vec::new(),
            timeout_ms: 1,
            deadline_ms: 1,
            tries: 1,
            hedge_after_ms: None,
            temperature: 0.0,
        };
        Ok(Self { catalogue, stations, unknown: ModelEntry::default(), no_task })
    }

    /// Lets the places follow the catalogue.
    pub fn apply_limits(&self) {
        for (name, station) in &self.stations {
            if let Some(entry) = self.catalogue.providers.get(name) {
                station.places.set_limit(entry.concurrency);
            }
        }
    }

    pub fn task(&self, task: Task) -> &TaskEntry {
        self.catalogue.tasks.get(&task).unwrap_or(&self.no_task)
    }

    pub fn entry(&self, model: &ModelRef) -> &ModelEntry {
        self.catalogue.models.get(model).unwrap_or(&self.unknown)
    }

    pub fn station(&self, model: &ModelRef) -> Option<&Station> {
        self.stations.get(&model.provider)
    }

    pub fn has_provider(&self, model: &ModelRef) -> bool {
        self.stations.contains_key(&model.provider)
    }

    /// Every model that may be asked, once.
    pub fn models(&self) -> impl Iterator<Item = &ModelRef> {
        let all: BTreeSet<&ModelRef> = self.catalogue.asked().collect();
        all.into_iter()
    }
}
