//! What is said in one conversation is said in order.

use std::time::Duration;

use tenants::changes::Change;
use tenants::effect::{Action, Effect, EffectState};
use tenants::ids::{ConversationId, EffectId};
use tenants::ports::Outbox;
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, dm, hide, reply_to};

contract! {
    of_two_due_answers_in_one_conversation_only_the_earlier_is_given
    an_answer_under_way_or_unknown_holds_back_all_others_of_its_conversation
    a_failed_answer_holds_back_later_ones_while_it_waits_for_its_next_try
    an_answer_that_waits_for_later_does_not_hold_back_a_due_one
    moderation_and_other_conversations_are_not_held_back
}

async fn queued(world: &World, conversation: ConversationId, action: Action) -> Effect {
    world.queued(Effect { conversation: Some(conversation), ..world.effect(action) }).await
}

async fn due(world: &World) -> Vec<EffectId> {
    let found = world.store.due_effects(&world.tenant, world.now(), &[], &[], 100).await.unwrap();
    found.into_iter().map(|it| it.effect.id).collect()
}

async fn of_two_due_answers_in_one_conversation_only_the_earlier_is_given(database: TestDatabase) {
    let world = World::new(&database).await;
    let conversation = ConversationId::new(&world.ids);
    let first = queued(&world, conversation, dm("one")).await;
    let second = queued(&world, conversation, reply_to("1", "two")).await;
    assert_eq!(due(&world).await, [first.id]);
    let except = [first.id];
    assert!(world.store.due_effects(&world.tenant, world.now(), &except, &[], 9).await.unwrap().is_empty());
    world.moved(&first, EffectState::Pending, EffectState::Sent).await;
    assert_eq!(due(&world).await, [second.id]);
}

async fn an_answer_under_way_or_unknown_holds_back_all_others_of_its_conversation(database: TestDatabase) {
    let world = World::new(&database).await;
    let conversation = ConversationId::new(&world.ids);
    let first = queued(&world, conversation, dm("one")).await;
    let second = queued(&world, conversation, dm("two")).await;
    world.moved(&second, EffectState::Pending, EffectState::Processing).await;
    assert!(due(&world).await.is_empty());
    world.moved(&second, EffectState::Processing, EffectState::Unknown).await;
    assert!(due(&world).await.is_empty());
    world.moved(&second, EffectState::Unknown, EffectState::Sent).await;
    assert_eq!(due(&world).await, [first.id]);
}

async fn a_failed_answer_holds_back_later_ones_while_it_waits_for_its_next_try(database: TestDatabase) {
    let world = World::new(&database).await;
    let conversation = ConversationId::new(&world.ids);
    let first = queued(&world, conversation, dm("one")).await;
    let second = queued(&world, conversation, dm("two")).await;
    let mut fail = tenants::changes::EffectMove::new(
        first.id,
        &[EffectState::Pending],
        EffectState::Failed,
        world.now(),
    );
    fail.next_retry_at = Some(world.now() + Duration::from_secs(120));
    world.commit([Change::MoveEffect(fail)]).await.unwrap();
    assert!(due(&world).await.is_empty());
    world.moved(&first, EffectState::Failed, EffectState::Dlq).await;
    assert_eq!(due(&world).await, [second.id]);
}

async fn an_answer_that_waits_for_later_does_not_hold_back_a_due_one(database: TestDatabase) {
    let world = World::new(&database).await;
    let conversation = ConversationId::new(&world.ids);
    let quiet = Effect {
        conversation: Some(conversation),
        next_retry_at: world.now() + Duration::from_secs(3_600),
        ..world.effect(dm("one"))
    };
    world.queued(quiet).await;
    let second = queued(&world, conversation, dm("two")).await;
    assert_eq!(due(&world).await, [second.id]);
}

async fn moderation_and_other_conversations_are_not_held_back(database: TestDatabase) {
    let world = World::new(&database).await;
    let (one, two) = (ConversationId::new(&world.ids), ConversationId::new(&world.ids));
    let first = queued(&world, one, dm("one")).await;
    world.moved(&first, EffectState::Pending, EffectState::Unknown).await;
    let hidden = queued(&world, one, hide("1")).await;
    let elsewhere = queued(&world, two, dm("two")).await;
    let nowhere = world.queued(world.effect(dm("three"))).await;
    let nowhere_either = world.queued(world.effect(dm("four"))).await;
    assert_eq!(due(&world).await, [hidden.id, elsewhere.id, nowhere.id, nowhere_either.id]);
}
