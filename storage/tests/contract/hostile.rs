//! Whatever a stranger writes can be stored, and harms nobody.

use serde_json::json;
use tenants::audit::ChainVerdict;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::conversation::{Comment, Conversation, Message};
use tenants::event::{EventBody, EventKind, NewEvent, OrphanedEvent, Person};
use tenants::ids::EventId;
use tenants::ports::{Accepted, Alerts, AuditLog, Conversations, Delivery, Inbox, Outbox, PageRequest};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, reply_to};

contract! {
    a_delivery_full_of_nul_characters_is_accepted_and_its_payload_is_kept
    texts_with_nul_characters_are_stored_with_a_replacement
    the_audit_chain_stays_intact_over_hostile_entries
    moments_out_of_every_calendar_are_stored_as_the_nearest
    endless_ids_are_accepted_and_still_told_apart
    sql_in_a_text_stays_a_text
}

const NUL: &str = "a\0b\u{1f4a9}\\u0000'; --";
const STORED: &str = "a\u{fffd}b\u{1f4a9}\\u0000'; --";

fn hostile_event(world: &World) -> NewEvent {
    let mut event = world.event(NUL);
    if let EventBody::Comment(body) = &mut event.body {
        body.text = NUL.into();
        body.from = Person { id: NUL.into(), username: Some(NUL.into()) };
    }
    event.raw = json!({NUL: [NUL, {"\0": 1}]});
    event
}

async fn a_delivery_full_of_nul_characters_is_accepted_and_its_payload_is_kept(database: TestDatabase) {
    let world = World::new(&database).await;
    let event = hostile_event(&world);
    let orphan = OrphanedEvent {
        id: EventId::new(&world.ids),
        external_account: NUL.into(),
        kind: EventKind::Comment,
        external_id: NUL.into(),
        received_at: world.now(),
        raw: event.raw.clone(),
    };
    let mut alert = world.alert(NUL);
    alert.message = NUL.into();
    alert.details = event.raw.clone();
    let (id, raw) = (event.id, event.raw.clone());
    let delivery = Delivery { events: vec![event], orphans: vec![orphan], alerts: vec![alert] };
    assert_eq!(world.store.accept(delivery.clone()).await.unwrap(), [Accepted::Stored]);
    assert_eq!(world.store.accept(delivery).await.unwrap(), [Accepted::Duplicate]);
    let (found, payload) = world.store.find_event(&world.tenant, &id).await.unwrap().unwrap();
    assert_eq!(payload, raw);
    assert_eq!(found.external_id, STORED);
    let EventBody::Comment(body) = found.body else { panic!("another body") };
    assert_eq!((body.text.as_str(), body.from.id.as_str()), (STORED, STORED));
    assert!(world.store.has_open_alert(NUL).await.unwrap());
}

async fn texts_with_nul_characters_are_stored_with_a_replacement(database: TestDatabase) {
    let world = World::new(&database).await;
    let account = world.account;
    let person = Person { id: NUL.into(), username: Some(NUL.into()) };
    let thread = Conversation { key: NUL.into(), person: person.clone(), ..world.thread("1") };
    let comment = Comment {
        author: person,
        text: NUL.into(),
        reply: Some(NUL.into()),
        tags: vec![NUL.into()],
        assigned_to: Some(NUL.into()),
        parent_external_id: Some(NUL.into()),
        ..world.comment(NUL, thread.id)
    };
    let message =
        Message { text: NUL.into(), attachments: vec![NUL.into()], ..world.message(NUL, thread.id) };
    let mut approval = world.approval(thread.id);
    approval.incoming_text = NUL.into();
    approval.proposed = vec![reply_to(NUL, NUL)];
    let effect = world.effect(reply_to(NUL, NUL));
    let mut rule = world.rule(NUL, 1);
    rule.trigger.media = vec![NUL.into()];
    world
        .commit([
            Change::PutConversation(Box::new(thread.clone())),
            Change::PutComment(Box::new(comment.clone())),
            Change::PutMessage(Box::new(message)),
            Change::EditMessage { account, external_id: NUL.into(), text: NUL.into() },
            Change::AddApproval(Box::new(approval)),
            Change::AddEffect(Box::new(effect.clone())),
            Change::EventFailed { event: EventId::new(&world.ids), error: NUL.into() },
            Change::PutRule(Box::new(rule)),
        ])
        .await
        .unwrap();
    let found = world.store.find_comment_by_external_id(&world.tenant, &account, NUL).await.unwrap().unwrap();
    assert_eq!((found.text.as_str(), found.tags), (STORED, vec![STORED.to_owned()]));
    let loaded = world.store.load_conversations(&world.tenant, &[(account, NUL.into())]).await.unwrap();
    assert_eq!(loaded[0].key, STORED);
    let messages = world.store.list_messages(&world.tenant, &thread.id, PageRequest::first(1)).await.unwrap();
    assert_eq!(messages[0].text, STORED);
    let stored = world.store.find_effect(&world.tenant, &effect.id).await.unwrap().unwrap();
    assert_eq!(stored.action, reply_to(STORED, STORED));
    let found = world.store.find_effect_behind(&world.tenant, &account, NUL, NUL, NUL).await.unwrap();
    assert!(found.is_none(), "it is not under way");
}

async fn the_audit_chain_stays_intact_over_hostile_entries(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut entry = world.entry(NUL);
    entry.resource_id = NUL.into();
    entry.actor = NUL.into();
    entry.error = Some(NUL.into());
    entry.details = json!({
        NUL: [NUL, 1.0, -0.0, 1e300, 0.1, 123456789012345678u64, {"z": null, "a": true}],
        "model": NUL, "confidence": 0.123456789, "tokens_in": 1.0, "latency_us": "fast",
    })
    .into();
    entry.at = Timestamp::from_micros(i64::MAX);
    world.commit([Change::Audit(Box::new(entry.clone())), world.audit("after")]).await.unwrap();
    let found = world.store.audit_since(&world.chain(), 0, 10).await.unwrap();
    assert_eq!(found[0].actor, STORED);
    assert_eq!(found[0].details.value()[NUL][0], NUL, "details are text and keep what was said");
    let verdict = world.store.verify_chain(&world.chain()).await.unwrap();
    assert_eq!(verdict, ChainVerdict::Intact { entries: 2 });
}

async fn moments_out_of_every_calendar_are_stored_as_the_nearest(database: TestDatabase) {
    let world = World::new(&database).await;
    let (mut first, mut second) = (world.event("1"), world.event("2"));
    first.occurred_at = Timestamp::from_micros(i64::MIN);
    second.occurred_at = Timestamp::from_micros(i64::MAX);
    let delivery = Delivery { events: vec![first, second], ..Delivery::default() };
    assert_eq!(world.store.accept(delivery).await.unwrap(), [Accepted::Stored, Accepted::Stored]);
    let found = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    assert_eq!(found[0].occurred_at.to_string(), "0001-01-01T00:00:00.000000Z");
    assert_eq!(found[1].occurred_at.to_string(), "9999-12-31T23:59:59.999999Z");
}

async fn endless_ids_are_accepted_and_still_told_apart(database: TestDatabase) {
    let world = World::new(&database).await;
    // Not compressible, or PostgreSQL would find room for it after all.
    let endless: String =
        (0..100_000u32).map(|n| char::from(b'!' + (n.wrapping_mul(2_654_435_761) >> 26) as u8)).collect();
    let other = format!("{endless}!");
    let ids = [endless.as_str(), other.as_str(), endless.as_str()];
    let answers = world.store.accept(world.delivery(&ids)).await.unwrap();
    assert_eq!(answers, [Accepted::Stored, Accepted::Stored, Accepted::Duplicate]);
    let found = world.store.pending_events(&world.tenant, &[], 10).await.unwrap();
    let EventBody::Comment(body) = &found[0].body else { panic!("another body") };
    assert_eq!(body.comment_id, endless);
}

async fn sql_in_a_text_stays_a_text(database: TestDatabase) {
    let world = World::new(&database).await;
    let evil = "1'); drop table comments; --";
    world.store.accept(world.delivery(&[evil])).await.unwrap();
    let comment = world.comment(evil, world.thread(evil).id);
    world.commit([Change::PutComment(Box::new(comment.clone()))]).await.unwrap();
    let found = world.store.find_comment_by_external_id(&world.tenant, &world.account, evil).await.unwrap();
    assert_eq!(found, Some(comment));
    assert_eq!(world.store.event_counts().await.unwrap(), [(EventKind::Comment, 1, 0)]);
}
