//! Conversations: threads under comments, and direct messages with one person.

mod messages;

use std::collections::HashMap;

use actors::learning::verdict_of_take_over;
use actors::notices::owner_changed;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::conversation::{Conversation, ConversationKind, Direction, LastWords, Owner};
use tenants::ids::{AccountId, ConversationId};
use tenants::ports::{ConversationFilter, TimePosition};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::PersonView;
use super::posted_under::{PostedUnderView, Posts};
use super::write;
use crate::administration::Act;
use crate::http::access::{TenantAccess, TenantOperate, TenantRead};
use crate::http::extract::{JsonBody, Page, PathIds, QueryOf, TimePage, maybe_words};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_conversations))
        .routes(routes!(get_conversation))
        .routes(routes!(messages::list_messages))
        .routes(routes!(take_over))
        .routes(routes!(hand_back))
        .routes(routes!(assign))
}

/// The state of one conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
struct ConversationView {
    #[schema(value_type = schema::Id)]
    id: ConversationId,
    #[schema(value_type = schema::Id)]
    account: AccountId,
    /// Its kind.
    #[schema(value_type = schema::ConversationKind)]
    kind: ConversationKind,
    /// Author of the top comment, or partner of the direct messages.
    person: PersonView,
    /// Who answers: Troupe is silent while a person has it.
    #[schema(value_type = schema::Owner)]
    owner: Owner,
    /// When the owner last changed.
    #[schema(value_type = schema::Moment)]
    owner_since: Timestamp,
    /// Direct messages only: until when we may write.
    #[schema(value_type = Option<schema::Moment>)]
    window_ends_at: Option<Timestamp>,
    /// The person asked us to stop.
    #[schema(value_type = Option<schema::Moment>)]
    opted_out_at: Option<Timestamp>,
    /// Last sign of the person.
    #[schema(value_type = Option<schema::Moment>)]
    last_inbound_at: Option<Timestamp>,
    /// Last thing the account wrote.
    #[schema(value_type = Option<schema::Moment>)]
    last_outbound_at: Option<Timestamp>,
    /// Direct messages only: when the person was last told that a program answers.
    #[schema(value_type = Option<schema::Moment>)]
    disclosed_at: Option<Timestamp>,
    /// The person of the brand or agency who takes care of it.
    assigned_to: Option<String>,
    /// What was said last; `null` where nothing was.
    last_words: Option<LastWordsView>,
    /// The post under which it was said; `null` of direct messages.
    post: Option<PostedUnderView>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When something last happened in it.
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

/// What was said last in a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastWords)]
struct LastWordsView {
    /// `inbound`: the person said it. Of comments the person's last one counts, whether it was answered or not.
    #[schema(value_type = schema::Direction)]
    direction: Direction,
    /// The words; empty where there are none, of a picture for instance.
    text: String,
}

impl ConversationView {
    fn new(conversation: Conversation, words: Option<LastWords>, posts: &Posts) -> Self {
        let (last_words, media) = match words {
            Some(LastWords { conversation: _, direction, text, media }) => {
                (Some(LastWordsView { direction, text }), media)
            }
            None => (None, None),
        };
        Self {
            last_words,
            post: media.map(|media| posts.view(media)),
            id: conversation.id,
            account: conversation.account,
            kind: conversation.kind,
            person: conversation.person.into(),
            owner: conversation.owner,
            owner_since: conversation.owner_since,
            window_ends_at: conversation.window_ends_at,
            opted_out_at: conversation.opted_out_at,
            last_inbound_at: conversation.last_inbound_at,
            last_outbound_at: conversation.last_outbound_at,
            disclosed_at: conversation.disclosed_at,
            assigned_to: conversation.assigned_to,
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}

/// Which conversations to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ConversationQuery {
    /// Only this kind.
    #[param(value_type = Option<schema::ConversationKind>)]
    kind: Option<ConversationKind>,
    /// Only with this owner.
    #[param(value_type = Option<schema::Owner>)]
    owner: Option<Owner>,
    /// Only this account.
    #[param(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
}

/// List conversations, those first in which something happened last.
#[utoipa::path(get, path = "/tenants/{tenant}/conversations", tag = "conversations", params(ConversationQuery),
    responses((status = 200, body = Page<ConversationView>)))]
async fn list_conversations(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<ConversationQuery>,
    page: TimePage,
    State(state): State<AppState>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let ConversationQuery { kind, owner, account } = query;
    let filter = ConversationFilter { kind, owner, account };
    let (store, tenant) = (&state.ports.store, &access.tenant.id);
    let (after, limit) = page.request();
    let mut conversations = store.list_conversations(tenant, &filter, after, limit).await?;
    let next_cursor = page.cut(&mut conversations, TimePosition::of_conversation);
    let items = views(&state, &access, conversations).await?;
    Ok(Json(Page { items, next_cursor }))
}

/// Conversations as they are shown: with what was said last, and where.
async fn views(
    state: &AppState,
    access: &TenantAccess,
    conversations: Vec<Conversation>,
) -> Result<Vec<ConversationView>, Problem> {
    let ids: Vec<ConversationId> = conversations.iter().map(|conversation| conversation.id).collect();
    let words = state.ports.store.last_words(&access.tenant.id, &ids).await?;
    let posts = Posts::find(state, access, words.iter().filter_map(|words| words.media.as_ref())).await?;
    let mut words: HashMap<ConversationId, LastWords> =
        words.into_iter().map(|words| (words.conversation, words)).collect();
    let with_its_own = |conversation: Conversation| {
        let words = words.remove(&conversation.id);
        ConversationView::new(conversation, words, &posts)
    };
    Ok(conversations.into_iter().map(with_its_own).collect())
}

/// A conversation as it is shown.
async fn view(
    state: &AppState,
    access: &TenantAccess,
    conversation: Conversation,
) -> Result<Json<ConversationView>, Problem> {
    let mut views = views(state, access, vec![conversation]).await?;
    Ok(Json(views.remove(0)))
}

#[derive(Debug, Deserialize)]
struct ConversationPath {
    conversation: ConversationId,
}

async fn find(
    state: &AppState,
    access: &TenantAccess,
    conversation: &ConversationId,
) -> Result<Conversation, Problem> {
    let conversation = state.ports.store.find_conversation(&access.tenant.id, conversation).await?;
    conversation.ok_or_else(|| Problem::not_found("conversation"))
}

/// Read a conversation.
#[utoipa::path(get, path = "/tenants/{tenant}/conversations/{conversation}", tag = "conversations",
    responses((status = 200, body = ConversationView)))]
async fn get_conversation(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<ConversationPath>,
    State(state): State<AppState>,
) -> Result<Json<ConversationView>, Problem> {
    let conversation = find(&state, &access, &path.conversation).await?;
    view(&state, &access, conversation).await
}

/// Take a conversation over: Troupe says nothing in it until it is handed back. Doing it again changes nothing.
#[utoipa::path(post, path = "/tenants/{tenant}/conversations/{conversation}/take-over", tag = "conversations",
    responses((status = 200, body = ConversationView)))]
async fn take_over(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<ConversationPath>,
    State(state): State<AppState>,
) -> Result<Json<ConversationView>, Problem> {
    set_owner(&state, &access, &path.conversation, Owner::Human, "conversation.taken_over").await
}

/// Hand a conversation back to Troupe. Doing it again changes nothing.
#[utoipa::path(post, path = "/tenants/{tenant}/conversations/{conversation}/hand-back", tag = "conversations",
    responses((status = 200, body = ConversationView)))]
async fn hand_back(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<ConversationPath>,
    State(state): State<AppState>,
) -> Result<Json<ConversationView>, Problem> {
    set_owner(&state, &access, &path.conversation, Owner::Bot, "conversation.handed_back").await
}

/// Who is to take care of a conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Assignment {
    /// A name or handle of at most 200 characters; `null` means nobody.
    #[serde(default, deserialize_with = "maybe_words")]
    to: Option<String>,
}

/// Give a conversation to a person of the brand or agency, or to nobody. It changes nothing about who answers.
#[utoipa::path(post, path = "/tenants/{tenant}/conversations/{conversation}/assign", tag = "conversations",
    request_body = Assignment, responses((status = 200, body = ConversationView)))]
async fn assign(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<ConversationPath>,
    State(state): State<AppState>,
    JsonBody(assignment): JsonBody<Assignment>,
) -> Result<Json<ConversationView>, Problem> {
    let conversation = find(&state, &access, &path.conversation).await?;
    let to = assignment.to;
    if to.as_ref().is_some_and(|to| to.chars().count() > 200) {
        return Err(Problem::invalid("to", "must have at most 200 characters"));
    }
    let act = access.caller.act(&state);
    let resource = ("conversation", conversation.id.to_string());
    let entry = act.audit("conversation.assigned", resource, json!({ "to": to }));
    let change = Change::AssignConversation { conversation: conversation.id, to, at: act.at };
    write::commit(&state, Changes::of_tenant(access.tenant.id).with(change).with(entry)).await?;
    let conversation = find(&state, &access, &path.conversation).await?;
    view(&state, &access, conversation).await
}

/// Whoever takes over right after an answer that left by itself says by that what they think of it.
async fn blame(
    state: &AppState,
    access: &TenantAccess,
    conversation: &ConversationId,
    act: &Act<'_>,
) -> Result<Option<Change>, Problem> {
    let (store, tenant) = (state.ports.store.as_ref(), &access.tenant.id);
    let earned = store.earned_modes(tenant).await?;
    let by = (act.by.as_str(), act.at);
    let verdict = verdict_of_take_over(store, tenant, conversation, &earned, by, act.ids).await?;
    Ok(verdict.map(|verdict| Change::AddVerdict(Box::new(verdict))))
}

async fn set_owner(
    state: &AppState,
    access: &TenantAccess,
    conversation: &ConversationId,
    owner: Owner,
    event_type: &str,
) -> Result<Json<ConversationView>, Problem> {
    let mut conversation = find(state, access, conversation).await?;
    if conversation.owner != owner {
        let act = access.caller.act(state);
        conversation.owner = owner;
        conversation.owner_since = act.at;
        conversation.updated_at = act.at;
        let resource = ("conversation", conversation.id.to_string());
        let mut changes = Changes::of_tenant(access.tenant.id)
            .with(Change::PutConversation(Box::new(conversation.clone())))
            .with(act.audit(event_type, resource, json!({ "owner": owner })))
            .with(owner_changed(&access.tenant, &conversation, &act.by, act.ids, act.at));
        if owner == Owner::Human {
            changes.list.extend(blame(state, access, &conversation.id, &act).await?);
        }
        write::commit(state, changes).await?;
        state.learner.learn_for(&access.tenant.id).await;
    }
    view(state, access, conversation).await
}
