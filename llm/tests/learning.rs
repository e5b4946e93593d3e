//! What verdicts teach the local classifier, and what they cannot.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::sync::LazyLock;

use tenants::clock::Timestamp;
use tenants::ids::{DecisionId, EventId, VerdictId};
use tenants::intent::{Classification, Intent};
use tenants::tuning::{Learned, Tuning};
use tenants::verdict::{Basis, Verdict, VerdictKind, VerdictSource};
use troupe_llm::offline::examples::{self, Example};
use troupe_llm::offline::learn::{FARTHEST, MOST_ROWS, Step, Teacher};

static TEACHER: LazyLock<Teacher> = LazyLock::new(|| Teacher::new().unwrap());

fn verdict(text: &str, found: Option<Classification>, said: VerdictKind, right: Option<Intent>) -> Verdict {
    Verdict {
        id: VerdictId(Default::default()),
        source: VerdictSource::Draft,
        approval: None,
        event: EventId(Default::default()),
        decision: DecisionId(Default::default()),
        text: text.to_owned(),
        basis: Basis { classification: found, ..Basis::default() },
        verdict: said,
        corrected_intent: right,
        edit_distance: None,
        by: "key:1".to_owned(),
        at: Timestamp::from_micros(0),
    }
}

fn corrected(text: &str, right: Intent) -> Verdict {
    verdict(text, None, VerdictKind::Rejected, Some(right))
}

fn after<'v>(verdicts: impl IntoIterator<Item = &'v Verdict>) -> Learned {
    verdicts.into_iter().fold(Learned::default(), |learned, verdict| TEACHER.fold(&learned, verdict).0)
}

fn read(text: &str, tuning: &Tuning) -> Classification {
    TEACHER.classifier().classify_tuned(text, None, tuning)
}

fn labelled() -> Vec<(Example, Intent)> {
    let mut all = examples::held_out().unwrap();
    all.extend(examples::held_out_hard().unwrap());
    all.into_iter().filter_map(|example| Some((example.clone(), example.labels?.intent))).collect()
}

fn recall_of_complaints(tuning: &Tuning, texts: &[(Example, Intent)]) -> f64 {
    let complaints = texts.iter().filter(|(_, intent)| *intent == Intent::Complaint);
    let found = complaints.clone().filter(|(text, _)| read(text.text, tuning).intent == Intent::Complaint);
    found.count() as f64 / complaints.count() as f64
}

#[test]
fn a_tenant_whose_people_always_say_lead_gets_leads_and_its_neighbour_does_not() {
    let ask = "do you do custom sizes?";
    assert_eq!(read(ask, &Tuning::default()).intent, Intent::Question);
    let learned = after(&[(); 20].map(|()| corrected(ask, Intent::Lead)));
    let found = read(ask, &learned.tuning);
    assert_eq!(found.intent, Intent::Lead);
    assert!(found.confidence >= 0.75, "{}", found.confidence);
    assert_eq!(read("hi, do you do custom sizes for shoes?", &learned.tuning).intent, Intent::Lead);
    assert_eq!(
        read("when do you open?", &learned.tuning).intent,
        Intent::Question,
        "others are read as before"
    );
    assert_eq!(read(ask, &Tuning::default()).intent, Intent::Question, "another tenant has learned nothing");
}

#[test]
fn nothing_learned_changes_nothing_at_all() {
    for (example, _) in labelled() {
        let plain = TEACHER.classifier().classify(example.text, None);
        assert_eq!(read(example.text, &Tuning::default()), plain, "{}", example.text);
    }
}

#[test]
fn what_is_stored_and_read_back_reads_texts_the_same_to_the_bit() {
    let texts = labelled();
    let verdicts: Vec<Verdict> =
        texts.iter().take(200).map(|(example, intent)| corrected(example.text, *intent)).collect();
    let tuning = after(&verdicts).tuning;
    assert!(!tuning.nudges.is_empty());
    let stored = serde_json::to_string(&tuning).unwrap();
    let again: Tuning = serde_json::from_str(&stored).unwrap();
    assert_eq!(again, tuning);
    for (example, _) in texts {
        assert_eq!(read(example.text, &again), read(example.text, &tuning));
    }
}

#[test]
fn approvals_and_rejections_without_an_intent_move_no_weight_of_what_is_known() {
    let found = read("when do you open on sundays?", &Tuning::default());
    assert!(found.confidence > 0.9);
    let approved = verdict("when do you open on sundays?", Some(found.clone()), VerdictKind::Approved, None);
    let (learned, step) = TEACHER.fold(&Learned::default(), &approved);
    assert_eq!((step, learned.tuning.nudges.len(), learned.verdicts), (Step::Known, 0, 1));
    assert_eq!(learned.record.from(Intent::Question, 0.9).agreed, 1, "but it speaks for the classifier");
    let rejected = Verdict { verdict: VerdictKind::Rejected, ..approved };
    let (learned, step) = TEACHER.fold(&Learned::default(), &rejected);
    assert_eq!((step, learned.record), (Step::NoLabel, Default::default()));
}

#[test]
fn a_flood_of_hostile_verdicts_stays_within_bounds_and_loses_no_complaints() {
    let texts = labelled();
    let (taught, unseen) = texts.split_at(texts.len() / 2);
    let before = recall_of_complaints(&Tuning::default(), unseen);
    for lie in Intent::ALL {
        let flood: Vec<Verdict> = taught.iter().map(|(example, _)| corrected(example.text, *lie)).collect();
        let mut learned = Learned::default();
        for verdict in flood.iter().chain(&flood) {
            learned = TEACHER.fold(&learned, verdict).0;
        }
        let tuning = learned.tuning;
        assert!(tuning.nudges.len() <= MOST_ROWS);
        assert!(tuning.nudges.values().flatten().all(|nudge| nudge.abs() <= FARTHEST));
        assert!(
            tuning.local_from.values().all(|from| (0.75..=0.99).contains(from)),
            "{:?}",
            tuning.local_from
        );
        let lost = before - recall_of_complaints(&tuning, unseen);
        assert!(lost <= 0.02, "{lie}: {lost:.3} of the complaints are lost");
        for (example, _) in unseen.iter().step_by(7) {
            let (plain, tuned) = (read(example.text, &Tuning::default()), read(example.text, &tuning));
            assert_eq!(tuned.crisis, plain.crisis, "no verdict silences an alarm: {}", example.text);
        }
    }
}

#[test]
fn clear_complaints_cannot_be_unlearned() {
    let complaint = "the shoes arrived broken and nobody answers my emails, terrible service";
    let learned = after(&[(); 200].map(|()| corrected(complaint, Intent::Praise)));
    assert_eq!(read(complaint, &learned.tuning).intent, Intent::Complaint);
    assert!(learned.tuning.nudges.is_empty(), "they teach nothing about other texts either");
}

#[test]
fn thresholds_follow_how_often_the_classifier_was_right() {
    let right: Vec<Verdict> = labelled()
        .iter()
        .map(|(example, intent)| corrected(example.text, *intent))
        .cycle()
        .take(800)
        .collect();
    let learned = after(&right);
    assert!(!learned.tuning.local_from.is_empty());
    let praise = labelled().into_iter().filter(|(_, intent)| *intent == Intent::Praise);
    let wrong: Vec<Verdict> = praise.map(|(example, _)| corrected(example.text, Intent::Other)).collect();
    let learned = after(&wrong);
    let threshold = learned.tuning.local_from(Intent::Praise);
    assert!(threshold > tenants::tuning::LOCAL_FROM, "praise is not believed as before: {threshold}");
}
