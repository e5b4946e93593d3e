//! A person who is forgotten leaves no words of theirs.

use tenants::approval::{Approval, ApprovalStatus};
use tenants::changes::Change;
use tenants::conversation::{ConversationKind, Message};
use tenants::event::EventBody;
use tenants::ids::{EventId, VerdictId};
use tenants::intent::Intent;
use tenants::memory::Forgetting;
use tenants::ports::{Accepted, Approvals, Conversations, Inbox, Leads, Learning, PageRequest};
use tenants::verdict::{Verdict, VerdictKind, VerdictSource};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, maria};

contract! {
    a_forgotten_person_leaves_no_words_and_no_name
    what_a_forgotten_person_sends_later_is_an_event_like_any_other
}

const PAGE: PageRequest = PageRequest { before: None, limit: 10 };

/// What a tenant has of Maria: a comment that was decided, one that waits, a message, a draft, two verdicts.
struct Known {
    world: World,
    decided: EventId,
    waiting: EventId,
    draft: Approval,
}

async fn known(world: World) -> Known {
    let (thread, direct) = (world.thread("c1"), world.direct());
    let urls = vec![Some("https://cdn.example/1".to_owned())];
    let message = Message { attachment_urls: urls, ..world.message("m1", direct.id) };
    let delivery = world.delivery(&["c1"]);
    let mut later = world.delivery(&["c2"]);
    later.events[0].conversation_key.clone_from(&thread.key);
    let (decided, waiting) = (delivery.events[0].id, later.events[0].id);
    world.store.accept(delivery).await.unwrap();
    world.store.accept(later).await.unwrap();
    let draft = Approval { event: decided, ..world.approval(thread.id) };
    let verdict = |source| {
        Change::AddVerdict(Box::new(Verdict {
            id: VerdictId::new(&world.ids),
            source,
            approval: Some(draft.id),
            event: decided,
            decision: draft.decision,
            text: draft.incoming_text.clone(),
            basis: world.basis(),
            verdict: VerdictKind::Approved,
            corrected_intent: None,
            edit_distance: None,
            by: "key:1".into(),
            at: world.now(),
        }))
    };
    world
        .commit([
            Change::EventDone { event: decided, at: world.now() },
            Change::PutComment(Box::new(world.comment("c1", thread.id))),
            Change::PutConversation(Box::new(thread)),
            Change::PutConversation(Box::new(direct)),
            Change::PutMessage(Box::new(message)),
            Change::AddApproval(Box::new(draft.clone())),
            verdict(VerdictSource::Draft),
        ])
        .await
        .unwrap();
    Known { world, decided, waiting, draft }
}

/// Everything that can be read of her, as text.
async fn words(known: &Known) -> String {
    let (store, tenant) = (&known.world.store, &known.world.tenant);
    let comments = store.list_comments(tenant, &Default::default(), PAGE).await.unwrap();
    let conversations = store.list_conversations(tenant, &Default::default(), None, 200).await.unwrap();
    let direct = conversations.iter().find(|it| it.kind == ConversationKind::Direct).unwrap();
    let messages = store.list_messages(tenant, &direct.id, PAGE).await.unwrap();
    let draft = store.find_approval(tenant, &known.draft.id).await.unwrap();
    let event = store.find_event(tenant, &known.decided).await.unwrap();
    let verdicts = store.latest_verdicts(tenant, Intent::Question, 10).await.unwrap();
    format!("{comments:?} {conversations:?} {messages:?} {draft:?} {event:?} {verdicts:?}")
}

async fn a_forgotten_person_leaves_no_words_and_no_name(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = known(world.neighbour().await).await;
    let known = known(world).await;
    let said = ["love it", "do you ship", "we ship", "cdn.example", maria().username.unwrap().leak()];
    let before = words(&known).await;
    for text in said {
        assert!(before.contains(text), "{text} is not in {before}");
    }
    let world = &known.world;
    assert!(!world.store.knows_person(&world.tenant, "nobody").await.unwrap());
    assert!(world.store.knows_person(&world.tenant, &maria().id).await.unwrap());
    world.commit([Change::Forget(Forgetting::Person(maria().id))]).await.unwrap();
    let after = words(&known).await;
    for text in said {
        assert!(!after.contains(text), "{text} is left in {after}");
    }
    let draft = world.store.find_approval(&world.tenant, &known.draft.id).await.unwrap().unwrap();
    assert_eq!((draft.status, draft.proposed.len()), (ApprovalStatus::Expired, 0));
    assert!(world.store.unlearned_verdicts(&world.tenant, 10).await.unwrap().is_empty(), "nothing to learn");
    let theirs = words(&neighbour).await;
    for text in said {
        assert!(theirs.contains(text), "another tenant's rows are another tenant's");
    }
}

async fn what_a_forgotten_person_sends_later_is_an_event_like_any_other(database: TestDatabase) {
    let known = known(World::new(&database).await).await;
    let world = &known.world;
    world.commit([Change::Forget(Forgetting::Person(maria().id))]).await.unwrap();
    let (event, _) = world.store.find_event(&world.tenant, &known.waiting).await.unwrap().unwrap();
    assert!(matches!(event.body, EventBody::Comment(_)), "{event:?}");
    let again = world.store.accept(world.delivery(&["c1"])).await.unwrap();
    assert_eq!(again, [Accepted::Duplicate], "what was decided is still known");
}
