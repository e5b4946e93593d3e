//! Language models: the catalogue and its file, the providers with their keys, and the cascade in front of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context;
use llm::budget::BudgetWatch;
use llm::provider::HttpProviders;
use llm::{Cascade, Catalogue, LlmMetrics, LlmRouter, OfflineProvider, Router, RouterParts};
use secrecy::ExposeSecret;
use tenants::clock::Clock;
use tenants::models::Task;
use tracing::{info, warn};

use super::{Foundations, mistakes};
use crate::settings::{ModelSettings, Secret};

/// Builds the cascade and keeps its catalogue fresh.
///
/// # Errors
/// When the catalogue makes no sense or a key cannot be used; the text says which.
pub(super) fn start(
    foundations: &Foundations,
    settings: &ModelSettings,
    watch: Arc<dyn BudgetWatch>,
    registry: &prometheus::Registry,
) -> anyhow::Result<Arc<dyn LlmRouter>> {
    let seen = settings.file().and_then(changed_at);
    let catalogue = read(settings)?;
    warn_of_idle_keys(settings, &catalogue);
    let (cascade, router, providers) = cascade(foundations, settings, catalogue, watch, registry)?;
    if let Some(file) = settings.file() {
        let file = file.to_owned();
        keep_fresh(foundations, settings.clone(), &file, seen, router.clone(), providers);
    }
    recall_costs(foundations, router.clone());
    mistakes::watch(foundations, router.clone());
    if let Some(embedder) = &foundations.embedder {
        embedder.ask(router);
    }
    Ok(Arc::new(cascade))
}

/// A cascade for a catalogue, with the router in it and the providers behind that.
///
/// # Errors
/// When the catalogue makes no sense or a key cannot be used; the text says which.
pub(crate) fn cascade(
    foundations: &Foundations,
    settings: &ModelSettings,
    catalogue: Catalogue,
    watch: Arc<dyn BudgetWatch>,
    registry: &prometheus::Registry,
) -> anyhow::Result<(Cascade, Router, HttpProviders)> {
    let clock = foundations.clock.clone();
    let providers = providers(settings, clock.clone())?;
    let parts = RouterParts {
        ledger: Arc::new(foundations.database.clone()),
        watch,
        clock: clock.clone(),
        ids: foundations.ids.clone(),
        tasks: foundations.tasks.clone(),
        metrics: LlmMetrics::register(registry)?,
    };
    let router = Router::new(parts, catalogue, &providers)?;
    let local = Arc::new(OfflineProvider::new(clock.clone())?);
    Ok((Cascade::new(local, router.clone(), clock), router, providers))
}

/// The providers with their keys.
///
/// # Errors
/// When the machine has no working TLS.
pub(crate) fn providers(settings: &ModelSettings, clock: Arc<dyn Clock>) -> anyhow::Result<HttpProviders> {
    let made = HttpProviders::new(settings.keys(), settings.connect_timeout(), clock);
    made.context("no connection to a model provider can be made")
}

/// The built-in catalogue with the file laid over it.
///
/// # Errors
/// When the file cannot be read or makes no sense.
pub(crate) fn read(settings: &ModelSettings) -> anyhow::Result<Catalogue> {
    let catalogue = match settings.file() {
        None => Catalogue::built_in()?,
        Some(file) => {
            let place = || format!("models.file {}", file.display());
            let text = std::fs::read_to_string(file).with_context(place)?;
            Catalogue::with_overrides(&text).with_context(place)?
        }
    };
    let embedding = &catalogue.embedding;
    anyhow::ensure!(
        embedding.models.is_empty() || embedding.dimensions > 0,
        "embedding.dimensions must be the numbers in a vector of {}: look it up in the model's description",
        embedding.models.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    );
    Ok(catalogue)
}

/// Who would be asked. Nobody is: that would cost money.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// Kinds of work with the first model that could be asked for them.
    pub served: Vec<(&'static str, String)>,
    /// Kinds of work for which no model could be asked.
    pub unserved: Vec<&'static str>,
    /// See [`idle_keys`].
    pub idle_keys: Vec<String>,
}

/// Looks at the file, the providers and the keys.
///
/// # Errors
/// When the file cannot be read or makes no sense, or a key cannot be used.
pub(crate) fn survey(settings: &ModelSettings, clock: Arc<dyn Clock>) -> anyhow::Result<Survey> {
    let catalogue = read(settings)?;
    let providers = providers(settings, clock)?;
    let mut survey = Survey { idle_keys: idle_keys(settings, &catalogue), ..Survey::default() };
    for task in Task::ALL {
        match catalogue.first_usable(*task, &providers)? {
            Some(model) => survey.served.push((task.as_str(), model.to_string())),
            None => survey.unserved.push(task.as_str()),
        }
    }
    if let Some(model) = catalogue.embedding.models.first() {
        survey.served.push(("embedding", model.to_string()));
    }
    Ok(survey)
}

/// What is wrong with keys of the settings that lead to nobody: a provider that the catalogue does not have, or one
/// that no task asks. They do no harm, but whoever set them expected something of them.
pub(crate) fn idle_keys<'a>(settings: &'a ModelSettings, catalogue: &Catalogue) -> Vec<String> {
    let known = || catalogue.providers.keys().cloned().collect::<Vec<_>>().join(", ");
    let asked: BTreeSet<&str> = catalogue.asked().map(|model| model.provider.as_str()).collect();
    let problem = |name: &String| match catalogue.providers.contains_key(name) {
        _ if asked.contains(name.as_str()) => None,
        true => Some(format!(
            "the key of {name} is used by no task: name a model of {name} in the tasks of models.file"
        )),
        false => Some(format!(
            "models.keys.{name}: the catalogue has no provider of that name: remove the key, or correct its name; its \
             providers are {}",
            known()
        )),
    };
    let is_set = |(name, key): (&'a String, &Secret)| (!key.expose_secret().is_empty()).then_some(name);
    settings.keys.iter().filter_map(is_set).filter_map(problem).collect()
}

/// Says so in the log.
fn warn_of_idle_keys(settings: &ModelSettings, catalogue: &Catalogue) {
    for problem in idle_keys(settings, catalogue) {
        warn!("{problem}");
    }
}

/// Learns from earlier calls what calls cost, in the background: nobody waits for it.
fn recall_costs(foundations: &Foundations, router: Router) {
    foundations.tasks.spawn("recall_costs", async move {
        match router.recall_costs().await {
            Ok(0) => {}
            Ok(calls) => info!(calls, "what calls to models cost is known from earlier ones"),
            Err(error) => warn!(%error, "what calls to models cost is learned anew"),
        }
    });
}

/// Looks at the file now and then; a catalogue that cannot be used changes nothing.
fn keep_fresh(
    foundations: &Foundations,
    settings: ModelSettings,
    file: &Path,
    mut seen: Option<SystemTime>,
    router: Router,
    providers: HttpProviders,
) {
    let (tasks, clock, file) = (foundations.tasks.clone(), foundations.clock.clone(), file.to_owned());
    foundations.tasks.spawn("model_catalogue", async move {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                () = clock.sleep(settings.reload_every()) => {}
            }
            let now = changed_at(&file);
            if now == seen {
                continue;
            }
            seen = now;
            let reloaded = read(&settings).and_then(|catalogue| {
                warn_of_idle_keys(&settings, &catalogue);
                Ok(router.reload(catalogue, &providers)?)
            });
            match reloaded {
                Ok(()) => info!(file = %file.display(), "the catalogue of models was read anew"),
                Err(error) => warn!(error = format!("{error:#}"), "the catalogue of models stays as it was"),
            }
        }
    });
}

fn changed_at(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}
