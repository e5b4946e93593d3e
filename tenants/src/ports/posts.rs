//! Posts, as they are read.

use async_trait::async_trait;

use super::{PageRequest, StoreError};
use crate::clock::Timestamp;
use crate::effect::Effect;
use crate::ids::{AccountId, PostId, TemplateId, TenantId};
use crate::post::{JobLog, KnownMedia, Post, PostState, PostTemplate};

/// Which posts to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PostFilter {
    /// Only this state.
    pub state: Option<PostState>,
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only what the brand's own people may see: see [`PostState::is_shared`].
    pub only_shared: bool,
}

/// Posts.
#[async_trait]
pub trait Posts: Send + Sync + 'static {
    /// Posts of all tenants that must be looked at by now and are not in `except`, at most `limit`. Tenants take turns:
    /// many posts of one leave room for the others.
    async fn due_posts(&self, now: Timestamp, except: &[PostId], limit: u32)
    -> Result<Vec<Post>, StoreError>;
    /// When the next post of any tenant must be looked at that need not be yet.
    async fn next_post_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;
    /// All effects that were ever queued for a post, oldest first.
    async fn effects_of_post(&self, tenant: &TenantId, post: &PostId) -> Result<Vec<Effect>, StoreError>;
    /// One post.
    async fn find_post(&self, tenant: &TenantId, post: &PostId) -> Result<Option<Post>, StoreError>;
    /// Posts, newest first.
    async fn list_posts(
        &self,
        tenant: &TenantId,
        filter: &PostFilter,
        page: PageRequest,
    ) -> Result<Vec<Post>, StoreError>;
    /// Posts that are scheduled or were published at or after `from` and before `until`, earliest first; at most `limit`.
    async fn posts_between(
        &self,
        tenant: &TenantId,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Post>, StoreError>;
    /// Posts with the same media that were not called off, newest first; at most `limit`.
    async fn posts_with_media(
        &self,
        tenant: &TenantId,
        media_hash: &str,
        limit: u32,
    ) -> Result<Vec<Post>, StoreError>;
    /// What is known of media on Instagram by the posts we published and the numbers we read, in any order; media of which
    /// nothing is known are missing.
    async fn known_media(&self, tenant: &TenantId, media: &[String]) -> Result<Vec<KnownMedia>, StoreError>;
    /// What was tried for a post, oldest first.
    async fn job_logs(&self, tenant: &TenantId, post: &PostId) -> Result<Vec<JobLog>, StoreError>;
    /// Templates by name.
    async fn list_post_templates(&self, tenant: &TenantId) -> Result<Vec<PostTemplate>, StoreError>;
    /// One template.
    async fn find_post_template(
        &self,
        tenant: &TenantId,
        template: &TemplateId,
    ) -> Result<Option<PostTemplate>, StoreError>;
}
