//! Somebody wants what we have of them deleted, and asks Meta to tell us.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::connect::{ConnectChange, DeletionRequest};
use tenants::ids::AgencyId;
use tenants::ports::Hint;
use utoipa::ToSchema;

use super::page::Page;
use super::signed;
use crate::http::extract::PathIds;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// What Meta wants to know.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Confirmation {
    /// Where the person can look how far it is.
    url: String,
    /// What the person can name when they ask about it.
    confirmation_code: String,
}

/// Ask for the deletion of a person's data, through the installation's app. It is stored at once and done in the
/// background.
#[utoipa::path(post, path = "/oauth/data-deletion", tag = "oauth",
    request_body(content = super::signed::SignedForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Confirmation)))]
pub(super) async fn delete_data(
    State(state): State<AppState>,
    body: Bytes,
) -> Result<Json<Confirmation>, Problem> {
    ask(&state, None, &body).await
}

/// Ask for the deletion of a person's data, through an agency's app.
#[utoipa::path(post, path = "/oauth/data-deletion/{app}", tag = "oauth",
    request_body(content = super::signed::SignedForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Confirmation)))]
pub(super) async fn delete_data_for_app(
    State(state): State<AppState>,
    PathIds(app): PathIds<String>,
    body: Bytes,
) -> Result<Json<Confirmation>, Problem> {
    ask(&state, Some(&app), &body).await
}

async fn ask(state: &AppState, app: Option<&str>, body: &[u8]) -> Result<Json<Confirmation>, Problem> {
    let (verified, request) = signed::read(state, app, body)?;
    let mut code = [0u8; 16];
    state.ports.ids.fill(&mut code);
    let code = hex::encode(code);
    let request = DeletionRequest {
        code: code.clone(),
        app: verified.app,
        user_id: request.user_id,
        received_at: state.ports.clock.now(),
        done_at: None,
        accounts: 0,
        tenants: 0,
    };
    let change = Change::Connect(ConnectChange::PutDeletion(Box::new(request)));
    let chain = Chain::Agency(AgencyId::INSTALLATION);
    state.ports.store.commit(Changes { chain, list: vec![change] }).await?;
    // The background part that does it listens to this.
    state.ports.wake.send(Hint::DirectoryChanged);
    let url = format!("{}/oauth/deletions/{code}", state.settings.public_url);
    Ok(Json(Confirmation { url, confirmation_code: code }))
}

/// Look how far a deletion is, by its confirmation code.
#[utoipa::path(get, path = "/oauth/deletions/{code}", tag = "oauth",
    params(("code" = String, Path, description = "The confirmation code.")),
    responses((status = 200, description = "A page that says what was deleted.", body = String,
        content_type = "text/html")))]
pub(super) async fn deletion_status(
    State(state): State<AppState>,
    PathIds(code): PathIds<String>,
) -> Result<Page, Problem> {
    let Some(request) = state.ports.connections.find_deletion(&code).await? else {
        let sentences = &["Check the code: it is the one that was shown when the deletion was asked for."];
        return Ok(Page::new(StatusCode::NOT_FOUND, "No deletion with this code", sentences));
    };
    let Some(done_at) = request.done_at else {
        let sentences = &["It was received and is being done. Look again in a few minutes."];
        return Ok(Page::new(StatusCode::OK, "Deletion under way", sentences));
    };
    let mut page = Page::new(StatusCode::OK, "Deleted", &[]);
    page.sentences = vec![
        format!("Done at {}.", done_at.to_utc().format("%Y-%m-%d %H:%M UTC")),
        format!(
            "Connections that were ended, with their access erased: {}. Brands whose conversations with this person \
             were emptied: {}.",
            request.accounts, request.tenants
        ),
    ];
    Ok(page)
}
