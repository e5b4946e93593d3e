//! A small world for actors: a clock that moves on command, a store in memory, hints, and shops in it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use llm::testing::{MemoryLedger, ScriptedRouter};
use serde_json::Value;
use tenants::account::{Account, AccountStatus, LoginFlavour, SealedSecret, Tenant, TenantStatus};
use tenants::clock::{Clock, ManualClock, Timestamp};
use tenants::conversation::{comment_key, direct_key};
use tenants::effect::{Action, ErrorCategory};
use tenants::event::{
    CommentBody, EventBody, EventKind, EventSource, MessageBody, NewEvent, Person, Role, TickBody,
};
use tenants::ids::{AccountId, AgencyId, EventId, Ids, TenantId};
use tenants::ports::{
    Finding, Hint, MentionText, Messenger, NoActivity, NoMemory, Receipt, SendError, Signal, TenantContext,
    Usage, Wake,
};
use tenants::settings::TenantSettings;
use tenants::tasks::Tasks;
use tokio::sync::{broadcast, watch};

use super::intel::nothing_gathered;
use super::{Bulletin, MemoryStore, NoComms, Pictures, ScriptedConnections, Steps};
use crate::Ports;

/// 2025-11-21, a Friday.
const START: i64 = 1_763_690_000_000_000;

/// Hints within this world.
#[derive(Debug)]
pub(crate) struct Hints(broadcast::Sender<Hint>);

impl Hints {
    pub(crate) fn listeners(&self) -> usize {
        self.0.receiver_count()
    }
}

impl Wake for Hints {
    fn send(&self, hint: Hint) {
        let _ = self.0.send(hint);
    }

    fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.0.subscribe()
    }

    fn watch_log(&self, _: &TenantId) -> watch::Receiver<()> {
        watch::channel(()).1
    }
}

/// An Instagram that does not answer.
struct Offline;

fn offline<T>() -> Result<T, SendError> {
    Err(SendError {
        category: ErrorCategory::Transient,
        code: None,
        subcode: None,
        message: "there is no Instagram here".to_owned(),
        retry_after: None,
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    })
}

#[async_trait]
impl Messenger for Offline {
    async fn perform(&self, _: &Account, _: &Action) -> Result<Receipt, SendError> {
        offline()
    }
    async fn signal(&self, _: &Account, _: &str, _: Signal) -> Result<Usage, SendError> {
        offline()
    }
    async fn look_for(
        &self,
        _: &Account,
        _: &Action,
        _: Timestamp,
        _: &[String],
    ) -> Result<Finding, SendError> {
        offline()
    }
    async fn read_mention(
        &self,
        _: &Account,
        _: &str,
        _: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        offline()
    }
    async fn check_token(&self, _: &Account, _: &SealedSecret) -> Result<(), SendError> {
        offline()
    }

    async fn check_account(&self, _: &Account) -> Result<String, SendError> {
        offline()
    }
}

/// See the module.
pub(crate) struct World {
    pub clock: ManualClock,
    pub store: Arc<MemoryStore>,
    pub wake: Arc<Hints>,
    pub ports: Ports,
    pub agency: AgencyId,
}

/// A tenant with one account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shop {
    pub tenant: TenantId,
    pub account: AccountId,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::at(START);
        let shared: Arc<ManualClock> = Arc::new(clock.clone());
        let shared_clock: Arc<dyn Clock> = shared.clone();
        let ids = Ids::seeded(shared.clone(), 7);
        let store = Arc::new(MemoryStore::default());
        let wake = Arc::new(Hints(broadcast::Sender::new(1_024)));
        let ports = Ports {
            clock: shared,
            ids: ids.clone(),
            tasks: Tasks::default(),
            store: store.clone(),
            ledger: Arc::new(MemoryLedger::default()),
            memory: Arc::new(NoMemory("this test is about something else")),
            comms: Arc::new(NoComms),
            courier: Arc::new(NoComms),
            messenger: Arc::new(Offline),
            connector: Arc::new(ScriptedConnections::default()),
            connections: Arc::new(ScriptedConnections::default()),
            posts: store.clone(),
            platform: Arc::new(Bulletin::new(shared_clock.clone(), Arc::clone(&store.steps))),
            media: Arc::new(Pictures::new(Arc::clone(&store.steps))),
            public_media: Arc::new(Pictures::new(Arc::clone(&store.steps))),
            intel: nothing_gathered(),
            activity: Arc::new(NoActivity("there is no Instagram here")),
            llm: ScriptedRouter::new(),
            wake: wake.clone(),
        };
        Self { clock, store, wake, agency: AgencyId::new(&ids), ports }
    }

    /// Opens a shop with these settings.
    pub(crate) fn shop_with(&self, settings: TenantSettings) -> Shop {
        let ids = &self.ports.ids;
        let (tenant, account) = (TenantId::new(ids), AccountId::new(ids));
        let created_at = self.ports.clock.now();
        let row = Tenant {
            id: tenant,
            agency: self.agency,
            slug: "shop".to_owned(),
            name: "Shop".to_owned(),
            time_zone: "Europe/Lisbon".to_owned(),
            status: TenantStatus::Active,
            version: 1,
            created_at,
        };
        let account_row = Account {
            id: account,
            tenant,
            external_id: "178414".to_owned(),
            scoped_id: None,
            page_id: None,
            username: "shop".to_owned(),
            flavour: LoginFlavour::Instagram,
            app: None,
            status: AccountStatus::Active,
            token_expires_at: None,
            created_at,
        };
        let context = TenantContext { accounts: vec![account_row], ..TenantContext::new(row, settings) };
        self.store.data().contexts.insert(tenant, context);
        Shop { tenant, account }
    }

    pub(crate) fn shop(&self) -> Shop {
        self.shop_with(TenantSettings::default())
    }

    /// Changes a shop and tells nobody.
    pub(crate) fn change(&self, shop: Shop, change: impl FnOnce(&mut TenantContext)) {
        let mut data = self.store.data();
        let context = data.contexts.get_mut(&shop.tenant).unwrap();
        change(context);
        context.tenant.version += 1;
    }

    pub(crate) fn account_status(&self, shop: Shop) -> AccountStatus {
        self.store.data().contexts[&shop.tenant].accounts[0].status
    }

    /// The account works again, and everybody is told.
    pub(crate) fn reconnect(&self, shop: Shop) {
        self.change(shop, |context| context.accounts[0].status = AccountStatus::Active);
        self.wake.send(Hint::AccountRestored(shop.tenant, shop.account));
    }

    /// Ends the process between two steps; the next one sees the same rows, and its steps go as these say.
    pub(crate) fn reopen(&mut self, steps: Steps) -> Arc<Steps> {
        self.store.steps.stop();
        let steps = Arc::new(steps);
        let store = Arc::new(self.store.reopened(Arc::clone(&steps)));
        self.ports.store = store.clone();
        self.ports.tasks = Tasks::default();
        self.store = store;
        steps
    }

    /// Gives everybody turns until nothing happens any more.
    pub(crate) async fn rest(&self) {
        let mut quiet_rounds = 0;
        let mut before = usize::MAX;
        while quiet_rounds < 2 {
            for _ in 0..30 {
                tokio::task::yield_now().await;
            }
            let taken = self.store.steps.taken();
            quiet_rounds = if taken == before { quiet_rounds + 1 } else { 0 };
            before = taken;
        }
    }

    /// Lets time pass, then rests.
    pub(crate) async fn pass(&self, time: Duration) {
        self.rest().await;
        self.clock.advance(time);
        self.rest().await;
    }

    fn store(&self, shop: Shop, kind: EventKind, key: String, body: EventBody) -> EventId {
        let id = EventId::new(&self.ports.ids);
        let now = self.ports.clock.now();
        let is_tick = kind == EventKind::Tick;
        self.store.put(NewEvent {
            id,
            tenant: shop.tenant,
            account: (!is_tick).then_some(shop.account),
            source: if is_tick { EventSource::Cron } else { EventSource::Webhook },
            kind,
            external_id: id.to_string(),
            conversation_key: key,
            occurred_at: now,
            received_at: now,
            body,
            raw: Value::Null,
        });
        id
    }

    /// Stores a comment in a thread and tells nobody.
    pub(crate) fn comment_unheard(&self, shop: Shop, thread: &str, text: &str) -> EventId {
        let body = CommentBody {
            comment_id: EventId::new(&self.ports.ids).to_string(),
            parent_id: Some(thread.to_owned()),
            media_id: None,
            media_product_type: None,
            from: Person { id: format!("author-of-{thread}"), username: None },
            text: text.to_owned(),
        };
        self.store(shop, EventKind::Comment, comment_key(thread), EventBody::Comment(body))
    }

    /// A comment in a thread.
    pub(crate) fn comment(&self, shop: Shop, thread: &str, text: &str) -> EventId {
        let event = self.comment_unheard(shop, thread, text);
        self.wake.send(Hint::Events(shop.tenant));
        event
    }

    /// A direct message, or (as a story reply) one that is engagement's.
    pub(crate) fn message(&self, shop: Shop, person: &str, kind: EventKind, text: &str) -> EventId {
        let body = MessageBody {
            mid: EventId::new(&self.ports.ids).to_string(),
            person: Person { id: person.to_owned(), username: None },
            text: text.to_owned(),
            attachments: Vec::new(),
            reply_to: None,
            quick_reply: None,
            metadata: None,
            to_self: false,
            unsupported: false,
        };
        let event = self.store(shop, kind, direct_key(person), EventBody::Message(body));
        self.wake.send(Hint::Events(shop.tenant));
        event
    }

    /// A tick for a role.
    pub(crate) fn tick(&self, shop: Shop, role: Role, name: &str) -> EventId {
        let body = TickBody { role, name: name.to_owned(), due_at: self.ports.clock.now() };
        let event = self.store(shop, EventKind::Tick, format!("tick:{role}:{name}"), EventBody::Tick(body));
        self.wake.send(Hint::Events(shop.tenant));
        event
    }

    /// Lets time pass in steps until something is true.
    pub(crate) async fn pass_time_until(
        &self,
        step: Duration,
        what: &str,
        mut is_true: impl FnMut() -> bool,
    ) {
        for passed in 0..2_000 {
            if settled(&mut is_true).await {
                return;
            }
            if passed > 100 {
                // Others may be held up by the machine: give them real time as well.
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            self.clock.advance(step);
        }
        panic!("{what}: not even after {:?}", step * 2_000);
    }
}

/// Gives the others some turns; true as soon as it is true.
async fn settled(is_true: &mut impl FnMut() -> bool) -> bool {
    for _ in 0..100 {
        if is_true() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    is_true()
}

/// Waits until something is true, without letting time pass for the actors.
pub(crate) async fn until(what: &str, mut is_true: impl FnMut() -> bool) {
    let wait = async {
        while !settled(&mut is_true).await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(20), wait).await.is_err() {
        panic!("{what}: not within 20 s");
    }
}
