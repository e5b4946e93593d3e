//! How things stand: settings, numbers, costs, rules, memory, alerts, accounts.

use chrono::NaiveDate;
use tenants::memory::Recall;
use tenants::models::{BudgetScope, Task};
use tenants::ports::{CostKeys, InsightQuery, MemoryError, PageRequest};
use tenants::rule::Rule;
use tenants::words::with_article;

use super::Looker;
use crate::oversight::facts::Facts;
use crate::oversight::look::{Dates, LookError};
use crate::oversight::record::{Record, phrase, quoted};
use crate::oversight::vocabulary::{Deed, Thing};
use crate::oversight::when::{When, day_told, moment_told, today};
use crate::oversight::wording::{capital, dollars};

/// Days of insights when none are named.
const USUAL_DAYS: u64 = 7;
/// Most alerts.
const MOST_ALERTS: u32 = 200;

impl Looker<'_> {
    /// What of the settings is asked for: the others are long, and open to everybody on their page.
    pub(super) async fn settings(&self) -> Result<Vec<Record>, LookError> {
        let settings = self.ports.store.find_settings(&self.tenant.id).await?;
        let told = settings.into_iter().map(|settings| {
            let line = match &settings.quiet_hours {
                Some(quiet) => format!(
                    "The quiet hours are from {} to {} ({}).",
                    phrase(&quiet.from),
                    phrase(&quiet.until),
                    self.zone.name()
                ),
                None => "No quiet hours are set.".to_owned(),
            };
            Record::new("settings", "settings", "Settings", vec![line])
        });
        Ok(told.collect())
    }

    pub(super) async fn best_times(&self) -> Result<Vec<Record>, LookError> {
        let day = today(self.now, self.zone).to_string();
        let Some(context) = self.ports.store.load_context(&self.tenant.id, &day).await? else {
            return Ok(Vec::new());
        };
        let best = crate::intel::best_times::of(&self.ports.intel, &context, None, self.now).await?;
        let mut lines: Vec<String> = best
            .suggestions
            .iter()
            .map(|cell| {
                format!(
                    "A good time to publish is {} from {:02}:00 to {:02}:00: {} posts of that hour had an engagement of \
                     {} on average.",
                    capital(cell.weekday),
                    cell.hour,
                    (cell.hour + 1) % 24,
                    cell.posts,
                    number_told(cell.average_engagement)
                )
            })
            .collect();
        lines.push(format!("{}.", phrase(&best.remark)));
        Ok(vec![Record::new("insight", "best_times", "Best times to publish", lines)])
    }

    pub(super) async fn insights(&self, dates: Dates) -> Result<Vec<Record>, LookError> {
        let days = self.days(dates).or_else(|| When::last_days(USUAL_DAYS, self.now, self.zone));
        let Some(days) = days else { return Ok(Vec::new()) };
        let query = InsightQuery {
            account: None,
            metric: None,
            first_day: days.first.to_string(),
            last_day: days.last.to_string(),
        };
        let insights = self.ports.intel.store().account_insights(&self.tenant.id, &query).await?;
        let whole = insights.into_iter().filter(|it| it.breakdown.is_empty());
        let told = whole.filter_map(|it| {
            let value = it.measured.value?;
            let day: NaiveDate = it.day.parse().ok()?;
            let metric = phrase(&it.metric.replace('_', " "));
            let line = format!("On {} the metric {metric} was {}.", day_told(day), number_told(value));
            let id = format!("insight:{}:{}", it.metric, it.day);
            Some(
                Record::new("insight", id, format!("{metric}, {}", day_told(day)), vec![line]).at(it.ends_at),
            )
        });
        let mut records: Vec<Record> = told.collect();
        records.sort_by_key(|record| std::cmp::Reverse(record.source.at));
        Ok(records)
    }

    /// The budget of today, and what the calls of some days have cost: all of them, or those of one kind.
    pub(super) async fn costs(&self, task: Option<Task>, dates: Dates) -> Result<Vec<Record>, LookError> {
        let days = self.days(dates).or_else(|| When::last_days(1, self.now, self.zone));
        let Some(days) = days else { return Ok(Vec::new()) };
        let by = CostKeys { task: true, ..CostKeys::default() };
        let sums = self.ports.ledger.tenant_costs(&self.tenant.id, days.period, by).await?;
        let chosen = || sums.iter().filter(|sum| task.is_none() || sum.task == task);
        let (cost, calls) =
            (chosen().map(|sum| sum.cost.0).sum::<i64>(), chosen().map(|sum| sum.calls).sum::<i64>());
        let what = task
            .map_or("all work with models".to_owned(), |task| format!("work of kind {}", task_told(task)));
        let line = format!("{} {what} cost {} in {calls} calls.", capital(&days.told()), dollars(cost));
        let mut lines = vec![line];
        if task.is_none() {
            lines.extend(chosen().filter_map(|sum| {
                let kind = task_told(sum.task?);
                Some(format!(
                    "Of it, work of kind {kind} cost {} in {} calls.",
                    dollars(sum.cost.0),
                    sum.calls
                ))
            }));
        }
        let name = task.map_or("all", Task::as_str);
        let id = format!("cost:{name}:{}", days.key());
        let total = Record::new("cost", id, format!("Cost of {name} {}", days.told()), lines);
        Ok(vec![total, self.budget_today().await?.with(Facts::of(&[Thing::Budget]))])
    }

    async fn budget_today(&self) -> Result<Record, LookError> {
        let daily = self.budget.daily.0;
        let day = today(self.now, self.zone);
        let states = self.ports.ledger.tenant_budgets(&[self.tenant.id], &day.to_string()).await?;
        let whole = states.iter().find(|state| {
            state.line.day == day.to_string() && state.line.scope == BudgetScope::Tenant(self.tenant.id)
        });
        let (spent, percent) = whole.map_or((0, 0), |state| (state.spent.0, state.percent()));
        let line = format!(
            "The daily budget is {}, of which {} was spent on {} ({percent} %).",
            dollars(daily),
            dollars(spent),
            day_told(day)
        );
        Ok(Record::new("budget", format!("budget:{day}"), "Budget of today", vec![line]))
    }

    pub(super) fn rule(&self, rule: &Rule) -> Record {
        let name = phrase(&rule.name);
        let state = match (rule.enabled, rule.dry_run) {
            (false, _) => "disabled",
            (true, true) => "enabled as a dry run",
            (true, false) => "enabled",
        };
        let conditions = serde_json::to_string(&rule.conditions).unwrap_or_default();
        let actions = serde_json::to_string(&rule.actions).unwrap_or_default();
        let lines = vec![
            format!(
                "The rule {name} is {state}, listens to {} and has the priority {}.",
                rule.trigger.on, rule.priority
            ),
            format!("The conditions of the rule {name} are {}.", quoted(&conditions)),
            format!("The actions of the rule {name} are {}.", quoted(&actions)),
            format!(
                "The rule {name} was created on {} and last changed on {}.",
                moment_told(rule.created_at, self.zone),
                moment_told(rule.updated_at, self.zone)
            ),
        ];
        let now = if rule.enabled { Deed::Enable } else { Deed::Disable };
        let facts = Facts::of(&[Thing::Rule]).done(now, None).done(Deed::Create, rule.created_at);
        Record::new("rule", rule.id.to_string(), format!("Rule {name}"), lines).with(facts)
    }

    pub(super) async fn memory(&self, about: &str) -> Result<Vec<Record>, LookError> {
        let recalled =
            match self.ports.memory.recall(&self.tenant.id, &Recall::for_operator(about, self.now)).await {
                Ok(recalled) => recalled,
                // A node without a memory has no records of it.
                Err(MemoryError::Absent(_)) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
        let told = recalled.into_iter().map(|it| {
            let item = it.item;
            let kind = phrase(&item.kind.as_str().replace('_', " "));
            let title =
                item.title.as_deref().map(|title| format!(" on {}", quoted(title))).unwrap_or_default();
            let line = format!(
                "The memory holds {}{title}, last learned on {}: {}.",
                with_article(&kind),
                moment_told(item.updated_at, self.zone),
                quoted(&item.text)
            );
            let facts = Facts::of(&[Thing::Memory]);
            Record::new("memory", item.id.to_string(), format!("Memory: {kind}"), vec![line]).with(facts)
        });
        Ok(told.collect())
    }

    pub(super) async fn alerts(&self, open: Option<bool>) -> Result<Vec<Record>, LookError> {
        let (agency, page) = (&self.tenant.agency, PageRequest::first(MOST_ALERTS));
        let resolved = open.map(|open| !open);
        let alerts = self.ports.store.list_alerts(agency, Some(&self.tenant.id), resolved, page).await?;
        let told = alerts.into_iter().map(|alert| {
            let kind = phrase(&alert.alert_type.as_str().replace('_', " "));
            let at = moment_told(alert.created_at, self.zone);
            let by = alert.resolved_by.as_deref().map_or("itself".to_owned(), |by| {
                self.names.get(by).map_or_else(|| phrase(by), |name| phrase(name))
            });
            let end = match alert.resolved_at {
                Some(end) => format!("was resolved on {} by {by}", moment_told(end, self.zone)),
                None => "is open and waits".to_owned(),
            };
            let lines = vec![
                format!(
                    "The alert {kind} ({}) was raised on {at}, {}, and {end}.",
                    alert.severity,
                    times_told(alert.occurrences)
                ),
                format!("The alert {kind} says {}.", quoted(&alert.message)),
            ];
            let raised = Facts::of(&[Thing::Alert]).done(Deed::Raise, alert.created_at);
            let facts = match alert.resolved_at {
                Some(end) => raised.done(Deed::Resolve, end),
                None => raised.done(Deed::Wait, alert.created_at).undone(Deed::Resolve, alert.created_at),
            };
            Record::new("alert", alert.id.to_string(), format!("Alert {kind}"), lines)
                .at(alert.created_at)
                .with(facts)
        });
        Ok(told.collect())
    }

    pub(super) async fn accounts(&self) -> Result<Vec<Record>, LookError> {
        let accounts = self.ports.store.list_accounts(&self.tenant.id).await?;
        let told = accounts.into_iter().map(|account| {
            let name = phrase(&account.username);
            let token = account.token_expires_at.map_or("has no known end".to_owned(), |at| {
                format!("expires on {}", moment_told(at, self.zone))
            });
            let line = format!(
                "The Instagram account @{name} is {}, was connected on {}, and its token {token}.",
                phrase(&account.status.as_str().replace('_', " ")),
                moment_told(account.created_at, self.zone)
            );
            let facts = Facts::of(&[Thing::Account, Thing::Token])
                .done(Deed::Connect, account.created_at)
                .done(Deed::Expire, account.token_expires_at);
            Record::new("account", account.id.to_string(), format!("Account @{name}"), vec![line]).with(facts)
        });
        Ok(told.collect())
    }
}

fn times_told(times: i64) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice in all".to_owned(),
        more => format!("{more} times in all"),
    }
}

/// What a kind of work is called.
fn task_told(task: Task) -> &'static str {
    match task {
        Task::Classify => "classification",
        Task::ShortReply => "short_reply (answers)",
        Task::Caption => "captions",
        Task::Plan => "plan",
        Task::Report => "reports",
        Task::ClientComms => "client_comms",
        Task::Crisis => "crisis",
        Task::Oversight => "oversight",
    }
}

fn number_told(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
