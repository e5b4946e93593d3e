//! Of two people who change what both have read, the second is told, even if both do it at the same moment: the rows are
//! compared, and held, inside the transaction.

use tenants::audit::Chain;
use tenants::changes::Expected;

use super::tenants::tenant_of;
use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::Moment;

// Each writes what is there already: that holds the row until the change that follows is made.
statements! {
    HOLD_TENANT { "update tenants set version = version where id = $1 and version = $2" }
    HOLD_RULE {
        "update rules set updated_at = updated_at where tenant_id = $1 and id = $2 and updated_at = $3"
    }
    HOLD_TEMPLATE {
        "update post_templates set updated_at = updated_at where tenant_id = $1 and id = $2 and updated_at = $3"
    }
    HOLD_LEAD {
        "update leads set updated_at = updated_at where tenant_id = $1 and id = $2 and updated_at = $3"
    }
}

pub(super) async fn hold(
    connection: &mut Connection,
    chain: Chain,
    expected: &Expected,
) -> Result<(), Failure> {
    let tenant = tenant_of(chain)?;
    let (what, held) = match expected {
        Expected::Tenant { version } => ("the tenant", run!(connection, HOLD_TENANT, tenant.0, *version)?),
        Expected::Rule(rule, at) => ("the rule", run!(connection, HOLD_RULE, tenant.0, rule.0, Moment(*at))?),
        Expected::Template(template, at) => {
            ("the template", run!(connection, HOLD_TEMPLATE, tenant.0, template.0, Moment(*at))?)
        }
        Expected::Lead(lead, at) => ("the lead", run!(connection, HOLD_LEAD, tenant.0, lead.0, Moment(*at))?),
    };
    match held {
        0 => Err(Failure::Conflict(format!("{what} was changed in the meantime: read it again"))),
        _ => Ok(()),
    }
}
