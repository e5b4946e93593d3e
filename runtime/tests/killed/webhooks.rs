//! A node that is killed while it tells agencies' programs what happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use storage::testing::TestDatabase;
use tenants::clock::{Clock, SystemClock};
use tenants::tasks::Tasks;

use crate::installation::{Installation, until};

/// How often the node is killed, and what happens between two kills.
const KILLS: usize = 6;
const HAPPEN: usize = 12;

/// What came: the entry it tells of, and its `webhook-id`.
type Came = Arc<Mutex<Vec<(String, String)>>>;

/// A receiver that takes its time; where it listens.
async fn receiver(tasks: &Tasks, came: Came) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/in", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
        let came = came.clone();
        async move {
            let told: Value = serde_json::from_slice(&body).expect("JSON");
            let about = told["data"]["resource_id"].as_str().expect("an id").to_owned();
            let id = headers["webhook-id"].to_str().expect("a text").to_owned();
            came.lock().unwrap_or_else(PoisonError::into_inner).push((about, id));
            SystemClock.sleep(Duration::from_millis(60)).await;
        }
    });
    tasks.spawn("receiver", async move { axum::serve(listener, router).await });
    url
}

async fn whatever_is_cut_off_every_event_comes_under_one_id(database: TestDatabase) {
    let installation = Installation::new(database, 1).await;
    let (tasks, came) = (Tasks::default(), Came::default());
    let url = receiver(&tasks, came.clone()).await;
    let made = installation.run(&["webhook", "create", "in", &url, "--event", "rule.created"], "");
    let webhook = made["webhook"].as_str().expect("a text");
    let tenant = installation.run(&["tenant", "list"], "")[0]["id"].as_str().expect("a text").to_owned();
    let rule = json!({ "name": "r", "trigger": { "on": "dm" }, "conditions": [], "enabled": false,
        "actions": [{ "do": "reply", "variations": ["Thanks!"] }] });
    let mut happened = BTreeSet::new();
    for _ in 0..KILLS {
        let node = installation.serve().await;
        for _ in 0..HAPPEN {
            let made = installation.call(&format!("/tenants/{tenant}/rules"), &rule).await;
            happened.insert(made["id"].as_str().expect("a text").to_owned());
        }
        node.kill();
    }
    let _node = installation.serve().await;
    let list = ["webhook", "deliveries", webhook, "--state", "delivered", "--limit", "1000"];
    until("everything is delivered", async || {
        installation.run(&list, "").as_array().expect("a list").len() == happened.len()
    })
    .await;
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let came = came.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (about, id) in &came {
        ids.entry(about.clone()).or_default().insert(id.clone());
    }
    assert_eq!(ids.keys().cloned().collect::<BTreeSet<_>>(), happened, "nothing is lost or made up");
    assert!(ids.values().all(|ids| ids.len() == 1), "a repetition has the same id: {ids:?}");
    assert!(came.len() - happened.len() <= KILLS * 4, "only what was under way is repeated: {}", came.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_a_node_killed_while_it_tells_programs_loses_nothing() {
    whatever_is_cut_off_every_event_comes_under_one_id(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_a_node_killed_while_it_tells_programs_loses_nothing() {
    let Some(database) = TestDatabase::postgres().await else { return };
    whatever_is_cut_off_every_event_comes_under_one_id(database).await;
}
