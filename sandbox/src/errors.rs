//! What can go wrong outside the Graph API: starting the sandbox and controlling it.

use std::{net::SocketAddr, path::PathBuf};

use serde::Serialize;

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Something else already listens on the address.
    #[error("port {} on {} is taken: stop the program that holds it or choose another port (0 picks a free one)", .address.port(), .address.ip())]
    PortTaken {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on for another reason, for example missing rights.
    #[error("cannot listen on {address}: choose an address of this machine and a port you may use")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP client for webhook deliveries could not be built.
    #[error("cannot build the webhook client: check the machine's TLS setup")]
    WebhookClient(#[source] reqwest::Error),
    /// The state file exists but cannot be read.
    #[error("cannot read the state file {}: see to it that it is a file you may read, or choose another", .path.display())]
    StateUnreadable {
        /// The state file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The state file is not what a sandbox of this version wrote.
    #[error("the state file {} cannot be used ({reason}): delete it to start afresh", .path.display())]
    StateDamaged {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state file cannot be written.
    #[error("cannot write the state file {}: see to it that its folder exists, is writable and has space", .path.display())]
    StateUnwritable {
        /// The state file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

/// Why a control call was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The named thing is not in the sandbox.
    #[error("no {what} `{id}` in the sandbox: list what there is with GET /_sandbox/state")]
    NotFound {
        /// Kind of thing, for example `account`.
        what: &'static str,
        /// The id or name that was asked for.
        id: String,
    },
    /// The request contradicts itself or the state.
    #[error("{0}")]
    Invalid(String),
    /// The name or id is already used.
    #[error("{what} `{id}` already exists: choose another name or use the existing one")]
    Exists {
        /// Kind of thing.
        what: &'static str,
        /// The id or name in use.
        id: String,
    },
    /// The callback did not answer the verification request with its challenge.
    #[error("the callback did not pass verification: {0}")]
    Handshake(String),
}

impl ControlError {
    pub(crate) fn not_found(what: &'static str, id: &str) -> Self {
        Self::NotFound { what, id: id.to_owned() }
    }
}

/// `wait_delivered` gave up: some webhooks are still waiting for an accepted answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{pending} webhook updates are still undelivered: check that the receiver runs and answers 2xx")]
pub struct StillPending {
    /// Updates not yet accepted, given up or dropped.
    pub pending: usize,
}
