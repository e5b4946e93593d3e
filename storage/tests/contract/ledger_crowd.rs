//! Budgets hold when everybody asks at once, on one node or two, and when the database ends in the middle.

use std::sync::Arc;

use futures::future::join_all;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tenants::clock::SystemClock;
use tenants::models::{BudgetScope, Reservation, Reserved, Share};
use tenants::ports::{BudgetLedger, StoreError, UnitOfWork};
use troupe_storage::testing::{PostgresServer, TestDatabase};
use troupe_storage::{Database, DatabaseOptions};

use crate::contract;
use crate::ledger::{
    HOLD, call, granted, line, of_agency, of_share, of_tenant, spent_and_reserved, usd, wanted,
};
use crate::world::{World, is_conflict};

contract! {
    a_thousand_at_once_use_a_budget_up_and_no_more
    a_thousand_calls_cost_what_they_cost_whoever_comes_first
    two_nodes_never_spend_the_same_money
    two_nodes_that_begin_a_day_make_one_budget_of_it
    commits_that_fail_beside_them_are_no_trouble_of_reservations
}

const LIMIT: i64 = 1_000_000;

/// Amounts from 300 to 699, in no order.
fn amount(number: i64) -> i64 {
    300 + number * 7_919 % 400
}

/// Of a budget nearly spent: 1,000 wishes for five times what is left of it.
async fn nearly_spent(world: &World) -> Vec<Reservation> {
    let spent = wanted(world, 900_000, vec![line(world, of_tenant(world), LIMIT)]);
    granted(world, &spent).await;
    world.store.settle(&spent.id, vec![call(world, 900_000)]).await.unwrap();
    (0..1_000)
        .map(|number| wanted(world, amount(number), vec![line(world, of_tenant(world), LIMIT)]))
        .collect()
}

fn is_granted(answer: &Result<Reserved, StoreError>) -> bool {
    matches!(answer, Ok(Reserved::Granted))
}

/// The wishes that were granted. No answer may be an error, and nobody may have been refused who had room.
fn granted_of<'r>(
    wishes: &'r [Reservation],
    answers: &[Result<Reserved, StoreError>],
) -> Vec<&'r Reservation> {
    for (wanted, answer) in wishes.iter().zip(answers) {
        if let Reserved::Refused(full) = answer.as_ref().unwrap() {
            let used = full.spent.0 + full.reserved.0;
            assert!(wanted.amount.0 > full.line.limit.0 - used, "{wanted:?} {full:?}");
            assert!(used * 100 >= full.line.limit.0 * 95, "refused while much is left: {full:?}");
        }
    }
    wishes.iter().zip(answers).filter(|(_, answer)| is_granted(answer)).map(|(wanted, _)| wanted).collect()
}

fn sum(reservations: &[&Reservation]) -> i64 {
    reservations.iter().map(|reservation| reservation.amount.0).sum()
}

async fn a_thousand_at_once_use_a_budget_up_and_no_more(database: TestDatabase) {
    let world = World::new(&database).await;
    let wishes = nearly_spent(&world).await;
    let answers = join_all(wishes.iter().map(|wanted| world.store.reserve(wanted.clone()))).await;
    let granted = sum(&granted_of(&wishes, &answers));
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (900_000, granted));
    assert!((99_300..=100_000).contains(&granted), "{granted}: less than the smallest wish is left");
}

async fn a_thousand_calls_cost_what_they_cost_whoever_comes_first(database: TestDatabase) {
    let world = World::new(&database).await;
    let wishes = nearly_spent(&world).await;
    let calls = wishes.iter().enumerate().map(|(number, wanted)| {
        let cost = wanted.amount.0 + number as i64 % 41 - 20;
        let world = &world;
        async move {
            if !is_granted(&world.store.reserve(wanted.clone()).await) {
                return (0, 0);
            }
            world.store.settle(&wanted.id, vec![call(world, cost)]).await.unwrap();
            (cost, (cost - wanted.amount.0).max(0))
        }
    });
    let (paid, errors): (Vec<i64>, Vec<i64>) = join_all(calls).await.into_iter().unzip();
    let (paid, errors) = (paid.iter().sum::<i64>(), errors.iter().sum::<i64>());
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (900_000 + paid, 0));
    assert!(paid <= 100_000 + errors, "overspent by more than estimates were wrong: {paid}, {errors}");
    assert!(paid >= 95_000, "{paid}");
}

/// Wishes of several tenants of one agency, the budgets of each named in another order.
async fn wishes_of_many(tenants: &[World], many: usize) -> Vec<Reservation> {
    (0..many)
        .map(|number| {
            let who = &tenants[number % tenants.len()];
            let share = Share::ALL[number / 3 % Share::ALL.len()];
            let mut lines = vec![
                line(who, of_agency(who), 100_000),
                line(who, of_tenant(who), 30_000),
                line(who, of_share(who, share), 15_000),
            ];
            lines.rotate_left(number % 3);
            wanted(who, amount(number as i64), lines)
        })
        .collect()
}

/// So many tenants of one agency.
async fn city(database: &TestDatabase, many: usize) -> Vec<World> {
    let first = World::new(database).await;
    let mut all = vec![first.clone()];
    for number in 1..many {
        all.push(first.tenant_named(&format!("shop-{number}")).await);
    }
    all
}

/// Closes both nodes and looks whether the server ever had to end a transaction because two waited for each other: the
/// writer would have tried again and hidden it.
async fn nobody_waited_in_a_circle(database: &TestDatabase, nodes: [&Database; 2]) {
    for node in nodes {
        node.close().await;
    }
    if database.is_sqlite() {
        return;
    }
    let mut server = database.url().parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    // A connection tells what it has counted when it ends.
    let others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    for _ in 0..200 {
        if sqlx::query_scalar::<_, i64>(others).fetch_one(&mut server).await.unwrap() == 0 {
            break;
        }
        pause().await;
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(sqlx::query_scalar::<_, i64>(deadlocks).fetch_one(&mut server).await.unwrap(), 0);
    server.close().await.unwrap();
}

async fn pause() {
    tenants::clock::Clock::sleep(&SystemClock, std::time::Duration::from_millis(50)).await;
}

async fn two_nodes_never_spend_the_same_money(database: TestDatabase) {
    let tenants = city(&database, 5).await;
    let world = &tenants[0];
    let other = database.open_with(Arc::new(world.clock.clone())).await;
    let nodes = [&world.store, &other];
    let wishes = wishes_of_many(&tenants, 600).await;
    let asked = wishes.iter().enumerate().map(|(number, wanted)| nodes[number % 2].reserve(wanted.clone()));
    let answers = join_all(asked).await;
    let granted = granted_of(&wishes, &answers);
    let (_, reserved) = spent_and_reserved(world, of_agency(world)).await;
    assert_eq!(reserved, sum(&granted));
    assert!((99_300..=100_000).contains(&reserved), "{reserved}");
    for tenant in &tenants {
        let own: Vec<_> = granted.iter().copied().filter(|it| it.tenant == tenant.tenant).collect();
        let (_, reserved) = spent_and_reserved(tenant, of_tenant(tenant)).await;
        assert_eq!(reserved, sum(&own));
        let mut shares = 0;
        for share in Share::ALL {
            shares += spent_and_reserved(tenant, of_share(tenant, *share)).await.1;
        }
        assert_eq!(shares, reserved);
    }
    // Whoever settles, on whichever node, and however often.
    let settled = granted.iter().enumerate().flat_map(|(number, wanted)| {
        let who = tenants.iter().find(|it| it.tenant == wanted.tenant).unwrap();
        let calls = vec![call(who, wanted.amount.0)];
        let again = nodes[number % 2].settle(&wanted.id, calls.clone());
        [nodes[(number + 1) % 2].settle(&wanted.id, calls), again]
    });
    let settled = join_all(settled).await;
    assert!(settled.iter().all(Result::is_ok), "{:?}", settled.iter().find(|it| it.is_err()));
    assert_eq!(spent_and_reserved(world, of_agency(world)).await, (sum(&granted), 0));
    nobody_waited_in_a_circle(&database, nodes).await;
}

async fn two_nodes_that_begin_a_day_make_one_budget_of_it(database: TestDatabase) {
    let world = World::new(&database).await;
    let other = database.open_with(Arc::new(world.clock.clone())).await;
    for day in 0..20 {
        let wishes: Vec<_> = (0..8)
            .map(|number| {
                let mut lines =
                    vec![line(&world, of_agency(&world), 5_000), line(&world, of_tenant(&world), 500)];
                lines.iter_mut().for_each(|line| line.day = format!("2026-01-{day:02}"));
                lines.rotate_left(number % 2);
                wanted(&world, 100, lines)
            })
            .collect();
        let asked = wishes.iter().enumerate().map(|(number, wanted)| {
            let node = if number % 2 == 0 { &world.store } else { &other };
            node.reserve(wanted.clone())
        });
        let answers = join_all(asked).await;
        assert_eq!(answers.iter().filter(|answer| is_granted(answer)).count(), 5, "{answers:?}");
    }
    nobody_waited_in_a_circle(&database, [&world.store, &other]).await;
}

async fn commits_that_fail_beside_them_are_no_trouble_of_reservations(database: TestDatabase) {
    let tenants = city(&database, 16).await;
    let other = database.open_with(Arc::new(tenants[0].clock.clone())).await;
    let nodes = [&tenants[0].store, &other];
    for _ in 0..6 {
        // Each node hears of the tenants in its own order, and has to take every batch apart.
        let (forth, back) = (tenants.iter(), tenants.iter().rev());
        let answers = tokio::join!(
            join_all(forth.map(|who| reserve_beside_a_failure(who, nodes[0]))),
            join_all(back.map(|who| reserve_beside_a_failure(who, nodes[1]))),
        );
        assert!(answers.0.iter().chain(&answers.1).all(is_granted), "{answers:?}");
    }
    for who in &tenants {
        assert_eq!(spent_and_reserved(who, of_tenant(who)).await, (0, 1_200));
    }
    nobody_waited_in_a_circle(&database, nodes).await;
}

async fn reserve_beside_a_failure(who: &World, node: &Database) -> Result<Reserved, StoreError> {
    let state = tenants::effect::EffectState::Pending;
    let unknown = who.effect(crate::world::hide("1"));
    let fails = node.commit(who.changes([who.move_effect(&unknown, state, state)]));
    let reserved = node.reserve(wanted(who, 100, vec![line(who, of_tenant(who), LIMIT)]));
    let (failed, reserved) = tokio::join!(fails, reserved);
    assert!(is_conflict(&failed));
    reserved
}

#[tokio::test]
async fn a_machine_that_dies_leaves_its_reservations_in_the_file() {
    let database = TestDatabase::sqlite();
    let world = World::new(&database).await;
    let wishes = nearly_spent(&world).await;
    let answers = join_all(wishes.iter().map(|wanted| world.store.reserve(wanted.clone()))).await;
    let granted = sum(&granted_of(&wishes, &answers));

    // What is on the disk at this moment, without any goodbye.
    let folder = tempfile::tempdir().unwrap();
    let file = database.url().trim_start_matches("sqlite:").to_owned();
    let copy = folder.path().join("troupe.db").display().to_string();
    std::fs::copy(&file, &copy).unwrap();
    std::fs::copy(format!("{file}-wal"), format!("{copy}-wal")).unwrap();

    let store = Database::open(DatabaseOptions::new(copy, Arc::new(world.clock.clone()))).await.unwrap();
    let found = store.find_budget(&of_tenant(&world), crate::ledger::DAY).await.unwrap().unwrap();
    assert_eq!((found.spent, found.reserved), (usd(900_000), usd(granted)));
    world.pass(HOLD);
    assert_eq!(
        store.expire_reservations(world.now()).await.unwrap(),
        answers.iter().filter(|it| is_granted(it)).count() as u64
    );
    let found = store.find_budget(&of_tenant(&world), crate::ledger::DAY).await.unwrap().unwrap();
    assert_eq!((found.spent, found.reserved), (usd(900_000 + granted), usd(0)));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_under_a_thousand_wishes_loses_and_doubles_nothing() {
    let Some(server) = PostgresServer::start() else { return };
    let database = TestDatabase::on(&server).await;
    let mut world = World::new(&database).await;
    // Few at a time, so that it takes long enough to be interrupted.
    let mut options = DatabaseOptions::new(database.url(), Arc::new(world.clock.clone()));
    options.limits.batch = 4;
    world.store = Database::open(options).await.unwrap();
    let wishes = nearly_spent(&world).await;
    let flood = wishes.iter().map(|wanted| world.store.reserve(wanted.clone()));
    let (first, ()) = tokio::join!(join_all(flood), async {
        tokio::task::block_in_place(|| server.crash());
    });
    assert!(first.iter().any(|answer| answer.is_err()), "it died too late to prove anything");
    tokio::task::block_in_place(|| server.restart());

    let (spent, reserved) = after_restart(&world, of_tenant(&world)).await;
    assert!(spent + reserved <= LIMIT);
    let known: i64 =
        wishes.iter().zip(&first).filter(|(_, it)| is_granted(it)).map(|(it, _)| it.amount.0).sum();
    assert!(known <= reserved, "what was granted is there");
    // Whoever had no answer asks again, with the same id.
    let again = join_all(wishes.iter().map(|wanted| world.store.reserve(wanted.clone()))).await;
    let granted = sum(&granted_of(&wishes, &again));
    assert_eq!(spent_and_reserved(&world, of_tenant(&world)).await, (900_000, granted));
    assert!((99_300..=100_000).contains(&granted), "{granted}");
}

/// The first reads after a restart may still find connections of the server that has gone.
async fn after_restart(world: &World, scope: BudgetScope) -> (i64, i64) {
    for _ in 0..50 {
        if world.store.find_budget(&scope, crate::ledger::DAY).await.is_ok() {
            break;
        }
        pause().await;
    }
    spent_and_reserved(world, scope).await
}
