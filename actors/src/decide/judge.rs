//! The decision about a text, step by step: gate, rules, memory, classification, mode, generation, guards.

use llm::Channel;
use serde_json::json;
use tenants::decision::{Outcome, Step};
use tenants::intent::{Classification, Intent};
use tenants::policy::SilenceReason;
use tenants::settings::Mode;

use super::classify::classify;
use super::error::DecideError;
use super::gate_step::{Speech, explain, pass_gate};
use super::generate::{Written, language_of_reply, write_reply};
use super::judgement::{Case, Judgement};
use super::mode::{ModeChoice, Wish, choose_mode, wish, with_earned};
use super::outcome::{Course, finish};
use super::plan::PlannedAction;
use super::recall::recall;
use super::rules_step::{ask_rules, counted};
use super::suspicion::{suspicions, was_told_late};
use super::work::Workings;

/// Judges a text. Changes nothing but the counters of rules.
pub(super) async fn judge(case: &Case<'_>) -> Result<Judgement, DecideError> {
    let mut work = Workings::default();
    let speech = pass_gate(case, &mut work);
    if let Speech::Nothing(silence) = speech {
        let is_command = matches!(silence, SilenceReason::StopWord | SilenceReason::StartWord);
        let outcome = if is_command { Outcome::Record } else { Outcome::Ignore };
        let judgement = Judgement::quiet(outcome, explain(silence), work);
        return Ok(Judgement { silence: Some(silence), ..judgement });
    }
    let rules = ask_rules(case, &mut work).await?;
    let hits = counted(rules.hits, case.counting);
    let mut plan = rules.plan;
    if was_told_late(case) && plan.actions.iter().any(|planned| planned.action.speaks()) {
        // What a rule would have said at the time is too late now: a person is asked instead.
        plan.actions.retain(|planned| !planned.action.speaks());
        plan.is_settled = false;
    }
    let course = if plan.is_settled {
        Course::of_rules(&rules.names)
    } else {
        ask_model(case, speech, &mut work).await?
    };
    if let Speech::ModerationOnly(_) = speech {
        plan.keep_moderation();
    }
    Ok(Judgement { hits, ..finish(case, speech, plan, course, work) })
}

/// What the model would do, as far as the gate leaves it anything to do.
async fn ask_model(case: &Case<'_>, speech: Speech, work: &mut Workings) -> Result<Course, DecideError> {
    recall(case, work).await;
    if case.heard.text.trim().is_empty() {
        return Ok(without_words(case, speech));
    }
    let Some(found) = classify(case, work).await?.cloned() else {
        return Ok(match speech {
            Speech::ModerationOnly(silence) => Course::ignore(explain(silence)),
            _ => Course::escalate("no model could say what this text wants"),
        });
    };
    let settings = &case.context.settings;
    let choice = choose_mode(settings, &found, &case.heard.text);
    let choice = suspicions(case).into_iter().fold(choice, ModeChoice::doubted);
    let choice = work.degraded.iter().cloned().fold(choice, ModeChoice::doubted);
    let choice = with_earned(choice, settings, case.context.earned.get(&found.intent), &found, case.seed);
    note_mode(&choice, &found, work);
    if let Speech::ModerationOnly(silence) = speech {
        return Ok(only_hide(case, &choice, &found).unwrap_or_else(|| Course::ignore(explain(silence))));
    }
    if choice.mode == Mode::Escalate {
        return Ok(Course::escalate(choice.reason(found.intent)).in_mode(choice.mode));
    }
    let can_reply_privately = case.heard.private_reply("", case.now).is_some();
    let wish = wish(found.intent, choice.mode, case.heard, can_reply_privately, &case.account.username);
    fulfil(case, wish, &choice, &found, work).await
}

/// A photograph may be a broken parcel: a person looks at it. A heart or a story that mentions us needs nothing.
fn without_words(case: &Case<'_>, speech: Speech) -> Course {
    let may_ask = !matches!(speech, Speech::ModerationOnly(_));
    if may_ask && case.heard.has_content_to_look_at() {
        return Course::escalate("the message has no words, only attachments");
    }
    Course::ignore("there is nothing to answer")
}

fn note_mode(choice: &ModeChoice, found: &Classification, work: &mut Workings) {
    work.is_doubtful |= !choice.doubts.is_empty();
    let doubts = choice.doubts.join("; ");
    let summary = if doubts.is_empty() {
        let earned = choice.earned.as_ref().map(|earned| format!(": {earned}")).unwrap_or_default();
        format!("mode {} for {}{earned}", choice.mode, found.intent)
    } else if choice.mode == choice.set {
        format!("mode {} for {}, in any case: {doubts}", choice.mode, found.intent)
    } else {
        format!("mode {} instead of {}: {doubts}", choice.mode, choice.set)
    };
    work.note(
        Step::Mode,
        summary,
        json!({ "set": choice.set, "mode": choice.mode, "doubts": choice.doubts, "earned": choice.earned }),
    );
}

/// Public spam is hidden even where nothing may be said.
fn only_hide(case: &Case<'_>, choice: &ModeChoice, found: &Classification) -> Option<Course> {
    let is_clear_spam = found.intent == Intent::Spam && choice.mode == Mode::Act;
    let action = is_clear_spam.then(|| case.heard.hide()).flatten()?;
    Some(Course::act(PlannedAction { action, own_words: None }, choice.mode, "spam is hidden".to_owned()))
}

async fn fulfil(
    case: &Case<'_>,
    wish: Wish,
    choice: &ModeChoice,
    found: &Classification,
    work: &mut Workings,
) -> Result<Course, DecideError> {
    let (channel, reason) = match wish {
        Wish::Nothing(reason) => return Ok(Course::ignore(reason).in_mode(choice.mode)),
        Wish::Look(reason) => return Ok(Course::escalate(reason).in_mode(choice.mode)),
        Wish::Hide => {
            let Some(action) = case.heard.hide() else { return Ok(Course::ignore("it cannot be hidden")) };
            return Ok(by_mode(PlannedAction { action, own_words: None }, choice, found, "spam is hidden"));
        }
        Wish::Reply => (case.heard.reply_channel(), "is answered"),
        Wish::PrivateReply => (Channel::PrivateReply, "is answered by direct message"),
    };
    let language = language_of_reply(case, found.language);
    let (text, doubts) = match write_reply(case, found.intent, language, channel, work).await? {
        Written::Reply { text, doubts } => (text, doubts),
        Written::Nothing => return Ok(Course::escalate("no reply could be written").in_mode(choice.mode)),
        Written::Overtaken => {
            return Ok(Course::ignore("the person has written again: one answer is given to all of it"));
        }
    };
    let choice = &doubts.into_iter().fold(choice.clone(), ModeChoice::doubted);
    let action = match channel {
        Channel::PrivateReply => case.heard.private_reply(&text, case.now),
        Channel::Comment | Channel::DirectMessage => case.heard.reply(&text),
    };
    let Some(action) = action else {
        return Ok(Course::escalate("instagram offers no way to answer this").in_mode(choice.mode));
    };
    let planned = PlannedAction { action, own_words: None };
    Ok(by_mode(planned, choice, found, &format!("{} {reason}", found.intent)))
}

fn by_mode(planned: PlannedAction, choice: &ModeChoice, found: &Classification, deed: &str) -> Course {
    match choice.mode {
        Mode::Act => Course::act(planned, choice.mode, deed.to_owned()),
        Mode::Draft | Mode::Escalate => Course::draft(planned, choice.mode, choice.reason(found.intent)),
    }
}
