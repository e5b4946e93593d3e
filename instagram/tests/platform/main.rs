//! The crate from outside: payloads in, calls out.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod activity;
mod apps;
mod hostile;
mod insights;
mod lost_answers;
mod payloads;
mod read_back;
mod reading;
mod requests;
mod sending;
mod shapes;
mod support;
