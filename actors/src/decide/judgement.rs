//! What a text is judged with, and the verdict: plain data, before anything is turned into rows.

use std::sync::Arc;

use chrono_tz::Tz;
use llm::Behalf;
use tenants::account::Account;
use tenants::approval::ApprovalKind;
use tenants::clock::Timestamp;
use tenants::conversation::Conversation;
use tenants::decision::Outcome;
use tenants::effect::Action;
use tenants::event::EventSource;
use tenants::ids::EventId;
use tenants::policy::SilenceReason;
use tenants::ports::TenantContext;
use tenants::rule::RuleHit;
use tenants::settings::Mode;

use super::before::Before;
use super::counters::Counting;
use super::heard::Heard;
use super::moved_on::MovedOn;
use super::rules::RuleSet;
use super::senses::Senses;
use super::work::Workings;

/// Everything that is looked at to judge one text.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub ports: Senses<'a>,
    pub context: &'a TenantContext,
    pub rules: &'a RuleSet,
    pub account: &'a Account,
    pub heard: &'a Heard,
    /// The thread after the text was taken in.
    pub thread: &'a Conversation,
    /// The direct messages with the author; the thread itself for direct messages.
    pub direct: Option<&'a Conversation>,
    pub event: EventId,
    /// How the event reached us.
    pub source: EventSource,
    /// How often work on the event has failed.
    pub attempts: u32,
    pub seed: u64,
    pub zone: Tz,
    pub now: Timestamp,
    pub counting: Counting,
    /// What was said before, as far as models want to know it.
    pub before: &'a Before,
    /// Tells when the person writes again.
    pub moved_on: &'a MovedOn,
}

impl Case<'_> {
    /// What models are asked about: the text, with what the same person wrote just before it and nobody has answered.
    pub fn words(&self) -> &str {
        self.before.burst.as_deref().unwrap_or(&self.heard.text)
    }

    /// On whose behalf models are asked about it.
    pub fn behalf(&self) -> Arc<Behalf> {
        Arc::new(Behalf {
            budget: self.context.budget(),
            prompts: Arc::clone(&self.context.prompts),
            tuning: Arc::clone(&self.context.tuning),
            event: (self.counting == Counting::Count).then_some(self.event),
            conversation: format!("{}:{}", self.thread.account, self.thread.key),
        })
    }
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    pub kind: ApprovalKind,
    pub proposed: Vec<Action>,
    pub reason: String,
}

/// An action to be queued.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Queued {
    pub action: Action,
    pub not_before: Timestamp,
}

/// The verdict on one text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judgement {
    pub outcome: Outcome,
    pub mode: Option<Mode>,
    pub reason: String,
    pub queued: Vec<Queued>,
    pub question: Option<Question>,
    pub tags: Vec<String>,
    pub assigned_to: Option<String>,
    pub hits: Vec<RuleHit>,
    /// Why nothing may be said, when nothing may.
    pub silence: Option<SilenceReason>,
    pub work: Workings,
}

impl Judgement {
    /// Nothing is done.
    pub fn quiet(outcome: Outcome, reason: impl Into<String>, work: Workings) -> Self {
        Self {
            outcome,
            mode: None,
            reason: reason.into(),
            queued: Vec::new(),
            question: None,
            tags: Vec::new(),
            assigned_to: None,
            hits: Vec::new(),
            silence: None,
            work,
        }
    }

    /// True when the classifier saw danger.
    pub fn is_crisis(&self) -> bool {
        self.work.classification.as_ref().is_some_and(|found| found.crisis)
    }

    /// The words that were queued or drafted, public ones first.
    pub fn words(&self) -> Option<&str> {
        let proposed = self.question.iter().flat_map(|question| &question.proposed);
        self.queued.iter().map(|queued| &queued.action).chain(proposed).find_map(Action::text)
    }
}
