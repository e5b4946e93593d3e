//! The order in which the changes of many units of work are applied.
//!
//! The units of a batch come from callers that wait side by side, so any order between units is right as long as
//! each unit's own order is kept. Most units have the same shape, so this takes from all of them what stands
//! next and is of one kind, and a batch of a hundred decisions becomes a handful of statements.

use std::collections::HashSet;

use tenants::audit::Chain;
use tenants::changes::{Change, Changes, Expected};
use uuid::Uuid;

/// Kinds of changes that share a statement (or a file of rare ones), in the order in which units use to have
/// them: of what stands next in the units, the first kind goes first, so that the others can catch up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Configurations,
    Tenants,
    Rules,
    Prompts,
    Accounts,
    Users,
    Connections,
    EventsDone,
    EventsFailed,
    Conversations,
    Comments,
    CommentMarks,
    Messages,
    MessageEdits,
    EffectMoves,
    Posts,
    Expiries,
    Approvals,
    NewEffects,
    RuleHits,
    Media,
    Rehearsals,
    Intel,
    TickNotes,
    Alerts,
    Comms,
    Webhooks,
    Forgettings,
    Memories,
    MemoryLimits,
    Oversight,
    Audit,
    Learning,
}

impl Kind {
    fn of(change: &Change) -> Self {
        match change {
            Change::PutAgency(_)
            | Change::SetAgencyBudget { .. }
            | Change::PutTenant(_)
            | Change::PutSettings(_)
            | Change::SetTenantBudget { .. } => Kind::Tenants,
            Change::PutRule(_) | Change::DeleteRule(_) => Kind::Rules,
            // The kind of what follows: what was expected of a row and its change must not be taken apart.
            Change::Expect(Expected::Tenant { .. }) => Kind::Tenants,
            Change::Expect(Expected::Rule(..)) => Kind::Rules,
            Change::Expect(Expected::Lead(..)) => Kind::Comms,
            Change::Expect(Expected::Template(..) | Expected::PostsLike { .. }) => Kind::Posts,
            Change::AddPrompt(_)
            | Change::InstallPrompt(_)
            | Change::UsePrompt { .. }
            | Change::StartExperiment(_)
            | Change::EndExperiment(_) => Kind::Prompts,
            Change::SetAccountStatus { .. }
            | Change::PutAccount { .. }
            | Change::DeleteAccount(_)
            | Change::PutApp { .. }
            | Change::AddKey { .. }
            | Change::RevokeKey { .. } => Kind::Accounts,
            Change::User(_) => Kind::Users,
            Change::Oversight(_) => Kind::Oversight,
            Change::Connect(_) => Kind::Connections,
            Change::EventDone { .. } => Kind::EventsDone,
            Change::EventFailed { .. } | Change::EventQuarantined { .. } => Kind::EventsFailed,
            Change::PutConversation(_) => Kind::Conversations,
            Change::PutComment(_) => Kind::Comments,
            Change::MarkComment { .. } => Kind::CommentMarks,
            Change::PutMessage(_) => Kind::Messages,
            Change::ForgetMessage { .. } | Change::EditMessage { .. } | Change::AssignConversation { .. } => {
                Kind::MessageEdits
            }
            Change::AddEffect(_) => Kind::NewEffects,
            Change::MoveEffect(_) => Kind::EffectMoves,
            Change::PutPost { .. }
            | Change::WakePost { .. }
            | Change::AddJobLog(_)
            | Change::PutPostTemplate(_)
            | Change::DeletePostTemplate(_) => Kind::Posts,
            Change::ExpireDrafts { .. }
            | Change::ExpireAnswered { .. }
            | Change::ExpireOverdueApprovals { .. } => Kind::Expiries,
            Change::AddApproval(_) | Change::DecideApproval { .. } => Kind::Approvals,
            Change::AddRuleHit { .. } => Kind::RuleHits,
            Change::RaiseAlert(..) | Change::ResolveAlert { .. } => Kind::Alerts,
            Change::NoteTick(_) => Kind::TickNotes,
            Change::KeepConfiguration(_) => Kind::Configurations,
            Change::PutRehearsal(_) | Change::AddDifferences(_) => Kind::Rehearsals,
            Change::PutChannel { .. }
            | Change::DeleteChannel(_)
            | Change::AddNotice(_)
            | Change::RouteNotices(_)
            | Change::MoveNotifications(_)
            | Change::NoteLead(_)
            | Change::SetLead { .. }
            | Change::PutBriefing(_) => Kind::Comms,
            Change::Webhook(_) => Kind::Webhooks,
            Change::Intel(_) => Kind::Intel,
            Change::PutMedia(_)
            | Change::DeleteMedia(_)
            | Change::SetMediaUses { .. }
            | Change::PutUpload(_)
            | Change::DeleteUpload(_) => Kind::Media,
            Change::Forget(_) => Kind::Forgettings,
            Change::Remember(_) => Kind::Memories,
            Change::LimitMemory { .. } => Kind::MemoryLimits,
            Change::Audit(_) => Kind::Audit,
            Change::AddVerdict(_) | Change::Learn(_) | Change::PutEarnedMode(_) => Kind::Learning,
        }
    }
}

/// One change and whose it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'w> {
    pub(crate) chain: Chain,
    pub(crate) change: &'w Change,
}

/// Changes of one kind, no two of which touch the same row where their statement could not bear that.
pub(crate) type Group<'w> = Vec<Item<'w>>;

/// What a statement may touch only once: many rows in one `on conflict do update` or `update … from` must differ.
#[derive(PartialEq, Eq, Hash)]
enum Target<'w> {
    Id(Uuid),
    Place(Uuid, &'w str),
}

fn target(change: &Change) -> Option<Target<'_>> {
    match change {
        Change::EventDone { event, .. } => Some(Target::Id(event.0)),
        Change::PutConversation(it) => Some(Target::Place(it.account.0, &it.key)),
        Change::PutComment(it) => Some(Target::Place(it.account.0, &it.external_id)),
        Change::MarkComment { account, external_id, .. } => Some(Target::Place(account.0, external_id)),
        Change::PutMessage(it) => Some(Target::Place(it.account.0, &it.external_id)),
        Change::MoveEffect(it) => Some(Target::Id(it.effect.0)),
        _ => None,
    }
}

/// The changes of a batch that are still to be applied.
#[derive(Debug)]
pub(crate) struct Schedule<'w> {
    rest: Vec<(Chain, &'w [Change])>,
}

impl<'w> Schedule<'w> {
    pub(crate) fn of(units: &[&'w Changes]) -> Self {
        Self { rest: units.iter().map(|unit| (unit.chain, unit.list.as_slice())).collect() }
    }

    /// The next changes to apply together.
    pub(crate) fn next_group(&mut self) -> Option<(Kind, Group<'w>)> {
        self.rest.retain(|(_, changes)| !changes.is_empty());
        let kind = self.rest.iter().filter_map(|(_, changes)| changes.first()).map(Kind::of).min()?;
        let mut group = Group::new();
        let mut touched = HashSet::new();
        for (chain, changes) in &mut self.rest {
            while let Some((change, after)) = changes.split_first() {
                let is_free = Kind::of(change) == kind && target(change).is_none_or(|it| touched.insert(it));
                if !is_free {
                    break;
                }
                group.push(Item { chain: *chain, change });
                *changes = after;
            }
        }
        Some((kind, group))
    }
}
