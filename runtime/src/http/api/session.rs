//! Signing in and out, setting up, passwords and invitations. These routes need no key: they are how people get in.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tenants::access::UserRole;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, SessionId, TenantId, UserId};
use tenants::ports::StoreError;
use tenants::user::{Grant, User};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{Caller, cookies};
use crate::http::extract::{JsonBody, Page, PathIds};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::sso;
use crate::http::state::AppState;
use crate::people::{NewSession, Origin, PeopleError, Refreshed, SetUp, SignedIn};

/// Routes that are open to everybody.
pub(super) fn public_router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_set_up, set_up))
        .routes(routes!(sign_in))
        .routes(routes!(refresh_session))
        .routes(routes!(sign_in_by_link))
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
        .routes(routes!(accept_invitation))
}

/// Routes about the session of whoever calls.
pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_session, sign_out))
        .routes(routes!(list_sessions))
        .routes(routes!(end_session))
}

impl FromRequestParts<AppState> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        // Behind a proxy the last address of the list is the one that the proxy has seen.
        let told = state.settings.client_ip_header.as_ref().and_then(|name| {
            let value = parts.headers.get_all(name).into_iter().next_back()?.to_str().ok()?;
            value.rsplit(',').next()?.trim().parse().ok()
        });
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { ip: told.or(peer), user_agent: user_agent.map(str::to_owned) })
    }
}

/// Somebody who signed in.
#[derive(Debug, Serialize, ToSchema)]
struct SessionUser {
    #[schema(value_type = schema::Id)]
    id: UserId,
    name: String,
    email: String,
}

/// What somebody is in an agency, or for one of its tenants.
#[derive(Debug, Serialize, ToSchema)]
struct SessionGrant {
    #[schema(value_type = schema::Id)]
    agency: AgencyId,
    agency_name: String,
    /// The tenant; `null` for the agency with all its tenants.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    tenant_name: Option<String>,
    #[schema(value_type = schema::UserRole)]
    role: UserRole,
}

/// A session. Its secrets are in cookies that no page can read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView {
    user: SessionUser,
    /// Send it as `X-CSRF-Token` with every request that is not a GET.
    csrf_token: String,
    /// Until then requests are admitted; refresh the session before.
    #[schema(value_type = schema::Moment)]
    expires_at: Timestamp,
    /// Until then it can be refreshed.
    #[schema(value_type = schema::Moment)]
    ends_at: Timestamp,
    /// What the user is, and where.
    grants: Vec<SessionGrant>,
}

impl SessionView {
    async fn of(state: &AppState, signed_in: SignedIn) -> Result<Self, StoreError> {
        let SignedIn { user: User { id, name, email, .. }, session, grants } = signed_in;
        let mut shown = Vec::with_capacity(grants.len());
        for grant in grants {
            shown.extend(grant_view(state, grant).await?);
        }
        Ok(Self {
            user: SessionUser { id, name, email },
            csrf_token: session.csrf,
            expires_at: session.expires_at,
            ends_at: session.ends_at,
            grants: shown,
        })
    }
}

async fn grant_view(state: &AppState, grant: Grant) -> Result<Option<SessionGrant>, StoreError> {
    let store = &state.ports.store;
    let Some(agency) = store.find_agency(&grant.agency).await? else { return Ok(None) };
    let tenant = match grant.tenant {
        Some(tenant) => store.find_tenant(&tenant).await?,
        None => None,
    };
    Ok(Some(SessionGrant {
        agency: agency.id,
        agency_name: agency.name,
        tenant: grant.tenant,
        tenant_name: tenant.map(|tenant| tenant.name),
        role: grant.role,
    }))
}

/// The answer to everything by which a session begins or goes on.
async fn begun(
    state: &AppState,
    status: StatusCode,
    (signed_in, new): (SignedIn, NewSession),
) -> Result<Response, Problem> {
    let view = SessionView::of(state, signed_in).await?;
    let cookies = AppendHeaders(cookies::begin(&new, is_https(state)));
    Ok((status, cookies, Json(view)).into_response())
}

fn is_https(state: &AppState) -> bool {
    state.settings.public_url.starts_with("https://")
}

/// Whether the installation waits to be set up, and how people sign in besides with a password.
#[derive(Debug, Serialize, ToSchema)]
struct SetUpState {
    /// Nobody can sign in yet.
    needed: bool,
    /// The other way to sign in, where one is set.
    single_sign_on: Option<SingleSignOnView>,
}

/// How people sign in through their provider of identities.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SingleSignOn)]
struct SingleSignOnView {
    /// What stands on the button.
    label: String,
    /// Where it leads.
    #[schema(example = "/sso")]
    path: &'static str,
}

/// Ask whether the installation waits to be set up, and how people sign in besides with a password.
#[utoipa::path(get, path = "/setup", tag = "session", responses((status = 200, body = SetUpState)))]
async fn get_set_up(State(state): State<AppState>) -> Result<Json<SetUpState>, Problem> {
    let needed = !state.people.users().is_set_up().await?;
    let single_sign_on = state.single_sign_on.as_ref();
    let single_sign_on =
        single_sign_on.map(|sso| SingleSignOnView { label: sso.label().to_owned(), path: sso::BEGIN });
    Ok(Json(SetUpState { needed, single_sign_on }))
}

/// The first agency and its owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetUp)]
struct SetUpDocument {
    /// What stands in the file that the node names when it starts.
    code: String,
    /// Name of the agency; 1 to 200 characters.
    agency: String,
    /// Your name; 1 to 200 characters.
    name: String,
    /// Your e-mail address.
    email: String,
    /// At least 12 characters, and not easy to guess.
    #[schema(value_type = String)]
    password: SecretString,
}

/// Set up a new installation: its first agency, and you as its owner.
#[utoipa::path(post, path = "/setup", tag = "session", request_body = SetUpDocument,
    responses((status = 201, body = SessionView)))]
async fn set_up(
    origin: Origin,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<SetUpDocument>,
) -> Result<Response, Problem> {
    let SetUpDocument { code, agency, name, email, password } = document;
    let begin = state.people.set_up(SetUp { code, agency, name, email, password }, &origin).await?;
    begun(&state, StatusCode::CREATED, begin).await
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    email: String,
    #[schema(value_type = String)]
    password: SecretString,
}

/// Sign in. The session's secrets come as cookies. After five refusals for an address every further one makes it wait
/// twice as long (429 with `Retry-After`), up to an hour.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn,
    responses((status = 201, body = SessionView)))]
async fn sign_in(
    origin: Origin,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    state.sign_ins.admit(&origin, state.ports.clock.now())?;
    let begin = state.people.sign_in(&document.email, document.password, &origin).await?;
    begun(&state, StatusCode::CREATED, begin).await
}

/// Read the session.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = SessionView)))]
async fn get_session(caller: Caller, State(state): State<AppState>) -> Result<Json<SessionView>, Problem> {
    Ok(Json(SessionView::of(&state, caller.signed_in()?.clone()).await?))
}

/// Go on with the session: new cookies, good for another quarter of an hour. A secret that was replaced more than a minute
/// ago ends the session, because somebody else has it too.
#[utoipa::path(post, path = "/session/refresh", tag = "session", responses((status = 200, body = SessionView)))]
async fn refresh_session(headers: HeaderMap, State(state): State<AppState>) -> Result<Response, Problem> {
    require_own_page(&headers)?;
    let secret = cookies::refresh_secret(&headers).ok_or(PeopleError::SessionOver)?;
    match state.people.refresh(&secret).await? {
        Refreshed::Anew(signed_in, new) => begun(&state, StatusCode::OK, (signed_in, new)).await,
        Refreshed::Already(signed_in) => Ok(Json(SessionView::of(&state, signed_in).await?).into_response()),
    }
}

/// There is no secret of the page to ask for yet, since this gives it. The cookie is not sent along for pages of other sites;
/// that a page of a neighbour (another name below the same domain) asks, the browser says.
fn require_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    let site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    if site.is_none_or(|site| matches!(site, b"same-origin" | b"none")) {
        return Ok(());
    }
    let detail = "a page of another address asks to go on with the session: open the dashboard instead";
    Err(Problem::new(ProblemKind::Forbidden, detail))
}

/// Sign out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
async fn sign_out(caller: Caller, State(state): State<AppState>) -> Result<Response, Problem> {
    state.people.end(caller.signed_in()?).await?;
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookies::end(is_https(&state)))).into_response())
}

/// One of your sessions.
#[derive(Debug, Serialize, ToSchema)]
struct OwnSession {
    #[schema(value_type = schema::Id)]
    id: SessionId,
    /// It is the one that asks.
    is_this: bool,
    /// Where it was begun from.
    ip: Option<String>,
    /// The browser.
    user_agent: Option<String>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    /// When it was last refreshed.
    #[schema(value_type = schema::Moment)]
    refreshed_at: Timestamp,
}

/// List your sessions, newest first.
#[utoipa::path(get, path = "/sessions", tag = "session", responses((status = 200, body = Page<OwnSession>)))]
async fn list_sessions(
    caller: Caller,
    State(state): State<AppState>,
) -> Result<Json<Page<OwnSession>>, Problem> {
    let signed_in = caller.signed_in()?;
    let now = state.ports.clock.now();
    let sessions = state.people.users().sessions_of(&signed_in.user.id, now).await?;
    let shown = sessions.into_iter().map(|session| OwnSession {
        is_this: session.id == signed_in.session.id,
        id: session.id,
        ip: session.ip,
        user_agent: session.user_agent,
        created_at: session.created_at,
        refreshed_at: session.refreshed_at,
    });
    Ok(Json(Page { items: shown.collect(), next_cursor: None }))
}

#[derive(Debug, Deserialize)]
struct SessionPath {
    session: SessionId,
}

/// End one of your sessions, such as one on a device that you lost.
#[utoipa::path(delete, path = "/sessions/{session}", tag = "session", responses((status = 204)))]
async fn end_session(
    caller: Caller,
    PathIds(path): PathIds<SessionPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let signed_in = caller.signed_in()?;
    let sessions = state.people.users().sessions_of(&signed_in.user.id, state.ports.clock.now()).await?;
    let session = sessions.into_iter().find(|session| session.id == path.session);
    let session = session.ok_or_else(|| Problem::not_found("session of yours"))?;
    state.people.end(&SignedIn { session, ..signed_in.clone() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A link that was sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LinkToken {
    /// What stands in the link behind `#token=`.
    token: String,
}

/// Sign in by a link that the command line has made (`troupe user link`). It works once.
#[utoipa::path(post, path = "/session/link", tag = "session", request_body = LinkToken,
    responses((status = 201, body = SessionView)))]
async fn sign_in_by_link(
    origin: Origin,
    State(state): State<AppState>,
    JsonBody(link): JsonBody<LinkToken>,
) -> Result<Response, Problem> {
    let begin = state.people.sign_in_by_link(&link.token, &origin).await?;
    begun(&state, StatusCode::CREATED, begin).await
}

/// Whose password was forgotten.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ForgottenPassword {
    email: String,
}

/// Have a link sent with which another password can be chosen. The answer is the same whether there is such a user or not.
/// Where no mail server is set, `troupe user reset` makes the link.
#[utoipa::path(post, path = "/password/forgot", tag = "session", request_body = ForgottenPassword,
    responses((status = 202, description = "If there is such a user, a mail is on its way.")))]
async fn forgot_password(
    origin: Origin,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ForgottenPassword>,
) -> Result<StatusCode, Problem> {
    state.sign_ins.admit(&origin, state.ports.clock.now())?;
    state.people.forgot_password(&document.email);
    Ok(StatusCode::ACCEPTED)
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordReset {
    /// What stands in the link behind `#token=`.
    token: String,
    /// At least 12 characters, and not easy to guess.
    #[schema(value_type = String)]
    password: SecretString,
}

/// Choose another password by a link that was sent. Every session of yours ends, and one begins.
#[utoipa::path(post, path = "/password/reset", tag = "session", request_body = PasswordReset,
    responses((status = 201, body = SessionView)))]
async fn reset_password(
    origin: Origin,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<PasswordReset>,
) -> Result<Response, Problem> {
    let begin = state.people.reset_password(&document.token, document.password, &origin).await?;
    begun(&state, StatusCode::CREATED, begin).await
}

/// How an invitation is accepted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Acceptance {
    /// What stands in the link behind `#token=`.
    token: String,
    /// Your name; 1 to 200 characters.
    name: String,
    /// At least 12 characters, and not easy to guess.
    #[schema(value_type = String)]
    password: SecretString,
}

/// Accept an invitation: choose your name and password, and be signed in.
#[utoipa::path(post, path = "/invitations/accept", tag = "session", request_body = Acceptance,
    responses((status = 201, body = SessionView)))]
async fn accept_invitation(
    origin: Origin,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<Acceptance>,
) -> Result<Response, Problem> {
    let Acceptance { token, name, password } = document;
    let begin = state.people.accept_invitation(&token, &name, password, &origin).await?;
    begun(&state, StatusCode::CREATED, begin).await
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        let detail = error.to_string();
        match error {
            PeopleError::Refused | PeopleError::SessionOver => Self::new(ProblemKind::Unauthorized, detail),
            PeopleError::Locked(wait) => {
                Self::new(ProblemKind::TooManyRequests, detail).retry_after(wait.as_secs() + 1)
            }
            PeopleError::LinkOver => Self::new(ProblemKind::Gone, detail),
            PeopleError::Invalid { field, problem } => Self::invalid(field, problem),
            PeopleError::Conflict(_) => Self::conflict(detail),
            PeopleError::Hashing(_) => {
                tracing::error!(error = detail, "a password could not be hashed");
                Self::general(ProblemKind::Internal)
            }
            PeopleError::Store(error) => error.into(),
        }
    }
}
