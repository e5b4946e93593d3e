//! Posts on their way to the platform: looks at every post whose time has come and does what comes next.
//!
//! The order of steps is [`tenants::post::publishing`], a pure function. Reading the platform is done here; everything
//! that changes it is queued as an effect, which only the dispatcher performs: see `calls`. The truth is in the rows of
//! the post and of its effects: this part holds nothing but what it has in hand, and may die between any two calls.
//!
//! One part looks at the due posts of all tenants, sleeping ones too, by one index over the moment of the next step.

mod calls;
mod metrics;
mod records;
mod settings;
mod step;
#[cfg(test)]
mod tests;
mod worker;

pub(crate) use calls::{look_for, perform};
pub(crate) use records::{EffectOutcome, after_effect, is_settled};
pub use settings::PublishingSettings;
pub use worker::Publishing;
