//! Removes what a tenant has of a person who is to be forgotten.
//!
//! Rows that others point to, or by which a delivery that comes again is known, stay and lose what they say. The audit log
//! is a chain of hashes: nothing can be taken out of it, and it ends with its retention.

use tenants::clock::Timestamp;
use uuid::Uuid;

use crate::db::{Connection, run};
use crate::failure::Failure;
use crate::statement::statements;
use crate::types::{Moment, text};

statements! {
    EMPTY_MESSAGES {
        "update messages set text = '', attachment_urls = '[]', deleted = true, updated_at = $3 where conversation_id in \
         (select id from conversations where tenant_id = $1 and person_id = $2) and tenant_id = $1"
    }
    EMPTY_COMMENTS {
        "update comments set text = '', author_username = null, updated_at = $3 where conversation_id in \
         (select id from conversations where tenant_id = $1 and person_id = $2) and tenant_id = $1 and author_id = $2"
    }
    /// A draft quotes what it answers.
    EMPTY_APPROVALS {
        "update approvals set incoming_text = '', proposed = '[]', edited_text = null, basis = null, reason = 'the person was forgotten', \
         decided_at = case when status = 'pending' then $3 else decided_at end, \
         status = case when status = 'pending' then 'expired' else status end, updated_at = $3 \
         where conversation_id in (select id from conversations where tenant_id = $1 and person_id = $2) \
         and tenant_id = $1"
    }
    DROP_VERDICTS {
        "delete from verdicts where tenant_id = $1 and folded_in is null and decision_id in \
         (select decision_id from approvals where tenant_id = $1 and conversation_id in \
         (select id from conversations where tenant_id = $1 and person_id = $2))"
    }
    EMPTY_VERDICTS {
        "update verdicts set text = '' where tenant_id = $1 and decision_id in \
         (select decision_id from approvals where tenant_id = $1 and conversation_id in \
         (select id from conversations where tenant_id = $1 and person_id = $2))"
    }
    /// What still waits is decided as anything that comes after the forgetting.
    EMPTY_EVENTS {
        "update inbox_events set body = '{\"body\":\"raw\"}', payload = '{}' where tenant_id = $1 \
         and (done_at is not null or quarantined_at is not null) and exists (select 1 from conversations as c \
         where c.tenant_id = $1 and c.person_id = $2 and c.account_id = inbox_events.account_id \
         and c.conversation_key = inbox_events.conversation_key)"
    }
    FORGET_NAME {
        "update conversations set person_username = null, updated_at = $3 where tenant_id = $1 and person_id = $2"
    }
    /// Answers to people of the agency that speak of the person.
    DELETE_ANSWERS {
        "delete from oversight_turns where tenant_id = $1 and exists (select 1 from conversations as c \
         where c.tenant_id = $1 and c.person_id = $2 and c.person_username is not null \
         and lower(question || ' ' || answer) like '%' || lower(c.person_username) || '%')"
    }
    EMPTY_LAST_ANSWERS {
        "update oversight_sessions set title = '', last_question = null, last_answer = null, updated_at = $3 \
         where tenant_id = $1 and exists (select 1 from conversations as c where c.tenant_id = $1 and c.person_id = $2 \
         and c.person_username is not null and lower(title || ' ' || coalesce(last_question, '') || ' ' || \
         coalesce(last_answer, '')) like '%' || lower(c.person_username) || '%')"
    }
    /// What receivers of webhooks answered may speak of anybody.
    EMPTY_ANSWERS { "update webhook_attempts set response = null where tenant_id = $1 and response is not null" }
    DELETE_LEADS { "delete from leads where tenant_id = $1 and person_id = $2" }
    DELETE_NOTICES { "delete from notices where tenant_id = $1 and person = $2" }
    DELETE_NOTIFICATIONS { "delete from notifications where tenant_id = $1 and person = $2" }
}

/// Removes everything but what the memory keeps, which is the memory's part.
pub(super) async fn forget(
    connection: &mut Connection,
    tenant: Uuid,
    person: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let person = text(person);
    let person = person.as_ref();
    run!(connection, EMPTY_MESSAGES, tenant, person, Moment(now))?;
    run!(connection, EMPTY_COMMENTS, tenant, person, Moment(now))?;
    run!(connection, DROP_VERDICTS, tenant, person)?;
    run!(connection, EMPTY_VERDICTS, tenant, person)?;
    run!(connection, EMPTY_APPROVALS, tenant, person, Moment(now))?;
    run!(connection, EMPTY_EVENTS, tenant, person)?;
    // They are found by the name that goes next.
    run!(connection, DELETE_ANSWERS, tenant, person)?;
    run!(connection, EMPTY_LAST_ANSWERS, tenant, person, Moment(now))?;
    run!(connection, FORGET_NAME, tenant, person, Moment(now))?;
    run!(connection, DELETE_LEADS, tenant, person)?;
    run!(connection, DELETE_NOTICES, tenant, person)?;
    run!(connection, DELETE_NOTIFICATIONS, tenant, person)?;
    run!(connection, EMPTY_ANSWERS, tenant)?;
    Ok(())
}
