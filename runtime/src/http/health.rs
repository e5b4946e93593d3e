//! Whether the node lives, is ready, and its numbers.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::TextEncoder;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Problem, ProblemKind};
use super::state::AppState;

/// Longest time for the database to answer; probes give up soon after.
const PING_LIMIT: Duration = Duration::from_secs(3);

/// Probes and metrics; they need no key.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).routes(routes!(metrics))
}

/// The answer of a probe.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
async fn live() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The node can work: the database answers, actors run, no migration is missing.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Health)))]
async fn ready(State(state): State<AppState>) -> Result<Json<Health>, Problem> {
    let mut obstacles = state.node.obstacles().await;
    match tokio::time::timeout(PING_LIMIT, state.ports.store.ping()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => obstacles.push(error.to_string()),
        Err(_) => obstacles.push("the database does not answer in time".to_owned()),
    }
    if state.ports.tasks.is_stopping() {
        obstacles.push("the node is stopping".to_owned());
    }
    if obstacles.is_empty() {
        return Ok(Json(Health { status: "ok" }));
    }
    let problem = Problem::new(ProblemKind::Unavailable, obstacles.join("; ")).with("obstacles", obstacles);
    Err(problem.retry_after(2))
}

/// All metrics, in the text form of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn metrics(State(state): State<AppState>) -> Result<Response, Problem> {
    state.node.refresh_metrics().await;
    let text = TextEncoder::new().encode_to_string(&state.registry.gather()).map_err(|error| {
        tracing::error!(%error, "metrics cannot be printed");
        Problem::general(ProblemKind::Internal)
    })?;
    let content_type = [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)];
    Ok((StatusCode::OK, content_type, text).into_response())
}
