//! Intel: numbers of accounts and media, spikes, reports, competitors.
//!
//! Ticks bring it to work (`changes_of`). Whatever a tick finds is committed together with its end, so a crash costs
//! some reading and nothing else: numbers are keyed by day, a report by its period, an alert by the begin of its spike.

mod account;
mod asking;
pub mod best_times;
mod catalogue;
mod competitors;
mod gate;
mod media;
mod outside;
pub mod periods;
pub mod report;
mod settings;
mod spikes;
#[cfg(test)]
mod tests;
mod trouble;

use std::fmt;
use std::sync::Arc;

use tenants::account::{Account, AccountStatus};
use tenants::audit::NewAuditEntry;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::event::{Role, TickBody};
use tenants::ids::AuditId;
use tenants::insights::IntelChange;
use tenants::ports::{InsightsReader, IntelStore, NothingShown, ShownReader, StoreError, TenantContext};
use tenants::report::ReportType;

pub use outside::{Numbers, OutsideReads, ReadRefused};
pub use settings::IntelSettings;

use crate::Ports;
use asking::{Asking, Stop};
use gate::Gate;

/// What intel works with. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Intel {
    parts: Arc<Parts>,
    store: Arc<dyn IntelStore>,
}

struct Parts {
    reader: Arc<dyn InsightsReader>,
    settings: IntelSettings,
    gate: Gate,
    outside: OutsideReads,
}

impl fmt::Debug for Intel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Intel")
    }
}

impl Intel {
    /// Reads through `reader` and keeps in `store`, which must be the database that [`Ports::store`] is.
    pub fn new(reader: Arc<dyn InsightsReader>, store: Arc<dyn IntelStore>, settings: IntelSettings) -> Self {
        Self::showing(reader, Arc::new(NothingShown("this node shows nothing of Instagram")), store, settings)
    }

    /// The same for a node whose reads are open to programs outside, which `shown` answers.
    pub fn showing(
        reader: Arc<dyn InsightsReader>,
        shown: Arc<dyn ShownReader>,
        store: Arc<dyn IntelStore>,
        settings: IntelSettings,
    ) -> Self {
        let gate = Gate::new(&settings);
        let outside = OutsideReads::new(reader.clone(), shown, &settings);
        Self { parts: Arc::new(Parts { reader, settings, gate, outside }), store }
    }

    /// The same, which reads what has been gathered through this.
    #[must_use]
    pub fn reading_from(&self, store: Arc<dyn IntelStore>) -> Self {
        Self { parts: Arc::clone(&self.parts), store }
    }

    /// What programs outside may ask of Instagram.
    pub fn outside(&self) -> &OutsideReads {
        &self.parts.outside
    }

    /// What has been gathered.
    pub fn store(&self) -> &dyn IntelStore {
        &*self.store
    }

    /// Settings.
    pub fn settings(&self) -> &IntelSettings {
        &self.parts.settings
    }

    fn reader(&self) -> &dyn InsightsReader {
        &*self.parts.reader
    }

    fn gate(&self) -> &Gate {
        &self.parts.gate
    }
}

/// What a tick of intel changes.
///
/// # Errors
/// When the database does not answer; the tick can be taken again.
pub(crate) async fn changes_of(
    ports: &Ports,
    context: &TenantContext,
    tick: &TickBody,
) -> Result<Vec<Change>, StoreError> {
    match tick.name.as_str() {
        "insights" => insights(ports, context).await,
        "spikes" => spikes::changes(ports, context, tick.due_at).await,
        "daily_report" => {
            let mut changes = report::due(ports, context, ReportType::Daily, tick.due_at).await?;
            changes.push(thinning(ports, context));
            Ok(changes)
        }
        "weekly_report" => report::due(ports, context, ReportType::Weekly, tick.due_at).await,
        "competitors" => competitors::changes(ports, context, tick.due_at).await,
        _ => Ok(Vec::new()),
    }
}

/// Reads what is due of every account that can be used, and of its media.
async fn insights(ports: &Ports, context: &TenantContext) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    for account in usable(context) {
        let asking = Asking::new(ports, account);
        let (rows, mut stop) = account::read(&asking, ports, context).await?;
        changes.push(Change::Intel(IntelChange::AccountInsights(rows)));
        if stop.is_none() {
            let (rows, stopped) = media::read(&asking, ports, context).await?;
            changes.push(Change::Intel(IntelChange::MediaReadings(rows)));
            stop = stopped;
        }
        if let Some(stop) = stop {
            changes.extend(trouble::of(ports, context, account, &stop));
        }
    }
    Ok(changes)
}

fn usable(context: &TenantContext) -> impl Iterator<Item = &Account> {
    context.accounts.iter().filter(|account| account.status == AccountStatus::Active)
}

/// Forgets what is older than the settings say.
fn thinning(ports: &Ports, context: &TenantContext) -> Change {
    let settings = ports.intel.settings();
    let today = periods::day_of(ports.clock.now(), periods::zone_of(&context.tenant));
    let before = |days: u32| periods::days_before(today, u64::from(days)).to_string();
    Change::Intel(IntelChange::Thin {
        hours_before: before(settings.keep_hours_days),
        media_before: before(settings.keep_media_days),
        days_before: before(settings.keep_days),
    })
}

/// An entry of the audit log by intel.
fn entry(
    ports: &Ports,
    event_type: &str,
    resource: (&str, String),
    details: serde_json::Value,
    at: Timestamp,
) -> NewAuditEntry {
    NewAuditEntry {
        id: AuditId::new(&ports.ids),
        event_type: event_type.to_owned(),
        action: event_type.rsplit('.').next().unwrap_or(event_type).to_owned(),
        resource_type: resource.0.to_owned(),
        resource_id: resource.1,
        actor: Role::Intel.to_string(),
        success: true,
        error: None,
        details: details.into(),
        at,
    }
}
