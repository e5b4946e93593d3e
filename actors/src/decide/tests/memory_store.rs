//! The store that tests decide on: conversations, effects and approvals in memory; everything that deciding never
//! asks for answers with an error.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use tenants::account::{Account, Agency, ApiKey, MetaApp, SealedSecret, Tenant};
use tenants::alert::{Alert, NewAlert};
use tenants::approval::{Approval, ApprovalStatus, ApprovalSubject};
use tenants::audit::{AuditEntry, Chain, ChainVerdict};
use tenants::autonomy::EarnedMode;
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::conversation::{Comment, Conversation, LastWords, Message};
use tenants::effect::{ActionType, Effect, EffectState};
use tenants::event::{EventKind, InboxEvent, NewEvent, Role};
use tenants::ids::{
    AccountId, AgencyId, AlertId, AppId, ApprovalId, CommentId, ConversationId, EffectId, EventId, KeyId,
    RuleId, TenantId,
};
use tenants::intent::Intent;
use tenants::ports::*;
use tenants::rule::Rule;
use tenants::settings::TenantSettings;
use tenants::tuning::TuningVersion;
use tenants::verdict::Verdict;

use super::rows::Rows;

/// Rows behind the ports of the database.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Rows>);

impl MemoryStore {
    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap()
    }
}

fn not_needed() -> StoreError {
    StoreError::Corrupt("deciding needs no such thing".to_owned())
}

#[async_trait]
impl Inbox for MemoryStore {
    async fn accept(&self, _delivery: Delivery) -> Result<Vec<Accepted>, StoreError> {
        Err(not_needed())
    }

    async fn pending_events(
        &self,
        _tenant: &TenantId,
        _except: &[EventId],
        _limit: u32,
    ) -> Result<Vec<InboxEvent>, StoreError> {
        Err(not_needed())
    }

    async fn tenants_with_events(&self) -> Result<Vec<TenantId>, StoreError> {
        Err(not_needed())
    }

    async fn find_event(
        &self,
        _tenant: &TenantId,
        _event: &EventId,
    ) -> Result<Option<(InboxEvent, serde_json::Value)>, StoreError> {
        Err(not_needed())
    }

    async fn event_counts(&self) -> Result<Vec<(EventKind, i64, i64)>, StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl UnitOfWork for MemoryStore {
    async fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        let mut rows = self.rows();
        for change in changes.list {
            rows.apply(change)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Directory for MemoryStore {
    async fn list_agencies(&self) -> Result<Vec<Agency>, StoreError> {
        Err(not_needed())
    }

    async fn find_agency(&self, _agency: &AgencyId) -> Result<Option<Agency>, StoreError> {
        Err(not_needed())
    }

    async fn list_tenants(&self, _agency: &AgencyId, _page: PageRequest) -> Result<Vec<Tenant>, StoreError> {
        Err(not_needed())
    }

    async fn find_tenant(&self, _tenant: &TenantId) -> Result<Option<Tenant>, StoreError> {
        Err(not_needed())
    }

    async fn find_tenant_by_slug(
        &self,
        _agency: &AgencyId,
        _slug: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        Err(not_needed())
    }

    async fn load_context(
        &self,
        _tenant: &TenantId,
        _day: &str,
    ) -> Result<Option<TenantContext>, StoreError> {
        Err(not_needed())
    }

    async fn tenant_versions(&self, _tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, StoreError> {
        Err(not_needed())
    }

    async fn find_settings(&self, _tenant: &TenantId) -> Result<Option<TenantSettings>, StoreError> {
        Err(not_needed())
    }

    async fn list_rules(&self, _tenant: &TenantId) -> Result<Vec<Rule>, StoreError> {
        Err(not_needed())
    }

    async fn find_rule(&self, _tenant: &TenantId, _rule: &RuleId) -> Result<Option<Rule>, StoreError> {
        Err(not_needed())
    }

    async fn list_accounts(&self, _tenant: &TenantId) -> Result<Vec<Account>, StoreError> {
        Err(not_needed())
    }

    async fn find_account(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
    ) -> Result<Option<Account>, StoreError> {
        Err(not_needed())
    }

    async fn find_account_by_external_id(&self, _external_id: &str) -> Result<Option<Account>, StoreError> {
        Err(not_needed())
    }

    async fn all_accounts(&self) -> Result<Vec<Account>, StoreError> {
        Err(not_needed())
    }

    async fn served_tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        Err(not_needed())
    }

    async fn sealed_token(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
    ) -> Result<Option<SealedSecret>, StoreError> {
        Err(not_needed())
    }

    async fn all_apps(&self) -> Result<Vec<(MetaApp, Option<SealedSecret>)>, StoreError> {
        Err(not_needed())
    }

    async fn list_apps(&self, _agency: &AgencyId) -> Result<Vec<MetaApp>, StoreError> {
        Err(not_needed())
    }

    async fn find_app(&self, _agency: &AgencyId, _app: &AppId) -> Result<Option<MetaApp>, StoreError> {
        Err(not_needed())
    }

    async fn find_key(&self, _hash: &str) -> Result<Option<ApiKey>, StoreError> {
        Err(not_needed())
    }

    async fn list_keys(&self, _agency: &AgencyId) -> Result<Vec<ApiKey>, StoreError> {
        Err(not_needed())
    }

    async fn touch_key(&self, _key: &KeyId, _at: Timestamp) -> Result<(), StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl Conversations for MemoryStore {
    async fn load_conversations(
        &self,
        _tenant: &TenantId,
        keys: &[(AccountId, String)],
    ) -> Result<Vec<Conversation>, StoreError> {
        let rows = self.rows();
        Ok(keys.iter().filter_map(|key| rows.conversations.get(key).cloned()).collect())
    }

    async fn find_conversation(
        &self,
        _tenant: &TenantId,
        _conversation: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        Err(not_needed())
    }

    async fn list_conversations(
        &self,
        _tenant: &TenantId,
        _filter: &ConversationFilter,
        _after: Option<TimePosition>,
        _limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        Err(not_needed())
    }

    async fn last_words(
        &self,
        _tenant: &TenantId,
        _conversations: &[ConversationId],
    ) -> Result<Vec<LastWords>, StoreError> {
        Err(not_needed())
    }

    async fn list_messages(
        &self,
        _tenant: &TenantId,
        conversation: &ConversationId,
        page: PageRequest,
    ) -> Result<Vec<Message>, StoreError> {
        let rows = self.rows();
        let mut found: Vec<Message> =
            rows.messages.values().filter(|message| message.conversation == *conversation).cloned().collect();
        found.retain(|message| page.before.is_none_or(|before| message.id.0 < before));
        found.sort_by_key(|message| std::cmp::Reverse(message.id));
        found.truncate(page.limit as usize);
        Ok(found)
    }

    async fn list_comments(
        &self,
        _tenant: &TenantId,
        filter: &CommentFilter,
        page: PageRequest,
    ) -> Result<Vec<Comment>, StoreError> {
        let rows = self.rows();
        let is_wanted = |comment: &&Comment| Some(comment.conversation) == filter.conversation;
        let mut found: Vec<Comment> = rows.comments.values().filter(is_wanted).cloned().collect();
        found.retain(|comment| page.before.is_none_or(|before| comment.id.0 < before));
        found.sort_by_key(|comment| std::cmp::Reverse(comment.id));
        found.truncate(page.limit as usize);
        Ok(found)
    }

    async fn find_comment(
        &self,
        _tenant: &TenantId,
        _comment: &CommentId,
    ) -> Result<Option<Comment>, StoreError> {
        Err(not_needed())
    }

    async fn find_comment_by_external_id(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        external_id: &str,
    ) -> Result<Option<Comment>, StoreError> {
        Ok(self.rows().comments.get(external_id).cloned())
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn tenants_with_due_effects(&self, _now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        Err(not_needed())
    }

    async fn next_due_at(&self, _now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Err(not_needed())
    }

    async fn due_effects(
        &self,
        _tenant: &TenantId,
        _now: Timestamp,
        _except: &[EffectId],
        _blocked: &[(AccountId, ActionType)],
        _limit: u32,
    ) -> Result<Vec<ReadyEffect>, StoreError> {
        Err(not_needed())
    }

    async fn interrupted_to_unknown(&self, _at: Timestamp) -> Result<u64, StoreError> {
        Err(not_needed())
    }

    async fn unknown_effects(&self, _now: Timestamp, _limit: u32) -> Result<Vec<ReadyEffect>, StoreError> {
        Err(not_needed())
    }

    async fn claimed_instagram_ids(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        _since: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        Err(not_needed())
    }

    async fn find_effect_behind(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        conversation_key: &str,
        instagram_id: &str,
        text: &str,
    ) -> Result<Option<Effect>, StoreError> {
        let rows = self.rows();
        let of_conversation = |effect: &&Effect| {
            let key = rows.conversation_by_id(effect.conversation).map(|found| found.key.as_str());
            key == Some(conversation_key) && effect.action.text() == Some(text)
        };
        let is_open =
            |effect: &&Effect| matches!(effect.state, EffectState::Processing | EffectState::Unknown);
        let by_id = rows.effects.iter().find(|effect| effect.instagram_id.as_deref() == Some(instagram_id));
        Ok(by_id.or_else(|| rows.effects.iter().filter(is_open).find(of_conversation)).cloned())
    }

    async fn find_effect(
        &self,
        _tenant: &TenantId,
        _effect: &EffectId,
    ) -> Result<Option<Effect>, StoreError> {
        Err(not_needed())
    }

    async fn list_effects(
        &self,
        _tenant: &TenantId,
        filter: &EffectFilter,
        _page: PageRequest,
    ) -> Result<Vec<Effect>, StoreError> {
        let fits = |effect: &&Effect| {
            filter.state.is_none_or(|state| effect.state == state)
                && filter.action_type.is_none_or(|wanted| effect.action.action_type() == wanted)
        };
        Ok(self.rows().effects.iter().filter(fits).cloned().collect())
    }

    async fn effect_counts(&self, _tenant: Option<&TenantId>) -> Result<Vec<EffectCount>, StoreError> {
        Err(not_needed())
    }

    async fn waiting_effects(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
    ) -> Result<Vec<EffectCount>, StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl Approvals for MemoryStore {
    async fn find_approval(
        &self,
        _tenant: &TenantId,
        _approval: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        Err(not_needed())
    }

    async fn list_approvals(
        &self,
        _tenant: &TenantId,
        _status: Option<ApprovalStatus>,
        _page: PageRequest,
    ) -> Result<Vec<Approval>, StoreError> {
        Err(not_needed())
    }

    async fn approval_subjects(
        &self,
        _tenant: &TenantId,
        _approvals: &[ApprovalId],
    ) -> Result<Vec<(ApprovalId, ApprovalSubject)>, StoreError> {
        Err(not_needed())
    }

    async fn tenants_with_overdue_approvals(&self, _now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl Learning for MemoryStore {
    async fn find_tuning(
        &self,
        _tenant: &TenantId,
        _version: Option<u32>,
    ) -> Result<Option<TuningVersion>, StoreError> {
        Err(not_needed())
    }

    async fn list_tunings(&self, _tenant: &TenantId) -> Result<Vec<TuningVersion>, StoreError> {
        Err(not_needed())
    }

    async fn unlearned_verdicts(&self, _tenant: &TenantId, _limit: u32) -> Result<Vec<Verdict>, StoreError> {
        Err(not_needed())
    }

    async fn tenants_with_unlearned_verdicts(&self) -> Result<Vec<TenantId>, StoreError> {
        Err(not_needed())
    }

    async fn latest_verdicts(
        &self,
        _tenant: &TenantId,
        _intent: Intent,
        _limit: u32,
    ) -> Result<Vec<KeptVerdict>, StoreError> {
        Err(not_needed())
    }

    async fn earned_modes(&self, _tenant: &TenantId) -> Result<Vec<EarnedMode>, StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl AuditLog for MemoryStore {
    async fn list_audit(
        &self,
        _chain: &Chain,
        _filter: &AuditFilter,
        _before: Option<i64>,
        _limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        Err(not_needed())
    }

    async fn audit_since(
        &self,
        _chain: &Chain,
        _after: i64,
        _limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        Err(not_needed())
    }

    async fn audit_chains(&self) -> Result<Vec<Chain>, StoreError> {
        Err(not_needed())
    }

    async fn verify_chain(&self, _chain: &Chain) -> Result<ChainVerdict, StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl Alerts for MemoryStore {
    async fn raise_alert(&self, _alert: NewAlert, _at: Timestamp) -> Result<(), StoreError> {
        Err(not_needed())
    }

    async fn list_alerts(
        &self,
        _agency: &AgencyId,
        _tenant: Option<&TenantId>,
        _resolved: Option<bool>,
        _page: PageRequest,
    ) -> Result<Vec<Alert>, StoreError> {
        Err(not_needed())
    }

    async fn find_alert(&self, _agency: &AgencyId, _alert: &AlertId) -> Result<Option<Alert>, StoreError> {
        Err(not_needed())
    }

    async fn has_open_alert(&self, _dedup_key: &str) -> Result<bool, StoreError> {
        Err(not_needed())
    }

    async fn resolve_alert(
        &self,
        _agency: &AgencyId,
        _alert: &AlertId,
        _by: &str,
        _at: Timestamp,
    ) -> Result<bool, StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl Operations for MemoryStore {
    async fn put_heartbeats(&self, _beats: &[Heartbeat]) -> Result<(), StoreError> {
        Err(not_needed())
    }

    async fn list_heartbeats(&self, _tenant: &TenantId) -> Result<Vec<Heartbeat>, StoreError> {
        Err(not_needed())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl Ticks for MemoryStore {
    async fn mark_plans(&self, _catalogue: &str, _at: Timestamp) -> Result<u64, StoreError> {
        Err(not_needed())
    }

    async fn dirty_plans(&self, _limit: u32) -> Result<Vec<(TenantId, i64)>, StoreError> {
        Err(not_needed())
    }

    async fn put_plan(&self, _plan: TickPlan) -> Result<(), StoreError> {
        Err(not_needed())
    }

    async fn list_ticks(&self, _tenant: &TenantId) -> Result<Vec<CronTick>, StoreError> {
        Err(not_needed())
    }

    async fn due_ticks(&self, _now: Timestamp, _limit: u32) -> Result<Vec<CronTick>, StoreError> {
        Err(not_needed())
    }

    async fn next_tick_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(not_needed())
    }

    async fn run_tick(
        &self,
        _before: &CronTick,
        _event: Option<NewEvent>,
        _after: CronTick,
    ) -> Result<bool, StoreError> {
        Err(not_needed())
    }

    async fn tick_runs(
        &self,
        _tenant: &TenantId,
        _role: Role,
        _name: &str,
        _page: PageRequest,
    ) -> Result<Vec<TickRun>, StoreError> {
        Err(not_needed())
    }
}

#[async_trait]
impl Watches for MemoryStore {
    async fn due_polls(&self, _now: Timestamp, _limit: u32) -> Result<Vec<AccountWatch>, StoreError> {
        Err(not_needed())
    }

    async fn due_checks(&self, _now: Timestamp, _limit: u32) -> Result<Vec<AccountWatch>, StoreError> {
        Err(not_needed())
    }

    async fn next_watch_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(not_needed())
    }

    async fn put_watched(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        _watched: Watched,
        _at: Timestamp,
    ) -> Result<(), StoreError> {
        Err(not_needed())
    }

    async fn hurry_polls(&self, _tenants: &[TenantId], _by: Timestamp) -> Result<(), StoreError> {
        Err(not_needed())
    }

    async fn list_watches(&self, _tenant: &TenantId) -> Result<Vec<AccountWatch>, StoreError> {
        Err(not_needed())
    }

    async fn known_events(
        &self,
        _tenant: &TenantId,
        _kinds: &[EventKind],
        _external_ids: &[&str],
    ) -> Result<Vec<String>, StoreError> {
        Err(not_needed())
    }

    async fn queue_ages(&self, _tenant: &TenantId) -> Result<Vec<QueueAge>, StoreError> {
        Err(not_needed())
    }

    async fn last_inbound(&self, _tenant: &TenantId) -> Result<Vec<(AccountId, Timestamp)>, StoreError> {
        Err(not_needed())
    }

    async fn stuck_effects(&self, _before: Timestamp, _limit: u32) -> Result<Vec<StuckEffect>, StoreError> {
        Err(not_needed())
    }

    async fn tenants_with_alert(&self, _begins: &str) -> Result<Vec<TenantId>, StoreError> {
        Err(not_needed())
    }

    async fn trim(&self, _what: Trimmed, _before: Timestamp, _limit: u32) -> Result<u64, StoreError> {
        Err(not_needed())
    }
}
