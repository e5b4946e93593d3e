//! What people are told.

use serde_json::json;
use tenants::account::Account;
use tenants::alert::{AlertType, NewAlert, Severity};
use tenants::clock::Timestamp;
use tenants::connect::{
    TokenTrouble, auth_alert_key, near_end_alert_key, refresh_alert_key, subscription_alert_key,
};
use tenants::ids::{AgencyId, AlertId, Ids};

/// A token is dead.
pub(crate) fn refused_alert(
    ids: &Ids,
    agency: Option<AgencyId>,
    account: &Account,
    trouble: TokenTrouble,
    error: &str,
) -> NewAlert {
    let told = if error.is_empty() { String::new() } else { format!(" ({error})") };
    let message = format!(
        "@{} {}: {}; its queue waits{told}",
        account.username,
        trouble.what_happened(),
        trouble.what_to_do()
    );
    alert(ids, agency, account, AlertType::AuthFailure, None, message, auth_alert_key(&account.id))
}

/// How near the end of a token may come before it is critical.
const LAST_DAYS: u64 = 3;

/// A token could not be renewed yet. What is near its end has an alert of its own, so that it is not taken for the
/// repetition of the first warning.
pub(super) fn not_renewed_alert(
    ids: &Ids,
    agency: Option<AgencyId>,
    account: &Account,
    (expires_at, now): (Option<Timestamp>, Timestamp),
    error: &str,
) -> NewAlert {
    let is_near = expires_at.is_some_and(|end| end.since(now).as_secs() < LAST_DAYS * 86_400);
    let until = expires_at.map_or("at a moment that is not known".to_owned(), |end| {
        format!("on {}", end.to_utc().format("%Y-%m-%d %H:%M UTC"))
    });
    let message = format!(
        "the connection of @{} runs out {until} and could not be renewed ({error}): it is tried again by itself; \
         connect the account again if this stays",
        account.username
    );
    let key = refresh_alert_key(&account.id);
    let (severity, key) = match is_near {
        true => (Severity::Critical, near_end_alert_key(&account.id)),
        false => (Severity::Warning, key),
    };
    alert(ids, agency, account, AlertType::AuthFailure, Some(severity), message, key)
}

/// Webhooks of an account could not be switched on.
pub(super) fn no_webhooks_alert(
    ids: &Ids,
    agency: Option<AgencyId>,
    account: &Account,
    error: &str,
) -> NewAlert {
    let message = format!(
        "the webhooks of @{} could not be switched on ({error}): what people write there is noticed late; it is tried \
         again every day, and whenever the account is connected again",
        account.username
    );
    alert(ids, agency, account, AlertType::SyncFailure, None, message, subscription_alert_key(&account.id))
}

fn alert(
    ids: &Ids,
    agency: Option<AgencyId>,
    account: &Account,
    alert_type: AlertType,
    severity: Option<Severity>,
    message: String,
    dedup_key: String,
) -> NewAlert {
    NewAlert {
        id: AlertId::new(ids),
        agency,
        tenant: Some(account.tenant),
        alert_type,
        severity,
        message,
        details: json!({ "account": account.id }),
        dedup_key,
    }
}
