//! How many calls to models the ledger can set money aside for and settle, in a second: 64 callers at once for 16
//! tenants, with and without a budget that all of them share.
//!
//! `cargo run -p troupe-storage --example ledger_throughput`. On PostgreSQL where there is one, and on SQLite.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails has no result")]

use std::sync::Arc;
use std::time::Duration;

use tenants::account::{Agency, Tenant, TenantStatus};
use tenants::audit::Chain;
use tenants::budget::{ShareCeilings, TenantBudget};
use tenants::changes::{Change, Changes};
use tenants::clock::{Clock, SystemClock};
use tenants::ids::{AgencyId, CallId, Ids, ReservationId, TenantId};
use tenants::models::{CallOutcome, LlmCall, Reservation, Reserved, Task};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, UnitOfWork};
use troupe_storage::Database;
use troupe_storage::testing::TestDatabase;

const TENANTS: usize = 16;
const CALLERS: usize = 64;
const MEASURED: Duration = Duration::from_secs(5);
const PLENTY: MicroUsd = MicroUsd(1_000_000_000_000);

#[tokio::main]
async fn main() {
    println!(
        "{CALLERS} callers, {TENANTS} tenants of one agency; one cycle = reserve + settle with one call"
    );
    println!("{:<9} {:<22} {:>9} {:>9} {:>9}", "database", "budgets", "cycles/s", "p50 ms", "p99 ms");
    for (name, database) in
        [("postgres", TestDatabase::postgres().await), ("sqlite", Some(TestDatabase::sqlite()))]
    {
        let Some(database) = database else { continue };
        let store = database.open().await;
        let city = City::found(store).await;
        for (budgets, agency_daily) in [("tenant, share", None), ("agency, tenant, share", Some(PLENTY))] {
            let mut cycles = city.measure(agency_daily).await;
            cycles.sort_unstable();
            let at = |percent: usize| cycles[cycles.len() * percent / 100].as_secs_f64() * 1_000.0;
            let per_second = cycles.len() as f64 / MEASURED.as_secs_f64();
            println!("{name:<9} {budgets:<22} {per_second:>9.0} {:>9.2} {:>9.2}", at(50), at(99));
        }
        city.store.close().await;
    }
}

struct City {
    store: Database,
    ids: Ids,
    agency: AgencyId,
    tenants: Vec<TenantId>,
}

impl City {
    async fn found(store: Database) -> Self {
        let ids = Ids::system(Arc::new(SystemClock));
        let (agency, created_at) = (AgencyId::new(&ids), SystemClock.now());
        let row = Agency { id: agency, name: "North".into(), created_at };
        store
            .commit(Changes { chain: Chain::Agency(agency), list: vec![Change::PutAgency(row)] })
            .await
            .unwrap();
        let tenants: Vec<TenantId> = (0..TENANTS).map(|_| TenantId::new(&ids)).collect();
        for tenant in &tenants {
            let row = Tenant {
                id: *tenant,
                agency,
                slug: tenant.to_string().replace('_', "-"),
                name: "Shop".into(),
                time_zone: "UTC".into(),
                status: TenantStatus::Active,
                version: 1,
                created_at,
            };
            store.commit(Changes::of_tenant(*tenant).with(Change::PutTenant(row))).await.unwrap();
        }
        Self { store, ids, agency, tenants }
    }

    /// How long each cycle took.
    async fn measure(&self, agency_daily: Option<MicroUsd>) -> Vec<Duration> {
        let until = SystemClock.now() + MEASURED;
        let callers = (0..CALLERS).map(|number| {
            let budget = TenantBudget {
                tenant: self.tenants[number % TENANTS],
                agency: self.agency,
                zone: chrono_tz::Tz::UTC,
                daily: PLENTY,
                agency_daily,
                ceilings: ShareCeilings::default(),
            };
            async move {
                let mut cycles = Vec::new();
                while SystemClock.now() < until {
                    let began = SystemClock.now();
                    self.cycle(&budget).await;
                    cycles.push(SystemClock.now().since(began));
                }
                cycles
            }
        });
        futures::future::join_all(callers).await.concat()
    }

    async fn cycle(&self, budget: &TenantBudget) {
        let (id, at, task) = (ReservationId::new(&self.ids), SystemClock.now(), Task::ShortReply);
        let (tenant, amount, lines) = (budget.tenant, MicroUsd(500), budget.lines(task, at));
        let wanted =
            Reservation { id, tenant, task, amount, lines, at, expires_at: at + Duration::from_secs(60) };
        assert_eq!(self.store.reserve(wanted).await.unwrap(), Reserved::Granted);
        let call = LlmCall {
            id: CallId::new(&self.ids),
            tenant,
            task,
            event: None,
            provider: "moonshot".into(),
            model: "kimi-k2.5".into(),
            prompt: None,
            tokens_in: 900,
            tokens_cached: 0,
            tokens_out: 60,
            cost: MicroUsd(480),
            is_estimate: false,
            latency_us: 800_000,
            attempt: 1,
            fallback_reason: None,
            outcome: CallOutcome::Answered,
            error: None,
            at,
        };
        self.store.settle(&id, vec![call]).await.unwrap();
    }
}
