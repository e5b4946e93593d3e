//! The live feed: replay, following, and the polling form.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use futures::StreamExt;
use serde_json::json;
use troupe::http::HttpSettings;

use crate::world::World;

/// Longest wait for a line; reached only when something is broken.
const PATIENCE: Duration = Duration::from_secs(20);

struct Stream {
    body: axum::body::BodyDataStream,
    read: String,
}

impl Stream {
    async fn open(world: &World, last_event_id: Option<&str>, query: &str) -> Self {
        let bakery = &world.bakery;
        let mut request = Request::get(format!("/api/v1{}{query}", bakery.path("/feed")))
            .header("x-api-key", &bakery.key.text)
            .header("accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = world.rig.open(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), read: String::new() }
    }

    /// Reads on until the text has come; false when the stream ends before.
    async fn until(&mut self, wanted: &str) -> bool {
        while !self.read.contains(wanted) {
            let Some(chunk) = tokio::time::timeout(PATIENCE, self.body.next()).await.unwrap() else {
                return false;
            };
            self.read.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
        true
    }

    fn ids(&self) -> Vec<i64> {
        self.read.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok()).collect()
    }
}

async fn suspend(world: &World) {
    let bakery = &world.bakery;
    world.rig.post(&bakery.key.text, &bakery.path("/suspend"), json!({})).await.ok();
}

#[tokio::test]
async fn a_feed_replays_from_a_position_and_then_follows() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, None, "?since=0").await;
    assert!(stream.until("event: account.connected").await);
    suspend(&world).await;
    assert!(stream.until("event: tenant.suspended").await);
    let ids = stream.ids();
    assert_eq!(ids, (1..=ids.len() as i64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reconnect_goes_on_where_the_stream_broke_off() {
    let world = World::new().await;
    suspend(&world).await;
    let mut stream = Stream::open(&world, Some("1"), "?since=0").await;
    assert!(stream.until("event: tenant.suspended").await);
    assert_eq!(stream.ids()[0], 2);
}

#[tokio::test]
async fn without_a_position_only_what_comes_from_now_on_is_told() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, None, "").await;
    suspend(&world).await;
    assert!(stream.until("event: tenant.suspended").await);
    assert!(!stream.read.contains("tenant.created"));
}

#[tokio::test]
async fn a_quiet_feed_sends_pings_and_ends_when_its_key_is_withdrawn() {
    let settings = HttpSettings { feed_keep_alive: Duration::from_millis(50), ..HttpSettings::default() };
    let world = World::with(settings).await;
    let mut stream = Stream::open(&world, None, "").await;
    assert!(stream.until(": ping").await);
    let (north, key) = (&world.north, &world.bakery.key.key.id);
    world.rig.call(&north.key.text, "DELETE", &north.path(&format!("/keys/{key}")), None).await;
    assert!(!stream.until("never said").await);
}

#[tokio::test]
async fn a_feed_ends_when_the_node_stops() {
    let world = World::new().await;
    let mut stream = Stream::open(&world, None, "").await;
    world.rig.ports.tasks.stop();
    assert!(!stream.until("never said").await);
}

#[tokio::test]
async fn the_polling_form_tells_what_happened_since() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let first = rig.get(&bakery.key.text, &bakery.path("/feed/poll?since=0&limit=1")).await.ok();
    assert_eq!((first["items"][0]["seq"].as_i64(), first["since"].as_i64()), (Some(1), Some(1)));
    let accept = Request::get(format!("/api/v1{}", bakery.path("/feed?since=1")))
        .header("x-api-key", &bakery.key.text)
        .header("accept", "application/json");
    let rest = rig.send(accept.body(Body::empty()).unwrap()).await.ok();
    assert_eq!(rest["items"][0]["seq"], 2);
    let now = rig.get(&bakery.key.text, &bakery.path("/feed/poll")).await.ok();
    assert_eq!(now["since"], rest["since"]);
    assert_eq!(now["items"], json!([]));
    rig.get(&bakery.key.text, &bakery.path("/feed/poll?since=-1")).await.problem(400);
}
