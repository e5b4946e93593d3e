//! One node per database, until several can share it: what a second node took for interrupted would be the first
//! one's work in hand.

use std::fmt;
use std::time::Duration;

use crate::database::Database;
use crate::db::Session;
use crate::open::OpenError;

/// Session-level advisory lock of PostgreSQL: it ends with the connection, also when the process is killed.
const CLAIM: &str = "select pg_try_advisory_lock(8427160155014310)";

/// How often a claim is tried again: the server needs a moment to notice that a killed node has gone.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// While this value lives, no other node can claim the same PostgreSQL database. A SQLite file is claimed by the lock
/// of its data folder instead, which is the caller's business.
pub struct NodeClaim {
    _session: Option<Session>,
}

impl fmt::Debug for NodeClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeClaim")
    }
}

impl Database {
    /// Claims the database for this node.
    ///
    /// # Errors
    /// [`OpenError::InUse`] when another node has it and does not give it back within five seconds.
    pub async fn claim_node(&self) -> Result<NodeClaim, OpenError> {
        let mut session = self.connect().await?;
        let Session::Postgres(connection) = &mut session else {
            return Ok(NodeClaim { _session: None });
        };
        for _ in 0..TRIES {
            let claimed = sqlx::query_scalar::<_, bool>(CLAIM).fetch_one(&mut **connection).await;
            let claimed = claimed
                .map_err(|source| OpenError::Unreachable { place: self.label().to_owned(), source })?;
            if claimed {
                return Ok(NodeClaim { _session: Some(session) });
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(OpenError::InUse { place: self.label().to_owned() })
    }
}
