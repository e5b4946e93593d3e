//! The ticks of an awake tenant that come more often than once an hour. They are not durable: a tenant that
//! sleeps has nothing to monitor.

use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::event::Role;

const MINUTE: Duration = Duration::from_secs(60);

/// Names and periods of a role's own ticks.
fn schedule(role: Role) -> &'static [(&'static str, u32)] {
    match role {
        Role::Engagement => &[("monitor", 5)],
        Role::Content => &[("due_posts", 1)],
        Role::Admin => &[("health", 15), ("stuck_effects", 5)],
        Role::Comms | Role::Intel => &[],
    }
}

/// When the ticks of one role are due.
#[derive(Debug)]
pub(super) struct Ticks {
    due: Vec<(&'static str, Duration, Timestamp)>,
}

impl Ticks {
    /// The ticks of a role whose actor starts now.
    pub fn new(role: Role, now: Timestamp) -> Self {
        let due = schedule(role)
            .iter()
            .map(|(name, minutes)| {
                let period = MINUTE * *minutes;
                (*name, period, now + period)
            })
            .collect();
        Self { due }
    }

    /// The ticks whose time has come; one that was missed several times comes once.
    pub fn take_due(&mut self, now: Timestamp) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (name, period, due_at) in &mut self.due {
            if *due_at <= now {
                *due_at = now + *period;
                names.push(*name);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_comes_once_per_period_and_once_after_a_long_pause() {
        let minute = |minute: i64| Timestamp::from_millis(minute * 60_000);
        let mut ticks = Ticks::new(Role::Admin, minute(0));
        assert!(ticks.take_due(minute(4)).is_empty());
        assert_eq!(ticks.take_due(minute(5)), ["stuck_effects"]);
        assert!(ticks.take_due(minute(6)).is_empty());
        assert_eq!(ticks.take_due(minute(600)), ["health", "stuck_effects"]);
        assert!(ticks.take_due(minute(600)).is_empty());
    }
}
