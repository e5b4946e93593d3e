//! Sends what is due. Webhooks take turns, each has a few tries under way at most, and those that are slow or fail have
//! one: whoever does not answer keeps nobody else waiting.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::json;
use tenants::alert::{AlertType, NewAlert};
use tenants::audit::{Chain, NewAuditEntry};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AlertId, AuditId, WebhookId};
use tenants::ports::{Hint, StoreError};
use tenants::webhook::{
    Answer, Attempted, DeliveryState, Disabled, DisabledReason, EventMessage, PATIENCE, Webhook,
    WebhookAttempt, WebhookChange, WebhookDelivery, pause_after,
};
use tracing::{info, warn};

use super::WebhookDesk;
use crate::supervision::{Part, PartResult};

/// Time between two looks for what is due without a hint.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The same while there are no webhooks.
const LOOK_WITHOUT_EVERY: Duration = Duration::from_secs(5);
/// A receiver that takes longer is slow.
const SLOW: Duration = Duration::from_secs(3);
/// A try counts as lost so long after its time is over: what came of it has to be stored, too.
const GRACE: Duration = Duration::from_secs(30);
/// The longest that a receiver may ask to be left alone.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3_600);
/// Who stands in the log as having disabled a webhook.
const ACTOR: &str = "webhooks";

/// The end of a try.
struct Ended {
    webhook: WebhookId,
    was_troubled: bool,
    /// `None` when the try came to no end.
    took: Option<Duration>,
}

type UnderWay = FuturesUnordered<Pin<Box<dyn Future<Output = Ended> + Send>>>;

/// What is under way.
#[derive(Default)]
struct Load {
    tries: UnderWay,
    each: HashMap<WebhookId, usize>,
    troubled: usize,
    slow: HashSet<WebhookId>,
    turn: usize,
}

impl Load {
    fn is_troubled(&self, webhook: &Webhook) -> bool {
        webhook.failing_since.is_some() || self.slow.contains(&webhook.id)
    }

    /// How many more tries a webhook may have under way.
    fn room(&self, webhook: &Webhook, most: usize, most_each: usize) -> usize {
        let left = most.saturating_sub(self.tries.len());
        let own = self.each.get(&webhook.id).copied().unwrap_or(0);
        if !self.is_troubled(webhook) {
            return most_each.saturating_sub(own).min(left);
        }
        // All the troubled ones together leave half of the places to the others.
        usize::from(own == 0 && left > 0 && self.troubled < most.div_ceil(2))
    }

    fn ended(&mut self, ended: &Ended) {
        if let Some(own) = self.each.get_mut(&ended.webhook) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                self.each.remove(&ended.webhook);
            }
        }
        self.troubled = self.troubled.saturating_sub(usize::from(ended.was_troubled));
        match ended.took {
            Some(took) if took <= SLOW => _ = self.slow.remove(&ended.webhook),
            _ => _ = self.slow.insert(ended.webhook),
        }
    }
}

impl WebhookDesk {
    /// Sends what is due, until the node stops. To be supervised.
    ///
    /// # Errors
    /// None: failures of the database are waited out.
    pub async fn deliver(self, part: Part) -> PartResult {
        let mut load = Load::default();
        loop {
            let in_use = self.0.in_use.load(Ordering::Relaxed);
            if in_use && let Err(error) = self.begin_due(&mut load).await {
                warn!(%error, "deliveries to webhooks could not be begun, trying again");
            }
            self.0.metrics.under_way.set(load.tries.len() as i64);
            let pause = if in_use { LOOK_EVERY } else { LOOK_WITHOUT_EVERY };
            tokio::select! {
                // Tries that are under way are tasks of their own and may come to their end.
                () = part.stopping() => return Ok(()),
                Some(ended) = load.tries.next() => load.ended(&ended),
                () = self.0.due.notified() => {}
                () = self.0.ports.clock.sleep(pause) => {}
            }
        }
    }

    /// Begins as many tries as there is room for.
    async fn begin_due(&self, load: &mut Load) -> Result<(), StoreError> {
        let settings = self.0.settings;
        let now = self.0.ports.clock.now();
        let mut webhooks = self.0.rows.webhooks_due(now).await?;
        if webhooks.is_empty() {
            return Ok(());
        }
        // Whoever was first is last next time.
        load.turn = (load.turn + 1) % webhooks.len();
        webhooks.rotate_left(load.turn);
        for webhook in webhooks {
            let room = load.room(&webhook, settings.most, settings.most_each);
            if room == 0 {
                continue;
            }
            let limit = u32::try_from(room).unwrap_or(1);
            let due = self.0.rows.due_deliveries(&webhook.id, now, limit).await?;
            if due.is_empty() || !self.claim(&webhook, &due).await? {
                continue;
            }
            for delivery in due {
                self.begin(load, webhook.clone(), delivery);
            }
        }
        Ok(())
    }

    /// Claims deliveries; false when somebody else has one of them.
    async fn claim(&self, webhook: &Webhook, due: &[WebhookDelivery]) -> Result<bool, StoreError> {
        let at = self.0.ports.clock.now();
        let claim = WebhookChange::Claim {
            webhook: webhook.id,
            deliveries: due.iter().map(|delivery| delivery.id).collect(),
            at,
            until: at + self.0.settings.timeout + GRACE,
        };
        match self.commit(webhook, vec![Change::Webhook(claim)]).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn begin(&self, load: &mut Load, webhook: Webhook, delivery: WebhookDelivery) {
        let (id, was_troubled) = (webhook.id, load.is_troubled(&webhook));
        *load.each.entry(id).or_default() += 1;
        load.troubled += usize::from(was_troubled);
        let desk = self.clone();
        let tried = self
            .0
            .ports
            .tasks
            .spawn("webhook_delivery", async move { desk.deliver_one(&webhook, delivery).await });
        load.tries.push(Box::pin(async move {
            let took = tried.await.ok().flatten();
            Ended { webhook: id, was_troubled, took }
        }));
    }

    /// One try, and what came of it. Gives how long it took.
    async fn deliver_one(&self, webhook: &Webhook, delivery: WebhookDelivery) -> Option<Duration> {
        match self.try_once(webhook, &delivery).await {
            Ok(took) => Some(took),
            Err(error) => {
                warn!(webhook.id = %webhook.id, %error, "a delivery could not be recorded, it is tried again");
                None
            }
        }
    }

    async fn try_once(&self, webhook: &Webhook, delivery: &WebhookDelivery) -> Result<Duration, StoreError> {
        let chain = delivery.tenant.map_or(Chain::Agency(delivery.agency), Chain::Tenant);
        let at = self.0.ports.clock.now();
        let found = self.0.ports.store.audit_since(&chain, delivery.seq - 1, 1).await?;
        let entry = found.into_iter().find(|entry| entry.id == delivery.entry);
        let (answer, took) = match &entry {
            Some(entry) => self.send(webhook, &EventMessage::of_entry(delivery, entry)).await?,
            None => (Answer::unsent("its entry is not in the log any more"), Duration::ZERO),
        };
        let attempt = WebhookAttempt {
            number: delivery.tries + 1,
            at,
            took_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
            status: answer.status,
            error: answer.error.clone(),
            response: answer.response.clone(),
        };
        let ended = self.ended(delivery, attempt, &answer, entry.is_some());
        let (state, now) = (ended.state, ended.at);
        match self.commit(webhook, vec![Change::Webhook(WebhookChange::Attempted(Box::new(ended)))]).await {
            Ok(()) => {}
            // It took so long that another try was begun, which tells what came of it.
            Err(StoreError::Conflict(_)) => return Ok(took),
            Err(error) => return Err(error),
        }
        if state != DeliveryState::Pending {
            self.0.metrics.deliveries.with_label_values(&[state.as_str()]).inc();
        }
        if let Some(reason) = reason_to_disable(webhook, &answer, now) {
            self.disable(webhook, reason, &answer, now).await?;
        }
        Ok(took)
    }

    fn ended(
        &self,
        delivery: &WebhookDelivery,
        attempt: WebhookAttempt,
        answer: &Answer,
        is_there: bool,
    ) -> Attempted {
        let now = self.0.ports.clock.now();
        let failures = if answer.is_taken() { 0 } else { delivery.failures + 1 };
        let luck = self.0.ports.ids.random_u64() as f64 / u64::MAX as f64;
        let pause = pause_after(failures, luck).filter(|_| is_there);
        let rest = answer.retry_after.unwrap_or_default().min(LONGEST_REST);
        let state = match (answer.is_taken(), pause) {
            (true, _) => DeliveryState::Delivered,
            (false, Some(_)) => DeliveryState::Pending,
            (false, None) => DeliveryState::Failed,
        };
        Attempted {
            webhook: delivery.webhook,
            delivery: delivery.id,
            tenant: delivery.tenant,
            attempt,
            state,
            failures,
            next_try_at: now + pause.unwrap_or_default().max(rest),
            at: now,
        }
    }

    /// Switches a webhook off and tells its agency what to do.
    async fn disable(
        &self,
        webhook: &Webhook,
        reason: DisabledReason,
        answer: &Answer,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let ids = &self.0.ports.ids;
        let (name, host) = (&webhook.setup.name, webhook.host());
        let told = match reason {
            DisabledReason::Gone => "its receiver answered 410 Gone".to_owned(),
            _ => {
                let said = answer.error.as_deref().unwrap_or("it did not answer");
                format!("everything sent to it has failed for five days, last because {said}")
            }
        };
        let alert = NewAlert {
            id: AlertId::new(ids),
            agency: Some(webhook.agency),
            tenant: None,
            alert_type: AlertType::WebhookDisabled,
            severity: None,
            message: format!(
                "the webhook {name} to {host} was disabled: {told}. Mend the receiver, try it with `test`, and enable the \
                 webhook: what has happened meanwhile is sent then"
            ),
            details: json!({ "webhook": webhook.id, "reason": reason, "error": answer.error }),
            dedup_key: webhook.trouble_key(),
        };
        let entry = NewAuditEntry {
            id: AuditId::new(ids),
            event_type: "webhook.disabled".to_owned(),
            action: "disable".to_owned(),
            resource_type: "webhook".to_owned(),
            resource_id: webhook.id.to_string(),
            actor: ACTOR.to_owned(),
            success: true,
            error: None,
            details: json!({ "name": name, "host": host, "reason": reason, "error": answer.error }).into(),
            at,
        };
        let disabled = Disabled { reason, since: at };
        let list = vec![
            Change::Webhook(WebhookChange::Disable { webhook: webhook.id, disabled }),
            Change::RaiseAlert(Box::new(alert), at),
            Change::Audit(Box::new(entry)),
        ];
        match self.commit(webhook, list).await {
            Ok(()) => {
                info!(webhook.id = %webhook.id, %reason, "a webhook was disabled");
                self.0.ports.wake.send(Hint::AgencyAudit(webhook.agency));
                Ok(())
            }
            // Another try has found the same.
            Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn commit(&self, webhook: &Webhook, list: Vec<Change>) -> Result<(), StoreError> {
        self.0.ports.store.commit(Changes { chain: Chain::Agency(webhook.agency), list }).await
    }
}

fn reason_to_disable(webhook: &Webhook, answer: &Answer, now: Timestamp) -> Option<DisabledReason> {
    if answer.is_gone() {
        return Some(DisabledReason::Gone);
    }
    let since = webhook.failing_since.filter(|_| !answer.is_taken())?;
    (now.since(since) >= PATIENCE).then_some(DisabledReason::Failing)
}
