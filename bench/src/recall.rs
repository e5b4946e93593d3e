//! `recall`: what a tenant's memory costs: a search among ten thousand items, many memories at once, waking one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use hdrhistogram::Histogram;
use storage::testing::TestDatabase;
use storage::{Database, MemoryOptions, TenantMemory};
use tenants::account::{Agency, Tenant, TenantStatus};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::clock::{Clock, SystemClock};
use tenants::ids::{AgencyId, Ids, MemoryId, TenantId};
use tenants::memory::{MemoryItem, MemoryKind, Recall, Visibility};
use tenants::ports::{Memory, UnitOfWork};
use tenants::tasks::Tasks;

use crate::memory::resident;
use crate::report::{self, Table};

/// Different words that items are made of, the frequent ones very frequent, as in any language.
const WORDS: u64 = 4_000;
/// Items to one commit.
const AT_ONCE: usize = 500;
/// How often the memory of one tenant is closed and asked again.
const WAKES: usize = 100;

/// How large.
#[derive(Debug, Args)]
pub struct RecallArgs {
    /// Items of the large memory.
    #[arg(long, default_value_t = 10_000)]
    items: usize,
    /// Questions to it.
    #[arg(long, default_value_t = 5_000)]
    questions: usize,
    /// Tenants with a small memory.
    #[arg(long, default_value_t = 1_000)]
    tenants: usize,
    /// Items of a small memory.
    #[arg(long, default_value_t = 100)]
    small: usize,
    /// Indexes that may be open at once: the setting `memory.max_open`.
    #[arg(long, default_value_t = 256)]
    max_open: usize,
    /// Page whose section `recall` is rewritten.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// Where it is measured.
struct Place {
    database: Database,
    folder: tempfile::TempDir,
    clock: Arc<dyn Clock>,
    ids: Ids,
    agency: AgencyId,
}

/// Measures, prints, and writes the page.
pub async fn run(args: RecallArgs) -> anyhow::Result<()> {
    let file = TestDatabase::sqlite();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids = Ids::seeded(clock.clone(), 11);
    let place = Place {
        database: file.open().await,
        folder: tempfile::tempdir()?,
        clock,
        agency: AgencyId::new(&ids),
        ids,
    };
    place.open_agency().await?;
    let mut table = Table::new(["what", "median ms", "p99 ms", "note"]);
    let large = place.tenant_with(0, args.items).await?;
    place.search_large(&args, large, &mut table).await?;
    let small = place.small_memories(&args).await?;
    place.wake(&args, "waking a small memory and its first answer", small[0], &mut table).await?;
    place.wake(&args, "waking the large memory and its first answer", large, &mut table).await?;
    place.many(&args, &small, &mut table).await?;
    let text = table.to_markdown();
    println!("{text}");
    match &args.write {
        Some(page) => report::write_section(page, "recall", &text),
        None => Ok(()),
    }
}

impl Place {
    fn memory(&self, max_open: usize) -> anyhow::Result<TenantMemory> {
        let options = MemoryOptions {
            folder: self.folder.path().to_owned(),
            max_open,
            max_items: 0,
            embedder: None,
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            tasks: Tasks::default(),
        };
        Ok(TenantMemory::new(self.database.clone(), options)?)
    }

    async fn open_agency(&self) -> anyhow::Result<()> {
        let agency = Agency { id: self.agency, name: "Bench".to_owned(), created_at: self.clock.now() };
        let list = vec![Change::PutAgency(agency)];
        Ok(self.database.commit(Changes { chain: Chain::Agency(self.agency), list }).await?)
    }

    /// A tenant that remembers: one in ten items is a fact or an approved answer, the others are talk.
    async fn tenant_with(&self, number: usize, items: usize) -> anyhow::Result<TenantId> {
        let id = TenantId::new(&self.ids);
        let tenant = Tenant {
            id,
            agency: self.agency,
            slug: format!("t{number}"),
            name: "T".to_owned(),
            time_zone: "UTC".to_owned(),
            status: TenantStatus::Active,
            version: 0,
            created_at: self.clock.now(),
        };
        self.database.commit(Changes::of_tenant(id).with(Change::PutTenant(tenant))).await?;
        let mut left = items;
        while left > 0 {
            let mut changes = Changes::of_tenant(id);
            for _ in 0..left.min(AT_ONCE) {
                changes.push(Change::Remember(Box::new(self.item(id, left))));
                left -= 1;
            }
            self.database.commit(changes).await?;
        }
        Ok(id)
    }

    fn item(&self, tenant: TenantId, number: usize) -> MemoryItem {
        let kind = match number % 10 {
            0 => MemoryKind::BrandFact,
            1 => MemoryKind::ApprovedAnswer,
            _ => MemoryKind::Interaction,
        };
        let person = kind.is_personal().then(|| format!("person-{}", number % 997));
        let (id, now) = (MemoryId::new(&self.ids), self.clock.now());
        let item = MemoryItem::new(id, tenant, kind, Visibility::Customer, self.words(18), "bench", now);
        MemoryItem { person, ..item.titled(Some(self.words(7))) }
    }

    fn words(&self, count: usize) -> String {
        let word = || {
            // The product of two dice is small more often than not.
            let rank = (self.ids.random_u64() % WORDS) * (self.ids.random_u64() % WORDS) / WORDS;
            format!("w{rank}x")
        };
        (0..count).map(|_| word()).collect::<Vec<_>>().join(" ")
    }

    async fn search_large(
        &self,
        args: &RecallArgs,
        tenant: TenantId,
        table: &mut Table,
    ) -> anyhow::Result<()> {
        let memory = self.memory(args.max_open)?;
        let began = self.clock.now();
        memory.rebuild(&tenant).await?;
        let built = self.clock.now().since(began);
        table.row([
            format!("building the index of {} items", args.items),
            milliseconds(built),
            String::new(),
            "once, in the background".to_owned(),
        ]);
        for (what, is_customer) in [("a decision recalls", true), ("an operator searches", false)] {
            let mut times = Histogram::<u64>::new(3)?;
            for number in 0..args.questions {
                let now = self.clock.now();
                let recall = if is_customer {
                    let person = Some(format!("person-{}", number % 997));
                    Recall::for_customer(self.words(9), person, now)
                } else {
                    Recall::for_operator(self.words(9), now)
                };
                memory.recall(&tenant, &recall).await?;
                times.record(micros(self.clock.now().since(now)))?;
            }
            let note = format!("{} items, 9 words, one at a time", args.items);
            table.row([what.to_owned(), of(&times, 0.5), of(&times, 0.99), note]);
        }
        memory.close().await;
        Ok(())
    }

    async fn small_memories(&self, args: &RecallArgs) -> anyhow::Result<Vec<TenantId>> {
        let mut tenants = Vec::with_capacity(args.tenants);
        for number in 1..=args.tenants {
            tenants.push(self.tenant_with(number, args.small).await?);
        }
        Ok(tenants)
    }

    async fn wake(
        &self,
        args: &RecallArgs,
        what: &str,
        tenant: TenantId,
        table: &mut Table,
    ) -> anyhow::Result<()> {
        let memory = self.memory(args.max_open)?;
        memory.rebuild(&tenant).await?;
        let mut times = Histogram::<u64>::new(3)?;
        for _ in 0..WAKES {
            memory.close().await;
            let now = self.clock.now();
            memory.recall(&tenant, &Recall::for_customer(self.words(9), None, now)).await?;
            times.record(micros(self.clock.now().since(now)))?;
        }
        memory.close().await;
        table.row([what.to_owned(), of(&times, 0.5), of(&times, 0.99), format!("{WAKES} times")]);
        Ok(())
    }

    /// All small memories asked in turns, with few indexes open and with all of them.
    async fn many(&self, args: &RecallArgs, tenants: &[TenantId], table: &mut Table) -> anyhow::Result<()> {
        for max_open in [args.max_open, tenants.len()] {
            let before = resident(std::process::id())?;
            let memory = self.memory(max_open)?;
            let mut times = Histogram::<u64>::new(3)?;
            for round in 0..3 {
                for tenant in tenants {
                    let now = self.clock.now();
                    memory.recall(tenant, &Recall::for_customer(self.words(9), None, now)).await?;
                    if round > 0 {
                        times.record(micros(self.clock.now().since(now)))?;
                    }
                }
            }
            let after = resident(std::process::id())?;
            let grown = after.saturating_sub(before) >> 20;
            let note = format!(
                "{} open at the end; memory grew by {grown} MB to {} MB, all in all",
                memory.open_indexes(),
                after >> 20
            );
            let what = format!(
                "{} memories of {} items in turns, at most {max_open} open",
                tenants.len(),
                args.small
            );
            table.row([what, of(&times, 0.5), of(&times, 0.99), note]);
            memory.close().await;
        }
        Ok(())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

fn of(times: &Histogram<u64>, quantile: f64) -> String {
    format!("{:.2}", times.value_at_quantile(quantile) as f64 / 1_000.0)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.0}", time.as_secs_f64() * 1_000.0)
}
