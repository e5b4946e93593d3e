//! The writer: takes work that waits, applies it in one transaction, and answers everybody when it is durable.
//!
//! What comes in is stored before what was decided about it: Instagram waits for an answer, and whatever is stored is
//! safe. So batches of deliveries and batches of other work take turns, the latter small while deliveries come, and what
//! people do goes in front of it: somebody waits before a screen. Inside each, tenants take turns, and one that wants
//! more than its share pauses now and then (see `line`).
//!
//! First everything is applied together. Should a unit not fit, the transaction is rolled back and the units are
//! applied again one by one, each under a savepoint, so that only the unit at fault fails. Should the commit itself
//! fail, everybody is told that nothing was stored, and the next batch starts with a fresh transaction (and a fresh
//! connection, if the old one is of no use).

use std::sync::Arc;
use std::time::Duration;

use tenants::clock::{Clock, Timestamp};
use tenants::ports::StoreError;
use tokio::sync::{mpsc, oneshot, watch};

use crate::apply::{entry_of, ledger, perform};
use crate::checkpoint::Written;
use crate::db::{Connection, Connector, run};
use crate::failure::{Failure, SharedError, too_slow};
use crate::line::Line;
use crate::statement::statements;
use crate::work::{Outcome, Work};

statements! {
    BEGIN { (only sqlite "begin immediate") (only postgres "begin") }
    COMMIT { "commit" }
    ROLLBACK { "rollback" }
    SAVEPOINT { "savepoint unit" }
    RELEASE { "release savepoint unit" }
    ROLLBACK_TO { "rollback to savepoint unit" }
}

/// How much goes into one transaction while others wait for the next. Found by trial: a transaction of SQLite costs little
/// by itself, one of PostgreSQL several round trips.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Most units of one tenant while others are about: several of these stand between a comment and its visible reply.
    share: usize,
    /// Most units of other work between two batches of deliveries: a part of these, and some.
    part: usize,
    some: usize,
    /// Most units of other work while deliveries may come at any moment, and of people where nothing else waits.
    bite: usize,
    /// A turn with so many units is followed by the next no sooner than `gather` after it began: what comes meanwhile
    /// shares its commits, and pages that many units change are written once.
    busy: usize,
    gather: Duration,
}

impl Pace {
    pub(crate) const SQLITE: Self =
        Self { share: 2, part: 8, some: 4, bite: 32, busy: 8, gather: Duration::from_millis(8) };
    pub(crate) const POSTGRES: Self =
        Self { share: 8, part: 1, some: 64, bite: 96, busy: usize::MAX, gather: Duration::ZERO };

    /// Most units of other work after a batch of `deliveries`.
    fn others(self, deliveries: usize, may_come: bool, batch: usize) -> usize {
        match deliveries {
            0 if may_come => batch.min(self.bite),
            0 => batch,
            _ => batch.min(deliveries / self.part + self.some),
        }
    }

    /// How long the next turn waits for more, when `waiting` wait already.
    fn pause(self, last: Turn, now: Timestamp, waiting: usize) -> Duration {
        match last.units >= self.busy && waiting < self.bite {
            true => self.gather.saturating_sub(now.since(last.began_at)),
            false => Duration::ZERO,
        }
    }
}

/// A turn of the writer: a batch of deliveries, and one of other work.
#[derive(Debug, Clone, Copy)]
struct Turn {
    began_at: Timestamp,
    units: usize,
}

/// A unit of work and whom to tell.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) work: Work,
    /// Whether it is what people do, who wait for it.
    pub(crate) is_of_people: bool,
    pub(crate) answer: oneshot::Sender<Result<Outcome, StoreError>>,
}

/// Who waits at one committer.
#[derive(Debug, Default)]
struct Waiting {
    deliveries: Line<Job>,
    people: Line<Job>,
    others: Line<Job>,
}

impl Waiting {
    fn len(&self) -> usize {
        self.deliveries.len() + self.people.len() + self.others.len()
    }

    /// When something can be done; `None` when nothing waits.
    fn ready_at(&self, now: Timestamp) -> Option<Timestamp> {
        [&self.deliveries, &self.people, &self.others].into_iter().filter_map(|line| line.ready_at(now)).min()
    }

    fn end_pauses(&mut self) {
        [&mut self.deliveries, &mut self.people, &mut self.others].into_iter().for_each(Line::end_pauses);
    }

    /// What people do, and then at most `most` of the other work. Programs write through the same door as people: while
    /// other work waits, a flood of theirs stands before no more than a few units of it.
    fn take_others(&mut self, pace: Pace, most: usize, now: Timestamp) -> Vec<Job> {
        let of_people = if self.others.len() == 0 { pace.bite } else { pace.some };
        let mut taken = self.people.take(of_people, pace.share, now);
        taken.extend(self.others.take(most, pace.share, now));
        taken
    }

    /// Puts a job in line. Of the deliveries of one tenant no more wait than a quarter of the room, so that there is
    /// always room for others: Instagram comes again with what is refused.
    fn push(&mut self, job: Job, room: usize, now: Timestamp) {
        let owner = job.work.owner();
        match job.work {
            Work::Accept(_) if self.deliveries.waiting_of(owner) >= room.div_ceil(4) => {
                // Whoever does not wait any more is not told.
                let _ = job.answer.send(Err(too_slow()));
            }
            Work::Accept(_) => self.deliveries.push(owner, job, now),
            _ if job.is_of_people => self.people.push(owner, job, now),
            _ => self.others.push(owner, job, now),
        }
    }
}

/// One committer with its own connection.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) queue: mpsc::Receiver<Job>,
    pub(crate) closing: watch::Receiver<bool>,
    pub(crate) connector: Connector,
    pub(crate) connection: Option<Connection>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Most units that stand in line.
    pub(crate) room: usize,
    /// Most units in one transaction.
    pub(crate) batch: usize,
    pub(crate) pace: Pace,
    /// Longest that a transaction may take.
    pub(crate) timeout: Duration,
    /// Counts for those who copy the log into the file, where there is one.
    pub(crate) written: Option<Written>,
}

impl Writer {
    /// Works until the database is closed and the queue is empty.
    pub(crate) async fn run(mut self) {
        let mut waiting = Waiting::default();
        let mut turn = Turn { began_at: self.clock.now(), units: 0 };
        while self.hear(&mut waiting).await {
            self.let_more_come(&mut waiting, turn).await;
            let began = self.clock.now();
            turn = Turn { began_at: began, units: 0 };
            let mut deliveries = waiting.deliveries.take(self.batch, self.pace.share, began);
            // Whoever brought it has been told to come again.
            deliveries.retain(|job| !job.answer.is_closed());
            let may_come = waiting.deliveries.is_in_use(began);
            let most = self.pace.others(deliveries.len(), may_come, self.batch);
            turn.units += deliveries.len();
            self.work_off(deliveries).await;
            let between = self.clock.now();
            waiting.deliveries.pause(between.since(began), between);
            self.hear_more(&mut waiting);
            let others = waiting.take_others(self.pace, most, between);
            turn.units += others.len();
            self.work_off(others).await;
            let ended = self.clock.now();
            waiting.people.pause(ended.since(between), ended);
            waiting.others.pause(ended.since(between), ended);
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(?error, "the database connection did not close in good order");
        }
    }

    /// Waits until there is work; false when there will be none any more.
    async fn hear(&mut self, waiting: &mut Waiting) -> bool {
        loop {
            self.hear_more(waiting);
            let now = self.clock.now();
            let ready_at = waiting.ready_at(now);
            if ready_at.is_some_and(|at| at <= now) {
                return true;
            }
            let clock = Arc::clone(&self.clock);
            let pause_ends = async {
                match ready_at {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                job = self.queue.recv(), if waiting.len() < self.room => match job {
                    Some(job) => waiting.push(job, self.room, self.clock.now()),
                    None if waiting.len() == 0 => return false,
                    None => waiting.end_pauses(),
                },
                closed = self.closing.changed(), if !self.queue.is_closed() => {
                    // An error says that nobody is left who could close: the same as closing.
                    let _ = closed;
                    self.queue.close();
                }
                () = pause_ends => {}
            }
        }
    }

    /// While much comes, more is let come before the next turn.
    async fn let_more_come(&mut self, waiting: &mut Waiting, last: Turn) {
        let pause = self.pace.pause(last, self.clock.now(), waiting.len());
        if !pause.is_zero() && !self.queue.is_closed() {
            // The time of the machine, whatever the clock says: nothing is measured or promised by it.
            tokio::time::sleep(pause).await;
            self.hear_more(waiting);
        }
    }

    /// Takes what has come, as long as there is room: whoever comes then waits outside, and not for ever.
    fn hear_more(&mut self, waiting: &mut Waiting) {
        let now = self.clock.now();
        while waiting.len() < self.room
            && let Ok(job) = self.queue.try_recv()
        {
            waiting.push(job, self.room, now);
        }
    }

    async fn work_off(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let pen = match &self.written {
            Some(written) => Some(written.pen().await),
            None => None,
        };
        let works: Vec<&Work> = jobs.iter().map(|job| &job.work).collect();
        let outcome = match tokio::time::timeout(self.timeout, self.commit(&works)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                // Where the transaction stands is not known; the database rolls it back with its connection.
                self.connection = None;
                Err(Arc::new(sqlx::Error::PoolTimedOut) as SharedError)
            }
        };
        drop(pen);
        match outcome {
            Ok(answers) => {
                if let Some(written) = &mut self.written {
                    written.add(jobs.iter().map(|job| job.work.rows()).fold(0, usize::saturating_add));
                }
                for (job, answer) in jobs.into_iter().zip(answers) {
                    // Whoever does not wait any more is not told; the work is done all the same.
                    let _ = job.answer.send(answer.map_err(Failure::into_store_error));
                }
            }
            Err(error) => {
                tracing::warn!(%error, units = jobs.len(), "the database did not take a batch");
                for job in jobs {
                    let _ = job.answer.send(Err(StoreError::Unavailable(Box::new(Arc::clone(&error)))));
                }
            }
        }
    }

    /// One transaction; the error concerns the whole batch.
    async fn commit(&mut self, works: &[&Work]) -> Result<Vec<Result<Outcome, Failure>>, SharedError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connector.connect().await.map_err(whole)?,
        };
        let answers = transact(&mut connection, works, self.clock.as_ref()).await;
        if answers.is_ok() || is_usable(&mut connection).await {
            self.connection = Some(connection);
        }
        answers
    }
}

/// After a failed transaction: true when the connection can begin another.
async fn is_usable(connection: &mut Connection) -> bool {
    // The database may have rolled back by itself, so a refusal here says nothing; the next test does.
    let _ = run!(connection, ROLLBACK);
    let begun = run!(connection, BEGIN).is_ok();
    begun && run!(connection, ROLLBACK).is_ok()
}

async fn transact(
    connection: &mut Connection,
    works: &[&Work],
    clock: &dyn Clock,
) -> Result<Vec<Result<Outcome, Failure>>, SharedError> {
    run!(connection, BEGIN).map_err(whole)?;
    let now = clock.now();
    let answers = match perform(connection, works, now).await {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(Failure::Unavailable(error)) => return Err(error),
        Err(failure) if works.len() == 1 => {
            run!(connection, ROLLBACK).map_err(whole)?;
            return Ok(vec![Err(failure)]);
        }
        Err(_) => {
            run!(connection, ROLLBACK).map_err(whole)?;
            run!(connection, BEGIN).map_err(whole)?;
            one_by_one(connection, works, now).await?
        }
    };
    run!(connection, COMMIT).map_err(whole)?;
    Ok(answers)
}

/// Applies each unit under a savepoint, those of the ledger last as ever; the answers stand in the order of the units.
async fn one_by_one(
    connection: &mut Connection,
    works: &[&Work],
    now: Timestamp,
) -> Result<Vec<Result<Outcome, Failure>>, SharedError> {
    let (ledger, others): (Vec<_>, Vec<_>) =
        works.iter().copied().enumerate().partition(|(_, work)| entry_of(work).is_some());
    let mut answers = Vec::with_capacity(works.len());
    for (place, work) in others {
        answers.push((place, apply_alone(connection, work, now).await?));
    }
    lock_together(connection, works, now).await?;
    for (place, work) in ledger {
        answers.push((place, apply_alone(connection, work, now).await?));
    }
    answers.sort_unstable_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

async fn apply_alone(
    connection: &mut Connection,
    work: &Work,
    now: Timestamp,
) -> Result<Result<Outcome, Failure>, SharedError> {
    run!(connection, SAVEPOINT).map_err(whole)?;
    let applied = perform(connection, &[work], now).await;
    let applied = end_savepoint(connection, applied).await?;
    Ok(applied.map(|mut outcomes| outcomes.pop().unwrap_or(Outcome::Changed(0))))
}

/// Locks what the units of the ledger need in the order that all nodes keep: one by one they would lock it in theirs, and
/// two nodes could wait for each other.
async fn lock_together(
    connection: &mut Connection,
    works: &[&Work],
    now: Timestamp,
) -> Result<(), SharedError> {
    let entries: Vec<_> = works.iter().filter_map(|work| entry_of(work)).collect();
    if entries.is_empty() {
        return Ok(());
    }
    run!(connection, SAVEPOINT).map_err(whole)?;
    let locked = ledger::lock(connection, &entries, now).await;
    // Should one unit not fit, the others are applied all the same.
    end_savepoint(connection, locked).await.map(drop)
}

/// Keeps what was done since the savepoint, or takes it back when it failed.
async fn end_savepoint<T>(
    connection: &mut Connection,
    outcome: Result<T, Failure>,
) -> Result<Result<T, Failure>, SharedError> {
    match &outcome {
        Err(Failure::Unavailable(error)) => return Err(Arc::clone(error)),
        Err(_) => run!(connection, ROLLBACK_TO).map_err(whole).map(drop)?,
        Ok(_) => {}
    }
    run!(connection, RELEASE).map_err(whole)?;
    Ok(outcome)
}

/// A failure to begin, end or divide a transaction concerns the whole batch, whatever it is.
fn whole(failure: Failure) -> SharedError {
    match failure {
        Failure::Unavailable(error) | Failure::Contended(error) => error,
        other => Arc::new(other.into_store_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::changes::Changes;
    use tenants::ids::TenantId;
    use tenants::ports::Delivery;
    use uuid::Uuid;

    #[test]
    fn what_people_do_stands_before_other_work_and_leaves_room_for_it() {
        let (mut waiting, now) = (Waiting::default(), Timestamp::from_millis(1));
        let mut push = |tenant: u128, is_of_people| {
            let (answer, _) = oneshot::channel();
            let work = Work::Commit(Changes::of_tenant(TenantId(Uuid::from_u128(tenant))));
            waiting.push(Job { work, is_of_people, answer }, 1_000, now);
        };
        (0..100).for_each(|tenant| push(tenant, false));
        (100..140).for_each(|tenant| push(tenant, true));
        let taken = waiting.take_others(Pace::SQLITE, 8, now);
        let of_people: Vec<bool> = taken.iter().map(|job| job.is_of_people).collect();
        assert_eq!(of_people, [vec![true; 4], vec![false; 8]].concat(), "a flood of people's leaves room");
    }

    #[test]
    fn a_turn_after_a_full_one_waits_for_more_and_others_do_not() {
        let (pace, now) = (Pace::SQLITE, Timestamp::from_millis(1_000));
        let after = |units, ago: u64, waiting| {
            let began_at = Timestamp::from_millis(1_000 - ago as i64);
            pace.pause(Turn { began_at, units }, now, waiting)
        };
        assert_eq!(after(pace.busy, 1, 1), pace.gather - Duration::from_millis(1));
        assert_eq!(after(pace.busy - 1, 1, 1), Duration::ZERO, "little was asked for");
        assert_eq!(after(pace.busy, 60, 1), Duration::ZERO, "the turn itself took that long");
        assert_eq!(after(pace.busy, 1, pace.bite), Duration::ZERO, "there is enough for a batch");
    }

    #[test]
    fn a_flood_of_deliveries_leaves_room_for_others() {
        let (mut waiting, now) = (Waiting::default(), Timestamp::from_millis(1));
        let mut answers = Vec::new();
        for _ in 0..10 {
            let (answer, answered) = oneshot::channel();
            let job = Job { work: Work::Accept(Delivery::default()), is_of_people: false, answer };
            waiting.push(job, 16, now);
            answers.push(answered);
        }
        let refused = answers.iter_mut().filter_map(|answered| answered.try_recv().ok()).count();
        assert_eq!((waiting.len(), refused), (4, 6));
    }
}
