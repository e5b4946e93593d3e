//! Experiments with versions of prompts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;
use tenants::experiment::{
    ArmResult, ArmWeight, Comparison, Estimate, Experiment, ExperimentStatus, InvalidExperiment, PromptScope,
};
use tenants::ids::{AgencyId, ExperimentId, TenantId};
use tenants::prompt::PromptKey;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::prompts::require_own_tenant;
use super::write;
use crate::http::access::{AgencyAccess, AgencyManage, AgencyRead, TenantRead};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::prompts;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_experiments, create_experiment))
        .routes(routes!(get_experiment))
        .routes(routes!(stop_experiment))
        .routes(routes!(promote_experiment))
        .routes(routes!(list_tenant_experiments))
        .routes(routes!(get_tenant_experiment))
}

/// One version in an experiment.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExperimentArm)]
struct ArmDocument {
    /// The version.
    version: u32,
    /// Its part of the conversations, beside the weights of the others; 1 to 1000.
    weight: u32,
}

impl From<ArmWeight> for ArmDocument {
    fn from(ArmWeight { version, weight }: ArmWeight) -> Self {
        Self { version, weight }
    }
}

/// An experiment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Experiment)]
struct ExperimentView {
    #[schema(value_type = schema::Id)]
    id: ExperimentId,
    /// The prompt.
    #[schema(value_type = schema::PromptKey)]
    key: PromptKey,
    /// What people call it.
    name: String,
    /// The one tenant that takes part; `null` when all do.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// The versions.
    arms: Vec<ArmDocument>,
    #[schema(value_type = schema::ExperimentStatus)]
    status: ExperimentStatus,
    /// Who started it.
    started_by: String,
    #[schema(value_type = schema::Moment)]
    started_at: Timestamp,
    /// Who ended it.
    ended_by: Option<String>,
    #[schema(value_type = Option<schema::Moment>)]
    ended_at: Option<Timestamp>,
    /// The version that won and is in use since.
    winner: Option<u32>,
}

impl From<Experiment> for ExperimentView {
    fn from(experiment: Experiment) -> Self {
        Self {
            id: experiment.id,
            key: experiment.key,
            name: experiment.name,
            tenant: experiment.scope.tenant,
            arms: experiment.arms.into_iter().map(ArmDocument::from).collect(),
            status: experiment.status,
            started_by: experiment.started_by,
            started_at: experiment.started_at,
            ended_by: experiment.ended_by,
            ended_at: experiment.ended_at,
            winner: experiment.winner,
        }
    }
}

/// An estimate, and where the true value lies with 95 % certainty.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Estimate)]
struct EstimateView {
    /// What was seen.
    value: f64,
    /// Lower end of the interval.
    low: f64,
    /// Upper end of the interval.
    high: f64,
}

impl From<Estimate> for EstimateView {
    fn from(Estimate { value, low, high }: Estimate) -> Self {
        Self { value, low, high }
    }
}

/// What was seen of one arm.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ArmResult)]
struct ArmResultView {
    /// The version.
    version: u32,
    /// Its weight.
    weight: u32,
    /// Decisions it was asked for.
    decisions: u32,
    /// Drafts sent as they were.
    approved: u32,
    /// Drafts sent with other words.
    edited: u32,
    /// Drafts not sent.
    rejected: u32,
    /// Share of the drafts people decided on that were sent as they were, 0 to 1.
    approval_rate: Option<EstimateView>,
    /// How far the words sent are from the drafts: 0 is the same, 1 nothing in common.
    edit_distance: Option<EstimateView>,
    /// Mean cost of a decision, in millionths of a US dollar.
    mean_cost_micro_usd: Option<f64>,
    /// Time half of the decisions took at most, in microseconds.
    latency_p50_us: Option<i64>,
    /// Time 95 of 100 decisions took at most, in microseconds.
    latency_p95_us: Option<i64>,
}

impl From<ArmResult> for ArmResultView {
    fn from(arm: ArmResult) -> Self {
        Self {
            version: arm.version,
            weight: arm.weight,
            decisions: arm.decisions,
            approved: arm.approved,
            edited: arm.edited,
            rejected: arm.rejected,
            approval_rate: arm.approval_rate.map(EstimateView::from),
            edit_distance: arm.edit_distance.map(EstimateView::from),
            mean_cost_micro_usd: arm.mean_cost_micro_usd,
            latency_p50_us: arm.latency_p50_us,
            latency_p95_us: arm.latency_p95_us,
        }
    }
}

/// Which arm is better.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comparison)]
struct ComparisonView {
    /// The version with the highest approval rate, once there are enough verdicts.
    leader: Option<u32>,
    /// How certain it is that no other arm is better, 0 to 1.
    certainty: Option<f64>,
    /// True when that suffices to end the experiment.
    is_certain: bool,
    /// The same in plain words.
    summary: String,
}

impl From<Comparison> for ComparisonView {
    fn from(Comparison { leader, certainty, is_certain, summary }: Comparison) -> Self {
        Self { leader, certainty, is_certain, summary }
    }
}

/// An experiment, and what it has shown so far.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExperimentWithResults)]
struct ExperimentResultsView {
    #[serde(flatten)]
    experiment: ExperimentView,
    /// What was seen of each arm.
    results: Vec<ArmResultView>,
    /// Which is better.
    comparison: ComparisonView,
}

async fn with_results(
    state: &AppState,
    experiment: Experiment,
    tenant: Option<TenantId>,
) -> Result<Json<ExperimentResultsView>, Problem> {
    let found = prompts::results(state.prompts.as_ref(), &experiment, tenant).await?;
    Ok(Json(ExperimentResultsView {
        experiment: experiment.into(),
        results: found.arms.into_iter().map(ArmResultView::from).collect(),
        comparison: found.comparison.into(),
    }))
}

/// A new experiment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewExperiment {
    /// The prompt.
    #[schema(value_type = schema::PromptKey)]
    key: PromptKey,
    /// What people call it; 1 to 200 characters.
    name: String,
    /// 2 to 8 versions.
    arms: Vec<ArmDocument>,
    /// Only with this tenant; with all of the agency when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
}

impl From<InvalidExperiment> for Problem {
    fn from(invalid: InvalidExperiment) -> Self {
        Self::invalid(invalid.field, invalid.problem)
    }
}

/// List the experiments of an agency, newest first.
#[utoipa::path(get, path = "/agencies/{agency}/experiments", tag = "prompts",
    responses((status = 200, body = Page<ExperimentView>)))]
async fn list_experiments(
    AgencyRead(access): AgencyRead,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<ExperimentView>>, Problem> {
    list(&state, PromptScope { agency: access.agency.id, tenant: None }, page).await
}

async fn list(
    state: &AppState,
    scope: PromptScope,
    page: PageOf,
) -> Result<Json<Page<ExperimentView>>, Problem> {
    let experiments = state.prompts.list_experiments(&scope, page.request()).await?;
    Ok(Json(page.page(experiments, |experiment| experiment.id.0)))
}

/// Start an experiment: conversations are split between the versions by weight, and each keeps its version. While it
/// runs no other one with the same prompt can be started for the same tenants (409).
#[utoipa::path(post, path = "/agencies/{agency}/experiments", tag = "prompts", request_body = NewExperiment,
    responses((status = 201, body = ExperimentView)))]
async fn create_experiment(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewExperiment>,
) -> Result<(StatusCode, Json<ExperimentView>), Problem> {
    let agency = access.agency.id;
    require_own_tenant(&state, &agency, new.tenant).await?;
    let arms: Vec<ArmWeight> =
        new.arms.iter().map(|arm| ArmWeight { version: arm.version, weight: arm.weight }).collect();
    let scope = PromptScope { agency, tenant: new.tenant };
    let (experiment, changes) =
        access.caller.act(&state).start_experiment(scope, new.key, &new.name, arms)?;
    for arm in &experiment.arms {
        if state.prompts.find_prompt(&agency, new.key, arm.version).await?.is_none() {
            return Err(Problem::invalid("arms", format!("there is no {}@{}", new.key, arm.version)));
        }
    }
    write::commit_for_tenants(&state, agency, changes).await?;
    Ok((StatusCode::CREATED, Json(experiment.into())))
}

#[derive(Debug, Deserialize)]
struct ExperimentPath {
    experiment: ExperimentId,
}

async fn find(state: &AppState, agency: &AgencyId, experiment: &ExperimentId) -> Result<Experiment, Problem> {
    let found = state.prompts.find_experiment(agency, experiment).await?;
    found.ok_or_else(|| Problem::not_found("experiment"))
}

/// Read an experiment with what it has shown so far.
#[utoipa::path(get, path = "/agencies/{agency}/experiments/{experiment}", tag = "prompts",
    responses((status = 200, body = ExperimentResultsView)))]
async fn get_experiment(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<ExperimentPath>,
    State(state): State<AppState>,
) -> Result<Json<ExperimentResultsView>, Problem> {
    let experiment = find(&state, &access.agency.id, &path.experiment).await?;
    with_results(&state, experiment, None).await
}

/// Stop an experiment without a winner: what was in use before is in use again. Stopping it again is answered with
/// 409.
#[utoipa::path(post, path = "/agencies/{agency}/experiments/{experiment}/stop", tag = "prompts",
    responses((status = 200, body = ExperimentView)))]
async fn stop_experiment(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<ExperimentPath>,
    State(state): State<AppState>,
) -> Result<Json<ExperimentView>, Problem> {
    end(&state, &access, &path.experiment, None).await
}

/// The version that won.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Promotion {
    /// One of the experiment's arms.
    version: u32,
}

/// End an experiment and use one of its versions from now on, for the tenants that took part. Promoting again is
/// answered with 409.
#[utoipa::path(post, path = "/agencies/{agency}/experiments/{experiment}/promote", tag = "prompts",
    request_body = Promotion, responses((status = 200, body = ExperimentView)))]
async fn promote_experiment(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<ExperimentPath>,
    State(state): State<AppState>,
    JsonBody(promotion): JsonBody<Promotion>,
) -> Result<Json<ExperimentView>, Problem> {
    end(&state, &access, &path.experiment, Some(promotion.version)).await
}

async fn end(
    state: &AppState,
    access: &AgencyAccess,
    id: &ExperimentId,
    winner: Option<u32>,
) -> Result<Json<ExperimentView>, Problem> {
    let agency = access.agency.id;
    let experiment = find(state, &agency, id).await?;
    if let Some(version) = winner
        && !experiment.arms.iter().any(|arm| arm.version == version)
    {
        return Err(Problem::invalid("version", format!("version {version} is none of the arms")));
    }
    if experiment.status != ExperimentStatus::Running {
        let detail = format!("{id} is {} already", experiment.status);
        return Err(Problem::conflict(detail).with("present", experiment.status.as_str()));
    }
    let changes = access.caller.act(state).end_experiment(&experiment, winner);
    write::commit_for_tenants(state, agency, changes).await?;
    Ok(Json(find(state, &agency, id).await?.into()))
}

/// List the experiments in which a tenant takes or took part, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/experiments", tag = "prompts",
    responses((status = 200, body = Page<ExperimentView>)))]
async fn list_tenant_experiments(
    TenantRead(access): TenantRead,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<ExperimentView>>, Problem> {
    let scope = PromptScope { agency: access.tenant.agency, tenant: Some(access.tenant.id) };
    list(&state, scope, page).await
}

/// Read an experiment with what it has shown so far in this tenant's conversations.
#[utoipa::path(get, path = "/tenants/{tenant}/experiments/{experiment}", tag = "prompts",
    responses((status = 200, body = ExperimentResultsView)))]
async fn get_tenant_experiment(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<ExperimentPath>,
    State(state): State<AppState>,
) -> Result<Json<ExperimentResultsView>, Problem> {
    let experiment = find(&state, &access.tenant.agency, &path.experiment).await?;
    if experiment.scope.tenant.is_some_and(|tenant| tenant != access.tenant.id) {
        return Err(Problem::not_found("experiment"));
    }
    with_results(&state, experiment, Some(access.tenant.id)).await
}
