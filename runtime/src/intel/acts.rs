//! Competitors come and go.

use serde_json::json;
use tenants::changes::{Change, Changes};
use tenants::ids::{CompetitorId, TenantId};
use tenants::insights::{Competitor, IntelChange};

use crate::administration::Act;

/// Longest remark about a competitor, in characters.
const NOTE: usize = 500;

/// A competitor that cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCompetitor {
    /// No handle.
    #[error("`{0}` is no handle of Instagram: 1 to 30 letters, digits, dots or underscores")]
    Handle(String),
    /// The remark is too long.
    #[error("a remark has at most {NOTE} characters")]
    Note,
    /// There are enough.
    #[error("the tenant has {0} competitors, which is the most (intel.max_competitors): remove one first")]
    TooMany(usize),
}

/// A handle as it is kept: without `@`, in lower case.
///
/// # Errors
/// When it is none.
pub fn checked_handle(text: &str) -> Result<String, InvalidCompetitor> {
    let handle = text.trim().trim_start_matches('@').to_ascii_lowercase();
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    if handle.is_empty() || handle.len() > 30 || !handle.chars().all(is_fine) {
        return Err(InvalidCompetitor::Handle(text.chars().take(60).collect()));
    }
    Ok(handle)
}

/// Adds a competitor beside the `present` ones, of which there may be `most`.
///
/// # Errors
/// What is wrong with it.
pub fn add_competitor(
    act: &Act<'_>,
    tenant: TenantId,
    username: &str,
    note: Option<String>,
    (present, most): (usize, u32),
) -> Result<(Competitor, Changes), InvalidCompetitor> {
    if note.as_ref().is_some_and(|note| note.chars().count() > NOTE) {
        return Err(InvalidCompetitor::Note);
    }
    let username = checked_handle(username)?;
    if present >= most as usize {
        return Err(InvalidCompetitor::TooMany(present));
    }
    let id = CompetitorId::new(act.ids);
    let competitor = Competitor { id, tenant, username, note, created_at: act.at };
    let details = json!({ "username": competitor.username });
    let changes = Changes::of_tenant(tenant)
        .with(Change::Intel(IntelChange::AddCompetitor(competitor.clone())))
        .with(act.audit("competitor.added", ("competitor", id.to_string()), details));
    Ok((competitor, changes))
}

/// Removes a competitor with all that was seen of it.
pub fn delete_competitor(act: &Act<'_>, competitor: &Competitor) -> Changes {
    let details = json!({ "username": competitor.username });
    Changes::of_tenant(competitor.tenant)
        .with(Change::Intel(IntelChange::DeleteCompetitor(competitor.id)))
        .with(act.audit("competitor.removed", ("competitor", competitor.id.to_string()), details))
}
