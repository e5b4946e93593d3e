//! What happened before the demo began, so that no page of its dashboard is empty: weeks of numbers, days of costs, posts in
//! every state. It goes through the same doors as everything: the API with the demo's key, and changes that are committed.

mod costs;
mod door;
mod numbers;
mod pictures;
mod posts;

use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::{Change, Changes};
use tenants::ids::{AlertId, Ids};
use tenants::ports::UnitOfWork;

use self::door::Door;
use super::stage::{Brand, Stage};

/// Makes the past of every brand that has none yet; true when there was one to make.
pub(super) async fn furnish(stage: &Stage) -> anyhow::Result<bool> {
    let door = Door::new(stage)?;
    let mut is_new = false;
    for (index, brand) in stage.brands.iter().enumerate() {
        let path = format!("/tenants/{}", brand.tenant.id);
        if door.is_empty(&format!("{path}/media")).await? {
            is_new = true;
            let told = || format!("the past of {} could not be made", brand.tenant.slug);
            furnish_brand(stage, &door, brand, index).await.with_context(told)?;
        }
    }
    Ok(is_new)
}

async fn furnish_brand(stage: &Stage, door: &Door, brand: &Brand, index: usize) -> anyhow::Result<()> {
    let path = format!("/tenants/{}", brand.tenant.id);
    numbers::remember(stage, brand, index).await?;
    costs::remember(stage, brand, index).await?;
    posts::plan(stage, door, brand, index).await?;
    alerts(stage, brand, index).await?;
    door.post(&format!("{path}/competitors"), &json!({ "username": RIVALS[index % RIVALS.len()] })).await?;
    for rule in rules() {
        door.post(&format!("{path}/rules"), &rule).await?;
    }
    let template = json!({ "name": "Weekly tip", "post_type": "image",
        "caption": "A tip for your week: {tip}\n\nWhat is yours?" });
    door.post(&format!("{path}/post-templates"), &template).await?;
    for report in ["daily", "weekly"] {
        door.post(&format!("{path}/reports"), &json!({ "report_type": report })).await?;
    }
    Ok(())
}

/// Looks back on what has come in since the demo opened: a briefing for each brand, and a rehearsal. What if questions were
/// answered without asking a person?
pub(super) async fn look_back(stage: &Stage) -> anyhow::Result<()> {
    let door = Door::new(stage)?;
    for brand in &stage.brands {
        door.post(&format!("/tenants/{}/ticks/comms/daily_briefing/run", brand.tenant.id), &json!({}))
            .await?;
    }
    let Some(brand) = stage.brands.first() else { return Ok(()) };
    let now = stage.node.foundations().clock.now();
    let order = json!({ "from": now - Duration::from_secs(3_600), "until": now,
        "changed": { "settings": { "modes": { "question": "A" } } } });
    door.post(&format!("/tenants/{}/rehearsals", brand.tenant.id), &order).await?;
    Ok(())
}

const RIVALS: [&str; 3] = ["glow.atelier", "casa.norte", "studio.mare"];

/// One that acts beside the decision, and one that is tried out.
fn rules() -> [serde_json::Value; 2] {
    [
        json!({ "name": "Mark questions about delivery", "trigger": { "on": "comment" }, "priority": 40,
            "conditions": [{ "if": "keywords_any", "words": ["ship", "envían", "livraison", "liefert", "spedite", "envia"] }],
            "actions": [{ "do": "tag", "tag": "delivery" }] }),
        json!({ "name": "Follower offers", "trigger": { "on": "comment" }, "priority": 90, "dry_run": true,
            "conditions": [{ "if": "regex", "pattern": "(?i)link in (my )?bio|follow (me )?(for )?follow" }],
            "actions": [{ "do": "hide" }, { "do": "stop" }] }),
    ]
}

async fn alerts(stage: &Stage, brand: &Brand, index: usize) -> anyhow::Result<()> {
    let alert = match index % 3 {
        0 => (
            AlertType::Spike,
            "62 comments came within the last hour, where 14 are usual: look at the newest post",
        ),
        1 => (
            AlertType::LowEngagement,
            "the post of yesterday reaches a quarter of the usual number of people",
        ),
        _ => return Ok(()),
    };
    let foundations = stage.node.foundations();
    let raised = NewAlert {
        id: AlertId::new(&foundations.ids),
        agency: Some(brand.tenant.agency),
        tenant: Some(brand.tenant.id),
        alert_type: alert.0,
        severity: None,
        message: alert.1.to_owned(),
        details: json!({}),
        dedup_key: format!("demo:{}", alert.0),
    };
    let changes = Changes::of_tenant(brand.tenant.id)
        .with(Change::RaiseAlert(Box::new(raised), foundations.clock.now()));
    Ok(foundations.database.commit(changes).await?)
}

/// A number that is the same for the same words, between 0 and 1: believable, and no surprise.
fn noise(seed: usize, day: i64, salt: u64) -> f64 {
    let mut mixed = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ (day as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9)
        ^ salt.wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    mixed = mixed.wrapping_mul(0xd6e8_feb8_6659_fd93);
    mixed ^= mixed >> 32;
    (mixed % 10_000) as f64 / 10_000.0
}

/// Ids of the demo's node.
fn ids(stage: &Stage) -> &Ids {
    &stage.node.foundations().ids
}
