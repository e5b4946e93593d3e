//! Channels: ways to tell people and programs, of a tenant or of an agency for all its tenants; and the log of what went
//! through them.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenants::alert::Severity;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, ChannelId, NotificationId, TenantId};
use tenants::notice::{Channel, ChannelKind, ChannelSetup, NoticeKind, Notification, NotificationStatus};
use tenants::ports::NotificationFilter;
use tenants::settings::QuietHours;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::settings::QuietHoursDocument;
use super::write;
use crate::couriers::{Secrets, signing_key};
use crate::http::access::{AgencyAccess, Caller, TenantAccess};
use crate::http::extract::{JsonBody, Page, PageOf, PathIds, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

/// Most channels of a tenant, or of an agency itself.
const MOST_CHANNELS: usize = 50;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_tenant_channels, create_tenant_channel))
        .routes(routes!(get_tenant_channel, put_tenant_channel, delete_tenant_channel))
        .routes(routes!(test_tenant_channel))
        .routes(routes!(list_tenant_notifications))
        .routes(routes!(list_agency_channels, create_agency_channel))
        .routes(routes!(get_agency_channel, put_agency_channel, delete_agency_channel))
        .routes(routes!(test_agency_channel))
        .routes(routes!(list_agency_notifications))
}

/// A way to tell people or programs. Addresses of webhooks are secrets and are not shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
struct ChannelView {
    #[schema(value_type = schema::Id)]
    id: ChannelId,
    /// What people call it.
    name: String,
    /// How it reaches people.
    #[schema(value_type = schema::ChannelKind)]
    kind: ChannelKind,
    /// Mail addresses; of a webhook the host alone.
    to: Vec<String>,
    /// What it carries; everything when empty.
    #[schema(value_type = Vec<schema::NoticeKind>)]
    kinds: BTreeSet<NoticeKind>,
    /// Alerts below this are left out.
    #[schema(value_type = schema::Severity)]
    min_severity: Severity,
    /// Hours in which only what is critical is sent.
    quiet_hours: Option<QuietHoursDocument>,
    /// Time zone of the quiet hours.
    time_zone: String,
    /// Least minutes between two messages.
    digest_minutes: u32,
    /// Whether it is used.
    enabled: bool,
    /// Failures in a row.
    failures: u32,
    /// The last message that arrived.
    #[schema(value_type = Option<schema::Moment>)]
    last_sent_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<Channel> for ChannelView {
    fn from(it: Channel) -> Self {
        Self {
            id: it.id,
            name: it.setup.name,
            kind: it.setup.kind,
            to: it.setup.to,
            kinds: it.setup.kinds,
            min_severity: it.setup.min_severity,
            quiet_hours: it.setup.quiet_hours.map(Into::into),
            time_zone: it.setup.time_zone,
            digest_minutes: it.setup.digest_minutes,
            enabled: it.setup.enabled,
            failures: it.failures,
            last_sent_at: it.last_sent_at,
            created_at: it.created_at,
        }
    }
}

/// How a channel is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChannelDocument {
    /// What people call it.
    name: String,
    /// How it reaches people; stays as it was made.
    #[schema(value_type = schema::ChannelKind)]
    kind: ChannelKind,
    /// Mail addresses, for mail.
    #[serde(default)]
    to: Vec<String>,
    /// The whole address of a webhook. Stored encrypted, never shown; left out, the stored one stays.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    url: Option<SecretString>,
    /// What it carries; everything when empty.
    #[serde(default)]
    #[schema(value_type = Vec<schema::NoticeKind>)]
    kinds: BTreeSet<NoticeKind>,
    /// Alerts below this are left out.
    #[serde(default = "warning")]
    #[schema(value_type = schema::Severity)]
    min_severity: Severity,
    /// Hours in which only what is critical is sent.
    #[serde(default)]
    quiet_hours: Option<QuietHoursDocument>,
    /// Time zone of the quiet hours; the tenant's, or UTC, when left out.
    #[serde(default)]
    time_zone: Option<String>,
    /// Least minutes between two messages; what comes meanwhile is gathered. At most 1440.
    #[serde(default = "ten")]
    digest_minutes: u32,
    /// Whether it is used.
    #[serde(default = "yes")]
    enabled: bool,
}

fn warning() -> Severity {
    Severity::Warning
}

fn ten() -> u32 {
    10
}

fn yes() -> bool {
    true
}

/// A channel that was just set up.
#[derive(Serialize, ToSchema)]
struct ChannelSet {
    /// The channel.
    channel: ChannelView,
    /// The key that signs the messages of a signed webhook, in the form of Standard Webhooks. It is shown this once.
    signing_key: Option<String>,
}

/// What a channel said to a test.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelTested {
    /// Whether the message was taken.
    taken: bool,
    /// Why not.
    error: Option<String>,
}

/// A notice on its way through a channel, or that went through it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
struct NotificationView {
    #[schema(value_type = schema::Id)]
    id: NotificationId,
    #[schema(value_type = schema::Id)]
    channel: ChannelId,
    /// The tenant it speaks of.
    #[schema(value_type = Option<schema::Id>)]
    tenant: Option<TenantId>,
    /// What it is about.
    #[schema(value_type = schema::NoticeKind)]
    kind: NoticeKind,
    /// How bad it is.
    #[schema(value_type = schema::Severity)]
    severity: Severity,
    /// One line.
    subject: String,
    /// The rest.
    text: String,
    /// The same for programs.
    #[schema(value_type = Object)]
    data: Value,
    /// Where it stands.
    #[schema(value_type = schema::NotificationStatus)]
    status: NotificationStatus,
    /// The message it travels in: `Message-ID` and `webhook-id` hold it.
    message: Option<String>,
    /// Tries so far.
    tries: u32,
    /// What went wrong last.
    error: Option<String>,
    /// Not before.
    #[schema(value_type = schema::Moment)]
    next_try_at: Timestamp,
    /// When the channel took it.
    #[schema(value_type = Option<schema::Moment>)]
    sent_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl From<Notification> for NotificationView {
    fn from(it: Notification) -> Self {
        Self {
            id: it.id,
            channel: it.channel,
            tenant: it.tenant,
            kind: it.kind,
            severity: it.severity,
            subject: it.subject,
            text: it.text,
            data: it.data,
            status: it.status,
            message: it.message.map(|id| id.simple().to_string()),
            tries: it.tries,
            error: it.error,
            next_try_at: it.next_try_at,
            sent_at: it.sent_at,
            created_at: it.created_at,
        }
    }
}

/// Which notifications to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NotificationQuery {
    /// Only this channel.
    #[param(value_type = Option<schema::Id>)]
    channel: Option<ChannelId>,
    /// Only this status.
    #[param(value_type = Option<schema::NotificationStatus>)]
    status: Option<NotificationStatus>,
    /// Only this kind.
    #[param(value_type = Option<schema::NoticeKind>)]
    kind: Option<NoticeKind>,
}

#[derive(Debug, Deserialize)]
struct ChannelPath {
    channel: ChannelId,
}

/// Whose channels are meant.
struct Owner<'a> {
    state: &'a AppState,
    caller: &'a Caller,
    agency: AgencyId,
    tenant: Option<TenantId>,
    time_zone: &'a str,
}

impl<'a> Owner<'a> {
    fn tenant(state: &'a AppState, access: &'a TenantAccess) -> Self {
        let tenant = &access.tenant;
        let (agency, time_zone) = (tenant.agency, tenant.time_zone.as_str());
        Self { state, caller: &access.caller, agency, tenant: Some(tenant.id), time_zone }
    }

    fn agency(state: &'a AppState, access: &'a AgencyAccess) -> Self {
        Self { state, caller: &access.caller, agency: access.agency.id, tenant: None, time_zone: "UTC" }
    }

    fn chain(&self) -> Chain {
        self.tenant.map_or(Chain::Agency(self.agency), Chain::Tenant)
    }

    async fn list(&self) -> Result<Json<Page<ChannelView>>, Problem> {
        Ok(Json(Page::whole(self.state.ports.comms.list_channels(&self.chain()).await?)))
    }

    async fn find(&self, channel: &ChannelId) -> Result<Channel, Problem> {
        let found = self.state.ports.comms.find_channel(&self.chain(), channel).await?;
        found.ok_or_else(|| Problem::not_found("channel"))
    }

    async fn create(&self, document: ChannelDocument) -> Result<(StatusCode, Json<ChannelSet>), Problem> {
        let present = self.state.ports.comms.list_channels(&self.chain()).await?;
        if present.len() >= MOST_CHANNELS {
            let problem = format!("there are {MOST_CHANNELS} channels already: remove one");
            return Err(Problem::conflict(problem).with("present", present.len()));
        }
        let act = self.caller.act(self.state);
        let channel = Channel {
            id: ChannelId::new(act.ids),
            agency: self.agency,
            tenant: self.tenant,
            setup: document.setup(self.time_zone, &[])?,
            failures: 0,
            last_sent_at: None,
            approvals_told_at: None,
            created_at: act.at,
            updated_at: act.at,
        };
        if channel.setup.kind != ChannelKind::Email && document.url.is_none() {
            return Err(Problem::invalid("url", "give the address of the webhook"));
        }
        let set = self.store(channel, &document, "channel.created").await?;
        Ok((StatusCode::CREATED, Json(set)))
    }

    async fn put(&self, id: &ChannelId, document: ChannelDocument) -> Result<Json<ChannelSet>, Problem> {
        let mut channel = self.find(id).await?;
        if document.kind != channel.setup.kind {
            return Err(Problem::invalid("kind", "stays as it was made: make another channel"));
        }
        channel.setup = document.setup(self.time_zone, &channel.setup.to)?;
        channel.updated_at = self.caller.act(self.state).at;
        Ok(Json(self.store(channel, &document, "channel.changed").await?))
    }

    async fn store(
        &self,
        mut channel: Channel,
        document: &ChannelDocument,
        event_type: &str,
    ) -> Result<ChannelSet, Problem> {
        let act = self.caller.act(self.state);
        let is_signed = channel.setup.kind == ChannelKind::Webhook;
        let mut secret = None;
        let mut key = None;
        if let Some(url) = &document.url {
            let read = self.state.addresses.read(url.expose_secret());
            let url = read.map_err(|error| Problem::invalid("url", error))?;
            channel.setup.to = vec![url.host_str().unwrap_or_default().to_owned()];
            key = is_signed.then(|| signing_key(act.ids));
            let secrets = Secrets { url: url.to_string(), signing_key: key.clone() };
            secret = Some(self.state.vault.seal_channel(&channel.id, &secrets.to_text())?);
        }
        let details = json!({
            "name": channel.setup.name, "kind": channel.setup.kind, "to": channel.setup.to,
            "enabled": channel.setup.enabled,
        });
        let entry = act.audit(event_type, ("channel", channel.id.to_string()), details);
        let change = Change::PutChannel { channel: Box::new(channel.clone()), secret };
        write::commit(self.state, Changes { chain: self.chain(), list: vec![change, entry] }).await?;
        Ok(ChannelSet { channel: channel.into(), signing_key: key })
    }

    async fn delete(&self, id: &ChannelId) -> Result<StatusCode, Problem> {
        let channel = self.find(id).await?;
        let act = self.caller.act(self.state);
        let details = json!({ "name": channel.setup.name, "kind": channel.setup.kind });
        let list = vec![
            Change::DeleteChannel(channel.id),
            Change::ResolveAlert { dedup_key: channel.trouble_key(), by: act.by.clone(), at: act.at },
            act.audit("channel.deleted", ("channel", channel.id.to_string()), details),
        ];
        write::commit(self.state, Changes { chain: self.chain(), list }).await?;
        Ok(StatusCode::NO_CONTENT)
    }

    async fn test(&self, id: &ChannelId) -> Result<Json<ChannelTested>, Problem> {
        let channel = self.find(id).await?;
        let said = actors::notices::send_test(&self.state.ports, &channel).await;
        let act = self.caller.act(self.state);
        let error = said.err().map(|error| error.to_string());
        let details = json!({ "name": channel.setup.name, "taken": error.is_none(), "error": error });
        let entry = act.audit("channel.tested", ("channel", channel.id.to_string()), details);
        write::commit(self.state, Changes { chain: self.chain(), list: vec![entry] }).await?;
        Ok(Json(ChannelTested { taken: error.is_none(), error }))
    }

    async fn log(
        &self,
        query: NotificationQuery,
        page: PageOf,
    ) -> Result<Json<Page<NotificationView>>, Problem> {
        let NotificationQuery { channel, status, kind } = query;
        let filter = NotificationFilter { channel, status, kind };
        let comms = &self.state.ports.comms;
        let found = comms.list_notifications(&self.chain(), &filter, page.request()).await?;
        Ok(Json(page.page(found, |it| it.id.0)))
    }
}

impl ChannelDocument {
    /// The setup it asks for. A webhook that is not given anew stays where it is.
    fn setup(&self, time_zone: &str, present: &[String]) -> Result<ChannelSetup, Problem> {
        let is_mail = self.kind == ChannelKind::Email;
        if is_mail && self.url.is_some() {
            return Err(Problem::invalid("url", "mail has none: give `to`"));
        }
        if !is_mail && !self.to.is_empty() && self.to != present {
            return Err(Problem::invalid("to", "a webhook is reached by its url"));
        }
        let setup = ChannelSetup {
            name: self.name.trim().to_owned(),
            kind: self.kind,
            to: if is_mail { self.to.clone() } else { present.to_vec() },
            kinds: self.kinds.clone(),
            min_severity: self.min_severity,
            quiet_hours: self.quiet_hours.clone().map(QuietHours::from),
            time_zone: self.time_zone.clone().unwrap_or_else(|| time_zone.to_owned()),
            digest_minutes: self.digest_minutes,
            enabled: self.enabled,
        };
        setup.validate()?;
        Ok(setup)
    }
}

/// List the channels of a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/channels", tag = "channels",
    responses((status = 200, body = Page<ChannelView>)))]
async fn list_tenant_channels(
    access: TenantAccess,
    State(state): State<AppState>,
) -> Result<Json<Page<ChannelView>>, Problem> {
    Owner::tenant(&state, &access).list().await
}

/// Make a channel of a tenant. What happened before goes not through it.
#[utoipa::path(post, path = "/tenants/{tenant}/channels", tag = "channels", request_body = ChannelDocument,
    responses((status = 201, body = ChannelSet)))]
async fn create_tenant_channel(
    access: TenantAccess,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ChannelDocument>,
) -> Result<(StatusCode, Json<ChannelSet>), Problem> {
    Owner::tenant(&state, &access).create(document).await
}

/// Read a channel of a tenant.
#[utoipa::path(get, path = "/tenants/{tenant}/channels/{channel}", tag = "channels",
    responses((status = 200, body = ChannelView)))]
async fn get_tenant_channel(
    access: TenantAccess,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<Json<ChannelView>, Problem> {
    Ok(Json(Owner::tenant(&state, &access).find(&path.channel).await?.into()))
}

/// Replace a channel of a tenant. Giving `url` anew makes a new key that signs.
#[utoipa::path(put, path = "/tenants/{tenant}/channels/{channel}", tag = "channels", request_body = ChannelDocument,
    responses((status = 200, body = ChannelSet)))]
async fn put_tenant_channel(
    access: TenantAccess,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ChannelDocument>,
) -> Result<Json<ChannelSet>, Problem> {
    Owner::tenant(&state, &access).put(&path.channel, document).await
}

/// Remove a channel of a tenant, with all that waits for it.
#[utoipa::path(delete, path = "/tenants/{tenant}/channels/{channel}", tag = "channels", responses((status = 204)))]
async fn delete_tenant_channel(
    access: TenantAccess,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    Owner::tenant(&state, &access).delete(&path.channel).await
}

/// Send a test message through a channel of a tenant at once, and tell what came of it.
#[utoipa::path(post, path = "/tenants/{tenant}/channels/{channel}/test", tag = "channels",
    responses((status = 200, body = ChannelTested)))]
async fn test_tenant_channel(
    access: TenantAccess,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<Json<ChannelTested>, Problem> {
    Owner::tenant(&state, &access).test(&path.channel).await
}

/// List what went through the channels of a tenant, newest first.
#[utoipa::path(get, path = "/tenants/{tenant}/notifications", tag = "channels", params(NotificationQuery),
    responses((status = 200, body = Page<NotificationView>)))]
async fn list_tenant_notifications(
    access: TenantAccess,
    QueryOf(query): QueryOf<NotificationQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<NotificationView>>, Problem> {
    Owner::tenant(&state, &access).log(query, page).await
}

/// List the channels of an agency, which carry notices about all its tenants.
#[utoipa::path(get, path = "/agencies/{agency}/channels", tag = "channels",
    responses((status = 200, body = Page<ChannelView>)))]
async fn list_agency_channels(
    access: AgencyAccess,
    State(state): State<AppState>,
) -> Result<Json<Page<ChannelView>>, Problem> {
    Owner::agency(&state, &access).list().await
}

/// Make a channel of an agency.
#[utoipa::path(post, path = "/agencies/{agency}/channels", tag = "channels", request_body = ChannelDocument,
    responses((status = 201, body = ChannelSet)))]
async fn create_agency_channel(
    access: AgencyAccess,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ChannelDocument>,
) -> Result<(StatusCode, Json<ChannelSet>), Problem> {
    Owner::agency(&state, &access).create(document).await
}

/// Read a channel of an agency.
#[utoipa::path(get, path = "/agencies/{agency}/channels/{channel}", tag = "channels",
    responses((status = 200, body = ChannelView)))]
async fn get_agency_channel(
    access: AgencyAccess,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<Json<ChannelView>, Problem> {
    Ok(Json(Owner::agency(&state, &access).find(&path.channel).await?.into()))
}

/// Replace a channel of an agency. Giving `url` anew makes a new key that signs.
#[utoipa::path(put, path = "/agencies/{agency}/channels/{channel}", tag = "channels", request_body = ChannelDocument,
    responses((status = 200, body = ChannelSet)))]
async fn put_agency_channel(
    access: AgencyAccess,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<ChannelDocument>,
) -> Result<Json<ChannelSet>, Problem> {
    Owner::agency(&state, &access).put(&path.channel, document).await
}

/// Remove a channel of an agency, with all that waits for it.
#[utoipa::path(delete, path = "/agencies/{agency}/channels/{channel}", tag = "channels", responses((status = 204)))]
async fn delete_agency_channel(
    access: AgencyAccess,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    Owner::agency(&state, &access).delete(&path.channel).await
}

/// Send a test message through a channel of an agency at once, and tell what came of it.
#[utoipa::path(post, path = "/agencies/{agency}/channels/{channel}/test", tag = "channels",
    responses((status = 200, body = ChannelTested)))]
async fn test_agency_channel(
    access: AgencyAccess,
    PathIds(path): PathIds<ChannelPath>,
    State(state): State<AppState>,
) -> Result<Json<ChannelTested>, Problem> {
    Owner::agency(&state, &access).test(&path.channel).await
}

/// List what went through the channels of an agency, newest first.
#[utoipa::path(get, path = "/agencies/{agency}/notifications", tag = "channels", params(NotificationQuery),
    responses((status = 200, body = Page<NotificationView>)))]
async fn list_agency_notifications(
    access: AgencyAccess,
    QueryOf(query): QueryOf<NotificationQuery>,
    page: PageOf,
    State(state): State<AppState>,
) -> Result<Json<Page<NotificationView>>, Problem> {
    Owner::agency(&state, &access).log(query, page).await
}
