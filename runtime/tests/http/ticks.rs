//! Ticks over HTTP, without anybody who would run them.

use std::time::Duration;

use serde_json::json;
use tenants::event::{EventBody, EventKind, EventSource, NewEvent, Role, TickBody};
use tenants::ids::EventId;
use tenants::ports::{Delivery, Inbox};

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

#[tokio::test]
async fn runs_of_a_tick_come_in_pages_newest_first() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let tick = bakery.path(&format!("/ticks/comms/{}", bakery.objects.tick));
    for minute in 1..=3 {
        let due_at = rig.now() + Duration::from_secs(60 * minute);
        let name = bakery.objects.tick.clone();
        let event = NewEvent {
            id: EventId::new(&rig.ports.ids),
            tenant: bakery.tenant.id,
            account: None,
            source: EventSource::Cron,
            kind: EventKind::Tick,
            external_id: format!("{name}:{minute}"),
            conversation_key: format!("tick:comms:{name}"),
            occurred_at: due_at,
            received_at: due_at,
            body: EventBody::Tick(TickBody { role: Role::Comms, name, due_at }),
            raw: json!(null),
        };
        rig.database.accept(Delivery { events: vec![event], ..Delivery::default() }).await.unwrap();
    }
    let runs = |query: String| {
        let address = format!("{tick}/runs{query}");
        async move { rig.get(&bakery.key.text, &address).await.ok() }
    };
    let ids = |page: &serde_json::Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|run| run["event"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids(&runs(String::new()).await);
    assert_eq!(all.len(), 3);
    let first = runs("?limit=2".to_owned()).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = runs(format!("?limit=2&cursor={cursor}")).await;
    assert_eq!(([ids(&first), ids(&rest)].concat(), &rest["next_cursor"]), (all, &json!(null)));
}
