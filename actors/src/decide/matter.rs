//! What an event is to us: somebody's words, our own words, a note, or a tick.

use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::event::{EventBody, EventKind, InboxEvent, MessageBody, Person};

use super::heard::{Heard, Place, kinds};

/// The account's own words, as Instagram reports them back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OwnWords {
    /// Id of the comment or message.
    pub instagram_id: String,
    pub text: String,
    /// Kinds of the attachments.
    pub attachments: Vec<String>,
    /// The partner of the direct messages; unknown for comments.
    pub partner: Option<Person>,
    /// The comment that a comment of our own answers.
    pub parent_id: Option<String>,
    pub written_at: Timestamp,
}

/// What an event is to us.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Matter {
    /// Words from somebody else.
    Said(Heard),
    /// Words from somebody else that must be read first.
    Mentioned { media_id: String, comment_id: Option<String> },
    /// Words of the account.
    Own(OwnWords),
    /// A message was taken back.
    Deleted { mid: String },
    /// A message was changed.
    Edited { mid: String, text: String },
    /// Worth a line in the record.
    Noted(&'static str),
    /// Not even that: read receipts come with every glance.
    Passing(&'static str),
    /// A tick of the scheduler.
    Tick,
}

/// Sorts an event. Times that lie in the future by Instagram's clock count as `now`.
pub(super) fn matter_of(event: &InboxEvent, account: Option<&Account>, now: Timestamp) -> Matter {
    let written_at = event.occurred_at.min(now);
    if event.kind == EventKind::Standby {
        return Matter::Noted("another app answers in this thread");
    }
    match &event.body {
        EventBody::Tick(_) => Matter::Tick,
        EventBody::Comment(comment) => {
            let by_us = account
                .is_some_and(|account| account.is_self(&comment.from.id, comment.from.username.as_deref()));
            if !by_us && event.kind != EventKind::OwnComment {
                return Matter::Said(Heard::comment(event, comment, written_at));
            }
            Matter::Own(OwnWords {
                instagram_id: comment.comment_id.clone(),
                text: comment.text.clone(),
                attachments: Vec::new(),
                partner: None,
                parent_id: comment.parent_id.clone(),
                written_at,
            })
        }
        EventBody::Mention(mention) => {
            Matter::Mentioned { media_id: mention.media_id.clone(), comment_id: mention.comment_id.clone() }
        }
        EventBody::Message(message) => matter_of_message(event, message, written_at),
        EventBody::MessageDeleted { mid, .. } => Matter::Deleted { mid: mid.clone() },
        EventBody::MessageEdited { mid, text: Some(text), .. } => {
            Matter::Edited { mid: mid.clone(), text: text.clone() }
        }
        EventBody::MessageEdited { text: None, .. } => Matter::Passing("an edit without a text"),
        EventBody::Postback { mid, person, title, .. } => Matter::Said(Heard {
            place: Place::Direct { mid: mid.clone(), story_id: None, is_story_reply: false },
            author: person.clone(),
            text: title.clone(),
            attachments: Vec::new(),
            written_at,
        }),
        EventBody::Reaction { .. } => Matter::Noted("a reaction to a message"),
        EventBody::Seen { .. } => Matter::Passing("the person has read the thread"),
        EventBody::Referral { .. } => Matter::Noted("the person came through a link or an advertisement"),
        EventBody::Raw => Matter::Noted(note_of(event.kind)),
    }
}

fn matter_of_message(event: &InboxEvent, message: &MessageBody, written_at: Timestamp) -> Matter {
    if message.to_self {
        return Matter::Noted("the account wrote to itself");
    }
    if event.kind != EventKind::Echo {
        return Matter::Said(Heard::message(event, message, written_at));
    }
    Matter::Own(OwnWords {
        instagram_id: message.mid.clone(),
        text: message.text.clone(),
        attachments: kinds(&message.attachments, message.unsupported),
        partner: Some(message.person.clone()),
        parent_id: None,
        written_at,
    })
}

fn note_of(kind: EventKind) -> &'static str {
    match kind {
        EventKind::OptIn => "the person agreed to notification messages",
        EventKind::Handover => "control of the thread moved between apps",
        EventKind::StoryInsights => "final numbers of a story",
        EventKind::PolicyEnforcement => "instagram warned, blocked or unblocked the account",
        EventKind::Feedback => "a person judged an answer",
        _ => "kept as it came",
    }
}
