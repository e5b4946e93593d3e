//! Instagram accounts of a tenant.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use instagram::VaultError;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::account::{Account, AccountStatus, LoginFlavour, SealedSecret};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::effect::ErrorCategory;
use tenants::ids::{AccountId, AppId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::connecting::after_connecting;
use crate::http::access::{TenantAccess, TenantManage, TenantRead};
use crate::http::extract::{JsonBody, Page, PathIds, words};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_accounts, connect_account))
        .routes(routes!(get_account))
        .routes(routes!(disconnect_account))
        .routes(routes!(reconnect_account))
}

/// A connected Instagram account, without its token.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
struct AccountView {
    #[schema(value_type = schema::Id)]
    id: AccountId,
    /// Instagram's professional account id, the one webhooks carry.
    external_id: String,
    /// The app-scoped id of the same account, when known.
    scoped_id: Option<String>,
    /// The linked Facebook Page (Facebook login only).
    page_id: Option<String>,
    /// Handle without `@`.
    username: String,
    /// Which login it was connected through.
    #[schema(value_type = schema::LoginFlavour)]
    flavour: LoginFlavour,
    /// The agency's own Meta app; `null` for the installation's.
    #[schema(value_type = Option<schema::Id>)]
    app: Option<AppId>,
    /// The queue of an account that is not active waits for a reconnect.
    #[schema(value_type = schema::AccountStatus)]
    status: AccountStatus,
    /// When its token runs out.
    #[schema(value_type = Option<schema::Moment>)]
    token_expires_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            external_id: account.external_id,
            scoped_id: account.scoped_id,
            page_id: account.page_id,
            username: account.username,
            flavour: account.flavour,
            app: account.app,
            status: account.status,
            token_expires_at: account.token_expires_at,
            created_at: account.created_at,
        }
    }
}

/// An account to connect.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    /// Instagram's professional account id, the one webhooks carry.
    external_id: String,
    /// Handle, with or without `@`.
    #[serde(deserialize_with = "words")]
    username: String,
    /// Its access token. Stored encrypted, never shown.
    #[schema(value_type = String)]
    token: SecretString,
    /// When the token runs out, when known.
    #[serde(default)]
    #[schema(value_type = Option<schema::Moment>)]
    token_expires_at: Option<Timestamp>,
    /// Which login the token comes from.
    #[schema(value_type = schema::LoginFlavour)]
    flavour: LoginFlavour,
    /// The linked Facebook Page; needed for Facebook login.
    #[serde(default)]
    page_id: Option<String>,
    /// The app-scoped id of the account, when known.
    #[serde(default)]
    scoped_id: Option<String>,
    /// The agency's own Meta app; the installation's when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    app: Option<AppId>,
}

impl NewAccount {
    fn check(&self) -> Result<(), Problem> {
        check_external_id("external_id", &self.external_id)?;
        for (field, id) in [("page_id", &self.page_id), ("scoped_id", &self.scoped_id)] {
            id.as_deref().map_or(Ok(()), |id| check_external_id(field, id))?;
        }
        let name = self.username.trim_start_matches('@');
        if name.is_empty() || name.len() > 100 || name.contains(char::is_whitespace) {
            return Err(Problem::invalid("username", "give the handle of the account"));
        }
        if self.flavour == LoginFlavour::Facebook && self.page_id.is_none() {
            return Err(Problem::invalid("page_id", "accounts of Facebook login need the id of their page"));
        }
        check_secret("token", &self.token)
    }
}

/// Refuses a secret that is empty or has been pasted with something around it.
pub(super) fn check_secret(field: &str, secret: &SecretString) -> Result<(), Problem> {
    let text = secret.expose_secret();
    let is_plausible =
        !text.is_empty() && text.len() <= 4_096 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_plausible { Ok(()) } else { Err(Problem::invalid(field, "paste it without spaces or line breaks")) }
}

fn check_external_id(field: &str, id: &str) -> Result<(), Problem> {
    let is_plausible = (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plausible { Ok(()) } else { Err(Problem::invalid(field, "give Instagram's id, 1 to 64 digits")) }
}

/// A new token for a known account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// The access token. Stored encrypted, never shown.
    #[schema(value_type = String)]
    token: SecretString,
    /// When it runs out, when known.
    #[serde(default)]
    #[schema(value_type = Option<schema::Moment>)]
    token_expires_at: Option<Timestamp>,
}

/// List the accounts of a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/accounts", tag = "accounts",
    responses((status = 200, body = Page<AccountView>)))]
async fn list_accounts(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<Page<AccountView>>, Problem> {
    Ok(Json(Page::whole(state.ports.store.list_accounts(&access.tenant.id).await?)))
}

/// Connect an Instagram account with its token. An account can belong to one tenant only.
#[utoipa::path(post, path = "/tenants/{tenant}/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = AccountView)))]
async fn connect_account(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewAccount>,
) -> Result<(StatusCode, Json<AccountView>), Problem> {
    new.check()?;
    check_app(&state, &access, new.app).await?;
    let known = state.ports.store.list_accounts(&access.tenant.id).await?;
    if let Some(known) = known.iter().find(|known| known.external_id == new.external_id) {
        let problem =
            Problem::conflict("this account is connected already: give it a new token with `reconnect`");
        return Err(problem.with("account", known.id.to_string()));
    }
    let act = access.caller.act(&state);
    let account = Account {
        id: AccountId::new(act.ids),
        tenant: access.tenant.id,
        external_id: new.external_id,
        scoped_id: new.scoped_id,
        page_id: new.page_id,
        username: new.username.trim_start_matches('@').to_owned(),
        flavour: new.flavour,
        app: new.app,
        status: AccountStatus::Active,
        token_expires_at: new.token_expires_at,
        created_at: act.at,
    };
    let token = state.vault.seal_token(&account.tenant, &account.id, &new.token)?;
    check_token(&state, &account, &token).await?;
    write::commit_to_directory(&state, act.put_account(account.clone(), token, "account.connected")).await?;
    after_connecting(&state.ports, &account).await?;
    Ok((StatusCode::CREATED, Json(account.into())))
}

/// Only whoever holds the account's token may connect it: its webhooks would go to them.
async fn check_token(state: &AppState, account: &Account, token: &SealedSecret) -> Result<(), Problem> {
    let Err(error) = state.ports.messenger.check_token(account, token).await else { return Ok(()) };
    match error.category {
        ErrorCategory::Transient | ErrorCategory::RateLimit | ErrorCategory::Unknown => {
            let detail =
                format!("Instagram cannot be asked whose token this is ({}): try again", error.message);
            Err(Problem::new(ProblemKind::Unavailable, detail))
        }
        ErrorCategory::AuthFailure | ErrorCategory::Permanent | ErrorCategory::Forbidden => {
            let detail = format!("Instagram does not accept the token for this account: {}", error.message);
            Err(Problem::new(ProblemKind::InvalidContent, detail))
        }
    }
}

/// An app must be the agency's, and free for this tenant.
async fn check_app(state: &AppState, access: &TenantAccess, app: Option<AppId>) -> Result<(), Problem> {
    let Some(app) = app else { return Ok(()) };
    let found = state.ports.store.find_app(&access.tenant.agency, &app).await?;
    let is_usable = found.is_some_and(|app| app.tenant.is_none_or(|tenant| tenant == access.tenant.id));
    if is_usable { Ok(()) } else { Err(Problem::not_found("app")) }
}

#[derive(Debug, Deserialize)]
struct AccountPath {
    account: AccountId,
}

async fn find(state: &AppState, access: &TenantAccess, account: &AccountId) -> Result<Account, Problem> {
    let account = state.ports.store.find_account(&access.tenant.id, account).await?;
    account.ok_or_else(|| Problem::not_found("account"))
}

/// Read an account.
#[utoipa::path(get, path = "/tenants/{tenant}/accounts/{account}", tag = "accounts",
    responses((status = 200, body = AccountView)))]
async fn get_account(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<AccountPath>,
    State(state): State<AppState>,
) -> Result<Json<AccountView>, Problem> {
    Ok(Json(find(&state, &access, &path.account).await?.into()))
}

/// Stop using an account. Its queue waits; its events are still stored and decided.
#[utoipa::path(post, path = "/tenants/{tenant}/accounts/{account}/disconnect", tag = "accounts",
    responses((status = 200, body = AccountView)))]
async fn disconnect_account(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<AccountPath>,
    State(state): State<AppState>,
) -> Result<Json<AccountView>, Problem> {
    let mut account = find(&state, &access, &path.account).await?;
    if account.status != AccountStatus::Disconnected {
        let act = access.caller.act(&state);
        let details = json!({ "username": account.username });
        let changes = Changes::of_tenant(access.tenant.id)
            .with(Change::SetAccountStatus { account: account.id, status: AccountStatus::Disconnected })
            .with(act.audit("account.disconnected", ("account", account.id.to_string()), details));
        write::commit_to_directory(&state, changes).await?;
        account.status = AccountStatus::Disconnected;
    }
    Ok(Json(account.into()))
}

/// Give an account a new token. Its queue goes on at once.
#[utoipa::path(post, path = "/tenants/{tenant}/accounts/{account}/reconnect", tag = "accounts",
    request_body = NewToken, responses((status = 200, body = AccountView)))]
async fn reconnect_account(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<AccountPath>,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewToken>,
) -> Result<Json<AccountView>, Problem> {
    check_secret("token", &new.token)?;
    let known = find(&state, &access, &path.account).await?;
    let account = Account { status: AccountStatus::Active, token_expires_at: new.token_expires_at, ..known };
    let token = state.vault.seal_token(&account.tenant, &account.id, &new.token)?;
    check_token(&state, &account, &token).await?;
    let changes = access.caller.act(&state).put_account(account.clone(), token, "account.reconnected");
    write::commit_to_directory(&state, changes).await?;
    after_connecting(&state.ports, &account).await?;
    Ok(Json(account.into()))
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "a secret could not be sealed");
        Problem::general(ProblemKind::Internal)
    }
}
