//! `troupe openapi`: the description of the API, for making clients without a running node.

use anyhow::Context;

use super::{Finding, output};

pub(super) fn run() -> anyhow::Result<Finding> {
    let text = crate::http::description().to_pretty_json().context("the description cannot be written")?;
    output::write(&format!("{text}\n"))?;
    Ok(Finding::Fine)
}
