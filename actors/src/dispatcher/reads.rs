//! Which queues are read next. A queue that holds effects which cannot go is looked past again and again; the more of
//! them there are, the longer that takes, and the less often it is done.

use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ids::TenantId;

use super::desk::Desk;

/// Queues read from the database at the same time.
const READS_AT_ONCE: usize = 8;
/// How many times as long as it was read a queue rests that holds effects which cannot go.
const REST: u32 = 20;
/// Longest such rest.
const LONGEST_REST: Duration = Duration::from_secs(1);

impl Desk {
    /// Tenants whose queues are to be read now, in the order of their turns; they count as being read from now on.
    pub fn next_reads(&mut self, now: Timestamp) -> Vec<TenantId> {
        let places = if self.closing { 0 } else { READS_AT_ONCE.saturating_sub(self.reading.len()) };
        let mut tenants: Vec<TenantId> =
            self.to_read.iter().copied().filter(|it| self.can_read(it, now)).collect();
        tenants.sort_by_cached_key(|tenant| (self.share.position(tenant), *tenant));
        tenants.truncate(places);
        for tenant in &tenants {
            self.to_read.remove(tenant);
            self.resting.remove(tenant);
            self.reading.insert(*tenant);
        }
        for tenant in &self.to_read {
            // Otherwise it waits for its backlog or for a reader, and whoever is done with that wakes the loop.
            if let Some(until) = self.resting.get(tenant).filter(|until| **until > now) {
                self.alarms.set(*tenant, *until);
            }
        }
        tenants
    }

    /// True when another queue can be read at once.
    pub fn can_read_more(&self, now: Timestamp) -> bool {
        !self.closing
            && self.reading.len() < READS_AT_ONCE
            && self.to_read.iter().any(|tenant| self.can_read(tenant, now))
    }

    fn can_read(&self, tenant: &TenantId, now: Timestamp) -> bool {
        !self.reading.contains(tenant)
            && self
                .resting
                .get(tenant)
                .is_none_or(|until| until.since(now).is_zero() || until.since(now) > LONGEST_REST)
            && self.queues.get(tenant).is_none_or(|queue| queue.backlog.is_empty())
    }

    /// A queue whose reading had to look past effects that cannot go is not read again at once: the longer they
    /// took, the longer it rests.
    pub fn rest(&mut self, tenant: TenantId, began: Timestamp, ended: Timestamp) {
        let rest = (ended.since(began) * REST).min(LONGEST_REST);
        if !rest.is_zero() {
            self.resting.insert(tenant, ended + rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::clock::ManualClock;
    use tenants::ids::Ids;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn tenants(count: usize) -> Vec<TenantId> {
        let ids = Ids::seeded(std::sync::Arc::new(ManualClock::at(0)), 1);
        (0..count).map(|_| TenantId::new(&ids)).collect()
    }

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_queue_that_took_long_to_look_past_rests_twenty_times_as_long() {
        let tenant = tenants(1)[0];
        let mut desk = Desk::default();
        desk.rest(tenant, NOW, NOW + ms(3));
        desk.to_read.insert(tenant);
        assert!(desk.next_reads(NOW + ms(4)).is_empty());
        assert_eq!(desk.next_alarm(), Some(NOW + ms(63)));
        assert!(desk.can_read_more(NOW + ms(63)));
        assert_eq!(desk.next_reads(NOW + ms(63)), [tenant]);
    }

    #[test]
    fn a_rest_that_is_over_rings_no_alarm_while_something_else_is_waited_for() {
        let tenant = tenants(1)[0];
        let mut desk = Desk::default();
        desk.rest(tenant, NOW, NOW + ms(3));
        desk.to_read.insert(tenant);
        desk.reading.insert(tenant);
        assert!(desk.next_reads(NOW + ms(70)).is_empty());
        assert_eq!(desk.next_alarm(), None);
    }

    #[test]
    fn a_clock_that_is_put_back_ends_a_rest() {
        let tenant = tenants(1)[0];
        let mut desk = Desk::default();
        desk.rest(tenant, NOW + ms(7_200_000), NOW + ms(7_200_003));
        desk.to_read.insert(tenant);
        assert_eq!(desk.next_reads(NOW), [tenant]);
    }

    #[test]
    fn no_queue_rests_for_more_than_a_second() {
        let tenant = tenants(1)[0];
        let mut desk = Desk::default();
        desk.rest(tenant, NOW, NOW + ms(500));
        desk.to_read.insert(tenant);
        assert_eq!(desk.next_reads(NOW + ms(1_500)), [tenant]);
    }

    #[test]
    fn a_queue_is_read_by_one_reader_and_again_if_something_came_meanwhile() {
        let tenant = tenants(1)[0];
        let mut desk = Desk::default();
        desk.to_read.insert(tenant);
        assert_eq!(desk.next_reads(NOW), [tenant]);
        desk.to_read.insert(tenant);
        assert!(desk.next_reads(NOW).is_empty() && !desk.can_read_more(NOW));
        desk.reading.remove(&tenant);
        assert_eq!(desk.next_reads(NOW), [tenant]);
    }

    #[test]
    fn only_some_queues_are_read_at_once_and_none_at_the_end() {
        let mut desk = Desk::default();
        desk.to_read.extend(tenants(20));
        assert_eq!(desk.next_reads(NOW).len(), READS_AT_ONCE);
        assert!(!desk.can_read_more(NOW));
        desk.reading.clear();
        desk.closing = true;
        assert!(desk.next_reads(NOW).is_empty());
    }
}
