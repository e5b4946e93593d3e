//! Leads: people who may buy, with what they have said of themselves.

mod export;

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::changes::{Change, Changes, Expected};
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, ConversationId, EventId, LeadId};
use tenants::lead::{Lead, LeadField, LeadStage, ScorePart};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::PersonView;
use super::write;
use crate::http::access::{TenantAccess, TenantOperate, TenantRead};
use crate::http::extract::{
    IfMatch, JsonBody, Page, PageOf, PathIds, QueryOf, Versioned, after, changed_words,
};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_leads))
        .routes(routes!(export::export_leads))
        .routes(routes!(get_lead, patch_lead))
}

/// Something a person has said of themselves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadFact)]
struct FactView {
    /// What.
    value: String,
    /// The event in which they said it.
    #[schema(value_type = schema::Id)]
    event: EventId,
    /// Instagram's id of the message or comment.
    message: Option<String>,
    /// When they said it.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
}

/// A part of a score.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadScorePart)]
struct ScorePartView {
    /// What it is for.
    what: String,
    /// Points.
    points: u32,
}

impl From<ScorePart> for ScorePartView {
    fn from(ScorePart { what, points }: ScorePart) -> Self {
        Self { what, points }
    }
}

/// A person who may buy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lead)]
struct LeadView {
    #[schema(value_type = schema::Id)]
    id: LeadId,
    #[schema(value_type = schema::Id)]
    account: AccountId,
    /// Where they wrote last.
    #[schema(value_type = schema::Id)]
    conversation: ConversationId,
    /// Who.
    person: PersonView,
    /// How far it has come.
    #[schema(value_type = schema::LeadStage)]
    stage: LeadStage,
    /// Who has set the stage; from then on only people move it.
    staged_by: Option<String>,
    /// How promising it is, 0 to 100.
    score: u32,
    /// What the score is made of.
    score_parts: Vec<ScorePartView>,
    /// Field (`name`, `need`, `budget`, `email`, `phone`, `timeline`) → what was said, and where.
    #[schema(value_type = BTreeMap<String, FactView>)]
    facts: BTreeMap<LeadField, FactView>,
    /// The event that made them a lead.
    #[schema(value_type = schema::Id)]
    source: EventId,
    /// A remark.
    note: Option<String>,
    /// Who takes care of it.
    assigned_to: Option<String>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

impl From<Lead> for LeadView {
    fn from(lead: Lead) -> Self {
        Self {
            score: lead.score(),
            score_parts: lead.score_parts().into_iter().map(Into::into).collect(),
            id: lead.id,
            account: lead.account,
            conversation: lead.conversation,
            person: lead.person.into(),
            stage: lead.stage,
            staged_by: lead.staged_by,
            facts: lead
                .facts
                .into_iter()
                .map(|(field, fact)| {
                    let view =
                        FactView { value: fact.value, event: fact.event, message: fact.message, at: fact.at };
                    (field, view)
                })
                .collect(),
            source: lead.source,
            note: lead.note,
            assigned_to: lead.assigned_to,
            created_at: lead.created_at,
            updated_at: lead.updated_at,
        }
    }
}

/// Which leads to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LeadQuery {
    /// Only this stage.
    #[param(value_type = Option<schema::LeadStage>)]
    stage: Option<LeadStage>,
}

/// List the leads of a tenant, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/leads", tag = "leads", params(LeadQuery),
    responses((status = 200, body = Page<LeadView>)))]
async fn list_leads(
    TenantRead(access): TenantRead,
    QueryOf(query): QueryOf<LeadQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<LeadView>>, Problem> {
    let leads = state.ports.comms.list_leads(&access.tenant.id, query.stage, page.request()).await?;
    Ok(Json(page.page(leads, |lead| lead.id.0)))
}

#[derive(Debug, Deserialize)]
struct LeadPath {
    lead: LeadId,
}

async fn find(state: &AppState, access: &TenantAccess, lead: &LeadId) -> Result<Lead, Problem> {
    let lead = state.ports.comms.find_lead(&access.tenant.id, lead).await?;
    lead.ok_or_else(|| Problem::not_found("lead"))
}

fn versioned(lead: Lead) -> Versioned<LeadView> {
    Versioned(lead.updated_at.as_micros(), lead.into())
}

/// Read a lead. The `ETag` goes into `If-Match` of a change.
#[utoipa::path(get, path = "/tenants/{tenant}/leads/{lead}", tag = "leads", responses((status = 200, body = LeadView)))]
async fn get_lead(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<LeadPath>,
    State(state): State<AppState>,
) -> Result<Versioned<LeadView>, Problem> {
    Ok(versioned(find(&state, &access, &path.lead).await?))
}

/// What a person says about a lead; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeadPatch {
    /// How far it has come; from then on only people move it.
    #[serde(default)]
    #[schema(value_type = Option<schema::LeadStage>)]
    stage: Option<LeadStage>,
    /// A remark of at most 2,000 characters; an empty one or `null` removes it.
    #[serde(default, deserialize_with = "changed_words")]
    note: Option<String>,
    /// Who takes care of it; an empty text or `null` means nobody.
    #[serde(default, deserialize_with = "changed_words")]
    assigned_to: Option<String>,
}

/// Change the stage of a lead, its remark, or who takes care of it. With `If-Match` it is refused (412) when the lead has
/// changed since it was read.
#[utoipa::path(patch, path = "/tenants/{tenant}/leads/{lead}", tag = "leads", request_body = LeadPatch,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the lead that was read.")),
    responses((status = 200, body = LeadView)))]
async fn patch_lead(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<LeadPath>,
    version: IfMatch,
    State(state): State<AppState>,
    JsonBody(patch): JsonBody<LeadPatch>,
) -> Result<Versioned<LeadView>, Problem> {
    let lead = find(&state, &access, &path.lead).await?;
    version.require(lead.updated_at.as_micros())?;
    let short = |field: &str, text: &Option<String>, most: usize| match text {
        Some(text) if text.chars().count() > most => {
            Err(Problem::invalid(field, format!("must have at most {most} characters")))
        }
        _ => Ok(text.clone()),
    };
    let act = access.caller.act(&state);
    let change = Change::SetLead {
        lead: lead.id,
        stage: patch.stage.map(|stage| (stage, act.by.clone())),
        note: short("note", &patch.note, 2_000)?,
        assigned_to: short("assigned_to", &patch.assigned_to, 200)?,
        at: after(lead.updated_at, act.at),
    };
    let details = json!({
        "stage": patch.stage, "assigned_to": patch.assigned_to, "note_changed": patch.note.is_some(),
    });
    let changes = Changes::of_tenant(access.tenant.id)
        .with_all(version.expecting(Expected::Lead(lead.id, lead.updated_at)))
        .with(change)
        .with(act.audit("lead.changed", ("lead", lead.id.to_string()), details));
    write::commit(&state, changes).await.map_err(|problem| version.met_another(problem))?;
    Ok(versioned(find(&state, &access, &path.lead).await?))
}
