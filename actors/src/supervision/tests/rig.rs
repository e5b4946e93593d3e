//! The actors of a small world, and a decider that does what the texts say.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tenants::account::AccountStatus;
use tenants::changes::{Change, Changes};
use tenants::clock::Clock;
use tenants::conversation::{Conversation, ConversationKind, Owner};
use tenants::event::{EventBody, InboxEvent, Person};
use tenants::ids::{ConversationId, EventId, Ids, TenantId};
use tenants::ports::AgentStatus;
use tenants::tasks::Tasks;
use tokio::sync::Semaphore;

use crate::decide::{DecideError, Decided, Situation};
use crate::supervision::decider::Decider;
use crate::supervision::{ActorSettings, Troupe, locked};
use crate::testing::{Steps, World, until};

/// Decides by the first word of the text:
///
/// | word | what happens |
/// | --- | --- |
/// | `wait` | waits until the test lets it through |
/// | `hang` | never ends |
/// | `panic` | panics at the first try |
/// | `poison` | panics at every try |
/// | `broken` | can never be decided |
/// | `later` | asks for 30 s at the first try |
/// | `stop` | marks the conversation as opted out |
/// | `expire` | finds the token of the account expired |
pub(crate) struct Script {
    clock: Arc<dyn Clock>,
    ids: Ids,
    gate: Semaphore,
    begun: Mutex<Vec<String>>,
    working: AtomicUsize,
    most_working: AtomicUsize,
}

struct AtWork<'a>(&'a Script);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Decider for Script {
    async fn decide(&self, situation: &Situation) -> Result<Decided, DecideError> {
        let event = &situation.event;
        let text = text_of(event);
        let is_opted_out = situation.thread.as_ref().is_some_and(|thread| thread.opted_out_at.is_some());
        locked(&self.begun).push(if is_opted_out { format!("{text} (opted out)") } else { text.to_owned() });
        let working = self.working.fetch_add(1, Ordering::SeqCst) + 1;
        let _at_work = AtWork(self);
        self.most_working.fetch_max(working, Ordering::SeqCst);
        let mut thread = situation.thread.clone();
        match text.split(' ').next().unwrap_or_default() {
            "wait" => self.gate.acquire().await.unwrap().forget(),
            "hang" => std::future::pending().await,
            "panic" if event.attempts == 0 => panic!("made to panic"),
            "poison" => panic!("made to panic always"),
            "broken" => return Err(DecideError::Broken { reason: "made to be broken".to_owned() }),
            "later" if event.attempts == 0 => {
                let source = std::io::Error::other("nobody answers").into();
                return Err(DecideError::Retry { after: Duration::from_secs(30), source });
            }
            "stop" => thread = Some(self.opted_out(event, thread)),
            _ => {}
        }
        let at = self.clock.now();
        let mut changes = Changes::of_tenant(event.tenant).with(Change::EventDone { event: event.id, at });
        if let Some(thread) = &thread {
            changes.push(Change::PutConversation(Box::new(thread.clone())));
        }
        if let ("expire", Some(account)) = (text, event.account) {
            changes.push(Change::SetAccountStatus { account, status: AccountStatus::Expired });
        }
        Ok(Decided { decision: None, changes, thread, direct: None })
    }
}

impl Script {
    fn opted_out(&self, event: &InboxEvent, thread: Option<Conversation>) -> Conversation {
        let now = self.clock.now();
        let mut thread = thread.unwrap_or_else(|| Conversation {
            id: ConversationId::new(&self.ids),
            account: event.account.unwrap(),
            kind: ConversationKind::Direct,
            key: event.conversation_key.clone(),
            person: Person::default(),
            owner: Owner::Bot,
            owner_since: now,
            window_ends_at: None,
            opted_out_at: None,
            last_inbound_at: None,
            last_outbound_at: None,
            disclosed_at: None,
            assigned_to: None,
            created_at: now,
            updated_at: now,
        });
        thread.opted_out_at = Some(now);
        thread
    }
}

fn text_of(event: &InboxEvent) -> &str {
    match &event.body {
        EventBody::Comment(comment) => &comment.text,
        EventBody::Message(message) => &message.text,
        _ => "",
    }
}

/// A world and its troupe.
pub(crate) struct Rig {
    pub world: World,
    pub script: Arc<Script>,
    pub troupe: Troupe,
    registry: prometheus::Registry,
}

/// The defaults, but a tenant at work reads again at once: the clock stands still most of the time.
pub(super) fn settings() -> ActorSettings {
    ActorSettings { look_pause_ms: 0, ..ActorSettings::default() }
}

pub(super) const SECOND: Duration = Duration::from_secs(1);

impl Rig {
    pub async fn start() -> Self {
        Self::start_in(World::new(), settings()).await
    }

    pub async fn start_in(world: World, settings: ActorSettings) -> Self {
        let script = Arc::new(Script {
            clock: Arc::clone(&world.ports.clock),
            ids: world.ports.ids.clone(),
            gate: Semaphore::new(0),
            begun: Mutex::default(),
            working: AtomicUsize::new(0),
            most_working: AtomicUsize::new(0),
        });
        let registry = prometheus::Registry::new();
        let decider = Arc::clone(&script) as Arc<dyn Decider>;
        let troupe = Troupe::start_with(world.ports.clone(), settings, &registry, decider).await.unwrap();
        let rig = Self { world, script, troupe, registry };
        until("hints are heard", || rig.world.wake.listeners() > 0).await;
        rig
    }

    /// Ends the process between two steps and begins another one on the same data, with which these steps go as
    /// they say.
    pub async fn restart(self, steps: Steps) -> (Self, Arc<Steps>) {
        let mut world = self.world;
        world.store.steps.stop();
        let steps = Arc::new(steps);
        world.store = Arc::new(world.store.reopened(Arc::clone(&steps)));
        world.ports.store = world.store.clone();
        world.ports.tasks = Tasks::default();
        (Self::start_in(world, settings()).await, steps)
    }

    /// Lets that many decisions through which wait.
    pub fn let_through(&self, count: usize) {
        self.script.gate.add_permits(count);
    }

    /// Texts in the order in which work on them began.
    pub fn begun(&self) -> Vec<String> {
        locked(&self.script.begun).clone()
    }

    pub fn working(&self) -> usize {
        self.script.working.load(Ordering::SeqCst)
    }

    pub fn most_working(&self) -> usize {
        self.script.most_working.load(Ordering::SeqCst)
    }

    pub fn is_done(&self, event: EventId) -> bool {
        self.world.store.data().done.contains(&event)
    }

    pub async fn until_done(&self, events: &[EventId]) {
        until("all events are done", || events.iter().all(|event| self.is_done(*event))).await;
    }

    /// Lets time pass until the events are done.
    pub async fn pass_time_until_done(&self, events: &[EventId]) {
        let all_done = || events.iter().all(|event| self.is_done(*event));
        self.world.pass_time_until(SECOND, "all events are done", all_done).await;
    }

    /// Keys of the alerts raised so far, with ids taken out.
    pub fn alerts(&self) -> Vec<String> {
        self.world.store.data().alerts.iter().map(|alert| alert.dedup_key.clone()).collect()
    }

    pub fn has_alert(&self, key: &str) -> bool {
        self.world.store.data().alerts.iter().any(|alert| alert.dedup_key == key)
    }

    pub fn is_awake(&self, tenant: TenantId) -> bool {
        self.troupe.awake_tenants().contains(&tenant)
    }

    pub fn status(&self, tenant: TenantId, agent: &str) -> Option<AgentStatus> {
        let beats = self.troupe.heartbeats();
        beats.iter().find(|beat| beat.tenant == Some(tenant) && beat.agent == agent).map(|beat| beat.status)
    }

    /// The sum of a counter or gauge over its labels.
    pub fn metric(&self, name: &str) -> f64 {
        let values: HashMap<String, f64> = self
            .registry
            .gather()
            .iter()
            .map(|family| {
                let sum = family
                    .get_metric()
                    .iter()
                    .map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value())
                    .sum();
                (family.name().to_owned(), sum)
            })
            .collect();
        values.get(name).copied().unwrap_or_default()
    }
}
