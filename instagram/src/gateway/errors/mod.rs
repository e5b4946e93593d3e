//! What a failed call means for what happens next. Codes decide, never the HTTP status and never a text.

mod envelope;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tenants::effect::{ErrorCategory, SkipReason};
use tenants::ports::{SendError, Usage};

use super::call::{Call, Purpose, Target};
use super::transport::{Answer, Fault};
use envelope::GraphError;
use table::Verdict;

/// Wait after a 429 that says nothing else.
const TOO_MANY_REQUESTS: Duration = Duration::from_secs(60);

/// A failure with nothing known but its category.
pub(super) fn failure(category: ErrorCategory, message: impl Into<String>) -> SendError {
    SendError {
        category,
        code: None,
        subcode: None,
        message: message.into(),
        retry_after: None,
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    }
}

/// What a missing answer means.
pub(super) fn from_fault(fault: Fault, purpose: Purpose) -> SendError {
    match fault {
        Fault::NotSent(why) => {
            failure(ErrorCategory::Transient, format!("instagram cannot be reached: {why}"))
        }
        Fault::Lost(why) => failure(lost(purpose), format!("the answer of instagram was lost: {why}")),
        Fault::UnusableToken => failure(
            ErrorCategory::AuthFailure,
            "the stored token has characters no token has: connect the account anew",
        ),
    }
}

/// What an answer that is no success means.
pub(super) fn from_answer(answer: &Answer, call: &Call) -> SendError {
    match answer.body.as_ref().and_then(GraphError::of) {
        Some(graph) => from_graph(&graph, answer, call),
        None => from_unreadable(answer, call.purpose),
    }
}

fn from_graph(graph: &GraphError, answer: &Answer, call: &Call) -> SendError {
    let verdict = table::verdict(graph.code, graph.subcode);
    let verdict = match verdict {
        Some(Verdict::Never) if graph.is_transient => Verdict::MayHaveHappened,
        Some(verdict) => verdict,
        None if answer.status == 429 => Verdict::Wait { default: TOO_MANY_REQUESTS, app_wide: false },
        None if graph.is_transient || answer.status >= 500 => Verdict::MayHaveHappened,
        None => Verdict::Never,
    };
    let (category, skip_reason) = match verdict {
        Verdict::MayHaveHappened => (lost(call.purpose), None),
        Verdict::TryAgain | Verdict::TryAgainIn { .. } => (ErrorCategory::Transient, None),
        Verdict::NewContainer => (ErrorCategory::Forbidden, Some(SkipReason::TargetGone)),
        Verdict::Wait { .. } | Verdict::Blocked { .. } => (ErrorCategory::RateLimit, None),
        Verdict::Reconnect => (ErrorCategory::AuthFailure, None),
        Verdict::Gone if call.target == Target::Thing => {
            (ErrorCategory::Forbidden, Some(SkipReason::TargetGone))
        }
        Verdict::Never | Verdict::Gone => (ErrorCategory::Permanent, None),
        Verdict::Rule(reason) => (ErrorCategory::Forbidden, Some(reason)),
    };
    let told = || answer.usage.regain_after.or(answer.retry_after);
    let (retry_after, app_wide) = match verdict {
        Verdict::Wait { default, app_wide } => (Some(told().unwrap_or(default)), app_wide),
        // A block lasts hours whatever the usage headers say.
        Verdict::Blocked { default } => (Some(told().map_or(default, |told| told.max(default))), false),
        Verdict::TryAgainIn { after } => (Some(after), false),
        _ => (None, false),
    };
    let label = if matches!(verdict, Verdict::Blocked { .. }) { "content_violation: " } else { "" };
    SendError {
        code: Some(graph.code),
        subcode: graph.subcode,
        retry_after,
        app_wide,
        skip_reason,
        usage: answer.usage.clone(),
        ..failure(category, format!("{label}{graph}"))
    }
}

fn from_unreadable(answer: &Answer, purpose: Purpose) -> SendError {
    let message = format!("instagram answered with status {} and no readable body", answer.status);
    let error = if answer.status == 429 {
        let told = answer.usage.regain_after.or(answer.retry_after);
        SendError {
            retry_after: Some(told.unwrap_or(TOO_MANY_REQUESTS)),
            ..failure(ErrorCategory::RateLimit, message)
        }
    } else {
        failure(lost(purpose), message)
    };
    SendError { usage: answer.usage.clone(), ..error }
}

/// What a subcode in the text of a container's status means: whether the same file may work another time.
pub(super) fn may_work_again(subcode: i64) -> bool {
    !matches!(table::verdict(0, Some(subcode)), Some(Verdict::Never | Verdict::Blocked { .. }))
}

/// The category of a call that may or may not have been done.
fn lost(purpose: Purpose) -> ErrorCategory {
    match purpose {
        Purpose::Write => ErrorCategory::Unknown,
        Purpose::Read => ErrorCategory::Transient,
    }
}
