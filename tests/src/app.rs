//! A whole installation: sandbox, node, database, clock.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use llm::LlmRouter;
use runtime::administration::Act;
use runtime::boot::{BootOptions, Node};
use runtime::settings::{Secret, Settings};
use sandbox::{
    App, CommentId, InboundEffects, LimitOptions, MessageId, NewComment, NewMessage, PublishingOptions,
    Sandbox, SandboxClock, SandboxOptions, Subscription,
};
use storage::testing::TestDatabase;
use tempfile::TempDir;
use tenants::access::UserRole;
use tenants::account::{Agency, KeyScope};
use tenants::audit::{AuditEntry, Chain};
use tenants::clock::{Clock, ShiftedClock, SystemClock};
use tenants::effect::Effect;
use tenants::ports::{AuditLog, EffectFilter, Outbox, PageRequest, UnitOfWork};

use crate::api::Api;
use crate::tenant::{TenantBuilder, TestTenant};

/// Longest wait for anything in a test; reached only when something is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which database an installation stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// SQLite, in a folder of its own.
    Sqlite,
    /// PostgreSQL, a database of its own.
    Postgres,
}

/// A running installation. One clock drives both sides.
pub struct TestApp {
    /// Instagram.
    pub sandbox: Sandbox,
    /// The clock of both sides; `advance` lets time pass at once.
    pub clock: ShiftedClock,
    /// The agency every tenant belongs to unless said otherwise.
    pub agency: Agency,
    /// The API with a key of that agency.
    pub api: Api,
    settings: Settings,
    llm: Option<Arc<dyn LlmRouter>>,
    node: Option<Node>,
    _database: TestDatabase,
    _folder: TempDir,
}

struct SharedClock(ShiftedClock);

impl SandboxClock for SharedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now().to_utc()
    }
}

impl TestApp {
    /// Starts an installation; `None` when its database is not installed here.
    pub async fn start(backend: Backend) -> Option<Self> {
        Self::start_with(backend, None, "").await
    }

    /// The same with a language model of the test's own and settings in TOML.
    pub async fn start_with(backend: Backend, llm: Option<Arc<dyn LlmRouter>>, more: &str) -> Option<Self> {
        let database = match backend {
            Backend::Sqlite => TestDatabase::sqlite(),
            Backend::Postgres => TestDatabase::postgres().await?,
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = ShiftedClock::default();
        let sandbox = start_sandbox(&clock).await;
        let app = first_app(&sandbox);
        let settings = settings(&folder, &database, &sandbox, &app, more);
        let node = start_node(&settings, &clock, llm.clone()).await;
        let (agency, key) = make_agency(&node, "Test agency").await;
        let api = Api::new(&node.base_url(), &key);
        let started = Self {
            sandbox,
            clock,
            agency,
            api,
            settings,
            llm,
            node: Some(node),
            _database: database,
            _folder: folder,
        };
        started.subscribe(&app).await;
        Some(started)
    }

    async fn subscribe(&self, app: &App) {
        let callback_url = format!("{}/webhooks/instagram", self.node().base_url());
        let to = Subscription { callback_url, ..Subscription::default() };
        self.sandbox.subscribe(&app.id, to).await.expect("the handshake");
    }

    /// The running node.
    pub fn node(&self) -> &Node {
        self.node.as_ref().expect("the node runs")
    }

    /// Begins a tenant with this short name.
    pub fn tenant(&self, slug: &str) -> TenantBuilder<'_> {
        TenantBuilder::new(self, slug)
    }

    /// Another agency with a key of its own.
    pub async fn other_agency(&self) -> (Agency, Api) {
        let (agency, key) = make_agency(self.node(), "Other agency").await;
        (agency, Api::new(&self.node().base_url(), &key))
    }

    /// Somebody comments on the tenant's newest post.
    pub fn comment(&self, tenant: &TestTenant, from: &str, text: &str) -> CommentId {
        self.sandbox.comment(tenant, NewComment::new(from, text)).expect("a comment").id
    }

    /// Somebody writes a direct message.
    pub fn message(&self, tenant: &TestTenant, from: &str, text: &str) -> MessageId {
        self.sandbox.direct_message(tenant, NewMessage::new(from, text)).expect("a message").id
    }

    /// What became visible about a comment or message.
    pub fn visible(&self, inbound: impl AsRef<str>) -> InboundEffects {
        self.sandbox.effects_of(inbound).expect("the sandbox knows what came in")
    }

    /// Lets the time pass until the next noon (UTC), so that no story that needs hours is told over midnight, when things
    /// happen by the clock.
    pub fn go_on_to_noon(&self) {
        let day = Duration::from_secs(24 * 3_600).as_micros();
        let since_noon = (self.clock.now().as_micros().unsigned_abs() as u128 + day / 2) % day;
        self.clock.advance(Duration::from_micros((day - since_noon) as u64));
    }

    /// Waits until every webhook is delivered and nothing is in hand or due; says what is stuck otherwise.
    pub async fn settle(&self) {
        let deadline = SystemClock.now() + PATIENCE;
        loop {
            self.sandbox.wait_delivered(PATIENCE).await.expect("webhooks are delivered");
            let busy = self.node().busy().await;
            // An effect may have caused further webhooks (our own reply comes back as a comment).
            if busy.is_empty()
                && self.sandbox.pending_deliveries() == 0
                && self.node().busy().await.is_empty()
            {
                return;
            }
            assert!(SystemClock.now() < deadline, "not settled: {busy:?}");
            SystemClock.sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until `done` holds, looking again and again.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, mut done: impl FnMut() -> F) {
        let deadline = SystemClock.now() + PATIENCE;
        while !done().await {
            assert!(SystemClock.now() < deadline, "waited in vain until {what}");
            SystemClock.sleep(Duration::from_millis(10)).await;
        }
    }

    /// What a person does at a consent page (`sandbox_decision`, `sandbox_account`, `sandbox_scopes`); the page of ours
    /// that they see afterwards.
    pub async fn consent(&self, authorise_url: &str, answers: &[(&str, &str)]) -> String {
        let reply = self.api.browse(authorise_url, answers).await;
        reply.body.as_str().unwrap_or_default().to_owned()
    }

    /// The folder of the key file and the database.
    pub fn data_dir(&self) -> &std::path::Path {
        &self.settings.data.dir
    }

    /// Ends the node as `kill` would allow it to: softly. Then starts it again on the same data.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.node = Some(start_node(&self.settings, &self.clock, self.llm.clone()).await);
        self.api = self.api.at(&self.node().base_url());
        let app = first_app(&self.sandbox);
        self.subscribe(&app).await;
    }

    /// The same, under another address.
    pub async fn restart_elsewhere(&mut self) {
        self.settings.http.listen.set_port(free_port());
        self.settings.media.public_url = format!("http://{}", self.settings.http.listen);
        self.restart().await;
    }

    /// The same, without an address from which Instagram could fetch media.
    pub async fn restart_without_public_address(&mut self) {
        self.settings.media.public_url.clear();
        self.restart().await;
    }

    /// Ends the node and leaves the rest.
    pub async fn stop(&mut self) {
        if let Some(node) = self.node.take() {
            node.shut_down().await;
        }
    }

    /// The tenant's audit log, oldest first.
    pub async fn audit(&self, tenant: &TestTenant) -> Vec<AuditEntry> {
        let database = &self.node().foundations().database;
        database.audit_since(&Chain::Tenant(tenant.id), 0, 10_000).await.expect("the audit log")
    }

    /// The newest decision of the tenant, as recorded.
    pub async fn last_decision(&self, tenant: &TestTenant) -> serde_json::Value {
        let entries = self.audit(tenant).await;
        let decision = entries.into_iter().rev().find(|entry| entry.event_type == "decision.made");
        decision.expect("a decision").details.value()
    }

    /// The tenant's effects, oldest first.
    pub async fn effects(&self, tenant: &TestTenant) -> Vec<Effect> {
        let database = &self.node().foundations().database;
        let mut effects = database
            .list_effects(&tenant.id, &EffectFilter::default(), PageRequest::first(200))
            .await
            .expect("effects");
        effects.reverse();
        effects
    }

    /// Ends everything.
    pub async fn end(mut self) {
        self.stop().await;
        self.sandbox.stop().await;
    }
}

async fn start_sandbox(clock: &ShiftedClock) -> Sandbox {
    let mut options = SandboxOptions {
        clock: Arc::new(SharedClock(clock.clone())),
        limits: LimitOptions::unlimited(),
        publishing: PublishingOptions { image_ms: 20, video_ms: 60, ..PublishingOptions::default() },
        ..SandboxOptions::default()
    };
    // Quick at first, and patient enough for a node that is being restarted on a busy machine.
    let delays = [0, 50, 100, 200, 400, 800].into_iter().chain([1_000; 60]);
    options.deliver.retry_delays = delays.map(Duration::from_millis).collect();
    Sandbox::start(options).await.expect("a sandbox")
}

fn first_app(sandbox: &Sandbox) -> App {
    sandbox.apps().into_iter().next().expect("the sandbox's first app")
}

fn settings(folder: &TempDir, database: &TestDatabase, sandbox: &Sandbox, app: &App, more: &str) -> Settings {
    let defaults = "[dispatcher]\nread_back_delay_ms = 100\npoll_interval_ms = 200\n\
                    [actors]\npoll_every_ms = 200\nversion_poll_every_ms = 200\n\
                    [shutdown]\nsoft_ms = 2000\nhard_ms = 2000\n";
    let text = if more.is_empty() { defaults } else { more };
    let mut settings = Settings::with(text).expect("settings");
    settings.data.dir = folder.path().to_owned();
    settings.database.url = Secret::from(database.url().to_owned());
    // Chosen beforehand: Instagram fetches media from there, and a node that starts again is found there.
    settings.http.listen.set_port(free_port());
    settings.media.public_url = format!("http://{}", settings.http.listen);
    settings.instagram.instagram_base_url = sandbox.base_url();
    settings.instagram.facebook_base_url = sandbox.base_url();
    settings.instagram.request_timeout_ms = 2_000;
    settings.instagram.app.id = app.id.as_str().to_owned();
    settings.instagram.app.secrets = vec![Secret::from(app.secret.clone())];
    settings.instagram.app.verify_token = Secret::from(app.verify_token.clone());
    settings
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

async fn start_node(settings: &Settings, clock: &ShiftedClock, llm: Option<Arc<dyn LlmRouter>>) -> Node {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    Node::start(settings.clone(), BootOptions { llm, ..BootOptions::new(clock) })
        .await
        .expect("the node starts")
}

async fn make_agency(node: &Node, name: &str) -> (Agency, String) {
    let foundations = node.foundations();
    let act = Act { by: "test".to_owned(), at: foundations.clock.now(), ids: &foundations.ids };
    let (agency, changes) = act.create_agency(name).expect("a name");
    foundations.database.commit(changes).await.expect("an agency");
    let (_, key, changes) = act
        .create_key("test", KeyScope::Agency { agency: agency.id }, UserRole::Owner, None)
        .expect("a name");
    foundations.database.commit(changes).await.expect("a key");
    (agency, secrecy::ExposeSecret::expose_secret(&key).to_owned())
}
