//! How work becomes rows. Everything here runs inside a transaction of the writer.
//!
//! To add a kind of change: give it a place in [`Kind`], a function in the file of its table that applies many
//! changes of that kind at once, and an arm in [`apply_kind`].

pub(crate) mod accept;
pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod approvals;
pub(crate) mod audit;
mod books;
pub(crate) mod comms;
pub(crate) mod connections;
pub(crate) mod conversations;
pub(crate) mod effects;
pub(crate) mod events;
pub(crate) mod expected;
pub(crate) mod intel;
pub(crate) mod leads;
pub(crate) mod learning;
pub(crate) mod ledger;
pub(crate) mod media;
pub(crate) mod memory;
pub(crate) mod operations;
pub(crate) mod outside;
pub(crate) mod oversight;
pub(crate) mod people;
pub(crate) mod posts;
pub(crate) mod prompts;
pub(crate) mod rehearsals;
pub(crate) mod rules;
pub(crate) mod schedule;
pub(crate) mod tenants;
pub(crate) mod ticks;
pub(crate) mod users;
pub(crate) mod watches;
pub(crate) mod webhooks;

use ::tenants::changes::Changes;
use ::tenants::clock::Timestamp;
use ::tenants::ports::Delivery;

use crate::db::Connection;
use crate::failure::Failure;
use crate::work::{Entry, Outcome, Work};
use schedule::{Group, Kind, Schedule};

/// Applies several units of work as if one after the other; the answers stand in the same order.
///
/// Rows of the same kind travel together. After a [`Failure`] the transaction is of no use any more.
pub(crate) async fn perform(
    connection: &mut Connection,
    works: &[&Work],
    now: Timestamp,
) -> Result<Vec<Outcome>, Failure> {
    let deliveries: Vec<&Delivery> = works
        .iter()
        .filter_map(|work| match work {
            Work::Accept(delivery) => Some(delivery),
            _ => None,
        })
        .collect();
    let mut accepted = accept::accept_all(connection, &deliveries, now).await?.into_iter();

    let units: Vec<&Changes> = works
        .iter()
        .filter_map(|work| match work {
            Work::Commit(changes) => Some(changes),
            _ => None,
        })
        .collect();
    apply_all(connection, &units, now).await?;

    // Last, so that budgets which many tenants share are kept from others for the shortest time.
    let entries: Vec<&Entry> = works.iter().filter_map(|work| entry_of(work)).collect();
    let mut kept = ledger::keep(connection, &entries, now).await?.into_iter();

    let mut outcomes = Vec::with_capacity(works.len());
    for work in works {
        outcomes.push(match work {
            Work::Accept(_) => Outcome::Accepted(accepted.next().unwrap_or_default()),
            Work::Commit(_) => Outcome::Changed(0),
            Work::Ledger(_) => kept.next().unwrap_or(Outcome::Changed(0)),
            other => Outcome::Changed(operations::perform_one(connection, other, now).await?),
        });
    }
    Ok(outcomes)
}

/// What a unit asks of the budgets.
pub(crate) fn entry_of(work: &Work) -> Option<&Entry> {
    match work {
        Work::Ledger(entry) => Some(entry),
        _ => None,
    }
}

/// Applies units of work kind by kind.
async fn apply_all(connection: &mut Connection, units: &[&Changes], now: Timestamp) -> Result<(), Failure> {
    let mut schedule = Schedule::of(units);
    while let Some((kind, group)) = schedule.next_group() {
        apply_kind(connection, kind, &group, now).await?;
    }
    Ok(())
}

async fn apply_kind(
    connection: &mut Connection,
    kind: Kind,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    match kind {
        Kind::Configurations => rehearsals::keep_configurations(connection, group, now).await,
        Kind::Tenants => tenants::apply(connection, group, now).await,
        Kind::Rules => rules::apply(connection, group, now).await,
        Kind::Prompts => prompts::apply(connection, group, now).await,
        Kind::Accounts => accounts::apply(connection, group, now).await,
        Kind::Users => users::apply(connection, group, now).await,
        Kind::Oversight => oversight::apply(connection, group).await,
        Kind::Connections => connections::apply(connection, group, now).await,
        Kind::EventsDone => events::complete(connection, group).await,
        Kind::EventsFailed => events::fail(connection, group).await,
        Kind::Conversations => conversations::put_conversations(connection, group).await,
        Kind::Comments => conversations::put_comments(connection, group, now).await,
        Kind::CommentMarks => conversations::mark_comments(connection, group, now).await,
        Kind::Messages => conversations::put_messages(connection, group, now).await,
        Kind::MessageEdits => conversations::edit_messages(connection, group, now).await,
        Kind::NewEffects => effects::add_effects(connection, group).await,
        Kind::EffectMoves => effects::move_effects(connection, group).await,
        Kind::Posts => posts::apply(connection, group).await,
        Kind::Expiries => approvals::expire(connection, group).await,
        Kind::Approvals => approvals::apply(connection, group).await,
        Kind::RuleHits => rules::add_hits(connection, group, now).await,
        Kind::Rehearsals => rehearsals::apply(connection, group).await,
        Kind::Intel => intel::apply(connection, group).await,
        Kind::TickNotes => ticks::note(connection, group).await,
        Kind::Alerts => alerts::apply(connection, group).await,
        Kind::Comms => comms::apply(connection, group, now).await,
        Kind::Webhooks => webhooks::apply(connection, group).await,
        Kind::Media => media::apply(connection, group, now).await,
        Kind::Forgettings => memory::forget(connection, group, now).await,
        Kind::MemoryLimits => memory::limit(connection, group).await,
        Kind::Memories => memory::remember(connection, group).await,
        Kind::Audit => audit::append(connection, group).await,
        Kind::Learning => learning::apply(connection, group, now).await,
    }
}
