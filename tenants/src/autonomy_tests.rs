//! Earning it to act by oneself, and losing it again.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ids::{EventId, VerdictId};
use crate::intent::{Classification, Sentiment};
use crate::verdict::{Basis, VerdictKind};

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn shop(bar: f64, at_least: u32) -> TenantSettings {
    let intents = [(Intent::Question, Bar { bar, at_least })].into();
    TenantSettings { autonomy: Autonomy { intents, ..Autonomy::default() }, ..TenantSettings::default() }
}

fn verdict(intent: Intent, said: VerdictKind, source: VerdictSource, at: Timestamp) -> Verdict {
    let classification = Classification {
        intent,
        confidence: 0.95,
        probabilities: Vec::new(),
        sentiment: Sentiment::Neutral,
        language: None,
        crisis: false,
    };
    Verdict {
        id: VerdictId(Uuid::nil()),
        source,
        approval: None,
        event: EventId(Uuid::nil()),
        decision: DecisionId(Uuid::nil()),
        text: "do you ship?".into(),
        basis: Basis { classification: Some(classification), undoubted: true, ..Basis::default() },
        verdict: said,
        corrected_intent: None,
        edit_distance: None,
        by: "key:1".into(),
        at,
    }
}

#[test]
fn what_the_tenant_has_set_counts_before_what_was_earned() {
    let mut settings = shop(0.9, 50);
    let of = |settings: &TenantSettings, intent| standing(settings, &EarnedMode::nothing(intent));
    assert_eq!(of(&settings, Intent::Question).1, "not enough people have agreed yet");
    assert_eq!(of(&settings, Intent::Lead).1, "the tenant's settings do not let it act by itself");
    settings.modes.insert(Intent::Question, Mode::Act);
    let (state, because) = of(&settings, Intent::Question);
    assert_eq!(
        (state, because.as_str()),
        (EarnedState::Acting, "the tenant's settings let it act by itself")
    );
    settings.modes.insert(Intent::Question, Mode::Escalate);
    assert_eq!(of(&settings, Intent::Question).0, EarnedState::Drafting);
}

/// A tenant whose people give one verdict after the other.
struct Story {
    settings: TenantSettings,
    mode: EarnedMode,
    /// Newest first.
    verdicts: Vec<Verdict>,
    now: Timestamp,
}

impl Story {
    fn of(settings: TenantSettings) -> Self {
        Self { settings, mode: EarnedMode::nothing(Intent::Question), verdicts: Vec::new(), now: start() }
    }

    fn says(&mut self, count: usize, said: VerdictKind) -> &mut Self {
        for _ in 0..count {
            self.happens(verdict(Intent::Question, said, VerdictSource::Draft, self.now));
        }
        self
    }

    fn happens(&mut self, verdict: Verdict) {
        self.now = self.now + Duration::from_secs(60);
        self.verdicts.insert(0, Verdict { at: self.now, ..verdict });
        self.look();
    }

    fn look(&mut self) {
        if let Some(after) = review(&self.settings, &self.mode, &self.verdicts, self.now) {
            assert_eq!(after.revision, self.mode.revision + 1);
            self.mode = after;
        }
    }
}

#[test]
fn an_intent_acts_by_itself_once_people_surely_agree_often_enough() {
    let mut story = Story::of(shop(0.9, 50));
    story.says(2, VerdictKind::Rejected).says(55, VerdictKind::Approved);
    assert!(!story.mode.is_acting(), "55 of 57 could still be less than 9 in 10");
    story.says(1, VerdictKind::Approved);
    assert!(story.mode.is_acting());
    let because = "56 of the last 58 drafts were right as they were (surely 90.1 %), the bar is 90.0 %";
    assert_eq!(story.mode.reason, because);
    assert_eq!(story.mode.since, story.now);
}

#[test]
fn few_verdicts_are_not_enough_however_good_they_are() {
    let mut story = Story::of(shop(0.5, 50));
    story.says(49, VerdictKind::Approved);
    assert!(!story.mode.is_acting());
    story.says(1, VerdictKind::Approved);
    assert!(story.mode.is_acting());
}

#[test]
fn verdicts_on_doubtful_cases_say_nothing_about_what_would_leave_by_itself() {
    let mut story = Story::of(shop(0.5, 10));
    for _ in 0..100 {
        let mut doubtful = verdict(Intent::Question, VerdictKind::Approved, VerdictSource::Draft, story.now);
        doubtful.basis.undoubted = false;
        story.happens(doubtful);
    }
    assert!(!story.mode.is_acting());
}

#[test]
fn three_disagreements_in_a_row_end_it() {
    let mut story = Story::of(shop(0.5, 50));
    story.says(60, VerdictKind::Approved).says(2, VerdictKind::Rejected);
    assert!(story.mode.is_acting());
    story.says(1, VerdictKind::Rejected);
    assert_eq!(story.mode.state, EarnedState::Drafting);
    assert_eq!(story.mode.reason, "the last 3 verdicts disagreed");
}

#[test]
fn agreement_that_drifts_below_the_bar_ends_it() {
    let mut story = Story::of(shop(0.9, 50));
    story.says(60, VerdictKind::Approved);
    assert!(story.mode.is_acting());
    for _ in 0..4 {
        story.says(1, VerdictKind::Rejected).says(3, VerdictKind::Approved);
    }
    assert!(!story.mode.is_acting());
    assert!(
        story.mode.reason.ends_with("and the bar is 90.0 % with a margin of 5.0 %"),
        "{}",
        story.mode.reason
    );
}

#[test]
fn one_answer_called_wrong_or_taken_over_ends_it_at_once() {
    for source in [VerdictSource::Feedback, VerdictSource::TakeOver] {
        let mut story = Story::of(shop(0.9, 50));
        story.says(60, VerdictKind::Approved);
        story.happens(verdict(Intent::Question, VerdictKind::Rejected, source, story.now));
        assert!(!story.mode.is_acting(), "{source}");
    }
}

#[test]
fn it_is_earned_again_only_after_a_while_and_with_new_verdicts() {
    let mut story = Story::of(shop(0.9, 50));
    story.says(150, VerdictKind::Approved).says(3, VerdictKind::Rejected);
    assert!(!story.mode.is_acting());
    story.says(60, VerdictKind::Approved);
    assert!(!story.mode.is_acting(), "it is too early");
    story.now = story.now + 4 * DAY;
    story.look();
    assert!(story.mode.is_acting(), "the new verdicts are good enough");
    assert_eq!(story.mode.agreement.of, 60, "those of before count no more");
}

#[test]
fn a_tenant_who_no_longer_allows_it_ends_it() {
    let mut story = Story::of(shop(0.9, 50));
    story.says(60, VerdictKind::Approved);
    story.settings.autonomy.intents.clear();
    story.look();
    assert_eq!(story.mode.state, EarnedState::Drafting);
}

#[test]
fn complaints_cannot_be_allowed_to() {
    let mut settings = TenantSettings::default();
    settings.autonomy.intents.insert(Intent::Complaint, Bar::default());
    let error = settings.validate().unwrap_err().to_string();
    assert!(error.starts_with("autonomy.intents.complaint: is always handed to a person"), "{error}");
    settings.autonomy.intents = [(Intent::Lead, Bar { bar: 0.4, at_least: 50 })].into();
    assert!(settings.validate().unwrap_err().to_string().starts_with("autonomy.intents.lead.bar"));
}

proptest! {
    #[test]
    fn no_verdicts_and_no_settings_make_complaints_or_crises_count(
        said in prop::collection::vec(prop::sample::select(VerdictKind::ALL.to_vec()), 1..120),
        crisis in any::<bool>(),
    ) {
        let intent = if crisis { Intent::Question } else { Intent::Complaint };
        let mut settings = shop(0.5, 10);
        // As if the check of settings had been got around.
        settings.autonomy.intents.insert(Intent::Complaint, Bar { bar: 0.5, at_least: 10 });
        settings.modes.insert(Intent::Complaint, Mode::Draft);
        let mut story = Story::of(settings);
        story.mode = EarnedMode::nothing(intent);
        for said in said {
            let mut verdict = verdict(intent, said, VerdictSource::Draft, story.now);
            verdict.basis.classification.as_mut().unwrap().crisis = crisis;
            story.happens(verdict);
            prop_assert!(!story.mode.is_acting());
        }
    }
}
