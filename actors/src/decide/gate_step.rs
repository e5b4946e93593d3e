//! Step 1: the policy gate, and what it leaves open.

use serde_json::json;
use tenants::clock::Timestamp;
use tenants::decision::Step;
use tenants::policy::{Gate, Incoming, SilenceReason, gate};

use super::judgement::Case;
use super::work::Workings;

/// What may be said after the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    /// Anything, now.
    Now,
    /// Anything, but not before the quiet hours end.
    From(Timestamp),
    /// Nothing; a comment may still be hidden or deleted.
    ModerationOnly(SilenceReason),
    /// Nothing, and nothing else either.
    Nothing(SilenceReason),
}

/// Asks the gate and writes its answer down.
pub(super) fn pass_gate(case: &Case<'_>, work: &mut Workings) -> Speech {
    let incoming = Incoming {
        author: &case.heard.author,
        is_own: false,
        text: &case.heard.text,
        is_direct: case.heard.is_direct(),
        written_at: case.heard.written_at,
        thread: case.thread,
        direct: case.direct,
    };
    let settings = &case.context.settings;
    let quiet_until = settings.quiet_until(case.now, case.zone);
    let answer = gate(&incoming, settings, case.context.tenant.status, quiet_until, case.now);
    let (speech, summary) = match answer {
        Gate::Open => (Speech::Now, "open: answers may be sent".to_owned()),
        Gate::Quiet { until } => (Speech::From(until), format!("quiet hours: answers wait until {until}")),
        Gate::Silent { reason } => (silence(reason, case.heard.is_comment()), format!("silent: {reason}")),
    };
    work.note(Step::Policy, summary, json!(answer));
    speech
}

fn silence(reason: SilenceReason, is_comment: bool) -> Speech {
    match reason {
        SilenceReason::OptedOut | SilenceReason::HumanHasThread | SilenceReason::AuthorBlocked
            if is_comment =>
        {
            Speech::ModerationOnly(reason)
        }
        _ => Speech::Nothing(reason),
    }
}

/// Why nothing is said, for people.
pub(super) fn explain(reason: SilenceReason) -> &'static str {
    match reason {
        SilenceReason::OwnText => "the account itself wrote this",
        SilenceReason::OptedOut => "the person has asked us to stop",
        SilenceReason::StopWord => "the person asks us to stop",
        SilenceReason::StartWord => "the person asks us to go on",
        SilenceReason::HumanHasThread => "a person answers in this conversation",
        SilenceReason::AuthorBlocked => "the tenant blocks this author",
        SilenceReason::WindowClosed => "the 24 hours in which this could be answered are over",
        SilenceReason::NothingToAnswer => "there is nothing to answer",
        SilenceReason::TenantSuspended => "the tenant is suspended",
    }
}
