//! Trains the local classifier from `config/intents/` and writes `config/intents/model.bin`.
//!
//! `cargo run --release -p troupe-llm --example train_intents`; with `--show-mistakes` it also prints every
//! held-out example that was classified wrongly.

use std::path::Path;

use llm::offline::classifier::{Classifier, built_in_lexicon};
use llm::offline::evaluate::evaluate;
use llm::offline::{examples, train};
use troupe_llm as llm;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let training = examples::training()?;
    let model = train::train(&training, &built_in_lexicon()?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/intents/model.bin");
    std::fs::write(&path, model.to_bytes())?;
    println!(
        "{} examples, temperature {:.3}, crisis threshold {:.3}",
        training.len(),
        model.temperature,
        model.crisis_threshold
    );
    let report = evaluate(&Classifier::new(model, built_in_lexicon()?), &examples::held_out()?);
    println!("{report}");
    if std::env::args().any(|argument| argument == "--show-mistakes") {
        report.mistakes.iter().for_each(|mistake| println!("{mistake}"));
    }
    Ok(())
}
