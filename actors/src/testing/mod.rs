//! What the tests of this crate share: a store in memory that can be made to fail, hints, an Instagram that is
//! never asked, and a world put together of them.

mod bulletin;
mod comms;
mod connections;
mod intel;
mod outbox_of_store;
mod ports_of_store;
mod posts_of_store;
mod sources;
mod steps;
mod store;
mod world;

pub(crate) use bulletin::{Bulletin, Pictures, Turn, refusal};
pub(crate) use comms::NoComms;
pub(crate) use connections::{ScriptedConnections, coded_refusal};
pub(crate) use intel::{GatheredStore, nothing_gathered};
pub(crate) use sources::assert_died_at_every_call;
pub(crate) use steps::{Point, Side, Steps, Trouble};
pub(crate) use store::MemoryStore;
pub(crate) use world::{Shop, World, until};
