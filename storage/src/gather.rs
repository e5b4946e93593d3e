//! Reads that many actors want at the same moment travel together, as their commits do: while one statement runs, the
//! questions that come meanwhile wait, and the next statement answers them all. Alone, a question is asked at once; the
//! more is asked, the less each question costs.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tenants::ports::StoreError;
use tenants::tasks::Tasks;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::audit::GrownSince;
use crate::conversations::PlacesWanted;
use crate::db::{Connector, Reader};
use crate::failure::{Failure, closed};
use crate::inbox::WaitingOf;
use crate::memory::Recalling;
use crate::options::Place;
use crate::outbox::{DueOf, UnknownUntil};
use crate::sqlite::FileOptions;

/// Most questions that one statement answers.
const MOST: usize = 128;
/// Questions that may wait; who has more waits to ask.
const QUEUE: usize = 1_024;

/// Something that can be asked for several askers in one statement.
pub(crate) trait Question: Send + Sync + Sized + 'static {
    /// What one asker gets.
    type Answer: Send;

    /// Questions with the same key are asked one after the other, because one statement could not tell them apart.
    fn key(&self) -> Option<Uuid>;

    /// Answers in the order of the questions.
    fn ask_together(
        source: &mut Source,
        questions: &[&Self],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

/// Where questions of one kind are asked.
#[derive(Debug)]
pub(crate) enum Source {
    Sqlite { file: FileOptions, connection: Option<rusqlite::Connection> },
    Postgres(Reader),
}

impl Source {
    fn of(reader: &Reader, place: &Place) -> Self {
        match &place.writing {
            Connector::Sqlite(file) => Self::Sqlite { file: file.clone(), connection: None },
            Connector::Postgres(_) => Self::Postgres(reader.clone()),
        }
    }

    /// The connection, opened when it is first needed.
    pub(crate) fn opened<'s>(
        file: &FileOptions,
        connection: &'s mut Option<rusqlite::Connection>,
    ) -> Result<&'s mut rusqlite::Connection, Failure> {
        match connection {
            Some(open) => Ok(open),
            closed => Ok(closed.insert(file.open_for_reading()?)),
        }
    }
}

/// Reads all rows of a statement: `gathered!(source, Row, STATEMENT, bind, …)`.
macro_rules! gathered {
    ($source:expr, $row:ty, $statement:expr $(, $bind:expr)* $(,)?) => {
        match $source {
            $crate::gather::Source::Sqlite { file, connection } => {
                $crate::gather::Source::opened(file, connection)
                    .and_then(|connection| {
                        $crate::sqlite::Query::numbered(connection, $statement.sqlite())$(.bind($bind))*
                            .fetch::<$row>()
                    })
                    .map_err($crate::failure::Failure::into_store_error)
            }
            $crate::gather::Source::Postgres(reader) => {
                $crate::db::rows!(reader, $row, $statement $(, $bind)*)
            }
        }
    };
}
pub(crate) use gathered;

/// The questions of an installation that are asked together.
#[derive(Debug)]
pub(crate) struct Gatherers {
    pub(crate) pending_events: Gatherer<WaitingOf>,
    pub(crate) conversations: Gatherer<PlacesWanted>,
    pub(crate) due_effects: Gatherer<DueOf>,
    /// Of tenants some of whose effects must wait: looking past thousands of these takes its time, which is theirs.
    pub(crate) due_effects_past_others: Gatherer<DueOf>,
    pub(crate) unknown_effects: Gatherer<UnknownUntil>,
    /// Of what memories found.
    pub(crate) recalled: Gatherer<Recalling>,
    /// Of hundreds of live feeds that look at the same moment.
    pub(crate) grown_logs: Gatherer<GrownSince>,
    closing: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Gatherers {
    pub(crate) fn start(of_work: &Reader, of_people: &Reader, place: &Place, tasks: &Tasks) -> Self {
        let (closing, closed) = watch::channel(false);
        let mut begin = Beginning { place, tasks, closed, begun: Vec::new() };
        Self {
            pending_events: begin.gatherer(of_work),
            conversations: begin.gatherer(of_work),
            due_effects: begin.gatherer(of_work),
            due_effects_past_others: begin.gatherer(of_work),
            unknown_effects: begin.gatherer(of_work),
            recalled: begin.gatherer(of_work),
            grown_logs: begin.gatherer(of_people),
            closing,
            tasks: Mutex::new(begin.begun),
        }
    }

    /// Answers nothing more, and closes the connections.
    pub(crate) async fn close(&self) {
        self.closing.send_replace(true);
        let tasks: Vec<_> = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a reader did not end in good order");
            }
        }
    }
}

/// What gatherers are made with.
struct Beginning<'a> {
    place: &'a Place,
    tasks: &'a Tasks,
    closed: watch::Receiver<bool>,
    begun: Vec<JoinHandle<()>>,
}

impl Beginning<'_> {
    fn gatherer<Q: Question>(&mut self, reader: &Reader) -> Gatherer<Q> {
        let (asking, asked) = mpsc::channel(QUEUE);
        let source = Source::of(reader, self.place);
        let is_file = matches!(source, Source::Sqlite { .. });
        let answering = answer_all(source, asked, self.closed.clone());
        self.begun.push(if is_file {
            // SQLite works on the thread that calls it.
            let runtime = tokio::runtime::Handle::current();
            self.tasks.spawn_blocking(move || runtime.block_on(answering))
        } else {
            self.tasks.spawn("store.gather", answering)
        });
        Gatherer(asking)
    }
}

/// Asks questions of one kind.
#[derive(Debug)]
pub(crate) struct Gatherer<Q: Question>(mpsc::Sender<Asked<Q>>);

#[derive(Debug)]
struct Asked<Q: Question> {
    question: Q,
    answer: oneshot::Sender<Result<Q::Answer, StoreError>>,
}

impl<Q: Question> Gatherer<Q> {
    /// Asks, together with whoever asks at this moment.
    pub(crate) async fn ask(&self, question: Q) -> Result<Q::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Asked { question, answer }).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

async fn answer_all<Q: Question>(
    mut source: Source,
    mut asked: mpsc::Receiver<Asked<Q>>,
    mut closed: watch::Receiver<bool>,
) {
    let mut waiting = Vec::new();
    loop {
        if waiting.is_empty() {
            tokio::select! {
                biased;
                // An error says that nobody is left who could close: the same as closing.
                _ = closed.wait_for(|closed| *closed) => return,
                taken = asked.recv_many(&mut waiting, MOST) => if taken == 0 { return },
            }
        }
        while waiting.len() < MOST
            && let Ok(more) = asked.try_recv()
        {
            waiting.push(more);
        }
        waiting.retain(|it| !it.answer.is_closed());
        let (now, later) = one_per_key(std::mem::take(&mut waiting));
        waiting = later;
        answer(&mut source, now).await;
    }
}

/// The first question of every key, and the others.
fn one_per_key<Q: Question>(all: Vec<Asked<Q>>) -> (Vec<Asked<Q>>, Vec<Asked<Q>>) {
    let mut keys = HashSet::new();
    all.into_iter().partition(|it| it.question.key().is_none_or(|key| keys.insert(key)))
}

async fn answer<Q: Question>(source: &mut Source, asked: Vec<Asked<Q>>) {
    let (questions, answers): (Vec<Q>, Vec<_>) = asked.into_iter().map(|it| (it.question, it.answer)).unzip();
    let together: Vec<&Q> = questions.iter().collect();
    if together.is_empty() {
        return;
    }
    match Q::ask_together(source, &together).await {
        Ok(found) => {
            for (answer, found) in answers.into_iter().zip(found) {
                // Whoever does not wait any more is not told.
                let _ = answer.send(Ok(found));
            }
        }
        Err(StoreError::Unavailable(error)) => {
            let error: Arc<dyn Error + Send + Sync> = error.into();
            for answer in answers {
                let _ = answer.send(Err(StoreError::Unavailable(Box::new(Arc::clone(&error)))));
            }
        }
        // A row that cannot be read is the trouble of whoever asked for it, not of the others.
        Err(_) => {
            for (answer, question) in answers.into_iter().zip(together) {
                let alone = Q::ask_together(source, &[question]).await;
                let _ = answer.send(alone.map(|mut found| found.swap_remove(0)));
            }
        }
    }
}

/// Deals rows out to those that asked, each at most as many as it wanted, in the order of the rows.
pub(crate) fn deal_out<T, O: Copy + Eq + Hash>(
    rows: Vec<T>,
    owner: impl Fn(&T) -> O,
    wanted: impl Iterator<Item = (O, u32)>,
) -> Vec<Vec<T>> {
    let mut groups: HashMap<O, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(owner(&row)).or_default().push(row);
    }
    let deal = |(owner, limit): (O, u32)| {
        let mut own = groups.remove(&owner).unwrap_or_default();
        own.truncate(limit as usize);
        own
    };
    wanted.map(deal).collect()
}
