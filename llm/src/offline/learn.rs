//! Online learning: what a verdict of a person changes in a tenant's [`Tuning`].
//!
//! One step of gradient descent on the intent head, for the rows of the text's words and pairs of words alone: what
//! letters and cues mean is the same for everybody, what a word means can differ from shop to shop. It is bounded on
//! all sides, because verdicts may be careless or hostile:
//!
//! - a nudge never leaves ±[`FARTHEST`], and a tenant has at most [`MOST_ROWS`] of them (the smallest go);
//! - a text that is a complaint or a crisis without nudges stays one, whatever was learned (`is_fixed`);
//! - before a step is taken, the tuned classifier is tried on a fixed part of the training examples. A step that would
//!   call more good texts spam, or misread more texts altogether, than is allowed is not taken.

use tenants::intent::Intent;
use tenants::tuning::{Learned, Tuning};
use tenants::verdict::{Label, Verdict};

use super::classifier::{Classifier, ClassifierError};
use super::examples::{self, Example, ExampleError};
use super::features::{self, Feature};
use super::model::{INTENT, best};
use super::text::Text;

/// How far a clear and surprising verdict moves the scores of a text.
const RATE: f32 = 1.0;
/// Labels that are at least this probable already teach nothing: rows are few, and belong to what is not known.
const KNOWN: f32 = 0.8;
/// Greatest size of a nudge.
pub const FARTHEST: f32 = 1.5;
/// Most rows that a tenant's tuning has.
pub const MOST_ROWS: usize = 2_000;

/// From this probability on, without nudges, a text is a complaint for every tenant.
const SURE_COMPLAINT: f32 = 0.5;
/// Share of the anchors that may be taken for spam beyond those that always are.
const FALSE_SPAM: f32 = 0.01;
/// Share of all anchors that may be misread beyond those that always are.
const MISREAD: f32 = 0.05;

/// Why a teacher cannot be had. Neither happens in a program whose tests pass.
#[derive(Debug, thiserror::Error)]
pub enum TeacherError {
    /// The classifier's files.
    #[error(transparent)]
    Classifier(#[from] ClassifierError),
    /// The examples.
    #[error(transparent)]
    Examples(#[from] ExampleError),
}

/// Draws lessons from verdicts.
#[derive(Debug)]
pub struct Teacher {
    classifier: Classifier,
    anchors: Vec<Anchor>,
    untuned: Conduct,
}

/// What became of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It says nothing about the intent.
    NoLabel,
    /// The classifier knew already.
    Known,
    /// The classifier has moved.
    Taken,
    /// The classifier would have become worse for everybody else's texts than is allowed.
    HeldBack,
}

impl Teacher {
    /// A teacher of the built-in classifier. Takes some ten milliseconds.
    ///
    /// # Errors
    /// [`TeacherError`] when a built-in file is damaged.
    pub fn new() -> Result<Self, TeacherError> {
        let classifier = Classifier::built_in()?;
        let anchors = anchors(&classifier, &examples::training()?);
        let untuned = Conduct::of(&anchors, &Tuning::default());
        Ok(Self { classifier, anchors, untuned })
    }

    /// Learns from one verdict. The version stays: a stored version may have learned from several.
    pub fn fold(&self, before: &Learned, verdict: &Verdict) -> (Learned, Step) {
        let mut learned = before.clone();
        learned.verdicts += 1;
        let Some(label) = verdict.label() else { return (learned, Step::NoLabel) };
        let hint = verdict.basis.classification.as_ref().and_then(|found| found.language);
        let found = self.classifier.classify_tuned(&verdict.text, hint, &before.tuning);
        if label.is_clear {
            learned.record.add(found.intent, found.confidence, found.intent == label.intent);
            for intent in Intent::ALL {
                match learned.record.local_from(*intent) {
                    Some(threshold) => _ = learned.tuning.local_from.insert(*intent, threshold),
                    None => _ = learned.tuning.local_from.remove(intent),
                }
            }
        }
        let untuned = self.classifier.classify(&verdict.text, hint);
        let complaint = untuned.probabilities[Intent::Complaint as usize].1;
        if is_fixed(untuned.crisis, complaint) && label.intent != Intent::Complaint {
            return (learned, Step::HeldBack);
        }
        let likely: Vec<f32> = found.probabilities.iter().map(|(_, probability)| *probability).collect();
        if likely[label.intent as usize] >= KNOWN {
            return (learned, Step::Known);
        }
        let mut moved = learned.tuning.clone();
        step(&mut moved, &self.word_rows(&verdict.text), &likely, label);
        if !self.untuned.allows(&Conduct::of(&self.anchors, &moved)) {
            return (learned, Step::HeldBack);
        }
        learned.tuning = moved;
        (learned, Step::Taken)
    }

    /// The classifier that is taught.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    fn word_rows(&self, raw: &str) -> Vec<Feature> {
        words_of(&Text::parse(raw), &self.classifier)
    }
}

/// Whether nudges have no say about a text, because missing what it is would cost too much.
pub(super) fn is_fixed(is_crisis: bool, complaint: f32) -> bool {
    is_crisis || complaint >= SURE_COMPLAINT
}

fn words_of(text: &Text, classifier: &Classifier) -> Vec<Feature> {
    let mut features = features::extract(text, classifier.lexicon());
    features.retain(|feature| features::is_word(feature.row));
    features
}

/// Moves the rows of a text towards the label.
fn step(tuning: &mut Tuning, rows: &[Feature], likely: &[f32], label: Label) {
    for feature in rows {
        let mut nudge = tuning.nudges.get(&feature.row).copied().unwrap_or_default();
        for (intent, (value, likely)) in Intent::ALL.iter().zip(nudge.iter_mut().zip(likely)) {
            let wanted = if *intent == label.intent { 1.0 } else { 0.0 };
            let moved = *value - RATE * label.weight * (likely - wanted) * feature.value;
            *value = ((moved / Tuning::STEP).round() * Tuning::STEP).clamp(-FARTHEST, FARTHEST);
        }
        if nudge.iter().any(|value| *value != 0.0) {
            tuning.nudges.insert(feature.row, nudge);
        }
    }
    while tuning.nudges.len() > MOST_ROWS {
        let size = |nudge: &[f32; 6]| nudge.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let smallest = tuning.nudges.iter().min_by(|(_, one), (_, other)| size(one).total_cmp(&size(other)));
        let Some(row) = smallest.map(|(row, _)| *row) else { return };
        tuning.nudges.remove(&row);
    }
}

/// An example that every tuning is tried on.
#[derive(Debug)]
struct Anchor {
    intent: Intent,
    /// Scores of the intents without nudges.
    scores: [f32; Intent::ALL.len()],
    words: Vec<Feature>,
}

/// One in this many training examples is an anchor.
const ANCHORS: usize = 8;

fn anchors(classifier: &Classifier, examples: &[Example]) -> Vec<Anchor> {
    let labelled = examples.iter().filter_map(|example| Some((example.text, example.labels?.intent)));
    let chosen = labelled.step_by(ANCHORS);
    chosen
        .map(|(raw, intent)| {
            let text = Text::parse(raw);
            let scores = classifier.intent_scores(&text);
            Anchor { intent, scores, words: words_of(&text, classifier) }
        })
        .collect()
}

/// How a tuning does on the anchors, in examples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Conduct {
    anchors: usize,
    false_spam: usize,
    misread: usize,
}

impl Conduct {
    fn of(anchors: &[Anchor], tuning: &Tuning) -> Self {
        let mut conduct = Self { anchors: anchors.len(), ..Self::default() };
        for anchor in anchors {
            let mut scores = anchor.scores;
            nudge(&mut scores, &anchor.words, tuning);
            let found = Intent::ALL[best(&scores)];
            conduct.false_spam += usize::from(found == Intent::Spam && anchor.intent != Intent::Spam);
            conduct.misread += usize::from(found != anchor.intent);
        }
        conduct
    }

    /// Whether a tuned classifier does well enough, compared with this one, which is not tuned.
    fn allows(&self, tuned: &Conduct) -> bool {
        let share = |allowed: f32| (self.anchors as f32 * allowed) as usize;
        let spam = tuned.false_spam.saturating_sub(self.false_spam);
        let misread = tuned.misread.saturating_sub(self.misread);
        spam <= share(FALSE_SPAM) && misread <= share(MISREAD)
    }
}

/// Adds what the nudges of a text's words say about its intent.
pub(super) fn nudge(scores: &mut [f32], words: &[Feature], tuning: &Tuning) {
    debug_assert_eq!(scores.len(), INTENT.classes);
    for feature in words {
        if let Some(nudge) = tuning.nudges.get(&feature.row) {
            scores.iter_mut().zip(nudge).for_each(|(score, nudge)| *score += feature.value * nudge);
        }
    }
}
