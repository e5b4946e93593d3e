//! Keys seen within the last seconds, so that not every request asks the database; and how fast each may ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actors::Ports;
use tenants::account::ApiKey;
use tenants::clock::Timestamp;
use tenants::ids::KeyId;
use tenants::ports::StoreError;

/// How long a key is believed without asking the database: so long a revocation may take on other nodes.
const BELIEVED_FOR: Duration = Duration::from_secs(5);
/// More keys than this are not remembered; the oldest knowledge is thrown away first.
const MOST_REMEMBERED: usize = 10_000;
/// `last_used_at` is kept to the minute.
const TOUCH_PERIOD: Duration = Duration::from_secs(60);

/// Remembers keys and counts their requests.
pub struct KeyRing {
    requests_per_second: Option<u32>,
    seen: Mutex<HashMap<String, Seen>>,
    allowances: Mutex<HashMap<String, Allowance>>,
}

struct Seen {
    key: Arc<ApiKey>,
    read_at: Timestamp,
}

/// What somebody may still ask at once.
struct Allowance {
    requests: f64,
    counted_at: Timestamp,
}

/// Why a key is not accepted.
#[derive(Debug)]
pub enum KeyRefused {
    /// Unknown, expired or withdrawn.
    NotValid,
    /// Too many requests; try again after this time.
    TooFast(Duration),
    /// The database did not answer.
    Store(StoreError),
}

impl KeyRing {
    /// A ring that lets each key ask so many times per second, or as often as it likes.
    pub fn new(requests_per_second: Option<u32>) -> Self {
        Self {
            requests_per_second: requests_per_second.filter(|rate| *rate > 0),
            seen: Mutex::default(),
            allowances: Mutex::default(),
        }
    }

    /// The key with this hash, when it is valid now and may ask now.
    pub async fn admit(&self, ports: &Ports, hash: &str) -> Result<Arc<ApiKey>, KeyRefused> {
        let now = ports.clock.now();
        let key = self.look_up(ports, hash, now).await?;
        if !is_valid(&key, now) {
            return Err(KeyRefused::NotValid);
        }
        self.count_request(hash, now)?;
        Ok(key)
    }

    async fn look_up(&self, ports: &Ports, hash: &str, now: Timestamp) -> Result<Arc<ApiKey>, KeyRefused> {
        let remembered = self.remembered(hash, now);
        match remembered {
            Some(key) => Ok(key),
            None => self.read(ports, hash, now).await,
        }
    }

    fn remembered(&self, hash: &str, now: Timestamp) -> Option<Arc<ApiKey>> {
        let ring = self.seen();
        let seen = ring.get(hash).filter(|seen| now.since(seen.read_at) < BELIEVED_FOR)?;
        Some(seen.key.clone())
    }

    /// Whether a key that was admitted earlier would be admitted now; does not count as a request.
    pub async fn is_still_valid(&self, ports: &Ports, hash: &str) -> bool {
        let now = ports.clock.now();
        match self.look_up(ports, hash, now).await {
            Ok(key) => is_valid(&key, now),
            // While the database is away nobody can be asked; the caller was valid a moment ago.
            Err(KeyRefused::Store(_)) => true,
            Err(KeyRefused::NotValid | KeyRefused::TooFast(_)) => false,
        }
    }

    /// Forgets what is known about a key, because it was withdrawn on this node.
    pub fn forget(&self, key: &KeyId) {
        self.seen().retain(|_, seen| seen.key.id != *key);
    }

    async fn read(&self, ports: &Ports, hash: &str, now: Timestamp) -> Result<Arc<ApiKey>, KeyRefused> {
        let found = ports.store.find_key(hash).await.map_err(KeyRefused::Store)?;
        let key = Arc::new(found.ok_or(KeyRefused::NotValid)?);
        if is_valid(&key, now) && key.last_used_at.is_none_or(|last| now.since(last) >= TOUCH_PERIOD) {
            self.touch_later(ports, key.id, now);
        }
        let mut seen = self.seen();
        if seen.len() >= MOST_REMEMBERED {
            seen.retain(|_, seen| now.since(seen.read_at) < BELIEVED_FOR);
            if seen.len() >= MOST_REMEMBERED {
                seen.clear();
            }
        }
        seen.insert(hash.to_owned(), Seen { key: key.clone(), read_at: now });
        Ok(key)
    }

    /// Noting the use is not worth waiting for.
    fn touch_later(&self, ports: &Ports, key: KeyId, now: Timestamp) {
        let store = ports.store.clone();
        ports.tasks.spawn("touch_key", async move {
            if let Err(error) = store.touch_key(&key, now).await {
                tracing::debug!(key.id = %key, %error, "the use of a key could not be noted");
            }
        });
    }

    /// Counts a request of the key or session with this hash.
    ///
    /// # Errors
    /// When it comes too soon.
    pub fn count_request(&self, hash: &str, now: Timestamp) -> Result<(), KeyRefused> {
        let Some(rate) = self.requests_per_second.map(f64::from) else { return Ok(()) };
        let burst = self.burst();
        let mut allowances = self.allowances.lock().unwrap_or_else(PoisonError::into_inner);
        if allowances.len() >= MOST_REMEMBERED {
            // Whoever has not asked for so long that their allowance is full again loses nothing.
            allowances.retain(|_, allowance| now.since(allowance.counted_at).as_secs_f64() * rate < burst);
        }
        let fresh = || Allowance { requests: burst, counted_at: now };
        let allowance = allowances.entry(hash.to_owned()).or_insert_with(fresh);
        let regained = now.since(allowance.counted_at).as_secs_f64() * rate;
        allowance.requests = (allowance.requests + regained).min(burst);
        allowance.counted_at = now;
        if allowance.requests < 1.0 {
            return Err(KeyRefused::TooFast(Duration::from_secs_f64((1.0 - allowance.requests) / rate)));
        }
        allowance.requests -= 1.0;
        Ok(())
    }

    fn burst(&self) -> f64 {
        self.requests_per_second.map_or(0.0, |rate| 2.0 * f64::from(rate))
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_valid(key: &ApiKey, now: Timestamp) -> bool {
    key.revoked_at.is_none() && key.expires_at.is_none_or(|expires| now < expires)
}
