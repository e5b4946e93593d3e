//! The ports: what the domain needs of the outside world. Implemented by `storage` and `instagram`, faked in
//! tests, put together by `runtime`.

mod costs;
mod gateway;
mod learning;
mod ledger;
mod memory;
mod prompts;
mod rehearsals;
mod store;
mod wake;

pub use costs::*;
pub use gateway::*;
pub use learning::*;
pub use ledger::*;
pub use memory::*;
pub use prompts::*;
pub use rehearsals::*;
pub use store::*;
pub use wake::*;
