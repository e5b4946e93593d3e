//! Writes of the gateway: each becomes an effect in the queue (a post: several), and is answered before it is sent.
//!
//! With an `Idempotency-Key` the effect's own key is made of it, so that the same request makes the same effect whatever
//! happens in between.

use actors::decide::{OutsideSend, SendRefused, queue_outside};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tenants::account::{Account, TenantStatus};
use tenants::clock::Timestamp;
use tenants::conversation::{Comment, Conversation, ConversationKind, direct_key};
use tenants::effect::{Action, Effect, IdempotencyKey, ReplyTarget, SkipReason, check_quick_replies};
use tenants::ids::AccountId;
use tenants::ports::Hint;
use utoipa::ToSchema;

use super::account_of;
use super::views::{PublishingView, QueuedView};
use crate::http::access::{TenantAccess, TenantOperate};
use crate::http::api::posts::{self, PostDocument};
use crate::http::extract::JsonBody;
use crate::http::idempotency::Repeatable;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

/// Longest id of Instagram's.
const LONGEST_ID: usize = 512;

/// A public answer to a comment or mention, or the one private answer to a comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GatewayCommentReply, example = json!({ "comment_id": "17870913679156914", "text": "Yes, we do!" }))]
pub(super) struct CommentReply {
    /// The account; the only one of the tenant when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// Instagram's id of the comment: `external_id` of a comment that Troupe has seen.
    comment_id: String,
    /// The answer.
    text: String,
    /// Answer in a direct message: once for each comment, within 7 days.
    #[serde(default)]
    private: bool,
}

/// A direct message that answers a certain message.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GatewayDmReply, example = json!({ "recipient_id": "5550001", "message_id": "aWdfZAG1faXRlbTo", "text": "It is ready." }))]
pub(super) struct DmReply {
    /// The account; the only one of the tenant when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// Instagram's id of the person, as in `person.id` of the conversation.
    recipient_id: String,
    /// Instagram's id of the message that is answered.
    message_id: String,
    /// The message, at most 1,000 bytes.
    text: String,
}

/// A direct message to somebody who has written within the last 24 hours.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GatewayDm, example = json!({ "recipient_id": "5550001", "text": "Your cake is ready." }))]
pub(super) struct Dm {
    /// The account; the only one of the tenant when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// Instagram's id of the person, as in `person.id` of the conversation.
    recipient_id: String,
    /// The message, at most 1,000 bytes.
    text: String,
    /// Up to 13 answers to tap, of 1 to 20 characters each.
    #[serde(default)]
    quick_replies: Vec<String>,
}

/// Queue an answer to a comment or mention.
///
/// Refused with 409 when a rule of the policy forbids it, which `rule` names, and with 422 when the words do not pass the
/// guards, which `guards` names.
#[utoipa::path(post, path = "/tenants/{tenant}/gateway/reply-comment", tag = "gateway", request_body = CommentReply,
    responses((status = 202, description = "It waits in the queue.", body = QueuedView)))]
pub(super) async fn reply_comment(
    TenantOperate(access): TenantOperate,
    repeatable: Repeatable,
    State(state): State<AppState>,
    JsonBody(reply): JsonBody<CommentReply>,
) -> Result<Response, Problem> {
    let account = account_of(&state, &access, reply.account).await?;
    let (store, tenant) = (&state.ports.store, &access.tenant.id);
    let id = checked_id("comment_id", &reply.comment_id)?;
    let comment = store.find_comment_by_external_id(tenant, &account.id, id).await?;
    let comment = comment.ok_or_else(unknown_comment)?;
    let thread = store.find_conversation(tenant, &comment.conversation).await?;
    let thread = thread.ok_or_else(unknown_comment)?;
    let direct = direct_with(&state, &access, &account, &comment.author.id).await?;
    let action = match reply.private {
        true => Action::PrivateReply { comment_id: id.to_owned(), text: reply.text },
        false => Action::ReplyComment { target: target_of(&comment, &thread), text: reply.text },
    };
    let asked = Asked { account, thread, direct, comment: Some(comment), action };
    queue(&state, &access, &repeatable, asked).await
}

/// Queue a direct message that answers a certain message. Refused like an answer to a comment.
#[utoipa::path(post, path = "/tenants/{tenant}/gateway/reply-dm", tag = "gateway", request_body = DmReply,
    responses((status = 202, description = "It waits in the queue.", body = QueuedView)))]
pub(super) async fn reply_dm(
    TenantOperate(access): TenantOperate,
    repeatable: Repeatable,
    State(state): State<AppState>,
    JsonBody(reply): JsonBody<DmReply>,
) -> Result<Response, Problem> {
    let mid = checked_id("message_id", &reply.message_id)?.to_owned();
    let account = account_of(&state, &access, reply.account).await?;
    let action = Action::ReplyDm { recipient_id: reply.recipient_id.clone(), mid, text: reply.text };
    direct_message(&state, &access, &repeatable, account, &reply.recipient_id, action).await
}

/// Queue a direct message to somebody who has written within the last 24 hours. Refused like an answer to a comment.
#[utoipa::path(post, path = "/tenants/{tenant}/gateway/send-dm", tag = "gateway", request_body = Dm,
    responses((status = 202, description = "It waits in the queue.", body = QueuedView)))]
pub(super) async fn send_dm(
    TenantOperate(access): TenantOperate,
    repeatable: Repeatable,
    State(state): State<AppState>,
    JsonBody(dm): JsonBody<Dm>,
) -> Result<Response, Problem> {
    let account = account_of(&state, &access, dm.account).await?;
    let (recipient_id, text, quick_replies) = (dm.recipient_id.clone(), dm.text, dm.quick_replies);
    let action = if quick_replies.is_empty() {
        Action::SendDm { recipient_id, text }
    } else {
        check_quick_replies(&quick_replies).map_err(|problem| Problem::invalid("quick_replies", problem))?;
        Action::AskDm { recipient_id, text, quick_replies }
    };
    direct_message(&state, &access, &repeatable, account, &dm.recipient_id, action).await
}

/// Publish a post now, through the same steps and approvals as any other: where the tenant wants somebody's yes first, it
/// waits for that. To publish later, create a post with `scheduled_at` instead. Refused with 422 when caption or first
/// comment do not pass the guards, which `guards` names.
#[utoipa::path(post, path = "/tenants/{tenant}/gateway/publish-post", tag = "gateway", request_body = PostDocument,
    responses((status = 202, description = "It is on its way.", body = PublishingView)))]
pub(super) async fn publish_gateway_post(
    TenantOperate(access): TenantOperate,
    repeatable: Repeatable,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<PostDocument>,
) -> Result<Response, Problem> {
    if access.tenant.status == TenantStatus::Suspended {
        return Err(SendRefused::Policy { reason: SkipReason::TenantSuspended }.into());
    }
    let tenant = access.tenant.id;
    let id = repeatable.post_id(&state.ports.ids);
    let post = match state.ports.posts.find_post(&tenant, &id).await? {
        Some(post) => post,
        None => posts::publish_as(&state, &access, id, document).await?,
    };
    let status_url = format!("/api/v1/tenants/{tenant}/posts/{id}");
    let view = PublishingView { post: post.into(), status_url: status_url.clone() };
    Ok(accepted(&status_url, Json(view)))
}

/// Something to be sent, with the rows it needs.
struct Asked {
    account: Account,
    thread: Conversation,
    direct: Option<Conversation>,
    comment: Option<Comment>,
    action: Action,
}

async fn direct_message(
    state: &AppState,
    access: &TenantAccess,
    repeatable: &Repeatable,
    account: Account,
    recipient_id: &str,
    action: Action,
) -> Result<Response, Problem> {
    checked_id("recipient_id", recipient_id)?;
    let thread = direct_with(state, access, &account, recipient_id).await?;
    // Who never wrote must not be written to, and there is no conversation with them.
    let thread = thread.ok_or(SendRefused::Policy { reason: SkipReason::WindowClosed })?;
    let asked = Asked { account, direct: Some(thread.clone()), thread, comment: None, action };
    queue(state, access, repeatable, asked).await
}

async fn direct_with(
    state: &AppState,
    access: &TenantAccess,
    account: &Account,
    person: &str,
) -> Result<Option<Conversation>, Problem> {
    if person.is_empty() {
        return Ok(None);
    }
    let keys = [(account.id, direct_key(person))];
    Ok(state.ports.store.load_conversations(&access.tenant.id, &keys).await?.pop())
}

/// Queues it, unless the same request has queued it before.
async fn queue(
    state: &AppState,
    access: &TenantAccess,
    repeatable: &Repeatable,
    asked: Asked,
) -> Result<Response, Problem> {
    let (tenant, ids) = (&access.tenant, &state.ports.ids);
    let key = repeatable.effect_key(&tenant.id, asked.action.action_type(), ids);
    let effect = match state.outside.find_effect_by_key(&tenant.id, &key).await? {
        Some(effect) => effect,
        None => commit(state, access, key, asked).await?,
    };
    let status_url = format!("/api/v1/tenants/{}/queue/{}", tenant.id, effect.id);
    let view = QueuedView { effect: effect.into(), status_url: status_url.clone() };
    Ok(accepted(&status_url, Json(view)))
}

async fn commit(
    state: &AppState,
    access: &TenantAccess,
    key: IdempotencyKey,
    asked: Asked,
) -> Result<Effect, Problem> {
    let tenant = &access.tenant;
    let settings = state.ports.store.find_settings(&tenant.id).await?.unwrap_or_default();
    let send = OutsideSend {
        tenant,
        settings: &settings,
        account: &asked.account,
        thread: &asked.thread,
        direct: asked.direct.as_ref(),
        comment: asked.comment.as_ref(),
        action: asked.action,
        key: key.clone(),
        who: access.caller.actor(),
    };
    let now: Timestamp = state.ports.clock.now();
    let (queued, changes) = queue_outside(&send, now, &state.ports.ids)?;
    state.ports.store.commit(changes).await?;
    for hint in [Hint::Effects(tenant.id), Hint::Audit(tenant.id)] {
        state.ports.wake.send(hint);
    }
    // Of two that were queued at once under one key, the first stands.
    let stands = state.outside.find_effect_by_key(&tenant.id, &key).await?;
    Ok(stands.unwrap_or(queued))
}

/// What a public answer to a comment is addressed to.
fn target_of(comment: &Comment, thread: &Conversation) -> ReplyTarget {
    let comment_id = comment.external_id.clone();
    match (&comment.media_external_id, thread.kind) {
        (Some(media_id), ConversationKind::Mention) => ReplyTarget::Mention {
            media_id: media_id.clone(),
            comment_id: (*media_id != comment_id).then_some(comment_id),
        },
        _ => ReplyTarget::Comment { comment_id },
    }
}

fn accepted<T: IntoResponse>(status_url: &str, body: T) -> Response {
    let mut response = (StatusCode::ACCEPTED, body).into_response();
    let location = HeaderValue::from_str(status_url);
    response.headers_mut().extend(location.ok().map(|location| (header::LOCATION, location)));
    response
}

/// An id of Instagram's, as far as it can be told from others by looking.
fn checked_id<'a>(field: &str, id: &'a str) -> Result<&'a str, Problem> {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '=' | ':' | '.');
    if (1..=LONGEST_ID).contains(&id.len()) && id.chars().all(is_harmless) {
        return Ok(id);
    }
    Err(Problem::invalid(field, "must be an id of Instagram: 1 to 512 letters, digits and `_-=:.`"))
}

fn unknown_comment() -> Problem {
    let detail = "Troupe has seen no comment with this id of Instagram's under this account's media or about it: look it up \
                  under /comments, or wait until its webhook has come";
    Problem::new(ProblemKind::NotFound, detail)
}

impl From<SendRefused> for Problem {
    fn from(refused: SendRefused) -> Self {
        let detail = refused.to_string();
        match refused {
            SendRefused::Policy { reason } => Problem::conflict(detail).with("rule", reason.as_str()),
            SendRefused::QuietHours { until } => {
                Problem::conflict(detail).with("rule", "quiet_hours").with("until", until.to_string())
            }
            SendRefused::Words(problems) => {
                let guards: Vec<_> = problems
                    .into_iter()
                    .map(|it| json!({ "guard": it.guard, "problem": it.problem }))
                    .collect();
                Problem::new(ProblemKind::InvalidContent, detail).with("field", "text").with("guards", guards)
            }
        }
    }
}
