//! A person's yes or no counts once.

use std::collections::HashMap;
use std::time::Duration;

use tenants::approval::{Approval, ApprovalKind, ApprovalStatus, ApprovalSubject};
use tenants::changes::Change;
use tenants::conversation::{Comment, Conversation, ConversationKind};
use tenants::event::Person;
use tenants::ids::{ApprovalId, ConversationId, TenantId};
use tenants::ports::{Approvals, PageRequest};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, hide, is_conflict};

contract! {
    an_approval_is_read_back_as_it_was_asked
    an_approval_tells_whom_it_answers_and_where
    of_two_people_who_answer_at_once_exactly_one_is_heard
    a_draft_expires_when_its_conversation_moves_on_but_an_escalation_stays
    what_was_answered_in_another_way_waits_for_nobody
    approvals_expire_when_their_time_is_over
    approvals_of_another_tenant_can_be_neither_read_nor_decided
}

fn decide(world: &World, approval: &Approval, status: ApprovalStatus, by: &str) -> Change {
    Change::DecideApproval {
        approval: approval.id,
        status,
        decided_by: by.into(),
        at: world.now(),
        edited_text: Some("better words".into()),
        comment: Some("fine".into()),
    }
}

async fn asked(world: &World, approval: Approval) -> Approval {
    world.commit([Change::AddApproval(Box::new(approval.clone()))]).await.unwrap();
    approval
}

async fn an_approval_is_read_back_as_it_was_asked(database: TestDatabase) {
    let world = World::new(&database).await;
    let approval = asked(&world, world.approval(ConversationId::new(&world.ids))).await;
    assert_eq!(world.store.find_approval(&world.tenant, &approval.id).await.unwrap(), Some(approval.clone()));
    world.pass(Duration::from_secs(1));
    world.commit([decide(&world, &approval, ApprovalStatus::Edited, "key:1")]).await.unwrap();
    let expected = Approval {
        status: ApprovalStatus::Edited,
        decided_by: Some("key:1".into()),
        decided_at: Some(world.now()),
        edited_text: Some("better words".into()),
        comment: Some("fine".into()),
        ..approval
    };
    let page = PageRequest::first(10);
    let edited = world.store.list_approvals(&world.tenant, Some(ApprovalStatus::Edited), page).await.unwrap();
    assert_eq!(edited, [expected]);
    let pending =
        world.store.list_approvals(&world.tenant, Some(ApprovalStatus::Pending), page).await.unwrap();
    assert!(pending.is_empty());
}

async fn an_approval_tells_whom_it_answers_and_where(database: TestDatabase) {
    let world = World::new(&database).await;
    let (thread, direct) = (world.thread("1"), world.direct());
    let put = |it: &Conversation| Change::PutConversation(Box::new(it.clone()));
    world.commit([put(&thread), put(&direct)]).await.unwrap();
    // Nils answers under Maria's comment.
    let nils = Person { id: "n1".into(), username: Some("nils".into()) };
    let comment = Comment { author: nils.clone(), ..world.comment("2", thread.id) };
    world.commit([Change::PutComment(Box::new(comment.clone()))]).await.unwrap();
    let to_nils = asked(&world, Approval { event: comment.event, ..world.approval(thread.id) }).await;
    let to_maria = asked(&world, world.approval(direct.id)).await;
    let of_nothing = asked(&world, world.approval(ConversationId::new(&world.ids))).await;
    let ids = [to_nils.id, to_maria.id, of_nothing.id];
    let told = async |tenant: &TenantId| -> HashMap<ApprovalId, ApprovalSubject> {
        world.store.approval_subjects(tenant, &ids).await.unwrap().into_iter().collect()
    };
    let subjects = told(&world.tenant).await;
    let expected =
        ApprovalSubject { author: nils, place: ConversationKind::CommentThread, media: Some("m1".into()) };
    assert_eq!(subjects[&to_nils.id], expected);
    let in_messages = ApprovalSubject { author: direct.person, place: ConversationKind::Direct, media: None };
    assert_eq!(subjects[&to_maria.id], in_messages);
    assert!(!subjects.contains_key(&of_nothing.id));
    assert!(told(&world.neighbour().await.tenant).await.is_empty(), "nobody else is told");
}

async fn of_two_people_who_answer_at_once_exactly_one_is_heard(database: TestDatabase) {
    let world = World::new(&database).await;
    let approval = asked(&world, world.approval(ConversationId::new(&world.ids))).await;
    let answers = (0..8).map(|number| {
        let status = if number % 2 == 0 { ApprovalStatus::Approved } else { ApprovalStatus::Rejected };
        let effect = Change::AddEffect(Box::new(world.effect(hide("1"))));
        world.commit([decide(&world, &approval, status, "somebody"), effect, world.audit("approval.decided")])
    });
    let answers = futures::future::join_all(answers).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| is_conflict(answer)).count(), 7);
    let counts = tenants::ports::Outbox::effect_counts(&world.store, Some(&world.tenant)).await.unwrap();
    assert_eq!(counts[0].count, 1);
    let verdict = tenants::ports::AuditLog::verify_chain(&world.store, &world.chain()).await.unwrap();
    assert_eq!(verdict, tenants::audit::ChainVerdict::Intact { entries: 1 });
}

async fn a_draft_expires_when_its_conversation_moves_on_but_an_escalation_stays(database: TestDatabase) {
    let world = World::new(&database).await;
    let conversation = ConversationId::new(&world.ids);
    let draft = asked(&world, world.approval(conversation)).await;
    let kind = ApprovalKind::Escalation;
    let escalation = asked(&world, Approval { kind, ..world.approval(conversation) }).await;
    let elsewhere = asked(&world, world.approval(ConversationId::new(&world.ids))).await;
    let newer = world.approval(conversation);
    world
        .commit([
            Change::ExpireDrafts { conversation, at: world.now() },
            Change::AddApproval(Box::new(newer.clone())),
        ])
        .await
        .unwrap();
    assert_eq!(status_of(&world, &draft).await, ApprovalStatus::Expired);
    for approval in [&escalation, &elsewhere, &newer] {
        assert_eq!(status_of(&world, approval).await, ApprovalStatus::Pending);
    }
    assert!(is_conflict(&world.commit([decide(&world, &draft, ApprovalStatus::Approved, "late")]).await));
}

async fn status_of(world: &World, approval: &Approval) -> ApprovalStatus {
    world.store.find_approval(&world.tenant, &approval.id).await.unwrap().unwrap().status
}

async fn what_was_answered_in_another_way_waits_for_nobody(database: TestDatabase) {
    let world = World::new(&database).await;
    let conversation = ConversationId::new(&world.ids);
    let kind = ApprovalKind::Escalation;
    let answered = asked(&world, Approval { kind, ..world.approval(conversation) }).await;
    let other = asked(&world, Approval { kind, ..world.approval(conversation) }).await;
    let expire = Change::ExpireAnswered { conversation, event: answered.event, at: world.now() };
    world.neighbour().await.commit([expire.clone()]).await.unwrap();
    assert_eq!(status_of(&world, &answered).await, ApprovalStatus::Pending, "it is not the neighbour's");
    world.commit([expire]).await.unwrap();
    assert_eq!(status_of(&world, &answered).await, ApprovalStatus::Expired);
    assert_eq!(status_of(&world, &other).await, ApprovalStatus::Pending);
}

async fn approvals_expire_when_their_time_is_over(database: TestDatabase) {
    let world = World::new(&database).await;
    let approval = asked(&world, world.approval(ConversationId::new(&world.ids))).await;
    assert!(world.store.tenants_with_overdue_approvals(world.now()).await.unwrap().is_empty());
    world.pass(Duration::from_secs(7 * 86_400));
    assert_eq!(world.store.tenants_with_overdue_approvals(world.now()).await.unwrap(), [world.tenant]);
    world.commit([Change::ExpireOverdueApprovals { at: world.now() }]).await.unwrap();
    let found = world.store.find_approval(&world.tenant, &approval.id).await.unwrap().unwrap();
    assert_eq!((found.status, found.decided_at), (ApprovalStatus::Expired, Some(world.now())));
    assert!(world.store.tenants_with_overdue_approvals(world.now()).await.unwrap().is_empty());
}

async fn approvals_of_another_tenant_can_be_neither_read_nor_decided(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let approval = asked(&world, world.approval(ConversationId::new(&world.ids))).await;
    assert!(neighbour.store.find_approval(&neighbour.tenant, &approval.id).await.unwrap().is_none());
    let answer = neighbour.commit([decide(&world, &approval, ApprovalStatus::Approved, "stranger")]).await;
    assert!(is_conflict(&answer));
    world.pass(Duration::from_secs(8 * 86_400));
    let conversation = approval.conversation;
    let expire = Change::ExpireDrafts { conversation, at: world.now() };
    neighbour.commit([expire, Change::ExpireOverdueApprovals { at: world.now() }]).await.unwrap();
    let found = world.store.find_approval(&world.tenant, &approval.id).await.unwrap().unwrap();
    assert_eq!(found.status, ApprovalStatus::Pending);
}
