//! The stage: a world with a board, the dispatcher and publishing, and words to arrange and look at them.

use std::sync::Arc;
use std::time::Duration;

use prometheus::Registry;
use tenants::account::AccountStatus;
use tenants::clock::{Clock, Timestamp};
use tenants::ids::{MediaId, PostId};
use tenants::ports::Hint;
use tenants::post::{
    ApprovalPolicy, Post, PostApproval, PostDraft, PostOptions, PostState, PostType, Progress,
};
use tenants::tasks::Tasks;

use crate::dispatcher::{Dispatcher, DispatcherSettings};
use crate::publishing::{Publishing, PublishingSettings};
use crate::testing::{Bulletin, Pictures, Shop, Steps, World};

/// See the module.
pub(super) struct Stage {
    pub world: World,
    pub bulletin: Bulletin,
    pub publishing: Publishing,
}

impl Stage {
    pub(super) fn new() -> Self {
        let mut world = World::new();
        let bulletin = Bulletin::new(world.ports.clock.clone(), Arc::clone(&world.store.steps));
        world.ports.platform = Arc::new(bulletin.clone());
        let publishing = begin(&world);
        Self { world, bulletin, publishing }
    }

    /// Ends the process between two steps and begins another one, with which these steps go as they say.
    pub(super) fn restart(&mut self, steps: Steps) -> Arc<Steps> {
        self.world.store.steps.stop();
        let steps = Arc::new(steps);
        let store = Arc::new(self.world.store.reopened(Arc::clone(&steps)));
        let pictures = Arc::new(Pictures::new(Arc::clone(&steps)));
        self.world.ports.store = store.clone();
        self.world.ports.posts = store.clone();
        self.world.ports.media = pictures.clone();
        self.world.ports.public_media = pictures;
        self.world.ports.tasks = Tasks::default();
        self.world.ports.platform = Arc::new(self.bulletin.seen_with(Arc::clone(&steps)));
        self.world.store = store;
        self.publishing = begin(&self.world);
        steps
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// A post that is due in a minute, without telling anybody.
    pub(super) fn put(&self, shop: Shop, caption: &str, change: impl FnOnce(&mut Post)) -> PostId {
        let now = self.now();
        let due = now + Duration::from_secs(60);
        let mut post = Post {
            id: PostId::new(&self.world.ports.ids),
            tenant: shop.tenant,
            account: shop.account,
            draft: PostDraft {
                post_type: PostType::Image,
                caption: caption.to_owned(),
                media: vec![MediaId::new(&self.world.ports.ids)],
                first_comment: None,
                options: PostOptions::default(),
            },
            state: PostState::Approved,
            scheduled_at: Some(due),
            approval: PostApproval::new(ApprovalPolicy::Off),
            progress: Progress::default(),
            retry_count: 0,
            error: None,
            platform_post_id: None,
            permalink: None,
            published_at: None,
            next_step_at: Some(due),
            recurrence: None,
            series: None,
            media_hash: String::new(),
            version: 1,
            created_by: "test".to_owned(),
            created_at: now,
            updated_at: now,
        };
        change(&mut post);
        let id = post.id;
        self.world.store.data().posts.insert(id, post);
        id
    }

    /// A post of three pictures with a first comment.
    pub(super) fn put_carousel(&self, shop: Shop, caption: &str) -> PostId {
        let media = (0..3).map(|_| MediaId::new(&self.world.ports.ids)).collect();
        self.put(shop, caption, |post| {
            (post.draft.post_type, post.draft.media) = (PostType::Carousel, media);
            post.draft.first_comment = Some("More in our shop!".to_owned());
        })
    }

    pub(super) fn post(&self, id: PostId) -> Post {
        self.world.store.data().posts[&id].clone()
    }

    pub(super) fn state(&self, id: PostId) -> PostState {
        self.post(id).state
    }

    /// Captions that hang on the board, in the order in which they were pinned.
    pub(super) fn captions(&self) -> Vec<String> {
        self.bulletin.board().pinned.iter().map(|pinned| pinned.caption.clone()).collect()
    }

    /// Keys of the alerts that were raised.
    pub(super) fn alerts(&self) -> Vec<String> {
        self.world.store.data().alerts.iter().map(|alert| alert.dedup_key.clone()).collect()
    }

    /// Types of the audit entries about a post, in order.
    pub(super) fn history(&self, id: PostId) -> Vec<String> {
        let data = self.world.store.data();
        let about = data.audit.iter().filter(|entry| entry.resource_id == id.to_string());
        about.map(|entry| entry.event_type.clone()).collect()
    }

    /// Step and status of everything that was tried for a post.
    pub(super) fn tried(&self, id: PostId) -> Vec<String> {
        let data = self.world.store.data();
        let about = data.job_logs.iter().filter(|log| log.post == id);
        about.map(|log| format!("{}:{}", log.step, log.status)).collect()
    }

    pub(super) fn account_status(&self, shop: Shop) -> AccountStatus {
        self.world.store.data().contexts[&shop.tenant].accounts[0].status
    }

    /// The account works again, and everybody is told.
    pub(super) fn reconnect(&self, shop: Shop) {
        self.world.change(shop, |context| context.accounts[0].status = AccountStatus::Active);
        self.world.ports.wake.send(Hint::AccountRestored(shop.tenant, shop.account));
    }

    /// Gives everybody turns until nothing happens any more.
    pub(super) async fn rest(&self) {
        let mut quiet_rounds = 0;
        let mut before = usize::MAX;
        while quiet_rounds < 2 {
            for _ in 0..30 {
                tokio::task::yield_now().await;
            }
            let taken = self.world.store.steps.taken();
            quiet_rounds = if taken == before { quiet_rounds + 1 } else { 0 };
            before = taken;
        }
    }

    /// Lets time pass, then rests.
    pub(super) async fn pass(&self, time: Duration) {
        self.rest().await;
        self.world.clock.advance(time);
        self.rest().await;
    }

    /// Lets time pass in steps of a minute.
    pub(super) async fn pass_minutes(&self, count: u64) {
        for _ in 0..count {
            self.pass(Duration::from_secs(60)).await;
        }
    }
}

fn begin(world: &World) -> Publishing {
    let dispatcher =
        Dispatcher::start(world.ports.clone(), DispatcherSettings::default(), &Registry::new()).unwrap();
    drop(world.ports.tasks.spawn("dispatcher", async move { dispatcher.run().await }));
    let settings = PublishingSettings { least_interval_ms: 0, ..PublishingSettings::default() };
    let publishing = Publishing::start(world.ports.clone(), settings, &Registry::new()).unwrap();
    let running = publishing.clone();
    drop(world.ports.tasks.spawn("publishing", async move { running.work().await }));
    publishing
}
