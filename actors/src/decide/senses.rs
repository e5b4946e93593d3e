//! What a decision may look at. By its type nothing here writes, sends or wakes anybody, so that deciding, previewing
//! and rehearsing cannot do so either: what came of a decision leaves as plain data.

use std::collections::BTreeMap;

use async_trait::async_trait;
use llm::LlmRouter;
use std::sync::Arc;
use tenants::account::Account;
use tenants::autonomy::EarnedMode;
use tenants::clock::{Clock, Timestamp};
use tenants::conversation::{Comment, Conversation, Message};
use tenants::effect::Effect;
use tenants::ids::{AccountId, ConversationId, Ids, TenantId};
use tenants::ports::{
    CommentFilter, EffectFilter, MentionText, Messenger, PageRequest, SendError, Store, StoreError,
};

use tenants::intent::Intent;
use tenants::memory::{Recall, Recalled};
use tenants::ports::{Memory, MemoryError};

use tenants::verdict::Verdict;

use super::before::Before;
use crate::Ports;

/// The outside world, as far as a decision needs it. Cheap to copy.
#[derive(Clone, Copy)]
pub(crate) struct Senses<'a> {
    /// Time.
    pub clock: &'a dyn Clock,
    /// Ids.
    pub ids: &'a Ids,
    /// What is stored, to be read.
    pub store: &'a dyn DecisionReads,
    /// Instagram, to be read.
    pub messenger: &'a dyn MentionReads,
    /// What the tenant remembers, to be recalled.
    pub memory: &'a dyn MemoryReads,
    /// Language models.
    pub llm: &'a dyn LlmRouter,
}

/// The rows that decisions read.
#[async_trait]
pub(crate) trait DecisionReads: Send + Sync {
    /// See [`tenants::ports::Conversations::load_conversations`].
    async fn load_conversations(
        &self,
        tenant: &TenantId,
        keys: &[(AccountId, String)],
    ) -> Result<Vec<Conversation>, StoreError>;
    /// What was said before, where that is known without reading rows: in a rehearsal.
    fn recorded_before(&self) -> Option<Before> {
        None
    }
    /// See [`tenants::ports::Conversations::list_messages`].
    async fn list_messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        page: PageRequest,
    ) -> Result<Vec<Message>, StoreError>;
    /// See [`tenants::ports::Conversations::list_comments`].
    async fn list_comments(
        &self,
        tenant: &TenantId,
        filter: &CommentFilter,
        page: PageRequest,
    ) -> Result<Vec<Comment>, StoreError>;
    /// See [`tenants::ports::Conversations::find_comment_by_external_id`].
    async fn find_comment_by_external_id(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        external_id: &str,
    ) -> Result<Option<Comment>, StoreError>;
    /// See [`tenants::ports::Outbox::find_effect_behind`].
    async fn find_effect_behind(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversation_key: &str,
        instagram_id: &str,
        text: &str,
    ) -> Result<Option<Effect>, StoreError>;
    /// See [`tenants::ports::Outbox::list_effects`].
    async fn list_effects(
        &self,
        tenant: &TenantId,
        filter: &EffectFilter,
        page: PageRequest,
    ) -> Result<Vec<Effect>, StoreError>;
    /// What somebody says by taking over this conversation, by whom and when. See
    /// [`learning::verdict_of_take_over`](crate::learning::verdict_of_take_over).
    async fn verdict_of_take_over(
        &self,
        tenant: &TenantId,
        taken: (&ConversationId, &'static str, Timestamp),
        earned: &BTreeMap<Intent, EarnedMode>,
        ids: &Ids,
    ) -> Result<Option<Verdict>, StoreError>;
}

/// What decisions read from Instagram.
#[async_trait]
pub(crate) trait MentionReads: Send + Sync {
    /// See [`Messenger::read_mention`].
    async fn read_mention(
        &self,
        account: &Account,
        media_id: &str,
        comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError>;
}

/// What decisions recall.
#[async_trait]
pub(crate) trait MemoryReads: Send + Sync {
    /// See [`Memory::recall`].
    async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError>;
}

#[async_trait]
impl MemoryReads for Arc<dyn Memory> {
    async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError> {
        self.as_ref().recall(tenant, recall).await
    }
}

impl Ports {
    /// The same world, without the means to change it.
    pub(crate) fn senses(&self) -> Senses<'_> {
        Senses {
            clock: self.clock.as_ref(),
            ids: &self.ids,
            store: &self.store,
            messenger: &self.messenger,
            memory: &self.memory,
            llm: self.llm.as_ref(),
        }
    }
}

#[async_trait]
impl DecisionReads for Arc<dyn Store> {
    async fn load_conversations(
        &self,
        tenant: &TenantId,
        keys: &[(AccountId, String)],
    ) -> Result<Vec<Conversation>, StoreError> {
        self.as_ref().load_conversations(tenant, keys).await
    }

    async fn list_messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        page: PageRequest,
    ) -> Result<Vec<Message>, StoreError> {
        self.as_ref().list_messages(tenant, conversation, page).await
    }

    async fn list_comments(
        &self,
        tenant: &TenantId,
        filter: &CommentFilter,
        page: PageRequest,
    ) -> Result<Vec<Comment>, StoreError> {
        self.as_ref().list_comments(tenant, filter, page).await
    }

    async fn find_comment_by_external_id(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        external_id: &str,
    ) -> Result<Option<Comment>, StoreError> {
        self.as_ref().find_comment_by_external_id(tenant, account, external_id).await
    }

    async fn find_effect_behind(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        conversation_key: &str,
        instagram_id: &str,
        text: &str,
    ) -> Result<Option<Effect>, StoreError> {
        self.as_ref().find_effect_behind(tenant, account, conversation_key, instagram_id, text).await
    }

    async fn list_effects(
        &self,
        tenant: &TenantId,
        filter: &EffectFilter,
        page: PageRequest,
    ) -> Result<Vec<Effect>, StoreError> {
        self.as_ref().list_effects(tenant, filter, page).await
    }

    async fn verdict_of_take_over(
        &self,
        tenant: &TenantId,
        (conversation, by, now): (&ConversationId, &'static str, Timestamp),
        earned: &BTreeMap<Intent, EarnedMode>,
        ids: &Ids,
    ) -> Result<Option<Verdict>, StoreError> {
        let (store, by) = (self.as_ref(), (by, now));
        crate::learning::verdict_of_take_over(store, tenant, conversation, earned.values(), by, ids).await
    }
}

#[async_trait]
impl MentionReads for Arc<dyn Messenger> {
    async fn read_mention(
        &self,
        account: &Account,
        media_id: &str,
        comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        self.as_ref().read_mention(account, media_id, comment_id).await
    }
}
