//! What ticks of many tenants cost: planning them all, looking whether one is due while none is, and running everybody's
//! eight o'clock.
//!
//! `cargo run -p troupe-storage --example tick_throughput [tenants]` (10,000 by default, ten ticks each). On PostgreSQL
//! where there is one, and on SQLite.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails has no result")]

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tenants::account::{Agency, Tenant, TenantStatus};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::clock::{Clock, SystemClock, Timestamp};
use tenants::event::{EventBody, EventKind, EventSource, NewEvent, Role, TickBody};
use tenants::ids::{AgencyId, EventId, Ids, TenantId};
use tenants::ports::{CronTick, TickPlan, Ticks, UnitOfWork};
use troupe_storage::Database;
use troupe_storage::testing::TestDatabase;

const TICKS: [&str; 10] = ["briefing", "a", "b", "c", "d", "e", "f", "g", "h", "i"];
const AT_ONCE: usize = 32;

#[tokio::main]
async fn main() {
    let tenants: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(10_000);
    println!("{tenants} tenants with {} ticks each", TICKS.len());
    println!(
        "{:<9} {:>12} {:>14} {:>16} {:>12}",
        "database", "plans/s", "idle round ms", "all at eight s", "ticks/s"
    );
    for (name, database) in
        [("postgres", TestDatabase::postgres().await), ("sqlite", Some(TestDatabase::sqlite()))]
    {
        let Some(database) = database else { continue };
        let town = Town::found(database.open().await, tenants).await;
        let planned = town.plan().await;
        let idle = town.idle_round().await;
        let run = town.run_all().await;
        println!(
            "{name:<9} {:>12.0} {:>14.2} {:>16.2} {:>12.0}",
            tenants as f64 / planned.as_secs_f64(),
            idle.as_secs_f64() * 1_000.0,
            run.as_secs_f64(),
            tenants as f64 / run.as_secs_f64()
        );
        town.store.close().await;
    }
}

struct Town {
    store: Database,
    ids: Ids,
    tenants: Vec<TenantId>,
    eight: Timestamp,
}

impl Town {
    async fn found(store: Database, count: usize) -> Self {
        let ids = Ids::system(Arc::new(SystemClock));
        let agency = Agency { id: AgencyId::new(&ids), name: "A".into(), created_at: SystemClock.now() };
        let list = vec![Change::PutAgency(agency.clone())];
        store.commit(Changes { chain: Chain::Agency(agency.id), list }).await.unwrap();
        let tenants: Vec<TenantId> = (0..count).map(|_| TenantId::new(&ids)).collect();
        let put = tenants.iter().map(|id| {
            let tenant = Tenant {
                id: *id,
                agency: agency.id,
                slug: id.to_string(),
                name: "T".into(),
                time_zone: "Europe/Lisbon".into(),
                status: TenantStatus::Active,
                version: 1,
                created_at: SystemClock.now(),
            };
            store.commit(Changes::of_tenant(*id).with(Change::PutTenant(tenant)))
        });
        let put: Vec<_> = put.collect();
        futures::stream::iter(put).buffer_unordered(AT_ONCE).for_each(|done| async { done.unwrap() }).await;
        Self { store, ids, tenants, eight: SystemClock.now() + Duration::from_secs(3_600) }
    }

    fn tick(&self, tenant: TenantId, name: &str, due: Timestamp) -> CronTick {
        CronTick {
            tenant,
            role: Role::Comms,
            name: name.to_owned(),
            zone: "Europe/Lisbon".into(),
            last_run: None,
            next_run: due,
            fire_at: Some(due),
            runs: 0,
            last_status: None,
            last_error: None,
            last_status_at: None,
        }
    }

    async fn plan(&self) -> Duration {
        let began = SystemClock.now();
        let far = self.eight + Duration::from_secs(86_400);
        let plans = self.tenants.iter().map(|tenant| {
            let due = |name: &str| if name == TICKS[0] { self.eight } else { far };
            self.store.put_plan(TickPlan {
                tenant: *tenant,
                catalogue: "measured".to_owned(),
                mark: 1,
                ticks: TICKS.iter().map(|name| self.tick(*tenant, name, due(name))).collect(),
                watches: Vec::new(),
            })
        });
        let plans: Vec<_> = plans.collect();
        futures::stream::iter(plans).buffer_unordered(AT_ONCE).for_each(|done| async { done.unwrap() }).await;
        assert!(self.store.dirty_plans(1).await.unwrap().is_empty());
        SystemClock.now().since(began)
    }

    /// What a round reads when nothing is due.
    async fn idle_round(&self) -> Duration {
        const ROUNDS: u32 = 200;
        let began = SystemClock.now();
        for _ in 0..ROUNDS {
            assert!(self.store.dirty_plans(500).await.unwrap().is_empty());
            assert!(self.store.due_ticks(SystemClock.now(), 500).await.unwrap().is_empty());
            assert_eq!(self.store.next_tick_at().await.unwrap(), Some(self.eight));
        }
        SystemClock.now().since(began) / ROUNDS
    }

    /// Everybody's eight o'clock at once, as without a spread.
    async fn run_all(&self) -> Duration {
        let began = SystemClock.now();
        let mut ran = 0;
        loop {
            let due = self.store.due_ticks(self.eight, 500).await.unwrap();
            if due.is_empty() {
                assert_eq!(ran, self.tenants.len());
                return SystemClock.now().since(began);
            }
            let runs: Vec<_> = due.iter().map(|tick| self.run(tick)).collect();
            let done: Vec<bool> = futures::stream::iter(runs).buffer_unordered(AT_ONCE).collect().await;
            ran += done.into_iter().filter(|did| *did).count();
        }
    }

    async fn run(&self, tick: &CronTick) -> bool {
        let next_run = tick.next_run + Duration::from_secs(86_400);
        let after =
            CronTick { last_run: Some(tick.next_run), next_run, fire_at: Some(next_run), ..tick.clone() };
        let body = TickBody { role: tick.role, name: tick.name.clone(), due_at: tick.next_run };
        let event = NewEvent {
            id: EventId::new(&self.ids),
            tenant: tick.tenant,
            account: None,
            source: EventSource::Cron,
            kind: EventKind::Tick,
            external_id: format!("{}:{}:{}", tick.role, tick.name, tick.next_run),
            conversation_key: format!("tick:{}:{}", tick.role, tick.name),
            occurred_at: tick.next_run,
            received_at: SystemClock.now(),
            body: EventBody::Tick(body),
            raw: serde_json::Value::Null,
        };
        self.store.run_tick(tick, Some(event), after).await.unwrap()
    }
}
