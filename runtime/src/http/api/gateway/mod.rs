//! The gateway: what programs outside read and write of Instagram through Troupe. They name an account and never hold a
//! token. Reads are asked of Instagram at once; writes pass the guards and the policy gate, and leave through the queue
//! like what the actors decide.

mod reads;
mod views;
mod writes;

use tenants::account::Account;
use tenants::ids::AccountId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::TenantAccess;
use crate::http::problem::Problem;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(reads::read_profile))
        .routes(routes!(reads::list_gateway_media))
        .routes(routes!(reads::list_tagged_media))
        .routes(routes!(reads::search_hashtag))
        .routes(routes!(reads::read_insights))
        .routes(routes!(writes::reply_comment))
        .routes(routes!(writes::reply_dm))
        .routes(routes!(writes::send_dm))
        .routes(routes!(writes::publish_gateway_post))
}

/// The account that is named, or the only one of the tenant.
async fn account_of(
    state: &AppState,
    access: &TenantAccess,
    named: Option<AccountId>,
) -> Result<Account, Problem> {
    let mut accounts = state.ports.store.list_accounts(&access.tenant.id).await?;
    if let Some(id) = named {
        let found = accounts.into_iter().find(|account| account.id == id);
        return found.ok_or_else(|| Problem::not_found("account"));
    }
    match (accounts.pop(), accounts.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(Problem::conflict("the tenant has no account: connect one first")),
        (Some(_), _) => Err(Problem::invalid("account", "the tenant has several accounts: name one")),
    }
}
