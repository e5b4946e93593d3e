//! No sequence of events leads to a forbidden send.
//!
//! Random lives of one person with one account: messages and comments on time or days late, STOP and START,
//! answers from the phone, echoes of our own, redeliveries, approvals by stale copies, waiting. After every step
//! the queue is worked off as the dispatcher does it (with [`may_send`]), and each send is held against what the
//! person and the brand have really done, kept apart from the rows that decide.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use tenants::approval::Approval;
use tenants::clock::{Clock, Timestamp};
use tenants::conversation::direct_key;
use tenants::effect::{Action, ActionType, Effect, EffectState, ReplyTarget};
use tenants::event::{EventBody, InboxEvent};
use tenants::ids::{ConversationId, EventId};
use tenants::intent::Intent;
use tenants::policy::{SendFacts, may_send};
use tenants::rule::{RuleAction, TriggerKind};
use tenants::settings::{Mode, QuietHours, TenantSettings};

use super::super::*;
use super::world::*;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Message {
        text: &'static str,
        minutes_late: u64,
    },
    Comment {
        text: &'static str,
        minutes_late: u64,
        in_thread: bool,
    },
    PhoneMessage {
        minutes_late: u64,
    },
    PhoneComment {
        minutes_late: u64,
    },
    HandBack,
    Redeliver {
        which: usize,
    },
    OwnEcho {
        which: usize,
    },
    LoseAnswer {
        which: usize,
    },
    Approve {
        which: usize,
        edit: bool,
    },
    Wait {
        minutes: u64,
    },
    /// The queue is not worked off after the steps until the next one of these.
    Stall(bool),
}

fn any_step() -> impl Strategy<Value = Step> {
    let late = || prop_oneof![4 => Just(0u64), 2 => 1u64..200, 1 => 200u64..12_000];
    let said = || {
        prop::sample::select(vec![
            "I love this dress, you are the best!",
            "do you ship to spain?",
            "price please",
            "what's the price?",
            "it arrived broken",
            "🙂",
            "stop",
        ])
    };
    let message = || {
        prop_oneof![
            4 => said(),
            2 => Just("STOP"),
            2 => Just("start"),
        ]
    };
    let which = || 0usize..1_000;
    prop_oneof![
        6 => (message(), late()).prop_map(|(text, minutes_late)| Step::Message { text, minutes_late }),
        5 => (said(), late(), any::<bool>())
            .prop_map(|(text, minutes_late, in_thread)| Step::Comment { text, minutes_late, in_thread }),
        1 => late().prop_map(|minutes_late| Step::PhoneMessage { minutes_late }),
        1 => late().prop_map(|minutes_late| Step::PhoneComment { minutes_late }),
        2 => Just(Step::HandBack),
        2 => which().prop_map(|which| Step::Redeliver { which }),
        2 => which().prop_map(|which| Step::OwnEcho { which }),
        1 => which().prop_map(|which| Step::LoseAnswer { which }),
        3 => (which(), any::<bool>()).prop_map(|(which, edit)| Step::Approve { which, edit }),
        4 => prop_oneof![1u64..120, 600u64..3_000, 9_000u64..11_000].prop_map(|minutes| Step::Wait { minutes }),
        3 => any::<bool>().prop_map(Step::Stall),
    ]
}

/// What really happened, as far as it has been delivered to us.
#[derive(Default)]
struct Truth {
    last_message: Option<Timestamp>,
    last_stop: Option<Timestamp>,
    last_start: Option<Timestamp>,
    /// Threads that a person of the brand has.
    human: HashSet<String>,
    handed_back: HashMap<String, Timestamp>,
    comments: HashMap<String, Timestamp>,
    own_ids: HashSet<String>,
    private_replies: HashSet<String>,
    answered: HashSet<(String, ActionType, bool)>,
}

impl Truth {
    fn takes_over(&mut self, key: &str, written_at: Timestamp) {
        if self.handed_back.get(key).is_none_or(|moment| written_at > *moment) {
            self.human.insert(key.to_owned());
        }
    }

    fn is_opted_out(&self) -> bool {
        self.last_stop.is_some_and(|stop| self.last_start.is_none_or(|start| start <= stop))
    }

    /// What is wrong with sending this now.
    fn objection(
        &mut self,
        effect: &Effect,
        key: &str,
        event: &InboxEvent,
        now: Timestamp,
    ) -> Option<String> {
        let action = &effect.action;
        let own_words = effect.approved_by_person && effect.action.text() == Some("my own words");
        if !self.answered.insert((event.external_id.clone(), action.action_type(), own_words)) {
            return Some("a second answer of the same kind to one event".into());
        }
        let target = match action {
            Action::ReplyComment { target: ReplyTarget::Comment { comment_id }, .. }
            | Action::PrivateReply { comment_id, .. } => Some(comment_id),
            Action::ReplyDm { mid, .. } => Some(mid),
            _ => None,
        };
        if target.is_some_and(|id| self.own_ids.contains(id)) {
            return Some("an answer to our own text".into());
        }
        if !action.speaks() {
            return None;
        }
        if self.is_opted_out() {
            return Some("words to somebody who opted out".into());
        }
        let is_private = !matches!(action, Action::ReplyComment { .. });
        let is_human = self.human.contains(key) || (is_private && self.human.contains(&direct_key("77")));
        if is_human && !effect.approved_by_person {
            return Some("words into a thread that a person has".into());
        }
        match action {
            Action::SendDm { .. } | Action::ReplyDm { .. }
                if self.last_message.is_none_or(|last| now >= last + DAY) =>
            {
                Some("a direct message outside of the window".into())
            }
            Action::PrivateReply { comment_id, .. } => {
                let is_second = !self.private_replies.insert(comment_id.clone());
                let is_late = self.comments.get(comment_id).is_none_or(|written| now >= *written + 7 * DAY);
                (is_second || is_late).then(|| "a second or late private reply".into())
            }
            _ => None,
        }
    }
}

struct Life {
    world: World,
    truth: Truth,
    events: Vec<InboxEvent>,
    /// Copies of approvals as somebody once saw them, pending.
    seen_approvals: Vec<Approval>,
    is_stalled: bool,
    sent: usize,
    drafts: usize,
}

impl Life {
    fn new(quiet: bool) -> Self {
        let mut settings = TenantSettings::default();
        settings.modes.insert(Intent::Question, Mode::Act);
        settings.modes.insert(Intent::Other, Mode::Act);
        settings.min_confidence = 0.3;
        settings.quiet_hours = quiet.then(|| QuietHours { from: "12:30".into(), until: "15:00".into() });
        let words = |text: &str| vec![text.to_owned()];
        let actions = vec![
            RuleAction::Reply { variations: words("Sent you a message!") },
            RuleAction::PrivateReply { variations: words("Here you are") },
        ];
        let world = World::with(settings).rule("price", TriggerKind::Comment, "price", actions);
        Self {
            world,
            truth: Truth::default(),
            events: Vec::new(),
            seen_approvals: Vec::new(),
            is_stalled: false,
            sent: 0,
            drafts: 0,
        }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    async fn live(&mut self, step: &Step) -> Result<(), String> {
        match *step {
            Step::Message { text, minutes_late } => {
                let event = self.late(self.world.message(text), minutes_late);
                self.hear_message(text, event.occurred_at);
                self.deliver(event).await;
            }
            Step::Comment { text, minutes_late, in_thread } => {
                let parent = if in_thread { self.a_comment() } else { None };
                let event = self.late(self.world.comment_by(maria(), text, parent.as_deref()), minutes_late);
                self.truth.comments.insert(event.external_id.clone(), event.occurred_at);
                self.deliver(event).await;
            }
            Step::PhoneMessage { minutes_late } => {
                let event = self.late(self.world.echo("Ana from Acme here"), minutes_late);
                self.truth.takes_over(&event.conversation_key, event.occurred_at);
                self.deliver_own(event).await;
            }
            Step::PhoneComment { minutes_late } => {
                let Some(parent) = self.a_comment() else { return Ok(()) };
                let event =
                    self.late(self.world.own_comment("Ana from Acme here", Some(&parent)), minutes_late);
                self.truth.takes_over(&event.conversation_key, event.occurred_at);
                self.deliver_own(event).await;
            }
            Step::HandBack => self.hand_back().await,
            Step::Redeliver { which } => {
                // The inbox keeps duplicates out; this is an event whose commit was lost to a crash.
                if let Some(event) = pick(&self.events, which).cloned() {
                    self.deliver(event).await;
                }
            }
            Step::OwnEcho { which } => self.echo_of_ours(which).await,
            Step::LoseAnswer { which } => {
                let mut rows = self.world.store.rows();
                let sent = rows.effects.iter_mut().filter(|effect| effect.state == EffectState::Sent);
                if let Some(effect) = sent.collect::<Vec<_>>().into_iter().nth(which % 5) {
                    effect.state = EffectState::Unknown;
                    effect.instagram_id = None;
                }
            }
            Step::Approve { which, edit } => self.approve(which, edit).await,
            Step::Wait { minutes } => self.world.clock.advance(Duration::from_secs(minutes * 60)),
            Step::Stall(is_stalled) => self.is_stalled = is_stalled,
        }
        if self.is_stalled { Ok(()) } else { self.dispatch() }
    }

    fn late(&self, mut event: InboxEvent, minutes: u64) -> InboxEvent {
        event.occurred_at = event.occurred_at - Duration::from_secs(minutes * 60);
        event
    }

    fn hear_message(&mut self, text: &str, written_at: Timestamp) {
        self.truth.last_message = self.truth.last_message.max(Some(written_at));
        match text.to_lowercase().as_str() {
            "stop" => self.truth.last_stop = self.truth.last_stop.max(Some(written_at)),
            "start" => self.truth.last_start = self.truth.last_start.max(Some(written_at)),
            _ => {}
        }
    }

    fn a_comment(&self) -> Option<String> {
        let is_top = |event: &&InboxEvent| match &event.body {
            EventBody::Comment(comment) => comment.parent_id.is_none(),
            _ => false,
        };
        self.events.iter().rev().find(is_top).map(|event| event.external_id.clone())
    }

    async fn deliver(&mut self, event: InboxEvent) {
        self.world.happens(&event).await;
        if self.events.iter().all(|known| known.id != event.id) {
            self.events.push(event);
        }
        for approval in self.world.pending() {
            if self.seen_approvals.iter().all(|seen| seen.id != approval.id) {
                self.seen_approvals.push(approval);
                self.drafts += 1;
            }
        }
    }

    async fn deliver_own(&mut self, event: InboxEvent) {
        self.truth.own_ids.insert(event.external_id.clone());
        self.world.happens(&event).await;
    }

    async fn hand_back(&mut self) {
        let taken: Vec<_> = {
            let rows = self.world.store.rows();
            rows.conversations
                .values()
                .filter(|thread| self.truth.human.contains(&thread.key))
                .cloned()
                .collect()
        };
        // A moment passes: an answer of the same instant would be one from before.
        self.world.clock.advance(Duration::from_secs(1));
        for thread in taken {
            self.truth.human.remove(&thread.key);
            self.truth.handed_back.insert(thread.key.clone(), self.now());
            self.world.hand_back(thread).await;
        }
    }

    /// What we sent comes back, also when the answer to our call is not known.
    async fn echo_of_ours(&mut self, which: usize) {
        let sent: Vec<Effect> = {
            let was_sent =
                |effect: &&Effect| matches!(effect.state, EffectState::Sent | EffectState::Unknown);
            self.world
                .effects()
                .iter()
                .filter(was_sent)
                .filter(|effect| effect.action.speaks())
                .cloned()
                .collect()
        };
        let Some(effect) = pick(&sent, which) else { return };
        let text = effect.action.text().unwrap();
        let mut event = match &effect.action {
            Action::ReplyComment { target: ReplyTarget::Comment { comment_id }, .. } => {
                let thread = self.key_of(effect.conversation);
                let root = thread.trim_start_matches("comment:").to_owned();
                assert!(!comment_id.is_empty());
                self.world.own_comment(text, Some(&root))
            }
            _ => self.world.echo(text),
        };
        if let Some(id) = &effect.instagram_id {
            event.external_id.clone_from(id);
            match &mut event.body {
                EventBody::Comment(comment) => comment.comment_id.clone_from(id),
                EventBody::Message(message) => message.mid.clone_from(id),
                _ => {}
            }
        }
        self.deliver_own(event).await;
    }

    async fn approve(&mut self, which: usize, edit: bool) {
        let Some(approval) = pick(&self.seen_approvals, which).cloned() else { return };
        let event = self.event(approval.event);
        let verdict = if edit { Verdict::Edit("my own words".into()) } else { Verdict::Approve };
        // A refusal is as good as an answer here: what counts is what leaves.
        let _ = self.world.verdict(&approval, &event, verdict).await;
    }

    fn event(&self, id: EventId) -> InboxEvent {
        self.events.iter().find(|event| event.id == id).cloned().unwrap()
    }

    fn key_of(&self, conversation: Option<ConversationId>) -> String {
        self.world.store.rows().conversation_by_id(conversation).unwrap().key.clone()
    }

    /// Works the queue off as the dispatcher does.
    fn dispatch(&mut self) -> Result<(), String> {
        let now = self.now();
        let is_due = |effect: &&Effect| effect.state == EffectState::Pending && effect.next_retry_at <= now;
        let due: Vec<Effect> = self.world.effects().iter().filter(is_due).cloned().collect();
        for effect in due {
            let allowed = self.is_allowed(&effect, now);
            if allowed {
                let (key, event) = (self.key_of(effect.conversation), self.event(effect.event.unwrap()));
                if let Some(objection) = self.truth.objection(&effect, &key, &event, now) {
                    return Err(format!("{objection}: {effect:?}"));
                }
                self.sent += 1;
            }
            let id = format!("sent{}", self.world.number());
            let mut rows = self.world.store.rows();
            let row = rows.effects.iter_mut().find(|known| known.id == effect.id).unwrap();
            row.state = if allowed { EffectState::Sent } else { EffectState::Skipped };
            row.instagram_id = allowed.then(|| id.clone());
            self.truth.own_ids.insert(id);
        }
        Ok(())
    }

    fn is_allowed(&self, effect: &Effect, now: Timestamp) -> bool {
        let rows = self.world.store.rows();
        let thread = rows.conversation_by_id(effect.conversation);
        let direct = rows.conversations.get(&(effect.account, direct_key("77")));
        let comment = match &effect.action {
            Action::PrivateReply { comment_id, .. } => Some(comment_id),
            _ => None,
        };
        let is_other = |other: &&Effect| {
            other.id != effect.id
                && matches!(other.state, EffectState::Sent | EffectState::Unknown)
                && matches!(&other.action, Action::PrivateReply { comment_id, .. } if Some(comment_id) == comment)
        };
        let facts = SendFacts {
            thread,
            direct,
            comment_written_at: comment
                .and_then(|id| rows.comments.get(id))
                .map(|comment| comment.occurred_at),
            private_reply_used: rows.effects.iter().any(|other| is_other(&other)),
            approved_by_person: effect.approved_by_person,
        };
        let (settings, status) = (&self.world.context.settings, self.world.context.tenant.status);
        may_send(&effect.action, &facts, settings, status, now).is_ok()
    }
}

fn pick<T>(list: &[T], which: usize) -> Option<&T> {
    list.get(which % list.len().max(1))
}

fn run(steps: &[Step], quiet: bool) -> Result<Life, String> {
    futures::executor::block_on(async {
        let mut life = Life::new(quiet);
        for step in steps {
            life.live(step).await?;
        }
        life.is_stalled = false;
        life.dispatch()?;
        Ok(life)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_leads_to_a_forbidden_send(
        steps in prop::collection::vec(any_step(), 1..60),
        quiet in any::<bool>(),
    ) {
        run(&steps, quiet).map_err(TestCaseError::fail)?;
    }
}

/// The property would also hold of a system that says nothing at all.
#[test]
fn the_lives_above_do_contain_sends_and_drafts() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let lives = prop::collection::vec(any_step(), 40..60);
    let (mut sent, mut drafts) = (0, 0);
    for _ in 0..10 {
        let steps = lives.new_tree(&mut runner).unwrap().current();
        let life = run(&steps, false).unwrap();
        sent += life.sent;
        drafts += life.drafts;
    }
    assert!(sent >= 30 && drafts >= 10, "{sent} sent, {drafts} drafts");
}
