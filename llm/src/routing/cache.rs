//! Earlier classifications, given again to exactly the same question.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;
use sha2::{Digest, Sha256};
use tenants::models::Task;

use crate::catalogue::ModelRef;
use crate::request::{CacheScope, Reply, Request};

/// Stands for a question: everything that could change its answer.
pub(super) type Key = [u8; 32];

/// Bounded; forgets what was not asked for longest.
pub(super) struct Cache {
    replies: Mutex<LruCache<Key, Reply>>,
}

impl Cache {
    pub fn new(entries: usize) -> Self {
        Self { replies: Mutex::new(LruCache::new(entries)) }
    }

    /// Keeps at most so many.
    pub fn set_entries(&self, entries: usize) {
        self.replies().set_capacity(entries);
    }

    pub fn find(&self, key: &Key) -> Option<Reply> {
        self.replies().get(key).cloned()
    }

    pub fn keep(&self, key: Key, reply: Reply) {
        let mut replies = self.replies();
        if replies.capacity() > 0 {
            replies.insert(key, reply);
        }
    }

    fn replies(&self) -> MutexGuard<'_, LruCache<Key, Reply>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key of a request that may be answered from the cache. `models` and `temperature` are what it would be sent to
/// and with.
pub(super) fn key(request: &Request, models: &[ModelRef], temperature: f32) -> Option<Key> {
    if request.task != Task::Classify {
        return None;
    }
    let owner = match request.cache {
        CacheScope::Off => return None,
        CacheScope::Tenant => Some(request.payer.tenant()),
        CacheScope::Everyone => None,
    };
    // The debug form quotes and escapes texts, so that no two questions can look alike.
    let question = format!("{:?}", (owner, models, temperature, &request.prompt, &request.input));
    Some(Sha256::digest(question.as_bytes()).into())
}
