//! Stores conversations in which people ask why.

use tenants::changes::Change;
use tenants::oversight::{OversightChange, OversightSession, OversightTurn};
use uuid::Uuid;

use super::schedule::Group;
use super::tenants::tenant_of;
use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Doc, Moment, maybe_text, text};

/// Conversations of one person about one tenant that are kept; older ones go.
const KEPT: i64 = 200;

statements! {
    BEGIN {
        "insert into oversight_sessions (id, tenant_id, asked_by, title, active, total_queries, total_latency_ms, \
         created_at, updated_at) values ($1, $2, $3, $4, true, 0, 0, $5, $5)"
    }
    DROP_OLD_TURNS {
        "delete from oversight_turns where session_id in (select id from oversight_sessions where tenant_id = $1 \
         and asked_by = $2 and id < (select id from oversight_sessions where tenant_id = $1 and asked_by = $2 \
         order by id desc limit 1 offset $3))"
    }
    DROP_OLD {
        "delete from oversight_sessions where tenant_id = $1 and asked_by = $2 and id < (select id from oversight_sessions \
         where tenant_id = $1 and asked_by = $2 order by id desc limit 1 offset $3)"
    }
    COUNT_QUESTION {
        "update oversight_sessions set total_queries = total_queries + 1, last_question = $3, updated_at = $4 \
         where id = $1 and tenant_id = $2 and active"
    }
    ADD_TURN {
        "insert into oversight_turns (id, session_id, tenant_id, question, answer, sources, tools, steps, confidence, model, \
         cost_micro_usd, first_token_ms, latency_ms, incomplete, problem, asked_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    }
    /// A turn that has ended stays as it is.
    END_TURN {
        "update oversight_turns set answer = $3, sources = $4, tools = $5, steps = $6, confidence = $7, model = $8, \
         cost_micro_usd = $9, first_token_ms = $10, latency_ms = $11, incomplete = $12, problem = $13 \
         where id = $1 and tenant_id = $2 and latency_ms is null"
    }
    COUNT_ANSWER {
        "update oversight_sessions set total_latency_ms = total_latency_ms + $3, last_answer = $4 \
         where id = $1 and tenant_id = $2"
    }
    CLOSE { "update oversight_sessions set active = false where id = $1 and tenant_id = $2" }
    DELETE_TURNS { "delete from oversight_turns where session_id = $1 and tenant_id = $2" }
    DELETE { "delete from oversight_sessions where id = $1 and tenant_id = $2" }
}

pub(crate) async fn apply(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let Change::Oversight(change) = item.change else { continue };
        let tenant = tenant_of(item.chain)?.0;
        match change {
            OversightChange::Begin(session) => begin(connection, tenant, session).await?,
            OversightChange::Ask(turn) => ask(connection, tenant, turn).await?,
            OversightChange::Answer(turn) => answer(connection, tenant, turn).await?,
            OversightChange::Close(session) => {
                run!(connection, CLOSE, session.0, tenant)?;
            }
            OversightChange::Delete(session) => {
                run!(connection, DELETE_TURNS, session.0, tenant)?;
                run!(connection, DELETE, session.0, tenant)?;
            }
        }
    }
    Ok(())
}

async fn begin(connection: &mut Connection, tenant: Uuid, session: &OversightSession) -> Result<(), Failure> {
    let owner = text(&session.asked_by);
    let owner = owner.as_ref();
    run!(connection, BEGIN, session.id.0, tenant, owner, text(&session.title), Moment(session.created_at))?;
    run!(connection, DROP_OLD_TURNS, tenant, owner, KEPT - 1)?;
    run!(connection, DROP_OLD, tenant, owner, KEPT - 1)?;
    Ok(())
}

async fn ask(connection: &mut Connection, tenant: Uuid, turn: &OversightTurn) -> Result<(), Failure> {
    let at = Moment(turn.asked_at);
    let counted = run!(connection, COUNT_QUESTION, turn.session.0, tenant, text(&turn.question), at)?;
    if counted == 0 {
        return Err(Failure::Conflict("the conversation is closed or gone: begin a new one".to_owned()));
    }
    run!(
        connection,
        ADD_TURN,
        turn.id.0,
        turn.session.0,
        tenant,
        text(&turn.question),
        text(&turn.answer),
        Doc(&turn.sources),
        Doc(&turn.tools),
        Doc(&turn.steps),
        turn.confidence,
        maybe_text(&turn.model),
        turn.cost.0,
        turn.first_token_ms,
        turn.latency_ms,
        turn.is_incomplete,
        maybe_text(&turn.problem),
        at
    )?;
    Ok(())
}

async fn answer(connection: &mut Connection, tenant: Uuid, turn: &OversightTurn) -> Result<(), Failure> {
    let ended = run!(
        connection,
        END_TURN,
        turn.id.0,
        tenant,
        text(&turn.answer),
        Doc(&turn.sources),
        Doc(&turn.tools),
        Doc(&turn.steps),
        turn.confidence,
        maybe_text(&turn.model),
        turn.cost.0,
        turn.first_token_ms,
        turn.latency_ms,
        turn.is_incomplete,
        maybe_text(&turn.problem)
    )?;
    // A person was forgotten, or the conversation deleted, while the answer was written.
    if ended > 0 {
        let took = turn.latency_ms.unwrap_or(0);
        run!(connection, COUNT_ANSWER, turn.session.0, tenant, took, text(&turn.answer))?;
    }
    Ok(())
}
