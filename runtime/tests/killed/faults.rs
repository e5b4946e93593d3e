//! How Instagram misbehaves while the stories are told.

use sandbox::{Endpoint, Fault, FaultKind, Sandbox};

/// Answers are lost in every way, calls fail, and webhooks come twice and in another order.
pub fn misbehave(sandbox: &Sandbox) {
    let on_writes = |kind: FaultKind, probability: f64| {
        for endpoint in [Endpoint::ReplyToComment, Endpoint::HideComment, Endpoint::SendMessage] {
            sandbox.fault(Fault::new(kind.clone()).on(endpoint).with_probability(probability));
        }
    };
    on_writes(FaultKind::DoneBut500 { status: 500 }, 0.04);
    on_writes(FaultKind::DoneButConnectionDropped { hang: false }, 0.04);
    on_writes(FaultKind::DoneButConnectionDropped { hang: true }, 0.01);
    // Also reading back fails now and then.
    sandbox.fault(Fault::new(FaultKind::Http5xx { status: 503 }).with_probability(0.03));
    // Calls that take a moment, so that some are under way whenever a process dies.
    sandbox.fault(Fault::new(FaultKind::Slow { delay_ms: 30 }).with_probability(0.5));
    sandbox.fault(Fault::new(FaultKind::DuplicateWebhooks { copies: 1 }).with_probability(0.2));
    sandbox.fault(Fault::new(FaultKind::ReorderWebhooks { within_ms: 200 }).with_probability(0.2));
}
