//! How often Instagram may be asked for numbers, so that asking never holds up a reply: few calls at once, few calls an
//! hour, none while the allowance is half used, none while Instagram says to wait, and none while it does not answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenants::account::Account;
use tenants::breaker::{CircuitBreaker, Permission};
use tenants::clock::Timestamp;
use tenants::effect::ErrorCategory;
use tenants::ids::{AccountId, AppId};
use tenants::ports::{SendError, Usage};
use tokio::sync::Semaphore;

use super::settings::IntelSettings;

const HOUR_US: i64 = 3_600_000_000;
/// What is remembered of accounts and metrics before what no longer matters is thrown away.
const KEPT: usize = 20_000;

/// Why nothing is asked now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Closed {
    /// For people.
    pub reason: String,
    /// When asking makes sense again.
    pub until: Timestamp,
    /// Because of a limit, rather than an outage.
    pub is_limit: bool,
}

impl Closed {
    fn limit(reason: String, until: Timestamp) -> Self {
        Self { reason, until, is_limit: true }
    }
}

/// Shared by all who ask. What is in it can be lost at any moment: it costs some calls to learn it again.
#[derive(Debug)]
pub(super) struct Gate {
    pub places: Arc<Semaphore>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    accounts: HashMap<AccountId, Lane>,
    /// `None` is the installation's own app.
    apps: HashMap<Option<AppId>, Timestamp>,
    /// Metrics that Instagram refused: by account, kind of thing and metric, the reason and until when.
    refused: HashMap<(AccountId, String, &'static str), (String, Timestamp)>,
}

#[derive(Debug)]
struct Lane {
    breaker: CircuitBreaker,
    paused: Option<(Timestamp, String)>,
    /// The hour since 1970, and the calls in it.
    hour: (i64, u32),
}

impl Gate {
    pub fn new(settings: &IntelSettings) -> Self {
        Self { places: Arc::new(Semaphore::new(settings.max_in_flight.max(1))), known: Mutex::default() }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call for the account, or says why there is none now.
    pub fn take(&self, account: &Account, now: Timestamp, settings: &IntelSettings) -> Result<(), Closed> {
        let mut known = self.known();
        if let Some(until) = known.apps.get(&account.app).filter(|until| **until > now) {
            return Err(Closed::limit(format!("Instagram limits the app until {until}"), *until));
        }
        let lane = known.accounts.entry(account.id).or_insert_with(|| Lane {
            breaker: CircuitBreaker::new(settings.breaker),
            paused: None,
            hour: (0, 0),
        });
        if let Some((until, reason)) = lane.paused.as_ref().filter(|(until, _)| *until > now) {
            return Err(Closed::limit(format!("{reason}, until {until}"), *until));
        }
        let hour = now.as_micros().div_euclid(HOUR_US);
        if lane.hour.0 != hour {
            lane.hour = (hour, 0);
        }
        if lane.hour.1 >= settings.calls_per_hour.max(1) {
            let reason = "this hour's calls for numbers are used; the next hour goes on".to_owned();
            return Err(Closed::limit(reason, Timestamp::from_micros((hour + 1) * HOUR_US)));
        }
        if let Permission::Rejected { retry_at } = lane.breaker.allow(now.as_micros()) {
            let until = Timestamp::from_micros(retry_at);
            let reason = format!("Instagram does not answer; it is asked again at {until}");
            return Err(Closed { reason, until, is_limit: false });
        }
        lane.hour.1 += 1;
        Ok(())
    }

    /// Learns from an answer's usage headers.
    pub fn answered(&self, account: &Account, usage: &Usage, now: Timestamp, settings: &IntelSettings) {
        let mut known = self.known();
        let until = now + usage.regain_after.unwrap_or(settings.pause()).max(settings.pause());
        let is_high =
            |percent: Option<f32>| percent.is_some_and(|percent| percent >= settings.pause_at_percent);
        if is_high(usage.app_percent) {
            known.apps.insert(account.app, until);
        }
        let Some(lane) = known.accounts.get_mut(&account.id) else { return };
        lane.breaker.success(now.as_micros());
        if is_high(usage.account_percent) {
            let reason = "much of Instagram's allowance is used; the rest is kept for replies".to_owned();
            lane.paused = Some((until, reason));
        }
    }

    /// Learns from a failure.
    pub fn failed(&self, account: &Account, error: &SendError, now: Timestamp, settings: &IntelSettings) {
        let mut known = self.known();
        let until = now + error.retry_after.unwrap_or(settings.pause());
        if error.category == ErrorCategory::RateLimit && error.app_wide {
            known.apps.insert(account.app, until);
        }
        let Some(lane) = known.accounts.get_mut(&account.id) else { return };
        match error.category {
            ErrorCategory::RateLimit => {
                lane.breaker.success(now.as_micros());
                lane.paused = Some((until, format!("Instagram limits the account ({})", error.message)));
            }
            ErrorCategory::Transient | ErrorCategory::Unknown => lane.breaker.failure(now.as_micros()),
            _ => lane.breaker.success(now.as_micros()),
        }
    }

    /// Remembers that Instagram refused a metric.
    pub fn refuse(
        &self,
        account: &AccountId,
        of: &str,
        metric: &'static str,
        reason: &str,
        until: Timestamp,
    ) {
        let mut known = self.known();
        if known.refused.len() >= KEPT {
            // Whoever is forgotten is refused once more.
            known.refused.clear();
        }
        known.refused.insert((*account, of.to_owned(), metric), (reason.to_owned(), until));
    }

    /// Why a metric is not asked for now.
    pub fn refusal(
        &self,
        account: &AccountId,
        of: &str,
        metric: &'static str,
        now: Timestamp,
    ) -> Option<String> {
        let known = self.known();
        let (reason, until) = known.refused.get(&(*account, of.to_owned(), metric))?;
        (*until > now).then(|| reason.clone())
    }
}
