//! Connecting accounts through a login of Meta, and how their tokens stand.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenants::account::LoginFlavour;
use tenants::clock::Timestamp;
use tenants::connect::{
    ConnectAttempt, ConnectStatus, FoundAccount, MissingScope, TokenTrouble, missing_scopes,
};
use tenants::ids::{AccountId, AppId, ConnectId};
use tenants::ports::ConnectError;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::connecting::{Came, ConnectingError, NewAttempt, begin, choose};
use crate::http::access::{TenantAccess, TenantManage, TenantRead};
use crate::http::extract::{JsonBody, OptionalBody, PathIds};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(begin_connect))
        .routes(routes!(get_connect))
        .routes(routes!(choose_account))
        .routes(routes!(get_connection))
}

/// What to connect.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct NewConnect {
    /// Through which login; Instagram Login when left out, or that of the account to connect again.
    #[schema(value_type = Option<schema::LoginFlavour>)]
    flavour: Option<LoginFlavour>,
    /// The agency's own Meta app. When left out: that of the account, else the tenant's, else the agency's, else the
    /// installation's.
    #[schema(value_type = Option<schema::Id>)]
    app: Option<AppId>,
    /// The account to connect again; another one is then refused.
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
}

/// An account that the person allowed.
#[derive(Debug, Serialize, ToSchema)]
struct FoundView {
    /// Instagram's id of it; name it to choose it.
    external_id: String,
    /// Handle without `@`.
    username: String,
    /// The linked Facebook Page (Facebook login only).
    page: Option<String>,
}

impl From<FoundAccount> for FoundView {
    fn from(found: FoundAccount) -> Self {
        Self { external_id: found.external_id, username: found.username, page: found.page_name }
    }
}

/// A permission that was not given.
#[derive(Debug, Serialize, ToSchema)]
struct MissingView {
    /// Meta's name of it.
    scope: &'static str,
    /// What does not work without it.
    without_it: &'static str,
}

impl From<MissingScope> for MissingView {
    fn from(missing: MissingScope) -> Self {
        Self { scope: missing.scope, without_it: missing.without_it }
    }
}

/// An attempt to connect an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connect)]
struct ConnectView {
    #[schema(value_type = schema::Id)]
    id: ConnectId,
    /// Send the person here: told once, when the attempt begins. It works once, for 15 minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorise_url: Option<String>,
    /// How far it has come.
    #[schema(value_type = schema::ConnectStatus)]
    status: ConnectStatus,
    #[schema(value_type = schema::LoginFlavour)]
    flavour: LoginFlavour,
    /// The agency's own Meta app; `null` for the installation's.
    #[schema(value_type = Option<schema::Id>)]
    app: Option<AppId>,
    /// What happened and what to do next.
    message: Option<String>,
    /// Accounts to choose from, while one must be chosen.
    choices: Vec<FoundView>,
    /// Permissions that were not given.
    missing: Vec<MissingView>,
    /// The account that is connected now.
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    #[schema(value_type = schema::Moment)]
    expires_at: Timestamp,
}

impl ConnectView {
    fn of(attempt: ConnectAttempt, now: Timestamp) -> Self {
        let is_over = attempt.expires_at <= now;
        let is_open = !matches!(attempt.status, ConnectStatus::Connected | ConnectStatus::Failed);
        let (status, message) = match is_over && is_open {
            true => (ConnectStatus::Failed, Some("the time is over: begin another attempt".to_owned())),
            false => (attempt.status, attempt.message),
        };
        let missing = missing_scopes(attempt.flavour, &attempt.scopes);
        let choices = if status == ConnectStatus::Choosing { attempt.found } else { Vec::new() };
        Self {
            id: attempt.id,
            authorise_url: None,
            status,
            flavour: attempt.flavour,
            app: attempt.app,
            message,
            choices: choices.into_iter().map(FoundView::from).collect(),
            missing: missing.into_iter().map(MissingView::from).collect(),
            account: attempt.connected,
            expires_at: attempt.expires_at,
        }
    }
}

/// Begin to connect an account through Instagram Login or Facebook Login for Business: answers the address of the
/// consent page to send the person to. They come back to `/oauth/callback`; look at the attempt until it is
/// `connected`, `choosing` or `failed`.
#[utoipa::path(post, path = "/tenants/{tenant}/accounts/connect", tag = "accounts",
    request_body = Option<NewConnect>,
    responses((status = 201, body = ConnectView)))]
async fn begin_connect(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
    OptionalBody(new): OptionalBody<NewConnect>,
) -> Result<(StatusCode, Json<ConnectView>), Problem> {
    let act = access.caller.act(&state);
    let new = NewAttempt { flavour: new.flavour, app: new.app, account: new.account };
    let begun = begin(&state.ports, &act, &access.tenant, new, &state.settings.public_url).await?;
    let authorise_url = Some(begun.authorise_url);
    let view = ConnectView { authorise_url, ..ConnectView::of(begun.attempt, act.at) };
    Ok((StatusCode::CREATED, Json(view)))
}

#[derive(Debug, Deserialize)]
struct ConnectPath {
    connect: ConnectId,
}

async fn find(
    state: &AppState,
    access: &TenantAccess,
    connect: &ConnectId,
) -> Result<ConnectAttempt, Problem> {
    let attempt = state.ports.connections.find_attempt(&access.tenant.id, connect).await?;
    attempt.ok_or_else(|| Problem::not_found("attempt to connect an account"))
}

/// Read how far an attempt to connect an account has come.
#[utoipa::path(get, path = "/tenants/{tenant}/accounts/connect/{connect}", tag = "accounts",
    responses((status = 200, body = ConnectView)))]
async fn get_connect(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<ConnectPath>,
    State(state): State<AppState>,
) -> Result<Json<ConnectView>, Problem> {
    let attempt = find(&state, &access, &path.connect).await?;
    Ok(Json(ConnectView::of(attempt, state.ports.clock.now())))
}

/// Which of the accounts that were allowed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Choice {
    /// Its `external_id` among the choices.
    external_id: String,
}

/// Choose one of the accounts that the person allowed. To connect several, begin an attempt for each.
#[utoipa::path(post, path = "/tenants/{tenant}/accounts/connect/{connect}/choose", tag = "accounts",
    request_body = Choice, responses((status = 200, body = ConnectView)))]
async fn choose_account(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<ConnectPath>,
    State(state): State<AppState>,
    JsonBody(choice): JsonBody<Choice>,
) -> Result<Json<ConnectView>, Problem> {
    let attempt = find(&state, &access, &path.connect).await?;
    match choose(&state.ports, attempt, &choice.external_id).await? {
        Came::Connected { attempt, .. } => {
            if let Err(error) = state.refresh_directory().await {
                tracing::warn!(%error, "accounts and apps could not be read; the next refresh will");
            }
            Ok(Json(ConnectView::of(*attempt, state.ports.clock.now())))
        }
        Came::Failed(text) | Came::Unreachable(text) => Err(Problem::new(ProblemKind::Conflict, text)),
        _ => Err(Problem::conflict("somebody else has ended this attempt: read how it stands")),
    }
}

#[derive(Debug, Deserialize)]
struct AccountPath {
    account: AccountId,
}

/// Why a token does not work.
#[derive(Debug, Serialize, ToSchema)]
struct TroubleView {
    /// The cause.
    #[schema(value_type = schema::TokenTrouble)]
    cause: TokenTrouble,
    /// What happened, after the name of the account.
    what_happened: &'static str,
    /// What to do about it.
    what_to_do: &'static str,
}

/// How the token of an account stands.
#[derive(Debug, Serialize, ToSchema)]
struct Connection {
    /// When the present token was stored.
    #[schema(value_type = Option<schema::Moment>)]
    token_set_at: Option<Timestamp>,
    /// When it runs out; it is renewed ten days before.
    #[schema(value_type = Option<schema::Moment>)]
    token_expires_at: Option<Timestamp>,
    /// Permissions that were given; empty when Instagram did not say.
    scopes: Vec<String>,
    /// Permissions that were not given.
    missing: Vec<MissingView>,
    /// Renewals that failed in a row.
    failures: u32,
    /// When the renewal is tried again.
    #[schema(value_type = Option<schema::Moment>)]
    retry_at: Option<Timestamp>,
    /// Why the token does not work.
    trouble: Option<TroubleView>,
    /// What Instagram said last.
    error: Option<String>,
    /// Since when webhooks are switched on; `null` when they are not (or were switched on elsewhere).
    #[schema(value_type = Option<schema::Moment>)]
    webhooks_since: Option<Timestamp>,
}

/// Read how the token of an account stands: its end, its permissions, what is wrong with it and what to do.
#[utoipa::path(get, path = "/tenants/{tenant}/accounts/{account}/connection", tag = "accounts",
    responses((status = 200, body = Connection)))]
async fn get_connection(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<AccountPath>,
    State(state): State<AppState>,
) -> Result<Json<Connection>, Problem> {
    let account = state.ports.store.find_account(&access.tenant.id, &path.account).await?;
    let account = account.ok_or_else(|| Problem::not_found("account"))?;
    let facts = state.ports.connections.token_facts(&access.tenant.id).await?;
    let facts = facts.into_iter().find(|facts| facts.account == account.id);
    let facts = facts.ok_or_else(|| Problem::not_found("account"))?;
    Ok(Json(Connection {
        token_set_at: facts.set_at,
        token_expires_at: facts.expires_at,
        missing: missing_scopes(account.flavour, &facts.scopes).into_iter().map(MissingView::from).collect(),
        scopes: facts.scopes,
        failures: facts.failures,
        retry_at: facts.retry_at,
        trouble: facts.trouble.map(|cause| TroubleView {
            cause,
            what_happened: cause.what_happened(),
            what_to_do: cause.what_to_do(),
        }),
        error: facts.error.filter(|error| !error.is_empty()),
        webhooks_since: facts.subscribed_at,
    }))
}

impl From<ConnectingError> for Problem {
    fn from(error: ConnectingError) -> Self {
        match error {
            ConnectingError::NotFound(what) => Problem::not_found(what),
            ConnectingError::Conflict(text) => Problem::conflict(&text),
            ConnectingError::Connect(error) => match &error {
                ConnectError::NoApp(text) => Problem::new(ProblemKind::Conflict, text.clone()),
                ConnectError::Refused(text) => Problem::new(ProblemKind::InvalidContent, text.clone()),
                ConnectError::Unreachable(text) => Problem::new(ProblemKind::Unavailable, text.clone()),
                ConnectError::Vault(text) => {
                    tracing::error!(error = text, "a secret cannot be used");
                    Problem::general(ProblemKind::Internal)
                }
            },
            ConnectingError::Store(error) => error.into(),
        }
    }
}
