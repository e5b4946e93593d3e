//! The words of a message.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;
use serde_json::json;
use tenants::alert::Severity;
use tenants::clock::Timestamp;
use tenants::notice::{NoticeKind, Notification};
use tenants::ports::Letter;
use uuid::Uuid;

/// Notices that are written out in one message; of further ones the number is told.
const WRITTEN_OUT: usize = 50;

/// A notice within a message.
#[derive(Debug, Serialize)]
pub(super) struct Item {
    subject: String,
    severity: String,
    at: String,
    lines: Vec<String>,
}

impl Item {
    pub(super) fn new(subject: &str, severity: &str, at: Timestamp, text: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            severity: severity.to_owned(),
            at: at.to_utc().format("%Y-%m-%d %H:%M UTC").to_string(),
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    fn of(notification: &Notification) -> Self {
        Self::new(
            &notification.subject,
            notification.severity.as_str(),
            notification.created_at,
            &notification.text,
        )
    }
}

/// One message of notifications.
pub(super) fn letter_of(id: Uuid, notifications: &[Notification]) -> Letter {
    match notifications {
        [only] => single(id, only),
        many => gathered(id, many),
    }
}

fn single(id: Uuid, it: &Notification) -> Letter {
    let subject = match it.kind {
        NoticeKind::Alert => format!("[{}] {}", it.severity, it.subject),
        _ => it.subject.clone(),
    };
    Letter {
        id,
        kind: it.kind,
        at: it.created_at,
        html: it.html.clone().unwrap_or_else(|| html_of(&subject, &[Item::of(it)], 0)),
        subject,
        text: it.text.clone(),
        data: it.data.clone(),
    }
}

fn gathered(id: Uuid, many: &[Notification]) -> Letter {
    let mut in_order: Vec<&Notification> = many.iter().collect();
    in_order.sort_by_key(|it| (std::cmp::Reverse(it.severity), it.created_at));
    let counts: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter_map(|severity| {
            let count = many.iter().filter(|it| it.severity == *severity).count();
            (count > 0).then(|| format!("{count} {severity}"))
        })
        .collect();
    let subject = format!("{} notices: {}", many.len(), counts.join(", "));
    let items: Vec<Item> = in_order.iter().take(WRITTEN_OUT).map(|it| Item::of(it)).collect();
    let more = many.len().saturating_sub(WRITTEN_OUT);
    let mut text: Vec<String> = items
        .iter()
        .map(|item| format!("[{}] {} ({})\n{}", item.severity, item.subject, item.at, item.lines.join("\n")))
        .collect();
    if more > 0 {
        text.push(format!("… {more} more"));
    }
    Letter {
        id,
        kind: in_order.first().map_or(NoticeKind::Alert, |it| it.kind),
        at: many.iter().map(|it| it.created_at).max().unwrap_or_default(),
        html: html_of(&subject, &items, more),
        subject,
        text: text.join("\n\n"),
        data: json!({ "notices": in_order.iter().map(|it| &it.data).collect::<Vec<_>>() }),
    }
}

static PAGE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // The text comes with the program; a test renders it.
    let _ = environment.add_template("notice", include_str!("../../../config/notice.html"));
    environment
});

/// The message as a page; everything in it is escaped.
pub(super) fn html_of(subject: &str, items: &[Item], more: usize) -> String {
    let page = PAGE
        .get_template("notice")
        .and_then(|page| page.render(context! { subject, items => Serde(items), more }));
    page.unwrap_or_default()
}
