//! A tenant with a budget in a real database, and a router that spends it.

use std::sync::Arc;
use std::time::Duration;

use llm::budget::NoWatch;
use llm::provider::ProviderSource;
use llm::{Catalogue, Input, LlmError, LlmMetrics, Payer, Piece, Reply, Request, Router, RouterParts};
use runtime::administration::Act;
use storage::testing::TestDatabase;
use storage::{Database, DatabaseOptions};
use tenants::clock::{Clock, SystemClock};
use tenants::ids::{AgencyId, Ids, TenantId};
use tenants::models::{BudgetLine, BudgetScope, BudgetState, LlmCall, Share, Task};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, CallFilter, CostReports, UnitOfWork};
use tenants::settings::TenantSettings;
use tenants::tasks::Tasks;

/// The day all calls are made on.
pub const DAY: &str = "2026-03-02";

/// What a variable of the environment says; `None` when it is not there.
#[expect(clippy::disallowed_methods, reason = "which servers there are is told to the tests, not to Troupe")]
pub fn told(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// The server that a variable names, as `http://host:port`; `None` (and a line that says so) when it names none.
pub fn server_of(variable: &str) -> Option<String> {
    let named = told(variable);
    if named.is_none() {
        eprintln!("skipped: {variable} names no server; tests/servers/start.sh starts one");
    }
    named.map(|url| url.trim_end_matches('/').to_owned())
}

/// Who pays.
#[derive(Debug, Clone, Copy)]
pub struct Household {
    pub agency: AgencyId,
    pub tenant: TenantId,
    /// In micro-dollars, of the tenant; the agency has as much.
    pub limit: i64,
}

pub struct House {
    pub household: Household,
    pub database: Database,
    pub router: Router,
    tasks: Tasks,
}

impl House {
    /// A new tenant in an empty database.
    pub async fn build(
        database: &TestDatabase,
        limit: i64,
        catalogue: &str,
        providers: &dyn ProviderSource,
    ) -> Self {
        let database = database.open().await;
        let ids = Ids::system(Arc::new(SystemClock));
        let act = Act { by: "test".to_owned(), at: SystemClock.now(), ids: &ids };
        let (agency, changes) = act.create_agency("Agency").unwrap();
        database.commit(changes).await.unwrap();
        let settings = TenantSettings::default();
        let (tenant, changes) = act.create_tenant(agency.id, "shop", "Shop", "UTC", &settings).unwrap();
        database.commit(changes).await.unwrap();
        let household = Household { agency: agency.id, tenant: tenant.id, limit };
        Self::furnish(database, household, catalogue, providers)
    }

    /// A further process on a database that exists.
    pub async fn enter(
        url: &str,
        household: Household,
        catalogue: &str,
        providers: &dyn ProviderSource,
    ) -> Self {
        let options = DatabaseOptions::new(url, Arc::new(SystemClock));
        Self::furnish(Database::open(options).await.unwrap(), household, catalogue, providers)
    }

    fn furnish(
        database: Database,
        household: Household,
        catalogue: &str,
        providers: &dyn ProviderSource,
    ) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let tasks = Tasks::default();
        let parts = RouterParts {
            ledger: Arc::new(database.clone()),
            watch: Arc::new(NoWatch),
            clock: Arc::clone(&clock),
            ids: Ids::system(clock),
            tasks: tasks.clone(),
            metrics: LlmMetrics::register(&prometheus::Registry::new()).unwrap(),
        };
        let router = Router::new(parts, Catalogue::with_overrides(catalogue).unwrap(), providers).unwrap();
        Self { household, database, router, tasks }
    }

    pub fn payer(&self) -> Payer {
        let Household { agency, tenant, limit } = self.household;
        let resets_at = SystemClock.now() + Duration::from_secs(3_600);
        let line = |scope| BudgetLine { scope, day: DAY.to_owned(), limit: MicroUsd(limit), resets_at };
        let scopes = [
            BudgetScope::Agency(agency),
            BudgetScope::Tenant(tenant),
            BudgetScope::Share(tenant, Share::Routine),
        ];
        Payer::new(tenant, scopes.map(line).to_vec()).unwrap()
    }

    pub fn request(&self, input: Input) -> Request {
        Request::new(self.payer(), Task::Caption, input)
    }

    pub async fn ask(&self, input: Input) -> Result<Reply, LlmError> {
        self.router.complete(self.request(input)).await
    }

    /// The pieces of text, and the whole.
    pub async fn listen(&self, input: Input) -> Result<(Vec<String>, Reply), LlmError> {
        let mut stream = self.router.stream(self.request(input)).await?;
        let mut texts = Vec::new();
        loop {
            match stream.next().await.expect("an end")? {
                Piece::Text(text) => texts.push(text),
                Piece::Done(reply) => return Ok((texts, *reply)),
            }
        }
    }

    /// The budget that is nearest to its end, as the database has it.
    pub async fn budget(&self) -> BudgetState {
        let scope = BudgetScope::Tenant(self.household.tenant);
        self.database.find_budget(&scope, DAY).await.unwrap().expect("something was set aside")
    }

    /// Waits until all money is settled; the budget and the stored calls, oldest first. What was spent is what the
    /// calls have cost.
    pub async fn reckon(&self) -> (BudgetState, Vec<LlmCall>) {
        assert!(self.tasks.shut_down(Duration::from_secs(20)).await, "not settled in time");
        let budget = self.budget().await;
        let all = CallFilter::default();
        let listed = self.database.list_calls(&self.household.tenant, &all, None, 10_000).await;
        let mut calls = listed.unwrap();
        calls.reverse();
        let cost: i64 = calls.iter().map(|call| call.cost.0).sum();
        assert_eq!((budget.spent, budget.reserved), (MicroUsd(cost), MicroUsd(0)));
        (budget, calls)
    }
}
