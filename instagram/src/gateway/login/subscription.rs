//! Switching on the webhooks of an account.

use tenants::account::{Account, LoginFlavour};
use tenants::effect::ErrorCategory;
use tenants::ports::SendError;

use crate::gateway::call::{Call, Purpose, Target, checked};
use crate::gateway::errors;

/// Every field we understand. Instagram sends what the app chose; this only switches the account on.
const FIELDS: &str = "comments,live_comments,mentions,messages,message_edit,message_reactions,messaging_handover,\
                      messaging_optins,messaging_postbacks,messaging_referral,messaging_seen,standby";

pub(super) fn subscribe(account: &Account) -> Result<Call, SendError> {
    let fields = match account.flavour {
        LoginFlavour::Instagram => FIELDS,
        // Any field of the Page switches the events of its Instagram account on.
        LoginFlavour::Facebook => "feed",
    };
    let call = Call::post(account, node(account)?, Target::Account);
    // Doing it twice changes nothing, so a lost answer may be tried again.
    Ok(Call { purpose: Purpose::Read, ..call.query("subscribed_fields", fields) })
}

fn node(account: &Account) -> Result<String, SendError> {
    let id = match account.flavour {
        LoginFlavour::Instagram => &account.external_id,
        LoginFlavour::Facebook => account.page_id.as_ref().ok_or_else(|| {
            let text = "the account has no Page: connect it again through Facebook Login";
            errors::failure(ErrorCategory::Permanent, text)
        })?,
    };
    Ok(format!("{}/subscribed_apps", checked(id)?))
}
