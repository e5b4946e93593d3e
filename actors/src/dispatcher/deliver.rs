//! The way of one effect: intent stored, Instagram called once, outcome stored.

use std::sync::Arc;

use tenants::account::Account;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ports::{Hint, ReadyEffect, Receipt, SendError, StoreError, TenantContext};

use super::alerts::rate_limit_key;
use super::engine::{CALLING, Engine, FlightGuard, WAITING};
use super::picking::{Job, Task};
use super::records::{ACTOR, Cause, Record, state_after};
use super::verdict::{Verdict, judge_call, no_answer, speaks_well};
use crate::publishing;

impl Engine {
    /// Does a job to its end.
    pub async fn deliver(self: Arc<Self>, job: Job) {
        let effect = &job.ready.effect;
        let mut guard = FlightGuard::new(Arc::clone(&self), effect.tenant, effect.id);
        let account = job.context.accounts.iter().find(|account| account.id == effect.account);
        match (job.task, account) {
            (Task::Call, Some(account)) => self.call(&job.ready, &job.context, account, &mut guard).await,
            (Task::Type, Some(account)) => self.show_typing(effect, &job.context, account).await,
            (Task::Skip(reason), _) => {
                self.settle(&job.ready, &job.context, &Verdict::Skip(reason), Cause::Policy).await;
            }
            (Task::Call | Task::Type | Task::NoAccount, _) => {
                self.settle(&job.ready, &job.context, &Verdict::GiveUp, Cause::NoAccount).await;
            }
        }
    }

    /// Settles an effect without a call.
    async fn settle(
        &self,
        ready: &ReadyEffect,
        context: &TenantContext,
        verdict: &Verdict,
        cause: Cause<'_>,
    ) {
        let comment_waits = self.comment_waits(ready).await;
        let record = self.record(ready, context, None, comment_waits);
        if let Err(error) = self.ports.store.commit(record.changes(verdict, cause, WAITING)).await {
            // It still waits as it did; it is looked at again with the next reading of the queue.
            tracing::warn!(effect.id = %ready.effect.id, %error, "an effect could not be settled");
            let retry_at = self.now() + self.settings.store_retry(1);
            self.desk().alarms.set(ready.effect.tenant, retry_at);
            return;
        }
        self.metrics.count(ready.effect.action.action_type(), state_after(verdict));
        self.tell_publishing(ready, verdict);
        self.tell(ready.effect.tenant);
    }

    async fn call(
        &self,
        ready: &ReadyEffect,
        context: &TenantContext,
        account: &Account,
        guard: &mut FlightGuard,
    ) {
        let effect = &ready.effect;
        guard.open();
        match self.ports.store.commit(Record::intent(effect, self.now())).await {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return guard.close(),
            Err(error) => {
                // The intent may be stored although we are told that it is not: the guard stays open.
                tracing::warn!(effect.id = %effect.id, %error, "the intent could not be stored");
                return;
            }
        }
        let began = self.now();
        let answer = self.ask_instagram(account, ready).await;
        let ended = self.now();
        let latency = ended.since(began);
        let action = effect.action.action_type();
        self.metrics.calls.with_label_values(&[action.as_str()]).observe(latency.as_secs_f64());

        let verdict = judge_call(effect, account, &answer, ended, &self.settings);
        let was_limited = self.learn(ready, &answer, &verdict, ended);
        let comment_waits =
            matches!(verdict, Verdict::Skip(_) | Verdict::GiveUp) && self.comment_waits(ready).await;
        let record = self.record(ready, context, Some(account), comment_waits);
        let cause = Cause::Call { latency, error: answer.as_ref().err() };
        let mut changes = record.changes(&verdict, cause, CALLING);
        if was_limited && matches!(verdict, Verdict::Sent { .. }) {
            resolve_limits(&mut changes, ready, ended);
        }
        if self.store_outcome(changes).await {
            guard.close();
        }
        self.after_outcome(ready, &verdict, ended);
    }

    async fn ask_instagram(&self, account: &Account, ready: &ReadyEffect) -> Result<Receipt, SendError> {
        let limit = self.settings.call_timeout(&ready.effect.action);
        tokio::select! {
            biased;
            answer = self.perform(account, ready) => answer,
            () = self.ports.clock.sleep(limit) => Err(no_answer(limit)),
        }
    }

    async fn perform(&self, account: &Account, ready: &ReadyEffect) -> Result<Receipt, SendError> {
        let effect = &ready.effect;
        match effect.action.post() {
            Some(_) => publishing::perform(&self.ports, account, effect, self.settings.media_address()).await,
            None => self.ports.messenger.perform(account, &effect.action).await,
        }
    }

    /// Feeds breaker, pace and holds before anything is stored, so that the next call already knows. True when
    /// an alert about limits was open.
    fn learn(
        &self,
        ready: &ReadyEffect,
        answer: &Result<Receipt, SendError>,
        verdict: &Verdict,
        now: Timestamp,
    ) -> bool {
        let account = &ready.effect.account;
        let usage = match answer {
            Ok(receipt) => &receipt.usage,
            Err(error) => &error.usage,
        };
        let mut desk = self.desk();
        desk.limits.learn(account, usage, now, &self.settings);
        self.hold(&mut desk, ready, verdict, now);
        let Some(limits) = desk.limits.account(account) else { return false };
        if limits.report(speaks_well(answer), now) {
            self.metrics.breaker_opens.inc();
        }
        let sent = matches!(verdict, Verdict::Sent { .. });
        if sent { std::mem::take(&mut limits.limited) } else { limits.limited }
    }

    /// Holds or pauses an account as a verdict demands.
    pub(super) fn hold(
        &self,
        desk: &mut super::desk::Desk,
        ready: &ReadyEffect,
        verdict: &Verdict,
        now: Timestamp,
    ) {
        let account = &ready.effect.account;
        match verdict {
            Verdict::Limited { until, app_wide } => {
                desk.limits.block_until(account, *app_wide, *until, now, &self.settings);
            }
            Verdict::TokenRefused { .. } => {
                if let Some(limits) = desk.limits.account(account) {
                    (limits.refused, limits.inactive) = (true, true);
                }
            }
            _ => {}
        }
    }

    /// What follows once an outcome is stored: metrics, timers, hints.
    pub(super) fn after_outcome(&self, ready: &ReadyEffect, verdict: &Verdict, now: Timestamp) {
        let effect = &ready.effect;
        let action = effect.action.action_type();
        self.metrics.count(action, state_after(verdict));
        match verdict {
            Verdict::Sent { .. } => {
                if let Some(received_at) = effect.received_at {
                    let waited = now.since(received_at).as_secs_f64();
                    self.metrics.visible.with_label_values(&[action.as_str()]).observe(waited);
                }
            }
            Verdict::Limited { until: at, .. } | Verdict::TryAgain { at } => {
                self.desk().alarms.set(effect.tenant, *at);
            }
            Verdict::ReadBack { at } => self.desk().unknown.wake_by(*at),
            Verdict::TokenRefused { .. } => self.token_refused(ready),
            Verdict::GiveUp | Verdict::Skip(_) => {}
        }
        self.tell_publishing(ready, verdict);
        self.tell(effect.tenant);
    }

    /// A step of a post has ended: the post can go on.
    fn tell_publishing(&self, ready: &ReadyEffect, verdict: &Verdict) {
        if publishing::is_settled(&ready.effect, state_after(verdict)) {
            self.ports.wake.send(Hint::Posts(ready.effect.tenant));
        }
    }

    /// The directory has been told that the account is not active; it alone decides from here on.
    pub(super) fn token_refused(&self, ready: &ReadyEffect) {
        self.contexts.forget(&ready.effect.tenant);
        if let Some(limits) = self.desk().limits.account(&ready.effect.account) {
            limits.refused = false;
        }
        self.ports.wake.send(Hint::TenantChanged(ready.effect.tenant));
    }

    pub(super) fn record<'a>(
        &'a self,
        ready: &'a ReadyEffect,
        context: &TenantContext,
        account: Option<&'a Account>,
        comment_waits: bool,
    ) -> Record<'a> {
        let agency = context.tenant.agency;
        Record { ready, agency, account, ids: &self.ports.ids, now: self.now(), comment_waits }
    }
}

/// Instagram takes calls again: the alerts about limits are over.
fn resolve_limits(changes: &mut Changes, ready: &ReadyEffect, at: Timestamp) {
    for app_wide in [false, true] {
        let dedup_key = rate_limit_key(&ready.effect, app_wide);
        changes.push(Change::ResolveAlert { dedup_key, by: ACTOR.to_owned(), at });
    }
}
