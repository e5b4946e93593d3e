//! The router of language models on a real ledger: against real servers of models, in a crowd, and when its process
//! dies.
//!
//! The tests in `litellm` and `llama` need a server and say so when none is named: `tests/servers/start.sh` starts one,
//! docs/models.md tells more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

mod crash;
mod crowd;
mod house;
mod litellm;
mod llama;
mod pipe;
mod priced;
