//! What people are told, the leads among those who write, and briefings.

use async_trait::async_trait;

use super::{PageRequest, Period, StoreError};
use crate::account::SealedSecret;
use crate::alert::Alert;
use crate::audit::Chain;
use crate::briefing::{Briefing, BriefingKind, BriefingNumbers};
use crate::clock::Timestamp;
use crate::ids::{AgencyId, BriefingId, ChannelId, LeadId, TenantId};
use crate::lead::{Lead, LeadStage};
use crate::notice::{Channel, Notice, NoticeKind, Notification, NotificationStatus};

/// Which notifications to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Only this channel.
    pub channel: Option<ChannelId>,
    /// Only this status.
    pub status: Option<NotificationStatus>,
    /// Only this kind.
    pub kind: Option<NoticeKind>,
}

/// Drafts and escalations that wait for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub name: String,
    /// Drafts that came in the period.
    pub drafts: i64,
    /// Escalations that came in it.
    pub escalations: i64,
}

/// Channels and what goes through them. What changes them is committed.
#[async_trait]
pub trait Notices: Send + Sync {
    /// Channels of a tenant, or of an agency itself, oldest first.
    async fn list_channels(&self, of: &Chain) -> Result<Vec<Channel>, StoreError>;
    /// One of them.
    async fn find_channel(&self, of: &Chain, channel: &ChannelId) -> Result<Option<Channel>, StoreError>;
    /// Its sealed secret.
    async fn channel_secret(&self, channel: &ChannelId) -> Result<Option<SealedSecret>, StoreError>;
    /// Every channel in use, whosoever it is. For routing and delivering alone.
    async fn channels_in_use(&self) -> Result<Vec<Channel>, StoreError>;
    /// Alerts that were not routed yet, oldest first.
    async fn unrouted_alerts(&self, limit: u32) -> Result<Vec<Alert>, StoreError>;
    /// Notices that were not routed yet, oldest first.
    async fn unrouted_notices(&self, limit: u32) -> Result<Vec<Notice>, StoreError>;
    /// What waits for a person and came in a period: in a tenant, or in all tenants of an agency.
    async fn waiting_for_people(
        &self,
        agency: &AgencyId,
        tenant: Option<&TenantId>,
        came: Period,
    ) -> Result<Vec<Waiting>, StoreError>;
    /// Notifications whose time has come, oldest first.
    async fn due_notifications(&self, now: Timestamp, limit: u32) -> Result<Vec<Notification>, StoreError>;
    /// What went through the channels of a tenant or an agency, newest first.
    async fn list_notifications(
        &self,
        of: &Chain,
        filter: &NotificationFilter,
        page: PageRequest,
    ) -> Result<Vec<Notification>, StoreError>;
}

/// Leads, as they are read.
#[async_trait]
pub trait Leads: Send + Sync {
    /// Leads, newest first.
    async fn list_leads(
        &self,
        tenant: &TenantId,
        stage: Option<LeadStage>,
        page: PageRequest,
    ) -> Result<Vec<Lead>, StoreError>;
    /// One lead.
    async fn find_lead(&self, tenant: &TenantId, lead: &LeadId) -> Result<Option<Lead>, StoreError>;
    /// True when the tenant has a conversation with this person, a lead of them, something in its memory, or something
    /// that people were told of them.
    async fn knows_person(&self, tenant: &TenantId, person: &str) -> Result<bool, StoreError>;
}

/// Briefings, as they are read, and what they count.
#[async_trait]
pub trait Briefings: Send + Sync {
    /// Briefings, newest first.
    async fn list_briefings(
        &self,
        tenant: &TenantId,
        kind: Option<BriefingKind>,
        page: PageRequest,
    ) -> Result<Vec<Briefing>, StoreError>;
    /// One briefing.
    async fn find_briefing(
        &self,
        tenant: &TenantId,
        briefing: &BriefingId,
    ) -> Result<Option<Briefing>, StoreError>;
    /// What the tenant's tables count.
    async fn briefing_numbers(
        &self,
        tenant: &TenantId,
        period: Period,
    ) -> Result<BriefingNumbers, StoreError>;
}

/// All of it.
pub trait Comms: Notices + Leads + Briefings + 'static {}

impl<T: Notices + Leads + Briefings + 'static> Comms for T {}
