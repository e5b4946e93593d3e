//! Where a browser goes to sign in through the agency's provider of identities, and where it comes back.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::cookies;
use super::extract::QueryOf;
use super::oauth::Page;
use super::problem::{Problem, ProblemKind};
use super::state::AppState;
use crate::people::sso::{Returned, SsoError};
use crate::people::{Origin, PeopleError};

/// Where the sign-in begins.
pub const BEGIN: &str = "/sso";

/// Public routes: what protects them is the ticket in the cookie, and the provider's signature.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(begin_single_sign_on)).routes(routes!(finish_single_sign_on))
}

/// Sign in through the provider of identities that the settings name. Leads there.
#[utoipa::path(get, path = "/sso", tag = "session",
    responses((status = 303, description = "Leads to the provider.")))]
async fn begin_single_sign_on(origin: Origin, State(state): State<AppState>) -> Response {
    let Some(sso) = &state.single_sign_on else { return switched_off() };
    if let Err(error) = state.sign_ins.admit(&origin, state.ports.clock.now()) {
        return page_of(&error.into()).into_response();
    }
    match sso.begin().await {
        Ok((address, ticket)) => {
            let cookie = cookies::ticket(&ticket, is_https(&state));
            (AppendHeaders([cookie]), Redirect::to(&address)).into_response()
        }
        Err(error) => refused(&state, &error),
    }
}

/// What the provider sends along.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Return {
    /// The code, when the person signed in.
    code: Option<String>,
    /// The state that was sent along.
    state: Option<String>,
    /// What went wrong.
    error: Option<String>,
    /// Who answers.
    iss: Option<String>,
}

/// Come back from the provider of identities. Begins a session and leads to the dashboard; what went wrong is told on a
/// page for people.
#[utoipa::path(get, path = "/sso/callback", tag = "session", params(Return),
    responses((status = 303, description = "Leads to the dashboard."),
        (status = 400, description = "A page that says what happened and what to do next.", body = String,
        content_type = "text/html")))]
async fn finish_single_sign_on(
    origin: Origin,
    headers: HeaderMap,
    State(state): State<AppState>,
    QueryOf(query): QueryOf<Return>,
) -> Response {
    let Some(sso) = &state.single_sign_on else { return switched_off() };
    if let Err(error) = state.sign_ins.admit(&origin, state.ports.clock.now()) {
        return page_of(&error.into()).into_response();
    }
    let returned = Returned { code: query.code, state: query.state, error: query.error, issuer: query.iss };
    let ticket = cookies::ticket_of(&headers);
    let identified = sso.come_back(returned, ticket.as_deref()).await;
    let begun = match identified {
        Ok(identified) => state.people.sign_in_through(sso, identified, &origin).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok((_, new)) => {
            let is_https = is_https(&state);
            let session = AppendHeaders(cookies::begin(&new, is_https));
            (session, AppendHeaders([cookies::ticket("", is_https)]), Redirect::to("/")).into_response()
        }
        Err(error) => refused(&state, &error),
    }
}

fn is_https(state: &AppState) -> bool {
    state.settings.public_url.starts_with("https://")
}

fn switched_off() -> Response {
    let detail = "single sign-on is not set up here: sign in with a password, or set [sso]";
    Problem::new(ProblemKind::NotFound, detail).into_response()
}

/// The page, and the end of the ticket.
fn refused(state: &AppState, error: &SsoError) -> Response {
    match error {
        SsoError::Unreachable(_) | SsoError::Provider(_) | SsoError::Token(_) | SsoError::Code => {
            tracing::warn!(%error, "a sign-in through single sign-on failed");
        }
        _ => tracing::info!(%error, "a sign-in through single sign-on was refused"),
    }
    let mut response = page_of(error).into_response();
    let (name, value) = cookies::ticket("", is_https(state));
    response.headers_mut().append(name, value);
    response
}

fn page_of(error: &SsoError) -> Page {
    let again = "Go back to the sign-in page and begin again.";
    let page =
        |status, title: &str, sentences: &[&str]| Page::new(status, title, sentences).leading_to_sign_in();
    let refused = |sentences: &[&str]| page(StatusCode::FORBIDDEN, "You may not sign in here", sentences);
    match error {
        SsoError::NotBegun => page(
            StatusCode::BAD_REQUEST,
            "This sign-in is not known here",
            &[
                "It was begun in another browser or more than ten minutes ago, or cookies are switched off.",
                again,
            ],
        ),
        SsoError::Used => {
            page(StatusCode::CONFLICT, "This sign-in was used before", &["Every sign-in works once.", again])
        }
        SsoError::Denied(_) | SsoError::Code => {
            page(StatusCode::BAD_REQUEST, "You are not signed in", &[&sentence(&error.to_string()), again])
        }
        SsoError::Unreachable(_) => page(
            StatusCode::SERVICE_UNAVAILABLE,
            "The sign-in service cannot be reached",
            &[
                "Try again in a minute, or sign in with your password.",
                "If it stays, tell whoever runs this installation: `troupe doctor` says what is wrong.",
            ],
        ),
        SsoError::Provider(_) | SsoError::Token(_) => page(
            StatusCode::BAD_GATEWAY,
            "The sign-in service is not believed",
            &[
                again,
                "If it stays, tell whoever runs this installation: the log says what is wrong with its answer.",
            ],
        ),
        SsoError::Unverified => refused(&[
            "Your sign-in service does not vouch for an e-mail address of yours.",
            "Verify your address there and begin again, or ask whoever runs it to send the claims email and email_verified.",
        ]),
        SsoError::Domain(_) => refused(&[
            &sentence(&error.to_string()),
            "Use your work account, or ask for an invitation with a password.",
        ]),
        SsoError::Unknown(_) => refused(&[
            &sentence(&error.to_string()),
            "Ask an owner or a manager of your agency to invite this address, then begin again.",
        ]),
        SsoError::Disabled => refused(&["Your user is switched off.", "Ask an owner of your agency."]),
        SsoError::Another(_) => refused(&[
            &sentence(&error.to_string()),
            "If the person is the same, ask whoever runs this installation to untie the user (`troupe user unlink`).",
        ]),
        SsoError::People(PeopleError::Locked(_)) => page(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many sign-ins from your network",
            &["Wait a minute and begin again."],
        ),
        SsoError::People(_) => page(
            StatusCode::SERVICE_UNAVAILABLE,
            "Nobody can be signed in at the moment",
            &["Try again in a minute."],
        ),
    }
}

/// Texts of errors begin small and end without a full stop.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}
