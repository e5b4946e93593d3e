//! The faults that can be switched on.

use serde::{Deserialize, Serialize};

use crate::graph::endpoint::Endpoint;

/// A fault and when it strikes. Without further members it strikes every call or webhook until it is cleared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only for this account (any of its ids or its handle).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Only for this endpoint; ignored by webhook faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// Strikes with this probability, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
    /// Ends after so many strikes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Ends so many milliseconds after it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
}

fn always() -> f64 {
    1.0
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Self { kind, account: None, endpoint: None, probability: 1.0, count: None, for_ms: None }
    }
}

impl Fault {
    /// Strikes everything until cleared.
    pub fn new(kind: FaultKind) -> Self {
        Self::from(kind)
    }

    /// Only for this account.
    pub fn on_account(mut self, account: impl AsRef<str>) -> Self {
        self.account = Some(account.as_ref().to_owned());
        self
    }

    /// Only for this endpoint.
    pub fn on(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Only so many times.
    pub fn times(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// With this probability, 0 to 1.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    /// For so many milliseconds.
    pub fn for_ms(mut self, milliseconds: u64) -> Self {
        self.for_ms = Some(milliseconds);
        self
    }
}

/// What goes wrong. In JSON: `{"kind": "http_5xx", "status": 503}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The call fails with an HTTP 5xx and a transient error body; nothing happened.
    #[serde(rename = "http_5xx")]
    Http5xx {
        /// HTTP status; 503 when left out.
        #[serde(default = "service_unavailable")]
        status: u16,
    },
    /// The call waits before anything happens.
    Slow {
        /// For how long.
        delay_ms: u64,
    },
    /// The call is refused by a rate limit; nothing happened.
    RateLimit {
        /// Error code: 4, 17, 32, 613, 80002 or 80006; 4 when left out.
        #[serde(default = "application_limit")]
        code: i64,
        /// HTTP status instead of the usual one, for example 429.
        #[serde(default)]
        status: Option<u16>,
        /// `Retry-After` header.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
        /// `estimated_time_to_regain_access` in the usage header.
        #[serde(default)]
        regain_minutes: Option<u64>,
    },
    /// The call is answered as if the token had been withdrawn (the state is not changed).
    TokenRevoked {
        /// Why; `invalidated` when left out.
        #[serde(default)]
        death: crate::control::requests::TokenDeath,
    },
    /// The call is refused for lack of a permission.
    PermissionRefused {
        /// Error code: 10, 200, 3, …; 10 when left out.
        #[serde(default = "no_permission")]
        code: i64,
    },
    /// The call fails with this error code marked as transient: 1, 2, -1 or another; nothing happened.
    Transient {
        /// Error code; 2 when left out.
        #[serde(default = "temporarily_unavailable")]
        code: i64,
        /// HTTP status; 500 when left out.
        #[serde(default = "internal_error")]
        status: u16,
    },
    /// The call is refused with these numbers; nothing happened. 100/33 says that the object does not exist.
    Refused {
        /// Error code.
        code: i64,
        /// Error subcode.
        #[serde(default)]
        subcode: Option<u32>,
        /// HTTP status; 400 when left out.
        #[serde(default = "bad_request")]
        status: u16,
    },
    /// A container that is made fails when work on it ends.
    ContainerFails {
        /// The subcode that its status names.
        subcode: u32,
    },
    /// Work on a container that is made takes longer.
    ContainerSlow {
        /// By so much.
        delay_ms: u64,
    },
    /// The connection over which a video is sent breaks; what has arrived is kept.
    UploadBreaks {
        /// After so many bytes of the call.
        after_bytes: u64,
    },
    /// A video that is sent is refused in the manner of the upload host.
    UploadRefused {
        /// Whether it says that another try may work.
        retriable: bool,
        /// Its name of the error; `ProcessingFailedError` when left out.
        #[serde(default = "processing_failed")]
        reason: String,
    },
    /// A container tells another number of bytes than has arrived.
    UploadMisreported {
        /// So many more, or fewer.
        by: i64,
    },
    /// The status code of containers is empty; only the words tell.
    EmptyStatusCode,
    /// The call is answered with something that is not JSON; nothing happened.
    GarbageAnswer {
        /// HTTP status; 200 when left out.
        #[serde(default = "ok")]
        status: u16,
    },
    /// Lists come back empty although there is something in them, as comments do under Standard Access: give it the
    /// endpoint `list_comments`.
    EmptyLists,
    /// The effect happens, but the answer is an HTTP 500. Only for calls that succeed.
    #[serde(rename = "done_but_500", alias = "done_but500")]
    DoneBut500 {
        /// HTTP status; 500 when left out.
        #[serde(default = "internal_error")]
        status: u16,
    },
    /// The effect happens, but no answer arrives. Only for calls that succeed.
    DoneButConnectionDropped {
        /// Keep the connection open and stay silent instead of closing it.
        #[serde(default)]
        hang: bool,
    },
    /// Every webhook is delivered more than once.
    DuplicateWebhooks {
        /// So many more times; 1 when left out.
        #[serde(default = "one")]
        copies: usize,
    },
    /// Webhooks never leave.
    DropWebhooks,
    /// Webhooks leave late.
    DelayWebhooks {
        /// By so much.
        delay_ms: u64,
    },
    /// Webhooks leave in another order: each is held back for a random time.
    ReorderWebhooks {
        /// At most for so long; 200 ms when left out.
        #[serde(default = "a_moment")]
        within_ms: u64,
    },
    /// Webhooks are signed with another secret.
    WrongSignature,
    /// Webhooks travel together.
    BatchWebhooks(Batching),
    /// Every message is followed by the odd `message_edit` number zero.
    #[serde(rename = "num_edit_0")]
    NumEditZero,
}

/// How many updates share a POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batching {
    /// At most so many.
    pub size: usize,
    /// Wait so long for more.
    #[serde(default = "a_moment")]
    pub linger_ms: u64,
}

fn service_unavailable() -> u16 {
    503
}

fn processing_failed() -> String {
    "ProcessingFailedError".to_owned()
}

fn bad_request() -> u16 {
    400
}

fn internal_error() -> u16 {
    500
}

fn ok() -> u16 {
    200
}

fn application_limit() -> i64 {
    4
}

fn no_permission() -> i64 {
    10
}

fn temporarily_unavailable() -> i64 {
    2
}

fn one() -> usize {
    1
}

fn a_moment() -> u64 {
    200
}
