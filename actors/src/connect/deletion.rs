//! Meta passes on that somebody wants what we have of them deleted.

use std::collections::BTreeSet;

use serde_json::json;
use tenants::audit::{Chain, NewAuditEntry};
use tenants::changes::{Change, Changes};
use tenants::connect::{ConnectChange, DeletionRequest};
use tenants::ids::{AgencyId, AuditId, TenantId};
use tenants::memory::Forgetting;
use tenants::ports::{Hint, StoreError};

use super::deauthorise::{META, withdraw};
use crate::Ports;

/// Requests done in one go.
const BATCH: u32 = 20;

/// Does what was asked for; what fails stays open and is done with the next sweep.
pub(super) async fn delete_all(ports: &Ports) -> Result<(), StoreError> {
    for request in ports.connections.open_deletions(BATCH).await? {
        delete(ports, request).await?;
    }
    Ok(())
}

/// The connections of the person go, with their tokens; and wherever the same app serves a tenant that knows the
/// person as a customer, their words and name go too.
async fn delete(ports: &Ports, request: DeletionRequest) -> Result<(), StoreError> {
    let accounts = ports.connections.accounts_of_user(&request.user_id).await?;
    let mut erased = 0;
    for account in accounts.iter().filter(|account| account.app == request.app) {
        withdraw(ports, account, "account.data_deleted").await?;
        erased += 1;
    }
    let served = ports.store.all_accounts().await?.into_iter();
    let served: BTreeSet<TenantId> =
        served.filter(|account| account.app == request.app).map(|account| account.tenant).collect();
    let mut tenants = 0;
    for tenant in served {
        tenants += u32::from(forget_person(ports, tenant, &request.user_id).await?);
    }
    let done = DeletionRequest {
        user_id: String::new(),
        done_at: Some(ports.clock.now()),
        accounts: erased,
        tenants,
        ..request
    };
    let chain = Chain::Agency(AgencyId::INSTALLATION);
    let change = Change::Connect(ConnectChange::PutDeletion(Box::new(done)));
    ports.store.commit(Changes { chain, list: vec![change] }).await
}

async fn forget_person(ports: &Ports, tenant: TenantId, person: &str) -> Result<bool, StoreError> {
    if !ports.comms.knows_person(&tenant, person).await? {
        return Ok(false);
    }
    let entry = NewAuditEntry {
        id: AuditId::new(&ports.ids),
        event_type: "person.forgotten".to_owned(),
        action: "forget".to_owned(),
        resource_type: "tenant".to_owned(),
        resource_id: tenant.to_string(),
        actor: META.to_owned(),
        success: true,
        error: None,
        // Whoever wants to be forgotten is not named.
        details: json!({ "asked_by": "the person, through Meta" }).into(),
        at: ports.clock.now(),
    };
    let changes = Changes::of_tenant(tenant)
        .with(Change::Forget(Forgetting::Person(person.to_owned())))
        .with(Change::Audit(Box::new(entry)));
    ports.store.commit(changes).await?;
    if let Err(error) = ports.memory.erase(&tenant).await {
        tracing::warn!(tenant.id = %tenant, %error, "the search index is built anew when it is next asked");
    }
    ports.wake.send(Hint::TenantChanged(tenant));
    Ok(true)
}
