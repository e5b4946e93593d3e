//! What a tenant remembers, told, imported, searched and forgotten through the API.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::rig::Reply;
use crate::world::{Shop, World};

const FAQ: &str =
    "# Bakery\n\n## Do you ship to Spain?\nYes, in three days.\n\n## Hours\n- Mon-Fri 10:00-18:00\n";

async fn import(world: &World, shop: &Shop, query: &str, content_type: &str, file: &str) -> Reply {
    let request = Request::post(format!("/api/v1{}", shop.path(&format!("/memory/import{query}"))))
        .header("x-api-key", &shop.key.text)
        .header("content-type", content_type)
        .body(Body::from(file.to_owned()))
        .unwrap();
    world.rig.send(request).await
}

async fn found(world: &World, shop: &Shop, query: &str) -> Vec<String> {
    let answer = world.rig.get(&shop.key.text, &shop.path(&format!("/memory/search?{query}"))).await.ok();
    let items = answer["items"].as_array().unwrap().clone();
    items.iter().map(|it| it["item"]["text"].as_str().unwrap().to_owned()).collect()
}

async fn audited(world: &World, shop: &Shop, event_type: &str) -> Vec<Value> {
    let path = shop.path(&format!("/audit?event_type={event_type}"));
    world.rig.get(&shop.key.text, &path).await.ok()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_fact_that_was_told_is_found_at_once_and_a_second_telling_counts() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let fact =
        json!({ "visibility": "customer", "title": "Do you have rye bread?", "text": "Every Friday." });
    let told = world.rig.post(&bakery.key.text, &bakery.path("/memory"), fact.clone()).await;
    assert_eq!(told.status.as_u16(), 201);
    let told = told.ok();
    assert_eq!((told["kind"].as_str(), told["source"].as_str()), (Some("brand_fact"), Some("api")));
    assert_eq!(found(&world, bakery, "q=rye&visibility=customer").await, ["Every Friday."]);
    let again = world.rig.post(&bakery.key.text, &bakery.path("/memory"), fact).await.ok();
    assert_eq!((&again["id"], again["seen"].as_u64()), (&told["id"], Some(2)));
    assert_eq!(audited(&world, bakery, "memory.added").await.len(), 2);

    let path = bakery.path(&format!("/memory/{}", told["id"].as_str().unwrap()));
    assert_eq!(world.rig.call(&bakery.key.text, "DELETE", &path, None).await.status.as_u16(), 204);
    world.rig.get(&bakery.key.text, &path).await.problem(404);
    world.rig.call(&bakery.key.text, "DELETE", &path, None).await.problem(404);
    assert!(found(&world, bakery, "q=rye").await.is_empty());
    assert_eq!(audited(&world, bakery, "memory.forgotten").await.len(), 1);
}

#[tokio::test]
async fn a_note_is_found_by_the_people_at_the_agency_only() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let note = json!({ "visibility": "internal", "text": "The rye supplier is late again." });
    world.rig.post(&bakery.key.text, &bakery.path("/memory"), note).await.ok();
    assert_eq!(found(&world, bakery, "q=rye+supplier").await.len(), 1);
    assert!(found(&world, bakery, "q=rye+supplier&visibility=customer").await.is_empty());
    assert!(found(&world, &world.rival, "q=rye+supplier").await.is_empty());
}

#[tokio::test]
async fn a_faq_is_imported_in_one_go_and_replaced_by_its_name() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let done = import(&world, bakery, "?name=faq.md", "text/markdown; charset=utf-8", FAQ).await;
    assert_eq!(done.status.as_u16(), 201);
    assert_eq!(
        done.ok(),
        json!({ "imported": 2, "new": 2, "unchanged": 0, "removed": 0, "source": "import:faq.md", "skipped": [] })
    );
    assert_eq!(
        found(&world, bakery, "q=shipping+to+Spain&visibility=customer").await,
        ["Yes, in three days."]
    );
    let table = "question,answer\nDo you ship to Spain?,\"No, not any more.\"\n";
    let done = import(&world, bakery, "?name=faq.md&replace=true", "text/csv", table).await.ok();
    assert_eq!(done["imported"], 1);
    assert_eq!(found(&world, bakery, "q=shipping+to+Spain").await, ["No, not any more."]);
    let list = world.rig.get(&bakery.key.text, &bakery.path("/memory?source=import:faq.md")).await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let entries = audited(&world, bakery, "memory.imported").await;
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[0]["actor"], format!("key:{}", bakery.key.key.id));
    let status = world.rig.get(&bakery.key.text, &bakery.path("/memory/status")).await.ok();
    assert_eq!((status["items"].as_u64(), status["limit"].as_u64()), (Some(2), Some(1_000)));
}

#[tokio::test]
async fn of_a_file_with_bad_lines_nothing_is_imported_unless_they_may_be_left_out() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let table =
        "question,answer,visibility\nRye?,Every Friday,customer\nOats?,,customer\nWheat?,Daily,everybody\n";
    let refused = import(&world, bakery, "", "text/csv", table).await.problem(422);
    let lines: Vec<u64> =
        refused["lines"].as_array().unwrap().iter().map(|it| it["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [3, 4]);
    assert!(found(&world, bakery, "q=rye").await.is_empty());
    let done = import(&world, bakery, "?skip_bad=true", "text/csv", table).await.ok();
    assert_eq!((done["imported"].as_u64(), done["skipped"].as_array().unwrap().len()), (Some(1), 2));
    assert_eq!(found(&world, bakery, "q=rye").await, ["Every Friday"]);
}

#[tokio::test]
async fn files_that_are_no_files_of_facts_are_refused() {
    let world = World::new().await;
    let bakery = &world.bakery;
    import(&world, bakery, "", "application/pdf", "%PDF").await.problem(415);
    import(&world, bakery, "", "application/json", "{}").await.problem(415);
    import(&world, bakery, "", "text/plain", " \n").await.problem(422);
    import(&world, bakery, "", "text/csv", "a,b\n1,2\n").await.problem(422);
    import(&world, bakery, "", "text/plain", &"a".repeat((1 << 20) + 1)).await.problem(413);
    import(&world, bakery, "?visibility=everybody", "text/plain", "fact").await.problem(400);
    let crowd = "fact\n".to_owned() + &(0..1_200).map(|n| format!("\nfact {n}\n")).collect::<String>();
    let refused = import(&world, bakery, "", "text/plain", &crowd).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("no room"), "{refused}");
    let secret = json!({ "visibility": "customer", "text": "x", "kind": "person" });
    world.rig.post(&bakery.key.text, &bakery.path("/memory"), secret).await.problem(422);
    let long = json!({ "visibility": "customer", "text": "x".repeat(5_000) });
    world.rig.post(&bakery.key.text, &bakery.path("/memory"), long).await.problem(422);
    world.rig.get(&bakery.key.text, &bakery.path("/memory/search?q=x&limit=51")).await.problem(400);
}

#[tokio::test]
async fn a_person_who_asks_is_forgotten_and_the_log_says_so_without_naming_them() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let person = &bakery.objects.person;
    assert_eq!(found(&world, bakery, "q=gluten").await, ["asked for gluten-free bread"]);
    let path = bakery.path(&format!("/memory/people/{person}"));
    assert_eq!(world.rig.call(&bakery.key.text, "DELETE", &path, None).await.status.as_u16(), 204);
    assert!(found(&world, bakery, "q=gluten").await.is_empty());
    let nobody = bakery.path("/memory/people/nobody");
    world.rig.call(&bakery.key.text, "DELETE", &nobody, None).await.problem(404);
    let entries = audited(&world, bakery, "memory.person_forgotten").await;
    assert_eq!(entries.len(), 1);
    assert!(!entries[0].to_string().contains(person.as_str()), "{}", entries[0]);
    let mark = troupe::knowledge::person_mark(bakery.tenant.id, person);
    assert_eq!(entries[0]["resource_id"], mark);
    // Of the same person another tenant still knows what it knew.
    assert_eq!(found(&world, &world.florist, "q=gluten").await.len(), 1);
}

#[tokio::test]
async fn an_approved_answer_is_known_to_the_next_who_asks() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let path = bakery.path(&format!("/approvals/{}/approve", bakery.objects.approval));
    world.rig.post(&bakery.key.text, &path, json!({})).await.ok();
    let list = world.rig.get(&bakery.key.text, &bakery.path("/memory?kind=approved_answer")).await.ok();
    let item = &list["items"][0];
    assert_eq!((item["text"].as_str(), item["source"].as_str()), (Some("yes, we do"), Some("approval")));
    assert_eq!(item["visibility"], "customer");
    assert_eq!(item["person"], "5550001", "it goes when the person is forgotten");
}
