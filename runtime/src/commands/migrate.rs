//! `troupe migrate`.

use std::sync::Arc;
use std::time::Duration;

use super::{Finding, Output};
use crate::boot::Foundations;
use crate::settings::Settings;

pub(super) async fn run(settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let foundations = Foundations::open(&settings, Arc::new(tenants::clock::SystemClock)).await?;
    foundations.database.migrate().await?;
    output.result(&serde_json::json!({ "migrated": true }), || {
        "the database has the present schema".to_owned()
    })?;
    foundations.close(Duration::from_secs(5)).await;
    Ok(Finding::Fine)
}
