//! Places at a provider, shared fairly between tenants.
//!
//! Start-time fair queueing: each request gets a start on a virtual clock, the later the more its tenant has asked for,
//! and the earliest start goes first. A tenant with a thousand requests waiting is therefore passed by the first request
//! of any other, and a tenant that had nothing to do neither saves up turns nor stands behind a flood.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus::IntGauge;
use tenants::ids::TenantId;
use tokio::sync::oneshot;

/// Virtual time of one request of a tenant with weight 1.
const REQUEST: u64 = 1_000_000;
/// Tenants remembered before those are forgotten that stand at the present anyway.
const TENANTS_KEPT: usize = 1_024;

/// The places at one provider.
#[derive(Debug)]
pub(super) struct Places {
    state: Mutex<State>,
    /// Shows how many wait.
    waiting: IntGauge,
}

#[derive(Debug, Default)]
struct State {
    limit: usize,
    taken: usize,
    clock: u64,
    /// Where each tenant's next request would start.
    next_start: HashMap<TenantId, u64>,
    line: BTreeMap<Turn, oneshot::Sender<Place>>,
    arrivals: u64,
}

/// A start on the virtual clock; requests of one start go in the order of their arrival.
type Turn = (u64, u64);

/// A place that is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Option<Arc<Places>>,
}

impl Places {
    pub fn new(limit: usize, waiting: IntGauge) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { limit, ..State::default() }), waiting })
    }

    /// Another number of places; those taken stay taken.
    pub fn set_limit(self: &Arc<Self>, limit: usize) {
        self.state().limit = limit;
        self.hand_out();
    }

    /// A place, as soon as it is the tenant's turn. Dropping the future leaves the line.
    pub async fn enter(self: &Arc<Self>, tenant: TenantId, weight: u32) -> Place {
        let (waiting, place) = match self.take_or_join(tenant, weight) {
            Ok(place) => return place,
            Err(waiting) => waiting,
        };
        let place = place.await;
        drop(waiting);
        // The sender is only dropped unsent together with these places, which this future holds.
        place.unwrap_or(Place { places: None })
    }

    fn take_or_join(
        self: &Arc<Self>,
        tenant: TenantId,
        weight: u32,
    ) -> Result<Place, (Waiting, oneshot::Receiver<Place>)> {
        let mut state = self.state();
        let start = state.start_of(tenant, weight);
        if state.line.is_empty() && state.taken < state.limit {
            state.taken += 1;
            state.clock = state.clock.max(start);
            return Ok(Place { places: Some(Arc::clone(self)) });
        }
        state.arrivals += 1;
        let turn = (start, state.arrivals);
        let (sender, receiver) = oneshot::channel();
        state.line.insert(turn, sender);
        self.waiting.inc();
        Err((Waiting { places: Arc::clone(self), turn }, receiver))
    }

    /// Gives free places to those whose turn it is.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let sender = {
                let mut state = self.state();
                if state.taken >= state.limit {
                    return;
                }
                let Some(((start, _), sender)) = state.line.pop_first() else { return };
                state.taken += 1;
                state.clock = state.clock.max(start);
                sender
            };
            // Whoever has gone away meanwhile gives the place back by dropping it, outside of the lock.
            drop(sender.send(Place { places: Some(Arc::clone(self)) }));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn start_of(&mut self, tenant: TenantId, weight: u32) -> u64 {
        let start = self.next_start.get(&tenant).copied().unwrap_or(0).max(self.clock);
        self.next_start.insert(tenant, start + (REQUEST / u64::from(weight.max(1))).max(1));
        if self.next_start.len() > TENANTS_KEPT.max(2 * self.line.len()) {
            let clock = self.clock;
            self.next_start.retain(|_, next| *next > clock);
        }
        start
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.places.take() {
            places.state().taken -= 1;
            places.hand_out();
        }
    }
}

/// Leaves the line when dropped.
struct Waiting {
    places: Arc<Places>,
    turn: Turn,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.places.state().line.remove(&self.turn);
        self.places.waiting.dec();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use proptest::prelude::*;
    use tenants::clock::ManualClock;
    use tenants::ids::Ids;

    use super::*;

    type Entering = Pin<Box<dyn Future<Output = Place>>>;

    fn tenants(count: usize) -> Vec<TenantId> {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
        (0..count).map(|_| TenantId::new(&ids)).collect()
    }

    fn join(places: &Arc<Places>, tenant: TenantId) -> Entering {
        let places = Arc::clone(places);
        let mut entering: Entering = Box::pin(async move { places.enter(tenant, 1).await });
        assert!(poll(&mut entering).is_none(), "there was a free place");
        entering
    }

    fn poll(entering: &mut Entering) -> Option<Place> {
        match entering.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(place) => Some(place),
            Poll::Pending => None,
        }
    }

    async fn full(tenant: TenantId) -> (Arc<Places>, Place) {
        let places = Places::new(1, IntGauge::new("waiting", "waiting").unwrap());
        let place = places.enter(tenant, 1).await;
        (places, place)
    }

    #[tokio::test]
    async fn the_first_request_of_another_tenant_passes_a_flood() {
        let tenants = tenants(2);
        let (places, place) = full(tenants[0]).await;
        let mut flood: Vec<_> = (0..100).map(|_| join(&places, tenants[0])).collect();
        let mut modest = join(&places, tenants[1]);

        drop(place);
        // The flood's place was taken at 0, so its next start lies behind the newcomer's.
        assert!(poll(&mut flood[0]).is_none());
        assert!(poll(&mut modest).is_some());
    }

    #[tokio::test]
    async fn whoever_goes_away_takes_no_place_along() {
        let tenants = tenants(2);
        let (places, place) = full(tenants[0]).await;
        let first = join(&places, tenants[0]);
        let given_but_not_seen = join(&places, tenants[0]);
        let mut last = join(&places, tenants[1]);
        drop(first);
        let mut newest = join(&places, tenants[0]);

        drop(place);
        drop(poll(&mut last).expect("it was the other tenant's turn"));
        // This one has been handed the place and does not know it yet.
        drop(given_but_not_seen);
        assert!(poll(&mut newest).is_some());
        assert_eq!(places.waiting.get(), 0);
    }

    #[tokio::test]
    async fn more_places_let_more_in_at_once() {
        let tenants = tenants(1);
        let (places, _place) = full(tenants[0]).await;
        let mut waiting: Vec<_> = (0..3).map(|_| join(&places, tenants[0])).collect();
        places.set_limit(3);
        let entered: Vec<_> = waiting.iter_mut().map(poll).collect();
        assert_eq!(entered.iter().filter(|place| place.is_some()).count(), 2);
    }

    proptest! {
        #[test]
        fn tenants_that_always_wait_are_served_equally(counts in proptest::collection::vec(10_usize..40, 2..6)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let tenants = tenants(counts.len());
                let (places, place) = full(tenants[0]).await;
                let mut line: Vec<(usize, Entering)> = Vec::new();
                for (index, count) in counts.iter().enumerate() {
                    line.extend((0..*count).map(|_| (index, join(&places, tenants[index]))));
                }
                let mut served = vec![0_usize; counts.len()];
                let mut place = Some(place);
                for _ in 0..(counts.len() * 9) {
                    drop(place.take());
                    let found = line.iter_mut().enumerate().find_map(|(position, (tenant, entering))| {
                        poll(entering).map(|place| (position, *tenant, place))
                    });
                    let (position, tenant, next) = found.expect("somebody's turn");
                    drop(line.remove(position));
                    served[tenant] += 1;
                    place = Some(next);
                }
                let (least, most) = (served.iter().min(), served.iter().max());
                prop_assert!(most.unwrap() - least.unwrap() <= 1, "{:?}", served);
                Ok(())
            })?;
        }
    }
}
