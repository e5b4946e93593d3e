//! One writer thread: everything that waits becomes one transaction, made durable by one fsync.

use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::{Connection, Transaction};
use tokio::sync::{mpsc, oneshot};

/// Most writes of one transaction.
const BATCH: usize = 2048;

const SCHEMA: &str = "
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma wal_autocheckpoint = 4000;
    pragma cache_size = -32768;
    create table inbox (id integer primary key, account text not null, comment text not null, payload text not null,
        done integer not null default 0, unique (account, comment));
    create table outbox (id integer primary key, event integer not null unique, text text not null, reply text);
    create table audit (id integer primary key, event integer not null, what text not null);
";

/// A comment as it came in.
#[derive(Debug)]
pub struct Comment {
    pub account: String,
    pub id: String,
    pub text: String,
    pub payload: Box<str>,
}

/// A write, and where its result goes once it is durable.
enum Write {
    /// Keeps a comment; its number, or `None` when it was known.
    Accept(Arc<Comment>, oneshot::Sender<Option<i64>>),
    /// Keeps what shall be said about an event.
    Decide(i64, String, oneshot::Sender<()>),
    /// Keeps that it was said.
    Settle(i64, String, oneshot::Sender<()>),
}

/// The door to the writer. Cheap to clone.
#[derive(Clone)]
pub struct Store(mpsc::Sender<Write>);

/// The writer is gone: nothing can be stored any more.
#[derive(Debug)]
pub struct Gone;

/// Makes a new database and starts its writer.
pub fn open(path: String) -> rusqlite::Result<(Store, JoinHandle<rusqlite::Result<()>>)> {
    let connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    let (sender, writes) = mpsc::channel(4 * BATCH);
    Ok((Store(sender), std::thread::spawn(move || run(connection, writes))))
}

impl Store {
    pub async fn accept(&self, comment: Arc<Comment>) -> Result<Option<i64>, Gone> {
        self.write(|done| Write::Accept(comment, done)).await
    }

    pub async fn decide(&self, event: i64, text: String) -> Result<(), Gone> {
        self.write(|done| Write::Decide(event, text, done)).await
    }

    pub async fn settle(&self, event: i64, reply: String) -> Result<(), Gone> {
        self.write(|done| Write::Settle(event, reply, done)).await
    }

    async fn write<T>(&self, write: impl FnOnce(oneshot::Sender<T>) -> Write) -> Result<T, Gone> {
        let (done, is_done) = oneshot::channel();
        self.0.send(write(done)).await.map_err(|_| Gone)?;
        is_done.await.map_err(|_| Gone)
    }
}

fn run(mut connection: Connection, mut writes: mpsc::Receiver<Write>) -> rusqlite::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    while writes.blocking_recv_many(&mut batch, BATCH) > 0 {
        let transaction = connection.transaction()?;
        let answers =
            batch.drain(..).map(|write| apply(&transaction, write)).collect::<Result<Vec<_>, _>>()?;
        transaction.commit()?;
        answers.into_iter().for_each(Answer::give);
    }
    Ok(())
}

/// What is told once the transaction is durable. Whoever asked may be gone by then.
enum Answer {
    Accepted(oneshot::Sender<Option<i64>>, Option<i64>),
    Done(oneshot::Sender<()>),
}

impl Answer {
    fn give(self) {
        match self {
            Answer::Accepted(done, event) => drop(done.send(event)),
            Answer::Done(done) => drop(done.send(())),
        }
    }
}

fn apply(transaction: &Transaction<'_>, write: Write) -> rusqlite::Result<Answer> {
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| transaction.prepare_cached(sql)?.execute(values);
    match write {
        Write::Accept(comment, done) => {
            let sql =
                "insert into inbox (account, comment, payload) values (?1, ?2, ?3) on conflict do nothing";
            let is_new = run(sql, &[&comment.account, &comment.id, &comment.payload])? == 1;
            Ok(Answer::Accepted(done, is_new.then(|| transaction.last_insert_rowid())))
        }
        Write::Decide(event, text, done) => {
            run("update inbox set done = 1 where id = ?1", &[&event])?;
            run("insert into outbox (event, text) values (?1, ?2)", &[&event, &text])?;
            run("insert into audit (event, what) values (?1, ?2)", &[&event, &text])?;
            Ok(Answer::Done(done))
        }
        Write::Settle(event, reply, done) => {
            run("update outbox set reply = ?2 where event = ?1", &[&event, &reply])?;
            run("insert into audit (event, what) values (?1, 'sent')", &[&event])?;
            Ok(Answer::Done(done))
        }
    }
}
