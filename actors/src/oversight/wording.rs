//! The words in which things, verbs and steps are told.

use serde_json::Value;
use tenants::decision::Step;

use super::record::{phrase, quoted};

/// `@ana`; Instagram often gives but a number, which tells people nothing.
pub fn person_told(author: &str) -> String {
    match author.chars().all(|c| c.is_ascii_digit()) {
        true => "a person without a name here".to_owned(),
        false => format!("@{}", phrase(author)),
    }
}

/// A post as people speak of it: `the post “Glow season”`, `the story without a caption`.
pub fn post_told(kind: &str, caption: Option<&str>) -> String {
    let kind = phrase(&kind.replace('_', " "));
    match caption {
        Some(caption) if !caption.trim().is_empty() && kind == "image" => {
            format!("the post {}", quoted(caption))
        }
        Some(caption) if !caption.trim().is_empty() => format!("the post ({kind}) {}", quoted(caption)),
        Some(_) => format!("the post ({kind}) without a caption"),
        None => format!("the post ({kind})"),
    }
}

pub fn text<'v>(details: &'v Value, key: &str) -> Option<&'v str> {
    details.get(key).and_then(Value::as_str)
}

pub fn kind_told(kind: &str) -> String {
    phrase(&kind.replace('_', " "))
}

pub fn outcome_told(outcome: &str, details: &Value, subject: &str) -> String {
    match outcome {
        "act" => {
            let verbs = actions_of(details);
            match verbs.is_empty() {
                true => format!("it was decided to act on {subject}"),
                false => format!("it was decided to {} {subject}", verbs.join(" and to ")),
            }
        }
        "draft" => format!("{subject} was drafted for a person"),
        "escalate" => format!("{subject} was escalated to a person"),
        "ignore" => format!("{subject} was ignored"),
        "record" => format!("{subject} was only noted"),
        other => format!("{subject} was decided as {}", phrase(other)),
    }
}

/// The verbs of what a decision does.
fn actions_of(details: &Value) -> Vec<&'static str> {
    let mut verbs: Vec<&'static str> =
        actions_in(details).filter_map(|action| text(action, "action")).map(verb_of).collect();
    verbs.dedup();
    verbs
}

/// What a decision does, as its trace has it.
pub fn actions_in(details: &Value) -> impl Iterator<Item = &Value> {
    let steps = details.get("trace").and_then(Value::as_array).into_iter().flatten();
    let outcome = steps.filter(|step| text(step, "step") == Some(Step::Outcome.as_str()));
    outcome.filter_map(|step| step.get("details")?.get("actions")?.as_array()).flatten()
}

fn verb_of(action: &str) -> &'static str {
    match action {
        "hide_comment" => "hide",
        "delete_comment" => "delete",
        "like" => "like",
        "private_reply" => "answer in private",
        "reply_comment" | "send_dm" | "reply_dm" | "ask_dm" => "answer",
        _ => "act on",
    }
}

pub fn done_told(action: &str) -> &'static str {
    match action {
        "hide_comment" => "hidden",
        "delete_comment" => "deleted",
        "like" => "liked",
        "private_reply" => "answered in private",
        "reply_comment" => "answered in public",
        "send_dm" | "reply_dm" | "ask_dm" => "answered",
        "create_container" => "passed to Instagram",
        "publish_post" => "published",
        "first_comment" => "written below the post",
        _ => "done",
    }
}

pub fn object_of(action: &str) -> &'static str {
    match action {
        "hide_comment" | "delete_comment" | "like" | "private_reply" | "reply_comment" => "a comment",
        "send_dm" | "reply_dm" | "ask_dm" => "a message",
        "create_container" => "a file",
        "publish_post" => "a post",
        "first_comment" => "the first comment",
        _ => "something",
    }
}

pub fn verb_told(verb: &str) -> String {
    match verb {
        "taken_over" => "taken over".to_owned(),
        "handed_back" => "returned to the bot (handback)".to_owned(),
        "feedback" => "given feedback".to_owned(),
        "publish_now" => "set to publish now".to_owned(),
        "connect_failed" => "not connected: it failed".to_owned(),
        "connect_begun" => "begun to connect".to_owned(),
        "refresh_failed" => "not refreshed: it failed".to_owned(),
        "person_forgotten" => "made to forget a person (forgotten)".to_owned(),
        other => phrase(&other.replace('_', " ")),
    }
}

/// Why, step by step: what the steps before the outcome found.
pub fn steps_told(details: &Value) -> Vec<String> {
    let steps = details.get("trace").and_then(Value::as_array).into_iter().flatten();
    let told = |step: &Value| {
        let (name, summary) = (text(step, "step")?, text(step, "summary")?);
        let is_why = name != Step::Outcome.as_str() && !summary.is_empty();
        is_why.then(|| format!("The {name} step found: {}.", phrase(summary)))
    };
    steps.filter_map(told).collect()
}

pub fn model_told(details: &Value) -> Option<String> {
    let model = text(details, "model")?;
    let cost = details.get("cost_micro_usd").and_then(Value::as_i64).unwrap_or(0);
    let prompt = text(details, "prompt_version").map(|it| format!(" with the prompt {}", phrase(it)));
    let confidence =
        details.get("classification").and_then(|it| it.get("confidence")).and_then(Value::as_f64);
    let sure = confidence.map(|it| format!(", {:.0} % sure", it * 100.0)).unwrap_or_default();
    Some(format!(
        "The model was {}{}{sure}, and it cost {}.",
        phrase(model),
        prompt.unwrap_or_default(),
        dollars(cost)
    ))
}

/// An amount with as many digits as it takes.
pub fn dollars(micro_usd: i64) -> String {
    let amount = micro_usd as f64 / 1e6;
    if micro_usd != 0 && micro_usd.abs() < 10_000 { format!("${amount:.6}") } else { format!("${amount:.2}") }
}

/// The members that every reader may see, whoever wrote the entry.
pub fn particulars(details: &Value) -> Option<String> {
    const TOLD: [&str; 14] = [
        "status",
        "state",
        "role",
        "to",
        "report_type",
        "alert_type",
        "severity",
        "day",
        "time_zone",
        "permalink",
        "post_type",
        "intent",
        "stage",
        "kind",
    ];
    let mut told: Vec<String> = TOLD
        .iter()
        .filter_map(|key| Some((key, text(details, key)?)))
        .map(|(key, value)| format!("{} {}", key.replace('_', " "), phrase(value)))
        .collect();
    if let Some(daily) = details.get("daily_micro_usd").and_then(Value::as_i64) {
        told.push(format!("daily budget {}", dollars(daily)));
    }
    let changed: Vec<&str> = details
        .get("changed")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !changed.is_empty() {
        told.push(format!("changed fields {}", phrase(&changed.join(", "))));
    }
    (!told.is_empty()).then(|| format!("It was recorded with {}.", told.join(", ")))
}

/// With a capital at its beginning.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
