//! Rules of a tenant.

mod parts;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::changes::{Change, Changes, Expected};
use tenants::clock::Timestamp;
use tenants::ids::RuleId;
use tenants::rule::Rule;
use tenants::settings::InvalidSetting;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::parts::{ConditionDocument, RuleActionDocument, TriggerDocument};
use super::write;
use crate::http::access::{TenantAccess, TenantManage, TenantRead};
use crate::http::extract::{IfMatch, JsonBody, Page, PathIds, Versioned, after, words};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_rules, create_rule))
        .routes(routes!(get_rule, put_rule, delete_rule))
        .routes(routes!(enable_rule))
        .routes(routes!(disable_rule))
}

/// A rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
struct RuleView {
    #[schema(value_type = schema::Id)]
    id: RuleId,
    /// What people call it.
    name: String,
    /// What it listens to.
    trigger: TriggerDocument,
    /// All must hold; none means always.
    conditions: Vec<ConditionDocument>,
    /// Done in this order.
    actions: Vec<RuleActionDocument>,
    /// Higher goes first; of equals, the older.
    priority: i32,
    /// At most this many hits per local day.
    daily_cap: Option<u32>,
    /// Only an enabled rule is looked at.
    enabled: bool,
    /// Recorded as it would have acted, but nothing is done.
    dry_run: bool,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

/// What a rule says.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Shipping", "trigger": { "on": "comment" }, "actions": [{ "do": "hide" }] }))]
pub struct RuleDocument {
    /// What people call it; 1 to 200 characters.
    #[serde(deserialize_with = "words")]
    name: String,
    /// What it listens to.
    trigger: TriggerDocument,
    /// All must hold; none means always.
    #[serde(default)]
    conditions: Vec<ConditionDocument>,
    /// Done in this order; at least one.
    actions: Vec<RuleActionDocument>,
    /// Higher goes first; of equals, the older.
    #[serde(default)]
    priority: i32,
    /// At most this many hits per local day.
    #[serde(default)]
    daily_cap: Option<u32>,
    /// Only an enabled rule is looked at.
    #[serde(default = "yes")]
    enabled: bool,
    /// Recorded as it would have acted, but nothing is done.
    #[serde(default)]
    dry_run: bool,
}

fn yes() -> bool {
    true
}

impl RuleDocument {
    /// The rule, when it can be used.
    ///
    /// # Errors
    /// Names the part that cannot be used.
    pub fn into_rule(
        self,
        id: RuleId,
        created_at: Timestamp,
        updated_at: Timestamp,
    ) -> Result<Rule, InvalidSetting> {
        let rule = Rule {
            id,
            name: self.name,
            trigger: self.trigger.into(),
            conditions: self.conditions.into_iter().map(Into::into).collect(),
            actions: self.actions.into_iter().map(Into::into).collect(),
            priority: self.priority,
            daily_cap: self.daily_cap,
            enabled: self.enabled,
            dry_run: self.dry_run,
            created_at,
            updated_at,
        };
        rule.validate()?;
        Ok(rule)
    }
}

impl From<Rule> for RuleView {
    fn from(rule: Rule) -> Self {
        Self {
            id: rule.id,
            name: rule.name,
            trigger: rule.trigger.into(),
            conditions: rule.conditions.into_iter().map(Into::into).collect(),
            actions: rule.actions.into_iter().map(Into::into).collect(),
            priority: rule.priority,
            daily_cap: rule.daily_cap,
            enabled: rule.enabled,
            dry_run: rule.dry_run,
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        }
    }
}

/// List the rules of a tenant in order of priority, disabled ones too.
#[utoipa::path(get, path = "/tenants/{tenant}/rules", tag = "rules", responses((status = 200, body = Page<RuleView>)))]
async fn list_rules(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<Page<RuleView>>, Problem> {
    Ok(Json(Page::whole(state.ports.store.list_rules(&access.tenant.id).await?)))
}

/// Create a rule.
#[utoipa::path(post, path = "/tenants/{tenant}/rules", tag = "rules", request_body = RuleDocument,
    responses((status = 201, body = RuleView)))]
async fn create_rule(
    TenantManage(access): TenantManage,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<RuleDocument>,
) -> Result<(StatusCode, Versioned<RuleView>), Problem> {
    let (id, now) = (RuleId::new(&state.ports.ids), state.ports.clock.now());
    let rule = document.into_rule(id, now, now)?;
    put(&state, &access, None, &rule, "rule.created").await?;
    Ok((StatusCode::CREATED, versioned(rule)))
}

#[derive(Debug, Deserialize)]
struct RulePath {
    rule: RuleId,
}

async fn find(state: &AppState, access: &TenantAccess, rule: &RuleId) -> Result<Rule, Problem> {
    let rule = state.ports.store.find_rule(&access.tenant.id, rule).await?;
    rule.ok_or_else(|| Problem::not_found("rule"))
}

fn versioned(rule: Rule) -> Versioned<RuleView> {
    Versioned(rule.updated_at.as_micros(), rule.into())
}

/// Read a rule. The `ETag` goes into `If-Match` of a change.
#[utoipa::path(get, path = "/tenants/{tenant}/rules/{rule}", tag = "rules", responses((status = 200, body = RuleView)))]
async fn get_rule(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<RulePath>,
    State(state): State<AppState>,
) -> Result<Versioned<RuleView>, Problem> {
    Ok(versioned(find(&state, &access, &path.rule).await?))
}

/// Replace a rule. With `If-Match` it is refused (412) when the rule has changed since it was read.
#[utoipa::path(put, path = "/tenants/{tenant}/rules/{rule}", tag = "rules", request_body = RuleDocument,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the rule that was read.")),
    responses((status = 200, body = RuleView)))]
async fn put_rule(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<RulePath>,
    version: IfMatch,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<RuleDocument>,
) -> Result<Versioned<RuleView>, Problem> {
    let before = find(&state, &access, &path.rule).await?;
    version.require(before.updated_at.as_micros())?;
    let changed_at = after(before.updated_at, state.ports.clock.now());
    let rule = document.into_rule(before.id, before.created_at, changed_at)?;
    let expected = version.expecting(Expected::Rule(before.id, before.updated_at));
    let put = put(&state, &access, expected, &rule, "rule.changed").await;
    put.map_err(|problem| version.met_another(problem))?;
    Ok(versioned(rule))
}

/// Remove a rule.
#[utoipa::path(delete, path = "/tenants/{tenant}/rules/{rule}", tag = "rules", responses((status = 204)))]
async fn delete_rule(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<RulePath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let rule = find(&state, &access, &path.rule).await?;
    let act = access.caller.act(&state);
    let changes = Changes::of_tenant(access.tenant.id).with(Change::DeleteRule(rule.id)).with(act.audit(
        "rule.deleted",
        ("rule", rule.id.to_string()),
        json!({ "name": rule.name }),
    ));
    write::commit(&state, changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enable a rule. Enabling it again changes nothing.
#[utoipa::path(post, path = "/tenants/{tenant}/rules/{rule}/enable", tag = "rules",
    responses((status = 200, body = RuleView)))]
async fn enable_rule(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<RulePath>,
    State(state): State<AppState>,
) -> Result<Versioned<RuleView>, Problem> {
    set_enabled(&state, &access, &path.rule, true).await
}

/// Disable a rule. Disabling it again changes nothing.
#[utoipa::path(post, path = "/tenants/{tenant}/rules/{rule}/disable", tag = "rules",
    responses((status = 200, body = RuleView)))]
async fn disable_rule(
    TenantManage(access): TenantManage,
    PathIds(path): PathIds<RulePath>,
    State(state): State<AppState>,
) -> Result<Versioned<RuleView>, Problem> {
    set_enabled(&state, &access, &path.rule, false).await
}

async fn set_enabled(
    state: &AppState,
    access: &TenantAccess,
    rule: &RuleId,
    enabled: bool,
) -> Result<Versioned<RuleView>, Problem> {
    let before = find(state, access, rule).await?;
    if before.enabled == enabled {
        return Ok(versioned(before));
    }
    let changed_at = after(before.updated_at, state.ports.clock.now());
    let rule = Rule { enabled, updated_at: changed_at, ..before.clone() };
    let event_type = if enabled { "rule.enabled" } else { "rule.disabled" };
    // The rule is written whole, although only this was asked for: whatever else somebody changes meanwhile must stay.
    let expected = Change::Expect(Expected::Rule(before.id, before.updated_at));
    put(state, access, Some(expected), &rule, event_type).await?;
    Ok(versioned(rule))
}

/// Stores a rule: a new one, or in place of the one that is expected.
async fn put(
    state: &AppState,
    access: &TenantAccess,
    expected: Option<Change>,
    rule: &Rule,
    event_type: &str,
) -> Result<(), Problem> {
    rule.validate_among(&state.ports.store.list_rules(&access.tenant.id).await?)?;
    let act = access.caller.act(state);
    let details = json!({ "name": rule.name, "enabled": rule.enabled, "dry_run": rule.dry_run });
    let changes = Changes::of_tenant(access.tenant.id)
        .with_all(expected)
        .with(Change::PutRule(Box::new(rule.clone())))
        .with(act.audit(event_type, ("rule", rule.id.to_string()), details));
    write::commit(state, changes).await
}
