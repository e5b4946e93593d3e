//! Reading the queue: which tenants have something due, and what.

use std::sync::Arc;
use std::time::Duration;

use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::Timestamp;
use tenants::effect::{EffectState, ErrorCategory};
use tenants::ids::{EffectId, TenantId};
use tenants::ports::StoreError;

use super::engine::{CALLING, Engine};
use super::entries::audit_entry;
use super::records::ACTOR;

/// When a queue that holds a row nobody can read is tried again.
const AFTER_CORRUPTION: Duration = Duration::from_secs(60);

impl Engine {
    /// Marks what a process that died left behind. Once per process, before anything is sent.
    pub async fn recover(&self) -> Result<(), StoreError> {
        if self.desk().recovered {
            return Ok(());
        }
        let now = self.now();
        let interrupted = self.ports.store.interrupted_to_unknown(now).await?;
        if interrupted > 0 {
            tracing::warn!(
                interrupted,
                "calls were interrupted; Instagram is read before anything is sent again"
            );
        }
        let mut desk = self.desk();
        desk.recovered = true;
        desk.unknown.look = true;
        desk.unknown.wake_by(now + self.settings.read_back_delay());
        Ok(())
    }

    /// Looks which tenants have something due.
    pub async fn poll(&self) -> Result<(), StoreError> {
        let due = self.ports.store.tenants_with_due_effects(self.now()).await?;
        let mut desk = self.desk();
        desk.to_read.extend(due);
        desk.unknown.look = true;
        Ok(())
    }

    /// Begins to read the queues that must be read. What comes is put on the desk, each as soon as it is there: nobody
    /// waits for the long queue of somebody else.
    pub fn begin_reads(self: &Arc<Self>) {
        let now = self.now();
        let tenants = {
            let mut desk = self.desk();
            let rung = desk.alarms.ring(now);
            desk.to_read.extend(rung);
            desk.next_reads(now)
        };
        for tenant in tenants {
            let reading = ReadGuard { engine: Arc::clone(self), tenant };
            drop(self.ports.tasks.spawn("queue", async move { reading.read().await }));
        }
    }

    async fn read_queue(&self, tenant: TenantId) -> Result<(), StoreError> {
        let Some(context) = self.context(&tenant).await? else {
            self.desk().forget_if_idle(&tenant);
            return Ok(());
        };
        let now = self.now();
        let (blocked, except, batch) = {
            let mut desk = self.desk();
            let blocked = desk.limits.blocked(&context, now, &self.settings);
            (blocked, desk.under_way(&tenant), desk.batch(&self.settings))
        };
        let effects = self.ports.store.due_effects(&tenant, now, &except, &blocked.actions, batch).await?;
        let more = effects.len() >= batch as usize;
        let mut desk = self.desk();
        if !blocked.actions.is_empty() {
            desk.rest(tenant, now, self.now());
        }
        desk.fill(context, effects, blocked.until, more, now);
        Ok(())
    }

    /// Effects whose task ended without an outcome become unknown, unless they never became `processing`.
    pub async fn settle_abandoned(&self) -> Result<(), StoreError> {
        loop {
            let next = self.desk().abandoned.last().copied();
            let Some((tenant, effect)) = next else { return Ok(()) };
            self.make_unknown(&tenant, &effect).await?;
            let now = self.now();
            let mut desk = self.desk();
            desk.abandoned.retain(|(_, abandoned)| *abandoned != effect);
            desk.land(&effect, now);
            desk.unknown.wake_by(now + self.settings.read_back_delay());
        }
    }

    async fn make_unknown(&self, tenant: &TenantId, effect: &EffectId) -> Result<(), StoreError> {
        let Some(effect) = self.ports.store.find_effect(tenant, effect).await? else { return Ok(()) };
        if effect.state != EffectState::Processing {
            return Ok(());
        }
        let now = self.now();
        let mut lost = EffectMove::new(effect.id, CALLING, EffectState::Unknown, now);
        lost.error = Some("the call was interrupted".to_owned());
        lost.error_category = Some(ErrorCategory::Unknown);
        lost.next_retry_at = Some(now + self.settings.read_back_delay());
        let mut entry = audit_entry(&effect, "effect.unknown", ACTOR, &self.ports.ids, now);
        (entry.success, entry.error) = (false, lost.error.clone());
        let changes =
            Changes::of_tenant(*tenant).with(Change::MoveEffect(lost)).with(Change::Audit(Box::new(entry)));
        match self.ports.store.commit(changes).await {
            Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// When the queue has something new without anybody saying so.
    pub async fn next_due_at(&self) -> Result<Option<Timestamp>, StoreError> {
        self.ports.store.next_due_at(self.now()).await
    }

    /// What the database holds that could be done now and that the loop does not know of yet, a sentence each.
    pub async fn find_undone(&self) -> Result<Vec<String>, StoreError> {
        let now = self.now();
        let mut undone = Vec::new();
        for tenant in self.ports.store.tenants_with_due_effects(now).await? {
            let Some(context) = self.context(&tenant).await? else { continue };
            let blocked = self.desk().limits.blocked(&context, now, &self.settings);
            let due = self.ports.store.due_effects(&tenant, now, &[], &blocked.actions, 1).await?;
            undone.extend(due.iter().map(|ready| format!("effect {} is due", ready.effect.id)));
        }
        let unknown = self.ports.store.unknown_effects(now, 100).await?;
        let mut desk = self.desk();
        for effect in unknown.iter().map(|ready| &ready.effect) {
            if desk.can_read_back(effect, now, &self.settings) {
                undone.push(format!("effect {} is to be read back", effect.id));
            }
        }
        undone.extend(desk.busy());
        Ok(undone)
    }
}

/// Holds a tenant's queue as being read as long as it lives.
struct ReadGuard {
    engine: Arc<Engine>,
    tenant: TenantId,
}

impl ReadGuard {
    async fn read(self) {
        let (engine, tenant) = (&self.engine, self.tenant);
        match engine.read_queue(tenant).await {
            Ok(()) => {}
            Err(StoreError::Corrupt(problem)) => {
                tracing::error!(tenant.id = %tenant, problem, "the queue of a tenant cannot be read");
                let again_at = engine.now() + AFTER_CORRUPTION;
                engine.desk().alarms.set(tenant, again_at);
            }
            Err(error) => {
                let mut desk = engine.desk();
                desk.to_read.insert(tenant);
                desk.read_failure = Some(error);
            }
        }
    }
}

impl Drop for ReadGuard {
    fn drop(&mut self) {
        self.engine.desk().reading.remove(&self.tenant);
        self.engine.changed.notify_one();
    }
}
