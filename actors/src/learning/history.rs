//! Going back: a version of before becomes the newest one, and what was learned since counts no more.

use serde_json::json;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{Ids, TenantId};
use tenants::ports::{Store, StoreError};
use tenants::tuning::{Learned, Lesson, TuningVersion};

use super::changes::entry;

/// Why a tenant cannot go back. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// There is no such version, or it is not kept any more.
    #[error("version {version} is not kept: choose one of the versions that are listed")]
    NotKept {
        /// The version.
        version: u32,
    },
    /// It is the one in use.
    #[error("version {version} is in use already")]
    InUse {
        /// The version.
        version: u32,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a tenant's classifier knows now.
///
/// # Errors
/// Those of the database.
pub async fn present(store: &dyn Store, tenant: &TenantId) -> Result<Learned, StoreError> {
    Ok(store.find_tuning(tenant, None).await?.map(|version| version.learned).unwrap_or_default())
}

/// The changes that make `version` the newest. They conflict when somebody learns meanwhile: then ask again.
///
/// # Errors
/// [`HistoryError`].
pub async fn revert(
    store: &dyn Store,
    tenant: &TenantId,
    version: u32,
    by: &str,
    now: Timestamp,
    ids: &Ids,
) -> Result<Changes, HistoryError> {
    let present = present(store, tenant).await?;
    if present.tuning.version == version {
        return Err(HistoryError::InUse { version });
    }
    let found = store.find_tuning(tenant, Some(version)).await?;
    let found = found.ok_or(HistoryError::NotKept { version })?;
    let reason = format!("back to version {version}");
    Ok(go_back(tenant, &present, found.learned, (version, reason), by, now, ids))
}

/// The changes after which nothing is learned.
///
/// # Errors
/// Those of the database.
pub async fn reset(
    store: &dyn Store,
    tenant: &TenantId,
    by: &str,
    now: Timestamp,
    ids: &Ids,
) -> Result<Changes, HistoryError> {
    let present = present(store, tenant).await?;
    let reason = "everything learned was taken back".to_owned();
    Ok(go_back(tenant, &present, Learned::default(), (0, reason), by, now, ids))
}

fn go_back(
    tenant: &TenantId,
    present: &Learned,
    mut to: Learned,
    (version, reason): (u32, String),
    by: &str,
    now: Timestamp,
    ids: &Ids,
) -> Changes {
    let base = present.tuning.version;
    to.tuning.version = base + 1;
    let details = json!({ "from": base, "to": version, "new_version": base + 1 });
    let next = TuningVersion { learned: to, reason, made_by: by.to_owned(), at: now };
    let lesson = Lesson { base, next: Some(next), verdicts: Vec::new(), back_to: Some(version) };
    let changes = Changes::of_tenant(*tenant).with(Change::Learn(Box::new(lesson)));
    let entry = entry(&changes, ("learning.reverted", "revert"), by, details, now, ids);
    changes.with(entry)
}
