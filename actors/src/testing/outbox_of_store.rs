//! The queue of effects on the store in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tenants::account::AccountStatus;
use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::Timestamp;
use tenants::conversation::{Conversation, direct_key};
use tenants::effect::{Action, ActionType, Effect, EffectState};
use tenants::ids::{AccountId, EffectId, TenantId};
use tenants::ports::*;

use super::MemoryStore;
use super::store::Data;

impl Data {
    /// A conflict when an effect is not where a move expects it, or an event is done already.
    pub(super) fn refuse_misfits(&self, changes: &Changes) -> Result<(), StoreError> {
        let misfit = |change: &Change| match change {
            Change::EventDone { event, .. } => !self.pending.contains_key(event),
            Change::MoveEffect(it) => {
                self.effects.get(&it.effect).is_none_or(|effect| !it.from.contains(&effect.state))
            }
            Change::PutPost { post, expected } => self.has_moved_on(post, *expected),
            _ => false,
        };
        if changes.list.iter().any(misfit) {
            return Err(StoreError::Conflict("an effect has moved on, or an event is done".to_owned()));
        }
        Ok(())
    }

    pub(super) fn move_effect(&mut self, to: EffectMove) {
        let Some(effect) = self.effects.get_mut(&to.effect) else { return };
        (effect.state, effect.updated_at) = (to.to, to.at);
        (effect.error, effect.error_category) = (to.error, to.error_category);
        effect.skip_reason = to.skip_reason;
        effect.retry_count = to.retry_count.unwrap_or(effect.retry_count);
        effect.next_retry_at = to.next_retry_at.unwrap_or(effect.next_retry_at);
        effect.instagram_id = to.instagram_id.or(effect.instagram_id.take());
        if to.begins_attempt {
            effect.first_attempt_at.get_or_insert(to.at);
        }
        if to.to == EffectState::Sent {
            effect.sent_at = Some(to.at);
        }
    }

    pub(super) fn set_account_status(&mut self, tenant: TenantId, account: AccountId, status: AccountStatus) {
        let Some(context) = self.contexts.get_mut(&tenant) else { return };
        context.tenant.version += 1;
        context.accounts.iter_mut().filter(|row| row.id == account).for_each(|row| row.status = status);
    }

    fn is_due(effect: &Effect, now: Timestamp) -> bool {
        matches!(effect.state, EffectState::Pending | EffectState::Failed) && effect.next_retry_at <= now
    }

    /// The rule of the port: see [`Outbox::due_effects`].
    fn must_wait(&self, effect: &Effect, now: Timestamp) -> bool {
        let before = |other: &Effect| match other.state {
            EffectState::Processing | EffectState::Unknown => true,
            EffectState::Failed => other.id < effect.id,
            EffectState::Pending => other.id < effect.id && other.next_retry_at <= now,
            _ => false,
        };
        let same = |other: &&Effect| {
            other.id != effect.id && other.conversation == effect.conversation && other.action.speaks()
        };
        effect.conversation.is_some()
            && effect.action.speaks()
            && self.effects.values().filter(same).any(before)
    }

    fn ready(&self, effect: &Effect) -> ReadyEffect {
        let of_tenant = |place: &(TenantId, AccountId, String)| place.0 == effect.tenant;
        let mut conversations = self.conversations.iter().filter(|(place, _)| of_tenant(place));
        let thread = conversations.find(|(_, row)| Some(row.id) == effect.conversation).map(|(_, row)| row);
        let comment = match &effect.action {
            Action::PrivateReply { comment_id, .. } => {
                self.comments.get(&(effect.tenant, effect.account, comment_id.clone()))
            }
            _ => None,
        };
        ReadyEffect {
            effect: effect.clone(),
            thread: thread.cloned(),
            direct: thread.and_then(|thread| self.direct_of(effect, &thread.person.id)).cloned(),
            comment_written_at: comment.map(|comment| comment.occurred_at),
            private_reply_used: false,
        }
    }

    fn direct_of(&self, effect: &Effect, person: &str) -> Option<&Conversation> {
        self.conversations.get(&(effect.tenant, effect.account, direct_key(person)))
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn tenants_with_due_effects(&self, now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        self.call("tenants_with_due_effects", |data| {
            let due = data.effects.values().filter(|effect| Data::is_due(effect, now));
            let tenants: BTreeSet<_> = due.map(|effect| effect.tenant).collect();
            Ok(tenants.into_iter().collect())
        })
        .await
    }

    async fn next_due_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.call("next_due_at", |data| {
            let waits = |effect: &&Effect| matches!(effect.state, EffectState::Pending | EffectState::Failed);
            let later = data.effects.values().filter(waits).map(|effect| effect.next_retry_at);
            Ok(later.filter(|at| *at > now).min())
        })
        .await
    }

    async fn due_effects(
        &self,
        tenant: &TenantId,
        now: Timestamp,
        except: &[EffectId],
        blocked: &[(AccountId, ActionType)],
        limit: u32,
    ) -> Result<Vec<ReadyEffect>, StoreError> {
        let held = self.data().held_queue.clone().filter(|(held, _)| held == tenant);
        if let Some((_, gate)) = held {
            drop(gate.acquire().await);
        }
        self.call("due_effects", |data| {
            data.reads += 1;
            let free = |effect: &&Effect| {
                effect.tenant == *tenant
                    && Data::is_due(effect, now)
                    && !except.contains(&effect.id)
                    && !blocked.contains(&(effect.account, effect.action.action_type()))
                    && !data.must_wait(effect, now)
            };
            let mut due: Vec<&Effect> = data.effects.values().filter(free).collect();
            due.sort_by_key(|effect| (effect.deadline.is_none(), effect.deadline, effect.id));
            Ok(due.into_iter().take(limit as usize).map(|effect| data.ready(effect)).collect())
        })
        .await
    }

    async fn interrupted_to_unknown(&self, at: Timestamp) -> Result<u64, StoreError> {
        self.write("interrupted_to_unknown", |data| {
            let mut interrupted = 0;
            for effect in data.effects.values_mut().filter(|effect| effect.state == EffectState::Processing) {
                (effect.state, effect.updated_at) = (EffectState::Unknown, at);
                interrupted += 1;
            }
            Ok(interrupted)
        })
        .await
    }

    async fn unknown_effects(&self, now: Timestamp, limit: u32) -> Result<Vec<ReadyEffect>, StoreError> {
        self.call("unknown_effects", |data| {
            let lost = |effect: &&Effect| effect.state == EffectState::Unknown && effect.next_retry_at <= now;
            let lost = data.effects.values().filter(lost).take(limit as usize);
            Ok(lost.map(|effect| data.ready(effect)).collect())
        })
        .await
    }

    async fn claimed_instagram_ids(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        since: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        self.call("claimed_instagram_ids", |data| {
            let ours = |effect: &&Effect| {
                effect.tenant == *tenant
                    && effect.account == *account
                    && effect.sent_at.is_some_and(|at| at >= since)
            };
            Ok(data.effects.values().filter(ours).filter_map(|effect| effect.instagram_id.clone()).collect())
        })
        .await
    }

    async fn find_effect_behind(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        _conversation_key: &str,
        _instagram_id: &str,
        _text: &str,
    ) -> Result<Option<Effect>, StoreError> {
        Ok(None)
    }

    async fn find_effect(&self, _tenant: &TenantId, effect: &EffectId) -> Result<Option<Effect>, StoreError> {
        self.call("find_effect", |data| Ok(data.effects.get(effect).cloned())).await
    }

    async fn list_effects(
        &self,
        _tenant: &TenantId,
        _filter: &EffectFilter,
        _page: PageRequest,
    ) -> Result<Vec<Effect>, StoreError> {
        Ok(Vec::new())
    }

    async fn effect_counts(&self, _tenant: Option<&TenantId>) -> Result<Vec<EffectCount>, StoreError> {
        self.call("effect_counts", |data| Ok(data.counts(|_| true))).await
    }

    async fn waiting_effects(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Vec<EffectCount>, StoreError> {
        let waits = |effect: &Effect| {
            effect.tenant == *tenant
                && effect.account == *account
                && matches!(effect.state, EffectState::Pending | EffectState::Failed)
        };
        Ok(self.available()?.counts(waits))
    }
}

impl Data {
    fn counts(&self, counts: impl Fn(&Effect) -> bool) -> Vec<EffectCount> {
        let mut found: Vec<EffectCount> = Vec::new();
        for effect in self.effects.values().filter(|effect| counts(effect)) {
            let (action_type, state) = (effect.action.action_type(), effect.state);
            let same = |count: &&mut EffectCount| count.action_type == action_type && count.state == state;
            match found.iter_mut().find(same) {
                Some(count) => count.count += 1,
                None => found.push(EffectCount { action_type, state, count: 1 }),
            }
        }
        found
    }
}
