//! A node's HTTP side without actors and without a socket.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::logins::FakeLogins;
use crate::shown::{Insights, Mortal, Shown};
use actors::Ports;
use actors::intel::{Intel, IntelSettings};
use actors::webhooks::{WebhookDesk, WebhookSettings};
use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use instagram::{Gateway, GatewayOptions, KeyRing, OwnApp, Vault, WebhookApps};
use llm::OfflineProvider;
use secrecy::SecretString;
use serde_json::Value;
use storage::testing::TestDatabase;
use storage::{Database, LocalWake, MediaFiles, MemoryOptions, TenantMemory};
use tenants::account::{Account, SealedSecret};
use tenants::breaker::{BreakerConfig, CircuitBreaker};
use tenants::clock::{Clock, ShiftedClock, Timestamp};
use tenants::effect::{Action, ErrorCategory};
use tenants::ids::{Ids, TenantId};
use tenants::notice::Channel;
use tenants::ports::{Courier, CourierError, EventCourier, Letter};
use tenants::ports::{Finding, MentionText, Messenger, NoActivity, Receipt, SendError, Signal, Store, Usage};
use tenants::tasks::Tasks;
use tenants::webhook::{Answer, EventMessage, Webhook};
use tower::ServiceExt;
use troupe::administration::Act;
use troupe::couriers::Addresses;
use troupe::http::{
    AppParts, AppState, BreakerStatus, BucketStatus, HttpSettings, NodeView, QueueEstimate, router,
};
use troupe::media::{LinkKeys, MediaDesk, MediaLimits, MediaLinks, MediaParts, SentVideos};
use troupe::oversight::{NamesOf, OversightDesk};
use troupe::people::sso::{SingleSignOn, SsoSettings, Tickets};
use troupe::people::{Mailer, PeopleDesk, PeopleParts, PeopleSettings};
use troupe::posts::PostLinks;
use troupe::prompts::install_built_in;
use troupe::rehearsals::{OtherModels, RehearsalDesk};

/// The secret of the installation's own app.
pub const OWN_SECRET: &str = "own-app-secret";
/// Its verify token.
pub const OWN_VERIFY_TOKEN: &str = "own-verify-token";

/// The HTTP side and what it stands on.
pub struct Rig {
    pub database: Database,
    pub ports: Ports,
    pub clock: ShiftedClock,
    pub vault: Arc<Vault>,
    pub node: Arc<FakeNode>,
    /// What Instagram shows to programs outside.
    pub shown: Arc<Shown>,
    /// What it keeps of requests with keys.
    pub mortal: Arc<Mortal>,
    /// Mail that was sent to people who sign in.
    pub letters: Arc<Letters>,
    pub media: Arc<MediaDesk>,
    /// Where the files of the media library are.
    pub media_folder: std::path::PathBuf,
    router: Router,
    _file: TestDatabase,
    _indexes: tempfile::TempDir,
    _media_folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self.json()
    }

    /// The body of a problem with this status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        problem
    }
}

/// No models but those in use.
struct NoOthers;

impl OtherModels for NoOthers {
    fn with(
        &self,
        _tasks: &std::collections::BTreeMap<tenants::models::Task, Vec<String>>,
    ) -> Result<Arc<dyn llm::LlmRouter>, String> {
        Err("there are no others here".to_owned())
    }
}

impl Rig {
    pub async fn start() -> Self {
        Self::start_with(HttpSettings::default()).await
    }

    pub async fn start_with(settings: HttpSettings) -> Self {
        Self::start_with_media(settings, |_| {}).await
    }

    /// The same with single sign-on.
    pub async fn start_with_sso(settings: SsoSettings) -> Self {
        Self::start_with_all(HttpSettings::default(), |_| {}, Some(settings)).await
    }

    /// The same with a media library of the test's own making.
    pub async fn start_with_media(settings: HttpSettings, media: impl FnOnce(&mut MediaParts)) -> Self {
        Self::start_with_all(settings, media, None).await
    }

    async fn start_with_all(
        settings: HttpSettings,
        media: impl FnOnce(&mut MediaParts),
        sso: Option<SsoSettings>,
    ) -> Self {
        let file = TestDatabase::sqlite();
        let clock = ShiftedClock::default();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let database = file.open_with(shared.clone()).await;
        let store: Arc<dyn Store> = Arc::new(database.clone());
        let ids = Ids::system(shared.clone());
        let indexes = tempfile::tempdir().unwrap();
        let tasks = Tasks::default();
        let options = MemoryOptions {
            folder: indexes.path().to_owned(),
            max_open: 8,
            max_items: 1_000,
            embedder: None,
            clock: shared.clone(),
            ids: ids.clone(),
            tasks: tasks.clone(),
        };
        let memory = TenantMemory::new(database.clone(), options).unwrap();
        let wake = Arc::new(LocalWake::default());
        let media_folder = tempfile::tempdir().unwrap();
        let mut parts = media_parts(media_folder.path(), &shared, &ids, &tasks, &database, &wake);
        media(&mut parts);
        let media = Arc::new(MediaDesk::new(parts).unwrap());
        let ring = KeyRing::from_base64(&[KeyRing::generate(&ids)]).unwrap();
        let vault = Arc::new(Vault::new(ring, ids.clone()));
        let gateway =
            Gateway::new(&GatewayOptions::default(), vault.clone(), Arc::new(database.clone())).unwrap();
        let shown = Arc::new(Shown::default());
        let mortal = Arc::new(Mortal {
            database: database.clone(),
            dies: AtomicBool::new(false),
            away: AtomicBool::new(false),
        });
        let ports = Ports {
            clock: shared.clone(),
            ids: ids.clone(),
            tasks,
            store: store.clone(),
            ledger: Arc::new(database.clone()),
            memory: Arc::new(memory),
            comms: Arc::new(database.clone()),
            courier: Arc::new(NoCourier),
            media: Arc::new(database.clone()),
            public_media: media.links().clone(),
            messenger: Arc::new(NoMessenger),
            connector: Arc::new(FakeLogins),
            connections: Arc::new(database.clone()),
            posts: Arc::new(database.clone()),
            platform: Arc::new(gateway),
            intel: Intel::showing(
                Arc::new(Insights),
                shown.clone(),
                Arc::new(database.clone()),
                IntelSettings::default(),
            ),
            activity: Arc::new(NoActivity("not there")),
            llm: Arc::new(OfflineProvider::new(shared).unwrap()),
            wake,
        };
        let own = OwnApp {
            id: "1001".to_owned(),
            secrets: vec![SecretString::from(OWN_SECRET)],
            verify_token: SecretString::from(OWN_VERIFY_TOKEN),
        };
        let registry = prometheus::Registry::new();
        let webhooks = WebhookDesk::new(
            ports.clone(),
            Arc::new(database.clone()),
            Arc::new(NoCourier),
            WebhookSettings::new(Duration::from_secs(15)),
            &registry,
        )
        .unwrap();
        let apps = WebhookApps::load(Some(own), store.as_ref(), &vault).await.unwrap();
        let node = Arc::new(FakeNode::default());
        let letters = Arc::new(Letters::default());
        let tickets = Arc::new(Tickets::derived_from([b"rig".as_slice()]));
        let around = (ports.clock.clone(), ports.ids.clone());
        let sso =
            sso.map(|sso| Arc::new(SingleSignOn::new(sso, tickets, around, &settings.public_url).unwrap()));
        let state = AppState::new(AppParts {
            ports: ports.clone(),
            prompts: Arc::new(database.clone()),
            outside: mortal.clone(),
            overview: Arc::new(database.clone()),
            apps: Arc::new(apps),
            vault: vault.clone(),
            addresses: Addresses { allow_private: false },
            media: media.clone(),
            post_links: Arc::new(PostLinks::derived_from([b"rig".as_slice()], None)),
            rehearsals: Arc::new(
                RehearsalDesk::new(ports.clone(), Arc::new(database.clone()), Arc::new(NoOthers)).unwrap(),
            ),
            people: Arc::new(people(&ports, &database, &letters, &settings)),
            webhooks,
            oversight: OversightDesk::new(
                ports.clone(),
                Arc::new(database.clone()),
                Arc::new(NamesOf(database.clone())),
            ),
            single_sign_on: sso,
            node: node.clone(),
            registry,
            settings,
        })
        .unwrap();
        state.refresh_directory().await.unwrap();
        let act = Act { by: "troupe".to_owned(), at: ports.clock.now(), ids: &ports.ids };
        install_built_in(&database, &act).await.unwrap();
        Self {
            database,
            ports,
            clock,
            vault,
            node,
            shown,
            mortal,
            letters,
            media,
            media_folder: media_folder.path().to_owned(),
            router: router(state),
            _file: file,
            _indexes: indexes,
            _media_folder: media_folder,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Sends a request; the answer's body is not read.
    pub async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let (parts, body) = self.open(request).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// A call of the API: `path` begins after `/api/v1`.
    pub async fn call(&self, key: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
        self.send(api_request(Some(key), method, path, body)).await
    }

    pub async fn get(&self, key: &str, path: &str) -> Reply {
        self.call(key, "GET", path, None).await
    }

    pub async fn post(&self, key: &str, path: &str, body: Value) -> Reply {
        self.call(key, "POST", path, Some(body)).await
    }
}

/// Keeps what it is given to send: receiver and text.
#[derive(Default)]
pub struct Letters(pub Mutex<Vec<(String, String)>>);

#[async_trait]
impl Mailer for Letters {
    async fn mail(&self, to: &str, _subject: &str, text: &str) -> Result<(), CourierError> {
        self.0.lock().unwrap().push((to.to_owned(), text.to_owned()));
        Ok(())
    }
}

fn people(ports: &Ports, database: &Database, letters: &Arc<Letters>, settings: &HttpSettings) -> PeopleDesk {
    let parts = PeopleParts {
        users: Arc::new(database.clone()),
        store: Arc::new(database.clone()),
        mailer: letters.clone(),
        clock: ports.clock.clone(),
        ids: ports.ids.clone(),
        tasks: ports.tasks.clone(),
    };
    PeopleDesk::new(parts, settings.public_url.clone(), PeopleSettings::default())
}

/// A media library in a folder, small and strict.
fn media_parts(
    folder: &std::path::Path,
    clock: &Arc<dyn Clock>,
    ids: &Ids,
    tasks: &Tasks,
    database: &Database,
    wake: &Arc<LocalWake>,
) -> MediaParts {
    MediaParts {
        clock: clock.clone(),
        ids: ids.clone(),
        tasks: tasks.clone(),
        database: database.clone(),
        wake: wake.clone(),
        files: MediaFiles::in_folder(folder, tasks.clone()).unwrap(),
        staging: folder.join(".uploads"),
        scanner: None,
        links: Arc::new(MediaLinks {
            keys: LinkKeys::derived_from([&b"the secret of this test"[..]]),
            clock: clock.clone(),
            public_url: Some("https://troupe.example.com/".to_owned()),
            bucket: None,
            sent_videos: SentVideos::None,
        }),
        limits: MediaLimits {
            max_bytes: 2_000_000,
            max_pixels: 4_000_000,
            max_open_uploads: 3,
            idle_timeout: Duration::from_secs(30),
            abandoned_after: Duration::from_secs(24 * 3_600),
        },
    }
}

/// A call of the API: `path` begins after `/api/v1`.
pub fn api_request(key: Option<&str>, method: &str, path: &str, body: Option<Value>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    match body {
        // Files are not JSON.
        Some(Value::String(_)) if path.contains("/media") => {
            let file = if method == "POST" { crate::objects::another_picture() } else { Vec::new() };
            request.header("content-type", "application/octet-stream").body(Body::from(file)).unwrap()
        }
        Some(Value::String(file)) if path.contains("/memory/import") => {
            request.header("content-type", "text/markdown").body(Body::from(file)).unwrap()
        }
        Some(body) => {
            let request = request.header("content-type", "application/json");
            request.body(Body::from(body.to_string())).unwrap()
        }
        None => request.body(Body::empty()).unwrap(),
    }
}

/// A node whose answers the test sets.
#[derive(Default)]
pub struct FakeNode {
    pub obstacles: Mutex<Vec<String>>,
    pub estimates: Mutex<Vec<QueueEstimate>>,
}

#[async_trait]
impl NodeView for FakeNode {
    async fn breakers(&self, tenant: Option<&TenantId>) -> Vec<BreakerStatus> {
        let mut breaker =
            CircuitBreaker::new(BreakerConfig { failures_to_open: 1, ..BreakerConfig::default() });
        breaker.failure(0);
        vec![BreakerStatus {
            dependency: "graph".to_owned(),
            name: "bakery".to_owned(),
            tenant: tenant.copied(),
            account: None,
            view: breaker.view(),
            rests_until: None,
        }]
    }

    async fn buckets(&self, tenant: Option<&TenantId>) -> Vec<BucketStatus> {
        vec![BucketStatus {
            name: "moderation".to_owned(),
            tenant: tenant.copied(),
            account: None,
            app: None,
            capacity: Some(10),
            available: Some(9),
            factor: 1.0,
            blocked_until: None,
        }]
    }

    async fn queue_estimates(&self, _tenant: &TenantId) -> Vec<QueueEstimate> {
        self.estimates.lock().unwrap().clone()
    }

    async fn obstacles(&self) -> Vec<String> {
        self.obstacles.lock().unwrap().clone()
    }

    async fn refresh_metrics(&self) {}
}

/// A post office that is closed.
struct NoCourier;

#[async_trait]
impl Courier for NoCourier {
    async fn deliver(
        &self,
        _channel: &Channel,
        _secret: Option<&SealedSecret>,
        _letter: &Letter,
    ) -> Result<(), CourierError> {
        Err(CourierError::Later("closed".to_owned()))
    }
}

#[async_trait]
impl EventCourier for NoCourier {
    async fn send(&self, _webhook: &Webhook, _secrets: &[SealedSecret], _message: &EventMessage) -> Answer {
        Answer::unsent("closed")
    }
}

/// An Instagram that is not there.
struct NoMessenger;

fn not_there() -> SendError {
    SendError {
        category: ErrorCategory::Transient,
        code: None,
        subcode: None,
        message: "not there".to_owned(),
        retry_after: Some(Duration::from_secs(1)),
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    }
}

#[async_trait]
impl Messenger for NoMessenger {
    async fn perform(&self, _account: &Account, _action: &Action) -> Result<Receipt, SendError> {
        Err(not_there())
    }

    async fn signal(&self, _account: &Account, _to: &str, _signal: Signal) -> Result<Usage, SendError> {
        Err(not_there())
    }

    async fn look_for(
        &self,
        _account: &Account,
        _action: &Action,
        _since: Timestamp,
        _already_ours: &[String],
    ) -> Result<Finding, SendError> {
        Err(not_there())
    }

    async fn read_mention(
        &self,
        _account: &Account,
        _media_id: &str,
        _comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        Err(not_there())
    }

    async fn check_token(&self, account: &Account, _token: &SealedSecret) -> Result<(), SendError> {
        if account.username == "not_theirs" { Err(not_there()) } else { Ok(()) }
    }

    async fn check_account(&self, _account: &Account) -> Result<String, SendError> {
        Err(not_there())
    }
}
