//! The one function that builds a node, used by `serve`, the demo and the tests alike.

mod embedder;
mod foundations;
mod media;
mod mistakes;
pub(crate) mod models;
mod view;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use actors::Ports;
use actors::budgets::BudgetWarnings;
use actors::dispatcher::Dispatcher;
use actors::intel::Intel;
use actors::publishing::Publishing;
use actors::supervision::Troupe;
use actors::watch::Watcher;
use actors::webhooks::{WebhookDesk, WebhookSettings};
use anyhow::Context;
use instagram::{Gateway, OwnApp, WebhookApps};
use llm::LlmRouter;
use storage::NodeClaim;
use tenants::clock::Clock;
use tenants::ports::{Hint, Messenger, Outbox, Outside, PlatformAdapter, Rehearsals, StoreError, Wake};
use tokio::net::TcpListener;
use tokio::sync::broadcast::error::RecvError;
use tracing::{info, warn};

pub use foundations::Foundations;

use crate::administration::Act;
use crate::couriers::{Addresses, Couriers};
use crate::data_dir::{self, DataDirLock};
use crate::http::{self, AppParts, AppState};
use crate::oversight::{NamesOf, OversightDesk};
use crate::people::sso::SingleSignOn;
use crate::people::{PeopleDesk, PeopleParts, PeopleSettings};
use crate::prompts::install_built_in;
use crate::rehearsals::{CatalogueModels, RehearsalDesk};
use crate::scheduler;
use crate::settings::Settings;
use view::View;

/// What may be put in place of the real thing.
pub struct BootOptions {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Language models; those of the catalogue behind the built-in ones when left out.
    pub llm: Option<Arc<dyn LlmRouter>>,
    /// Instagram; the gateway when left out.
    pub messenger: Option<Arc<dyn Messenger>>,
    /// Where posts are published; the gateway when left out.
    pub platform: Option<Arc<dyn PlatformAdapter>>,
}

impl BootOptions {
    /// A node on this clock, everything else real.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, llm: None, messenger: None, platform: None }
    }
}

impl fmt::Debug for BootOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BootOptions")
    }
}

/// A running node.
pub struct Node {
    foundations: Foundations,
    settings: Settings,
    troupe: Troupe,
    dispatcher: Dispatcher,
    publishing: Publishing,
    watcher: Watcher,
    ports: Ports,
    address: SocketAddr,
    // Released last, when everything else has ended.
    _claim: NodeClaim,
    _lock: DataDirLock,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.address)
    }
}

impl Node {
    /// Builds and starts a node: database, vault, actors, dispatcher, scheduler, HTTP.
    ///
    /// # Errors
    /// When a part cannot start; the text says what to do.
    pub async fn start(settings: Settings, options: BootOptions) -> anyhow::Result<Self> {
        data_dir::create(&settings.data.dir)?;
        let lock = data_dir::lock(&settings.data.dir)?;
        let listener = listen(settings.http.listen).await?;
        let address = listener.local_addr()?;

        let foundations = Foundations::open_with_models(&settings, options.clock).await?;
        let claim = foundations.database.claim_node().await?;
        foundations.database.migrate().await?;
        install_prompts(&foundations).await?;
        let interrupted = foundations.database.interrupted_to_unknown(foundations.clock.now()).await?;
        if interrupted > 0 {
            info!(interrupted, "calls were under way when the last run ended; Instagram is read back");
        }

        foundations.database.interrupt_rehearsals(foundations.clock.now()).await?;
        let registry = prometheus::Registry::new();
        let warnings = BudgetWarnings::register(&registry)?;
        let llm = match options.llm {
            Some(llm) => llm,
            None => models::start(&foundations, &settings.models, Arc::new(warnings.clone()), &registry)?,
        };
        let places = Places { messenger: options.messenger, platform: options.platform };
        let ports = ports(&foundations, &settings, llm, places)?;
        let dispatcher = Dispatcher::start(ports.clone(), settings.dispatcher.clone(), &registry)?;
        let troupe = Troupe::start(ports.clone(), settings.actors.clone(), &registry).await?;
        let publishing = Publishing::start(ports.clone(), settings.publishing.clone(), &registry)?;
        let watcher = Watcher::new(ports.clone(), dispatcher.clone(), settings.watch.clone());
        supervise(&troupe, &dispatcher, &publishing, &warnings, &ports);
        tell_people(&troupe, &ports, &settings);
        supervise_clocks(&troupe, &watcher, &ports, &foundations, &settings);
        media::supervise(&troupe, &foundations);

        let webhooks = webhooks(&foundations, &settings, &ports, &registry)?;
        tell_programs(&troupe, &webhooks);
        let around = (registry, address, webhooks);
        let state = http_state(&foundations, &settings, &ports, &troupe, &dispatcher, around).await?;
        state.refresh_directory().await?;
        state.keep_directory_fresh();
        let learner = state.learner.clone();
        troupe.supervise("learner", move |part| {
            let learner = learner.clone();
            async move {
                actors::learning::run(learner, part).await;
                Ok(())
            }
        });
        serve(&foundations, listener, http::router(state));
        info!(%address, "ready");
        Ok(Self {
            foundations,
            settings,
            troupe,
            dispatcher,
            publishing,
            watcher,
            ports,
            address,
            _lock: lock,
            _claim: claim,
        })
    }

    /// Where it listens, as `http://host:port`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Clock, ids, tasks, database, vault, hints.
    pub fn foundations(&self) -> &Foundations {
        &self.foundations
    }

    /// The outside world, as the actors see it.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The actors.
    pub fn troupe(&self) -> &Troupe {
        &self.troupe
    }

    /// The queue of effects.
    pub fn dispatcher(&self) -> &Dispatcher {
        &self.dispatcher
    }

    /// What still works: parts with events or effects in hand or due. Empty when all is quiet.
    pub async fn busy(&self) -> Vec<String> {
        let mut busy = self.clocks_busy().await.unwrap_or_else(|error| vec![error.to_string()]);
        busy.extend(self.troupe.busy().await);
        busy.extend(self.dispatcher.busy().await);
        busy.extend(self.publishing.busy().await);
        busy
    }

    /// Ticks and looks at accounts that are due now.
    async fn clocks_busy(&self) -> Result<Vec<String>, StoreError> {
        let mut busy = scheduler::busy(&self.ports).await?;
        busy.extend(self.watcher.busy().await?);
        Ok(busy)
    }

    /// Two-step shutdown: lets work in hand end, then leaves anyway. False when something was cut off; what was cut
    /// off goes on at the next start.
    pub async fn shut_down(self) -> bool {
        let (soft, hard) = (self.settings.shutdown.soft(), self.settings.shutdown.hard());
        self.foundations.tasks.stop();
        let actors_ended = self.troupe.shutdown(soft, hard).await;
        let calls_ended = tokio::time::timeout(soft, self.dispatcher.shutdown()).await.is_ok();
        let tasks_ended = self.foundations.close(hard).await;
        actors_ended && calls_ended && tasks_ended
    }
}

/// Prompts that came with this program are those of the installation from now on.
async fn install_prompts(foundations: &Foundations) -> anyhow::Result<()> {
    let act = Act { by: "troupe".to_owned(), at: foundations.clock.now(), ids: &foundations.ids };
    let installed = install_built_in(&foundations.database, &act).await?;
    if !installed.is_empty() {
        info!(prompts = installed.join(" "), "prompts that come with this program are installed");
    }
    Ok(())
}

/// What stands in the place of the real outside world, if anything.
#[derive(Default)]
pub(crate) struct Places {
    messenger: Option<Arc<dyn Messenger>>,
    platform: Option<Arc<dyn PlatformAdapter>>,
}

/// The outside world of actors.
///
/// # Errors
/// When no HTTP client can be made.
pub(crate) fn ports(
    foundations: &Foundations,
    settings: &Settings,
    llm: Arc<dyn LlmRouter>,
    places: Places,
) -> anyhow::Result<Ports> {
    let gateway = Arc::new(foundations.gateway(settings)?);
    forget_old_tokens(foundations, gateway.clone());
    let database = Arc::new(foundations.database.clone());
    let wake: Arc<dyn Wake> = foundations.wake.clone();
    Ok(Ports {
        clock: foundations.clock.clone(),
        ids: foundations.ids.clone(),
        tasks: foundations.tasks.clone(),
        store: database.clone(),
        ledger: database.clone(),
        memory: Arc::new(foundations.memory.clone()),
        comms: database.clone(),
        courier: Arc::new(couriers(foundations, settings)?),
        media: database.clone(),
        public_media: foundations.media.links().clone(),
        messenger: places.messenger.unwrap_or_else(|| gateway.clone()),
        posts: database.clone(),
        platform: places.platform.unwrap_or_else(|| gateway.clone()),
        activity: gateway.clone(),
        connector: gateway.clone(),
        connections: database.clone(),
        intel: Intel::showing(gateway.clone(), gateway, database, settings.intel.clone()),
        llm,
        wake,
    })
}

/// The same outside world for people who look and ask: the database is read through connections of their own.
fn ports_of_people(foundations: &Foundations, ports: &Ports) -> Ports {
    let database = Arc::new(foundations.database.for_people());
    Ports {
        store: database.clone(),
        ledger: database.clone(),
        comms: database.clone(),
        media: database.clone(),
        posts: database.clone(),
        connections: database.clone(),
        intel: ports.intel.reading_from(database),
        ..ports.clone()
    }
}

/// What carries messages to people.
pub(crate) fn couriers(foundations: &Foundations, settings: &Settings) -> anyhow::Result<Couriers> {
    Couriers::new(
        foundations.vault.clone(),
        foundations.clock.clone(),
        &settings.mail,
        addresses(settings),
        settings.notices.timeout(),
    )
}

/// Which addresses users may name.
pub(crate) fn addresses(settings: &Settings) -> Addresses {
    Addresses { allow_private: settings.notices.allow_private_addresses }
}

/// The gateway keeps opened tokens in memory: a reconnected account has a new one.
fn forget_old_tokens(foundations: &Foundations, gateway: Arc<Gateway>) {
    let mut hints = foundations.wake.subscribe();
    let tasks = foundations.tasks.clone();
    foundations.tasks.spawn("old_tokens", async move {
        loop {
            tokio::select! {
                () = tasks.stopping() => return,
                hint = hints.recv() => match hint {
                    Ok(Hint::AccountRestored(_, account)) => gateway.forget(&account),
                    Err(RecvError::Closed) => return,
                    // A token that was missed here is refused by Instagram, and forgotten then.
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                },
            }
        }
    });
}

/// Puts what tells people under the root supervisor.
fn tell_people(troupe: &Troupe, ports: &Ports, settings: &Settings) {
    let (ports, notices) = (ports.clone(), settings.notices.clone());
    troupe.supervise("notices", move |part| actors::notices::run(ports.clone(), notices.clone(), part));
}

/// What tells agencies' own programs.
fn webhooks(
    foundations: &Foundations,
    settings: &Settings,
    ports: &Ports,
    registry: &prometheus::Registry,
) -> anyhow::Result<WebhookDesk> {
    let rows = Arc::new(foundations.database.clone());
    let courier = Arc::new(couriers(foundations, settings)?);
    let settings = WebhookSettings::new(settings.notices.timeout());
    Ok(WebhookDesk::new(ports.clone(), rows, courier, settings, registry)?)
}

/// Puts it under the root supervisor.
fn tell_programs(troupe: &Troupe, webhooks: &WebhookDesk) {
    let desk = webhooks.clone();
    troupe.supervise("webhook_notes", move |part| desk.clone().note(part));
    let desk = webhooks.clone();
    troupe.supervise("webhooks", move |part| desk.clone().deliver(part));
}

/// Puts the parts that are not actors under the root supervisor.
fn supervise(
    troupe: &Troupe,
    dispatcher: &Dispatcher,
    publishing: &Publishing,
    warnings: &BudgetWarnings,
    ports: &Ports,
) {
    let publishing = publishing.clone();
    troupe.supervise("publishing", move |part| {
        let publishing = publishing.clone();
        async move {
            publishing.run(part).await;
            Ok(())
        }
    });
    let (warnings, of_warnings) = (warnings.clone(), ports.clone());
    troupe.supervise("budgets", move |part| warnings.clone().run(of_warnings.clone(), part));
    let of_connections = ports.clone();
    troupe.supervise("connections", move |part| {
        let ports = of_connections.clone();
        async move {
            actors::connect::keep(ports, part).await;
            Ok(())
        }
    });
    let dispatcher = dispatcher.clone();
    troupe.supervise("dispatcher", move |_part| {
        let dispatcher = dispatcher.clone();
        async move {
            dispatcher.run().await;
            Ok(())
        }
    });
}

/// The parts that look for what is due.
fn supervise_clocks(
    troupe: &Troupe,
    watcher: &Watcher,
    ports: &Ports,
    foundations: &Foundations,
    settings: &Settings,
) {
    let (of_ticks, scheduler) = (ports.clone(), settings.scheduler.clone());
    troupe.supervise("scheduler", move |part| {
        let (ports, settings) = (of_ticks.clone(), scheduler.clone());
        async move {
            scheduler::run(ports, settings, part).await;
            Ok(())
        }
    });
    let watcher = watcher.clone();
    troupe.supervise("watch", move |part| watcher.clone().run(part));
    let (of_upkeep, retention) = (ports.clone(), settings.retention.clone());
    let outside: Arc<dyn Outside> = Arc::new(foundations.database.clone());
    troupe.supervise("upkeep", move |part| {
        actors::upkeep::run(of_upkeep.clone(), outside.clone(), retention.clone(), part)
    });
}

async fn http_state(
    foundations: &Foundations,
    settings: &Settings,
    ports: &Ports,
    troupe: &Troupe,
    dispatcher: &Dispatcher,
    (registry, address, webhooks): (prometheus::Registry, SocketAddr, WebhookDesk),
) -> anyhow::Result<AppState> {
    let app = &settings.instagram.app;
    let own = (!app.secrets.is_empty()).then(|| OwnApp {
        id: app.id.clone(),
        secrets: app.secrets.iter().chain([&app.instagram_secret]).map(|it| it.inner().clone()).collect(),
        verify_token: app.verify_token.inner().clone(),
    });
    let apps = WebhookApps::load(own, &foundations.database, &foundations.vault).await?;
    let (database, of_people) = (foundations.database.for_people(), ports_of_people(foundations, ports));
    Ok(AppState::new(AppParts {
        ports: of_people.clone(),
        prompts: Arc::new(database.clone()),
        outside: Arc::new(database.clone()),
        overview: Arc::new(database.clone()),
        apps: Arc::new(apps),
        vault: foundations.vault.clone(),
        addresses: addresses(settings),
        media: foundations.media.clone(),
        post_links: foundations.post_links.clone(),
        rehearsals: Arc::new(RehearsalDesk::new(
            ports.clone(),
            Arc::new(foundations.database.clone()),
            Arc::new(CatalogueModels { foundations: foundations.clone(), settings: settings.models.clone() }),
        )?),
        people: Arc::new(people(foundations, settings, ports, address)?),
        webhooks,
        oversight: OversightDesk::new(
            of_people.clone(),
            Arc::new(database.clone()),
            Arc::new(NamesOf(database.clone())),
        ),
        single_sign_on: single_sign_on(foundations, settings, address)?,
        node: Arc::new(View::new(ports.clone(), troupe.clone(), dispatcher.clone())),
        registry,
        settings: settings.http.to_http_settings(address),
    })?)
}

/// What signs people in through their provider of identities, where one is set. It is not asked yet.
fn single_sign_on(
    foundations: &Foundations,
    settings: &Settings,
    address: SocketAddr,
) -> anyhow::Result<Option<Arc<SingleSignOn>>> {
    let Some(sso) = settings.sso.read().map_err(|(key, problem)| anyhow::anyhow!("{key}: {problem}"))? else {
        return Ok(None);
    };
    let around = (foundations.clock.clone(), foundations.ids.clone());
    let public_url = settings.http.public_url(address);
    Ok(Some(Arc::new(SingleSignOn::new(sso, foundations.tickets.clone(), around, &public_url)?)))
}

/// What signs people in.
fn people(
    foundations: &Foundations,
    settings: &Settings,
    ports: &Ports,
    address: SocketAddr,
) -> anyhow::Result<PeopleDesk> {
    let database = Arc::new(foundations.database.for_people());
    Ok(PeopleDesk::new(
        PeopleParts {
            users: database.clone(),
            store: database,
            mailer: Arc::new(couriers(foundations, settings)?),
            clock: ports.clock.clone(),
            ids: ports.ids.clone(),
            tasks: ports.tasks.clone(),
        },
        settings.http.public_url(address),
        PeopleSettings::default(),
    ))
}

/// Binds the port.
async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: stop what uses that port, or set http.listen to another one")
    })
}

/// Serves until the node stops; connections in hand may end first.
fn serve(foundations: &Foundations, listener: TcpListener, router: axum::Router) {
    let tasks = foundations.tasks.clone();
    foundations.tasks.spawn("http", async move {
        let stopping = async move { tasks.stopping().await };
        if let Err(error) = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(stopping)
            .await
        {
            warn!(%error, "the HTTP server ended");
        }
    });
}
