//! From what happened to the channels that carry it.

use std::collections::BTreeMap;

use serde_json::json;
use tenants::alert::Alert;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, NotificationId, TenantId};
use tenants::notice::{Channel, Notice, NoticeKind, Notification, NotificationStatus, Routing};
use tenants::ports::StoreError;

use super::Desk;

/// Alerts and notices read at a time.
const AT_ONCE: u32 = 500;

/// What is told, before it is known to whom.
pub(super) struct News {
    pub agency: Option<AgencyId>,
    pub tenant: Option<TenantId>,
    pub kind: NoticeKind,
    pub severity: tenants::alert::Severity,
    pub person: Option<String>,
    pub dedup_key: String,
    /// The unresolved alert with this key is what is told, if it is an alert.
    pub alert_key: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub data: serde_json::Value,
    pub created_at: Timestamp,
}

impl Desk {
    /// Makes notifications of everything that is new, for one tenant (or agency) at a time.
    pub(super) async fn route(&self, channels: &[Channel]) -> Result<(), StoreError> {
        let alerts = self.ports.comms.unrouted_alerts(AT_ONCE).await?;
        let notices = self.ports.comms.unrouted_notices(AT_ONCE).await?;
        let mut by_chain: BTreeMap<Chain, Routing> = BTreeMap::new();
        for alert in alerts {
            let chain = chain_of(alert.agency, alert.tenant);
            let routing = by_chain.entry(chain).or_default();
            routing.alerts.push(alert.id);
            routing.notifications.extend(self.carried(&news_of_alert(alert), channels));
        }
        for notice in notices {
            let routing = by_chain.entry(chain_of(Some(notice.agency), notice.tenant)).or_default();
            routing.notices.push(notice.id);
            routing.notifications.extend(self.carried(&news_of_notice(notice), channels));
        }
        for (chain, routing) in by_chain {
            let list = vec![Change::RouteNotices(Box::new(routing))];
            self.ports.store.commit(Changes { chain, list }).await?;
        }
        Ok(())
    }

    /// One notification for each channel that wants it. Nothing from before a channel was made goes through it, and
    /// nothing about its own trouble.
    fn carried(&self, news: &News, channels: &[Channel]) -> Vec<Notification> {
        let is_for = |channel: &&Channel| {
            news.agency == Some(channel.agency)
                && channel.tenant.is_none_or(|tenant| news.tenant == Some(tenant))
                && channel.setup.wants(news.kind, news.severity)
                && channel.created_at <= news.created_at
                && news.alert_key.as_deref() != Some(channel.trouble_key().as_str())
        };
        channels.iter().filter(is_for).map(|channel| self.notification(news, channel)).collect()
    }

    /// A notification that waits for its turn in a channel.
    pub(super) fn notification(&self, news: &News, channel: &Channel) -> Notification {
        let last = channel.last_sent_at.filter(|_| !news.kind.stands_alone());
        Notification {
            id: NotificationId::new(&self.ports.ids),
            channel: channel.id,
            agency: channel.agency,
            tenant: news.tenant,
            channel_tenant: channel.tenant,
            kind: news.kind,
            severity: news.severity,
            person: news.person.clone(),
            dedup_key: news.dedup_key.clone(),
            subject: news.subject.clone(),
            text: news.text.clone(),
            html: news.html.clone(),
            data: news.data.clone(),
            status: NotificationStatus::Pending,
            message: None,
            tries: 0,
            error: None,
            next_try_at: channel.setup.may_leave_at(news.severity, last, self.ports.clock.now()),
            sent_at: None,
            created_at: news.created_at,
        }
    }
}

/// The chain on which the mark is made that something was routed.
fn chain_of(agency: Option<AgencyId>, tenant: Option<TenantId>) -> Chain {
    match (tenant, agency) {
        (Some(tenant), _) => Chain::Tenant(tenant),
        (None, agency) => Chain::Agency(agency.unwrap_or(AgencyId::INSTALLATION)),
    }
}

fn news_of_alert(alert: Alert) -> News {
    let data = json!({
        "alert": alert.id,
        "alert_type": alert.alert_type,
        "severity": alert.severity,
        "message": alert.message,
        "details": alert.details,
        "tenant": alert.tenant,
    });
    News {
        agency: alert.agency,
        tenant: alert.tenant,
        kind: NoticeKind::Alert,
        severity: alert.severity,
        person: None,
        dedup_key: format!("alert:{}", alert.id),
        alert_key: Some(alert.dedup_key),
        subject: alert.alert_type.as_str().replace('_', " "),
        text: alert.message,
        html: None,
        data,
        created_at: alert.created_at,
    }
}

fn news_of_notice(notice: Notice) -> News {
    News {
        agency: Some(notice.agency),
        tenant: notice.tenant,
        kind: notice.kind,
        severity: notice.severity,
        person: notice.person,
        dedup_key: notice.dedup_key,
        alert_key: None,
        subject: notice.subject,
        text: notice.text,
        html: notice.html,
        data: notice.data,
        created_at: notice.created_at,
    }
}
