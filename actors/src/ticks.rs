//! What ticks are for. One more: an arm here that names its role and its name.

use tenants::briefing::BriefingKind;
use tenants::changes::Change;
use tenants::event::{Role, TickBody};
use tenants::ports::{StoreError, TenantContext};

use crate::Ports;
use crate::briefings::briefing;
use crate::budgets::cost_report;
use crate::connect::refresh_tokens;
use crate::intel;

/// What a tick changes, to be committed together with its end. Most have nothing to do yet but to be taken.
///
/// # Errors
/// When the database does not answer; the tick can be taken again.
pub(crate) async fn changes_of(
    ports: &Ports,
    context: &TenantContext,
    tick: &TickBody,
) -> Result<Vec<Change>, StoreError> {
    match (tick.role, tick.name.as_str()) {
        (Role::Comms, "daily_briefing") => briefing(ports, context, tick, BriefingKind::Daily).await,
        (Role::Comms, "weekly_report") => briefing(ports, context, tick, BriefingKind::Weekly).await,
        (Role::Admin, "token_refresh") => refresh_tokens(ports, context).await,
        (Role::Intel, _) => intel::changes_of(ports, context, tick).await,
        (Role::Admin, "cost_report") => cost_report(ports, context, tick).await,
        _ => Ok(Vec::new()),
    }
}
