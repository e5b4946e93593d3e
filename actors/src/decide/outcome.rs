//! Steps 7 and 8: the guards, and what finally comes of a plan.

use llm::Channel;
use serde_json::{Value, json};
use tenants::approval::ApprovalKind;
use tenants::conversation::Owner;
use tenants::decision::{Outcome, Step};
use tenants::effect::Action;
use tenants::intent::Language;
use tenants::policy::{WINDOW_MARGIN, deadline};
use tenants::settings::Mode;

use super::disclosure::disclose;
use super::gate_step::{Speech, explain};
use super::generate::language_of_reply;
use super::guards::{Breach, Outgoing, check};
use super::judgement::{Case, Judgement, Question, Queued};
use super::plan::{Plan, PlannedAction};
use super::work::Workings;

/// What rules or the model have made of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Course {
    /// What to add to the plan of the rules.
    planned: Option<PlannedAction>,
    /// Why a person must be asked about `planned`, or must do something without it.
    ask: Option<String>,
    mode: Option<Mode>,
    reason: String,
}

impl Course {
    /// The rules' plan is all there is.
    pub fn of_rules(names: &[String]) -> Self {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let noun = if names.len() == 1 { "the rule" } else { "the rules" };
        let reason = format!("{noun} {} decided", names.join(", "));
        Self { planned: None, ask: None, mode: None, reason }
    }

    /// Nothing is to be done.
    pub fn ignore(reason: impl Into<String>) -> Self {
        Self { planned: None, ask: None, mode: None, reason: reason.into() }
    }

    /// A person must take it, without a draft.
    pub fn escalate(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { ask: Some(reason.clone()), ..Self::ignore(reason) }
    }

    /// Do it.
    pub fn act(planned: PlannedAction, mode: Mode, reason: String) -> Self {
        Self { planned: Some(planned), mode: Some(mode), ..Self::ignore(reason) }
    }

    /// Ask a person whether to do it.
    pub fn draft(planned: PlannedAction, mode: Mode, reason: String) -> Self {
        Self { planned: Some(planned), mode: Some(mode), ..Self::escalate(reason) }
    }

    /// The same in a mode.
    pub fn in_mode(self, mode: Mode) -> Self {
        Self { mode: Some(mode), ..self }
    }
}

/// Puts plan and course together, lets the guards look at every word, and says what comes of it.
pub(super) fn finish(
    case: &Case<'_>,
    speech: Speech,
    mut plan: Plan,
    course: Course,
    mut work: Workings,
) -> Judgement {
    let mut proposed: Vec<PlannedAction> = Vec::new();
    let mut doubts: Vec<String> = Vec::new();
    let is_draft = course.ask.is_some();
    match course.planned {
        Some(planned) if is_draft => proposed.push(planned),
        // Liking and tagging rules leave the rest to the model; what it adds never contradicts a like.
        Some(planned) => plan.add(planned).unwrap_or_else(|problem| doubts.push(problem.to_owned())),
        None => {}
    }
    disclose(case, &work, plan.actions.iter_mut().chain(&mut proposed));
    doubts.extend(look_at_words(case, speech, &plan, &mut work));
    if !doubts.is_empty() {
        let (speaking, others) = plan.actions.into_iter().partition(|planned| planned.action.speaks());
        plan.actions = others;
        proposed = speaking;
    } else if is_draft && !proposed.is_empty() {
        note_draft_guards(case, &proposed, &mut work);
    }
    let question = question_of(&course.ask, &doubts, &proposed, &plan.escalations);
    let queued: Vec<Queued> =
        plan.actions.into_iter().map(|planned| queue(case, speech, planned.action)).collect();
    let outcome = outcome_of(question.as_ref(), &queued);
    let reason = match (&question, speech) {
        (Some(question), _) => question.reason.clone(),
        (None, Speech::ModerationOnly(silence)) if queued.is_empty() => explain(silence).to_owned(),
        (None, _) => course.reason,
    };
    let mode = course.mode.map(|mode| if doubts.is_empty() { mode } else { mode.more_careful(Mode::Draft) });
    note_outcome(outcome, &reason, &queued, question.as_ref(), &mut work);
    let (tags, assigned_to) = (plan.tags, plan.assigned_to);
    Judgement { mode, queued, question, tags, assigned_to, ..Judgement::quiet(outcome, reason, work) }
}

/// Every reason why the planned words must not leave by themselves.
fn look_at_words(case: &Case<'_>, speech: Speech, plan: &Plan, work: &mut Workings) -> Vec<String> {
    let speaking: Vec<&PlannedAction> =
        plan.actions.iter().filter(|planned| planned.action.speaks()).collect();
    if speaking.is_empty() {
        return Vec::new();
    }
    let spoken = work.spoken_language();
    let breaches: Vec<Breach> =
        speaking.iter().flat_map(|planned| breaches_of(case, planned, spoken, work)).collect();
    note_guards(&breaches, work);
    let mut doubts: Vec<String> =
        breaches.into_iter().map(|breach| format!("the reply {}", breach.problem)).collect();
    for planned in speaking {
        doubts.extend(obstacle(case, speech, &planned.action).map(str::to_owned));
    }
    doubts
}

/// Drafts pass the guards too, so that the person sees what is wrong with one.
fn note_draft_guards(case: &Case<'_>, proposed: &[PlannedAction], work: &mut Workings) {
    let speaking = proposed.iter().filter(|planned| planned.action.speaks());
    let spoken = work.spoken_language();
    let mut has_words = false;
    let mut breaches = Vec::new();
    for planned in speaking {
        has_words = true;
        breaches.extend(breaches_of(case, planned, spoken, work));
    }
    if has_words {
        note_guards(&breaches, work);
    }
}

fn note_guards(breaches: &[Breach], work: &mut Workings) {
    let problems: Vec<&str> = breaches.iter().map(|breach| breach.problem.as_str()).collect();
    work.is_doubtful |= !problems.is_empty();
    if problems.is_empty() {
        work.note(Step::Guard, "passed every guard", Value::Null);
    } else {
        work.note(Step::Guard, format!("stopped: {}", problems.join("; ")), json!({ "breaches": breaches }));
    }
}

fn breaches_of(
    case: &Case<'_>,
    planned: &PlannedAction,
    spoken: Option<Language>,
    work: &Workings,
) -> Vec<Breach> {
    let Some(text) = planned.action.text() else { return Vec::new() };
    let settings = &case.context.settings;
    let templates = settings.voice.templates.values().flat_map(|by_intent| by_intent.values()).flatten();
    let mut own_words: Vec<&str> = settings.voice.facts.iter().chain(templates).map(String::as_str).collect();
    own_words.push(&settings.voice.signature);
    own_words.extend(work.recalled.iter().filter(|fact| fact.is_stated).map(|fact| fact.text.as_str()));
    own_words.extend(planned.own_words.as_deref());
    let disclosure = settings.comms.disclosure.iter().flat_map(|it| it.texts.values());
    own_words.extend(disclosure.map(String::as_str));
    let strangers = case.before.lines.iter().filter(|line| !line.ours).map(|line| line.text.as_str());
    let heard: Vec<&str> = [case.words()].into_iter().chain(strangers).collect();
    check(&Outgoing {
        text,
        channel: channel_of(&planned.action),
        // A rule's words are in the language that the tenant chose for them.
        language: planned.own_words.is_none().then(|| language_of_reply(case, spoken)),
        author: case.heard.author.username.as_deref(),
        named: &[],
        own_handle: &case.account.username,
        blocked_words: &settings.blocked_words,
        allowed_links: &settings.allowed_links,
        heard: &heard,
        own_words: &own_words,
    })
}

/// Where an action's words appear.
pub(super) fn channel_of(action: &Action) -> Channel {
    match action {
        Action::PrivateReply { .. } => Channel::PrivateReply,
        Action::SendDm { .. } | Action::AskDm { .. } | Action::ReplyDm { .. } => Channel::DirectMessage,
        Action::ReplyComment { .. }
        | Action::HideComment { .. }
        | Action::DeleteComment { .. }
        | Action::Like { .. }
        | Action::CreateContainer { .. }
        | Action::PublishPost { .. }
        | Action::FirstComment { .. } => Channel::Comment,
    }
}

/// Why an action that is allowed now must not leave without a person.
fn obstacle(case: &Case<'_>, speech: Speech, action: &Action) -> Option<&'static str> {
    let is_private_reply = matches!(action, Action::PrivateReply { .. });
    if is_private_reply && case.direct.is_some_and(|direct| direct.owner == Owner::Human) {
        return Some("a person answers in the direct messages with this author");
    }
    let Speech::From(until) = speech else { return None };
    let end = deadline(action, case.direct, case.heard.written_at)?;
    (until + WINDOW_MARGIN >= end).then_some("the window closes before the quiet hours end")
}

fn question_of(
    ask: &Option<String>,
    doubts: &[String],
    proposed: &[PlannedAction],
    escalations: &[String],
) -> Option<Question> {
    let asked = ask.iter().chain(doubts).chain(escalations);
    let mut reasons: Vec<&str> = asked.map(String::as_str).collect();
    reasons.dedup();
    if reasons.is_empty() {
        return None;
    }
    let is_draft = !proposed.is_empty() && escalations.is_empty();
    Some(Question {
        kind: if is_draft { ApprovalKind::Draft } else { ApprovalKind::Escalation },
        proposed: proposed.iter().map(|planned| planned.action.clone()).collect(),
        reason: reasons.join("; "),
    })
}

fn queue(case: &Case<'_>, speech: Speech, action: Action) -> Queued {
    let not_before = match speech {
        Speech::From(until) if action.speaks() => until,
        _ => case.now,
    };
    Queued { action, not_before }
}

fn outcome_of(question: Option<&Question>, queued: &[Queued]) -> Outcome {
    match question {
        Some(question) if question.kind == ApprovalKind::Escalation => Outcome::Escalate,
        Some(_) => Outcome::Draft,
        None if !queued.is_empty() => Outcome::Act,
        None => Outcome::Ignore,
    }
}

fn note_outcome(
    outcome: Outcome,
    reason: &str,
    queued: &[Queued],
    question: Option<&Question>,
    work: &mut Workings,
) {
    let actions: Vec<&Action> = queued.iter().map(|queued| &queued.action).collect();
    let proposed = question.map(|question| &question.proposed);
    work.note(
        Step::Outcome,
        format!("{outcome}: {reason}"),
        json!({ "actions": actions, "proposed": proposed }),
    );
}
