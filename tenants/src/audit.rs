//! The audit log: append-only, and chained by hashes so that an altered, missing or added row shows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::ids::{AgencyId, AuditId, TenantId};

/// Which chain an entry belongs to: every tenant has one, and every agency has one for what concerns no tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Chain {
    /// A tenant's chain.
    Tenant(TenantId),
    /// An agency's chain.
    Agency(AgencyId),
}

impl Chain {
    /// The id under which the chain is stored.
    pub fn uuid(&self) -> Uuid {
        match self {
            Chain::Tenant(tenant) => tenant.0,
            Chain::Agency(agency) => agency.0,
        }
    }
}

/// An entry about to be appended; the log adds the sequence number and the hashes.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAuditEntry {
    /// Its id.
    pub id: AuditId,
    /// What happened, such as `decision.made` or `effect.sent`.
    pub event_type: String,
    /// The verb, such as `reply_comment` or `approve`.
    pub action: String,
    /// What kind of thing it happened to, such as `comment`.
    pub resource_type: String,
    /// Its id.
    pub resource_id: String,
    /// Who did it: `engagement`, `dispatcher`, `key:…`, `cli`.
    pub actor: String,
    /// False when it failed.
    pub success: bool,
    /// What went wrong.
    pub error: Option<String>,
    /// Particulars; for decisions the whole [`Decision`](crate::decision::Decision).
    pub details: Details,
    /// When it happened.
    pub at: Timestamp,
}

/// The particulars of an entry, as the JSON text that is stored and covered by the hash. A decision's are a few
/// kilobytes: as a tree of values they took more time than the decision itself, and most who read an entry pass it on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Details(Box<RawValue>);

impl Details {
    /// The particulars of something that can be written as JSON. What cannot (a map whose keys are no texts) is
    /// recorded as such.
    pub fn of(particulars: &impl Serialize) -> Self {
        let written = serde_json::value::to_raw_value(particulars);
        Self(written.unwrap_or_else(|error| {
            let unwritable = serde_json::json!({ "unwritable": error.to_string() });
            serde_json::value::to_raw_value(&unwritable).unwrap_or_else(|_| RawValue::NULL.to_owned())
        }))
    }

    /// Particulars as they are stored; an error where the text is not JSON.
    pub fn of_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The particulars as a tree, for those who look into them.
    pub fn value(&self) -> Value {
        serde_json::from_str(self.as_str()).unwrap_or_default()
    }
}

/// The same text.
impl PartialEq for Details {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Details {}

impl From<Value> for Details {
    fn from(particulars: Value) -> Self {
        Self::of(&particulars)
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Position in its chain, from 1, without gaps.
    pub seq: i64,
    /// See [`NewAuditEntry`].
    pub event_type: String,
    /// See [`NewAuditEntry`].
    pub action: String,
    /// See [`NewAuditEntry`].
    pub resource_type: String,
    /// See [`NewAuditEntry`].
    pub resource_id: String,
    /// See [`NewAuditEntry`].
    pub actor: String,
    /// See [`NewAuditEntry`].
    pub success: bool,
    /// See [`NewAuditEntry`].
    pub error: Option<String>,
    /// See [`NewAuditEntry`].
    pub details: Details,
    /// When it happened.
    pub at: Timestamp,
    /// SHA-256 over the previous hash and this entry, hex.
    pub hash: String,
}

/// The hash before the first entry of a chain.
pub fn first_hash(chain: Chain) -> String {
    hex::encode(Sha256::digest(chain.uuid().as_bytes()))
}

/// The hash of an entry that follows `previous`: SHA-256 over length-prefixed fields, in a fixed order, with `details`
/// byte by byte as they are stored.
pub fn entry_hash(previous: &str, seq: i64, entry: &NewAuditEntry) -> String {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(previous.as_bytes());
    field(&seq.to_be_bytes());
    field(entry.id.0.as_bytes());
    for text in [&entry.event_type, &entry.action, &entry.resource_type, &entry.resource_id, &entry.actor] {
        field(text.as_bytes());
    }
    field(&[u8::from(entry.success)]);
    field(&[u8::from(entry.error.is_some())]);
    field(entry.error.as_deref().unwrap_or_default().as_bytes());
    field(entry.details.as_str().as_bytes());
    field(&entry.at.as_micros().to_be_bytes());
    hex::encode(hash.finalize())
}

/// What a check of a chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum ChainVerdict {
    /// Every entry fits.
    Intact {
        /// Number of entries.
        entries: i64,
    },
    /// The chain breaks at this position.
    Broken {
        /// Position of the first entry that does not fit.
        seq: i64,
        /// What does not fit.
        problem: String,
    },
}

/// Checks a chain, entry by entry in order of `seq`, without holding it in memory.
#[derive(Debug)]
pub struct ChainCheck {
    last_hash: String,
    last_seq: i64,
}

impl ChainCheck {
    /// Starts before the first entry.
    pub fn new(chain: Chain) -> Self {
        Self { last_hash: first_hash(chain), last_seq: 0 }
    }

    /// Checks the next entry; the verdict when it does not fit.
    pub fn next(&mut self, entry: &AuditEntry) -> Result<(), ChainVerdict> {
        let broken =
            |problem: &str| ChainVerdict::Broken { seq: self.last_seq + 1, problem: problem.to_owned() };
        if entry.seq != self.last_seq + 1 {
            return Err(broken("an entry is missing"));
        }
        if entry.hash != entry_hash(&self.last_hash, entry.seq, &entry.as_new()) {
            return Err(broken("the entry was altered, or an earlier one was"));
        }
        self.last_seq = entry.seq;
        self.last_hash.clone_from(&entry.hash);
        Ok(())
    }

    /// The verdict after the last entry; `head` is the sequence number and hash stored beside the log.
    pub fn finish(self, head: Option<(i64, String)>) -> ChainVerdict {
        match head {
            Some((seq, _)) if seq > self.last_seq => ChainVerdict::Broken {
                seq: self.last_seq + 1,
                problem: "entries are missing at the end".to_owned(),
            },
            Some((seq, hash)) if seq != self.last_seq || hash != self.last_hash => ChainVerdict::Broken {
                seq: self.last_seq,
                problem: "the end of the chain is not what was recorded".to_owned(),
            },
            None if self.last_seq > 0 => ChainVerdict::Broken {
                seq: 1,
                problem: "the record of the chain's end is missing".to_owned(),
            },
            _ => ChainVerdict::Intact { entries: self.last_seq },
        }
    }
}

impl AuditEntry {
    /// The entry without what the log added.
    pub fn as_new(&self) -> NewAuditEntry {
        NewAuditEntry {
            id: self.id,
            event_type: self.event_type.clone(),
            action: self.action.clone(),
            resource_type: self.resource_type.clone(),
            resource_id: self.resource_id.clone(),
            actor: self.actor.clone(),
            success: self.success,
            error: self.error.clone(),
            details: self.details.clone(),
            at: self.at,
        }
    }
}
