//! The database as a whole: a pool for reading, committers for writing.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tenants::changes::Changes;
use tenants::ports::{StoreError, UnitOfWork};
use tenants::tasks::Tasks;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::budgets::Owners;
use crate::check;
use crate::checkpoint;
use crate::db::{Connector, Pool, Reader, Session};
use crate::failure::{closed, too_slow};
use crate::gather::Gatherers;
use crate::memory::{Happened, MemoryNews};
use crate::open::{self, OpenError};
use crate::options::{DatabaseOptions, Limits, Place};
use crate::prompts::Library;
use crate::work::{Outcome, Work};
use crate::writer::{Job, Pace, Writer};

/// The store on SQLite or PostgreSQL. Cheap to clone; all clones are one database.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
    /// The connections that this clone reads through.
    reader: Reader,
    /// Whether people wait for what this clone commits.
    is_of_people: bool,
}

struct Inner {
    /// Of actors, the queue and all other work.
    of_work: Reader,
    /// Of people, who look and ask: their reads wait for each other, and never for those of a thousand events.
    of_people: Reader,
    gatherers: Gatherers,
    memory_news: MemoryNews,
    library: Library,
    owners: Owners,
    lanes: Vec<mpsc::Sender<Job>>,
    patience: Duration,
    closing: watch::Sender<bool>,
    committers: Mutex<Vec<JoinHandle<()>>>,
    place: Place,
    limits: Limits,
    #[cfg(feature = "testing")]
    losses: crate::testing::Losses,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({})", self.inner.place.label)
    }
}

impl Database {
    /// Opens the database; a SQLite file is made when there is none. Does not migrate: see [`Database::migrate`].
    ///
    /// # Errors
    /// When it cannot be reached, or its schema is newer than this program.
    pub async fn open(options: DatabaseOptions) -> Result<Self, OpenError> {
        let DatabaseOptions { url, clock, limits } = options;
        let place = Place::of(&url, &limits)?;
        if let Connector::Sqlite(file) = &place.writing {
            file.make_private();
        }
        let mut first = open::connect(&place, &limits).await?;
        open::pending(&mut first).await?;
        // The committers have connections of their own; whatever closing this one says, it has done its work.
        let _ = first.close().await;

        let (closing, closed) = watch::channel(false);
        // Tasks of its own: the committers end when the database is closed, not when everybody is told to stop,
        // because whoever stops last must still be able to commit.
        let tasks = Tasks::default();
        let count = match place.writing {
            Connector::Sqlite(_) => 1,
            Connector::Postgres(_) => limits.committers.max(1),
        };
        let (mut lanes, mut committers) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            let (lane, queue) = mpsc::channel(limits.queue.max(1));
            let (pace, written) = match &place.writing {
                Connector::Sqlite(file) => {
                    let (written, checkpoints) = checkpoint::start(file.clone(), closed.clone(), &tasks);
                    committers.push(checkpoints);
                    (Pace::SQLITE, Some(written))
                }
                Connector::Postgres(_) => (Pace::POSTGRES, None),
            };
            let writer = Writer {
                queue,
                closing: closed.clone(),
                connector: place.writing.clone(),
                connection: None,
                clock: Arc::clone(&clock),
                room: limits.queue.max(1),
                batch: limits.batch.max(1),
                pace,
                timeout: limits.timeout,
                written,
            };
            lanes.push(lane);
            committers.push(match place.writing {
                // SQLite works on the thread that calls it.
                Connector::Sqlite(_) => {
                    let runtime = tokio::runtime::Handle::current();
                    tasks.spawn_blocking(move || runtime.block_on(writer.run()))
                }
                Connector::Postgres(_) => tasks.spawn("store.commit", writer.run()),
            });
        }
        let reader = || Reader { pool: open::reading_pool(&place, &limits), timeout: limits.timeout };
        let (of_work, of_people) = (reader(), reader());
        let gatherers = Gatherers::start(&of_work, &of_people, &place, &tasks);
        let patience = limits.patience;
        let committers = Mutex::new(committers);
        let (library, owners) = (Library::default(), Owners::default());
        let inner = Inner {
            of_work: of_work.clone(),
            of_people,
            gatherers,
            memory_news: MemoryNews::default(),
            library,
            owners,
            lanes,
            patience,
            closing,
            committers,
            place,
            limits,
            #[cfg(feature = "testing")]
            losses: crate::testing::Losses::default(),
        };
        Ok(Self { inner: Arc::new(inner), reader: of_work, is_of_people: false })
    }

    /// The same database for people, who wait for it: it is read through the connections that are kept for them, and what
    /// they do is committed before other work.
    #[must_use]
    pub fn for_people(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), reader: self.inner.of_people.clone(), is_of_people: true }
    }

    pub(crate) async fn connect(&self) -> Result<Session, OpenError> {
        open::connect(&self.inner.place, &self.inner.limits).await
    }

    /// Applies the migrations that are pending. Several nodes may do so at the same time.
    ///
    /// # Errors
    /// When a migration fails (it leaves nothing behind), or the schema is newer than this program.
    pub async fn migrate(&self) -> Result<(), OpenError> {
        let mut connection = open::connect(&self.inner.place, &self.inner.limits).await?;
        let migrated = open::migrate_beside_others(&mut connection).await;
        // Whatever closing says, the migrations are applied or not.
        let _ = connection.close().await;
        migrated
    }

    /// Names of the migrations that [`Database::migrate`] would apply.
    ///
    /// # Errors
    /// When the database cannot be reached, or the schema is newer than this program.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, OpenError> {
        let mut connection = open::connect(&self.inner.place, &self.inner.limits).await?;
        let pending = open::pending(&mut connection).await;
        let _ = connection.close().await;
        pending
    }

    /// Prepares every statement this crate can execute, and gives their number: proves that schema and program fit.
    ///
    /// # Errors
    /// The first statement that the database does not understand.
    pub async fn check_statements(&self) -> Result<usize, StoreError> {
        let mut connection = self.inner.place.session.connect().await.map_err(crate::failure::read_error)?;
        let checked = check::prepare_all(&mut connection).await;
        let _ = connection.close().await;
        checked
    }

    /// What to call this database in messages: a path, or host, port and name. Never holds a password.
    pub fn label(&self) -> &str {
        &self.inner.place.label
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self.reader.pool {
            Pool::Sqlite(_) => "sqlite",
            Pool::Postgres(_) => "postgres",
        }
    }

    /// Commits what waits, refuses what comes later, and closes all connections, the committers' last: so that SQLite
    /// empties its write-ahead log into the file. To be called after everybody who commits has ended.
    pub async fn close(&self) {
        self.inner.gatherers.close().await;
        for reader in [&self.inner.of_work, &self.inner.of_people] {
            match &reader.pool {
                Pool::Sqlite(pool) => pool.close().await,
                Pool::Postgres(pool) => pool.close().await,
            }
        }
        self.inner.closing.send_replace(true);
        let committers: Vec<JoinHandle<()>> =
            self.inner.committers.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for committer in committers {
            if let Err(error) = committer.await {
                tracing::error!(%error, "a committer did not end in good order");
            }
        }
    }

    /// Loses the answer of the next unit of work that is committed.
    #[cfg(feature = "testing")]
    pub fn lose_next_answer(&self) {
        self.inner.losses.lose_next();
    }

    /// The read side.
    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Reads that travel together.
    pub(crate) fn gatherers(&self) -> &Gatherers {
        &self.inner.gatherers
    }

    /// What was committed here to the memories that are watched.
    pub(crate) fn memory_news(&self) -> &MemoryNews {
        &self.inner.memory_news
    }

    /// Texts of prompts that are in use.
    pub(crate) fn library(&self) -> &Library {
        &self.inner.library
    }

    /// Which agencies tenants belong to.
    pub(crate) fn owners(&self) -> &Owners {
        &self.inner.owners
    }

    /// Hands work to a committer and waits until it is durable. Once the work has been handed over it is done even
    /// if the caller stops waiting; only a delivery may be left undone then, because whoever brought it comes again.
    pub(crate) async fn submit(&self, work: Work) -> Result<Outcome, StoreError> {
        let lane = (work.lane().as_u128() % self.inner.lanes.len() as u128) as usize;
        let (answer, answered) = oneshot::channel();
        let job = Job { work, is_of_people: self.is_of_people, answer };
        self.inner.lanes[lane].send_timeout(job, self.inner.patience).await.map_err(
            |refusal| match refusal {
                mpsc::error::SendTimeoutError::Timeout(_) => too_slow(),
                mpsc::error::SendTimeoutError::Closed(_) => closed(),
            },
        )?;
        tenants::writes::note();
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

#[async_trait]
impl UnitOfWork for Database {
    async fn commit(&self, changes: Changes) -> Result<(), StoreError> {
        if changes.list.is_empty() {
            return Ok(());
        }
        let happened = Happened::in_unit(&changes);
        self.submit(Work::Commit(changes)).await?;
        #[cfg(feature = "testing")]
        self.inner.losses.pass()?;
        if let Some((tenant, happened)) = happened {
            self.memory_news().tell(tenant, happened);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::TestDatabase;
    use tenants::clock::SystemClock;
    use tenants::ports::{Directory, Inbox, Operations, Outbox};

    #[tokio::test]
    async fn people_read_while_all_connections_of_the_work_are_taken() {
        let file = TestDatabase::sqlite();
        file.open().await.close().await;
        let limits = Limits { readers: 1, timeout: Duration::from_secs(2), ..Limits::default() };
        let options = DatabaseOptions { limits, ..DatabaseOptions::new(file.url(), Arc::new(SystemClock)) };
        let database = Database::open(options).await.unwrap();
        let Pool::Sqlite(of_work) = &database.reader().pool else { panic!("another database") };
        let _taken = of_work.acquire().await.unwrap();
        assert!(database.for_people().list_agencies().await.is_ok());
        assert!(database.list_agencies().await.is_err(), "the work was to have no connection left");
    }

    #[tokio::test]
    async fn a_closed_file_stands_alone_and_whoever_asks_is_told() {
        let file = TestDatabase::sqlite();
        let database = file.open().await;
        database.ping().await.unwrap();
        let now = tenants::clock::Clock::now(&tenants::clock::SystemClock);
        assert!(database.unknown_effects(now, 1).await.unwrap().is_empty());
        database.close().await;
        let log = format!("{}-wal", file.url().trim_start_matches("sqlite:"));
        assert!(!std::path::Path::new(&log).exists(), "the write-ahead log is left behind");
        assert!(database.unknown_effects(now, 1).await.is_err());
        assert!(database.tenants_with_events().await.is_err());
    }
}
