//! How often one address of the network may try to sign in.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tenants::clock::Timestamp;

use crate::people::{Origin, PeopleError};

/// Tries in a minute from one network; an office shares one.
const PER_MINUTE: u32 = 30;
const MINUTE: Duration = Duration::from_secs(60);
/// Networks remembered at once.
const MOST_REMEMBERED: usize = 10_000;

/// Counts tries.
#[derive(Debug, Default)]
pub struct SignIns(Mutex<HashMap<IpAddr, (u32, Timestamp)>>);

impl SignIns {
    /// Counts a try; where it comes from is not always known.
    ///
    /// # Errors
    /// When there were too many within a minute.
    pub fn admit(&self, origin: &Origin, now: Timestamp) -> Result<(), PeopleError> {
        let Some(network) = origin.ip.map(network) else { return Ok(()) };
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MOST_REMEMBERED {
            tries.retain(|_, (_, since)| now.since(*since) < MINUTE);
        }
        let (count, since) = tries.entry(network).or_insert((0, now));
        if now.since(*since) >= MINUTE {
            (*count, *since) = (0, now);
        }
        *count = count.saturating_add(1);
        match *count > PER_MINUTE {
            true => Err(PeopleError::Locked(MINUTE.saturating_sub(now.since(*since)))),
            false => Ok(()),
        }
    }
}

/// One household has 2^64 addresses of version 6.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_may_try_thirty_times_a_minute_and_others_are_not_concerned() {
        let (sign_ins, at) = (SignIns::default(), Timestamp::from_micros(1_000_000));
        let from = |ip: &str| Origin { ip: ip.parse().ok(), user_agent: None };
        for _ in 0..PER_MINUTE {
            assert!(sign_ins.admit(&from("2001:db8::1"), at).is_ok());
        }
        assert!(sign_ins.admit(&from("2001:db8::2"), at).is_err(), "it is the same network");
        assert!(sign_ins.admit(&from("192.0.2.1"), at).is_ok());
        assert!(sign_ins.admit(&from("2001:db8::1"), at + MINUTE).is_ok());
    }
}
