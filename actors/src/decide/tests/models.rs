//! What language models make of a decision: lesser answers, doubts, and conversations that move on.

use std::time::Duration;

use llm::testing::{Call, Gate, Step as Script, classification};
use llm::{LlmError, ReplyRequest};
use tenants::clock::Clock;
use tenants::decision::Outcome;
use tenants::intent::Intent;
use tenants::settings::Mode;

use super::super::*;
use super::world::*;

const WHY: &str = "the budget of the day is spent; the built-in model answered";

fn sure(intent: Intent) -> Script {
    Script::Classify(classification(intent, 0.97))
}

fn replies_asked(world: &World) -> Vec<ReplyRequest> {
    let reply = |call: Call| match call {
        Call::Reply(request) => Some(request),
        Call::Classify(_) => None,
    };
    world.script.calls().into_iter().filter_map(reply).collect()
}

#[tokio::test]
async fn what_a_lesser_model_says_is_never_done_without_a_person_and_the_decision_tells_why() {
    for script in [
        vec![Script::Lesser(Box::new(sure(Intent::Praise)), WHY.into()), Script::Reply("Thanks!".into())],
        vec![sure(Intent::Praise), Script::Lesser(Box::new(Script::Reply("Thanks!".into())), WHY.into())],
    ] {
        let world = World::new();
        world.script.on("lovely", script);
        let decision = world.happens(&world.comment("lovely")).await.decision.unwrap();
        assert_eq!((decision.outcome, decision.mode), (Outcome::Draft, Some(Mode::Draft)));
        assert_eq!(decision.degraded, [WHY]);
        assert!(decision.reason.contains(WHY), "{}", decision.reason);
        assert!(world.effects().is_empty());
        assert_eq!(world.pending()[0].reason, WHY);
    }
}

#[tokio::test]
async fn a_reply_its_own_model_doubts_is_read_by_a_person() {
    let world = World::new();
    world.script.on("lovely", [sure(Intent::Praise), Script::Unsure(Box::new(Script::Reply("Hm!".into())))]);
    let decision = world.happens(&world.comment("lovely")).await.decision.unwrap();
    assert_eq!(decision.outcome, Outcome::Draft);
    assert!(decision.degraded.is_empty());
    assert!(decision.reason.contains("not sure"), "{}", decision.reason);
}

#[tokio::test]
async fn a_reply_in_the_making_is_given_up_when_the_person_writes_again() {
    let world = World::new();
    let gate = Gate::default();
    world
        .script
        .on("do you ship?", [sure(Intent::Question), Script::Wait(gate), Script::Reply("Yes".into())]);
    let event = world.message("do you ship?");
    let situation = world.situation(&event);
    let moved_on = situation.moved_on.clone();
    let deciding = decide(&world.ports, &situation);
    tokio::pin!(deciding);
    let early = tokio::time::timeout(Duration::from_millis(1), &mut deciding).await;
    assert!(early.is_err(), "it waits for the model");

    moved_on.tell();

    let decision = deciding.await.unwrap().decision.unwrap();
    assert_eq!(decision.outcome, Outcome::Ignore);
    assert!(decision.reason.contains("written again"), "{}", decision.reason);
}

#[tokio::test]
async fn an_answer_that_is_ready_is_given_even_when_the_person_writes_again() {
    let world = World::new();
    world.script.on("lovely", [sure(Intent::Praise), Script::Reply("Thanks!".into())]);
    let event = world.message("lovely");
    let situation = world.situation(&event);
    situation.moved_on.tell();
    let decided = decide(&world.ports, &situation).await.unwrap();
    assert_eq!(decided.decision.unwrap().outcome, Outcome::Act);
}

#[tokio::test]
async fn what_was_given_up_is_answered_together_with_what_the_person_wrote_next() {
    let world = World::new();
    world.script.wants_history();
    world.happens(&world.message("do you ship to Spain?")).await;
    world.clock.advance(Duration::from_secs(20));
    world.happens(&world.message("thanks!")).await;

    let asked = replies_asked(&world);
    assert_eq!(asked.last().unwrap().text, "do you ship to Spain?\nthanks!");
    assert_eq!(asked.last().unwrap().intent, Intent::Question, "thanks do not hide the question");
}

#[tokio::test]
async fn what_was_said_long_before_or_answered_is_history() {
    let world = World::new();
    world.script.wants_history();
    world.happens(&world.message("do you ship to Spain?")).await;
    world.clock.advance(hours(1));
    let later = world.message("and how long does it take?");
    world.happens(&later).await;

    let asked = replies_asked(&world).pop().unwrap();
    assert_eq!(asked.text, "and how long does it take?");
    let lines: Vec<(bool, &str)> = asked.history.iter().map(|line| (line.ours, line.text.as_str())).collect();
    assert_eq!(lines, [(false, "do you ship to Spain?")]);

    // Deciding the same again at a later time, when more was said, sees the same as long as the clock says so.
    let at = world.clock.now();
    world.clock.advance(hours(1));
    world.happens(&world.message("hello?")).await;
    let before = super::super::before::said_before;
    let heard = match matter_of(&later, Some(world.account()), at) {
        Matter::Said(heard) => heard,
        other => panic!("{other:?}"),
    };
    let thread = world.direct().unwrap();
    let again = before(world.ports.senses(), &world.context, &thread, &heard, at).await;
    assert_eq!(again.lines, asked.history);
}

#[tokio::test]
async fn a_model_that_does_not_answer_at_all_leaves_the_text_to_a_person_in_the_end() {
    let world = World::new();
    let away = LlmError::Unavailable { retry_after: None, reason: "no connection".into() };
    world.script.on("do you ship?", [Script::Fail(away)]);
    let mut event = world.message("do you ship?");
    assert!(matches!(world.decides(&event).await, Err(DecideError::Retry { .. })));
    event.attempts = 5;
    assert_eq!(world.happens(&event).await.decision.unwrap().outcome, Outcome::Escalate);
}
