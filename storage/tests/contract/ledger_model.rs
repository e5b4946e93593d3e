//! Whatever is asked of the ledger, in whatever order: it does what a few lines of plain arithmetic do.

use std::collections::BTreeMap;

use futures::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tenants::models::{BudgetLine, BudgetScope, Reservation, Reserved, Share};
use tenants::ports::{BudgetLedger, CostReports};
use troupe_storage::testing::TestDatabase;

use crate::ledger::{ANY, HOLD, call, line, of_agency, of_share, of_tenant, spent_and_reserved, wanted};
use crate::world::World;

/// Something that happens to the ledger.
#[derive(Debug, Clone)]
enum Step {
    /// Several wishes at once: amounts and shares.
    Reserve(Vec<(i64, Share)>),
    /// Settles reservations (by the number of their wish), each with calls of these costs.
    Settle(Vec<(prop::sample::Index, Vec<i64>)>),
    /// Time passes, and what is over expires.
    Expire { after: u64 },
    /// New limits of agency, tenant and shares.
    Limits([i64; 3]),
}

fn any_step() -> impl Strategy<Value = Step> {
    let share = prop::sample::select(Share::ALL);
    let wish = (0..400_i64, share);
    let settlement = (any::<prop::sample::Index>(), prop::collection::vec(0..300_i64, 0..3));
    prop_oneof![
        5 => prop::collection::vec(wish, 1..6).prop_map(Step::Reserve),
        4 => prop::collection::vec(settlement, 1..4).prop_map(Step::Settle),
        1 => (0..150_u64).prop_map(|after| Step::Expire { after }),
        1 => [0..3_000_i64, 0..2_000_i64, 0..1_500_i64].prop_map(Step::Limits),
    ]
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Refused,
    Open,
    Expired,
    Settled { cost: i64 },
}

/// The ledger as it should be: nothing but what became of every wish. All else is counted up from that.
struct Model {
    limits: [i64; 3],
    wishes: Vec<(Reservation, Fate)>,
    costs_of_calls: i64,
    /// By how much calls of the present step were dearer than expected.
    overrun: i64,
}

impl Model {
    fn amounts(&self, scope: BudgetScope) -> (i64, i64) {
        let (mut spent, mut reserved) = (0, 0);
        for (wish, fate) in &self.wishes {
            if wish.lines.iter().any(|line| line.scope == scope) {
                match fate {
                    Fate::Refused => {}
                    Fate::Open => reserved += wish.amount.0,
                    Fate::Expired => spent += wish.amount.0,
                    Fate::Settled { cost } => spent += cost,
                }
            }
        }
        (spent, reserved)
    }

    fn reserve(&mut self, wish: Reservation) -> bool {
        let has_room = |line: &BudgetLine| {
            let (spent, reserved) = self.amounts(line.scope);
            line.limit.0 > 0 && spent + reserved + wish.amount.0 <= line.limit.0
        };
        let is_granted = wish.lines.iter().all(has_room);
        self.wishes.push((wish, if is_granted { Fate::Open } else { Fate::Refused }));
        is_granted
    }
}

struct Case<'w> {
    world: &'w World,
    model: Model,
}

impl Case<'_> {
    async fn check(world: &World, steps: Vec<Step>) -> Result<(), TestCaseError> {
        // A tenant and an agency of its own: cases share a database.
        let world = &world.another_agency().await;
        let model = Model { limits: [2_000, 1_200, 700], wishes: Vec::new(), costs_of_calls: 0, overrun: 0 };
        let mut case = Case { world, model };
        for step in steps {
            let before = case.used().await;
            case.model.overrun = 0;
            case.take(step).await?;
            case.compare(before).await?;
        }
        Ok(())
    }

    fn lines(&self, share: Share) -> Vec<BudgetLine> {
        let [agency, tenant, part] = self.model.limits;
        vec![
            line(self.world, of_share(self.world, share), part),
            line(self.world, of_agency(self.world), agency),
            line(self.world, of_tenant(self.world), tenant),
        ]
    }

    async fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Reserve(wishes) => self.reserve(wishes).await,
            Step::Settle(settlements) => self.settle(settlements).await,
            Step::Expire { after } => self.expire(after).await,
            Step::Limits(limits) => {
                self.model.limits = limits;
                Ok(())
            }
        }
    }

    async fn reserve(&mut self, wishes: Vec<(i64, Share)>) -> Result<(), TestCaseError> {
        let wishes: Vec<Reservation> =
            wishes.into_iter().map(|(amount, share)| wanted(self.world, amount, self.lines(share))).collect();
        // Those of one tenant keep their order, so that it is known who is first.
        let answers = join_all(wishes.iter().map(|wish| self.world.store.reserve(wish.clone()))).await;
        for (wish, answer) in wishes.into_iter().zip(answers) {
            let is_granted = matches!(answer.unwrap(), Reserved::Granted);
            prop_assert_eq!(self.model.reserve(wish), is_granted);
        }
        Ok(())
    }

    async fn settle(
        &mut self,
        settlements: Vec<(prop::sample::Index, Vec<i64>)>,
    ) -> Result<(), TestCaseError> {
        let granted: Vec<usize> = (0..self.model.wishes.len())
            .filter(|number| self.model.wishes[*number].1 != Fate::Refused)
            .collect();
        if granted.is_empty() {
            return Ok(());
        }
        // Once with these, whoever else names it.
        let settlements: BTreeMap<usize, Vec<i64>> = settlements
            .into_iter()
            .map(|(index, costs)| (granted[index.index(granted.len())], costs))
            .collect();
        let world = self.world;
        let asked = settlements.iter().map(|(number, costs)| {
            let calls = costs.iter().map(|cost| call(world, *cost)).collect();
            world.store.settle(&self.model.wishes[*number].0.id, calls)
        });
        for answer in join_all(asked).await {
            prop_assert_eq!(answer.unwrap().len(), 3);
        }
        for (number, costs) in settlements {
            let (wish, fate) = &mut self.model.wishes[number];
            if !matches!(fate, Fate::Settled { .. }) {
                let cost = costs.iter().sum::<i64>();
                self.model.overrun += (cost - wish.amount.0).max(0);
                self.model.costs_of_calls += cost;
                *fate = Fate::Settled { cost };
            }
        }
        Ok(())
    }

    async fn expire(&mut self, after: u64) -> Result<(), TestCaseError> {
        self.world.pass(std::time::Duration::from_secs(after));
        let now = self.world.now();
        let mut expected = 0;
        for (wish, fate) in &mut self.model.wishes {
            if *fate == Fate::Open && wish.at + HOLD <= now {
                *fate = Fate::Expired;
                expected += 1;
            }
        }
        // Those of earlier cases have expired too.
        prop_assert!(self.world.store.expire_reservations(now).await.unwrap() >= expected);
        Ok(())
    }

    /// What is not free of the tenant's budget.
    async fn used(&self) -> i64 {
        let (spent, reserved) = spent_and_reserved(self.world, of_tenant(self.world)).await;
        spent + reserved
    }

    async fn compare(&self, used_before: i64) -> Result<(), TestCaseError> {
        let scopes = [of_agency(self.world), of_tenant(self.world)];
        let shares = Share::ALL.iter().map(|share| of_share(self.world, *share));
        for scope in scopes.into_iter().chain(shares) {
            let (spent, reserved) = spent_and_reserved(self.world, scope).await;
            prop_assert_eq!((spent, reserved), self.model.amounts(scope), "{:?}", scope);
            prop_assert!(spent >= 0 && reserved >= 0);
        }
        let (spent, reserved) = spent_and_reserved(self.world, of_tenant(self.world)).await;
        let most = self.model.limits[1].max(used_before) + self.model.overrun;
        prop_assert!(spent + reserved <= most, "more than {} is used", most);
        let is_expired = |it: &&(Reservation, Fate)| it.1 == Fate::Expired;
        let expired: i64 = self.model.wishes.iter().filter(is_expired).map(|it| it.0.amount.0).sum();
        let calls = self.world.store.list_calls(&self.world.tenant, &ANY, None, 10_000).await.unwrap();
        prop_assert_eq!(calls.iter().map(|call| call.cost.0).sum::<i64>(), spent - expired);
        prop_assert_eq!(spent - expired, self.model.costs_of_calls);
        Ok(())
    }
}

/// Runs many sequences on one database.
fn any_sequence_keeps_the_books(open: impl Future<Output = Option<TestDatabase>>, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(database) = runtime.block_on(open) else { return };
    let world = runtime.block_on(World::new(&database));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let steps = prop::collection::vec(any_step(), 1..25);
    let checked = runner.run(&steps, |steps| runtime.block_on(Case::check(&world, steps)));
    if let Err(failure) = checked {
        panic!("{failure}");
    }
}

#[test]
fn any_sequence_keeps_the_books_on_sqlite() {
    any_sequence_keeps_the_books(crate::fresh("sqlite"), 48);
}

#[test]
fn any_sequence_keeps_the_books_on_postgres() {
    any_sequence_keeps_the_books(crate::fresh("postgres"), 48);
}
