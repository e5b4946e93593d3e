//! Arguments of handlers whose refusals are problem documents.

mod accept;
mod body;
mod ids;
mod limit;
mod page;
mod query;
mod version;
mod words;

pub use accept::OnlyJson;
pub use body::{JsonBody, OptionalBody};
pub use ids::PathIds;
pub use limit::Limit;
pub use page::{AuditPage, LARGEST_LIMIT, Page, PageOf, TimePage};
pub use query::QueryOf;
pub use version::{IfMatch, Versioned, after};
pub use words::{changed_words, maybe_words, words};
