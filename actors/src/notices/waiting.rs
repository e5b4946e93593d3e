//! Drafts and escalations that wait: told as numbers, because there may be hundreds in an hour.

use std::time::Duration;

use serde_json::json;
use tenants::alert::Severity;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::notice::{Channel, NoticeKind, Routing};
use tenants::ports::{Period, StoreError, Waiting};

use super::Desk;
use super::route::News;

/// What came within this time may not be committed yet; it is told with the next look.
const SETTLING: Duration = Duration::from_secs(2);
/// Least time between two such notifications.
const AT_LEAST: Duration = Duration::from_secs(60);

impl Desk {
    /// Tells every channel what has come to wait since it was told last.
    pub(super) async fn look_at_waiting(&self, channels: &[Channel]) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let until = now - SETTLING;
        for channel in channels {
            let setup = &channel.setup;
            if !setup.wants(NoticeKind::ApprovalsWaiting, Severity::Warning) {
                continue;
            }
            let pause = Duration::from_secs(u64::from(setup.digest_minutes) * 60).max(AT_LEAST);
            if channel.approvals_told_at.is_some_and(|told| now < told + pause) {
                continue;
            }
            let came = Period { from: channel.approvals_told_at.unwrap_or(channel.created_at), until };
            if came.from >= came.until {
                continue;
            }
            let waiting = self.ports.comms.waiting_for_people(&channel.agency, channel.tenant.as_ref(), came);
            let waiting = waiting.await?;
            if waiting.is_empty() {
                continue;
            }
            let notification = self.notification(&news(channel, &waiting, until), channel);
            let routing = Routing {
                told: vec![(channel.id, until)],
                notifications: vec![notification],
                ..Routing::default()
            };
            let list = vec![Change::RouteNotices(Box::new(routing))];
            self.ports.store.commit(Changes { chain: channel.chain(), list }).await?;
        }
        Ok(())
    }
}

fn news(channel: &Channel, waiting: &[Waiting], until: Timestamp) -> News {
    let drafts: i64 = waiting.iter().map(|it| it.drafts).sum();
    let escalations: i64 = waiting.iter().map(|it| it.escalations).sum();
    let lines = waiting
        .iter()
        .map(|it| format!("{}: {} to approve, {} to answer yourself", it.name, it.drafts, it.escalations));
    let by_tenant = waiting.iter().map(|it| {
        json!({ "tenant": it.tenant, "name": it.name, "drafts": it.drafts, "escalations": it.escalations })
    });
    News {
        agency: Some(channel.agency),
        tenant: channel.tenant,
        kind: NoticeKind::ApprovalsWaiting,
        severity: if escalations > 0 { Severity::Warning } else { Severity::Info },
        person: None,
        dedup_key: format!("waiting:{}", until.as_micros()),
        alert_key: None,
        subject: format!("{} new for you to decide", drafts + escalations),
        text: lines.collect::<Vec<_>>().join("\n"),
        html: None,
        data: json!({
            "drafts": drafts, "escalations": escalations, "tenants": by_tenant.collect::<Vec<_>>(),
        }),
        created_at: until,
    }
}
