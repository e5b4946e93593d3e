//! Reads what is recorded of one tenant, and tells it in whole sentences.

use chrono::NaiveDate;
use chrono_tz::Tz;
use tenants::account::Tenant;
use tenants::approval::{Approval, ApprovalStatus};
use tenants::audit::Chain;
use tenants::budget::TenantBudget;
use tenants::clock::Timestamp;
use tenants::effect::{Effect, EffectState};
use tenants::memory::Recall;
use tenants::models::{BudgetScope, Task};
use tenants::ports::{
    AuditFilter, CostKeys, EffectFilter, InsightQuery, MemoryError, PageRequest, PostFilter,
};
use tenants::post::{Post, PostState};
use tenants::rule::Rule;

use super::look::{AuditSearch, Dates, Found, Look, LookError};
use super::record::{Record, phrase, quoted};
use super::told::{Names, Teller, dollars};
use super::vocabulary::{stem, words};
use super::when::{When, day_told, moment_told, today};
use crate::Ports;

/// Entries read at once.
const PAGE: u32 = 500;
/// Most entries of the audit log that are read for one look.
const MOST_ENTRIES: usize = 4_000;
/// Most records of another kind.
const MOST_OTHERS: u32 = 100;
/// Days of insights when none are named.
const USUAL_DAYS: u64 = 7;

/// Looks into what is recorded of one tenant.
pub struct Looker<'a> {
    /// The outside world.
    pub ports: &'a Ports,
    /// Whose records.
    pub tenant: &'a Tenant,
    /// Its clock.
    pub zone: Tz,
    /// What it may spend.
    pub budget: &'a TenantBudget,
    /// Who is who.
    pub names: &'a Names,
    /// Now.
    pub now: Timestamp,
}

impl Looker<'_> {
    /// Looks into something.
    ///
    /// # Errors
    /// See [`LookError`].
    pub async fn look(&self, look: &Look) -> Result<Found, LookError> {
        let records = match look {
            Look::AuditSearch(search) => return self.audit(search).await,
            Look::Approvals { status } => self.approvals(*status).await?,
            Look::Queue { state } => self.queue(*state).await?,
            Look::Posts { state } => self.posts(*state).await?,
            Look::Ugc {} => {
                let search = AuditSearch { event_type: Some("ugc.".to_owned()), ..AuditSearch::default() };
                return self.audit(&search).await;
            }
            Look::Insights(dates) => self.insights(*dates).await?,
            Look::Costs { task, from, to } => self.costs(*task, Dates { from: *from, to: *to }).await?,
            Look::Rules {} => {
                let rules = self.ports.store.list_rules(&self.tenant.id).await?;
                rules.iter().map(|rule| self.rule(rule)).collect()
            }
            Look::Memory { about } => self.memory(about).await?,
            Look::Alerts { open } => self.alerts(*open).await?,
            Look::Accounts {} => self.accounts().await?,
        };
        Ok(Found { records, is_cut: false })
    }

    async fn audit(&self, search: &AuditSearch) -> Result<Found, LookError> {
        let days = self.days(Dates { from: search.from, to: search.to });
        let filter = AuditFilter {
            event_type: search.event_type.clone(),
            resource_id: search.resource_id.clone(),
            from: days.map(|days| days.period.from),
            until: days.map(|days| days.period.until),
            ..AuditFilter::default()
        };
        let wanted: Vec<String> =
            search.about.iter().flat_map(|about| words(about)).map(|it| stem(&it.plain)).collect();
        let limit = search.limit.unwrap_or(MOST_ENTRIES).min(MOST_ENTRIES);
        let most = if wanted.is_empty() { limit } else { MOST_ENTRIES };
        let mut teller = Teller::new(self.zone, self.names);
        let (mut before, mut read) = (None, 0);
        let is_cut = loop {
            let page = PAGE.min((most - read) as u32);
            if page == 0 {
                break true;
            }
            let entries =
                self.ports.store.list_audit(&Chain::Tenant(self.tenant.id), &filter, before, page).await?;
            let is_last = entries.len() < page as usize;
            before = entries.last().map(|entry| entry.seq);
            read += entries.len();
            entries.into_iter().for_each(|entry| teller.hear(entry));
            if is_last {
                break false;
            }
        };
        let holds_all = |record: &Record| {
            let held: Vec<String> = words(&record.text()).into_iter().map(|it| stem(&it.plain)).collect();
            wanted.iter().all(|word| held.contains(word))
        };
        let mut records = teller.finish();
        if !wanted.is_empty() {
            records.retain(holds_all);
        }
        records.truncate(limit);
        Ok(Found { records, is_cut })
    }

    async fn approvals(&self, status: Option<ApprovalStatus>) -> Result<Vec<Record>, LookError> {
        let page = PageRequest::first(MOST_OTHERS);
        let approvals = self.ports.store.list_approvals(&self.tenant.id, status, page).await?;
        Ok(approvals.iter().map(|approval| self.approval(approval)).collect())
    }

    fn approval(&self, approval: &Approval) -> Record {
        let kind = approval.kind.as_str();
        let at = moment_told(approval.created_at, self.zone);
        let state = match approval.status {
            ApprovalStatus::Pending => "waits for a person".to_owned(),
            other => format!("is {other}"),
        };
        let words = quoted(&approval.incoming_text);
        let mut lines = vec![format!(
            "The {kind} of {at} for {words} {state}; a person was asked, because {}.",
            phrase(&approval.reason)
        )];
        let drafted = approval.proposed.iter().find_map(|action| action.text());
        lines.extend(drafted.map(|text| format!("The drafted words are {}.", quoted(text))));
        let mut record = Record::new("approval", approval.id.to_string(), format!("{kind} of {at}"), lines);
        record.decision = Some(approval.decision.to_string());
        record.at(approval.created_at)
    }

    async fn queue(&self, state: Option<EffectState>) -> Result<Vec<Record>, LookError> {
        let filter = EffectFilter { state, ..EffectFilter::default() };
        let effects =
            self.ports.store.list_effects(&self.tenant.id, &filter, PageRequest::first(MOST_OTHERS)).await?;
        Ok(effects.iter().map(|effect| self.effect(effect)).collect())
    }

    fn effect(&self, effect: &Effect) -> Record {
        let action = effect.action.action_type();
        let made = moment_told(effect.created_at, self.zone);
        let state = match effect.state {
            EffectState::Dlq => "failed and is abandoned, a dead letter".to_owned(),
            other => format!("is in the state {}", phrase(&other.as_str().replace('_', " "))),
        };
        let mut line = format!("The effect {action} queued on {made} {state}");
        if let Some(reason) = effect.skip_reason {
            line = format!("{line}, skipped because {}", phrase(&reason.as_str().replace('_', " ")));
        }
        if let Some(error) = &effect.error {
            line = format!("{line}; its last error was: {}", phrase(error));
        }
        let mut lines = vec![format!("{line}.")];
        lines.extend(effect.action.text().map(|text| format!("Its words are {}.", quoted(text))));
        let title = format!("{action}, {}", effect.state);
        let mut record = Record::new("effect", effect.id.to_string(), title, lines);
        record.decision = effect.decision.map(|it| it.to_string());
        record.at(effect.created_at)
    }

    async fn posts(&self, state: Option<PostState>) -> Result<Vec<Record>, LookError> {
        let filter = PostFilter { state, ..PostFilter::default() };
        let posts =
            self.ports.posts.list_posts(&self.tenant.id, &filter, PageRequest::first(MOST_OTHERS)).await?;
        Ok(posts.iter().map(|post| self.post(post)).collect())
    }

    fn post(&self, post: &Post) -> Record {
        let kind = post.draft.post_type;
        let state = match post.state {
            PostState::Pending => "waits for its approvals".to_owned(),
            PostState::NeedsPerson => "missed its time and waits for a person".to_owned(),
            PostState::Draft => "is being written as a draft".to_owned(),
            other => format!("is {}", phrase(&other.as_str().replace('_', " "))),
        };
        let mut line = format!("The post ({kind}) {} {state}", quoted(&post.draft.caption));
        match (post.published_at, post.scheduled_at) {
            (Some(at), _) => line = format!("{line}, published on {}", moment_told(at, self.zone)),
            (None, Some(at)) => line = format!("{line}, scheduled for {}", moment_told(at, self.zone)),
            (None, None) => {}
        }
        if let Some(error) = &post.error {
            line = format!("{line}; it failed: {}", phrase(error));
        }
        let by = self.names.get(&post.created_by).map_or_else(|| phrase(&post.created_by), |it| phrase(it));
        let lines = vec![
            format!("{line}."),
            format!("This post was created on {} by {by}.", moment_told(post.created_at, self.zone)),
        ];
        let title: String = post.draft.caption.chars().take(40).collect();
        let title = if title.is_empty() { format!("{kind} without a caption") } else { title };
        Record::new("post", post.id.to_string(), title, lines)
            .at(post.published_at.unwrap_or(post.created_at))
    }

    async fn insights(&self, dates: Dates) -> Result<Vec<Record>, LookError> {
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
    async fn costs(&self, task: Option<Task>, dates: Dates) -> Result<Vec<Record>, LookError> {
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
        Ok(vec![total, self.budget_today().await?])
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

    fn rule(&self, rule: &Rule) -> Record {
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
        Record::new("rule", rule.id.to_string(), format!("Rule {name}"), lines)
    }

    async fn memory(&self, about: &str) -> Result<Vec<Record>, LookError> {
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
                "The memory holds a {kind}{title}, last learned on {}: {}.",
                moment_told(item.updated_at, self.zone),
                quoted(&item.text)
            );
            Record::new("memory", item.id.to_string(), format!("Memory: {kind}"), vec![line])
        });
        Ok(told.collect())
    }

    async fn alerts(&self, open: Option<bool>) -> Result<Vec<Record>, LookError> {
        let (agency, page) = (&self.tenant.agency, PageRequest::first(MOST_OTHERS));
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
                    "The alert {kind} ({}) was raised on {at}, {} times in all, and {end}.",
                    alert.severity, alert.occurrences
                ),
                format!("The alert {kind} says {}.", quoted(&alert.message)),
            ];
            Record::new("alert", alert.id.to_string(), format!("Alert {kind}"), lines).at(alert.created_at)
        });
        Ok(told.collect())
    }

    async fn accounts(&self) -> Result<Vec<Record>, LookError> {
        let accounts = self.ports.store.list_accounts(&self.tenant.id).await?;
        let told = accounts.into_iter().map(|account| {
            let name = phrase(&account.username);
            let token = account.token_expires_at.map_or("has no known end".to_owned(), |at| {
                format!("expires on {}", moment_told(at, self.zone))
            });
            let line = format!(
                "The account @{name} is {}, was connected on {}, and its token {token}.",
                phrase(&account.status.as_str().replace('_', " ")),
                moment_told(account.created_at, self.zone)
            );
            Record::new("account", account.id.to_string(), format!("Account @{name}"), vec![line])
        });
        Ok(told.collect())
    }

    fn days(&self, dates: Dates) -> Option<When> {
        let present = today(self.now, self.zone);
        match (dates.from, dates.to) {
            (None, None) => None,
            (from, to) => {
                let last = to.unwrap_or(present);
                When::days(from.unwrap_or(last).min(last), last, self.zone)
            }
        }
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

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn number_told(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
