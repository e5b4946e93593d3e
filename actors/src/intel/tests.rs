//! Intel with an Instagram that answers as told.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use llm::{Answer, ClassifyRequest, LlmError, LlmRouter, ReplyRequest};
use tenants::account::{Account, LoginFlavour};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::effect::ErrorCategory;
use tenants::event::{Role, TickBody};
use tenants::ids::CompetitorId;
use tenants::insights::{AccountInsight, Competitor, IntelChange, MediaReading};
use tenants::intent::Classification;
use tenants::ports::{
    AccountProfile, AccountQuestion, AskError, Discovered, InsightsReader, MediaItem, Reading, SendError,
    TenantContext, Told, Usage,
};
use tenants::report::{AnalyticsReport, ReportType};

use super::{Intel, IntelSettings, changes_of};
use crate::Ports;
use crate::testing::{GatheredStore, World};

/// What Instagram does with calls from now on.
#[derive(Debug, Default)]
struct Script {
    /// Metrics that it does not know.
    unknown: HashSet<&'static str>,
    /// After so many calls each one fails like this.
    fails_after: Option<(usize, SendError)>,
    /// Usage of the account in percent.
    percent: f32,
    calls: Vec<String>,
    followers: u64,
}

#[derive(Debug, Default)]
struct Instagram(Mutex<Script>);

impl Instagram {
    fn told<T>(&self, call: String, value: T) -> Result<Told<T>, AskError> {
        let mut script = self.0.lock().unwrap();
        script.calls.push(call);
        if let Some((after, error)) = &script.fails_after
            && script.calls.len() > *after
        {
            return Err(AskError::Failed(error.clone()));
        }
        let usage = Usage { account_percent: Some(script.percent), ..Usage::default() };
        Ok(Told { value, usage })
    }

    fn metrics(&self, of: &str, metrics: &[&'static str]) -> Result<Told<Vec<Reading>>, AskError> {
        let unknown = self.0.lock().unwrap().unknown.clone();
        let told = self.told(format!("{of}:{}", metrics.join(",")), Vec::new())?;
        if metrics.iter().any(|metric| unknown.contains(metric)) {
            let reason = "instagram refused with code 100: no such metric".to_owned();
            return Err(AskError::NotAvailable { reason, names_metric: true, usage: told.usage });
        }
        let reading = |metric: &&'static str| Reading {
            metric: (*metric).to_owned(),
            breakdown: String::new(),
            value: 100.0,
            ends_at: None,
        };
        Ok(Told { value: metrics.iter().map(reading).collect(), ..told })
    }
}

#[async_trait]
impl InsightsReader for Instagram {
    async fn account_profile(&self, _: &Account) -> Result<Told<AccountProfile>, AskError> {
        let followers = self.0.lock().unwrap().followers;
        let profile = AccountProfile { followers: Some(followers), follows: Some(1), media_count: Some(9) };
        self.told("profile".into(), profile)
    }

    async fn account_insights(
        &self,
        _: &Account,
        question: &AccountQuestion,
    ) -> Result<Told<Vec<Reading>>, AskError> {
        self.metrics(&format!("account {}", question.breakdown.unwrap_or("whole")), &question.metrics)
    }

    async fn recent_media(&self, _: &Account, _: u32) -> Result<Told<Vec<MediaItem>>, AskError> {
        let post = MediaItem {
            id: "17".into(),
            product: "FEED".into(),
            media_type: "IMAGE".into(),
            caption: "Fresh bread".into(),
            permalink: None,
            published_at: START + Duration::from_secs(60),
            likes: Some(4),
            comments: Some(2),
        };
        self.told("media".into(), vec![post])
    }

    async fn live_stories(&self, _: &Account) -> Result<Told<Vec<MediaItem>>, AskError> {
        self.told("stories".into(), Vec::new())
    }

    async fn media_insights(
        &self,
        _: &Account,
        _: &str,
        metrics: &[&'static str],
    ) -> Result<Told<Vec<Reading>>, AskError> {
        self.metrics("media", metrics)
    }

    async fn discover(&self, _: &Account, username: &str) -> Result<Told<Discovered>, AskError> {
        if username == "person" {
            let told = self.told("discover".into(), ())?;
            let reason = "@person cannot be seen".to_owned();
            return Err(AskError::NotAvailable { reason, names_metric: true, usage: told.usage });
        }
        let profile = AccountProfile { followers: Some(500), follows: None, media_count: Some(3) };
        self.told("discover".into(), Discovered { profile, media: Vec::new() })
    }
}

const START: Timestamp = Timestamp::from_micros(1_763_690_000_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

/// A tenant in Lisbon, on Friday 2025-11-21, 01:53 UTC.
struct Stage {
    world: World,
    ports: Ports,
    context: TenantContext,
    instagram: Arc<Instagram>,
    gathered: Arc<GatheredStore>,
}

impl Stage {
    fn new() -> Self {
        Self::with(IntelSettings { calls_per_hour: 1_000, ..IntelSettings::default() })
    }

    fn with(settings: IntelSettings) -> Self {
        let world = World::new();
        let shop = world.shop();
        let context = world.store.data().contexts[&shop.tenant].clone();
        let (instagram, gathered) = (Arc::new(Instagram::default()), Arc::new(GatheredStore::default()));
        instagram.0.lock().unwrap().followers = 900;
        let intel = Intel::new(instagram.clone(), gathered.clone(), settings);
        let ports = Ports { intel, ..world.ports.clone() };
        Self { world, ports, context, instagram, gathered }
    }

    /// Takes a tick as an actor would, and keeps what it changes.
    async fn tick(&self, name: &str) -> Vec<Change> {
        let tick = TickBody { role: Role::Intel, name: name.to_owned(), due_at: self.ports.clock.now() };
        let changes = changes_of(&self.ports, &self.context, &tick).await.unwrap();
        self.gathered.apply(&changes);
        changes
    }

    fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.instagram.0.lock().unwrap());
    }

    fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.instagram.0.lock().unwrap().calls)
    }
}

fn rows(changes: &[Change]) -> Vec<&AccountInsight> {
    let rows = changes.iter().filter_map(|change| match change {
        Change::Intel(IntelChange::AccountInsights(rows)) => Some(rows),
        _ => None,
    });
    rows.flatten().collect()
}

fn readings(changes: &[Change]) -> Vec<&MediaReading> {
    let rows = changes.iter().filter_map(|change| match change {
        Change::Intel(IntelChange::MediaReadings(rows)) => Some(rows),
        _ => None,
    });
    rows.flatten().collect()
}

fn report(changes: &[Change]) -> Option<&AnalyticsReport> {
    changes.iter().find_map(|change| match change {
        Change::Intel(IntelChange::AddReport(report)) => Some(&**report),
        _ => None,
    })
}

fn whole<'a>(rows: &[&'a AccountInsight], metric: &str, day: &str) -> &'a AccountInsight {
    let found = rows.iter().find(|row| row.metric == metric && row.day == day && row.breakdown.is_empty());
    found.unwrap_or_else(|| panic!("nothing of {metric} on {day}"))
}

fn failure(category: ErrorCategory, retry_after: Option<Duration>) -> SendError {
    SendError {
        category,
        code: Some(190),
        subcode: Some(463),
        message: "as scripted".into(),
        retry_after,
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    }
}

#[tokio::test]
async fn one_metric_that_instagram_removed_costs_that_metric_alone_and_is_left_alone_for_a_day() {
    let stage = Stage::new();
    stage.script(|script| _ = script.unknown.insert("profile_views"));
    let changes = stage.tick("insights").await;
    let rows = rows(&changes);
    for metric in ["views", "reach", "website_clicks", "followers"] {
        assert!(whole(&rows, metric, "2025-11-21").measured.value.is_some(), "{metric}");
    }
    let removed = whole(&rows, "profile_views", "2025-11-21");
    assert!(
        removed.measured.value.is_none() && removed.measured.reason.as_ref().unwrap().contains("code 100")
    );
    let asked_for_it = |calls: Vec<String>| {
        calls.iter().filter(|call| call.starts_with("account") && call.contains("profile_views")).count()
    };
    assert_eq!(asked_for_it(stage.calls()), 2, "once with the others, once alone, then not any more");
    stage.world.clock.advance(HOUR);
    let again = stage.tick("insights").await;
    assert_eq!(asked_for_it(stage.calls()), 0);
    assert!(whole(&self::rows(&again), "profile_views", "2025-11-21").measured.reason.is_some());
    stage.world.clock.advance(24 * HOUR);
    stage.tick("insights").await;
    assert!(asked_for_it(stage.calls()) > 0, "after a day it is asked for again");
}

#[tokio::test]
async fn what_media_do_not_tell_costs_nothing_else() {
    let stage = Stage::new();
    stage.world.clock.advance(HOUR);
    stage.script(|script| _ = script.unknown.insert("reposts"));
    let changes = stage.tick("insights").await;
    let post = readings(&changes)[0];
    assert_eq!((post.value("reach"), post.value("reposts"), post.kind()), (Some(100.0), None, "image"));
    assert!(post.metrics["reposts"].reason.is_some());
    assert_eq!(post.engagement(), Some(400.0));
}

#[tokio::test]
async fn below_a_hundred_followers_numbers_are_missing_with_the_reason_and_not_zero() {
    let stage = Stage::new();
    stage.script(|script| script.followers = 99);
    let changes = stage.tick("insights").await;
    let rows = rows(&changes);
    for metric in ["follows_and_unfollows", "online_followers", "follower_count"] {
        let told = &whole(&rows, metric, "2025-11-21").measured;
        assert!(told.value.is_none() && told.reason.as_ref().unwrap().contains("100 followers"), "{metric}");
    }
    assert!(!stage.calls().iter().any(|call| call.contains("online_followers")), "nobody asks in vain");
}

#[tokio::test]
async fn a_rate_limit_in_the_middle_keeps_what_was_read_and_waits_as_told() {
    let stage = Stage::new();
    let limited = failure(ErrorCategory::RateLimit, Some(2 * HOUR));
    stage.script(|script| script.fails_after = Some((2, limited)));
    let changes = stage.tick("insights").await;
    assert!(whole(&rows(&changes), "reach", "2025-11-21").measured.value.is_some());
    assert!(
        changes
            .iter()
            .any(|change| matches!(change, Change::Audit(entry) if entry.event_type == "insights.postponed"))
    );
    assert!(!changes.iter().any(|change| matches!(change, Change::SetAccountStatus { .. })));
    assert_eq!(stage.calls().len(), 3);
    stage.script(|script| script.fails_after = None);
    stage.world.clock.advance(HOUR);
    stage.tick("insights").await;
    assert!(stage.calls().is_empty(), "nothing is asked before the limit is over");
    stage.world.clock.advance(HOUR + Duration::from_secs(1));
    let changes = stage.tick("insights").await;
    assert!(!stage.calls().is_empty());
    assert!(
        whole(&rows(&changes), "reach", "2025-11-20").measured.value.is_some(),
        "the day before is made up for"
    );
}

#[tokio::test]
async fn a_dead_token_marks_the_account_and_tells_people_with_the_alert_of_refused_replies() {
    let stage = Stage::new();
    stage.script(|script| script.fails_after = Some((0, failure(ErrorCategory::AuthFailure, None))));
    let changes = stage.tick("insights").await;
    let account = stage.context.accounts[0].id;
    let is_marked = |change: &Change| {
        matches!(change, Change::SetAccountStatus { account: of, status }
            if *of == account && *status == tenants::account::AccountStatus::Expired)
    };
    assert!(changes.iter().any(is_marked));
    let key = format!("auth_failure:{account}");
    assert!(
        changes.iter().any(|change| matches!(change, Change::RaiseAlert(alert, _) if alert.dedup_key == key))
    );
}

#[tokio::test]
async fn when_half_of_the_allowance_is_used_the_rest_is_left_to_replies() {
    let stage = Stage::new();
    stage.script(|script| script.percent = 60.0);
    stage.tick("insights").await;
    assert_eq!(stage.calls(), ["profile"], "the first answer says that enough is used");
}

#[tokio::test]
async fn an_hour_has_so_many_calls_and_the_next_one_goes_on() {
    let stage = Stage::with(IntelSettings { calls_per_hour: 3, ..IntelSettings::default() });
    stage.tick("insights").await;
    assert_eq!(stage.calls().len(), 3);
    stage.world.clock.advance(HOUR);
    stage.tick("insights").await;
    assert_eq!(stage.calls().len(), 3);
}

#[tokio::test]
async fn an_instagram_that_does_not_answer_is_left_alone_for_a_while() {
    let stage = Stage::new();
    stage.script(|script| script.fails_after = Some((0, failure(ErrorCategory::Transient, None))));
    for _ in 0..20 {
        stage.tick("insights").await;
    }
    assert!(stage.calls().len() < 10, "the breaker opens");
}

#[tokio::test]
async fn a_report_compares_with_the_day_before_and_says_what_is_missing() {
    let stage = Stage::new();
    stage.world.clock.advance(24 * HOUR);
    stage.tick("insights").await;
    stage.world.clock.advance(24 * HOUR);
    let changes = stage.tick("daily_report").await;
    let report = report(&changes).expect("a report");
    assert_eq!((report.period.first_day.as_str(), report.revision), ("2025-11-22", 1));
    let body = &report.body;
    assert_eq!(body.instagram.reach, Some(100.0));
    assert_eq!(body.comparison.metrics["reach"].previous, Some(100.0), "the day before was made up for");
    assert_eq!(body.instagram.followers, Some(900.0));
    assert!(body.instagram.follower_growth.is_none());
    assert!(body.instagram.not_available["follower_growth"].contains("not known"));
    assert_eq!((body.revenue.source.as_str(), body.revenue.attributed_revenue_minor), ("none yet", 0));
    assert_eq!(body.insights.written_by, "offline");
    assert!(!body.insights.findings.is_empty());
    let again = stage.tick("daily_report").await;
    assert!(self::report(&again).is_none(), "a period has one report");
}

/// Models that do not answer.
struct Down;

#[async_trait]
impl LlmRouter for Down {
    async fn classify(&self, _: ClassifyRequest) -> Result<Answer<Classification>, LlmError> {
        Err(LlmError::Cancelled)
    }
    async fn reply(&self, _: ReplyRequest) -> Result<Answer<String>, LlmError> {
        Err(LlmError::Cancelled)
    }
    async fn report(&self, _: llm::report::ReportRequest) -> Result<Answer<llm::report::Written>, LlmError> {
        Err(LlmError::Unavailable { retry_after: None, reason: "down".into() })
    }
}

#[tokio::test]
async fn a_model_that_is_down_costs_no_report() {
    let mut stage = Stage::new();
    stage.tick("insights").await;
    stage.ports.llm = Arc::new(Down);
    let changes = stage.tick("weekly_report").await;
    let insights = &report(&changes).expect("a report").body.insights;
    assert_eq!(insights.written_by, "offline");
    assert!(insights.degraded.as_ref().unwrap().contains("down"));
}

fn competitor(stage: &Stage, username: &str) -> Competitor {
    Competitor {
        id: CompetitorId::new(&stage.ports.ids),
        tenant: stage.context.tenant.id,
        username: username.to_owned(),
        note: None,
        created_at: START,
    }
}

#[tokio::test]
async fn competitors_are_seen_through_facebook_login_and_otherwise_it_says_why_not() {
    let mut stage = Stage::new();
    let rivals = [competitor(&stage, "rival"), competitor(&stage, "person")];
    stage.gathered.apply(&rivals.map(|rival| Change::Intel(IntelChange::AddCompetitor(rival))));
    let changes = stage.tick("competitors").await;
    assert!(stage.calls().is_empty());
    let lines = &report(&changes).expect("a report").body.competitors;
    assert!(lines.iter().all(|line| line.problem.as_ref().unwrap().contains("Facebook Login")), "{lines:?}");

    stage.context.accounts[0].flavour = LoginFlavour::Facebook;
    stage.world.clock.advance(7 * 24 * HOUR);
    let changes = stage.tick("competitors").await;
    let report = report(&changes).expect("a report");
    assert_eq!(report.report_type, ReportType::Competitors);
    let line = |name: &str| report.body.competitors.iter().find(|line| line.username == name).unwrap();
    assert_eq!(line("rival").metrics["followers"].current, Some(500.0));
    assert!(line("person").problem.as_ref().unwrap().contains("cannot be seen"));
}

#[tokio::test]
async fn a_spike_has_one_alert_however_long_it_lasts() {
    let stage = Stage::new();
    let account = stage.context.accounts[0].id;
    let mut alerts = Vec::new();
    for comments in [2, 60, 60, 60, 0] {
        for _ in 0..comments {
            stage.gathered.comment(account, stage.ports.clock.now() + Duration::from_secs(60));
        }
        stage.world.clock.advance(HOUR);
        let changes = stage.tick("spikes").await;
        alerts.push(changes.iter().find_map(|change| match change {
            Change::RaiseAlert(alert, _) => Some(alert.dedup_key.clone()),
            Change::ResolveAlert { dedup_key, .. } => Some(format!("end of {dedup_key}")),
            _ => None,
        }));
    }
    let key = alerts[1].clone().expect("an alert");
    assert_eq!(alerts, [None, Some(key.clone()), None, None, Some(format!("end of {key}"))]);
}
