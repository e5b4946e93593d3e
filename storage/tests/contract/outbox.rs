//! The queue of effects.

use std::time::Duration;

use tenants::changes::{Change, EffectMove};
use tenants::conversation::Conversation;
use tenants::effect::{ActionType, Effect, EffectState, ErrorCategory, SkipReason};
use tenants::event::Person;
use tenants::ids::AccountId;
use tenants::ports::{EffectFilter, Outbox, PageRequest};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, dm, hide, is_conflict, maria, private_reply, reply_to};

contract! {
    deciding_twice_queues_once
    an_effect_is_read_back_as_it_was_queued
    an_effect_moves_only_from_the_states_named
    of_calling_off_and_sending_at_once_one_happens
    a_dead_letter_that_many_retry_at_once_is_retried_once
    a_conflict_undoes_everything_of_its_unit
    what_a_move_does_not_name_stays_and_errors_are_cleared
    due_effects_come_by_deadline_then_age_without_those_excepted_or_blocked
    a_ready_effect_knows_its_thread_its_direct_messages_and_its_comment
    only_one_private_reply_per_comment_counts_as_used
    interrupted_effects_become_unknown_and_are_read_back_when_due
    an_echo_finds_the_effect_behind_it_by_id_or_by_open_text
    claimed_ids_are_those_sent_since_a_moment
    effects_are_counted_and_listed
    effects_of_another_tenant_are_neither_found_nor_moved
}

fn ids(ready: &[tenants::ports::ReadyEffect]) -> Vec<tenants::ids::EffectId> {
    ready.iter().map(|it| it.effect.id).collect()
}

async fn due(world: &World) -> Vec<tenants::ports::ReadyEffect> {
    world.store.due_effects(&world.tenant, world.now(), &[], &[], 100).await.unwrap()
}

async fn deciding_twice_queues_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let first = world.queued(world.effect(reply_to("1", "thanks"))).await;
    let mut second = world.effect(reply_to("1", "other words"));
    second.idempotency_key = first.idempotency_key.clone();
    world.commit([Change::AddEffect(Box::new(second.clone())), world.audit("decision.made")]).await.unwrap();
    assert_eq!(world.store.find_effect(&world.tenant, &first.id).await.unwrap(), Some(first.clone()));
    assert!(world.store.find_effect(&world.tenant, &second.id).await.unwrap().is_none());

    let neighbour = world.neighbour().await;
    let mut same_key = neighbour.effect(hide("1"));
    same_key.idempotency_key = first.idempotency_key;
    let id = neighbour.queued(same_key).await.id;
    assert!(neighbour.store.find_effect(&neighbour.tenant, &id).await.unwrap().is_some());
}

async fn an_effect_is_read_back_as_it_was_queued(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut effect = world.effect(dm("we ship to spain"));
    effect.conversation = Some(world.direct().id);
    effect.approved_by_person = true;
    effect.retry_count = 3;
    effect.error = Some("later".into());
    effect.error_category = Some(ErrorCategory::Transient);
    effect.skip_reason = Some(SkipReason::WindowClosed);
    effect.instagram_id = Some("ig1".into());
    effect.deadline = Some(world.now() + Duration::from_secs(60));
    effect.first_attempt_at = Some(world.now());
    effect.sent_at = Some(world.now());
    let effect = world.queued(effect).await;
    assert_eq!(world.store.find_effect(&world.tenant, &effect.id).await.unwrap(), Some(effect));
}

async fn an_effect_moves_only_from_the_states_named(database: TestDatabase) {
    let world = World::new(&database).await;
    let effect = world.queued(world.effect(hide("1"))).await;
    world.moved(&effect, EffectState::Pending, EffectState::Processing).await;
    let again =
        world.commit([world.move_effect(&effect, EffectState::Pending, EffectState::Processing)]).await;
    assert!(is_conflict(&again));
    let either = EffectMove::new(
        effect.id,
        &[EffectState::Unknown, EffectState::Processing],
        EffectState::Sent,
        world.now(),
    );
    world.commit([Change::MoveEffect(either)]).await.unwrap();
    let found = world.store.find_effect(&world.tenant, &effect.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.sent_at), (EffectState::Sent, Some(world.now())));
}

/// Commits moves to these states at the same moment; those that happened.
async fn moved_at_once(
    world: &World,
    effect: &Effect,
    from: EffectState,
    to: &[EffectState],
) -> Vec<EffectState> {
    let units =
        to.iter().map(|to| world.commit([world.move_effect(effect, from, *to), world.audit("effect.moved")]));
    let done = futures::future::join_all(units).await;
    assert!(done.iter().all(|it| it.is_ok() || is_conflict(it)));
    to.iter().zip(done).filter(|(_, done)| done.is_ok()).map(|(to, _)| *to).collect()
}

async fn of_calling_off_and_sending_at_once_one_happens(database: TestDatabase) {
    let world = World::new(&database).await;
    for number in 0..10 {
        let effect = world.queued(world.effect(hide(&number.to_string()))).await;
        let both = [EffectState::Cancelled, EffectState::Processing];
        let done = moved_at_once(&world, &effect, EffectState::Pending, &both).await;
        let found = world.store.find_effect(&world.tenant, &effect.id).await.unwrap().unwrap();
        assert_eq!(done, [found.state], "what is called off is not sent");
    }
}

async fn a_dead_letter_that_many_retry_at_once_is_retried_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let effect = world.queued(world.effect(hide("1"))).await;
    world.moved(&effect, EffectState::Pending, EffectState::Dlq).await;
    let done = moved_at_once(&world, &effect, EffectState::Dlq, &[EffectState::Pending; 8]).await;
    assert_eq!(done.len(), 1);
    let told = tenants::ports::AuditLog::audit_since(&world.store, &world.chain(), 0, 10).await.unwrap();
    assert_eq!(told.len(), 1, "what did not happen is not told");
}

async fn a_conflict_undoes_everything_of_its_unit(database: TestDatabase) {
    let world = World::new(&database).await;
    let effect = world.queued(world.effect(hide("1"))).await;
    let other = world.effect(hide("2"));
    let answer = world
        .commit([
            Change::AddEffect(Box::new(other.clone())),
            world.audit("effect.sent"),
            world.move_effect(&effect, EffectState::Processing, EffectState::Sent),
        ])
        .await;
    assert!(is_conflict(&answer));
    assert!(world.store.find_effect(&world.tenant, &other.id).await.unwrap().is_none());
    let entries = tenants::ports::AuditLog::audit_since(&world.store, &world.chain(), 0, 10).await.unwrap();
    assert!(entries.is_empty());
}

async fn what_a_move_does_not_name_stays_and_errors_are_cleared(database: TestDatabase) {
    let world = World::new(&database).await;
    let effect = world.queued(world.effect(hide("1"))).await;
    let begin = EffectMove {
        begins_attempt: true,
        ..EffectMove::new(effect.id, &[EffectState::Pending], EffectState::Processing, world.now())
    };
    world.commit([Change::MoveEffect(begin.clone())]).await.unwrap();
    let began = world.now();
    world.pass(Duration::from_secs(1));
    let fail = EffectMove {
        retry_count: Some(1),
        error: Some("500".into()),
        error_category: Some(ErrorCategory::Transient),
        instagram_id: Some("ig1".into()),
        next_retry_at: Some(world.now() + Duration::from_secs(120)),
        ..EffectMove::new(effect.id, &[EffectState::Processing], EffectState::Failed, world.now())
    };
    world.commit([Change::MoveEffect(fail)]).await.unwrap();
    let failed = world.store.find_effect(&world.tenant, &effect.id).await.unwrap().unwrap();
    assert_eq!((failed.retry_count, failed.error.as_deref()), (1, Some("500")));
    let begin_again = EffectMove { from: vec![EffectState::Failed], at: world.now(), ..begin };
    world.commit([Change::MoveEffect(begin_again)]).await.unwrap();
    let found = world.store.find_effect(&world.tenant, &effect.id).await.unwrap().unwrap();
    let expected = Effect {
        state: EffectState::Processing,
        error: None,
        error_category: None,
        first_attempt_at: Some(began),
        updated_at: world.now(),
        ..failed
    };
    assert_eq!(found, expected);
    assert_eq!(found.instagram_id.as_deref(), Some("ig1"));
}

async fn due_effects_come_by_deadline_then_age_without_those_excepted_or_blocked(database: TestDatabase) {
    let world = World::new(&database).await;
    let with_deadline = |seconds| {
        let deadline = Some(world.now() + Duration::from_secs(seconds));
        Effect { deadline, ..world.effect(hide("1")) }
    };
    let old = world.queued(world.effect(hide("1"))).await;
    let late = world.queued(with_deadline(600)).await;
    let soon = world.queued(with_deadline(60)).await;
    let young = world.queued(world.effect(reply_to("2", "hi"))).await;
    let mut not_yet = world.effect(hide("3"));
    not_yet.next_retry_at = world.now() + Duration::from_secs(30);
    let not_yet = world.queued(not_yet).await;
    let elsewhere = AccountId::new(&world.ids);
    let other = world.queued(Effect { account: elsewhere, ..world.effect(hide("4")) }).await;

    assert_eq!(ids(&due(&world).await), [soon.id, late.id, old.id, young.id, other.id]);
    assert_eq!(world.store.tenants_with_due_effects(world.now()).await.unwrap(), [world.tenant]);
    assert_eq!(world.store.next_due_at(world.now()).await.unwrap(), Some(not_yet.next_retry_at));
    let blocked = [(world.account, ActionType::HideComment), (elsewhere, ActionType::ReplyComment)];
    let found = world.store.due_effects(&world.tenant, world.now(), &[], &blocked, 100).await.unwrap();
    assert_eq!(ids(&found), [young.id, other.id]);
    let found =
        world.store.due_effects(&world.tenant, world.now(), &[soon.id, old.id], &[], 2).await.unwrap();
    assert_eq!(ids(&found), [late.id, young.id]);
    world.pass(Duration::from_secs(30));
    assert_eq!(due(&world).await.len(), 6);
    assert_eq!(world.store.next_due_at(world.now()).await.unwrap(), None);
}

async fn a_ready_effect_knows_its_thread_its_direct_messages_and_its_comment(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let (thread, direct) = (world.thread("1"), world.direct());
    let mut comment = world.comment("2", thread.id);
    comment.author = Person { id: "88".into(), username: None };
    let of_joao = Conversation { key: "dm:88".into(), person: comment.author.clone(), ..world.direct() };
    let put = |it: &Conversation| Change::PutConversation(Box::new(it.clone()));
    world
        .commit([put(&thread), put(&direct), put(&of_joao), Change::PutComment(Box::new(comment.clone()))])
        .await
        .unwrap();
    neighbour.commit([put(&Conversation { account: world.account, ..neighbour.direct() })]).await.unwrap();

    let in_thread = |action| Effect { conversation: Some(thread.id), ..world.effect(action) };
    let private = world.queued(in_thread(private_reply("2"))).await;
    let reply = world.queued(world.effect(reply_to("unknown", "hi"))).await;
    let message = world.queued(world.effect(dm("hello"))).await;
    let hidden = world.queued(in_thread(hide("unknown"))).await;
    let found = due(&world).await;
    assert_eq!(ids(&found), [private.id, reply.id, message.id, hidden.id]);
    let facts =
        |at: usize| (found[at].thread.clone(), found[at].direct.clone(), found[at].comment_written_at);
    assert_eq!(facts(0), (Some(thread.clone()), Some(of_joao), Some(comment.occurred_at)));
    assert_eq!(facts(1), (None, None, None));
    assert_eq!(facts(2), (None, Some(direct.clone()), None));
    assert_eq!(facts(3), (Some(thread), Some(direct), None));
}

async fn only_one_private_reply_per_comment_counts_as_used(database: TestDatabase) {
    let world = World::new(&database).await;
    let first = world.queued(world.effect(private_reply("1"))).await;
    let second = world.queued(world.effect(private_reply("1"))).await;
    let elsewhere = world.queued(world.effect(private_reply("2"))).await;
    let public = world.queued(world.effect(reply_to("1", "hi"))).await;
    let used = async || {
        let found = due(&world).await;
        found.iter().filter(|it| it.private_reply_used).map(|it| it.effect.id).collect::<Vec<_>>()
    };
    assert!(used().await.is_empty());
    for (from, to) in [
        (EffectState::Pending, EffectState::Processing),
        (EffectState::Processing, EffectState::Unknown),
        (EffectState::Unknown, EffectState::Sent),
    ] {
        world.moved(&first, from, to).await;
        assert_eq!(used().await, [second.id], "{to}");
    }
    assert_eq!(ids(&due(&world).await), [second.id, elsewhere.id, public.id]);
}

async fn interrupted_effects_become_unknown_and_are_read_back_when_due(database: TestDatabase) {
    let world = World::new(&database).await;
    let thread = world.thread("1");
    world.commit([Change::PutConversation(Box::new(thread.clone()))]).await.unwrap();
    let effect =
        world.queued(Effect { conversation: Some(thread.id), ..world.effect(reply_to("1", "hi")) }).await;
    let waiting = world.queued(world.effect(hide("2"))).await;
    world.moved(&effect, EffectState::Pending, EffectState::Processing).await;
    assert_eq!(world.store.interrupted_to_unknown(world.now()).await.unwrap(), 1);
    assert_eq!(world.store.interrupted_to_unknown(world.now()).await.unwrap(), 0);
    let unknown = world.store.unknown_effects(world.now(), 10).await.unwrap();
    assert_eq!(ids(&unknown), [effect.id]);
    assert_eq!(unknown[0].thread, Some(thread));
    let mut again = EffectMove::new(effect.id, &[EffectState::Unknown], EffectState::Unknown, world.now());
    again.next_retry_at = Some(world.now() + Duration::from_secs(10));
    world.commit([Change::MoveEffect(again)]).await.unwrap();
    assert!(world.store.unknown_effects(world.now(), 10).await.unwrap().is_empty());
    world.pass(Duration::from_secs(10));
    assert_eq!(world.store.unknown_effects(world.now(), 10).await.unwrap().len(), 1);
    assert_eq!(ids(&due(&world).await), [waiting.id]);
}

async fn an_echo_finds_the_effect_behind_it_by_id_or_by_open_text(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let thread = world.thread("1");
    world.commit([Change::PutConversation(Box::new(thread.clone()))]).await.unwrap();
    let sent = world.queued(world.effect(dm("hello"))).await;
    let open = world.queued(world.effect(dm("open words"))).await;
    let in_thread = Effect { conversation: Some(thread.id), ..world.effect(reply_to("1", "in thread")) };
    let in_thread = world.queued(in_thread).await;
    let mut done = EffectMove::new(sent.id, &[EffectState::Pending], EffectState::Sent, world.now());
    done.instagram_id = Some("mid.9".into());
    world.commit([Change::MoveEffect(done)]).await.unwrap();
    world.moved(&open, EffectState::Pending, EffectState::Processing).await;
    world.moved(&in_thread, EffectState::Pending, EffectState::Unknown).await;

    let direct = tenants::conversation::direct_key(&maria().id);
    let find = async |world: &World, key: &str, id: &str, text: &str| {
        let account = world.account;
        let found = world.store.find_effect_behind(&world.tenant, &account, key, id, text).await.unwrap();
        found.map(|effect| effect.id)
    };
    assert_eq!(find(&world, &direct, "mid.9", "whatever").await, Some(sent.id));
    assert_eq!(find(&world, &direct, "mid.8", "hello").await, None, "it is sent and known by another id");
    assert_eq!(find(&world, &direct, "mid.8", "open words").await, Some(open.id));
    assert_eq!(find(&world, "dm:88", "mid.8", "open words").await, None);
    assert_eq!(find(&world, &thread.key, "178", "in thread").await, Some(in_thread.id));
    assert_eq!(find(&world, &direct, "mid.8", "").await, None);
    assert_eq!(find(&neighbour, &direct, "mid.9", "open words").await, None);
}

async fn claimed_ids_are_those_sent_since_a_moment(database: TestDatabase) {
    let world = World::new(&database).await;
    let since = world.now() + Duration::from_secs(1);
    for (number, seconds) in [(1, 0), (2, 1), (3, 1)] {
        world.pass(Duration::from_secs(seconds));
        let effect = world.queued(world.effect(hide("1"))).await;
        let mut sent = EffectMove::new(effect.id, &[EffectState::Pending], EffectState::Sent, world.now());
        sent.instagram_id = Some(format!("ig{number}"));
        world.commit([Change::MoveEffect(sent)]).await.unwrap();
    }
    let claimed = world.store.claimed_instagram_ids(&world.tenant, &world.account, since).await.unwrap();
    assert_eq!(claimed, ["ig2", "ig3"]);
    let neighbour = world.neighbour().await;
    let theirs = world.store.claimed_instagram_ids(&neighbour.tenant, &world.account, since).await.unwrap();
    assert!(theirs.is_empty());
}

async fn effects_are_counted_and_listed(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    neighbour.queued(neighbour.effect(hide("1"))).await;
    let one = world.queued(world.effect(hide("1"))).await;
    let two = world.queued(world.effect(hide("2"))).await;
    let three = world.queued(world.effect(reply_to("1", "hi"))).await;
    world.moved(&two, EffectState::Pending, EffectState::Cancelled).await;
    let count = |counts: &[tenants::ports::EffectCount]| {
        counts.iter().map(|it| format!("{}::{}={}", it.action_type, it.state, it.count)).collect::<Vec<_>>()
    };
    let own = world.store.effect_counts(Some(&world.tenant)).await.unwrap();
    assert_eq!(
        count(&own),
        ["hide_comment::cancelled=1", "hide_comment::pending=1", "reply_comment::pending=1"]
    );
    let all = world.store.effect_counts(None).await.unwrap();
    assert_eq!(count(&all)[1], "hide_comment::pending=2");
    let waiting = world.store.waiting_effects(&world.tenant, &world.account).await.unwrap();
    assert_eq!(count(&waiting), ["hide_comment::pending=1", "reply_comment::pending=1"]);

    let list = async |filter: EffectFilter| {
        let found = world.store.list_effects(&world.tenant, &filter, PageRequest::first(10)).await.unwrap();
        found.into_iter().map(|effect| effect.id).collect::<Vec<_>>()
    };
    assert_eq!(list(EffectFilter::default()).await, [three.id, two.id, one.id]);
    let pending = EffectFilter { state: Some(EffectState::Pending), ..EffectFilter::default() };
    assert_eq!(list(pending.clone()).await, [three.id, one.id]);
    let hides = EffectFilter { action_type: Some(ActionType::HideComment), ..pending };
    assert_eq!(list(hides).await, [one.id]);
}

async fn effects_of_another_tenant_are_neither_found_nor_moved(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let effect = world.queued(world.effect(hide("1"))).await;
    assert!(neighbour.store.find_effect(&neighbour.tenant, &effect.id).await.unwrap().is_none());
    let cancel = neighbour.move_effect(&effect, EffectState::Pending, EffectState::Cancelled);
    assert!(is_conflict(&neighbour.commit([cancel]).await));
    let smuggled = Change::AddEffect(Box::new(world.effect(hide("2"))));
    assert!(is_conflict(&neighbour.commit([smuggled]).await));
    assert_eq!(due(&world).await.len(), 1);
}
