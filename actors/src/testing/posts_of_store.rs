//! Posts on the store in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tenants::clock::Timestamp;
use tenants::effect::Effect;
use tenants::ids::{PostId, TemplateId, TenantId};
use tenants::ports::{PageRequest, PostFilter, Posts, StoreError};
use tenants::post::{JobLog, KnownMedia, Post, PostState, PostTemplate};

use super::MemoryStore;
use super::store::Data;

impl Data {
    pub(super) fn put_post(&mut self, post: Post, expected: Option<i64>) {
        let version = expected.map_or(1, |version| version + 1);
        self.posts.insert(post.id, Post { version, ..post });
    }

    pub(super) fn wake_post(&mut self, post: PostId, at: Timestamp) {
        let Some(post) = self.posts.get_mut(&post) else { return };
        if matches!(post.state, PostState::Publishing | PostState::Published) {
            post.next_step_at = Some(post.next_step_at.map_or(at, |set| set.min(at)));
            post.version += 1;
        }
    }

    /// True when a post is not at the version that is expected.
    pub(super) fn has_moved_on(&self, post: &Post, expected: Option<i64>) -> bool {
        self.posts.get(&post.id).map(|stored| stored.version) != expected
    }
}

#[async_trait]
impl Posts for MemoryStore {
    async fn due_posts(
        &self,
        now: Timestamp,
        except: &[PostId],
        limit: u32,
    ) -> Result<Vec<Post>, StoreError> {
        self.call("due_posts", |data| {
            let is_due =
                |post: &&Post| post.next_step_at.is_some_and(|at| at <= now) && !except.contains(&post.id);
            let mut due: Vec<Post> = data.posts.values().filter(is_due).cloned().collect();
            due.sort_by_key(|post| (post.next_step_at, post.id));
            let mut turns: BTreeMap<TenantId, u32> = BTreeMap::new();
            due.sort_by_cached_key(|post| {
                let turn = turns.entry(post.tenant).or_default();
                *turn += 1;
                *turn
            });
            due.truncate(limit as usize);
            Ok(due)
        })
        .await
    }

    async fn next_post_at(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.call("next_post_at", |data| {
            Ok(data.posts.values().filter_map(|post| post.next_step_at).filter(|at| *at > now).min())
        })
        .await
    }

    async fn effects_of_post(&self, _tenant: &TenantId, post: &PostId) -> Result<Vec<Effect>, StoreError> {
        self.call("effects_of_post", |data| {
            let of_post = |effect: &&Effect| effect.action.post() == Some(post);
            Ok(data.effects.values().filter(of_post).cloned().collect())
        })
        .await
    }

    async fn find_post(&self, _tenant: &TenantId, post: &PostId) -> Result<Option<Post>, StoreError> {
        Ok(self.available()?.posts.get(post).cloned())
    }

    async fn list_posts(
        &self,
        _tenant: &TenantId,
        _filter: &PostFilter,
        _page: PageRequest,
    ) -> Result<Vec<Post>, StoreError> {
        Ok(Vec::new())
    }

    async fn posts_between(
        &self,
        _tenant: &TenantId,
        _from: Timestamp,
        _until: Timestamp,
        _limit: u32,
    ) -> Result<Vec<Post>, StoreError> {
        Ok(Vec::new())
    }

    async fn posts_with_media(
        &self,
        _tenant: &TenantId,
        _media_hash: &str,
        _limit: u32,
    ) -> Result<Vec<Post>, StoreError> {
        Ok(Vec::new())
    }

    async fn known_media(
        &self,
        _tenant: &TenantId,
        _media: &[String],
    ) -> Result<Vec<KnownMedia>, StoreError> {
        Ok(Vec::new())
    }

    async fn job_logs(&self, _tenant: &TenantId, post: &PostId) -> Result<Vec<JobLog>, StoreError> {
        Ok(self.available()?.job_logs.iter().filter(|log| log.post == *post).cloned().collect())
    }

    async fn list_post_templates(&self, _tenant: &TenantId) -> Result<Vec<PostTemplate>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_post_template(
        &self,
        _tenant: &TenantId,
        _template: &TemplateId,
    ) -> Result<Option<PostTemplate>, StoreError> {
        Ok(None)
    }
}
