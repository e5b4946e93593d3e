//! The ports on the store in memory. What no test of an actor asks for finds nothing.

use async_trait::async_trait;
use tenants::account::{Account, Agency, ApiKey, MetaApp, SealedSecret, Tenant};
use tenants::alert::{Alert, NewAlert};
use tenants::approval::{Approval, ApprovalStatus, ApprovalSubject};
use tenants::audit::{AuditEntry, Chain, ChainVerdict};
use tenants::autonomy::EarnedMode;
use tenants::changes::Changes;
use tenants::clock::Timestamp;
use tenants::conversation::{Comment, Conversation, LastWords, Message};
use tenants::event::{EventKind, InboxEvent, NewEvent, Role};
use tenants::ids::{
    AccountId, AgencyId, AlertId, AppId, ApprovalId, CommentId, ConversationId, EventId, KeyId, RuleId,
    TenantId,
};
use tenants::intent::Intent;
use tenants::ports::*;
use tenants::rule::Rule;
use tenants::settings::TenantSettings;
use tenants::tuning::TuningVersion;
use tenants::verdict::Verdict;

use super::MemoryStore;
use super::store::Data;

#[async_trait]
impl Inbox for MemoryStore {
    async fn accept(&self, delivery: Delivery) -> Result<Vec<Accepted>, StoreError> {
        drop(self.available()?);
        let answers = delivery.events.iter().map(|_| Accepted::Stored).collect();
        delivery.events.into_iter().for_each(|event| self.put(event));
        Ok(answers)
    }

    async fn pending_events(
        &self,
        tenant: &TenantId,
        except: &[EventId],
        limit: u32,
    ) -> Result<Vec<InboxEvent>, StoreError> {
        self.call("pending_events", |data| {
            data.reads += 1;
            Ok(data.waiting(tenant, except, limit))
        })
        .await
    }

    async fn tenants_with_events(&self) -> Result<Vec<TenantId>, StoreError> {
        self.call("tenants_with_events", |data| Ok(data.tenants_waiting())).await
    }

    async fn find_event(
        &self,
        _tenant: &TenantId,
        _event: &EventId,
    ) -> Result<Option<(InboxEvent, serde_json::Value)>, StoreError> {
        Ok(None)
    }

    async fn event_counts(&self) -> Result<Vec<(EventKind, i64, i64)>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl UnitOfWork for MemoryStore {
    async fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        self.write("commit", |data| data.apply(changes)).await
    }
}

#[async_trait]
impl Directory for MemoryStore {
    async fn list_agencies(&self) -> Result<Vec<Agency>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_agency(&self, _agency: &AgencyId) -> Result<Option<Agency>, StoreError> {
        Ok(None)
    }

    async fn list_tenants(&self, _agency: &AgencyId, _page: PageRequest) -> Result<Vec<Tenant>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, StoreError> {
        let row = |data: &mut Data| data.contexts.get(tenant).map(|context| context.tenant.clone());
        self.call("find_tenant", |data| Ok(row(data))).await
    }

    async fn find_tenant_by_slug(
        &self,
        _agency: &AgencyId,
        _slug: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        Ok(None)
    }

    async fn load_context(&self, tenant: &TenantId, _day: &str) -> Result<Option<TenantContext>, StoreError> {
        self.call("load_context", |data| match data.unreadable.contains(tenant) {
            true => Err(StoreError::Corrupt("made to be unreadable".to_owned())),
            false => Ok(data.contexts.get(tenant).cloned()),
        })
        .await
    }

    async fn tenant_versions(&self, tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, StoreError> {
        self.call("tenant_versions", |data| Ok(data.versions(tenants))).await
    }

    async fn find_settings(&self, _tenant: &TenantId) -> Result<Option<TenantSettings>, StoreError> {
        Ok(None)
    }

    async fn list_rules(&self, _tenant: &TenantId) -> Result<Vec<Rule>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_rule(&self, _tenant: &TenantId, _rule: &RuleId) -> Result<Option<Rule>, StoreError> {
        Ok(None)
    }

    async fn list_accounts(&self, _tenant: &TenantId) -> Result<Vec<Account>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_account(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
    ) -> Result<Option<Account>, StoreError> {
        Ok(None)
    }

    async fn find_account_by_external_id(&self, _external_id: &str) -> Result<Option<Account>, StoreError> {
        Ok(None)
    }

    async fn all_accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(Vec::new())
    }

    async fn served_tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        Ok(Vec::new())
    }

    async fn sealed_token(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
    ) -> Result<Option<SealedSecret>, StoreError> {
        Ok(None)
    }

    async fn all_apps(&self) -> Result<Vec<(MetaApp, Option<SealedSecret>)>, StoreError> {
        Ok(Vec::new())
    }

    async fn list_apps(&self, _agency: &AgencyId) -> Result<Vec<MetaApp>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_app(&self, _agency: &AgencyId, _app: &AppId) -> Result<Option<MetaApp>, StoreError> {
        Ok(None)
    }

    async fn find_key(&self, _hash: &str) -> Result<Option<ApiKey>, StoreError> {
        Ok(None)
    }

    async fn list_keys(&self, _agency: &AgencyId) -> Result<Vec<ApiKey>, StoreError> {
        Ok(Vec::new())
    }

    async fn touch_key(&self, _key: &KeyId, _at: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Conversations for MemoryStore {
    async fn load_conversations(
        &self,
        tenant: &TenantId,
        keys: &[(AccountId, String)],
    ) -> Result<Vec<Conversation>, StoreError> {
        self.call("load_conversations", |data| {
            let find = |(account, key): &(AccountId, String)| {
                data.conversations.get(&(*tenant, *account, key.clone()))
            };
            Ok(keys.iter().filter_map(find).cloned().collect())
        })
        .await
    }

    async fn find_conversation(
        &self,
        _tenant: &TenantId,
        _conversation: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError> {
        Ok(None)
    }

    async fn list_conversations(
        &self,
        _tenant: &TenantId,
        _filter: &ConversationFilter,
        _after: Option<TimePosition>,
        _limit: u32,
    ) -> Result<Vec<Conversation>, StoreError> {
        Ok(Vec::new())
    }

    async fn last_words(
        &self,
        _tenant: &TenantId,
        _conversations: &[ConversationId],
    ) -> Result<Vec<LastWords>, StoreError> {
        Ok(Vec::new())
    }

    async fn list_messages(
        &self,
        _tenant: &TenantId,
        _conversation: &ConversationId,
        _page: PageRequest,
    ) -> Result<Vec<Message>, StoreError> {
        Ok(Vec::new())
    }

    async fn list_comments(
        &self,
        _tenant: &TenantId,
        _filter: &CommentFilter,
        _page: PageRequest,
    ) -> Result<Vec<Comment>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_comment(
        &self,
        _tenant: &TenantId,
        _comment: &CommentId,
    ) -> Result<Option<Comment>, StoreError> {
        Ok(None)
    }

    async fn find_comment_by_external_id(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        external_id: &str,
    ) -> Result<Option<Comment>, StoreError> {
        let place = (*tenant, *account, external_id.to_owned());
        self.call("find_comment_by_external_id", |data| Ok(data.comments.get(&place).cloned())).await
    }
}

#[async_trait]
impl Approvals for MemoryStore {
    async fn find_approval(
        &self,
        _tenant: &TenantId,
        _approval: &ApprovalId,
    ) -> Result<Option<Approval>, StoreError> {
        Ok(None)
    }

    async fn list_approvals(
        &self,
        _tenant: &TenantId,
        _status: Option<ApprovalStatus>,
        _page: PageRequest,
    ) -> Result<Vec<Approval>, StoreError> {
        Ok(Vec::new())
    }

    async fn approval_subjects(
        &self,
        _tenant: &TenantId,
        _approvals: &[ApprovalId],
    ) -> Result<Vec<(ApprovalId, ApprovalSubject)>, StoreError> {
        Ok(Vec::new())
    }

    async fn tenants_with_overdue_approvals(&self, _now: Timestamp) -> Result<Vec<TenantId>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Learning for MemoryStore {
    async fn find_tuning(
        &self,
        _tenant: &TenantId,
        _version: Option<u32>,
    ) -> Result<Option<TuningVersion>, StoreError> {
        Ok(None)
    }

    async fn list_tunings(&self, _tenant: &TenantId) -> Result<Vec<TuningVersion>, StoreError> {
        Ok(Vec::new())
    }

    async fn unlearned_verdicts(&self, _tenant: &TenantId, _limit: u32) -> Result<Vec<Verdict>, StoreError> {
        Ok(Vec::new())
    }

    async fn tenants_with_unlearned_verdicts(&self) -> Result<Vec<TenantId>, StoreError> {
        Ok(Vec::new())
    }

    async fn latest_verdicts(
        &self,
        _tenant: &TenantId,
        _intent: Intent,
        _limit: u32,
    ) -> Result<Vec<KeptVerdict>, StoreError> {
        Ok(Vec::new())
    }

    async fn earned_modes(&self, _tenant: &TenantId) -> Result<Vec<EarnedMode>, StoreError> {
        Ok(Vec::new())
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
        Ok(Vec::new())
    }

    async fn audit_since(
        &self,
        _chain: &Chain,
        _after: i64,
        _limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn audit_chains(&self) -> Result<Vec<Chain>, StoreError> {
        Ok(Vec::new())
    }

    async fn verify_chain(&self, _chain: &Chain) -> Result<ChainVerdict, StoreError> {
        Err(StoreError::Corrupt("this store keeps no audit log".to_owned()))
    }
}

#[async_trait]
impl Alerts for MemoryStore {
    async fn raise_alert(&self, alert: NewAlert, _at: Timestamp) -> Result<(), StoreError> {
        self.available()?.raise(alert);
        Ok(())
    }

    async fn list_alerts(
        &self,
        _agency: &AgencyId,
        _tenant: Option<&TenantId>,
        _resolved: Option<bool>,
        _page: PageRequest,
    ) -> Result<Vec<Alert>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_alert(&self, _agency: &AgencyId, _alert: &AlertId) -> Result<Option<Alert>, StoreError> {
        Ok(None)
    }

    async fn has_open_alert(&self, _dedup_key: &str) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn resolve_alert(
        &self,
        _agency: &AgencyId,
        _alert: &AlertId,
        _by: &str,
        _at: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }
}

#[async_trait]
impl Operations for MemoryStore {
    async fn put_heartbeats(&self, beats: &[Heartbeat]) -> Result<(), StoreError> {
        self.available()?.put_beats(beats);
        Ok(())
    }

    async fn list_heartbeats(&self, _tenant: &TenantId) -> Result<Vec<Heartbeat>, StoreError> {
        Ok(Vec::new())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Ticks for MemoryStore {
    async fn mark_plans(&self, _catalogue: &str, _at: Timestamp) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn dirty_plans(&self, _limit: u32) -> Result<Vec<(TenantId, i64)>, StoreError> {
        Ok(Vec::new())
    }

    async fn put_plan(&self, _plan: TickPlan) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list_ticks(&self, _tenant: &TenantId) -> Result<Vec<CronTick>, StoreError> {
        Ok(Vec::new())
    }

    async fn due_ticks(&self, _now: Timestamp, _limit: u32) -> Result<Vec<CronTick>, StoreError> {
        Ok(Vec::new())
    }

    async fn next_tick_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn run_tick(
        &self,
        _before: &CronTick,
        _event: Option<NewEvent>,
        _after: CronTick,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn tick_runs(
        &self,
        _tenant: &TenantId,
        _role: Role,
        _name: &str,
        _page: PageRequest,
    ) -> Result<Vec<TickRun>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Watches for MemoryStore {
    async fn due_polls(&self, _now: Timestamp, _limit: u32) -> Result<Vec<AccountWatch>, StoreError> {
        Ok(Vec::new())
    }

    async fn due_checks(&self, _now: Timestamp, _limit: u32) -> Result<Vec<AccountWatch>, StoreError> {
        Ok(Vec::new())
    }

    async fn next_watch_at(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn put_watched(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        _watched: Watched,
        _at: Timestamp,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    async fn hurry_polls(&self, _tenants: &[TenantId], _by: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list_watches(&self, _tenant: &TenantId) -> Result<Vec<AccountWatch>, StoreError> {
        Ok(Vec::new())
    }

    async fn known_events(
        &self,
        _tenant: &TenantId,
        _kinds: &[EventKind],
        _external_ids: &[&str],
    ) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn queue_ages(&self, _tenant: &TenantId) -> Result<Vec<QueueAge>, StoreError> {
        Ok(Vec::new())
    }

    async fn last_inbound(&self, _tenant: &TenantId) -> Result<Vec<(AccountId, Timestamp)>, StoreError> {
        Ok(Vec::new())
    }

    async fn stuck_effects(&self, _before: Timestamp, _limit: u32) -> Result<Vec<StuckEffect>, StoreError> {
        Ok(Vec::new())
    }

    async fn tenants_with_alert(&self, _begins: &str) -> Result<Vec<TenantId>, StoreError> {
        Ok(Vec::new())
    }

    async fn trim(&self, _what: Trimmed, _before: Timestamp, _limit: u32) -> Result<u64, StoreError> {
        Ok(0)
    }
}
