//! What briefings say.

use tenants::alert::{Alert, AlertType, Severity};
use tenants::briefing::{BriefingKind, BriefingNumbers};
use tenants::clock::Timestamp;
use tenants::conversation::CommentStatus;
use tenants::effect::{ActionType, EffectState};
use tenants::ids::AlertId;
use tenants::intent::{Intent, Language};
use tenants::lead::LeadStage;
use tenants::money::MicroUsd;
use tenants::ports::Period;

use super::page::page_of;
use super::sections::sections_of;
use super::{Material, PostNumbers, days_before};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn alert(severity: Severity) -> Alert {
    let id: AlertId = "alr_00000000000000000000000000000000".parse().unwrap();
    Alert {
        id,
        agency: None,
        tenant: None,
        alert_type: AlertType::DeadLetter,
        severity,
        message: "m".into(),
        details: serde_json::Value::Null,
        dedup_key: "k".into(),
        occurrences: 1,
        last_seen_at: at("2026-03-04T07:00:00Z"),
        resolved_at: None,
        resolved_by: None,
        created_at: at("2026-03-04T07:00:00Z"),
    }
}

fn material(language: Language, kind: BriefingKind) -> Material {
    let numbers = BriefingNumbers {
        comments: vec![
            (Some(Intent::Praise), CommentStatus::Replied, 7),
            (Some(Intent::Question), CommentStatus::AwaitingApproval, 2),
        ],
        messages: vec![(Some(Intent::Lead), 3), (None, 1)],
        effects: vec![
            (ActionType::ReplyComment, EffectState::Sent, 7),
            (ActionType::ReplyDm, EffectState::Sent, 2),
            (ActionType::ReplyDm, EffectState::Dlq, 1),
        ],
        drafts_waiting: 2,
        escalations_waiting: 0,
        oldest_waiting: Some(at("2026-03-03T20:00:00Z")),
        human_conversations: 1,
        leads: vec![(LeadStage::New, 1), (LeadStage::Qualified, 2)],
    };
    Material {
        tenant_name: "Müller & Söhne <script>".into(),
        zone: chrono_tz::Tz::Europe__Berlin,
        language,
        kind,
        period: Period { from: at("2026-03-03T07:00:00Z"), until: at("2026-03-04T07:00:00Z") },
        numbers,
        before: (kind == BriefingKind::Weekly).then(BriefingNumbers::default),
        alerts: vec![alert(Severity::Critical), alert(Severity::Error), alert(Severity::Error)],
        spent: MicroUsd(1_230_000),
        posts: PostNumbers { published: 1, planned: 2, to_approve: 1, stuck: 0 },
    }
}

#[test]
fn a_briefing_tells_what_came_in_what_was_done_and_what_waits() {
    let material = material(Language::English, BriefingKind::Daily);
    let page = page_of(&material, &sections_of(&material));
    for line in [
        "2026-03-03 08:00 – 2026-03-04 08:00 (Europe/Berlin)",
        "- Comments and mentions: 9",
        "- Direct messages: 4",
        "- Praise: 7",
        "- Public replies by Troupe: 7",
        "- Not sent: look at the queue: 1",
        "- Drafts to approve: 2",
        "- Oldest since: 2026-03-03 21:00",
        "- Planned next: 2",
        "- New leads: 3",
        "- Of them qualified: 2",
        "- Critical: 1",
        "- Language models: $1.23",
    ] {
        assert!(page.text.contains(line), "{line} is missing in:\n{}", page.text);
    }
    assert!(!page.text.contains("To answer yourself"), "what is zero is left out");
}

#[test]
fn names_are_escaped_in_the_page_and_not_in_the_text() {
    let material = material(Language::German, BriefingKind::Daily);
    let page = page_of(&material, &sections_of(&material));
    assert!(page.html.contains("Müller &amp; Söhne &lt;script&gt;"), "{}", page.html);
    assert!(!page.html.contains("<script>"));
    assert!(page.text.starts_with("Müller & Söhne <script>: Morgenübersicht"), "{}", page.text);
    assert!(page.html.contains("<html lang=\"de\">"));
}

#[test]
fn every_language_has_words_of_its_own_for_everything() {
    let english = material(Language::English, BriefingKind::Weekly);
    let titles = |material: &Material| -> Vec<String> {
        let sections = sections_of(material);
        sections.iter().flat_map(|it| it.lines.iter().map(|line| line.label.clone())).collect()
    };
    for language in Language::ALL {
        let other = material(*language, BriefingKind::Weekly);
        let (ours, theirs) = (titles(&english), titles(&other));
        assert_eq!(ours.len(), theirs.len());
        assert!(theirs.iter().all(|label| !label.is_empty()));
        if *language != Language::English {
            let same = ours.iter().zip(&theirs).filter(|(one, two)| one == two).count();
            // Spam and a few words of French are the same.
            assert!(same <= 4, "{language}: {same} labels are English");
        }
    }
}

#[test]
fn a_weekly_report_compares_with_the_week_before() {
    let material = material(Language::English, BriefingKind::Weekly);
    let page = page_of(&material, &sections_of(&material));
    assert!(page.text.contains("- Comments and mentions: 9 (0)"), "{}", page.text);
}

#[test]
fn when_nothing_waits_it_says_so() {
    let mut material = material(Language::English, BriefingKind::Daily);
    material.numbers = BriefingNumbers::default();
    (material.alerts, material.spent, material.posts) = (Vec::new(), MicroUsd(0), PostNumbers::default());
    let sections = sections_of(&material);
    assert_eq!(sections.len(), 1);
    assert_eq!(sections[0].lines[0].label, "Nothing waits for you");
}

#[test]
fn a_day_has_twenty_three_hours_when_the_clocks_change() {
    let eight = at("2026-03-29T06:00:00Z");
    let before = days_before(eight, 1, chrono_tz::Tz::Europe__Berlin);
    assert_eq!(before, at("2026-03-28T07:00:00Z"));
}
