//! Facts about ractor on which the supervision tree is built. When one of these fails after an upgrade, read
//! what relies on it before changing the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef, ActorStatus, SupervisionEvent};

use crate::testing::until;

enum Say {
    Count,
    Fail,
    Panic,
    Hang,
}

#[derive(Default, Clone)]
struct Seen {
    counted: Arc<AtomicUsize>,
    stopped: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
    terminated: Arc<AtomicUsize>,
}

struct Child(Seen);

#[async_trait]
impl Actor for Child {
    type Msg = Say;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Say>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Say>, say: Say, (): &mut ()) -> Result<(), ActorProcessingErr> {
        match say {
            Say::Count => {
                self.0.counted.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
            Say::Fail => Err("made to fail".into()),
            Say::Panic => panic!("made to panic"),
            Say::Hang => std::future::pending().await,
        }
    }

    async fn post_stop(&self, _: ActorRef<Say>, (): &mut ()) -> Result<(), ActorProcessingErr> {
        self.0.stopped.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// A supervisor that only counts how its children end.
struct Parent(Seen);

#[async_trait]
impl Actor for Parent {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(..) => self.0.failed.fetch_add(1, Ordering::SeqCst),
            SupervisionEvent::ActorTerminated(..) => self.0.terminated.fetch_add(1, Ordering::SeqCst),
            _ => 0,
        };
        Ok(())
    }
}

/// A supervisor that leaves its children to ractor.
struct Careless;

#[async_trait]
impl Actor for Careless {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

async fn family() -> (Seen, ActorRef<()>, ActorRef<Say>) {
    let seen = Seen::default();
    let (parent, _) = Actor::spawn(None, Parent(seen.clone()), ()).await.unwrap();
    let (child, _) = Actor::spawn_linked(None, Child(seen.clone()), (), parent.get_cell()).await.unwrap();
    (seen, parent, child)
}

#[tokio::test]
async fn an_error_and_a_panic_both_end_an_actor_without_post_stop_and_lose_its_messages() {
    for end in [Say::Fail, Say::Panic] {
        let (seen, parent, child) = family().await;
        child.send_message(end).unwrap();
        // Lost in either case: in the queue of an actor that is about to end, or refused by one that has ended.
        let _ = child.send_message(Say::Count);
        until("the parent hears of it", || seen.failed.load(Ordering::SeqCst) == 1).await;
        assert_eq!(seen.counted.load(Ordering::SeqCst), 0);
        assert_eq!(seen.stopped.load(Ordering::SeqCst), 0);
        assert_eq!(parent.get_status(), ActorStatus::Running);
    }
}

#[tokio::test]
async fn a_hanging_actor_can_be_killed_and_its_parent_hears_of_it() {
    let (seen, _parent, child) = family().await;
    child.send_message(Say::Hang).unwrap();
    child.kill();
    until("the parent hears of it", || seen.terminated.load(Ordering::SeqCst) == 1).await;
    assert_eq!(seen.stopped.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn children_end_with_their_parent() {
    let (_seen, parent, child) = family().await;
    child.send_message(Say::Hang).unwrap();
    parent.stop(None);
    until("both have ended", || {
        parent.get_status() == ActorStatus::Stopped && child.get_status() == ActorStatus::Stopped
    })
    .await;
}

#[tokio::test]
async fn a_supervisor_that_does_not_write_out_its_policy_dies_with_its_child() {
    let (careless, _) = Actor::spawn(None, Careless, ()).await.unwrap();
    let (child, _) =
        Actor::spawn_linked(None, Child(Seen::default()), (), careless.get_cell()).await.unwrap();
    child.send_message(Say::Fail).unwrap();
    until("the supervisor has died", || careless.get_status() == ActorStatus::Stopped).await;
}
