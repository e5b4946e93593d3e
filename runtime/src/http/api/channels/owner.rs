//! Channels of a tenant or of an agency: the same acts for both.

use axum::Json;
use axum::http::StatusCode;
use secrecy::ExposeSecret;
use serde_json::json;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::ids::{AgencyId, ChannelId, TenantId};
use tenants::notice::{Channel, ChannelKind};
use tenants::ports::NotificationFilter;

use super::document::{
    ChannelDocument, ChannelSet, ChannelTested, ChannelView, NotificationQuery, NotificationView,
};
use crate::couriers::{Secrets, signing_key};
use crate::http::access::{AgencyAccess, Caller, TenantAccess};
use crate::http::api::write;
use crate::http::extract::{Page, PageOf};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Most channels of a tenant, or of an agency itself.
const MOST_CHANNELS: usize = 50;

/// Whose channels are meant.
pub(super) struct Owner<'a> {
    state: &'a AppState,
    caller: &'a Caller,
    agency: AgencyId,
    tenant: Option<TenantId>,
    time_zone: &'a str,
}

impl<'a> Owner<'a> {
    pub(super) fn tenant(state: &'a AppState, access: &'a TenantAccess) -> Self {
        let tenant = &access.tenant;
        let (agency, time_zone) = (tenant.agency, tenant.time_zone.as_str());
        Self { state, caller: &access.caller, agency, tenant: Some(tenant.id), time_zone }
    }

    pub(super) fn agency(state: &'a AppState, access: &'a AgencyAccess) -> Self {
        Self { state, caller: &access.caller, agency: access.agency.id, tenant: None, time_zone: "UTC" }
    }

    fn chain(&self) -> Chain {
        self.tenant.map_or(Chain::Agency(self.agency), Chain::Tenant)
    }

    pub(super) async fn list(&self) -> Result<Json<Page<ChannelView>>, Problem> {
        Ok(Json(Page::whole(self.state.ports.comms.list_channels(&self.chain()).await?)))
    }

    pub(super) async fn find(&self, channel: &ChannelId) -> Result<Channel, Problem> {
        let found = self.state.ports.comms.find_channel(&self.chain(), channel).await?;
        found.ok_or_else(|| Problem::not_found("channel"))
    }

    pub(super) async fn create(
        &self,
        document: ChannelDocument,
    ) -> Result<(StatusCode, Json<ChannelSet>), Problem> {
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

    pub(super) async fn put(
        &self,
        id: &ChannelId,
        document: ChannelDocument,
    ) -> Result<Json<ChannelSet>, Problem> {
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

    pub(super) async fn delete(&self, id: &ChannelId) -> Result<StatusCode, Problem> {
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

    pub(super) async fn test(&self, id: &ChannelId) -> Result<Json<ChannelTested>, Problem> {
        let channel = self.find(id).await?;
        let said = actors::notices::send_test(&self.state.ports, &channel).await;
        let act = self.caller.act(self.state);
        let error = said.err().map(|error| error.to_string());
        let details = json!({ "name": channel.setup.name, "taken": error.is_none(), "error": error });
        let entry = act.audit("channel.tested", ("channel", channel.id.to_string()), details);
        write::commit(self.state, Changes { chain: self.chain(), list: vec![entry] }).await?;
        Ok(Json(ChannelTested { taken: error.is_none(), error }))
    }

    pub(super) async fn log(
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
