//! What programs outside ask to be sent. They hold no token: their words pass the guards, the policy gate and the queue
//! that the actors' own pass, and say that a program writes where that is due. Pure: the HTTP API loads the rows and
//! commits.

use chrono_tz::Tz;
use llm::Channel;
use serde_json::json;
use tenants::account::{Account, Tenant};
use tenants::audit::NewAuditEntry;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::conversation::{Comment, CommentStatus, Conversation};
use tenants::effect::{Action, Effect, EffectState, IdempotencyKey, SkipReason};
use tenants::ids::{AuditId, EffectId, Ids};
use tenants::intent::Language;
use tenants::policy::{SendFacts, WINDOW_MARGIN, deadline, may_send};
use tenants::settings::TenantSettings;

use super::disclosure::is_direct;
use super::guards::{Outgoing, check};
use super::outcome::channel_of;

/// Something to be sent, and what belongs to it.
#[derive(Debug, Clone)]
pub struct OutsideSend<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
    /// Its settings.
    pub settings: &'a TenantSettings,
    /// The account it leaves through.
    pub account: &'a Account,
    /// The conversation it belongs to.
    pub thread: &'a Conversation,
    /// Our direct messages with the same person, if there are any; the thread itself for direct messages.
    pub direct: Option<&'a Conversation>,
    /// The comment it answers.
    pub comment: Option<&'a Comment>,
    /// What to do.
    pub action: Action,
    /// The same request gives the same key.
    pub key: IdempotencyKey,
    /// `key:…` or `user:…`.
    pub who: String,
}

/// Why nothing is queued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendRefused {
    /// A rule of the policy forbids it now.
    #[error("it may not be sent: {} (rule `{reason}`)", meaning(*reason))]
    Policy {
        /// The rule.
        reason: SkipReason,
    },
    /// The quiet hours end after the last moment at which it may be sent.
    #[error(
        "it may not be sent: the quiet hours last until {until}, and it must be sent before (rule `quiet_hours`): \
         ask a person to answer"
    )]
    QuietHours {
        /// Their end.
        until: Timestamp,
    },
    /// The words do not pass the guards.
    #[error("the text {}: change it", problems(.0))]
    Words(Vec<WordProblem>),
}

/// What is wrong with words, and by which guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordProblem {
    /// The guard, such as `blocked_word`.
    pub guard: String,
    /// What is wrong, as the end of a sentence about the text.
    pub problem: String,
}

fn problems(list: &[WordProblem]) -> String {
    list.iter().map(|it| it.problem.as_str()).collect::<Vec<_>>().join("; ")
}

/// What a rule says, and what can be done.
fn meaning(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::WindowClosed => {
            "the 24 hours after the person's last message are over, or the person never wrote; wait until they write"
        }
        SkipReason::PrivateReplyExpired => {
            "more than 7 days have passed since the comment; answer it in public"
        }
        SkipReason::AlreadyReplied => "the comment has had its one private reply; answer it in public",
        SkipReason::OptedOut => "the person has asked us to stop; they must write a start word first",
        SkipReason::HumanTookOver => "a person answers in this conversation; it must be handed back first",
        SkipReason::TargetGone => "what it answers is gone",
        SkipReason::TenantSuspended => "the tenant is suspended; it must be resumed first",
        SkipReason::DeadlinePassed => "its time is over",
        SkipReason::AuthorBlocked => "the tenant blocks this person; take the block from its settings first",
    }
}

/// The effect that is queued, and what to commit with it.
///
/// # Errors
/// [`SendRefused`]; nothing has changed.
pub fn queue_outside(
    send: &OutsideSend<'_>,
    now: Timestamp,
    ids: &Ids,
) -> Result<(Effect, Changes), SendRefused> {
    let mut send = send.clone();
    send.action = send.disclosed(now);
    send.pass_guards()?;
    send.pass_policy(now).map_err(|reason| SendRefused::Policy { reason })?;
    let deadline = deadline(&send.action, send.direct, send.said_at(now));
    let not_before = send.not_before(now, deadline)?;
    let effect = send.effect(not_before, deadline, now, ids);
    let changes = send.changes(&effect, now, ids);
    Ok((effect, changes))
}

/// Checks words of a post by the guards that words of an answer pass: its caption, or its first comment. `named` are the
/// handles that the post names itself, as collaborators or tags, and may therefore mention.
///
/// # Errors
/// [`SendRefused::Words`].
pub fn check_post_words(
    text: &str,
    named: &[&str],
    settings: &TenantSettings,
    account: &Account,
) -> Result<(), SendRefused> {
    Said { text, channel: Channel::Comment, author: None, named, heard: &[] }.pass_guards(settings, account)
}

/// Words, and what they are measured by beside the tenant's own.
struct Said<'a> {
    text: &'a str,
    channel: Channel,
    author: Option<&'a str>,
    named: &'a [&'a str],
    heard: &'a [&'a str],
}

impl Said<'_> {
    fn pass_guards(&self, settings: &TenantSettings, account: &Account) -> Result<(), SendRefused> {
        let templates = settings.voice.templates.values().flat_map(|by_intent| by_intent.values()).flatten();
        let disclosure = settings.comms.disclosure.iter().flat_map(|it| it.texts.values());
        let own = settings.voice.facts.iter().chain(templates).chain([&settings.voice.signature]);
        let own_words: Vec<&str> = own.chain(disclosure).map(String::as_str).collect();
        let breaches = check(&Outgoing {
            text: self.text,
            channel: self.channel,
            language: None,
            author: self.author,
            named: self.named,
            own_handle: &account.username,
            blocked_words: &settings.blocked_words,
            allowed_links: &settings.allowed_links,
            heard: self.heard,
            own_words: &own_words,
        });
        if breaches.is_empty() {
            return Ok(());
        }
        let problem = |breach: super::guards::Breach| WordProblem {
            guard: serde_json::to_value(breach.guard)
                .ok()
                .and_then(|word| word.as_str().map(str::to_owned))
                .unwrap_or_default(),
            problem: breach.problem,
        };
        Err(SendRefused::Words(breaches.into_iter().map(problem).collect()))
    }
}

impl OutsideSend<'_> {
    /// The same action, with what tells a person that a program writes where that is due. That it was said is noted when
    /// Instagram shows the message as sent: what is stored of the conversation may be moving on at this moment.
    fn disclosed(&self, now: Timestamp) -> Action {
        let action = self.action.clone();
        let language = self.settings.languages.first().copied().unwrap_or(Language::English);
        let disclosure = self.settings.comms.disclosure.as_ref().filter(|_| is_direct(&action));
        let said = disclosure.and_then(|it| it.due(self.direct, language, now));
        match (said, action.text()) {
            (Some(said), Some(text)) if !text.contains(said) => {
                let text = format!("{said}\n\n{text}");
                action.with_text(&text)
            }
            _ => action,
        }
    }

    fn pass_guards(&self) -> Result<(), SendRefused> {
        let Some(text) = self.action.text() else { return Ok(()) };
        let heard: Vec<&str> = self.comment.iter().map(|comment| comment.text.as_str()).collect();
        let said = Said {
            text,
            channel: channel_of(&self.action),
            author: self.thread.person.username.as_deref(),
            named: &[],
            heard: &heard,
        };
        said.pass_guards(self.settings, self.account)
    }

    fn pass_policy(&self, now: Timestamp) -> Result<(), SkipReason> {
        let facts = SendFacts {
            thread: Some(self.thread),
            direct: self.direct,
            comment_written_at: self.comment.map(|comment| comment.occurred_at),
            // Asked again before it is sent, with what was sent meanwhile.
            private_reply_used: false,
            approved_by_person: false,
        };
        may_send(&self.action, &facts, self.settings, self.tenant.status, now)
    }

    fn said_at(&self, now: Timestamp) -> Timestamp {
        self.comment.map_or(now, |comment| comment.occurred_at.min(now))
    }

    /// Words wait for the end of the quiet hours, like the actors' own.
    fn not_before(&self, now: Timestamp, deadline: Option<Timestamp>) -> Result<Timestamp, SendRefused> {
        let zone: Tz = self.tenant.time_zone.parse().unwrap_or(Tz::UTC);
        let quiet = self.settings.quiet_until(now, zone).filter(|_| self.action.speaks());
        match (quiet, deadline) {
            (None, _) => Ok(now),
            (Some(until), Some(end)) if until + WINDOW_MARGIN >= end => {
                Err(SendRefused::QuietHours { until })
            }
            (Some(until), _) => Ok(until),
        }
    }

    fn effect(
        &self,
        not_before: Timestamp,
        deadline: Option<Timestamp>,
        now: Timestamp,
        ids: &Ids,
    ) -> Effect {
        Effect {
            id: EffectId::new(ids),
            tenant: self.tenant.id,
            account: self.account.id,
            conversation: Some(self.thread.id),
            event: None,
            decision: None,
            action: self.action.clone(),
            idempotency_key: self.key.clone(),
            state: EffectState::Pending,
            approved_by_person: false,
            retry_count: 0,
            error: None,
            error_category: None,
            skip_reason: None,
            instagram_id: None,
            next_retry_at: not_before,
            deadline,
            first_attempt_at: None,
            sent_at: None,
            received_at: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// The effect, what it means for its conversation, and who asked for it. Drafts that wait for a person would answer a
    /// second time, and so would whoever takes up the escalation of a comment that is answered by this.
    fn changes(&self, effect: &Effect, now: Timestamp, ids: &Ids) -> Changes {
        let mut changes = Changes::of_tenant(self.tenant.id)
            .with(Change::ExpireDrafts { conversation: self.thread.id, at: now })
            .with(Change::AddEffect(Box::new(effect.clone())));
        if let Some(comment) = self.comment {
            changes.push(Change::MarkComment {
                account: self.account.id,
                external_id: comment.external_id.clone(),
                status: CommentStatus::Queued,
                reply: self.action.text().map(str::to_owned),
            });
            if self.action.text().is_some() {
                let (conversation, event) = (self.thread.id, comment.event);
                changes.push(Change::ExpireAnswered { conversation, event, at: now });
            }
        }
        changes.with(Change::Audit(Box::new(NewAuditEntry {
            id: AuditId::new(ids),
            event_type: "gateway.queued".to_owned(),
            action: effect.action.action_type().to_string(),
            resource_type: "effect".to_owned(),
            resource_id: effect.id.to_string(),
            actor: self.who.clone(),
            success: true,
            error: None,
            details: json!({
                "account": self.account.id, "conversation": self.thread.id, "action": effect.action,
                "comment": self.comment.map(|comment| comment.id), "not_before": effect.next_retry_at,
            })
            .into(),
            at: now,
        })))
    }
}
