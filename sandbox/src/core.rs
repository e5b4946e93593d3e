//! What all parts of a running sandbox share.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    calls::CallLog,
    clock::MovableClock,
    faults::{
        AnswerFault, CallFault, ContainerFault, Faults, Scope, UploadFault, WebhookFault, kinds::Batching,
    },
    graph::{endpoint::Endpoint, uploading::Arriving},
    ids::{AccountId, AppId, mixed},
    limits::Limits,
    options::{PublishingOptions, SandboxOptions},
    saving::Saver,
    state::World,
    webhooks::{Update, log::Delivery, queue::DeliveryQueue},
};

/// Clock, state, faults, limits and queues. Each lock is held briefly and never across an await; no two are
/// held at once, except that the saver's, which nobody else takes, is held while the state is looked at.
pub(crate) struct Core {
    pub(crate) options: SandboxOptions,
    pub(crate) clock: MovableClock,
    pub(crate) deliveries: DeliveryQueue,
    pub(crate) webhook_client: reqwest::Client,
    pub(crate) tracker: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    world: Mutex<World>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) limits: Mutex<Limits>,
    pub(crate) publishing: Mutex<PublishingOptions>,
    pub(crate) arriving: Mutex<Arriving>,
    pub(crate) calls: Mutex<CallLog>,
    pub(crate) delivery_log: Mutex<VecDeque<Delivery>>,
    pub(crate) saver: Saver,
    numbers: AtomicU64,
    tickets: AtomicU64,
    changes: AtomicU64,
}

/// Locks even after a panic elsewhere: no operation leaves the data half-changed in a way that matters here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(crate) fn new(
        options: SandboxOptions,
        world: World,
        deliveries: DeliveryQueue,
        webhook_client: reqwest::Client,
    ) -> Self {
        Self {
            clock: MovableClock::new(std::sync::Arc::clone(&options.clock)),
            deliveries,
            webhook_client,
            tracker: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            world: Mutex::new(world),
            faults: Mutex::new(Faults::new(options.seed)),
            limits: Mutex::new(Limits::new(options.limits.clone())),
            arriving: Mutex::default(),
            publishing: Mutex::new(options.publishing.clone()),
            calls: Mutex::new(CallLog::new(options.log_length)),
            delivery_log: Mutex::new(VecDeque::new()),
            saver: Saver::default(),
            numbers: AtomicU64::new(options.seed),
            tickets: AtomicU64::new(0),
            changes: AtomicU64::new(1),
            options,
        }
    }

    /// Looks at the state.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World, DateTime<Utc>) -> T) -> T {
        let now = self.clock.now();
        look(&lock(&self.world), now)
    }

    /// Changes the state; webhooks caused by it leave once the lock is free.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut World, DateTime<Utc>) -> T) -> T {
        let now = self.clock.now();
        let mut world = lock(&self.world);
        let outcome = act(&mut world, now);
        let updates = self.take_outbox(&mut world);
        self.note_change();
        drop(world);
        for update in updates {
            self.deliveries.push(update);
        }
        outcome
    }

    /// Empties the outbox. With a state file the updates are remembered with the world until they are settled,
    /// so that every save holds both what happened and what has yet to be told.
    fn take_outbox(&self, world: &mut World) -> Vec<Update> {
        let mut updates = std::mem::take(&mut world.outbox);
        if self.options.state_file.is_some() {
            for update in &mut updates {
                let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
                update.ticket = Some(ticket);
                world.undelivered.insert(ticket, update.clone());
            }
        }
        updates
    }

    /// These updates need not be delivered any more.
    pub(crate) fn forget_undelivered(&self, updates: &[Update]) {
        if self.options.state_file.is_none() {
            return;
        }
        let mut world = lock(&self.world);
        for ticket in updates.iter().filter_map(|update| update.ticket) {
            world.undelivered.remove(&ticket);
        }
        self.note_change();
    }

    /// Something changed that belongs into the state file.
    pub(crate) fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// Grows with every change (and some calls that changed nothing).
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Puts another world in the place of this one. With a state file the ids of content never go back, because
    /// clients outlive this sandbox.
    pub(crate) fn replace_world(&self, mut world: World) {
        let mut current = lock(&self.world);
        if self.options.state_file.is_some() {
            world.ids.continue_content_of(&current.ids);
        }
        *current = world;
        self.note_change();
        drop(current);
        lock(&self.faults).clear_all();
        let limits = lock(&self.limits).options().clone();
        lock(&self.limits).set(limits);
        *lock(&self.calls) = CallLog::new(self.options.log_length);
        lock(&self.delivery_log).clear();
    }

    /// A number that never comes twice, for trace ids and challenges.
    pub(crate) fn next_number(&self) -> u64 {
        mixed(self.numbers.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn call_faults(&self, account: Option<&AccountId>, endpoint: Endpoint) -> Vec<CallFault> {
        if lock(&self.faults).is_empty() {
            return Vec::new();
        }
        let names = self.names_of(account);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let scope = Scope { account: &names, endpoint: Some(endpoint) };
        lock(&self.faults).before_call(scope, self.clock.now())
    }

    pub(crate) fn answer_fault(
        &self,
        account: Option<&AccountId>,
        endpoint: Endpoint,
    ) -> Option<AnswerFault> {
        if lock(&self.faults).is_empty() {
            return None;
        }
        let names = self.names_of(account);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let scope = Scope { account: &names, endpoint: Some(endpoint) };
        lock(&self.faults).after_call(scope, self.clock.now())
    }

    /// Faults that strike a container which is made now.
    pub(crate) fn container_faults(&self, account: &AccountId) -> Vec<ContainerFault> {
        self.with_faults(account, Endpoint::CreateContainer, Faults::container)
    }

    /// Faults that strike a file which is sent now.
    pub(crate) fn upload_faults(&self, account: &AccountId) -> Vec<UploadFault> {
        self.with_faults(account, Endpoint::UploadVideo, Faults::upload)
    }

    /// By how much a container tells a wrong number of bytes now.
    pub(crate) fn misreported(&self, account: Option<&AccountId>) -> i64 {
        account.map_or(0, |account| self.with_faults(account, Endpoint::ReadContainer, Faults::misreported))
    }

    /// Whether the status of a container is told in words only.
    pub(crate) fn tells_status_in_words(&self, account: Option<&AccountId>) -> bool {
        let Some(account) = account else { return false };
        self.with_faults(account, Endpoint::ReadContainer, Faults::tells_status_in_words)
    }

    fn with_faults<T: Default>(
        &self,
        account: &AccountId,
        endpoint: Endpoint,
        ask: impl FnOnce(&mut Faults, Scope<'_>, DateTime<Utc>) -> T,
    ) -> T {
        if lock(&self.faults).is_empty() {
            return T::default();
        }
        let names = self.names_of(Some(account));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let scope = Scope { account: &names, endpoint: Some(endpoint) };
        ask(&mut lock(&self.faults), scope, self.clock.now())
    }

    pub(crate) fn webhook_faults(&self, update: &Update) -> Vec<WebhookFault> {
        if lock(&self.faults).is_empty() {
            return Vec::new();
        }
        let names = self.names_of(Some(&update.account));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        lock(&self.faults).webhook(&names, self.clock.now())
    }

    /// How updates are batched now: a fault's wish, else the options.
    pub(crate) fn batching(&self) -> Batching {
        let options = &self.options.deliver;
        let usual = Batching {
            size: options.batch,
            linger_ms: u64::try_from(options.batch_linger.as_millis()).unwrap_or(u64::MAX),
        };
        let wished = lock(&self.faults).batching(self.clock.now()).unwrap_or(usual);
        Batching { size: wished.size.clamp(1, 1_000), ..wished }
    }

    pub(crate) fn callback_of(&self, app: &AppId) -> Option<(String, String)> {
        self.look(|world, _| {
            let app = world.apps.find(app.as_str())?;
            Some((app.callback_url.clone()?, app.secret.clone()))
        })
    }

    pub(crate) fn log_delivery(&self, mut delivery: Delivery) {
        let mut log = lock(&self.delivery_log);
        delivery.sequence = log.back().map_or(1, |last| last.sequence + 1);
        if log.len() >= self.options.log_length.max(1) {
            log.pop_front();
        }
        log.push_back(delivery);
    }

    fn names_of(&self, account: Option<&AccountId>) -> Vec<String> {
        let Some(account) = account else { return Vec::new() };
        self.look(|world, _| match world.accounts.get(account) {
            Some(node) => vec![
                account.to_string(),
                node.account.username.to_string(),
                node.account.app_scoped_id.clone(),
                node.account.page_id.clone(),
            ],
            None => vec![account.to_string()],
        })
    }
}
