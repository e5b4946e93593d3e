//! An Instagram that shows an account and its posts, and refuses when the test says so; and a process that may die.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use storage::Database;
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::effect::{Effect, ErrorCategory, IdempotencyKey};
use tenants::ids::TenantId;
use tenants::ports::{
    AccountProfile, AccountQuestion, AskError, Claimed, Discovered, Heartbeat, InsightsReader, KeptAnswer,
    KeyTimes, KeyedRequest, MediaItem, NoInsights, Outside, Reading, SendError, ShownMedia, ShownPage,
    ShownProfile, ShownReader, StoreError, Told, Usage,
};

/// Shows the same to everybody.
#[derive(Default)]
pub struct Shown {
    /// What it answers instead of showing anything.
    pub refusal: Mutex<Option<AskError>>,
    /// How often it was asked.
    pub calls: Mutex<u32>,
}

/// A failed call of this category.
pub fn failed(category: ErrorCategory, message: &str, retry_after: Option<Duration>) -> AskError {
    AskError::Failed(SendError {
        category,
        code: None,
        subcode: None,
        message: message.to_owned(),
        retry_after,
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    })
}

impl Shown {
    fn tell<T>(&self, value: T) -> Result<Told<T>, AskError> {
        *self.calls.lock().unwrap() += 1;
        match self.refusal.lock().unwrap().clone() {
            Some(refusal) => Err(refusal),
            None => Ok(Told { value, usage: Usage::default() }),
        }
    }
}

fn page(id: &str) -> ShownPage {
    let media = ShownMedia { id: id.to_owned(), caption: Some("bread".to_owned()), ..ShownMedia::default() };
    ShownPage { items: vec![media], after: Some("QVFI".to_owned()) }
}

#[async_trait]
impl ShownReader for Shown {
    async fn profile(&self, account: &Account) -> Result<Told<ShownProfile>, AskError> {
        self.tell(ShownProfile {
            external_id: account.external_id.clone(),
            username: Some(account.username.clone()),
            followers: Some(900),
            ..ShownProfile::default()
        })
    }

    async fn own_media(&self, _: &Account, _: Option<&str>, _: u32) -> Result<Told<ShownPage>, AskError> {
        self.tell(page("17900000000000001"))
    }

    async fn tagged_media(&self, _: &Account, _: Option<&str>, _: u32) -> Result<Told<ShownPage>, AskError> {
        self.tell(page("17900000000000002"))
    }

    async fn hashtag(&self, _: &Account, _: &str) -> Result<Told<String>, AskError> {
        self.tell("17843".to_owned())
    }

    async fn hashtag_media(
        &self,
        _: &Account,
        _: &str,
        _: bool,
        _: u32,
    ) -> Result<Told<ShownPage>, AskError> {
        self.tell(page("17900000000000003"))
    }
}

/// Tells each metric it is asked for as 7.
pub struct Insights;

const NOTHING: NoInsights = NoInsights("there is no Instagram here");

fn sevens(metrics: &[&'static str]) -> Result<Told<Vec<Reading>>, AskError> {
    let reading = |metric: &&str| Reading {
        metric: (*metric).to_owned(),
        breakdown: String::new(),
        value: 7.0,
        ends_at: None,
    };
    Ok(Told { value: metrics.iter().map(reading).collect(), usage: Usage::default() })
}

#[async_trait]
impl InsightsReader for Insights {
    async fn account_profile(&self, account: &Account) -> Result<Told<AccountProfile>, AskError> {
        NOTHING.account_profile(account).await
    }

    async fn account_insights(
        &self,
        _: &Account,
        question: &AccountQuestion,
    ) -> Result<Told<Vec<Reading>>, AskError> {
        sevens(&question.metrics)
    }

    async fn recent_media(&self, account: &Account, limit: u32) -> Result<Told<Vec<MediaItem>>, AskError> {
        NOTHING.recent_media(account, limit).await
    }

    async fn live_stories(&self, account: &Account) -> Result<Told<Vec<MediaItem>>, AskError> {
        NOTHING.live_stories(account).await
    }

    async fn media_insights(
        &self,
        _: &Account,
        _: &str,
        metrics: &[&'static str],
    ) -> Result<Told<Vec<Reading>>, AskError> {
        sevens(metrics)
    }

    async fn discover(&self, account: &Account, username: &str) -> Result<Told<Discovered>, AskError> {
        NOTHING.discover(account, username).await
    }
}

/// The database, behind a process that may die after it has acted and before it has kept its answer.
pub struct Mortal {
    pub database: Database,
    pub dies: AtomicBool,
    /// The next effect that is looked for is not found out: the database does not answer.
    pub away: AtomicBool,
}

#[async_trait]
impl Outside for Mortal {
    async fn claim_request(
        &self,
        request: &KeyedRequest,
        times: KeyTimes,
        again: bool,
    ) -> Result<Claimed, StoreError> {
        self.database.claim_request(request, times, again).await
    }

    async fn keep_answer(
        &self,
        request: &KeyedRequest,
        answer: &KeptAnswer,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        match self.dies.load(Ordering::Relaxed) {
            true => Ok(()),
            false => self.database.keep_answer(request, answer, at).await,
        }
    }

    async fn forget_request(&self, request: &KeyedRequest) -> Result<(), StoreError> {
        self.database.forget_request(request).await
    }

    async fn leave_request(&self, request: &KeyedRequest, begun_at: Timestamp) -> Result<(), StoreError> {
        self.database.leave_request(request, begun_at).await
    }

    async fn find_effect_by_key(
        &self,
        tenant: &TenantId,
        key: &IdempotencyKey,
    ) -> Result<Option<Effect>, StoreError> {
        if self.away.swap(false, Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the database is away".into()));
        }
        self.database.find_effect_by_key(tenant, key).await
    }

    async fn put_outside_beat(&self, beat: &Heartbeat) -> Result<(), StoreError> {
        self.database.put_outside_beat(beat).await
    }

    async fn silent_agents(&self, before: Timestamp, limit: u32) -> Result<Vec<Heartbeat>, StoreError> {
        self.database.silent_agents(before, limit).await
    }

    async fn mark_agent_down(&self, beat: &Heartbeat) -> Result<bool, StoreError> {
        self.database.mark_agent_down(beat).await
    }
}
