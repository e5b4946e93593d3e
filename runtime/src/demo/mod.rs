//! The demo: six brands of one agency, a local Instagram, and people who write to them.

mod cast;
mod live;
mod once;
mod past;
mod reckoning;
mod stage;
mod traffic;

pub use live::{LiveOptions, run_live};
pub use once::{OnceOptions, run_once};

use sandbox::{LimitOptions, SandboxOptions};

use crate::settings::Settings;

/// The sandbox shows at once what was done, so a lost answer can be settled sooner than on Instagram.
const READ_BACK_DELAY_MS: u64 = 1_000;

/// The sandbox of the demo: its state lies beside the node's, so that a restart goes on where both were.
fn sandbox_options(settings: &Settings, limits: LimitOptions) -> SandboxOptions {
    SandboxOptions {
        listen: settings.sandbox.listen,
        state_file: Some(stage::sandbox_state(&settings.data.dir)),
        limits,
        ..SandboxOptions::default()
    }
}
