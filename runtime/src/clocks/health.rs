//! Whether a tenant's accounts work, and what will run out.

use actors::upkeep::forecast::{self, Forecast, Supply};
use serde::Serialize;
use tenants::account::{Account, AccountStatus, Tenant};
use tenants::breaker::BreakerState;
use tenants::clock::Timestamp;
use tenants::event::Role;
use tenants::ids::{AccountId, TenantId};
use tenants::models::BudgetState;
use tenants::ports::{
    AccountWatch, Ledger, QueueAge, Standing, Store, StoreError, TenantContext, TickStatus,
};
use utoipa::ToSchema;

use crate::http::{BreakerStatus, schema};

/// An effect that waits for longer needs a look, in seconds.
const LONG_WAIT_S: u64 = 3_600;

/// Whether a tenant's accounts work, and what will run out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TenantHealth)]
pub struct HealthView {
    /// The worst of its accounts and ticks.
    #[schema(value_type = schema::Standing)]
    pub status: Standing,
    /// Its accounts.
    pub accounts: Vec<AccountHealthView>,
    /// Ticks whose last run failed.
    pub ticks_in_trouble: Vec<TickTroubleView>,
    /// How long supplies will last.
    pub forecasts: Vec<ForecastView>,
}

/// Whether an account works.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountHealth)]
pub struct AccountHealthView {
    /// The account.
    #[schema(value_type = schema::Id)]
    pub account: AccountId,
    /// Its handle.
    pub username: String,
    /// The worst of what follows.
    #[schema(value_type = schema::Standing)]
    pub status: Standing,
    /// Whether it is connected.
    #[schema(value_type = schema::AccountStatus)]
    pub connection: AccountStatus,
    /// Whether its token works, as of `checked_at`.
    #[schema(value_type = schema::Standing)]
    pub token: Standing,
    /// Why not.
    pub token_error: Option<String>,
    /// When its token runs out.
    #[schema(value_type = Option<schema::Moment>)]
    pub token_expires_at: Option<Timestamp>,
    /// Whether webhooks are switched on, as of `checked_at`.
    #[schema(value_type = schema::Standing)]
    pub webhooks: Standing,
    /// For which fields.
    pub webhook_fields: Vec<String>,
    /// How much of the calls that Instagram allows the account was used, in percent, as of `checked_at`.
    pub usage_percent: Option<u32>,
    /// The same of its Meta app.
    pub app_usage_percent: Option<u32>,
    /// Whether calls are let through; `null` where no node knows.
    #[schema(value_type = Option<schema::BreakerState>)]
    pub breaker: Option<BreakerState>,
    /// Effects that wait.
    pub waiting: i64,
    /// When the oldest of them was queued.
    #[schema(value_type = Option<schema::Moment>)]
    pub oldest_waiting_at: Option<Timestamp>,
    /// When somebody last wrote to it, as far as we were told.
    #[schema(value_type = Option<schema::Moment>)]
    pub last_event_at: Option<Timestamp>,
    /// Since when webhooks have been missing, while that is so.
    #[schema(value_type = Option<schema::Moment>)]
    pub gap_at: Option<Timestamp>,
    /// Why it could not be compared with Instagram the last time.
    pub poll_error: Option<String>,
    /// When it was compared with Instagram.
    #[schema(value_type = Option<schema::Moment>)]
    pub polled_at: Option<Timestamp>,
    /// When it is compared next; `null` while it is not in use.
    #[schema(value_type = Option<schema::Moment>)]
    pub next_poll_at: Option<Timestamp>,
    /// When its token and webhooks were looked at.
    #[schema(value_type = Option<schema::Moment>)]
    pub checked_at: Option<Timestamp>,
}

/// A tick whose last run failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TickTrouble)]
pub struct TickTroubleView {
    /// The role.
    #[schema(value_type = schema::Role)]
    pub role: Role,
    /// Its name.
    pub name: String,
    /// How it stands.
    #[schema(value_type = schema::TickStatus)]
    pub status: TickStatus,
    /// What went wrong.
    pub error: Option<String>,
}

/// How long a supply will last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Forecast)]
pub struct ForecastView {
    /// `llm_budget` (millionths of a US dollar), `token`, or `posts` (that Instagram allows in a day; there while some are
    /// planned).
    #[schema(value_type = String)]
    pub supply: Supply,
    /// Whose: a tenant or an account.
    #[schema(value_type = schema::Id)]
    pub of: String,
    /// How much is used or set aside.
    pub used: Option<i64>,
    /// How much there is.
    pub limit: Option<i64>,
    /// When it is renewed by itself.
    #[schema(value_type = Option<schema::Moment>)]
    pub resets_at: Option<Timestamp>,
    /// When it runs out at the present pace; `null` when it lasts until it is renewed.
    #[schema(value_type = Option<schema::Moment>)]
    pub runs_out_at: Option<Timestamp>,
}

impl From<Forecast> for ForecastView {
    fn from(forecast: Forecast) -> Self {
        let Forecast { supply, of, used, limit, resets_at, runs_out_at } = forecast;
        Self { supply, of, used, limit, resets_at, runs_out_at }
    }
}

/// What is known about a tenant's accounts. `breakers` are those of a running node, where there is one.
///
/// # Errors
/// When the database does not answer.
pub async fn health_of(
    store: &dyn Store,
    ledger: &dyn Ledger,
    tenant: &Tenant,
    breakers: &[BreakerStatus],
    now: Timestamp,
) -> Result<HealthView, StoreError> {
    let accounts = store.list_accounts(&tenant.id).await?;
    let facts = Facts::read(store, &tenant.id, breakers).await?;
    let views: Vec<_> = accounts.iter().map(|account| facts.account(account, now)).collect();
    let ticks_in_trouble = ticks_in_trouble(store, &tenant.id).await?;
    let of_accounts = views.iter().map(|view| view.status);
    let of_ticks = ticks_in_trouble.iter().map(|_| Standing::Warning);
    let status = of_accounts.chain(of_ticks).max_by_key(|standing| gravity(*standing));
    let mut forecasts = vec![budget_forecast(store, ledger, tenant, now).await?];
    forecasts.extend(accounts.iter().filter_map(forecast::of_token));
    forecasts.extend(facts.posts_forecasts());
    Ok(HealthView {
        // Nothing can be said of a tenant without accounts.
        status: status.unwrap_or(Standing::Unknown),
        accounts: views,
        ticks_in_trouble,
        forecasts: forecasts.into_iter().map(ForecastView::from).collect(),
    })
}

/// What was read for all accounts of a tenant at once.
struct Facts<'a> {
    watches: Vec<AccountWatch>,
    queues: Vec<QueueAge>,
    last_inbound: Vec<(AccountId, Timestamp)>,
    breakers: &'a [BreakerStatus],
}

impl<'a> Facts<'a> {
    async fn read(
        store: &dyn Store,
        tenant: &TenantId,
        breakers: &'a [BreakerStatus],
    ) -> Result<Self, StoreError> {
        Ok(Self {
            watches: store.list_watches(tenant).await?,
            queues: store.queue_ages(tenant).await?,
            last_inbound: store.last_inbound(tenant).await?,
            breakers,
        })
    }

    fn posts_forecasts(&self) -> impl Iterator<Item = Forecast> {
        let watches = self.watches.iter();
        let seen = watches.filter_map(|watch| Some((watch.account, watch.health.as_ref()?.posts?)));
        seen.map(|(account, posts)| forecast::of_posts(&posts, account.to_string()))
    }

    fn account(&self, account: &Account, now: Timestamp) -> AccountHealthView {
        let watch = self.watches.iter().find(|watch| watch.account == account.id);
        let health = watch.and_then(|watch| watch.health.as_ref());
        let queue = self.queues.iter().find(|queue| queue.account == account.id);
        let breaker = self.breakers.iter().find(|breaker| breaker.account == Some(account.id));
        let seen = watch.map(|watch| &watch.seen);
        let mut view = AccountHealthView {
            account: account.id,
            username: account.username.clone(),
            status: Standing::Fine,
            connection: account.status,
            token: health.map_or(Standing::Unknown, |health| health.token),
            token_error: health.and_then(|health| health.token_error.clone()),
            token_expires_at: account.token_expires_at,
            webhooks: health.map_or(Standing::Unknown, |health| health.webhooks),
            webhook_fields: health.map(|health| health.webhook_fields.clone()).unwrap_or_default(),
            usage_percent: health.and_then(|health| health.usage_percent),
            app_usage_percent: health.and_then(|health| health.app_usage_percent),
            breaker: breaker.map(|breaker| breaker.view.state),
            waiting: queue.map_or(0, |queue| queue.waiting),
            oldest_waiting_at: queue.map(|queue| queue.oldest_at),
            last_event_at: self.last_inbound.iter().find(|(of, _)| *of == account.id).map(|(_, at)| *at),
            gap_at: seen.and_then(|seen| seen.gap_at),
            poll_error: seen.and_then(|seen| seen.error.clone()),
            polled_at: watch.and_then(|watch| watch.polled_at),
            next_poll_at: watch.and_then(|watch| watch.poll_at),
            checked_at: watch.and_then(|watch| watch.checked_at),
        };
        view.status = standing_of(&view, now);
        view
    }
}

fn standing_of(view: &AccountHealthView, now: Timestamp) -> Standing {
    if view.connection != AccountStatus::Active || view.token == Standing::Broken {
        return Standing::Broken;
    }
    let waits_long = view.oldest_waiting_at.is_some_and(|at| now.since(at).as_secs() > LONG_WAIT_S);
    let is_open = view.breaker.is_some_and(|state| state != BreakerState::Closed);
    let needs_a_look = matches!(view.webhooks, Standing::Broken | Standing::Warning)
        || view.token == Standing::Warning
        || waits_long
        || is_open
        || view.gap_at.is_some()
        || view.poll_error.is_some();
    if needs_a_look {
        Standing::Warning
    } else if view.token == Standing::Unknown {
        Standing::Unknown
    } else {
        Standing::Fine
    }
}

fn gravity(standing: Standing) -> u8 {
    match standing {
        Standing::Fine => 0,
        Standing::Unknown => 1,
        Standing::Warning => 2,
        Standing::Broken => 3,
    }
}

async fn ticks_in_trouble(store: &dyn Store, tenant: &TenantId) -> Result<Vec<TickTroubleView>, StoreError> {
    let ticks = store.list_ticks(tenant).await?;
    let in_trouble = ticks.into_iter().filter_map(|tick| {
        let status = tick.last_status?;
        matches!(status, TickStatus::Retrying | TickStatus::Quarantined).then_some(TickTroubleView {
            role: tick.role,
            name: tick.name,
            status,
            error: tick.last_error,
        })
    });
    Ok(in_trouble.collect())
}

async fn budget_forecast(
    store: &dyn Store,
    ledger: &dyn Ledger,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Forecast, StoreError> {
    let settings = store.find_settings(&tenant.id).await?.unwrap_or_default();
    let budget = TenantContext::new(tenant.clone(), settings).budget();
    let line = budget.tenant_line(now);
    let found = ledger.find_budget(&line.scope, &line.day).await?;
    let (spent, reserved) = found.map(|state| (state.spent, state.reserved)).unwrap_or_default();
    let state = BudgetState { line, spent, reserved };
    Ok(forecast::of_budget(&state, budget.zone, tenant.id.to_string(), now))
}
