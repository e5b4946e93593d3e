//! What people say about drafts and escalations.

use llm::testing::{Step as Script, classification};
use tenants::approval::{Approval, ApprovalStatus};
use tenants::conversation::CommentStatus;
use tenants::effect::{Action, EffectState};
use tenants::event::InboxEvent;
use tenants::intent::Intent;
use tenants::rule::{RuleAction, TriggerKind};
use tenants::verdict::{VerdictKind, VerdictSource};

use super::super::*;
use super::world::*;

async fn asked(world: &World, event: InboxEvent, intent: Intent) -> (Approval, InboxEvent) {
    let text = match &event.body {
        tenants::event::EventBody::Comment(comment) => comment.text.clone(),
        tenants::event::EventBody::Message(message) => message.text.clone(),
        other => panic!("{other:?}"),
    };
    world.script.on(&text, [Script::Classify(classification(intent, 0.95))]);
    world.happens(&event).await;
    (world.pending().pop().unwrap(), event)
}

#[tokio::test]
async fn an_approved_draft_is_sent_once_and_says_that_a_person_wanted_it() {
    let world = World::new();
    let (approval, event) = asked(&world, world.comment("do you ship?"), Intent::Question).await;
    world.verdict(&approval, &event, Verdict::Approve).await.unwrap();
    let effects = world.effects();
    assert_eq!(effects.len(), 1);
    assert!(effects[0].approved_by_person);
    assert_eq!(effects[0].action, approval.proposed[0]);
    assert_eq!(effects[0].state, EffectState::Pending);
    assert_eq!(effects[0].decision, Some(approval.decision));
    assert_eq!(world.store.rows().comments["c1"].status, CommentStatus::Queued);
    assert_eq!(world.store.rows().audit.last().unwrap().actor, "key:1");
    let again = world.verdict(&approval, &event, Verdict::Approve).await.unwrap_err();
    assert_eq!(again, "the approval is not pending", "the stale copy of the row is refused by the database");
    assert_eq!(world.effects().len(), 1);
}

#[tokio::test]
async fn an_edit_sends_the_persons_words_within_the_hard_limits_only() {
    let world = World::new();
    let (approval, event) = asked(&world, world.message("do you ship?"), Intent::Question).await;
    for (text, problem) in [
        (" ".to_owned(), "the text is empty"),
        ("é".repeat(501), "the text has 1002 bytes, allowed are 1000"),
    ] {
        let error = world.verdict(&approval, &event, Verdict::Edit(text)).await.unwrap_err();
        assert_eq!(error, format!("{problem}: change it"));
    }
    let promise = "Yes! 100% guaranteed, see https://anything.example".to_owned();
    world.verdict(&approval, &event, Verdict::Edit(promise.clone())).await.unwrap();
    assert_eq!(world.effects()[0].action.text(), Some(promise.as_str()));
    assert_eq!(world.store.rows().approvals[0].status, ApprovalStatus::Edited);
}

#[tokio::test]
async fn a_rejected_draft_sends_nothing() {
    let world = World::new();
    let (approval, event) = asked(&world, world.comment("do you ship?"), Intent::Question).await;
    let verdict = Verdict::Reject { comment: Some("not now".into()) };
    world.verdict(&approval, &event, verdict).await.unwrap();
    assert!(world.effects().is_empty());
    assert_eq!(world.store.rows().comments["c1"].status, CommentStatus::Ignored);
    assert_eq!(world.store.rows().audit.last().unwrap().details.value()["comment"], "not now");
}

#[tokio::test]
async fn an_escalation_is_answered_in_a_persons_own_words_where_it_was_said() {
    let world = World::new();
    let (approval, event) = asked(&world, world.comment("it arrived broken"), Intent::Complaint).await;
    let error = world.verdict(&approval, &event, Verdict::Approve).await.unwrap_err();
    assert!(error.starts_with("there is no draft to approve"), "{error}");
    world.verdict(&approval, &event, Verdict::Edit("So sorry!".into())).await.unwrap();
    assert!(matches!(&world.effects()[0].action, Action::ReplyComment { text, .. } if text == "So sorry!"));
    let (approval, event) = asked(&world, world.message("it arrived very broken"), Intent::Complaint).await;
    world.verdict(&approval, &event, Verdict::Edit("So sorry!".into())).await.unwrap();
    assert!(matches!(&world.effects()[1].action, Action::ReplyDm { mid, .. } if mid == "m2"));
}

#[tokio::test]
async fn own_words_to_an_escalation_are_not_lost_behind_the_rules_reply() {
    let holding = RuleAction::Reply { variations: vec!["A colleague will write to you.".into()] };
    let world = World::new().rule("vip", TriggerKind::Comment, "", vec![holding, RuleAction::Escalate]);
    let event = world.comment("hello");
    world.happens(&event).await;
    let approval = world.pending().pop().unwrap();
    world.verdict(&approval, &event, Verdict::Edit("Hi, Ana here.".into())).await.unwrap();
    let texts: Vec<_> =
        world.effects().iter().filter_map(|effect| effect.action.text().map(str::to_owned)).collect();
    assert_eq!(texts, ["A colleague will write to you.", "Hi, Ana here."]);
}

#[tokio::test]
async fn what_is_forbidden_now_is_refused_with_the_reason() {
    let world = World::new();
    let (approval, event) = asked(&world, world.message("do you ship?"), Intent::Question).await;
    let (escalation, complaint) = asked(&world, world.message("it is broken"), Intent::Complaint).await;
    assert_eq!(world.store.rows().approvals[0].status, ApprovalStatus::Expired, "overtaken by the complaint");
    let error = world.verdict(&approval, &event, Verdict::Approve).await.unwrap_err();
    assert_eq!(error, "the approval is not pending");
    world.clock.advance(hours(24));
    let error = world.verdict(&escalation, &complaint, Verdict::Edit("Sorry!".into())).await.unwrap_err();
    assert_eq!(error, "it cannot be sent any more: window_closed");
    world.happens(&world.message("stop")).await;
    let error = world.verdict(&escalation, &complaint, Verdict::Edit("Sorry!".into())).await.unwrap_err();
    assert_eq!(error, "it cannot be sent any more: opted_out");
    let reject = Verdict::Reject { comment: None };
    assert!(world.verdict(&escalation, &complaint, reject).await.is_ok(), "it can still be put aside");
}

#[tokio::test]
async fn every_verdict_is_kept_with_what_the_decision_rests_on() {
    let world = World::new();
    let (draft, event) = asked(&world, world.comment("do you ship?"), Intent::Question).await;
    let words = draft.proposed[0].text().unwrap().to_owned();
    world.verdict(&draft, &event, Verdict::Edit(format!("{words}!"))).await.unwrap();
    let (escalation, event) = asked(&world, world.comment("it arrived broken"), Intent::Complaint).await;
    world.verdict(&escalation, &event, Verdict::Edit("So sorry!".into())).await.unwrap();

    let rows = world.store.rows();
    let [edited, answered] = &rows.verdicts[..] else { panic!("{:?}", rows.verdicts) };
    assert_eq!((edited.source, edited.verdict), (VerdictSource::Draft, VerdictKind::Edited));
    assert_eq!((edited.intent(), edited.text.as_str()), (Some(Intent::Question), "do you ship?"));
    assert!(edited.edit_distance.is_some_and(|distance| distance > 0.0 && distance < 0.1));
    assert!(edited.agrees() && edited.basis.undoubted);
    assert!(edited.basis.written_by.as_ref().is_some_and(|writer| writer.prompt.is_some()));
    assert_eq!((answered.source, answered.edit_distance), (VerdictSource::Escalation, None));
    assert_eq!(answered.label().map(|label| label.intent), Some(Intent::Complaint));
}
