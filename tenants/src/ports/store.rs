//! The database, as the domain sees it. One implementation serves SQLite and PostgreSQL.
//!
//! `&TenantId` comes first in every tenant-scoped method and is compared in every statement: an id of another
//! tenant finds nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::account::{Account, Agency, ApiKey, MetaApp, SealedSecret, Tenant};
use crate::alert::{Alert, NewAlert};
use crate::approval::{Approval, ApprovalStatus};
use crate::audit::{AuditEntry, Chain, ChainVerdict};
use crate::autonomy::EarnedMode;
use crate::budget::TenantBudget;
use crate::changes::Changes;
use crate::clock::Timestamp;
use crate::conversation::{Comment, CommentStatus, Conversation, ConversationKind, Message, Owner};
use crate::effect::{ActionType, Effect, EffectState};
use crate::event::{EventKind, InboxEvent, NewEvent, OrphanedEvent, Role};
use crate::ids::{
    AccountId, AgencyId, AlertId, AppId, ApprovalId, CommentId, ConversationId, EffectId, EventId, KeyId,
    RuleId, TenantId,
};
use crate::intent::Intent;
use crate::money::MicroUsd;
use crate::prompt::PromptSet;
use crate::rule::Rule;
use crate::settings::TenantSettings;
use crate::tuning::Tuning;
use crate::words::word_enum;

use super::Learning;

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or has no room; try again later. Nothing was stored. (One case is open: when the
    /// connection to a server breaks during the very commit, it may have been. Trying again must be harmless.)
    #[error("the database is not available, try again later")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody else was first, or a unique name is taken; nothing was stored.
    #[error("{0}")]
    Conflict(String),
    /// A stored row cannot be understood.
    #[error("a stored row cannot be read: {0}")]
    Corrupt(String),
}

/// A page of a list, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Only rows with a smaller id: the last id of the page before.
    pub before: Option<Uuid>,
    /// At most this many rows.
    pub limit: u32,
}

impl PageRequest {
    /// The newest `limit` rows.
    pub fn first(limit: u32) -> Self {
        Self { before: None, limit }
    }
}

/// Whether an event was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// Stored.
    Stored,
    /// Known already; nothing changed.
    Duplicate,
}

/// What the webhook stores of one delivery, all or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivery {
    /// Events of known accounts.
    pub events: Vec<NewEvent>,
    /// Events of unknown accounts.
    pub orphans: Vec<OrphanedEvent>,
    /// Alerts about them, outside any tenant.
    pub alerts: Vec<NewAlert>,
}

/// Everything a tenant actor holds in memory about its tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantContext {
    /// The tenant; its `version` tells whether this context is still true.
    pub tenant: Tenant,
    /// Settings.
    pub settings: TenantSettings,
    /// Enabled rules in order of priority.
    pub rules: Vec<Rule>,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Hits of rules with a daily cap on the tenant's present day, not counting dry runs.
    pub rule_hits_today: BTreeMap<RuleId, u32>,
    /// Most that all tenants of the agency together may spend on language models in a day of UTC.
    pub agency_budget: Option<MicroUsd>,
    /// Which prompts its models are given.
    pub prompts: Arc<PromptSet>,
    /// What its classifier has learned.
    pub tuning: Arc<Tuning>,
    /// Where intents stand that may earn it to act by themselves; those that never changed are missing.
    pub earned: BTreeMap<Intent, EarnedMode>,
}

impl TenantContext {
    /// A tenant that has nothing yet: no rules, no accounts, nothing chosen and nothing learned.
    pub fn new(tenant: Tenant, settings: TenantSettings) -> Self {
        Self {
            tenant,
            settings,
            rules: Vec::new(),
            accounts: Vec::new(),
            rule_hits_today: BTreeMap::new(),
            agency_budget: None,
            prompts: Arc::default(),
            tuning: Arc::default(),
            earned: BTreeMap::new(),
        }
    }

    /// What the tenant may spend on language models.
    pub fn budget(&self) -> TenantBudget {
        TenantBudget {
            tenant: self.tenant.id,
            agency: self.tenant.agency,
            zone: self.tenant.time_zone.parse().unwrap_or(Tz::UTC),
            daily: self.settings.daily_budget,
            agency_daily: self.agency_budget,
            ceilings: self.settings.budget_shares,
        }
    }
}

/// Events in.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Stores a delivery durably, several deliveries to one commit; the answer has an entry per event.
    async fn accept(&self, delivery: Delivery) -> Result<Vec<Accepted>, StoreError>;

    /// Events that wait, oldest first, whose id is not in `except`; at most `limit`.
    async fn pending_events(
        &self,
        tenant: &TenantId,
        except: &[EventId],
        limit: u32,
    ) -> Result<Vec<InboxEvent>, StoreError>;

    /// Tenants for which events wait. Used at start and by the slow poll.
    async fn tenants_with_events(&self) -> Result<Vec<TenantId>, StoreError>;

    /// One event with its raw payload, for people.
    async fn find_event(
        &self,
        tenant: &TenantId,
        event: &EventId,
    ) -> Result<Option<(InboxEvent, serde_json::Value)>, StoreError>;

    /// Events by kind that were received and that are done, over all tenants: (kind, received, done).
    async fn event_counts(&self) -> Result<Vec<(EventKind, i64, i64)>, StoreError>;
}

/// The one way to change anything but the inbox.
#[async_trait]
pub trait UnitOfWork: Send + Sync {
    /// Applies the changes in one transaction, together with those of others that wait (group commit), and
    /// returns when they are durable. A [`StoreError::Conflict`] concerns these changes alone.
    async fn commit(&self, changes: Changes) -> Result<(), StoreError>;
}

/// Who is who.
#[async_trait]
pub trait Directory: Send + Sync {
    /// All agencies.
    async fn list_agencies(&self) -> Result<Vec<Agency>, StoreError>;
    /// One agency.
    async fn find_agency(&self, agency: &AgencyId) -> Result<Option<Agency>, StoreError>;
    /// Tenants of an agency.
    async fn list_tenants(&self, agency: &AgencyId, page: PageRequest) -> Result<Vec<Tenant>, StoreError>;
    /// One tenant.
    async fn find_tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, StoreError>;
    /// A tenant by its short name.
    async fn find_tenant_by_slug(&self, agency: &AgencyId, slug: &str) -> Result<Option<Tenant>, StoreError>;
    /// All that a tenant actor needs; `day` is the tenant's local day for the rule hits.
    async fn load_context(&self, tenant: &TenantId, day: &str) -> Result<Option<TenantContext>, StoreError>;
    /// Versions of these tenants; those that are gone are missing.
    async fn tenant_versions(&self, tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, StoreError>;
    /// Settings of a tenant.
    async fn find_settings(&self, tenant: &TenantId) -> Result<Option<TenantSettings>, StoreError>;
    /// Rules of a tenant in order of priority, disabled ones too.
    async fn list_rules(&self, tenant: &TenantId) -> Result<Vec<Rule>, StoreError>;
    /// One rule.
    async fn find_rule(&self, tenant: &TenantId, rule: &RuleId) -> Result<Option<Rule>, StoreError>;
    /// Accounts of a tenant.
    async fn list_accounts(&self, tenant: &TenantId) -> Result<Vec<Account>, StoreError>;
    /// One account.
    async fn find_account(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Option<Account>, StoreError>;
    /// Every account of every tenant: the webhook's address book, held in memory.
    async fn all_accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// Tenants that are active and have an account.
    async fn served_tenants(&self) -> Result<Vec<Tenant>, StoreError>;
    /// The sealed token of an account. Only the gateway can open it.
    async fn sealed_token(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Option<SealedSecret>, StoreError>;
    /// All Meta apps with their sealed secrets.
    async fn all_apps(&self) -> Result<Vec<(MetaApp, Option<SealedSecret>)>, StoreError>;
    /// Meta apps of an agency.
    async fn list_apps(&self, agency: &AgencyId) -> Result<Vec<MetaApp>, StoreError>;
    /// One Meta app of an agency.
    async fn find_app(&self, agency: &AgencyId, app: &AppId) -> Result<Option<MetaApp>, StoreError>;
    /// A key by the SHA-256 hash (hex) of its text, whether valid or not.
    async fn find_key(&self, hash: &str) -> Result<Option<ApiKey>, StoreError>;
    /// Keys of an agency (and of its tenants), or of [`AgencyId::INSTALLATION`].
    async fn list_keys(&self, agency: &AgencyId) -> Result<Vec<ApiKey>, StoreError>;
    /// Notes that a key was used; at most once a minute.
    async fn touch_key(&self, key: &KeyId, at: Timestamp) -> Result<(), StoreError>;
}

/// Which conversations to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Only this kind.
    pub kind: Option<ConversationKind>,
    /// Only this owner.
    pub owner: Option<Owner>,
    /// Only this account.
    pub account: Option<AccountId>,
}

/// Which comments to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommentFilter {
    /// Only this status.
    pub status: Option<CommentStatus>,
    /// Only this intent.
    pub intent: Option<Intent>,
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only this conversation.
    pub conversation: Option<ConversationId>,
}

/// Conversations, comments and messages.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// The conversations with these (account, key) pairs; those that do not exist are missing.
    async fn load_conversations(
        &self,
        tenant: &TenantId,
        keys: &[(AccountId, String)],
    ) -> Result<Vec<Conversation>, StoreError>;
    /// One conversation.
    async fn find_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError>;
    /// Conversations, newest first.
    async fn list_conversations(
        &self,
        tenant: &TenantId,
        filter: &ConversationFilter,
        page: PageRequest,
    ) -> Result<Vec<Conversation>, StoreError>;
    /// Messages of a conversation, newest first.
    async fn list_messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        page: PageRequest,
    ) -> Result<Vec<Message>, StoreError>;
    /// Comments, newest first.
    async fn list_comments(
        &self,
        tenant: &TenantId,
        filter: &CommentFilter,
        page: PageRequest,
    ) -> Result<Vec<Comment>, StoreError>;
    /// One comment.
    async fn find_comment(
        &self,
        tenant: &TenantId,
        comment: &CommentId,
    ) -> Result<Option<Comment>, StoreError>;
    /// One comment by Instagram's id.
    async fn find_comment_by_external_id(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        external_id: &str,
    ) -> Result<Option<Comment>, StoreError>;
}

/// An effect with all that the policy gate and the sender need at the moment of sending.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyEffect {
    /// The effect.
    pub effect: Effect,
    /// Its thread.
    pub thread: Option<Conversation>,
    /// Our direct messages with the same person.
    pub direct: Option<Conversation>,
    /// When the comment behind a private reply was written.
    pub comment_written_at: Option<Timestamp>,
    /// Another private reply to the same comment is sent, under way or unknown.
    pub private_reply_used: bool,
}

/// Which effects to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EffectFilter {
    /// Only this state.
    pub state: Option<EffectState>,
    /// Only this action.
    pub action_type: Option<ActionType>,
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only of this conversation.
    pub conversation: Option<ConversationId>,
}

/// How much of the queue is where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectCount {
    /// The action.
    pub action_type: ActionType,
    /// The state.
    pub state: EffectState,
    /// How many.
    pub count: i64,
}

/// The queue of effects.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Tenants with effects that are due (`pending` or `failed`, `next_retry_at` reached).
    async fn tenants_with_due_effects(&self, now: Timestamp) -> Result<Vec<TenantId>, StoreError>;
    /// When the next effect of any tenant that is not due yet becomes due.
    async fn next_due_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;
    /// Due effects of a tenant, earliest deadline first, then oldest, whose id is not in `except` and whose
    /// account and action are not in `blocked`; at most `limit`.
    ///
    /// Keeps the order of a conversation: an effect that speaks (reply_comment, private_reply, send_dm, reply_dm)
    /// is left out while another speaking effect of its conversation is `processing` or `unknown`, or while an
    /// earlier one (smaller id) is due or `failed`. Moderation and likes are never held back by this.
    async fn due_effects(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        except: &[EffectId],
        blocked: &[(AccountId, ActionType)],
        limit: u32,
    ) -> Result<Vec<ReadyEffect>, StoreError>;
    /// At start: everything `processing` becomes `unknown`, because no call survives its process. Returns how many.
    async fn interrupted_to_unknown(&self, at: Timestamp) -> Result<u64, StoreError>;
    /// Effects in state `unknown` that may be read back now (`next_retry_at` reached), oldest first.
    async fn unknown_effects(&self, now: Timestamp, limit: u32) -> Result<Vec<ReadyEffect>, StoreError>;
    /// Instagram ids that effects of this account have claimed, with `sent_at` at or after `since`: a read-back must
    /// not take them for another effect's.
    async fn claimed_instagram_ids(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<String>, StoreError>;
    /// The effect that created this reply or message on Instagram, or one of the same conversation and text whose
    /// outcome is still open (`processing` or `unknown`): tells our own echo from a person's message.
    async fn find_effect_behind(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversation_key: &str,
        instagram_id: &str,
        text: &str,
    ) -> Result<Option<Effect>, StoreError>;
    /// One effect.
    async fn find_effect(&self, tenant: &TenantId, effect: &EffectId) -> Result<Option<Effect>, StoreError>;
    /// Effects, newest first.
    async fn list_effects(
        &self,
        tenant: &TenantId,
        filter: &EffectFilter,
        page: PageRequest,
    ) -> Result<Vec<Effect>, StoreError>;
    /// Effects by action and state; of one tenant, or of all.
    async fn effect_counts(&self, tenant: Option<&TenantId>) -> Result<Vec<EffectCount>, StoreError>;
    /// Effects of one account that wait before a moment in the queue; for an honest ETA.
    async fn waiting_effects(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Vec<EffectCount>, StoreError>;
}

/// Questions to people.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// One approval.
    async fn find_approval(
        &self,
        tenant: &TenantId,
        approval: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError>;
    /// Approvals, newest first.
    async fn list_approvals(
        &self,
        tenant: &TenantId,
        status: Option<ApprovalStatus>,
        page: PageRequest,
    ) -> Result<Vec<Approval>, StoreError>;
    /// Tenants with pending approvals whose time is over.
    async fn tenants_with_overdue_approvals(&self, now: Timestamp) -> Result<Vec<TenantId>, StoreError>;
}

/// Which audit entries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only this event type, or all that begin with it when it ends in `.`.
    pub event_type: Option<String>,
    /// Only this actor.
    pub actor: Option<String>,
    /// Only about this thing.
    pub resource_id: Option<String>,
    /// Only successes or failures.
    pub success: Option<bool>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// The audit log.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Entries, newest first; `before` is a sequence number.
    async fn list_audit(
        &self,
        chain: &Chain,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError>;
    /// Entries after a sequence number, oldest first: the live feed.
    async fn audit_since(&self, chain: &Chain, after: i64, limit: u32)
    -> Result<Vec<AuditEntry>, StoreError>;
    /// Every chain there is.
    async fn audit_chains(&self) -> Result<Vec<Chain>, StoreError>;
    /// Checks a whole chain.
    async fn verify_chain(&self, chain: &Chain) -> Result<ChainVerdict, StoreError>;
}

/// Alerts.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Raises an alert outside any tenant's unit of work.
    async fn raise_alert(&self, alert: NewAlert, at: Timestamp) -> Result<(), StoreError>;
    /// Alerts of an agency, newest first; of one tenant, or of all and of the installation.
    async fn list_alerts(
        &self,
        agency: &AgencyId,
        tenant: Option<&TenantId>,
        resolved: Option<bool>,
        page: PageRequest,
    ) -> Result<Vec<Alert>, StoreError>;
    /// One alert of an agency.
    async fn find_alert(&self, agency: &AgencyId, alert: &AlertId) -> Result<Option<Alert>, StoreError>;
    /// Unresolved alerts with this key, raised by anybody.
    async fn has_open_alert(&self, dedup_key: &str) -> Result<bool, StoreError>;
    /// Resolves an alert of an agency; false when it was resolved already or does not exist.
    async fn resolve_alert(
        &self,
        agency: &AgencyId,
        alert: &AlertId,
        by: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError>;
}

word_enum! {
    /// Whether an agent shows signs of life.
    pub enum AgentStatus {
        /// It beat within the last 60 seconds.
        Alive = "alive",
        /// It has been silent for longer.
        Down = "down",
        /// It was put to sleep because there was nothing to do.
        Asleep = "asleep",
    }
}

/// The last sign of life of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The tenant; `None` for the parts of the node itself.
    pub tenant: Option<TenantId>,
    /// `tenant`, a role, `dispatcher`, `router` …
    pub agent: String,
    /// Status.
    pub status: AgentStatus,
    /// Last beat.
    pub last_beat_at: Timestamp,
}

word_enum! {
    /// What to do with ticks that were missed while nothing ran.
    pub enum MissedTick {
        /// Run once as soon as possible.
        RunOnce = "run_once",
        /// Leave them out.
        Skip = "skip",
    }
}

/// A durable tick of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronTick {
    /// The tenant.
    pub tenant: TenantId,
    /// The role it is for.
    pub role: Role,
    /// Its name.
    pub name: String,
    /// Last run.
    pub last_run: Option<Timestamp>,
    /// Next run.
    pub next_run: Timestamp,
}

/// Heartbeats and ticks.
#[async_trait]
pub trait Operations: Send + Sync {
    /// Stores beats, replacing older ones.
    async fn put_heartbeats(&self, beats: &[Heartbeat]) -> Result<(), StoreError>;
    /// Beats of a tenant's agents.
    async fn list_heartbeats(&self, tenant: &TenantId) -> Result<Vec<Heartbeat>, StoreError>;
    /// Adds ticks that are not there yet.
    async fn add_ticks(&self, ticks: &[CronTick]) -> Result<(), StoreError>;
    /// Ticks whose time has come, at most `limit`.
    async fn due_ticks(&self, now: Timestamp, limit: u32) -> Result<Vec<CronTick>, StoreError>;
    /// When the next tick is due.
    async fn next_tick_at(&self) -> Result<Option<Timestamp>, StoreError>;
    /// In one transaction: stores the tick's event (if any) and moves the tick from `tick.next_run` to `next_run`;
    /// false when somebody else has done so.
    async fn run_tick(
        &self,
        tick: &CronTick,
        event: Option<NewEvent>,
        next_run: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Whether the database answers and can write.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// The whole database.
pub trait Store:
    Inbox
    + UnitOfWork
    + Directory
    + Conversations
    + Outbox
    + Approvals
    + Learning
    + AuditLog
    + Alerts
    + Operations
    + 'static
{
}

impl<T> Store for T where
    T: Inbox
        + UnitOfWork
        + Directory
        + Conversations
        + Outbox
        + Approvals
        + Learning
        + AuditLog
        + Alerts
        + Operations
        + 'static
{
}
