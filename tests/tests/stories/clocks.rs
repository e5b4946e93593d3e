//! Ticks of a tenant: shown, run now, missed, moved to another zone.

use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use reqwest::Method;
use sandbox::{Fault, FaultKind, NewComment, OwnComment};
use serde_json::{Value, json};
use tenants::changes::{Change, Changes};
use tenants::clock::{Clock, Timestamp};
use tenants::effect::{Action, Effect, EffectState, IdempotencyKey, ReplyTarget};
use tenants::event::Role;
use tenants::ids::EffectId;
use tenants::ports::{PageRequest, Ticks, UnitOfWork};

stories!(
    a_new_tenant_has_its_ticks_by_its_own_clock,
    a_tick_asked_for_runs_once_and_its_outcome_is_shown,
    a_tick_missed_while_nothing_ran_is_run_once_or_left_out_as_it_says,
    a_suspended_tenant_has_no_ticks_and_makes_up_for_the_last_when_it_comes_back,
    a_tenant_that_moves_to_another_zone_gets_no_report_twice_and_none_not_at_all,
    an_effect_left_behind_is_read_back_and_done_once,
);

const HOUR: Duration = Duration::from_secs(3_600);

async fn tick_of(app: &TestApp, shop: &TestTenant, name: &str) -> Value {
    let ticks = app.api.get(&shop.path("/ticks")).await.ok();
    let items = ticks["items"].as_array().unwrap().clone();
    items.into_iter().find(|tick| tick["name"] == name).unwrap_or_else(|| panic!("no {name} in {ticks}"))
}

/// When a tick was run, oldest first.
async fn runs(app: &TestApp, shop: &TestTenant, role: Role, name: &str) -> Vec<Timestamp> {
    let database = &app.node().foundations().database;
    let mut runs = database.tick_runs(&shop.id, role, name, PageRequest::first(10_000)).await.unwrap();
    assert!(runs.iter().all(|run| run.done_at.is_some()), "{runs:?}");
    runs.reverse();
    runs.into_iter().map(|run| run.due_at).collect()
}

/// Moves the clock to the next time at which it is so late in UTC.
fn advance_to(app: &TestApp, hour: u64, minute: u64) {
    let now = app.clock.now().as_micros().rem_euclid(86_400_000_000) as u64;
    let then = (hour * 60 + minute) * 60_000_000;
    app.clock.advance(Duration::from_micros((then + 86_400_000_000 - now) % 86_400_000_000));
}

async fn planned(app: &TestApp, shop: &TestTenant) {
    app.until("the ticks are planned", || async {
        let ticks = app.api.get(&shop.path("/ticks")).await.ok();
        ticks["items"].as_array().is_some_and(|items| !items.is_empty())
    })
    .await;
}

async fn a_new_tenant_has_its_ticks_by_its_own_clock(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").time_zone("Asia/Tokyo").create().await;
    planned(&app, &shop).await;
    let briefing = tick_of(&app, &shop, "daily_briefing").await;
    assert!(briefing["next_run"].as_str().unwrap().contains("T23:00:00"), "{briefing}");
    assert_eq!((&briefing["time_zone"], &briefing["cron"]), (&json!("Asia/Tokyo"), &json!("0 8 * * *")));
    assert_eq!(tick_of(&app, &shop, "daily_report").await["time_zone"], "UTC");
    assert!(briefing["last_run"].is_null() && briefing["last_status"].is_null());
    app
}

async fn a_tick_asked_for_runs_once_and_its_outcome_is_shown(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    planned(&app, &shop).await;
    let path = shop.path("/ticks/admin/cost_report/run");
    assert_eq!(app.api.post(&path, json!({})).await.status, 202);
    app.settle().await;
    let tick = tick_of(&app, &shop, "cost_report").await;
    assert_eq!((&tick["last_status"], &tick["runs"]), (&json!("done"), &json!(1)), "{tick}");
    assert!(tick["last_run"].is_null(), "its planned runs go on as before");
    let reports = app.audit(&shop).await.into_iter().filter(|entry| entry.event_type == "cost.reported");
    assert_eq!(reports.count(), 1);
    let shown = app.api.get(&shop.path("/ticks/admin/cost_report/runs")).await.ok();
    assert_eq!(shown["items"].as_array().unwrap().len(), 1);

    assert_eq!(app.api.post(&shop.path("/ticks/admin/nonsense/run"), json!({})).await.status, 404);
    assert_eq!(app.api.post(&shop.path("/ticks/nobody/cost_report/run"), json!({})).await.status, 404);
    app.api.post(&shop.path("/suspend"), json!({})).await.ok();
    assert_eq!(app.api.post(&path, json!({})).await.status, 409);
    app
}

async fn a_tick_missed_while_nothing_ran_is_run_once_or_left_out_as_it_says(mut app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    planned(&app, &shop).await;
    advance_to(&app, 12, 10);
    app.settle().await;
    let (briefings, looks) = (
        runs(&app, &shop, Role::Comms, "daily_briefing").await,
        runs(&app, &shop, Role::Intel, "insights").await,
    );
    app.stop().await;
    // Three times eight o'clock pass unheard, and many full hours; at 12:40 the last of these is long past.
    app.clock.advance(HOUR * 24 * 3 + HOUR / 2);
    app.restart().await;
    app.settle().await;
    let after = runs(&app, &shop, Role::Comms, "daily_briefing").await;
    assert_eq!(after.len(), briefings.len() + 1, "{after:?}");
    let latest = after.last().unwrap().to_string();
    assert!(latest.contains("T08:00:00"), "the latest one counts: {latest}");
    assert!(app.clock.now().since(*after.last().unwrap()) < HOUR * 24);
    assert_eq!(runs(&app, &shop, Role::Intel, "insights").await, looks);
    assert_eq!(tick_of(&app, &shop, "insights").await["last_status"], "skipped");
    app.restart().await;
    app.settle().await;
    assert_eq!(runs(&app, &shop, Role::Comms, "daily_briefing").await, after);
    app
}

async fn a_suspended_tenant_has_no_ticks_and_makes_up_for_the_last_when_it_comes_back(
    app: TestApp,
) -> TestApp {
    let shop = app.tenant("acme").create().await;
    planned(&app, &shop).await;
    // Past a morning, whatever the hour at which this runs.
    advance_to(&app, 7, 0);
    app.settle().await;
    advance_to(&app, 12, 0);
    app.settle().await;
    let before = runs(&app, &shop, Role::Comms, "daily_briefing").await;
    app.api.post(&shop.path("/suspend"), json!({})).await.ok();
    app.until("its ticks rest", || async {
        tick_of(&app, &shop, "daily_briefing").await["next_run"].is_null()
    })
    .await;
    app.clock.advance(HOUR * 24 * 4);
    app.settle().await;
    assert_eq!(runs(&app, &shop, Role::Comms, "daily_briefing").await, before);
    app.api.post(&shop.path("/resume"), json!({})).await.ok();
    app.until("its ticks go on", || async {
        !tick_of(&app, &shop, "daily_briefing").await["next_run"].is_null()
    })
    .await;
    app.settle().await;
    assert_eq!(runs(&app, &shop, Role::Comms, "daily_briefing").await.len(), before.len() + 1);
    app
}

async fn a_tenant_that_moves_to_another_zone_gets_no_report_twice_and_none_not_at_all(
    app: TestApp,
) -> TestApp {
    // Before eight in Berlin, whatever the hour at which this runs.
    advance_to(&app, 3, 0);
    let shop = app.tenant("acme").time_zone("Europe/Berlin").create().await;
    planned(&app, &shop).await;
    advance_to(&app, 8, 30);
    app.settle().await;
    let given = runs(&app, &shop, Role::Comms, "daily_briefing").await.len();
    assert_eq!(given, 1, "it is half past nine, or half past ten, in Berlin");
    let moves = async |zone: &str| {
        app.api.call(Method::PATCH, &shop.path(""), Some(json!({ "time_zone": zone }))).await.ok();
        app.until("the ticks follow", || async {
            tick_of(&app, &shop, "daily_briefing").await["time_zone"] == zone
        })
        .await;
        app.settle().await;
    };
    // In New York eight o'clock of this day is still to come: it has been given already.
    moves("America/New_York").await;
    app.clock.advance(HOUR * 8);
    app.settle().await;
    assert_eq!(runs(&app, &shop, Role::Comms, "daily_briefing").await.len(), given);
    // In Auckland it is past eight of the next day: that one is given now.
    moves("Pacific/Auckland").await;
    app.clock.advance(HOUR * 6);
    app.settle().await;
    let all = runs(&app, &shop, Role::Comms, "daily_briefing").await;
    assert_eq!(all.len(), given + 1, "{all:?} at {}", app.clock.now());
    app
}

async fn an_effect_left_behind_is_read_back_and_done_once(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    app.comment(&shop, "fan", "I love this so much!");
    app.settle().await;
    let sent = app.effects(&shop).await.remove(0);
    // As a process would leave it that died between Instagram's answer and its record, unnoticed by the next one.
    let now = app.clock.now();
    let earlier = now.to_utc() - chrono::TimeDelta::hours(1);
    let answered =
        app.sandbox.comment(&shop, NewComment::new("other", "Great!").silent().at(earlier)).unwrap().id;
    app.sandbox.fault(Fault::new(FaultKind::DropWebhooks));
    let text = "Thank you so much!".to_owned();
    let reply = OwnComment { text: text.clone(), media: None, parent: Some(answered.clone()) };
    app.sandbox.own_comment(&shop, reply).unwrap();
    app.sandbox.clear_faults();
    let target = ReplyTarget::Comment { comment_id: answered.as_str().to_owned() };
    let id = EffectId::new(&app.node().foundations().ids);
    let left = Effect {
        id,
        action: Action::ReplyComment { target, text },
        idempotency_key: IdempotencyKey(id.to_string()),
        state: EffectState::Processing,
        conversation: None,
        instagram_id: None,
        first_attempt_at: Some(now),
        sent_at: None,
        created_at: now,
        updated_at: now,
        ..sent
    };
    let database = &app.node().foundations().database;
    let changes = Changes::of_tenant(shop.id).with(Change::AddEffect(Box::new(left)));
    database.commit(changes).await.unwrap();
    let state = async || {
        let effects = app.effects(&shop).await;
        effects.iter().find(|effect| effect.id == id).map(|effect| effect.state)
    };
    assert_eq!(state().await, Some(EffectState::Processing));
    app.clock.advance(Duration::from_secs(1_000));
    app.until("it is settled", || async { state().await == Some(EffectState::Sent) }).await;
    app.settle().await;
    let replies = app.sandbox.replies_of(&answered);
    assert_eq!(replies.len(), 1, "{replies:?}");
    app
}
