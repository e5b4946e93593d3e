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
//! [`Router`] asks models of real providers: [`routing`] is the way of a request, [`provider`] how each provider
//! speaks, [`catalogue`] which models there are and what they cost, [`budget`] the one door through which every call
//! goes and is paid. It takes finished questions, [`Request`]s, and knows nothing of intents and replies.
//!
//! Between the two belongs the cascade: an [`LlmRouter`] that asks the offline classifier first and a [`Router`] when
//! that is unsure, with prompts. It will live beside them, in a module of its own.
//!
//! **One more provider.** When it speaks a known protocol, an entry in `config/models.toml` is all; else see
//! [`provider`].

pub mod budget;
pub mod caption;
pub mod cascade;
pub mod catalogue;
pub mod disguise;
pub mod error;
pub mod fingerprint;
pub mod metrics;
pub mod offline;
pub mod oversight;
pub mod prompts;
pub mod provider;
pub mod report;
pub mod request;
pub mod router;
pub mod routing;
pub mod schema;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use budget::{Payer, Tally};
pub use caption::{CaptionRequest, Captions};
pub use cascade::Cascade;
pub use catalogue::Catalogue;
pub use error::LlmError;
pub use metrics::LlmMetrics;
pub use offline::OfflineProvider;
pub use oversight::OversightRequest;
pub use request::{EmbedReply, EmbedRequest, Input, Reply, Request, Tier};
pub use router::{
    Answer, Behalf, BreakerOf, Channel, ClassifyRequest, Formality, Line, LlmRouter, OwnTemplate,
    ReplyRequest, Voice,
};
pub use routing::{Mistake, Piece, ReplyStream, Router, RouterParts};
