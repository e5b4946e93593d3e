//! What publishing writes down: effects, notes about attempts, alerts, entries of the audit log.

use std::time::Duration;

use serde_json::{Value, json};
use tenants::account::Account;
use tenants::alert::{AlertType, NewAlert};
use tenants::audit::NewAuditEntry;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::connect::TokenTrouble;
use tenants::effect::{Action, Effect, EffectState, IdempotencyKey};
use tenants::ids::{AgencyId, AlertId, AuditId, EffectId, Ids, JobLogId, PostId};
use tenants::ports::SendError;
use tenants::post::{JobLog, Post};

use crate::connect::refused_alert;

/// Who publishing is in the audit log.
pub(super) const ACTOR: &str = "publishing";

/// An effect of a post, waiting in the queue. Its key is that of the post, the round and the position, so that queueing
/// it again adds nothing.
pub(super) fn effect_of(post: &Post, action: Action, position: u32, ids: &Ids, now: Timestamp) -> Effect {
    let round = match action {
        // One for all rounds.
        Action::FirstComment { .. } => 0,
        _ => post.progress.round,
    };
    let name = format!("{}:{round}", post.id);
    let key = IdempotencyKey::derive(&post.tenant, "post", &name, action.action_type(), position);
    Effect {
        id: EffectId::new(ids),
        tenant: post.tenant,
        account: post.account,
        conversation: None,
        event: None,
        decision: None,
        action,
        idempotency_key: key,
        state: EffectState::Pending,
        approved_by_person: true,
        retry_count: 0,
        error: None,
        error_category: None,
        skip_reason: None,
        instagram_id: None,
        next_retry_at: now,
        deadline: None,
        first_attempt_at: None,
        sent_at: None,
        received_at: None,
        created_at: now,
        updated_at: now,
    }
}

/// A note about a step that is no effect.
pub(super) fn note(
    post: &Post,
    step: &str,
    status: &str,
    message: impl Into<String>,
    ids: &Ids,
    now: Timestamp,
) -> Change {
    Change::AddJobLog(Box::new(JobLog {
        id: JobLogId::new(ids),
        post: post.id,
        effect: None,
        round: post.progress.round,
        step: step.to_owned(),
        status: status.to_owned(),
        message: message.into(),
        error_details: None,
        execution_ms: 0,
        at: now,
    }))
}

/// An entry of the audit log about a post.
pub(super) fn audit(
    post: &Post,
    event_type: &str,
    error: Option<String>,
    ids: &Ids,
    now: Timestamp,
) -> Change {
    let details = json!({
        "post_type": post.draft.post_type,
        "account": post.account,
        "state": post.state,
        "round": post.progress.round,
        "platform_post_id": post.platform_post_id,
        "permalink": post.permalink,
    });
    Change::Audit(Box::new(NewAuditEntry {
        id: AuditId::new(ids),
        event_type: event_type.to_owned(),
        action: event_type.rsplit('.').next().unwrap_or(event_type).to_owned(),
        resource_type: "post".to_owned(),
        resource_id: post.id.to_string(),
        actor: ACTOR.to_owned(),
        success: error.is_none(),
        error,
        details: details.into(),
        at: now,
    }))
}

/// An alert that a post was not published.
pub(super) fn alert(post: &Post, agency: AgencyId, message: String, ids: &Ids, now: Timestamp) -> Change {
    let alert = NewAlert {
        id: AlertId::new(ids),
        agency: Some(agency),
        tenant: Some(post.tenant),
        alert_type: AlertType::PublishFailed,
        severity: None,
        message,
        details: json!({ "post": post.id, "account": post.account, "scheduled_at": post.scheduled_at }),
        dedup_key: alert_key(&post.id),
    };
    Change::RaiseAlert(Box::new(alert), now)
}

/// The alert about a post is over.
pub(super) fn resolve_alert(post: &Post, now: Timestamp) -> Change {
    Change::ResolveAlert { dedup_key: alert_key(&post.id), by: ACTOR.to_owned(), at: now }
}

fn alert_key(post: &PostId) -> String {
    format!("publish_failed:{post}")
}

/// The platform refused the account's token when it was read.
pub(super) fn token_refused(
    account: &Account,
    agency: AgencyId,
    error: &SendError,
    ids: &Ids,
    now: Timestamp,
) -> Vec<Change> {
    let trouble = TokenTrouble::of(error.code, error.subcode);
    let status = trouble.status();
    let alert = refused_alert(ids, Some(agency), account, trouble, &error.message);
    vec![Change::SetAccountStatus { account: account.id, status }, Change::RaiseAlert(Box::new(alert), now)]
}

/// What became of an effect, as far as its post is concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EffectOutcome<'a> {
    /// The effect, as it stood before.
    pub effect: &'a Effect,
    /// Where it stands now.
    pub state: EffectState,
    /// What was wrong.
    pub error: Option<&'a SendError>,
    /// How long the call took; `None` when there was none.
    pub latency: Option<Duration>,
}

/// What the outcome of an effect changes at its post: a note, and once the effect is settled, somebody must look.
pub(crate) fn after_effect(outcome: EffectOutcome<'_>, ids: &Ids, now: Timestamp) -> Vec<Change> {
    let effect = outcome.effect;
    let Some(post) = effect.action.post() else { return Vec::new() };
    let (status, message) = words(&outcome);
    let log = JobLog {
        id: JobLogId::new(ids),
        post: *post,
        effect: Some(effect.id),
        round: match &effect.action {
            Action::CreateContainer { round, .. } | Action::PublishPost { round, .. } => *round,
            _ => 0,
        },
        step: effect.action.action_type().as_str().to_owned(),
        status: status.to_owned(),
        message,
        error_details: outcome.error.map(details),
        execution_ms: outcome.latency.map_or(0, |latency| latency.as_millis() as u64),
        at: now,
    };
    let mut changes = vec![Change::AddJobLog(Box::new(log))];
    if is_settled(effect, outcome.state) {
        changes.push(Change::WakePost { post: *post, at: now });
    }
    changes
}

/// True when the post behind an effect can go on.
pub(crate) fn is_settled(effect: &Effect, state: EffectState) -> bool {
    effect.action.post().is_some() && state.is_settled()
}

fn words(outcome: &EffectOutcome<'_>) -> (&'static str, String) {
    let told = || outcome.error.map(|error| error.message.clone());
    match outcome.state {
        EffectState::Sent => ("done", "done".to_owned()),
        EffectState::Failed => ("retrying", told().unwrap_or_else(|| "will be tried again".to_owned())),
        EffectState::Unknown => {
            ("unknown", told().unwrap_or_else(|| "the answer was lost; it is read back".to_owned()))
        }
        EffectState::Pending | EffectState::Processing => {
            ("waiting", told().unwrap_or_else(|| "waits for the account".to_owned()))
        }
        EffectState::Dlq => ("failed", told().unwrap_or_else(|| "tried too often".to_owned())),
        EffectState::Skipped => ("failed", told().unwrap_or_else(|| "not possible any more".to_owned())),
        EffectState::Cancelled => ("failed", "called off".to_owned()),
    }
}

fn details(error: &SendError) -> Value {
    json!({ "code": error.code, "subcode": error.subcode, "category": error.category })
}

/// All changes of a step of a post.
pub(super) fn put(post: Post, expected: i64) -> Changes {
    let tenant = post.tenant;
    Changes::of_tenant(tenant).with(Change::PutPost { post: Box::new(post), expected: Some(expected) })
}
