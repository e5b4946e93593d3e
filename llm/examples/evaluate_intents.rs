//! Measures the built-in classifier on the examples it never saw and prints the tables of `docs/classifier.md`.
//!
//! `cargo run --release -p troupe-llm --example evaluate_intents`; with `--show-mistakes` it also prints every
//! held-out example that was classified wrongly. `--cross-validate` measures on the training examples instead, each
//! classified by a model that was trained without it: settings of the training are chosen by that, so that the
//! held-out examples stay unseen.

use llm::offline::classifier::{Classifier, built_in_lexicon};
use llm::offline::evaluate::{evaluate, microseconds_per_text};
use llm::offline::examples::{self, Example};
use llm::offline::train::train;
use tenants::clock::SystemClock;
use troupe_llm as llm;

type Failure = Box<dyn std::error::Error>;

/// Parts for the cross-validation.
const FOLDS: usize = 4;

fn main() -> Result<(), Failure> {
    let has = |option: &str| std::env::args().any(|argument| argument == option);
    if has("--cross-validate") {
        return cross_validate();
    }
    let classifier = Classifier::built_in()?;
    println!("Model `{}`, {} examples to learn from.", classifier.model_name(), examples::training()?.len());
    let sets = [("Ordinary texts", examples::held_out()?), ("Hard texts", examples::held_out_hard()?)];
    for (title, examples) in sets {
        let report = evaluate(&classifier, &examples);
        let microseconds = microseconds_per_text(&classifier, &examples, 20, &SystemClock);
        println!("\n### {title}\n\n{report}\n{microseconds:.0} µs per text.");
        if has("--show-mistakes") {
            report.mistakes.iter().for_each(|mistake| println!("{mistake}"));
        }
    }
    Ok(())
}

fn cross_validate() -> Result<(), Failure> {
    let all = examples::training()?;
    for fold in 0..FOLDS {
        let part = |is_wanted: &dyn Fn(usize) -> bool| -> Vec<Example> {
            all.iter().enumerate().filter(|(index, _)| is_wanted(*index)).map(|(_, e)| e.clone()).collect()
        };
        let model = train(&part(&|index| index % FOLDS != fold), &built_in_lexicon()?);
        let report =
            evaluate(&Classifier::new(model, built_in_lexicon()?), &part(&|index| index % FOLDS == fold));
        println!("### Part {} of {FOLDS}\n\n{report}", fold + 1);
    }
    Ok(())
}
