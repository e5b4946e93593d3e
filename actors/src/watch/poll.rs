//! One comparison of an account with what Instagram shows.

use std::collections::HashSet;
use std::time::Duration;

use tenants::account::{Account, Tenant};
use tenants::audit::NewAuditEntry;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::event::NewEvent;
use tenants::ids::{AuditId, EventId};
use tenants::ports::{
    Accepted, AccountWatch, Delivery, Hint, ReadOf, Seen, SeenItem, SeenMedia, SendError, StoreError, Watched,
};
use tracing::{info, warn};

use super::Watcher;
use super::alerts::About;
use super::compare::{Compared, KINDS, compare, media_to_read, note_media};
use super::engagement::{Low, notice};

/// Messages are read again from so long before the last poll: Instagram shows some of them late.
const OVERLAP: Duration = Duration::from_secs(600);

/// What was read of an account.
struct Sight {
    media: Vec<SeenMedia>,
    items: Vec<SeenItem>,
    /// Media whose comments were read, and how many comments and replies were listed there.
    read: HashSet<String>,
    listed: usize,
    /// Comments that Instagram counts below these.
    counted: u64,
    /// Older messages than could be read may be missing.
    is_cut: bool,
}

impl Watcher {
    /// Polls an account and stores when it is polled next, whatever comes of it.
    pub(super) async fn poll(&self, watch: &AccountWatch) -> Result<(), StoreError> {
        let shared = &self.0;
        let (now, settings) = (shared.ports.clock.now(), &shared.settings);
        let mut seen = watch.seen.clone();
        let longest = now + Duration::from_secs(settings.longest_poll_s.max(1));
        let poll_at = match self.find(watch).await? {
            Some((tenant, account)) if settings.polls => {
                match shared.dispatcher.readable_at(&tenant.id, &account.id, now).await? {
                    Some(at) if at <= now => self.poll_now(&tenant, &account, &mut seen, now).await?,
                    Some(at) => at.min(longest),
                    None => longest,
                }
            }
            _ => longest,
        };
        let watched = Watched::Polled { seen: Box::new(seen), poll_at };
        shared.ports.store.put_watched(&watch.tenant, &watch.account, watched, now).await
    }

    async fn poll_now(
        &self,
        tenant: &Tenant,
        account: &Account,
        seen: &mut Seen,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let settings = &self.0.settings;
        let since = settings.oldest(account.created_at, now);
        let sight = match self.see(account, seen, since).await {
            Ok(sight) => sight,
            Err(error) => return self.cannot_see(tenant, account, seen, &error, now).await,
        };
        (seen.failures, seen.error) = (0, None);
        let compared = self.compare(account, sight.items.clone(), since, now).await?;
        self.note(seen, &sight, &compared, now);
        let about = About { ids: &self.0.ports.ids, tenant, account, now };
        if !compared.missing.is_empty() {
            self.make_up(&about, &compared.missing, seen).await?;
        }
        self.tell(&about, &sight, &compared, seen).await?;
        if !compared.missing.is_empty() || compared.is_early {
            return Ok(now + Duration::from_secs(settings.poll_every_s.max(1)));
        }
        Ok(settings.next_poll(seen.last_activity_at.unwrap_or(account.created_at), now))
    }

    /// Reads what may have changed, with as few calls as that takes.
    async fn see(&self, account: &Account, seen: &Seen, since: Timestamp) -> Result<Sight, SendError> {
        let reader = &self.0.ports.activity;
        let media = self.heard_from(account, reader.recent_media(account).await)?;
        let mut sight = Sight {
            items: Vec::new(),
            read: HashSet::new(),
            listed: 0,
            counted: 0,
            is_cut: false,
            media: media.clone(),
        };
        for media in media_to_read(&media, seen).into_iter().take(self.0.settings.media_at_once.max(1)) {
            let found = self.heard_from(account, reader.comments_below(account, &media.id, since).await)?;
            sight.read.insert(media.id.clone());
            sight.listed += found.listed;
            sight.counted += media.comments.unwrap_or(0);
            sight.items.extend(found.items);
        }
        let from = seen.messages_from.map_or(since, |from| from.max(since));
        let found = self.heard_from(account, reader.messages(account, from).await)?;
        sight.is_cut = found.is_cut;
        sight.items.extend(found.items);
        Ok(sight)
    }

    /// Lets the dispatcher learn from an answer.
    fn heard_from<T>(&self, account: &Account, answer: Result<ReadOf<T>, SendError>) -> Result<T, SendError> {
        match answer {
            Ok(read) => {
                self.0.dispatcher.has_read(&account.id, Ok(&read.usage));
                Ok(read.found)
            }
            Err(error) => {
                self.0.dispatcher.has_read(&account.id, Err(&error));
                Err(error)
            }
        }
    }

    async fn cannot_see(
        &self,
        tenant: &Tenant,
        account: &Account,
        seen: &mut Seen,
        error: &SendError,
        now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        warn!(account.id = %account.id, %error, "an account could not be polled");
        seen.failures = seen.failures.saturating_add(1);
        seen.error = Some(error.to_string());
        self.token_refused(tenant, account, error, now).await?;
        let next = self.0.settings.next_try(seen.failures, now);
        Ok(error.retry_after.map_or(next, |pause| next.max(now + pause)))
    }

    /// An account whose token is dead rests from now on, and somebody is told.
    pub(super) async fn token_refused(
        &self,
        tenant: &Tenant,
        account: &Account,
        error: &SendError,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let ports = &self.0.ports;
        let refused = self.0.dispatcher.token_refused_to_reader(account, tenant.agency, error, since);
        let Some(changes) = refused else { return Ok(()) };
        ports.store.commit(changes).await?;
        ports.wake.send(Hint::TenantChanged(tenant.id));
        Ok(())
    }

    async fn compare(
        &self,
        account: &Account,
        items: Vec<SeenItem>,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Compared, StoreError> {
        if items.is_empty() {
            return Ok(Compared::default());
        }
        let store = &self.0.ports.store;
        let ids: Vec<&str> = items.iter().map(|item| item.external_id.as_str()).collect();
        let known = store.known_events(&account.tenant, &KINDS, &ids).await?;
        let ours = store.claimed_instagram_ids(&account.tenant, &account.id, since).await?;
        let (known, ours) = (known.into_iter().collect(), ours.into_iter().collect());
        Ok(compare(items, &known, &ours, now, self.0.settings.grace()))
    }

    /// Remembers what need not be read again. Where something may still come, it is.
    fn note(&self, seen: &mut Seen, sight: &Sight, compared: &Compared, now: Timestamp) {
        let read = sight.read.iter().map(String::as_str).filter(|_| !compared.is_early);
        note_media(seen, &sight.media, &read.collect());
        if !sight.is_cut {
            seen.messages_from = Some(now - OVERLAP);
        }
        let newest_media = sight.media.iter().map(|media| media.posted_at).max();
        let newest_item = sight.items.iter().map(|item| item.written_at).max();
        seen.last_activity_at = seen.last_activity_at.max(newest_media).max(newest_item);
    }

    /// Takes in what no webhook has told, with the alert about it.
    async fn make_up(
        &self,
        about: &About<'_>,
        missing: &[SeenItem],
        seen: &mut Seen,
    ) -> Result<(), StoreError> {
        let ports = &self.0.ports;
        let to_event = |item: &SeenItem| -> NewEvent {
            item.clone().into_event(EventId::new(&ports.ids), about.account, about.now)
        };
        let delivery = Delivery {
            events: missing.iter().map(to_event).collect(),
            alerts: vec![about.gap(missing)],
            ..Delivery::default()
        };
        let accepted = ports.store.accept(delivery).await?;
        let stored = accepted.iter().filter(|answer| **answer == Accepted::Stored).count();
        info!(account.id = %about.account.id, stored, "events that no webhook has told were taken in");
        seen.gap_at = seen.gap_at.max(missing.iter().map(|item| item.written_at).max());
        ports.wake.send(Hint::Events(about.tenant.id));
        Ok(())
    }

    /// Raises what else is to be told, and ends what is over.
    async fn tell(
        &self,
        about: &About<'_>,
        sight: &Sight,
        compared: &Compared,
        seen: &mut Seen,
    ) -> Result<(), StoreError> {
        let mut changes = Changes::of_tenant(about.tenant.id);
        // Webhooks work again when one has told of something later.
        if compared.missing.is_empty() && seen.gap_at.is_some() && compared.latest_known > seen.gap_at {
            seen.gap_at = None;
            changes.push(about.gap_over());
        }
        match (seen.is_blind, sight.listed, sight.counted) {
            (false, 0, 1..) => {
                seen.is_blind = true;
                changes.push(Change::RaiseAlert(Box::new(about.blind(sight.counted)), about.now));
            }
            (true, 1.., _) => {
                seen.is_blind = false;
                changes.push(about.blind_over());
            }
            _ => {}
        }
        let noticed = notice(seen, &sight.media, about.now, &self.0.settings);
        for low in &noticed.low {
            changes.push(Change::RaiseAlert(Box::new(about.low_engagement(low)), about.now));
            changes.push(self.low_entry(about, low));
        }
        changes.list.extend(noticed.over.iter().map(|media| about.low_engagement_over(media)));
        if changes.list.is_empty() {
            return Ok(());
        }
        self.0.ports.store.commit(changes).await?;
        self.0.ports.wake.send(Hint::Audit(about.tenant.id));
        Ok(())
    }

    fn low_entry(&self, about: &About<'_>, low: &Low) -> Change {
        Change::Audit(Box::new(NewAuditEntry {
            id: AuditId::new(&self.0.ports.ids),
            event_type: "media.low_engagement".to_owned(),
            action: "notice".to_owned(),
            resource_type: "media".to_owned(),
            resource_id: low.media.id.clone(),
            actor: tenants::event::Role::Engagement.to_string(),
            success: true,
            error: None,
            details: serde_json::json!({
                "account": about.account.id, "engagement": low.engagement, "median": low.median,
                "posted_at": low.media.posted_at,
            })
            .into(),
            at: about.now,
        }))
    }
}
