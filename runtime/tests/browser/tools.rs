//! What the stories need on this machine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// See the module.
pub struct Tools {
    pub node: PathBuf,
    pub chromium: PathBuf,
    /// The folder of the dashboard's sources, with its packages.
    pub web: PathBuf,
}

impl Tools {
    /// What there is, or what is missing and how to get it.
    pub fn find() -> Result<Self, String> {
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboard/web");
        let node = first_that_runs(&["node", "nodejs"]).ok_or("node is not installed")?;
        if !web.join("node_modules/playwright-core").exists() {
            return Err("the packages of the dashboard are not installed (make web)".to_owned());
        }
        if !web.join("dist/index.html").exists() {
            return Err("the dashboard is not built (make web)".to_owned());
        }
        let chromium = match std::env::var_os("CHROMIUM") {
            Some(named) => PathBuf::from(named),
            None => first_that_runs(&["/usr/bin/chromium", "chromium", "google-chrome"])
                .ok_or("Chromium is not installed (Debian's package chromium, or name one in CHROMIUM)")?,
        };
        Ok(Self { node, chromium, web })
    }
}

fn first_that_runs(names: &[&str]) -> Option<PathBuf> {
    let runs = |name: &&&str| {
        let version =
            Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        version.is_ok_and(|status| status.success())
    };
    names.iter().find(runs).map(PathBuf::from)
}
