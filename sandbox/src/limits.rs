//! Rate limits and the usage headers computed from real counts.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{
    control::requests::Login,
    graph::{endpoint::Endpoint, errors::GraphError},
    ids::{AccountId, AppId},
    options::{LimitOptions, Quota},
};

/// A window is counted in so many slices, which bounds its error to one slice.
const SLICES: usize = 60;
/// How long an account that likes too fast is locked out.
const LIKE_LOCK: TimeDelta = TimeDelta::hours(1);

/// Calls in a rolling window.
#[derive(Debug, Clone)]
struct Rolling {
    slice_ms: i64,
    counts: [u64; SLICES],
    newest_slice: i64,
    total: u64,
}

impl Rolling {
    fn new(quota: Quota) -> Self {
        let slice_ms = (quota.window_ms as i64 / SLICES as i64).max(1);
        Self { slice_ms, counts: [0; SLICES], newest_slice: i64::MIN / 2, total: 0 }
    }

    fn advance(&mut self, now: DateTime<Utc>) {
        let slice = now.timestamp_millis().div_euclid(self.slice_ms);
        let passed = (slice - self.newest_slice).clamp(0, SLICES as i64);
        for step in 1..=passed {
            let index = (slice - passed + step).rem_euclid(SLICES as i64) as usize;
            self.total -= self.counts[index];
            self.counts[index] = 0;
        }
        self.newest_slice = self.newest_slice.max(slice);
    }

    fn add(&mut self, now: DateTime<Utc>) -> u64 {
        self.advance(now);
        self.counts[self.newest_slice.rem_euclid(SLICES as i64) as usize] += 1;
        self.total += 1;
        self.total
    }

    fn count(&mut self, now: DateTime<Utc>) -> u64 {
        self.advance(now);
        self.total
    }

    /// Minutes (rounded up) until fewer than `calls` are left in the window.
    fn minutes_until_below(&self, calls: u64) -> u64 {
        let mut left = self.total;
        for age in 0..SLICES as i64 {
            if left < calls {
                return (age * self.slice_ms) as u64 / 60_000 + u64::from(age > 0);
            }
            let oldest = self.newest_slice - (SLICES as i64 - 1) + age;
            left -= self.counts[oldest.rem_euclid(SLICES as i64) as usize];
        }
        ((SLICES as i64 * self.slice_ms) as u64).div_ceil(60_000)
    }
}

/// A quota with its count, or no limit.
#[derive(Debug, Clone)]
struct Meter {
    quota: Option<Quota>,
    rolling: Option<Rolling>,
}

impl Meter {
    fn new(quota: Option<Quota>) -> Self {
        Self { quota, rolling: quota.map(Rolling::new) }
    }

    /// Counts the call; `false` when it is one too many.
    fn admit(&mut self, now: DateTime<Utc>) -> bool {
        match (&self.quota, &mut self.rolling) {
            (Some(quota), Some(rolling)) => rolling.add(now) <= quota.calls,
            _ => true,
        }
    }

    /// Counts the call only if there is room, so that a refused one does not prolong the wait.
    fn admit_if_room(&mut self, now: DateTime<Utc>) -> bool {
        let has_room = match (&self.quota, &mut self.rolling) {
            (Some(quota), Some(rolling)) => rolling.count(now) < quota.calls,
            _ => true,
        };
        has_room && self.admit(now)
    }

    fn percent(&self) -> u64 {
        match (&self.quota, &self.rolling) {
            (Some(quota), Some(rolling)) => rolling.total * 100 / quota.calls.max(1),
            _ => 0,
        }
    }

    fn regain_minutes(&self) -> u64 {
        match (&self.quota, &self.rolling) {
            (Some(quota), Some(rolling)) if rolling.total >= quota.calls => {
                rolling.minutes_until_below(quota.calls)
            }
            _ => 0,
        }
    }
}

/// The usage headers of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) app: Value,
    pub(crate) business: Value,
}

#[derive(Debug)]
struct AccountMeters {
    calls: u64,
    instagram: Meter,
    messenger: Meter,
    sends: Meter,
    conversations: Meter,
    private_replies: Meter,
    likes: Meter,
    likes_locked_until: Option<DateTime<Utc>>,
}

impl AccountMeters {
    fn new(options: &LimitOptions) -> Self {
        Self {
            calls: 0,
            instagram: Meter::new(options.instagram),
            messenger: Meter::new(options.messenger),
            sends: Meter::new(options.sends),
            conversations: Meter::new(options.conversations),
            private_replies: Meter::new(options.private_replies),
            likes: Meter::new(options.likes),
            likes_locked_until: None,
        }
    }

    fn charge(&mut self, endpoint: Endpoint, now: DateTime<Utc>) -> Result<(), GraphError> {
        let business_has_room = if endpoint.is_messaging() {
            self.messenger.admit(now).then_some(()).ok_or_else(|| GraphError::limit(80_006))
        } else {
            self.instagram.admit(now).then_some(()).ok_or_else(|| GraphError::limit(80_002))
        };
        business_has_room?;
        match endpoint {
            Endpoint::SendMessage | Endpoint::React if !self.sends.admit_if_room(now) => {
                Err(GraphError::messaging_rate())
            }
            Endpoint::PrivateReply if !self.private_replies.admit_if_room(now) => Err(GraphError::limit(613)),
            Endpoint::ListConversations | Endpoint::ReadConversation | Endpoint::ListMessages
                if !self.conversations.admit_if_room(now) =>
            {
                Err(GraphError::limit(613))
            }
            Endpoint::Like => self.charge_like(now),
            _ => Ok(()),
        }
    }

    fn charge_like(&mut self, now: DateTime<Utc>) -> Result<(), GraphError> {
        let is_locked = self.likes_locked_until.is_some_and(|until| now < until);
        if !is_locked && self.likes.admit(now) {
            return Ok(());
        }
        if !is_locked {
            self.likes_locked_until = Some(now + LIKE_LOCK);
        }
        Err(GraphError::limit(17))
    }
}

/// All counts.
#[derive(Debug)]
pub(crate) struct Limits {
    options: LimitOptions,
    accounts: HashMap<AccountId, AccountMeters>,
    apps: HashMap<AppId, Meter>,
}

impl Limits {
    pub(crate) fn new(options: LimitOptions) -> Self {
        Self { options, accounts: HashMap::new(), apps: HashMap::new() }
    }

    /// New limits; counting starts afresh.
    pub(crate) fn set(&mut self, options: LimitOptions) {
        *self = Self::new(options);
    }

    pub(crate) fn options(&self) -> &LimitOptions {
        &self.options
    }

    /// Counts a call. Throttled calls count too, so insisting prolongs the wait.
    pub(crate) fn charge(
        &mut self,
        account: &AccountId,
        app: &AppId,
        login: Login,
        endpoint: Endpoint,
        now: DateTime<Utc>,
    ) -> (Result<(), GraphError>, Option<Usage>) {
        let options = &self.options;
        if !self.apps.contains_key(app) {
            self.apps.insert(app.clone(), Meter::new(options.app));
        }
        if !self.accounts.contains_key(account) {
            self.accounts.insert(account.clone(), AccountMeters::new(options));
        }
        let (Some(app_meter), Some(meters)) = (self.apps.get_mut(app), self.accounts.get_mut(account)) else {
            return (Ok(()), None);
        };
        meters.calls += 1;
        let app_has_room = app_meter.admit(now);
        let own = meters.charge(endpoint, now);
        let outcome = if app_has_room { own } else { Err(GraphError::limit(4)) };
        let is_shown = meters.calls >= options.headers_after_calls || outcome.is_err();
        (outcome, is_shown.then(|| usage(account, login, endpoint, app_meter, meters)))
    }
}

fn usage(
    account: &AccountId,
    login: Login,
    endpoint: Endpoint,
    app: &Meter,
    meters: &AccountMeters,
) -> Usage {
    let percent = app.percent();
    let app = match login {
        Login::Instagram => json!({"call_volume": percent, "cpu_time": percent / 4}),
        Login::Facebook => {
            json!({"call_count": percent, "total_time": percent / 3, "total_cputime": percent / 4})
        }
    };
    let (kind, meter) = if endpoint.is_messaging() {
        ("messenger", &meters.messenger)
    } else {
        ("instagram", &meters.instagram)
    };
    let percent = meter.percent();
    let mut business = json!({});
    business[account.as_str()] = json!([{
        "type": kind,
        "call_count": percent,
        "total_cputime": percent / 4,
        "total_time": percent / 3,
        "estimated_time_to_regain_access": meter.regain_minutes(),
    }]);
    Usage { app, business }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_rolling_window_forgets_what_is_older_than_itself() {
        let mut rolling = Rolling::new(Quota::new(10, Duration::from_secs(60)));
        for second in 0..10 {
            rolling.add(at(second));
        }
        assert_eq!(rolling.count(at(9)), 10);
        assert_eq!(rolling.count(at(64)), 5);
        assert_eq!(rolling.count(at(500)), 0);
    }

    #[test]
    fn regain_time_tells_when_the_oldest_calls_leave_the_window() {
        let quota = Quota::new(2, Duration::from_secs(3_600));
        let mut meter = Meter::new(Some(quota));
        assert!(meter.admit(at(0)) && meter.admit(at(1)));
        assert!(!meter.admit(at(2)));
        assert!((59..=61).contains(&meter.regain_minutes()), "{}", meter.regain_minutes());
        assert_eq!(meter.percent(), 150);
    }

    #[test]
    fn a_clock_that_goes_back_loses_no_count() {
        let mut rolling = Rolling::new(Quota::new(10, Duration::from_secs(60)));
        rolling.add(at(100));
        rolling.add(at(50));
        assert_eq!(rolling.count(at(100)), 2);
    }
}
