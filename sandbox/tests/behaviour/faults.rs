use std::time::Duration;

use troupe_sandbox::{Endpoint, Fault, FaultKind, NewAccount, NewComment, TokenDeath};

use crate::kit::{Kit, read};

async fn kit_with_comment() -> (Kit, String) {
    let kit = Kit::start().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap().id;
    (kit, format!("/{comment}/replies"))
}

fn replies(kit: &Kit) -> usize {
    kit.sandbox.effects().items[0].replies.len()
}

#[tokio::test]
async fn a_5xx_spell_strikes_before_anything_happens_and_ends() {
    let (kit, replies_path) = kit_with_comment().await;
    kit.sandbox.fault(Fault::new(FaultKind::Http5xx { status: 503 }).times(2));
    for _ in 0..2 {
        let answer = kit.post(&replies_path, &[("message", "hello")]).await;
        assert_eq!((answer.status, answer.json["error"]["is_transient"].as_bool()), (503, Some(true)));
    }
    assert_eq!(replies(&kit), 0);
    kit.post(&replies_path, &[("message", "hello")]).await.ok();
    assert_eq!(kit.sandbox.faults()[0].strikes, 2);
}

#[tokio::test]
async fn done_but_500_has_the_effect_and_hides_it() {
    let (kit, replies_path) = kit_with_comment().await;
    kit.sandbox
        .fault(Fault::new(FaultKind::DoneBut500 { status: 500 }).on(Endpoint::ReplyToComment).times(1));
    assert_eq!(kit.post(&replies_path, &[("message", "hello")]).await.status, 500);
    assert_eq!(replies(&kit), 1);
    kit.get("/me", &[]).await.ok();
}

#[tokio::test]
async fn done_but_500_waits_for_a_call_that_succeeds() {
    let (kit, replies_path) = kit_with_comment().await;
    kit.sandbox.fault(Fault::new(FaultKind::DoneBut500 { status: 500 }).times(1));
    assert_eq!(kit.post(&replies_path, &[]).await.error(), (400, 100, 0), "a refusal is not covered up");
    assert_eq!(kit.post(&replies_path, &[("message", "hello")]).await.status, 500);
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_after_the_effect() {
    let (kit, replies_path) = kit_with_comment().await;
    kit.sandbox.fault(Fault::new(FaultKind::DoneButConnectionDropped { hang: false }).times(1));
    let request =
        kit.client.post(kit.url(&replies_path)).bearer_auth(&kit.token).form(&[("message", "hello")]);
    assert!(request.send().await.is_err());
    assert_eq!(replies(&kit), 1);
    assert_eq!(kit.sandbox.calls().last().unwrap().status, None);
    kit.get("/me", &[]).await.ok();
}

#[tokio::test]
async fn a_hanging_answer_runs_into_the_clients_timeout_and_does_not_hold_up_stopping() {
    let (kit, replies_path) = kit_with_comment().await;
    kit.sandbox.fault(Fault::new(FaultKind::DoneButConnectionDropped { hang: true }));
    let request =
        kit.client.post(kit.url(&replies_path)).bearer_auth(&kit.token).form(&[("message", "hello")]);
    let error = request.timeout(Duration::from_millis(200)).send().await.unwrap_err();
    assert!(error.is_timeout());
    assert_eq!(replies(&kit), 1);
    tokio::time::timeout(Duration::from_secs(3), kit.sandbox.stop()).await.unwrap();
}

#[tokio::test]
async fn rate_limits_come_with_retry_after_and_regain_time() {
    let kit = Kit::start().await;
    kit.sandbox.fault(
        Fault::new(FaultKind::RateLimit {
            code: 4,
            status: Some(429),
            retry_after_seconds: Some(7),
            regain_minutes: Some(3),
        })
        .times(1),
    );
    let answer = kit.get("/me", &[]).await;
    assert_eq!(answer.error(), (429, 4, 0));
    assert_eq!(answer.headers["retry-after"], "7");
    assert!(
        answer.headers["x-business-use-case-usage"]
            .to_str()
            .unwrap()
            .contains(r#""estimated_time_to_regain_access":3"#)
    );
}

#[tokio::test]
async fn faults_spare_other_accounts_and_endpoints() {
    let kit = Kit::start().await;
    let other = kit.sandbox.create_account(NewAccount::new("rival")).unwrap();
    let token = kit.sandbox.token(&other).unwrap();
    let dead = FaultKind::TokenRevoked { death: TokenDeath::AppRemoved };
    kit.sandbox.fault(Fault::new(dead).on_account("acme").on(Endpoint::ReadAccount));
    assert_eq!(kit.get("/me", &[]).await.error(), (400, 190, 458));
    kit.get("/me/media", &[]).await.ok();
    read(kit.client.get(kit.url("/me")).bearer_auth(token)).await.ok();
}

#[tokio::test]
async fn permissions_transient_codes_and_garbage_can_be_asked_for() {
    let kit = Kit::start().await;
    let once = |kind: FaultKind| kit.sandbox.fault(Fault::new(kind).times(1));
    once(FaultKind::PermissionRefused { code: 200 });
    assert_eq!(kit.get("/me", &[]).await.error(), (403, 200, 0));
    once(FaultKind::Transient { code: -1, status: 500 });
    assert_eq!(kit.get("/me", &[]).await.error(), (500, -1, 0));
    once(FaultKind::GarbageAnswer { status: 200 });
    let garbage = kit.get("/me", &[]).await;
    assert_eq!((garbage.status, garbage.json.is_null()), (200, true));
    kit.get("/me", &[]).await.ok();
}

#[tokio::test]
async fn a_slow_call_takes_its_time_and_then_succeeds() {
    let kit = Kit::start().await;
    let fault = kit.sandbox.fault(FaultKind::Slow { delay_ms: 300 });
    let hurried = kit.client.get(kit.url("/me")).bearer_auth(&kit.token).timeout(Duration::from_millis(50));
    assert!(hurried.send().await.unwrap_err().is_timeout());
    kit.get("/me", &[]).await.ok();
    assert!(kit.sandbox.clear_fault(fault));
    assert!(!kit.sandbox.clear_fault(fault));
}
