//! Reads the logs on and notes what is to be sent.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, DeliveryId, TenantId};
use tenants::ports::{Hint, StoreError};
use tenants::webhook::{DeliveryState, LoggedEvent, Webhook, WebhookChange, WebhookDelivery};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tracing::warn;

use super::WebhookDesk;
use crate::supervision::{Part, PartResult};

/// Time between two looks whether there are webhooks that nobody told of: those of other processes.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Time between two looks for logs that have grown without a hint.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Entries read at a time.
const AT_ONCE: u32 = 200;
/// A place that nothing was found before is stored when it has moved so far; until then it is only remembered.
const STORED_AFTER: i64 = 500;
/// Tenants looked for at a time.
const TENANTS_AT_ONCE: u32 = 500;
/// Most tenants whose agency is remembered.
const REMEMBERED: usize = 20_000;

impl WebhookDesk {
    /// Notes what is to be sent, until the node stops. To be supervised.
    ///
    /// # Errors
    /// None: failures of the database are waited out.
    pub async fn note(self, part: Part) -> PartResult {
        let mut reader = Reader::new(self);
        loop {
            if let Err(error) = reader.round().await {
                warn!(%error, "what webhooks are to be told could not be read, trying again");
            }
            let Reader { desk, hints, .. } = &mut reader;
            let heard = tokio::select! {
                () = part.stopping() => return Ok(()),
                () = desk.0.changed.notified() => Heard::Changed,
                () = desk.0.ports.clock.sleep(LOOK_EVERY) => Heard::Nothing,
                heard = hear(hints) => heard,
            };
            reader.take(heard);
        }
    }
}

/// What woke a reader.
enum Heard {
    Nothing,
    Changed,
    Grown(Chain),
    Lost,
}

/// Without webhooks nobody listens, so that an entry costs nothing then.
async fn hear(hints: &mut Option<broadcast::Receiver<Hint>>) -> Heard {
    let Some(hints) = hints else { return std::future::pending().await };
    loop {
        match hints.recv().await {
            Ok(hint) => {
                if let Some(chain) = chain_of(&hint) {
                    return Heard::Grown(chain);
                }
            }
            Err(RecvError::Lagged(_)) => return Heard::Lost,
            Err(RecvError::Closed) => return std::future::pending().await,
        }
    }
}

fn chain_of(hint: &Hint) -> Option<Chain> {
    match hint {
        Hint::Audit(tenant) => Some(Chain::Tenant(*tenant)),
        Hint::AgencyAudit(agency) => Some(Chain::Agency(*agency)),
        _ => None,
    }
}

/// How far a chain was read.
#[derive(Clone, Copy)]
struct Place {
    /// As it is stored.
    stored: i64,
    /// Up to here nothing is to be sent.
    seen: i64,
}

/// Who reads the logs.
struct Reader {
    desk: WebhookDesk,
    hints: Option<broadcast::Receiver<Hint>>,
    /// Agencies with webhooks.
    agencies: HashSet<AgencyId>,
    agency_of: HashMap<TenantId, AgencyId>,
    grown: HashSet<Chain>,
    places: HashMap<Chain, Place>,
    look_at: Timestamp,
    sweep_at: Timestamp,
}

impl Reader {
    fn new(desk: WebhookDesk) -> Self {
        let now = desk.0.ports.clock.now();
        Self {
            desk,
            hints: None,
            agencies: HashSet::new(),
            agency_of: HashMap::new(),
            grown: HashSet::new(),
            places: HashMap::new(),
            look_at: now,
            sweep_at: now,
        }
    }

    fn take(&mut self, heard: Heard) {
        let now = self.desk.0.ports.clock.now();
        match heard {
            Heard::Nothing => {}
            Heard::Changed => self.look_at = now,
            Heard::Grown(chain) => _ = self.grown.insert(chain),
            Heard::Lost => self.sweep_at = now,
        }
        while let Some(hints) = &mut self.hints {
            match hints.try_recv() {
                Ok(hint) => self.grown.extend(chain_of(&hint)),
                Err(TryRecvError::Lagged(_)) => self.sweep_at = now,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    async fn round(&mut self) -> Result<(), StoreError> {
        let now = self.desk.0.ports.clock.now();
        if self.look_at <= now {
            self.look().await?;
            self.look_at = now + LOOK_EVERY;
        }
        if self.agencies.is_empty() {
            self.grown.clear();
            return Ok(());
        }
        if self.sweep_at <= now {
            self.sweep().await?;
            self.sweep_at = now + SWEEP_EVERY;
        }
        while let Some(chain) = self.grown.iter().next().copied() {
            self.read_on(chain).await?;
            self.grown.remove(&chain);
        }
        Ok(())
    }

    /// Learns which agencies have webhooks. Logs of one that has its first are looked through: their hints went
    /// unheard.
    async fn look(&mut self) -> Result<(), StoreError> {
        let webhooks = self.desk.0.rows.all_webhooks().await?;
        let agencies: HashSet<AgencyId> = webhooks.iter().map(|webhook| webhook.agency).collect();
        self.desk.0.in_use.store(!agencies.is_empty(), Ordering::Relaxed);
        if agencies.iter().any(|agency| !self.agencies.contains(agency)) {
            self.sweep_at = self.desk.0.ports.clock.now();
        }
        match agencies.is_empty() {
            true => self.hints = None,
            false if self.hints.is_none() => self.hints = Some(self.desk.0.ports.wake.subscribe()),
            false => {}
        }
        self.agencies = agencies;
        Ok(())
    }

    /// Reads every log that has grown, heard of or not.
    async fn sweep(&mut self) -> Result<(), StoreError> {
        self.store_places().await?;
        for agency in self.agencies.clone() {
            self.read(Chain::Agency(agency), agency).await?;
            let mut after = None;
            loop {
                let tenants = self.desk.0.rows.unread_tenants(&agency, after, TENANTS_AT_ONCE).await?;
                for tenant in &tenants {
                    self.read(Chain::Tenant(*tenant), agency).await?;
                }
                after = tenants.last().copied();
                if tenants.len() < TENANTS_AT_ONCE as usize {
                    break;
                }
            }
        }
        // Places that were only remembered would be found again and again.
        self.store_places().await
    }

    async fn store_places(&mut self) -> Result<(), StoreError> {
        for (chain, place) in std::mem::take(&mut self.places) {
            let Some(agency) = self.agency(chain).await?.filter(|_| place.seen > place.stored) else {
                continue;
            };
            let unit = self.unit(chain, agency, place.stored, place.seen, Vec::new());
            match self.desk.0.ports.store.commit(unit).await {
                Ok(()) | Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The agency of a chain, if it has webhooks.
    async fn agency(&mut self, chain: Chain) -> Result<Option<AgencyId>, StoreError> {
        let agency = match chain {
            Chain::Agency(agency) => agency,
            Chain::Tenant(tenant) => match self.agency_of.get(&tenant) {
                Some(agency) => *agency,
                None => {
                    let found = self.desk.0.ports.store.find_tenant(&tenant).await?;
                    let Some(found) = found else { return Ok(None) };
                    if self.agency_of.len() >= REMEMBERED {
                        self.agency_of.clear();
                    }
                    self.agency_of.insert(tenant, found.agency);
                    found.agency
                }
            },
        };
        Ok(self.agencies.contains(&agency).then_some(agency))
    }

    async fn read_on(&mut self, chain: Chain) -> Result<(), StoreError> {
        match self.agency(chain).await? {
            Some(agency) => self.read(chain, agency).await,
            None => Ok(()),
        }
    }

    /// Reads a chain to its end.
    async fn read(&mut self, chain: Chain, agency: AgencyId) -> Result<(), StoreError> {
        loop {
            let place = self.place(chain).await?;
            let rows = &self.desk.0.rows;
            let entries = rows.logged_events(&chain, place.seen, AT_ONCE).await?;
            let Some(last) = entries.last() else { return Ok(()) };
            // Asked after the entries were read: a webhook that is not among them was made after all of them.
            let webhooks = rows.list_webhooks(&agency).await?;
            let upto = last.seq;
            let deliveries = self.deliveries(chain, &entries, &webhooks);
            if deliveries.is_empty() && upto - place.stored < STORED_AFTER {
                self.places.insert(chain, Place { seen: upto, ..place });
            } else if !self.store(chain, agency, place.stored, upto, deliveries).await? {
                return Ok(());
            }
            if entries.len() < AT_ONCE as usize {
                return Ok(());
            }
        }
    }

    async fn place(&self, chain: Chain) -> Result<Place, StoreError> {
        match self.places.get(&chain) {
            Some(place) => Ok(*place),
            None => {
                let stored = self.desk.0.rows.webhook_cursor(&chain).await?;
                Ok(Place { stored, seen: stored })
            }
        }
    }

    /// Stores what is to be sent, and the place. False when another node has read on meanwhile: it has stored the same.
    async fn store(
        &mut self,
        chain: Chain,
        agency: AgencyId,
        after: i64,
        upto: i64,
        deliveries: Vec<WebhookDelivery>,
    ) -> Result<bool, StoreError> {
        let number = deliveries.len() as u64;
        let unit = self.unit(chain, agency, after, upto, deliveries);
        match self.desk.0.ports.store.commit(unit).await {
            Ok(()) => {
                self.places.insert(chain, Place { stored: upto, seen: upto });
                self.desk.0.metrics.deliveries.with_label_values(&["added"]).inc_by(number);
                self.desk.0.due.notify_one();
                Ok(true)
            }
            Err(StoreError::Conflict(_)) => {
                self.places.remove(&chain);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn unit(
        &self,
        chain: Chain,
        agency: AgencyId,
        after: i64,
        upto: i64,
        deliveries: Vec<WebhookDelivery>,
    ) -> Changes {
        let note = WebhookChange::Note { agency, after, upto, deliveries };
        Changes { chain, list: vec![Change::Webhook(note)] }
    }

    fn deliveries(
        &self,
        chain: Chain,
        entries: &[LoggedEvent],
        webhooks: &[Webhook],
    ) -> Vec<WebhookDelivery> {
        let now = self.desk.0.ports.clock.now();
        let tenant = match chain {
            Chain::Tenant(tenant) => Some(tenant),
            Chain::Agency(_) => None,
        };
        let wanted = entries.iter().flat_map(|entry| {
            webhooks.iter().filter(move |it| it.wants(entry, tenant)).map(move |it| (entry, it))
        });
        wanted
            .map(|(entry, webhook)| WebhookDelivery {
                id: DeliveryId::new(&self.desk.0.ports.ids),
                webhook: webhook.id,
                agency: webhook.agency,
                tenant,
                seq: entry.seq,
                entry: entry.id,
                event_type: entry.event_type.clone(),
                happened_at: entry.at,
                state: DeliveryState::Pending,
                tries: 0,
                failures: 0,
                next_try_at: now,
                is_under_way: false,
                last_status: None,
                error: None,
                settled_at: None,
                created_at: now,
            })
            .collect()
    }
}
