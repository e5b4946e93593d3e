//! A small world to tell the cases in: an agency, a tenant with an account, and things that happen to it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tenants::account::{Account, AccountStatus, Agency, LoginFlavour, SealedSecret, Tenant, TenantStatus};
use tenants::alert::{AlertType, NewAlert};
use tenants::approval::{Approval, ApprovalKind, ApprovalStatus};
use tenants::audit::{Chain, NewAuditEntry};
use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::{Clock, ManualClock, Timestamp};
use tenants::conversation::{
    Comment, CommentStatus, Conversation, ConversationKind, Direction, Message, Owner, comment_key,
    direct_key,
};
use tenants::effect::{Action, Effect, EffectState, IdempotencyKey, ReplyTarget};
use tenants::event::{CommentBody, EventBody, EventKind, EventSource, NewEvent, Person};
use tenants::ids::{
    AccountId, AgencyId, AlertId, ApprovalId, AuditId, CommentId, ConversationId, DecisionId, EffectId,
    EventId, Ids, MessageId, RuleId, TenantId,
};
use tenants::intent::{Classification, Intent, Language, Sentiment};
use tenants::money::MicroUsd;
use tenants::ports::{Delivery, StoreError, UnitOfWork};
use tenants::rule::{Condition, Rule, RuleAction, Trigger, TriggerKind};
use tenants::verdict::{Answerer, Basis};
use troupe_storage::Database;
use troupe_storage::testing::TestDatabase;

/// A tenant of an agency with one account, and the store it lives in.
#[derive(Clone)]
pub struct World {
    pub store: Database,
    pub clock: ManualClock,
    pub ids: Ids,
    pub agency: AgencyId,
    pub tenant: TenantId,
    pub account: AccountId,
}

/// Monday noon.
pub const START: i64 = 1_763_380_800_000_000;

impl World {
    pub async fn new(database: &TestDatabase) -> Self {
        let clock = ManualClock::at(START);
        let store = database.open_with(Arc::new(clock.clone())).await;
        let ids = Ids::seeded(Arc::new(clock.clone()), 7);
        let agency = AgencyId::new(&ids);
        let world =
            Self { store, clock, agency, tenant: TenantId::new(&ids), account: AccountId::new(&ids), ids };
        world.open_agency().await;
        world.move_in("acme").await;
        world
    }

    /// A second tenant of the same agency, in the same store.
    pub async fn neighbour(&self) -> Self {
        self.tenant_named("rival").await
    }

    /// One more tenant of the same agency, in the same store.
    pub async fn tenant_named(&self, slug: &str) -> Self {
        let other =
            Self { tenant: TenantId::new(&self.ids), account: AccountId::new(&self.ids), ..self.clone() };
        other.move_in(slug).await;
        other
    }

    /// Another agency with a tenant, in the same store.
    pub async fn another_agency(&self) -> Self {
        let other = Self { agency: AgencyId::new(&self.ids), ..self.clone() };
        other.open_agency().await;
        other.tenant_named(&other.agency.to_string()).await
    }

    async fn open_agency(&self) {
        let agency = Agency { id: self.agency, name: "Studio North".into(), created_at: self.now() };
        let list = vec![Change::PutAgency(agency)];
        self.store.commit(Changes { chain: Chain::Agency(self.agency), list }).await.unwrap();
    }

    async fn move_in(&self, slug: &str) {
        let changes = [Change::PutTenant(self.tenant_row(slug)), self.put_account(&format!("1784{slug}"))];
        self.commit(changes).await.unwrap();
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    pub fn chain(&self) -> Chain {
        Chain::Tenant(self.tenant)
    }

    pub fn changes(&self, list: impl IntoIterator<Item = Change>) -> Changes {
        Changes { chain: self.chain(), list: list.into_iter().collect() }
    }

    pub async fn commit(&self, list: impl IntoIterator<Item = Change>) -> Result<(), StoreError> {
        self.store.commit(self.changes(list)).await
    }

    pub fn tenant_row(&self, slug: &str) -> Tenant {
        Tenant {
            id: self.tenant,
            agency: self.agency,
            slug: slug.into(),
            name: slug.to_uppercase(),
            time_zone: "Europe/Lisbon".into(),
            status: TenantStatus::Active,
            version: 0,
            created_at: self.now(),
        }
    }

    pub fn account_row(&self, external_id: &str) -> Account {
        Account {
            id: self.account,
            tenant: self.tenant,
            external_id: external_id.into(),
            scoped_id: None,
            page_id: None,
            username: "acme.shop".into(),
            flavour: LoginFlavour::Instagram,
            app: None,
            status: AccountStatus::Active,
            token_expires_at: Some(self.now() + Duration::from_secs(60 * 86_400)),
            created_at: self.now(),
        }
    }

    pub fn put_account(&self, external_id: &str) -> Change {
        let token = SealedSecret { key_id: "k1".into(), sealed: vec![1, 2, 3] };
        Change::PutAccount { account: Box::new(self.account_row(external_id)), token: Some(token) }
    }

    /// A comment by Maria, as it comes in.
    pub fn event(&self, external_id: &str) -> NewEvent {
        let body = CommentBody {
            comment_id: external_id.into(),
            parent_id: None,
            media_id: Some("m1".into()),
            media_product_type: None,
            from: maria(),
            text: "love it".into(),
        };
        NewEvent {
            id: EventId::new(&self.ids),
            tenant: self.tenant,
            account: Some(self.account),
            source: EventSource::Webhook,
            kind: EventKind::Comment,
            external_id: external_id.into(),
            conversation_key: comment_key(external_id),
            occurred_at: self.now(),
            received_at: self.now(),
            body: EventBody::Comment(body),
            raw: json!({"id": external_id, "text": "love it"}),
        }
    }

    pub fn delivery(&self, external_ids: &[&str]) -> Delivery {
        let events = external_ids.iter().map(|id| self.event(id)).collect();
        Delivery { events, ..Delivery::default() }
    }

    /// The thread under a comment of Maria's.
    pub fn thread(&self, comment: &str) -> Conversation {
        Conversation {
            id: ConversationId::new(&self.ids),
            account: self.account,
            kind: ConversationKind::CommentThread,
            key: comment_key(comment),
            person: maria(),
            owner: Owner::Bot,
            owner_since: self.now(),
            window_ends_at: None,
            opted_out_at: None,
            last_inbound_at: Some(self.now()),
            last_outbound_at: None,
            disclosed_at: None,
            assigned_to: None,
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    /// Our direct messages with Maria.
    pub fn direct(&self) -> Conversation {
        Conversation {
            kind: ConversationKind::Direct,
            key: direct_key(&maria().id),
            window_ends_at: Some(self.now() + Duration::from_secs(86_400)),
            ..self.thread("none")
        }
    }

    pub fn comment(&self, external_id: &str, conversation: ConversationId) -> Comment {
        Comment {
            id: CommentId::new(&self.ids),
            account: self.account,
            conversation,
            event: EventId::new(&self.ids),
            external_id: external_id.into(),
            parent_external_id: None,
            media_external_id: Some("m1".into()),
            author: maria(),
            text: "love it".into(),
            intent: None,
            confidence: None,
            sentiment: None,
            language: None,
            status: CommentStatus::Seen,
            reply: None,
            tags: Vec::new(),
            assigned_to: None,
            occurred_at: self.now(),
            created_at: self.now(),
        }
    }

    pub fn message(&self, external_id: &str, conversation: ConversationId) -> Message {
        Message {
            id: MessageId::new(&self.ids),
            account: self.account,
            conversation,
            external_id: external_id.into(),
            direction: Direction::Inbound,
            text: "hello?".into(),
            attachments: vec!["image".into()],
            attachment_urls: Vec::new(),
            effect: None,
            intent: None,
            confidence: None,
            sentiment: None,
            language: None,
            deleted: false,
            occurred_at: self.now(),
            created_at: self.now(),
        }
    }

    /// A pending effect, due now.
    pub fn effect(&self, action: Action) -> Effect {
        let id = EffectId::new(&self.ids);
        Effect {
            id,
            tenant: self.tenant,
            account: self.account,
            conversation: None,
            event: None,
            decision: Some(DecisionId::new(&self.ids)),
            action,
            idempotency_key: IdempotencyKey(id.to_string()),
            state: EffectState::Pending,
            approved_by_person: false,
            retry_count: 0,
            error: None,
            error_category: None,
            skip_reason: None,
            instagram_id: None,
            next_retry_at: self.now(),
            deadline: None,
            first_attempt_at: None,
            sent_at: None,
            received_at: Some(self.now()),
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    /// Stores a pending effect.
    pub async fn queued(&self, effect: Effect) -> Effect {
        self.commit([Change::AddEffect(Box::new(effect.clone()))]).await.unwrap();
        effect
    }

    pub async fn moved(&self, effect: &Effect, from: EffectState, to: EffectState) {
        self.commit([self.move_effect(effect, from, to)]).await.unwrap();
    }

    pub fn move_effect(&self, effect: &Effect, from: EffectState, to: EffectState) -> Change {
        Change::MoveEffect(EffectMove::new(effect.id, &[from], to, self.now()))
    }

    pub fn approval(&self, conversation: ConversationId) -> Approval {
        Approval {
            id: ApprovalId::new(&self.ids),
            kind: ApprovalKind::Draft,
            account: self.account,
            conversation,
            event: EventId::new(&self.ids),
            decision: DecisionId::new(&self.ids),
            proposed: vec![reply_to("1", "we ship to spain")],
            reason: "questions are drafted".into(),
            incoming_text: "do you ship to spain?".into(),
            basis: Some(self.basis()),
            status: ApprovalStatus::Pending,
            decided_by: None,
            decided_at: None,
            edited_text: None,
            comment: None,
            expires_at: self.now() + Duration::from_secs(7 * 86_400),
            created_at: self.now(),
        }
    }

    /// What a model took for a question, and another answered.
    pub fn basis(&self) -> Basis {
        let classification = Classification {
            intent: Intent::Question,
            confidence: 0.93,
            probabilities: vec![(Intent::Question, 0.93), (Intent::Lead, 0.07)],
            sentiment: Sentiment::Neutral,
            language: Some(Language::English),
            crisis: false,
        };
        let answerer = |model: &str, prompt: Option<&str>, cost| Answerer {
            model: model.to_owned(),
            prompt: prompt.map(str::to_owned),
            cost: MicroUsd(cost),
            latency_us: 20_000,
        };
        Basis {
            classification: Some(classification),
            classified_by: Some(answerer("offline/intents-1", None, 0)),
            written_by: Some(answerer("kimi/kimi-k2.5", Some("reply@3"), 120)),
            undoubted: true,
        }
    }

    pub fn rule(&self, name: &str, priority: i32) -> Rule {
        Rule {
            id: RuleId::new(&self.ids),
            name: name.into(),
            trigger: Trigger { on: TriggerKind::Comment, media: vec!["m1".into()] },
            conditions: vec![Condition::KeywordsAny { words: vec!["price".into()] }],
            actions: vec![RuleAction::Reply { variations: vec!["see our shop".into()] }, RuleAction::Stop],
            priority,
            daily_cap: Some(3),
            enabled: true,
            dry_run: false,
            created_at: self.now(),
            updated_at: self.now(),
        }
    }

    pub fn alert(&self, key: &str) -> NewAlert {
        NewAlert {
            id: AlertId::new(&self.ids),
            agency: Some(self.agency),
            tenant: Some(self.tenant),
            alert_type: AlertType::AuthFailure,
            severity: None,
            message: "the token was refused: reconnect the account".into(),
            details: json!({"account": self.account}),
            dedup_key: key.into(),
        }
    }

    pub fn entry(&self, event_type: &str) -> NewAuditEntry {
        NewAuditEntry {
            id: AuditId::new(&self.ids),
            event_type: event_type.into(),
            action: "reply_comment".into(),
            resource_type: "comment".into(),
            resource_id: "1".into(),
            actor: "engagement".into(),
            success: true,
            error: None,
            details: json!({
                "classification": {"confidence": 0.87, "intent": "praise"}, "model": "offline/intents-1",
                "prompt_version": "praise-1", "tokens_in": 12, "tokens_out": 7, "cost_micro_usd": 130,
                "latency_us": 850, "share": 0.25, "trace": [{"b": 1, "a": 2.5}],
            })
            .into(),
            at: self.now(),
        }
    }

    pub fn audit(&self, event_type: &str) -> Change {
        Change::Audit(Box::new(self.entry(event_type)))
    }
}

pub fn maria() -> Person {
    Person { id: "77".into(), username: Some("maria".into()) }
}

pub fn reply_to(comment: &str, text: &str) -> Action {
    Action::ReplyComment { target: ReplyTarget::Comment { comment_id: comment.into() }, text: text.into() }
}

pub fn dm(text: &str) -> Action {
    Action::SendDm { recipient_id: maria().id, text: text.into() }
}

pub fn private_reply(comment: &str) -> Action {
    Action::PrivateReply { comment_id: comment.into(), text: "hello in private".into() }
}

pub fn hide(comment: &str) -> Action {
    Action::HideComment { comment_id: comment.into() }
}

/// True for the answer to whoever came second.
pub fn is_conflict<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Conflict(_)))
}

/// True for the answer when the database cannot work now.
pub fn is_unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}
