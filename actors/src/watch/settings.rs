//! How accounts are looked at.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tenants::clock::Timestamp;

/// How accounts are looked at. Every field has a default; unknown fields are errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchSettings {
    /// Whether webhooks are compared with what Instagram shows.
    pub polls: bool,
    /// Seconds between two comparisons of an account where something happens.
    pub poll_every_s: u64,
    /// Seconds between two comparisons of an account where nothing has happened for long.
    pub longest_poll_s: u64,
    /// Seconds between two looks at the health of an account; one that is compared less often is looked at as seldom.
    pub health_every_s: u64,
    /// Days back for which missing comments and messages are made up for.
    pub look_back_days: u64,
    /// Seconds for which a webhook may be late before it counts as missing.
    pub grace_s: u64,
    /// Most media whose comments are read in one comparison; the others follow in the next.
    pub media_at_once: usize,
    /// Accounts looked at at the same time.
    pub at_once: usize,
    /// A post has low engagement below this part of the account's median, in percent.
    pub low_engagement_percent: u64,
    /// Hours after which the engagement of a post is compared.
    pub engagement_after_h: u64,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            polls: true,
            poll_every_s: 300,
            longest_poll_s: 3_600,
            health_every_s: 900,
            look_back_days: 7,
            grace_s: 60,
            media_at_once: 10,
            at_once: 16,
            low_engagement_percent: 30,
            engagement_after_h: 24,
        }
    }
}

impl WatchSettings {
    /// When an account is compared next: the longer nothing has happened there, the later. A twelfth of that time, so
    /// that a quiet hour means five minutes and a quiet day two hours, within the bounds of the settings.
    pub(super) fn next_poll(&self, last_activity: Timestamp, now: Timestamp) -> Timestamp {
        let quiet_s = now.since(last_activity).as_secs();
        let every = self.poll_every_s.max(1);
        now + Duration::from_secs((quiet_s / 12).clamp(every, self.longest_poll_s.max(every)))
    }

    /// When a comparison that failed is tried again.
    pub(super) fn next_try(&self, failures: u32, now: Timestamp) -> Timestamp {
        let every = self.poll_every_s.max(1);
        let doubled = every.saturating_mul(1 << failures.saturating_sub(1).min(10));
        now + Duration::from_secs(doubled.min(self.longest_poll_s.max(every)))
    }

    /// Nothing from before this moment is made up for.
    pub(super) fn oldest(&self, connected_at: Timestamp, now: Timestamp) -> Timestamp {
        // Instagram's times have whole seconds, and its clocks are not ours.
        const MARGIN: Duration = Duration::from_secs(60);
        (now - Duration::from_secs(self.look_back_days * 86_400)).max(connected_at - MARGIN)
    }

    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quieter_an_account_the_less_often_it_is_polled() {
        let settings = WatchSettings::default();
        let now = Timestamp::from_millis(1_772_600_767_000);
        let wait =
            |quiet_s: u64| settings.next_poll(now - Duration::from_secs(quiet_s), now).since(now).as_secs();
        assert_eq!([wait(0), wait(3_600), wait(6 * 3_600)], [300, 300, 1_800]);
        assert_eq!([wait(12 * 3_600), wait(86_400 * 30)], [3_600, 3_600]);
    }

    #[test]
    fn what_fails_again_and_again_is_tried_less_and_less_often() {
        let settings = WatchSettings::default();
        let now = Timestamp::default();
        let tries = [1, 2, 3, 4, 5, 40].map(|failures| settings.next_try(failures, now).since(now).as_secs());
        assert_eq!(tries, [300, 600, 1_200, 2_400, 3_600, 3_600]);
    }

    #[test]
    fn what_was_written_before_the_account_was_connected_is_not_missing() {
        let settings = WatchSettings::default();
        let now = Timestamp::from_millis(1_772_600_767_000);
        let hour = Duration::from_secs(3_600);
        assert_eq!(settings.oldest(now - hour, now), now - hour - Duration::from_secs(60));
        assert_eq!(settings.oldest(Timestamp::default(), now), now - hour * 24 * 7);
    }
}
