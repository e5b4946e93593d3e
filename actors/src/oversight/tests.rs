//! What is told of entries, and which of them answer a question.

use chrono_tz::Tz;
use serde_json::{Value, json};
use tenants::audit::AuditEntry;
use tenants::clock::Timestamp;
use tenants::ids::AuditId;

use super::extract::{Extract, extract};
use super::question::Question;
use super::record::Record;
use super::told::{Names, Teller};

const NOW: &str = "2026-11-27T18:00:00Z";

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An entry of that day at this hour.
fn entry(hour: u8, event_type: &str, (action, id): (&str, &str), actor: &str, details: Value) -> AuditEntry {
    AuditEntry {
        id: AuditId(uuid::Uuid::from_u128(u128::from(hour) * 1_000 + id.len() as u128)),
        seq: i64::from(hour),
        event_type: event_type.to_owned(),
        action: action.to_owned(),
        resource_type: event_type.split('.').next().unwrap_or_default().to_owned(),
        resource_id: id.to_owned(),
        actor: actor.to_owned(),
        success: true,
        error: event_type.ends_with("failed").then(|| "the file is gone".to_owned()),
        details: details.into(),
        at: moment(&format!("2026-11-27T{hour:02}:00:00Z")),
        hash: String::new(),
    }
}

fn came_in(hour: u8, id: &str, kind: &str, author: &str, intent: &str) -> AuditEntry {
    let details = json!({ "event_kind": kind, "author": author, "incoming_text": format!("text of {id}"),
        "classification": { "intent": intent, "confidence": 0.9 }, "reason": "a test", "trace": [] });
    entry(hour, "decision.made", ("draft", id), "engagement", details)
}

fn told(entries: Vec<AuditEntry>) -> Vec<Record> {
    let names = Names::from([("key:1".to_owned(), "Marta".to_owned())]);
    let mut teller = Teller::new(Tz::UTC, &names);
    let mut newest_first = entries;
    newest_first.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    newest_first.into_iter().for_each(|entry| teller.hear(entry));
    teller.finish()
}

fn answer(records: &[Record], question: &str) -> String {
    let question = Question::read(question, moment(NOW), Tz::UTC);
    let Extract { sentences, .. } = extract(&question, records, false);
    sentences.into_iter().map(|(line, _)| line).collect::<Vec<_>>().join(" ")
}

fn first_line(entry: AuditEntry) -> String {
    told(vec![entry])[0].lines[0].clone()
}

fn of_post(caption: &str) -> Value {
    json!({ "post_type": "image", "caption": caption, "scheduled_at": "2026-12-01T09:00:00Z" })
}

#[test]
fn what_happened_to_posts_is_told_by_whoever_did_it() {
    let line = |event: &str, actor: &str, caption: &str| {
        first_line(entry(9, event, ("", "pst_1"), actor, of_post(caption)))
    };
    assert_eq!(
        line("post.approved", "client", "Glow"),
        "On 27 Nov 2026 at 09:00 the client, through the approval link, approved the post “Glow”."
    );
    assert_eq!(
        line("post.failed", "publishing", "Glow"),
        "On 27 Nov 2026 at 09:00 the post “Glow” failed and was not published: the file is gone."
    );
    assert_eq!(
        line("post.scheduled", "key:1", ""),
        "On 27 Nov 2026 at 09:00 Marta scheduled the post (image) without a caption for 1 Dec 2026 at 09:00."
    );
}

#[test]
fn settings_are_many_and_numbers_are_no_names() {
    let changed = first_line(entry(9, "settings.changed", ("change", "ten_1"), "key:1", json!({})));
    assert_eq!(changed, "On 27 Nov 2026 at 09:00 the settings were changed by Marta.");
    let nameless = first_line(came_in(9, "dec_1", "message", "1011207194226087", "question"));
    assert!(nameless.contains("by a person without a name here"), "{nameless}");
}

#[test]
fn the_words_that_left_are_told() {
    let actions = json!([{ "action": "reply_comment", "text": "We open at nine." }]);
    let records = told(vec![
        came_in(9, "dec_1", "comment", "felix_305", "question"),
        entry(
            10,
            "approval.decided",
            ("approve", "apr_1"),
            "key:1",
            json!({ "decision": "dec_1", "status": "approved", "actions": actions }),
        ),
        entry(11, "effect.sent", ("reply_comment", "eff_1"), "dispatcher", json!({ "decision": "dec_1" })),
    ]);
    let said = answer(&records, "What did we answer to felix_305?");
    assert!(said.contains("The words that were sent are “We open at nine.”."), "{said}");
}

/// A day with a bit of everything that used to be counted together.
fn day() -> Vec<Record> {
    let effect = |hour, event: &str, action: &str, id: &str| {
        entry(hour, event, (action, id), "dispatcher", json!({ "decision": "dec_1" }))
    };
    let verdict = |hour, status: &str, id: &str, is_escalation: bool| {
        let details =
            json!({ "status": status, "escalation": is_escalation, "decision": "dec_2", "actions": [] });
        entry(hour, "approval.decided", (status, id), "key:1", details)
    };
    let post = |hour, event: &str, id: &str, actor: &str| entry(hour, event, ("", id), actor, of_post(id));
    told(vec![
        came_in(1, "dec_1", "comment", "ana", "question"),
        came_in(2, "dec_2", "comment", "ben.b", "complaint"),
        came_in(3, "dec_3", "message", "1011207194226087", "complaint"),
        came_in(4, "dec_4", "own_comment", "us", "question"),
        effect(5, "effect.sent", "reply_comment", "eff_1"),
        effect(6, "effect.failed", "create_container", "eff_2"),
        effect(7, "effect.sent", "publish_post", "eff_3"),
        effect(8, "effect.dead_lettered", "reply_dm", "eff_44"),
        verdict(9, "approved", "apr_1", false),
        verdict(10, "edited", "apr_22", false),
        verdict(11, "rejected", "apr_333", true),
        post(12, "post.approved", "race publish 2", "client"),
        post(13, "post.published", "race publish 2", "publishing"),
        post(14, "post.failed", "race publish", "publishing"),
        post(15, "post.rejected", "another", "key:1"),
    ])
}

#[test]
fn only_what_is_all_that_is_named_is_counted() {
    let records = day();
    for (question, sentence) in [
        ("How many comments did we get today?", "2 comments came in on 27 Nov 2026."),
        ("How many messages came in today?", "1 message came in on 27 Nov 2026."),
        ("How many replies were sent today?", "1 reply was sent on 27 Nov 2026."),
        ("How many replies failed today?", "1 reply failed on 27 Nov 2026."),
        ("How many posts did we publish this month?", "1 post was published from"),
        ("How many posts failed today?", "1 post failed on 27 Nov 2026."),
        ("How many questions were asked today?", "1 question came in on 27 Nov 2026."),
        ("How many posts were rejected today?", "1 post was rejected on 27 Nov 2026."),
    ] {
        let said = answer(&records, question);
        assert!(said.starts_with(sentence), "{question}: {said}");
    }
    let approved = answer(&records, "How many drafts were approved today?");
    assert!(
        approved.starts_with("1 draft was approved on 27 Nov 2026. 1 draft was approved with other words")
    );
    for (question, none) in [
        ("How many drafts were rejected today?", "0 drafts were rejected on 27 Nov 2026."),
        ("How many comments were hidden today?", "0 comments were hidden on 27 Nov 2026."),
        ("How many replies were sent in the last hour?", "0 replies were sent in the last hour."),
    ] {
        assert_eq!(answer(&records, question), none, "{question}");
    }
    for question in [
        "How many purchases were there today?",
        "How many comments about shoes came in today?",
        "[1] [2] [3]",
    ] {
        assert_eq!(answer(&records, question), "", "{question}");
    }
}

#[test]
fn everybody_who_wrote_so_is_named() {
    let said = answer(&day(), "Who complained today?");
    assert!(
        said.starts_with(
            "2 complaints came in on 27 Nov 2026, from @ben.b and a person without a name here."
        ),
        "{said}"
    );
}

#[test]
fn what_could_not_be_sent_is_what_failed() {
    let said = answer(&day(), "What could not be sent today?");
    assert!(said.contains("dead letter") && !said.contains("drafted"), "{said}");
}

#[test]
fn a_quoted_name_is_that_whole_name() {
    let records = day();
    let said = answer(&records, "Why did the post “race publish” fail?");
    assert!(said.contains("“race publish” failed") && !said.contains("race publish 2"), "{said}");
    let said = answer(&records, "Did the client approve “race publish 2”?");
    assert!(said.contains("the client, through the approval link, approved"), "{said}");
    assert_eq!(answer(&records, "Was there a rule “x” on 1 Jan 2025?"), "");
    assert_eq!(answer(&records, "Why did the post “ace publish” fail?"), "");
}

#[test]
fn a_draft_is_no_post() {
    let said = answer(&day(), "Who approved the last draft?");
    assert!(said.contains("Marta approved the draft"), "{said}");
}

#[test]
fn a_day_is_summed_up_in_numbers() {
    let said = answer(&day(), "Give me a summary of today");
    for number in ["2 comments came in", "1 reply was sent", "1 post was published", "1 post failed"] {
        assert!(said.contains(number), "{number}: {said}");
    }
}
