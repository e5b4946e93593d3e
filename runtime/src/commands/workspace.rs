//! What administrative commands work on: the database, the vault, the clock; no actors.

use std::sync::Arc;
use std::time::Duration;

use storage::TenantMemory;
use tenants::account::{Agency, Tenant};
use tenants::ids::TenantId;
use tenants::ports::{Directory, Memory, PageRequest};

use crate::administration::Act;
use crate::boot::Foundations;
use crate::data_dir;
use crate::settings::Settings;

/// An opened installation.
pub(super) struct Workspace {
    pub(super) foundations: Foundations,
    settings: Settings,
    /// The indexes of a running node are its own.
    _indexes: tempfile::TempDir,
}

impl Workspace {
    /// Opens the database, which must be of the present schema.
    pub(super) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let workspace = Self::open_unmigrated(settings).await?;
        workspace.foundations.require_migrated().await?;
        Ok(workspace)
    }

    async fn open_unmigrated(settings: &Settings) -> anyhow::Result<Self> {
        let indexes = tempfile::Builder::new().prefix("troupe-").tempdir()?;
        let clock = Arc::new(tenants::clock::SystemClock);
        let folder = indexes.path().to_owned();
        let foundations = Foundations::open_with_indexes(settings, clock, folder).await?;
        Ok(Self { foundations, settings: settings.clone(), _indexes: indexes })
    }

    /// Builds the tenant's index anew in the data folder, so that nothing of what was forgotten is left there; says
    /// what was done. While a node runs, the index is that node's to build.
    pub(super) async fn erase_from_index(&self, tenant: &TenantId) -> anyhow::Result<&'static str> {
        let dir = &self.settings.data.dir;
        let Ok(_lock) = data_dir::lock(dir) else {
            return Ok(
                "the running node builds its search index anew when the tenant's memory is next asked",
            );
        };
        let foundations = &self.foundations;
        let memory = TenantMemory::new(
            foundations.database.clone(),
            foundations.memory_options(&self.settings, dir.join("memory")),
        )?;
        memory.rebuild(tenant).await?;
        memory.close().await;
        Ok("its search index was built anew")
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

    /// A tenant by its id, or by its slug: in the agency that is named, else in the only one that has such a tenant.
    pub(super) async fn tenant(&self, name: &str, agency: Option<&str>) -> anyhow::Result<Tenant> {
        let store = &self.foundations.database;
        let mut found = Vec::new();
        match name.parse() {
            Ok(id) => found.extend(store.find_tenant(&id).await?),
            Err(_) => {
                let agencies = match agency {
                    Some(_) => vec![self.agency(agency).await?],
                    None => store.list_agencies().await?,
                };
                for agency in agencies {
                    found.extend(store.find_tenant_by_slug(&agency.id, name).await?);
                }
            }
        }
        match found.len() {
            0 => anyhow::bail!("there is no tenant {name}; `troupe tenant list` shows those there are"),
            1 => Ok(found.remove(0)),
            _ => {
                let ids: Vec<String> = found.iter().map(|tenant| tenant.id.to_string()).collect();
                anyhow::bail!(
                    "several agencies have a tenant {name}; name it by its id: {}",
                    ids.join(" or ")
                )
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::ports::UnitOfWork;
    use tenants::settings::TenantSettings;

    struct Place {
        workspace: Workspace,
        _folder: tempfile::TempDir,
    }

    impl Place {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let mut settings = Settings::with("").unwrap();
            settings.data.dir = folder.path().to_owned();
            let workspace = Workspace::open_unmigrated(&settings).await.unwrap();
            workspace.foundations.database.migrate().await.unwrap();
            Self { workspace, _folder: folder }
        }

        async fn agency_with(&self, slugs: &[&str]) -> Agency {
            let (act, store) = (self.workspace.act(), &self.workspace.foundations.database);
            let (agency, changes) = act.create_agency("An agency").unwrap();
            store.commit(changes).await.unwrap();
            for slug in slugs {
                let (_, changes) =
                    act.create_tenant(agency.id, slug, "Shop", "UTC", &TenantSettings::default()).unwrap();
                store.commit(changes).await.unwrap();
            }
            agency
        }
    }

    #[tokio::test]
    async fn a_slug_is_enough_where_only_one_agency_has_it() {
        let place = Place::new().await;
        let first = place.agency_with(&["acme", "both"]).await;
        let second = place.agency_with(&["both"]).await;
        let workspace = &place.workspace;
        assert_eq!(workspace.tenant("acme", None).await.unwrap().agency, first.id);
        let by_agency = workspace.tenant("both", Some(&second.id.to_string())).await.unwrap();
        assert_eq!(by_agency.agency, second.id);
        let unclear = workspace.tenant("both", None).await.unwrap_err().to_string();
        assert!(unclear.contains(&by_agency.id.to_string()), "{unclear}");
        let nobody = workspace.tenant("nobody", None).await.unwrap_err().to_string();
        assert!(nobody.contains("there is no tenant nobody"), "{nobody}");
    }
}
