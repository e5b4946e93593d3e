//! Insights, reports and competitors: kept once, replaced only where that is meant, forgotten in time.

use std::collections::BTreeMap;
use std::time::Duration;

use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, CompetitorId, ReportId, RunId};
use tenants::insights::{
    AccountInsight, COMMENTS_PER_HOUR, Competitor, CompetitorSeen, CompetitorSnapshot, IntelChange, Measured,
    MediaReading,
};
use tenants::ports::{InsightQuery, IntelStore, MediaQuery, PageRequest};
use tenants::report::{AnalyticsReport, FindingLine, ReportBody, ReportPeriod, ReportType};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    a_number_is_kept_by_day_and_never_replaced_by_its_absence
    days_and_hours_are_told_apart
    of_each_media_the_newest_reading_counts
    a_report_of_a_period_is_made_once_and_replaced_only_on_purpose
    competitors_come_once_and_go_with_all_that_was_seen
    comments_are_counted_by_when_they_were_written
    what_is_old_is_forgotten_and_the_last_reading_of_media_stays
    strangers_find_nothing_and_add_nothing
}

const HOUR: Duration = Duration::from_secs(3_600);

fn row(world: &World, account: AccountId, metric: &str, day: &str, value: Option<f64>) -> AccountInsight {
    let measured = value.map_or_else(|| Measured::missing("too few followers"), Measured::known);
    AccountInsight {
        account,
        metric: metric.into(),
        breakdown: String::new(),
        day: day.into(),
        measured,
        ends_at: world.now(),
        read_at: world.now(),
    }
}

fn insights(rows: impl IntoIterator<Item = AccountInsight>) -> Change {
    Change::Intel(IntelChange::AccountInsights(rows.into_iter().collect()))
}

fn days(first: &str, last: &str) -> InsightQuery {
    InsightQuery { account: None, metric: None, first_day: first.into(), last_day: last.into() }
}

async fn kept(world: &World) -> Vec<(String, String, Option<f64>)> {
    let rows = world.store.account_insights(&world.tenant, &days("2026-01-01", "2026-12-31")).await.unwrap();
    rows.into_iter().map(|row| (row.day, row.metric, row.measured.value)).collect()
}

async fn a_number_is_kept_by_day_and_never_replaced_by_its_absence(database: TestDatabase) {
    let world = World::new(&database).await;
    let account = AccountId::new(&world.ids);
    let put = |value| insights([row(&world, account, "reach", "2026-03-04", value)]);
    world.commit([put(None)]).await.unwrap();
    assert_eq!(kept(&world).await, [("2026-03-04".into(), "reach".into(), None)]);
    world.commit([put(Some(5.5))]).await.unwrap();
    world.commit([put(Some(7.0)), put(Some(8.0))]).await.unwrap();
    world.commit([put(None)]).await.unwrap();
    assert_eq!(kept(&world).await, [("2026-03-04".into(), "reach".into(), Some(8.0))]);
    let nothing =
        AccountInsight { measured: Measured::default(), ..row(&world, account, "x", "2026-03-04", None) };
    assert!(is_conflict(&world.commit([insights([nothing])]).await), "neither a number nor a reason");
}

async fn days_and_hours_are_told_apart(database: TestDatabase) {
    let world = World::new(&database).await;
    let (account, other) = (AccountId::new(&world.ids), AccountId::new(&world.ids));
    let hour = AccountInsight {
        breakdown: "hour:1".into(),
        ..row(&world, account, COMMENTS_PER_HOUR, "2026-03-05", Some(60.0))
    };
    let part = AccountInsight {
        breakdown: "follow_type:follower".into(),
        ..row(&world, account, "reach", "2026-03-06", Some(1.0))
    };
    let rows = [
        row(&world, account, "reach", "2026-03-04", Some(1.0)),
        row(&world, account, "views", "2026-03-05", Some(2.0)),
        row(&world, other, "reach", "2026-03-05", Some(3.0)),
        part,
        hour.clone(),
    ];
    world.commit([insights(rows)]).await.unwrap();
    assert_eq!(kept(&world).await.len(), 4, "numbers by the hour are not among those by day");
    let of_one = InsightQuery {
        account: Some(other),
        metric: Some("reach".into()),
        ..days("2026-03-04", "2026-03-31")
    };
    let found = world.store.account_insights(&world.tenant, &of_one).await.unwrap();
    assert_eq!(found.iter().map(|row| row.account).collect::<Vec<_>>(), [other]);
    let read = world.store.days_read(&world.tenant, &account, "reach", "2026-03-01").await.unwrap();
    assert_eq!(read, [("2026-03-04".to_owned(), world.now())], "a part says nothing about the day");
    let counted = world.store.hours_counted(&world.tenant, &account, world.now() - HOUR).await.unwrap();
    assert_eq!(counted, [hour]);
    assert!(world.store.hours_counted(&world.tenant, &account, world.now()).await.unwrap().is_empty());
}

pub fn reading(world: &World, account: AccountId, media: &str, day: &str, likes: f64) -> MediaReading {
    MediaReading {
        account,
        media: media.into(),
        day: day.into(),
        product: "REELS".into(),
        media_type: "VIDEO".into(),
        caption: "=cheers\0".into(),
        permalink: None,
        published_at: world.now(),
        metrics: BTreeMap::from([
            ("likes".to_owned(), Measured::known(likes)),
            ("saved".to_owned(), Measured::missing("not told")),
        ]),
        read_at: world.now(),
    }
}

pub fn media(rows: impl IntoIterator<Item = MediaReading>) -> Change {
    Change::Intel(IntelChange::MediaReadings(rows.into_iter().collect()))
}

fn everything(world: &World, read_until: &str) -> MediaQuery {
    MediaQuery {
        account: None,
        published_from: Timestamp::from_micros(0),
        published_until: world.now() + HOUR,
        read_until: read_until.into(),
        limit: 10,
    }
}

async fn likes(world: &World, query: &MediaQuery) -> Vec<(String, Option<f64>)> {
    let found = world.store.media_readings(&world.tenant, query).await.unwrap();
    found.into_iter().map(|it| (it.media.clone(), it.value("likes"))).collect()
}

async fn of_each_media_the_newest_reading_counts(database: TestDatabase) {
    let world = World::new(&database).await;
    let (account, other) = (AccountId::new(&world.ids), AccountId::new(&world.ids));
    let rows = [("2026-03-04", 1.0), ("2026-03-05", 4.0)];
    world.commit([media(rows.map(|(day, likes)| reading(&world, account, "17", day, likes)))]).await.unwrap();
    world.pass(HOUR);
    let second = reading(&world, other, "18", "2026-03-04", 9.0);
    world
        .commit([media([second]), media([reading(&world, account, "17", "2026-03-05", 5.0)])])
        .await
        .unwrap();
    let all = everything(&world, "9999-12-31");
    let mut found = likes(&world, &all).await;
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(found, [("17".to_owned(), Some(5.0)), ("18".to_owned(), Some(9.0))]);
    let earlier = everything(&world, "2026-03-04");
    assert!(
        likes(&world, &earlier).await.contains(&("17".to_owned(), Some(1.0))),
        "as it was known that day"
    );
    let of_other = MediaQuery { account: Some(other), ..everything(&world, "9999-12-31") };
    assert_eq!(likes(&world, &of_other).await, [("18".to_owned(), Some(9.0))]);
    let history = world.store.media_history(&world.tenant, "17").await.unwrap();
    assert_eq!(history.iter().map(|it| it.day.as_str()).collect::<Vec<_>>(), ["2026-03-04", "2026-03-05"]);
    assert_eq!(history[0].caption, "=cheers\u{fffd}");
    assert_eq!(history[0].metrics["saved"].reason.as_deref(), Some("not told"));
}

fn report(world: &World, report_type: ReportType, day: &str, finding: &str) -> AnalyticsReport {
    let mut body = ReportBody::default();
    body.insights.findings.push(FindingLine { text: finding.into(), metrics: vec!["reach".into()] });
    body.instagram.reach = Some(12.5);
    AnalyticsReport {
        id: ReportId::new(&world.ids),
        tenant: world.tenant,
        report_type,
        period: ReportPeriod {
            first_day: day.into(),
            last_day: day.into(),
            from: world.now(),
            until: world.now() + HOUR,
        },
        revision: 1,
        run: RunId::new(&world.ids),
        asked_by: "intel".into(),
        body,
        made_at: world.now(),
    }
}

async fn a_report_of_a_period_is_made_once_and_replaced_only_on_purpose(database: TestDatabase) {
    let world = World::new(&database).await;
    let add = |report: &AnalyticsReport| Change::Intel(IntelChange::AddReport(Box::new(report.clone())));
    let first = report(&world, ReportType::Daily, "2026-03-04", "one");
    world.commit([add(&first)]).await.unwrap();
    assert_eq!(world.store.find_report(&world.tenant, &first.id).await.unwrap(), Some(first.clone()));
    let again = report(&world, ReportType::Daily, "2026-03-04", "two");
    world.commit([add(&again)]).await.unwrap();
    let of_day = || world.store.find_report_of(&world.tenant, ReportType::Daily, "2026-03-04", "2026-03-04");
    assert_eq!(of_day().await.unwrap(), Some(first.clone()), "the clock changes nothing");
    let by_hand = AnalyticsReport { asked_by: "key:1".into(), ..again };
    world.commit([Change::Intel(IntelChange::ReplaceReport(Box::new(by_hand.clone())))]).await.unwrap();
    let expected = AnalyticsReport { id: first.id, revision: 2, ..by_hand };
    assert_eq!(of_day().await.unwrap(), Some(expected));
    let weekly = report(&world, ReportType::Weekly, "2026-03-04", "week");
    world.commit([add(&weekly)]).await.unwrap();
    let list = |of, page| world.store.list_reports(&world.tenant, of, page);
    let all: Vec<_> = list(None, PageRequest::first(9)).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(all, [weekly.id, first.id]);
    let weeks = list(Some(ReportType::Weekly), PageRequest::first(9)).await.unwrap();
    assert_eq!(weeks, std::slice::from_ref(&weekly));
    let after = PageRequest { before: Some(weekly.id.0), limit: 9 };
    assert_eq!(list(None, after).await.unwrap().len(), 1);
}

fn competitor(world: &World, username: &str) -> Competitor {
    let id = CompetitorId::new(&world.ids);
    Competitor { id, tenant: world.tenant, username: username.into(), note: None, created_at: world.now() }
}

fn snapshot(world: &World, of: &Competitor, day: &str, followers: Option<f64>) -> Change {
    let seen =
        followers.map(|followers| CompetitorSeen { followers: Some(followers), ..CompetitorSeen::default() });
    let problem = seen.is_none().then(|| "not a professional account".to_owned());
    let taken_at = world.now();
    let one = CompetitorSnapshot { competitor: of.id, day: day.into(), seen, problem, taken_at };
    Change::Intel(IntelChange::CompetitorSnapshots(vec![one]))
}

async fn competitors_come_once_and_go_with_all_that_was_seen(database: TestDatabase) {
    let world = World::new(&database).await;
    let rival = competitor(&world, "rival");
    let add = |it: &Competitor| Change::Intel(IntelChange::AddCompetitor(it.clone()));
    world.commit([add(&rival)]).await.unwrap();
    assert!(is_conflict(&world.commit([add(&competitor(&world, "rival"))]).await));
    world.commit([snapshot(&world, &rival, "2026-03-06", Some(10.0))]).await.unwrap();
    world.commit([snapshot(&world, &rival, "2026-03-06", None)]).await.unwrap();
    world.commit([snapshot(&world, &rival, "2026-03-13", None)]).await.unwrap();
    let snapshots = world.store.list_snapshots(&world.tenant, &rival.id, 9).await.unwrap();
    let told: Vec<_> =
        snapshots.iter().map(|it| (it.day.as_str(), it.seen.is_some(), it.problem.is_some())).collect();
    assert_eq!(told, [("2026-03-13", false, true), ("2026-03-06", true, false)], "what was seen stays");
    world.commit([Change::Intel(IntelChange::DeleteCompetitor(rival.id))]).await.unwrap();
    assert!(world.store.list_competitors(&world.tenant).await.unwrap().is_empty());
    assert!(is_conflict(&world.commit([Change::Intel(IntelChange::DeleteCompetitor(rival.id))]).await));
    world.commit([snapshot(&world, &rival, "2026-03-20", Some(1.0))]).await.unwrap();
    assert!(world.store.list_snapshots(&world.tenant, &rival.id, 9).await.unwrap().is_empty());
}

async fn comments_are_counted_by_when_they_were_written(database: TestDatabase) {
    let world = World::new(&database).await;
    let thread = world.thread("c1");
    let began = world.now();
    world.commit([Change::PutConversation(Box::new(thread.clone()))]).await.unwrap();
    for number in 0..3 {
        let comment = world.comment(&format!("c{number}"), thread.id);
        let comment = tenants::conversation::Comment { occurred_at: world.now(), ..comment };
        world.commit([Change::PutComment(Box::new(comment))]).await.unwrap();
        world.pass(HOUR);
    }
    let count = |from, until| world.store.count_comments(&world.tenant, &thread.account, from, until);
    assert_eq!(count(began, began + 3 * HOUR).await.unwrap(), 3);
    assert_eq!(count(began + HOUR, began + 2 * HOUR).await.unwrap(), 1);
    assert_eq!(count(began + HOUR, began + HOUR).await.unwrap(), 0);
}

async fn what_is_old_is_forgotten_and_the_last_reading_of_media_stays(database: TestDatabase) {
    let world = World::new(&database).await;
    let account = AccountId::new(&world.ids);
    let rows =
        ["2024-01-01", "2026-03-01", "2026-03-05"].map(|day| row(&world, account, "reach", day, Some(1.0)));
    let hours =
        ["2026-03-01", "2026-03-05"].map(|day| row(&world, account, COMMENTS_PER_HOUR, day, Some(1.0)));
    let readings = ["2026-02-01", "2026-02-02"].map(|day| reading(&world, account, "17", day, 1.0));
    let young = reading(&world, account, "18", "2026-03-05", 1.0);
    let ancient = reading(&world, account, "19", "2024-01-01", 1.0);
    world.commit([insights(rows), insights(hours), media(readings), media([young, ancient])]).await.unwrap();
    let thin = IntelChange::Thin {
        hours_before: "2026-03-04".into(),
        media_before: "2026-03-01".into(),
        days_before: "2025-01-01".into(),
    };
    world.commit([Change::Intel(thin)]).await.unwrap();
    let left: Vec<String> =
        kept(&world).await.into_iter().map(|(day, ..)| day).filter(|day| day.as_str() > "2025").collect();
    assert_eq!(left, ["2026-03-01", "2026-03-05"]);
    assert_eq!(
        world.store.hours_counted(&world.tenant, &account, Timestamp::from_micros(0)).await.unwrap().len(),
        1
    );
    let days_of = |media: &'static str| world.store.media_history(&world.tenant, media);
    assert_eq!(days_of("17").await.unwrap().len(), 1, "the last reading of media stays");
    assert_eq!(days_of("18").await.unwrap().len(), 1);
    assert_eq!(days_of("19").await.unwrap().len(), 0);
}

async fn strangers_find_nothing_and_add_nothing(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let account = AccountId::new(&world.ids);
    let rival = competitor(&world, "rival");
    let own = report(&world, ReportType::Daily, "2026-03-04", "own");
    world
        .commit([
            insights([row(&world, account, "reach", "2026-03-04", Some(1.0))]),
            media([reading(&world, account, "17", "2026-03-04", 1.0)]),
            Change::Intel(IntelChange::AddCompetitor(rival.clone())),
            Change::Intel(IntelChange::AddReport(Box::new(own.clone()))),
            snapshot(&world, &rival, "2026-03-06", Some(10.0)),
        ])
        .await
        .unwrap();
    let (store, stranger) = (&neighbour.store, &neighbour.tenant);
    assert!(kept(&neighbour).await.is_empty());
    assert!(store.media_history(stranger, "17").await.unwrap().is_empty());
    assert!(likes(&neighbour, &everything(&world, "9999-12-31")).await.is_empty());
    assert_eq!(store.find_report(stranger, &own.id).await.unwrap(), None);
    assert!(store.list_reports(stranger, None, PageRequest::first(9)).await.unwrap().is_empty());
    assert_eq!(store.find_competitor(stranger, &rival.id).await.unwrap(), None);
    assert!(store.list_snapshots(stranger, &rival.id, 9).await.unwrap().is_empty());
    assert!(is_conflict(
        &neighbour.commit([Change::Intel(IntelChange::AddReport(Box::new(own.clone())))]).await
    ));
    assert!(is_conflict(&neighbour.commit([Change::Intel(IntelChange::AddCompetitor(rival.clone()))]).await));
    assert!(is_conflict(&neighbour.commit([Change::Intel(IntelChange::DeleteCompetitor(rival.id))]).await));
    neighbour.commit([snapshot(&neighbour, &rival, "2026-03-13", Some(0.0))]).await.unwrap();
    assert_eq!(world.store.list_snapshots(&world.tenant, &rival.id, 9).await.unwrap().len(), 1);
}
