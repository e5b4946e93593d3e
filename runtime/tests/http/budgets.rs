//! Budgets that are set and looked at, and what calls have cost.

use std::time::Duration;

use chrono::Timelike;
use serde_json::{Value, json};
use tenants::ids::{CallId, EventId, ReservationId};
use tenants::models::{CallOutcome, LlmCall, Reservation, Reserved, Task};
use tenants::money::MicroUsd;
use tenants::ports::{BudgetLedger, BudgetOverview, Directory, Hint};

use crate::world::{Shop, World};

/// A world on its noon (in Lisbon), so that no story crosses midnight.
pub async fn world_at_noon() -> World {
    let world = World::new().await;
    let local = world.rig.now().to_utc().with_timezone(&chrono_tz::Tz::Europe__Lisbon);
    let passed = u64::from(local.num_seconds_from_midnight());
    world.rig.clock.advance(Duration::from_secs((36 * 3_600 - passed) % 86_400));
    world
}

/// A call of a tenant that cost so much, paid from all budgets it counts against.
pub async fn spend(world: &World, shop: &Shop, task: Task, cost: i64) -> Vec<tenants::models::BudgetState> {
    let (rig, tenant) = (&world.rig, shop.tenant.id);
    let (ids, at) = (&rig.ports.ids, rig.now());
    let context = rig.database.load_context(&tenant, "2026-01-01").await.unwrap().unwrap();
    let (id, amount) = (ReservationId::new(ids), MicroUsd(cost));
    let lines = context.budget().lines(task, at);
    let wanted =
        Reservation { id, tenant, task, amount, lines, at, expires_at: at + Duration::from_secs(60) };
    assert_eq!(rig.database.reserve(wanted).await.unwrap(), Reserved::Granted);
    rig.database.settle(&id, vec![call(world, shop, task, cost)]).await.unwrap()
}

fn call(world: &World, shop: &Shop, task: Task, cost: i64) -> LlmCall {
    LlmCall {
        id: CallId::new(&world.rig.ports.ids),
        tenant: shop.tenant.id,
        task,
        event: Some(EventId::new(&world.rig.ports.ids)),
        provider: "moonshot".into(),
        model: "kimi-k2.5".into(),
        prompt: Some("short_reply@1".into()),
        tokens_in: 900,
        tokens_cached: 100,
        tokens_out: 60,
        cost: MicroUsd(cost),
        is_estimate: false,
        latency_us: 800_000,
        attempt: 1,
        fallback_reason: None,
        outcome: CallOutcome::Answered,
        error: None,
        at: world.rig.now(),
    }
}

async fn put(world: &World, key: &str, path: &str, body: Value) -> crate::rig::Reply {
    world.rig.call(key, "PUT", path, Some(body)).await
}

#[tokio::test]
async fn a_tenants_budget_shows_what_is_set_spent_and_left() {
    let world = world_at_noon().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let path = bakery.path("/budget");
    let fresh = rig.get(&bakery.key.text, &path).await.ok();
    assert_eq!((&fresh["models"], &fresh["models_asked_today"]), (&json!("all"), &json!(false)));
    assert_eq!(fresh["shares"], json!({ "routine": 80, "planning": 15, "care": 100 }));

    spend(&world, bakery, Task::ShortReply, 4_000_000).await;
    let budget = rig.get(&bakery.key.text, &path).await.ok();
    let told: Vec<_> = budget["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let number = |name: &str| line[name].as_i64().unwrap();
            (
                line["scope"].as_str().unwrap(),
                number("spent_micro_usd"),
                number("left_micro_usd"),
                number("percent"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("tenant", 4_000_000, 1_000_000, 80),
            ("share", 4_000_000, 0, 100),
            ("share", 0, 750_000, 0),
            ("share", 0, 5_000_000, 0),
        ]
    );
    assert_eq!(
        (&budget["lines"][0]["level"], &budget["lines"][1]["level"]),
        (&json!("warning"), &json!("spent"))
    );
    assert_eq!((&budget["models"], &budget["degraded"]), (&json!("some"), &json!(["routine"])));
    assert_eq!(budget["models_asked_today"], true);
    let resets_at: tenants::clock::Timestamp =
        budget["lines"][0]["resets_at"].as_str().unwrap().parse().unwrap();
    assert!(resets_at > rig.now() && resets_at <= rig.now() + Duration::from_secs(90_000));
}

#[tokio::test]
async fn a_tenants_budget_is_set_in_parts_and_recorded() {
    let world = world_at_noon().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let (key, path) = (&bakery.key.text, bakery.path("/budget"));
    put(&world, key, &bakery.path("/settings"), json!({ "blocked_words": ["cheap"] })).await.ok();
    let shares = json!({ "routine": 50, "planning": 20, "care": 90 });
    put(&world, key, &path, json!({ "daily_micro_usd": 10_000_000 })).await.ok();
    let both = put(&world, key, &path, json!({ "shares": shares })).await.ok();
    assert_eq!((&both["daily_micro_usd"], &both["shares"]), (&json!(10_000_000), &shares));
    assert_eq!(both["lines"][1]["limit_micro_usd"], 5_000_000);
    let settings = rig.get(key, &bakery.path("/settings")).await.ok();
    assert_eq!(settings["blocked_words"], json!(["cheap"]), "nothing else has changed");
    assert_eq!(
        (&settings["daily_budget_micro_usd"], &settings["budget_shares"]),
        (&json!(10_000_000), &shares)
    );
    let audit = rig.get(key, &bakery.path("/audit?event_type=budget.changed")).await.ok();
    assert_eq!(audit["items"].as_array().unwrap().len(), 2);

    for (field, body) in [
        ("daily_micro_usd", json!({ "daily_micro_usd": -1 })),
        ("budget_shares.care", json!({ "shares": { "routine": 1, "planning": 1, "care": 101 } })),
        ("shares.care", json!({ "shares": { "routine": 1, "planning": 1, "care": 300 } })),
        ("shares.planning", json!({ "shares": { "routine": 1 } })),
    ] {
        assert_eq!(put(&world, key, &path, body).await.problem(422)["field"], field);
    }
    let nothing = put(&world, key, &path, json!({ "daily_micro_usd": 0 })).await.ok();
    assert_eq!((&nothing["models"], &nothing["lines"][0]["percent"]), (&json!("none"), &json!(100)));
}

#[tokio::test]
async fn an_agencys_budget_counts_for_its_tenants_and_is_shown_to_those_who_may_see_it() {
    let world = world_at_noon().await;
    let (rig, north, bakery) = (&world.rig, &world.north, &world.bakery);
    let mut hints = rig.ports.wake.subscribe();
    let set = put(&world, &north.key.text, &north.path("/budget"), json!({ "daily_micro_usd": 1_000_000 }))
        .await
        .ok();
    assert_eq!(set["line"]["limit_micro_usd"], 1_000_000);
    assert_eq!(hints.recv().await.unwrap(), Hint::AgencyAudit(north.agency.id));
    let mut told = vec![hints.recv().await.unwrap(), hints.recv().await.unwrap()];
    told.sort_by_key(|hint| format!("{hint:?}"));
    let mut tenants = [bakery, &world.florist].map(|shop| Hint::TenantChanged(shop.tenant.id)).to_vec();
    tenants.sort_by_key(|hint| format!("{hint:?}"));
    assert_eq!(told, tenants, "actors that are awake load the new budget");
    spend(&world, bakery, Task::Crisis, 1_000_000).await;

    let own = rig.get(&bakery.key.text, &bakery.path("/budget")).await.ok();
    assert!(!own.to_string().contains("agency"), "a tenant's key does not see what others spend: {own}");
    assert_eq!(own["models"], "none", "but it holds for it");
    let seen = rig.get(&north.key.text, &bakery.path("/budget")).await.ok();
    assert_eq!((&seen["lines"][0]["scope"], &seen["lines"][0]["percent"]), (&json!("agency"), &json!(100)));

    let first = rig.get(&north.key.text, &north.path("/budget?limit=1")).await.ok();
    let cursor = first["tenants"]["next_cursor"].as_str().unwrap();
    let second =
        rig.get(&north.key.text, &north.path(&format!("/budget?limit=1&cursor={cursor}"))).await.ok();
    let day = |page: &Value| {
        let day = &page["tenants"]["items"][0];
        (day["slug"].as_str().unwrap().to_owned(), day["budget"]["spent_micro_usd"].as_i64().unwrap())
    };
    assert_eq!((day(&first), day(&second)), (("florist".into(), 0), ("bakery".into(), 1_000_000)));
    assert_eq!(second["tenants"]["next_cursor"], Value::Null);

    let lifted =
        put(&world, &north.key.text, &north.path("/budget"), json!({ "daily_micro_usd": null })).await.ok();
    assert_eq!((&lifted["daily_micro_usd"], &lifted["line"]), (&Value::Null, &Value::Null));
    assert_eq!(rig.database.agency_budget(&north.agency.id).await.unwrap(), None);
    put(&world, &north.key.text, &north.path("/budget"), json!({})).await.problem(422);
    put(&world, &north.key.text, &north.path("/budget"), json!({ "daily_micro_usd": -5 })).await.problem(422);
    put(&world, &bakery.key.text, &north.path("/budget"), json!({ "daily_micro_usd": 5 })).await.problem(403);
    rig.get(&bakery.key.text, &north.path("/budget")).await.problem(403);
    put(&world, &world.south.key.text, &north.path("/budget"), json!({ "daily_micro_usd": 5 }))
        .await
        .problem(404);
}

#[tokio::test]
async fn calls_are_listed_in_pages_with_everything_but_texts() {
    let world = world_at_noon().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    for cost in 1..=5 {
        spend(&world, bakery, if cost == 3 { Task::Classify } else { Task::ShortReply }, cost).await;
    }
    spend(&world, &world.florist, Task::Classify, 99).await;
    let mut costs = Vec::new();
    let mut path = bakery.path("/llm-calls?limit=2");
    loop {
        let page = rig.get(&bakery.key.text, &path).await.ok();
        costs.extend(
            page["items"].as_array().unwrap().iter().map(|call| call["cost_micro_usd"].as_i64().unwrap()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = bakery.path(&format!("/llm-calls?limit=2&cursor={cursor}"));
    }
    assert_eq!(costs, [5, 4, 3, 2, 1]);
    let found =
        rig.get(&bakery.key.text, &bakery.path("/llm-calls?task=classify&outcome=answered")).await.ok();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let call = &found["items"][0];
    assert_eq!((&call["prompt"], &call["tokens_cached"]), (&json!("short_reply@1"), &json!(100)));
    let by_event = format!("/llm-calls?event={}", call["event"].as_str().unwrap());
    assert_eq!(
        rig.get(&bakery.key.text, &bakery.path(&by_event)).await.ok()["items"][0]["cost_micro_usd"],
        3
    );
    for bad in ["/llm-calls?task=cooking", "/llm-calls?cursor=x", "/llm-calls?event=evt_1"] {
        rig.get(&bakery.key.text, &bakery.path(bad)).await.problem(400);
    }
}

#[tokio::test]
async fn costs_are_summed_for_a_tenant_and_for_its_agency() {
    let world = world_at_noon().await;
    let (rig, north, bakery) = (&world.rig, &world.north, &world.bakery);
    spend(&world, bakery, Task::ShortReply, 300).await;
    spend(&world, bakery, Task::Classify, 20).await;
    spend(&world, &world.florist, Task::Classify, 7).await;
    spend(&world, &world.rival, Task::Classify, 1_000).await;
    let own = rig.get(&bakery.key.text, &bakery.path("/costs?by=task")).await.ok();
    assert_eq!((&own["total"]["cost_micro_usd"], &own["time_zone"]), (&json!(320), &json!("Europe/Lisbon")));
    let told: Vec<_> = own["costs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cost| (&cost["task"], &cost["cost_micro_usd"]))
        .collect();
    assert_eq!(told, [(&json!("short_reply"), &json!(300)), (&json!("classify"), &json!(20))]);
    assert_eq!((&own["costs"][0]["model"], &own["costs"][0]["day"]), (&Value::Null, &Value::Null));

    let daily = rig.get(&bakery.key.text, &bakery.path("/costs")).await.ok();
    assert_eq!(daily["costs"].as_array().unwrap().len(), 2);
    assert_eq!((&daily["costs"][0]["day"], &daily["costs"][0]["p95_us"]), (&daily["to"], &json!(800_000)));
    let past = rig.get(&bakery.key.text, &bakery.path("/costs?from=2025-01-01&to=2025-01-31")).await.ok();
    assert_eq!((&past["total"], &past["costs"]), (&Value::Null, &json!([])));

    let all = rig.get(&north.key.text, &north.path("/costs?by=model,provider,prompt")).await.ok();
    assert_eq!((&all["total"]["cost_micro_usd"], &all["costs"][0]["calls"]), (&json!(327), &json!(3)));
    rig.get(&bakery.key.text, &north.path("/costs")).await.problem(403);
    for bad in ["by=colour", "from=2026-01-02&to=2026-01-01", "from=2025-01-01", "to=soon"] {
        rig.get(&bakery.key.text, &bakery.path(&format!("/costs?{bad}"))).await.problem(400);
    }
}
