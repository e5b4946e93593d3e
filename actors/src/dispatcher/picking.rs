//! Which effect goes next: fair between tenants, in the order of the queue inside one, and only what may go.
//!
//! Before each call the checks are made in this order: our own quota, the window and the other rules of the
//! policy gate, Instagram's limits. So an effect that waits for its quota is not skipped before its turn, and
//! one whose window has closed does not use up a call.

use std::sync::Arc;

use tenants::clock::Timestamp;
use tenants::effect::{Effect, SkipReason};
use tenants::ids::TenantId;
use tenants::policy::{SendFacts, may_send};
use tenants::ports::{ReadyEffect, TenantContext};

use super::account_limits::Readiness;
use super::desk::{Desk, Work};
use super::metrics::DispatcherMetrics;
use super::settings::DispatcherSettings;
use super::typing;

/// What to do with an effect whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Call Instagram.
    Call,
    /// Show that we write, before the call.
    Type,
    /// It may not be sent any more.
    Skip(SkipReason),
    /// Its account is not connected any more.
    NoAccount,
}

/// An effect whose turn it is.
#[derive(Debug)]
pub(super) struct Job {
    pub ready: ReadyEffect,
    pub context: Arc<TenantContext>,
    pub task: Task,
}

/// What becomes of an effect that was looked at.
pub(super) enum Look {
    Go(Task),
    /// It stays in line; something that is under way stands before it.
    Stay,
    /// It is read again when it can go.
    Drop(Option<Timestamp>),
}

impl Desk {
    /// The next job, which counts as under way from now on; `None` when nothing can begin now.
    pub fn next_job(
        &mut self,
        now: Timestamp,
        settings: &DispatcherSettings,
        metrics: &DispatcherMetrics,
    ) -> Option<Job> {
        while !self.closing && self.flights.len() < settings.max_in_flight.max(1) {
            let tenant = self.share.first()?;
            let picked = self.pick(tenant, now, settings, metrics);
            match picked {
                Some(job) => {
                    self.share.charge(tenant, settings.weight(&tenant));
                    let effect = &job.ready.effect;
                    let (work, counts_as) = match job.task {
                        Task::Call => (Work::Call, Some(effect.action.action_type())),
                        Task::Type => (Work::Call, Some(typing::COUNTS_AS)),
                        Task::Skip(_) | Task::NoAccount => (Work::Settle, None),
                    };
                    if let Some(action) = counts_as {
                        self.limits.take(&effect.account, action, now, settings);
                    }
                    if job.task != Task::Type {
                        self.typing.end(&effect.id);
                    }
                    self.take_off(effect, work);
                    return Some(job);
                }
                None => self.stand_aside(tenant),
            }
        }
        None
    }

    /// The first effect of a tenant that can go; drops from memory those that must wait for a moment.
    fn pick(
        &mut self,
        tenant: TenantId,
        now: Timestamp,
        settings: &DispatcherSettings,
        metrics: &DispatcherMetrics,
    ) -> Option<Job> {
        let queue = self.queues.get_mut(&tenant)?;
        let context = Arc::clone(queue.context.as_ref()?);
        if now.since(queue.read_at) > settings.facts_max_age() {
            queue.backlog.clear();
            self.to_read.insert(tenant);
            return None;
        }
        let mut backlog = std::mem::take(&mut queue.backlog);
        let mut index = 0;
        let mut found = None;
        while let Some(ready) = backlog.get(index) {
            match self.look_at(ready, &context, now, settings, metrics) {
                Look::Stay => index += 1,
                Look::Drop(until) => {
                    backlog.remove(index);
                    until.into_iter().for_each(|at| self.alarms.set(tenant, at));
                }
                Look::Go(task) => {
                    found =
                        backlog.remove(index).map(|ready| Job { ready, context: Arc::clone(&context), task });
                    break;
                }
            }
        }
        if let Some(queue) = self.queues.get_mut(&tenant) {
            queue.backlog = backlog;
        }
        found
    }

    fn look_at(
        &mut self,
        ready: &ReadyEffect,
        context: &TenantContext,
        now: Timestamp,
        settings: &DispatcherSettings,
        metrics: &DispatcherMetrics,
    ) -> Look {
        let effect = &ready.effect;
        let wait = |reason: &str| metrics.waits.with_label_values(&[reason]).inc();
        if !context.accounts.iter().any(|account| account.id == effect.account) {
            return Look::Go(Task::NoAccount);
        }
        if let Readiness::At(at) = self.limits.quota(&effect.account, effect.action.action_type(), now) {
            wait("quota");
            return Look::Drop(Some(at));
        }
        if let Err(reason) = judge(ready, context, now) {
            return Look::Go(Task::Skip(reason));
        }
        match self.limits.rate(&effect.account, effect.action.action_type(), now, settings) {
            Readiness::Ready if self.must_stand_behind(effect) => Look::Stay,
            Readiness::Ready => self.type_or_call(effect, context, now, settings),
            Readiness::Busy => Look::Stay,
            Readiness::At(at) => {
                wait("rate");
                Look::Drop(Some(at))
            }
            Readiness::Held => {
                wait("account");
                Look::Drop(None)
            }
        }
    }

    fn must_stand_behind(&self, effect: &Effect) -> bool {
        let talks = |conversation| effect.action.speaks() && self.talking.contains(&conversation);
        effect.conversation.is_some_and(talks) || self.is_read_back(effect)
    }

    /// The tenant has nothing that can begin now; outcomes, reads and alarms bring it back into line.
    fn stand_aside(&mut self, tenant: TenantId) {
        self.share.leave(&tenant);
        let Some(queue) = self.queues.get(&tenant) else { return };
        if !queue.backlog.is_empty() {
            return;
        }
        if queue.more {
            self.to_read.insert(tenant);
        }
        self.forget_if_idle(&tenant);
    }
}

/// The policy gate and the deadline, with the facts as they were read a moment ago.
fn judge(ready: &ReadyEffect, context: &TenantContext, now: Timestamp) -> Result<(), SkipReason> {
    let effect = &ready.effect;
    let facts = SendFacts {
        thread: ready.thread.as_ref(),
        direct: ready.direct.as_ref(),
        comment_written_at: ready.comment_written_at,
        private_reply_used: ready.private_reply_used,
        approved_by_person: effect.approved_by_person,
    };
    may_send(&effect.action, &facts, &context.settings, context.tenant.status, now)?;
    match effect.deadline {
        Some(deadline) if now >= deadline => Err(SkipReason::DeadlinePassed),
        _ => Ok(()),
    }
}
