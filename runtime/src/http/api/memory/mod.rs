//! What a tenant remembers: brand facts, answers that were approved, what was said before.

mod import;
mod search;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, ConversationId, MemoryId};
use tenants::intent::Language;
use tenants::memory::{MemoryFilter, MemoryItem, MemoryKind, Visibility};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{TenantAccess, TenantManage, TenantOperate, TenantRead};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds, QueryOf, maybe_words};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::knowledge::erase_from_index;

/// How long somebody who has a person forgotten waits for the search index.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_memory, add_to_memory))
        .routes(routes!(search::search_memory))
        .routes(routes!(memory_status))
        .routes(routes!(import::import_into_memory))
        .routes(routes!(forget_person))
        .routes(routes!(get_memory_item, delete_memory_item))
}

/// Something that a tenant remembers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemoryItem)]
struct MemoryItemView {
    #[schema(value_type = schema::Id)]
    id: MemoryId,
    /// What it is.
    #[schema(value_type = schema::MemoryKind)]
    kind: MemoryKind,
    /// Who may see it: what is internal is never said to customers.
    #[schema(value_type = schema::Visibility)]
    visibility: Visibility,
    /// The question it answers, or its heading.
    title: Option<String>,
    /// The fact, the answer, what was said.
    text: String,
    /// Instagram's id of the person it is about or came from.
    person: Option<String>,
    /// The account it came through.
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// The conversation it came from.
    #[schema(value_type = Option<schema::Id>)]
    conversation: Option<ConversationId>,
    /// Instagram's id of the media it is about.
    media: Option<String>,
    /// Where it comes from: `import:faq.md`, `api`, `approval`, `decision`.
    source: String,
    /// Its language, where that is known.
    #[schema(value_type = Option<schema::Language>)]
    language: Option<Language>,
    /// How much it counts among others; 1 is usual.
    weight: f32,
    /// How often it was remembered.
    seen: u32,
    /// When it was first remembered.
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it was last remembered.
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

impl From<MemoryItem> for MemoryItemView {
    fn from(item: MemoryItem) -> Self {
        Self {
            id: item.id,
            kind: item.kind,
            visibility: item.visibility,
            title: item.title,
            text: item.text,
            person: item.person,
            account: item.account,
            conversation: item.conversation,
            media: item.media,
            source: item.source,
            language: item.language,
            weight: item.weight,
            seen: item.seen,
            created_at: item.created_at,
            updated_at: item.updated_at,
        }
    }
}

/// Which items to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MemoryQuery {
    /// Only this kind.
    #[param(value_type = Option<schema::MemoryKind>)]
    kind: Option<MemoryKind>,
    /// Only this visibility.
    #[param(value_type = Option<schema::Visibility>)]
    visibility: Option<Visibility>,
    /// Only about or from this person, by Instagram's id.
    person: Option<String>,
    /// Only from this source, such as `import:faq.md`.
    source: Option<String>,
}

/// List what the tenant remembers, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/memory", tag = "memory", params(MemoryQuery),
    responses((status = 200, body = Page<MemoryItemView>)))]
async fn list_memory(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<MemoryQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<MemoryItemView>>, Problem> {
    let MemoryQuery { kind, visibility, person, source } = query;
    let filter = MemoryFilter { kind, visibility, person, source };
    let items = state.ports.memory.list(&access.tenant.id, &filter, page.request()).await?;
    Ok(Json(page.page(items, |item| item.id.0)))
}

/// Something to remember.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "visibility": "customer", "text": "We ship to all of Portugal." }))]
struct NewMemoryItem {
    /// What it is; a brand fact when left out.
    #[serde(default = "brand_fact")]
    #[schema(value_type = schema::MemoryKind)]
    kind: MemoryKind,
    /// Who may see it: `customer` for what may be said to anybody, `internal` for notes.
    #[schema(value_type = schema::Visibility)]
    visibility: Visibility,
    /// The question it answers, or its heading; at most 500 characters.
    #[serde(default)]
    title: Option<String>,
    /// The fact, the answer; 1 to 4,000 characters.
    text: String,
    /// Instagram's id of the person it is about; it goes when that person is forgotten.
    #[serde(default, deserialize_with = "maybe_words")]
    person: Option<String>,
    /// Its language.
    #[serde(default)]
    #[schema(value_type = Option<schema::Language>)]
    language: Option<Language>,
    /// How much it counts among others, 0 to 10; 1 when left out.
    #[serde(default = "usual_weight")]
    weight: f32,
}

fn brand_fact() -> MemoryKind {
    MemoryKind::BrandFact
}

fn usual_weight() -> f32 {
    1.0
}

/// Remember something. What is remembered already counts once more, and is answered with the item that there is.
#[utoipa::path(post, path = "/tenants/{tenant}/memory", tag = "memory", request_body = NewMemoryItem,
    responses((status = 201, body = MemoryItemView)))]
async fn add_to_memory(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewMemoryItem>,
) -> Result<(StatusCode, Json<MemoryItemView>), Problem> {
    let act = access.caller.act(&state);
    let (id, tenant) = (MemoryId::new(&state.ports.ids), access.tenant.id);
    if new.kind.is_personal() && new.person.is_none() {
        return Err(Problem::invalid("person", "is needed for what is about one person"));
    }
    let item = MemoryItem {
        title: new.title.map(|title| title.trim().to_owned()).filter(|title| !title.is_empty()),
        person: new.person,
        language: new.language,
        weight: new.weight,
        ..MemoryItem::new(id, tenant, new.kind, new.visibility, new.text.trim(), "api", act.at)
    };
    item.check()?;
    let limit = state.ports.memory.stats(&tenant).await?.limit;
    write::commit(&state, act.remember(item.clone(), limit)).await?;
    let stored = state.ports.memory.find_same(&tenant, &item).await?;
    Ok((StatusCode::CREATED, Json(stored.unwrap_or(item).into())))
}

#[derive(Debug, Deserialize)]
struct ItemPath {
    item: MemoryId,
}

async fn find(state: &AppState, access: &TenantAccess, item: &MemoryId) -> Result<MemoryItem, Problem> {
    let item = state.ports.memory.find(&access.tenant.id, item).await?;
    item.ok_or_else(|| Problem::not_found("item of memory"))
}

/// Read an item.
#[utoipa::path(get, path = "/tenants/{tenant}/memory/{item}", tag = "memory",
    responses((status = 200, body = MemoryItemView)))]
async fn get_memory_item(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<ItemPath>,
    State(state): State<AppState>,
) -> Result<Json<MemoryItemView>, Problem> {
    Ok(Json(find(&state, &access, &path.item).await?.into()))
}

/// Forget an item. Its row is gone with the answer; what stands for it in the search index goes when that is next
/// built, and is never told.
#[utoipa::path(delete, path = "/tenants/{tenant}/memory/{item}", tag = "memory", responses((status = 204)))]
async fn delete_memory_item(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<ItemPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let item = find(&state, &access, &path.item).await?;
    write::commit(&state, access.caller.act(&state).forget_item(&item)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct PersonPath {
    person: String,
}

/// What is left to do after a person was forgotten.
#[derive(Debug, Serialize, ToSchema)]
struct Forgotten {
    /// In words: what is being done.
    index: String,
}

/// Forget a person: everything about or from them is removed from memory, and the search index is built anew, so that
/// nothing of it is left there. Their messages and comments, drafts that answer them and the deliveries that brought them
/// are emptied; drafts that wait are closed; their name, their lead and what people were told of them go. That the
/// conversation was and what was decided stays, and so does the audit log until its retention ends.
///
/// With either answer what was known is gone and is told to nobody any more. 204 says that nothing is left in the files of
/// the index either; 202 that these are still being built anew, in the background.
#[utoipa::path(delete, path = "/tenants/{tenant}/memory/people/{person}", tag = "memory",
    params(("person" = String, Path, description = "Instagram's id of the person.")),
    responses((status = 204), (status = 202, body = Forgotten)))]
async fn forget_person(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<PersonPath>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let (memory, tenant) = (&state.ports.memory, access.tenant.id);
    if !state.ports.comms.knows_person(&tenant, &path.person).await? {
        return Err(Problem::not_found("person"));
    }
    write::commit(&state, access.caller.act(&state).forget_person(tenant, &path.person)).await?;
    let erasing = erase_from_index(Arc::clone(memory), Arc::clone(&state.ports.clock), tenant);
    let erasing = state.ports.tasks.spawn("memory.erase", erasing);
    tokio::select! {
        biased;
        Ok(true) = erasing => Ok(StatusCode::NO_CONTENT.into_response()),
        () = state.ports.clock.sleep(PATIENCE) => {
            let index = "the search index is being built anew in the background".to_owned();
            Ok((StatusCode::ACCEPTED, Json(Forgotten { index })).into_response())
        }
    }
}

/// How large a memory is.
#[derive(Debug, Serialize, ToSchema)]
struct MemoryStatus {
    /// All items.
    items: u64,
    /// Items by kind; kinds without items are left out.
    kinds: Vec<KindCount>,
    /// Bytes of their texts.
    bytes: u64,
    /// Most items: above it the least useful interactions go. `null` when there is no limit.
    limit: Option<u64>,
    /// How the search index stands.
    index: String,
}

/// How many items of a kind there are.
#[derive(Debug, Serialize, ToSchema)]
struct KindCount {
    /// The kind.
    #[schema(value_type = schema::MemoryKind)]
    kind: MemoryKind,
    /// How many.
    items: u64,
}

/// Read how much the tenant remembers, and how its search index stands.
#[utoipa::path(get, path = "/tenants/{tenant}/memory/status", tag = "memory",
    responses((status = 200, body = MemoryStatus)))]
async fn memory_status(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<MemoryStatus>, Problem> {
    let stats = state.ports.memory.stats(&access.tenant.id).await?;
    Ok(Json(MemoryStatus {
        items: stats.total(),
        kinds: stats.items.into_iter().map(|(kind, items)| KindCount { kind, items }).collect(),
        bytes: stats.bytes,
        limit: (stats.limit > 0).then_some(stats.limit),
        index: stats.index,
    }))
}
