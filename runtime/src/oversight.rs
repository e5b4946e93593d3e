//! People who ask why: their conversations, how often they may ask, and the way of an answer from the records to them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actors::Ports;
use actors::oversight::{AnswerError, Answered, Asked, Oversight, WhoIsWho};
use async_trait::async_trait;
use tenants::account::{Tenant, TenantStatus};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, OversightId, TurnId};
use tenants::money::MicroUsd;
use tenants::oversight::{LONGEST_TITLE, OversightChange, OversightSession, OversightTurn};
use tenants::ports::{AgentStatus, Directory, OversightSessions, PageRequest, StoreError, Users};
use tokio::sync::{mpsc, oneshot};

/// Questions a minute from one person or key.
pub const PER_MINUTE: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// Longest time an answer may take.
pub const LONGEST_ANSWER: Duration = Duration::from_secs(5 * 60);
/// An agent that has not beaten for so long is down, whatever it said last.
const DOWN_AFTER: Duration = Duration::from_secs(60);
/// Earlier questions that are read for the next one.
const EARLIER: u32 = 10;
/// Callers remembered at once.
const MOST_REMEMBERED: usize = 10_000;
/// Pieces of an answer that wait for a slow reader.
const WAITING: usize = 64;

/// Names of users and keys, from the database.
pub struct NamesOf<D>(pub D);

#[async_trait]
impl<D: Directory + Users + 'static> WhoIsWho for NamesOf<D> {
    async fn names(&self, agency: &AgencyId) -> Result<HashMap<String, String>, StoreError> {
        let (keys, of_installation, users) = tokio::try_join!(
            self.0.list_keys(agency),
            self.0.list_keys(&AgencyId::INSTALLATION),
            self.0.list_users(agency)
        )?;
        let named_keys = keys
            .into_iter()
            .chain(of_installation)
            .map(|key| (format!("key:{}", key.id), format!("the key {}", key.name)));
        let named_users = users.into_iter().map(|(user, _)| {
            let name = if user.name.is_empty() { user.email } else { user.name };
            (format!("user:{}", user.id), name)
        });
        Ok(named_keys.chain(named_users).collect())
    }
}

/// Why a question is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Too many within a minute.
    #[error("at most {PER_MINUTE} questions a minute")]
    TooMany(Duration),
    /// The tenant's agent shows no sign of life.
    #[error("the tenant's agent is down")]
    AgentDown,
    /// There is no such conversation.
    #[error("there is no such conversation")]
    NoSession,
    /// The conversation takes no further question.
    #[error("the conversation is closed: begin a new one without session_id")]
    Closed,
    /// The database does not answer, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What becomes of a question, piece by piece.
#[derive(Debug)]
pub enum Piece {
    /// More of the answer.
    Text(String),
    /// All of it, as it is stored.
    Done(Box<OversightTurn>),
    /// It broke off: why, and what to do. What came before is stored as incomplete.
    Broken(String),
}

/// Where questions are asked. Cheap to clone.
#[derive(Clone)]
pub struct OversightDesk(Arc<Parts>);

struct Parts {
    ports: Ports,
    oversight: Oversight,
    sessions: Arc<dyn OversightSessions>,
    asked: Mutex<HashMap<String, VecDeque<Timestamp>>>,
}

impl OversightDesk {
    /// One over the actors' ports.
    pub fn new(ports: Ports, sessions: Arc<dyn OversightSessions>, who: Arc<dyn WhoIsWho>) -> Self {
        let oversight = Oversight::new(ports.clone(), who);
        Self(Arc::new(Parts { ports, oversight, sessions, asked: Mutex::default() }))
    }

    /// Conversations, as they are read.
    pub fn sessions(&self) -> &dyn OversightSessions {
        self.0.sessions.as_ref()
    }

    /// Takes a question, in a conversation or as the first of a new one; the pieces of its answer. Whoever stops listening
    /// ends it.
    ///
    /// # Errors
    /// See [`AskError`]; then nothing was stored.
    pub async fn ask(
        &self,
        tenant: &Tenant,
        asked_by: &str,
        question: String,
        session: Option<OversightId>,
    ) -> Result<(OversightId, mpsc::Receiver<Piece>), AskError> {
        let now = self.0.ports.clock.now();
        self.admit(asked_by, now)?;
        self.require_agent(tenant, now).await?;
        let (begun, session, before) = match session {
            Some(id) => (None, id, self.go_on(tenant, asked_by, &id).await?),
            None => {
                let new = new_session(OversightId::new(&self.0.ports.ids), tenant, asked_by, &question, now);
                (Some(OversightChange::Begin(Box::new(new.clone()))), new.id, Vec::new())
            }
        };
        let turn = new_turn(TurnId::new(&self.0.ports.ids), session, question, now);
        let (pieces, listener) = mpsc::channel(WAITING);
        let asked = Asked { tenant: tenant.clone(), question: turn.question.clone(), before, at: now };
        let ask = OversightChange::Ask(Box::new(turn.clone()));
        // The answer is looked up while the question is stored; nobody hears of it if that fails.
        let (stored, is_stored) = oneshot::channel();
        let (desk, tasks) = (self.clone(), self.0.ports.tasks.clone());
        tasks.spawn("oversight-answer", async move { desk.answer(asked, turn, pieces, is_stored).await });
        self.commit(tenant, begun.into_iter().chain([ask])).await?;
        // Whoever answers may have ended with the node.
        let _ = stored.send(());
        Ok((session, listener))
    }

    /// Ends a conversation, or removes it.
    ///
    /// # Errors
    /// [`AskError::NoSession`] when it is not this caller's.
    pub async fn end(
        &self,
        tenant: &Tenant,
        asked_by: &str,
        change: OversightChange,
    ) -> Result<(), AskError> {
        let (OversightChange::Close(id) | OversightChange::Delete(id)) = &change else { return Ok(()) };
        let found = self.sessions().find_oversight(&tenant.id, asked_by, id).await?;
        found.ok_or(AskError::NoSession)?;
        Ok(self.commit(tenant, [change]).await?)
    }

    fn admit(&self, asked_by: &str, now: Timestamp) -> Result<(), AskError> {
        let mut asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= MOST_REMEMBERED {
            asked.retain(|_, times| times.back().is_some_and(|last| now.since(*last) < MINUTE));
        }
        let times = asked.entry(asked_by.to_owned()).or_default();
        while times.front().is_some_and(|first| now.since(*first) >= MINUTE) {
            times.pop_front();
        }
        if let Some(first) = times.front().filter(|_| times.len() >= PER_MINUTE) {
            return Err(AskError::TooMany(MINUTE.saturating_sub(now.since(*first))));
        }
        times.push_back(now);
        Ok(())
    }

    /// A tenant whose agent is silent has no state that could be asked about. One that has no agent (nothing is connected, or
    /// it is suspended) has its records.
    async fn require_agent(&self, tenant: &Tenant, now: Timestamp) -> Result<(), AskError> {
        if tenant.status != TenantStatus::Active {
            return Ok(());
        }
        let beats = self.0.ports.store.list_heartbeats(&tenant.id).await?;
        let own = beats.into_iter().find(|beat| beat.agent == "tenant");
        let is_down = own.is_some_and(|beat| match beat.status {
            AgentStatus::Down => true,
            AgentStatus::Alive => now.since(beat.last_beat_at) > DOWN_AFTER,
            AgentStatus::Asleep => false,
        });
        if is_down { Err(AskError::AgentDown) } else { Ok(()) }
    }

    /// What was asked before in a conversation that is gone on with.
    async fn go_on(
        &self,
        tenant: &Tenant,
        asked_by: &str,
        id: &OversightId,
    ) -> Result<Vec<OversightTurn>, AskError> {
        let found = self.sessions().find_oversight(&tenant.id, asked_by, id).await?;
        if !found.ok_or(AskError::NoSession)?.is_active {
            return Err(AskError::Closed);
        }
        let mut before = self.sessions().oversight_turns(&tenant.id, id, PageRequest::first(EARLIER)).await?;
        before.reverse();
        Ok(before)
    }

    /// Answers, tells the listener, and stores what came of it, whatever happens on the way.
    async fn answer(
        &self,
        asked: Asked,
        mut turn: OversightTurn,
        pieces: mpsc::Sender<Piece>,
        is_stored: oneshot::Receiver<()>,
    ) {
        let ports = &self.0.ports;
        let (heard, mut said) = mpsc::channel::<String>(1);
        let mut answering = std::pin::pin!(self.0.oversight.answer(&asked, &heard));
        let mut limit = ports.clock.sleep(LONGEST_ANSWER);
        let ended = loop {
            tokio::select! {
                biased;
                Some(text) = said.recv() => {
                    turn.first_token_ms.get_or_insert(self.since(asked.at));
                    turn.answer.push_str(&text);
                    if pieces.send(Piece::Text(text)).await.is_err() {
                        break Err("the one who asked stopped listening".to_owned());
                    }
                }
                () = pieces.closed() => break Err("the one who asked stopped listening".to_owned()),
                () = ports.tasks.stopping() => break Err("the node was stopped: ask again".to_owned()),
                () = &mut limit => break Err("the answer took longer than five minutes: ask for less at once".to_owned()),
                result = &mut answering => break result.map_err(told),
            }
        };
        // What was said last may still wait to be passed on.
        while let Ok(text) = said.try_recv() {
            turn.answer.push_str(&text);
            let _ = pieces.send(Piece::Text(text)).await;
        }
        turn.latency_ms = Some(self.since(asked.at));
        let piece = match ended {
            Ok(answered) => {
                complete(&mut turn, answered);
                Piece::Done(Box::new(turn.clone()))
            }
            Err(problem) => {
                turn.problem = Some(problem.clone());
                Piece::Broken(problem)
            }
        };
        if is_stored.await.is_err() {
            // Neither is the question: whoever asked has been told.
            return;
        }
        if let Err(error) = self.commit(&asked.tenant, [OversightChange::Answer(Box::new(turn))]).await {
            tracing::warn!(%error, "an answer could not be stored; it stays marked as incomplete");
        }
        let _ = pieces.send(piece).await;
    }

    async fn commit(
        &self,
        tenant: &Tenant,
        changes: impl IntoIterator<Item = OversightChange>,
    ) -> Result<(), StoreError> {
        let unit = Changes::of_tenant(tenant.id);
        let unit = changes.into_iter().fold(unit, |unit, change| unit.with(Change::Oversight(change)));
        self.0.ports.store.commit(unit).await
    }

    fn since(&self, moment: Timestamp) -> i64 {
        i64::try_from(self.0.ports.clock.now().since(moment).as_millis()).unwrap_or(i64::MAX)
    }
}

fn told(error: AnswerError) -> String {
    if let AnswerError::Unavailable(source) = &error {
        tracing::warn!(error = %source, "a question could not be answered");
    }
    error.to_string()
}

fn new_session(
    id: OversightId,
    tenant: &Tenant,
    asked_by: &str,
    question: &str,
    now: Timestamp,
) -> OversightSession {
    OversightSession {
        id,
        tenant: tenant.id,
        asked_by: asked_by.to_owned(),
        title: title_of(question),
        is_active: true,
        total_queries: 0,
        total_latency_ms: 0,
        last_question: None,
        last_answer: None,
        created_at: now,
        updated_at: now,
    }
}

fn new_turn(id: TurnId, session: OversightId, question: String, now: Timestamp) -> OversightTurn {
    OversightTurn {
        id,
        session,
        question,
        answer: String::new(),
        sources: Vec::new(),
        tools: Vec::new(),
        steps: Vec::new(),
        confidence: None,
        model: None,
        cost: MicroUsd(0),
        first_token_ms: None,
        latency_ms: None,
        is_incomplete: true,
        problem: None,
        asked_at: now,
    }
}

fn complete(turn: &mut OversightTurn, answered: Answered) {
    turn.is_incomplete = false;
    turn.answer = answered.text;
    turn.sources = answered.sources;
    turn.tools = answered.tools;
    turn.steps = answered.steps;
    turn.confidence = Some(answered.confidence);
    turn.model = Some(answered.model);
    turn.cost = answered.cost;
}

/// The first line of a question, shortened.
fn title_of(question: &str) -> String {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST_TITLE) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}
