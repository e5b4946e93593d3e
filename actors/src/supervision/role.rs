//! A role actor: keeps the queue of each conversation and has one event of each worked on at a time, in its own
//! task, so that nobody waits for somebody else's language model.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tenants::conversation::Conversation;
use tenants::event::{EventBody, EventKind, InboxEvent, Role};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::desk::Desk;
use super::lane::{LaneEnd, LaneTask, work_off};
use super::node::Node;
use super::pulses::{Agent, Pulse};
use super::watched::WatchedActor;
use super::workload::{Claim, LaneKey};
use crate::decide::MovedOn;

/// An event to be worked on, with what was read for it.
pub(super) struct Work {
    pub claim: Claim,
    pub event: InboxEvent,
    pub thread: Option<Conversation>,
    pub direct: Option<Conversation>,
}

impl Work {
    /// Whether it is a direct message from somebody else: an answer to an earlier one comes too early then.
    fn is_message(&self) -> bool {
        matches!(&self.event.body, EventBody::Message(_)) && self.event.kind != EventKind::Echo
    }
}

pub(super) enum RoleMsg {
    /// Show a sign of life.
    Beat,
    /// Work on these, in this order within each conversation. Bounded by what a tenant may have in flight.
    Take(Vec<Work>),
    /// The task of a lane has ended.
    Finished(LaneKey, LaneEnd),
    #[cfg(any(test, feature = "testing"))]
    /// Fail.
    Misbehave(super::troupe::Misbehaviour),
}

/// What a role actor is started with.
pub(super) struct RoleArguments {
    pub node: Arc<Node>,
    pub desk: Arc<Desk>,
    pub role: Role,
}

pub(super) struct RoleState {
    node: Arc<Node>,
    desk: Arc<Desk>,
    role: Role,
    pulse: Arc<Pulse>,
    /// Lanes at work.
    lanes: HashMap<LaneKey, Lane>,
    /// Ends the decisions of this actor's lanes when it ends, however it ends. Commits are not cut.
    cut: CancellationToken,
    _cut_on_drop: DropGuard,
}

impl Drop for RoleState {
    fn drop(&mut self) {
        self.node.metrics.lanes.sub(self.lanes.len() as i64);
    }
}

/// A conversation that is worked on.
#[derive(Default)]
struct Lane {
    /// What waits behind the event in hand.
    queue: VecDeque<Work>,
    /// Tells the event in hand that its author has written again.
    moved_on: MovedOn,
}

impl Lane {
    fn wait(&mut self, work: Work) {
        if work.is_message() {
            self.moved_on.tell();
        }
        self.queue.push_back(work);
    }

    /// The next event, which hears of those that wait behind it already.
    fn next(&mut self) -> Option<Work> {
        let work = self.queue.pop_front()?;
        self.moved_on = MovedOn::default();
        if self.queue.iter().any(Work::is_message) {
            self.moved_on.tell();
        }
        Some(work)
    }
}

pub(super) struct RoleActor;

#[async_trait]
impl Actor for RoleActor {
    type Msg = RoleMsg;
    type State = RoleState;
    type Arguments = RoleArguments;

    async fn pre_start(
        &self,
        myself: ActorRef<RoleMsg>,
        arguments: RoleArguments,
    ) -> Result<RoleState, ActorProcessingErr> {
        let RoleArguments { node, desk, role } = arguments;
        let now = node.now();
        let pulse = Pulse::new(now);
        let watched = WatchedActor::new(&myself, || RoleMsg::Beat);
        node.pulses.watch(
            Agent { tenant: Some(desk.tenant), name: role.as_str() },
            Arc::clone(&pulse),
            watched,
        );
        let cut = node.cut.child_token();
        let _cut_on_drop = cut.clone().drop_guard();
        Ok(RoleState { node, desk, role, pulse, lanes: HashMap::new(), cut, _cut_on_drop })
    }

    async fn handle(
        &self,
        myself: ActorRef<RoleMsg>,
        message: RoleMsg,
        state: &mut RoleState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            RoleMsg::Beat => state.beat(),
            RoleMsg::Take(works) => {
                for work in works {
                    state.take(&myself, work);
                }
            }
            RoleMsg::Finished(lane, end) => state.finished(&myself, lane, end),
            #[cfg(any(test, feature = "testing"))]
            RoleMsg::Misbehave(misbehaviour) => misbehaviour.commit().await?,
        }
        Ok(())
    }
}

impl RoleState {
    fn beat(&mut self) {
        self.pulse.beat(self.node.now());
    }

    fn take(&mut self, myself: &ActorRef<RoleMsg>, work: Work) {
        if let Some(lane) = self.lanes.get_mut(&work.claim.lane) {
            lane.wait(work);
            return;
        }
        let lane = Lane::default();
        let moved_on = lane.moved_on.clone();
        self.lanes.insert(work.claim.lane.clone(), lane);
        self.node.metrics.lanes.inc();
        self.start(myself, work, moved_on);
    }

    fn start(&self, myself: &ActorRef<RoleMsg>, work: Work, moved_on: MovedOn) {
        let task = LaneTask {
            node: Arc::clone(&self.node),
            desk: Arc::clone(&self.desk),
            role: self.role,
            actor: myself.clone(),
            cut: self.cut.clone(),
            moved_on,
        };
        self.node.ports.tasks.spawn("lane", work_off(task, work));
    }

    fn finished(&mut self, myself: &ActorRef<RoleMsg>, lane: LaneKey, end: LaneEnd) {
        let Some(at_work) = self.lanes.get_mut(&lane) else { return };
        let next = match end {
            LaneEnd::Done if self.node.is_draining() => None,
            LaneEnd::Done => at_work.next().map(|work| (work, at_work.moved_on.clone())),
            LaneEnd::Rests => {
                let events: Vec<_> = at_work.queue.iter().map(|work| work.event.id).collect();
                self.desk.workload.park(&lane, &events, None);
                None
            }
        };
        match next {
            Some((work, moved_on)) => self.start(myself, work, moved_on),
            None => {
                self.lanes.remove(&lane);
                self.node.metrics.lanes.dec();
            }
        }
    }
}
