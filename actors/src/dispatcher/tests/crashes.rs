//! A crash at every point: whatever was under way, each effect becomes visible exactly once.

use tenants::conversation::ConversationKind;
use tenants::effect::{EffectState, ErrorCategory};
use tenants::ids::EffectId;

use super::instagram::{Answer, error};
use super::stage::{Stage, hide, message, minutes, reply, seconds};

/// Crashes a process after `steps` steps, lets others clean up, and checks. True when it came to the crash.
async fn crash_after(steps: usize, first_answer: &Answer, second_crash: Option<usize>) -> bool {
    let mut stage = Stage::new();
    let shop = stage.shop();
    let direct = stage.conversation(shop, ConversationKind::Direct, "dm:p1");
    let in_direct = |effect: &mut tenants::effect::Effect| effect.conversation = Some(direct);
    let effects: [EffectId; 4] = [
        stage.put(shop, message("p1", "Ok"), in_direct),
        stage.put(shop, message("p1", "Ok"), in_direct),
        stage.put(shop, reply("c1", "Thank you!"), |_| {}),
        stage.put(shop, hide("c2"), |_| {}),
    ];
    stage.instagram.will([first_answer.clone()]);
    let crashed = stage.restart(steps);
    stage.pass(seconds(30)).await;
    let has_crashed = crashed.has_stopped();
    if let Some(more_steps) = second_crash {
        stage.restart(more_steps);
        stage.pass(seconds(30)).await;
    }
    stage.restart(usize::MAX);
    for _ in 0..40 {
        stage.pass(seconds(15)).await;
        if stage.states(&effects).iter().all(|state| *state == EffectState::Sent) {
            break;
        }
    }
    // Whatever would still be sent now would be sent twice.
    stage.pass(minutes(10)).await;

    let case = format!("crash after {steps} and {second_crash:?} steps, first answer {first_answer:?}");
    assert_eq!(stage.states(&effects), [EffectState::Sent; 4], "{case}");
    let visible = stage.instagram.walls().visible.clone();
    assert_eq!(visible.len(), 4, "{case}: {visible:?}");
    let mut words = stage.instagram.texts();
    words.sort();
    assert_eq!(words, ["Ok", "Ok", "Thank you!"], "{case}");
    for effect in effects {
        let sent = stage.history(effect).iter().filter(|entry| *entry == "effect.sent").count();
        assert_eq!(sent, 1, "{case}");
    }
    has_crashed
}

fn answers() -> [Answer; 3] {
    [Answer::Done(Default::default()), Answer::DoneUnheard, Answer::Refused(error(ErrorCategory::Unknown))]
}

#[tokio::test]
async fn every_effect_is_visible_exactly_once_wherever_the_process_dies() {
    for answer in answers() {
        let mut steps = 0;
        while crash_after(steps, &answer, None).await {
            steps += 1;
        }
        assert!(steps > 30, "only {steps} points were tried");
    }
}

#[tokio::test]
async fn a_second_crash_while_cleaning_up_changes_nothing() {
    for answer in answers() {
        for first in [12, 16, 20, 24] {
            for second in (0..48).step_by(3) {
                crash_after(first, &answer, Some(second)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_loop_that_died_goes_on_without_disturbing_what_was_under_way() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.walls().closed = true;
    let under_way = stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    // A second runner waits until the first has ended; it then finds the call still under way.
    let second = stage.dispatcher.clone();
    let runner = stage.world.ports.tasks.spawn("second", async move { second.run().await });
    let waiting = stage.queue(shop, reply("c2", "two"));
    stage.rest().await;
    assert_eq!(stage.states(&[under_way, waiting]), [EffectState::Processing; 2]);
    stage.instagram.open();
    stage.pass(minutes(1)).await;
    assert_eq!(stage.states(&[under_way, waiting]), [EffectState::Sent; 2]);
    assert_eq!(stage.instagram.walls().calls.len(), 2);
    stage.world.ports.tasks.stop();
    runner.await.unwrap();
}
