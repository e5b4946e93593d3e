//! A world in which nobody is told anything.

use async_trait::async_trait;
use tenants::account::SealedSecret;
use tenants::alert::Alert;
use tenants::audit::Chain;
use tenants::briefing::{Briefing, BriefingKind, BriefingNumbers};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, BriefingId, ChannelId, LeadId, TenantId};
use tenants::lead::{Lead, LeadStage};
use tenants::notice::{Channel, Notice, Notification};
use tenants::ports::{
    Briefings, Courier, CourierError, Leads, Letter, Notices, NotificationFilter, PageRequest, Period,
    StoreError, Waiting,
};

/// No channels, no leads, no briefings.
#[derive(Debug, Default)]
pub(crate) struct NoComms;

#[async_trait]
impl Notices for NoComms {
    async fn list_channels(&self, _of: &Chain) -> Result<Vec<Channel>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_channel(&self, _of: &Chain, _channel: &ChannelId) -> Result<Option<Channel>, StoreError> {
        Ok(None)
    }

    async fn channel_secret(&self, _channel: &ChannelId) -> Result<Option<SealedSecret>, StoreError> {
        Ok(None)
    }

    async fn channels_in_use(&self) -> Result<Vec<Channel>, StoreError> {
        Ok(Vec::new())
    }

    async fn unrouted_alerts(&self, _limit: u32) -> Result<Vec<Alert>, StoreError> {
        Ok(Vec::new())
    }

    async fn unrouted_notices(&self, _limit: u32) -> Result<Vec<Notice>, StoreError> {
        Ok(Vec::new())
    }

    async fn waiting_for_people(
        &self,
        _agency: &AgencyId,
        _tenant: Option<&TenantId>,
        _came: Period,
    ) -> Result<Vec<Waiting>, StoreError> {
        Ok(Vec::new())
    }

    async fn due_notifications(&self, _now: Timestamp, _limit: u32) -> Result<Vec<Notification>, StoreError> {
        Ok(Vec::new())
    }

    async fn list_notifications(
        &self,
        _of: &Chain,
        _filter: &NotificationFilter,
        _page: PageRequest,
    ) -> Result<Vec<Notification>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Leads for NoComms {
    async fn list_leads(
        &self,
        _tenant: &TenantId,
        _stage: Option<LeadStage>,
        _page: PageRequest,
    ) -> Result<Vec<Lead>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_lead(&self, _tenant: &TenantId, _lead: &LeadId) -> Result<Option<Lead>, StoreError> {
        Ok(None)
    }

    async fn knows_person(&self, _tenant: &TenantId, _person: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

#[async_trait]
impl Briefings for NoComms {
    async fn list_briefings(
        &self,
        _tenant: &TenantId,
        _kind: Option<BriefingKind>,
        _page: PageRequest,
    ) -> Result<Vec<Briefing>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_briefing(
        &self,
        _tenant: &TenantId,
        _briefing: &BriefingId,
    ) -> Result<Option<Briefing>, StoreError> {
        Ok(None)
    }

    async fn briefing_numbers(
        &self,
        _tenant: &TenantId,
        _period: Period,
    ) -> Result<BriefingNumbers, StoreError> {
        Ok(BriefingNumbers::default())
    }
}

#[async_trait]
impl Courier for NoComms {
    async fn deliver(
        &self,
        _channel: &Channel,
        _secret: Option<&SealedSecret>,
        _letter: &Letter,
    ) -> Result<(), CourierError> {
        Err(CourierError::Later("this test is about something else".to_owned()))
    }
}
