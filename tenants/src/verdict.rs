//! Verdicts of people on what was decided, and what each of them says about the classifier.
//!
//! A verdict is a training signal, and not every verdict is a label:
//!
//! | Verdict | What it says about the intent |
//! | --- | --- |
//! | any, with a corrected intent | that intent is right, clearly |
//! | approved | the predicted intent is right, clearly |
//! | an escalation answered in a person's own words | the predicted intent is right, clearly |
//! | edited | the predicted intent is right, with half the weight: the draft was wrong, perhaps not the intent |
//! | rejected | nothing: the answer was wrong, and nobody knows why |
//!
//! A text that speaks of danger teaches nothing but that it is a complaint.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{ApprovalId, DecisionId, EventId, VerdictId};
use crate::intent::{Classification, Intent};
use crate::money::MicroUsd;
use crate::words::word_enum;

word_enum! {
    /// What a person said.
    pub enum VerdictKind {
        /// Right as it was.
        Approved = "approved",
        /// Right with other words.
        Edited = "edited",
        /// Wrong.
        Rejected = "rejected",
    }
}

word_enum! {
    /// On what occasion it was said.
    pub enum VerdictSource {
        /// A draft waited for a yes.
        Draft = "draft",
        /// Something was handed to a person.
        Escalation = "escalation",
        /// A person looked at a decision afterwards.
        Feedback = "feedback",
        /// A person took the conversation over right after an answer that left by itself.
        TakeOver = "take_over",
    }
}

/// Who answered a question of a decision, and what that cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answerer {
    /// Provider and model, as `provider/model`; the provider is `offline` for the built-in one.
    pub model: String,
    /// Key and version of the prompt or of the templates.
    pub prompt: Option<String>,
    /// What it cost.
    pub cost: MicroUsd,
    /// How long it took, in microseconds.
    pub latency_us: i64,
}

/// What a question to a person rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Basis {
    /// What the text was taken for; `None` when rules decided without asking.
    pub classification: Option<Classification>,
    /// Who said so.
    pub classified_by: Option<Answerer>,
    /// Who wrote the draft; `None` when nobody did, or a rule's own words were used.
    pub written_by: Option<Answerer>,
    /// True when nothing but the intent's mode made it a question: in mode A it would have left by itself.
    pub undoubted: bool,
}

/// A person's verdict on a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Its id.
    pub id: VerdictId,
    /// The occasion.
    pub source: VerdictSource,
    /// The approval that was decided, if one was.
    pub approval: Option<ApprovalId>,
    /// The event that was decided about.
    pub event: EventId,
    /// The decision.
    pub decision: DecisionId,
    /// What was said to us.
    pub text: String,
    /// What the decision rests on.
    pub basis: Basis,
    /// What the person said.
    pub verdict: VerdictKind,
    /// The intent that is right, when the person named one.
    pub corrected_intent: Option<Intent>,
    /// How far the words sent are from the draft, from 0 (the same) to 1 (nothing in common); `None` when there was
    /// no draft or nothing was sent.
    pub edit_distance: Option<f32>,
    /// Who (a key's or user's id).
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What a verdict says about the intent of its text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label {
    /// The intent that is right.
    pub intent: Intent,
    /// How much it teaches, above 0 and up to 1.
    pub weight: f32,
    /// Whether it may be counted for or against the classifier.
    pub is_clear: bool,
}

/// Weight of a label that an edit gives.
const EDIT_WEIGHT: f32 = 0.5;
/// Drafts that were changed by less than this were as good as right.
pub const SMALL_EDIT: f32 = 0.1;

impl Verdict {
    /// The intent the text was taken for.
    pub fn intent(&self) -> Option<Intent> {
        self.basis.classification.as_ref().map(|found| found.intent)
    }

    /// What it says about the intent; see the module.
    pub fn label(&self) -> Option<Label> {
        let clear = |intent| Label { intent, weight: 1.0, is_clear: true };
        let label = match (self.corrected_intent, self.verdict) {
            (Some(intent), _) => clear(intent),
            (None, VerdictKind::Approved) => clear(self.intent()?),
            (None, VerdictKind::Edited) if self.source == VerdictSource::Escalation => clear(self.intent()?),
            (None, VerdictKind::Edited) => {
                Label { intent: self.intent()?, weight: EDIT_WEIGHT, is_clear: false }
            }
            (None, VerdictKind::Rejected) => return None,
        };
        let is_crisis = self.basis.classification.as_ref().is_some_and(|found| found.crisis);
        let is_usable = !self.text.trim().is_empty() && (!is_crisis || label.intent == Intent::Complaint);
        is_usable.then_some(label)
    }

    /// Whether the person wanted what was decided: the intent was right, and the words were, but for trifles.
    pub fn agrees(&self) -> bool {
        let is_intent_right = self.corrected_intent.is_none_or(|right| Some(right) == self.intent());
        let are_words_right = match self.verdict {
            VerdictKind::Approved => true,
            VerdictKind::Edited => self.edit_distance.is_some_and(|distance| distance < SMALL_EDIT),
            VerdictKind::Rejected => false,
        };
        is_intent_right && are_words_right
    }

    /// What models cost for the decision.
    pub fn cost(&self) -> MicroUsd {
        MicroUsd(self.answerers().map(|answerer| answerer.cost.0).sum())
    }

    /// How long models took for the decision, in microseconds.
    pub fn latency_us(&self) -> i64 {
        self.answerers().map(|answerer| answerer.latency_us).sum()
    }

    fn answerers(&self) -> impl Iterator<Item = &Answerer> {
        self.basis.classified_by.iter().chain(&self.basis.written_by)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::intent::Sentiment;

    fn verdict(intent: Intent, said: VerdictKind) -> Verdict {
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
            source: VerdictSource::Draft,
            approval: None,
            event: EventId(Uuid::nil()),
            decision: DecisionId(Uuid::nil()),
            text: "do you ship to Lisbon?".into(),
            basis: Basis { classification: Some(classification), undoubted: true, ..Basis::default() },
            verdict: said,
            corrected_intent: None,
            edit_distance: None,
            by: "key:1".into(),
            at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn what_a_verdict_teaches() {
        let label = |said, corrected_intent, source| {
            Verdict { corrected_intent, source, ..verdict(Intent::Question, said) }
                .label()
                .map(|label| (label.intent, label.weight, label.is_clear))
        };
        let (draft, escalation) = (VerdictSource::Draft, VerdictSource::Escalation);
        assert_eq!(label(VerdictKind::Approved, None, draft), Some((Intent::Question, 1.0, true)));
        assert_eq!(label(VerdictKind::Edited, None, draft), Some((Intent::Question, 0.5, false)));
        assert_eq!(label(VerdictKind::Edited, None, escalation), Some((Intent::Question, 1.0, true)));
        assert_eq!(label(VerdictKind::Rejected, None, draft), None);
        for said in VerdictKind::ALL {
            assert_eq!(label(*said, Some(Intent::Lead), draft), Some((Intent::Lead, 1.0, true)));
        }
    }

    #[test]
    fn a_text_that_speaks_of_danger_teaches_only_that_it_is_a_complaint() {
        let mut verdict = verdict(Intent::Praise, VerdictKind::Approved);
        verdict.basis.classification.as_mut().unwrap().crisis = true;
        assert_eq!(verdict.label(), None);
        verdict.corrected_intent = Some(Intent::Question);
        assert_eq!(verdict.label(), None);
        verdict.corrected_intent = Some(Intent::Complaint);
        assert!(verdict.label().is_some());
    }

    #[test]
    fn a_trifling_edit_agrees_and_a_corrected_intent_does_not() {
        let edited =
            |edit_distance| Verdict { edit_distance, ..verdict(Intent::Question, VerdictKind::Edited) };
        assert!(edited(Some(0.05)).agrees());
        assert!(!edited(Some(0.3)).agrees());
        assert!(!edited(None).agrees());
        let approved = verdict(Intent::Question, VerdictKind::Approved);
        assert!(approved.agrees());
        assert!(!Verdict { corrected_intent: Some(Intent::Lead), ..approved }.agrees());
    }
}
