//! How Instagram misbehaves while the stories are told.

use sandbox::{Endpoint, Fault, FaultKind, Sandbox};

/// Answers are lost in every way, calls fail or take long, and webhooks come twice and in another order.
pub fn misbehave(sandbox: &Sandbox) {
    lose_answers(sandbox);
    // Also reading back fails now and then.
    sandbox.fault(Fault::new(FaultKind::Http5xx { status: 503 }).with_probability(0.02));
    // So that some calls are under way whenever a process dies.
    sandbox.fault(Fault::new(FaultKind::Slow { delay_ms: 30 }).with_probability(0.5));
    sandbox.fault(Fault::new(FaultKind::DuplicateWebhooks { copies: 1 }).with_probability(0.2));
    sandbox.fault(Fault::new(FaultKind::ReorderWebhooks { within_ms: 200 }).with_probability(0.2));
}

/// Everything else works again: what failed often is not driven into the dead letters.
pub fn lose_answers_only(sandbox: &Sandbox) {
    sandbox.clear_faults();
    lose_answers(sandbox);
}

/// Of ten things that are done one gets no answer that says so.
fn lose_answers(sandbox: &Sandbox) {
    for endpoint in [Endpoint::ReplyToComment, Endpoint::HideComment, Endpoint::SendMessage] {
        for (kind, probability) in [
            (FaultKind::DoneBut500 { status: 500 }, 0.05),
            (FaultKind::DoneButConnectionDropped { hang: false }, 0.04),
            (FaultKind::DoneButConnectionDropped { hang: true }, 0.01),
        ] {
            sandbox.fault(Fault::new(kind).on(endpoint).with_probability(probability));
        }
    }
}
