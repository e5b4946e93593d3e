//! Webhooks of an agency: events for its own programs. What is told to people goes through channels.

mod document;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret;
use serde_json::json;
use tenants::ids::{DeliveryId, WebhookId};
use tenants::webhook::{LONGEST_OVERLAP, Webhook, WebhookChange, WebhookSetup};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::write;
use crate::http::access::{AgencyAccess, AgencyManage, AgencyRead};
use crate::http::extract::{IfMatch, JsonBody, Page, PageOf, PathIds, QueryOf, Versioned};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::webhooks::MOST_WEBHOOKS;
use document::{
    DeliveryDetail, DeliveryPath, DeliveryQuery, DeliveryView, EventTypes, RedeliverFailed, Redelivered,
    SecretRotated, SecretRotation, WebhookCreated, WebhookDocument, WebhookPath, WebhookTested, WebhookView,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_webhooks, create_webhook))
        .routes(routes!(list_event_types))
        .routes(routes!(get_webhook, put_webhook, delete_webhook))
        .routes(routes!(test_webhook))
        .routes(routes!(rotate_webhook_secret))
        .routes(routes!(list_webhook_deliveries))
        .routes(routes!(get_webhook_delivery))
        .routes(routes!(redeliver))
        .routes(routes!(redeliver_failed))
}

/// Deliveries ordered anew in one transaction, and transactions of one request.
const AT_ONCE: u32 = 500;
const TIMES: usize = 20;

/// List the webhooks of an agency.
#[utoipa::path(get, path = "/agencies/{agency}/webhooks", tag = "webhooks",
    responses((status = 200, body = Page<WebhookView>)))]
async fn list_webhooks(
    AgencyRead(access): AgencyRead,
    State(state): State<AppState>,
) -> Result<Json<Page<WebhookView>>, Problem> {
    Ok(Json(Page::whole(state.webhooks.rows().list_webhooks(&access.agency.id).await?)))
}

/// List what webhooks can be told of.
#[utoipa::path(get, path = "/agencies/{agency}/webhooks/event-types", tag = "webhooks",
    responses((status = 200, body = EventTypes)))]
async fn list_event_types(_access: AgencyRead) -> Json<EventTypes> {
    Json(EventTypes::all())
}

/// Make a webhook. It is told what happens from now on. Its secret is shown this once.
#[utoipa::path(post, path = "/agencies/{agency}/webhooks", tag = "webhooks", request_body = WebhookDocument,
    responses((status = 201, body = WebhookCreated)))]
async fn create_webhook(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<WebhookDocument>,
) -> Result<(StatusCode, Json<WebhookCreated>), Problem> {
    let agency = access.agency.id;
    let present = state.webhooks.rows().list_webhooks(&agency).await?;
    if present.len() >= MOST_WEBHOOKS {
        let problem = format!("there are {MOST_WEBHOOKS} webhooks already: remove one");
        return Err(Problem::conflict(problem).with("present", present.len()));
    }
    let setup = checked(&state, &access, &document).await?;
    let act = access.caller.act(&state);
    let (webhook, secret, changes) = act.create_webhook(agency, setup, document.enabled, &state.vault)?;
    write::commit(&state, changes).await?;
    state.webhooks.look();
    let created = WebhookCreated { webhook: webhook.into(), secret: secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Read a webhook. The `ETag` goes into `If-Match` of a change.
#[utoipa::path(get, path = "/agencies/{agency}/webhooks/{webhook}", tag = "webhooks",
    responses((status = 200, body = WebhookView)))]
async fn get_webhook(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<WebhookPath>,
    State(state): State<AppState>,
) -> Result<Versioned<WebhookView>, Problem> {
    let webhook = find(&state, &access, &path.webhook).await?;
    Ok(Versioned(webhook.version, webhook.into()))
}

/// Replace a webhook, or switch it off and on. Its secret stays. With `If-Match` it is refused (412) when somebody has
/// changed the webhook meanwhile. Switched on, it goes on with everything that has happened since, as far as deliveries
/// are kept.
#[utoipa::path(put, path = "/agencies/{agency}/webhooks/{webhook}", tag = "webhooks", request_body = WebhookDocument,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the webhook that was read.")),
    responses((status = 200, body = WebhookView)))]
async fn put_webhook(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<WebhookPath>,
    version: IfMatch,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<WebhookDocument>,
) -> Result<Versioned<WebhookView>, Problem> {
    let before = find(&state, &access, &path.webhook).await?;
    version.require(before.version)?;
    let setup = checked(&state, &access, &document).await?;
    let (webhook, changes) = access.caller.act(&state).set_webhook(&before, setup, document.enabled);
    write::commit(&state, changes).await?;
    state.webhooks.look();
    Ok(Versioned(webhook.version, webhook.into()))
}

/// Remove a webhook, with all that waits for it.
#[utoipa::path(delete, path = "/agencies/{agency}/webhooks/{webhook}", tag = "webhooks",
    responses((status = 204)))]
async fn delete_webhook(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<WebhookPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let webhook = find(&state, &access, &path.webhook).await?;
    write::commit(&state, access.caller.act(&state).delete_webhook(&webhook)).await?;
    state.webhooks.look();
    Ok(StatusCode::NO_CONTENT)
}

/// Send a `webhook.test` event at once, and tell what the receiver said. Works also while the webhook is off.
#[utoipa::path(post, path = "/agencies/{agency}/webhooks/{webhook}/test", tag = "webhooks",
    responses((status = 200, body = WebhookTested)))]
async fn test_webhook(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<WebhookPath>,
    State(state): State<AppState>,
) -> Result<Json<WebhookTested>, Problem> {
    let webhook = find(&state, &access, &path.webhook).await?;
    let tested = state.webhooks.test(&webhook).await?;
    let answer = tested.answer;
    let act = access.caller.act(&state);
    write::commit(&state, act.tested_webhook(&webhook, answer.status, answer.error.as_deref())).await?;
    Ok(Json(WebhookTested {
        taken: answer.is_taken(),
        status: answer.status,
        error: answer.error,
        response: answer.response,
        took_ms: u64::try_from(tested.took.as_millis()).unwrap_or(u64::MAX),
        message_id: tested.message_id,
    }))
}

/// Give a webhook a new secret, which is shown this once. The old one signs beside it for a while, so that receivers can
/// change without a pause.
#[utoipa::path(post, path = "/agencies/{agency}/webhooks/{webhook}/rotate-secret", tag = "webhooks",
    request_body = SecretRotation, responses((status = 200, body = SecretRotated)))]
async fn rotate_webhook_secret(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<WebhookPath>,
    State(state): State<AppState>,
    JsonBody(rotation): JsonBody<SecretRotation>,
) -> Result<Json<SecretRotated>, Problem> {
    let webhook = find(&state, &access, &path.webhook).await?;
    let overlap = Duration::from_secs(u64::from(rotation.overlap_hours) * 3_600);
    if overlap > LONGEST_OVERLAP {
        return Err(Problem::invalid("overlap_hours", "must lie between 0 and 168"));
    }
    let act = access.caller.act(&state);
    let (webhook, secret, changes) = act.rotate_webhook(&webhook, act.at + overlap, &state.vault)?;
    write::commit(&state, changes).await?;
    Ok(Json(SecretRotated { webhook: webhook.into(), secret: secret.expose_secret().to_owned() }))
}

/// List what was sent to a webhook and what waits for it, newest first.
#[utoipa::path(get, path = "/agencies/{agency}/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(DeliveryQuery), responses((status = 200, body = Page<DeliveryView>)))]
async fn list_webhook_deliveries(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<WebhookPath>,
    QueryOf(query): QueryOf<DeliveryQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<DeliveryView>>, Problem> {
    let webhook = find(&state, &access, &path.webhook).await?;
    let rows = state.webhooks.rows();
    let found = rows.list_deliveries(&webhook.agency, &webhook.id, query.state, page.request()).await?;
    Ok(Json(page.page(found, |delivery| delivery.id.0)))
}

/// Read a delivery with its tries.
#[utoipa::path(get, path = "/agencies/{agency}/webhooks/{webhook}/deliveries/{delivery}", tag = "webhooks",
    responses((status = 200, body = DeliveryDetail)))]
async fn get_webhook_delivery(
    AgencyRead(access): AgencyRead,
    PathIds(path): PathIds<DeliveryPath>,
    State(state): State<AppState>,
) -> Result<Json<DeliveryDetail>, Problem> {
    Ok(Json(delivery(&state, &access, &path).await?))
}

/// Send a delivery again, whatever became of it, under the same `webhook-id`. Its tries begin anew.
#[utoipa::path(post, path = "/agencies/{agency}/webhooks/{webhook}/deliveries/{delivery}/redeliver", tag = "webhooks",
    responses((status = 200, body = DeliveryDetail)))]
async fn redeliver(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<DeliveryPath>,
    State(state): State<AppState>,
) -> Result<Json<DeliveryDetail>, Problem> {
    let webhook = find(&state, &access, &path.webhook).await?;
    delivery(&state, &access, &path).await?;
    require_enabled(&webhook)?;
    order(&state, &access, &webhook, vec![path.delivery]).await?;
    Ok(Json(delivery(&state, &access, &path).await?))
}

/// Send all failed deliveries since a moment again, oldest first, under the same `webhook-id`s: at most 10,000 with one
/// request.
#[utoipa::path(post, path = "/agencies/{agency}/webhooks/{webhook}/redeliver-failed", tag = "webhooks",
    request_body = RedeliverFailed, responses((status = 200, body = Redelivered)))]
async fn redeliver_failed(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<WebhookPath>,
    State(state): State<AppState>,
    JsonBody(asked): JsonBody<RedeliverFailed>,
) -> Result<Json<Redelivered>, Problem> {
    let webhook = find(&state, &access, &path.webhook).await?;
    require_enabled(&webhook)?;
    let mut redelivered = 0;
    for _ in 0..TIMES {
        let failed = state.webhooks.rows().failed_deliveries(&webhook.id, asked.since, AT_ONCE).await?;
        let number = failed.len();
        if number > 0 {
            order(&state, &access, &webhook, failed).await?;
        }
        redelivered += number;
        if number < AT_ONCE as usize {
            return Ok(Json(Redelivered { redelivered, more: false }));
        }
    }
    Ok(Json(Redelivered { redelivered, more: true }))
}

async fn find(state: &AppState, access: &AgencyAccess, webhook: &WebhookId) -> Result<Webhook, Problem> {
    let found = state.webhooks.rows().find_webhook(&access.agency.id, webhook).await?;
    found.ok_or_else(|| Problem::not_found("webhook"))
}

async fn delivery(
    state: &AppState,
    access: &AgencyAccess,
    path: &DeliveryPath,
) -> Result<DeliveryDetail, Problem> {
    let rows = state.webhooks.rows();
    // Deliveries of a removed webhook stay for a while, and are nobody's.
    let webhook = find(state, access, &path.webhook).await?;
    let found = rows.find_delivery(&access.agency.id, &webhook.id, &path.delivery).await?;
    let (delivery, attempts) = found.ok_or_else(|| Problem::not_found("delivery"))?;
    Ok(DeliveryDetail { delivery: delivery.into(), attempts: attempts.into_iter().map(Into::into).collect() })
}

/// What a document asks for, if it can be had.
async fn checked(
    state: &AppState,
    access: &AgencyAccess,
    document: &WebhookDocument,
) -> Result<WebhookSetup, Problem> {
    let setup = document.setup();
    setup.validate()?;
    state.addresses.read(&setup.url).map_err(|error| Problem::invalid("url", error))?;
    for tenant in &setup.tenants {
        let found = state.ports.store.find_tenant(tenant).await?;
        if found.is_none_or(|found| found.agency != access.agency.id) {
            return Err(Problem::invalid("tenants", format!("the agency has no tenant {tenant}")));
        }
    }
    Ok(setup)
}

fn require_enabled(webhook: &Webhook) -> Result<(), Problem> {
    match webhook.disabled {
        None => Ok(()),
        Some(disabled) => Err(Problem::conflict("the webhook is disabled: enable it first")
            .with("reason", disabled.reason.as_str())),
    }
}

async fn order(
    state: &AppState,
    access: &AgencyAccess,
    webhook: &Webhook,
    deliveries: Vec<DeliveryId>,
) -> Result<(), Problem> {
    let act = access.caller.act(state);
    let details = json!({ "name": webhook.setup.name, "deliveries": deliveries.len() });
    let again = WebhookChange::Redeliver { webhook: webhook.id, deliveries, at: act.at };
    write::commit(state, act.on_webhook(webhook, again, "webhook.redelivered", details)).await?;
    state.webhooks.look();
    Ok(())
}
