//! Versions of prompts, and which of them are in use.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;
use tenants::experiment::{PromptScope, PromptUse, PromptVersion};
use tenants::ids::{AgencyId, PromptId, TenantId};
use tenants::prompt::{Prompt, PromptChoice, PromptKey};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{AgencyManage, AgencyRead, TenantRead};
use crate::http::extract::{JsonBody, Page, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::prompts;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_prompts, create_prompt))
        .routes(routes!(list_prompts_in_use, put_prompt_in_use))
        .routes(routes!(get_prompt))
        .routes(routes!(diff_prompt))
        .routes(routes!(list_tenant_prompts))
}

/// A version of a prompt, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PromptSummary)]
struct PromptSummaryView {
    #[schema(value_type = schema::Id)]
    id: PromptId,
    /// What it is for.
    #[schema(value_type = schema::PromptKey)]
    key: PromptKey,
    /// Its number, from 1; versions of the agency and those that came with the program are counted in one line.
    version: u32,
    /// True when it came with the program; it is nobody's own then.
    is_built_in: bool,
    /// What changed.
    note: String,
    /// Who wrote it.
    created_by: String,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<PromptVersion> for PromptSummaryView {
    fn from(version: PromptVersion) -> Self {
        Self {
            id: version.id,
            key: version.prompt.key,
            version: version.prompt.version,
            is_built_in: version.agency.is_none(),
            note: version.note,
            created_by: version.created_by,
            created_at: version.created_at,
        }
    }
}

/// A version of a prompt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Prompt)]
struct PromptView {
    #[serde(flatten)]
    summary: PromptSummaryView,
    /// The template.
    body: String,
}

impl From<PromptVersion> for PromptView {
    fn from(version: PromptVersion) -> Self {
        let body = version.prompt.body.clone();
        Self { summary: version.into(), body }
    }
}

/// A new version of a prompt.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPrompt {
    /// What it is for.
    #[schema(value_type = schema::PromptKey)]
    key: PromptKey,
    /// The template, at most 16 KiB: `{{ value }}`, `{% if … %}`, `{% for … in … %}`. Customers' words are never among
    /// its values.
    body: String,
    /// What changed; at most 500 characters.
    #[serde(default)]
    note: String,
}

/// Which versions to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PromptQuery {
    /// Only this prompt.
    #[param(value_type = Option<schema::PromptKey>)]
    key: Option<PromptKey>,
}

/// List the versions of the agency's prompts and those that came with the program, by key, newest first.
#[utoipa::path(get, path = "/agencies/{agency}/prompts", tag = "prompts", params(PromptQuery),
    responses((status = 200, body = Page<PromptSummaryView>)))]
async fn list_prompts(
    AgencyRead(access): AgencyRead,
    QueryOf(query): QueryOf<PromptQuery>,
    State(state): State<AppState>,
) -> Result<Json<Page<PromptSummaryView>>, Problem> {
    Ok(Json(Page::whole(state.prompts.list_prompts(&access.agency.id, query.key).await?)))
}

/// Add a version of a prompt. It is refused when it could not be rendered for some tenant; the answer names the line.
/// It is not in use until it is chosen.
#[utoipa::path(post, path = "/agencies/{agency}/prompts", tag = "prompts", request_body = NewPrompt,
    responses((status = 201, body = PromptView)))]
async fn create_prompt(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewPrompt>,
) -> Result<(StatusCode, Json<PromptView>), Problem> {
    let version = state.prompts.next_prompt_version(&access.agency.id, new.key).await?;
    let prompt = Prompt { key: new.key, version, body: new.body };
    let (added, changes) = access.caller.act(&state).add_prompt(access.agency.id, prompt, &new.note)?;
    write::commit(&state, changes).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

#[derive(Debug, Deserialize)]
struct PromptPath {
    prompt: PromptId,
}

async fn find(state: &AppState, agency: &AgencyId, prompt: &PromptId) -> Result<PromptVersion, Problem> {
    let found = state.prompts.find_prompt_by_id(agency, prompt).await?;
    found.ok_or_else(|| Problem::not_found("prompt"))
}

/// Read a version of a prompt.
#[utoipa::path(get, path = "/agencies/{agency}/prompts/{prompt}", tag = "prompts",
    responses((status = 200, body = PromptView)))]
async fn get_prompt(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<PromptPath>,
    State(state): State<AppState>,
) -> Result<Json<PromptView>, Problem> {
    Ok(Json(find(&state, &access.agency.id, &path.prompt).await?.into()))
}

/// With what to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DiffQuery {
    /// The number of the version to compare with; the one before when left out.
    against: Option<u32>,
}

/// What changed between two versions.
#[derive(Debug, Serialize, ToSchema)]
struct PromptDiff {
    /// The older one, as `key@version`.
    before: String,
    /// The newer one.
    after: String,
    /// A unified diff; empty when both are the same text.
    unified: String,
}

/// Compare a version of a prompt with another one of the same key: what changed from that one to this one.
#[utoipa::path(get, path = "/agencies/{agency}/prompts/{prompt}/diff", tag = "prompts", params(DiffQuery),
    responses((status = 200, body = PromptDiff)))]
async fn diff_prompt(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<PromptPath>,
    QueryOf(query): QueryOf<DiffQuery>,
    State(state): State<AppState>,
) -> Result<Json<PromptDiff>, Problem> {
    let after = find(&state, &access.agency.id, &path.prompt).await?;
    let versions = state.prompts.list_prompts(&access.agency.id, Some(after.prompt.key)).await?;
    let is_wanted = |version: &u32| match query.against {
        Some(against) => *version == against,
        None => *version < after.prompt.version,
    };
    let before = match versions.iter().find(|version| is_wanted(&version.prompt.version)) {
        Some(version) => version,
        // The first version has none before it: nothing changed.
        None if query.against.is_none() => &after,
        None => return Err(Problem::not_found("version to compare with")),
    };
    Ok(Json(PromptDiff {
        before: before.prompt.label(),
        after: after.prompt.label(),
        unified: prompts::diff(before, &after),
    }))
}

/// A version in use while no experiment runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PromptUse)]
struct PromptUseView {
    /// What it is for.
    #[schema(value_type = schema::PromptKey)]
    key: PromptKey,
    /// The tenant that has a choice of its own; `null` for all others.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// The version.
    version: u32,
    /// True when nobody has chosen: the newest that came with the program is in use.
    is_default: bool,
}

impl From<PromptUse> for PromptUseView {
    fn from(PromptUse { key, tenant, version, is_default }: PromptUse) -> Self {
        Self { key, tenant, version, is_default }
    }
}

/// Which version to use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PromptChoiceDocument {
    /// The prompt.
    #[schema(value_type = schema::PromptKey)]
    key: PromptKey,
    /// The version; `null` takes the choice back.
    version: Option<u32>,
    /// Only for this tenant; all tenants that have not chosen for themselves when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
}

/// List the versions in use while no experiment runs: those of the agency, then those of tenants with a choice of their
/// own.
#[utoipa::path(get, path = "/agencies/{agency}/prompts/in-use", tag = "prompts",
    responses((status = 200, body = Page<PromptUseView>)))]
async fn list_prompts_in_use(
    AgencyRead(access): AgencyRead,
    State(state): State<AppState>,
) -> Result<Json<Page<PromptUseView>>, Problem> {
    Ok(Json(Page::whole(state.prompts.prompts_in_use(&access.agency.id).await?)))
}

/// Choose a version for the agency or for one of its tenants. Answers with the versions in use. An experiment that runs
/// goes on: its arms are used until it ends.
#[utoipa::path(put, path = "/agencies/{agency}/prompts/in-use", tag = "prompts", request_body = PromptChoiceDocument,
    responses((status = 200, body = Page<PromptUseView>)))]
async fn put_prompt_in_use(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
    JsonBody(choice): JsonBody<PromptChoiceDocument>,
) -> Result<Json<Page<PromptUseView>>, Problem> {
    let agency = access.agency.id;
    require_own_tenant(&state, &agency, choice.tenant).await?;
    if let Some(version) = choice.version
        && state.prompts.find_prompt(&agency, choice.key, version).await?.is_none()
    {
        return Err(Problem::invalid("version", format!("there is no {}@{version}", choice.key)));
    }
    let scope = PromptScope { agency, tenant: choice.tenant };
    let changes = access.caller.act(&state).use_prompt(scope, choice.key, choice.version);
    write::commit_for_tenants(&state, agency, changes).await?;
    Ok(Json(Page::whole(state.prompts.prompts_in_use(&agency).await?)))
}

/// A tenant of somebody else is answered like one that does not exist.
pub(super) async fn require_own_tenant(
    state: &AppState,
    agency: &AgencyId,
    tenant: Option<TenantId>,
) -> Result<(), Problem> {
    let Some(tenant) = tenant else { return Ok(()) };
    let found = state.ports.store.find_tenant(&tenant).await?;
    found.filter(|tenant| tenant.agency == *agency).map(drop).ok_or_else(|| Problem::not_found("tenant"))
}

/// What a tenant's models are told for one key.
#[derive(Debug, Serialize, ToSchema)]
struct TenantPrompt {
    /// What it is for.
    #[schema(value_type = schema::PromptKey)]
    key: PromptKey,
    /// The experiment that runs with it, if one does.
    experiment: Option<String>,
    /// One version, or the arms of the experiment.
    arms: Vec<TenantPromptArm>,
}

/// A version that a tenant's conversations are given.
#[derive(Debug, Serialize, ToSchema)]
struct TenantPromptArm {
    /// Its number.
    version: u32,
    /// Its weight among the arms.
    weight: u32,
    /// The template.
    body: String,
}

impl From<(PromptKey, PromptChoice)> for TenantPrompt {
    fn from((key, choice): (PromptKey, PromptChoice)) -> Self {
        let arms = choice.arms.iter().map(|arm| TenantPromptArm {
            version: arm.prompt.version,
            weight: arm.weight,
            body: arm.prompt.body.clone(),
        });
        let experiment = (!choice.salt.is_empty()).then(|| choice.salt.clone());
        Self { key, experiment, arms: arms.collect() }
    }
}

/// List the prompts that apply to a tenant, experiments included.
#[utoipa::path(get, path = "/tenants/{tenant}/prompts", tag = "prompts",
    responses((status = 200, body = Page<TenantPrompt>)))]
async fn list_tenant_prompts(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<Page<TenantPrompt>>, Problem> {
    let prompts = state.prompts.prompts_of(&access.tenant.agency, &access.tenant.id).await?;
    Ok(Json(Page::whole(prompts.choices)))
}
