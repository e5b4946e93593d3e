//! How each provider is spoken to: the whole router against a stub on this machine that answers in the shapes of the
//! real APIs.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod anthropic;
mod ollama;
mod openai;
mod stub;
mod trouble;
