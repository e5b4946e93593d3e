//! Shows what a tenant's classifier gains from verdicts, and what hostile ones can do; prints the tables of
//! `docs/classifier.md`.
//!
//! `cargo run --release -p troupe-llm --example learn_from_verdicts`
//!
//! The held-out examples are shuffled and cut in two: a simulated person gives verdicts on one half (approves what was
//! read right, names the intent where it was not), and the other half, which nobody gave a verdict on, measures.

use llm::offline::classifier::Classifier;
use llm::offline::examples::{self, Example, Labels};
use llm::offline::learn::{Step, Teacher};
use tenants::agreement::Agreement;
use tenants::clock::Timestamp;
use tenants::ids::{DecisionId, EventId, VerdictId};
use tenants::intent::Intent;
use tenants::tuning::{Learned, Tuning};
use tenants::verdict::{Basis, Verdict, VerdictKind, VerdictSource};
use troupe_llm as llm;

type Failure = Box<dyn std::error::Error>;

/// Shuffles that are averaged.
const ROUNDS: u64 = 5;
/// Verdicts after which the classifier is measured.
const STOPS: [usize; 6] = [0, 50, 100, 200, 400, 800];
/// Words of a price in six languages.
const PRICE: [&str; 12] = [
    "price", "cost", "how much", "precio", "cuánto", "preço", "quanto", "preis", "kostet", "prix", "combien",
    "prezzo",
];

fn main() -> Result<(), Failure> {
    let (classifier, teacher) = (Classifier::built_in()?, Teacher::new()?);
    let mut all = examples::held_out()?;
    all.extend(examples::held_out_hard()?);
    all.retain(|example| example.labels.is_some());
    println!("{} held-out texts, half for verdicts, half to measure; {ROUNDS} shuffles.", all.len());
    type Convention = fn(&Example, Labels) -> Intent;
    let tenants: [(&str, Convention); 2] = [
        ("A tenant that sees texts as the examples do", |_, labels| labels.intent),
        ("A shop for which whoever asks for a price is a lead", |example, labels| {
            let text = example.text.to_lowercase();
            let asks = PRICE.iter().any(|word| text.contains(word));
            if asks && labels.intent == Intent::Question { Intent::Lead } else { labels.intent }
        }),
    ];
    for (name, convention) in tenants {
        println!("\n### {name}\n");
        println!(
            "| Verdicts | Accuracy | Own convention | Complaints found | Answered locally | of these right | Rows | Thresholds |"
        );
        println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
        let wanted =
            |example: &Example| convention(example, example.labels.unwrap_or_else(|| unreachable!()));
        lessons(&classifier, &teacher, &all, &wanted);
    }
    hostile(&classifier, &teacher, &all);
    Ok(())
}

fn lessons(classifier: &Classifier, teacher: &Teacher, all: &[Example], wanted: &dyn Fn(&Example) -> Intent) {
    let mut at_stops = vec![Measures::default(); STOPS.len()];
    let mut last = Learned::default();
    for round in 0..ROUNDS {
        let mut shuffled = all.to_vec();
        shuffle(&mut shuffled, round + 1);
        let (taught, unseen) = shuffled.split_at(all.len() / 2);
        let mut learned = Learned::default();
        for number in 0..=taught.len() {
            if let Some(stop) = STOPS.iter().position(|stop| *stop == number) {
                at_stops[stop].add(classifier, &learned.tuning, unseen, wanted);
            }
            let Some(example) = taught.get(number) else { break };
            learned = teacher.fold(&learned, &honest(classifier, &learned, example, wanted(example))).0;
        }
        last = learned;
    }
    for (stop, measures) in STOPS.iter().zip(&at_stops) {
        let thresholds: Vec<String> = last
            .tuning
            .local_from
            .iter()
            .filter(|_| *stop == STOPS[STOPS.len() - 1])
            .map(|(intent, from)| format!("{intent} {from}"))
            .collect();
        println!("| {stop} | {measures} | {} |", thresholds.join(", "));
    }
}

/// What an honest person says.
fn honest(classifier: &Classifier, learned: &Learned, example: &Example, right: Intent) -> Verdict {
    let found = classifier.classify_tuned(example.text, None, &learned.tuning);
    let is_right = found.intent == right;
    let said = if is_right { VerdictKind::Approved } else { VerdictKind::Rejected };
    let basis = Basis { classification: Some(found), ..Basis::default() };
    Verdict { verdict: said, corrected_intent: (!is_right).then_some(right), ..verdict(example.text, basis) }
}

fn verdict(text: &str, basis: Basis) -> Verdict {
    Verdict {
        id: VerdictId(Default::default()),
        source: VerdictSource::Draft,
        approval: None,
        event: EventId(Default::default()),
        decision: DecisionId(Default::default()),
        text: text.to_owned(),
        basis,
        verdict: VerdictKind::Rejected,
        corrected_intent: None,
        edit_distance: None,
        by: "simulation".to_owned(),
        at: Timestamp::from_micros(0),
    }
}

/// People who call everything the same, three times over.
fn hostile(classifier: &Classifier, teacher: &Teacher, all: &[Example]) {
    println!("\n### Everything is called the same, three times over\n");
    println!(
        "| Called | Accuracy | Own convention | Complaints found | Answered locally | of these right | Rows | Steps held back |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let (taught, unseen) = all.split_at(all.len() / 2);
    let right = |example: &Example| example.labels.map_or(Intent::Other, |labels| labels.intent);
    for called in std::iter::once(None).chain(Intent::ALL.iter().copied().map(Some)) {
        let mut learned = Learned::default();
        let mut held_back = 0;
        for example in called.iter().flat_map(|_| [taught; 3]).flatten() {
            let basis = Basis::default();
            let lie = Verdict { corrected_intent: called, ..verdict(example.text, basis) };
            let (next, step) = teacher.fold(&learned, &lie);
            held_back += usize::from(step == Step::HeldBack);
            learned = next;
        }
        let mut measures = Measures::default();
        measures.add(classifier, &learned.tuning, unseen, &right);
        println!("| {} | {measures} | {held_back} |", called.map_or("nothing", |intent| intent.as_str()));
    }
}

/// What is measured, over all rounds.
#[derive(Debug, Clone, Default)]
struct Measures {
    all: Agreement,
    complaints: Agreement,
    local: Agreement,
    local_right: Agreement,
    /// Texts that this tenant sees otherwise than the examples do.
    own_convention: Agreement,
    rows: usize,
}

impl Measures {
    fn add(
        &mut self,
        classifier: &Classifier,
        tuning: &Tuning,
        unseen: &[Example],
        wanted: &dyn Fn(&Example) -> Intent,
    ) {
        self.rows = tuning.nudges.len();
        for example in unseen {
            let (found, right) = (classifier.classify_tuned(example.text, None, tuning), wanted(example));
            let is_right = found.intent == right;
            let is_local = found.confidence >= tuning.local_from(found.intent);
            count(&mut self.all, is_right);
            count(&mut self.local, is_local);
            if right == Intent::Complaint {
                count(&mut self.complaints, is_right);
            }
            if right != example.labels.map_or(right, |labels| labels.intent) {
                count(&mut self.own_convention, is_right);
            }
            if is_local {
                count(&mut self.local_right, is_right);
            }
        }
    }
}

fn count(agreement: &mut Agreement, is_right: bool) {
    agreement.agreed += u32::from(is_right);
    agreement.of += 1;
}

impl std::fmt::Display for Measures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [all, complaints, local, right] =
            [self.all, self.complaints, self.local, self.local_right].map(|it| format!("{:.3}", it.share()));
        let own = self.own_convention;
        let own = if own.of == 0 { "–".to_owned() } else { format!("{:.3}", own.share()) };
        write!(f, "{all} | {own} | {complaints} | {local} | {right} | {}", self.rows)
    }
}

/// Fisher–Yates with xorshift: the same order everywhere.
fn shuffle(examples: &mut [Example], seed: u64) {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed);
    for last in (1..examples.len()).rev() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        examples.swap(last, (random % (last as u64 + 1)) as usize);
    }
}
