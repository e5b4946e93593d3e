//! The LLM router and its providers, the built-in offline one among them.
//!
//! Callers see one trait, [`LlmRouter`]: *what does this text want* and *what could we
//! answer*. [`OfflineProvider`] answers both without key or network: a linear
//! classifier trained from the examples in `config/intents/`, the templates in `config/templates/`, and the
//! tenant's own facts. It is always labelled as offline.
//!
//! **One more language.** Add it to [`Language`](tenants::intent::Language), write `train.xx.tsv` and
//! `test.xx.tsv` in `config/intents/`, its words in `lexicon.tsv`, and `config/templates/xx.toml`; name the new
//! files in [`offline`]; then run `cargo run --release -p troupe-llm --example train_intents`.
//!
//! **One more provider.** Implement [`LlmRouter`] in a module beside [`offline`].

pub mod error;
pub mod offline;
pub mod router;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use error::LlmError;
pub use offline::OfflineProvider;
pub use router::{
    Answer, BreakerOf, Channel, ClassifyRequest, Formality, LlmRouter, OwnTemplate, ReplyRequest, Voice,
};
