//! Places at a provider, shared between tenants.

use tenants::ids::TenantId;
use tenants::models::Task;
use tenants::money::MicroUsd;
use troupe_llm::request::Message;
use troupe_llm::testing::{Gate, Turn, saying};

use crate::stage::Stage;

#[tokio::test]
async fn a_modest_tenant_does_not_wait_behind_the_flood_of_another() {
    let stage = Stage::with("providers.near.concurrency = 1");
    let gate = Gate::default();
    stage.provider.on("small", [Turn::Behind(gate.clone(), Box::new(saying("yes", 1, 1)))]);
    let modest = TenantId::new(&stage.ids);
    let ask = |tenant: TenantId, text: &str| {
        let mut request = stage.request(Task::Caption, text);
        request.payer = stage.payer_of(tenant);
        let router = stage.router.clone();
        stage.tasks.spawn("request", async move { router.complete(request).await })
    };

    let mut asking: Vec<_> = (0..10).map(|_| ask(stage.tenant, "flood")).collect();
    stage.provider.was_asked(1).await;
    asking.push(ask(modest, "modest"));
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert!(stage.metrics().contains(r#"troupe_llm_waiting{provider="near"} 10"#));
    gate.open();
    for request in asking {
        stage.run(request).await.unwrap().unwrap();
    }

    let texts: Vec<_> =
        stage.provider.asked().into_iter().map(|asked| asked.input.messages[0].clone()).collect();
    assert_eq!(texts[1], Message::User("modest".into()));
    assert_eq!(texts.len(), 11);
    assert!(stage.metrics().contains(r#"troupe_llm_waiting{provider="near"} 0"#));
}

#[tokio::test]
async fn whoever_waits_for_a_place_holds_no_money() {
    let stage = Stage::with("providers.near.concurrency = 1");
    let gate = Gate::default();
    stage.provider.on("small", [Turn::Behind(gate.clone(), Box::new(saying("yes", 1, 1)))]);
    let ask = || {
        let (router, request) = (stage.router.clone(), stage.request(Task::Caption, "hi"));
        stage.tasks.spawn("request", async move { router.complete(request).await })
    };
    let asking = [ask(), ask(), ask()];
    stage.provider.was_asked(1).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.ledger.reserved().len(), 1);
    gate.open();
    for request in asking {
        stage.run(request).await.unwrap().unwrap();
    }
    assert_eq!(stage.budget().await.reserved, MicroUsd(0));
}
