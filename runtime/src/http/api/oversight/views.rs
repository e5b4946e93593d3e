//! Conversations as they are shown.

use serde::Serialize;
use tenants::clock::Timestamp;
use tenants::ids::OversightId;
use tenants::oversight::{OversightSession, OversightTurn, Source};
use utoipa::ToSchema;

use crate::http::schema;

/// A conversation about a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OversightSession)]
pub(super) struct SessionView {
    #[schema(value_type = schema::Id)]
    id: OversightId,
    /// Its first question, shortened.
    title: String,
    /// False once it was closed: it takes no further question.
    active: bool,
    /// Questions so far.
    total_queries: i64,
    /// Time all answers took together, in milliseconds.
    total_latency_ms: i64,
    last_question: Option<String>,
    last_answer: Option<String>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When something was last asked.
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

impl From<OversightSession> for SessionView {
    fn from(it: OversightSession) -> Self {
        Self {
            id: it.id,
            title: it.title,
            active: it.is_active,
            total_queries: it.total_queries,
            total_latency_ms: it.total_latency_ms,
            last_question: it.last_question,
            last_answer: it.last_answer,
            created_at: it.created_at,
            updated_at: it.updated_at,
        }
    }
}

/// A record that carries an answer: `[n]` in its text names the n-th of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OversightSource)]
pub(super) struct SourceView {
    /// Its number in the answer, from 1.
    number: usize,
    /// `decision`, `effect`, `approval`, `post`, `alert`, `rule`, `account`, `memory`, `cost`, `insight`, `count`, or what
    /// else an entry of the audit log is about.
    kind: String,
    /// Id of what it is about, such as `dec_…`; of sums and counts, what was added up.
    id: String,
    /// The entry of the audit log, when it is one.
    entry: Option<String>,
    /// A few words.
    title: String,
    /// When it happened; `null` for states and sums.
    #[schema(value_type = Option<schema::Moment>)]
    at: Option<Timestamp>,
}

/// The sources of an answer, numbered.
pub(super) fn sources_of(sources: Vec<Source>) -> Vec<SourceView> {
    let numbered = sources.into_iter().enumerate().map(|(at, it)| SourceView {
        number: at + 1,
        kind: it.kind,
        id: it.id,
        entry: it.entry,
        title: it.title,
        at: it.at,
    });
    numbered.collect()
}

/// Something that was said in a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OversightMessage)]
pub(super) struct MessageView {
    /// `user` asks, `assistant` answers.
    #[schema(example = "assistant")]
    role: &'static str,
    /// What was said.
    content: String,
    /// What was looked into for it.
    tools_used: Vec<String>,
    /// The records that carry it.
    sources: Vec<SourceView>,
    /// How sure it is, 0 to 1.
    confidence: Option<f32>,
    /// From the question to the end of the answer, in milliseconds.
    latency_ms: Option<i64>,
    /// True when the answer broke off.
    incomplete: bool,
    /// Why it broke off.
    problem: Option<String>,
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
}

/// A conversation with everything that was said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OversightConversation)]
pub(super) struct ConversationView {
    #[serde(flatten)]
    session: SessionView,
    /// Questions and answers in turn, oldest first.
    messages: Vec<MessageView>,
}

impl ConversationView {
    pub fn new(session: OversightSession, turns: Vec<OversightTurn>) -> Self {
        let messages = turns.into_iter().flat_map(messages_of).collect();
        Self { session: session.into(), messages }
    }
}

fn messages_of(turn: OversightTurn) -> [MessageView; 2] {
    let asked = MessageView {
        role: "user",
        content: turn.question,
        tools_used: Vec::new(),
        sources: Vec::new(),
        confidence: None,
        latency_ms: None,
        incomplete: false,
        problem: None,
        at: turn.asked_at,
    };
    let took = std::time::Duration::from_millis(turn.latency_ms.unwrap_or(0).unsigned_abs());
    let answered = MessageView {
        role: "assistant",
        content: turn.answer,
        tools_used: turn.tools,
        sources: sources_of(turn.sources),
        confidence: turn.confidence,
        latency_ms: turn.latency_ms,
        incomplete: turn.is_incomplete,
        problem: turn.problem,
        at: turn.asked_at + took,
    };
    [asked, answered]
}
