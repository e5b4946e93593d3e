//! Arguments of handlers whose refusals are problem documents.

mod body;
mod ids;
mod page;
mod query;

pub use body::{JsonBody, OptionalBody};
pub use ids::PathIds;
pub use page::{AuditPage, CallPage, LARGEST_LIMIT, Page, PageOf};
pub use query::QueryOf;
