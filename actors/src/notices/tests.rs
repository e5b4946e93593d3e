//! The words of messages.

use serde_json::json;
use tenants::alert::Severity;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, ChannelId, Ids, NotificationId};
use tenants::notice::{NoticeKind, Notification, NotificationStatus};
use uuid::Uuid;

use super::letter::letter_of;
use tenants::clock::ManualClock;

fn notification(number: u32, severity: Severity, text: &str) -> Notification {
    let ids = Ids::seeded(std::sync::Arc::new(ManualClock::at(0)), u64::from(number));
    Notification {
        id: NotificationId::new(&ids),
        channel: ChannelId::new(&ids),
        agency: AgencyId::new(&ids),
        tenant: None,
        channel_tenant: None,
        kind: NoticeKind::Alert,
        severity,
        person: None,
        dedup_key: number.to_string(),
        subject: format!("alert {number}"),
        text: text.to_owned(),
        html: None,
        data: json!({ "number": number }),
        status: NotificationStatus::Pending,
        message: None,
        tries: 0,
        error: None,
        next_try_at: Timestamp::default(),
        sent_at: None,
        created_at: Timestamp::from_millis(i64::from(number)),
    }
}

#[test]
fn one_notice_is_told_as_it_is_and_escaped_in_the_page() {
    let letter = letter_of(Uuid::nil(), &[notification(1, Severity::Error, "<img src=x> & more")]);
    assert_eq!(letter.subject, "[error] alert 1");
    assert_eq!(letter.text, "<img src=x> & more");
    assert!(letter.html.contains("&lt;img src=x&gt; &amp; more"), "{}", letter.html);
    assert!(!letter.html.contains("<img"));
}

#[test]
fn several_are_gathered_with_the_worst_first_and_most_of_a_flood_only_counted() {
    let mut many: Vec<Notification> = (0..200).map(|n| notification(n, Severity::Warning, "w")).collect();
    many.push(notification(500, Severity::Critical, "fire"));
    let letter = letter_of(Uuid::nil(), &many);
    assert_eq!(letter.subject, "201 notices: 1 critical, 200 warning");
    assert!(letter.text.starts_with("[critical] alert 500"), "{}", letter.text);
    assert!(letter.text.ends_with("… 151 more"));
    assert!(letter.html.contains("… 151 more"));
    assert!(letter.html.len() < 40_000);
}
