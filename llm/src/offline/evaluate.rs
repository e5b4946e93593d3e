//! Measures a classifier on examples it was not trained on.

use std::fmt;

use tenants::intent::{Intent, Language};

use super::classifier::Classifier;
use super::examples::{Example, Speech};

/// Bins of the calibration error.
const BINS: usize = 10;

/// How good a classifier is on a set of examples. Shares are between 0 and 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Examples measured.
    pub examples: usize,
    /// Share with the right intent.
    pub accuracy: f64,
    /// Mean over the intents of the harmonic mean of precision and recall.
    pub macro_f1: f64,
    /// Recall and precision of each intent, in the order of [`Intent::ALL`].
    pub per_intent: Vec<(Intent, f64, f64)>,
    /// Accuracy in each language, in the order of [`Language::ALL`].
    pub per_language: Vec<(Language, f64)>,
    /// Mean distance between confidence and accuracy over ten bins (expected calibration error).
    pub calibration_error: f64,
    /// Share with the right sentiment.
    pub sentiment_accuracy: f64,
    /// Share of the crises that were found.
    pub crisis_recall: f64,
    /// Share of the alarms that were crises.
    pub crisis_precision: f64,
    /// Share of texts with words whose language was found without a hint.
    pub language_accuracy: f64,
    /// `confusion[is][was taken for]`, in the order of [`Intent::ALL`].
    pub confusion: [[usize; 6]; 6],
    /// The mistakes, a line each.
    pub mistakes: Vec<String>,
}

#[derive(Default)]
struct Counts {
    sentiment: usize,
    language: [usize; 2],
    crisis_found: usize,
    crisis_all: usize,
    crisis_alarms: usize,
    of_language: [[usize; 2]; 6],
    bins: [(usize, usize, f64); BINS],
}

/// Classifies every labelled example, without hints, and compares.
pub fn evaluate(classifier: &Classifier, examples: &[Example]) -> Report {
    let mut report = Report::default();
    let mut counts = Counts::default();
    for example in examples {
        add(classifier, example, &mut report, &mut counts);
    }
    finish(report, &counts)
}

fn add(classifier: &Classifier, example: &Example, report: &mut Report, counts: &mut Counts) {
    let Some(labels) = example.labels else { return };
    let found = classifier.classify(example.text, None);
    let is_right = found.intent == labels.intent;
    report.examples += 1;
    report.confusion[labels.intent as usize][found.intent as usize] += 1;
    counts.sentiment += usize::from(found.sentiment == labels.sentiment);
    counts.crisis_all += usize::from(labels.crisis);
    counts.crisis_alarms += usize::from(found.crisis);
    counts.crisis_found += usize::from(labels.crisis && found.crisis);
    let bin = &mut counts.bins[((found.confidence * BINS as f32) as usize).min(BINS - 1)];
    *bin = (bin.0 + 1, bin.1 + usize::from(is_right), bin.2 + f64::from(found.confidence));
    let mut wrong = Vec::new();
    if let Speech::Known(language) = example.speech {
        counts.of_language[language as usize][usize::from(is_right)] += 1;
        counts.language[usize::from(found.language == Some(language))] += 1;
        if found.language != Some(language) {
            let taken_for = found.language.map_or("?", Language::as_str);
            wrong.push(format!("language {language} as {taken_for}"));
        }
    }
    if !is_right {
        wrong.push(format!("{} as {} ({:.2})", labels.intent, found.intent, found.confidence));
    }
    if found.sentiment != labels.sentiment {
        wrong.push(format!("{} as {}", labels.sentiment, found.sentiment));
    }
    if found.crisis != labels.crisis {
        wrong.push(if labels.crisis { "crisis missed" } else { "false alarm" }.to_owned());
    }
    if !wrong.is_empty() {
        report.mistakes.push(format!("{}: {}", wrong.join(", "), example.text));
    }
}

fn finish(mut report: Report, counts: &Counts) -> Report {
    let right: usize = (0..6).map(|intent| report.confusion[intent][intent]).sum();
    report.accuracy = share(right, report.examples);
    report.per_intent =
        Intent::ALL.iter().map(|&intent| recall_and_precision(&report.confusion, intent)).collect();
    let f1 = report.per_intent.iter().map(|(_, recall, precision)| {
        if recall + precision == 0.0 { 0.0 } else { 2.0 * recall * precision / (recall + precision) }
    });
    report.macro_f1 = f1.sum::<f64>() / Intent::ALL.len() as f64;
    let of_language = Language::ALL.iter().zip(counts.of_language);
    report.per_language =
        of_language.map(|(&language, [wrong, right])| (language, share(right, wrong + right))).collect();
    let error =
        counts.bins.iter().map(|&(_, right, confidence)| (right as f64 - confidence).abs()).sum::<f64>();
    report.calibration_error = error / report.examples.max(1) as f64;
    report.sentiment_accuracy = share(counts.sentiment, report.examples);
    report.crisis_recall = share(counts.crisis_found, counts.crisis_all);
    report.crisis_precision = share(counts.crisis_found, counts.crisis_alarms);
    report.language_accuracy = share(counts.language[1], counts.language[0] + counts.language[1]);
    report
}

fn recall_and_precision(confusion: &[[usize; 6]; 6], intent: Intent) -> (Intent, f64, f64) {
    let index = intent as usize;
    let right = confusion[index][index];
    let taken: usize = confusion.iter().map(|row| row[index]).sum();
    (intent, share(right, confusion[index].iter().sum()), share(right, taken))
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} examples: accuracy {:.3}, macro-F1 {:.3}, calibration error {:.3}",
            self.examples, self.accuracy, self.macro_f1, self.calibration_error
        )?;
        writeln!(
            f,
            "sentiment {:.3}, language {:.3}, crisis recall {:.3} precision {:.3}",
            self.sentiment_accuracy, self.language_accuracy, self.crisis_recall, self.crisis_precision
        )?;
        for ((intent, recall, precision), row) in self.per_intent.iter().zip(self.confusion) {
            writeln!(f, "{intent:<10} recall {recall:.3} precision {precision:.3}  taken for {row:?}")?;
        }
        for (language, accuracy) in &self.per_language {
            writeln!(f, "{language}         accuracy {accuracy:.3}")?;
        }
        Ok(())
    }
}
