//! Of two people who change what both have read, the second is told, even if both do it at the same moment: the rows are
//! compared, and held, inside the transaction.

use tenants::audit::Chain;
use tenants::changes::Expected;
use tenants::post::MOST_ALIKE;

use super::tenants::tenant_of;
use crate::db::{Connection, fetch, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Moment, text};

// Each writes what is there already: that holds the row until the change that follows is made.
statements! {
    HOLD_TENANT { "update tenants set version = version where id = $1 and version = $2" }
    HOLD_RULE {
        "update rules set updated_at = updated_at where tenant_id = $1 and id = $2 and updated_at = $3"
    }
    /// Whoever adds a post to a tenant while duplicates are looked for waits here.
    HOLD_POSTS { "update tenants set version = version where id = $1" }
    COUNT_POSTS_LIKE {
        "select count(*) from (select 1 as one from scheduled_posts where tenant_id = $1 and media_hash = $2 \
         and status not in ('cancelled', 'rejected') limit $3) as alike"
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
        Expected::PostsLike { media_hash, count } => {
            run!(connection, HOLD_POSTS, tenant.0)?;
            let most = i64::from(MOST_ALIKE);
            let found = fetch!(connection, (i64,), COUNT_POSTS_LIKE, tenant.0, text(media_hash), most)?;
            let is_held = found.first().is_some_and(|(found,)| *found == i64::from(*count));
            ("what is planned with these files", u64::from(is_held))
        }
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
