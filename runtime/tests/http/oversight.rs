//! Asking why: what is refused, and with which words.

use std::time::Duration;

use serde_json::json;
use tenants::ports::{AgentStatus, Heartbeat, Operations};

use crate::world::World;

#[tokio::test]
async fn a_tenant_whose_agent_is_silent_cannot_be_asked_about() {
    let world = World::new().await;
    let (rig, shop) = (&world.rig, &world.bakery);
    let beat = |status| Heartbeat {
        tenant: Some(shop.tenant.id),
        agent: "tenant".to_owned(),
        status,
        last_beat_at: rig.now(),
    };
    let question = json!({ "question": "Why?", "stream": false });
    let ask = async || rig.post(&shop.key.text, &shop.path("/oversight/chat"), question.clone()).await;
    rig.database.put_heartbeats(&[beat(AgentStatus::Alive)]).await.unwrap();
    ask().await.ok();
    rig.clock.advance(Duration::from_secs(61));
    let refused = ask().await.problem(503);
    assert_eq!(refused["code"], "AGENT_DOWN", "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("ask again"), "{refused}");
    // Nothing to do is no sign of trouble.
    rig.database.put_heartbeats(&[beat(AgentStatus::Asleep)]).await.unwrap();
    rig.clock.advance(Duration::from_secs(3_600));
    ask().await.ok();
    rig.database.put_heartbeats(&[beat(AgentStatus::Down)]).await.unwrap();
    ask().await.problem(503);
}

#[tokio::test]
async fn a_conversation_of_another_tenant_or_person_is_not_found_in_a_body_either() {
    let world = World::new().await;
    let rig = &world.rig;
    for foreign in [world.florist.conversation, world.rival.conversation] {
        let question = json!({ "question": "Why?", "session_id": foreign });
        rig.post(&world.bakery.key.text, &world.bakery.path("/oversight/chat"), question).await.problem(404);
    }
    // Its tenant's, but not this caller's.
    let question = json!({ "question": "Why?", "session_id": world.bakery.conversation });
    rig.post(&world.north.key.text, &world.bakery.path("/oversight/chat"), question).await.problem(404);
}
