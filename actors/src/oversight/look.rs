//! What can be looked into: read-only tools, the same for the built-in answers and for models.
//!
//! Everything is read with the tenant's own id: what belongs to another tenant is not there.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};
use tenants::approval::ApprovalStatus;
use tenants::effect::EffectState;
use tenants::models::Task;
use tenants::ports::{MemoryError, StoreError};
use tenants::post::PostState;

use super::record::Record;

/// Entries of the audit log that every answer starts from.
pub const FIRST_ENTRIES: u32 = 12;

/// Something to look into.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "tool", content = "arguments", rename_all = "snake_case")]
pub enum Look {
    /// The audit log.
    AuditSearch(AuditSearch),
    /// Questions to people.
    Approvals {
        /// Only this status.
        #[serde(default)]
        status: Option<ApprovalStatus>,
    },
    /// The queue of effects.
    Queue {
        /// Only this state.
        #[serde(default)]
        state: Option<EffectState>,
    },
    /// Posts.
    Posts {
        /// Only this state.
        #[serde(default)]
        state: Option<PostState>,
    },
    /// Content made by others.
    Ugc {},
    /// Numbers of the accounts.
    Insights(Dates),
    /// What models have cost.
    Costs {
        /// Only this kind of work.
        #[serde(default)]
        task: Option<Task>,
        /// First day, `YYYY-MM-DD`; today when left out.
        #[serde(default)]
        from: Option<NaiveDate>,
        /// Last day.
        #[serde(default)]
        to: Option<NaiveDate>,
    },
    /// Rules.
    Rules {},
    /// What the tenant's memory knows.
    Memory {
        /// What about.
        about: String,
    },
    /// Alerts.
    Alerts {
        /// Only unresolved ones, or only resolved ones.
        #[serde(default)]
        open: Option<bool>,
    },
    /// Accounts, and the state of their tokens.
    Accounts {},
    /// People who may buy.
    Leads {},
    /// Settings of the tenant.
    Settings {},
    /// When to publish, going by what was published.
    BestTimes {},
}

/// What to search the audit log for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AuditSearch {
    /// Only this type, or all that begin with it when it ends in a dot.
    pub event_type: Option<String>,
    /// Only about the thing with this id.
    pub resource_id: Option<String>,
    /// Only entries that hold all of these words.
    pub about: Option<String>,
    /// First day, `YYYY-MM-DD`.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
    /// At most this many, the newest ones.
    pub limit: Option<usize>,
}

/// Days, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Dates {
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
}

/// What a look has found.
#[derive(Debug, Default)]
pub struct Found {
    /// The records, newest first where they have a time.
    pub records: Vec<Record>,
    /// More of the log lies behind what was read.
    pub is_cut: bool,
}

/// Why nothing could be looked into.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// There is no such tool, or its arguments make no sense.
    #[error("{0}")]
    Arguments(String),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The memory does not answer.
    #[error(transparent)]
    Memory(#[from] MemoryError),
}

impl Look {
    /// A model's call of a tool.
    ///
    /// # Errors
    /// [`LookError::Arguments`] says what is allowed.
    pub fn of_call(name: &str, arguments: &Value) -> Result<Self, LookError> {
        let arguments = if arguments.is_null() { json!({}) } else { arguments.clone() };
        let call = json!({ "tool": name, "arguments": arguments });
        serde_json::from_value(call).map_err(|error| LookError::Arguments(format!("{name}: {error}")))
    }

    /// Name of the tool.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AuditSearch(_) => "audit_search",
            Self::Approvals { .. } => "approvals",
            Self::Queue { .. } => "queue",
            Self::Posts { .. } => "posts",
            Self::Ugc {} => "ugc",
            Self::Insights(_) => "insights",
            Self::Costs { .. } => "costs",
            Self::Rules {} => "rules",
            Self::Memory { .. } => "memory",
            Self::Alerts { .. } => "alerts",
            Self::Accounts {} => "accounts",
            Self::Leads {} => "leads",
            Self::Settings {} => "settings",
            Self::BestTimes {} => "best_times",
        }
    }
}

/// The tools, as models are told of them.
pub fn tools() -> Vec<llm::request::Tool> {
    let day = json!({ "type": "string", "description": "YYYY-MM-DD" });
    let words_of = |words: Vec<&str>| json!({ "type": "string", "enum": words });
    let object = |properties: Value| json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let tool = |name: &str, description: &str, properties: Value| llm::request::Tool {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters: object(properties),
    };
    let tasks = Task::ALL.iter().map(|it| it.as_str()).collect();
    let approvals = ApprovalStatus::ALL.iter().map(|it| it.as_str()).collect();
    let states = EffectState::ALL.iter().map(|it| it.as_str()).collect();
    let posts = PostState::ALL.iter().map(|it| it.as_str()).collect();
    vec![
        tool(
            "audit_search",
            "Entries of the audit log: decisions with their reasons, effects, verdicts of people, changes of rules, \
             settings, accounts. `event_type` such as decision.made, effect., approval.decided, rule.; `about` are words \
             that an entry must hold.",
            json!({ "event_type": { "type": "string" }, "resource_id": { "type": "string" }, "about": { "type": "string" },
                "from": day, "to": day, "limit": { "type": "integer", "minimum": 1, "maximum": 50 } }),
        ),
        tool(
            "approvals",
            "Drafts and escalations that people were asked about.",
            json!({ "status": words_of(approvals) }),
        ),
        tool("queue", "Effects in the queue and their state.", json!({ "state": words_of(states) })),
        tool("posts", "Posts and where they stand.", json!({ "state": words_of(posts) })),
        tool("ugc", "Content of others that mentions the brand.", json!({})),
        tool(
            "insights",
            "Numbers of the accounts by day, such as reach and followers.",
            json!({ "from": day, "to": day }),
        ),
        tool(
            "costs",
            "What language models have cost.",
            json!({ "task": words_of(tasks), "from": day, "to": day }),
        ),
        tool("rules", "The rules that users have made.", json!({})),
        tool(
            "memory",
            "What the brand's memory knows about something.",
            json!({ "about": { "type": "string" } }),
        ),
        tool(
            "alerts",
            "Alerts; `open` true for those that are not resolved.",
            json!({ "open": { "type": "boolean" } }),
        ),
        tool("accounts", "Connected accounts and the state of their tokens.", json!({})),
        tool("leads", "People who may buy, and how far that has come.", json!({})),
        tool("settings", "Quiet hours, languages and words that are not written.", json!({})),
        tool("best_times", "When to publish, going by what was published.", json!({})),
    ]
}
