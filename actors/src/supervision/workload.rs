//! What a tenant's actors have in hand: which events are claimed by whom, and which wait for what.
//!
//! The book-keeping survives the actors: an event stays claimed until whatever works on it has let go of its
//! [`Claim`], also when the actors have crashed and been started again meanwhile. That keeps the order within a
//! conversation over crashes, and nothing is worked on twice at the same time.
//!
//! An event that cannot go on now is *parked*: it is let go of, stays pending in the database, and only its id
//! is remembered, so that the next look leaves it out.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use tenants::clock::Timestamp;
use tenants::conversation::Conversation;
use tenants::event::{InboxEvent, Role};
use tenants::ids::{AccountId, EventId};

use super::desk::Desk;
use super::locked;

/// A lane: the events of one conversation key of one account, worked on in order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LaneKey {
    account: Option<AccountId>,
    key: Arc<str>,
}

impl LaneKey {
    fn of(event: &InboxEvent) -> Self {
        Self { account: event.account, key: Arc::from(event.conversation_key.as_str()) }
    }
}

/// One life of a role actor. A lane belongs to one owner until all its events are let go of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub role: Role,
    /// Different for every life.
    pub life: u64,
}

/// How much may be held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Capacity {
    pub in_flight: usize,
    pub parked: usize,
    pub lane: usize,
}

#[derive(Debug, Default)]
struct Lane {
    owner: Option<Owner>,
    claimed: usize,
    parked: Vec<EventId>,
    not_before: Option<Timestamp>,
    /// The thread as the lane's last commit left it; newer than what was read while the lane was at work.
    thread: Option<Conversation>,
}

#[derive(Debug, Default)]
struct Books {
    claimed: HashSet<EventId>,
    lanes: HashMap<LaneKey, Lane>,
    waiting_for_role: HashMap<Role, Vec<EventId>>,
    parked: usize,
    wants_more: bool,
    wants_end: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Workload {
    capacity: Capacity,
    books: Mutex<Books>,
}

/// What became of the events that were read.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    /// To be worked on now, in their order, by these owners.
    pub taken: Vec<(InboxEvent, LaneKey, Owner)>,
}

impl Workload {
    pub fn new(capacity: Capacity) -> Self {
        Self { capacity, books: Mutex::default() }
    }

    /// How many events may be read now; zero when there is no room. In that case letting go of some tells so.
    pub fn room(&self) -> usize {
        let mut books = locked(&self.books);
        let held = books.claimed.len();
        let is_full = held > self.capacity.in_flight / 2 || books.parked >= self.capacity.parked;
        books.wants_more = is_full;
        if is_full { 0 } else { self.capacity.in_flight - held }
    }

    /// Events that need not be read: claimed or parked.
    pub fn known_events(&self) -> Vec<EventId> {
        let books = locked(&self.books);
        let of_lanes = books.lanes.values().flat_map(|lane| lane.parked.iter());
        let of_roles = books.waiting_for_role.values().flatten();
        books.claimed.iter().chain(of_lanes).chain(of_roles).copied().collect()
    }

    /// Claims what can be worked on now and parks the rest. `owner_of` names the living actor of a role.
    pub fn admit(
        &self,
        events: Vec<InboxEvent>,
        owner_of: impl Fn(Role) -> Option<Owner>,
        now: Timestamp,
    ) -> Admitted {
        let mut books = locked(&self.books);
        let mut admitted = Admitted::default();
        for event in events {
            if books.claimed.contains(&event.id) {
                continue;
            }
            let role = event.role();
            let Some(owner) = owner_of(role) else {
                books.waiting_for_role.entry(role).or_default().push(event.id);
                books.parked += 1;
                continue;
            };
            let key = LaneKey::of(&event);
            let lane = books.lanes.entry(key.clone()).or_default();
            let must_wait = !lane.parked.is_empty()
                || lane.not_before.is_some_and(|moment| moment > now)
                || lane.claimed >= self.capacity.lane
                || lane.owner.is_some_and(|present| present != owner);
            if must_wait {
                lane.parked.push(event.id);
                books.parked += 1;
                continue;
            }
            lane.owner = Some(owner);
            lane.claimed += 1;
            books.claimed.insert(event.id);
            admitted.taken.push((event, key, owner));
        }
        admitted
    }

    /// Lets go of an event. True when somebody should look for more.
    fn release(&self, event: &EventId, key: &LaneKey) -> bool {
        let mut books = locked(&self.books);
        books.claimed.remove(event);
        let mut lane_can_go_on = false;
        if let Some(lane) = books.lanes.get_mut(key) {
            lane.claimed = lane.claimed.saturating_sub(1);
            if lane.claimed == 0 {
                lane.owner = None;
                lane.thread = None;
                lane_can_go_on = !lane.parked.is_empty();
                if !lane_can_go_on {
                    books.lanes.remove(key);
                }
            }
        }
        let has_room = books.wants_more && books.claimed.len() <= self.capacity.in_flight / 2;
        if has_room {
            books.wants_more = false;
        }
        let is_done = books.wants_end && books.claimed.is_empty();
        if is_done {
            books.wants_end = false;
        }
        lane_can_go_on || has_room || is_done
    }

    /// True when nothing is in hand; otherwise letting go of the last event tells so.
    pub fn is_done_or_tells(&self) -> bool {
        let mut books = locked(&self.books);
        books.wants_end = !books.claimed.is_empty();
        !books.wants_end
    }

    /// Parks claimed events of a lane, which rests until `not_before` when one is given. The claims are still
    /// held; the lane goes on after they are let go of.
    pub fn park(&self, key: &LaneKey, events: &[EventId], not_before: Option<Timestamp>) {
        let mut books = locked(&self.books);
        let Some(lane) = books.lanes.get_mut(key) else { return };
        lane.parked.extend_from_slice(events);
        lane.not_before = not_before.or(lane.not_before);
        books.parked += events.len();
    }

    /// Lets parked lanes go on whose time has come and whose former work is finished.
    pub fn resume_lanes(&self, now: Timestamp) {
        let mut books = locked(&self.books);
        let mut resumed = 0;
        books.lanes.retain(|_, lane| {
            let is_due = lane.claimed == 0 && lane.not_before.is_none_or(|moment| moment <= now);
            if is_due {
                resumed += lane.parked.len();
            }
            !is_due
        });
        books.parked -= resumed;
    }

    /// Lets the events go on that waited for this role.
    pub fn resume_role(&self, role: Role) {
        let mut books = locked(&self.books);
        let resumed = books.waiting_for_role.remove(&role).map_or(0, |events| events.len());
        books.parked -= resumed;
    }

    /// Keeps the thread as a commit left it, for the next event of the lane.
    pub fn remember(&self, key: &LaneKey, thread: Conversation) {
        if let Some(lane) = locked(&self.books).lanes.get_mut(key) {
            lane.thread = Some(thread);
        }
    }

    /// The thread as the last commit of this lane left it.
    pub fn recall(&self, key: &LaneKey) -> Option<Conversation> {
        locked(&self.books).lanes.get(key).and_then(|lane| lane.thread.clone())
    }

    /// Number of events in hand.
    pub fn in_flight(&self) -> usize {
        locked(&self.books).claimed.len()
    }

    /// True when nothing is in hand and nothing waits here.
    pub fn is_idle(&self) -> bool {
        let books = locked(&self.books);
        books.claimed.is_empty() && books.parked == 0
    }

    /// Events that wait for a role that is out of service.
    pub fn waiting_for_roles(&self) -> Vec<EventId> {
        locked(&self.books).waiting_for_role.values().flatten().copied().collect()
    }
}

/// The right to work on an event. Dropping it lets go of the event.
pub(super) struct Claim {
    pub event: EventId,
    pub lane: LaneKey,
    desk: Arc<Desk>,
}

impl Claim {
    pub fn new(desk: &Arc<Desk>, event: EventId, lane: LaneKey) -> Self {
        Self { event, lane, desk: Arc::clone(desk) }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let look_for_more = self.desk.workload.release(&self.event, &self.lane);
        if look_for_more {
            self.desk.poke();
        }
        self.desk.let_go();
    }
}

#[cfg(test)]
mod tests;
