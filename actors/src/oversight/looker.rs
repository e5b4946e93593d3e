//! Reads what is recorded of one tenant, and tells it in whole sentences.

mod rows;
mod states;

use chrono_tz::Tz;
use tenants::account::Tenant;
use tenants::audit::Chain;
use tenants::budget::TenantBudget;
use tenants::clock::Timestamp;
use tenants::ports::AuditFilter;

use super::look::{AuditSearch, Dates, Found, Look, LookError};
use super::record::Record;
use super::told::{Names, Teller};
use super::vocabulary::{stem, words};
use super::when::{When, today};
use crate::Ports;

/// Entries read at once.
const PAGE: u32 = 500;
/// Most entries of the audit log that are read for one look.
const MOST_ENTRIES: usize = 4_000;

/// Looks into what is recorded of one tenant.
pub struct Looker<'a> {
    /// The outside world.
    pub ports: &'a Ports,
    /// Whose records.
    pub tenant: &'a Tenant,
    /// Its clock.
    pub zone: Tz,
    /// What it may spend.
    pub budget: &'a TenantBudget,
    /// Who is who.
    pub names: &'a Names,
    /// Now.
    pub now: Timestamp,
}

impl Looker<'_> {
    /// Looks into something.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn look(&self, look: &Look) -> Result<Found, LookError> {
        let records = match look {
            Look::AuditSearch(search) => return self.audit(search).await,
            Look::Approvals { status } => return self.approvals(*status).await,
            Look::Queue { state } => return self.queue(*state).await,
            Look::Posts { state } => return self.posts(*state).await,
            Look::Leads {} => return self.leads().await,
            Look::Settings {} => self.settings().await?,
            Look::BestTimes {} => self.best_times().await?,
            Look::Ugc {} => {
                let search = AuditSearch { event_type: Some("ugc.".to_owned()), ..AuditSearch::default() };
                return self.audit(&search).await;
            }
            Look::Insights(dates) => self.insights(*dates).await?,
            Look::Costs { task, from, to } => self.costs(*task, Dates { from: *from, to: *to }).await?,
            Look::Rules {} => {
                let rules = self.ports.store.list_rules(&self.tenant.id).await?;
                rules.iter().map(|rule| self.rule(rule)).collect()
            }
            Look::Memory { about } => self.memory(about).await?,
            Look::Alerts { open } => self.alerts(*open).await?,
            Look::Accounts {} => self.accounts().await?,
        };
        Ok(Found { records, is_cut: false })
    }

    async fn audit(&self, search: &AuditSearch) -> Result<Found, LookError> {
        let days = self.days(Dates { from: search.from, to: search.to });
        let filter = AuditFilter {
            event_type: search.event_type.clone(),
            resource_id: search.resource_id.clone(),
            from: days.map(|days| days.period.from),
            until: days.map(|days| days.period.until),
            ..AuditFilter::default()
        };
        let wanted: Vec<String> =
            search.about.iter().flat_map(|about| words(about)).map(|it| stem(&it.plain)).collect();
        let limit = search.limit.unwrap_or(MOST_ENTRIES).min(MOST_ENTRIES);
        let most = if wanted.is_empty() { limit } else { MOST_ENTRIES };
        let mut teller = Teller::new(self.zone, self.names);
        let (mut before, mut read) = (None, 0);
        let is_cut = loop {
            let page = PAGE.min((most - read) as u32);
            if page == 0 {
                break true;
            }
            let entries =
                self.ports.store.list_audit(&Chain::Tenant(self.tenant.id), &filter, before, page).await?;
            let is_last = entries.len() < page as usize;
            before = entries.last().map(|entry| entry.seq);
            read += entries.len();
            entries.into_iter().for_each(|entry| teller.hear(entry));
            if is_last {
                break false;
            }
        };
        let holds_all = |record: &Record| {
            let held: Vec<String> = words(&record.text()).into_iter().map(|it| stem(&it.plain)).collect();
            wanted.iter().all(|word| held.contains(word))
        };
        let mut records = teller.finish();
        if !wanted.is_empty() {
            records.retain(holds_all);
        }
        records.truncate(limit);
        Ok(Found { records, is_cut })
    }

    fn days(&self, dates: Dates) -> Option<When> {
        let present = today(self.now, self.zone);
        match (dates.from, dates.to) {
            (None, None) => None,
            (from, to) => {
                let last = to.unwrap_or(present);
                When::days(from.unwrap_or(last).min(last), last, self.zone)
            }
        }
    }
}
