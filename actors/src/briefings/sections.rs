//! What a briefing says, part by part. A part that has nothing to say is left out, except what waits for a person: that
//! nothing waits is good news.

use tenants::alert::Severity;
use tenants::briefing::BriefingNumbers;
use tenants::conversation::CommentStatus;
use tenants::effect::{ActionType, EffectState};
use tenants::intent::Intent;
use tenants::lead::LeadStage;
use tenants::money::MicroUsd;

use super::Material;
use super::page::{Line, Section};
use super::words::{Words, words_of};

/// All parts, in their order.
pub(super) fn sections_of(material: &Material) -> Vec<Section> {
    let words = words_of(material.language);
    let parts = [
        came_in(material, words),
        done(material, words),
        waits(material, words),
        posts(material, words),
        leads(material, words),
        alerts(material, words),
        spent(material, words),
    ];
    parts.into_iter().flatten().collect()
}

fn section(title: &str, lines: Vec<Option<Line>>) -> Option<Section> {
    let lines: Vec<Line> = lines.into_iter().flatten().collect();
    (!lines.is_empty()).then(|| Section { title: title.to_owned(), lines })
}

fn line(label: &str, value: impl std::fmt::Display) -> Option<Line> {
    Some(Line { label: label.to_owned(), value: value.to_string() })
}

/// A number, when there is one; with the number of the period before, when that is known.
fn counted(label: &str, now: i64, before: Option<i64>) -> Option<Line> {
    match before {
        Some(before) if now != 0 || before != 0 => line(label, format!("{now} ({before})")),
        None if now != 0 => line(label, now),
        _ => None,
    }
}

fn came_in(material: &Material, words: &Words) -> Option<Section> {
    let count = |of: fn(&BriefingNumbers) -> i64| (of(&material.numbers), material.before.as_ref().map(of));
    let (comments, comments_before) = count(comments);
    let (messages, messages_before) = count(messages);
    let mut lines = vec![
        counted(words.comments, comments, comments_before),
        counted(words.messages, messages, messages_before),
    ];
    for intent in Intent::ALL {
        lines.push(counted(
            words.intent(*intent),
            of_intent(&material.numbers, *intent),
            material.before.as_ref().map(|numbers| of_intent(numbers, *intent)),
        ));
    }
    section(words.came_in, lines)
}

fn comments(numbers: &BriefingNumbers) -> i64 {
    numbers.comments.iter().map(|(_, _, count)| count).sum()
}

fn messages(numbers: &BriefingNumbers) -> i64 {
    numbers.messages.iter().map(|(_, count)| count).sum()
}

fn of_intent(numbers: &BriefingNumbers, intent: Intent) -> i64 {
    let comments = numbers.comments.iter().filter(|(found, _, _)| *found == Some(intent));
    let messages = numbers.messages.iter().filter(|(found, _)| *found == Some(intent));
    comments.map(|(_, _, count)| count).sum::<i64>() + messages.map(|(_, count)| count).sum::<i64>()
}

fn done(material: &Material, words: &Words) -> Option<Section> {
    let sent = |numbers: &BriefingNumbers, actions: &[ActionType]| -> i64 {
        let is_counted = |(action, state, _): &&(ActionType, EffectState, i64)| {
            *state == EffectState::Sent && actions.contains(action)
        };
        numbers.effects.iter().filter(is_counted).map(|(_, _, count)| count).sum()
    };
    let counted_of = |label, actions: &[ActionType]| {
        counted(
            label,
            sent(&material.numbers, actions),
            material.before.as_ref().map(|numbers| sent(numbers, actions)),
        )
    };
    let failed: i64 = material
        .numbers
        .effects
        .iter()
        .filter(|(_, state, _)| *state == EffectState::Dlq)
        .map(|(_, _, count)| count)
        .sum();
    let replies_of_people: i64 = material
        .numbers
        .comments
        .iter()
        .filter(|(_, status, _)| *status == CommentStatus::Replied)
        .map(|(_, _, count)| count)
        .sum();
    section(
        words.done,
        vec![
            counted(words.comments_answered, replies_of_people, None),
            counted_of(words.replies, &[ActionType::ReplyComment]),
            counted_of(
                words.direct_messages,
                &[ActionType::SendDm, ActionType::ReplyDm, ActionType::PrivateReply],
            ),
            counted_of(words.hidden, &[ActionType::HideComment, ActionType::DeleteComment]),
            counted(words.failed, failed, None),
        ],
    )
}

fn waits(material: &Material, words: &Words) -> Option<Section> {
    let numbers = &material.numbers;
    let since = numbers
        .oldest_waiting
        .map(|at| at.to_utc().with_timezone(&material.zone).format("%Y-%m-%d %H:%M").to_string());
    let mut lines = vec![
        counted(words.drafts, numbers.drafts_waiting, None),
        counted(words.escalations, numbers.escalations_waiting, None),
        since.and_then(|since| line(words.oldest, since)),
        counted(words.with_people, numbers.human_conversations, None),
    ];
    if lines.iter().all(Option::is_none) {
        lines.push(line(words.nothing_waits, "✓"));
    }
    section(words.waits, lines)
}

fn posts(material: &Material, words: &Words) -> Option<Section> {
    let posts = material.posts;
    section(
        words.posts,
        vec![
            counted(words.published, posts.published, None),
            counted(words.planned, posts.planned, None),
            counted(words.posts_to_approve, posts.to_approve, None),
            counted(words.posts_stuck, posts.stuck, None),
        ],
    )
}

fn leads(material: &Material, words: &Words) -> Option<Section> {
    let of = |numbers: &BriefingNumbers| numbers.leads.iter().map(|(_, count)| count).sum::<i64>();
    let qualified = |numbers: &BriefingNumbers| {
        let is_good = |stage: LeadStage| matches!(stage, LeadStage::Qualified | LeadStage::Won);
        numbers.leads.iter().filter(|(stage, _)| is_good(*stage)).map(|(_, count)| count).sum::<i64>()
    };
    let before = material.before.as_ref();
    section(
        words.leads,
        vec![
            counted(words.new_leads, of(&material.numbers), before.map(of)),
            counted(words.qualified, qualified(&material.numbers), before.map(qualified)),
        ],
    )
}

fn alerts(material: &Material, words: &Words) -> Option<Section> {
    let mut lines: Vec<Option<Line>> = Vec::new();
    for severity in Severity::ALL.iter().rev() {
        let count = material.alerts.iter().filter(|alert| alert.severity == *severity).count();
        lines.push((count > 0).then(|| line(words.severity(*severity), count)).flatten());
    }
    section(words.alerts, lines)
}

fn spent(material: &Material, words: &Words) -> Option<Section> {
    let is_something = material.spent > MicroUsd(0);
    section(
        words.spending,
        vec![is_something.then(|| line(words.models, material.spent.in_dollars())).flatten()],
    )
}
