//! The ports: what the domain needs of the outside world. Implemented by `storage` and `instagram`, faked in
//! tests, put together by `runtime`.

mod alerts;
mod approvals;
mod audit;
mod comms;
mod context;
mod conversations;
mod costs;
mod courier;
mod directory;
mod gateway;
mod inbox;
mod learning;
mod ledger;
mod memory;
mod operations;
mod outbox;
mod prompts;
mod rehearsals;
mod store;
mod wake;

pub use alerts::*;
pub use approvals::*;
pub use audit::*;
pub use comms::*;
pub use context::*;
pub use conversations::*;
pub use costs::*;
pub use courier::*;
pub use directory::*;
pub use gateway::*;
pub use inbox::*;
pub use learning::*;
pub use ledger::*;
pub use memory::*;
pub use operations::*;
pub use outbox::*;
pub use prompts::*;
pub use rehearsals::*;
pub use store::*;
pub use wake::*;
