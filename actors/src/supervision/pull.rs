//! Reading a tenant's waiting events, with all that is needed to decide them, in a few statements.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tenants::account::TenantStatus;
use tenants::conversation::Conversation;
use tenants::event::Role;
use tenants::ids::AccountId;
use tenants::ports::StoreError;
use tenants::settings::local_day;

use super::desk::Known;
use super::role::{RoleMsg, Work};
use super::tenant::TenantState;
use super::workload::{Admitted, Claim};
use crate::decide::{RuleSet, conversations_of};

/// What reading has brought.
pub(super) enum Pulled {
    /// Nothing waits, or there is no room now.
    Nothing,
    /// Work was handed out; `more` when there may be more.
    Some { more: bool },
    /// The tenant is suspended or gone.
    NotServed { version: i64 },
}

/// Why nothing could be read.
pub(super) enum PullError {
    /// The database does not answer now.
    Unavailable(StoreError),
    /// What it answers cannot be understood; the actor must give up.
    Broken(StoreError),
}

impl From<StoreError> for PullError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error),
            StoreError::Conflict(_) | StoreError::Corrupt(_) => Self::Broken(error),
        }
    }
}

/// Most events read at once: taking in more keeps a thread busy for milliseconds in which others wait for it.
const BITE: usize = 32;
/// The version under which a tenant that does not exist is set aside.
const GONE: i64 = i64::MIN;

/// Reads one batch and hands it out.
pub(super) async fn pull(state: &mut TenantState) -> Result<Pulled, PullError> {
    let known = match state.desk.known() {
        Some(known) if !state.must_reload => known,
        _ => match load(state).await? {
            Some(known) => known,
            None => return Ok(Pulled::NotServed { version: GONE }),
        },
    };
    if known.context.tenant.status == TenantStatus::Suspended {
        return Ok(Pulled::NotServed { version: known.context.tenant.version });
    }
    let room = state.desk.workload.room();
    if room == 0 {
        return Ok(Pulled::Nothing);
    }
    let except = state.desk.workload.known_events();
    let wanted = room.min(BITE);
    let limit = u32::try_from(wanted).unwrap_or(u32::MAX);
    let events = state.node.ports.store.pending_events(&state.desk.tenant, &except, limit).await?;
    let (read, now) = (events.len(), state.node.now());
    let Admitted { taken } = state.desk.workload.admit(events, |role| state.owner(role), now);
    let mut works: Vec<(Role, Work)> = taken
        .into_iter()
        .map(|(event, lane, owner)| {
            let claim = Claim::new(&state.desk, event.id, lane);
            (owner.role, Work { claim, event, thread: None, direct: None })
        })
        .collect();
    load_conversations(state, &mut works).await?;
    hand_out(state, works);
    Ok(if read == 0 { Pulled::Nothing } else { Pulled::Some { more: read >= wanted } })
}

/// Loads what a tenant actor holds in memory about its tenant; `None` when there is no such tenant.
async fn load(state: &mut TenantState) -> Result<Option<Arc<Known>>, PullError> {
    let now = state.node.now();
    let store = &state.node.ports.store;
    let tenant = &state.desk.tenant;
    let Some(row) = store.find_tenant(tenant).await? else { return Ok(None) };
    let zone = row.time_zone.parse().unwrap_or(chrono_tz::UTC);
    let Some(context) = store.load_context(tenant, &local_day(now, zone)).await? else { return Ok(None) };
    let rules = Arc::new(RuleSet::new(&context, now));
    let known = Arc::new(Known { context: Arc::new(context), rules });
    state.desk.learn(Arc::clone(&known));
    state.must_reload = false;
    Ok(Some(known))
}

/// Loads the conversations of a batch in one statement. The events are claimed by now: whoever worked on them
/// before has committed, or what it commits is remembered by the lane.
async fn load_conversations(state: &TenantState, works: &mut [(Role, Work)]) -> Result<(), PullError> {
    let mut wanted: HashSet<(AccountId, String)> = HashSet::new();
    for (_, work) in works.iter() {
        let keys = conversations_of(&work.event);
        wanted.extend(keys.thread);
        wanted.extend(keys.direct);
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = wanted.into_iter().collect();
    let found = state.node.ports.store.load_conversations(&state.desk.tenant, &keys).await?;
    let found: HashMap<(AccountId, String), Conversation> =
        found.into_iter().map(|found| ((found.account, found.key.clone()), found)).collect();
    for (_, work) in works {
        let keys = conversations_of(&work.event);
        work.thread = keys.thread.and_then(|key| found.get(&key).cloned());
        work.direct = keys.direct.and_then(|key| found.get(&key).cloned());
    }
    Ok(())
}

fn hand_out(state: &TenantState, works: Vec<(Role, Work)>) {
    let mut by_role: HashMap<Role, Vec<Work>> = HashMap::new();
    for (role, work) in works {
        by_role.entry(role).or_default().push(work);
    }
    for (role, works) in by_role {
        state.tell_role(role, RoleMsg::Take(works));
    }
}
