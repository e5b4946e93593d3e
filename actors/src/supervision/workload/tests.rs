use std::collections::HashMap;

use proptest::prelude::*;
use tenants::clock::ManualClock;
use tenants::event::{CommentBody, EventBody, EventKind, EventSource, Person};
use tenants::ids::{Ids, TenantId};

use super::*;

const CAPACITY: Capacity = Capacity { in_flight: 6, parked: 100, lane: 2 };
const FIRST_LIFE: Owner = Owner { role: Role::Engagement, life: 1 };
const SECOND_LIFE: Owner = Owner { role: Role::Engagement, life: 2 };

fn ids() -> Ids {
    Ids::seeded(Arc::new(ManualClock::at(0)), 1)
}

fn comment(ids: &Ids, thread: &str) -> InboxEvent {
    let comment = CommentBody {
        comment_id: thread.to_owned(),
        parent_id: None,
        media_id: None,
        media_product_type: None,
        from: Person::default(),
        text: String::new(),
    };
    InboxEvent {
        id: EventId::new(ids),
        tenant: TenantId::new(ids),
        account: None,
        source: EventSource::Webhook,
        kind: EventKind::Comment,
        external_id: String::new(),
        conversation_key: thread.to_owned(),
        occurred_at: Timestamp::default(),
        received_at: Timestamp::default(),
        attempts: 0,
        body: EventBody::Comment(comment),
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

#[test]
fn a_conversation_waits_until_the_work_of_a_dead_actor_on_it_is_let_go_of() {
    let (ids, workload) = (ids(), Workload::new(CAPACITY));
    let (before, after) = (comment(&ids, "t"), comment(&ids, "t"));
    let taken = workload.admit(vec![before], |_| Some(FIRST_LIFE), second(0)).taken;
    assert!(workload.admit(vec![after.clone()], |_| Some(SECOND_LIFE), second(0)).taken.is_empty());
    assert!(workload.release(&taken[0].0.id, &taken[0].1), "the conversation can go on");
    workload.resume_lanes(second(0));
    assert_eq!(workload.admit(vec![after], |_| Some(SECOND_LIFE), second(0)).taken.len(), 1);
}

#[test]
fn a_resting_conversation_goes_on_when_its_time_has_come() {
    let (ids, workload) = (ids(), Workload::new(CAPACITY));
    let event = comment(&ids, "t");
    let taken = workload.admit(vec![event.clone()], |_| Some(FIRST_LIFE), second(0)).taken;
    workload.park(&taken[0].1, &[event.id], Some(second(10)));
    workload.release(&event.id, &taken[0].1);
    workload.resume_lanes(second(9));
    assert_eq!(workload.known_events(), [event.id]);
    assert!(!workload.is_idle());
    workload.resume_lanes(second(10));
    assert!(workload.known_events().is_empty() && workload.is_idle());
}

#[test]
fn events_of_a_role_without_an_actor_wait_for_it() {
    let (ids, workload) = (ids(), Workload::new(CAPACITY));
    let event = comment(&ids, "t");
    assert!(workload.admit(vec![event.clone()], |_| None, second(0)).taken.is_empty());
    assert_eq!(workload.waiting_for_roles(), [event.id]);
    workload.resume_role(Role::Engagement);
    assert!(workload.is_idle());
}

/// What may happen to a workload.
#[derive(Debug, Clone)]
enum Happening {
    /// The tenant's actor looks.
    Look,
    /// The oldest claim of a conversation is let go of: done.
    Done(usize),
    /// The oldest claim of a conversation is let go of without being done, and the conversation rests.
    Rests(usize),
    /// The role's actor dies: what it had in hand is let go of, except one commit under way.
    Dies,
    /// A while passes.
    Passes,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let happening = prop_oneof![
        4 => Just(Happening::Look),
        4 => (0..3_usize).prop_map(Happening::Done),
        1 => (0..3_usize).prop_map(Happening::Rests),
        1 => Just(Happening::Dies),
        1 => Just(Happening::Passes),
    ];
    proptest::collection::vec(happening, 0..120)
}

/// A tenant as seen from outside: events in the database, claims in hands.
struct Tenant {
    workload: Workload,
    pending: Vec<InboxEvent>,
    done: HashMap<String, Vec<EventId>>,
    hands: Vec<(InboxEvent, LaneKey)>,
    life: u64,
    now: i64,
}

impl Tenant {
    fn happens(&mut self, happening: &Happening) {
        match happening {
            Happening::Look => self.look(),
            Happening::Done(thread) => self.let_go(*thread, true),
            Happening::Rests(thread) => self.let_go(*thread, false),
            Happening::Dies => {
                self.life += 1;
                for (event, lane) in self.hands.split_off(self.hands.len().min(1)) {
                    self.workload.release(&event.id, &lane);
                }
            }
            Happening::Passes => self.now += 10,
        }
    }

    fn look(&mut self) {
        self.workload.resume_lanes(second(self.now));
        let (room, known) = (self.workload.room(), self.workload.known_events());
        let waits = |event: &&InboxEvent| !known.contains(&event.id);
        let read: Vec<_> = self.pending.iter().filter(waits).take(room).cloned().collect();
        let owner = Owner { role: Role::Engagement, life: self.life };
        for (event, lane, _) in self.workload.admit(read, |_| Some(owner), second(self.now)).taken {
            assert!(self.hands.iter().all(|(held, _)| held.id != event.id), "claimed twice");
            self.hands.push((event, lane));
        }
    }

    /// Work within a conversation goes in the order of its claims.
    fn let_go(&mut self, thread: usize, is_done: bool) {
        let key = format!("t{thread}");
        let Some(index) = self.hands.iter().position(|(event, _)| event.conversation_key == key) else {
            return;
        };
        let (event, lane) = self.hands.remove(index);
        if is_done {
            self.pending.retain(|waiting| waiting.id != event.id);
            self.done.entry(key).or_default().push(event.id);
            self.workload.release(&event.id, &lane);
            return;
        }
        self.workload.park(&lane, &[event.id], Some(second(self.now + 10)));
        self.workload.release(&event.id, &lane);
        while let Some(index) = self.hands.iter().position(|(_, other)| *other == lane) {
            let (behind, lane) = self.hands.remove(index);
            self.workload.park(&lane, &[behind.id], None);
            self.workload.release(&behind.id, &lane);
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_every_event_is_done_once_and_in_the_order_of_its_conversation(story in happenings()) {
        let ids = ids();
        let pending: Vec<_> = (0..30).map(|n| comment(&ids, &format!("t{}", n % 3))).collect();
        let mut expected: HashMap<String, Vec<EventId>> = HashMap::new();
        for event in &pending {
            expected.entry(event.conversation_key.clone()).or_default().push(event.id);
        }
        let workload = Workload::new(CAPACITY);
        let mut tenant = Tenant { workload, pending, done: HashMap::new(), hands: Vec::new(), life: 1, now: 0 };
        for happening in &story {
            tenant.happens(happening);
        }
        for round in 0..200 {
            tenant.happens(&Happening::Look);
            tenant.happens(&Happening::Done(round % 3));
            tenant.happens(&Happening::Passes);
        }
        tenant.happens(&Happening::Look);
        prop_assert!(tenant.pending.is_empty());
        prop_assert_eq!(tenant.done, expected);
        prop_assert!(tenant.workload.is_idle() && tenant.workload.in_flight() == 0);
    }
}
