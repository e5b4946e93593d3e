//! What the tests of this crate share: a store in memory that can be made to fail, hints, an Instagram that is
//! never asked, and a world put together of them.

mod outbox_of_store;
mod ports_of_store;
mod store;
mod world;

pub(crate) use store::{MemoryStore, Steps};
pub(crate) use world::{Shop, World, until};
