//! Settles effects whose answer was lost: reads Instagram, and only then marks them sent or lets them try again.
//! Never sends anything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::Timestamp;
use tenants::effect::{Effect, EffectState, ErrorCategory};
use tenants::ids::AccountId;
use tenants::ports::{Finding, ReadyEffect, SendError, StoreError, TenantContext};

use super::account_limits::Readiness;
use super::alerts::read_back_key;
use super::desk::{Desk, UnknownDesk, Work};
use super::engine::{Engine, FlightGuard, LOST};
use super::entries::finding_word;
use super::limits::{Limits, earlier};
use super::records::{ACTOR, Cause, Record, error_text};
use super::settings::DispatcherSettings;
use super::verdict::{Verdict, judge_finding, limited, refused};
use crate::publishing;

/// Effects of unknown outcome that are read at once.
const BATCH: u32 = 512;
/// How much earlier than the first call ids count as claimed: more than the gateway allows for clocks that differ.
const CLAIMS_MARGIN: Duration = Duration::from_secs(300);

impl UnknownDesk {
    /// Looks at the unknown effects at `at` or earlier.
    pub fn wake_by(&mut self, at: Timestamp) {
        self.wake_at = earlier(self.wake_at, Some(at));
    }
}

impl Desk {
    /// The next effect that can be read back, which counts as under way from now on.
    ///
    /// An account has one read-back at a time, and none while the same words are on their way through it:
    /// otherwise two equal replies could not be told apart.
    fn next_read_back(&mut self, now: Timestamp, settings: &DispatcherSettings) -> Option<ReadyEffect> {
        let mut index = 0;
        while self.unknown.in_flight < settings.max_read_backs.max(1) {
            let effect = &self.unknown.backlog.get(index)?.effect;
            match can_begin(&mut self.limits, effect, now, settings) {
                _ if self.flights.contains_key(&effect.id) => _ = self.unknown.backlog.remove(index),
                Readiness::Ready if self.reads_for(&effect.account) || self.is_said_now(effect) => index += 1,
                Readiness::Ready => {
                    let ready = self.unknown.backlog.remove(index)?;
                    self.take_off(&ready.effect, Work::ReadBack);
                    return Some(ready);
                }
                Readiness::At(at) => {
                    self.unknown.wake_by(at);
                    self.unknown.backlog.remove(index);
                }
                Readiness::Busy | Readiness::Held => _ = self.unknown.backlog.remove(index),
            }
        }
        None
    }

    /// Whether time and account let an unknown effect be read back now.
    pub fn can_read_back(&mut self, effect: &Effect, now: Timestamp, settings: &DispatcherSettings) -> bool {
        can_begin(&mut self.limits, effect, now, settings) == Readiness::Ready
    }

    fn reads_for(&self, account: &AccountId) -> bool {
        self.flights.values().any(|flight| flight.work == Work::ReadBack && flight.account == *account)
    }
}

fn can_begin(
    limits: &mut Limits,
    effect: &Effect,
    now: Timestamp,
    settings: &DispatcherSettings,
) -> Readiness {
    // What was done a moment ago may not be visible yet. After a crash nobody knows when the call was made; the
    // row was last changed when the crash was noticed, so reckoning from there is safe.
    let visible_at = effect.next_retry_at.max(effect.updated_at + settings.read_back_delay());
    match limits.reading(&effect.account, now, settings) {
        Readiness::Ready if visible_at > now => Readiness::At(visible_at),
        Readiness::At(at) => Readiness::At(at.max(visible_at)),
        other => other,
    }
}

impl Engine {
    /// Begins all read-backs that can begin.
    pub async fn begin_read_backs(self: &Arc<Self>) -> Result<(), StoreError> {
        let now = self.now();
        if self.must_look_at_unknown(now) {
            let effects = self.ports.store.unknown_effects(now, BATCH).await?;
            for tenant in effects.iter().map(|ready| ready.effect.tenant).collect::<BTreeSet<_>>() {
                self.context(&tenant).await?;
            }
            let mut desk = self.desk();
            desk.unknown.look = false;
            desk.unknown.more = effects.len() >= BATCH as usize;
            desk.unknown.backlog = effects.into();
        }
        loop {
            let next = self.desk().next_read_back(now, &self.settings);
            let Some(ready) = next else { return Ok(()) };
            drop(self.ports.tasks.spawn("read_back", Arc::clone(self).settle_unknown(ready)));
        }
    }

    fn must_look_at_unknown(&self, now: Timestamp) -> bool {
        let mut desk = self.desk();
        let rings = desk.unknown.wake_at.is_some_and(|at| at <= now);
        if rings {
            (desk.unknown.look, desk.unknown.wake_at) = (true, None);
        }
        desk.unknown.look && desk.unknown.backlog.is_empty() && !desk.closing
    }

    async fn settle_unknown(self: Arc<Self>, ready: ReadyEffect) {
        let effect = &ready.effect;
        // An unknown effect stays unknown if this task dies: the guard is never opened.
        let _guard = FlightGuard::new(Arc::clone(&self), effect.tenant, effect.id);
        if let Err(error) = self.read_back(&ready).await {
            tracing::warn!(effect.id = %effect.id, %error, "an unknown effect could not be settled");
            let retry_at = self.now() + self.settings.store_retry(1);
            self.desk().unknown.wake_by(retry_at);
        }
    }

    async fn read_back(&self, ready: &ReadyEffect) -> Result<(), StoreError> {
        let effect = &ready.effect;
        let store = &self.ports.store;
        let Some(context) = self.context(&effect.tenant).await? else { return Ok(()) };
        let Some(account) = context.accounts.iter().find(|account| account.id == effect.account) else {
            let changes =
                self.record(ready, &context, None, false).changes(&Verdict::GiveUp, Cause::NoAccount, LOST);
            store.commit(changes).await?;
            self.tell(effect.tenant);
            return Ok(());
        };
        let since = effect.first_attempt_at.unwrap_or(effect.created_at);
        let claimed =
            store.claimed_instagram_ids(&effect.tenant, &effect.account, since - CLAIMS_MARGIN).await?;
        let finding = match effect.action.post() {
            Some(_) => publishing::look_for(&self.ports, account, effect, since, &claimed).await,
            None => self.ports.messenger.look_for(account, &effect.action, since, &claimed).await,
        };
        match finding {
            Ok(finding) => self.found(ready, &context, &finding).await,
            Err(error) => {
                let now = self.now();
                let verdict = match error.category {
                    ErrorCategory::RateLimit => Some(limited(&error, now, &self.settings)),
                    ErrorCategory::AuthFailure => Some(refused(&error, account, now)),
                    _ => None,
                };
                let record = self.record(ready, &context, Some(account), false);
                self.not_readable(&record, &error, verdict).await
            }
        }
    }

    async fn found(
        &self,
        ready: &ReadyEffect,
        context: &TenantContext,
        finding: &Finding,
    ) -> Result<(), StoreError> {
        let verdict = judge_finding(&ready.effect, finding, self.now());
        self.metrics.read_backs.with_label_values(&[finding_word(finding)]).inc();
        let given_up = matches!(verdict, Verdict::Skip(_) | Verdict::GiveUp);
        let comment_waits = given_up && self.comment_waits(ready).await;
        let account = context.accounts.iter().find(|account| account.id == ready.effect.account);
        let record = self.record(ready, context, account, comment_waits);
        let mut changes = record.changes(&verdict, Cause::ReadBack { finding }, LOST);
        let failures = self.desk().unknown.failures.remove(&ready.effect.id).unwrap_or(0);
        if failures >= self.settings.read_back_failures_to_alert {
            let dedup_key = read_back_key(&ready.effect);
            changes.push(Change::ResolveAlert { dedup_key, by: ACTOR.to_owned(), at: record.now });
        }
        self.ports.store.commit(changes).await?;
        self.after_outcome(ready, &verdict, record.now);
        Ok(())
    }

    /// Instagram could not be read: the effect stays unknown and is read later. `verdict` is what the error
    /// means for the account, if anything.
    async fn not_readable(
        &self,
        record: &Record<'_>,
        error: &SendError,
        verdict: Option<Verdict>,
    ) -> Result<(), StoreError> {
        let effect = &record.ready.effect;
        self.metrics.read_backs.with_label_values(&["failed"]).inc();
        let failures = self.count_failure(record, verdict.as_ref());
        let mut at = record.now + self.settings.read_back_retry(failures);
        if let Some(Verdict::Limited { until, .. }) = &verdict {
            at = at.max(*until);
        }
        let mut later = EffectMove::new(effect.id, LOST, EffectState::Unknown, record.now);
        later.next_retry_at = Some(at);
        later.error = Some(format!("cannot be read back: {}", error_text(error)));
        later.error_category = effect.error_category.or(Some(ErrorCategory::Unknown));
        let mut changes = Changes::of_tenant(effect.tenant).with(Change::MoveEffect(later));
        if let Some(verdict) = &verdict {
            let cause = Cause::Call { latency: Duration::ZERO, error: Some(error) };
            changes.list.extend(record.account_changes(verdict, cause));
        }
        if failures >= self.settings.read_back_failures_to_alert {
            changes.push(Change::RaiseAlert(Box::new(record.read_back_alert(error, failures)), record.now));
        }
        let stored = self.ports.store.commit(changes).await;
        self.desk().unknown.wake_by(at);
        if let Some(Verdict::TokenRefused { .. }) = &verdict {
            // Also when it is not stored: the token is then refused once more.
            self.token_refused(record.ready);
        }
        stored
    }

    /// Counts a failed read-back of an effect, and holds its account if the error says so.
    fn count_failure(&self, record: &Record<'_>, verdict: Option<&Verdict>) -> u32 {
        let mut desk = self.desk();
        if let Some(verdict) = verdict {
            self.hold(&mut desk, record.ready, verdict, record.now);
        }
        let failures = desk.unknown.failures.entry(record.ready.effect.id).or_default();
        *failures += 1;
        *failures
    }
}
