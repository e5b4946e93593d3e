//! Conversations, comments and messages, as they are read.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::conversation::{
    Comment, CommentStatus, Conversation, ConversationKind, Direction, LastWords, Message, Owner,
};
use tenants::event::Person;
use tenants::ids::{AccountId, CommentId, ConversationId, EffectId, EventId, MessageId, TenantId};
use tenants::intent::{Intent, Language, Sentiment};
use tenants::ports::{
    CommentFilter, ConversationFilter, Conversations, PageRequest, StoreError, TimePosition,
};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::all;
use crate::gather::{Question, Source, gathered};
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, Word, before, text};

macro_rules! conversation_columns {
    () => {
        " id, tenant_id, account_id, kind, conversation_key, person_id, person_username, owner, owner_since, \
         window_ends_at, opted_out_at, last_inbound_at, last_outbound_at, disclosed_at, \
         assigned_to, created_at, updated_at "
    };
}
macro_rules! comment_columns {
    () => {
        " id, account_id, conversation_id, event_id, external_id, parent_external_id, media_external_id, author_id, \
         author_username, text, intent, confidence, sentiment, language, status, reply, tags, assigned_to, \
         occurred_at, created_at "
    };
}
macro_rules! message_columns {
    () => {
        " id, account_id, conversation_id, external_id, direction, text, attachments, attachment_urls, effect_id, intent, \
         confidence, sentiment, language, deleted, occurred_at, created_at "
    };
}

statements! {
    CONVERSATIONS_BY_IDS {
        "select" (columns conversation_columns) "from conversations where tenant_id " (among 1) " and id " (among 2)
    }
    CONVERSATIONS_BY_PLACES {
        (only sqlite "select c.* from (select unhex(value ->> 0) as tenant, unhex(value ->> 1) as account, \
         value ->> 2 as key from json_each($1)) as p cross join (")
        (only postgres "select c.* from (select (value ->> 0)::uuid as tenant, (value ->> 1)::uuid as account, \
         value ->> 2 as key from jsonb_array_elements($1)) as p cross join lateral (")
        "select" (columns conversation_columns) "from conversations"
        (only sqlite ") as c where c.tenant_id = p.tenant and c.account_id = p.account and c.conversation_key = p.key")
        (only postgres " where tenant_id = p.tenant and account_id = p.account and conversation_key = p.key) as c")
    }
    FIND_CONVERSATION {
        "select" (columns conversation_columns) "from conversations where tenant_id = $1 and id = $2"
    }
    LIST_CONVERSATIONS {
        "select" (columns conversation_columns) "from conversations where tenant_id = $1 and (updated_at, id) < ($2, $3) \
         and (kind = $4 or $4 is null) and (owner = $5 or $5 is null) and (account_id = $6 or $6 is null) \
         order by updated_at desc, id desc limit $7"
    }
    LAST_MESSAGES {
        "select conversation_id, direction, text, null as media from messages \
         where tenant_id = $1 and id in (select (select m.id from messages m \
         where m.conversation_id = c.id and m.deleted = false order by m.id desc limit 1) \
         from conversations c where c.tenant_id = $1 and c.id " (among 2) ")"
    }
    LAST_COMMENTS {
        "select conversation_id, 'inbound' as direction, text, media_external_id as media from comments \
         where tenant_id = $1 and id in (select (select m.id from comments m \
         where m.conversation_id = c.id order by m.id desc limit 1) \
         from conversations c where c.tenant_id = $1 and c.id " (among 2) ")"
    }
    LIST_MESSAGES {
        "select" (columns message_columns) "from messages where tenant_id = $1 and conversation_id = $2 \
         and id < $3 order by id desc limit $4"
    }
    LIST_COMMENTS {
        "select" (columns comment_columns) "from comments where tenant_id = $1 and id < $2 \
         and (status = $3 or $3 is null) and (intent = $4 or $4 is null) and (account_id = $5 or $5 is null) \
         and (conversation_id = $6 or $6 is null) order by id desc limit $7"
    }
    FIND_COMMENT { "select" (columns comment_columns) "from comments where tenant_id = $1 and id = $2" }
    FIND_COMMENT_BY_EXTERNAL_ID {
        "select" (columns comment_columns) "from comments \
         where tenant_id = $1 and account_id = $2 and external_id = $3"
    }
}

#[derive(FromRow)]
struct ConversationRow {
    id: Uuid,
    tenant_id: Uuid,
    account_id: Uuid,
    kind: Word<ConversationKind>,
    conversation_key: String,
    person_id: String,
    person_username: Option<String>,
    owner: Word<Owner>,
    owner_since: Moment,
    window_ends_at: Option<Moment>,
    opted_out_at: Option<Moment>,
    last_inbound_at: Option<Moment>,
    last_outbound_at: Option<Moment>,
    disclosed_at: Option<Moment>,
    assigned_to: Option<String>,
    created_at: Moment,
    updated_at: Moment,
}

impl FromSqlite for ConversationRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            tenant_id: row.get(1)?,
            account_id: row.get(2)?,
            kind: row.get(3)?,
            conversation_key: row.get(4)?,
            person_id: row.get(5)?,
            person_username: row.get(6)?,
            owner: row.get(7)?,
            owner_since: row.get(8)?,
            window_ends_at: row.get(9)?,
            opted_out_at: row.get(10)?,
            last_inbound_at: row.get(11)?,
            last_outbound_at: row.get(12)?,
            disclosed_at: row.get(13)?,
            assigned_to: row.get(14)?,
            created_at: row.get(15)?,
            updated_at: row.get(16)?,
        })
    }
}

impl From<ConversationRow> for Conversation {
    fn from(row: ConversationRow) -> Self {
        Conversation {
            id: ConversationId(row.id),
            account: AccountId(row.account_id),
            kind: row.kind.0,
            key: row.conversation_key,
            person: Person { id: row.person_id, username: row.person_username },
            owner: row.owner.0,
            owner_since: row.owner_since.0,
            window_ends_at: row.window_ends_at.map(|moment| moment.0),
            opted_out_at: row.opted_out_at.map(|moment| moment.0),
            last_inbound_at: row.last_inbound_at.map(|moment| moment.0),
            last_outbound_at: row.last_outbound_at.map(|moment| moment.0),
            disclosed_at: row.disclosed_at.map(|moment| moment.0),
            assigned_to: row.assigned_to,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

#[derive(FromRow)]
struct CommentRow {
    id: Uuid,
    account_id: Uuid,
    conversation_id: Uuid,
    event_id: Uuid,
    external_id: String,
    parent_external_id: Option<String>,
    media_external_id: Option<String>,
    author_id: String,
    author_username: Option<String>,
    text: String,
    intent: Option<Word<Intent>>,
    confidence: Option<f32>,
    sentiment: Option<Word<Sentiment>>,
    language: Option<Word<Language>>,
    status: Word<CommentStatus>,
    reply: Option<String>,
    tags: Doc<Vec<String>>,
    assigned_to: Option<String>,
    occurred_at: Moment,
    created_at: Moment,
}

impl From<CommentRow> for Comment {
    fn from(row: CommentRow) -> Self {
        Comment {
            id: CommentId(row.id),
            account: AccountId(row.account_id),
            conversation: ConversationId(row.conversation_id),
            event: EventId(row.event_id),
            external_id: row.external_id,
            parent_external_id: row.parent_external_id,
            media_external_id: row.media_external_id,
            author: Person { id: row.author_id, username: row.author_username },
            text: row.text,
            intent: row.intent.map(|word| word.0),
            confidence: row.confidence,
            sentiment: row.sentiment.map(|word| word.0),
            language: row.language.map(|word| word.0),
            status: row.status.0,
            reply: row.reply,
            tags: row.tags.0,
            assigned_to: row.assigned_to,
            occurred_at: row.occurred_at.0,
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct MessageRow {
    id: Uuid,
    account_id: Uuid,
    conversation_id: Uuid,
    external_id: String,
    direction: Word<Direction>,
    text: String,
    attachments: Doc<Vec<String>>,
    attachment_urls: Doc<Vec<Option<String>>>,
    effect_id: Option<Uuid>,
    intent: Option<Word<Intent>>,
    confidence: Option<f32>,
    sentiment: Option<Word<Sentiment>>,
    language: Option<Word<Language>>,
    deleted: bool,
    occurred_at: Moment,
    created_at: Moment,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        Message {
            id: MessageId(row.id),
            account: AccountId(row.account_id),
            conversation: ConversationId(row.conversation_id),
            external_id: row.external_id,
            direction: row.direction.0,
            text: row.text,
            attachments: row.attachments.0,
            attachment_urls: row.attachment_urls.0,
            effect: row.effect_id.map(EffectId),
            intent: row.intent.map(|word| word.0),
            confidence: row.confidence,
            sentiment: row.sentiment.map(|word| word.0),
            language: row.language.map(|word| word.0),
            deleted: row.deleted,
            occurred_at: row.occurred_at.0,
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct LastWordsRow {
    conversation_id: Uuid,
    direction: Word<Direction>,
    text: String,
    media: Option<String>,
}

impl From<LastWordsRow> for LastWords {
    fn from(row: LastWordsRow) -> Self {
        Self {
            conversation: ConversationId(row.conversation_id),
            direction: row.direction.0,
            text: row.text,
            media: row.media,
        }
    }
}

/// The conversation of one account of one tenant that has one key.
pub(crate) type ConversationPlace = (TenantId, AccountId, String);

/// Conversations by id, each with its tenant.
pub(crate) async fn conversations_by_ids(
    source: &mut Source,
    wanted: &HashSet<(TenantId, ConversationId)>,
) -> Result<Vec<(TenantId, Conversation)>, StoreError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let tenants: IdList = distinct(wanted.iter().map(|(tenant, _)| tenant.0));
    let ids: IdList = wanted.iter().map(|(_, conversation)| conversation.0).collect();
    let found = gathered!(source, ConversationRow, CONVERSATIONS_BY_IDS, &tenants, &ids)?;
    let found = found.into_iter().map(|row| (TenantId(row.tenant_id), Conversation::from(row)));
    Ok(found.filter(|(tenant, found)| wanted.contains(&(*tenant, found.id))).collect())
}

/// Conversations by account and key, each with its tenant.
pub(crate) async fn conversations_by_places(
    source: &mut Source,
    wanted: HashSet<ConversationPlace>,
) -> Result<Vec<(TenantId, Conversation)>, StoreError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let place = |(tenant, account, key): ConversationPlace| {
        (tenant.0.simple().to_string(), account.0.simple().to_string(), key)
    };
    let places: Vec<_> = wanted.into_iter().map(place).collect();
    let found = gathered!(source, ConversationRow, CONVERSATIONS_BY_PLACES, Doc(&places))?;
    Ok(found.into_iter().map(|row| (TenantId(row.tenant_id), Conversation::from(row))).collect())
}

/// Which conversations somebody wants.
#[derive(Debug)]
pub(crate) struct PlacesWanted {
    tenant: TenantId,
    keys: Vec<(AccountId, String)>,
}

impl PlacesWanted {
    fn places(&self) -> impl Iterator<Item = ConversationPlace> {
        self.keys.iter().map(|(account, key)| (self.tenant, *account, text(key).into_owned()))
    }
}

impl Question for PlacesWanted {
    type Answer = Vec<Conversation>;

    fn key(&self) -> Option<Uuid> {
        None
    }

    async fn ask_together(source: &mut Source, questions: &[&Self]) -> Result<Vec<Self::Answer>, StoreError> {
        let wanted = questions.iter().flat_map(|it| it.places()).collect();
        let found = conversations_by_places(source, wanted).await?;
        let found: HashMap<ConversationPlace, Conversation> =
            found.into_iter().map(|(tenant, it)| ((tenant, it.account, it.key.clone()), it)).collect();
        let answer = |it: &&Self| {
            let places: HashSet<ConversationPlace> = it.places().collect();
            places.iter().filter_map(|place| found.get(place).cloned()).collect()
        };
        Ok(questions.iter().map(answer).collect())
    }
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> IdList {
    ids.collect::<HashSet<_>>().into_iter().collect()
}

#[async_trait]
impl Conversations for Database {
    async fn load_conversations(
        &self,
        tenant: &TenantId,
        keys: &[(AccountId, String)],
    ) -> Result<Vec<Conversation>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.gatherers().conversations.ask(PlacesWanted { tenant: *tenant, keys: keys.to_vec() }).await
    }

    async fn find_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        let found = row!(self.reader(), ConversationRow, FIND_CONVERSATION, tenant.0, conversation.0)?;
        Ok(found.map(Conversation::from))
    }

    async fn list_conversations(
        &self,
        tenant: &TenantId,
        filter: &ConversationFilter,
        after: Option<TimePosition>,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        let after = after.unwrap_or(TimePosition::END_OF_TIME);
        rows!(
            self.reader(),
            ConversationRow,
            LIST_CONVERSATIONS,
            tenant.0,
            Moment(after.at),
            after.id,
            filter.kind.map(ConversationKind::as_str),
            filter.owner.map(Owner::as_str),
            filter.account.map(|account| account.0),
            i64::from(limit)
        )
        .map(all)
    }

    async fn last_words(
        &self,
        tenant: &TenantId,
        conversations: &[ConversationId],
    ) -> Result<Vec<LastWords>, StoreError> {
        if conversations.is_empty() {
            return Ok(Vec::new());
        }
        let ids: IdList = conversations.iter().map(|conversation| conversation.0).collect();
        let mut found = rows!(self.reader(), LastWordsRow, LAST_MESSAGES, tenant.0, &ids)?;
        found.extend(rows!(self.reader(), LastWordsRow, LAST_COMMENTS, tenant.0, &ids)?);
        Ok(found.into_iter().map(LastWords::from).collect())
    }

    async fn list_messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        page: PageRequest,
    ) -> Result<Vec<Message>, StoreError> {
        let limit = i64::from(page.limit);
        rows!(self.reader(), MessageRow, LIST_MESSAGES, tenant.0, conversation.0, before(page), limit)
            .map(all)
    }

    async fn list_comments(
        &self,
        tenant: &TenantId,
        filter: &CommentFilter,
        page: PageRequest,
    ) -> Result<Vec<Comment>, StoreError> {
        rows!(
            self.reader(),
            CommentRow,
            LIST_COMMENTS,
            tenant.0,
            before(page),
            filter.status.map(CommentStatus::as_str),
            filter.intent.map(Intent::as_str),
            filter.account.map(|account| account.0),
            filter.conversation.map(|conversation| conversation.0),
            i64::from(page.limit)
        )
        .map(all)
    }

    async fn find_comment(
        &self,
        tenant: &TenantId,
        comment: &CommentId,
    ) -> Result<Option<Comment>, StoreError> {
        Ok(row!(self.reader(), CommentRow, FIND_COMMENT, tenant.0, comment.0)?.map(Comment::from))
    }

    async fn find_comment_by_external_id(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        external_id: &str,
    ) -> Result<Option<Comment>, StoreError> {
        let id = text(external_id);
        let found = row!(self.reader(), CommentRow, FIND_COMMENT_BY_EXTERNAL_ID, tenant.0, account.0, id)?;
        Ok(found.map(Comment::from))
    }
}
