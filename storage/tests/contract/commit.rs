//! Units of work share a commit and nothing else.

use std::sync::Arc;

use tenants::changes::Change;
use tenants::clock::SystemClock;
use tenants::effect::EffectState;
use tenants::ports::{Accepted, AuditLog, Inbox, Outbox, PageRequest};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, hide, is_conflict};

contract! {
    a_unit_that_does_not_fit_does_not_hurt_its_neighbours
    changes_of_one_unit_are_applied_in_their_order
    work_handed_over_is_done_even_when_nobody_waits_for_it
    closing_commits_what_waits_and_refuses_what_comes_later
    what_was_committed_is_there_after_a_restart
    an_empty_unit_is_no_work
    a_whole_decision_is_one_unit
}

async fn a_unit_that_does_not_fit_does_not_hurt_its_neighbours(database: TestDatabase) {
    let world = World::new(&database).await;
    let effect = world.queued(world.effect(hide("0"))).await;
    let moves = (0..40).map(|_| {
        let sent = world.move_effect(&effect, EffectState::Pending, EffectState::Processing);
        world.commit([
            Change::AddEffect(Box::new(world.effect(hide("1")))),
            sent,
            world.audit("effect.claimed"),
        ])
    });
    let others = (0..40).map(|_| {
        world.commit([Change::AddEffect(Box::new(world.effect(hide("2")))), world.audit("decision.made")])
    });
    let deliveries = (0..40).map(|number| world.store.accept(world.delivery(&[number.to_string().as_str()])));
    let (moved, added, accepted) = tokio::join!(
        futures::future::join_all(moves),
        futures::future::join_all(others),
        futures::future::join_all(deliveries),
    );
    assert_eq!(moved.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(moved.iter().filter(|answer| is_conflict(answer)).count(), 39);
    assert!(added.iter().all(Result::is_ok));
    assert!(accepted.iter().all(|answer| answer.as_ref().unwrap() == &[Accepted::Stored]));
    let counts = world.store.effect_counts(Some(&world.tenant)).await.unwrap();
    assert_eq!(counts.iter().map(|it| it.count).sum::<i64>(), 1 + 1 + 40);
    let verdict = world.store.verify_chain(&world.chain()).await.unwrap();
    assert_eq!(verdict, tenants::audit::ChainVerdict::Intact { entries: 41 });
}

async fn changes_of_one_unit_are_applied_in_their_order(database: TestDatabase) {
    let world = World::new(&database).await;
    let effect = world.effect(hide("1"));
    let comment = |reply: &str| {
        let mut comment = world.comment("1", tenants::ids::ConversationId::new(&world.ids));
        comment.reply = Some(reply.into());
        Change::PutComment(Box::new(comment))
    };
    world
        .commit([
            Change::AddEffect(Box::new(effect.clone())),
            comment("first"),
            world.move_effect(&effect, EffectState::Pending, EffectState::Processing),
            comment("second"),
            world.audit("one"),
            world.move_effect(&effect, EffectState::Processing, EffectState::Sent),
            world.audit("two"),
        ])
        .await
        .unwrap();
    let found = world.store.find_effect(&world.tenant, &effect.id).await.unwrap().unwrap();
    assert_eq!(found.state, EffectState::Sent);
    use tenants::ports::Conversations;
    let found = world.store.find_comment_by_external_id(&world.tenant, &world.account, "1").await.unwrap();
    assert_eq!(found.unwrap().reply.as_deref(), Some("second"));
    let entries = world.store.audit_since(&world.chain(), 0, 10).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.event_type.as_str()).collect::<Vec<_>>(), ["one", "two"]);
}

async fn work_handed_over_is_done_even_when_nobody_waits_for_it(database: TestDatabase) {
    let world = World::new(&database).await;
    let abandoned = world.commit([world.audit("abandoned")]);
    // Polled once: handed over, and dropped before the answer can be there.
    assert!(futures::FutureExt::now_or_never(abandoned).is_none());
    world.commit([world.audit("after")]).await.unwrap();
    let entries = world.store.audit_since(&world.chain(), 0, 10).await.unwrap();
    assert_eq!(entries[0].event_type, "abandoned");
}

async fn closing_commits_what_waits_and_refuses_what_comes_later(database: TestDatabase) {
    let world = World::new(&database).await;
    let waiting = (0..100).map(|_| world.commit([world.audit("decision.made")]));
    let (answers, ()) = tokio::join!(futures::future::join_all(waiting), world.store.close());
    assert!(answers.iter().all(Result::is_ok));
    assert!(crate::world::is_unavailable(&world.commit([world.audit("late")]).await));
    assert!(crate::world::is_unavailable(&world.store.tenants_with_events().await));
    world.store.close().await;
    let store = database.open_with(Arc::new(SystemClock)).await;
    let entries = store.audit_since(&world.chain(), 0, 1_000).await.unwrap();
    assert_eq!(entries.len(), 100);
}

async fn what_was_committed_is_there_after_a_restart(database: TestDatabase) {
    let world = World::new(&database).await;
    world.store.accept(world.delivery(&["1"])).await.unwrap();
    world.queued(world.effect(hide("1"))).await;
    let before = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    // Not closed: as if the process had died.
    let store = database.open_with(Arc::new(world.clock.clone())).await;
    assert_eq!(store.pending_events(&world.tenant, &[], 10).await.unwrap(), before);
    assert_eq!(store.accept(world.delivery(&["1"])).await.unwrap(), [Accepted::Duplicate]);
}

async fn an_empty_unit_is_no_work(database: TestDatabase) {
    let world = World::new(&database).await;
    world.commit([]).await.unwrap();
}

async fn a_whole_decision_is_one_unit(database: TestDatabase) {
    use tenants::conversation::CommentStatus;
    use tenants::ports::{CommentFilter, Conversations};
    let world = World::new(&database).await;
    let deliveries: Vec<_> = (0..70).map(|number| world.delivery(&[number.to_string().as_str()])).collect();
    let decided: Vec<_> = deliveries.iter().map(|delivery| delivery.events[0].clone()).collect();
    let accepted = deliveries.into_iter().map(|delivery| world.store.accept(delivery));
    assert!(futures::future::join_all(accepted).await.iter().all(Result::is_ok));
    let commits = decided.iter().map(|event| {
        let thread = world.thread(&event.external_id);
        let mut comment = world.comment(&event.external_id, thread.id);
        comment.status = CommentStatus::Queued;
        world.commit([
            Change::EventDone { event: event.id, at: world.now() },
            Change::PutConversation(Box::new(thread)),
            Change::PutComment(Box::new(comment)),
            Change::AddEffect(Box::new(world.effect(hide(&event.external_id)))),
            world.audit("decision.made"),
        ])
    });
    assert!(futures::future::join_all(commits).await.iter().all(Result::is_ok));
    assert!(world.store.pending_events(&world.tenant, &[], 100).await.unwrap().is_empty());
    let due = world.store.due_effects(&world.tenant, world.now(), &[], &[], 100).await.unwrap();
    assert_eq!(due.len(), 70);
    let queued = CommentFilter { status: Some(CommentStatus::Queued), ..CommentFilter::default() };
    let page = PageRequest::first(100);
    assert_eq!(world.store.list_comments(&world.tenant, &queued, page).await.unwrap().len(), 70);
    let verdict = world.store.verify_chain(&world.chain()).await.unwrap();
    assert_eq!(verdict, tenants::audit::ChainVerdict::Intact { entries: 70 });
}
