//! What an answer of Instagram means for the effect: the error table, as pure functions.

use std::time::Duration;

use tenants::account::{Account, AccountStatus};
use tenants::clock::Timestamp;
use tenants::connect::TokenTrouble;
use tenants::effect::{Action, Effect, ErrorCategory, SkipReason, backoff};
use tenants::ports::{Finding, Receipt, SendError, Usage};

use super::settings::DispatcherSettings;

/// How an effect goes on.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Instagram has it.
    Sent { instagram_id: Option<String> },
    /// Too many calls; does not count as a try.
    Limited { until: Timestamp, app_wide: bool },
    /// The token was refused; does not count as a try, and the account's queue waits for a reconnect.
    TokenRefused { status: AccountStatus, trouble: TokenTrouble },
    /// A try failed; the next one begins at `at`.
    TryAgain { at: Timestamp },
    /// A person must look at it.
    GiveUp,
    /// Not allowed any more.
    Skip(SkipReason),
    /// Instagram must be read, not before `at`.
    ReadBack { at: Timestamp },
}

/// Judges the answer to a call. `effect` is as it stood before the call.
pub(super) fn judge_call(
    effect: &Effect,
    account: &Account,
    answer: &Result<Receipt, SendError>,
    now: Timestamp,
    settings: &DispatcherSettings,
) -> Verdict {
    let error = match answer {
        Ok(receipt) => return Verdict::Sent { instagram_id: receipt.instagram_id.clone() },
        Err(error) => error,
    };
    match error.category {
        ErrorCategory::RateLimit => limited(error, now, settings),
        ErrorCategory::AuthFailure => refused(error, account, now),
        // What was refused may have been done by an earlier try whose answer was lost.
        ErrorCategory::Permanent | ErrorCategory::Forbidden if may_be_published(effect) => {
            Verdict::ReadBack { at: now + settings.read_back_delay() }
        }
        ErrorCategory::Transient => {
            failed_try(effect, now, error.retry_after.unwrap_or_else(|| backoff(effect.retry_count + 1)))
        }
        ErrorCategory::Permanent => Verdict::GiveUp,
        ErrorCategory::Forbidden => forbidden(effect, error, now, settings),
        ErrorCategory::Unknown => Verdict::ReadBack { at: now + settings.read_back_delay() },
    }
}

/// Judges what reading Instagram back has found.
pub(super) fn judge_finding(effect: &Effect, finding: &Finding, now: Timestamp) -> Verdict {
    match finding {
        Finding::Done(instagram_id) => Verdict::Sent { instagram_id: instagram_id.clone() },
        Finding::TargetGone => Verdict::Skip(SkipReason::TargetGone),
        Finding::NotDone
            if is_publishing(effect) && effect.error_category == Some(ErrorCategory::Permanent) =>
        {
            Verdict::GiveUp
        }
        Finding::NotDone
            if is_publishing(effect) && effect.error_category == Some(ErrorCategory::Forbidden) =>
        {
            Verdict::Skip(SkipReason::TargetGone)
        }
        // Somebody else has used the one private reply.
        Finding::NotDone if effect.error_category == Some(ErrorCategory::Forbidden) => {
            Verdict::Skip(SkipReason::AlreadyReplied)
        }
        // A single lost answer is made good at once. When answers keep getting lost, Instagram is not well, and
        // the tries must outlast that.
        Finding::NotDone if effect.retry_count == 0 => failed_try(effect, now, Duration::ZERO),
        Finding::NotDone => failed_try(effect, now, backoff(effect.retry_count)),
    }
}

/// The verdict on a limited call, or on a limited read-back.
pub(super) fn limited(error: &SendError, now: Timestamp, settings: &DispatcherSettings) -> Verdict {
    let pause = error.retry_after.unwrap_or(Duration::from_secs(settings.rate_limit_pause_seconds));
    Verdict::Limited { until: now + pause.max(Duration::from_secs(1)), app_wide: error.app_wide }
}

/// The verdict on a refused token.
pub(super) fn refused(error: &SendError, account: &Account, now: Timestamp) -> Verdict {
    let ran_out = account.token_expires_at.is_some_and(|expires| expires <= now);
    let trouble = match TokenTrouble::of(error.code, error.subcode) {
        // Instagram does not always say so; the clock does.
        TokenTrouble::Refused | TokenTrouble::SessionLost | TokenTrouble::Unreadable if ran_out => {
            TokenTrouble::Expired
        }
        trouble => trouble,
    };
    let status = if ran_out { AccountStatus::Expired } else { trouble.status() };
    Verdict::TokenRefused { status, trouble }
}

/// What stands for the answer when none came in time.
pub(super) fn no_answer(limit: Duration) -> SendError {
    SendError {
        category: ErrorCategory::Unknown,
        code: None,
        subcode: None,
        message: format!("no answer within {} s", limit.as_secs()),
        retry_after: None,
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    }
}

/// True when an answer speaks for the other side's health, whatever it says about this call.
pub(super) fn speaks_well(answer: &Result<Receipt, SendError>) -> bool {
    let category = answer.as_ref().err().map(|error| error.category);
    !matches!(category, Some(ErrorCategory::Transient | ErrorCategory::Unknown))
}

fn is_publishing(effect: &Effect) -> bool {
    matches!(effect.action, Action::PublishPost { .. })
}

/// True for a post that may have become visible by an earlier call.
fn may_be_published(effect: &Effect) -> bool {
    is_publishing(effect) && effect.first_attempt_at.is_some()
}

fn failed_try(effect: &Effect, now: Timestamp, wait: Duration) -> Verdict {
    if effect.retry_count + 1 >= effect.action.max_tries() {
        Verdict::GiveUp
    } else {
        Verdict::TryAgain { at: now + wait }
    }
}

fn forbidden(effect: &Effect, error: &SendError, now: Timestamp, settings: &DispatcherSettings) -> Verdict {
    match error.skip_reason {
        // The reply that is already there may be ours, from an earlier try whose answer was lost.
        Some(SkipReason::AlreadyReplied) if effect.first_attempt_at.is_some() => {
            Verdict::ReadBack { at: now + settings.read_back_delay() }
        }
        Some(reason) => Verdict::Skip(reason),
        None => Verdict::GiveUp,
    }
}
