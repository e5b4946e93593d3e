//! A tenant with one account, and people who write to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use llm::OfflineProvider;
use llm::testing::{MemoryLedger, ScriptedRouter};
use tenants::account::{Account, AccountStatus, LoginFlavour, SealedSecret, Tenant, TenantStatus};
use tenants::approval::{Approval, ApprovalStatus};
use tenants::changes::Change;
use tenants::clock::{Clock, ManualClock, Timestamp};
use tenants::conversation::{Conversation, Owner, comment_key, direct_key, mention_key};
use tenants::effect::{Action, Effect, ErrorCategory};
use tenants::event::{
    Attachment, CommentBody, EventBody, EventKind, EventSource, InboxEvent, MentionBody, MessageBody, Person,
};
use tenants::ids::{AccountId, AgencyId, EventId, Ids, RuleId, TenantId};
use tenants::ports::{
    Finding, Hint, MentionText, Messenger, NoActivity, NoMedia, NoMemory, Receipt, SendError, Signal,
    TenantContext, UnitOfWork, Usage, Wake,
};
use tenants::rule::{Condition, Rule, RuleAction, Trigger, TriggerKind};
use tenants::settings::TenantSettings;
use tenants::tasks::Tasks;
use tokio::sync::{broadcast, watch};

use super::super::*;
use super::memory_store::MemoryStore;
use crate::testing::NoComms;
use crate::testing::ScriptedConnections;

pub const OWN_ID: &str = "17841400000000001";

/// Everything a story needs.
pub struct World {
    pub ports: Ports,
    pub store: Arc<MemoryStore>,
    pub clock: ManualClock,
    pub script: Arc<ScriptedRouter>,
    pub instagram: Arc<Mentions>,
    pub context: Arc<TenantContext>,
    pub rules: Arc<RuleSet>,
    next: std::cell::Cell<u32>,
}

/// The texts of mentions, by media.
#[derive(Debug, Default)]
pub struct Mentions(pub Mutex<HashMap<String, Result<Option<MentionText>, SendError>>>);

#[async_trait]
impl Messenger for Mentions {
    async fn perform(&self, _account: &Account, _action: &Action) -> Result<Receipt, SendError> {
        panic!("deciding sends nothing")
    }

    async fn signal(&self, _account: &Account, _to: &str, _signal: Signal) -> Result<Usage, SendError> {
        panic!("deciding shows nothing")
    }

    async fn look_for(
        &self,
        _account: &Account,
        _action: &Action,
        _since: Timestamp,
        _ours: &[String],
    ) -> Result<Finding, SendError> {
        panic!("deciding looks for nothing")
    }

    async fn read_mention(
        &self,
        _account: &Account,
        media_id: &str,
        _comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        self.0.lock().unwrap().get(media_id).cloned().unwrap_or(Ok(None))
    }

    async fn check_token(&self, _account: &Account, _token: &SealedSecret) -> Result<(), SendError> {
        panic!("deciding checks no token")
    }

    async fn check_account(&self, _account: &Account) -> Result<String, SendError> {
        panic!("deciding checks no account")
    }
}

#[derive(Debug)]
struct Deaf;

impl Wake for Deaf {
    fn send(&self, _hint: Hint) {}

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        broadcast::channel(1).1
    }

    fn watch_log(&self, _: &TenantId) -> watch::Receiver<()> {
        watch::channel(()).1
    }
}

pub fn noon() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

pub fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
}

pub fn maria() -> Person {
    Person { id: "77".into(), username: Some("maria.rossi".into()) }
}

pub fn send_error(category: ErrorCategory) -> SendError {
    SendError {
        category,
        code: None,
        subcode: None,
        message: "no".into(),
        retry_after: None,
        app_wide: false,
        skip_reason: None,
        usage: tenants::ports::Usage::default(),
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(TenantSettings::default())
    }

    pub fn with(settings: TenantSettings) -> Self {
        let clock = ManualClock::at(noon().as_micros());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let ids = Ids::seeded(Arc::clone(&shared), 11);
        let store = Arc::new(MemoryStore::default());
        let script =
            ScriptedRouter::in_front_of(Arc::new(OfflineProvider::new(Arc::clone(&shared)).unwrap()));
        let instagram = Arc::new(Mentions::default());
        let tenant = Tenant {
            id: TenantId::new(&ids),
            agency: AgencyId::new(&ids),
            slug: "acme".into(),
            name: "Acme".into(),
            time_zone: "UTC".into(),
            status: TenantStatus::Active,
            version: 1,
            created_at: noon(),
        };
        let account = Account {
            id: AccountId::new(&ids),
            tenant: tenant.id,
            external_id: OWN_ID.into(),
            scoped_id: None,
            page_id: None,
            username: "acme".into(),
            flavour: LoginFlavour::Instagram,
            app: None,
            status: AccountStatus::Active,
            token_expires_at: None,
            created_at: noon(),
        };
        let context =
            Arc::new(TenantContext { accounts: vec![account], ..TenantContext::new(tenant, settings) });
        let rules = Arc::new(RuleSet::new(&context, noon()));
        let posts_clock: Arc<dyn tenants::clock::Clock> = shared.clone();
        let ports = Ports {
            clock: shared,
            ids,
            tasks: Tasks::default(),
            store: store.clone(),
            ledger: Arc::new(MemoryLedger::default()),
            memory: Arc::new(NoMemory("this test is about something else")),
            comms: Arc::new(NoComms),
            courier: Arc::new(NoComms),
            media: Arc::new(NoMedia),
            public_media: Arc::new(NoMedia),
            messenger: instagram.clone(),
            connector: Arc::new(ScriptedConnections::default()),
            connections: Arc::new(ScriptedConnections::default()),
            posts: Arc::new(crate::testing::MemoryStore::default()),
            platform: Arc::new(crate::testing::Bulletin::new(posts_clock, Arc::default())),
            intel: crate::testing::nothing_gathered(),
            activity: Arc::new(NoActivity("deciding reads no activity")),
            llm: script.clone(),
            wake: Arc::new(Deaf),
        };
        Self { ports, store, clock, script, instagram, context, rules, next: std::cell::Cell::new(1) }
    }

    /// Adds a rule that hits on a word (or always, for an empty one).
    pub fn rule(mut self, name: &str, on: TriggerKind, word: &str, actions: Vec<RuleAction>) -> Self {
        let mut context = TenantContext::clone(&self.context);
        let words = vec![word.to_owned()];
        let conditions = if word.is_empty() { Vec::new() } else { vec![Condition::KeywordsAny { words }] };
        context.rules.push(Rule {
            id: RuleId::new(&self.ports.ids),
            name: name.into(),
            trigger: Trigger { on, media: Vec::new() },
            conditions,
            actions,
            priority: 0,
            daily_cap: None,
            enabled: true,
            dry_run: false,
            created_at: noon(),
            updated_at: noon(),
        });
        self.rules = Arc::new(RuleSet::new(&context, noon()));
        self.context = Arc::new(context);
        self
    }

    pub fn change_context(&mut self, change: impl FnOnce(&mut TenantContext)) {
        let mut context = TenantContext::clone(&self.context);
        change(&mut context);
        self.rules = Arc::new(RuleSet::new(&context, self.clock.now()));
        self.context = Arc::new(context);
    }

    pub fn account(&self) -> &Account {
        &self.context.accounts[0]
    }

    pub fn number(&self) -> u32 {
        let number = self.next.get();
        self.next.set(number + 1);
        number
    }

    pub fn event(&self, kind: EventKind, external_id: &str, key: String, body: EventBody) -> InboxEvent {
        InboxEvent {
            id: EventId::new(&self.ports.ids),
            tenant: self.context.tenant.id,
            account: Some(self.account().id),
            source: EventSource::Webhook,
            kind,
            external_id: external_id.to_owned(),
            conversation_key: key,
            occurred_at: self.clock.now(),
            received_at: self.clock.now(),
            attempts: 0,
            body,
        }
    }

    pub fn comment(&self, text: &str) -> InboxEvent {
        self.comment_by(maria(), text, None)
    }

    pub fn comment_by(&self, from: Person, text: &str, parent: Option<&str>) -> InboxEvent {
        let comment_id = format!("c{}", self.number());
        let kind = if from.id == OWN_ID { EventKind::OwnComment } else { EventKind::Comment };
        let body = CommentBody {
            comment_id: comment_id.clone(),
            parent_id: parent.map(str::to_owned),
            media_id: Some("media1".into()),
            media_product_type: None,
            from,
            text: text.to_owned(),
        };
        let key = comment_key(body.thread_root());
        self.event(kind, &comment_id, key, EventBody::Comment(body))
    }

    pub fn own_comment(&self, text: &str, parent: Option<&str>) -> InboxEvent {
        self.comment_by(Person { id: OWN_ID.into(), username: Some("acme".into()) }, text, parent)
    }

    pub fn message(&self, text: &str) -> InboxEvent {
        self.message_of(EventKind::Message, text)
    }

    pub fn echo(&self, text: &str) -> InboxEvent {
        self.message_of(EventKind::Echo, text)
    }

    pub fn message_of(&self, kind: EventKind, text: &str) -> InboxEvent {
        let mid = format!("m{}", self.number());
        let body = MessageBody {
            mid: mid.clone(),
            person: Person { id: "77".into(), username: None },
            text: text.to_owned(),
            attachments: Vec::new(),
            reply_to: None,
            quick_reply: None,
            metadata: None,
            to_self: false,
            unsupported: false,
        };
        self.event(kind, &mid, direct_key("77"), EventBody::Message(body))
    }

    pub fn photo(&self) -> InboxEvent {
        let mut event = self.message("");
        if let EventBody::Message(message) = &mut event.body {
            message.attachments.push(Attachment { kind: "image".into(), url: None });
        }
        event
    }

    pub fn mention(&self, media_id: &str) -> InboxEvent {
        let body = MentionBody { media_id: media_id.to_owned(), comment_id: None };
        self.event(EventKind::Mention, media_id, mention_key(media_id, None), EventBody::Mention(body))
    }

    pub fn situation(&self, event: &InboxEvent) -> Situation {
        let rows = self.store.rows();
        let wanted = conversations_of(event);
        let load =
            |key: Option<(AccountId, String)>| key.and_then(|key| rows.conversations.get(&key).cloned());
        Situation {
            context: Arc::clone(&self.context),
            rules: Arc::clone(&self.rules),
            event: event.clone(),
            thread: load(wanted.thread),
            direct: load(wanted.direct),
            taken_up_at: self.clock.now(),
            moved_on: MovedOn::default(),
        }
    }

    /// Decides and commits, as a lane does.
    pub async fn happens(&self, event: &InboxEvent) -> Decided {
        let decided = self.decides(event).await.unwrap();
        self.store.commit(decided.changes.clone()).await.unwrap();
        decided
    }

    pub async fn decides(&self, event: &InboxEvent) -> Result<Decided, DecideError> {
        let situation = self.situation(event);
        decide(&self.ports, &situation).await
    }

    /// A person's verdict, as the HTTP API carries it out.
    pub async fn verdict(
        &self,
        approval: &Approval,
        event: &InboxEvent,
        verdict: Verdict,
    ) -> Result<(), String> {
        let (thread, direct) = {
            let rows = self.store.rows();
            let thread = rows.conversation_by_id(Some(approval.conversation)).cloned().unwrap();
            (thread, rows.conversations.get(&(approval.account, direct_key("77"))).cloned())
        };
        let asked = Asked {
            approval,
            event,
            thread: &thread,
            direct: direct.as_ref(),
            settings: &self.context.settings,
            status: self.context.tenant.status,
        };
        let changes = approve(&asked, &verdict, None, "key:1", self.clock.now(), &self.ports.ids);
        let changes = changes.map_err(|error| error.to_string())?;
        self.store.commit(changes).await.map_err(|error| error.to_string())
    }

    pub async fn hand_back(&self, mut thread: Conversation) {
        thread.owner = Owner::Bot;
        thread.owner_since = self.clock.now();
        let changes = tenants::changes::Changes::of_tenant(self.context.tenant.id)
            .with(Change::PutConversation(Box::new(thread)));
        self.store.commit(changes).await.unwrap();
    }

    pub fn direct(&self) -> Option<Conversation> {
        self.store.rows().conversations.get(&(self.account().id, direct_key("77"))).cloned()
    }

    pub fn effects(&self) -> Vec<Effect> {
        self.store.rows().effects.clone()
    }

    pub fn actions(&self) -> Vec<&'static str> {
        self.store.rows().effects.iter().map(|effect| effect.action.action_type().as_str()).collect()
    }

    pub fn pending(&self) -> Vec<Approval> {
        let is_pending = |approval: &&Approval| approval.status == ApprovalStatus::Pending;
        self.store.rows().approvals.iter().filter(is_pending).cloned().collect()
    }

    pub fn audit_types(&self) -> Vec<String> {
        self.store.rows().audit.iter().map(|entry| format!("{}:{}", entry.event_type, entry.action)).collect()
    }
}
