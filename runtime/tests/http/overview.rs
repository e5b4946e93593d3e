//! An agency in one look.

use serde_json::{Value, json};
use tenants::changes::{Change, Changes};
use tenants::conversation::Owner;
use tenants::ports::{Conversations, UnitOfWork};

use crate::world::{Shop, World};

async fn rows(world: &World, query: &str) -> Vec<Value> {
    let path = world.north.path(&format!("/overview{query}"));
    world.rig.get(&world.north.key.text, &path).await.ok()["items"].as_array().unwrap().clone()
}

fn of<'r>(rows: &'r [Value], shop: &Shop) -> &'r Value {
    rows.iter().find(|row| row["tenant"] == shop.tenant.id.to_string()).unwrap()
}

#[tokio::test]
async fn what_waits_at_each_tenant_is_counted_and_nothing_of_others() {
    let world = World::new().await;
    let seen = rows(&world, "").await;
    assert_eq!(seen.len(), 2, "the tenant of the other agency is not among them");
    let bakery = of(&seen, &world.bakery);
    assert_eq!(bakery["pending_approvals"], 2);
    assert_eq!(bakery["open_alerts"], json!({ "info": 0, "warning": 0, "error": 1, "critical": 0 }));
    assert_eq!((&bakery["dead_letters"], &bakery["conversations_with_people"]), (&json!(1), &json!(0)));
    assert_eq!((&bakery["accounts_to_reconnect"], &bakery["spent_today_micro_usd"]), (&json!(0), &json!(0)));

    let (rig, shop) = (&world.rig, &world.bakery);
    let mut direct =
        rig.database.find_conversation(&shop.tenant.id, &shop.objects.direct).await.unwrap().unwrap();
    direct.owner = Owner::Human;
    let changes = Changes::of_tenant(shop.tenant.id).with(Change::PutConversation(Box::new(direct)));
    rig.database.commit(changes).await.unwrap();
    let account = shop.path(&format!("/accounts/{}/disconnect", shop.account.id));
    rig.post(&shop.key.text, &account, json!({})).await.ok();
    let approval = shop.path(&format!("/approvals/{}/reject", shop.objects.approval));
    rig.post(&shop.key.text, &approval, json!({})).await.ok();
    let seen = rows(&world, "").await;
    let bakery = of(&seen, shop);
    assert_eq!(bakery["pending_approvals"], 1);
    assert_eq!(bakery["conversations_with_people"], 1);
    assert_eq!(bakery["accounts_to_reconnect"], 1);
    assert_eq!(of(&seen, &world.florist)["accounts_to_reconnect"], 0);
}

#[tokio::test]
async fn it_comes_in_pages_and_tenants_are_found_by_name_and_slug() {
    let world = World::new().await;
    let first = rows(&world, "?limit=1").await;
    assert_eq!(first[0]["slug"], "florist", "newest first");
    for (list, slug) in [("overview", "slug"), ("tenants", "slug")] {
        let found = |q: &str| {
            let path = world.north.path(&format!("/{list}?q={q}"));
            let world = &world;
            async move {
                let found = world.rig.get(&world.north.key.text, &path).await.ok();
                let items = found["items"].as_array().unwrap().clone();
                items.iter().map(|it| it[slug].as_str().unwrap().to_owned()).collect::<Vec<_>>()
            }
        };
        assert_eq!(found("BAK").await, ["bakery"], "{list}");
        assert_eq!(found("r").await, ["florist", "bakery"], "{list}");
        assert_eq!(found("rival").await, Vec::<String>::new(), "{list}");
        assert_eq!(found("%25").await, Vec::<String>::new(), "{list}: a percent sign is one");
    }
    let long = "x".repeat(201);
    world.rig.get(&world.north.key.text, &world.north.path(&format!("/tenants?q={long}"))).await.problem(400);
}

#[tokio::test]
async fn a_decision_is_read_with_its_reasons() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let path = bakery.path(&format!("/decisions/{}", bakery.objects.decision));
    let made = world.rig.get(&bakery.key.text, &path).await.ok();
    assert_eq!(made["event"], bakery.objects.event.to_string());
    assert_eq!(made["decision"]["reason"], "question is answered");
    assert_eq!(made["incoming_text"], "do you ship to Porto?");
}
