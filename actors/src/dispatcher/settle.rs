//! What a person has seen of a publication whose outcome reading Instagram does not tell. Their word counts as what
//! reading back would have found.

use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::Timestamp;
use tenants::effect::{Effect, ErrorCategory};
use tenants::ids::Ids;
use tenants::ports::Finding;

use super::alerts::read_back_key;
use super::entries::{audit_entry, finding_word};
use super::records::state_after;
use super::verdict::{Verdict, judge_finding};
use crate::publishing::{EffectOutcome, after_effect};

/// Settles the publication of a post by what `who` has seen, and lets the post go on. The commit conflicts when the effect
/// has moved on. Send [`Hint::Effects`](tenants::ports::Hint::Effects) and [`Hint::Posts`](tenants::ports::Hint::Posts)
/// afterwards.
pub fn settle_publication(
    effect: &Effect,
    finding: &Finding,
    who: &str,
    ids: &Ids,
    now: Timestamp,
) -> Changes {
    let verdict = judge_finding(effect, finding, now);
    let said = match finding {
        Finding::Done(_) => format!("{who} has seen that it is up"),
        _ => format!("the answer was lost, and {who} has seen that it was not done"),
    };
    let to = moved(effect, &verdict, &said, now);
    let mut entry = audit_entry(effect, "effect.settled", who, ids, now);
    entry.details = serde_json::json!({
        "action": effect.action.action_type(), "account": effect.account, "was": effect.state, "state": to.to,
        "finding": finding_word(finding), "instagram_id": to.instagram_id,
    })
    .into();
    let outcome = EffectOutcome { effect, state: to.to, error: None, latency: None };
    let dedup_key = read_back_key(effect);
    let mut changes = Changes::of_tenant(effect.tenant).with(Change::MoveEffect(to));
    for mut change in after_effect(outcome, ids, now) {
        if let Change::AddJobLog(log) = &mut change {
            log.message.clone_from(&said);
        }
        changes.push(change);
    }
    changes
        .with(Change::ResolveAlert { dedup_key, by: who.to_owned(), at: now })
        .with(Change::Audit(Box::new(entry)))
}

fn moved(effect: &Effect, verdict: &Verdict, said: &str, now: Timestamp) -> EffectMove {
    let mut to = EffectMove::new(effect.id, &[effect.state], state_after(verdict), now);
    match verdict {
        Verdict::Sent { instagram_id } => {
            to.instagram_id.clone_from(instagram_id);
            return to;
        }
        Verdict::TryAgain { at } => {
            (to.retry_count, to.next_retry_at) = (Some(effect.retry_count + 1), Some(*at));
        }
        Verdict::Skip(reason) => to.skip_reason = Some(*reason),
        _ => to.retry_count = Some(effect.retry_count + 1),
    }
    // One that was refused for good keeps saying why.
    let was_refused = effect.error_category == Some(ErrorCategory::Permanent);
    (to.error, to.error_category) = match was_refused {
        true => (effect.error.clone(), effect.error_category),
        false => (Some(said.to_owned()), Some(ErrorCategory::Unknown)),
    };
    to
}
