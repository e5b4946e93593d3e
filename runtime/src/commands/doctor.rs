//! `troupe doctor`: looks for what keeps the installation from working, and says what to do about it.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tenants::account::AccountStatus;
use tenants::audit::ChainVerdict;
use tenants::clock::SystemClock;
use tenants::effect::EffectState;
use tenants::ports::{AuditLog, Connections, Directory, KeyUse, Messenger, Operations, Outbox};

use super::{Finding, Output};
use crate::boot::{Foundations, models};
use crate::clocks::health_of;
use crate::media::SentVideos;
use crate::people::sso::Provider;
use crate::settings::Settings;

/// What runs out within a week is told.
const RUNS_OUT_SOON: Duration = Duration::from_secs(7 * 86_400);

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    found: String,
}

impl Check {
    fn fine(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, ok: true, found: found.into() }
    }

    fn trouble(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, ok: false, found: found.into() }
    }
}

pub(super) async fn run(settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let mut checks = vec![Check::fine("settings", "valid"), port(&settings)];
    checks.extend(models(&settings));
    checks.extend(single_sign_on(&settings).await);
    match Foundations::open(&settings, Arc::new(SystemClock)).await {
        Ok(foundations) => {
            checks.extend(installation(&foundations, &settings).await);
            foundations.close(Duration::from_secs(5)).await;
        }
        Err(error) => checks.push(Check::trouble("database", format!("{error:#}"))),
    }
    let finding = if checks.iter().all(|check| check.ok) { Finding::Fine } else { Finding::Trouble };
    output.list(&checks, &["check", "", "found"], |check| {
        vec![check.name.to_owned(), if check.ok { "ok" } else { "!!" }.to_owned(), check.found.clone()]
    })?;
    Ok(finding)
}

fn port(settings: &Settings) -> Check {
    match std::net::TcpListener::bind(settings.http.listen) {
        Ok(_) => Check::fine("http port", format!("{} is free", settings.http.listen)),
        Err(_) => {
            Check::fine("http port", format!("{} is in use (by a running node?)", settings.http.listen))
        }
    }
}

/// Whether the provider of identities answers and is who the settings say.
async fn single_sign_on(settings: &Settings) -> Option<Check> {
    const NAME: &str = "single sign-on";
    let sso = settings.sso.read().ok()??;
    let issuer = sso.issuer.clone();
    let provider = match Provider::new(sso, Arc::new(SystemClock)) {
        Ok(provider) => provider,
        Err(error) => return Some(Check::trouble(NAME, format!("{error:#}"))),
    };
    let back = settings.http.public_url(settings.http.listen);
    Some(match provider.check().await {
        Ok(()) => Check::fine(NAME, format!("{issuer} answers; people come back to {back}/sso/callback")),
        Err(error) => Check::trouble(NAME, format!("{issuer}: {error}")),
    })
}

async fn installation(foundations: &Foundations, settings: &Settings) -> Vec<Check> {
    if let Err(error) = foundations.require_migrated().await {
        return vec![Check::trouble("database", format!("{error:#}"))];
    }
    let mut checks = vec![match foundations.database.ping().await {
        Ok(()) => Check::fine("database", "answers and can write"),
        Err(error) => Check::trouble("database", format!("{:#}", anyhow::Error::new(error))),
    }];
    checks.push(own_app(settings));
    checks.extend(media(foundations, settings).await);
    for check in [
        accounts(foundations, settings).await,
        vault(foundations).await,
        queue(foundations).await,
        audit(foundations).await,
        clocks(foundations).await,
    ] {
        checks.push(check.unwrap_or_else(|error| Check::trouble("database", format!("{error:#}"))));
    }
    checks
}

fn own_app(settings: &Settings) -> Check {
    if settings.instagram.app.secrets.is_empty() {
        Check::trouble(
            "meta app",
            "no app secret: set instagram.app.secrets, or register an app of an agency",
        )
    } else if settings.instagram.app.id.is_empty() {
        let found = "an app secret is set; set instagram.app.id too to connect accounts through its logins";
        Check::fine("meta app", found)
    } else {
        let back = settings.http.public_url(settings.http.listen);
        Check::fine("meta app", format!("set; people come back from logins to {back}/oauth/callback"))
    }
}

/// The storage of files, the address for Instagram, and the virus scanner.
async fn media(foundations: &Foundations, settings: &Settings) -> Vec<Check> {
    let desk = &foundations.media;
    let mut checks = vec![match desk.files().tenants().await {
        Ok(tenants) => Check::fine("media files", format!("of {} tenants", tenants.len())),
        Err(error) => Check::trouble("media files", format!("{:#}", anyhow::Error::new(error))),
    }];
    let sent = match settings.sent_videos() {
        SentVideos::None => "",
        SentVideos::WhereDocumented => "; videos of accounts connected through Facebook Login are sent to it",
        SentVideos::All => "; videos are sent to it",
    };
    checks.push(match (settings.media_url(), settings.media.bucket.presign) {
        (Some(url), _) => Check::fine("media address", format!("{url}{sent}")),
        (None, true) => {
            Check::fine("media address", format!("Instagram fetches media from the bucket{sent}"))
        }
        (None, false) => Check::fine(
            "media address",
            format!(
                "none: Instagram can fetch nothing before http.public_url says where the internet reaches this \
                 installation{sent}"
            ),
        ),
    });
    if let Some(scanner) = desk.scanner() {
        checks.push(match scanner.ping(foundations.clock.as_ref()).await {
            Ok(()) => Check::fine("virus scanner", "answers"),
            Err(error) => Check::trouble("virus scanner", format!("{:#}", anyhow::Error::new(error))),
        });
    }
    checks
}

/// Which kinds of work have a model that could be asked. No model is asked: that would cost money.
fn models(settings: &Settings) -> Vec<Check> {
    let survey = match models::survey(&settings.models, Arc::new(SystemClock)) {
        Ok(survey) => survey,
        Err(error) => return vec![Check::trouble("models", format!("{error:#}"))],
    };
    let served: Vec<String> = survey.served.iter().map(|(task, model)| format!("{task}: {model}")).collect();
    let found = match (served.is_empty(), survey.unserved.is_empty()) {
        (true, _) => {
            "no model could be asked: the built-in classifier and templates answer everything".to_owned()
        }
        (false, true) => served.join(", "),
        (false, false) => format!("{}; no model serves {}", served.join(", "), survey.unserved.join(", ")),
    };
    let keys = survey.idle_keys.into_iter().map(|problem| Check::trouble("model keys", problem));
    [Check::fine("models", found)].into_iter().chain(keys).collect()
}

/// Asks Instagram with every account's token.
async fn accounts(foundations: &Foundations, settings: &Settings) -> anyhow::Result<Check> {
    let accounts = foundations.database.all_accounts().await?;
    let gateway = foundations.gateway(settings)?;
    let mut dead = Vec::new();
    for account in &accounts {
        if account.status != AccountStatus::Active {
            dead.push(format!("@{} is {}", account.username, account.status));
        } else if let Err(error) = gateway.check_account(account).await {
            dead.push(format!("@{}: {error}", account.username));
        }
    }
    Ok(if dead.is_empty() {
        Check::fine("accounts", format!("{} connected, every token works", accounts.len()))
    } else {
        Check::trouble("accounts", format!("{}; reconnect with `troupe account connect`", dead.join("; ")))
    })
}

/// Which keys seal what, and what to do about old ones.
async fn vault(foundations: &Foundations) -> anyhow::Result<Check> {
    let keys = foundations.vault.key_ids();
    let uses = foundations.database.key_uses(foundations.clock.now()).await?;
    let missing: Vec<String> = uses
        .iter()
        .filter(|key| !keys.contains(&key.key_id))
        .map(|key| format!("{} secrets need the key {}", key.all(), key.key_id))
        .collect();
    if !missing.is_empty() {
        let found = format!("{}: put it back into vault.keys or vault.key", missing.join("; "));
        return Ok(Check::trouble("vault", found));
    }
    let active = keys.first().cloned().unwrap_or_default();
    let of = |id: &str| uses.iter().find(|key| key.key_id == id).map_or(0, KeyUse::all);
    let old: Vec<String> = keys
        .iter()
        .skip(1)
        .map(|id| match of(id) {
            0 => format!("{id} seals nothing any more and can be taken out"),
            many => format!("{id} seals {many}, which the node moves to {active}"),
        })
        .collect();
    let now = format!("key {active} seals {} secrets", of(&active));
    Ok(Check::fine("vault", [vec![now], old].concat().join("; ")))
}

async fn queue(foundations: &Foundations) -> anyhow::Result<Check> {
    let counts = foundations.database.effect_counts(None).await?;
    let of = |state| counts.iter().filter(|count| count.state == state).map(|count| count.count).sum::<i64>();
    let (waiting, unknown, dead) = (of(EffectState::Pending), of(EffectState::Unknown), of(EffectState::Dlq));
    let found = format!("{waiting} waiting, {unknown} unknown, {dead} dead letters");
    Ok(match dead {
        0 => Check::fine("queue", found),
        _ => Check::trouble("queue", format!("{found}; see `troupe queue list TENANT --state dlq`")),
    })
}

/// Tenants looked at; an installation with more of them watches its metrics and alerts.
const TENANTS_LOOKED_AT: usize = 500;

/// Ticks that fail, webhooks that are missing, supplies that run out.
async fn clocks(foundations: &Foundations) -> anyhow::Result<Check> {
    let (database, now) = (&foundations.database, foundations.clock.now());
    let tenants = database.served_tenants().await?;
    let mut troubles = Vec::new();
    for tenant in tenants.iter().take(TENANTS_LOOKED_AT) {
        let health = health_of(database, database, tenant, &[], now).await?;
        let ticks =
            health.ticks_in_trouble.iter().map(|tick| format!("{}: {} fails", tenant.slug, tick.name));
        troubles.extend(ticks);
        for account in health.accounts.iter().filter(|account| account.gap_at.is_some()) {
            troubles.push(format!("{}: webhooks of @{} are missing", tenant.slug, account.username));
        }
        for forecast in &health.forecasts {
            if let Some(end) = forecast.runs_out_at.filter(|end| end.since(now) < RUNS_OUT_SOON) {
                troubles.push(format!("{}: {} runs out at {end}", tenant.slug, forecast.supply));
            }
        }
    }
    Ok(if troubles.is_empty() {
        Check::fine(
            "clocks",
            format!("{} tenants with an account: ticks run, nothing runs out soon", tenants.len()),
        )
    } else {
        Check::trouble("clocks", format!("{}; see `troupe health TENANT`", troubles.join("; ")))
    })
}

async fn audit(foundations: &Foundations) -> anyhow::Result<Check> {
    let chains = foundations.database.audit_chains().await?;
    let mut broken = 0;
    for chain in &chains {
        broken +=
            i32::from(matches!(foundations.database.verify_chain(chain).await?, ChainVerdict::Broken { .. }));
    }
    Ok(match broken {
        0 => Check::fine("audit log", format!("{} chains intact", chains.len())),
        _ => Check::trouble("audit log", format!("{broken} broken chains; see `troupe audit verify`")),
    })
}
