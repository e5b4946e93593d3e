//! Who has a conversation: opt-outs, the phone, echoes, and everything that is only taken note of.

use llm::testing::{Step as Script, classification};
use tenants::alert::AlertType;
use tenants::approval::ApprovalKind;
use tenants::conversation::{CommentStatus, Direction, Owner};
use tenants::decision::Outcome;
use tenants::effect::{Action, EffectState, ErrorCategory};
use tenants::event::{EventBody, EventKind, Person, Role, TickBody};
use tenants::intent::Intent;
use tenants::ports::MentionText;
use tenants::rule::{RuleAction, TriggerKind};
use tenants::settings::TenantSettings;

use super::super::*;
use super::world::*;

fn says(world: &World, text: &str, intent: Intent) {
    world.script.on(text, [Script::Classify(classification(intent, 0.95))]);
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[tokio::test]
async fn stop_silences_messages_and_comments_until_start() {
    let world = World::new();
    says(&world, "win an iphone", Intent::Spam);
    let decided = world.happens(&world.message("STOP")).await;
    assert_eq!(decided.decision.unwrap().outcome, Outcome::Record);
    assert!(world.direct().unwrap().opted_out_at.is_some());
    world.clock.advance(hours(1));
    for event in [world.message("do you ship?"), world.comment("I love this dress, you are the best!")] {
        assert_eq!(world.happens(&event).await.decision.unwrap().outcome, Outcome::Ignore);
    }
    world.happens(&world.comment("win an iphone")).await;
    assert_eq!(world.actions(), ["hide_comment"], "spam is hidden all the same");
    world.happens(&world.message("start")).await;
    world.happens(&world.comment("I love this dress, you are the best!")).await;
    assert_eq!(world.actions(), ["hide_comment", "reply_comment"]);
    let audit = world.audit_types();
    assert!(audit.contains(&"conversation.opted_out:opt_out".to_owned()), "{audit:?}");
    assert!(audit.contains(&"conversation.opted_in:opt_in".to_owned()), "{audit:?}");
}

#[tokio::test]
async fn a_person_on_the_phone_takes_the_thread_and_its_drafts_expire() {
    let world = World::new();
    says(&world, "do you ship?", Intent::Question);
    world.happens(&world.message("do you ship?")).await;
    assert_eq!(world.pending().len(), 1);
    world.happens(&world.echo("yes we do!")).await;
    assert!(world.pending().is_empty());
    assert_eq!(world.direct().unwrap().owner, Owner::Human);
    let decided = world.happens(&world.message("I love you all, great service!")).await;
    assert_eq!(decided.decision.unwrap().reason, "a person answers in this conversation");
    assert!(world.effects().is_empty());
    let rows = world.store.rows();
    assert!(rows.messages.values().any(|message| message.direction == Direction::Outbound));
    assert!(rows.audit.iter().any(|entry| entry.event_type == "conversation.taken_over"));
}

#[tokio::test]
async fn our_own_echo_is_recognised_before_the_answer_to_our_call_is_recorded() {
    let world = World::new();
    says(&world, "you are great", Intent::Praise);
    world.happens(&world.message("you are great")).await;
    world.store.rows().effects[0].state = EffectState::Processing;
    let text = world.effects()[0].action.text().unwrap().to_owned();
    let decided = world.happens(&world.echo(&text)).await;
    assert_eq!(decided.decision.unwrap().outcome, Outcome::Record);
    let direct = world.direct().unwrap();
    assert_eq!((direct.owner, direct.last_outbound_at), (Owner::Bot, Some(noon())));
    let effect = world.effects()[0].id;
    assert!(world.store.rows().messages.values().any(|message| message.effect == Some(effect)));
}

#[tokio::test]
async fn the_echo_of_an_open_private_reply_is_ours_although_it_belongs_to_a_comment() {
    let actions = vec![RuleAction::PrivateReply { variations: texts(&["Hello!"]) }];
    let world = World::new().rule("dm", TriggerKind::Comment, "", actions);
    world.happens(&world.comment("link")).await;
    world.store.rows().effects[0].state = EffectState::Unknown;
    world.happens(&world.echo("Hello!")).await;
    let direct = world.direct().unwrap();
    assert_eq!((direct.owner, direct.window_ends_at), (Owner::Bot, None));
}

#[tokio::test]
async fn our_reply_coming_back_is_recorded_and_a_reply_from_the_phone_takes_the_thread() {
    let world = World::new();
    world.happens(&world.comment("I love this dress, you are the best!")).await;
    {
        let mut rows = world.store.rows();
        rows.effects[0].state = EffectState::Sent;
        rows.effects[0].instagram_id = Some("c2".into());
    }
    let decided = world.happens(&world.own_comment("whatever the text", Some("c1"))).await;
    assert_eq!(decided.thread.unwrap().owner, Owner::Bot);
    assert_eq!(world.audit_types(), ["decision.made:act"]);
    let decided = world.happens(&world.own_comment("thank you Maria!", Some("c1"))).await;
    assert_eq!(decided.thread.unwrap().owner, Owner::Human);
    assert_eq!(world.store.rows().comments["c1"].status, CommentStatus::Replied);
    let decided = world.happens(&world.own_comment("first!", None)).await;
    assert!(decided.thread.is_none(), "a comment under our own post answers nobody");
    assert_eq!(world.effects().len(), 1);
}

#[tokio::test]
async fn a_draft_is_overtaken_by_a_new_text_but_not_by_a_lone_emoji() {
    let world = World::new();
    says(&world, "do you ship?", Intent::Question);
    says(&world, "and to france?", Intent::Question);
    says(&world, "🙂", Intent::Other);
    world.happens(&world.message("do you ship?")).await;
    let first = world.pending()[0].id;
    world.happens(&world.message("🙂")).await;
    assert_eq!(world.pending()[0].id, first);
    world.happens(&world.message("and to france?")).await;
    assert_eq!(world.pending().len(), 1);
    assert_ne!(world.pending()[0].id, first);
}

#[tokio::test]
async fn a_photo_is_shown_to_a_person_and_an_old_message_is_not_answered() {
    let world = World::new();
    world.happens(&world.photo()).await;
    assert_eq!(world.pending()[0].kind, ApprovalKind::Escalation);
    let mut event = world.message("I love this dress, you are the best!");
    event.occurred_at = noon() - hours(30);
    let decided = world.happens(&event).await;
    assert_eq!(decided.decision.unwrap().reason, "the 24 hours in which this could be answered are over");
}

#[tokio::test]
async fn a_mention_is_read_and_answered_and_a_vanished_one_is_recorded() {
    let world = World::new();
    says(&world, "loving @acme", Intent::Praise);
    let text = MentionText { author: maria(), text: "loving @acme".into() };
    world.instagram.0.lock().unwrap().insert("m9".into(), Ok(Some(text)));
    let refused = Err(send_error(ErrorCategory::Permanent));
    world.instagram.0.lock().unwrap().insert("m7".into(), refused);
    world.instagram.0.lock().unwrap().insert("m6".into(), Err(send_error(ErrorCategory::Transient)));
    world.happens(&world.mention("m9")).await;
    assert_eq!(world.actions(), ["reply_comment"]);
    for gone in ["m8", "m7"] {
        let decided = world.happens(&world.mention(gone)).await;
        assert_eq!(decided.decision.unwrap().outcome, Outcome::Record);
    }
    assert!(matches!(world.decides(&world.mention("m6")).await, Err(DecideError::Retry { .. })));
}

#[tokio::test]
async fn a_tapped_button_is_a_message_and_a_friend_tagged_is_no_matter_of_ours() {
    let world = World::new();
    says(&world, "Opening hours", Intent::Question);
    says(&world, "@lola 😂", Intent::Other);
    let body =
        EventBody::Postback { mid: None, person: maria(), title: "Opening hours".into(), payload: None };
    let event = world.event(EventKind::Postback, "p1", "dm:77".into(), body);
    world.happens(&event).await;
    assert!(matches!(world.pending()[0].proposed[0], Action::SendDm { .. }));
    assert_eq!(world.direct().unwrap().window_ends_at, Some(noon() + hours(24)));
    let decided = world.happens(&world.comment("@lola 😂")).await;
    assert_eq!(decided.decision.unwrap().outcome, Outcome::Ignore);
}

#[tokio::test]
async fn glances_edits_and_ticks_leave_the_conversation_alone() {
    let world = World::new();
    world.happens(&world.message("🙂")).await;
    let before = world.direct();
    let audited = world.store.rows().audit.len();
    let person = maria();
    let edited =
        EventBody::MessageEdited { mid: "m1".into(), person: None, text: Some("hey".into()), edits: 1 };
    world.happens(&world.event(EventKind::MessageEdited, "e1", "dm:77".into(), edited)).await;
    assert_eq!(world.store.rows().messages["m1"].text, "hey");
    let deleted = EventBody::MessageDeleted { mid: "m1".into(), person: Some(person.clone()) };
    world.happens(&world.event(EventKind::MessageDeleted, "d1", "dm:77".into(), deleted)).await;
    assert!(world.store.rows().messages["m1"].deleted);
    let seen = EventBody::Seen { mid: None, person };
    world.happens(&world.event(EventKind::Seen, "s1", "dm:77".into(), seen)).await;
    let body = TickBody { role: Role::Comms, name: "daily_briefing".into(), due_at: noon() };
    let mut tick = world.event(EventKind::Tick, "t1", "tick:comms".into(), EventBody::Tick(body));
    tick.account = None;
    let decided = world.happens(&tick).await;
    assert!(decided.decision.is_none() && decided.thread.is_none());
    assert_eq!(world.direct(), before);
    assert_eq!(world.store.rows().audit.len(), audited + 2, "edit and deletion, not glance and tick");
    assert_eq!(world.store.rows().done.len(), 5);
}

#[tokio::test]
async fn an_event_of_an_account_that_is_gone_is_broken() {
    let mut world = World::new();
    let event = world.comment("hello");
    world.change_context(|context| context.accounts.clear());
    assert!(matches!(world.decides(&event).await, Err(DecideError::Broken { .. })));
}

#[tokio::test]
async fn a_policy_warning_raises_an_alert() {
    let world = World::new();
    let event = world.event(EventKind::PolicyEnforcement, "w1", "account".into(), EventBody::Raw);
    let decided = world.happens(&event).await;
    assert!(decided.thread.is_none());
    assert_eq!(world.store.rows().alerts[0].alert_type, AlertType::ContentViolation);
}

#[tokio::test]
async fn a_private_reply_waits_for_a_person_where_one_is_talking() {
    let actions = vec![RuleAction::PrivateReply { variations: texts(&["Hello!"]) }];
    let world = World::new().rule("dm", TriggerKind::Comment, "", actions);
    world.happens(&world.echo("hi Maria, Ana from Acme here")).await;
    world.happens(&world.comment("link")).await;
    assert!(world.effects().is_empty());
    assert_eq!(world.pending()[0].reason, "a person answers in the direct messages with this author");
}

#[tokio::test]
async fn a_blocked_author_gets_no_answer() {
    let settings = TenantSettings { blocked_authors: texts(&["@maria.rossi"]), ..TenantSettings::default() };
    let world = World::with(settings);
    let decided = world.happens(&world.comment("I love this dress, you are the best!")).await;
    assert_eq!(decided.decision.unwrap().reason, "the tenant blocks this author");
    let other = Person { id: "5".into(), username: Some("lola".into()) };
    world.happens(&world.comment_by(other, "I love this dress, you are the best!", None)).await;
    assert_eq!(world.actions(), ["reply_comment"]);
}
