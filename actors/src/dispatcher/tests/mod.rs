//! Stories of the dispatcher, told with a clock that moves on command, a store in memory and an Instagram whose
//! answers are scripted.

mod crashes;
mod instagram;
mod limits;
mod order;
mod outcomes;
mod people;
mod read_backs;
mod stage;
mod typing;
