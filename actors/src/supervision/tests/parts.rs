//! Background parts of the node.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::rig::{Rig, SECOND};
use crate::supervision::Part;
use crate::testing::until;

/// Counts lives, and does in each what the test says.
fn count(lives: &Arc<AtomicUsize>) -> usize {
    lives.fetch_add(1, Ordering::SeqCst) + 1
}

#[tokio::test]
async fn a_part_that_fails_or_panics_is_started_again() {
    let rig = Rig::start().await;
    let lives = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lives);
    rig.troupe.supervise("scheduler", move |part: Part| {
        let life = count(&counted);
        async move {
            match life {
                1 => Err("made to fail".into()),
                2 => panic!("made to panic"),
                _ => {
                    part.stopping().await;
                    Ok(())
                }
            }
        }
    });
    let third = || lives.load(Ordering::SeqCst) == 3;
    rig.world.pass_time_until(Duration::from_millis(50), "its third life has begun", third).await;
    assert!(rig.troupe.heartbeats().iter().any(|beat| beat.agent == "scheduler"));
    assert!(rig.alerts().is_empty());
}

#[tokio::test]
async fn a_part_that_keeps_failing_raises_an_alert_and_is_tried_on_and_on() {
    let rig = Rig::start().await;
    let lives = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lives);
    rig.troupe.supervise("scheduler", move |_| {
        count(&counted);
        async { Err("made to fail".into()) }
    });
    let is_raised = || rig.has_alert("quarantine:node:scheduler");
    rig.world.pass_time_until(Duration::from_millis(100), "an alert is raised", is_raised).await;
    let before = lives.load(Ordering::SeqCst);
    rig.world.pass_time_until(SECOND, "it is tried again", || lives.load(Ordering::SeqCst) > before).await;
}

#[tokio::test]
async fn a_part_that_beats_and_then_hangs_is_started_again_and_one_that_never_beats_is_left_alone() {
    let rig = Rig::start().await;
    let (beating, silent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (beating_lives, silent_lives) = (Arc::clone(&beating), Arc::clone(&silent));
    rig.troupe.supervise("dispatcher", move |part: Part| {
        count(&beating_lives);
        async move {
            part.beat();
            std::future::pending().await
        }
    });
    rig.troupe.supervise("scheduler", move |_| {
        count(&silent_lives);
        std::future::pending()
    });
    until("both run", || beating.load(Ordering::SeqCst) + silent.load(Ordering::SeqCst) == 2).await;
    let is_second = || beating.load(Ordering::SeqCst) == 2;
    rig.world.pass_time_until(SECOND * 5, "it is started again", is_second).await;
    assert_eq!(silent.load(Ordering::SeqCst), 1);
}
