//! The ports: what the domain needs of the outside world. Implemented by `storage` and `instagram`, faked in
//! tests, put together by `runtime`.

mod gateway;
mod learning;
mod ledger;
mod store;
mod wake;

pub use gateway::*;
pub use learning::*;
pub use ledger::*;
pub use store::*;
pub use wake::*;
