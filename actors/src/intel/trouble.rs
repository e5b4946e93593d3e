//! What is recorded when reading an account had to stop.

use serde_json::json;
use tenants::account::Account;
use tenants::changes::Change;
use tenants::connect::TokenTrouble;
use tenants::ports::TenantContext;

use super::asking::Stop;
use super::entry;
use crate::Ports;
use crate::connect::refused_alert;

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
            let trouble = TokenTrouble::of(error.code, error.subcode);
            let status = trouble.status();
            let mut noted = entry(ports, "account.token_refused", resource, json!({ "status": status }), now);
            (noted.success, noted.error) = (false, Some(error.message.clone()));
            let agency = Some(context.tenant.agency);
            let alert = refused_alert(&ports.ids, agency, account, trouble, &error.message);
            vec![
                Change::SetAccountStatus { account: account.id, status },
                Change::RaiseAlert(Box::new(alert), now),
                Change::Audit(Box::new(noted)),
            ]
        }
    }
}
