//! A busy agency on a clock that runs fast, through a change of the clocks and several restarts: every tick runs once,
//! counted against what a calendar read minute by minute says, and every post is up once.
//!
//! Two days of a few tenants are told with every run of the tests. The whole month of thirty tenants takes minutes:
//! `cargo test -p troupe-tests --test stories month_of -- --ignored`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use kit::{Backend, TestApp, TestTenant};
use runtime::media::samples;
use serde_json::json;
use tenants::clock::{Clock, Timestamp};
use tenants::event::Role;
use tenants::ports::{PageRequest, Ticks};

/// Short of the quarter of an hour within which a tick counts as on time.
const STEP: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);

/// Zones with changes of the clocks at different dates and by different amounts, and with none.
const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "UTC",
    "Europe/Lisbon",
    "America/Santiago",
    "Pacific/Auckland",
    "Africa/Cairo",
    "Asia/Tokyo",
];

/// When a tick is due, in words of a calendar.
enum Due {
    /// At this minute of every hour.
    EveryHour(u32),
    /// At these hours of every day.
    Hours(&'static [u32]),
    /// At this hour of one day of the week.
    Weekly(Weekday, u32),
}

/// Every tick there is, told once more, independently of the program.
fn ticks() -> Vec<(Role, &'static str, bool, Due)> {
    use Due::{EveryHour, Hours, Weekly};
    vec![
        (Role::Comms, "daily_briefing", true, Hours(&[8])),
        (Role::Comms, "weekly_report", true, Weekly(Weekday::Mon, 9)),
        (Role::Intel, "insights", true, EveryHour(0)),
        (Role::Intel, "spikes", true, EveryHour(30)),
        (Role::Intel, "ugc", true, Hours(&[0, 4, 8, 12, 16, 20])),
        (Role::Intel, "daily_report", false, Hours(&[2])),
        (Role::Intel, "weekly_report", false, Weekly(Weekday::Mon, 8)),
        (Role::Intel, "competitors", true, Weekly(Weekday::Fri, 10)),
        (Role::Admin, "token_refresh", true, Hours(&[0])),
        (Role::Admin, "cost_report", true, Hours(&[23])),
    ]
}

/// Every moment at which a tick is due after `from` and up to `until`: each minute is looked at, and each local time
/// counts when a wall clock first shows it or has jumped over it.
fn expected(due: &Due, zone: Tz, from: Timestamp, until: Timestamp) -> Vec<DateTime<Utc>> {
    let minute = |moment: Timestamp| moment.as_micros().div_euclid(60_000_000);
    let mut found = Vec::new();
    let mut shown: BTreeSet<(NaiveDate, u32)> = BTreeSet::new();
    // A local time that was shown before the beginning is not shown for the first time after it.
    for minute in minute(from) - 1_500..=minute(until) {
        let moment = Utc.timestamp_opt(minute * 60, 0).unwrap();
        let local = moment.with_timezone(&zone);
        let is_within = Timestamp::from(moment) > from && Timestamp::from(moment) <= until;
        let hours: &[u32] = match due {
            Due::EveryHour(wanted) => {
                if local.minute() == *wanted && is_within {
                    found.push(moment);
                }
                continue;
            }
            Due::Hours(hours) => hours,
            Due::Weekly(day, hour) if local.weekday() == *day => std::slice::from_ref(hour),
            Due::Weekly(..) => &[],
        };
        for hour in hours {
            let wanted = NaiveTime::from_hms_opt(*hour, 0, 0).unwrap();
            let is_past = local.time() >= wanted;
            if is_past && shown.insert((local.date_naive(), *hour)) && is_within {
                found.push(moment);
            }
        }
    }
    found
}

/// An agency whose tenants live in many zones.
struct Agency {
    tenants: Vec<(TestTenant, Tz, Timestamp)>,
}

impl Agency {
    async fn open(app: &TestApp, count: usize) -> Self {
        let mut tenants = Vec::new();
        for number in 0..count {
            let zone = ZONES[number % ZONES.len()];
            let shop = app.tenant(&format!("shop{number}")).time_zone(zone).create().await;
            app.until("its ticks are planned", || async {
                let database = &app.node().foundations().database;
                database.list_ticks(&shop.id).await.is_ok_and(|ticks| !ticks.is_empty())
            })
            .await;
            tenants.push((shop, zone.parse().unwrap(), app.clock.now()));
        }
        Self { tenants }
    }

    /// Plans so many posts of every tenant, evenly over the steps up to `last`.
    async fn plan_posts(&self, app: &TestApp, each: u32, begin: Timestamp, last: u32) {
        for (number, (shop, ..)) in self.tenants.iter().enumerate() {
            let file = samples::jpeg(320, 400, number as u8);
            let media = app.api.upload(&shop.path("/media?name=cake.jpg"), file).await.ok();
            for post in 0..each {
                let step = (last - 6) * (post + 1) / each + 3 + number as u32 % 3;
                let document = json!({
                    "post_type": "image", "caption": caption(shop, post), "media": [media["id"]],
                    "scheduled_at": begin + STEP * step, "allow_duplicates": true,
                });
                app.api.post(&shop.path("/posts"), document).await.ok();
            }
        }
    }

    /// Counts the posts that people see.
    fn count_posts(&self, app: &TestApp, each: u32) -> usize {
        for (shop, zone, _) in &self.tenants {
            let media = app.sandbox.media_of(shop).expect("media");
            let mut seen: Vec<String> = media.into_iter().filter_map(|media| media.caption).collect();
            seen.retain(|caption| caption != "new");
            seen.sort();
            let mut planned: Vec<String> = (0..each).map(|post| caption(shop, post)).collect();
            planned.sort();
            assert_eq!(seen, planned, "posts of a tenant in {zone}");
        }
        self.tenants.len() * each as usize
    }

    /// Counts what ran against what should have, by tenant, tick and moment.
    async fn count(&self, app: &TestApp, until: Timestamp) -> usize {
        let database = &app.node().foundations().database;
        let mut ran_in_all = 0;
        for (shop, zone, since) in &self.tenants {
            for (role, name, is_local, due) in ticks() {
                let zone = if is_local { *zone } else { Tz::UTC };
                let expected: BTreeMap<Timestamp, usize> =
                    expected(&due, zone, *since, until).into_iter().map(|at| (at.into(), 1)).collect();
                let mut ran: BTreeMap<Timestamp, usize> = BTreeMap::new();
                for run in
                    database.tick_runs(&shop.id, role, name, PageRequest::first(100_000)).await.unwrap()
                {
                    assert!(run.done_at.is_some(), "{role} {name} of {zone} at {}", run.due_at);
                    *ran.entry(run.due_at).or_default() += 1;
                }
                assert_eq!(ran, expected, "{role} {name} in {zone} since {since}");
                ran_in_all += ran.len();
            }
            // What ticks do is done once as well: a report for every evening.
            let evenings = expected_count(Due::Hours(&[23]), *zone, *since, until);
            let reports =
                app.audit(shop).await.into_iter().filter(|entry| entry.event_type == "cost.reported");
            assert_eq!(reports.count(), evenings, "cost reports in {zone}");
        }
        ran_in_all
    }
}

fn caption(shop: &TestTenant, post: u32) -> String {
    format!("Post {post} of {}", shop.id)
}

fn expected_count(due: Due, zone: Tz, from: Timestamp, until: Timestamp) -> usize {
    expected(&due, zone, from, until).len()
}

/// Looks at accounts are rare here, so that the story is about ticks.
const SETTINGS: &str = "[dispatcher]\nread_back_delay_ms = 100\npoll_interval_ms = 500\n\
    [actors]\npoll_every_ms = 500\nversion_poll_every_ms = 500\nidle_after_s = 3600\n\
    [watch]\npoll_every_s = 43200\nlongest_poll_s = 43200\nhealth_every_s = 43200\n\
    [shutdown]\nsoft_ms = 2000\nhard_ms = 2000\n";

/// Lives through so many days from shortly before a moment on, with restarts in between.
async fn live(backend: Backend, tenants: usize, posts: u32, begin: &str, days: u32, restarts: u32) {
    let Some(mut app) = TestApp::start_with(backend, None, SETTINGS).await else { return };
    let begin: Timestamp = begin.parse().unwrap();
    let ahead = begin.since(app.clock.now());
    assert!(!ahead.is_zero(), "the clock can only be put forward: choose a later beginning");
    app.clock.advance(ahead);
    let agency = Agency::open(&app, tenants).await;
    let steps = days * (DAY.as_secs() / STEP.as_secs()) as u32;
    agency.plan_posts(&app, posts, begin, steps).await;
    let mut until = app.clock.now();
    for step in 1..=steps {
        // To the step exactly, whatever real time has passed.
        let goal = begin + STEP * step;
        app.clock.advance(goal.since(app.clock.now()) + Duration::from_secs(1));
        app.settle().await;
        until = goal;
        if restarts > 0 && step % (steps / (restarts + 1)).max(1) == 0 && step < steps {
            app.restart().await;
        }
    }
    // What is due in the last minutes may have been spread beyond them: the spread is waited for.
    app.clock.advance(Duration::from_secs(301));
    app.settle().await;
    let ran = agency.count(&app, until).await;
    let up = agency.count_posts(&app, posts);
    println!(
        "{ran} ticks of {tenants} tenants ran and {up} posts went up once each in {days} days, over {restarts} restarts"
    );
    app.end().await;
}

/// From Saturday noon on, over the Sunday on which Berlin, Lisbon and London put their clocks forward.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_days_of_a_busy_agency_through_a_change_of_the_clocks() {
    live(Backend::Sqlite, 5, 6, "2027-03-27T12:00:00Z", 2, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn a_month_of_a_busy_agency_on_sqlite() {
    live(Backend::Sqlite, 30, 100, "2027-03-12T00:00:00Z", 31, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn a_month_of_a_busy_agency_on_postgres() {
    live(Backend::Postgres, 30, 100, "2027-03-12T00:00:00Z", 31, 7).await;
}

#[test]
fn the_calendar_of_this_story_knows_gaps_and_doubled_hours() {
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let berlin = Tz::Europe__Berlin;
    let hours = |from: &str, until: &str, due: Due| expected_count(due, berlin, at(from), at(until));
    // 23 hours of a day, but every local time of it; 25 hours of another, and each local time once.
    assert_eq!(hours("2027-03-27T22:59:00Z", "2027-03-28T21:59:00Z", Due::EveryHour(0)), 23);
    assert_eq!(hours("2027-03-27T22:59:00Z", "2027-03-28T21:59:00Z", Due::Hours(&[2])), 1);
    assert_eq!(hours("2027-10-30T21:59:00Z", "2027-10-31T22:59:00Z", Due::EveryHour(0)), 25);
    assert_eq!(hours("2027-10-30T21:59:00Z", "2027-10-31T22:59:00Z", Due::Hours(&[2])), 1);
}
