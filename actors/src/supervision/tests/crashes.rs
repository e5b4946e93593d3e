//! A crash at every point of the way from a stored event to its committed decision: each event is decided once, in
//! the order of its conversation. See the crash stories of the dispatcher for how completeness is known.

use std::collections::BTreeSet;

use tenants::event::EventKind;
use tenants::ids::EventId;

use super::rig::{Rig, SECOND};
use crate::testing::{Point, Steps, Trouble, assert_died_at_every_call};

/// How a story ended.
struct Ending {
    rig: Rig,
    /// Events in the order in which they came; the first three are of one conversation.
    events: Vec<EventId>,
    /// Where the first process died.
    died_at: Option<Point>,
    writes: usize,
}

/// Three comments of one thread, one of another, and a message wait; a process works on them as `steps` say, and
/// another one after it. With `void` somebody else's commit makes the first decision void.
async fn story(steps: Steps, void: bool) -> Ending {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    rig.world.store.steps.stop();
    let mut events: Vec<EventId> =
        ["one", "stop", "three"].iter().map(|text| rig.world.comment_unheard(shop, "t", text)).collect();
    events.push(rig.world.comment_unheard(shop, "other", "four"));
    events.push(rig.world.message(shop, "ana", EventKind::Message, "five"));
    rig.world.store.data().commits_are_void = usize::from(void);
    let (rig, first) = rig.restart(steps).await;
    let has_ended = || first.died_at().is_some() || events.iter().all(|event| rig.is_done(*event));
    rig.world.pass_time_until(SECOND, "the first process has ended", has_ended).await;
    let (died_at, writes) = (first.died_at(), first.writes());
    let (rig, _) = rig.restart(Steps::default()).await;
    rig.pass_time_until_done(&events).await;
    // Whatever would be decided once more is decided now.
    rig.world.clock.advance(SECOND * 120);
    rig.world.pass_time_until(SECOND, "nothing is left", || rig.world.store.data().pending.is_empty()).await;
    Ending { rig, events, died_at, writes }
}

impl Ending {
    #[track_caller]
    fn assert_decided_once_in_order(&self, case: &str) {
        let data = self.rig.world.store.data();
        let mut decided = data.done.clone();
        decided.retain(|event| self.events[..3].contains(event));
        assert_eq!(decided, self.events[..3], "{case}, died at {:?}", self.died_at);
        let once: BTreeSet<_> = data.done.iter().collect();
        assert_eq!((once.len(), data.done.len()), (5, 5), "{case}, died at {:?}", self.died_at);
        assert!(data.quarantined.is_empty() && data.alerts.is_empty(), "{case}");
    }
}

async fn crash_everywhere(trouble: Option<(usize, Trouble)>, void: bool) -> BTreeSet<Point> {
    let mut deaths = BTreeSet::new();
    for step in 0.. {
        let steps = Steps::stopping_at(step);
        let steps = match trouble {
            Some((write, trouble)) => steps.with_trouble(write, trouble),
            None => steps,
        };
        let ending = story(steps, void).await;
        ending.assert_decided_once_in_order(&format!("crash after {step} steps with {trouble:?}"));
        match ending.died_at {
            Some(point) => _ = deaths.insert(point),
            None => break,
        }
    }
    deaths
}

#[tokio::test]
async fn every_event_is_decided_once_wherever_the_process_dies() {
    let mut deaths = crash_everywhere(None, false).await;
    deaths.extend(crash_everywhere(None, true).await);
    for trouble in [Trouble::Refused, Trouble::Unheard] {
        deaths.extend(crash_everywhere(Some((1, trouble)), false).await);
    }
    // Signs of life, changed settings and alerts decide nothing.
    let beside_the_way = ["put_heartbeats", "tenant_versions", "raise_alert"];
    assert_died_at_every_call("src/supervision", &["store", "messenger"], &beside_the_way, &deaths);
}

#[tokio::test]
async fn every_event_is_decided_once_whichever_commit_fails_or_is_not_told() {
    for trouble in [Trouble::Refused, Trouble::Unheard] {
        for write in 0.. {
            let ending = story(Steps::default().with_trouble(write, trouble), false).await;
            ending.assert_decided_once_in_order(&format!("{trouble:?} at write {write}"));
            if ending.writes <= write {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_decision_that_was_stored_without_an_answer_is_not_made_again() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let (rig, _) = rig.restart(Steps::default().with_trouble(0, Trouble::Unheard)).await;
    let events = ["one", "two", "three"].map(|text| rig.world.comment(shop, "t", text));
    rig.pass_time_until_done(&events).await;
    assert_eq!(rig.begun(), ["one", "two", "three"]);
    assert_eq!(rig.world.store.data().done, events);
}
