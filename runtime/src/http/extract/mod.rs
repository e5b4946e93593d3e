//! Arguments of handlers whose refusals are problem documents.

mod body;
mod ids;
mod page;
mod query;

pub use body::JsonBody;
pub use ids::PathIds;
pub use page::{AuditPage, Page, PageOf};
pub use query::QueryOf;
