//! Stores conversations, comments and messages.

use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::intent::{Intent, Language, Sentiment};

use super::schedule::Group;
use crate::db::{Connection, run, run_bulk};
use crate::failure::Failure;
use crate::statement::{bulk_statements, statements};
use crate::types::{Doc, Moment, maybe_text, text};

// Whoever changed the owner last wins: work that was decided before a person took the thread must not take it back.
bulk_statements! {
    PUT_CONVERSATIONS {
        "insert into conversations (id, tenant_id, account_id, kind, conversation_key, person_id, person_username, \
         owner, owner_since, window_ends_at, opted_out_at, last_inbound_at, last_outbound_at, disclosed_at, \
         created_at, updated_at) values"
        [uuid uuid uuid text text text text text timestamptz timestamptz timestamptz timestamptz timestamptz
         timestamptz timestamptz timestamptz]
        "on conflict (tenant_id, account_id, conversation_key) do update set person_id = excluded.person_id, \
         person_username = coalesce(excluded.person_username, conversations.person_username), \
         owner = case when conversations.owner_since > excluded.owner_since then conversations.owner \
         else excluded.owner end, owner_since = case when conversations.owner_since > excluded.owner_since \
         then conversations.owner_since else excluded.owner_since end, window_ends_at = excluded.window_ends_at, \
         opted_out_at = excluded.opted_out_at, last_inbound_at = excluded.last_inbound_at, \
         last_outbound_at = excluded.last_outbound_at, \
         disclosed_at = coalesce(excluded.disclosed_at, conversations.disclosed_at), updated_at = excluded.updated_at"
    }
    PUT_COMMENTS {
        "insert into comments (id, tenant_id, account_id, conversation_id, event_id, external_id, \
         parent_external_id, media_external_id, author_id, author_username, text, intent, confidence, sentiment, \
         language, status, reply, tags, assigned_to, occurred_at, created_at, updated_at) values"
        [uuid uuid uuid uuid uuid text text text text text text text real text text text text jsonb text timestamptz
         timestamptz timestamptz]
        "on conflict (tenant_id, account_id, external_id) do update set intent = excluded.intent, \
         confidence = excluded.confidence, sentiment = excluded.sentiment, language = excluded.language, \
         status = excluded.status, reply = excluded.reply, tags = excluded.tags, \
         assigned_to = excluded.assigned_to, updated_at = excluded.updated_at"
    }
    MARK_COMMENTS {
        "update comments set status = v.column4, reply = coalesce(v.column5, reply), updated_at = v.column6 \
         from (values"
        [uuid uuid text text text timestamptz]
        ") as v where tenant_id = v.column1 and account_id = v.column2 and external_id = v.column3"
    }
    PUT_MESSAGES {
        "insert into messages (id, tenant_id, account_id, conversation_id, external_id, direction, text, attachments, \
         attachment_urls, effect_id, intent, confidence, sentiment, language, deleted, occurred_at, created_at, updated_at) values"
        [uuid uuid uuid uuid text text text jsonb jsonb uuid text real text text boolean timestamptz timestamptz
         timestamptz]
        "on conflict (tenant_id, account_id, external_id) do update set \
         effect_id = coalesce(messages.effect_id, excluded.effect_id), \
         confidence = case when messages.intent is null then excluded.confidence else messages.confidence end, \
         sentiment = coalesce(messages.sentiment, excluded.sentiment), \
         language = coalesce(messages.language, excluded.language), \
         intent = coalesce(messages.intent, excluded.intent), updated_at = excluded.updated_at"
    }
}

statements! {
    ASSIGN_CONVERSATION {
        "update conversations set assigned_to = $3, updated_at = $4 where tenant_id = $1 and id = $2"
    }
    FORGET_MESSAGE {
        "update messages set text = '', attachment_urls = $5, deleted = true, updated_at = $4 \
         where tenant_id = $1 and account_id = $2 and external_id = $3"
    }
    EDIT_MESSAGE {
        "update messages set text = $4, updated_at = $5 \
         where tenant_id = $1 and account_id = $2 and external_id = $3 and deleted = false"
    }
}

pub(crate) async fn put_conversations(connection: &mut Connection, group: &Group<'_>) -> Result<(), Failure> {
    let rows: Vec<_> = group
        .iter()
        .filter_map(|item| match item.change {
            Change::PutConversation(conversation) => Some((item.chain.uuid(), conversation)),
            _ => None,
        })
        .collect();
    run_bulk!(connection, PUT_CONVERSATIONS, &rows, |query, row| query
        .bind(row.1.id.0)
        .bind(row.0)
        .bind(row.1.account.0)
        .bind(row.1.kind.as_str())
        .bind(text(&row.1.key))
        .bind(text(&row.1.person.id))
        .bind(maybe_text(&row.1.person.username))
        .bind(row.1.owner.as_str())
        .bind(Moment(row.1.owner_since))
        .bind(row.1.window_ends_at.map(Moment))
        .bind(row.1.opted_out_at.map(Moment))
        .bind(row.1.last_inbound_at.map(Moment))
        .bind(row.1.last_outbound_at.map(Moment))
        .bind(row.1.disclosed_at.map(Moment))
        .bind(Moment(row.1.created_at))
        .bind(Moment(row.1.updated_at)))?;
    Ok(())
}

pub(crate) async fn put_comments(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    let rows: Vec<_> = group
        .iter()
        .filter_map(|item| match item.change {
            Change::PutComment(comment) => Some((item.chain.uuid(), comment)),
            _ => None,
        })
        .collect();
    run_bulk!(connection, PUT_COMMENTS, &rows, |query, row| query
        .bind(row.1.id.0)
        .bind(row.0)
        .bind(row.1.account.0)
        .bind(row.1.conversation.0)
        .bind(row.1.event.0)
        .bind(text(&row.1.external_id))
        .bind(maybe_text(&row.1.parent_external_id))
        .bind(maybe_text(&row.1.media_external_id))
        .bind(text(&row.1.author.id))
        .bind(maybe_text(&row.1.author.username))
        .bind(text(&row.1.text))
        .bind(row.1.intent.map(Intent::as_str))
        .bind(row.1.confidence)
        .bind(row.1.sentiment.map(Sentiment::as_str))
        .bind(row.1.language.map(Language::as_str))
        .bind(row.1.status.as_str())
        .bind(maybe_text(&row.1.reply))
        .bind(Doc(&row.1.tags))
        .bind(maybe_text(&row.1.assigned_to))
        .bind(Moment(row.1.occurred_at))
        .bind(Moment(row.1.created_at))
        .bind(Moment(now)))?;
    Ok(())
}

pub(crate) async fn mark_comments(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    let rows: Vec<_> = group
        .iter()
        .filter_map(|item| match item.change {
            Change::MarkComment { account, external_id, status, reply } => {
                Some((item.chain.uuid(), account, external_id, status, reply))
            }
            _ => None,
        })
        .collect();
    run_bulk!(connection, MARK_COMMENTS, &rows, |query, row| query
        .bind(row.0)
        .bind(row.1.0)
        .bind(text(row.2))
        .bind(row.3.as_str())
        .bind(maybe_text(row.4))
        .bind(Moment(now)))?;
    Ok(())
}

pub(crate) async fn put_messages(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    let rows: Vec<_> = group
        .iter()
        .filter_map(|item| match item.change {
            Change::PutMessage(message) => Some((item.chain.uuid(), message)),
            _ => None,
        })
        .collect();
    run_bulk!(connection, PUT_MESSAGES, &rows, |query, row| query
        .bind(row.1.id.0)
        .bind(row.0)
        .bind(row.1.account.0)
        .bind(row.1.conversation.0)
        .bind(text(&row.1.external_id))
        .bind(row.1.direction.as_str())
        .bind(text(&row.1.text))
        .bind(Doc(&row.1.attachments))
        .bind(Doc(&row.1.attachment_urls))
        .bind(row.1.effect.map(|effect| effect.0))
        .bind(row.1.intent.map(Intent::as_str))
        .bind(row.1.confidence)
        .bind(row.1.sentiment.map(Sentiment::as_str))
        .bind(row.1.language.map(Language::as_str))
        .bind(row.1.deleted)
        .bind(Moment(row.1.occurred_at))
        .bind(Moment(row.1.created_at))
        .bind(Moment(now)))?;
    Ok(())
}

pub(crate) async fn edit_messages(
    connection: &mut Connection,
    group: &Group<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    for item in group {
        let tenant = item.chain.uuid();
        match item.change {
            Change::ForgetMessage { account, external_id } => {
                let id = text(external_id);
                let none = Doc(Vec::<String>::new());
                run!(connection, FORGET_MESSAGE, tenant, account.0, id, Moment(now), none)?;
            }
            Change::EditMessage { account, external_id, text: words } => {
                let id = text(external_id);
                run!(connection, EDIT_MESSAGE, tenant, account.0, id, text(words), Moment(now))?;
            }
            Change::AssignConversation { conversation, to, at } => {
                let assigned = run!(
                    connection,
                    ASSIGN_CONVERSATION,
                    tenant,
                    conversation.0,
                    maybe_text(to),
                    Moment(*at)
                )?;
                if assigned == 0 {
                    return Err(Failure::Conflict(format!("{conversation} does not exist")));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
