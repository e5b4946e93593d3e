//! The queue of effects, as it is read.

use std::collections::HashMap;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::clock::Timestamp;
use tenants::conversation::{Conversation, direct_key};
use tenants::effect::{Action, ActionType, Effect, EffectState, ErrorCategory, IdempotencyKey, SkipReason};
use tenants::ids::{AccountId, ConversationId, DecisionId, EffectId, EventId, PostId, TenantId};
use tenants::ports::{EffectCount, EffectFilter, Outbox, PageRequest, ReadyEffect, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::conversations::{conversations_by_ids, conversations_by_places};
use crate::db::{row, rows};
use crate::directory::all;
use crate::gather::{Question, Source, deal_out, gathered};
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, TextList, Word, before, count, text};
use crate::work::{Outcome, Work};

macro_rules! effect_columns {
    () => {
        " q.id, q.tenant_id, q.account_id, q.conversation_id, q.event_id, q.decision_id, q.payload, \
         q.idempotency_key, q.status, q.approved_by_person, q.retry_count, q.error, q.error_category, \
         q.skip_reason, q.instagram_id, q.next_retry_at, q.deadline, q.first_attempt_at, q.sent_at, q.received_at, \
         q.created_at, q.updated_at "
    };
}
// What is told about a ready effect beside itself and its conversations.
macro_rules! ready_columns {
    () => {
        ", q.action_type, q.recipient_id, c.occurred_at as comment_written_at, c.author_id as comment_author_id, \
         (q.action_type = 'private_reply' and exists (select 1 from post_queue o \
         where o.action_type = 'private_reply' and o.account_id = q.account_id \
         and o.target_comment_id = q.target_comment_id and o.tenant_id = q.tenant_id and o.id <> q.id \
         and o.status in ('processing', 'sent', 'unknown'))) as private_reply_used "
    };
}
macro_rules! comment_join {
    () => {
        " left join comments c on c.tenant_id = q.tenant_id and c.account_id = q.account_id \
         and c.external_id = q.target_comment_id "
    };
}

// The column `text` is set for actions that speak, and only for those: see `apply::effects`.
statements! {
    TENANTS_WITH_DUE_EFFECTS {
        "select distinct tenant_id from post_queue where status in ('pending', 'failed') and next_retry_at <= $1"
    }
    NEXT_DUE_AT {
        "select next_retry_at from post_queue where status in ('pending', 'failed') and next_retry_at > $1 \
         order by next_retry_at limit 1"
    }
    /// The first of each tenant: a flood of one hides nothing of the others.
    DUE_EFFECTS {
        "select" (columns effect_columns) (columns ready_columns)
        (only sqlite "from json_each($1) as t cross join post_queue q on q.id in (select w.id")
        (only postgres "from unnest($1::uuid[]) as t (tenant_id) cross join lateral (select w.*")
        " from post_queue w where w.tenant_id = "
        (only sqlite "unhex(t.value)") (only postgres "t.tenant_id")
        " and w.status in ('pending', 'failed') and w.next_retry_at <= $2 and w.id " (not_among 3) " and ("
        (only sqlite "lower(hex(w.account_id))") (only postgres "replace(w.account_id::text, '-', '')")
        " || w.action_type) " (text_not_among 4)
        " and (w.text is null or not exists (select 1 from post_queue o \
         where o.conversation_id = w.conversation_id and o.tenant_id = w.tenant_id and o.text is not null \
         and o.id <> w.id and (o.status in ('processing', 'unknown') or (o.id < w.id \
         and (o.status = 'failed' or (o.status = 'pending' and o.next_retry_at <= $2)))))) \
         order by w.deadline nulls last, w.id limit $5)" (only postgres " as q") (columns comment_join)
        "order by q.deadline nulls last, q.id"
    }
    /// Names the states of the index `post_queue_open` as well, or SQLite would not see that it can be used.
    UNKNOWN_EFFECTS {
        "select" (columns effect_columns) (columns ready_columns) "from post_queue q" (columns comment_join)
        "where q.status in ('processing', 'unknown') and q.status = 'unknown' and q.next_retry_at <= $1 order by q.id limit $2"
    }
    CLAIMED_INSTAGRAM_IDS {
        "select instagram_id from post_queue \
         where account_id = $2 and sent_at >= $3 and tenant_id = $1 and instagram_id is not null order by sent_at"
    }
    EFFECT_BY_INSTAGRAM_ID {
        "select" (columns effect_columns) "from post_queue q \
         where q.account_id = $2 and q.instagram_id = $3 and q.tenant_id = $1 limit 1"
    }
    /// Ordered by time, not by id: SQLite would follow the order of the ids through the whole table.
    OPEN_EFFECT_BY_TEXT {
        "select" (columns effect_columns) "from post_queue q \
         left join conversations v on v.id = q.conversation_id and v.tenant_id = q.tenant_id \
         where q.status in ('processing', 'unknown') and q.account_id = $2 and q.tenant_id = $1 and q.text = $4 \
         and (v.conversation_key = $3 or $3 = 'dm:' || q.recipient_id) order by q.created_at limit 1"
    }
    FIND_EFFECT { "select" (columns effect_columns) "from post_queue q where q.tenant_id = $1 and q.id = $2" }
    FIND_EFFECT_BY_KEY {
        "select" (columns effect_columns) "from post_queue q where q.tenant_id = $1 and q.idempotency_key = $2"
    }
    EFFECTS_OF_POST {
        "select" (columns effect_columns) "from post_queue q where q.post_id = $2 and q.tenant_id = $1 order by q.id"
    }
    LIST_EFFECTS {
        "select" (columns effect_columns) "from post_queue q where q.tenant_id = $1 and q.id < $2 \
         and (q.status = $3 or $3 is null) and (q.action_type = $4 or $4 is null) \
         and (q.account_id = $5 or $5 is null) and (q.conversation_id = $6 or $6 is null) \
         order by q.id desc limit $7"
    }
    EFFECT_COUNTS_OF_TENANT {
        "select action_type, status, count(*) as effects from post_queue where tenant_id = $1 \
         group by action_type, status order by action_type, status"
    }
    EFFECT_COUNTS {
        "select action_type, status, count(*) as effects from post_queue \
         group by action_type, status order by action_type, status"
    }
    WAITING_EFFECTS {
        "select action_type, status, count(*) as effects from post_queue \
         where tenant_id = $1 and account_id = $2 and status in ('pending', 'failed') \
         group by action_type, status order by action_type, status"
    }
}

#[derive(FromRow)]
struct EffectRow {
    id: Uuid,
    tenant_id: Uuid,
    account_id: Uuid,
    conversation_id: Option<Uuid>,
    event_id: Option<Uuid>,
    decision_id: Option<Uuid>,
    payload: Doc<Action>,
    idempotency_key: String,
    status: Word<EffectState>,
    approved_by_person: bool,
    retry_count: i64,
    error: Option<String>,
    error_category: Option<Word<ErrorCategory>>,
    skip_reason: Option<Word<SkipReason>>,
    instagram_id: Option<String>,
    next_retry_at: Moment,
    deadline: Option<Moment>,
    first_attempt_at: Option<Moment>,
    sent_at: Option<Moment>,
    received_at: Option<Moment>,
    created_at: Moment,
    updated_at: Moment,
}

impl FromSqlite for ReadyRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        // The column in between, the action, is told by the payload as well.
        Ok(Self {
            effect: EffectRow::read(row)?,
            recipient_id: row.get(23)?,
            comment_written_at: row.get(24)?,
            comment_author_id: row.get(25)?,
            private_reply_used: row.get(26)?,
        })
    }
}

impl FromSqlite for EffectRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            tenant_id: row.get(1)?,
            account_id: row.get(2)?,
            conversation_id: row.get(3)?,
            event_id: row.get(4)?,
            decision_id: row.get(5)?,
            payload: row.get(6)?,
            idempotency_key: row.get(7)?,
            status: row.get(8)?,
            approved_by_person: row.get(9)?,
            retry_count: row.get(10)?,
            error: row.get(11)?,
            error_category: row.get(12)?,
            skip_reason: row.get(13)?,
            instagram_id: row.get(14)?,
            next_retry_at: row.get(15)?,
            deadline: row.get(16)?,
            first_attempt_at: row.get(17)?,
            sent_at: row.get(18)?,
            received_at: row.get(19)?,
            created_at: row.get(20)?,
            updated_at: row.get(21)?,
        })
    }
}

impl From<EffectRow> for Effect {
    fn from(row: EffectRow) -> Self {
        Effect {
            id: EffectId(row.id),
            tenant: TenantId(row.tenant_id),
            account: AccountId(row.account_id),
            conversation: row.conversation_id.map(ConversationId),
            event: row.event_id.map(EventId),
            decision: row.decision_id.map(DecisionId),
            action: row.payload.0,
            idempotency_key: IdempotencyKey(row.idempotency_key),
            state: row.status.0,
            approved_by_person: row.approved_by_person,
            retry_count: count(row.retry_count),
            error: row.error,
            error_category: row.error_category.map(|word| word.0),
            skip_reason: row.skip_reason.map(|word| word.0),
            instagram_id: row.instagram_id,
            next_retry_at: row.next_retry_at.0,
            deadline: row.deadline.map(|moment| moment.0),
            first_attempt_at: row.first_attempt_at.map(|moment| moment.0),
            sent_at: row.sent_at.map(|moment| moment.0),
            received_at: row.received_at.map(|moment| moment.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

#[derive(FromRow)]
struct ReadyRow {
    #[sqlx(flatten)]
    effect: EffectRow,
    recipient_id: Option<String>,
    comment_written_at: Option<Moment>,
    comment_author_id: Option<String>,
    private_reply_used: bool,
}

#[derive(FromRow)]
struct CountRow {
    action_type: Word<ActionType>,
    status: Word<EffectState>,
    effects: i64,
}

impl From<CountRow> for EffectCount {
    fn from(row: CountRow) -> Self {
        EffectCount { action_type: row.action_type.0, state: row.status.0, count: row.effects }
    }
}

/// Adds the conversations, with two statements for all effects together.
async fn with_conversations(
    source: &mut Source,
    found: Vec<ReadyRow>,
) -> Result<Vec<ReadyEffect>, StoreError> {
    let mut ready: Vec<(Option<String>, ReadyEffect)> = found.into_iter().map(ReadyRow::split).collect();
    let threads = ready.iter().filter_map(|(_, it)| Some((it.effect.tenant, it.effect.conversation?)));
    let threads: HashMap<_, Conversation> = conversations_by_ids(source, &threads.collect())
        .await?
        .into_iter()
        .map(|(tenant, conversation)| ((tenant, conversation.id), conversation))
        .collect();
    for (_, it) in &mut ready {
        let thread = it.effect.conversation.and_then(|id| threads.get(&(it.effect.tenant, id)));
        it.thread = thread.cloned();
    }

    let place_of = |(person, it): &(Option<String>, ReadyEffect)| {
        let person = person.as_deref().or(it.thread.as_ref().map(|thread| thread.person.id.as_str()))?;
        Some((it.effect.tenant, it.effect.account, direct_key(person)))
    };
    let directs: HashMap<_, Conversation> =
        conversations_by_places(source, ready.iter().filter_map(place_of).collect())
            .await?
            .into_iter()
            .map(|(tenant, it)| ((tenant, it.account, it.key.clone()), it))
            .collect();
    Ok(ready
        .into_iter()
        .map(|entry| {
            let direct = place_of(&entry).and_then(|place| directs.get(&place)).cloned();
            ReadyEffect { direct, ..entry.1 }
        })
        .collect())
}

/// Which due effects somebody wants.
#[derive(Debug)]
pub(crate) struct DueOf {
    tenant: TenantId,
    now: Timestamp,
    except: Vec<EffectId>,
    /// Account (hexadecimal) and action, joined.
    blocked: Vec<String>,
    limit: u32,
}

impl Question for DueOf {
    type Answer = Vec<ReadyEffect>;

    fn key(&self) -> Option<Uuid> {
        Some(self.tenant.0)
    }

    async fn ask_together(source: &mut Source, questions: &[&Self]) -> Result<Vec<Self::Answer>, StoreError> {
        let tenants: IdList = questions.iter().map(|it| it.tenant.0).collect();
        let Some(now) = questions.iter().map(|it| it.now).max() else { return Ok(Vec::new()) };
        let except: IdList = questions.iter().flat_map(|it| &it.except).map(|effect| effect.0).collect();
        let blocked: TextList = questions.iter().flat_map(|it| &it.blocked).map(String::as_str).collect();
        let limit = i64::from(questions.iter().map(|it| it.limit).max().unwrap_or_default());
        let found =
            gathered!(source, ReadyRow, DUE_EFFECTS, &tenants, Moment(now), &except, &blocked, limit)?;
        let found = with_conversations(source, found).await?;
        let wanted = questions.iter().map(|it| (it.tenant, it.limit));
        Ok(deal_out(found, |ready| ready.effect.tenant, wanted))
    }
}

impl ReadyRow {
    /// The effect without its conversations, and the person it concerns when that is known without them: the one
    /// written to, or the author of the comment acted on.
    fn split(self) -> (Option<String>, ReadyEffect) {
        let effect = Effect::from(self.effect);
        let person = self.recipient_id.or(self.comment_author_id);
        let is_private_reply = effect.action.action_type() == ActionType::PrivateReply;
        let comment_written_at = self.comment_written_at.filter(|_| is_private_reply).map(|moment| moment.0);
        let ready = ReadyEffect {
            effect,
            thread: None,
            direct: None,
            comment_written_at,
            private_reply_used: self.private_reply_used,
        };
        (person, ready)
    }
}

/// Unknown effects that may be read back by now, of all tenants.
#[derive(Debug)]
pub(crate) struct UnknownUntil {
    now: Timestamp,
    limit: u32,
}

impl Question for UnknownUntil {
    type Answer = Vec<ReadyEffect>;

    fn key(&self) -> Option<Uuid> {
        None
    }

    async fn ask_together(source: &mut Source, questions: &[&Self]) -> Result<Vec<Self::Answer>, StoreError> {
        let mut answers = Vec::with_capacity(questions.len());
        for it in questions {
            let limit = i64::from(it.limit);
            let found = gathered!(source, ReadyRow, UNKNOWN_EFFECTS, Moment(it.now), limit)?;
            answers.push(with_conversations(source, found).await?);
        }
        Ok(answers)
    }
}

impl Database {
    /// Effects of a post, oldest first.
    pub(crate) async fn effects_by_post(
        &self,
        tenant: &TenantId,
        post: &PostId,
    ) -> Result<Vec<Effect>, StoreError> {
        rows!(self.reader(), EffectRow, EFFECTS_OF_POST, tenant.0, post.0).map(all)
    }
}

/// The effect with this idempotency key.
pub(crate) async fn find_by_key(
    database: &Database,
    tenant: &TenantId,
    key: &IdempotencyKey,
) -> Result<Option<Effect>, StoreError> {
    row!(database.reader(), EffectRow, FIND_EFFECT_BY_KEY, tenant.0, key.0.as_str())
        .map(|found| found.map(Effect::from))
}

#[async_trait]
impl Outbox for Database {
    async fn tenants_with_due_effects(&self, now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        let found = rows!(self.reader(), (Uuid,), TENANTS_WITH_DUE_EFFECTS, Moment(now))?;
        Ok(found.into_iter().map(|(tenant,)| TenantId(tenant)).collect())
    }

    async fn next_due_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(row!(self.reader(), (Moment,), NEXT_DUE_AT, Moment(now))?.map(|(moment,)| moment.0))
    }

    async fn due_effects(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        except: &[EffectId],
        blocked: &[(AccountId, ActionType)],
        limit: u32,
    ) -> Result<Vec<ReadyEffect>, StoreError> {
        let name = |(account, action): &(AccountId, ActionType)| format!("{}{action}", account.0.simple());
        let gatherer = match blocked {
            [] => &self.gatherers().due_effects,
            _ => &self.gatherers().due_effects_past_others,
        };
        let blocked = blocked.iter().map(name).collect();
        gatherer.ask(DueOf { tenant: *tenant, now, except: except.to_vec(), blocked, limit }).await
    }

    async fn interrupted_to_unknown(&self, at: Timestamp) -> Result<u64, StoreError> {
        match self.submit(Work::InterruptEffects { at }).await? {
            Outcome::Changed(effects) => Ok(effects),
            _ => Ok(0),
        }
    }

    async fn unknown_effects(&self, now: Timestamp, limit: u32) -> Result<Vec<ReadyEffect>, StoreError> {
        self.gatherers().unknown_effects.ask(UnknownUntil { now, limit }).await
    }

    async fn claimed_instagram_ids(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let found =
            rows!(self.reader(), (String,), CLAIMED_INSTAGRAM_IDS, tenant.0, account.0, Moment(since))?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    async fn find_effect_behind(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversation_key: &str,
        instagram_id: &str,
        words: &str,
    ) -> Result<Option<Effect>, StoreError> {
        let id = text(instagram_id);
        let by_id = row!(self.reader(), EffectRow, EFFECT_BY_INSTAGRAM_ID, tenant.0, account.0, id.clone())?;
        if by_id.is_some() || words.is_empty() {
            return Ok(by_id.map(Effect::from));
        }
        let key = text(conversation_key);
        let by_text =
            row!(self.reader(), EffectRow, OPEN_EFFECT_BY_TEXT, tenant.0, account.0, key, text(words))?;
        if by_text.is_some() {
            return Ok(by_text.map(Effect::from));
        }
        // The answer to the call may have been recorded between the two looks: then its id is known now.
        let by_id = row!(self.reader(), EffectRow, EFFECT_BY_INSTAGRAM_ID, tenant.0, account.0, id)?;
        Ok(by_id.map(Effect::from))
    }

    async fn find_effect(&self, tenant: &TenantId, effect: &EffectId) -> Result<Option<Effect>, StoreError> {
        Ok(row!(self.reader(), EffectRow, FIND_EFFECT, tenant.0, effect.0)?.map(Effect::from))
    }

    async fn list_effects(
        &self,
        tenant: &TenantId,
        filter: &EffectFilter,
        page: PageRequest,
    ) -> Result<Vec<Effect>, StoreError> {
        rows!(
            self.reader(),
            EffectRow,
            LIST_EFFECTS,
            tenant.0,
            before(page),
            filter.state.map(EffectState::as_str),
            filter.action_type.map(ActionType::as_str),
            filter.account.map(|account| account.0),
            filter.conversation.map(|conversation| conversation.0),
            i64::from(page.limit)
        )
        .map(all)
    }

    async fn effect_counts(&self, tenant: Option<&TenantId>) -> Result<Vec<EffectCount>, StoreError> {
        match tenant {
            Some(tenant) => rows!(self.reader(), CountRow, EFFECT_COUNTS_OF_TENANT, tenant.0).map(all),
            None => rows!(self.reader(), CountRow, EFFECT_COUNTS).map(all),
        }
    }

    async fn waiting_effects(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Vec<EffectCount>, StoreError> {
        rows!(self.reader(), CountRow, WAITING_EFFECTS, tenant.0, account.0).map(all)
    }
}
