//! What became of events.

use tenants::changes::Change;
use tenants::ids::EventId;

use super::schedule::Group;
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Moment, text};

bulk_statements! {
    COMPLETE_EVENTS {
        "update inbox_events set done_at = v.column3, error = null from (values"
        [uuid uuid timestamptz]
        ") as v where id = v.column2 and tenant_id = v.column1 and done_at is null"
    }
}

statements! {
    FAIL_EVENT {
        "update inbox_events set attempts = attempts + 1, error = $3 where tenant_id = $1 and id = $2"
    }
    QUARANTINE_EVENT {
        "update inbox_events set attempts = attempts + 1, error = $3, quarantined_at = $4 \
         where tenant_id = $1 and id = $2 and done_at is null"
    }
}

/// Marks events as done. An event is decided once: whoever comes second changes nothing.
pub(crate) async fn complete(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    let done: Vec<_> = group
        .iter()
        .filter_map(|item| match item.change {
            Change::EventDone { event, at } => Some((item.chain.uuid(), event.0, *at)),
            _ => None,
        })
        .collect();
    let completed = run_bulk!(connection, COMPLETE_EVENTS, &done, |query, event| query
        .bind(event.0)
        .bind(event.1)
        .bind(Moment(event.2)))?;
    if completed == done.len() as u64 {
        return Ok(());
    }
    // With several events it is not known which one it was; each is then tried alone and gets this answer.
    let event = done.first().map(|(_, event, _)| EventId(*event).to_string()).unwrap_or_default();
    Err(Failure::Conflict(format!("{event} is done already")))
}

pub(crate) async fn fail(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let tenant = item.chain.uuid();
        match item.change {
            Change::EventFailed { event, error } => {
                run!(connection, FAIL_EVENT, tenant, event.0, text(error))?;
            }
            Change::EventQuarantined { event, error, at } => {
                run!(connection, QUARANTINE_EVENT, tenant, event.0, text(error), Moment(*at))?;
            }
            _ => {}
        }
    }
    Ok(())
}
