//! The loop: finds posts whose time has come, and gives each to a task.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::Registry;
use tenants::clock::Timestamp;
use tenants::ids::{PostId, TenantId};
use tenants::ports::{Hint, StoreError};
use tenants::post::Post;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::metrics::PublishingMetrics;
use super::settings::PublishingSettings;
use crate::Ports;
use crate::dispatcher::contexts::Contexts;
use crate::supervision::Part;

/// The handle of publishing; cheap to clone.
#[derive(Clone)]
pub struct Publishing {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub ports: Ports,
    pub settings: PublishingSettings,
    pub metrics: PublishingMetrics,
    pub contexts: Contexts,
    /// A post was put down, or somebody asks to look.
    changed: Notify,
    desk: Mutex<Desk>,
}

/// What is held in memory; all of it can be lost.
#[derive(Debug, Default)]
struct Desk {
    in_hand: HashMap<PostId, TenantId>,
    /// Posts that are left alone until a moment, because the database did not answer.
    resting: HashMap<PostId, Timestamp>,
}

impl std::fmt::Debug for Publishing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Publishing")
    }
}

impl Publishing {
    /// Makes the part and registers its metrics. Nothing happens before [`run`](Self::run).
    ///
    /// # Errors
    /// When the registry has metrics of these names already.
    pub fn start(
        ports: Ports,
        settings: PublishingSettings,
        registry: &Registry,
    ) -> Result<Self, prometheus::Error> {
        Ok(Self {
            inner: Arc::new(Inner {
                metrics: PublishingMetrics::register(registry)?,
                contexts: Contexts::new(Duration::from_secs(5), 10_000),
                changed: Notify::new(),
                desk: Mutex::default(),
                ports,
                settings,
            }),
        })
    }

    /// Works until the part shall end.
    pub async fn run(&self, part: Part) {
        tokio::select! {
            biased;
            () = part.stopping() => {}
            () = self.work() => {}
        }
    }

    /// Works until it is dropped.
    pub(super) async fn work(&self) {
        let inner = &self.inner;
        let clock = &inner.ports.clock;
        let mut hints = inner.ports.wake.subscribe();
        loop {
            let began = clock.now();
            drain(&mut hints, &inner.contexts);
            let look_at = match self.round(began).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "due posts cannot be read now");
                    Some(began + Duration::from_millis(inner.settings.store_retry_ms.max(10)))
                }
            };
            let poll_at = began + Duration::from_millis(inner.settings.poll_interval_ms.max(10));
            let until = look_at.map_or(poll_at, |at| at.min(poll_at));
            tokio::select! {
                biased;
                () = inner.changed.notified() => {}
                () = heard(&mut hints, &inner.contexts) => {}
                () = clock.sleep_until(until) => {}
            }
            // Hints come in bursts: one look serves them all.
            let earliest = began + Duration::from_millis(inner.settings.least_interval_ms);
            if clock.now() < earliest {
                clock.sleep_until(earliest).await;
            }
        }
    }

    /// Takes what is due in hand; tells when to look next, as far as time decides.
    async fn round(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let inner = &self.inner;
        let (held, free) = {
            let mut desk = inner.desk();
            desk.resting.retain(|_, until| *until > now);
            let held: Vec<PostId> = desk.in_hand.keys().chain(desk.resting.keys()).copied().collect();
            let free = inner.settings.max_in_hand.max(1).saturating_sub(desk.in_hand.len());
            (held, free)
        };
        if free == 0 {
            return Ok(None);
        }
        let limit = u32::try_from(free).unwrap_or(u32::MAX);
        let due = inner.ports.posts.due_posts(now, &held, limit).await?;
        let is_full = due.len() >= free;
        for post in due {
            if inner.take(&post) {
                let hand = Hand { inner: Arc::clone(inner), post: post.id };
                let inner = Arc::clone(inner);
                drop(inner.ports.tasks.clone().spawn("post", async move { inner.look_at(post, hand).await }));
            }
        }
        if is_full {
            // There may be more; whoever puts a post down says so.
            return Ok(None);
        }
        let resting = inner.desk().resting.values().copied().min();
        let next = inner.ports.posts.next_post_at(now).await?;
        Ok(match (resting, next) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        })
    }

    /// What is in hand or due, a sentence each.
    pub async fn busy(&self) -> Vec<String> {
        let inner = &self.inner;
        let in_hand: Vec<PostId> = inner.desk().in_hand.keys().copied().collect();
        if !in_hand.is_empty() {
            return vec![format!("{} posts are in hand", in_hand.len())];
        }
        match inner.ports.posts.due_posts(inner.ports.clock.now(), &[], 10).await {
            Ok(due) => due.iter().map(|post| format!("{} is due", post.id)).collect(),
            Err(error) => vec![format!("due posts cannot be read: {error}")],
        }
    }
}

impl Inner {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, post: &Post) -> bool {
        let mut desk = self.desk();
        let of_tenant = desk.in_hand.values().filter(|tenant| **tenant == post.tenant).count();
        if of_tenant >= self.settings.max_in_hand_per_tenant.max(1) {
            return false;
        }
        self.metrics.in_hand.inc();
        desk.in_hand.insert(post.id, post.tenant).is_none()
    }

    async fn look_at(&self, post: Post, _hand: Hand) {
        let (id, tenant) = (post.id, post.tenant);
        match self.step(post).await {
            Ok(()) => {}
            Err(StoreError::Conflict(problem)) => {
                // Somebody changed it while we looked: it is looked at again as it is now.
                tracing::debug!(post.id = %id, problem, "a post moved on");
            }
            Err(error) => {
                tracing::warn!(post.id = %id, tenant.id = %tenant, %error, "a post could not be looked at");
                let rest = match error {
                    StoreError::Corrupt(_) => Duration::from_secs(60),
                    _ => Duration::from_millis(self.settings.store_retry_ms.max(10)),
                };
                let until = self.ports.clock.now() + rest;
                self.desk().resting.insert(id, until);
            }
        }
    }
}

/// Holds a post in hand as long as it lives.
pub(super) struct Hand {
    inner: Arc<Inner>,
    post: PostId,
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.inner.desk().in_hand.remove(&self.post);
        self.inner.metrics.in_hand.dec();
        self.inner.changed.notify_one();
    }
}

fn take_in(hint: &Hint, contexts: &Contexts) -> bool {
    match hint {
        Hint::Posts(_) => true,
        Hint::TenantChanged(tenant) | Hint::AccountRestored(tenant, _) => {
            contexts.forget(tenant);
            false
        }
        _ => false,
    }
}

fn drain(hints: &mut Receiver<Hint>, contexts: &Contexts) {
    loop {
        match hints.try_recv() {
            Ok(hint) => _ = take_in(&hint, contexts),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        }
    }
}

/// Ends when a hint about posts comes, or when hints were lost.
async fn heard(hints: &mut Receiver<Hint>, contexts: &Contexts) {
    loop {
        match hints.recv().await {
            Ok(hint) if take_in(&hint, contexts) => return,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
