//! Stores approvals and people's answers.

use tenants::approval::{Approval, ApprovalStatus};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::ApprovalId;
use uuid::Uuid;

use super::schedule::Group;
use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Doc, Moment, maybe_text, text};

statements! {
    ADD_APPROVAL {
        "insert into approvals (id, tenant_id, kind, account_id, conversation_id, event_id, decision_id, proposed, \
         reason, incoming_text, status, decided_by, decided_at, edited_text, comment, expires_at, created_at, \
         updated_at, basis) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, \
         $18) \
         on conflict (id) do nothing"
    }
    DECIDE_APPROVAL {
        "update approvals set status = $3, decided_by = $4, decided_at = $5, edited_text = $6, comment = $7, \
         updated_at = $5 where tenant_id = $1 and id = $2 and status = 'pending'"
    }
    EXPIRE_DRAFTS {
        "update approvals set status = 'expired', decided_at = $3, updated_at = $3 \
         where tenant_id = $1 and conversation_id = $2 and status = 'pending' and kind = 'draft'"
    }
    EXPIRE_ANSWERED {
        "update approvals set status = 'expired', decided_at = $4, updated_at = $4 \
         where tenant_id = $1 and conversation_id = $2 and event_id = $3 and status = 'pending'"
    }
    EXPIRE_OVERDUE {
        "update approvals set status = 'expired', decided_at = $2, updated_at = $2 \
         where tenant_id = $1 and status = 'pending' and expires_at <= $2"
    }
}

pub(crate) async fn apply(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let tenant = item.chain.uuid();
        match item.change {
            Change::AddApproval(approval) => add(connection, tenant, approval).await?,
            Change::DecideApproval { approval, status, decided_by, at, edited_text, comment } => {
                let answer = Answer { status: *status, decided_by, at: *at, edited_text, comment };
                decide(connection, tenant, *approval, answer).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

async fn add(connection: &mut Connection, tenant: Uuid, approval: &Approval) -> Result<(), Failure> {
    run!(
        connection,
        ADD_APPROVAL,
        approval.id.0,
        tenant,
        approval.kind.as_str(),
        approval.account.0,
        approval.conversation.0,
        approval.event.0,
        approval.decision.0,
        Doc(&approval.proposed),
        text(&approval.reason),
        text(&approval.incoming_text),
        approval.status.as_str(),
        maybe_text(&approval.decided_by),
        approval.decided_at.map(Moment),
        maybe_text(&approval.edited_text),
        maybe_text(&approval.comment),
        Moment(approval.expires_at),
        Moment(approval.created_at),
        approval.basis.as_ref().map(Doc)
    )?;
    Ok(())
}

/// What a person said.
struct Answer<'w> {
    status: ApprovalStatus,
    decided_by: &'w str,
    at: Timestamp,
    edited_text: &'w Option<String>,
    comment: &'w Option<String>,
}

async fn decide(
    connection: &mut Connection,
    tenant: Uuid,
    approval: ApprovalId,
    answer: Answer<'_>,
) -> Result<(), Failure> {
    let decided = run!(
        connection,
        DECIDE_APPROVAL,
        tenant,
        approval.0,
        answer.status.as_str(),
        text(answer.decided_by),
        Moment(answer.at),
        maybe_text(answer.edited_text),
        maybe_text(answer.comment)
    )?;
    match decided {
        0 => Err(Failure::Conflict(format!("{approval} is not pending any more"))),
        _ => Ok(()),
    }
}

pub(crate) async fn expire(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    for item in group {
        let tenant = item.chain.uuid();
        match item.change {
            Change::ExpireDrafts { conversation, at } => {
                run!(connection, EXPIRE_DRAFTS, tenant, conversation.0, Moment(*at))?;
            }
            Change::ExpireAnswered { conversation, event, at } => {
                run!(connection, EXPIRE_ANSWERED, tenant, conversation.0, event.0, Moment(*at))?;
            }
            Change::ExpireOverdueApprovals { at } => {
                run!(connection, EXPIRE_OVERDUE, tenant, Moment(*at))?;
            }
            _ => {}
        }
    }
    Ok(())
}
