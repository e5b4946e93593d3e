//! Measures a classifier on examples it was not trained on.

use std::fmt;

use tenants::clock::Clock;
use tenants::intent::{Intent, Language};
use tenants::settings::{Mode, TenantSettings};

use super::classifier::Classifier;
use super::examples::{Example, KINDS, Speech};

/// Bins of the calibration error.
const BINS: usize = 15;
/// Confidences from which on the local answer might be taken.
const THRESHOLDS: [f32; 8] = [0.0, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];

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
    /// Examples and accuracy of each kind of hard text that occurs, in the order of [`KINDS`].
    pub per_kind: Vec<(&'static str, usize, f64)>,
    /// Mean distance between confidence and accuracy over 15 bins (expected calibration error).
    pub calibration_error: f64,
    /// Share with the right sentiment.
    pub sentiment_accuracy: f64,
    /// Share of the crises that were found.
    pub crisis_recall: f64,
    /// Share of the alarms that were crises.
    pub crisis_precision: f64,
    /// Shares of the complaints and of the crises on which a tenant with the default settings would act without a person
    /// when this classifier alone is asked: taken for something with mode A, with confidence, without an alarm, and with
    /// too little that speaks for a complaint.
    pub acted_alone: ActedAlone,
    /// Share of texts with words whose language was found without a hint.
    pub language_accuracy: f64,
    /// What a cascade would get from the local classifier, from the lowest threshold to the highest.
    pub at_thresholds: Vec<AtThreshold>,
    /// `confusion[is][was taken for]`, in the order of [`Intent::ALL`].
    pub confusion: [[usize; 6]; 6],
    /// The mistakes, a line each.
    pub mistakes: Vec<String>,
}

/// See [`Report::acted_alone`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ActedAlone {
    /// Of all complaints.
    pub complaints: f64,
    /// Of all crises.
    pub crises: f64,
}

/// What happens when the local answer is taken from some confidence on, and a better model is asked below it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AtThreshold {
    /// The confidence.
    pub threshold: f32,
    /// Share of texts answered locally.
    pub local: f64,
    /// Share of these with the right intent.
    pub accuracy: f64,
    /// Share of all complaints that were answered locally as something else: nobody looks at them again.
    pub complaints_lost: f64,
    /// Share of all crises that were answered locally without an alarm.
    pub crises_lost: f64,
}

/// The outcome of one example.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    confidence: f32,
    is_right: bool,
    /// A complaint that was taken for something else.
    is_missed_complaint: bool,
    /// A crisis without an alarm.
    is_missed_crisis: bool,
    /// It is not what it was taken for, and nobody is asked about it.
    is_acted_alone: bool,
    is_complaint: bool,
    is_crisis: bool,
}

#[derive(Default)]
struct Counts {
    outcomes: Vec<Outcome>,
    of_kind: [[usize; 2]; KINDS.len()],
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
    let settings = TenantSettings::default();
    for example in examples {
        add(classifier, &settings, example, &mut report, &mut counts);
    }
    finish(report, &counts)
}

fn add(
    classifier: &Classifier,
    settings: &TenantSettings,
    example: &Example,
    report: &mut Report,
    counts: &mut Counts,
) {
    let Some(labels) = example.labels else { return };
    let found = classifier.classify(example.text, None);
    let is_right = found.intent == labels.intent;
    report.examples += 1;
    report.confusion[labels.intent as usize][found.intent as usize] += 1;
    counts.sentiment += usize::from(found.sentiment == labels.sentiment);
    counts.crisis_all += usize::from(labels.crisis);
    counts.crisis_alarms += usize::from(found.crisis);
    counts.crisis_found += usize::from(labels.crisis && found.crisis);
    counts.outcomes.push(Outcome {
        confidence: found.confidence,
        is_right,
        is_missed_complaint: labels.intent == Intent::Complaint && !is_right,
        is_missed_crisis: labels.crisis && !found.crisis,
        is_acted_alone: settings.mode(found.intent) == Mode::Act
            && found.confidence >= settings.min_confidence
            && !found.crisis
            && !found.may_be_complaint(),
        is_complaint: labels.intent == Intent::Complaint,
        is_crisis: labels.crisis,
    });
    if let Some(kind) = KINDS.iter().position(|kind| Some(*kind) == example.kind) {
        counts.of_kind[kind][usize::from(is_right)] += 1;
    }
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
    report.per_kind = KINDS
        .into_iter()
        .zip(counts.of_kind)
        .filter(|(_, [wrong, right])| wrong + right > 0)
        .map(|(kind, [wrong, right])| (kind, wrong + right, share(right, wrong + right)))
        .collect();
    report.at_thresholds =
        THRESHOLDS.into_iter().map(|threshold| at_threshold(threshold, &report, counts)).collect();
    let error =
        counts.bins.iter().map(|&(_, right, confidence)| (right as f64 - confidence).abs()).sum::<f64>();
    report.calibration_error = error / report.examples.max(1) as f64;
    report.sentiment_accuracy = share(counts.sentiment, report.examples);
    report.crisis_recall = share(counts.crisis_found, counts.crisis_all);
    report.crisis_precision = share(counts.crisis_found, counts.crisis_alarms);
    let alone = |is_meant: fn(&Outcome) -> bool| {
        let all = || counts.outcomes.iter().filter(|outcome| is_meant(outcome));
        share(all().filter(|outcome| outcome.is_acted_alone).count(), all().count())
    };
    report.acted_alone =
        ActedAlone { complaints: alone(|it| it.is_complaint), crises: alone(|it| it.is_crisis) };
    report.language_accuracy = share(counts.language[1], counts.language[0] + counts.language[1]);
    report
}

fn at_threshold(threshold: f32, report: &Report, counts: &Counts) -> AtThreshold {
    let local = || counts.outcomes.iter().filter(|outcome| outcome.confidence >= threshold);
    let complaints = report.confusion[Intent::Complaint as usize].iter().sum();
    AtThreshold {
        threshold,
        local: share(local().count(), report.examples),
        accuracy: share(local().filter(|outcome| outcome.is_right).count(), local().count()),
        complaints_lost: share(local().filter(|outcome| outcome.is_missed_complaint).count(), complaints),
        crises_lost: share(local().filter(|outcome| outcome.is_missed_crisis).count(), counts.crisis_all),
    }
}

/// Time for one text, in microseconds: the mean over all examples, `rounds` times.
pub fn microseconds_per_text(
    classifier: &Classifier,
    examples: &[Example],
    rounds: u32,
    clock: &dyn Clock,
) -> f64 {
    let started = clock.now();
    for _ in 0..rounds {
        for example in examples {
            std::hint::black_box(classifier.classify(example.text, None));
        }
    }
    let texts = f64::from(rounds) * examples.len().max(1) as f64;
    clock.now().since(started).as_secs_f64() * 1e6 / texts
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

/// As Markdown, ready for `docs/classifier.md`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_measures(f)?;
        self.write_intents(f)?;
        if !self.per_kind.is_empty() {
            self.write_kinds(f)?;
        }
        self.write_thresholds(f)
    }
}

impl Report {
    fn write_measures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let complaint_recall = self.per_intent.get(Intent::Complaint as usize).map_or(0.0, |found| found.1);
        writeln!(f, "| Measure | Value |\n| --- | ---: |")?;
        writeln!(f, "| texts | {} |", self.examples)?;
        for (name, value) in [
            ("accuracy", self.accuracy),
            ("macro-F1", self.macro_f1),
            ("recall of complaints", complaint_recall),
            ("recall of crises", self.crisis_recall),
            ("precision of the crisis alarm", self.crisis_precision),
            ("complaints acted on without a person", self.acted_alone.complaints),
            ("crises acted on without a person", self.acted_alone.crises),
            ("expected calibration error", self.calibration_error),
            ("sentiment", self.sentiment_accuracy),
            ("language", self.language_accuracy),
        ] {
            writeln!(f, "| {name} | {value:.3} |")?;
        }
        for (language, accuracy) in &self.per_language {
            writeln!(f, "| accuracy in `{language}` | {accuracy:.3} |")?;
        }
        Ok(())
    }

    fn write_intents(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n| Intent | Recall | Precision |")?;
        Intent::ALL.iter().try_for_each(|intent| write!(f, " as {intent} |"))?;
        writeln!(f, "\n| --- | ---: | ---: |{}", " ---: |".repeat(Intent::ALL.len()))?;
        for ((intent, recall, precision), row) in self.per_intent.iter().zip(self.confusion) {
            write!(f, "| {intent} | {recall:.3} | {precision:.3} |")?;
            row.iter().try_for_each(|count| write!(f, " {count} |"))?;
            writeln!(f)?;
        }
        Ok(())
    }

    fn write_kinds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| Kind | Texts | Accuracy |\n| --- | ---: | ---: |")?;
        self.per_kind
            .iter()
            .try_for_each(|(kind, texts, accuracy)| writeln!(f, "| {kind} | {texts} | {accuracy:.3} |"))
    }

    fn write_thresholds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| Local from | Share local | Accuracy of these | Complaints lost | Crises lost |")?;
        writeln!(f, "| ---: | ---: | ---: | ---: | ---: |")?;
        for at in &self.at_thresholds {
            writeln!(
                f,
                "| {:.2} | {:.3} | {:.3} | {:.3} | {:.3} |",
                at.threshold, at.local, at.accuracy, at.complaints_lost, at.crises_lost
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tenants::intent::Sentiment;

    use super::super::examples::Labels;
    use super::*;

    fn example(text: &'static str, intent: Intent, kind: Option<&'static str>) -> Example {
        let labels = Labels { intent, sentiment: Sentiment::Negative, crisis: false };
        Example { text, labels: Some(labels), speech: Speech::Known(Language::English), kind }
    }

    #[test]
    fn kinds_and_thresholds_are_counted() {
        let examples = [
            example("I want my money back, worst service ever", Intent::Complaint, None),
            example("absolutely gorgeous, love it 😍", Intent::Complaint, Some("sarcasm")),
        ];
        let report = evaluate(&Classifier::built_in().unwrap(), &examples);
        assert_eq!(report.per_kind, [("sarcasm", 1, 0.0)]);
        let all = report.at_thresholds[0];
        assert_eq!((all.local, all.accuracy, all.complaints_lost), (1.0, 0.5, 0.5));
        let locals: Vec<f64> = report.at_thresholds.iter().map(|at| at.local).collect();
        assert!(locals.is_sorted_by(|low, high| low >= high), "{locals:?}");
        assert!(format!("{report}").contains("| sarcasm | 1 | 0.000 |"), "{report}");
    }
}
