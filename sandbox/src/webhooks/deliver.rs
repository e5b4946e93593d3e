//! The dispatcher: takes updates from the queue, lets faults have their way, and posts them concurrently.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc::UnboundedReceiver};

use super::{
    Envelope, Update,
    body::body,
    log::{Delivery, DeliveryOutcome},
    payload,
    sign::{sha1_header, sha256_header},
};
use crate::{
    core::Core,
    faults::{WebhookFault, kinds::Batching},
    ids::MessageId,
};

/// Runs until the sandbox stops.
pub(crate) async fn run(core: Arc<Core>, mut updates: UnboundedReceiver<Update>) {
    let permits = Arc::new(Semaphore::new(core.options.deliver.concurrency.max(1)));
    let shutdown = core.shutdown.clone();
    let dispatch = async {
        while let Some(first) = updates.recv().await {
            for batch in gather(&core, first, &mut updates).await {
                let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
                let (core, permits) = (Arc::clone(&core), Arc::clone(&permits));
                let tracker = core.tracker.clone();
                tracker.spawn(deliver(core, batch, permit, permits));
            }
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = dispatch => {}
    }
}

/// Collects updates that travel together, one batch per app.
async fn gather(
    core: &Arc<Core>,
    first: Update,
    updates: &mut UnboundedReceiver<Update>,
) -> Vec<Vec<Update>> {
    let batching = core.batching();
    let mut admitted = admit(core, first);
    while admitted.len() < batching.size {
        match next_within(updates, Duration::from_millis(batching.linger_ms)).await {
            Some(update) => admitted.extend(admit(core, update)),
            None => break,
        }
    }
    let mut batches: Vec<Vec<Update>> = Vec::new();
    for update in admitted {
        let fitting = batches.iter_mut().find(|batch| fits(batch, &update, &batching));
        match fitting {
            Some(batch) => batch.push(update),
            None => batches.push(vec![update]),
        }
    }
    batches
}

fn fits(batch: &[Update], update: &Update, batching: &Batching) -> bool {
    batch.len() < batching.size
        && update.raw.is_none()
        && batch.first().is_some_and(|first| {
            first.raw.is_none() && first.app == update.app && first.wrong_signature == update.wrong_signature
        })
}

async fn next_within(updates: &mut UnboundedReceiver<Update>, linger: Duration) -> Option<Update> {
    if linger.is_zero() {
        return updates.try_recv().ok();
    }
    tokio::time::timeout(linger, updates.recv()).await.ok().flatten()
}

/// Lets the webhook faults act on an update; answers what is to be sent now.
fn admit(core: &Arc<Core>, mut update: Update) -> Vec<Update> {
    if update.released {
        return vec![update];
    }
    update.released = true;
    let mut now = Vec::with_capacity(1);
    let mut copies = 0;
    let mut delay = Duration::ZERO;
    for fault in core.webhook_faults(&update) {
        match fault {
            WebhookFault::Drop => {
                finish(core, &[update], 0, None, DeliveryOutcome::Dropped, Vec::new());
                return Vec::new();
            }
            WebhookFault::Duplicate { more } => copies += more,
            WebhookFault::Delay { by } => delay += by,
            WebhookFault::WrongSignature => update.wrong_signature = true,
            WebhookFault::EditZero => now.extend(edit_zero(&update)),
        }
    }
    core.deliveries.count(now.len() + copies);
    for _ in 0..copies {
        now.push(Update { ticket: None, ..update.clone() });
    }
    if delay.is_zero() {
        now.insert(0, update);
    } else {
        push_later(core, update, delay);
    }
    now
}

fn edit_zero(update: &Update) -> Option<Update> {
    let mid = update.value.get("message")?.get("mid")?.as_str()?;
    let value = payload::edit_zero(&MessageId::new(mid), update.at);
    let edit = Update::new(
        update.app.clone(),
        update.account.clone(),
        "message_edit",
        Envelope::Messaging,
        value,
        update.at,
    );
    Some(Update { released: true, ..edit })
}

fn push_later(core: &Arc<Core>, update: Update, delay: Duration) {
    let core = Arc::clone(core);
    let tracker = core.tracker.clone();
    tracker.spawn(async move {
        tokio::select! {
            () = core.shutdown.cancelled() => core.deliveries.settle(1),
            () = tokio::time::sleep(delay) => core.deliveries.push_counted(update),
        }
    });
}

/// Posts until it is accepted, the attempts run out or the sandbox stops. Pauses hold no permit. What a stop
/// interrupts stays among the undelivered and is sent again by the sandbox that goes on from the state file.
async fn deliver(core: Arc<Core>, batch: Vec<Update>, permit: OwnedSemaphorePermit, permits: Arc<Semaphore>) {
    let body = body(&batch);
    let delays = core.options.deliver.retry_delays.clone();
    let mut attempts = 0;
    let mut permit = Some(permit);
    let mut status = None;
    for delay in std::iter::once(Duration::ZERO).chain(delays) {
        if attempts > 0 {
            tokio::select! {
                () = core.shutdown.cancelled() => return core.deliveries.settle(batch.len()),
                () = tokio::time::sleep(delay) => {}
            }
            permit = Arc::clone(&permits).acquire_owned().await.ok();
        }
        attempts += 1;
        // Looked up for every attempt: the subscription may have changed since.
        let Some((url, secret)) = core.callback_of(&batch[0].app) else { break };
        let secret = if batch[0].wrong_signature { format!("{secret}-wrong") } else { secret };
        status = tokio::select! {
            () = core.shutdown.cancelled() => return core.deliveries.settle(batch.len()),
            status = post(&core, url, &secret, &body) => status,
        };
        drop(permit.take());
        if status.is_some_and(|status| (200..300).contains(&status)) {
            finish(&core, &batch, attempts, status, DeliveryOutcome::Accepted, body);
            return;
        }
        tracing::debug!(attempts, ?status, "webhook not accepted");
    }
    finish(&core, &batch, attempts, status, DeliveryOutcome::GivenUp, body);
}

/// One attempt; `None` when no answer came.
async fn post(core: &Core, url: String, secret: &str, body: &[u8]) -> Option<u16> {
    let answer = core
        .webhook_client
        .post(url)
        .header("Content-Type", "application/json")
        .header("User-Agent", "facebookexternalua")
        .header("X-Hub-Signature-256", sha256_header(secret, body))
        .header("X-Hub-Signature", sha1_header(secret, body))
        .header("Instagram-API-Version", &core.options.api_version)
        .body(body.to_vec())
        .send()
        .await;
    answer.ok().map(|answer| answer.status().as_u16())
}

fn finish(
    core: &Core,
    batch: &[Update],
    attempts: u32,
    status: Option<u16>,
    outcome: DeliveryOutcome,
    body: Vec<u8>,
) {
    if let Some(first) = batch.first() {
        core.log_delivery(Delivery {
            sequence: 0,
            at: core.clock.now(),
            app: first.app.clone(),
            fields: batch.iter().map(|update| update.field.clone()).collect(),
            attempts,
            status,
            outcome,
            body: String::from_utf8_lossy(&body).into_owned(),
        });
    }
    core.forget_undelivered(batch);
    core.deliveries.settle(batch.len());
}
