//! Renewing tokens before they run out.

use std::time::Duration;

use serde_json::json;
use tenants::account::{Account, AccountStatus, LoginFlavour};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::connect::{ConnectChange, TokenFacts, TokenTrouble, near_end_alert_key, refresh_alert_key};
use tenants::effect::ErrorCategory;
use tenants::event::Role;
use tenants::ids::AgencyId;
use tenants::ports::{Refreshed, SendError, StoreError, TenantContext};

use super::entry;
use super::webhooks::subscription_changes;
use super::words::{not_renewed_alert, refused_alert};
use crate::Ports;

const DAY: Duration = Duration::from_secs(86_400);
/// A younger token cannot be renewed.
const YOUNGEST: Duration = DAY;
/// A token that has no more than this left is renewed.
const LEFT: Duration = Duration::from_secs(10 * 86_400);
/// So is one of this age, whatever we know about its end: it lives for 60 days.
const OLDEST: Duration = Duration::from_secs(50 * 86_400);
/// Pause after the first failure; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(15 * 60);
/// The pause never gets longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(6 * 3_600);
/// Failures in a row after which people are told, unless the end is nearer.
const FAILURES_TO_ALERT: u32 = 3;

/// What has to be done about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// It must be renewed.
    Renewal,
    /// It has run out unnoticed.
    End,
}

/// Judges a token. Those of Facebook login do not run out by time and cannot be renewed.
pub(super) fn due(account: &Account, facts: &TokenFacts, now: Timestamp) -> Due {
    let Some(set_at) = facts.set_at else { return Due::Nothing };
    if account.status != AccountStatus::Active {
        return Due::Nothing;
    }
    if facts.expires_at.is_some_and(|end| end <= now) {
        return Due::End;
    }
    let age = now.since(set_at);
    if account.flavour == LoginFlavour::Facebook || age < YOUNGEST {
        return Due::Nothing;
    }
    let is_near = facts.expires_at.is_none_or(|end| end <= now + LEFT);
    // A token whose end nobody knows is renewed at the first chance: then it is known.
    if is_near || age >= OLDEST { Due::Renewal } else { Due::Nothing }
}

/// The tick: renews what is due, marks what has run out, and switches webhooks on where that failed before. All of it
/// is committed together with the end of the tick: should the process die in between, the tick comes again, the stored
/// token is still good, and it is renewed once more.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn refresh_tokens(
    ports: &Ports,
    context: &TenantContext,
) -> Result<Vec<Change>, StoreError> {
    let facts = ports.connections.token_facts(&context.tenant.id).await?;
    let agency = Some(context.tenant.agency);
    let mut changes = Vec::new();
    for facts in &facts {
        let account = context.accounts.iter().find(|account| account.id == facts.account);
        let Some(account) = account else { continue };
        changes.extend(renewal(ports, agency, account, facts).await);
        let has_token = account.status == AccountStatus::Active && facts.set_at.is_some();
        if has_token && facts.subscribed_at.is_none() {
            changes.extend(subscription_changes(ports, agency, account).await.1);
        }
    }
    Ok(changes)
}

/// Renews one token if that is due.
pub(super) async fn renewal(
    ports: &Ports,
    agency: Option<AgencyId>,
    account: &Account,
    facts: &TokenFacts,
) -> Vec<Change> {
    let began = ports.clock.now();
    match due(account, facts, began) {
        Due::Nothing => Vec::new(),
        Due::End => refused(ports, agency, account, (TokenTrouble::Expired, String::new()), began),
        Due::Renewal => match ports.connector.refresh(account).await {
            Ok(refreshed) => renewed(ports, account, facts, refreshed),
            Err(error) if error.category == ErrorCategory::AuthFailure => {
                let trouble = TokenTrouble::of(error.code, error.subcode);
                refused(ports, agency, account, (trouble, error.message), began)
            }
            Err(error) => not_renewed(ports, agency, account, facts, &error),
        },
    }
}

fn renewed(ports: &Ports, account: &Account, facts: &TokenFacts, refreshed: Refreshed) -> Vec<Change> {
    let now = ports.clock.now();
    let expires_at = refreshed.lives_for.map(|lives_for| now + lives_for);
    let details = json!({ "username": account.username, "expires_at": expires_at });
    let stored = ConnectChange::Refreshed {
        account: account.id,
        of: facts.set_at,
        token: refreshed.token,
        expires_at,
        at: now,
    };
    let mut changes = vec![Change::Connect(stored)];
    if !refreshed.scopes.is_empty() && refreshed.scopes != facts.scopes {
        let (scopes, granted_by) = (refreshed.scopes, facts.granted_by.clone());
        changes.push(Change::Connect(ConnectChange::Granted { account: account.id, scopes, granted_by }));
    }
    for dedup_key in [refresh_alert_key(&account.id), near_end_alert_key(&account.id)] {
        changes.push(Change::ResolveAlert { dedup_key, by: Role::Admin.to_string(), at: now });
    }
    let kind = ("token.refreshed", Role::Admin.as_str());
    changes.push(entry(&ports.ids, kind, &account.id, None, details, now));
    changes
}

/// The account is marked, its queue waits, and people are told what to do.
pub(super) fn refused(
    ports: &Ports,
    agency: Option<AgencyId>,
    account: &Account,
    (trouble, error): (TokenTrouble, String),
    since: Timestamp,
) -> Vec<Change> {
    let now = ports.clock.now();
    let alert = Box::new(refused_alert(&ports.ids, agency, account, trouble, &error));
    let details = json!({ "username": account.username, "trouble": trouble });
    let told = if error.is_empty() { trouble.what_happened().to_owned() } else { error.clone() };
    let status = trouble.status();
    let id = account.id;
    let refused = ConnectChange::TokenRefused { account: id, status, trouble, error, since, alert, at: now };
    let kind = ("token.refused", Role::Admin.as_str());
    vec![Change::Connect(refused), entry(&ports.ids, kind, &id, Some(told), details, now)]
}

fn not_renewed(
    ports: &Ports,
    agency: Option<AgencyId>,
    account: &Account,
    facts: &TokenFacts,
    error: &SendError,
) -> Vec<Change> {
    let now = ports.clock.now();
    let failures = facts.failures.saturating_add(1);
    let is_final = matches!(error.category, ErrorCategory::Permanent | ErrorCategory::Forbidden);
    // What Instagram refuses for good is tried again with the next tick, not before.
    let pause = error.retry_after.unwrap_or_default().max(pause_after(failures));
    let failed = ConnectChange::RefreshFailed {
        account: account.id,
        of: facts.set_at,
        retry_at: (!is_final).then(|| now + pause),
        error: error.message.clone(),
    };
    let details =
        json!({ "username": account.username, "failures": failures, "expires_at": facts.expires_at });
    let kind = ("token.refresh_failed", Role::Admin.as_str());
    let entry = entry(&ports.ids, kind, &account.id, Some(error.message.clone()), details, now);
    let mut changes = vec![Change::Connect(failed), entry];
    let is_near = facts.expires_at.is_some_and(|end| end.since(now) < 3 * DAY);
    if is_final || is_near || failures >= FAILURES_TO_ALERT {
        let alert = not_renewed_alert(&ports.ids, agency, account, (facts.expires_at, now), &error.message);
        changes.push(Change::RaiseAlert(Box::new(alert), now));
    }
    changes
}

/// How long to wait after so many failures in a row.
fn pause_after(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10));
    doubled.min(LONGEST_PAUSE)
}
