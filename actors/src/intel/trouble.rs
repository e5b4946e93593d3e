//! What is recorded when reading an account had to stop.

use serde_json::json;
use tenants::account::{Account, AccountStatus};
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::Change;
use tenants::ids::AlertId;
use tenants::ports::TenantContext;

use super::asking::Stop;
use super::entry;
use crate::Ports;
use crate::dispatcher::auth_failure_key;

/// Subcode of code 190: the token has run out, rather than been withdrawn.
const TOKEN_EXPIRED: i64 = 463;

/// A refused token marks the account and tells people, as it does when a reply is refused: the same alert, which ends
/// when the account is connected again. All else is noted, and the next tick goes on.
pub(super) fn of(ports: &Ports, context: &TenantContext, account: &Account, stop: &Stop) -> Vec<Change> {
    let now = ports.clock.now();
    let resource = ("account", account.id.to_string());
    match stop {
        Stop::NotNow(reason) => {
            tracing::info!(account.id = %account.id, reason, "reading numbers goes on with the next tick");
            let mut noted = entry(ports, "insights.postponed", resource, json!({ "reason": reason }), now);
            (noted.success, noted.error) = (false, Some(reason.clone()));
            vec![Change::Audit(Box::new(noted))]
        }
        Stop::TokenRefused(error) => {
            let status = match error.subcode {
                Some(TOKEN_EXPIRED) => AccountStatus::Expired,
                _ => AccountStatus::Disconnected,
            };
            let mut noted = entry(ports, "account.token_refused", resource, json!({ "status": status }), now);
            (noted.success, noted.error) = (false, Some(error.message.clone()));
            let alert = NewAlert {
                id: AlertId::new(&ports.ids),
                agency: Some(context.tenant.agency),
                tenant: Some(context.tenant.id),
                alert_type: AlertType::AuthFailure,
                severity: None,
                message: format!(
                    "Instagram refused the token of @{}: connect the account again; its queue waits ({error})",
                    account.username
                ),
                details: json!({ "account": account.id }),
                dedup_key: auth_failure_key(&account.id),
            };
            vec![
                Change::SetAccountStatus { account: account.id, status },
                Change::RaiseAlert(Box::new(alert), now),
                Change::Audit(Box::new(noted)),
            ]
        }
    }
}
