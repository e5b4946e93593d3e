//! `troupe replay`: recorded events are decided again with a changed configuration, in this process. It writes
//! nothing, and may run beside a node.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use actors::rehearsal::{
    Asked, Asking, Difference, ModelsOf, RehearsalError, Rehearser, Report, StoredPayers, Watch,
};
use anyhow::Context;
use async_trait::async_trait;
use chrono::NaiveDate;
use chrono_tz::Tz;
use llm::budget::NoWatch;
use llm::{LlmRouter, OfflineProvider};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenants::account::Tenant;
use tenants::budget::start_of_day;
use tenants::clock::Timestamp;
use tenants::effect::Action;
use tenants::ids::TenantId;
use tenants::money::MicroUsd;
use tenants::ports::Directory;
use tenants::prompt::PromptKey;
use tenants::settings::local_day;
use tokio_util::sync::CancellationToken;

use super::workspace::Workspace;
use super::{Finding, Output, one_line};
use crate::boot::models;
use crate::rehearsals::{
    AskModels, BaseWord, ChangesDocument, Order, TenantReport, WholeReport, check_left_out, kinds_of,
};
use crate::settings::Settings;

/// Decide recorded events again with a changed configuration, and show what would have differed. Nothing is sent, and
/// nothing is stored.
#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// Tenant (id or slug); with --agency alone all its tenants.
    #[arg(required_unless_present = "agency")]
    tenant: Option<String>,
    /// Agency by its id.
    #[arg(long)]
    agency: Option<String>,
    /// First moment, such as 2026-03-01T00:00:00Z; a day such as 2026-03-01 is its beginning by the tenant's clock (by
    /// UTC for all tenants of an agency).
    #[arg(long, value_name = "MOMENT")]
    from: Moment,
    /// First moment after the period, written likewise.
    #[arg(long, value_name = "MOMENT")]
    to: Moment,
    /// At most so many events of a tenant, the earliest of the period.
    #[arg(long, default_value_t = 10_000)]
    max_events: u64,
    /// Change the present configuration instead of the one with which each event was decided.
    #[arg(long)]
    present: bool,
    /// All rules there are: a JSON file with a list, as the API takes them.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Rules added, or put in the place of those with the same name: a JSON file with a list
    /// (docs/rules.md).
    #[arg(long, value_name = "FILE")]
    put_rules: Option<PathBuf>,
    /// Name or id of a rule that is left out; may be repeated.
    #[arg(long, value_name = "RULE")]
    without_rule: Vec<String>,
    /// A JSON merge patch over the settings.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Other instructions, as `reply=file.txt`; may be repeated.
    #[arg(long, value_name = "PROMPT=FILE", value_parser = prompt_and_file)]
    prompt: Vec<(PromptKey, PathBuf)>,
    /// A catalogue of models (TOML) laid over the built-in one, in the place of models.file.
    #[arg(long, value_name = "FILE")]
    models: Option<PathBuf>,
    /// Another daily budget for language models, in US dollars.
    #[arg(long, value_name = "USD", value_parser = dollars)]
    budget: Option<MicroUsd>,
    /// Ask models what the record does not answer. It costs money, on the tenants' budgets.
    #[arg(long, requires = "max_cost")]
    ask_models: bool,
    /// The most that asking models may cost, in US dollars.
    #[arg(long, value_name = "USD", value_parser = dollars)]
    max_cost: Option<MicroUsd>,
    /// Differences shown of each tenant.
    #[arg(long, default_value_t = 20)]
    show: usize,
    /// End with code 3 when anything differs, or could not be decided again.
    #[arg(long)]
    expect_same: bool,
}

pub(super) async fn run(args: ReplayArgs, settings: Settings, output: Output) -> anyhow::Result<Finding> {
    let workspace = Workspace::open(&settings).await?;
    let replayed = replay(&workspace, &args, settings, output).await;
    workspace.close().await;
    replayed
}

/// What `--json` prints.
#[derive(Serialize)]
struct Replayed {
    #[serde(flatten)]
    whole: WholeReport,
    differences: BTreeMap<TenantId, Vec<Difference>>,
}

async fn replay(
    workspace: &Workspace,
    args: &ReplayArgs,
    settings: Settings,
    output: Output,
) -> anyhow::Result<Finding> {
    let foundations = &workspace.foundations;
    let tenants = args.tenants(workspace).await?;
    let order = args.order(&tenants)?;
    let period = order.period()?;
    let mut changed = order.changed.into_changed(&foundations.ids, foundations.clock.now())?;
    changed.models = args.models.is_some();
    let asked = Asked { period, max_events: args.max_events, changed };
    let router = args.router(workspace, settings)?;
    let offline: Arc<dyn LlmRouter> = Arc::new(OfflineProvider::new(foundations.clock.clone())?);
    if !args.without_rule.is_empty() {
        let mut rules = Vec::new();
        for tenant in &tenants {
            rules.extend(foundations.database.list_rules(&tenant.id).await?);
        }
        check_left_out(&args.without_rule, &rules)?;
    }
    let mut replayed = Replayed { whole: WholeReport::default(), differences: BTreeMap::new() };
    for tenant in tenants {
        let zone = tenant.time_zone.parse().unwrap_or(chrono_tz::UTC);
        let day = local_day(foundations.clock.now(), zone);
        let Some(present) = foundations.database.load_context(&tenant.id, &day).await? else { continue };
        let spent = replayed.whole.total.models.spent_micro_usd;
        let models = ModelsOf {
            offline: Arc::clone(&offline),
            has_others: router.reads_history(),
            asking: match args.max_cost.filter(|_| args.ask_models) {
                Some(limit) => Asking::UpTo {
                    router: Arc::clone(&router),
                    payers: Arc::new(StoredPayers {
                        store: Arc::new(foundations.database.clone()),
                        clock: Arc::clone(&foundations.clock),
                    }),
                    limit: MicroUsd(limit.0 - spent),
                },
                None => Asking::Never,
            },
        };
        let rehearser = Rehearser {
            records: Arc::new(foundations.database.clone()),
            ids: foundations.ids.clone(),
            models,
            cancel: CancellationToken::new(),
        };
        let mut found = Found { most: args.show, ..Found::default() };
        let report = rehearser.rehearse(&tenant.id, &present, &asked, &mut found).await?;
        replayed.whole.total.add(&report);
        replayed.whole.tenants.push(TenantReport { tenant: tenant.id, slug: tenant.slug, report });
        replayed.differences.insert(tenant.id, found.differences);
    }
    output.result(&replayed, || text_of(&replayed))?;
    let total = &replayed.whole.total;
    let is_same = total.same == total.events;
    Ok(if args.expect_same && !is_same { Finding::Trouble } else { Finding::Fine })
}

impl ReplayArgs {
    fn order(&self, tenants: &[Tenant]) -> anyhow::Result<Order> {
        let zone = match (&self.tenant, tenants) {
            (Some(_), [tenant]) => tenant.time_zone.parse().unwrap_or(chrono_tz::UTC),
            _ => chrono_tz::UTC,
        };
        let (from, until) = (self.from.in_zone(zone)?, self.to.in_zone(zone)?);
        let mut prompts = BTreeMap::new();
        for (key, file) in &self.prompt {
            prompts.insert(*key, read(file)?);
        }
        let changed = ChangesDocument {
            base: if self.present { BaseWord::Present } else { BaseWord::Recorded },
            rules: self.rules.as_deref().map(read_json).transpose()?,
            put_rules: self.put_rules.as_deref().map(read_json).transpose()?.unwrap_or_default(),
            without_rules: self.without_rule.clone(),
            settings: self.settings.as_deref().map(read_json).transpose()?,
            prompts,
            daily_budget_micro_usd: self.budget.map(|budget| budget.0),
            ..ChangesDocument::default()
        };
        let max_cost = self.max_cost.map(|limit| AskModels { max_cost_micro_usd: limit.0 });
        let ask_models = max_cost.filter(|_| self.ask_models);
        Ok(Order { from, until, max_events: self.max_events, changed, ask_models })
    }

    /// The models of the settings, or those of the other catalogue.
    fn router(&self, workspace: &Workspace, settings: Settings) -> anyhow::Result<Arc<dyn LlmRouter>> {
        let mut settings = settings.models;
        if let Some(file) = &self.models {
            settings.file.clone_from(file);
        }
        let catalogue = models::read(&settings)?;
        let registry = prometheus::Registry::new();
        let foundations = &workspace.foundations;
        let made = models::cascade(foundations, &settings, catalogue, Arc::new(NoWatch), &registry)?;
        Ok(Arc::new(made.0))
    }

    async fn tenants(&self, workspace: &Workspace) -> anyhow::Result<Vec<Tenant>> {
        match &self.tenant {
            Some(name) => Ok(vec![workspace.tenant(name, self.agency.as_deref()).await?]),
            None => workspace.tenants(&workspace.agency(self.agency.as_deref()).await?).await,
        }
    }
}

/// The first differences of a tenant.
#[derive(Default)]
struct Found {
    most: usize,
    differences: Vec<Difference>,
}

#[async_trait]
impl Watch for Found {
    async fn goes_on(&mut self, _report: &Report, found: Vec<Difference>) -> Result<(), RehearsalError> {
        let room = self.most.saturating_sub(self.differences.len());
        self.differences.extend(found.into_iter().take(room));
        Ok(())
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

fn read_json<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    serde_json::from_str(&read(file)?).with_context(|| format!("{} is not what is expected", file.display()))
}

/// A moment, or the beginning of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    At(Timestamp),
    Day(NaiveDate),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let day = || text.parse().ok().filter(|_| text.len() == 10).map(Self::Day);
        text.parse().map(Self::At).ok().or_else(day).ok_or_else(|| {
            "write a moment such as 2026-03-01T00:00:00Z, or a day such as 2026-03-01".to_owned()
        })
    }
}

impl Moment {
    fn in_zone(self, zone: Tz) -> anyhow::Result<Timestamp> {
        match self {
            Self::At(moment) => Ok(moment),
            Self::Day(day) => {
                start_of_day(day, zone).with_context(|| format!("{day} lies beyond the calendar"))
            }
        }
    }
}

fn prompt_and_file(text: &str) -> Result<(PromptKey, PathBuf), String> {
    let (key, file) = text.split_once('=').ok_or("write PROMPT=FILE, such as reply=reply.txt")?;
    let key = key.parse().map_err(|_| format!("`{key}` is no prompt: use classify, reply or crisis"))?;
    Ok((key, PathBuf::from(file)))
}

/// An amount in dollars with at most six decimals.
fn dollars(text: &str) -> Result<MicroUsd, String> {
    let amount = text.trim_start_matches('$');
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = !whole.is_empty() && part.len() <= 6 && digits(whole) && digits(part);
    let micros = format!("{whole}{part:0<6}");
    let micros = is_number.then(|| micros.parse().ok()).flatten();
    micros.map(MicroUsd).ok_or_else(|| format!("`{text}` is no amount in dollars, such as 0.50"))
}

fn text_of(replayed: &Replayed) -> String {
    let mut text = String::new();
    let whole = &replayed.whole;
    for part in &whole.tenants {
        text.push_str(&format!("{} ({})\n{}", part.slug, part.tenant, report_text(&part.report)));
        let shown = replayed.differences.get(&part.tenant).map(Vec::as_slice).unwrap_or_default();
        for difference in shown {
            text.push_str(&difference_text(difference));
        }
        let hidden = part.report.differing.saturating_sub(shown.len() as u64);
        if hidden > 0 {
            text.push_str(&format!("  … and {hidden} more: --show shows more of them\n"));
        }
        text.push('\n');
    }
    if whole.tenants.len() != 1 {
        text.push_str(&format!("all {} tenants\n{}", whole.tenants.len(), report_text(&whole.total)));
    }
    text
}

fn report_text(report: &Report) -> String {
    let mut lines = vec![format!(
        "{} events: {} the same, {} different, {} not exactly repeatable, {} failed{}",
        report.events,
        report.same,
        report.differing,
        report.not_exact,
        report.skipped,
        if report.is_cut { " (there are more: --max-events)" } else { "" }
    )];
    lines.extend(report.reasons.iter().map(|(reason, count)| format!("  {count} {reason}")));
    if !report.kinds.is_empty() {
        let kinds: Vec<String> =
            kinds_of(report).iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        lines.push(format!("different in: {}", kinds.join(", ")));
    }
    if !report.outcomes.is_empty() {
        let ways: Vec<String> = report.outcomes.iter().map(|(way, count)| format!("{way} {count}")).collect();
        lines.push(format!("outcomes: {}", ways.join(", ")));
    }
    let escalations = report.escalations;
    lines.push(format!(
        "escalations: {} were, {} would be ({} new, {} gone)",
        escalations.recorded, escalations.rehearsed, escalations.new, escalations.gone
    ));
    let (was, would_be) = (report.cost.recorded_micro_usd, report.cost.rehearsed_micro_usd);
    let unpriced = match report.cost.unpriced {
        0 => String::new(),
        count => format!("; of {count} events it is not known, because no model was asked"),
    };
    lines.push(format!("cost: {} was, {} would be{unpriced}", MicroUsd(was), MicroUsd(would_be)));
    for rule in report.rules.values().filter(|rule| rule.recorded != rule.rehearsed) {
        lines.push(format!("rule `{}`: {} hits, {} would be", rule.name, rule.recorded, rule.rehearsed));
    }
    let models = report.models;
    lines.push(format!(
        "answers: {} recorded, {} asked anew for {}, {} offline, {} offline for want of a model, {} offline for want \
         of budget",
        models.record,
        models.model,
        MicroUsd(models.spent_micro_usd),
        models.offline,
        models.stopgap,
        models.degraded
    ));
    lines.iter().fold(String::new(), |text, line| format!("{text}  {line}\n"))
}

/// Longest text that is shown of a difference, in characters.
const LONGEST: usize = 120;

fn difference_text(difference: &Difference) -> String {
    let kinds: Vec<&str> = difference.kinds.iter().map(|kind| kind.as_str()).collect();
    let said = difference.incoming_text.as_deref().map(|text| format!(" “{}”", one_line(text, LONGEST)));
    let side = |name: &str, side: &actors::rehearsal::Side| {
        let words = side.actions.iter().chain(&side.proposed).find_map(Action::text);
        let words = words.map(|text| format!(" “{}”", one_line(text, LONGEST))).unwrap_or_default();
        format!("      {name}: {}: {}{words}\n", side.outcome, one_line(&side.reason, LONGEST))
    };
    format!(
        "  {} {} [{}]{}\n{}{}",
        difference.decided_at,
        difference.event,
        kinds.join(", "),
        said.unwrap_or_default(),
        side("was", &difference.recorded),
        side("would be", &difference.rehearsed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_to_the_millionth() {
        assert_eq!(dollars("0.5"), Ok(MicroUsd(500_000)));
        assert_eq!(dollars("$12"), Ok(MicroUsd(12_000_000)));
        assert_eq!(dollars("0.000001"), Ok(MicroUsd(1)));
        for wrong in ["", ".", "-1", "1.0000001", "1e3", "one"] {
            assert!(dollars(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_begins_by_the_tenants_clock() {
        let in_lisbon =
            |text: &str| text.parse::<Moment>().unwrap().in_zone(Tz::Europe__Lisbon).unwrap().to_string();
        assert_eq!(in_lisbon("2026-07-01"), in_lisbon("2026-06-30T23:00:00Z"));
        for wrong in ["2026-7-1", "yesterday", "2026-07-01T00:00", ""] {
            assert!(wrong.parse::<Moment>().unwrap_err().contains("2026-03-01T00:00:00Z"), "{wrong}");
        }
    }

    #[test]
    fn a_prompt_is_named_with_its_file() {
        assert_eq!(prompt_and_file("reply=a=b.txt"), Ok((PromptKey::Reply, PathBuf::from("a=b.txt"))));
        assert!(prompt_and_file("caption=x").unwrap_err().contains("classify"));
    }
}
