//! What a person's verdict on an approval is kept as, for learning.

use tenants::approval::{Approval, ApprovalKind};
use tenants::clock::Timestamp;
use tenants::effect::Action;
use tenants::ids::{Ids, VerdictId};
use tenants::intent::Intent;
use tenants::verdict::{self, Basis, VerdictKind, VerdictSource};

use super::approvals::Verdict;
use super::work::Workings;

/// What a question rests on.
pub(super) fn basis_of(work: &Workings) -> Basis {
    Basis {
        classification: work.classification.clone(),
        classified_by: work.classified_by.clone(),
        written_by: work.written_by.clone(),
        undoubted: !work.is_doubtful,
    }
}

/// The verdict as it is kept. `intent` is the right one, when the person named it.
pub(super) fn verdict_on(
    approval: &Approval,
    verdict: &Verdict,
    intent: Option<Intent>,
    who: &str,
    now: Timestamp,
    ids: &Ids,
) -> verdict::Verdict {
    let source = match approval.kind {
        ApprovalKind::Draft => VerdictSource::Draft,
        ApprovalKind::Escalation => VerdictSource::Escalation,
    };
    let draft = approval.proposed.iter().find_map(Action::text);
    let (said, edit_distance) = match verdict {
        Verdict::Approve => (VerdictKind::Approved, draft.map(|_| 0.0)),
        Verdict::Edit(text) => (VerdictKind::Edited, draft.map(|draft| distance(draft, text.trim()))),
        Verdict::Reject { .. } => (VerdictKind::Rejected, None),
    };
    verdict::Verdict {
        id: VerdictId::new(ids),
        source,
        approval: Some(approval.id),
        event: approval.event,
        decision: approval.decision,
        text: approval.incoming_text.clone(),
        basis: approval.basis.clone().unwrap_or_default(),
        verdict: said,
        corrected_intent: intent,
        edit_distance,
        by: who.to_owned(),
        at: now,
    }
}

/// How far two texts are from each other, from 0 (the same) to 1 (nothing in common), by characters.
fn distance(draft: &str, sent: &str) -> f32 {
    (1.0 - strsim::normalized_levenshtein(draft, sent)) as f32
}
