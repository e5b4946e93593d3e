//! Channels, notices and what goes through channels, as they are read.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::account::SealedSecret;
use tenants::alert::{Alert, Severity};
use tenants::audit::Chain;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, ChannelId, NoticeId, NotificationId, TenantId};
use tenants::notice::{Channel, ChannelSetup, Notice, NoticeKind, Notification, NotificationStatus};
use tenants::ports::{Notices, NotificationFilter, PageRequest, Period, StoreError, Waiting};
use uuid::Uuid;

use crate::Database;
use crate::alerts::{AlertRow, alert_columns};
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, before, count};

macro_rules! channel_columns {
    () => {
        " id, agency_id, tenant_id, setup, failures, last_sent_at, approvals_told_at, created_at, updated_at "
    };
}
macro_rules! notification_columns {
    () => {
        " id, channel_id, agency_id, tenant_id, channel_tenant_id, kind, severity, person, dedup_key, subject, text, \
         html, data, status, message_id, tries, error, next_try_at, sent_at, created_at "
    };
}

statements! {
    LIST_CHANNELS {
        "select" (columns channel_columns) "from notification_channels where scope_id = $1 order by id"
    }
    FIND_CHANNEL {
        "select" (columns channel_columns) "from notification_channels where scope_id = $1 and id = $2"
    }
    CHANNEL_SECRET {
        "select secret_key_id as key_id, secret_sealed as sealed from notification_channels \
         where id = $1 and secret_key_id is not null and secret_sealed is not null"
    }
    CHANNELS_IN_USE {
        "select" (columns channel_columns) "from notification_channels where enabled order by id"
    }
    UNROUTED_ALERTS {
        "select" (columns alert_columns) "from system_alerts where routed_at is null order by id limit $1"
    }
    UNROUTED_NOTICES {
        "select id, agency_id, tenant_id, kind, severity, person, dedup_key, subject, text, html, data, created_at \
         from notices where routed_at is null order by id limit $1"
    }
    WAITING_OF_TENANT {
        "select t.id as tenant, t.name as name, a.kind as kind, count(*) as number from tenants t \
         join approvals a on a.tenant_id = t.id where t.id = $1 and a.status = 'pending' and a.created_at >= $2 \
         and a.created_at < $3 \
         group by t.id, t.name, a.kind"
    }
    WAITING_OF_AGENCY {
        "select t.id as tenant, t.name as name, a.kind as kind, count(*) as number from tenants t \
         join approvals a on a.tenant_id = t.id where t.agency_id = $1 and a.status = 'pending' and a.created_at >= $2 \
         and a.created_at < $3 \
         group by t.id, t.name, a.kind"
    }
    DUE_NOTIFICATIONS {
        "select" (columns notification_columns) "from notifications where status = 'pending' and next_try_at <= $1 \
         order by next_try_at, id limit $2"
    }
    LIST_NOTIFICATIONS {
        "select" (columns notification_columns) "from notifications where scope_id = $1 and id < $2 \
         and (channel_id = $3 or $3 is null) and (status = $4 or $4 is null) and (kind = $5 or $5 is null) \
         order by id desc limit $6"
    }
}

#[derive(FromRow)]
struct ChannelRow {
    id: Uuid,
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    setup: Doc<ChannelSetup>,
    failures: i64,
    last_sent_at: Option<Moment>,
    approvals_told_at: Option<Moment>,
    created_at: Moment,
    updated_at: Moment,
}

impl From<ChannelRow> for Channel {
    fn from(row: ChannelRow) -> Self {
        Channel {
            id: ChannelId(row.id),
            agency: AgencyId(row.agency_id),
            tenant: row.tenant_id.map(TenantId),
            setup: row.setup.0,
            failures: count(row.failures),
            last_sent_at: row.last_sent_at.map(|moment| moment.0),
            approvals_told_at: row.approvals_told_at.map(|moment| moment.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

#[derive(FromRow)]
struct SecretRow {
    key_id: String,
    sealed: Vec<u8>,
}

#[derive(FromRow)]
struct NoticeRow {
    id: Uuid,
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    kind: Word<NoticeKind>,
    severity: Word<Severity>,
    person: Option<String>,
    dedup_key: String,
    subject: String,
    text: String,
    html: Option<String>,
    data: Doc<serde_json::Value>,
    created_at: Moment,
}

impl From<NoticeRow> for Notice {
    fn from(row: NoticeRow) -> Self {
        Notice {
            id: NoticeId(row.id),
            agency: AgencyId(row.agency_id),
            tenant: row.tenant_id.map(TenantId),
            kind: row.kind.0,
            severity: row.severity.0,
            person: row.person,
            dedup_key: row.dedup_key,
            subject: row.subject,
            text: row.text,
            html: row.html,
            data: row.data.0,
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct WaitingRow {
    tenant: Uuid,
    name: String,
    kind: Word<tenants::approval::ApprovalKind>,
    number: i64,
}

#[derive(FromRow)]
struct NotificationRow {
    id: Uuid,
    channel_id: Uuid,
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    channel_tenant_id: Option<Uuid>,
    kind: Word<NoticeKind>,
    severity: Word<Severity>,
    person: Option<String>,
    dedup_key: String,
    subject: String,
    text: String,
    html: Option<String>,
    data: Doc<serde_json::Value>,
    status: Word<NotificationStatus>,
    message_id: Option<Uuid>,
    tries: i64,
    error: Option<String>,
    next_try_at: Moment,
    sent_at: Option<Moment>,
    created_at: Moment,
}

impl From<NotificationRow> for Notification {
    fn from(row: NotificationRow) -> Self {
        Notification {
            id: NotificationId(row.id),
            channel: ChannelId(row.channel_id),
            agency: AgencyId(row.agency_id),
            tenant: row.tenant_id.map(TenantId),
            channel_tenant: row.channel_tenant_id.map(TenantId),
            kind: row.kind.0,
            severity: row.severity.0,
            person: row.person,
            dedup_key: row.dedup_key,
            subject: row.subject,
            text: row.text,
            html: row.html,
            data: row.data.0,
            status: row.status.0,
            message: row.message_id,
            tries: count(row.tries),
            error: row.error,
            next_try_at: row.next_try_at.0,
            sent_at: row.sent_at.map(|moment| moment.0),
            created_at: row.created_at.0,
        }
    }
}

/// One line per tenant of rows that come once per kind.
fn by_tenant(rows: Vec<WaitingRow>) -> Vec<Waiting> {
    let mut found: Vec<Waiting> = Vec::new();
    for row in rows {
        let tenant = TenantId(row.tenant);
        let place = found.iter().position(|it| it.tenant == tenant).unwrap_or_else(|| {
            found.push(Waiting { tenant, name: row.name, drafts: 0, escalations: 0 });
            found.len() - 1
        });
        match row.kind.0 {
            tenants::approval::ApprovalKind::Draft => found[place].drafts += row.number,
            tenants::approval::ApprovalKind::Escalation => found[place].escalations += row.number,
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name).then(one.tenant.cmp(&other.tenant)));
    found
}

#[async_trait]
impl Notices for Database {
    async fn list_channels(&self, of: &Chain) -> Result<Vec<Channel>, StoreError> {
        rows!(self.reader(), ChannelRow, LIST_CHANNELS, of.uuid()).map(all)
    }

    async fn find_channel(&self, of: &Chain, channel: &ChannelId) -> Result<Option<Channel>, StoreError> {
        Ok(row!(self.reader(), ChannelRow, FIND_CHANNEL, of.uuid(), channel.0)?.map(Channel::from))
    }

    async fn channel_secret(&self, channel: &ChannelId) -> Result<Option<SealedSecret>, StoreError> {
        let found = row!(self.reader(), SecretRow, CHANNEL_SECRET, channel.0)?;
        Ok(found.map(|row| SealedSecret { key_id: row.key_id, sealed: row.sealed }))
    }

    async fn channels_in_use(&self) -> Result<Vec<Channel>, StoreError> {
        rows!(self.reader(), ChannelRow, CHANNELS_IN_USE).map(all)
    }

    async fn unrouted_alerts(&self, limit: u32) -> Result<Vec<Alert>, StoreError> {
        rows!(self.reader(), AlertRow, UNROUTED_ALERTS, i64::from(limit)).map(all)
    }

    async fn unrouted_notices(&self, limit: u32) -> Result<Vec<Notice>, StoreError> {
        rows!(self.reader(), NoticeRow, UNROUTED_NOTICES, i64::from(limit)).map(all)
    }

    async fn waiting_for_people(
        &self,
        agency: &AgencyId,
        tenant: Option<&TenantId>,
        came: Period,
    ) -> Result<Vec<Waiting>, StoreError> {
        let (from, until) = (Moment(came.from), Moment(came.until));
        match tenant {
            Some(tenant) => rows!(self.reader(), WaitingRow, WAITING_OF_TENANT, tenant.0, from, until),
            None => rows!(self.reader(), WaitingRow, WAITING_OF_AGENCY, agency.0, from, until),
        }
        .map(by_tenant)
    }

    async fn due_notifications(&self, now: Timestamp, limit: u32) -> Result<Vec<Notification>, StoreError> {
        rows!(self.reader(), NotificationRow, DUE_NOTIFICATIONS, Moment(now), i64::from(limit)).map(all)
    }

    async fn list_notifications(
        &self,
        of: &Chain,
        filter: &NotificationFilter,
        page: PageRequest,
    ) -> Result<Vec<Notification>, StoreError> {
        rows!(
            self.reader(),
            NotificationRow,
            LIST_NOTIFICATIONS,
            of.uuid(),
            before(page),
            filter.channel.map(|channel| channel.0),
            filter.status.map(NotificationStatus::as_str),
            filter.kind.map(NoticeKind::as_str),
            i64::from(page.limit)
        )
        .map(all)
    }
}
