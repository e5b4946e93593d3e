//! The page at `/`: Instagram to be played by hand. It is plain HTML and JavaScript from this program, loads nothing
//! from elsewhere, and does all it does through the control API, so whatever it can do, a program can.

use axum::{Router, response::IntoResponse, routing::get};

/// Files are held in the program; browsers ask again every time, because the program may have changed.
fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'";
    let headers = [
        ("content-type", kind),
        ("cache-control", "no-store"),
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
    ];
    (headers, text)
}

/// The page.
pub(crate) async fn page() -> impl IntoResponse {
    file("text/html; charset=utf-8", include_str!("play.html"))
}

/// What the page loads.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/play", get(page))
        .route(
            "/_sandbox/play.js",
            get(async || file("text/javascript; charset=utf-8", include_str!("play.js"))),
        )
        .route("/_sandbox/play.css", get(async || file("text/css; charset=utf-8", include_str!("play.css"))))
}
