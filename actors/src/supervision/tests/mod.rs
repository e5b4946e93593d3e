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
