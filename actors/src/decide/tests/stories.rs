//! What people write, and what is answered.

use llm::LlmError;
use llm::testing::{Step as Script, classification};
use tenants::alert::AlertType;
use tenants::approval::ApprovalKind;
use tenants::conversation::CommentStatus;
use tenants::decision::{Decision, Outcome, Step};
use tenants::effect::Action;
use tenants::intent::{Classification, Intent, Language};
use tenants::rule::{RuleAction, TriggerKind};
use tenants::settings::{Mode, QuietHours, TenantSettings};

use super::super::*;
use super::world::*;

fn steps(decision: &Decision) -> Vec<Step> {
    decision.trace.iter().map(|step| step.step).collect()
}

fn says(world: &World, text: &str, intent: Intent) {
    world.script.on(text, [Script::Classify(classification(intent, 0.95))]);
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn reply_with(text: &str) -> RuleAction {
    RuleAction::Reply { variations: texts(&[text]) }
}

#[tokio::test]
async fn praise_is_answered_at_once_and_the_trace_tells_every_step() {
    let world = World::new();
    let decided = world.happens(&world.comment("I love this dress, you are the best!")).await;
    let decision = decided.decision.unwrap();
    assert_eq!((decision.outcome, decision.mode), (Outcome::Act, Some(Mode::Act)));
    let whole = [
        Step::Policy,
        Step::Rules,
        Step::Memory,
        Step::Classify,
        Step::Mode,
        Step::Generate,
        Step::Guard,
        Step::Outcome,
    ];
    assert_eq!(steps(&decision), whole);
    assert!(decision.model.unwrap().starts_with("offline/"));
    assert_eq!(world.actions(), ["reply_comment"]);
    let rows = world.store.rows();
    assert_eq!(rows.comments["c1"].status, CommentStatus::Queued);
    assert_eq!(rows.comments["c1"].reply.as_deref(), rows.effects[0].action.text());
    assert_eq!(rows.audit[0].details.value()["incoming_text"], "I love this dress, you are the best!");
    assert!(serde_json::from_str::<Decision>(rows.audit[0].details.as_str()).is_ok());
    assert_eq!(rows.done.len(), 1);
}

#[tokio::test]
async fn the_same_event_decided_twice_gives_one_effect_and_the_same_words() {
    let world = World::new();
    let event = world.comment("I love this dress, you are the best!");
    world.happens(&event).await;
    let first = world.effects();
    world.happens(&event).await;
    assert_eq!(world.effects(), first);
    let again = world.decides(&event).await.unwrap();
    assert_eq!(again.changes.effects().next().unwrap().action, first[0].action);
}

#[tokio::test]
async fn spam_is_hidden_and_spam_by_direct_message_is_left_alone() {
    let world = World::new();
    says(&world, "win an iphone", Intent::Spam);
    world.happens(&world.comment("win an iphone")).await;
    assert_eq!(world.actions(), ["hide_comment"]);
    let decided = world.happens(&world.message("win an iphone")).await;
    assert_eq!(decided.decision.unwrap().outcome, Outcome::Ignore);
    assert_eq!(world.actions(), ["hide_comment"]);
}

#[tokio::test]
async fn a_question_is_drafted_and_the_draft_ends_with_its_window() {
    let world = World::new();
    says(&world, "do you ship to spain?", Intent::Question);
    world.happens(&world.message("do you ship to spain?")).await;
    let approval = world.pending().remove(0);
    assert_eq!(approval.kind, ApprovalKind::Draft);
    assert!(matches!(approval.proposed[0], Action::ReplyDm { .. }));
    assert_eq!(approval.expires_at, noon() + hours(24));
    assert_eq!(approval.incoming_text, "do you ship to spain?");
    assert!(world.effects().is_empty());
}

#[tokio::test]
async fn a_fact_of_the_brand_answers_a_question() {
    let mut settings = TenantSettings::default();
    settings.modes.insert(Intent::Question, Mode::Act);
    settings.voice.facts = texts(&["Do you ship to Spain? Yes, to Spain in 3 days, and 10% cheaper in May."]);
    let world = World::with(settings);
    says(&world, "do you ship to spain?", Intent::Question);
    world.happens(&world.comment("do you ship to spain?")).await;
    let effects = world.effects();
    assert!(effects[0].action.text().unwrap().contains("Yes, to Spain in 3 days"), "{effects:?}");
}

#[tokio::test]
async fn a_lead_gets_a_qualifying_direct_message_drafted() {
    let world = World::new();
    says(&world, "need 200 for a wedding", Intent::Lead);
    world.happens(&world.comment("need 200 for a wedding")).await;
    let approval = world.pending().remove(0);
    assert!(
        matches!(&approval.proposed[..], [Action::PrivateReply { comment_id, .. }] if comment_id == "c1")
    );
    assert_eq!(world.store.rows().comments["c1"].status, CommentStatus::AwaitingApproval);
}

#[tokio::test]
async fn a_complaint_goes_to_a_person_and_a_crisis_raises_an_alert_too() {
    let world = World::new();
    says(&world, "it arrived broken", Intent::Complaint);
    let crisis = Classification { crisis: true, ..classification(Intent::Complaint, 0.9) };
    world.script.on("my son is in hospital", [Script::Classify(crisis)]);
    let decided = world.happens(&world.comment("it arrived broken")).await;
    assert_eq!(decided.decision.unwrap().outcome, Outcome::Escalate);
    assert_eq!(world.pending()[0].kind, ApprovalKind::Escalation);
    assert!(world.store.rows().alerts.is_empty());
    world.happens(&world.comment("my son is in hospital")).await;
    assert_eq!(world.store.rows().alerts[0].alert_type, AlertType::Crisis);
    assert!(world.pending().iter().all(|approval| approval.proposed.is_empty()));
    assert!(world.effects().is_empty());
}

#[tokio::test]
async fn a_rule_wins_over_the_model_and_its_text_is_filled_in() {
    let world = World::new().rule(
        "link",
        TriggerKind::Comment,
        "link",
        vec![
            reply_with("Sent you a DM, {name}!"),
            RuleAction::PrivateReply {
                variations: texts(&["Here: https://acme.example/sale, 20% off at {brand}"]),
            },
            RuleAction::Tag { tag: "campaign".into() },
        ],
    );
    let decided = world.happens(&world.comment("LINK please")).await;
    let decision = decided.decision.unwrap();
    assert_eq!((decision.outcome, decision.classification), (Outcome::Act, None));
    assert_eq!(decision.reason, "the rule `link` decided");
    let effects = world.effects();
    assert_eq!(effects[0].action.text(), Some("Sent you a DM, @maria.rossi!"));
    assert_eq!(effects[1].action.text(), Some("Here: https://acme.example/sale, 20% off at Acme"));
    assert_eq!(effects[1].deadline, Some(noon() + hours(7 * 24)));
    assert_eq!(world.store.rows().comments["c1"].tags, ["campaign"]);
    assert_eq!(world.store.rows().hits.len(), 1);
}

#[tokio::test]
async fn a_reply_that_gives_way_to_hiding_is_told() {
    let answer = vec![reply_with("We see it!")];
    let world = World::new().rule("answer", TriggerKind::Comment, "", answer);
    let world = world.rule("hide", TriggerKind::Comment, "", vec![RuleAction::Hide]);
    let decided = world.happens(&world.comment("Follow me for promo")).await;
    assert_eq!(world.actions(), ["hide_comment"]);
    let trace = decided.decision.unwrap().trace;
    let hits = &trace.iter().find(|step| step.step == Step::Rules).unwrap().details["hits"];
    let left_out = hits.as_array().unwrap().iter().find_map(|hit| hit["left_out"].get(0)).unwrap();
    assert_eq!(left_out["because"], "a hidden comment cannot be answered in public");
    assert!(left_out["action"].to_string().contains("We see it!"), "{left_out}");
}

#[tokio::test]
async fn a_tagging_rule_leaves_the_answer_to_the_model() {
    let world =
        World::new().rule("tag", TriggerKind::Comment, "", vec![RuleAction::Tag { tag: "seen".into() }]);
    world.happens(&world.comment("I love this dress, you are the best!")).await;
    assert_eq!(world.actions(), ["reply_comment"]);
    assert_eq!(world.store.rows().comments["c1"].tags, ["seen"]);
}

#[tokio::test]
async fn a_dry_run_is_traced_and_does_nothing() {
    let mut world = World::new().rule("try", TriggerKind::Comment, "", vec![RuleAction::Delete]);
    world.change_context(|context| context.rules[0].dry_run = true);
    world.happens(&world.comment("I love this dress, you are the best!")).await;
    assert_eq!(world.actions(), ["reply_comment"]);
    assert!(world.store.rows().hits[0].dry_run);
}

#[tokio::test]
async fn a_rule_whose_words_are_blocked_becomes_a_draft() {
    let settings = TenantSettings { blocked_words: texts(&["cheap"]), ..TenantSettings::default() };
    let world = World::with(settings).rule("r", TriggerKind::Dm, "", vec![reply_with("So cheap!")]);
    world.happens(&world.message("hello there")).await;
    assert!(world.effects().is_empty());
    let approval = world.pending().remove(0);
    assert_eq!(approval.reason, "the reply contains the blocked word `cheap`");
    assert_eq!(approval.proposed[0].text(), Some("So cheap!"));
}

#[tokio::test]
async fn a_breached_guard_turns_an_act_into_a_draft() {
    let world = World::new();
    world.script.on(
        "you are the best",
        [
            Script::Classify(classification(Intent::Praise, 0.95)),
            Script::Reply("Thanks! We will refund everything.".into()),
        ],
    );
    let decided = world.happens(&world.comment("you are the best")).await;
    let decision = decided.decision.unwrap();
    assert_eq!((decision.outcome, decision.mode), (Outcome::Draft, Some(Mode::Draft)));
    assert!(decision.reason.contains("promises money back"), "{}", decision.reason);
    assert!(world.effects().is_empty());
}

#[tokio::test]
async fn when_no_reply_can_be_written_a_person_is_asked() {
    let world = World::new();
    let praise = || Script::Classify(classification(Intent::Praise, 0.95));
    let failures = [LlmError::NothingToSay, LlmError::InvalidOutput { reason: "x".into() }];
    for (failure, text) in failures.into_iter().zip(["so good", "so fine"]) {
        world.script.on(text, [praise(), Script::Fail(failure)]);
        world.happens(&world.comment(text)).await;
        let approval = world.pending().pop().unwrap();
        assert_eq!(
            (approval.kind, approval.reason.as_str()),
            (ApprovalKind::Escalation, "no reply could be written")
        );
    }
    world.script.on("so empty", [praise(), Script::Reply(String::new())]);
    world.happens(&world.comment("so empty")).await;
    assert_eq!(world.pending().pop().unwrap().reason, "the reply has no words");
    assert!(world.effects().is_empty());
}

#[tokio::test]
async fn an_absent_model_is_waited_for_and_then_a_person_is_asked() {
    let world = World::new();
    let after = std::time::Duration::from_secs(90);
    let away = LlmError::Unavailable { retry_after: Some(after), reason: "busy".into() };
    world.script.on("hello?", [Script::Fail(away)]);
    let mut event = world.message("hello?");
    let error = world.decides(&event).await.unwrap_err();
    assert!(matches!(error, DecideError::Retry { after: told, .. } if told == after), "{error:?}");
    assert!(world.store.rows().done.is_empty());
    event.attempts = classify::MODEL_TRIES;
    world.happens(&event).await;
    assert_eq!(world.pending()[0].reason, "no model could say what this text wants");
}

#[tokio::test]
async fn words_in_a_language_that_the_tenant_does_not_speak_are_drafted_in_its_own() {
    let world =
        World::with(TenantSettings { languages: vec![Language::German], ..TenantSettings::default() });
    let italian =
        Classification { language: Some(Language::Italian), ..classification(Intent::Praise, 0.95) };
    world.script.on("che bello", [Script::Classify(italian)]);
    world.happens(&world.comment("che bello")).await;
    assert!(world.effects().is_empty());
    assert_eq!(world.pending()[0].reason, "the text is not in a language of the tenant");
}

#[tokio::test]
async fn answers_wait_for_the_end_of_the_quiet_hours_and_hiding_does_not() {
    let quiet = Some(QuietHours { from: "11:00".into(), until: "13:30".into() });
    let world = World::with(TenantSettings { quiet_hours: quiet, ..TenantSettings::default() });
    says(&world, "win an iphone", Intent::Spam);
    world.happens(&world.comment("win an iphone")).await;
    world.happens(&world.comment("I love this dress, you are the best!")).await;
    let effects = world.effects();
    assert_eq!(effects[0].next_retry_at, noon());
    assert_eq!(effects[1].next_retry_at, "2026-03-10T13:30:00Z".parse().unwrap());
}

#[tokio::test]
async fn a_window_that_closes_before_the_quiet_hours_end_makes_a_draft() {
    let quiet = Some(QuietHours { from: "11:00".into(), until: "13:30".into() });
    let world = World::with(TenantSettings { quiet_hours: quiet, ..TenantSettings::default() });
    says(&world, "you are great", Intent::Praise);
    let mut event = world.message("you are great");
    event.occurred_at = noon() - hours(23);
    world.happens(&event).await;
    assert!(world.effects().is_empty());
    assert_eq!(world.pending()[0].reason, "the window closes before the quiet hours end");
}

#[tokio::test]
async fn a_preview_tells_the_same_and_changes_nothing() {
    let mut world =
        World::new().rule("capped", TriggerKind::Comment, "link", vec![reply_with("Here you are!")]);
    world.change_context(|context| context.rules[0].daily_cap = Some(1));
    let incoming = PreviewText {
        account: world.account().id,
        on: TriggerKind::Comment,
        media_id: None,
        author: maria(),
        text: "link".into(),
    };
    for _ in 0..2 {
        let decision = preview(&world.ports, &world.context, &incoming).await.unwrap();
        assert_eq!(decision.outcome, Outcome::Act);
        let last = decision.trace.last().unwrap();
        assert_eq!(last.details["actions"][0]["text"], "Here you are!");
    }
    let rows = world.store.rows();
    assert!(rows.effects.is_empty() && rows.audit.is_empty() && rows.conversations.is_empty());
}
