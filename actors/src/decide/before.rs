//! What was said before in a conversation, for models that want to know it.

use std::time::Duration;

use llm::Line;
use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;
use tenants::conversation::{Comment, Conversation, ConversationKind, Direction, Message};
use tenants::ids::oldest_uuid_of;
use tenants::ports::{CommentFilter, PageRequest, StoreError, TenantContext};
use tracing::warn;

use super::heard::Heard;
use super::senses::Senses;

/// Rows that are read.
const ROWS: u32 = 12;
/// Messages that follow one another within this time are one: people write in pieces.
const PAUSE: Duration = Duration::from_secs(180);

/// What was said before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Before {
    /// Oldest first, without what belongs to the burst.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// The text with what the same person wrote just before it, when nobody has answered that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<String>,
}

/// Reads what was said before `now`; nothing where no model wants to know it. A history that cannot be read is no
/// reason to leave a text unanswered.
pub(super) async fn said_before(
    ports: Senses<'_>,
    context: &TenantContext,
    thread: &Conversation,
    heard: &Heard,
    now: Timestamp,
) -> Before {
    if let Some(recorded) = ports.store.recorded_before() {
        return recorded;
    }
    if !ports.llm.reads_history() {
        return Before::default();
    }
    // By the ids of rows, so that deciding the same again at the same moment sees the same.
    let page = PageRequest { before: Some(oldest_uuid_of(now)), limit: ROWS };
    let read = match thread.kind {
        ConversationKind::Direct => messages(ports, context, thread, heard, page).await,
        ConversationKind::CommentThread | ConversationKind::Mention => {
            comments(ports, context, thread, heard, page).await
        }
    };
    read.unwrap_or_else(|error| {
        warn!(tenant.id = %context.tenant.id, %error, "what was said before cannot be read");
        Before::default()
    })
}

async fn messages(
    ports: Senses<'_>,
    context: &TenantContext,
    thread: &Conversation,
    heard: &Heard,
    page: PageRequest,
) -> Result<Before, StoreError> {
    let mut found = ports.store.list_messages(&context.tenant.id, &thread.id, page).await?;
    found.reverse();
    found.retain(|message| !message.deleted && !message.text.trim().is_empty() && !is_same(message, heard));
    let first = first_of_burst(&found, heard.written_at);
    let burst = found.split_off(first);
    let lines = found.into_iter().map(line_of_message).collect();
    Ok(Before { lines, burst: joined(burst, &heard.text) })
}

/// Where the messages begin that belong to what the person is saying now.
fn first_of_burst(messages: &[Message], mut next: Timestamp) -> usize {
    let mut first = messages.len();
    for message in messages.iter().rev() {
        let is_near = next.since(message.occurred_at) <= PAUSE;
        if message.direction != Direction::Inbound || !is_near {
            break;
        }
        next = message.occurred_at;
        first -= 1;
    }
    first
}

fn joined(burst: Vec<Message>, text: &str) -> Option<String> {
    if burst.is_empty() {
        return None;
    }
    let mut words: Vec<String> = burst.into_iter().map(|message| message.text).collect();
    words.push(text.to_owned());
    Some(words.join("\n"))
}

fn line_of_message(message: Message) -> Line {
    Line { ours: message.direction == Direction::Outbound, text: message.text }
}

/// The message itself, when it is decided a second time.
fn is_same(message: &Message, heard: &Heard) -> bool {
    heard.message_id() == Some(message.external_id.as_str())
}

/// What the same person said in the thread, and what it was answered.
async fn comments(
    ports: Senses<'_>,
    context: &TenantContext,
    thread: &Conversation,
    heard: &Heard,
    page: PageRequest,
) -> Result<Before, StoreError> {
    let filter = CommentFilter { conversation: Some(thread.id), ..CommentFilter::default() };
    let mut found = ports.store.list_comments(&context.tenant.id, &filter, page).await?;
    found.reverse();
    let own = found.into_iter().filter(|comment| {
        comment.author.id == heard.author.id && heard.comment_id() != Some(comment.external_id.as_str())
    });
    Ok(Before { lines: own.flat_map(lines_of_comment).collect(), burst: None })
}

fn lines_of_comment(comment: Comment) -> impl Iterator<Item = Line> {
    let reply = comment.reply.map(|text| Line { ours: true, text });
    [Some(Line { ours: false, text: comment.text }), reply].into_iter().flatten()
}
