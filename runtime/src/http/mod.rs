//! The HTTP side of a node: webhooks in, the API, the live feed, health and metrics.
//!
//! Start at [`router`]. Handlers take [`AppState`]; which caller may use a route is said by the type of its first
//! argument (see [`access`]). To add a resource: a file under [`api`] with its shapes and handlers beside each
//! other, one line in `api::router`, and a case in the cross-tenant table of the tests, which fails without it.

pub mod access;
pub mod address_book;
pub mod metrics;
pub mod node;
pub mod extract;
pub mod middleware;
pub mod problem;
pub mod state;

pub use address_book::AddressBook;
pub use node::{BreakerStatus, BucketStatus, NodeView, QueueEstimate};
pub use state::{AppParts, AppState, HttpSettings};
