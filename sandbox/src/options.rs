//! How a sandbox is set up.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    clock::{SandboxClock, SystemClock},
    control::requests::NewApp,
};

/// Everything a sandbox needs to start. `Default` listens on a free port of 127.0.0.1 with the machine's clock
/// and delivers no webhooks until a callback is given.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Source of time for windows, expiries and timestamps.
    pub clock: Arc<dyn SandboxClock>,
    /// Same seed, same order of calls: same ids, tokens, secrets and fault dice.
    pub seed: u64,
    /// Where the ids of media, comments and messages begin. Without a state file the state of a sandbox ends with
    /// it; one that is started for a client which remembers an earlier one must not repeat ids: pass the time in
    /// microseconds. Apps, accounts and tokens are the same whatever it is.
    pub content_ids_from: u64,
    /// The Graph API version used when a path names none, for example `v25.0`.
    pub api_version: String,
    /// The app that exists from the start and owns accounts that name no other.
    pub app: NewApp,
    /// How webhooks are delivered.
    pub deliver: DeliveryOptions,
    /// Rate limits and usage headers.
    pub limits: LimitOptions,
    /// How containers of posts are worked on, and how many there may be.
    pub publishing: PublishingOptions,
    /// The file in which the sandbox keeps its state, so that the next one goes on where this one was. When it
    /// exists, everything in it wins over `seed`, `app` and the callback of `deliver`, and content ids begin
    /// after its last unless `content_ids_from` is later. It is written at the start, about every two seconds while something changes, and at the stop; a killed sandbox
    /// loses what came after the last save. One sandbox at a time may use it. Faults, limits, counters and logs
    /// of calls and deliveries are not kept. `None` keeps nothing.
    pub state_file: Option<PathBuf>,
    /// How many recent API calls (and finished deliveries) are kept for inspection.
    pub log_length: usize,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Arc::new(SystemClock),
            seed: 1,
            content_ids_from: 0,
            api_version: "v25.0".to_owned(),
            app: NewApp::default(),
            deliver: DeliveryOptions::default(),
            limits: LimitOptions::default(),
            publishing: PublishingOptions::default(),
            state_file: None,
            log_length: 5_000,
        }
    }
}

impl fmt::Debug for SandboxOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SandboxOptions")
            .field("listen", &self.listen)
            .field("seed", &self.seed)
            .field("content_ids_from", &self.content_ids_from)
            .field("api_version", &self.api_version)
            .field("app", &self.app)
            .field("deliver", &self.deliver)
            .field("limits", &self.limits)
            .field("publishing", &self.publishing)
            .field("state_file", &self.state_file)
            .field("log_length", &self.log_length)
            .finish_non_exhaustive()
    }
}

/// How webhooks leave the sandbox.
#[derive(Debug, Clone)]
pub struct DeliveryOptions {
    /// Callback of the first app. It is used as it is; `Sandbox::subscribe` runs the verification handshake.
    pub callback_url: Option<String>,
    /// How long an answer may take before it counts as failed. Instagram documents 5 seconds.
    pub timeout: Duration,
    /// Pauses before the second, third, … attempt; after the last the update is dropped. Instagram retries at
    /// once, then with decreasing frequency for 36 hours; the default does so too, with a quick beginning.
    pub retry_delays: Vec<Duration>,
    /// How many deliveries run at the same time.
    pub concurrency: usize,
    /// How many updates may share one POST (Instagram: up to 1,000, not guaranteed).
    pub batch: usize,
    /// How long to wait for more updates before a batch that is not full is sent.
    pub batch_linger: Duration,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        let seconds = [0.0, 0.2, 1.0, 5.0, 30.0, 120.0, 600.0, 1_800.0];
        let hours = [1u64, 2, 4, 8, 8, 12];
        let quick = seconds.into_iter().map(Duration::from_secs_f64);
        let slow = hours.into_iter().map(|hour| Duration::from_secs(hour * 3_600));
        Self {
            callback_url: None,
            timeout: Duration::from_secs(5),
            retry_delays: quick.chain(slow).collect(),
            concurrency: 64,
            batch: 1,
            batch_linger: Duration::ZERO,
        }
    }
}

/// How publishing works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishingOptions {
    /// How long work on a picture or carousel takes, in milliseconds of the sandbox's clock.
    pub image_ms: u64,
    /// How long work on a video takes, in milliseconds of the sandbox's clock.
    pub video_ms: u64,
    /// Posts an account may publish in 24 hours.
    pub posts_per_day: u64,
    /// Containers an account may make in 24 hours.
    pub containers_per_day: u64,
    /// Whether files are really fetched and looked at.
    pub fetch_files: bool,
}

impl Default for PublishingOptions {
    fn default() -> Self {
        Self {
            image_ms: 500,
            video_ms: 3_000,
            posts_per_day: 100,
            containers_per_day: 400,
            fetch_files: true,
        }
    }
}

/// So many calls per rolling window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Calls allowed inside one window.
    pub calls: u64,
    /// Length of the rolling window in milliseconds.
    pub window_ms: u64,
}

impl Quota {
    /// `calls` in every rolling `window`.
    pub const fn new(calls: u64, window: Duration) -> Self {
        Self { calls, window_ms: window.as_millis() as u64 }
    }
}

/// Rate limits. `None` means unlimited. The default is what Instagram documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitOptions {
    /// Usage headers appear once an account made this many calls.
    pub headers_after_calls: u64,
    /// Non-messaging calls per account (error 80002). Documented as 4,800 × impressions of the last 24 hours;
    /// the default assumes 1,000 impressions.
    pub instagram: Option<Quota>,
    /// All calls per app (error 4). Documented as 200 × daily users per hour; the default assumes 10,000.
    pub app: Option<Quota>,
    /// Messaging calls per account (error 80006). Documented as 200 × engaged users per 24 hours; the default
    /// assumes 10,000.
    pub messenger: Option<Quota>,
    /// Sends per account (error 613/2534040): 100 per second.
    pub sends: Option<Quota>,
    /// Reads of conversations per account (error 613): 2 per second.
    pub conversations: Option<Quota>,
    /// Private replies per account (error 613): 750 per hour.
    pub private_replies: Option<Quota>,
    /// Likes per account: more than 50 in 5 seconds lock the account out for an hour (error 17).
    pub likes: Option<Quota>,
}

impl Default for LimitOptions {
    fn default() -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        const HOUR: Duration = Duration::from_secs(3_600);
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            headers_after_calls: 20,
            instagram: Some(Quota::new(4_800_000, DAY)),
            app: Some(Quota::new(2_000_000, HOUR)),
            messenger: Some(Quota::new(2_000_000, DAY)),
            sends: Some(Quota::new(100, SECOND)),
            conversations: Some(Quota::new(2, SECOND)),
            private_replies: Some(Quota::new(750, HOUR)),
            likes: Some(Quota::new(50, Duration::from_secs(5))),
        }
    }
}

impl LimitOptions {
    /// No limits at all, for load tests. Usage headers still appear, at zero percent.
    pub fn unlimited() -> Self {
        Self {
            headers_after_calls: 20,
            instagram: None,
            app: None,
            messenger: None,
            sends: None,
            conversations: None,
            private_replies: None,
            likes: None,
        }
    }
}
