//! The two cookies of a session: one that each request carries, one that gives a new pair.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use crate::people::NewSession;

/// Carries the token of the session.
const SESSION: &str = "troupe_session";
/// Carries the secret that refreshes it.
const REFRESH: &str = "troupe_refresh";
/// Carries the ticket of a sign-in through single sign-on.
const TICKET: &str = "troupe_sso";
/// Only its routes are sent the ticket.
const TICKET_PATH: &str = "/sso";
/// Only routes of the session itself are sent the second one.
const REFRESH_PATH: &str = "/api/v1/session";
/// Longest value that is looked at, in bytes.
const MAX_VALUE: usize = 200;

/// The token of a request's session.
pub fn session_token(headers: &HeaderMap) -> Option<String> {
    value(headers, SESSION)
}

/// The secret that refreshes a request's session.
pub fn refresh_secret(headers: &HeaderMap) -> Option<String> {
    value(headers, REFRESH)
}

fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let texts = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut cookies = texts.flat_map(Cookie::split_parse).filter_map(Result::ok);
    let found = cookies.find(|cookie| cookie.name() == name)?;
    Some(found.value().to_owned()).filter(|text| !text.is_empty() && text.len() <= MAX_VALUE)
}

/// What gives a browser the cookies of a new session. `is_https` keeps them off connections in the clear.
pub fn begin(new: &NewSession, is_https: bool) -> [(axum::http::HeaderName, HeaderValue); 2] {
    let lives = |until: tenants::clock::Timestamp| {
        Duration::seconds(i64::try_from(until.since(new.session.refreshed_at).as_secs()).unwrap_or(0))
    };
    [
        set(SESSION, new.token.clone(), "/", lives(new.session.ends_at), is_https),
        set(REFRESH, new.refresh.clone(), REFRESH_PATH, lives(new.session.ends_at), is_https),
    ]
}

/// The ticket of a request's sign-in.
pub fn ticket_of(headers: &HeaderMap) -> Option<String> {
    value(headers, TICKET)
}

/// What gives a browser the ticket of a sign-in; an empty one makes it forget. Unlike a session's cookies it is sent along
/// when a page of others, the provider's, leads here.
pub fn ticket(value: &str, is_https: bool) -> (axum::http::HeaderName, HeaderValue) {
    let lives = if value.is_empty() { 0 } else { crate::people::sso::LIVES.as_secs() };
    let lives = Duration::seconds(i64::try_from(lives).unwrap_or(0));
    set_for(SameSite::Lax, TICKET, value.to_owned(), TICKET_PATH, lives, is_https)
}

/// What makes a browser forget them.
pub fn end(is_https: bool) -> [(axum::http::HeaderName, HeaderValue); 2] {
    [
        set(SESSION, String::new(), "/", Duration::ZERO, is_https),
        set(REFRESH, String::new(), REFRESH_PATH, Duration::ZERO, is_https),
    ]
}

fn set(
    name: &'static str,
    value: String,
    path: &'static str,
    max_age: Duration,
    is_https: bool,
) -> (axum::http::HeaderName, HeaderValue) {
    set_for(SameSite::Strict, name, value, path, max_age, is_https)
}

fn set_for(
    same_site: SameSite,
    name: &'static str,
    value: String,
    path: &'static str,
    max_age: Duration,
    is_https: bool,
) -> (axum::http::HeaderName, HeaderValue) {
    let cookie = Cookie::build((name, value))
        .path(path)
        .http_only(true)
        .same_site(same_site)
        .secure(is_https)
        .max_age(max_age)
        .build();
    // Names, paths and hex digits are always a header.
    let text = HeaderValue::from_str(&cookie.to_string()).unwrap_or(HeaderValue::from_static(""));
    (SET_COOKIE, text)
}
