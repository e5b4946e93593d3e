//! Faults: which are on, and which strike now.

pub(crate) mod kinds;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::{control::requests::TokenDeath, graph::endpoint::Endpoint, ids::mixed};
use kinds::{Batching, Fault, FaultKind};

/// Names a fault that was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// A fault that is on.
#[derive(Debug, Clone, Serialize)]
pub struct ActiveFault {
    /// Its id.
    pub id: FaultId,
    /// What was asked for.
    #[serde(flatten)]
    pub fault: Fault,
    /// How often it struck.
    pub strikes: u64,
    /// When it ends by itself.
    pub until: Option<DateTime<Utc>>,
}

/// What a call fault does, before the call has any effect.
#[derive(Debug, Clone)]
pub(crate) enum CallFault {
    Http5xx { status: u16 },
    Slow { by: Duration },
    RateLimit { code: i64, status: Option<u16>, retry_after: Option<u64>, regain_minutes: Option<u64> },
    TokenRevoked(TokenDeath),
    PermissionRefused { code: i64 },
    Transient { code: i64, status: u16 },
    Refused { code: i64, subcode: Option<u32>, status: u16 },
    Garbage { status: u16 },
    EmptyList,
}

/// What happens to a container that is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ContainerFault {
    Fails { subcode: u32 },
    Slow { by: TimeDelta },
}

/// What happens to a file that is sent.
#[derive(Debug, Clone)]
pub(crate) enum UploadFault {
    Breaks { after: u64 },
    Refused { retriable: bool, reason: String },
}

/// What happens to the answer of a call that took effect.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AnswerFault {
    Status(u16),
    Cut,
    Hang,
}

/// What happens to one webhook update.
#[derive(Debug, Clone)]
pub(crate) enum WebhookFault {
    Drop,
    Duplicate { more: usize },
    Delay { by: Duration },
    WrongSignature,
    EditZero,
}

/// What a call is about, for the filters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// All names of the account.
    pub(crate) account: &'a [&'a str],
    pub(crate) endpoint: Option<Endpoint>,
}

#[derive(Debug)]
pub(crate) struct Faults {
    active: Vec<ActiveFault>,
    next_id: u64,
    seed: u64,
    throws: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { active: Vec::new(), next_id: 1, seed, throws: 0 }
    }

    pub(crate) fn set(&mut self, fault: Fault, now: DateTime<Utc>) -> FaultId {
        let id = FaultId(self.next_id);
        self.next_id += 1;
        let until = fault.for_ms.map(|milliseconds| now + TimeDelta::milliseconds(milliseconds as i64));
        self.active.push(ActiveFault { id, fault, strikes: 0, until });
        id
    }

    pub(crate) fn clear(&mut self, id: FaultId) -> bool {
        let before = self.active.len();
        self.active.retain(|fault| fault.id != id);
        self.active.len() != before
    }

    pub(crate) fn clear_all(&mut self) {
        self.active.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.active.is_empty()
    }

    pub(crate) fn list(&self) -> Vec<ActiveFault> {
        self.active.clone()
    }

    /// Faults that strike before the call takes effect, in the order they were set.
    pub(crate) fn before_call(&mut self, scope: Scope<'_>, now: DateTime<Utc>) -> Vec<CallFault> {
        self.strike(scope, now, |kind, _| {
            Some(match kind {
                FaultKind::Http5xx { status } => CallFault::Http5xx { status: *status },
                FaultKind::Slow { delay_ms } => CallFault::Slow { by: Duration::from_millis(*delay_ms) },
                FaultKind::RateLimit { code, status, retry_after_seconds, regain_minutes } => {
                    CallFault::RateLimit {
                        code: *code,
                        status: *status,
                        retry_after: *retry_after_seconds,
                        regain_minutes: *regain_minutes,
                    }
                }
                FaultKind::TokenRevoked { death } => CallFault::TokenRevoked(*death),
                FaultKind::PermissionRefused { code } => CallFault::PermissionRefused { code: *code },
                FaultKind::Transient { code, status } => {
                    CallFault::Transient { code: *code, status: *status }
                }
                FaultKind::Refused { code, subcode, status } => {
                    CallFault::Refused { code: *code, subcode: *subcode, status: *status }
                }
                FaultKind::GarbageAnswer { status } => CallFault::Garbage { status: *status },
                FaultKind::EmptyLists => CallFault::EmptyList,
                _ => return None,
            })
        })
    }

    /// The fault that spoils the answer of a call that took effect.
    pub(crate) fn after_call(&mut self, scope: Scope<'_>, now: DateTime<Utc>) -> Option<AnswerFault> {
        let struck = self.strike(scope, now, |kind, _| match kind {
            FaultKind::DoneBut500 { status } => Some(AnswerFault::Status(*status)),
            FaultKind::DoneButConnectionDropped { hang: false } => Some(AnswerFault::Cut),
            FaultKind::DoneButConnectionDropped { hang: true } => Some(AnswerFault::Hang),
            _ => None,
        });
        struck.into_iter().next()
    }

    /// Faults that strike one webhook update.
    pub(crate) fn webhook(&mut self, account: &[&str], now: DateTime<Utc>) -> Vec<WebhookFault> {
        self.strike(Scope { account, endpoint: None }, now, |kind, dice| {
            Some(match kind {
                FaultKind::DropWebhooks => WebhookFault::Drop,
                FaultKind::DuplicateWebhooks { copies } => WebhookFault::Duplicate { more: *copies },
                FaultKind::DelayWebhooks { delay_ms } => {
                    WebhookFault::Delay { by: Duration::from_millis(*delay_ms) }
                }
                FaultKind::ReorderWebhooks { within_ms } => {
                    WebhookFault::Delay { by: Duration::from_millis(dice % (within_ms + 1)) }
                }
                FaultKind::WrongSignature => WebhookFault::WrongSignature,
                FaultKind::NumEditZero => WebhookFault::EditZero,
                _ => return None,
            })
        })
    }

    /// Faults that strike a container when it is made.
    pub(crate) fn container(&mut self, scope: Scope<'_>, now: DateTime<Utc>) -> Vec<ContainerFault> {
        self.strike(scope, now, |kind, _| match kind {
            FaultKind::ContainerFails { subcode } => Some(ContainerFault::Fails { subcode: *subcode }),
            FaultKind::ContainerSlow { delay_ms } => {
                let by = TimeDelta::milliseconds(i64::try_from(*delay_ms).unwrap_or(i64::MAX / 2));
                Some(ContainerFault::Slow { by })
            }
            _ => None,
        })
    }

    /// Faults that strike a file that is sent.
    pub(crate) fn upload(&mut self, scope: Scope<'_>, now: DateTime<Utc>) -> Vec<UploadFault> {
        self.strike(scope, now, |kind, _| match kind {
            FaultKind::UploadBreaks { after_bytes } => Some(UploadFault::Breaks { after: *after_bytes }),
            FaultKind::UploadRefused { retriable, reason } => {
                Some(UploadFault::Refused { retriable: *retriable, reason: reason.clone() })
            }
            _ => None,
        })
    }

    /// By how much a container tells a wrong number of bytes.
    pub(crate) fn misreported(&mut self, scope: Scope<'_>, now: DateTime<Utc>) -> i64 {
        let told = |kind: &FaultKind, _| match kind {
            FaultKind::UploadMisreported { by } => Some(*by),
            _ => None,
        };
        self.strike(scope, now, told).into_iter().sum()
    }

    /// Whether the status of a container is told in words only.
    pub(crate) fn tells_status_in_words(&mut self, scope: Scope<'_>, now: DateTime<Utc>) -> bool {
        !self
            .strike(scope, now, |kind, _| matches!(kind, FaultKind::EmptyStatusCode).then_some(()))
            .is_empty()
    }

    /// The batching fault in force, if any.
    pub(crate) fn batching(&self, now: DateTime<Utc>) -> Option<Batching> {
        self.active.iter().filter(|fault| is_on(fault, now)).find_map(|fault| match fault.fault.kind {
            FaultKind::BatchWebhooks(batching) => Some(batching),
            _ => None,
        })
    }

    fn strike<T>(
        &mut self,
        scope: Scope<'_>,
        now: DateTime<Utc>,
        translate: impl Fn(&FaultKind, u64) -> Option<T>,
    ) -> Vec<T> {
        let mut struck = Vec::new();
        for active in &mut self.active {
            if !is_on(active, now) || !concerns(&active.fault, scope) {
                continue;
            }
            self.throws += 1;
            let dice = mixed(self.seed ^ self.throws.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let Some(effect) = translate(&active.fault.kind, dice) else { continue };
            // 53 random bits make an even fraction in [0, 1).
            let fraction = (mixed(dice) >> 11) as f64 / (1u64 << 53) as f64;
            if fraction < active.fault.probability {
                active.strikes += 1;
                struck.push(effect);
            }
        }
        struck
    }
}

fn is_on(active: &ActiveFault, now: DateTime<Utc>) -> bool {
    active.until.is_none_or(|until| now < until)
        && active.fault.count.is_none_or(|count| active.strikes < count)
}

fn concerns(fault: &Fault, scope: Scope<'_>) -> bool {
    let account_fits = fault.account.as_deref().is_none_or(|wanted| scope.account.contains(&wanted));
    let endpoint_fits =
        scope.endpoint.is_none() || fault.endpoint.is_none_or(|wanted| scope.endpoint == Some(wanted));
    account_fits && endpoint_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: Scope<'static> = Scope { account: &["1784", "acme"], endpoint: Some(Endpoint::SendMessage) };

    fn struck(faults: &mut Faults, scope: Scope<'_>, now: DateTime<Utc>) -> usize {
        faults.before_call(scope, now).len()
    }

    #[test]
    fn a_counted_fault_ends_after_its_count() {
        let (mut faults, now) = (Faults::new(1), DateTime::UNIX_EPOCH);
        faults.set(Fault::new(FaultKind::Http5xx { status: 500 }).times(2), now);
        let strikes: usize = (0..5).map(|_| struck(&mut faults, SCOPE, now)).sum();
        assert_eq!(strikes, 2);
    }

    #[test]
    fn a_timed_fault_ends_by_the_clock() {
        let (mut faults, now) = (Faults::new(1), DateTime::UNIX_EPOCH);
        faults.set(Fault::new(FaultKind::Http5xx { status: 500 }).for_ms(1_000), now);
        assert_eq!(struck(&mut faults, SCOPE, now + TimeDelta::milliseconds(999)), 1);
        assert_eq!(struck(&mut faults, SCOPE, now + TimeDelta::milliseconds(1_000)), 0);
    }

    #[test]
    fn filters_spare_other_accounts_and_endpoints() {
        let (mut faults, now) = (Faults::new(1), DateTime::UNIX_EPOCH);
        let fault =
            Fault::new(FaultKind::Http5xx { status: 500 }).on_account("acme").on(Endpoint::SendMessage);
        faults.set(fault, now);
        assert_eq!(struck(&mut faults, SCOPE, now), 1);
        assert_eq!(struck(&mut faults, Scope { account: &["other"], ..SCOPE }, now), 0);
        assert_eq!(struck(&mut faults, Scope { endpoint: Some(Endpoint::HideComment), ..SCOPE }, now), 0);
    }

    #[test]
    fn a_probability_of_a_third_strikes_about_a_third_of_calls() {
        let (mut faults, now) = (Faults::new(9), DateTime::UNIX_EPOCH);
        faults.set(Fault::new(FaultKind::Http5xx { status: 500 }).with_probability(0.33), now);
        let strikes: usize = (0..1_000).map(|_| struck(&mut faults, SCOPE, now)).sum();
        assert!((250..420).contains(&strikes), "{strikes}");
    }

    #[test]
    fn faults_are_written_in_json_as_documented() {
        let fault: Fault = serde_json::from_str(
            r#"{"kind":"rate_limit","code":80002,"count":1,"endpoint":"reply_to_comment"}"#,
        )
        .unwrap();
        assert_eq!(fault.count, Some(1));
        assert!(matches!(fault.kind, FaultKind::RateLimit { code: 80_002, .. }));
        let fault: Fault = serde_json::from_str(r#"{"kind":"batch_webhooks","size":10}"#).unwrap();
        assert_eq!(fault.kind, FaultKind::BatchWebhooks(Batching { size: 10, linger_ms: 200 }));
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"http_5xx"}"#).is_ok());
    }
}
