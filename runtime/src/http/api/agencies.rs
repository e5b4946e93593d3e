//! Agencies.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenants::account::Agency;
use tenants::clock::Timestamp;
use tenants::ids::AgencyId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{AgencyRead, Caller, InstallationAccess};
use crate::http::extract::{JsonBody, Page};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_agencies, create_agency)).routes(routes!(get_agency))
}

/// A company that runs the presence of many clients.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agency)]
struct AgencyView {
    #[schema(value_type = schema::Id)]
    id: AgencyId,
    /// Display name.
    name: String,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<Agency> for AgencyView {
    fn from(agency: Agency) -> Self {
        Self { id: agency.id, name: agency.name, created_at: agency.created_at }
    }
}

/// A new agency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAgency {
    /// 1 to 200 characters.
    name: String,
}

/// List the agencies that the caller may see.
#[utoipa::path(get, path = "/agencies", tag = "agencies", responses((status = 200, body = Page<AgencyView>)))]
async fn list_agencies(
    caller: Caller,
    State(state): State<AppState>,
) -> Result<Json<Page<AgencyView>>, Problem> {
    let store = &state.ports.store;
    let Some(own) = caller.agencies() else { return Ok(Json(Page::whole(store.list_agencies().await?))) };
    let mut agencies = Vec::with_capacity(own.len());
    for agency in own {
        agencies.extend(store.find_agency(&agency).await?);
    }
    Ok(Json(Page::whole(agencies)))
}

/// Create an agency. Needs a key of the installation.
#[utoipa::path(post, path = "/agencies", tag = "agencies", request_body = NewAgency,
    responses((status = 201, body = AgencyView)))]
async fn create_agency(
    access: InstallationAccess,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewAgency>,
) -> Result<(StatusCode, Json<AgencyView>), Problem> {
    let (agency, changes) = access.caller.act(&state).create_agency(&new.name)?;
    write::commit(&state, changes).await?;
    Ok((StatusCode::CREATED, Json(agency.into())))
}

/// Read an agency.
#[utoipa::path(get, path = "/agencies/{agency}", tag = "agencies", responses((status = 200, body = AgencyView)))]
async fn get_agency(AgencyRead(access): AgencyRead) -> Json<AgencyView> {
    Json(access.agency.into())
}
