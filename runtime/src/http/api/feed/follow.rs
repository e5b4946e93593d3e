//! A feed that stays open.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::stream::{self, Stream};
use tenants::audit::{AuditEntry, Chain};
use tenants::clock::Timestamp;
use tokio::sync::watch;

use crate::http::access::{TenantAccess, Who};
use crate::http::api::audit::AuditEntryView;
use crate::http::state::AppState;

/// Entries read from the log at once.
pub const READ_AT_ONCE: u32 = 200;

/// Looks into the log follow each other no closer: what came between two looks is read at once.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// So long a person who may listen is believed to be allowed it still.
const BELIEVED_FOR: Duration = Duration::from_secs(5);

/// Follows the log of the tenant, beginning after a position. Ends when the node stops or the caller may not see it any more.
pub fn stream(
    state: AppState,
    access: TenantAccess,
    after: i64,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let keep_alive = KeepAlive::new().interval(state.settings.feed_keep_alive).text("ping");
    let feed = Feed {
        log: state.ports.wake.watch_log(&access.tenant.id),
        looked_at: None,
        is_behind: true,
        open: OpenFeed::begin(state),
        access,
        after,
        unsent: VecDeque::new(),
        allowed_at: None,
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
    log: watch::Receiver<()>,
    /// When the log was last read.
    looked_at: Option<Timestamp>,
    /// Whether the log held more when it was last read, or was not read yet.
    is_behind: bool,
    access: TenantAccess,
    /// Position of the last entry read.
    after: i64,
    unsent: VecDeque<AuditEntry>,
    /// When the caller was last known to be allowed to listen.
    allowed_at: Option<Timestamp>,
}

impl Feed {
    async fn next(&mut self) -> Option<AuditEntry> {
        loop {
            if let Some(entry) = self.unsent.pop_front() {
                return Some(entry);
            }
            if !self.is_behind && !self.wait().await {
                return None;
            }
            if !self.is_still_allowed().await {
                return None;
            }
            self.read().await;
        }
    }

    /// Who was withdrawn must not go on listening.
    async fn is_still_allowed(&mut self) -> bool {
        let state = &self.open.0;
        if state.ports.tasks.is_stopping() {
            return false;
        }
        let now = state.ports.clock.now();
        // What a person may is in the database, which a busy feed must not ask for every entry; keys are in memory.
        let is_person = matches!(self.access.caller.who(), Who::User(_));
        if is_person && self.allowed_at.is_some_and(|at| now.since(at) < BELIEVED_FOR) {
            return true;
        }
        let is_allowed = self.access.still_holds(state).await;
        self.allowed_at = is_allowed.then_some(now);
        is_allowed
    }

    async fn read(&mut self) {
        // What grows from here on is new.
        self.log.mark_unchanged();
        self.looked_at = Some(self.open.0.ports.clock.now());
        let chain = Chain::Tenant(self.access.tenant.id);
        match self.open.0.ports.store.audit_since(&chain, self.after, READ_AT_ONCE).await {
            Ok(entries) => {
                self.is_behind = entries.len() == READ_AT_ONCE as usize;
                self.after = entries.last().map_or(self.after, |entry| entry.seq);
                self.unsent.extend(entries);
            }
            Err(error) => {
                self.is_behind = false;
                tracing::warn!(%error, "a live feed could not read on; it tries again");
            }
        }
    }

    /// Waits until there may be something new; false when the node stops. Hints get lost, so it looks now and then
    /// without one.
    async fn wait(&mut self) -> bool {
        let ports = &self.open.0.ports;
        let grown = async {
            // The sender goes only when nobody watches.
            let _ = self.log.changed().await;
            if let Some(looked_at) = self.looked_at {
                ports.clock.sleep_until(looked_at + LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = ports.tasks.stopping() => false,
            () = ports.clock.sleep(self.open.0.settings.feed_keep_alive) => true,
            () = grown => true,
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
