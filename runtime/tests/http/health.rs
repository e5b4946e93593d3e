//! Probes and metrics.

use axum::body::Body;
use axum::http::Request;

use crate::rig::{Reply, Rig};

async fn get(rig: &Rig, path: &str) -> Reply {
    rig.send(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_node_is_ready_when_its_database_answers_and_nothing_is_in_the_way() {
    let rig = Rig::start().await;
    get(&rig, "/healthz").await.ok();
    get(&rig, "/readyz").await.ok();

    rig.node.obstacles.lock().unwrap().push("the dispatcher is not up".to_owned());
    let problem = get(&rig, "/readyz").await.problem(503);
    assert_eq!(problem["obstacles"][0], "the dispatcher is not up");

    rig.node.obstacles.lock().unwrap().clear();
    rig.database.close().await;
    get(&rig, "/readyz").await.problem(503);
    get(&rig, "/healthz").await.ok();
}

#[tokio::test]
async fn a_stopping_node_is_not_ready() {
    let rig = Rig::start().await;
    rig.ports.tasks.stop();
    get(&rig, "/readyz").await.problem(503);
}

#[tokio::test]
async fn metrics_name_route_templates_and_never_ids() {
    let rig = Rig::start().await;
    get(&rig, "/api/v1/tenants/ten_01890000000070008000000000000000").await.problem(401);
    get(&rig, "/no/such/page").await.problem(404);
    let metrics = get(&rig, "/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let text = metrics.text();
    let counted =
        r#"troupe_http_requests_total{method="GET",route="/api/v1/tenants/{tenant}",status="401"} 1"#;
    assert!(text.contains(counted), "{text}");
    assert!(text.contains(r#"route="unmatched",status="404""#), "{text}");
    assert!(!text.contains("ten_0189"));
}
