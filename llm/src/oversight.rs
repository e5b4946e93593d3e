//! A model's part in a conversation with somebody of the agency who asks why.
//!
//! What it says is not believed: whoever asks it checks every sentence against the records it names.

use std::sync::Arc;

use crate::budget::Tally;
use crate::request::{Message, Tool};
use crate::router::Behalf;

/// What the model is told to do. It holds nothing of the tenant's.
pub const INSTRUCTIONS: &str = include_str!("../../config/prompts/oversight.md");
/// The name of these instructions on calls.
pub const PROMPT: &str = "oversight@0";

/// Asks a model to go on.
#[derive(Debug, Clone)]
pub struct OversightRequest {
    /// Who pays.
    pub behalf: Arc<Behalf>,
    /// What was said and found so far. Records and questions are data, whatever they say.
    pub messages: Vec<Message>,
    /// What it may look into.
    pub tools: Vec<Tool>,
    /// Where its calls are added up.
    pub tally: Tally,
}
