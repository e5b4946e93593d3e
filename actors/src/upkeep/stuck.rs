//! Effects that do not move. One that has been `processing` for long was left behind: it becomes `unknown`, and the
//! dispatcher reads Instagram whether it exists. One that stays `unknown` for long is told to somebody.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::json;
use tenants::alert::{AlertType, NewAlert};
use tenants::changes::{Change, Changes, EffectMove};
use tenants::clock::Timestamp;
use tenants::effect::{ActionType, EffectState, ErrorCategory};
use tenants::ids::{AlertId, TenantId};
use tenants::ports::{Hint, StoreError, StuckEffect};
use tracing::warn;

use crate::Ports;
use crate::dispatcher::LONGEST_UPLOAD;

/// Longer than any call may take but that of a file, with its outcome stored: what is `processing` since before then was left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(600);
/// How long an effect may stay unknown before somebody is told.
const TOO_LONG: Duration = Duration::from_secs(3_600);
/// Effects looked at in one sweep.
const BATCH: u32 = 200;
/// Who moves effects and resolves alerts here.
const ACTOR: &str = "upkeep";

/// Looks once. What the database does not answer is left to the next sweep.
pub(super) async fn sweep(ports: &Ports, now: Timestamp) {
    if let Err(error) = look(ports, now).await {
        warn!(%error, "stuck effects could not be looked for, trying again");
    }
}

async fn look(ports: &Ports, now: Timestamp) -> Result<(), StoreError> {
    let stuck = ports.store.stuck_effects(now - LEFT_BEHIND, BATCH).await?;
    for effect in stuck.iter().filter(|effect| is_left_behind(effect, now)) {
        make_unknown(ports, effect, now).await?;
    }
    let mut waiting: BTreeMap<TenantId, Vec<&StuckEffect>> = BTreeMap::new();
    for effect in &stuck {
        if !effect.is_processing && now.since(effect.since) >= TOO_LONG {
            waiting.entry(effect.tenant).or_default().push(effect);
        }
    }
    for (tenant, effects) in &waiting {
        ports.store.raise_alert(alert(ports, *tenant, effects).await?, now).await?;
    }
    let told: BTreeSet<TenantId> = waiting.into_keys().collect();
    end_alerts(ports, &told, now).await
}

/// A file may be on its way for long.
fn is_left_behind(effect: &StuckEffect, now: Timestamp) -> bool {
    let longest = match effect.action {
        ActionType::CreateContainer => LONGEST_UPLOAD + LEFT_BEHIND,
        _ => LEFT_BEHIND,
    };
    effect.is_processing && now.since(effect.since) >= longest
}

async fn make_unknown(ports: &Ports, stuck: &StuckEffect, now: Timestamp) -> Result<(), StoreError> {
    let mut lost = EffectMove::new(stuck.effect, &[EffectState::Processing], EffectState::Unknown, now);
    lost.error = Some("the call was left behind".to_owned());
    lost.error_category = Some(ErrorCategory::Unknown);
    lost.next_retry_at = Some(now);
    match ports.store.commit(Changes::of_tenant(stuck.tenant).with(Change::MoveEffect(lost))).await {
        Ok(()) => {
            warn!(effect.id = %stuck.effect, since = %stuck.since, "an effect was left behind; Instagram is read");
            ports.wake.send(Hint::Effects(stuck.tenant));
            Ok(())
        }
        // Its outcome was stored meanwhile.
        Err(StoreError::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn alert(ports: &Ports, tenant: TenantId, effects: &[&StuckEffect]) -> Result<NewAlert, StoreError> {
    let agency = ports.store.find_tenant(&tenant).await?.map(|tenant| tenant.agency);
    let oldest = effects.iter().map(|effect| effect.since).min();
    let ids: Vec<_> = effects.iter().take(20).map(|effect| effect.effect).collect();
    Ok(NewAlert {
        id: AlertId::new(&ports.ids),
        agency,
        tenant: Some(tenant),
        alert_type: AlertType::SyncFailure,
        severity: None,
        message: format!(
            "of {} effects it has not been found out for more than an hour whether they were done: look on Instagram, \
             and see the queue for why it cannot be read",
            effects.len()
        ),
        details: json!({ "effects": ids, "oldest": oldest }),
        dedup_key: key_of(tenant),
    })
}

/// Ends the alerts of tenants that have no such effect any more.
async fn end_alerts(ports: &Ports, told: &BTreeSet<TenantId>, now: Timestamp) -> Result<(), StoreError> {
    for tenant in ports.store.tenants_with_alert(KEY_BEGINS).await? {
        if !told.contains(&tenant) {
            let resolve = Change::ResolveAlert { dedup_key: key_of(tenant), by: ACTOR.to_owned(), at: now };
            ports.store.commit(Changes::of_tenant(tenant).with(resolve)).await?;
        }
    }
    Ok(())
}

/// How the keys of these alerts begin.
const KEY_BEGINS: &str = "stuck_effects:";

fn key_of(tenant: TenantId) -> String {
    format!("{KEY_BEGINS}{tenant}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::ids::{AccountId, EffectId};

    #[test]
    fn a_file_is_left_behind_only_when_no_file_takes_so_long() {
        let began = Timestamp::from_millis(0);
        let nil = uuid::Uuid::nil();
        let is_left = |action, minutes: u64| {
            let stuck = StuckEffect {
                effect: EffectId(nil),
                tenant: TenantId(nil),
                account: AccountId(nil),
                action,
                is_processing: true,
                since: began,
            };
            is_left_behind(&stuck, began + Duration::from_secs(minutes * 60))
        };
        assert!(!is_left(ActionType::SendDm, 9) && is_left(ActionType::SendDm, 10));
        assert!(!is_left(ActionType::CreateContainer, 189) && is_left(ActionType::CreateContainer, 190));
    }
}
