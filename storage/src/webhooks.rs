//! Webhooks and what is on its way to them, as they are read.

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::account::SealedSecret;
use tenants::audit::Chain;
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, AuditId, DeliveryId, TenantId, WebhookId};
use tenants::ports::{PageRequest, StoreError, Webhooks};
use tenants::webhook::{
    DeliveryState, Disabled, DisabledReason, LoggedEvent, Webhook, WebhookAttempt, WebhookDelivery,
    WebhookSetup,
};
use uuid::Uuid;

use crate::Database;
use crate::apply::watches::first_id_at;
use crate::db::{row, rows};
use crate::directory::all;
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, before, count};

macro_rules! webhook_columns {
    () => {
        " id, agency_id, setup, disabled_reason, disabled_at, failing_since, delivered_at, version, created_at, \
         updated_at, (select max(s.expires_at) from webhook_secrets s where s.webhook_id = webhooks.id) \
         as old_secret_until "
    };
}
macro_rules! delivery_columns {
    () => {
        " id, webhook_id, agency_id, tenant_id, seq, entry_id, event_type, happened_at, state, tries, failures, \
         next_try_at, under_way, last_status, error, settled_at, created_at "
    };
}

statements! {
    LIST_WEBHOOKS { "select" (columns webhook_columns) "from webhooks where agency_id = $1 order by id" }
    FIND_WEBHOOK { "select" (columns webhook_columns) "from webhooks where agency_id = $1 and id = $2" }
    ALL_WEBHOOKS { "select" (columns webhook_columns) "from webhooks order by id" }
    WEBHOOK_SECRETS {
        "select secret_key_id as key_id, secret_sealed as sealed from webhook_secrets where webhook_id = $1 \
         and (expires_at is null or expires_at > $2) order by expires_at is null desc, id desc limit 10"
    }
    WEBHOOK_CURSOR { "select seq from webhook_cursors where chain_id = $1" }
    LOGGED_EVENTS {
        "select id, seq, event_type, resource_id, at from audit_log where chain_id = $1 and seq > $2 \
         order by seq limit $3"
    }
    UNREAD_TENANTS {
        "select t.id from tenants t join audit_heads h on h.chain_id = t.id \
         left join webhook_cursors c on c.chain_id = t.id \
         where t.agency_id = $1 and t.id > $2 and h.seq > coalesce(c.seq, 0) order by t.id limit $3"
    }
    WEBHOOKS_DUE {
        "select" (columns webhook_columns) "from webhooks where disabled_reason is null and exists \
         (select 1 from webhook_deliveries d where d.webhook_id = webhooks.id and d.state = 'pending' \
         and d.next_try_at <= $1) order by id"
    }
    DUE_DELIVERIES {
        "select" (columns delivery_columns) "from webhook_deliveries where webhook_id = $1 and state = 'pending' \
         and next_try_at <= $2 order by next_try_at, id limit $3"
    }
    LIST_DELIVERIES {
        "select" (columns delivery_columns) "from webhook_deliveries where webhook_id = $1 and agency_id = $2 \
         and id < $3 order by id desc limit $4"
    }
    LIST_DELIVERIES_IN {
        "select" (columns delivery_columns) "from webhook_deliveries where webhook_id = $1 and agency_id = $2 \
         and id < $3 and state = $5 order by id desc limit $4"
    }
    FIND_DELIVERY {
        "select" (columns delivery_columns) "from webhook_deliveries where id = $1 and webhook_id = $2 \
         and agency_id = $3"
    }
    ATTEMPTS {
        "select number, at, took_ms, status, error, response from webhook_attempts where delivery_id = $1 \
         order by number limit 1000"
    }
    FAILED_DELIVERIES {
        "select id from webhook_deliveries where webhook_id = $1 and state = 'failed' and id >= $2 \
         order by id limit $3"
    }
}

#[derive(FromRow)]
struct WebhookRow {
    id: Uuid,
    agency_id: Uuid,
    setup: Doc<WebhookSetup>,
    disabled_reason: Option<Word<DisabledReason>>,
    disabled_at: Option<Moment>,
    failing_since: Option<Moment>,
    delivered_at: Option<Moment>,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
    old_secret_until: Option<Moment>,
}

impl From<WebhookRow> for Webhook {
    fn from(row: WebhookRow) -> Self {
        let moment = |at: Option<Moment>| at.map(|at| at.0);
        let since = moment(row.disabled_at).unwrap_or(row.updated_at.0);
        Webhook {
            id: WebhookId(row.id),
            agency: AgencyId(row.agency_id),
            setup: row.setup.0,
            disabled: row.disabled_reason.map(|reason| Disabled { reason: reason.0, since }),
            failing_since: moment(row.failing_since),
            delivered_at: moment(row.delivered_at),
            old_secret_until: moment(row.old_secret_until),
            version: row.version,
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

impl From<SecretRow> for SealedSecret {
    fn from(row: SecretRow) -> Self {
        SealedSecret { key_id: row.key_id, sealed: row.sealed }
    }
}

#[derive(FromRow)]
struct LoggedRow {
    id: Uuid,
    seq: i64,
    event_type: String,
    resource_id: String,
    at: Moment,
}

impl From<LoggedRow> for LoggedEvent {
    fn from(row: LoggedRow) -> Self {
        LoggedEvent {
            id: AuditId(row.id),
            seq: row.seq,
            event_type: row.event_type,
            resource_id: row.resource_id,
            at: row.at.0,
        }
    }
}

#[derive(FromRow)]
struct DeliveryRow {
    id: Uuid,
    webhook_id: Uuid,
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    seq: i64,
    entry_id: Uuid,
    event_type: String,
    happened_at: Moment,
    state: Word<DeliveryState>,
    tries: i64,
    failures: i64,
    next_try_at: Moment,
    under_way: bool,
    last_status: Option<i64>,
    error: Option<String>,
    settled_at: Option<Moment>,
    created_at: Moment,
}

impl From<DeliveryRow> for WebhookDelivery {
    fn from(row: DeliveryRow) -> Self {
        WebhookDelivery {
            id: DeliveryId(row.id),
            webhook: WebhookId(row.webhook_id),
            agency: AgencyId(row.agency_id),
            tenant: row.tenant_id.map(TenantId),
            seq: row.seq,
            entry: AuditId(row.entry_id),
            event_type: row.event_type,
            happened_at: row.happened_at.0,
            state: row.state.0,
            tries: count(row.tries),
            failures: count(row.failures),
            next_try_at: row.next_try_at.0,
            is_under_way: row.under_way,
            last_status: row.last_status.and_then(status),
            error: row.error,
            settled_at: row.settled_at.map(|at| at.0),
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct AttemptRow {
    number: i64,
    at: Moment,
    took_ms: i64,
    status: Option<i64>,
    error: Option<String>,
    response: Option<String>,
}

impl From<AttemptRow> for WebhookAttempt {
    fn from(row: AttemptRow) -> Self {
        WebhookAttempt {
            number: count(row.number),
            at: row.at.0,
            took_ms: count(row.took_ms),
            status: row.status.and_then(status),
            error: row.error,
            response: row.response,
        }
    }
}

fn status(stored: i64) -> Option<u16> {
    u16::try_from(stored).ok()
}

#[async_trait]
impl Webhooks for Database {
    async fn list_webhooks(&self, agency: &AgencyId) -> Result<Vec<Webhook>, StoreError> {
        rows!(self.reader(), WebhookRow, LIST_WEBHOOKS, agency.0).map(all)
    }

    async fn find_webhook(
        &self,
        agency: &AgencyId,
        webhook: &WebhookId,
    ) -> Result<Option<Webhook>, StoreError> {
        Ok(row!(self.reader(), WebhookRow, FIND_WEBHOOK, agency.0, webhook.0)?.map(Webhook::from))
    }

    async fn all_webhooks(&self) -> Result<Vec<Webhook>, StoreError> {
        rows!(self.reader(), WebhookRow, ALL_WEBHOOKS).map(all)
    }

    async fn webhook_secrets(
        &self,
        webhook: &WebhookId,
        now: Timestamp,
    ) -> Result<Vec<SealedSecret>, StoreError> {
        rows!(self.reader(), SecretRow, WEBHOOK_SECRETS, webhook.0, Moment(now)).map(all)
    }

    async fn webhook_cursor(&self, chain: &Chain) -> Result<i64, StoreError> {
        let found = row!(self.reader(), (i64,), WEBHOOK_CURSOR, chain.uuid())?;
        Ok(found.map_or(0, |(seq,)| seq))
    }

    async fn logged_events(
        &self,
        chain: &Chain,
        after: i64,
        limit: u32,
    ) -> Result<Vec<LoggedEvent>, StoreError> {
        rows!(self.reader(), LoggedRow, LOGGED_EVENTS, chain.uuid(), after, i64::from(limit)).map(all)
    }

    async fn unread_tenants(
        &self,
        agency: &AgencyId,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let after = after.map_or(Uuid::nil(), |tenant| tenant.0);
        let found = rows!(self.reader(), (Uuid,), UNREAD_TENANTS, agency.0, after, i64::from(limit))?;
        Ok(found.into_iter().map(|(tenant,)| TenantId(tenant)).collect())
    }

    async fn webhooks_due(&self, now: Timestamp) -> Result<Vec<Webhook>, StoreError> {
        rows!(self.reader(), WebhookRow, WEBHOOKS_DUE, Moment(now)).map(all)
    }

    async fn due_deliveries(
        &self,
        webhook: &WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let limit = i64::from(limit);
        rows!(self.reader(), DeliveryRow, DUE_DELIVERIES, webhook.0, Moment(now), limit).map(all)
    }

    async fn list_deliveries(
        &self,
        agency: &AgencyId,
        webhook: &WebhookId,
        state: Option<DeliveryState>,
        page: PageRequest,
    ) -> Result<Vec<WebhookDelivery>, StoreError> {
        let (webhook, agency, limit) = (webhook.0, agency.0, i64::from(page.limit));
        let reader = self.reader();
        match state {
            None => rows!(reader, DeliveryRow, LIST_DELIVERIES, webhook, agency, before(page), limit),
            Some(state) => {
                let state = state.as_str();
                rows!(reader, DeliveryRow, LIST_DELIVERIES_IN, webhook, agency, before(page), limit, state)
            }
        }
        .map(all)
    }

    async fn find_delivery(
        &self,
        agency: &AgencyId,
        webhook: &WebhookId,
        delivery: &DeliveryId,
    ) -> Result<Option<(WebhookDelivery, Vec<WebhookAttempt>)>, StoreError> {
        let found = row!(self.reader(), DeliveryRow, FIND_DELIVERY, delivery.0, webhook.0, agency.0)?;
        let Some(found) = found else { return Ok(None) };
        let attempts = rows!(self.reader(), AttemptRow, ATTEMPTS, delivery.0)?;
        Ok(Some((found.into(), all(attempts))))
    }

    async fn failed_deliveries(
        &self,
        webhook: &WebhookId,
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let (since, limit) = (first_id_at(since), i64::from(limit));
        let found = rows!(self.reader(), (Uuid,), FAILED_DELIVERIES, webhook.0, since, limit)?;
        Ok(found.into_iter().map(|(id,)| DeliveryId(id)).collect())
    }
}
