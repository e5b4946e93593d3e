//! An Instagram whose answers are scripted and whose walls can be looked at.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tenants::account::{Account, SealedSecret};
use tenants::clock::{Clock, Timestamp};
use tenants::effect::{Action, ErrorCategory, SkipReason};
use tenants::ids::AccountId;
use tenants::ports::{Finding, MentionText, Messenger, Receipt, SendError, Signal, Usage};
use tokio::sync::Notify;

use crate::testing::Steps;

/// What the next call gets.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// Done, with these usage headers.
    Done(Usage),
    /// Done, but the answer is lost.
    DoneUnheard,
    /// Refused with an error; nothing is done.
    Refused(SendError),
    /// The process that calls dies of it.
    Panic,
}

/// Something people can see.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Visible {
    pub id: String,
    pub account: AccountId,
    pub action: Action,
    pub at: Timestamp,
}

/// What outlives every process.
#[derive(Debug, Default)]
pub(super) struct Walls {
    pub visible: Vec<Visible>,
    /// Every call, in order.
    pub calls: Vec<(AccountId, Action)>,
    /// Signals with whom they were shown to, and how much was visible before.
    pub signals: Vec<(String, Signal, usize)>,
    pub answers: VecDeque<Answer>,
    /// Accounts whose every call fails.
    pub failing: HashSet<AccountId>,
    /// What read-backs answer before they tell the truth.
    pub unreadable: VecDeque<SendError>,
    pub read_backs: usize,
    /// Read-backs find nothing, whatever was done.
    pub shows_nothing: bool,
    /// Comments and messages that are gone.
    pub gone: Vec<Action>,
    /// Calls wait until they are let through.
    pub closed: bool,
    pub most_at_once: usize,
    at_once: usize,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Instagram {
    walls: Arc<Mutex<Walls>>,
    gate: Arc<Notify>,
    clock: Arc<dyn Clock>,
    steps: Arc<Steps>,
}

/// An error of a category, without particulars.
pub(super) fn error(category: ErrorCategory) -> SendError {
    SendError {
        category,
        code: None,
        subcode: None,
        message: format!("scripted {category}"),
        retry_after: None,
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    }
}

/// Instagram asks us to wait.
pub(super) fn rate_limited(wait: Duration, app_wide: bool) -> Answer {
    Answer::Refused(SendError { retry_after: Some(wait), app_wide, ..error(ErrorCategory::RateLimit) })
}

/// Instagram forbids it for a reason.
pub(super) fn forbidden(reason: SkipReason) -> Answer {
    Answer::Refused(SendError { skip_reason: Some(reason), ..error(ErrorCategory::Forbidden) })
}

impl Instagram {
    pub(super) fn new(clock: Arc<dyn Clock>, steps: Arc<Steps>) -> Self {
        Self { walls: Arc::default(), gate: Arc::default(), clock, steps }
    }

    /// The same Instagram, as another process sees it.
    pub(super) fn seen_with(&self, steps: Arc<Steps>) -> Self {
        Self { steps, ..self.clone() }
    }

    pub(super) fn walls(&self) -> MutexGuard<'_, Walls> {
        self.walls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Scripts the next answers; later calls are done.
    pub(super) fn will(&self, answers: impl IntoIterator<Item = Answer>) {
        self.walls().answers.extend(answers);
    }

    pub(super) fn will_refuse(&self, category: ErrorCategory, times: usize) {
        self.will(std::iter::repeat_n(Answer::Refused(error(category)), times));
    }

    /// Lets all waiting calls through, and later ones too.
    pub(super) fn open(&self) {
        self.walls().closed = false;
        self.gate.notify_waiters();
    }

    /// Texts that people can see, in the order in which they appeared.
    pub(super) fn texts(&self) -> Vec<String> {
        let walls = self.walls();
        walls.visible.iter().filter_map(|it| it.action.text().map(str::to_owned)).collect()
    }

    async fn pass_gate(&self) {
        loop {
            let opened = self.gate.notified();
            if !self.walls().closed {
                return;
            }
            opened.await;
        }
    }

    /// Makes something visible, whoever did it; tells its id.
    pub(super) fn show(&self, account: AccountId, action: &Action) -> String {
        let mut walls = self.walls();
        let id = format!("ig-{}", walls.visible.len() + 1);
        let at = self.clock.now();
        walls.visible.push(Visible { id: id.clone(), account, action: action.clone(), at });
        id
    }
}

impl Instagram {
    fn look(
        &self,
        account: &Account,
        action: &Action,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError> {
        let mut walls = self.walls();
        walls.read_backs += 1;
        if let Some(error) = walls.unreadable.pop_front() {
            return Err(error);
        }
        if walls.gone.contains(action) {
            return Ok(Finding::TargetGone);
        }
        let ours = |it: &&Visible| {
            !walls.shows_nothing
                && it.account == account.id
                && it.action == *action
                && it.at >= since
                && !already_ours.contains(&it.id)
        };
        Ok(match walls.visible.iter().find(ours) {
            Some(it) => Finding::Done(Some(it.id.clone())),
            None => Finding::NotDone,
        })
    }
}

/// Counts a call as under way, also when its task is dropped.
struct AtOnce<'a>(&'a Instagram);

impl<'a> AtOnce<'a> {
    fn new(instagram: &'a Instagram) -> Self {
        let mut walls = instagram.walls();
        walls.at_once += 1;
        walls.most_at_once = walls.most_at_once.max(walls.at_once);
        Self(instagram)
    }
}

impl Drop for AtOnce<'_> {
    fn drop(&mut self) {
        self.0.walls().at_once -= 1;
    }
}

#[async_trait]
impl Messenger for Instagram {
    async fn perform(&self, account: &Account, action: &Action) -> Result<Receipt, SendError> {
        self.steps.before("perform").await;
        self.walls().calls.push((account.id, action.clone()));
        let _at_once = AtOnce::new(self);
        self.pass_gate().await;
        if self.walls().failing.contains(&account.id) {
            return Err(error(ErrorCategory::Transient));
        }
        let answer = self.walls().answers.pop_front().unwrap_or(Answer::Done(Usage::default()));
        let answered = match answer {
            Answer::Done(usage) => Ok(Receipt { instagram_id: Some(self.show(account.id, action)), usage }),
            Answer::DoneUnheard => {
                self.show(account.id, action);
                Err(error(ErrorCategory::Unknown))
            }
            Answer::Refused(error) => Err(error),
            Answer::Panic => panic!("scripted panic"),
        };
        self.steps.after("perform").await;
        answered
    }

    async fn signal(&self, account: &Account, to: &str, signal: Signal) -> Result<Usage, SendError> {
        self.steps.before("signal").await;
        if self.walls().failing.contains(&account.id) {
            return Err(error(ErrorCategory::Transient));
        }
        let said = self.walls().visible.len();
        self.walls().signals.push((to.to_owned(), signal, said));
        self.steps.after("signal").await;
        Ok(Usage::default())
    }

    async fn look_for(
        &self,
        account: &Account,
        action: &Action,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError> {
        self.steps.before("look_for").await;
        let seen = self.look(account, action, since, already_ours);
        self.steps.after("look_for").await;
        seen
    }

    async fn read_mention(
        &self,
        _: &Account,
        _: &str,
        _: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        Err(error(ErrorCategory::Permanent))
    }

    async fn check_token(&self, _account: &Account, _token: &SealedSecret) -> Result<(), SendError> {
        panic!("the dispatcher checks no token")
    }

    async fn check_account(&self, account: &Account) -> Result<String, SendError> {
        Ok(account.username.clone())
    }
}
