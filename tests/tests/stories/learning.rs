//! What people say about drafts changes how the next text is read, and who answers it.

use std::time::Duration;

use kit::{TestApp, TestTenant, stories};
use serde_json::{Value, json};
use tenants::autonomy::{Autonomy, Bar};
use tenants::changes::{Change, Changes};
use tenants::clock::Clock;
use tenants::ids::{DecisionId, EventId, VerdictId};
use tenants::intent::Intent;
use tenants::ports::UnitOfWork;
use tenants::verdict::{Basis, Verdict, VerdictKind, VerdictSource};

stories!(
    a_tenant_whose_people_call_a_question_a_lead_reads_it_so_and_can_go_back,
    every_verdict_is_learned_from_once_when_many_decide_at_once,
    a_verdict_that_nobody_learned_from_before_a_crash_is_learned_from_at_the_next_start,
    a_tenant_that_does_not_want_it_learns_nothing,
    questions_that_people_keep_approving_are_answered_without_them_until_one_is_called_wrong,
    a_person_who_takes_over_after_an_answer_ends_what_was_earned,
);

const ASK: &str = "Do you ship to Spain?";

async fn learning(app: &TestApp, shop: &TestTenant) -> Value {
    app.api.get(&shop.path("/learning")).await.ok()
}

async fn pending(app: &TestApp, shop: &TestTenant) -> Vec<String> {
    let list = app.api.get(&shop.path("/approvals?status=pending&limit=200")).await.ok();
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// So many people ask the same; the drafts wait.
async fn asked(app: &TestApp, shop: &TestTenant, people: std::ops::Range<usize>) {
    for number in people {
        app.comment(shop, &format!("fan{number}"), ASK);
    }
    app.settle().await;
}

async fn decide_all(app: &TestApp, shop: &TestTenant, verb: &str, body: Value) {
    for approval in pending(app, shop).await {
        app.api.post(&shop.path(&format!("/approvals/{approval}/{verb}")), body.clone()).await.ok();
    }
    app.settle().await;
}

async fn classification(app: &TestApp, shop: &TestTenant) -> Value {
    let text = json!({ "account": shop.account.id, "on": "comment", "text": ASK });
    app.api.post(&shop.path("/decisions/preview"), text).await.ok()["classification"].clone()
}

fn standing<'v>(learning: &'v Value, intent: &str) -> &'v Value {
    learning["intents"].as_array().unwrap().iter().find(|it| it["intent"] == intent).unwrap()
}

async fn a_tenant_whose_people_call_a_question_a_lead_reads_it_so_and_can_go_back(app: TestApp) -> TestApp {
    let (shop, neighbour) = (app.tenant("acme").create().await, app.tenant("rival").create().await);
    let before = classification(&app, &shop).await;
    assert_eq!(before["intent"], "question");
    asked(&app, &shop, 0..20).await;
    decide_all(&app, &shop, "reject", json!({ "intent": "lead" })).await;

    let learned = classification(&app, &shop).await;
    assert_eq!(learned["intent"], "lead", "{learned}");
    assert_eq!(classification(&app, &neighbour).await, before, "another tenant reads it as before");
    let view = learning(&app, &shop).await;
    assert_eq!((view["version"].as_u64(), view["verdicts"].as_u64()), (Some(20), Some(20)));
    let changes = app.api.get(&shop.path("/learning/changes")).await.ok();
    assert!(changes["moved"]["lead"].as_f64().unwrap() > 0.0, "{changes}");
    assert!(changes["moved"]["question"].as_f64().unwrap() < 0.0, "{changes}");

    app.api.post(&shop.path("/learning/reset"), json!({})).await.ok();
    assert_eq!(classification(&app, &shop).await, before, "to the bit");
    app.api.post(&shop.path("/learning/revert"), json!({ "version": 20 })).await.ok();
    assert_eq!(classification(&app, &shop).await, learned, "to the bit");
    let gone = app.api.post(&shop.path("/learning/revert"), json!({ "version": 3 })).await;
    assert_eq!(gone.status, 422, "{}", gone.body);
    app
}

async fn every_verdict_is_learned_from_once_when_many_decide_at_once(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    asked(&app, &shop, 0..16).await;
    let paths: Vec<String> = pending(&app, &shop)
        .await
        .iter()
        .map(|approval| shop.path(&format!("/approvals/{approval}/approve")))
        .collect();
    let said = futures::future::join_all(paths.iter().map(|path| app.api.post(path, json!({})))).await;
    assert!(said.iter().all(|reply| reply.status == 200));
    let view = until(&app, &shop, |view| view["verdicts"] == 16).await;
    assert_eq!(standing(&view, "question")["drafts"]["agreed"], 16);
    app.settle().await;
    app
}

async fn until(app: &TestApp, shop: &TestTenant, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..500 {
        let view = learning(app, shop).await;
        if is_so(&view) {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not come to that: {}", learning(app, shop).await);
}

async fn a_verdict_that_nobody_learned_from_before_a_crash_is_learned_from_at_the_next_start(
    mut app: TestApp,
) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let foundations = app.node().foundations();
    let verdict = Verdict {
        id: VerdictId::new(&foundations.ids),
        source: VerdictSource::Draft,
        approval: None,
        event: EventId::new(&foundations.ids),
        decision: DecisionId::new(&foundations.ids),
        text: ASK.to_owned(),
        basis: Basis::default(),
        verdict: VerdictKind::Rejected,
        corrected_intent: Some(Intent::Lead),
        edit_distance: None,
        by: "key:1".to_owned(),
        at: app.clock.now(),
    };
    // The commit of the verdict is the last thing this process does for the tenant.
    let changes = Changes::of_tenant(shop.id).with(Change::AddVerdict(Box::new(verdict)));
    foundations.database.commit(changes).await.unwrap();
    assert_eq!(learning(&app, &shop).await["version"], 0);
    app.restart().await;
    let view = until(&app, &shop, |view| view["version"] == 1).await;
    assert_eq!(view["verdicts"], 1);
    app
}

async fn a_tenant_that_does_not_want_it_learns_nothing(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").settings(|settings| settings.learning = false).create().await;
    asked(&app, &shop, 0..3).await;
    decide_all(&app, &shop, "reject", json!({ "intent": "lead" })).await;
    let view = learning(&app, &shop).await;
    assert_eq!((view["version"].as_u64(), view["learning"].as_bool()), (Some(0), Some(false)));
    assert_eq!(standing(&view, "question")["drafts"]["of"], 3, "agreement is counted all the same");
    app
}

async fn ambitious(app: &TestApp) -> TestTenant {
    let intents = [(Intent::Question, Bar { bar: 0.7, at_least: 10 })].into();
    let autonomy = Autonomy { intents, spot_check: 0.02 };
    app.tenant("acme").settings(|settings| settings.autonomy = autonomy).create().await
}

async fn questions_that_people_keep_approving_are_answered_without_them_until_one_is_called_wrong(
    app: TestApp,
) -> TestApp {
    let shop = ambitious(&app).await;
    asked(&app, &shop, 0..9).await;
    decide_all(&app, &shop, "approve", json!({})).await;
    assert_eq!(standing(&learning(&app, &shop).await, "question")["autonomy"]["state"], "drafting");
    asked(&app, &shop, 9..10).await;
    decide_all(&app, &shop, "approve", json!({})).await;
    let view = learning(&app, &shop).await;
    assert_eq!(standing(&view, "question")["autonomy"]["state"], "acting", "{view}");

    asked(&app, &shop, 10..20).await;
    let waiting = pending(&app, &shop).await.len();
    assert!(waiting <= 4, "{waiting} of 10 wait, though few are spot checks");
    let made = app.api.get(&shop.path("/audit?event_type=decision.made&limit=10")).await.ok();
    let acted = made["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "act").unwrap();
    let decision = acted["resource_id"].as_str().unwrap().to_owned();
    let trace = acted["details"]["trace"].to_string();
    assert!(trace.contains("acts by itself since"), "{trace}");

    let wrong = shop.path(&format!("/decisions/{decision}/feedback"));
    app.api.post(&wrong, json!({ "verdict": "wrong" })).await.ok();
    assert_eq!(app.api.post(&wrong, json!({ "verdict": "right" })).await.status, 409, "once for a decision");
    let view = learning(&app, &shop).await;
    let autonomy = &standing(&view, "question")["autonomy"];
    assert_eq!(autonomy["state"], "drafting");
    assert_eq!(autonomy["because"], format!("a person called {decision} wrong"));
    for event_type in ["autonomy.earned", "autonomy.lost"] {
        let told = app.api.get(&shop.path(&format!("/audit?event_type={event_type}"))).await.ok();
        assert_eq!(told["items"].as_array().unwrap().len(), 1, "{told}");
    }
    let alerts = app.api.get(&shop.path("/alerts?resolved=false")).await.ok().to_string();
    assert!(alerts.contains("autonomy_lost") && !alerts.contains("autonomy_earned"), "{alerts}");

    asked(&app, &shop, 20..23).await;
    assert_eq!(pending(&app, &shop).await.len(), waiting + 3, "questions are drafted again");
    app
}

async fn a_person_who_takes_over_after_an_answer_ends_what_was_earned(app: TestApp) -> TestApp {
    let shop = ambitious(&app).await;
    asked(&app, &shop, 0..12).await;
    decide_all(&app, &shop, "approve", json!({})).await;
    let view = learning(&app, &shop).await;
    assert_eq!(standing(&view, "question")["autonomy"]["state"], "acting", "{view}");

    asked(&app, &shop, 12..22).await;
    let queue = app.api.get(&shop.path("/queue?limit=200")).await.ok();
    let items = queue["items"].as_array().unwrap();
    let by_itself = items.iter().find(|item| item["approved_by_person"] == false).unwrap();
    let conversation = by_itself["conversation"].as_str().unwrap();
    app.api.post(&shop.path(&format!("/conversations/{conversation}/take-over")), json!({})).await.ok();
    let view = learning(&app, &shop).await;
    let autonomy = &standing(&view, "question")["autonomy"];
    assert_eq!(autonomy["state"], "drafting");
    assert!(autonomy["because"].as_str().unwrap().starts_with("a person took the conversation over"));
    app
}
