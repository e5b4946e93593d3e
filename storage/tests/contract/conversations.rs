//! Conversations, comments and messages.

use std::collections::HashMap;
use std::time::Duration;

use tenants::changes::Change;
use tenants::conversation::{CommentStatus, Conversation, ConversationKind, Direction, Owner};
use tenants::ids::{ConversationId, EffectId, TenantId};
use tenants::intent::{Classification, Intent, Language, Sentiment};
use tenants::ports::{CommentFilter, ConversationFilter, Conversations, PageRequest, TimePosition};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::World;

contract! {
    a_conversation_keeps_its_id_when_its_state_is_replaced
    work_decided_before_a_person_took_the_thread_does_not_take_it_back
    conversations_are_loaded_by_whole_places_only
    conversations_are_listed_by_kind_owner_and_account
    conversations_are_listed_by_what_happened_in_them_last
    the_last_words_of_a_conversation_are_told
    a_comment_is_stored_once_and_takes_what_was_found_about_it
    marking_a_comment_keeps_its_reply_when_none_is_given
    comments_are_listed_by_status_and_intent
    a_message_keeps_its_text_and_takes_what_it_lacks
    a_message_taken_back_loses_its_text_for_good
    nothing_of_another_tenant_is_found_or_changed
}

fn praise() -> Classification {
    Classification {
        intent: Intent::Praise,
        confidence: 0.87,
        probabilities: vec![],
        sentiment: Sentiment::Positive,
        language: Some(Language::Spanish),
        crisis: false,
    }
}

async fn a_conversation_keeps_its_id_when_its_state_is_replaced(database: TestDatabase) {
    let world = World::new(&database).await;
    let first = world.direct();
    world.commit([Change::PutConversation(Box::new(first.clone()))]).await.unwrap();
    world.pass(Duration::from_secs(5));
    let mut second = Conversation {
        owner: Owner::Human,
        owner_since: world.now(),
        window_ends_at: None,
        opted_out_at: Some(world.now()),
        last_outbound_at: Some(world.now()),
        disclosed_at: None,
        assigned_to: None,
        updated_at: world.now(),
        ..world.direct()
    };
    world.commit([Change::PutConversation(Box::new(second.clone()))]).await.unwrap();
    (second.id, second.created_at) = (first.id, first.created_at);
    assert_eq!(world.store.find_conversation(&world.tenant, &first.id).await.unwrap(), Some(second));
}

async fn work_decided_before_a_person_took_the_thread_does_not_take_it_back(database: TestDatabase) {
    let world = World::new(&database).await;
    let before = world.direct();
    world.commit([Change::PutConversation(Box::new(before.clone()))]).await.unwrap();
    world.pass(Duration::from_secs(5));
    let taken = Conversation { owner: Owner::Human, owner_since: world.now(), ..before.clone() };
    world.commit([Change::PutConversation(Box::new(taken.clone()))]).await.unwrap();
    world.pass(Duration::from_secs(5));
    let late = Conversation { last_outbound_at: Some(world.now()), ..before.clone() };
    world.commit([Change::PutConversation(Box::new(late.clone()))]).await.unwrap();
    let stored = world.store.find_conversation(&world.tenant, &before.id).await.unwrap().unwrap();
    assert_eq!((stored.owner, stored.owner_since), (taken.owner, taken.owner_since));
    assert_eq!(stored.last_outbound_at, late.last_outbound_at);
}

async fn conversations_are_loaded_by_whole_places_only(database: TestDatabase) {
    let world = World::new(&database).await;
    let other_account = World { account: tenants::ids::AccountId::new(&world.ids), ..world.clone() };
    let (one, two) = (world.thread("1"), other_account.thread("2"));
    let put = |it: &Conversation| Change::PutConversation(Box::new(it.clone()));
    world
        .commit([put(&one), put(&two), put(&world.thread("2")), put(&other_account.thread("1"))])
        .await
        .unwrap();
    let places =
        [(one.account, one.key.clone()), (two.account, two.key.clone()), (one.account, "none".into())];
    let mut found = world.store.load_conversations(&world.tenant, &places).await.unwrap();
    found.sort_by_key(|it| it.id);
    assert_eq!(found, [one, two]);
    assert!(world.store.load_conversations(&world.tenant, &[]).await.unwrap().is_empty());
}

async fn conversations_are_listed_by_kind_owner_and_account(database: TestDatabase) {
    let world = World::new(&database).await;
    let (thread, mut direct) = (world.thread("1"), world.direct());
    direct.owner = Owner::Human;
    let put = |it: &Conversation| Change::PutConversation(Box::new(it.clone()));
    world.commit([put(&thread), put(&direct)]).await.unwrap();
    let list = async |filter: ConversationFilter| {
        world.store.list_conversations(&world.tenant, &filter, None, 10).await.unwrap()
    };
    let any = ConversationFilter::default();
    assert_eq!(list(any.clone()).await, [direct.clone(), thread.clone()]);
    let threads = ConversationFilter { kind: Some(ConversationKind::CommentThread), ..any.clone() };
    assert_eq!(list(threads).await, std::slice::from_ref(&thread));
    let of_humans = ConversationFilter { owner: Some(Owner::Human), account: Some(world.account), ..any };
    assert_eq!(list(of_humans).await, [direct.clone()]);
}

async fn conversations_are_listed_by_what_happened_in_them_last(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut threads = ["1", "2", "3"].map(|comment| world.thread(comment));
    let put = |it: &Conversation| Change::PutConversation(Box::new(it.clone()));
    world.commit(threads.iter().map(put)).await.unwrap();
    let list = async |after: Option<&Conversation>, limit: u32| {
        let after = after.map(TimePosition::of_conversation);
        world
            .store
            .list_conversations(&world.tenant, &ConversationFilter::default(), after, limit)
            .await
            .unwrap()
    };
    let [first, second, third] = &threads;
    assert_eq!(
        list(None, 10).await,
        [third, second, first].map(Clone::clone),
        "of one moment, the newest begin"
    );
    let whole = [list(None, 2).await, list(Some(second), 2).await].concat();
    assert_eq!(whole, list(None, 10).await, "no page repeats or leaves out one of the same moment");

    world.pass(Duration::from_secs(1));
    threads[0].updated_at = world.now();
    world.commit([put(&threads[0])]).await.unwrap();
    let [first, second, third] = &threads;
    assert_eq!(
        list(None, 10).await,
        [first, third, second].map(Clone::clone),
        "an old one was heard of again"
    );
    assert_eq!(list(Some(first), 10).await, [third, second].map(Clone::clone));
}

async fn the_last_words_of_a_conversation_are_told(database: TestDatabase) {
    let world = World::new(&database).await;
    let (thread, direct, silent) = (world.thread("1"), world.direct(), world.thread("9"));
    let put = |it: &Conversation| Change::PutConversation(Box::new(it.clone()));
    let mut said =
        [world.message("m1", direct.id), world.message("m2", direct.id), world.message("m3", direct.id)];
    said[0].text = "Hello?".into();
    (said[1].text, said[1].direction) = ("Hello! How can we help?".into(), Direction::Outbound);
    said[2].text = "Never mind".into();
    let mut comments = [world.comment("1", thread.id), world.comment("2", thread.id)];
    comments[1].text = "And in blue?".into();
    world.commit([put(&thread), put(&direct), put(&silent)]).await.unwrap();
    world.commit(said.iter().map(|it| Change::PutMessage(Box::new(it.clone())))).await.unwrap();
    world.commit(comments.iter().map(|it| Change::PutComment(Box::new(it.clone())))).await.unwrap();
    let ids = [thread.id, direct.id, silent.id];
    let told = async |tenant: &TenantId| -> HashMap<ConversationId, (Direction, String, Option<String>)> {
        let found = world.store.last_words(tenant, &ids).await.unwrap();
        found.into_iter().map(|it| (it.conversation, (it.direction, it.text, it.media))).collect()
    };
    let words = told(&world.tenant).await;
    assert_eq!(words.len(), 2, "nothing was said in the third");
    assert_eq!(words[&thread.id], (Direction::Inbound, "And in blue?".into(), Some("m1".into())));
    assert_eq!(words[&direct.id], (Direction::Inbound, "Never mind".into(), None));

    let forget = Change::ForgetMessage { account: world.account, external_id: "m3".into() };
    world.commit([forget]).await.unwrap();
    let words = told(&world.tenant).await;
    assert_eq!(
        words[&direct.id],
        (Direction::Outbound, "Hello! How can we help?".into(), None),
        "it was taken back"
    );
    let rival = world.neighbour().await;
    assert!(told(&rival.tenant).await.is_empty(), "nobody else is told");
}

async fn a_comment_is_stored_once_and_takes_what_was_found_about_it(database: TestDatabase) {
    let world = World::new(&database).await;
    let thread = world.thread("1");
    let first = world.comment("1", thread.id);
    world.commit([Change::PutComment(Box::new(first.clone()))]).await.unwrap();
    let mut again = world.comment("1", thread.id);
    again.classify(&praise());
    again.text = "other words".into();
    again.status = CommentStatus::Queued;
    again.reply = Some("thank you!".into());
    again.tags = vec!["fan".into(), "vip".into()];
    again.assigned_to = Some("ana".into());
    world.commit([Change::PutComment(Box::new(again.clone()))]).await.unwrap();
    let found =
        world.store.find_comment_by_external_id(&world.tenant, &world.account, "1").await.unwrap().unwrap();
    let expected = tenants::conversation::Comment {
        id: first.id,
        event: first.event,
        text: first.text,
        created_at: first.created_at,
        ..again
    };
    assert_eq!(found, expected);
    assert_eq!(world.store.find_comment(&world.tenant, &first.id).await.unwrap(), Some(expected));
}

async fn marking_a_comment_keeps_its_reply_when_none_is_given(database: TestDatabase) {
    let world = World::new(&database).await;
    let comment = world.comment("1", ConversationId::new(&world.ids));
    let mark = |external_id: &str, status, reply: Option<&str>| Change::MarkComment {
        account: world.account,
        external_id: external_id.into(),
        status,
        reply: reply.map(str::to_owned),
    };
    world.commit([Change::PutComment(Box::new(comment.clone()))]).await.unwrap();
    world
        .commit([mark("1", CommentStatus::Queued, Some("thanks")), mark("9", CommentStatus::Hidden, None)])
        .await
        .unwrap();
    world.commit([mark("1", CommentStatus::Replied, None)]).await.unwrap();
    let found = world.store.find_comment(&world.tenant, &comment.id).await.unwrap().unwrap();
    assert_eq!((found.status, found.reply.as_deref()), (CommentStatus::Replied, Some("thanks")));
    assert!(
        world.store.find_comment_by_external_id(&world.tenant, &world.account, "9").await.unwrap().is_none()
    );
}

async fn comments_are_listed_by_status_and_intent(database: TestDatabase) {
    let world = World::new(&database).await;
    let conversation = ConversationId::new(&world.ids);
    let (plain, mut praised) = (world.comment("1", conversation), world.comment("2", conversation));
    praised.classify(&praise());
    praised.status = CommentStatus::Replied;
    let put = |it: &tenants::conversation::Comment| Change::PutComment(Box::new(it.clone()));
    world.commit([put(&plain), put(&praised)]).await.unwrap();
    let list = async |filter: CommentFilter| {
        world.store.list_comments(&world.tenant, &filter, PageRequest::first(10)).await.unwrap()
    };
    let any = CommentFilter { conversation: Some(conversation), ..CommentFilter::default() };
    assert_eq!(list(any.clone()).await, [praised.clone(), plain.clone()]);
    assert_eq!(list(CommentFilter { status: Some(CommentStatus::Seen), ..any.clone() }).await, [plain]);
    assert_eq!(list(CommentFilter { intent: Some(Intent::Praise), ..any }).await, [praised]);
}

async fn a_message_keeps_its_text_and_takes_what_it_lacks(database: TestDatabase) {
    let world = World::new(&database).await;
    let direct = world.direct();
    let first = world.message("mid.1", direct.id);
    world.commit([Change::PutMessage(Box::new(first.clone()))]).await.unwrap();
    let mut again = world.message("mid.1", direct.id);
    again.text = "other words".into();
    again.effect = Some(EffectId::new(&world.ids));
    again.classify(&praise());
    world.commit([Change::PutMessage(Box::new(again.clone()))]).await.unwrap();
    let mut third = again.clone();
    third.effect = Some(EffectId::new(&world.ids));
    third.intent = Some(Intent::Spam);
    third.confidence = Some(0.1);
    world.commit([Change::PutMessage(Box::new(third))]).await.unwrap();
    let found = world.store.list_messages(&world.tenant, &direct.id, PageRequest::first(10)).await.unwrap();
    let expected = tenants::conversation::Message { id: first.id, text: first.text, ..again };
    assert_eq!(found, [expected]);
}

async fn a_message_taken_back_loses_its_text_for_good(database: TestDatabase) {
    let world = World::new(&database).await;
    let (account, direct) = (world.account, world.direct());
    let messages = [world.message("mid.1", direct.id), world.message("mid.2", direct.id)];
    world.commit(messages.map(|message| Change::PutMessage(Box::new(message)))).await.unwrap();
    let edit =
        |id: &str, text: &str| Change::EditMessage { account, external_id: id.into(), text: text.into() };
    let forget = Change::ForgetMessage { account, external_id: "mid.1".into() };
    world
        .commit([edit("mid.1", "first edit"), forget, edit("mid.1", "too late"), edit("mid.2", "better")])
        .await
        .unwrap();
    let found = world.store.list_messages(&world.tenant, &direct.id, PageRequest::first(10)).await.unwrap();
    assert_eq!((found[0].text.as_str(), found[0].deleted), ("better", false));
    assert_eq!((found[1].text.as_str(), found[1].deleted), ("", true));
}

async fn nothing_of_another_tenant_is_found_or_changed(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let thread = world.thread("1");
    let comment = world.comment("1", thread.id);
    let message = world.message("mid.1", thread.id);
    world
        .commit([
            Change::PutConversation(Box::new(thread.clone())),
            Change::PutComment(Box::new(comment.clone())),
            Change::PutMessage(Box::new(message.clone())),
        ])
        .await
        .unwrap();
    let (account, store, tenant) = (world.account, &neighbour.store, &neighbour.tenant);
    neighbour
        .commit([
            Change::MarkComment {
                account,
                external_id: "1".into(),
                status: CommentStatus::Deleted,
                reply: None,
            },
            Change::ForgetMessage { account, external_id: "mid.1".into() },
            Change::EditMessage { account, external_id: "mid.1".into(), text: "mine".into() },
        ])
        .await
        .unwrap();
    assert!(store.find_conversation(tenant, &thread.id).await.unwrap().is_none());
    assert!(store.load_conversations(tenant, &[(account, thread.key.clone())]).await.unwrap().is_empty());
    assert!(store.find_comment(tenant, &comment.id).await.unwrap().is_none());
    assert!(store.find_comment_by_external_id(tenant, &account, "1").await.unwrap().is_none());
    assert!(store.list_messages(tenant, &thread.id, PageRequest::first(10)).await.unwrap().is_empty());
    assert!(
        store
            .list_comments(tenant, &CommentFilter::default(), PageRequest::first(10))
            .await
            .unwrap()
            .is_empty()
    );
    let filter = ConversationFilter::default();
    assert!(store.list_conversations(tenant, &filter, None, 10).await.unwrap().is_empty());
    assert_eq!(world.store.find_comment(&world.tenant, &comment.id).await.unwrap(), Some(comment));
    let kept = world.store.list_messages(&world.tenant, &thread.id, PageRequest::first(10)).await.unwrap();
    assert_eq!(kept, [message]);
}
