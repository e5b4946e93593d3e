//! The HTTP side of a node: webhooks in, the API, the live feed, health and metrics.
//!
//! Start at [`router`]. Handlers take [`AppState`]; which caller may use a route is said by the type of its first
//! argument (see [`access`]). To add a resource: a file under `api` with its shapes and handlers beside each
//! other, one line in `api::router`, and a case in the cross-tenant table of the tests, which fails without it.

pub mod access;
pub mod address_book;
mod answers;
mod api;
mod dashboard;
mod docs;
pub mod extract;
mod health;
pub mod idempotency;
mod mcp;
mod media;
pub mod metrics;
pub mod middleware;
pub mod node;
mod oauth;
mod openapi;
mod parameters;
mod post_links;
pub mod problem;
mod routes;
pub(crate) mod schema;
mod sso;
pub mod state;
mod webhook;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use address_book::AddressBook;
pub use api::RuleDocument;
pub use node::{BreakerStatus, BucketStatus, NodeView, QueueEstimate};
pub use routes::{RouteInfo, RouteScope};
pub use state::{AppParts, AppState, HttpSettings};

use problem::{Problem, ProblemKind};

/// Everything a node answers.
pub fn router(state: AppState) -> Router {
    let Registered { webhooks, api, unhurried, description } = registered();
    let api = api
        .merge(docs::router(&description))
        .merge(dashboard::router())
        .method_not_allowed_fallback(|| async { Problem::general(ProblemKind::MethodNotAllowed) });
    let webhooks = webhook::surround(webhooks, &state);
    let known = parameters::KnownParameters::of(&description);
    let routes =
        middleware::surround(api, unhurried, &known, &state).merge(webhooks).with_state(state.clone());
    let tools = mcp::router(&state, &description, routes.clone());
    // A tool may ask what takes its time; each of the requests inside has a limit of its own.
    routes.merge(middleware::surround(Router::new(), tools, &known, &state).with_state(state))
}

/// The description of the API, as `/api/openapi.json` gives it.
pub fn description() -> OpenApi {
    registered().description
}

/// Every described route, from the same registration that [`router`] serves.
pub fn routes() -> Vec<RouteInfo> {
    routes::of(&description())
}

/// The routes and their description. Webhooks, and what has no time limit, stand apart because other layers surround
/// them.
struct Registered {
    webhooks: Router<AppState>,
    api: Router<AppState>,
    unhurried: Router<AppState>,
    description: OpenApi,
}

fn registered() -> Registered {
    let (webhooks, webhook_description) = webhook::router().split_for_parts();
    let (api, mut description) = OpenApiRouter::with_openapi(openapi::begin())
        .nest("/api/v1", api::router())
        .merge(health::router())
        .merge(media::router())
        .merge(oauth::router())
        .merge(sso::router())
        .merge(post_links::router())
        .split_for_parts();
    let (unhurried, unhurried_description) =
        OpenApiRouter::new().nest("/api/v1", api::unhurried()).split_for_parts();
    description.merge(webhook_description);
    description.merge(unhurried_description);
    openapi::complete(&mut description);
    Registered { webhooks, api, unhurried, description }
}
