//! Hashtags that were searched for, and by whom.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::AccountId;

/// Names by id, and each account's searches with their times.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Hashtags {
    pub(crate) names: BTreeMap<String, String>,
    pub(crate) searches: BTreeMap<AccountId, Vec<(String, DateTime<Utc>)>>,
}
