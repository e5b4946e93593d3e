//! The page a person comes back to.

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tenants::connect::{ConnectAttempt, missing_scopes};
use utoipa::IntoParams;

use super::page::Page;
use crate::connecting::{Came, Returned, come_back as take_return};
use crate::http::extract::QueryOf;
use crate::http::problem::Problem;
use crate::http::state::AppState;

const CLOSE: &str = "You can close this page.";

/// What Meta sends along.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Return {
    /// The code, when the person allowed it.
    code: Option<String>,
    /// The state that was sent along.
    state: Option<String>,
    /// What went wrong.
    error: Option<String>,
    /// Why.
    error_reason: Option<String>,
}

/// Come back from the consent page of a login. Answers a page for people; the attempt tells programs the same.
#[utoipa::path(get, path = "/oauth/callback", tag = "oauth", params(Return),
    responses((status = 200, description = "A page that says what happened and what to do next.", body = String,
        content_type = "text/html")))]
pub(super) async fn come_back(
    State(state): State<AppState>,
    QueryOf(query): QueryOf<Return>,
) -> Result<Page, Problem> {
    let returned =
        Returned { code: query.code, state: query.state, error: query.error, reason: query.error_reason };
    let came = take_return(&state.ports, returned, &state.settings.public_url).await?;
    if matches!(came, Came::Connected { .. })
        && let Err(error) = state.refresh_directory().await
    {
        tracing::warn!(%error, "accounts and apps could not be read; the next refresh will");
    }
    Ok(page_of(came))
}

fn page_of(came: Came) -> Page {
    let bad = StatusCode::BAD_REQUEST;
    match came {
        Came::Connected { username, webhooks, attempt } => connected(&username, webhooks, &attempt),
        Came::Choose(attempt) => {
            let sentences =
                &["You allowed several accounts. Go back to where you started and choose one of them:"];
            let mut page = Page::new(StatusCode::OK, "Which account?", sentences);
            page.list = attempt
                .found
                .iter()
                .map(|found| match &found.page_name {
                    Some(name) => format!("@{} (Page {name})", found.username),
                    None => format!("@{}", found.username),
                })
                .collect();
            page
        }
        Came::Denied => Page::new(
            StatusCode::OK,
            "Nothing was connected",
            &[
                "You did not allow it at Instagram. If that was a mistake, start again where you started.",
                CLOSE,
            ],
        ),
        Came::Unknown => Page::new(
            bad,
            "This link is not known here",
            &["Start again where you started: every link works for one login only."],
        ),
        Came::Used => Page::new(
            StatusCode::CONFLICT,
            "This link was used before",
            &["Look where you started whether the account is connected. If it is not, start again there."],
        ),
        Came::TooLate => Page::new(
            StatusCode::GONE,
            "That took too long",
            &["A link works for 15 minutes. Start again where you started."],
        ),
        Came::Failed(text) => Page::new(bad, "The account could not be connected", &[&sentence(&text)]),
        Came::Unreachable(text) => {
            Page::new(StatusCode::SERVICE_UNAVAILABLE, "Instagram cannot be reached", &[&sentence(&text)])
        }
    }
}

fn connected(username: &str, webhooks: bool, attempt: &ConnectAttempt) -> Page {
    let mut page = Page::new(StatusCode::OK, format!("@{username} is connected"), &[CLOSE]);
    if !webhooks {
        let text = "Instagram did not switch on its notifications yet; that is tried again by itself.";
        page.sentences.insert(0, text.to_owned());
    }
    let missing = missing_scopes(attempt.flavour, &attempt.scopes);
    if !missing.is_empty() {
        let text = "These permissions were not given. To give them, start again and leave them switched on:";
        page.sentences.insert(0, text.to_owned());
        page.list =
            missing.iter().map(|missing| format!("{}: {}", missing.scope, missing.without_it)).collect();
    }
    page
}

/// Texts of errors begin small and end without a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}
