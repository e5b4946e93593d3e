//! Settings of the supervision tree.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::restarts::{BackOff, RestartPolicy};

/// How the actors work, rest, and are restarted. Every field has a default; unknown fields are errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActorSettings {
    /// Milliseconds between two looks at the database for tenants whose events wait: what a lost hint costs.
    pub poll_every_ms: u64,
    /// Milliseconds between two looks for changed settings of awake tenants: what a lost hint costs there.
    pub version_poll_every_ms: u64,
    /// Milliseconds between two reads of one tenant's events while it has work in hand: events that arrive
    /// meanwhile are read together. A tenant with nothing in hand reads at once.
    pub look_pause_ms: u64,
    /// Seconds without work after which a tenant's actors are put to sleep.
    pub idle_after_s: u64,
    /// Tenants awake at the same time; others wait for their turn. An awake tenant takes about 50 KB.
    pub max_awake: usize,
    /// Events of one tenant held in memory at the same time; the others wait in the database.
    pub max_in_flight: usize,
    /// Events of one tenant that wait in the database for their conversation or role, and are remembered so as
    /// not to be read again and again. When there are more, nothing is read until some can go on.
    pub max_parked: usize,
    /// Events of one conversation held in memory, so that a long queue there leaves room for the others.
    pub lane_capacity: usize,
    /// Seconds after which a decision that has not been made counts as failed.
    pub decide_timeout_s: u64,
    /// Failures after which an event is set aside until a person looks at it.
    pub max_attempts: u32,
    /// Milliseconds before the first repetition of something that failed; doubles with each failure.
    pub back_off_first_ms: u64,
    /// Seconds that are never exceeded between two tries.
    pub back_off_max_s: u64,
    /// Restarts of one part within `restart_period_s` that are tolerated; one more, and it is quarantined.
    pub restart_limit: u32,
    /// Seconds over which restarts are counted.
    pub restart_period_s: u64,
    /// Seconds after which a quarantined part is tried again by itself.
    pub quarantine_pause_s: u64,
    /// Seconds between two signs of life of every actor.
    pub beat_every_s: u64,
    /// Seconds of silence after which an actor is `down`, an alert is raised and it is restarted.
    pub down_after_s: u64,
    /// Seconds between two writes of the signs of life to the database.
    pub flush_beats_every_s: u64,
}

impl Default for ActorSettings {
    fn default() -> Self {
        Self {
            poll_every_ms: 3_000,
            version_poll_every_ms: 5_000,
            look_pause_ms: 5,
            idle_after_s: 60,
            max_awake: 4_096,
            max_in_flight: 256,
            max_parked: 2_000,
            lane_capacity: 32,
            decide_timeout_s: 120,
            max_attempts: 5,
            back_off_first_ms: 200,
            back_off_max_s: 60,
            restart_limit: 5,
            restart_period_s: 60,
            quarantine_pause_s: 900,
            beat_every_s: 5,
            down_after_s: 60,
            flush_beats_every_s: 10,
        }
    }
}

/// A setting of the actors that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("actors.{field} must be at least 1")]
pub struct InvalidActorSetting {
    /// Name of the field.
    pub field: &'static str,
}

impl ActorSettings {
    /// Refuses settings with which nothing would ever happen.
    ///
    /// # Errors
    /// Names the first field that is zero and must not be.
    pub fn validate(&self) -> Result<(), InvalidActorSetting> {
        let at_least_one = [
            ("poll_every_ms", self.poll_every_ms),
            ("version_poll_every_ms", self.version_poll_every_ms),
            ("max_awake", self.max_awake as u64),
            ("max_in_flight", self.max_in_flight as u64),
            ("max_parked", self.max_parked as u64),
            ("lane_capacity", self.lane_capacity as u64),
            ("decide_timeout_s", self.decide_timeout_s),
            ("max_attempts", u64::from(self.max_attempts)),
            ("back_off_first_ms", self.back_off_first_ms),
            ("back_off_max_s", self.back_off_max_s),
            ("restart_period_s", self.restart_period_s),
            ("quarantine_pause_s", self.quarantine_pause_s),
            ("beat_every_s", self.beat_every_s),
            ("down_after_s", self.down_after_s),
            ("flush_beats_every_s", self.flush_beats_every_s),
        ];
        match at_least_one.into_iter().find(|(_, value)| *value == 0) {
            Some((field, _)) => Err(InvalidActorSetting { field }),
            None => Ok(()),
        }
    }

    pub(super) fn poll_every(&self) -> Duration {
        Duration::from_millis(self.poll_every_ms)
    }

    pub(super) fn version_poll_every(&self) -> Duration {
        Duration::from_millis(self.version_poll_every_ms)
    }

    pub(super) fn look_pause(&self) -> Duration {
        Duration::from_millis(self.look_pause_ms)
    }

    pub(super) fn idle_after(&self) -> Duration {
        Duration::from_secs(self.idle_after_s)
    }

    pub(super) fn decide_timeout(&self) -> Duration {
        Duration::from_secs(self.decide_timeout_s)
    }

    pub(super) fn quarantine_pause(&self) -> Duration {
        Duration::from_secs(self.quarantine_pause_s)
    }

    pub(super) fn beat_every(&self) -> Duration {
        Duration::from_secs(self.beat_every_s)
    }

    pub(super) fn down_after(&self) -> Duration {
        Duration::from_secs(self.down_after_s)
    }

    pub(super) fn flush_beats_every(&self) -> Duration {
        Duration::from_secs(self.flush_beats_every_s)
    }

    pub(super) fn back_off(&self) -> BackOff {
        BackOff {
            first: Duration::from_millis(self.back_off_first_ms),
            longest: Duration::from_secs(self.back_off_max_s),
        }
    }

    pub(super) fn restart_policy(&self) -> RestartPolicy {
        RestartPolicy {
            limit: self.restart_limit as usize,
            period: Duration::from_secs(self.restart_period_s),
            back_off: self.back_off(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_setting_is_refused_and_missing_ones_have_defaults() {
        let settings: ActorSettings = serde_json::from_str(r#"{"idle_after_s": 5}"#).unwrap();
        assert_eq!(settings, ActorSettings { idle_after_s: 5, ..ActorSettings::default() });
        assert!(serde_json::from_str::<ActorSettings>(r#"{"idle_after": 5}"#).is_err());
    }

    #[test]
    fn a_setting_with_which_nothing_would_happen_is_named() {
        let settings = ActorSettings { max_awake: 0, ..ActorSettings::default() };
        assert_eq!(settings.validate().unwrap_err().to_string(), "actors.max_awake must be at least 1");
        assert_eq!(ActorSettings::default().validate(), Ok(()));
    }
}
