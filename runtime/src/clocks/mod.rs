//! Ticks and health as people look at them: the same for the HTTP API and the command line.

mod health;
mod ticks;

pub use health::{AccountHealthView, ForecastView, HealthView, health_of};
pub use ticks::{TickRunView, TickView, ask};
