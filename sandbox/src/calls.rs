//! The last API calls, for tests and curious people.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{graph::endpoint::Endpoint, ids::AccountId};

/// One call to the Graph side.
#[derive(Debug, Clone, Serialize)]
pub struct CallRecord {
    /// Grows with every call.
    pub sequence: u64,
    /// When it was answered.
    pub at: DateTime<Utc>,
    /// HTTP method.
    pub method: String,
    /// Path without query, so that no token is kept.
    pub path: String,
    /// What it addressed.
    pub endpoint: Endpoint,
    /// The account whose token it carried.
    pub account: Option<AccountId>,
    /// HTTP status; `None` when the answer was withheld by a fault.
    pub status: Option<u16>,
    /// Error code, if it failed.
    pub code: Option<i64>,
    /// Error subcode, if any.
    pub subcode: Option<u32>,
}

/// A bounded ring.
#[derive(Debug)]
pub(crate) struct CallLog {
    records: VecDeque<CallRecord>,
    length: usize,
    sequence: u64,
}

impl CallLog {
    pub(crate) fn new(length: usize) -> Self {
        Self { records: VecDeque::new(), length, sequence: 0 }
    }

    pub(crate) fn push(&mut self, mut record: CallRecord) {
        self.sequence += 1;
        record.sequence = self.sequence;
        if self.records.len() >= self.length.max(1) {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// How many calls there were, also those no longer kept.
    pub(crate) fn total(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn since(&self, sequence: u64) -> Vec<CallRecord> {
        let first = self.records.partition_point(|record| record.sequence <= sequence);
        self.records.range(first..).cloned().collect()
    }
}
