//! Trains the local classifier from `config/intents/` and writes `config/intents/model.bin`.
//!
//! `cargo run --release -p troupe-llm --example train_intents`; the example `evaluate_intents` measures the result.

use std::path::Path;

use llm::offline::classifier::built_in_lexicon;
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
    Ok(())
}
