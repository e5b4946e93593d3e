//! The catalogue: which models exist, what they cost, and who is asked for what. See `config/models.toml`.

mod model;
mod price;

use std::collections::BTreeMap;

use serde::Deserialize;
use tenants::breaker::BreakerConfig;
use tenants::models::Task;

pub use self::model::{BadModelRef, ModelEntry, ModelRef, Protocol, ProviderEntry};
pub use self::price::{Price, estimated_tokens};
use crate::provider::ProviderSource;
use crate::request::Tier;

/// The catalogue that is built in.
pub const BUILT_IN: &str = include_str!("../../../config/models.toml");

/// Why a catalogue or the providers it names cannot be used; what was in use stays in use.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// It is not TOML, or a key is unknown, missing, or of the wrong kind.
    #[error("the model catalogue cannot be read: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// A value makes no sense.
    #[error("model catalogue: {place}: {problem}")]
    Senseless {
        /// Where, as a key.
        place: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A key that cannot be sent in a header.
    #[error("the key of provider `{0}` holds characters that no key has; paste it again")]
    UnusableKey(String),
}

/// See the module.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// How calls are made.
    pub calling: Calling,
    /// The breaker of every model.
    pub breaker: BreakerConfig,
    /// Providers by name.
    pub providers: BTreeMap<String, ProviderEntry>,
    /// What is known of models.
    #[serde(default)]
    pub models: BTreeMap<ModelRef, ModelEntry>,
    /// Who is asked for what; every task is there.
    pub tasks: BTreeMap<Task, TaskEntry>,
    /// Who makes vectors.
    pub embedding: EmbeddingEntry,
}

/// How calls are made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calling {
    /// Milliseconds before the second try.
    pub first_pause_ms: u64,
    /// Longest pause, in milliseconds.
    pub longest_pause_ms: u64,
    /// The part of calls, 0 to 1, that cost no more than what is set aside for one.
    pub reserve_quantile: f64,
    /// Milliseconds after the deadline at which a reservation counts as spent.
    pub reservation_grace_ms: u64,
    /// Milliseconds for which money for the next call of a kind is kept ready; 0: it is set aside call by call.
    #[serde(default)]
    pub spare_ms: u64,
    /// Classifications kept.
    pub cache_entries: usize,
}

/// Who is asked for a task.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskEntry {
    /// The models, in the order in which they are asked.
    pub models: Vec<ModelRef>,
    /// The larger models, in the order in which they are asked; empty: the task has none.
    #[serde(default)]
    pub larger: Vec<ModelRef>,
    /// Longest time for one call, in milliseconds.
    pub timeout_ms: u64,
    /// Longest time for the whole request, in milliseconds.
    pub deadline_ms: u64,
    /// Tries of one model.
    pub tries: u32,
    /// Milliseconds without an answer after which the next model is asked as well; never when left out.
    pub hedge_after_ms: Option<u64>,
    /// 0 to 2.
    pub temperature: f32,
}

/// Who makes vectors.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingEntry {
    /// The models, in the order in which they are asked; all must give vectors of the same kind. Empty: nobody.
    pub models: Vec<ModelRef>,
    /// Numbers in a vector of theirs.
    #[serde(default)]
    pub dimensions: usize,
    /// Longest time for one call, in milliseconds.
    pub timeout_ms: u64,
    /// Longest time for the whole request, in milliseconds.
    pub deadline_ms: u64,
    /// Tries of one model.
    pub tries: u32,
}

impl TaskEntry {
    /// The models of a tier, in the order in which they are asked.
    pub fn of_tier(&self, tier: Tier) -> &[ModelRef] {
        match tier {
            Tier::First => &self.models,
            Tier::Larger => &self.larger,
        }
    }

    fn check_hedging(&self, place: &str) -> Result<(), CatalogueError> {
        let Some(after) = self.hedge_after_ms else { return Ok(()) };
        if after == 0 || after >= self.deadline_ms {
            return senseless(place, "hedge_after_ms must be more than 0 and less than deadline_ms");
        }
        if self.models.len() < 2 {
            return senseless(place, "hedge_after_ms needs a second model in models");
        }
        Ok(())
    }
}

impl Catalogue {
    /// The catalogue that is built in.
    ///
    /// # Errors
    /// Never in a program whose tests pass.
    pub fn built_in() -> Result<Self, CatalogueError> {
        Self::with_overrides("")
    }

    /// The built-in catalogue with a file's text laid over it: tables are merged, values and lists replace.
    ///
    /// # Errors
    /// [`CatalogueError`] when the whole makes no sense.
    pub fn with_overrides(text: &str) -> Result<Self, CatalogueError> {
        let mut table: toml::Table = BUILT_IN.parse()?;
        lay_over(&mut table, text.parse()?);
        Self::from_table(table)
    }

    /// A catalogue that stands alone, without anything of the built-in one.
    ///
    /// # Errors
    /// [`CatalogueError`] when it makes no sense.
    pub fn alone(text: &str) -> Result<Self, CatalogueError> {
        Self::from_table(text.parse()?)
    }

    fn from_table(table: toml::Table) -> Result<Self, CatalogueError> {
        let catalogue: Self = table.try_into()?;
        catalogue.check()?;
        Ok(catalogue)
    }

    /// Every model that is asked for some task, or for vectors; one may come more than once.
    pub fn asked(&self) -> impl Iterator<Item = &ModelRef> {
        let of_tasks = self.tasks.values().flat_map(|task| task.models.iter().chain(&task.larger));
        of_tasks.chain(&self.embedding.models)
    }

    /// The first model of a task whose provider can be used: there is a key for it, or it needs none. Where none of the
    /// usual ones can be used, it is a larger one.
    ///
    /// # Errors
    /// When the entry of a provider makes no sense.
    pub fn first_usable(
        &self,
        task: Task,
        source: &dyn ProviderSource,
    ) -> Result<Option<&ModelRef>, CatalogueError> {
        let Some(entry) = self.tasks.get(&task) else { return Ok(None) };
        for model in entry.models.iter().chain(&entry.larger) {
            let Some(provider) = self.providers.get(&model.provider) else { continue };
            if source.provider(&model.provider, provider)?.is_some() {
                return Ok(Some(model));
            }
        }
        Ok(None)
    }

    /// What a model costs, and whether that is known: else it is as dear as the dearest.
    pub fn price(&self, model: &ModelRef) -> (Price, bool) {
        match self.models.get(model).and_then(|entry| entry.price) {
            Some(price) => (price, true),
            None => (self.dearest(), false),
        }
    }

    fn dearest(&self) -> Price {
        let known = self.models.values().filter_map(|entry| entry.price);
        known.reduce(Price::dearer).unwrap_or_default()
    }

    /// Whether it makes sense; to be asked after a change by hand.
    ///
    /// # Errors
    /// [`CatalogueError::Senseless`] names the place.
    pub fn check(&self) -> Result<(), CatalogueError> {
        self.calling.check()?;
        for (name, provider) in &self.providers {
            provider.check(&format!("providers.{name}"))?;
        }
        for (model, entry) in &self.models {
            let place = format!("models.\"{model}\"");
            self.check_known(&place, model)?;
            entry.check(&place)?;
        }
        for task in Task::ALL {
            let place = format!("tasks.{task}");
            let Some(entry) = self.tasks.get(task) else { return senseless(&place, "is missing") };
            self.check_models(&place, &entry.models, entry.tries, entry.timeout_ms, entry.deadline_ms)?;
            for model in &entry.larger {
                self.check_known(&place, model)?;
                if entry.models.contains(model) {
                    return senseless(&place, &format!("larger must not name `{model}`, which models names"));
                }
            }
            if entry.models.is_empty() {
                return senseless(&place, "models must name at least one");
            }
            if !(0.0..=2.0).contains(&entry.temperature) {
                return senseless(&place, "temperature must be between 0 and 2");
            }
            entry.check_hedging(&place)?;
        }
        let embedding = &self.embedding;
        self.check_models(
            "embedding",
            &embedding.models,
            embedding.tries,
            embedding.timeout_ms,
            embedding.deadline_ms,
        )
    }

    fn check_models(
        &self,
        place: &str,
        models: &[ModelRef],
        tries: u32,
        timeout_ms: u64,
        deadline_ms: u64,
    ) -> Result<(), CatalogueError> {
        for model in models {
            self.check_known(place, model)?;
        }
        if !(1..=10).contains(&tries) {
            return senseless(place, "tries must be between 1 and 10");
        }
        if timeout_ms == 0 || deadline_ms < timeout_ms {
            return senseless(place, "timeout_ms must be more than 0 and no more than deadline_ms");
        }
        Ok(())
    }

    fn check_known(&self, place: &str, model: &ModelRef) -> Result<(), CatalogueError> {
        if self.providers.contains_key(&model.provider) {
            return Ok(());
        }
        senseless(place, &format!("`{model}`: there is no [providers.{}]", model.provider))
    }
}

impl Calling {
    fn check(&self) -> Result<(), CatalogueError> {
        if !(0.5..=1.0).contains(&self.reserve_quantile) {
            return senseless("calling.reserve_quantile", "must be between 0.5 and 1");
        }
        if self.first_pause_ms == 0 || self.longest_pause_ms < self.first_pause_ms {
            return senseless(
                "calling",
                "first_pause_ms must be more than 0 and no more than longest_pause_ms",
            );
        }
        Ok(())
    }
}

fn senseless<T>(place: &str, problem: &str) -> Result<T, CatalogueError> {
    Err(CatalogueError::Senseless { place: place.to_owned(), problem: problem.to_owned() })
}

fn lay_over(below: &mut toml::Table, above: toml::Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            (_, value) => {
                below.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tenants::money::MicroUsd;

    use super::*;
    use crate::request::Usage;

    fn problem_of(text: &str) -> String {
        Catalogue::with_overrides(text).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_catalogue_asks_the_models_the_product_promises() {
        let catalogue = Catalogue::built_in().unwrap();
        let first = |task| catalogue.tasks[&task].models[0].to_string();
        for task in [Task::Classify, Task::ShortReply, Task::Caption] {
            assert_eq!(first(task), "moonshot/kimi-k2.5");
        }
        for task in [Task::Plan, Task::Report, Task::ClientComms, Task::Crisis] {
            assert_eq!(first(task), "anthropic/claude-opus-4-6");
        }
        assert_eq!(catalogue.tasks[&Task::Caption].models[1].to_string(), "anthropic/claude-opus-4-6");
        assert_eq!(catalogue.tasks[&Task::Classify].larger[0].to_string(), "anthropic/claude-opus-4-6");
        assert!(catalogue.tasks.values().flat_map(|task| &task.models).all(|model| catalogue.price(model).1));
    }

    #[test]
    fn a_file_replaces_what_it_names_and_leaves_the_rest() {
        let catalogue = Catalogue::with_overrides(
            "tasks.classify.models = ['ollama/qwen3:4b']\n[models.'ollama/qwen3:4b'.price]\ninput = 0\ncached = 0\noutput = 0",
        )
        .unwrap();
        assert_eq!(catalogue.tasks[&Task::Classify].models[0].model, "qwen3:4b");
        assert_eq!(catalogue.tasks[&Task::Classify].tries, 2);
        assert_eq!(catalogue.tasks[&Task::Plan].models[0].provider, "anthropic");
    }

    #[test]
    fn a_model_without_a_price_is_as_dear_as_the_dearest() {
        let catalogue = Catalogue::built_in().unwrap();
        let (price, is_known) = catalogue.price(&"openai/brand-new".parse().unwrap());
        assert!(!is_known);
        let million = Usage { input: 1_000_000, output: 1_000_000, ..Usage::default() };
        assert_eq!(price.cost(million), MicroUsd(30_000_000));
    }

    #[test]
    fn a_catalogue_that_makes_no_sense_says_where() {
        let cases = [
            ("tasks.plan.models = []", "tasks.plan: models must name at least one"),
            ("tasks.plan.models = ['nowhere/x']", "there is no [providers.nowhere]"),
            ("tasks.plan.models = ['x']", "expected `provider/model`"),
            ("tasks.plan.larger = ['nowhere/x']", "tasks.plan: `nowhere/x`: there is no [providers.nowhere]"),
            ("tasks.plan.larger = ['anthropic/claude-opus-4-6']", "tasks.plan: larger must not name"),
            ("tasks.plan.tries = 0", "tasks.plan: tries"),
            ("tasks.plan.hedge_after_ms = 5000", "tasks.plan: hedge_after_ms needs a second model"),
            ("tasks.caption.hedge_after_ms = 0", "tasks.caption: hedge_after_ms must be"),
            ("tasks.caption.hedge_after_ms = 90000", "tasks.caption: hedge_after_ms must be"),
            ("tasks.plan.timeout_ms = 0", "tasks.plan: timeout_ms"),
            ("tasks.plan.temperature = 3.0", "tasks.plan: temperature"),
            ("tasks.plan.colour = 'red'", "unknown field `colour`"),
            ("tasks.dance.tries = 1", "unknown task `dance`"),
            ("providers.ollama.base_url = 'localhost'", "providers.ollama: base_url"),
            ("providers.ollama.concurrency = 0", "providers.ollama: concurrency"),
            ("providers.ollama.protocol = 'smoke'", "unknown variant `smoke`"),
            ("models.'moonshot/kimi-k2.5'.price.input = -1", "price must not be negative"),
            (
                "models.'moonshot/kimi-k2.5'.price.output = 1000000000001",
                "price must be at most 1000000000000",
            ),
            ("models.'moonshot/kimi-k2.5'.price.cached = 9223372036854775807", "price must be at most"),
            ("calling.reserve_quantile = 1.5", "calling.reserve_quantile"),
            ("what is this", "cannot be read"),
        ];
        for (text, expected) in cases {
            let problem = problem_of(text);
            assert!(problem.contains(expected), "{text}: {problem}");
        }
    }
}
