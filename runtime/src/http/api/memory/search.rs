//! Searching a memory, as a decision does or as the people at the agency may.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tenants::memory::{MemoryKind, Recall, Recalled, Visibility};
use utoipa::{IntoParams, ToSchema};

use super::MemoryItemView;
use crate::http::access::TenantRead;
use crate::http::extract::{Limit, QueryOf};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

/// Longest question, in characters.
const LONGEST: usize = 2_000;

/// What to search for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// What it is about; at most 2,000 characters.
    q: String,
    /// On whose behalf: `customer` finds what a reply could be made of, `internal` (when left out) everything.
    #[param(value_type = Option<schema::Visibility>)]
    visibility: Option<Visibility>,
    /// Instagram's id of a person, whose own items come up as well.
    person: Option<String>,
    /// Only this kind.
    #[param(value_type = Option<schema::MemoryKind>)]
    kind: Option<MemoryKind>,
    /// At most this many, 1 to 50; 10 when left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50)]
    limit: Option<Limit<50>>,
}

/// What was found, best first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchResult {
    items: Vec<FoundItem>,
}

/// Something that was found, and why.
#[derive(Debug, Serialize, ToSchema)]
struct FoundItem {
    item: MemoryItemView,
    /// How well it fits; only the order within one answer means something.
    score: f64,
    /// Its place among the items that share words with the question.
    words_rank: Option<usize>,
    /// Its place among the items whose meaning is near; only with an embedding endpoint.
    meaning_rank: Option<usize>,
    /// What age left of it, 0 to 1.
    decay: f64,
}

impl From<Recalled> for FoundItem {
    fn from(found: Recalled) -> Self {
        Self {
            item: found.item.into(),
            score: found.score,
            words_rank: found.words_rank,
            meaning_rank: found.meaning_rank,
            decay: found.decay,
        }
    }
}

/// Search what the tenant remembers, as a decision would or as the people at the agency may.
#[utoipa::path(get, path = "/tenants/{tenant}/memory/search", tag = "memory", params(SearchQuery),
    responses((status = 200, body = SearchResult)))]
pub(super) async fn search_memory(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<SearchQuery>,
    State(state): State<AppState>,
) -> Result<Json<SearchResult>, Problem> {
    let limit = query.limit.map_or(tenants::memory::RECALLED, |limit| limit.get() as usize);
    if query.q.chars().count() > LONGEST {
        let detail = format!("q may have at most {LONGEST} characters");
        return Err(Problem::new(ProblemKind::MalformedRequest, detail));
    }
    let recall = Recall {
        visibility: query.visibility.unwrap_or(Visibility::Internal),
        person: query.person,
        kinds: query.kind.into_iter().collect(),
        limit,
        ..Recall::for_operator(query.q, state.ports.clock.now())
    };
    let found = state.ports.memory.recall(&access.tenant.id, &recall).await?;
    Ok(Json(SearchResult { items: found.into_iter().map(FoundItem::from).collect() }))
}
