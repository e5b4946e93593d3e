//! Pages of lists. A cursor is opaque to callers; within, it names its list and the last row they have seen.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tenants::clock::Timestamp;
use tenants::ports::{PageRequest, TimePosition};
use utoipa::ToSchema;
use uuid::Uuid;

use super::limit::Limit;
use super::query::QueryOf;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

const DEFAULT_LIMIT: u32 = 50;
/// Most items of a page.
pub const LARGEST_LIMIT: u32 = 200;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, newest first unless the route says otherwise.
    pub items: Vec<T>,
    /// Send it as `cursor` to get the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A list that always fits one page.
    pub fn whole(items: impl IntoIterator<Item = impl Into<T>>) -> Self {
        Self { items: items.into_iter().map(Into::into).collect(), next_cursor: None }
    }
}

#[derive(Debug, Deserialize)]
struct PageQuery {
    cursor: Option<String>,
    limit: Option<Limit<LARGEST_LIMIT>>,
}

/// What a request asks of a list, with positions of `N` bytes.
struct Asked<const N: usize> {
    list: List,
    position: Option<[u8; N]>,
    limit: u32,
}

impl<const N: usize> Asked<N> {
    async fn read(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let QueryOf(query) = QueryOf::<PageQuery>::from_request_parts(parts, state).await?;
        let list = List::of(parts);
        let position = query.cursor.map(|cursor| list.position(&cursor)).transpose()?;
        Ok(Self { list, position, limit: query.limit.map_or(DEFAULT_LIMIT, Limit::get) })
    }
}

/// The list of a route, by two bytes: so that a cursor of another list is refused and does not begin anywhere.
#[derive(Debug, Clone, Copy)]
struct List([u8; 2]);

impl List {
    fn of(parts: &Parts) -> Self {
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let digest = Sha256::digest(route);
        Self([digest[0], digest[1]])
    }

    fn cursor(self, position: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.0, position].concat())
    }

    fn position<const N: usize>(self, cursor: &str) -> Result<[u8; N], Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
        let position = bytes.as_ref().and_then(|bytes| bytes.strip_prefix(&self.0)?.try_into().ok());
        let unknown = "cursor is not one of this list: begin without a cursor";
        position.ok_or_else(|| Problem::new(ProblemKind::MalformedRequest, unknown))
    }
}

/// Which page of a list ordered by id is asked for.
#[derive(Debug, Clone, Copy)]
pub struct PageOf {
    list: List,
    before: Option<Uuid>,
    limit: u32,
}

impl PageOf {
    /// What to ask the store for: one row more than shown tells whether there is a next page.
    pub fn request(&self) -> PageRequest {
        PageRequest { before: self.before, limit: self.limit + 1 }
    }

    /// The page made of the rows that [`Self::request`] brought; `id` names a row in the cursor.
    pub fn page<Row, T: From<Row>>(&self, mut rows: Vec<Row>, id: impl Fn(&Row) -> Uuid) -> Page<T> {
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let last = rows.last().filter(|_| has_more).map(id);
        Page {
            next_cursor: last.map(|id| self.list.cursor(id.as_bytes())),
            items: rows.into_iter().map(T::from).collect(),
        }
    }
}

impl FromRequestParts<AppState> for PageOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Asked { list, position, limit } = Asked::read(parts, state).await?;
        Ok(Self { list, before: position.map(Uuid::from_bytes), limit })
    }
}

/// Which page of an audit chain is asked for; it is ordered by position.
#[derive(Debug, Clone, Copy)]
pub struct AuditPage {
    list: List,
    /// Only entries with a smaller position.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

impl AuditPage {
    /// The cursor of the page after the entry at this position.
    pub fn cursor(&self, position: i64) -> String {
        self.list.cursor(&position.to_be_bytes())
    }
}

impl FromRequestParts<AppState> for AuditPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Asked { list, position, limit } = Asked::read(parts, state).await?;
        Ok(Self { list, before: position.map(i64::from_be_bytes), limit })
    }
}

/// Which page of a list is asked for that is ordered by time.
#[derive(Debug, Clone, Copy)]
pub struct TimePage {
    list: List,
    after: Option<TimePosition>,
    limit: u32,
}

impl TimePage {
    /// What to ask for: one row more than shown tells whether there is a next page.
    pub fn request(&self) -> (Option<TimePosition>, u32) {
        (self.after, self.limit + 1)
    }

    /// Takes away the row too many, if there is one, and gives the cursor of the next page; `position` tells a row's place.
    pub fn cut<Row>(&self, rows: &mut Vec<Row>, position: impl Fn(&Row) -> TimePosition) -> Option<String> {
        let has_more = rows.len() > self.limit as usize;
        rows.truncate(self.limit as usize);
        let cursor = |row: &Row| {
            let TimePosition { at, id } = position(row);
            let mut bytes = [0; 24];
            bytes[..8].copy_from_slice(&at.as_micros().to_be_bytes());
            bytes[8..].copy_from_slice(id.as_bytes());
            self.list.cursor(&bytes)
        };
        rows.last().filter(|_| has_more).map(cursor)
    }
}

impl FromRequestParts<AppState> for TimePage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Asked { list, position, limit } = Asked::<24>::read(parts, state).await?;
        let after = position.map(|bytes| {
            let number = u128::from_be_bytes(std::array::from_fn(|index| bytes[8 + index]));
            let micros = i64::from_be_bytes(std::array::from_fn(|index| bytes[index]));
            TimePosition { at: Timestamp::from_micros(micros), id: Uuid::from_u128(number) }
        });
        Ok(Self { list, after, limit })
    }
}
