//! `/api/v1`: one file per resource, with the shapes it speaks beside its handlers.
//!
//! Every administrative write is one unit of work with its audit entry (see [`write`]); hints go out when it is
//! durable.
//!
//! **Repeating a request.** A POST with an `Idempotency-Key` is carried out once, and the same request again is given the
//! same answer: see [`idempotency`](super::idempotency), which surrounds all routes. POSTs that act on something (approve,
//! retry, cancel, suspend, take over …) are decided by its state besides: also without a key the second one finds it in
//! its new state and is answered with 409 and the present state, or changes nothing.

mod accounts;
mod actions;
mod agencies;
mod agents;
mod alerts;
mod approvals;
mod apps;
mod audit;
mod briefings;
mod budgets;
mod channels;
mod comments;
mod competitors;
mod connect;
mod conversations;
mod costs;
mod events;
mod experiments;
mod feed;
mod gateway;
mod health;
mod insights;
mod keys;
mod leads;
mod learning;
mod me;
mod media;
mod memory;
mod operations;
mod oversight;
mod overview;
mod people;
mod posted_under;
mod posts;
mod preview;
mod prompts;
mod queue;
mod rehearsals;
mod reports;
mod rules;
mod session;
mod settings;
mod tenants;
mod ticks;
mod users;
mod webhooks;
mod write;

use utoipa_axum::router::OpenApiRouter;

pub use rules::RuleDocument;

use super::state::AppState;

/// All resources, to be nested under `/api/v1`.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(session::public_router())
        .merge(session::router())
        .merge(me::router())
        .merge(agencies::router())
        .merge(users::router())
        .merge(keys::router())
        .merge(apps::router())
        .merge(tenants::router())
        .merge(overview::router())
        .merge(settings::router())
        .merge(budgets::router())
        .merge(costs::router())
        .merge(accounts::router())
        .merge(connect::router())
        .merge(rules::router())
        .merge(prompts::router())
        .merge(experiments::router())
        .merge(comments::router())
        .merge(conversations::router())
        .merge(leads::router())
        .merge(briefings::router())
        .merge(channels::router())
        .merge(webhooks::router())
        .merge(approvals::router())
        .merge(learning::router())
        .merge(preview::router())
        .merge(rehearsals::router())
        .merge(memory::router())
        .merge(insights::router())
        .merge(reports::router())
        .merge(competitors::router())
        .merge(media::router())
        .merge(posts::router())
        .merge(queue::router())
        .merge(audit::router())
        .merge(alerts::router())
        .merge(gateway::router())
        .merge(operations::router())
        .merge(oversight::router())
        .merge(agents::router())
        .merge(ticks::router())
        .merge(health::router())
        .merge(events::router())
        .merge(feed::router())
}

/// Routes that take their time, to be nested under `/api/v1`: a large file over a slow line, an answer a model writes.
pub fn unhurried() -> OpenApiRouter<AppState> {
    media::uploads().merge(oversight::questions())
}
