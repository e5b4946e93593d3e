//! A store in memory. It keeps what the actors commit as it is, and can be made to fail.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenants::alert::NewAlert;
use tenants::audit::{Chain, NewAuditEntry};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::connect::ConnectChange;
use tenants::conversation::{Comment, Conversation, Message};
use tenants::effect::Effect;
use tenants::event::{InboxEvent, NewEvent};
use tenants::ids::{AccountId, EffectId, EventId, PostId, TenantId};
use tenants::ports::{Heartbeat, StoreError, TenantContext};
use tenants::post::{JobLog, Post};

use tokio::sync::Semaphore;

use super::steps::{Steps, Trouble};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    data: Arc<Mutex<Data>>,
    pub(crate) steps: Arc<Steps>,
}

#[derive(Debug, Default)]
pub(crate) struct Data {
    pub contexts: HashMap<TenantId, TenantContext>,
    pub pending: BTreeMap<EventId, InboxEvent>,
    /// In the order in which they were done.
    pub done: Vec<EventId>,
    pub quarantined: Vec<EventId>,
    pub conversations: HashMap<(TenantId, AccountId, String), Conversation>,
    pub alerts: Vec<NewAlert>,
    pub resolved_alerts: Vec<String>,
    pub heartbeats: HashMap<(Option<TenantId>, String), Heartbeat>,
    pub commits: usize,
    pub reads: usize,
    pub is_away: bool,
    pub commits_are_void: usize,
    pub unreadable: HashSet<TenantId>,
    /// Whose queue takes long to read: until the permit comes.
    pub held_queue: Option<(TenantId, Arc<Semaphore>)>,
    pub effects: BTreeMap<EffectId, Effect>,
    pub comments: HashMap<(TenantId, AccountId, String), Comment>,
    pub messages: Vec<Message>,
    pub audit: Vec<NewAuditEntry>,
    pub posts: BTreeMap<PostId, Post>,
    pub job_logs: Vec<JobLog>,
}

impl MemoryStore {
    /// The same data, as another process sees it.
    pub(crate) fn reopened(&self, steps: Arc<Steps>) -> Self {
        Self { data: Arc::clone(&self.data), steps }
    }

    pub(crate) fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, event: NewEvent) {
        let event = InboxEvent {
            id: event.id,
            tenant: event.tenant,
            account: event.account,
            source: event.source,
            kind: event.kind,
            external_id: event.external_id,
            conversation_key: event.conversation_key,
            occurred_at: event.occurred_at,
            received_at: event.received_at,
            attempts: 0,
            body: event.body,
        };
        self.data().pending.insert(event.id, event);
    }

    /// A call of the world.
    pub(super) async fn call<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Data) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.steps.before(name).await;
        let answer = self.available().and_then(|mut data| work(&mut data));
        self.steps.after(name).await;
        answer
    }

    /// A call that changes something, and may meet with trouble.
    pub(super) async fn write<T>(
        &self,
        name: &'static str,
        work: impl FnOnce(&mut Data) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let trouble = self.steps.next_write();
        let answer = self
            .call(name, |data| match trouble {
                Some(Trouble::Refused) => Err(away()),
                _ => work(data),
            })
            .await;
        if trouble == Some(Trouble::Unheard) { answer.and(Err(away())) } else { answer }
    }

    pub(super) fn available(&self) -> Result<MutexGuard<'_, Data>, StoreError> {
        let data = self.data();
        if data.is_away { Err(away()) } else { Ok(data) }
    }
}

fn away() -> StoreError {
    StoreError::Unavailable("made to be away".into())
}

impl Data {
    pub(super) fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        if self.commits_are_void > 0 {
            self.commits_are_void -= 1;
            return Err(StoreError::Conflict("made to be void".to_owned()));
        }
        self.refuse_misfits(&changes)?;
        self.commits += 1;
        let Chain::Tenant(tenant) = changes.chain else { return Ok(()) };
        for change in changes.list {
            self.apply_one(tenant, change);
        }
        Ok(())
    }

    fn apply_one(&mut self, tenant: TenantId, change: Change) {
        match change {
            Change::EventDone { event, .. } => {
                assert!(self.pending.remove(&event).is_some(), "{event} was done twice");
                self.done.push(event);
            }
            Change::EventFailed { event, .. } => {
                if let Some(event) = self.pending.get_mut(&event) {
                    event.attempts += 1;
                }
            }
            Change::EventQuarantined { event, .. } => {
                self.pending.remove(&event);
                self.quarantined.push(event);
            }
            Change::PutConversation(conversation) => {
                let key = (tenant, conversation.account, conversation.key.clone());
                self.conversations.insert(key, *conversation);
            }
            Change::RaiseAlert(alert, _) => self.raise(*alert),
            Change::ResolveAlert { dedup_key, .. } => self.resolved_alerts.push(dedup_key),
            Change::AddEffect(effect) => self.add_effect(*effect),
            Change::PutPost { post, expected } => self.put_post(*post, expected),
            Change::WakePost { post, at } => self.wake_post(post, at),
            Change::AddJobLog(log) => self.job_logs.push(*log),
            Change::MoveEffect(effect_move) => self.move_effect(effect_move),
            Change::PutMessage(message) => self.messages.push(*message),
            Change::Audit(entry) => self.audit.push(*entry),
            Change::MarkComment { account, external_id, status, reply } => {
                if let Some(comment) = self.comments.get_mut(&(tenant, account, external_id)) {
                    comment.status = status;
                    comment.reply = reply.or(comment.reply.take());
                }
            }
            Change::Connect(ConnectChange::TokenRefused { account, status, alert, .. }) => {
                self.set_account_status(tenant, account, status);
                self.raise(*alert);
            }
            Change::SetAccountStatus { account, status } => self.set_account_status(tenant, account, status),
            _ => {}
        }
    }

    fn add_effect(&mut self, effect: Effect) {
        let is_same = |other: &Effect| {
            (other.tenant, &other.idempotency_key) == (effect.tenant, &effect.idempotency_key)
        };
        if !self.effects.values().any(is_same) {
            self.effects.insert(effect.id, effect);
        }
    }

    pub(super) fn raise(&mut self, alert: NewAlert) {
        if self.alerts.iter().all(|known| known.dedup_key != alert.dedup_key) {
            self.alerts.push(alert);
        }
    }

    pub(super) fn put_beats(&mut self, beats: &[Heartbeat]) {
        for beat in beats {
            self.heartbeats.insert((beat.tenant, beat.agent.clone()), beat.clone());
        }
    }

    pub(super) fn versions(&self, tenants: &[TenantId]) -> Vec<(TenantId, i64)> {
        tenants
            .iter()
            .filter_map(|tenant| Some((*tenant, self.contexts.get(tenant)?.tenant.version)))
            .collect()
    }

    pub(super) fn waiting(&self, tenant: &TenantId, except: &[EventId], limit: u32) -> Vec<InboxEvent> {
        let except: HashSet<&EventId> = except.iter().collect();
        let waits = |event: &&InboxEvent| event.tenant == *tenant && !except.contains(&event.id);
        self.pending.values().filter(waits).take(limit as usize).cloned().collect()
    }

    pub(super) fn tenants_waiting(&self) -> Vec<TenantId> {
        let tenants: HashSet<TenantId> = self.pending.values().map(|event| event.tenant).collect();
        tenants.into_iter().collect()
    }

    pub(crate) fn last_beat(&self, tenant: TenantId, agent: &str) -> Option<Timestamp> {
        self.heartbeats.get(&(Some(tenant), agent.to_owned())).map(|beat| beat.last_beat_at)
    }
}
