//! The rows that keep what was said.

use std::time::Duration;

use tenants::approval::{Approval, ApprovalStatus};
use tenants::clock::Timestamp;
use tenants::conversation::{Comment, CommentStatus, Conversation, Direction, Message};
use tenants::decision::Outcome;
use tenants::event::{EventBody, InboxEvent};
use tenants::ids::{ApprovalId, CommentId, DecisionId, EffectId, Ids, MessageId};
use tenants::policy::deadline;
use tenants::settings::TenantSettings;

use super::heard::{Heard, Place};
use super::judgement::{Judgement, Question};
use super::lessons::basis_of;
use super::matter::OwnWords;
use super::work::Workings;

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Longest address of an attachment that is kept, in bytes.
const LONGEST_URL: usize = 4_000;

/// The row of a comment or mention; `None` for direct messages.
pub(super) fn comment_row(
    event: &InboxEvent,
    heard: &Heard,
    thread: &Conversation,
    judgement: &Judgement,
    ids: &Ids,
    now: Timestamp,
) -> Option<Comment> {
    let (external_id, parent, media) = match &heard.place {
        Place::Comment { comment_id, parent_id, media_id, .. } => {
            (comment_id, parent_id.clone(), media_id.clone())
        }
        // A mention in a caption has no comment: the media stands for it.
        Place::Mention { media_id, comment_id } => {
            (comment_id.as_ref().unwrap_or(media_id), None, Some(media_id.clone()))
        }
        Place::Direct { .. } => return None,
    };
    let mut comment = Comment {
        id: CommentId::new(ids),
        account: thread.account,
        conversation: thread.id,
        event: event.id,
        external_id: external_id.clone(),
        parent_external_id: parent,
        media_external_id: media,
        author: heard.author.clone(),
        text: heard.text.clone(),
        intent: None,
        confidence: None,
        sentiment: None,
        language: None,
        status: status_of(judgement),
        reply: judgement.words().map(str::to_owned),
        tags: judgement.tags.clone(),
        assigned_to: judgement.assigned_to.clone(),
        occurred_at: heard.written_at,
        created_at: now,
    };
    if let Some(found) = &judgement.work.classification {
        comment.classify(found);
    }
    Some(comment)
}

fn status_of(judgement: &Judgement) -> CommentStatus {
    match judgement.outcome {
        Outcome::Act => CommentStatus::Queued,
        Outcome::Draft => CommentStatus::AwaitingApproval,
        Outcome::Escalate => CommentStatus::Escalated,
        Outcome::Ignore => CommentStatus::Ignored,
        Outcome::Record => CommentStatus::Seen,
    }
}

/// The row of a direct message from a person; `None` for everything else, and for taps that have no id.
pub(super) fn message_row(
    event: &InboxEvent,
    heard: &Heard,
    thread: &Conversation,
    judgement: &Judgement,
    ids: &Ids,
    now: Timestamp,
) -> Option<Message> {
    let Place::Direct { mid: Some(mid), .. } = &heard.place else { return None };
    let mut message = Message {
        id: MessageId::new(ids),
        account: thread.account,
        conversation: thread.id,
        external_id: mid.clone(),
        direction: Direction::Inbound,
        text: heard.text.clone(),
        attachments: heard.attachments.clone(),
        attachment_urls: attachment_urls(event, heard.attachments.len()),
        effect: None,
        intent: None,
        confidence: None,
        sentiment: None,
        language: None,
        deleted: false,
        occurred_at: heard.written_at,
        created_at: now,
    };
    if let Some(found) = &judgement.work.classification {
        message.classify(found);
    }
    Some(message)
}

/// The row of a direct message that the account sent, by us or by a person.
pub(super) fn own_message_row(
    event: &InboxEvent,
    own: &OwnWords,
    thread: &Conversation,
    effect: Option<EffectId>,
    ids: &Ids,
    now: Timestamp,
) -> Message {
    Message {
        id: MessageId::new(ids),
        account: thread.account,
        conversation: thread.id,
        external_id: own.instagram_id.clone(),
        direction: Direction::Outbound,
        text: own.text.clone(),
        attachments: own.attachments.clone(),
        attachment_urls: attachment_urls(event, own.attachments.len()),
        effect,
        intent: None,
        confidence: None,
        sentiment: None,
        language: None,
        deleted: false,
        occurred_at: own.written_at,
        created_at: now,
    }
}

/// Where attachments can be fetched for a short time, one for each of their kinds. What is no address of the web, or
/// longer than any, is left out.
fn attachment_urls(event: &InboxEvent, kinds: usize) -> Vec<Option<String>> {
    let EventBody::Message(message) = &event.body else { return Vec::new() };
    let is_usable = |url: &String| url.len() <= LONGEST_URL && url.starts_with("https://");
    let urls = message.attachments.iter().map(|it| it.url.clone().filter(is_usable));
    let mut urls: Vec<Option<String>> = urls.collect();
    if urls.iter().all(Option::is_none) {
        return Vec::new();
    }
    urls.resize(kinds, None);
    urls
}

/// What an approval is made of.
pub(super) struct Asking<'a> {
    pub event: &'a InboxEvent,
    pub heard: &'a Heard,
    pub thread: &'a Conversation,
    pub decision: DecisionId,
    pub question: &'a Question,
    pub work: &'a Workings,
    pub settings: &'a TenantSettings,
    pub now: Timestamp,
}

/// The question to a person about an event.
pub(super) fn approval_row(asking: &Asking<'_>, ids: &Ids) -> Approval {
    let Asking { event, heard, thread, decision, question, now, .. } = *asking;
    Approval {
        id: ApprovalId::new(ids),
        kind: question.kind,
        account: thread.account,
        conversation: thread.id,
        event: event.id,
        decision,
        proposed: question.proposed.clone(),
        reason: question.reason.clone(),
        incoming_text: heard.text.clone(),
        basis: Some(basis_of(asking.work)),
        status: ApprovalStatus::Pending,
        decided_by: None,
        decided_at: None,
        edited_text: None,
        comment: None,
        expires_at: expiry(asking),
        created_at: now,
    }
}

/// A draft is worth nothing after the last window in which it could be sent has closed. An escalation stays: a
/// person can still act on it by other means.
fn expiry(asking: &Asking<'_>) -> Timestamp {
    let own_limit = asking.now + DAY * asking.settings.approval_days;
    let window_of = |action| deadline(action, Some(asking.thread), asking.heard.written_at);
    let windows = asking.question.proposed.iter().filter_map(window_of);
    windows.min().map_or(own_limit, |window| own_limit.min(window))
}
