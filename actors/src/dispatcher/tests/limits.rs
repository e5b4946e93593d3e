//! Buckets, usage headers and circuit breakers.

use tenants::breaker::BreakerState;
use tenants::effect::{ActionType, EffectState, ErrorCategory};
use tenants::ports::{Hint, Usage};
use tenants::settings::{HourlyCaps, TenantSettings};

use super::instagram::Answer;
use super::stage::{Stage, hide, minutes, reply, seconds};

fn capped(public_replies: u32) -> TenantSettings {
    TenantSettings {
        hourly_caps: HourlyCaps { public_replies, ..HourlyCaps::default() },
        ..TenantSettings::default()
    }
}

#[tokio::test]
async fn over_cap_effects_wait_with_an_honest_eta_and_none_is_dropped() {
    let stage = Stage::new();
    let shop = stage.shop_with(capped(3));
    for number in 0..8 {
        stage.queue(shop, reply(&format!("c{number}"), "hi"));
    }
    let moderation = stage.queue(shop, hide("c9"));
    stage.rest().await;
    assert_eq!(stage.instagram.texts().len(), 3);
    assert_eq!(stage.state(moderation), EffectState::Sent, "other buckets are not concerned");
    assert!(stage.dispatcher.is_quiet().await);

    let eta = |action| stage.dispatcher.eta(&shop.tenant, &shop.account, action);
    let promised = eta(ActionType::ReplyComment).await.unwrap().unwrap();
    assert_eq!(eta(ActionType::HideComment).await.unwrap(), Some(stage.now()));
    let view = stage.dispatcher.buckets().into_iter().find(|view| view.bucket == "public_replies").unwrap();
    assert_eq!((view.capacity, view.available), (Some(3), Some(0)));
    assert!(view.blocked_until.is_some_and(|until| until > stage.now()));

    let wait = promised.since(stage.now());
    assert!((minutes(120)..=minutes(122)).contains(&wait), "five wait, three an hour: {wait:?}");
    let begin = stage.now();
    while stage.instagram.texts().len() < 8 {
        stage.pass(seconds(30)).await;
    }
    let took = stage.now().since(begin);
    assert!(took <= wait + minutes(3), "promised {wait:?}, took {took:?}");
}

#[tokio::test]
async fn a_raised_cap_counts_at_once() {
    let stage = Stage::new();
    let shop = stage.shop_with(capped(1));
    for number in 0..4 {
        stage.queue(shop, reply(&format!("c{number}"), "hi"));
    }
    stage.rest().await;
    assert_eq!(stage.instagram.texts().len(), 1);
    stage.world.change(shop, |context| context.settings.hourly_caps.public_replies = 10);
    stage.hint(Hint::TenantChanged(shop.tenant));
    stage.rest().await;
    assert_eq!(stage.instagram.texts().len(), 4);
}

#[tokio::test]
async fn a_breaker_opens_after_failures_in_a_row_and_closes_after_good_probes() {
    let stage = Stage::new();
    let (sick, well) = (stage.shop(), stage.shop());
    stage.instagram.will_refuse(ErrorCategory::Transient, 5);
    for number in 0..5 {
        stage.queue(sick, hide(&format!("c{number}")));
        stage.rest().await;
    }
    let view = |account| {
        let views = stage.dispatcher.breakers();
        views.into_iter().find(|view| view.account == account).unwrap().view
    };
    assert_eq!(view(sick.account).state, BreakerState::Open);

    let (held, elsewhere) = (stage.queue(sick, hide("held")), stage.queue(well, hide("well")));
    stage.pass(seconds(4)).await;
    assert_eq!(stage.states(&[held, elsewhere]), [EffectState::Pending, EffectState::Sent]);
    assert_eq!(view(well.account).state, BreakerState::Closed);
    stage.pass(seconds(1)).await;
    assert_eq!(stage.state(held), EffectState::Sent);
    assert_eq!(view(sick.account).state, BreakerState::HalfOpen);
    let second = stage.queue(sick, hide("second"));
    stage.rest().await;
    assert_eq!(stage.state(second), EffectState::Sent);
    assert_eq!(view(sick.account).state, BreakerState::Closed);
}

#[tokio::test]
async fn a_failed_probe_opens_the_breaker_for_longer() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will_refuse(ErrorCategory::Transient, 6);
    for number in 0..7 {
        stage.queue(shop, hide(&format!("c{number}")));
        stage.rest().await;
    }
    stage.pass(seconds(5)).await;
    assert_eq!(stage.instagram.walls().calls.len(), 6, "one probe");
    stage.pass(seconds(9)).await;
    assert_eq!(stage.instagram.walls().calls.len(), 6, "twice as long");
    stage.pass(seconds(1)).await;
    assert!(stage.instagram.walls().calls.len() > 6);
}

#[tokio::test]
async fn usage_near_its_end_pauses_the_account_until_it_is_regained() {
    let stage = Stage::new();
    let shop = stage.shop();
    let usage = Usage { account_percent: Some(99.0), regain_after: Some(minutes(15)), ..Usage::default() };
    stage.instagram.will([Answer::Done(usage)]);
    stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    let second = stage.queue(shop, reply("c2", "two"));
    stage.pass(minutes(14)).await;
    assert_eq!(stage.state(second), EffectState::Pending);
    stage.pass(minutes(1)).await;
    assert_eq!(stage.state(second), EffectState::Sent);
    let factor = stage.dispatcher.buckets().iter().find(|view| view.account.is_some()).unwrap().factor;
    assert!(factor < 0.5, "it begins slowly: {factor}");
}

#[tokio::test]
async fn high_usage_slows_the_account_down_and_it_recovers() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.will([Answer::Done(Usage { account_percent: Some(90.0), ..Usage::default() })]);
    stage.queue(shop, reply("c0", "hi"));
    stage.rest().await;
    for number in 1..30 {
        stage.queue(shop, reply(&format!("c{number}"), "hi"));
    }
    stage.rest().await;
    assert!(stage.instagram.texts().len() <= 3);
    for _ in 0..40 {
        stage.pass(seconds(30)).await;
    }
    assert_eq!(stage.instagram.texts().len(), 30);
}

#[tokio::test]
async fn a_busy_app_slows_all_its_accounts() {
    let stage = Stage::new();
    let (shop, other) = (stage.shop(), stage.shop());
    let usage = Usage { app_percent: Some(100.0), regain_after: Some(minutes(5)), ..Usage::default() };
    stage.instagram.will([Answer::Done(usage)]);
    stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    let elsewhere = stage.queue(other, reply("c2", "two"));
    stage.pass(minutes(4)).await;
    assert_eq!(stage.state(elsewhere), EffectState::Pending);
    stage.pass(minutes(1)).await;
    assert_eq!(stage.state(elsewhere), EffectState::Sent);
}
