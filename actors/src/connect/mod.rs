//! The life of connections: tokens are renewed before they run out, dead ones are told of once with words for people,
//! Meta's word that a person left is heeded, and secrets move to a new key of the vault.
//!
//! Two things drive it. The tick `token_refresh` renews what is due on the tenant's day; [`keep`] is a background part
//! that repeats what failed, deletes what Meta asked us to delete, and seals anew what an old key sealed.

mod deauthorise;
mod deletion;
mod keeper;
mod refresh;
mod reseal;
#[cfg(test)]
mod tests;
mod webhooks;
mod words;

pub use deauthorise::deauthorise;
pub use keeper::keep;
pub(crate) use refresh::refresh_tokens;
pub use reseal::{Resealed, reseal_all};
pub use webhooks::switch_on_webhooks;
pub(crate) use words::refused_alert;

use serde_json::Value;
use tenants::audit::NewAuditEntry;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, AuditId, Ids};

/// An entry of the audit log about an account.
fn entry(
    ids: &Ids,
    (event_type, actor): (&str, &str),
    account: &AccountId,
    error: Option<String>,
    details: Value,
    at: Timestamp,
) -> Change {
    Change::Audit(Box::new(NewAuditEntry {
        id: AuditId::new(ids),
        event_type: event_type.to_owned(),
        action: event_type.rsplit('.').next().unwrap_or(event_type).to_owned(),
        resource_type: "account".to_owned(),
        resource_id: account.to_string(),
        actor: actor.to_owned(),
        success: error.is_none(),
        error,
        details: details.into(),
        at,
    }))
}
