//! Direct messages of a conversation.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tenants::clock::Timestamp;
use tenants::conversation::{Direction, Message};
use tenants::ids::{EffectId, MessageId};
use tenants::intent::{Intent, Language, Sentiment};
use utoipa::ToSchema;

use super::{ConversationPath, find};
use crate::http::access::TenantRead;
use crate::http::extract::{Page, PageOf, PathIds};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

/// A direct message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    #[schema(value_type = schema::Id)]
    id: MessageId,
    /// Instagram's id.
    external_id: String,
    /// Which way it went.
    #[schema(value_type = schema::Direction)]
    direction: Direction,
    /// What it says; empty when the sender took it back.
    text: String,
    /// Kinds of its attachments.
    attachments: Vec<String>,
    /// Where they can be fetched, in the same order; empty where that is not known. Instagram's addresses expire, some
    /// within a day: fetch what you need soon, and do not keep the address.
    temporary_attachment_urls: Vec<Option<String>>,
    /// The effect that sent it, when we did.
    #[schema(value_type = Option<schema::Id>)]
    effect: Option<EffectId>,
    /// Intent found.
    #[schema(value_type = Option<schema::Intent>)]
    intent: Option<Intent>,
    /// Its probability, 0 to 1.
    confidence: Option<f32>,
    /// Feeling found.
    #[schema(value_type = Option<schema::Sentiment>)]
    sentiment: Option<Sentiment>,
    /// Language found.
    #[schema(value_type = Option<schema::Language>)]
    language: Option<Language>,
    /// The sender took it back.
    deleted: bool,
    /// When it was sent.
    #[schema(value_type = schema::Moment)]
    occurred_at: Timestamp,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            external_id: message.external_id,
            direction: message.direction,
            text: message.text,
            attachments: message.attachments,
            temporary_attachment_urls: message.attachment_urls,
            effect: message.effect,
            intent: message.intent,
            confidence: message.confidence,
            sentiment: message.sentiment,
            language: message.language,
            deleted: message.deleted,
            occurred_at: message.occurred_at,
        }
    }
}

/// List the direct messages of a conversation, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/conversations/{conversation}/messages", tag = "conversations",
    responses((status = 200, body = Page<MessageView>)))]
pub async fn list_messages(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<ConversationPath>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<MessageView>>, Problem> {
    let conversation = find(&state, &access, &path.conversation).await?;
    let messages =
        state.ports.store.list_messages(&access.tenant.id, &conversation.id, page.request()).await?;
    Ok(Json(page.page(messages, |message| message.id.0)))
}
