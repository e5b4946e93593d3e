//! Reads what is recorded of one tenant, and tells it in whole sentences.

use chrono::NaiveDate;
use chrono_tz::Tz;
use tenants::account::Tenant;
use tenants::approval::{Approval, ApprovalKind, ApprovalStatus};
use tenants::audit::Chain;
use tenants::budget::TenantBudget;
use tenants::clock::Timestamp;
use tenants::effect::{Effect, EffectState};
use tenants::lead::{Lead, LeadField};
use tenants::memory::Recall;
use tenants::models::{BudgetScope, Task};
use tenants::ports::{
    AuditFilter, CostKeys, EffectFilter, InsightQuery, MemoryError, PageRequest, PostFilter,
};
use tenants::post::{Post, PostState};
use tenants::rule::Rule;

use super::facts::{Facts, target_of};
use super::look::{AuditSearch, Dates, Found, Look, LookError};
use super::record::{Record, phrase, quoted};
use super::told::{Names, Teller, dollars, person_told, post_told, with_article};
use super::vocabulary::{Deed, Thing, stem, words};
use super::when::{When, day_told, moment_told, today};
use crate::Ports;

/// Entries read at once.
const PAGE: u32 = 500;
/// Most entries of the audit log that are read for one look.
const MOST_ENTRIES: usize = 4_000;
/// Most records of another kind.
const MOST_OTHERS: u32 = 2_000;
/// Records of another kind that are read at once.
const OTHERS_AT_ONCE: u32 = 200;
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
            Look::Approvals { status } => return self.approvals(*status).await,
            Look::Queue { state } => return self.queue(*state).await,
            Look::Posts { state } => return self.posts(*state).await,
            Look::Leads {} => return self.leads().await,
            Look::Settings {} => self.settings().await?,
            Look::BestTimes {} => self.best_times().await?,
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

    async fn approvals(&self, status: Option<ApprovalStatus>) -> Result<Found, LookError> {
        let mut pages = Pages::<Approval>::new();
        while let Some(page) = pages.next(|it| it.id.0) {
            pages.take(self.ports.store.list_approvals(&self.tenant.id, status, page).await?);
        }
        Ok(pages.told(|it| self.approval(it)))
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
        record.at(approval.created_at).with(facts_of_approval(approval))
    }

    async fn queue(&self, state: Option<EffectState>) -> Result<Found, LookError> {
        let filter = EffectFilter { state, ..EffectFilter::default() };
        let mut pages = Pages::<Effect>::new();
        while let Some(page) = pages.next(|it| it.id.0) {
            pages.take(self.ports.store.list_effects(&self.tenant.id, &filter, page).await?);
        }
        Ok(pages.told(|it| self.effect(it)))
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
        record.at(effect.created_at).with(facts_of_effect(effect))
    }

    async fn posts(&self, state: Option<PostState>) -> Result<Found, LookError> {
        let filter = PostFilter { state, ..PostFilter::default() };
        let mut pages = Pages::<Post>::new();
        while let Some(page) = pages.next(|it| it.id.0) {
            pages.take(self.ports.posts.list_posts(&self.tenant.id, &filter, page).await?);
        }
        Ok(pages.told(|it| self.post(it)))
    }

    fn post(&self, post: &Post) -> Record {
        let kind = post.draft.post_type;
        let state = match post.state {
            PostState::Pending => "waits for its approvals".to_owned(),
            PostState::NeedsPerson => "missed its time and waits for a person".to_owned(),
            PostState::Draft => "is being written as a draft".to_owned(),
            other => format!("is {}", phrase(&other.as_str().replace('_', " "))),
        };
        let mut line = capital(&format!("{} {state}", post_told(kind.as_str(), Some(&post.draft.caption))));
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
            .with(facts_of_post(post))
    }

    async fn leads(&self) -> Result<Found, LookError> {
        let mut pages = Pages::<Lead>::new();
        while let Some(page) = pages.next(|it| it.id.0) {
            pages.take(self.ports.comms.list_leads(&self.tenant.id, None, page).await?);
        }
        Ok(pages.told(|it| self.lead(it)))
    }

    fn lead(&self, lead: &Lead) -> Record {
        let who = person_told(lead.person.username.as_deref().unwrap_or(&lead.person.id));
        let mut line = format!(
            "The lead from {who}, found on {}, is in the stage {} ({:.0} % sure)",
            moment_told(lead.created_at, self.zone),
            lead.stage,
            lead.confidence * 100.0
        );
        // How to reach them stands with the lead, and not in conversations that are kept.
        let is_told =
            |field: &LeadField| matches!(field, LeadField::Need | LeadField::Budget | LeadField::Timeline);
        let facts = lead.facts.iter().filter(|(field, _)| is_told(field));
        let said: Vec<String> =
            facts.map(|(field, fact)| format!("{field} {}", quoted(&fact.value))).collect();
        if !said.is_empty() {
            line = format!("{line} and has told {}", said.join(", "));
        }
        let mut facts = Facts::of(&[Thing::Lead]).done(Deed::Create, lead.created_at);
        facts.weight = lead.confidence;
        let mut record =
            Record::new("lead", lead.id.to_string(), format!("Lead {who}"), vec![format!("{line}.")]);
        record.author = lead.person.username.clone();
        record.at(lead.created_at).with(facts)
    }

    /// What of the settings is asked for: the others are long, and open to everybody on their page.
    async fn settings(&self) -> Result<Vec<Record>, LookError> {
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

    async fn best_times(&self) -> Result<Vec<Record>, LookError> {
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
        let now = if rule.enabled { Deed::Enable } else { Deed::Disable };
        let facts = Facts::of(&[Thing::Rule]).done(now, None).done(Deed::Create, rule.created_at);
        Record::new("rule", rule.id.to_string(), format!("Rule {name}"), lines).with(facts)
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

    async fn alerts(&self, open: Option<bool>) -> Result<Vec<Record>, LookError> {
        let (agency, page) = (&self.tenant.agency, PageRequest::first(OTHERS_AT_ONCE));
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

    async fn accounts(&self) -> Result<Vec<Record>, LookError> {
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

/// Rows that are read page after page.
#[derive(Debug)]
struct Pages<T> {
    read: Vec<T>,
    is_whole: bool,
}

impl<T> Pages<T> {
    fn new() -> Self {
        Self { read: Vec::new(), is_whole: false }
    }

    /// The page that is to be read next; `None` when there are no more, or more than are read.
    fn next(&self, id: impl Fn(&T) -> uuid::Uuid) -> Option<PageRequest> {
        let goes_on = !self.is_whole && self.read.len() < MOST_OTHERS as usize;
        goes_on.then(|| PageRequest { before: self.read.last().map(id), limit: OTHERS_AT_ONCE })
    }

    fn take(&mut self, page: Vec<T>) {
        self.is_whole = page.len() < OTHERS_AT_ONCE as usize;
        self.read.extend(page);
    }

    fn told(&self, tell: impl Fn(&T) -> Record) -> Found {
        Found { records: self.read.iter().map(tell).collect(), is_cut: !self.is_whole }
    }
}

/// What waits, is one kind of question or the other; what was decided is told by its entry, with its moment.
fn facts_of_approval(approval: &Approval) -> Facts {
    let mut facts = Facts::of(&[Thing::Approval]);
    let about = approval.proposed.iter().find_map(|it| target_of(it.action_type().as_str()));
    facts.things.extend(about);
    let asked = match approval.kind {
        ApprovalKind::Draft => Deed::Draft,
        ApprovalKind::Escalation => Deed::Escalate,
    };
    let facts = facts.done(asked, approval.created_at);
    match (approval.status, approval.decided_at) {
        (ApprovalStatus::Pending, _) => facts.done(Deed::Wait, approval.created_at),
        (ApprovalStatus::Expired, at) => facts.done(Deed::Expire, at),
        (ApprovalStatus::Approved | ApprovalStatus::Edited | ApprovalStatus::Rejected, _) => facts,
    }
}

/// How an effect stands; what happened to it is told by its entries, with their moments.
fn facts_of_effect(effect: &Effect) -> Facts {
    let mut facts = Facts::of(&[Thing::Queue]);
    facts.things.extend(target_of(effect.action.action_type().as_str()));
    match effect.state {
        EffectState::Pending => facts.done(Deed::Wait, effect.created_at),
        EffectState::Dlq => {
            facts.things.push(Thing::Letter);
            facts.done(Deed::Fail, None).done(Deed::GiveUp, None).undone(Deed::Send, None)
        }
        _ => facts,
    }
}

/// How a post stands.
fn facts_of_post(post: &Post) -> Facts {
    let facts = Facts::of(&[Thing::Post]);
    match post.state {
        PostState::Draft => facts.done(Deed::Draft, post.created_at),
        PostState::Pending => facts.done(Deed::Wait, post.created_at),
        PostState::NeedsPerson => facts.done(Deed::Wait, post.created_at).undone(Deed::Publish, None),
        PostState::Approved => facts.done(Deed::Schedule, post.scheduled_at),
        PostState::Publishing => facts,
        PostState::Published => facts.done(Deed::Publish, post.published_at),
        PostState::Failed => facts.done(Deed::Fail, None).undone(Deed::Publish, None),
        PostState::Cancelled => facts.done(Deed::Cancel, None).undone(Deed::Publish, None),
        PostState::Rejected => facts.done(Deed::Reject, None).undone(Deed::Publish, None),
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

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn number_told(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
