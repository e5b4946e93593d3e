//! What the dispatcher holds in memory: who waits, what is under way, what was learned. All of it can be lost:
//! the queue itself is in the database.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::effect::Effect;
use tenants::ids::{AccountId, ConversationId, EffectId, TenantId};
use tenants::ports::{ReadyEffect, StoreError, TenantContext};

use super::alarms::Alarms;
use super::limits::{Limits, earlier};
use super::settings::DispatcherSettings;
use super::share::FairShare;
use super::typing::Typing;

/// How long after an effect has settled its tenant's queue is read again, at the latest: an effect may have
/// waited behind it. Long enough that a burst of outcomes costs one query.
const READ_AFTER_OUTCOME: Duration = Duration::from_millis(50);
/// Fewest effects that are read at once, however many tenants share the places.
const LEAST_BATCH: usize = 8;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub limits: Limits,
    pub share: FairShare,
    pub alarms: Alarms,
    pub typing: Typing,
    /// Tenants whose queue must be read.
    pub to_read: BTreeSet<TenantId>,
    /// Tenants whose queue is being read.
    pub reading: HashSet<TenantId>,
    /// Tenants whose queue is not read again before a moment.
    pub resting: HashMap<TenantId, Timestamp>,
    /// The database did not answer a reader.
    pub read_failure: Option<StoreError>,
    pub queues: HashMap<TenantId, Queue>,
    /// Everything under way: calls, read-backs, and effects whose task ended in between.
    pub flights: HashMap<EffectId, Flight>,
    /// Effects whose task ended without an outcome: they may be `processing`.
    pub abandoned: Vec<(TenantId, EffectId)>,
    pub unknown: UnknownDesk,
    /// Conversations in which a speaking effect is under way.
    pub talking: HashSet<ConversationId>,
    /// No call may begin any more.
    pub closing: bool,
    /// What a process that died left behind has been marked.
    pub recovered: bool,
}

/// What is known of one tenant's queue.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub backlog: VecDeque<ReadyEffect>,
    pub context: Option<Arc<TenantContext>>,
    pub read_at: Timestamp,
    pub in_flight: usize,
    /// The last read stopped at its limit: there is more.
    pub more: bool,
}

/// Effects whose answer was lost.
#[derive(Debug, Default)]
pub(super) struct UnknownDesk {
    pub backlog: VecDeque<ReadyEffect>,
    /// They must be read from the database.
    pub look: bool,
    /// When the next one can be read back.
    pub wake_at: Option<Timestamp>,
    /// Failed read-backs in a row.
    pub failures: HashMap<EffectId, u32>,
    pub in_flight: usize,
    /// The last read stopped at its limit: there are more.
    pub more: bool,
}

/// What kind of work is under way for an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// A call to Instagram.
    Call,
    /// Only its state is written.
    Settle,
    /// Instagram is read.
    ReadBack,
}

/// An effect that somebody works on.
#[derive(Debug)]
pub(super) struct Flight {
    pub tenant: TenantId,
    pub account: AccountId,
    pub work: Work,
    likeness: Option<String>,
    conversation: Option<ConversationId>,
}

impl Desk {
    /// Notes that work on an effect begins.
    pub fn take_off(&mut self, effect: &Effect, work: Work) {
        let likeness = effect.action.likeness().map(str::to_owned);
        let conversation = effect.conversation.filter(|_| work == Work::Call && effect.action.speaks());
        self.talking.extend(conversation);
        let (tenant, account) = (effect.tenant, effect.account);
        self.flights.insert(effect.id, Flight { tenant, account, work, likeness, conversation });
        match work {
            Work::ReadBack => self.unknown.in_flight += 1,
            Work::Call | Work::Settle => self.queues.entry(tenant).or_default().in_flight += 1,
        }
    }

    /// Notes that work on an effect has ended with an outcome that is stored.
    pub fn land(&mut self, effect: &EffectId, now: Timestamp) {
        let Some(flight) = self.flights.remove(effect) else { return };
        if let Some(conversation) = flight.conversation {
            self.talking.remove(&conversation);
        }
        match flight.work {
            Work::Call => self.limits.release(&flight.account),
            Work::ReadBack => {
                self.unknown.in_flight = self.unknown.in_flight.saturating_sub(1);
                self.unknown.look |= self.unknown.more && self.unknown.backlog.is_empty();
            }
            Work::Settle => {}
        }
        self.read_again(&flight, now);
    }

    fn read_again(&mut self, flight: &Flight, now: Timestamp) {
        let tenant = flight.tenant;
        let queue = self.queues.entry(tenant).or_default();
        if flight.work != Work::ReadBack {
            queue.in_flight = queue.in_flight.saturating_sub(1);
        }
        if !queue.backlog.is_empty() {
            self.share.join(tenant);
        } else if queue.more || queue.in_flight == 0 {
            self.to_read.insert(tenant);
        } else {
            self.alarms.set(tenant, now + READ_AFTER_OUTCOME);
        }
    }

    /// True when a read-back with the same words through the same account is under way: it might take the reply
    /// of a call that begins now for its own.
    pub fn is_read_back(&self, effect: &Effect) -> bool {
        self.unknown.in_flight > 0 && self.same_words(effect, |work| work == Work::ReadBack)
    }

    /// True when anything with the same words through the same account is under way.
    pub fn is_said_now(&self, effect: &Effect) -> bool {
        self.same_words(effect, |_| true)
    }

    fn same_words(&self, effect: &Effect, counts: impl Fn(Work) -> bool) -> bool {
        let Some(likeness) = effect.action.likeness() else { return false };
        let same = |flight: &Flight| {
            flight.account == effect.account && flight.likeness.as_deref() == Some(likeness)
        };
        self.flights.values().any(|flight| counts(flight.work) && same(flight))
    }

    /// Effects of a tenant that somebody works on.
    pub fn under_way(&self, tenant: &TenantId) -> Vec<EffectId> {
        let of_tenant = self.flights.iter().filter(|(_, flight)| flight.tenant == *tenant);
        of_tenant.map(|(effect, _)| *effect).collect()
    }

    /// How many effects to read for one tenant, so that all together hold about two rounds of calls.
    pub fn batch(&self, settings: &DispatcherSettings) -> u32 {
        let queues = self.queues.len().max(1);
        let fair = (2 * settings.max_in_flight / queues).max(LEAST_BATCH);
        settings.batch.clamp(1, u32::try_from(fair).unwrap_or(u32::MAX))
    }

    /// Takes over what was read of a tenant's queue.
    pub fn fill(
        &mut self,
        context: Arc<TenantContext>,
        effects: Vec<ReadyEffect>,
        blocked_until: Option<Timestamp>,
        more: bool,
        now: Timestamp,
    ) {
        let tenant = context.tenant.id;
        if let Some(until) = blocked_until {
            self.alarms.set(tenant, until);
        }
        let fresh = effects.into_iter().filter(|ready| !self.flights.contains_key(&ready.effect.id));
        let backlog: VecDeque<ReadyEffect> = fresh.collect();
        let queue = self.queues.entry(tenant).or_default();
        (queue.context, queue.read_at, queue.more) = (Some(context), now, more);
        queue.backlog = backlog;
        if queue.backlog.is_empty() {
            self.forget_if_idle(&tenant);
        } else {
            self.share.join(tenant);
        }
    }

    /// Drops what is known of a tenant that has nothing to do.
    pub fn forget_if_idle(&mut self, tenant: &TenantId) {
        let idle =
            self.queues.get(tenant).is_some_and(|queue| queue.backlog.is_empty() && queue.in_flight == 0);
        if idle {
            self.share.leave(tenant);
            self.queues.remove(tenant);
        }
    }

    /// The next moment at which time alone changes what can be done.
    pub fn next_alarm(&self) -> Option<Timestamp> {
        earlier(self.alarms.next(), self.unknown.wake_at)
    }

    /// True while anything is under way or about to be.
    pub fn is_busy(&self) -> bool {
        !self.recovered
            || !self.flights.is_empty()
            || !self.to_read.is_empty()
            || !self.reading.is_empty()
            || self.unknown.look
            || !self.unknown.backlog.is_empty()
            || self.queues.values().any(|queue| !queue.backlog.is_empty())
    }

    /// What is under way or about to be, a sentence each.
    pub fn busy(&self) -> Vec<String> {
        let mut busy = Vec::new();
        if !self.recovered {
            busy.push("the dispatcher has not begun".to_owned());
        }
        let backlog: usize = self.queues.values().map(|queue| queue.backlog.len()).sum();
        for (count, what) in [
            (self.flights.len(), "effects are under way"),
            (backlog, "effects are next"),
            (self.to_read.len() + self.reading.len(), "queues are to be read"),
            (self.unknown.backlog.len(), "unknown effects are next to be read back"),
            (usize::from(self.unknown.look), "look at unknown effects is due"),
        ] {
            if count > 0 {
                busy.push(format!("{count} {what}"));
            }
        }
        busy
    }
}
