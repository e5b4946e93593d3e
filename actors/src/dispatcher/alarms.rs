//! When to look at which tenant again.

use std::collections::{BTreeSet, HashMap};

use tenants::clock::Timestamp;
use tenants::ids::TenantId;

/// One alarm per tenant: the earliest that was set.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    by_time: BTreeSet<(Timestamp, TenantId)>,
    by_tenant: HashMap<TenantId, Timestamp>,
}

impl Alarms {
    /// Rings at `at`, or earlier if it was set so.
    pub fn set(&mut self, tenant: TenantId, at: Timestamp) {
        if let Some(set) = self.by_tenant.get(&tenant).copied() {
            if set <= at {
                return;
            }
            self.by_time.remove(&(set, tenant));
        }
        self.by_tenant.insert(tenant, at);
        self.by_time.insert((at, tenant));
    }

    /// Tenants whose alarm rings; each rings once.
    pub fn ring(&mut self, now: Timestamp) -> Vec<TenantId> {
        let mut rung = Vec::new();
        while let Some(&(at, tenant)) = self.by_time.first() {
            if at > now {
                break;
            }
            self.by_time.pop_first();
            self.by_tenant.remove(&tenant);
            rung.push(tenant);
        }
        rung
    }

    /// When the next one rings.
    pub fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::clock::ManualClock;
    use tenants::ids::Ids;

    #[test]
    fn the_earliest_alarm_of_a_tenant_counts_and_rings_once() {
        let tenant = TenantId::new(&Ids::seeded(std::sync::Arc::new(ManualClock::at(0)), 1));
        let at = Timestamp::from_millis;
        let mut alarms = Alarms::default();
        alarms.set(tenant, at(20));
        alarms.set(tenant, at(10));
        alarms.set(tenant, at(30));
        assert_eq!(alarms.next(), Some(at(10)));
        assert_eq!(alarms.ring(at(9)), []);
        assert_eq!(alarms.ring(at(10)), [tenant]);
        assert_eq!((alarms.ring(at(100)), alarms.next()), (vec![], None));
    }
}
