//! `troupe demo`: goes on until Ctrl-C, and shows what is decided and why.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use sandbox::{Endpoint, Fault, FaultKind, LimitOptions, TokenDeath};
use tenants::audit::{AuditEntry, Chain};
use tenants::ports::{AuditLog, Outbox};

use super::sandbox_options;
use super::stage::{Brand, Stage};
use super::traffic::Traffic;
use crate::commands::one_line;
use crate::settings::Settings;

/// So many people write when a new demo opens.
const OPENING: u32 = 90;

/// A live run.
#[derive(Debug, Clone)]
pub struct LiveOptions {
    /// Events per minute when nothing special happens.
    pub events_per_minute: u32,
}

/// Runs until `stop` ends; false when something had to be cut off.
///
/// # Errors
/// When a part cannot start.
pub async fn run_live(
    settings: Settings,
    options: LiveOptions,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<bool> {
    let data_dir = settings.data.dir.clone();
    let sandbox = sandbox_options(&settings, LimitOptions::default());
    let stage = Stage::set(settings, sandbox).await?;
    std::fs::write(data_dir.join("demo.running"), "")?;
    let is_new = super::past::furnish(&stage).await?;
    greet(&stage, &data_dir.display().to_string());
    let mut screen = Screen::new(&stage).await?;
    tokio::pin!(stop);
    let clock = stage.node.foundations().clock.clone();
    let mut show = Show::new(options, clock.now().as_micros() as u64);
    if is_new {
        show.open(&stage);
    }
    loop {
        tokio::select! {
            () = &mut stop => break,
            () = clock.sleep(show.pause()) => show.next_scene(&stage).await?,
        }
        screen.catch_up(&stage).await?;
    }
    println!("\nending; started again with the same data folder it goes on where it was");
    let ended = stage.strike().await;
    if ended {
        std::fs::remove_file(data_dir.join("demo.running"))?;
    }
    Ok(ended)
}

fn greet(stage: &Stage, data_dir: &str) {
    let node = stage.node.base_url();
    println!("Troupe runs {} brands of one agency against a local Instagram.\n", stage.brands.len());
    println!("  Dashboard       {}      (signs you in, once)", stage.sign_in);
    println!("  API             {node}/api/docs      (X-API-Key: {})", stage.key);
    println!("  health, metrics {node}/readyz  {node}/metrics");
    println!("  the sandbox     {}/      (Instagram by hand)", stage.sandbox.base_url());
    println!("  data            {data_dir}\n");
    let approvals = format!("{node}/api/v1/tenants/{}/approvals", stage.brands[0].tenant.id);
    println!("List drafts:      curl -H 'X-API-Key: {}' '{approvals}?status=pending'", stage.key);
    println!("Approve one:      curl -X POST -H 'X-API-Key: {}' {approvals}/ID/approve", stage.key);
    println!("Ctrl-C ends.\n");
}

/// What happens besides the ordinary: bursts, redeliveries, a spell of 5xx, a token that dies and is renewed.
struct Show {
    traffic: Traffic,
    options: LiveOptions,
    scene: u64,
    burst_left: u32,
    dead: Option<(Brand, u64)>,
    look_back_at: Option<u64>,
}

impl Show {
    fn new(options: LiveOptions, seed: u64) -> Self {
        Self { traffic: Traffic::new(seed), options, scene: 0, burst_left: 0, dead: None, look_back_at: None }
    }

    /// The first minute of a new demo: people write at once, and one answer is refused for good.
    fn open(&mut self, stage: &Stage) {
        let refusal = FaultKind::Refused { code: 100, subcode: Some(2_018_001), status: 400 };
        let first = stage.brands.first().map(|brand| brand.account.external_id.clone()).unwrap_or_default();
        stage.sandbox.fault(Fault::new(refusal).on(Endpoint::ReplyToComment).on_account(first).times(1));
        self.burst_left = OPENING;
        self.look_back_at = Some(u64::from(OPENING) + 10);
    }

    fn pause(&self) -> Duration {
        match self.burst_left {
            0 => Duration::from_secs_f64(60.0 / f64::from(self.options.events_per_minute.max(1))),
            _ => Duration::from_millis(40),
        }
    }

    async fn next_scene(&mut self, stage: &Stage) -> anyhow::Result<()> {
        self.scene += 1;
        self.traffic.event(&stage.sandbox, &stage.brands)?;
        self.burst_left = self.burst_left.saturating_sub(1);
        if self.look_back_at.take_if(|scene| *scene <= self.scene).is_some() {
            super::past::look_back(stage).await?;
        }
        match self.scene % 240 {
            60 => {
                say("a burst: forty comments at once");
                self.burst_left = 40;
            }
            110 => {
                say("Instagram delivers the next webhooks twice");
                stage.sandbox.fault(Fault::new(FaultKind::DuplicateWebhooks { copies: 1 }).times(5));
            }
            150 => {
                say("Instagram has a spell of 5xx for eight seconds");
                stage.sandbox.fault(Fault::new(FaultKind::Http5xx { status: 503 }).for_ms(8_000));
            }
            190 => self.kill_a_token(stage)?,
            _ => {}
        }
        self.renew_a_token(stage).await
    }

    fn kill_a_token(&mut self, stage: &Stage) -> anyhow::Result<()> {
        let index = self.traffic.roll(stage.brands.len() as u32) as usize;
        let brand = stage.brands[index].clone();
        say(&format!("the token of @{} dies (password changed); its queue waits", brand.character.username));
        stage.sandbox.revoke_token(&brand.account.external_id, TokenDeath::PasswordChanged)?;
        self.dead = Some((brand, self.scene + 30));
        Ok(())
    }

    async fn renew_a_token(&mut self, stage: &Stage) -> anyhow::Result<()> {
        if self.dead.as_ref().is_some_and(|(_, until)| self.scene >= *until)
            && let Some((brand, _)) = self.dead.take()
        {
            say(&format!("@{} is reconnected; its queue goes on", brand.character.username));
            stage.reconnect(&brand).await?;
        }
        Ok(())
    }
}

fn say(what: &str) {
    println!("{}", paint("35", &format!("── {what}")));
}

fn paint(color: &str, text: &str) -> String {
    if std::io::stdout().is_terminal() { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
}

/// Prints what the audit log says since the last look.
struct Screen {
    positions: Vec<i64>,
    lines_since_summary: u32,
}

impl Screen {
    /// Begins at the end of each log: what happened in an earlier run is not told again.
    async fn new(stage: &Stage) -> anyhow::Result<Self> {
        let mut positions = Vec::new();
        for brand in &stage.brands {
            let chain = Chain::Tenant(brand.tenant.id);
            let database = &stage.node.foundations().database;
            let newest = database.list_audit(&chain, &Default::default(), None, 1).await?;
            positions.push(newest.first().map_or(0, |entry| entry.seq));
        }
        Ok(Self { positions, lines_since_summary: 0 })
    }

    async fn catch_up(&mut self, stage: &Stage) -> anyhow::Result<()> {
        for (brand, position) in stage.brands.iter().zip(&mut self.positions) {
            let chain = Chain::Tenant(brand.tenant.id);
            for entry in stage.node.foundations().database.audit_since(&chain, *position, 200).await? {
                *position = entry.seq;
                if let Some(line) = line(brand, &entry) {
                    println!("{line}");
                    self.lines_since_summary += 1;
                }
            }
        }
        if self.lines_since_summary >= 40 {
            self.lines_since_summary = 0;
            summary(stage).await?;
        }
        std::io::stdout().flush()?;
        Ok(())
    }
}

/// One line of the view; `None` for entries that say nothing to a spectator.
fn line(brand: &Brand, entry: &AuditEntry) -> Option<String> {
    let time = entry.at.to_utc().format("%H:%M:%S");
    let who = format!("{:<14}", brand.tenant.slug);
    let details = entry.details.value();
    let text = |key: &str| one_line(details[key].as_str().unwrap_or_default(), usize::MAX);
    let what = match entry.event_type.as_str() {
        "decision.made" => {
            let intent = details["classification"]["intent"].as_str().unwrap_or("-");
            let confidence = details["classification"]["confidence"].as_f64().unwrap_or_default();
            let outcome = text("outcome");
            let color = match outcome.as_str() {
                "act" => "32",
                "draft" => "33",
                "escalate" => "31",
                _ => "90",
            };
            let said = format!("“{}”", one_line(&text("incoming_text"), 48));
            paint(color, &format!("{outcome:<9} {intent:<9} {confidence:.2}  {said:<50}  {}", text("reason")))
        }
        "effect.sent" | "effect.reconciled" => {
            paint("36", &format!("sent      {:<13}   {}", text("action"), text("instagram_id")))
        }
        kind if kind.starts_with("effect.") || kind.starts_with("conversation.") => {
            let reason =
                entry.error.as_deref().map_or_else(|| text("reason"), |error| one_line(error, usize::MAX));
            paint(
                "35",
                &format!("{:<9} {:<13}   {reason}", kind.split('.').nth(1).unwrap_or(kind), text("action")),
            )
        }
        _ => return None,
    };
    Some(format!("{time} {who} {what}"))
}

async fn summary(stage: &Stage) -> anyhow::Result<()> {
    let counts = stage.node.foundations().database.effect_counts(None).await?;
    let mut by_state = std::collections::BTreeMap::<&str, i64>::new();
    for count in &counts {
        *by_state.entry(count.state.as_str()).or_default() += count.count;
    }
    let states: Vec<String> = by_state.iter().map(|(state, count)| format!("{state} {count}")).collect();
    println!("{}", paint("1", &format!("── effects: {}", states.join(", "))));
    Ok(())
}
