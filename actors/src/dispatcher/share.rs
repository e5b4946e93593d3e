//! Whose turn it is: weighted fair shares between tenants.
//!
//! Each call moves its tenant back on a virtual clock by one over its weight; the tenant furthest ahead in line
//! is served next. A tenant that had nothing to do joins at the present of that clock: it neither saves up
//! turns nor waits behind a flood. Ties are broken by id, so the same work gives the same order.

use std::collections::{BTreeSet, HashMap};

use tenants::ids::TenantId;

/// Virtual time of one call of a tenant with weight 1.
const CALL: u64 = 1_000_000;
/// Positions kept before those that no longer matter are thrown away.
const POSITIONS_KEPT: usize = 1_024;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct FairShare {
    clock: u64,
    positions: HashMap<TenantId, u64>,
    line: BTreeSet<(u64, TenantId)>,
}

impl FairShare {
    /// The tenant has something to do.
    pub fn join(&mut self, tenant: TenantId) {
        let position = self.position(&tenant);
        self.positions.insert(tenant, position);
        self.line.insert((position, tenant));
    }

    /// The tenant has nothing to do, or cannot do it now.
    pub fn leave(&mut self, tenant: &TenantId) {
        if let Some(position) = self.positions.get(tenant) {
            self.line.remove(&(*position, *tenant));
        }
        // Nobody waits, so nobody can have had more than a fair share.
        if self.line.is_empty() {
            self.positions.clear();
        }
    }

    /// Whose turn it is.
    pub fn first(&self) -> Option<TenantId> {
        self.line.first().map(|(_, tenant)| *tenant)
    }

    /// Counts a call of the tenant whose turn it was.
    pub fn charge(&mut self, tenant: TenantId, weight: u32) {
        let position = self.position(&tenant);
        self.clock = self.clock.max(position);
        let next = position + (CALL / u64::from(weight.max(1))).max(1);
        self.positions.insert(tenant, next);
        if self.line.remove(&(position, tenant)) {
            self.line.insert((next, tenant));
        }
        self.forget_the_past();
    }

    /// Where the tenant stands or would join.
    pub fn position(&self, tenant: &TenantId) -> u64 {
        match self.positions.get(tenant) {
            Some(position) if self.line.contains(&(*position, *tenant)) => *position,
            Some(position) => self.clock.max(*position),
            None => self.clock,
        }
    }

    fn forget_the_past(&mut self) {
        if self.positions.len() > POSITIONS_KEPT.max(2 * self.line.len()) {
            let (clock, line) = (self.clock, &self.line);
            self.positions
                .retain(|tenant, position| *position > clock || line.contains(&(*position, *tenant)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::clock::ManualClock;
    use tenants::ids::Ids;

    fn tenants(count: usize) -> Vec<TenantId> {
        let ids = Ids::seeded(std::sync::Arc::new(ManualClock::at(0)), 1);
        (0..count).map(|_| TenantId::new(&ids)).collect()
    }

    fn serve(share: &mut FairShare, weights: &HashMap<TenantId, u32>) -> TenantId {
        let tenant = share.first().unwrap();
        share.charge(tenant, weights.get(&tenant).copied().unwrap_or(1));
        tenant
    }

    #[test]
    fn a_newcomer_is_served_at_once_and_then_in_turn() {
        let all = tenants(2);
        let (mut share, weights) = (FairShare::default(), HashMap::new());
        share.join(all[0]);
        (0..1_000).for_each(|_| _ = serve(&mut share, &weights));
        share.join(all[1]);
        let served: Vec<_> = (0..10).map(|_| serve(&mut share, &weights)).collect();
        assert!(served[..2].contains(&all[1]));
        assert_eq!(served.iter().filter(|tenant| **tenant == all[1]).count(), 5);
    }

    #[test]
    fn a_tenant_of_weight_three_gets_three_turns_of_four() {
        let all = tenants(2);
        let mut share = FairShare::default();
        all.iter().for_each(|tenant| share.join(*tenant));
        let weights = HashMap::from([(all[0], 3)]);
        let turns = (0..400).filter(|_| serve(&mut share, &weights) == all[0]).count();
        assert!((298..=302).contains(&turns), "{turns}");
    }

    #[test]
    fn a_tenant_that_left_is_not_served_and_saves_up_nothing() {
        let all = tenants(2);
        let (mut share, weights) = (FairShare::default(), HashMap::new());
        all.iter().for_each(|tenant| share.join(*tenant));
        share.leave(&all[1]);
        (0..100).for_each(|_| assert_eq!(serve(&mut share, &weights), all[0]));
        share.join(all[1]);
        let turns = (0..20).filter(|_| serve(&mut share, &weights) == all[1]).count();
        assert_eq!(turns, 10);
    }

    #[test]
    fn tenants_of_the_past_are_forgotten() {
        let (mut share, weights) = (FairShare::default(), HashMap::new());
        for tenant in tenants(5_000) {
            share.join(tenant);
            serve(&mut share, &weights);
            share.leave(&tenant);
        }
        assert!(share.positions.len() <= POSITIONS_KEPT + 1);
    }
}
