//! A process that is killed in the middle of a thousand calls: what it has spent and what it had set aside stays spent.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use futures::future::join_all;
use llm::Input;
use storage::testing::TestDatabase;
use tenants::clock::{Clock, SystemClock};
use tenants::ports::BudgetLedger;

use crate::house::{House, Household, told};
use crate::priced::{CATALOGUE, LEAST, MOST, Priced};

const LIMIT: i64 = 200_000;
/// What the other process is told by.
const ORDERS: &str = "TROUPE_TEST_SPENDER";
/// Answers after which it is killed.
const ENOUGH: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_while_it_calls_overspends_nothing_on_sqlite() {
    a_process_that_is_killed_while_it_calls_overspends_nothing(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_while_it_calls_overspends_nothing_on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        a_process_that_is_killed_while_it_calls_overspends_nothing(database).await;
    }
}

async fn a_process_that_is_killed_while_it_calls_overspends_nothing(database: TestDatabase) {
    let house = House::build(&database, LIMIT, CATALOGUE, &Priced::new(|_| {})).await;
    for _ in 0..20 {
        house.ask(Input::text("", "hi")).await.unwrap();
    }
    let before = house.reckon().await.0.spent.0;
    let Household { agency, tenant, limit } = house.household;
    let orders = format!("{} {agency} {tenant} {limit}", database.url());
    let billed = tokio::task::block_in_place(|| billed_until_killed(&orders));

    // A new process finds what the dead one had set aside, and takes it for spent in time.
    let house = House::enter(database.url(), house.household, CATALOGUE, &Priced::new(|_| {})).await;
    let found = house.budget().await;
    assert!(found.reserved.0 > 0, "it was killed too late to prove anything: {found:?}");
    assert!(found.spent.0 + found.reserved.0 <= LIMIT + MOST - LEAST, "{found:?}");
    let expired =
        house.database.expire_reservations(SystemClock.now() + Duration::from_secs(3_600)).await.unwrap();
    let found = house.budget().await;
    assert_eq!(found.reserved.0, 0);
    let unknown = expired as i64 * (MOST - LEAST);
    assert!(
        billed <= found.spent.0 - before + unknown,
        "{billed} were billed, {found:?}, and {expired} estimates were wrong"
    );

    // What is left can be used up, and no more.
    assert!(house.router.recall_costs().await.unwrap() >= 20);
    while house.ask(Input::text("", "hi")).await.is_ok() {}
    let spent = house.budget().await.spent.0;
    assert!(spent <= LIMIT + MOST - LEAST, "{spent}");
    assert!(spent * 100 >= LIMIT * 95, "{spent}");
}

/// Starts another process that spends, and kills it; what it was billed, as it said before it died.
fn billed_until_killed(orders: &str) -> i64 {
    let mut spender = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::spends_until_it_is_killed", "--ignored", "--nocapture"])
        .env(ORDERS, orders)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(spender.stdout.take().unwrap()).lines();
    let mut bills =
        said.filter_map(|line| line.unwrap().strip_prefix("billed ").map(|it| it.parse().unwrap()));
    let first: Vec<i64> = bills.by_ref().take(ENOUGH).collect();
    spender.kill().unwrap();
    spender.wait().unwrap();
    assert_eq!(first.len(), ENOUGH, "it ended by itself");
    first.iter().sum::<i64>() + bills.sum::<i64>()
}

/// Not a test: the process that is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by the tests of this file"]
async fn spends_until_it_is_killed() {
    let orders = told(ORDERS).expect("this is started by a test, not by hand");
    let [url, agency, tenant, limit] = orders.split(' ').collect::<Vec<_>>()[..] else { panic!("{orders}") };
    let household = Household {
        agency: agency.parse().unwrap(),
        tenant: tenant.parse().unwrap(),
        limit: limit.parse().unwrap(),
    };
    let say = |cost| println!("billed {cost}");
    let house = House::enter(url, household, CATALOGUE, &Priced::new(say)).await;
    house.router.recall_costs().await.unwrap();
    join_all((0..1_000).map(|_| house.ask(Input::text("", "hi")))).await;
    // Whoever started this kills it before.
    std::future::pending::<()>().await;
}
