//! Which visible effects each comment and message got.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, Igsid, Username};

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundKind {
    /// A comment or reply on the account's media.
    Comment,
    /// A mention in somebody's comment.
    Mention,
    /// A mention in somebody's caption; its id is the media's.
    CaptionMention,
    /// A direct message.
    Message,
    /// A direct message that answers a story.
    StoryReply,
    /// A direct message that says the account is mentioned in a story.
    StoryMention,
    /// A tapped button.
    Postback,
}

/// One thing a person did towards an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Inbound {
    /// Grows with everything that comes in or is done; see `EffectsQuery::since`.
    pub sequence: u64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Comment id, media id (caption mentions) or message id.
    pub id: String,
    /// What it was.
    pub kind: InboundKind,
    /// The account it went to.
    pub account: AccountId,
    /// Who did it.
    pub from: Username,
    /// What was written.
    pub text: Option<String>,
    /// The person's id, which is also the conversation's key.
    pub igsid: Igsid,
}

/// What an API client did. Each kind is one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// A public reply to a comment.
    Reply,
    /// A new top-level comment on own media.
    Comment,
    /// An answer to a mention on somebody else's media.
    MentionReply,
    /// A comment was hidden.
    Hide,
    /// A comment was shown again.
    Unhide,
    /// A comment was deleted.
    Delete,
    /// The one direct message that answers a comment.
    PrivateReply,
    /// A direct message.
    Message,
    /// A reaction to a message was set.
    Reaction,
    /// A reaction to a message was taken back.
    Unreaction,
    /// A comment or media was liked.
    Like,
    /// A like was taken back.
    Unlike,
}

/// One change of the world made through the API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Effect {
    /// Shared with `Inbound::sequence`.
    pub sequence: u64,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// The account that did it.
    pub account: AccountId,
    /// What was done.
    pub kind: EffectKind,
    /// The comment, media, message or person it was done to.
    pub target: String,
    /// The inbound comment or message it counts as an answer to: the target itself, the message named in
    /// `reply_to`, or else the newest message of the conversation at that time.
    pub answers: Option<String>,
    /// What was written.
    pub text: Option<String>,
    /// Id of the comment or message it made.
    pub result: Option<String>,
}

/// An effect that was there already: same endpoint, same target, same text.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Doubled {
    /// Sequence of the first.
    pub first: u64,
    /// Sequence of the repetition.
    pub again: u64,
    /// The account.
    pub account: AccountId,
    /// The endpoint.
    pub kind: EffectKind,
    /// The target.
    pub target: String,
    /// The text.
    pub text: String,
}

/// Something sent, with its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SentText {
    /// Comment or message id.
    pub id: String,
    /// Text; empty for attachments.
    pub text: String,
}

/// An inbound comment or message with everything that was done about it.
#[derive(Debug, Clone, Serialize)]
pub struct InboundEffects {
    /// What came in.
    #[serde(flatten)]
    pub inbound: Inbound,
    /// Public replies (and answers to a mention).
    pub replies: Vec<SentText>,
    /// Private replies.
    pub private_replies: Vec<SentText>,
    /// Direct messages sent after it.
    pub messages: Vec<SentText>,
    /// Reactions set, oldest first.
    pub reactions: Vec<String>,
    /// The comment is hidden now.
    pub hidden: bool,
    /// The comment was deleted through the API.
    pub deleted: bool,
    /// The comment is liked by the account now.
    pub liked: bool,
}

impl InboundEffects {
    /// How many visible things were said in answer.
    pub fn answers(&self) -> usize {
        self.replies.len() + self.private_replies.len() + self.messages.len()
    }

    /// Whether anything visible happened.
    pub fn is_untouched(&self) -> bool {
        self.answers() == 0 && self.reactions.is_empty() && !self.hidden && !self.deleted && !self.liked
    }
}

/// What to report.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EffectsQuery {
    /// Only what has a greater sequence; take `EffectsReport::next_since` of the previous report.
    pub since: u64,
    /// Only this account (any of its ids or its handle).
    pub account: Option<String>,
}

/// The answer to "what did each comment and message get".
#[derive(Debug, Clone, Serialize)]
pub struct EffectsReport {
    /// Inbound items, oldest first.
    pub items: Vec<InboundEffects>,
    /// Every effect, oldest first, also those that answer nothing.
    pub effects: Vec<Effect>,
    /// Effects by kind.
    pub totals: BTreeMap<EffectKind, usize>,
    /// Inbound items about which nothing visible was done.
    pub untouched: usize,
    /// Repetitions that nobody asked for: a public reply with the same text to the same comment, or a direct
    /// message with a text already sent while every inbound message was answered.
    pub doubled: Vec<Doubled>,
    /// Direct messages with a text already sent in the conversation, but to a further inbound message.
    pub repeated: Vec<Doubled>,
    /// Pass it as `since` to get what is new.
    pub next_since: u64,
}

/// Account, endpoint, target and text of something said.
type Said = (AccountId, EffectKind, String, String);

/// The indexes are not saved: `reopen` makes them anew.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct EffectLog {
    sequence: u64,
    inbound: Vec<Inbound>,
    #[serde(skip)]
    inbound_index: HashMap<String, usize>,
    effects: Vec<Effect>,
    /// Indexes into `effects`, by the inbound id they answer.
    #[serde(skip)]
    answers: HashMap<String, Vec<usize>>,
    #[serde(skip)]
    first_said: HashMap<Said, u64>,
    doubled: Vec<Doubled>,
    repeated: Vec<Doubled>,
}

/// What is known when an effect happens.
#[derive(Debug)]
pub(crate) struct NewEffect {
    pub(crate) at: DateTime<Utc>,
    pub(crate) account: AccountId,
    pub(crate) kind: EffectKind,
    pub(crate) target: String,
    pub(crate) answers: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) result: Option<String>,
    /// A further inbound message waited for an answer, so saying the same again is no mistake.
    pub(crate) invited: bool,
}

impl EffectLog {
    pub(crate) fn came_in(&mut self, mut inbound: Inbound) {
        self.sequence += 1;
        inbound.sequence = self.sequence;
        self.inbound_index.insert(inbound.id.clone(), self.inbound.len());
        self.inbound.push(inbound);
    }

    pub(crate) fn done(&mut self, new: NewEffect) {
        self.sequence += 1;
        let effect = Effect {
            sequence: self.sequence,
            at: new.at,
            account: new.account,
            kind: new.kind,
            target: new.target,
            answers: new.answers,
            text: new.text,
            result: new.result,
        };
        self.note_repetition(&effect, new.invited);
        if let Some(inbound) = &effect.answers {
            self.answers.entry(inbound.clone()).or_default().push(self.effects.len());
        }
        self.effects.push(effect);
    }

    fn note_repetition(&mut self, effect: &Effect, invited: bool) {
        let Some(said) = said(effect) else { return };
        let text = said.3.clone();
        let first = *self.first_said.entry(said).or_insert(effect.sequence);
        if first == effect.sequence {
            return;
        }
        let again = Doubled {
            first,
            again: effect.sequence,
            account: effect.account.clone(),
            kind: effect.kind,
            target: effect.target.clone(),
            text,
        };
        if invited { self.repeated.push(again) } else { self.doubled.push(again) }
    }

    /// Makes a loaded log fit for use. Sequences go on `skipped` later, because a client may have seen some that
    /// were given out after the log was saved.
    pub(crate) fn reopen(&mut self, skipped: u64) {
        self.sequence = self.sequence.saturating_add(skipped);
        for (index, inbound) in self.inbound.iter().enumerate() {
            self.inbound_index.insert(inbound.id.clone(), index);
        }
        for (index, effect) in self.effects.iter().enumerate() {
            if let Some(inbound) = &effect.answers {
                self.answers.entry(inbound.clone()).or_default().push(index);
            }
            if let Some(said) = said(effect) {
                self.first_said.entry(said).or_insert(effect.sequence);
            }
        }
    }

    pub(crate) fn of(&self, inbound_id: &str) -> Option<InboundEffects> {
        self.inbound_index.get(inbound_id).map(|index| self.collect(&self.inbound[*index]))
    }

    pub(crate) fn report(&self, since: u64, account: Option<&AccountId>) -> EffectsReport {
        let wanted = |owner: &AccountId| account.is_none_or(|account| account == owner);
        let first_inbound = self.inbound.partition_point(|inbound| inbound.sequence <= since);
        let first_effect = self.effects.partition_point(|effect| effect.sequence <= since);
        let items: Vec<_> = self.inbound[first_inbound..]
            .iter()
            .filter(|inbound| wanted(&inbound.account))
            .map(|inbound| self.collect(inbound))
            .collect();
        let effects: Vec<_> =
            self.effects[first_effect..].iter().filter(|effect| wanted(&effect.account)).cloned().collect();
        let mut totals = BTreeMap::new();
        for effect in &effects {
            *totals.entry(effect.kind).or_insert(0) += 1;
        }
        let again = |all: &[Doubled]| {
            all.iter().filter(|again| again.again > since && wanted(&again.account)).cloned().collect()
        };
        EffectsReport {
            untouched: items.iter().filter(|item| item.is_untouched()).count(),
            items,
            effects,
            totals,
            doubled: again(&self.doubled),
            repeated: again(&self.repeated),
            next_since: self.sequence,
        }
    }

    fn collect(&self, inbound: &Inbound) -> InboundEffects {
        let mut item = InboundEffects {
            inbound: inbound.clone(),
            replies: Vec::new(),
            private_replies: Vec::new(),
            messages: Vec::new(),
            reactions: Vec::new(),
            hidden: false,
            deleted: false,
            liked: false,
        };
        for index in self.answers.get(&inbound.id).into_iter().flatten() {
            apply(&mut item, &self.effects[*index]);
        }
        item
    }
}

/// What the effect said; `None` when it put no text before anybody.
fn said(effect: &Effect) -> Option<Said> {
    let says = matches!(
        effect.kind,
        EffectKind::Reply
            | EffectKind::Comment
            | EffectKind::MentionReply
            | EffectKind::PrivateReply
            | EffectKind::Message
    );
    let text = effect.text.as_ref().filter(|_| says)?;
    Some((effect.account.clone(), effect.kind, effect.target.clone(), text.clone()))
}

fn apply(item: &mut InboundEffects, effect: &Effect) {
    let sent = || SentText {
        id: effect.result.clone().unwrap_or_default(),
        text: effect.text.clone().unwrap_or_default(),
    };
    match effect.kind {
        EffectKind::Reply | EffectKind::MentionReply => item.replies.push(sent()),
        EffectKind::PrivateReply => item.private_replies.push(sent()),
        EffectKind::Message => item.messages.push(sent()),
        EffectKind::Reaction => item.reactions.push(effect.text.clone().unwrap_or_default()),
        EffectKind::Unreaction => item.reactions.clear(),
        EffectKind::Hide => item.hidden = true,
        EffectKind::Unhide => item.hidden = false,
        EffectKind::Delete => item.deleted = true,
        EffectKind::Like => item.liked = true,
        EffectKind::Unlike => item.liked = false,
        EffectKind::Comment => {}
    }
}
