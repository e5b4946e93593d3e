//! What is remembered, as it is read.

use futures::future::try_join_all;
use sqlx::FromRow;
use tenants::ids::{AccountId, ConversationId, MemoryId, TenantId};
use tenants::intent::Language;
use tenants::memory::{MemoryFilter, MemoryItem, MemoryKind, MemoryStats, Recall, Visibility};
use tenants::ports::{PageRequest, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::gather::{Question, Source, gathered};
use crate::sqlite::FromSqlite;
use crate::statement::statements;
use crate::types::{IdList, Moment, Word, before, count, maybe_text};

macro_rules! item_columns {
    () => {
        " id, tenant_id, seq, kind, visibility, title, text, person, account_id, conversation_id, media, source, \
         language, weight, seen, created_at, updated_at "
    };
}

statements! {
    MEMORY_HEAD { "select last_seq, forgotten from memory_heads where tenant_id = $1" }
    /// Those that customers may be told, or all others.
    ITEMS_AFTER {
        "select" (columns item_columns) "from memory_items where tenant_id = $1 and seq > $2 \
         and (visibility = 'customer' and kind not in ('interaction', 'person')) = $3 order by seq limit $4"
    }
    COUNT_ITEMS { "select count(*) as items from memory_items where tenant_id = $1" }
    FIND_ITEM { "select" (columns item_columns) "from memory_items where tenant_id = $1 and id = $2" }
    FIND_SAME {
        "select" (columns item_columns) "from memory_items where tenant_id = $1 and fingerprint = $2"
    }
    LIST_ITEMS {
        "select" (columns item_columns) "from memory_items where tenant_id = $1 and id < $2 \
         and (kind = $3 or $3 is null) and (visibility = $4 or $4 is null) and (person = $5 or $5 is null) \
         and (source = $6 or $6 is null) order by id desc limit $7"
    }
    STATS {
        "select kind, count(*) as items, \
         cast(sum(octet_length(text) + coalesce(octet_length(title), 0)) as bigint) as bytes \
         from memory_items where tenant_id = $1 group by kind order by kind"
    }
    /// What the index found, and the newest of the person: both only as far as the question may see them.
    RECALLED {
        "select" (columns item_columns) "from memory_items where tenant_id = $1 \
         and (visibility = 'customer' or $2) and (kind not in ('interaction', 'person') or $2 or person = $3) \
         and id " (among 4)
        " union all select" (columns item_columns) "from (select" (columns item_columns) "from memory_items \
         where tenant_id = $1 and person = $3 and (visibility = 'customer' or $2) \
         and kind in ('interaction', 'person') order by updated_at desc limit $5) as theirs"
    }
}

/// Where a tenant's memory stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) last_seq: i64,
    /// How often something was forgotten.
    pub(crate) forgotten: i64,
}

#[derive(FromRow)]
struct ItemRow {
    id: Uuid,
    tenant_id: Uuid,
    seq: i64,
    kind: Word<MemoryKind>,
    visibility: Word<Visibility>,
    title: Option<String>,
    text: String,
    person: Option<String>,
    account_id: Option<Uuid>,
    conversation_id: Option<Uuid>,
    media: Option<String>,
    source: String,
    language: Option<Word<Language>>,
    weight: f32,
    seen: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl FromSqlite for ItemRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            tenant_id: row.get("tenant_id")?,
            seq: row.get("seq")?,
            kind: row.get("kind")?,
            visibility: row.get("visibility")?,
            title: row.get("title")?,
            text: row.get("text")?,
            person: row.get("person")?,
            account_id: row.get("account_id")?,
            conversation_id: row.get("conversation_id")?,
            media: row.get("media")?,
            source: row.get("source")?,
            language: row.get("language")?,
            weight: row.get("weight")?,
            seen: row.get("seen")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }
}

impl From<ItemRow> for MemoryItem {
    fn from(row: ItemRow) -> Self {
        MemoryItem {
            id: MemoryId(row.id),
            tenant: TenantId(row.tenant_id),
            kind: row.kind.0,
            visibility: row.visibility.0,
            title: row.title,
            text: row.text,
            person: row.person,
            account: row.account_id.map(AccountId),
            conversation: row.conversation_id.map(ConversationId),
            media: row.media,
            source: row.source,
            language: row.language.map(|word| word.0),
            weight: row.weight,
            seen: count(row.seen),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

/// What a search wants to read: what the index found, and the newest of a person.
#[derive(Debug)]
pub(crate) struct Recalling {
    tenant: TenantId,
    is_internal: bool,
    person: Option<String>,
    ids: IdList,
    theirs: u32,
}

impl Recalling {
    async fn rows(&self, source: &mut Source) -> Result<Vec<ItemRow>, StoreError> {
        gathered!(
            source,
            ItemRow,
            RECALLED,
            self.tenant.0,
            self.is_internal,
            maybe_text(&self.person),
            &self.ids,
            i64::from(self.theirs)
        )
    }
}

impl Question for Recalling {
    type Answer = Vec<MemoryItem>;

    fn key(&self) -> Option<Uuid> {
        None
    }

    async fn ask_together(source: &mut Source, questions: &[&Self]) -> Result<Vec<Self::Answer>, StoreError> {
        let found = match source {
            Source::Sqlite { .. } => {
                let mut found = Vec::with_capacity(questions.len());
                for question in questions {
                    found.push(question.rows(source).await?);
                }
                found
            }
            // Nobody waits there for another's round trip.
            Source::Postgres(reader) => {
                let all = questions.iter().map(|question| {
                    let mut source = Source::Postgres(reader.clone());
                    async move { question.rows(&mut source).await }
                });
                try_join_all(all).await?
            }
        };
        Ok(found.into_iter().map(|rows| rows.into_iter().map(MemoryItem::from).collect()).collect())
    }
}

impl Database {
    /// Where a tenant's memory stands.
    pub(crate) async fn memory_head(&self, tenant: &TenantId) -> Result<Head, StoreError> {
        let found = row!(self.reader(), (i64, i64), MEMORY_HEAD, tenant.0)?;
        Ok(found.map(|(last_seq, forgotten)| Head { last_seq, forgotten }).unwrap_or_default())
    }

    /// Items that customers may be told, or all others, whose number in the tenant's sequence is greater than `seq`, in its
    /// order, each with its number.
    pub(crate) async fn memory_after(
        &self,
        tenant: &TenantId,
        for_customers: bool,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<(i64, MemoryItem)>, StoreError> {
        let found =
            rows!(self.reader(), ItemRow, ITEMS_AFTER, tenant.0, seq, for_customers, i64::from(limit))?;
        Ok(found.into_iter().map(|row| (row.seq, row.into())).collect())
    }

    pub(crate) async fn memory_count(&self, tenant: &TenantId) -> Result<u64, StoreError> {
        let found = row!(self.reader(), (i64,), COUNT_ITEMS, tenant.0)?;
        Ok(found.map_or(0, |(items,)| items.unsigned_abs()))
    }

    pub(crate) async fn find_memory(
        &self,
        tenant: &TenantId,
        item: &MemoryId,
    ) -> Result<Option<MemoryItem>, StoreError> {
        Ok(row!(self.reader(), ItemRow, FIND_ITEM, tenant.0, item.0)?.map(MemoryItem::from))
    }

    pub(crate) async fn find_same_memory(
        &self,
        tenant: &TenantId,
        item: &MemoryItem,
    ) -> Result<Option<MemoryItem>, StoreError> {
        let fingerprint = item.fingerprint();
        Ok(row!(self.reader(), ItemRow, FIND_SAME, tenant.0, fingerprint.as_str())?.map(MemoryItem::from))
    }

    pub(crate) async fn list_memory(
        &self,
        tenant: &TenantId,
        filter: &MemoryFilter,
        page: PageRequest,
    ) -> Result<Vec<MemoryItem>, StoreError> {
        let found = rows!(
            self.reader(),
            ItemRow,
            LIST_ITEMS,
            tenant.0,
            before(page),
            filter.kind.map(MemoryKind::as_str),
            filter.visibility.map(Visibility::as_str),
            maybe_text(&filter.person),
            maybe_text(&filter.source),
            i64::from(page.limit)
        )?;
        Ok(found.into_iter().map(MemoryItem::from).collect())
    }

    pub(crate) async fn memory_stats(&self, tenant: &TenantId) -> Result<MemoryStats, StoreError> {
        let found = rows!(self.reader(), (Word<MemoryKind>, i64, i64), STATS, tenant.0)?;
        let mut stats = MemoryStats::default();
        for (kind, items, bytes) in found {
            stats.items.push((kind.0, items.unsigned_abs()));
            stats.bytes += bytes.unsigned_abs();
        }
        Ok(stats)
    }

    /// The items with these ids, and at most `theirs` of the newest personal ones of the question's person; only what
    /// the question allows.
    pub(crate) async fn recalled_memory(
        &self,
        tenant: &TenantId,
        recall: &Recall,
        ids: &[MemoryId],
        theirs: u32,
    ) -> Result<Vec<MemoryItem>, StoreError> {
        let question = Recalling {
            tenant: *tenant,
            is_internal: recall.visibility == Visibility::Internal,
            person: recall.person.clone(),
            ids: ids.iter().map(|id| id.0).collect(),
            theirs,
        };
        let found = self.gatherers().recalled.ask(question).await?;
        let mut items: Vec<MemoryItem> = Vec::with_capacity(found.len());
        for item in found {
            let is_known = items.iter().any(|known| known.id == item.id);
            if item.tenant == *tenant && recall.allows(&item) && !is_known {
                items.push(item);
            }
        }
        Ok(items)
    }
}
