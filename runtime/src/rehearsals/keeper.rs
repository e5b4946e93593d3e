//! Stores what a rehearsal finds while it goes on.

use actors::Ports;
use actors::rehearsal::{Difference, RehearsalError, Report, Watch};
use async_trait::async_trait;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::ids::{DifferenceId, TenantId};
use tenants::rehearsal::{Rehearsal, RehearsalDifference};

/// See the module.
pub(super) struct Keeper {
    ports: Ports,
    pub rehearsal: Rehearsal,
    chain: Chain,
    tenant: Option<TenantId>,
    events_before: u64,
}

impl Keeper {
    pub fn new(ports: Ports, rehearsal: Rehearsal, chain: Chain) -> Self {
        Self { ports, rehearsal, chain, tenant: None, events_before: 0 }
    }

    /// From now on it is about this tenant; so many events of others came before.
    pub fn begin(&mut self, tenant: TenantId, events_before: u64) {
        self.tenant = Some(tenant);
        self.events_before = events_before;
    }
}

#[async_trait]
impl Watch for Keeper {
    async fn goes_on(&mut self, report: &Report, found: Vec<Difference>) -> Result<(), RehearsalError> {
        self.rehearsal.progress = self.events_before + report.events;
        let mut differences = Vec::with_capacity(found.len());
        for (difference, tenant) in found.into_iter().zip(std::iter::repeat(self.tenant)) {
            let Some(tenant) = tenant else { continue };
            differences.push(RehearsalDifference {
                id: DifferenceId::new(&self.ports.ids),
                rehearsal: self.rehearsal.id,
                tenant,
                event: difference.event,
                // A difference is plain data with words as keys: it can always be written.
                body: serde_json::to_value(&difference).unwrap_or_default(),
            });
        }
        let changes = Changes {
            chain: self.chain,
            list: vec![
                Change::PutRehearsal(Box::new(self.rehearsal.clone())),
                Change::AddDifferences(differences),
            ],
        };
        Ok(self.ports.store.commit(changes).await?)
    }
}
