//! A unit of work as plain data: everything that one decision, outcome or administrative act changes, applied in
//! one transaction or not at all.

use crate::account::{Account, AccountStatus, Agency, ApiKey, MetaApp, SealedSecret, Tenant};
use crate::alert::NewAlert;
use crate::approval::{Approval, ApprovalStatus};
use crate::audit::{Chain, NewAuditEntry};
use crate::autonomy::EarnedMode;
use crate::briefing::Briefing;
use crate::budget::ShareCeilings;
use crate::clock::Timestamp;
use crate::connect::ConnectChange;
use crate::conversation::{Comment, CommentStatus, Conversation, Message};
use crate::effect::{Effect, EffectState, ErrorCategory, SkipReason};
use crate::experiment::{Experiment, ExperimentEnd, PromptVersion};
use crate::ids::{
    AccountId, ApprovalId, ChannelId, ConversationId, EffectId, EventId, KeyId, LeadId, MediaId, PostId,
    RuleId, TemplateId, TenantId, UploadId,
};
use crate::insights::IntelChange;
use crate::lead::{LeadNote, LeadStage};
use crate::media::{MediaAsset, MediaUpload, MediaUser};
use crate::memory::{Forgetting, MemoryItem};
use crate::money::MicroUsd;
use crate::notice::{Channel, Notice, NotificationMove, Routing};
use crate::oversight::OversightChange;
use crate::ports::TickNote;
use crate::post::{JobLog, Post, PostTemplate};
use crate::prompt::PromptKey;
use crate::rehearsal::{ConfigurationParts, Rehearsal, RehearsalDifference};
use crate::rule::{Rule, RuleHit};
use crate::settings::TenantSettings;
use crate::tuning::Lesson;
use crate::user::UserChange;
use crate::verdict::Verdict;
use crate::webhook::WebhookChange;

/// What is to be committed together. All rows belong to the chain's tenant (or agency).
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// Whose changes these are, and on which audit chain they are recorded.
    pub chain: Chain,
    /// Applied in this order.
    pub list: Vec<Change>,
}

impl Changes {
    /// No changes yet, for a tenant.
    pub fn of_tenant(tenant: TenantId) -> Self {
        Self { chain: Chain::Tenant(tenant), list: Vec::new() }
    }

    /// Adds one change.
    pub fn push(&mut self, change: Change) {
        self.list.push(change);
    }

    /// Adds one change.
    #[must_use]
    pub fn with(mut self, change: Change) -> Self {
        self.list.push(change);
        self
    }

    /// With more of them.
    #[must_use]
    pub fn with_all(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.list.extend(changes);
        self
    }

    /// The effects that this work queues.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.list.iter().filter_map(|change| match change {
            Change::AddEffect(effect) => Some(effect.as_ref()),
            _ => None,
        })
    }

    /// Whether an account comes, goes, or can be used otherwise than before.
    pub fn concern_accounts(&self) -> bool {
        self.list.iter().any(|change| {
            matches!(
                change,
                Change::PutAccount { .. }
                    | Change::DeleteAccount(_)
                    | Change::SetAccountStatus { .. }
                    | Change::Connect(
                        ConnectChange::Refreshed { .. }
                            | ConnectChange::TokenRefused { .. }
                            | ConnectChange::ForgetToken(_)
                    )
            )
        })
    }
}

/// What was read, and how it stood then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The tenant, whose version everything raises that its actors must know.
    Tenant {
        /// [`Tenant::version`].
        version: i64,
    },
    /// A rule, by when it was changed last.
    Rule(RuleId, Timestamp),
    /// A lead, by when it was changed last.
    Lead(LeadId, Timestamp),
    /// The posts with the same files: who looked for duplicates has seen them all.
    PostsLike {
        /// [`Post::media_hash`].
        media_hash: String,
        /// How many there were; more than are looked at count as so many.
        count: u32,
    },
    /// A template for posts, by when it was changed last.
    Template(TemplateId, Timestamp),
}

/// One change. Ids of other tenants never match: every statement also compares the tenant.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The event needs no more work.
    EventDone {
        /// The event.
        event: EventId,
        /// When.
        at: Timestamp,
    },
    /// Work on the event failed; counts an attempt.
    EventFailed {
        /// The event.
        event: EventId,
        /// What went wrong, for people.
        error: String,
    },
    /// The event has failed too often and is set aside until a person looks at it.
    EventQuarantined {
        /// The event.
        event: EventId,
        /// What went wrong, for people.
        error: String,
        /// When.
        at: Timestamp,
    },
    /// Adds the conversation, or replaces the state of the one with the same account and key (its id stays).
    PutConversation(Box<Conversation>),
    /// Adds the comment, or replaces classification, status, reply, tags and assignment of the one with the same
    /// account and external id.
    PutComment(Box<Comment>),
    /// Sets the status of a comment, and its reply when given. No comment, no change.
    MarkComment {
        /// The account.
        account: AccountId,
        /// Instagram's id of the comment.
        external_id: String,
        /// New status.
        status: CommentStatus,
        /// The reply sent or drafted.
        reply: Option<String>,
    },
    /// Adds the message; one with the same account and external id keeps its text, and takes classification and
    /// effect when it lacks them.
    PutMessage(Box<Message>),
    /// The sender took a message back: empties the text and marks it deleted.
    ForgetMessage {
        /// The account.
        account: AccountId,
        /// Instagram's id of the message.
        external_id: String,
    },
    /// The sender changed a message.
    EditMessage {
        /// The account.
        account: AccountId,
        /// Instagram's id of the message.
        external_id: String,
        /// The new text.
        text: String,
    },
    /// Queues an effect; one with the same idempotency key stays as it is.
    AddEffect(Box<Effect>),
    /// Moves an effect on. A conflict (nothing of the whole unit is applied) when it is in none of `from`.
    MoveEffect(EffectMove),
    /// Adds a post, or replaces the one whose version is the given one; its version is one more from then on. A conflict
    /// when somebody else has changed it.
    PutPost {
        /// The post as it shall be.
        post: Box<Post>,
        /// Its version before; `None` adds it.
        expected: Option<i64>,
    },
    /// Something happened to an effect of the post: it is looked at from this moment on. Raises its version, so that
    /// whoever has just looked looks again.
    WakePost {
        /// The post.
        post: PostId,
        /// When.
        at: Timestamp,
    },
    /// Notes one attempt of one step of a post.
    AddJobLog(Box<JobLog>),
    /// Adds or replaces a template for posts. A conflict when another one has its name.
    PutPostTemplate(Box<PostTemplate>),
    /// Removes a template for posts. A conflict when there is none.
    DeletePostTemplate(TemplateId),
    /// Asks a person.
    AddApproval(Box<Approval>),
    /// Records a person's answer. A conflict when the approval is not pending any more.
    DecideApproval {
        /// The approval.
        approval: ApprovalId,
        /// Approved, edited or rejected.
        status: ApprovalStatus,
        /// Who.
        decided_by: String,
        /// When.
        at: Timestamp,
        /// The person's own words.
        edited_text: Option<String>,
        /// Remark.
        comment: Option<String>,
    },
    /// Keeps a person's verdict for learning. A conflict when one was given for the decision on the same occasion.
    AddVerdict(Box<Verdict>),
    /// Makes one more version of what the tenant's classifier has learned, marks the verdicts it learned from, and raises
    /// the tenant's version. A conflict when somebody else has learned meanwhile.
    Learn(Box<Lesson>),
    /// Moves an intent that may earn it to act by itself, and raises the tenant's version. A conflict when the stored
    /// revision is not the one before.
    PutEarnedMode(Box<EarnedMode>),
    /// Expires the pending drafts of a conversation that has moved on. Escalations stay.
    ExpireDrafts {
        /// The conversation.
        conversation: ConversationId,
        /// When.
        at: Timestamp,
    },
    /// Expires what waits for a person because of an event that was answered in another way: escalations, too.
    ExpireAnswered {
        /// The conversation.
        conversation: ConversationId,
        /// What was answered.
        event: EventId,
        /// When.
        at: Timestamp,
    },
    /// Expires every pending approval of the tenant whose time is over.
    ExpireOverdueApprovals {
        /// Now.
        at: Timestamp,
    },
    /// Counts a rule's hit.
    AddRuleHit {
        /// The event that hit; the same event counts once per rule.
        event: EventId,
        /// The hit.
        hit: RuleHit,
    },
    /// Raises an alert, or counts a repetition of the unresolved one with the same key.
    RaiseAlert(Box<NewAlert>, Timestamp),
    /// Resolves the unresolved alert with this key, if there is one.
    ResolveAlert {
        /// The key.
        dedup_key: String,
        /// By whom.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Notes how the run of a tick stands. One that the tenant has not is left alone.
    NoteTick(Box<TickNote>),
    /// Marks an account. Raises the tenant's version.
    SetAccountStatus {
        /// The account.
        account: AccountId,
        /// The status.
        status: AccountStatus,
    },
    /// Adds or replaces an agency.
    PutAgency(Agency),
    /// Sets or lifts the agency's daily budget for language models and raises the version of all its tenants.
    SetAgencyBudget {
        /// Most that they may spend together in a day of UTC; `None` sets no limit.
        daily: Option<MicroUsd>,
    },
    /// Adds or replaces a tenant and raises its version. A conflict when the slug is taken in the agency.
    PutTenant(Tenant),
    /// Replaces the tenant's settings and raises its version.
    PutSettings(Box<TenantSettings>),
    /// Replaces what is given of the tenant's budget, leaves its other settings alone, and raises its version.
    SetTenantBudget {
        /// Most that it may spend in a day of its own.
        daily: Option<MicroUsd>,
        /// Most that each kind of work may take of it.
        shares: Option<ShareCeilings>,
    },
    /// Holds what the next change was made from to how it was read; a conflict when it has changed since.
    Expect(Expected),
    /// Adds or replaces a rule and raises the tenant's version.
    PutRule(Box<Rule>),
    /// Removes a rule and raises the tenant's version. A conflict when there is none.
    DeleteRule(RuleId),
    /// Adds or replaces an account, with a new token when given, and raises the tenant's version. A conflict when
    /// the external id belongs to another tenant.
    PutAccount {
        /// The account.
        account: Box<Account>,
        /// The sealed token; `None` leaves the stored one.
        token: Option<SealedSecret>,
    },
    /// Removes an account and its token and raises the tenant's version.
    DeleteAccount(AccountId),
    /// Adds or replaces a Meta app, with its sealed secret. A conflict when the app id is taken.
    PutApp {
        /// The app.
        app: Box<MetaApp>,
        /// The sealed app secret; `None` leaves the stored one.
        secret: Option<SealedSecret>,
    },
    /// People who sign in, and their sessions.
    User(UserChange),
    /// Conversations in which people ask why.
    Oversight(OversightChange),
    /// Attempts to connect accounts, the life of tokens, and the keys that seal them.
    Connect(ConnectChange),
    /// Adds an API key by its SHA-256 hash (hex).
    AddKey {
        /// The key.
        key: Box<ApiKey>,
        /// Its hash.
        hash: String,
    },
    /// Withdraws an API key.
    RevokeKey {
        /// The key.
        key: KeyId,
        /// When.
        at: Timestamp,
    },
    /// Keeps the parts of the configuration that a decision was made with; those that are kept already stay.
    KeepConfiguration(ConfigurationParts),
    /// Adds a rehearsal, or moves on one that is running. A conflict when it has ended already, and when another
    /// rehearsal of the same tenant (or agency) is running.
    PutRehearsal(Box<Rehearsal>),
    /// Adds what a rehearsal has found.
    AddDifferences(Vec<RehearsalDifference>),
    /// Remembers something. What the memory holds already (see [`MemoryItem::fingerprint`]) is remembered anew: it
    /// counts once more, and is as fresh as this.
    Remember(Box<MemoryItem>),
    /// A conflict when the tenant's memory holds more facts and notes about persons than this, counted after what stands
    /// before it in the unit: whatever is committed side by side, together it stays within the limit.
    LimitMemory {
        /// The most of what is never dropped by itself.
        most: u64,
    },
    /// Removes items from the tenant's memory. A conflict when one item is named and there is none.
    Forget(Forgetting),
    /// Adds an asset to the media library, or replaces name, alt text and tags of the one with the same id. A conflict
    /// when the library holds another asset with the same content.
    PutMedia(Box<MediaAsset>),
    /// Removes an asset from the media library, with the links of those that do not hold it. A conflict when there is
    /// none, or when somebody holds it. Its files are removed afterwards, at the latest by the sweep.
    DeleteMedia(MediaId),
    /// Says which assets somebody uses: replaces what was said before; none releases all. A conflict when an asset is
    /// not in the tenant's library.
    SetMediaUses {
        /// Who uses them.
        by: MediaUser,
        /// The assets.
        media: Vec<MediaId>,
        /// True while they must not be deleted, such as before the post is published.
        holds: bool,
    },
    /// Adds an upload, or moves it on.
    PutUpload(Box<MediaUpload>),
    /// Forgets an upload; its bytes are removed afterwards. No upload, no change.
    DeleteUpload(UploadId),
    /// Adds a version of a prompt to an agency's. A conflict when its number is taken.
    AddPrompt(Box<PromptVersion>),
    /// Makes a version that came with the program the one of the installation, on the installation's own chain; adds
    /// it when its number is free. Raises the version of every tenant.
    InstallPrompt(Box<PromptVersion>),
    /// Chooses a version for an agency or for one of its tenants, and raises the version of its tenants. A conflict
    /// when the agency has no such version.
    UsePrompt {
        /// The key.
        key: PromptKey,
        /// One tenant; `None` means all that have not chosen for themselves.
        tenant: Option<TenantId>,
        /// The version; `None` takes the choice back.
        version: Option<u32>,
        /// Who chooses.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Starts an experiment and raises the version of the agency's tenants. A conflict while another one with the same
    /// prompt runs for some of the same tenants, or when a version does not exist.
    StartExperiment(Box<Experiment>),
    /// Ends an experiment, chooses its winner if it has one, and raises the version of the agency's tenants. A conflict
    /// when it does not run, or when the winner is none of its arms.
    EndExperiment(Box<ExperimentEnd>),
    /// Adds or replaces a channel to people; its secret stays when none is given.
    PutChannel {
        /// The channel.
        channel: Box<Channel>,
        /// Its sealed secret.
        secret: Option<SealedSecret>,
    },
    /// Removes a channel with all that waits for it. A conflict when there is none.
    DeleteChannel(ChannelId),
    /// Adds something people may want to know, unless one with the same key was added before.
    AddNotice(Box<Notice>),
    /// Adds what is to be sent, and marks what it was made of.
    RouteNotices(Box<Routing>),
    /// Moves the notifications of a message on. A conflict when one of them does not wait any more.
    MoveNotifications(Box<NotificationMove>),
    /// Takes in what a message says about a lead; begins one when it shows interest. What is new becomes a notice.
    NoteLead(Box<LeadNote>),
    /// A person's word about a lead. A conflict when there is none.
    SetLead {
        /// The lead.
        lead: LeadId,
        /// A stage, and who has set it; `None` leaves it.
        stage: Option<(LeadStage, String)>,
        /// A remark; `None` leaves it, an empty one removes it.
        note: Option<String>,
        /// Who takes care of it; `None` leaves it, an empty text means nobody.
        assigned_to: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// Keeps a briefing, unless one of its kind and end is kept.
    PutBriefing(Box<Briefing>),
    /// Gives a conversation to a person of the brand or agency, or to nobody. A conflict when there is none.
    AssignConversation {
        /// The conversation.
        conversation: ConversationId,
        /// To whom.
        to: Option<String>,
        /// When.
        at: Timestamp,
    },
    /// Changes webhooks, or what is on its way to them.
    Webhook(WebhookChange),
    /// Changes what intel has gathered: insights, reports, competitors.
    Intel(IntelChange),
    /// Appends to the audit log.
    Audit(Box<NewAuditEntry>),
}

/// How an effect moves on.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectMove {
    /// The effect.
    pub effect: EffectId,
    /// It must be in one of these.
    pub from: Vec<EffectState>,
    /// Where it goes.
    pub to: EffectState,
    /// When.
    pub at: Timestamp,
    /// Number of failed tries from now on; `None` leaves it.
    pub retry_count: Option<u32>,
    /// The error; `None` clears it.
    pub error: Option<String>,
    /// Its category; `None` clears it.
    pub error_category: Option<ErrorCategory>,
    /// Why it was skipped.
    pub skip_reason: Option<SkipReason>,
    /// Instagram's id of what came of it; `None` leaves it.
    pub instagram_id: Option<String>,
    /// Not before; `None` leaves it.
    pub next_retry_at: Option<Timestamp>,
    /// True sets `first_attempt_at` to `at` unless it is set already.
    pub begins_attempt: bool,
}

impl EffectMove {
    /// A move that changes nothing but the state.
    pub fn new(effect: EffectId, from: &[EffectState], to: EffectState, at: Timestamp) -> Self {
        Self {
            effect,
            from: from.to_vec(),
            to,
            at,
            retry_count: None,
            error: None,
            error_category: None,
            skip_reason: None,
            instagram_id: None,
            next_retry_at: None,
            begins_attempt: false,
        }
    }
}
