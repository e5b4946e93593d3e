//! Stories about the actors, with a scripted decider and a clock that moves on command.

mod crashes;
mod failures;
mod fairness;
mod health;
mod lanes;
mod parts;
mod ractor_facts;
mod rig;
mod shutdown;
mod tenants;

/// The actors of a world, for stories of other parts of the crate.
pub(crate) async fn rig_in(world: crate::testing::World) -> rig::Rig {
    rig::Rig::start_in(world, rig::settings()).await
}
