//! What one account may do now: its buckets, its pace, its circuit breaker and its places.

use std::time::Duration;

use tenants::account::Account;
use tenants::breaker::{BreakerState, BreakerView, CircuitBreaker, Permission};
use tenants::clock::Timestamp;
use tenants::effect::ActionType;
use tenants::ids::{AppId, TenantId};
use tenants::settings::HourlyCaps;

use super::bucket::Bucket;
use super::pace::Pace;
use super::settings::DispatcherSettings;

const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);

/// Actions that share a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    PublicReplies,
    DirectMessages,
    PrivateReplies,
    Moderation,
    Uploads,
    Posts,
}

impl Group {
    pub const ALL: [Group; 6] = [
        Group::PublicReplies,
        Group::DirectMessages,
        Group::PrivateReplies,
        Group::Moderation,
        Group::Uploads,
        Group::Posts,
    ];

    pub fn of(action: ActionType) -> Self {
        match action {
            ActionType::ReplyComment | ActionType::FirstComment => Group::PublicReplies,
            ActionType::SendDm | ActionType::ReplyDm => Group::DirectMessages,
            ActionType::PrivateReply => Group::PrivateReplies,
            ActionType::HideComment | ActionType::DeleteComment | ActionType::Like => Group::Moderation,
            ActionType::CreateContainer => Group::Uploads,
            ActionType::PublishPost => Group::Posts,
        }
    }

    /// The name in views and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Group::PublicReplies => "public_replies",
            Group::DirectMessages => "direct_messages",
            Group::PrivateReplies => "private_replies",
            Group::Moderation => "moderation",
            Group::Uploads => "uploads",
            Group::Posts => "posts",
        }
    }

    fn cap(self, caps: &HourlyCaps) -> u32 {
        match self {
            Group::PublicReplies => caps.public_replies,
            Group::DirectMessages => caps.direct_messages,
            Group::PrivateReplies => caps.private_replies,
            Group::Moderation => caps.moderation,
            // A carousel of ten needs eleven.
            Group::Uploads => caps.posts.saturating_mul(11),
            Group::Posts => caps.posts,
        }
    }

    /// True for what goes through Instagram's Send API, which counts messages per second.
    fn sends_messages(self) -> bool {
        matches!(self, Group::DirectMessages | Group::PrivateReplies)
    }
}

/// Whether a call may be made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// Yes.
    Ready,
    /// Not before this moment.
    At(Timestamp),
    /// When a call under way has ended.
    Busy,
    /// When the account has been connected again.
    Held,
}

/// See the module.
#[derive(Debug)]
pub(super) struct AccountLimits {
    pub tenant: TenantId,
    pub app: Option<AppId>,
    buckets: [Bucket; Group::ALL.len()],
    /// Messages of this second.
    messages: Bucket,
    pub pace: Pace,
    breaker: CircuitBreaker,
    pub in_flight: usize,
    /// The token was refused and this is not recorded yet.
    pub refused: bool,
    /// The account is not active in the directory.
    pub inactive: bool,
    /// An alert about Instagram's limits is open.
    pub limited: bool,
}

impl AccountLimits {
    pub fn new(
        tenant: TenantId,
        account: &Account,
        caps: &HourlyCaps,
        settings: &DispatcherSettings,
    ) -> Self {
        Self {
            tenant,
            app: account.app,
            buckets: Group::ALL.map(|group| Bucket::new(HOUR, Some(group.cap(caps)))),
            messages: Bucket::new(SECOND, Some(settings.messages_per_second)),
            pace: Pace::new(None),
            breaker: CircuitBreaker::new(settings.breaker),
            in_flight: 0,
            refused: false,
            inactive: false,
            limited: false,
        }
    }

    /// Takes over the caps of the settings.
    pub fn resize(&mut self, caps: &HourlyCaps) {
        for group in Group::ALL {
            self.bucket(group).resize(Some(group.cap(caps)));
        }
    }

    pub fn bucket(&mut self, group: Group) -> &mut Bucket {
        &mut self.buckets[group as usize]
    }

    /// Whether our own cap has room.
    pub fn quota(&mut self, group: Group, now: Timestamp) -> Readiness {
        ready_at(self.bucket(group).next(now), now)
    }

    /// Whether the account may call Instagram at all: connected, a place free, not limited, breaker not open.
    pub fn rate(&mut self, group: Group, now: Timestamp, settings: &DispatcherSettings) -> Readiness {
        if self.inactive || self.refused {
            return Readiness::Held;
        }
        if self.in_flight >= settings.max_in_flight_per_account.max(1) {
            return Readiness::Busy;
        }
        let mut at = self.pace.next(now);
        if group.sends_messages() {
            at = at.max(self.messages.next(now));
        }
        // Asked of a copy: the real one is asked when the call is certain to be made.
        if let Permission::Rejected { retry_at } = self.breaker.clone().allow(now.as_micros()) {
            at = at.max(Timestamp::from_micros(retry_at));
        }
        ready_at(at, now)
    }

    /// Whether Instagram can be read through this account now; reads count in no bucket.
    pub fn reading(&mut self, now: Timestamp) -> Readiness {
        if self.inactive || self.refused {
            return Readiness::Held;
        }
        ready_at(self.pace.blocked_until(now).unwrap_or(now), now)
    }

    /// Whether the account may be looked at beside its work: as for reading, and not while its breaker is open.
    pub fn watching(&mut self, now: Timestamp) -> Readiness {
        match (self.reading(now), self.breaker.clone().allow(now.as_micros())) {
            (Readiness::Ready, Permission::Rejected { retry_at }) => {
                ready_at(Timestamp::from_micros(retry_at), now)
            }
            (readiness, _) => readiness,
        }
    }

    /// Takes what a call needs.
    pub fn take(&mut self, group: Group, now: Timestamp, settings: &DispatcherSettings) {
        self.bucket(group).take(now);
        if group.sends_messages() {
            self.messages.take(now);
        }
        self.pace.take(now, settings);
        self.breaker.allow(now.as_micros());
        self.in_flight += 1;
    }

    /// Feeds the breaker; true when it opened.
    pub fn report(&mut self, well: bool, now: Timestamp) -> bool {
        let before = self.breaker.view().times_opened;
        if well {
            self.breaker.success(now.as_micros());
        } else {
            self.breaker.failure(now.as_micros());
        }
        self.breaker.view().times_opened > before
    }

    pub fn breaker(&self) -> BreakerView {
        self.breaker.view()
    }

    /// True when forgetting it changes nothing.
    pub fn is_fresh(&mut self, now: Timestamp, settings: &DispatcherSettings) -> bool {
        self.in_flight == 0
            && !self.refused
            && !self.inactive
            && !self.limited
            && self.breaker.view().state == BreakerState::Closed
            && self.breaker.view().consecutive_failures == 0
            && self.pace.is_fresh(now, settings)
            && self.buckets.iter_mut().all(|bucket| bucket.taken(now) == 0)
    }
}

fn ready_at(at: Timestamp, now: Timestamp) -> Readiness {
    if at > now { Readiness::At(at) } else { Readiness::Ready }
}
