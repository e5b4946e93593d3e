//! Identifiers. Every id is a UUIDv7 (time-ordered) and shows itself with a readable prefix, `ten_0190…`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rand::{Rng, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::words::spoken;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {}: expected `{prefix}_` and a UUID", spoken(kind))]
pub struct InvalidId {
    /// What the id should name.
    pub kind: &'static str,
    /// The prefix of that kind.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal;)+) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The prefix of the text form, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh id from `ids`.
            pub fn new(ids: &Ids) -> Self {
                Self(ids.uuid())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|uuid| Uuid::try_parse(uuid).ok())
                    .map(Self)
                    .ok_or(InvalidId { kind: stringify!($name), prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

ids! {
    /// An agency.
    AgencyId = "agy";
    /// A tenant: one client brand of an agency.
    TenantId = "ten";
    /// A connected Instagram account of a tenant.
    AccountId = "acc";
    /// A Meta app.
    AppId = "app";
    /// A person who signs in.
    UserId = "usr";
    /// A session of somebody who signed in.
    SessionId = "ses";
    /// An API key.
    KeyId = "key";
    /// Something that came in.
    EventId = "evt";
    /// A comment thread or a direct-message thread.
    ConversationId = "cnv";
    /// A stored comment.
    CommentId = "cmt";
    /// A stored direct message.
    MessageId = "msg";
    /// What an actor made of an event.
    DecisionId = "dec";
    /// One call that changes the outside world.
    EffectId = "eff";
    /// A person's yes or no to an effect.
    ApprovalId = "apr";
    /// A rule made by a user.
    RuleId = "rul";
    /// An entry of the audit log.
    AuditId = "aud";
    /// An alert.
    AlertId = "alr";
    /// A version of a prompt.
    PromptId = "prm";
    /// An experiment with versions of a prompt.
    ExperimentId = "exp";
    /// A call to a language model.
    CallId = "call";
    /// A person's verdict on a decision.
    VerdictId = "ver";
    /// Money set aside for calls to a language model.
    ReservationId = "res";
    /// A rehearsal of recorded events.
    RehearsalId = "reh";
    /// An event that a rehearsal decided differently.
    DifferenceId = "dif";
    /// A report on a period.
    ReportId = "rpt";
    /// One run that made a report.
    RunId = "run";
    /// A competitor of a tenant.
    CompetitorId = "cpt";
    /// Something that a tenant's memory holds.
    MemoryId = "mem";
    /// A way to tell people something.
    ChannelId = "chn";
    /// Something people may want to know.
    NoticeId = "ntc";
    /// A notice on its way through one channel.
    NotificationId = "ntf";
    /// A webhook of an agency.
    WebhookId = "whk";
    /// A secret that signs what is sent to a webhook.
    SecretId = "whs";
    /// An entry of the log on its way to a webhook.
    DeliveryId = "whd";
    /// A person who may buy.
    LeadId = "led";
    /// A conversation in which somebody asks why.
    OversightId = "ovs";
    /// A question in it, and its answer.
    TurnId = "trn";
    /// A morning briefing or weekly report.
    BriefingId = "brf";
    /// A picture or video of the media library.
    MediaId = "med";
    /// An upload to the media library that is under way.
    UploadId = "upl";
    /// A post that is planned or published.
    PostId = "pst";
    /// An attempt to connect an account.
    ConnectId = "con";
    /// A note about one attempt of one step of a post.
    JobLogId = "job";
    /// A template for posts.
    TemplateId = "tpl";
}

impl AgencyId {
    /// Stands for the installation itself, where something belongs to no agency: its API keys and their audit chain.
    pub const INSTALLATION: AgencyId = AgencyId(Uuid::nil());
}

/// The source of ids and randomness. Cheap to clone; seeded in tests.
#[derive(Clone)]
pub struct Ids(Arc<Source>);

struct Source {
    clock: Arc<dyn Clock>,
    rng: Mutex<StdRng>,
    /// Milliseconds since the epoch (48 bits) and a 12-bit counter: keeps ids of one process in the order in
    /// which they were made, also when the clock stands still or steps back.
    last: AtomicU64,
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    /// Ids from the operating system's randomness.
    pub fn system(clock: Arc<dyn Clock>) -> Self {
        Self::from_rng(clock, rand::make_rng())
    }

    /// The same ids for the same seed and clock.
    pub fn seeded(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self::from_rng(clock, StdRng::seed_from_u64(seed))
    }

    fn from_rng(clock: Arc<dyn Clock>, rng: StdRng) -> Self {
        Self(Arc::new(Source { clock, rng: Mutex::new(rng), last: AtomicU64::new(0) }))
    }

    /// A UUIDv7; later calls give greater ids.
    pub fn uuid(&self) -> Uuid {
        let now = (self.0.clock.now().as_millis().max(0) as u64) << 12;
        let mut previous = self.0.last.load(Ordering::Relaxed);
        let ticks = loop {
            let next = now.max(previous + 1);
            match self.0.last.compare_exchange_weak(previous, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break next,
                Err(seen) => previous = seen,
            }
        };
        let random = self.random_u64();
        let high = ((ticks >> 12) << 16) | 0x7000 | (ticks & 0xfff);
        let low = (random & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000;
        Uuid::from_u64_pair(high, low)
    }

    /// 64 random bits.
    pub fn random_u64(&self) -> u64 {
        self.0.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next_u64()
    }

    /// Fills `bytes` with randomness fit for keys and nonces (ChaCha-based).
    pub fn fill(&self, bytes: &mut [u8]) {
        self.0.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(bytes);
    }
}

/// Less than every id made at this moment or later, and more than those made in earlier milliseconds.
pub fn oldest_uuid_of(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0);
    Uuid::from_u64_pair((millis << 16) | 0x7000, 0x8000_0000_0000_0000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn ids_of_earlier_moments_are_less_than_the_oldest_of_a_moment_and_its_own_are_not() {
        let clock = ManualClock::at(5_000_000);
        let ids = Ids::seeded(Arc::new(clock.clone()), 1);
        let earlier = ids.uuid();
        clock.advance(std::time::Duration::from_millis(1));
        let oldest = oldest_uuid_of(clock.now());
        assert!(earlier < oldest);
        assert!((0..100).all(|_| ids.uuid() > oldest));
    }

    #[test]
    fn ids_of_one_source_grow_even_when_the_clock_stands_still() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(1_763_690_000_000_000)), 7);
        let made: Vec<Uuid> = (0..10_000).map(|_| ids.uuid()).collect();
        assert!(made.is_sorted());
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn an_id_reads_back_from_its_text_and_refuses_other_kinds() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        let tenant = TenantId::new(&ids);
        assert_eq!(tenant.to_string().parse(), Ok(tenant));
        assert!(tenant.to_string().parse::<AgencyId>().is_err());
        assert!("ten_".parse::<TenantId>().is_err());
    }
}
