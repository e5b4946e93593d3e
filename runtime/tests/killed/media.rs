//! Uploads of media while the process is killed, and while there is no room.

use futures::StreamExt;
use reqwest::{Body, Method};
use serde_json::{Value, json};
use storage::testing::TestDatabase;
use tenants::tasks::Tasks;
use troupe::media::samples::{self, Video};

use crate::installation::{Installation, until};
use crate::outages::{has_prlimit, limit_files_of};

struct Library<'i> {
    installation: &'i Installation,
    media: String,
}

impl<'i> Library<'i> {
    fn of(installation: &'i Installation) -> Self {
        let tenants = installation.run(&["tenant", "list"], "");
        let id = tenants[0]["id"].as_str().expect("a tenant");
        Self { installation, media: format!("/tenants/{id}/media") }
    }

    fn request(&self, method: Method, rest: &str) -> reqwest::RequestBuilder {
        self.installation.request(method, &format!("{}{rest}", self.media))
    }

    async fn call(&self, method: Method, rest: &str, body: impl Into<Body>) -> (u16, Value) {
        let answer = self.request(method, rest).body(body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn items(&self) -> Vec<Value> {
        let (_, list) = self.call(Method::GET, "", "").await;
        list["items"].as_array().expect("a list").clone()
    }
}

/// Some bytes, and then silence.
fn stalled(bytes: &[u8]) -> Body {
    let first = futures::stream::iter([Ok::<_, std::io::Error>(bytes.to_vec())]);
    Body::wrap_stream(first.chain(futures::stream::pending()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_node_killed_in_the_middle_of_an_upload_goes_on_with_it() {
    a_node_killed_in_the_middle_of_an_upload_goes_on_with_it(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_node_killed_in_the_middle_of_an_upload_goes_on_with_it() {
    let Some(database) = TestDatabase::postgres().await else { return };
    a_node_killed_in_the_middle_of_an_upload_goes_on_with_it(database).await;
}

async fn a_node_killed_in_the_middle_of_an_upload_goes_on_with_it(database: TestDatabase) {
    let installation = Installation::new(database, 1).await;
    let node = installation.serve().await;
    let library = Library::of(&installation);
    let file = samples::video(Video { data: 3_000_000, ..Video::default() });
    let new = json!({ "file_name": "reel.mp4", "bytes": file.len() }).to_string();
    let begin = library.request(Method::POST, "/uploads").header("content-type", "application/json");
    let upload: Value = begin.body(new).send().await.expect("an answer").json().await.expect("an upload");
    let upload = format!("/uploads/{}", upload["id"].as_str().expect("an id"));
    let first = library.call(Method::PUT, &format!("{upload}?offset=0"), file[..1_000_000].to_vec()).await;
    assert_eq!(first.0, 200, "{}", first.1);

    // Another part, and another file in one piece, are under way when the process dies.
    let tasks = Tasks::default();
    let part = library.request(Method::PUT, &format!("{upload}?offset=1000000"));
    tasks.spawn("part", part.body(stalled(&file[1_000_000..2_500_000])).send());
    let whole = library.request(Method::POST, "?name=cake.jpg");
    tasks.spawn("whole", whole.body(stalled(&samples::jpeg(400, 400, 1)[..5_000])).send());
    until("more has come", async || {
        let (_, state) = library.call(Method::GET, &upload, "").await;
        state["received"].as_u64().is_some_and(|received| received > 1_000_000)
    })
    .await;
    node.kill();

    let node = installation.serve().await;
    assert!(library.items().await.is_empty(), "nothing half is in the library");
    let (_, state) = library.call(Method::GET, &upload, "").await;
    let received = state["received"].as_u64().expect("a number") as usize;
    assert!((1_000_000..=2_500_000).contains(&received), "{state}");
    let rest =
        library.call(Method::PUT, &format!("{upload}?offset={received}"), file[received..].to_vec()).await;
    assert_eq!(rest.0, 200, "{}", rest.1);
    let (status, media) = library.call(Method::POST, &format!("{upload}/complete"), "").await;
    assert_eq!(status, 201, "{media}");
    assert_eq!(library.items().await.len(), 1);
    let fetched = installation.fetch(media["url"].as_str().expect("an address")).await;
    assert!(fetched == file, "byte by byte");
    node.kill();
    installation.sandbox.stop().await;
}

/// See `outages` for what stands in for a full disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_an_upload_is_refused_with_503_and_nothing_of_it_is_left() {
    if !has_prlimit() {
        return;
    }
    let installation = Installation::new(TestDatabase::sqlite(), 1).await;
    let node = installation.serve_without_file_size_signals().await;
    let library = Library::of(&installation);
    let file = samples::video(Video { data: 3_000_000, ..Video::default() });
    limit_files_of(&node, "1500000");
    let (status, problem) = library.call(Method::POST, "?name=reel.mp4", file.clone()).await;
    assert_eq!(status, 503, "{problem}");
    assert_eq!(installation.staged_uploads(), 0);
    limit_files_of(&node, "unlimited");
    assert!(library.items().await.is_empty());
    let (status, media) = library.call(Method::POST, "?name=reel.mp4", file).await;
    assert_eq!(status, 201, "{media}");
    node.kill();
    installation.sandbox.stop().await;
}
