//! Meta apps that agencies bring.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tenants::account::MetaApp;
use tenants::clock::Timestamp;
use tenants::connect::AppLogin;
use tenants::ids::{AppId, TenantId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{AgencyManage, AgencyOwn};
use crate::http::extract::{JsonBody, Page, PathIds, words};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_apps, create_app)).routes(routes!(get_app))
}

/// A Meta app, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = App)]
struct AppView {
    #[schema(value_type = schema::Id)]
    id: AppId,
    /// Set when it serves one tenant only.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// Meta's app id.
    external_id: String,
    /// The webhook address to save at Meta, on this installation's public address.
    #[schema(example = "/webhooks/instagram/1234567890")]
    webhook_path: String,
    /// The address for the callback at Meta by which people tell that they removed the app.
    #[schema(example = "/oauth/deauthorize/1234567890")]
    deauthorize_path: String,
    /// The address for requests to delete data.
    #[schema(example = "/oauth/data-deletion/1234567890")]
    data_deletion_path: String,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<MetaApp> for AppView {
    fn from(app: MetaApp) -> Self {
        Self {
            id: app.id,
            tenant: app.tenant,
            webhook_path: format!("/webhooks/instagram/{}", app.external_id),
            deauthorize_path: format!("/oauth/deauthorize/{}", app.external_id),
            data_deletion_path: format!("/oauth/data-deletion/{}", app.external_id),
            external_id: app.external_id,
            created_at: app.created_at,
        }
    }
}

/// A new Meta app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApp {
    /// Meta's app id: digits.
    external_id: String,
    /// The app secret; it signs the webhooks. Stored encrypted, never shown.
    #[schema(value_type = String)]
    secret: SecretString,
    /// What the handshake must present; the same text is entered at Meta.
    #[serde(deserialize_with = "words")]
    verify_token: String,
    /// The "Instagram app ID" of the same app: Instagram Login has an id of its own. The app id when left out.
    #[serde(default)]
    instagram_app_id: Option<String>,
    /// The "Instagram app secret" that belongs to it. Stored encrypted, never shown.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    instagram_secret: Option<SecretString>,
    /// Makes it serve one tenant of the agency only.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
}

impl NewApp {
    fn check(&self) -> Result<(), Problem> {
        let is_number = (1..=32).contains(&self.external_id.len())
            && self.external_id.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return Err(Problem::invalid("external_id", "give Meta's app id, digits only"));
        }
        if !(8..=200).contains(&self.verify_token.len()) {
            return Err(Problem::invalid("verify_token", "give a random text of 8 to 200 characters"));
        }
        super::accounts::check_secret("secret", &self.secret)?;
        match (&self.instagram_app_id, &self.instagram_secret) {
            (None, None) => Ok(()),
            (Some(id), Some(secret)) => {
                let is_number = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
                if !is_number {
                    return Err(Problem::invalid(
                        "instagram_app_id",
                        "give the Instagram app id, digits only",
                    ));
                }
                super::accounts::check_secret("instagram_secret", secret)
            }
            _ => Err(Problem::invalid(
                "instagram_secret",
                "give the Instagram app id and its secret, or neither",
            )),
        }
    }
}

/// List the agency's own Meta apps.
#[utoipa::path(get, path = "/agencies/{agency}/apps", tag = "apps", responses((status = 200, body = Page<AppView>)))]
async fn list_apps(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
) -> Result<Json<Page<AppView>>, Problem> {
    Ok(Json(Page::whole(state.ports.store.list_apps(&access.agency.id).await?)))
}

/// Register a Meta app. Its webhooks are accepted from now on at `webhook_path`.
#[utoipa::path(post, path = "/agencies/{agency}/apps", tag = "apps", request_body = NewApp,
    responses((status = 201, body = AppView)))]
async fn create_app(
    AgencyOwn(access): AgencyOwn,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewApp>,
) -> Result<(StatusCode, Json<AppView>), Problem> {
    new.check()?;
    if let Some(tenant) = new.tenant {
        let found = state.ports.store.find_tenant(&tenant).await?;
        found
            .filter(|tenant| tenant.agency == access.agency.id)
            .ok_or_else(|| Problem::not_found("tenant"))?;
    }
    let act = access.caller.act(&state);
    let app = MetaApp {
        id: AppId::new(act.ids),
        agency: access.agency.id,
        tenant: new.tenant,
        external_id: new.external_id,
        verify_token: new.verify_token,
        created_at: act.at,
    };
    let secret = state.vault.seal_app_secret(&app.external_id, &new.secret)?;
    let login = match (new.instagram_app_id, &new.instagram_secret) {
        (Some(instagram_app_id), Some(secret)) => {
            let secret = state.vault.seal_app_secret(&instagram_app_id, secret)?;
            Some(AppLogin { app: app.id, instagram_app_id, secret })
        }
        _ => None,
    };
    write::commit_to_directory(&state, act.put_app(app.clone(), secret, login)).await?;
    Ok((StatusCode::CREATED, Json(app.into())))
}

#[derive(Debug, Deserialize)]
struct AppPath {
    app: AppId,
}

/// Read a Meta app.
#[utoipa::path(get, path = "/agencies/{agency}/apps/{app}", tag = "apps", responses((status = 200, body = AppView)))]
async fn get_app(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<AppPath>,
    State(state): State<AppState>,
) -> Result<Json<AppView>, Problem> {
    let app = state.ports.store.find_app(&access.agency.id, &path.app).await?;
    Ok(Json(app.ok_or_else(|| Problem::not_found("app"))?.into()))
}
