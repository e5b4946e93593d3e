//! Ticks over HTTP, without anybody who would run them.

use serde_json::json;
use tenants::ports::Inbox;

use crate::world::World;

#[tokio::test]
async fn a_tick_asked_for_again_and_again_is_one_run() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let path = bakery.path(&format!("/ticks/comms/{}/run", bakery.objects.tick));
    let first = rig.post(&bakery.key.text, &path, json!({})).await.ok();
    assert_eq!((&first["is_new"], &first["tick"]["last_status"]), (&json!(true), &json!("waiting")));
    let again = futures::future::join_all((0..5).map(|_| rig.post(&bakery.key.text, &path, json!({})))).await;
    assert!(again.iter().all(|reply| reply.ok()["is_new"] == false));
    let waiting = rig.database.pending_events(&bakery.tenant.id, &[], 100).await.unwrap();
    let ticks = waiting.iter().filter(|event| event.conversation_key.starts_with("tick:")).count();
    assert_eq!(ticks, 1);
    let audit = rig.get(&bakery.key.text, &bakery.path("/audit?event_type=tick.asked")).await.ok();
    assert_eq!(audit["items"].as_array().unwrap().len(), 1, "{audit}");
}
