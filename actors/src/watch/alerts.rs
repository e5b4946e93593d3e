//! What is told about accounts, and when that is over.

use serde_json::{Value, json};
use tenants::account::{Account, Tenant};
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{AlertId, Ids};
use tenants::ports::SeenItem;

use super::engagement::Low;

/// Who resolves alerts whose reason is over.
const RESOLVED_BY: &str = "watch";

/// About one account.
pub(super) struct About<'a> {
    pub ids: &'a Ids,
    pub tenant: &'a Tenant,
    pub account: &'a Account,
    pub now: Timestamp,
}

impl About<'_> {
    fn alert(&self, alert_type: AlertType, key: String, message: String, details: Value) -> NewAlert {
        NewAlert {
            id: AlertId::new(self.ids),
            agency: Some(self.tenant.agency),
            tenant: Some(self.tenant.id),
            alert_type,
            severity: None,
            message,
            details,
            dedup_key: key,
        }
    }

    fn over(&self, dedup_key: String) -> Change {
        Change::ResolveAlert { dedup_key, by: RESOLVED_BY.to_owned(), at: self.now }
    }

    /// Webhooks were missed and made up for.
    pub fn gap(&self, missing: &[SeenItem]) -> NewAlert {
        let (count, handle) = (missing.len(), &self.account.username);
        let oldest = missing.iter().map(|item| item.written_at).min().unwrap_or(self.now);
        let message = format!(
            "{count} comments or messages of @{handle} came without a webhook, the oldest of {oldest}; they were \
             taken in now. Check that webhooks of the account are switched on (see its health) and that this \
             installation can be reached from outside."
        );
        let ids: Vec<&str> = missing.iter().take(20).map(|item| item.external_id.as_str()).collect();
        let details = json!({ "account": self.account.id, "count": count, "oldest": oldest, "ids": ids });
        self.alert(AlertType::Gap, self.gap_key(), message, details)
    }

    pub fn gap_over(&self) -> Change {
        self.over(self.gap_key())
    }

    fn gap_key(&self) -> String {
        format!("gap:{}", self.account.id)
    }

    /// Instagram counts comments and shows none of them.
    pub fn blind(&self, counted: u64) -> NewAlert {
        let message = format!(
            "Instagram counts {counted} comments under posts of @{} but shows none of them: the Meta app probably has \
             Standard Access only, which shows comments of people with a role in the app. Ask for Advanced Access to \
             instagram_business_manage_comments (App Review) and set the app live.",
            self.account.username
        );
        let details = json!({ "account": self.account.id, "counted": counted });
        self.alert(AlertType::Gap, self.blind_key(), message, details)
    }

    pub fn blind_over(&self) -> Change {
        self.over(self.blind_key())
    }

    fn blind_key(&self) -> String {
        format!("standard_access:{}", self.account.id)
    }

    /// A post that few people react to.
    pub fn low_engagement(&self, low: &Low) -> NewAlert {
        let whither = low.media.permalink.as_deref().unwrap_or(&low.media.id);
        let message = format!(
            "{whither} of @{} has {} likes and comments; its posts usually have {}",
            self.account.username, low.engagement, low.median
        );
        let details = json!({
            "account": self.account.id, "media": low.media.id, "permalink": low.media.permalink,
            "posted_at": low.media.posted_at, "engagement": low.engagement, "median": low.median,
        });
        self.alert(AlertType::LowEngagement, low_key(&low.media.id), message, details)
    }

    pub fn low_engagement_over(&self, media_id: &str) -> Change {
        self.over(low_key(media_id))
    }

    /// No webhooks are switched on for the account.
    pub fn no_webhooks(&self) -> NewAlert {
        let message = format!(
            "webhooks are not switched on for @{}: comments and messages are noticed late, by polls only. Connect the \
             account again, or subscribe it to `comments` and `messages`.",
            self.account.username
        );
        let details = json!({ "account": self.account.id });
        self.alert(AlertType::Gap, self.webhooks_key(), message, details)
    }

    pub fn webhooks_over(&self) -> Change {
        self.over(self.webhooks_key())
    }

    fn webhooks_key(&self) -> String {
        format!("webhooks_off:{}", self.account.id)
    }
}

fn low_key(media_id: &str) -> String {
    format!("low_engagement:{media_id}")
}
