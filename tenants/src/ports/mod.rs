//! The ports: what the domain needs of the outside world. Implemented by `storage` and `instagram`, faked in
//! tests, put together by `runtime`.

mod activity;
mod alerts;
mod approvals;
mod audit;
mod context;
mod conversations;
mod costs;
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
mod ticks;
mod wake;
mod watches;

pub use activity::*;
pub use alerts::*;
pub use approvals::*;
pub use audit::*;
pub use context::*;
pub use conversations::*;
pub use costs::*;
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
pub use ticks::*;
pub use wake::*;
pub use watches::*;
