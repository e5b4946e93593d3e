//! The demo: six brands of one agency, a local Instagram, and people who write to them.

mod cast;
mod live;
mod once;
mod reckoning;
mod stage;
mod traffic;

pub use live::{LiveOptions, run_live};
pub use once::{OnceOptions, run_once};

use sandbox::{LimitOptions, SandboxOptions};

use crate::settings::Settings;

/// The sandbox of the demo: its state lies beside the node's, so that a restart goes on where both were.
fn sandbox_options(settings: &Settings, limits: LimitOptions) -> SandboxOptions {
    SandboxOptions {
        listen: settings.sandbox.listen,
        content_ids_from: 1,
        limits,
        ..SandboxOptions::default()
    }
}
