//! Approvals act exactly once.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use tenants::effect::{Effect, EffectState};
use tenants::ports::{EffectFilter, Hint, Outbox, PageRequest};

use crate::world::{Shop, World};

async fn effects_of_approval(world: &World, shop: &Shop) -> Vec<Effect> {
    let filter = EffectFilter { state: Some(EffectState::Pending), ..EffectFilter::default() };
    let effects =
        world.rig.database.list_effects(&shop.tenant.id, &filter, PageRequest::first(50)).await.unwrap();
    effects.into_iter().filter(|effect| effect.approved_by_person).collect()
}

fn path(shop: &Shop, verb: &str) -> String {
    shop.path(&format!("/approvals/{}/{verb}", shop.objects.approval))
}

#[tokio::test]
async fn approving_queues_the_draft_once_and_a_second_yes_gets_the_present_status() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let mut hints = rig.ports.wake.subscribe();
    let approved = rig.post(&bakery.key.text, &path(bakery, "approve"), json!({})).await.ok();
    assert_eq!(approved["status"], "approved");
    assert_eq!(approved["decided_by"], format!("key:{}", bakery.key.key.id));
    assert_eq!(hints.recv().await, Ok(Hint::Effects(bakery.tenant.id)));
    for verb in ["approve", "reject"] {
        let again = rig.post(&bakery.key.text, &path(bakery, verb), json!({})).await.problem(409);
        assert_eq!(again["present"], "approved");
    }
    let effects = effects_of_approval(&world, bakery).await;
    assert_eq!(effects.len(), 1);
    assert_eq!(effects[0].action.text(), Some("yes, we do"));
}

#[tokio::test]
async fn of_many_people_who_decide_at_once_exactly_one_acts() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let verdicts = (0..20).map(|number| async move {
        let edit = json!({ "text": format!("answer {number}") });
        rig.post(&bakery.key.text, &path(bakery, "edit"), edit).await.status.as_u16()
    });
    let answers = futures::future::join_all(verdicts).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 409].contains(status)));
    assert_eq!(effects_of_approval(&world, bakery).await.len(), 1);
}

#[tokio::test]
async fn editing_sends_the_persons_words() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let edit = json!({ "text": "  Yes, to all of Portugal.  " });
    let edited = world.rig.post(&bakery.key.text, &path(bakery, "edit"), edit).await.ok();
    assert_eq!(edited["status"], "edited");
    let effects = effects_of_approval(&world, bakery).await;
    assert_eq!(effects[0].action.text(), Some("Yes, to all of Portugal."));
}

#[tokio::test]
async fn rejecting_sends_nothing() {
    let world = World::new().await;
    let bakery = &world.bakery;
    let no = json!({ "comment": "too pushy" });
    let rejected = world.rig.post(&bakery.key.text, &path(bakery, "reject"), no).await.ok();
    assert_eq!(
        (rejected["status"].as_str(), rejected["comment"].as_str()),
        (Some("rejected"), Some("too pushy"))
    );
    assert!(effects_of_approval(&world, bakery).await.is_empty());
}

#[tokio::test]
async fn rejecting_needs_no_body_whatever_content_type_a_client_names() {
    for content_type in [None, Some("application/json")] {
        let world = World::new().await;
        let bakery = &world.bakery;
        let mut request =
            Request::post(format!("/api/v1{}", path(bakery, "reject"))).header("x-api-key", &bakery.key.text);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let rejected = world.rig.send(request.body(Body::empty()).unwrap()).await.ok();
        assert_eq!(rejected["status"], "rejected");
    }
}

#[tokio::test]
async fn an_escalation_without_a_draft_is_answered_in_ones_own_words() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let path = |verb: &str| bakery.path(&format!("/approvals/{}/{verb}", bakery.objects.escalation));
    rig.post(&bakery.key.text, &path("approve"), json!({})).await.problem(409);
    rig.post(&bakery.key.text, &path("edit"), json!({ "text": "" })).await.problem(422);
    rig.post(&bakery.key.text, &path("edit"), json!({ "text": "We are sorry." })).await.ok();
    assert_eq!(effects_of_approval(&world, bakery).await.len(), 1);
}

#[tokio::test]
async fn lists_can_be_filtered_by_status() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    rig.post(&bakery.key.text, &path(bakery, "reject"), json!({})).await.ok();
    let pending = rig.get(&bakery.key.text, &bakery.path("/approvals?status=pending")).await.ok();
    assert_eq!(pending["items"].as_array().unwrap().len(), 1);
    rig.get(&bakery.key.text, &bakery.path("/approvals?status=maybe")).await.problem(400);
}
