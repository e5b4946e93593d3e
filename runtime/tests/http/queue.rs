//! The queue: status, dead letters, retry, cancel.

use std::time::Duration;

use serde_json::{Value, json};
use tenants::ports::Hint;
use troupe::http::QueueEstimate;

use crate::world::World;

#[tokio::test]
async fn the_status_counts_by_action_and_state_and_tells_when_an_account_is_done() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let estimate = QueueEstimate {
        account: bakery.account.id,
        waiting: 1,
        drained_in: Some(Duration::from_millis(1_500)),
    };
    *rig.node.estimates.lock().unwrap() = vec![estimate];
    let status = rig.get(&bakery.key.text, &bakery.path("/queue/status")).await.ok();
    assert_eq!(status["counts"], json!({ "reply_comment::pending": 1, "reply_comment::dlq": 1 }));
    assert_eq!(status["total"], 2);
    assert_eq!(status["accounts"][0]["eta_seconds"], 2);
}

#[tokio::test]
async fn a_dead_letter_is_retried_once() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let dead = rig.get(&bakery.key.text, &bakery.path("/queue/dlq")).await.ok();
    assert_eq!(dead["items"][0]["id"], bakery.objects.dead.to_string());

    let mut hints = rig.ports.wake.subscribe();
    let path = bakery.path(&format!("/queue/{}/retry", bakery.objects.dead));
    let retried = rig.post(&bakery.key.text, &path, json!({})).await.ok();
    assert_eq!(retried["previous_retry_count"], 5);
    assert!(retried["message"].is_string());
    assert_eq!(hints.recv().await, Ok(Hint::Effects(bakery.tenant.id)));

    let again = rig.post(&bakery.key.text, &path, json!({})).await.problem(409);
    assert_eq!(again["present"], "pending");
}

#[tokio::test]
async fn a_waiting_effect_is_cancelled_once_and_recorded() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let path = bakery.path(&format!("/queue/{}/cancel", bakery.objects.waiting));
    assert_eq!(rig.post(&bakery.key.text, &path, json!({})).await.ok()["status"], "cancelled");
    assert_eq!(rig.post(&bakery.key.text, &path, json!({})).await.problem(409)["present"], "cancelled");
    let audit = rig.get(&bakery.key.text, &bakery.path("/audit?event_type=effect.cancelled")).await.ok();
    let entries = audit["items"].as_array().map(Vec::len);
    assert_eq!(entries, Some(1));
    assert_eq!(audit["items"][0]["actor"], format!("key:{}", bakery.key.key.id));
}

#[tokio::test]
async fn the_list_can_be_filtered_and_comes_in_pages() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let ids = |page: &Value| {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = rig.get(&bakery.key.text, &bakery.path("/queue?limit=1")).await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second =
        rig.get(&bakery.key.text, &bakery.path(&format!("/queue?limit=1&cursor={cursor}"))).await.ok();
    assert!(second["next_cursor"].is_null());
    let elsewhere = bakery.path(&format!("/alerts?cursor={cursor}"));
    let refused = rig.get(&bakery.key.text, &elsewhere).await.problem(400);
    assert_eq!(refused["detail"], "cursor is not one of this list: begin without a cursor");
    let mut both = [ids(&first), ids(&second)].concat();
    both.sort();
    let mut made = vec![bakery.objects.waiting.to_string(), bakery.objects.dead.to_string()];
    made.sort();
    assert_eq!(both, made);

    let pending = rig.get(&bakery.key.text, &bakery.path("/queue?status=pending")).await.ok();
    assert_eq!(ids(&pending), [bakery.objects.waiting.to_string()]);
}
