//! The pages of the dashboard, and what is answered where nothing is.

use axum::body::Body;
use axum::http::Request;

use crate::rig::{Reply, Rig};

async fn open(rig: &Rig, path: &str, accept: &str) -> Reply {
    let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
    rig.send(request).await
}

const PAGE: &str = "text/html,application/xhtml+xml";

#[tokio::test]
async fn every_address_of_a_page_begins_the_application_and_runs_no_foreign_script() {
    let rig = Rig::start().await;
    for path in ["/", "/tenants/ten_1/approvals", "/setup"] {
        let page = open(&rig, path, PAGE).await;
        assert_eq!(page.status.as_u16(), 200, "{path}");
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY");
        if dashboard::index().is_some() {
            let policy = page.header("content-security-policy");
            assert!(policy.contains("default-src 'self'") && !policy.contains("'unsafe-eval'"), "{policy}");
            assert_eq!(page.header("cache-control"), "no-cache", "a new version is seen at once");
        } else {
            assert!(page.text().contains("make web"), "it says how it is built");
        }
    }
}

#[tokio::test]
async fn what_is_for_programs_or_names_a_file_is_never_answered_with_a_page() {
    let rig = Rig::start().await;
    for path in
        ["/api/v1/nothing", "/webhooks/nothing/at/all", "/oauth/nothing", "/assets/old-1a2b.js", "/x.php"]
    {
        open(&rig, path, PAGE).await.problem(404);
    }
    open(&rig, "/tenants", "application/json").await.problem(404);
    let post = Request::post("/tenants").header("accept", PAGE).body(Body::empty()).unwrap();
    rig.send(post).await.problem(404);
}

/// A browser takes packed answers and must be able to unpack them.
#[tokio::test]
async fn what_is_not_there_is_told_in_a_form_that_can_be_read() {
    let rig = Rig::start().await;
    for path in ["/api/v1/tenantz", "/api/v1/tenants/", "/assets/nothing.js"] {
        let request = Request::get(path).header("accept-encoding", "gzip, br").body(Body::empty()).unwrap();
        let refused = rig.send(request).await;
        assert!(refused.header("content-encoding").is_empty(), "{path}");
        refused.problem(404);
    }
}

#[tokio::test]
async fn files_of_the_build_are_kept_for_ever_and_known_ones_are_not_sent_again() {
    let rig = Rig::start().await;
    let Some(index) = dashboard::index() else {
        println!("left out: the dashboard was not built (make web)");
        return;
    };
    let text = String::from_utf8(index.bytes.into_owned()).unwrap();
    let script = text.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")).unwrap();
    let file = open(&rig, script, "*/*").await;
    assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
    let tag = file.header("etag").to_owned();
    let again = Request::get(script).header("if-none-match", &tag).body(Body::empty()).unwrap();
    assert_eq!(rig.send(again).await.status.as_u16(), 304);
    let packed = Request::get(script).header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    let packed = rig.send(packed).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.body.len() * 2 < file.body.len(), "it comes compressed");
}
