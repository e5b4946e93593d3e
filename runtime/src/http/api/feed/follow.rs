//! A feed that stays open.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::stream::{self, Stream};
use tenants::audit::{AuditEntry, Chain};
use tenants::ids::TenantId;
use tenants::ports::Hint;
use tokio::sync::broadcast;

use crate::http::access::TenantAccess;
use crate::http::api::audit::AuditEntryView;
use crate::http::state::AppState;

/// Entries read from the log at once.
pub const READ_AT_ONCE: u32 = 200;

/// Follows the log of the tenant, beginning after a position. Ends when the node stops or the caller may not see it any more.
pub fn stream(
    state: AppState,
    access: TenantAccess,
    after: i64,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let keep_alive = KeepAlive::new().interval(state.settings.feed_keep_alive).text("ping");
    let feed = Feed {
        hints: state.ports.wake.subscribe(),
        open: OpenFeed::begin(state),
        access,
        after,
        unsent: VecDeque::new(),
    };
    let events = stream::unfold(feed, |mut feed| async move {
        let entry = feed.next().await?;
        Some((Ok(event(entry)), feed))
    });
    Sse::new(events).keep_alive(keep_alive)
}

fn event(entry: AuditEntry) -> Event {
    let view = AuditEntryView::from(entry);
    let event = Event::default().id(view.seq.to_string()).event(&view.event_type);
    // Strings, numbers and JSON values always serialise.
    event.json_data(&view).unwrap_or_default()
}

struct Feed {
    open: OpenFeed,
    hints: broadcast::Receiver<Hint>,
    access: TenantAccess,
    /// Position of the last entry read.
    after: i64,
    unsent: VecDeque<AuditEntry>,
}

impl Feed {
    async fn next(&mut self) -> Option<AuditEntry> {
        loop {
            if let Some(entry) = self.unsent.pop_front() {
                return Some(entry);
            }
            if !self.is_still_allowed().await {
                return None;
            }
            self.read().await;
            if self.unsent.is_empty() && !self.wait().await {
                return None;
            }
        }
    }

    /// Who was withdrawn must not go on listening.
    async fn is_still_allowed(&self) -> bool {
        let state = &self.open.0;
        !state.ports.tasks.is_stopping() && self.access.still_holds(state).await
    }

    async fn read(&mut self) {
        let chain = Chain::Tenant(self.access.tenant.id);
        match self.open.0.ports.store.audit_since(&chain, self.after, READ_AT_ONCE).await {
            Ok(entries) => {
                self.after = entries.last().map_or(self.after, |entry| entry.seq);
                self.unsent.extend(entries);
            }
            Err(error) => tracing::warn!(%error, "a live feed could not read on; it tries again"),
        }
    }

    /// Waits until there may be something new; false when the node stops. Hints get lost, so it looks now and then
    /// without one.
    async fn wait(&mut self) -> bool {
        let ports = &self.open.0.ports;
        tokio::select! {
            () = ports.tasks.stopping() => false,
            () = ports.clock.sleep(self.open.0.settings.feed_keep_alive) => true,
            () = log_grew(&mut self.hints, self.access.tenant.id) => true,
        }
    }
}

async fn log_grew(hints: &mut broadcast::Receiver<Hint>, tenant: TenantId) {
    loop {
        match hints.recv().await {
            Ok(Hint::Audit(of)) if of == tenant => return,
            Ok(_) => {}
            // Hints were missed; one of them may have been ours.
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// Counts a feed for as long as it is open.
struct OpenFeed(AppState);

impl OpenFeed {
    fn begin(state: AppState) -> Self {
        state.metrics.feeds.inc();
        Self(state)
    }
}

impl Drop for OpenFeed {
    fn drop(&mut self) {
        self.0.metrics.feeds.dec();
    }
}
