//! People are warned before and when a budget is used up: once, over nodes and restarts, and not for longer than it is
//! true.

use std::time::Duration;

use actors::budgets::BudgetWarnings;
use llm::budget::BudgetWatch;
use serde_json::{Value, json};
use tenants::ids::ReservationId;
use tenants::models::{Reservation, Reserved, Task};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, Directory};

use crate::budgets::{spend, world_at_noon};
use crate::world::World;

/// What a node hears of its calls; a restarted one remembers nothing.
fn a_node() -> BudgetWarnings {
    BudgetWarnings::register(&prometheus::Registry::new()).unwrap()
}

async fn spends(world: &World, node: &BudgetWarnings, cost: i64) {
    node.settled(&spend(world, &world.bakery, Task::Crisis, cost).await);
    assert!(node.raise_noted(&world.rig.ports).await);
}

/// Alerts about budgets of the bakery, oldest first, as severity, occurrences and who resolved them.
async fn alerts(world: &World) -> Vec<(String, i64, Option<String>)> {
    let all = world.rig.get(&world.bakery.key.text, &world.bakery.path("/alerts")).await.ok();
    let of_budgets = all["items"].as_array().unwrap().iter().rev().filter(|it| it["alert_type"] == "budget");
    let text = |value: &Value| value.as_str().map(str::to_owned);
    of_budgets
        .map(|it| {
            let severity = text(&it["severity"]).unwrap();
            (severity, it["occurrences"].as_i64().unwrap(), text(&it["resolved_by"]))
        })
        .collect()
}

async fn set_daily(world: &World, daily: i64) {
    let body = json!({ "daily_micro_usd": daily });
    world.rig.call(&world.bakery.key.text, "PUT", &world.bakery.path("/budget"), Some(body)).await.ok();
}

fn open(severity: &str) -> (String, i64, Option<String>) {
    (severity.into(), 1, None)
}

fn ended(severity: &str, by: &str) -> (String, i64, Option<String>) {
    (severity.into(), 1, Some(by.into()))
}

#[tokio::test]
async fn a_budget_warns_at_four_fifths_and_at_its_end_and_is_quiet_the_next_day() {
    let world = world_at_noon().await;
    let node = a_node();
    spends(&world, &node, 3_990_000).await;
    assert_eq!(alerts(&world).await, []);
    spends(&world, &node, 60_000).await;
    spends(&world, &node, 10_000).await;
    assert_eq!(alerts(&world).await, [open("warning")]);
    let first =
        world.rig.get(&world.bakery.key.text, &world.bakery.path("/alerts")).await.ok()["items"][0].clone();
    let message = first["message"].as_str().unwrap();
    assert!(message.contains("used to 81 %: $4.05 of $5.00"), "{message}");
    assert!(message.contains("00:00 (Europe/Lisbon)"), "{message}");

    // Another node hears of the same, and this one starts again.
    let (other, restarted) = (a_node(), a_node());
    spends(&world, &other, 10_000).await;
    spends(&world, &restarted, 930_000).await;
    spends(&world, &node, 0).await;
    assert_eq!(alerts(&world).await, [open("warning"), open("critical")]);

    restarted.sweep(&world.rig.ports).await;
    assert_eq!(alerts(&world).await, [open("warning"), open("critical")], "the day is not over");
    world.rig.clock.advance(Duration::from_secs(25 * 3_600));
    restarted.sweep(&world.rig.ports).await;
    assert_eq!(alerts(&world).await, [ended("warning", "budgets"), ended("critical", "budgets")]);
    // A new day has warnings of its own.
    spends(&world, &restarted, 4_000_000).await;
    assert_eq!(alerts(&world).await[2..], [open("warning")]);
}

#[tokio::test]
async fn a_warning_that_somebody_resolved_does_not_come_back_on_its_day() {
    let world = world_at_noon().await;
    let node = a_node();
    spends(&world, &node, 4_200_000).await;
    let path = world.bakery.path("/alerts");
    let found = world.rig.get(&world.bakery.key.text, &path).await.ok()["items"][0]["id"].clone();
    let resolve = format!("{path}/{}/resolve", found.as_str().unwrap());
    world.rig.post(&world.bakery.key.text, &resolve, json!({})).await.ok();
    for node in [node, a_node()] {
        spends(&world, &node, 1_000).await;
    }
    assert_eq!(alerts(&world).await.len(), 1);
}

#[tokio::test]
async fn a_raised_limit_ends_the_warning_and_the_next_one_may_come() {
    let world = world_at_noon().await;
    let node = a_node();
    spends(&world, &node, 4_500_000).await;
    set_daily(&world, 5_500_000).await;
    node.sweep(&world.rig.ports).await;
    assert_eq!(alerts(&world).await, [open("warning")], "nine tenths became four fifths: it is true still");
    set_daily(&world, 10_000_000).await;
    node.sweep(&world.rig.ports).await;
    assert_eq!(alerts(&world).await, [ended("warning", "budgets")]);
    spends(&world, &node, 1_000_000).await;
    assert_eq!(alerts(&world).await.len(), 1);
    spends(&world, &node, 3_000_000).await;
    assert_eq!(alerts(&world).await, [ended("warning", "budgets"), open("warning")]);
}

#[tokio::test]
async fn a_refusal_and_an_agencys_budget_are_told_to_those_whom_they_concern() {
    let world = world_at_noon().await;
    let (rig, north, node) = (&world.rig, &world.north, a_node());
    let body = json!({ "daily_micro_usd": 1_000_000 });
    rig.call(&north.key.text, "PUT", &north.path("/budget"), Some(body)).await.ok();
    let (tenant, at) = (world.bakery.tenant.id, rig.now());
    let context = rig.database.load_context(&tenant, "2026-01-01").await.unwrap().unwrap();
    let wanted = Reservation {
        id: ReservationId::new(&rig.ports.ids),
        tenant,
        task: Task::ShortReply,
        amount: MicroUsd(1_500_000),
        lines: context.budget().lines(Task::ShortReply, at),
        at,
        expires_at: at + Duration::from_secs(60),
    };
    let Reserved::Refused(state) = rig.database.reserve(wanted).await.unwrap() else { panic!("it has room") };
    node.refused(&state);
    node.refused(&state);
    assert!(node.raise_noted(&rig.ports).await);
    assert_eq!(alerts(&world).await, [], "it is no tenant's");
    let all = rig.get(&north.key.text, &north.path("/alerts")).await.ok();
    let found: Vec<_> =
        all["items"].as_array().unwrap().iter().filter(|it| it["alert_type"] == "budget").collect();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["severity"], &found[0]["tenant"]), (&json!("critical"), &Value::Null));
    assert!(found[0]["message"].as_str().unwrap().contains("all tenants of North together"));
    let south = rig.get(&world.south.key.text, &world.south.path("/alerts")).await.ok();
    assert!(!south.to_string().contains("all tenants of North"));

    let lift = json!({ "daily_micro_usd": null });
    rig.call(&north.key.text, "PUT", &north.path("/budget"), Some(lift)).await.ok();
    node.sweep(&rig.ports).await;
    let after = rig.get(&north.key.text, &north.path("/alerts?resolved=false")).await.ok();
    assert!(
        !after.to_string().contains("all tenants of North"),
        "without a limit there is nothing to warn of"
    );
}
