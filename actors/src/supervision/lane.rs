//! One event's way through its lane: decide, commit, tell. Nothing here blocks anybody but the conversation
//! itself, and a panic ends no more than this try.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use ractor::ActorRef;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::event::{EventBody, Role, TickBody};
use tenants::ports::{Hint, StoreError, TickNote, TickStatus};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::alarms::Alarm;
use super::desk::Desk;
use super::node::Node;
use super::panics::panic_message;
use super::role::{RoleMsg, Work};
use crate::decide::{DecideError, Decided, MovedOn, Situation, conversations_of};
use crate::ticks;

/// Decisions in a row that somebody else's commit may make void before that counts as a failure.
const CONFLICTS: u32 = 3;
/// Work of a tick that takes longer counts as failed: it would hold one of the tenant's places for ever.
const LONGEST_TICK: Duration = Duration::from_secs(600);

/// How the task of a lane ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LaneEnd {
    /// The next event may follow.
    Done,
    /// The event waits in the database for a while, and those behind it too.
    Rests,
}

/// What a lane's task is given besides its work.
pub(super) struct LaneTask {
    pub node: Arc<Node>,
    pub desk: Arc<Desk>,
    pub role: Role,
    pub actor: ActorRef<RoleMsg>,
    pub cut: CancellationToken,
    pub moved_on: MovedOn,
}

/// Why a commit was not taken.
#[derive(Debug, thiserror::Error)]
enum Uncommitted {
    /// Somebody else's commit has made it void.
    #[error("somebody else was first: {0}")]
    Void(String),
    /// The database did not answer at first and refuses it now: it is void, or it was stored the first time.
    #[error("it is not known whether it was stored")]
    Unclear,
    #[error(transparent)]
    Failed(StoreError),
}

/// Why an event is not done.
enum Trouble {
    /// This actor's life is over; somebody else takes the event up.
    Cut,
    /// It may be done: the database is read again to find out.
    Unclear,
    /// Something does not answer; the event is as good as ever.
    NotNow { after: Duration, reason: String },
    /// The try failed.
    Failed(String),
    /// Trying again cannot help.
    Hopeless(String),
}

/// Works on one event, and tells the role's actor how it ended.
pub(super) async fn work_off(task: LaneTask, work: Work) {
    let lane = work.claim.lane.clone();
    let worked = AssertUnwindSafe(task.work(&work)).catch_unwind().await;
    let trouble = match worked {
        Ok(Ok(())) => None,
        Ok(Err(trouble)) => Some(trouble),
        Err(panic) => Some(Trouble::Failed(panic_message(panic.as_ref()))),
    };
    let end = match trouble {
        None => LaneEnd::Done,
        Some(trouble) => task.settle(&work, trouble).await,
    };
    drop(work);
    // When the actor has died, its successor learns from the claims what is still in hand.
    let _ = task.actor.send_message(RoleMsg::Finished(lane, end));
}

impl LaneTask {
    async fn work(&self, work: &Work) -> Result<(), Trouble> {
        // A tick may read for minutes; it must not take the place of a conversation.
        let is_tick = matches!(work.event.body, EventBody::Tick(_));
        let permits = self.desk.permits();
        let _permit = match is_tick {
            true => None,
            false => tokio::select! {
                permit = permits.acquire_owned() => Some(permit.map_err(|_| Trouble::Cut)?),
                () = self.cut.cancelled() => return Err(Trouble::Cut),
            },
        };
        if self.node.is_draining() {
            return Err(Trouble::Cut);
        }
        let metrics = &self.node.metrics;
        metrics.count(&metrics.events_taken, work.event.kind);
        if let EventBody::Tick(tick) = &work.event.body {
            metrics.tick(self.role);
            debug!(tenant.id = %self.desk.tenant, role = %self.role, tick = tick.name, "tick taken");
            return self.commit_tick(work, tick).await;
        }
        self.decide_and_commit(work).await
    }

    /// What a tick is for is committed together with its end, so that it is done once.
    async fn commit_tick(&self, work: &Work, tick: &TickBody) -> Result<(), Trouble> {
        let known = self.desk.known().ok_or(Trouble::Cut)?;
        let changes = tokio::select! {
            changes = ticks::changes_of(&self.node.ports, &known.context, tick) => changes,
            () = self.node.ports.clock.sleep(LONGEST_TICK) => {
                let minutes = LONGEST_TICK.as_secs() / 60;
                return Err(Trouble::Failed(format!("its work was not done within {minutes} minutes")));
            }
            () = self.cut.cancelled() => return Err(Trouble::Cut),
        };
        let mut changes = Changes {
            list: changes.map_err(|error| self.trouble_reading(error))?,
            ..Changes::of_tenant(self.desk.tenant)
        };
        let has_changed = !changes.list.is_empty();
        changes.list.extend(self.tick_note(work, TickStatus::Done, None));
        changes.push(Change::EventDone { event: work.event.id, at: self.node.now() });
        self.commit(&changes).await.map_err(Trouble::from_commit)?;
        self.count_done(work, self.node.now());
        if has_changed {
            self.tell(&changes);
        }
        Ok(())
    }

    async fn decide_and_commit(&self, work: &Work) -> Result<(), Trouble> {
        let mut situation = self.situation(work)?;
        for _ in 0..CONFLICTS {
            let decided = self.decide(&situation).await?;
            let Decided { decision, changes, thread, direct: _ } = decided;
            match self.commit(&changes).await {
                Ok(()) => {
                    situation.rules.committed(&changes);
                    if let Some(thread) = thread {
                        self.desk.workload.remember(&work.claim.lane, thread);
                    }
                    let now = self.node.now();
                    self.node.metrics.decide_seconds.observe(now.since(situation.taken_up_at).as_secs_f64());
                    if let Some(decision) = &decision {
                        self.node.metrics.decided(decision);
                    }
                    self.count_done(work, now);
                    self.tell(&changes);
                    return Ok(());
                }
                Err(Uncommitted::Void(reason)) => {
                    debug!(event.id = %work.event.id, reason, "somebody else was first, deciding again");
                    self.read_again(&mut situation).await?;
                }
                Err(error) => {
                    if let Uncommitted::Unclear = error {
                        self.tell(&changes);
                    }
                    return Err(Trouble::from_commit(error));
                }
            }
        }
        Err(Trouble::Failed(format!(
            "the decision was void {CONFLICTS} times, because others changed the same"
        )))
    }

    /// What is known now. The thread as the lane's last commit left it is newer than what was read; the direct
    /// messages with the author of a comment are written by their own lane, so what was read is the newest.
    fn situation(&self, work: &Work) -> Result<Situation, Trouble> {
        let known = self.desk.known().ok_or(Trouble::Cut)?;
        Ok(Situation {
            context: Arc::clone(&known.context),
            rules: Arc::clone(&known.rules),
            event: work.event.clone(),
            thread: self.desk.workload.recall(&work.claim.lane).or_else(|| work.thread.clone()),
            direct: work.direct.clone(),
            taken_up_at: self.node.now(),
            moved_on: self.moved_on.clone(),
        })
    }

    async fn decide(&self, situation: &Situation) -> Result<Decided, Trouble> {
        let limit = self.node.settings.decide_timeout();
        let decided = tokio::select! {
            biased;
            decided = self.node.decider.decide(situation) => decided,
            () = self.cut.cancelled() => return Err(Trouble::Cut),
            () = self.node.ports.clock.sleep(limit) => {
                return Err(Trouble::Failed(format!("no decision within {} s", limit.as_secs())));
            }
        };
        decided.map_err(|error| match &error {
            DecideError::Retry { after, source } => {
                Trouble::NotNow { after: *after, reason: format!("{error}: {source}") }
            }
            DecideError::Broken { .. } => Trouble::Hopeless(error.to_string()),
        })
    }

    /// Commits, however long the database is away: what was decided (and paid for) is not thrown away. Gives up
    /// only when this actor's life is over; the event is still waiting in the database then.
    async fn commit(&self, changes: &Changes) -> Result<(), Uncommitted> {
        let mut failures = 0;
        loop {
            match self.node.ports.store.commit(changes.clone()).await {
                Err(error @ StoreError::Unavailable(_)) => {
                    failures += 1;
                    if failures == 1 {
                        warn!(tenant.id = %self.desk.tenant, %error, "cannot commit, trying again");
                    }
                    tokio::select! {
                        () = self.node.back_off(failures) => {}
                        () = self.cut.cancelled() => return Err(Uncommitted::Failed(error)),
                    }
                }
                Err(StoreError::Conflict(_)) if failures > 0 => return Err(Uncommitted::Unclear),
                Err(StoreError::Conflict(reason)) => return Err(Uncommitted::Void(reason)),
                other => return other.map_err(Uncommitted::Failed),
            }
        }
    }

    async fn read_again(&self, situation: &mut Situation) -> Result<(), Trouble> {
        let keys = conversations_of(&situation.event);
        let wanted: Vec<_> = keys.thread.iter().chain(&keys.direct).cloned().collect();
        let found = self
            .node
            .ports
            .store
            .load_conversations(&self.desk.tenant, &wanted)
            .await
            .map_err(|error| self.trouble_reading(error))?;
        let find = |key: &Option<(_, String)>| {
            let (account, key) = key.as_ref()?;
            found.iter().find(|found| found.account == *account && found.key == *key).cloned()
        };
        situation.thread = find(&keys.thread);
        situation.direct = find(&keys.direct);
        if let Some(known) = self.desk.known() {
            situation.context = Arc::clone(&known.context);
            situation.rules = Arc::clone(&known.rules);
        }
        Ok(())
    }

    fn trouble_reading(&self, error: StoreError) -> Trouble {
        match error {
            StoreError::Unavailable(_) => {
                Trouble::NotNow { after: self.node.back_off_delay(1), reason: error.to_string() }
            }
            StoreError::Conflict(_) | StoreError::Corrupt(_) => Trouble::Failed(error.to_string()),
        }
    }

    fn count_done(&self, work: &Work, now: Timestamp) {
        let metrics = &self.node.metrics;
        metrics.count(&metrics.events_done, work.event.kind);
        metrics.webhook_to_decided_seconds.observe(now.since(work.event.received_at).as_secs_f64());
    }

    fn tell(&self, changes: &Changes) {
        let concerns_effects =
            changes.list.iter().any(|change| matches!(change, Change::AddEffect(_) | Change::MoveEffect(_)));
        if concerns_effects {
            self.node.ports.wake.send(Hint::Effects(self.desk.tenant));
        }
        if changes.list.iter().any(|change| matches!(change, Change::AddVerdict(_))) {
            self.node.ports.wake.send(Hint::Verdict(self.desk.tenant));
        }
        if changes.concern_accounts() {
            self.node.ports.wake.send(Hint::TenantChanged(self.desk.tenant));
        }
        self.node.ports.wake.send(Hint::Audit(self.desk.tenant));
    }

    /// Records that an event is not done, and decides what follows.
    async fn settle(&self, work: &Work, trouble: Trouble) -> LaneEnd {
        let attempt = work.event.attempts.saturating_add(1);
        let (reason, is_given_up, after) = match trouble {
            Trouble::Cut => return LaneEnd::Done,
            Trouble::Unclear => return self.rest(work, self.node.back_off_delay(1)),
            Trouble::NotNow { after, reason } => (reason, false, after),
            Trouble::Hopeless(reason) => (reason, true, Duration::ZERO),
            Trouble::Failed(reason) => {
                let is_given_up = attempt >= self.node.settings.max_attempts;
                (reason, is_given_up, self.node.back_off_delay(attempt))
            }
        };
        let metrics = &self.node.metrics;
        metrics.count(&metrics.events_failed, work.event.kind);
        warn!(tenant.id = %self.desk.tenant, event.id = %work.event.id, attempt, reason, "event not decided");
        let recorded =
            if is_given_up { self.set_aside(work, &reason).await } else { self.count(work, &reason).await };
        match recorded {
            Ok(()) if is_given_up => LaneEnd::Done,
            Ok(()) => self.rest(work, after),
            Err(failure) => {
                error!(event.id = %work.event.id, error = %failure, "a failure could not be recorded");
                self.rest(work, after.max(self.node.back_off_delay(attempt)))
            }
        }
    }

    async fn count(&self, work: &Work, reason: &str) -> Result<(), Uncommitted> {
        let failed = Change::EventFailed { event: work.event.id, error: reason.to_owned() };
        let mut changes = Changes::of_tenant(self.desk.tenant).with(failed);
        changes.list.extend(self.tick_note(work, TickStatus::Retrying, Some(reason)));
        self.commit(&changes).await
    }

    /// How the run of a tick stands, for those who look at the tenant's ticks.
    fn tick_note(&self, work: &Work, status: TickStatus, error: Option<&str>) -> Option<Change> {
        let EventBody::Tick(tick) = &work.event.body else { return None };
        Some(Change::NoteTick(Box::new(TickNote {
            role: tick.role,
            name: tick.name.clone(),
            status,
            error: error.map(str::to_owned),
            at: self.node.now(),
            while_runs: None,
        })))
    }

    async fn set_aside(&self, work: &Work, reason: &str) -> Result<(), Uncommitted> {
        let (tenant, event, at) = (self.desk.tenant, work.event.id, self.node.now());
        let agency = self.desk.known().map(|known| known.context.tenant.agency);
        let alert = Alarm::poison_event(tenant, event, reason).into_alert(&self.node, agency);
        error!(tenant.id = %tenant, event.id = %event, reason, "event set aside");
        let mut changes = Changes::of_tenant(tenant)
            .with(Change::EventQuarantined { event, error: reason.to_owned(), at })
            .with(Change::RaiseAlert(Box::new(alert), at));
        changes.list.extend(self.tick_note(work, TickStatus::Quarantined, Some(reason)));
        self.commit(&changes).await?;
        let metrics = &self.node.metrics;
        metrics.count(&metrics.events_quarantined, work.event.kind);
        Ok(())
    }

    /// Leaves the event in the database for a while. The whole lane rests, so that the order is kept.
    fn rest(&self, work: &Work, after: Duration) -> LaneEnd {
        let lane = &work.claim.lane;
        self.desk.workload.park(lane, &[work.event.id], Some(self.node.now() + after));
        let desk = Arc::clone(&self.desk);
        self.node.later(after, move || desk.poke());
        LaneEnd::Rests
    }
}

impl Trouble {
    /// A commit that failed for good: the database was away until the end of this actor's
    /// life, or it holds something that cannot be understood.
    fn from_commit(error: Uncommitted) -> Self {
        match error {
            Uncommitted::Unclear => Self::Unclear,
            Uncommitted::Failed(StoreError::Unavailable(_)) => Self::Cut,
            Uncommitted::Void(_) | Uncommitted::Failed(_) => Self::Failed(error.to_string()),
        }
    }
}
