//! Signs of life, kept in memory.
//!
//! The health actor asks everybody now and then; whoever handles the question has thereby proved that it is not
//! stuck. Silence is counted from a question that was not answered, not from the last answer: so a machine that
//! slept, or a test that lets a day pass at once, does not make everybody look dead.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ids::TenantId;
use tenants::ports::{AgentStatus, Heartbeat};

use super::locked;

/// Looks at which a question must have stayed unanswered before its age counts.
const MISSED_LOOKS: u32 = 2;

/// The pulse of one part. Its owner beats; the health actor watches.
#[derive(Debug)]
pub(super) struct Pulse {
    last_beat: AtomicI64,
    /// When the open question was asked, in microseconds; 0 when there is none.
    asked_at: AtomicI64,
    missed: AtomicU32,
    has_answered: AtomicBool,
    beats_itself: AtomicBool,
}

impl Pulse {
    pub fn new(now: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            last_beat: AtomicI64::new(now.as_micros()),
            asked_at: AtomicI64::new(0),
            missed: AtomicU32::new(0),
            has_answered: AtomicBool::new(false),
            beats_itself: AtomicBool::new(false),
        })
    }

    /// The part is alive.
    pub fn beat(&self, now: Timestamp) {
        self.beats_itself.store(true, Ordering::Relaxed);
        self.note(now);
    }

    /// Somebody else vouches for the part.
    pub fn vouch(&self, now: Timestamp) {
        self.note(now);
    }

    /// True once the part has beaten by itself.
    pub fn beats_itself(&self) -> bool {
        self.beats_itself.load(Ordering::Relaxed)
    }

    fn note(&self, now: Timestamp) {
        self.last_beat.store(now.as_micros(), Ordering::Relaxed);
        self.missed.store(0, Ordering::Relaxed);
        self.asked_at.store(0, Ordering::Relaxed);
        self.has_answered.store(true, Ordering::Relaxed);
    }

    fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    fn last_beat(&self) -> Timestamp {
        Timestamp::from_micros(self.last_beat.load(Ordering::Relaxed))
    }

    /// Notes one look; true when a question is open for too long.
    fn is_silent(&self, now: Timestamp, down_after: Duration) -> bool {
        let asked_at = self.asked_at.load(Ordering::Relaxed);
        if asked_at == 0 {
            return false;
        }
        let missed = self.missed.fetch_add(1, Ordering::Relaxed) + 1;
        missed >= MISSED_LOOKS && now.since(Timestamp::from_micros(asked_at)) >= down_after
    }

    /// Opens a question; false when one is open already.
    fn open_question(&self, now: Timestamp) -> bool {
        self.asked_at
            .compare_exchange(0, now.as_micros().max(1), Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }
}

/// How the health actor reaches a part.
pub(super) trait Watched: Send + Sync + 'static {
    /// Asks for a sign of life.
    fn ask(&self);
    /// Ends a part that is stuck, so that its supervisor starts it again.
    fn end(&self);
}

/// Whose pulse it is: a part of the node, or an agent of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Agent {
    pub tenant: Option<TenantId>,
    pub name: &'static str,
}

struct Entry {
    pulse: Arc<Pulse>,
    status: AgentStatus,
    watched: Option<Box<dyn Watched>>,
}

/// All pulses of this node.
#[derive(Default)]
pub(super) struct Pulses {
    entries: Mutex<BTreeMap<Agent, Entry>>,
    /// Agents that fell asleep and are not stored yet.
    departed: Mutex<BTreeMap<Agent, Timestamp>>,
}

impl fmt::Debug for Pulses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pulses({})", locked(&self.entries).len())
    }
}

/// What one look at all pulses has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Silent for too long, since this look; they were ended.
    pub went_down: Vec<Agent>,
    /// Down before, and answered.
    pub came_back: Vec<Agent>,
}

impl Pulses {
    /// Watches a new life of an agent. One that was down stays so until its first answer.
    pub fn watch(&self, agent: Agent, pulse: Arc<Pulse>, watched: impl Watched) {
        locked(&self.departed).remove(&agent);
        let mut entries = locked(&self.entries);
        let status = entries.get(&agent).map_or(AgentStatus::Alive, |before| before.status);
        entries.insert(agent, Entry { pulse, status, watched: Some(Box::new(watched)) });
    }

    /// The agent is out of service: down, and not asked any more.
    pub fn take_out(&self, agent: &Agent) {
        if let Some(entry) = locked(&self.entries).get_mut(agent) {
            entry.status = AgentStatus::Down;
            entry.watched = None;
        }
    }

    /// All agents of the tenant are out of service.
    pub fn take_out_tenant(&self, tenant: &TenantId) {
        for (agent, entry) in locked(&self.entries).iter_mut() {
            if agent.tenant.as_ref() == Some(tenant) {
                entry.status = AgentStatus::Down;
                entry.watched = None;
            }
        }
    }

    /// The tenant's agents sleep.
    pub fn put_to_sleep(&self, tenant: &TenantId) {
        let mut entries = locked(&self.entries);
        let mut departed = locked(&self.departed);
        entries.retain(|agent, entry| {
            let leaves = agent.tenant.as_ref() == Some(tenant);
            if leaves {
                departed.insert(agent.clone(), entry.pulse.last_beat());
            }
            !leaves
        });
    }

    /// Looks at every pulse, ends those that are silent and asks the others.
    pub fn look(&self, now: Timestamp, down_after: Duration) -> Findings {
        let mut findings = Findings::default();
        for (agent, entry) in locked(&self.entries).iter_mut() {
            let Some(watched) = &entry.watched else { continue };
            if entry.pulse.is_silent(now, down_after) {
                if entry.status != AgentStatus::Down {
                    entry.status = AgentStatus::Down;
                    findings.went_down.push(agent.clone());
                }
                watched.end();
                continue;
            }
            if entry.status == AgentStatus::Down && entry.pulse.has_answered() {
                entry.status = AgentStatus::Alive;
                findings.came_back.push(agent.clone());
            }
            if entry.pulse.open_question(now) {
                watched.ask();
            }
        }
        findings
    }

    /// The last signs of life of everybody awake.
    pub fn heartbeats(&self) -> Vec<Heartbeat> {
        locked(&self.entries)
            .iter()
            .map(|(agent, entry)| heartbeat(agent, entry.status, entry.pulse.last_beat()))
            .collect()
    }

    /// What is to be stored: everybody awake, and those who fell asleep since the last time.
    pub fn take_for_storing(&self) -> ToStore {
        let departed = std::mem::take(&mut *locked(&self.departed));
        let mut beats = self.heartbeats();
        beats.extend(
            departed.iter().map(|(agent, last_beat)| heartbeat(agent, AgentStatus::Asleep, *last_beat)),
        );
        ToStore { beats, departed }
    }

    /// It could not be stored: those who sleep are stored another time, the others beat again anyway.
    pub fn give_back(&self, unstored: ToStore) {
        let entries = locked(&self.entries);
        let still_asleep = unstored.departed.into_iter().filter(|(agent, _)| !entries.contains_key(agent));
        locked(&self.departed).extend(still_asleep);
    }
}

/// Signs of life on their way to the database.
#[derive(Debug)]
pub(super) struct ToStore {
    pub beats: Vec<Heartbeat>,
    departed: BTreeMap<Agent, Timestamp>,
}

fn heartbeat(agent: &Agent, status: AgentStatus, last_beat_at: Timestamp) -> Heartbeat {
    Heartbeat { tenant: agent.tenant, agent: agent.name.to_owned(), status, last_beat_at }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tenants::clock::ManualClock;
    use tenants::ids::Ids;

    use super::*;

    const DOWN_AFTER: Duration = Duration::from_secs(60);
    const ROUTER: Agent = Agent { tenant: None, name: "router" };

    #[derive(Default, Clone)]
    struct Patient {
        asked: Arc<AtomicUsize>,
        ended: Arc<AtomicUsize>,
    }

    impl Watched for Patient {
        fn ask(&self) {
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        fn end(&self) {
            self.ended.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_millis((1_763_690_000 + second) * 1_000)
    }

    #[test]
    fn a_part_that_does_not_answer_for_a_minute_is_down_and_ended_until_it_answers_again() {
        let (pulses, patient, pulse) = (Pulses::default(), Patient::default(), Pulse::new(second(0)));
        pulses.watch(ROUTER, Arc::clone(&pulse), patient.clone());
        for moment in (0..60).step_by(5) {
            assert_eq!(pulses.look(second(moment), DOWN_AFTER), Findings::default());
        }
        assert_eq!(pulses.look(second(60), DOWN_AFTER).went_down, [ROUTER]);
        assert_eq!((patient.asked.load(Ordering::Relaxed), patient.ended.load(Ordering::Relaxed)), (1, 1));
        assert_eq!(pulses.heartbeats()[0].status, AgentStatus::Down);

        let next_life = Pulse::new(second(61));
        pulses.watch(ROUTER, Arc::clone(&next_life), patient);
        assert_eq!(pulses.look(second(65), DOWN_AFTER), Findings::default());
        next_life.beat(second(66));
        assert_eq!(pulses.look(second(70), DOWN_AFTER).came_back, [ROUTER]);
        assert_eq!(pulses.heartbeats()[0].status, AgentStatus::Alive);
    }

    #[test]
    fn a_day_that_passes_at_once_makes_nobody_look_dead() {
        let (pulses, pulse) = (Pulses::default(), Pulse::new(second(0)));
        pulses.watch(ROUTER, Arc::clone(&pulse), Patient::default());
        pulses.look(second(5), DOWN_AFTER);
        assert_eq!(pulses.look(second(86_400), DOWN_AFTER), Findings::default());
        pulse.beat(second(86_401));
        assert_eq!(pulses.look(second(86_405), DOWN_AFTER), Findings::default());
    }

    #[test]
    fn agents_that_fell_asleep_are_stored_once_even_when_the_database_fails_first() {
        let pulses = Pulses::default();
        let tenant = TenantId::new(&Ids::seeded(Arc::new(ManualClock::at(0)), 1));
        pulses.watch(
            Agent { tenant: Some(tenant), name: "comms" },
            Pulse::new(second(0)),
            Patient::default(),
        );
        pulses.put_to_sleep(&tenant);
        let unstored = pulses.take_for_storing();
        assert_eq!(unstored.beats[0].status, AgentStatus::Asleep);
        pulses.give_back(unstored);
        assert_eq!(pulses.take_for_storing().beats.len(), 1);
        assert!(pulses.take_for_storing().beats.is_empty());
    }
}
