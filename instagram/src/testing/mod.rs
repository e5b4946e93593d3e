//! Deliveries for tests, also those of other crates: every payload there is, and ways to spoil them.

mod dice;
mod payloads;
mod spoil;

pub use dice::Dice;
pub use payloads::deliveries;
pub use spoil::{nasty_value, spoil, spoiled_delivery, written};

/// The bodies of the corpus, each with the name of its file, sorted by it.
///
/// # Panics
/// When the corpus cannot be read.
pub fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/webhooks");
    let mut bodies: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("the corpus is a folder")
        .map(|entry| entry.expect("an entry of the corpus").path())
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a readable body"))
        })
        .collect();
    bodies.sort();
    bodies
}
