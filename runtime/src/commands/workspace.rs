//! What administrative commands work on: the database, the vault, the clock; no actors.

use std::sync::Arc;
use std::time::Duration;

use tenants::account::{Agency, Tenant};
use tenants::ports::{Directory, PageRequest};

use crate::administration::Act;
use crate::boot::Foundations;
use crate::settings::Settings;

/// An opened installation.
pub(super) struct Workspace {
    pub(super) foundations: Foundations,
}

impl Workspace {
    /// Opens the database, which must be of the present schema.
    pub(super) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let foundations = Foundations::open(settings, Arc::new(tenants::clock::SystemClock)).await?;
        foundations.require_migrated().await?;
        Ok(Self { foundations })
    }

    /// Who acts: the command line.
    pub(super) fn act(&self) -> Act<'_> {
        Act { by: "cli".to_owned(), at: self.foundations.clock.now(), ids: &self.foundations.ids }
    }

    /// An agency by its id; the only one there is when none is named.
    pub(super) async fn agency(&self, id: Option<&str>) -> anyhow::Result<Agency> {
        let store = &self.foundations.database;
        if let Some(text) = id {
            let id = text.parse()?;
            return store.find_agency(&id).await?.ok_or_else(|| {
                anyhow::anyhow!("there is no agency {text}; `troupe agency list` shows those there are")
            });
        }
        let mut agencies = store.list_agencies().await?;
        match agencies.len() {
            0 => anyhow::bail!("there is no agency yet; make one with `troupe agency create NAME`"),
            1 => Ok(agencies.remove(0)),
            _ => {
                anyhow::bail!("there are several agencies; name one with --agency (see `troupe agency list`)")
            }
        }
    }

    /// A tenant by its id, or by its slug in the agency.
    pub(super) async fn tenant(&self, name: &str, agency: Option<&str>) -> anyhow::Result<Tenant> {
        let store = &self.foundations.database;
        let found = match name.parse() {
            Ok(id) => store.find_tenant(&id).await?,
            Err(_) => store.find_tenant_by_slug(&self.agency(agency).await?.id, name).await?,
        };
        found.ok_or_else(|| {
            anyhow::anyhow!("there is no tenant {name}; `troupe tenant list` shows those there are")
        })
    }

    /// Every tenant of an agency.
    pub(super) async fn tenants(&self, agency: &Agency) -> anyhow::Result<Vec<Tenant>> {
        let mut all = Vec::new();
        let mut page = PageRequest::first(500);
        loop {
            let next = self.foundations.database.list_tenants(&agency.id, page).await?;
            let Some(last) = next.last() else { return Ok(all) };
            page.before = Some(last.id.0);
            all.extend(next);
        }
    }

    /// Lets the database finish and closes it.
    pub(super) async fn close(self) {
        self.foundations.close(Duration::from_secs(5)).await;
    }
}
