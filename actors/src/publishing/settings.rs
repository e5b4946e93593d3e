//! Settings of publishing.

use serde::Deserialize;

/// Settings of publishing; units are in the names. All have defaults.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishingSettings {
    /// Posts in hand at the same time, over all tenants.
    pub max_in_hand: usize,
    /// Posts in hand at the same time for one tenant, so that one whose platform is slow cannot take all places.
    pub max_in_hand_per_tenant: usize,
    /// How often due posts are looked for without being told to.
    pub poll_interval_ms: u64,
    /// Shortest time between two looks for due posts.
    pub least_interval_ms: u64,
    /// How long a post rests after the database was not available.
    pub store_retry_ms: u64,
    /// How long a post whose account is not connected, or whose platform does not answer, rests.
    pub rest_seconds: u64,
    /// How long a post rests when the platform's limit for a day is used up.
    pub quota_rest_seconds: u64,
}

impl Default for PublishingSettings {
    fn default() -> Self {
        Self {
            max_in_hand: 64,
            max_in_hand_per_tenant: 8,
            poll_interval_ms: 5_000,
            least_interval_ms: 20,
            store_retry_ms: 500,
            rest_seconds: 60,
            quota_rest_seconds: 900,
        }
    }
}
