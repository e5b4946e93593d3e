//! Administrative writes.

use tenants::audit::Chain;
use tenants::changes::Changes;
use tenants::ids::AgencyId;
use tenants::ports::{Hint, PageRequest};

use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Commits an administrative act and tells everybody to look at the tenant anew.
pub async fn commit(state: &AppState, changes: Changes) -> Result<(), Problem> {
    let chain = changes.chain;
    state.ports.store.commit(changes).await?;
    match chain {
        Chain::Tenant(tenant) => {
            state.ports.wake.send(Hint::TenantChanged(tenant));
            state.ports.wake.send(Hint::Audit(tenant));
        }
        Chain::Agency(agency) => state.ports.wake.send(Hint::AgencyAudit(agency)),
    }
    Ok(())
}

/// Commits an act of an agency that all its tenants have to know of.
pub async fn commit_for_tenants(state: &AppState, agency: AgencyId, changes: Changes) -> Result<(), Problem> {
    commit(state, changes).await?;
    let mut page = PageRequest::first(500);
    loop {
        let tenants = state.ports.store.list_tenants(&agency, page).await?;
        let Some(last) = tenants.last() else { return Ok(()) };
        page.before = Some(last.id.0);
        for tenant in &tenants {
            state.ports.wake.send(Hint::TenantChanged(tenant.id));
        }
    }
}

/// Commits an act by which tenants, accounts or apps come or go. Webhooks of a new account are known on this node
/// before the caller is answered.
pub async fn commit_to_directory(state: &AppState, changes: Changes) -> Result<(), Problem> {
    commit(state, changes).await?;
    state.ports.wake.send(Hint::DirectoryChanged);
    if let Err(error) = state.refresh_directory().await {
        tracing::warn!(%error, "accounts and apps could not be read; the next refresh will");
    }
    Ok(())
}
