//! Conversations, comments and messages, as they are read.

use async_trait::async_trait;

use super::{PageRequest, StoreError, TimePosition};
use crate::conversation::{
    Comment, CommentStatus, Conversation, ConversationKind, LastWords, Message, Owner,
};
use crate::ids::{AccountId, CommentId, ConversationId, TenantId};
use crate::intent::Intent;

/// Which conversations to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversationFilter {
    /// Only this kind.
    pub kind: Option<ConversationKind>,
    /// Only this owner.
    pub owner: Option<Owner>,
    /// Only this account.
    pub account: Option<AccountId>,
}

/// Which comments to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommentFilter {
    /// Only this status.
    pub status: Option<CommentStatus>,
    /// Only this intent.
    pub intent: Option<Intent>,
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only this conversation.
    pub conversation: Option<ConversationId>,
}

/// Conversations, comments and messages.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// The conversations with these (account, key) pairs; those that do not exist are missing.
    async fn load_conversations(
        &self,
        tenant: &TenantId,
        keys: &[(AccountId, String)],
    ) -> Result<Vec<Conversation>, StoreError>;
    /// One conversation.
    async fn find_conversation(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
    ) -> Result<Option<Conversation>, StoreError>;
    /// At most `limit` conversations, those first in which something happened last.
    async fn list_conversations(
        &self,
        tenant: &TenantId,
        filter: &ConversationFilter,
        after: Option<TimePosition>,
        limit: u32,
    ) -> Result<Vec<Conversation>, StoreError>;
    /// What was said last in these conversations; those in which nothing was are missing.
    async fn last_words(
        &self,
        tenant: &TenantId,
        conversations: &[ConversationId],
    ) -> Result<Vec<LastWords>, StoreError>;
    /// Messages of a conversation, newest first.
    async fn list_messages(
        &self,
        tenant: &TenantId,
        conversation: &ConversationId,
        page: PageRequest,
    ) -> Result<Vec<Message>, StoreError>;
    /// Comments, newest first.
    async fn list_comments(
        &self,
        tenant: &TenantId,
        filter: &CommentFilter,
        page: PageRequest,
    ) -> Result<Vec<Comment>, StoreError>;
    /// One comment.
    async fn find_comment(
        &self,
        tenant: &TenantId,
        comment: &CommentId,
    ) -> Result<Option<Comment>, StoreError>;
    /// One comment by Instagram's id.
    async fn find_comment_by_external_id(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        external_id: &str,
    ) -> Result<Option<Comment>, StoreError>;
}
