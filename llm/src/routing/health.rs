//! How each model is doing: its breaker, and how long it wants to be left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenants::breaker::{BreakerConfig, BreakerState, CircuitBreaker, Permission};
use tenants::clock::Timestamp;
use tracing::{info, warn};

use crate::catalogue::ModelRef;
use crate::metrics::LlmMetrics;
use crate::provider::CallError;
use crate::router::BreakerOf;

/// Shorter rests are everyday life.
const WORTH_TELLING: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(super) struct Health {
    models: Mutex<BTreeMap<ModelRef, Condition>>,
    /// Mistakes in the settings that were told, by provider or model: each is told once, until it works again.
    told: Mutex<BTreeSet<Mistake>>,
    metrics: LlmMetrics,
}

/// A mistake in the settings that only a call brings to light.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// The provider does not accept its key.
    Key(String),
    /// The provider knows no such model.
    Model(ModelRef),
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(provider) => write!(
                f,
                "the provider {provider} of language models rejects its key: set the right one as \
                 models.keys.{provider} and restart"
            ),
            Self::Model(model) => write!(
                f,
                "the provider {} knows no language model `{}`: correct its name in models.file, or choose one that \
                 the key may use",
                model.provider, model.model
            ),
        }
    }
}

#[derive(Debug)]
struct Condition {
    config: BreakerConfig,
    breaker: CircuitBreaker,
    /// The provider has said not to come before.
    rests_until: Timestamp,
}

/// Why a model may not be called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unwell {
    /// It failed too often; asking again can succeed then.
    Broken(Timestamp),
    /// It wants to be left alone until then.
    Resting(Timestamp),
}

impl Unwell {
    pub fn until(self) -> Timestamp {
        match self {
            Self::Broken(until) | Self::Resting(until) => until,
        }
    }
}

impl Health {
    pub fn new(metrics: LlmMetrics) -> Self {
        Self { models: Mutex::default(), told: Mutex::default(), metrics }
    }

    /// The models there are now. Those that stay keep their state unless the setting changed.
    pub fn set_models<'a>(&self, models: impl Iterator<Item = &'a ModelRef>, config: BreakerConfig) {
        self.told().clear();
        let mut known = self.models();
        let mut old = std::mem::take(&mut *known);
        for model in models {
            let kept = old.remove(model).filter(|condition| condition.config == config);
            let condition = kept.unwrap_or_else(|| Condition::new(config));
            self.show(model, &condition);
            known.insert(model.clone(), condition);
        }
    }

    /// Whether a call would be let through; takes no probe.
    pub fn look(&self, model: &ModelRef, now: Timestamp) -> Result<(), Unwell> {
        match self.models().get(model) {
            Some(condition) => condition.look(now),
            None => Ok(()),
        }
    }

    /// Lets a call through, and watches what becomes of it.
    pub fn allow(self: &Arc<Self>, model: &ModelRef, now: Timestamp) -> Result<Watch, Unwell> {
        let mut models = self.models();
        let mut is_probe = false;
        if let Some(condition) = models.get_mut(model) {
            let answer = condition.ask(now);
            self.show(model, condition);
            is_probe = answer? == Permission::Probe;
        }
        Ok(Watch { health: Arc::clone(self), model: model.clone(), is_probe })
    }

    fn report(&self, model: &ModelRef, result: Result<(), &CallError>, now: Timestamp) {
        self.tell(model, result);
        let mut models = self.models();
        let Some(condition) = models.get_mut(model) else { return };
        match result {
            Err(error) if error.speaks_against_model() => condition.breaker.failure(now.as_micros()),
            Ok(()) | Err(_) => condition.breaker.success(now.as_micros()),
        }
        if let Some(wait) = result.err().and_then(CallError::retry_after) {
            condition.rest(model, wait, now);
        }
        self.show(model, condition);
    }

    /// Says in the log what has to be corrected, and when it was.
    fn tell(&self, model: &ModelRef, result: Result<(), &CallError>) {
        let mistake = match result {
            Err(CallError::KeyRejected(_)) => Mistake::Key(model.provider.clone()),
            Err(CallError::UnknownModel(_)) => Mistake::Model(model.clone()),
            Err(_) => return,
            Ok(()) => {
                let mut told = self.told();
                if told.is_empty() {
                    return;
                }
                let key = told.remove(&Mistake::Key(model.provider.clone()));
                let name = told.remove(&Mistake::Model(model.clone()));
                if key || name {
                    info!(%model, "a model that could not be asked answers");
                }
                return;
            }
        };
        if self.told().insert(mistake.clone()) {
            warn!("{mistake}");
        }
    }

    /// The mistakes that were told and still hold, as far as is known.
    pub fn mistakes(&self) -> BTreeSet<Mistake> {
        self.told().clone()
    }

    fn told(&self) -> MutexGuard<'_, BTreeSet<Mistake>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_probe(&self, model: &ModelRef) {
        if let Some(condition) = self.models().get_mut(model) {
            condition.breaker.forget_probe();
        }
    }

    /// All breakers, by model, and which models rest.
    pub fn breakers(&self, now: Timestamp) -> Vec<BreakerOf> {
        let of = |(model, condition): (&ModelRef, &Condition)| BreakerOf {
            name: model.to_string(),
            view: condition.breaker.view(),
            rests_until: (condition.rests_until > now).then_some(condition.rests_until),
        };
        self.models().iter().map(of).collect()
    }

    fn show(&self, model: &ModelRef, condition: &Condition) {
        let state: BreakerState = condition.breaker.view().state;
        self.metrics.breaker(&model.provider, &model.model, state);
        self.metrics.rest(&model.provider, &model.model, condition.rests_until);
    }

    fn models(&self) -> MutexGuard<'_, BTreeMap<ModelRef, Condition>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Condition {
    fn new(config: BreakerConfig) -> Self {
        Self { config, breaker: CircuitBreaker::new(config), rests_until: Timestamp::default() }
    }

    /// The model is left alone for so long. Told when the rest begins, not with every call that is told of it.
    fn rest(&mut self, model: &ModelRef, wait: Duration, now: Timestamp) {
        let until = now + wait;
        if self.rests_until <= now && wait >= WORTH_TELLING {
            warn!(%model, seconds = wait.as_secs(), "the provider wants a model to be left alone: it is not asked until then");
        }
        self.rests_until = self.rests_until.max(until);
    }

    fn ask(&mut self, now: Timestamp) -> Result<Permission, Unwell> {
        if now < self.rests_until {
            return Err(Unwell::Resting(self.rests_until));
        }
        match self.breaker.allow(now.as_micros()) {
            Permission::Rejected { retry_at } => Err(Unwell::Broken(Timestamp::from_micros(retry_at))),
            allowed => Ok(allowed),
        }
    }

    fn look(&self, now: Timestamp) -> Result<(), Unwell> {
        let mut copy = Self { breaker: self.breaker.clone(), ..*self };
        copy.ask(now).map(|_| ())
    }
}

/// A call that was let through. Dropping it without a report says that nobody waited for the outcome.
#[derive(Debug)]
pub(super) struct Watch {
    health: Arc<Health>,
    model: ModelRef,
    is_probe: bool,
}

impl Watch {
    /// What became of the call.
    pub fn report(mut self, result: Result<(), &CallError>, now: Timestamp) {
        self.is_probe = false;
        self.health.report(&self.model, result, now);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.is_probe {
            self.health.forget_probe(&self.model);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_the_settings_is_told_once_until_it_works_again() {
        let metrics = LlmMetrics::register(&prometheus::Registry::new()).unwrap();
        let health = Health::new(metrics);
        let (one, other): (ModelRef, ModelRef) = ("near/one".parse().unwrap(), "near/other".parse().unwrap());
        let rejected = CallError::KeyRejected(String::new());
        let told = |result: Result<(), &CallError>, model: &ModelRef| {
            health.tell(model, result);
            health.told().len()
        };
        assert_eq!(told(Err(&rejected), &one), 1);
        assert_eq!(told(Err(&rejected), &other), 1, "a key is the provider's, whatever model was asked");
        assert_eq!(told(Err(&CallError::UnknownModel(String::new())), &other), 2);
        assert_eq!(told(Err(&CallError::TimedOut), &one), 2);
        assert_eq!(told(Ok(()), &one), 1, "the key works, the other model is still unknown");
        assert_eq!(told(Err(&rejected), &one), 2, "told anew");
    }
}
