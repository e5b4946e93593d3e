//! Rows of which there may be thousands: what people were asked, effects, posts, leads.

use tenants::approval::{Approval, ApprovalKind, ApprovalStatus};
use tenants::effect::{Effect, EffectState};
use tenants::lead::{Lead, LeadField};
use tenants::ports::{EffectFilter, PageRequest, PostFilter};
use tenants::post::{Post, PostState};

use super::Looker;
use crate::oversight::facts::{Facts, target_of};
use crate::oversight::look::{Found, LookError};
use crate::oversight::record::{Record, phrase, quoted};
use crate::oversight::vocabulary::{Deed, Thing};
use crate::oversight::when::moment_told;
use crate::oversight::wording::{capital, person_told, post_told};

/// Most records of one kind.
const MOST: u32 = 2_000;
/// Rows that are read at once.
const AT_ONCE: u32 = 200;

impl Looker<'_> {
    pub(super) async fn approvals(&self, status: Option<ApprovalStatus>) -> Result<Found, LookError> {
        let mut pages = Pages::<Approval>::new();
        while let Some(page) = pages.next(|it| it.id.0) {
            pages.take(self.ports.store.list_approvals(&self.tenant.id, status, page).await?);
        }
        Ok(pages.told(|it| self.approval(it)))
    }

    fn approval(&self, approval: &Approval) -> Record {
        let kind = approval.kind.as_str();
        let at = moment_told(approval.created_at, self.zone);
        let state = match approval.status {
            ApprovalStatus::Pending => "waits for a person".to_owned(),
            other => format!("is {other}"),
        };
        let words = quoted(&approval.incoming_text);
        let mut lines = vec![format!(
            "The {kind} of {at} for {words} {state}; a person was asked, because {}.",
            phrase(&approval.reason)
        )];
        let drafted = approval.proposed.iter().find_map(|action| action.text());
        lines.extend(drafted.map(|text| format!("The drafted words are {}.", quoted(text))));
        let mut record = Record::new("approval", approval.id.to_string(), format!("{kind} of {at}"), lines);
        record.decision = Some(approval.decision.to_string());
        record.at(approval.created_at).with(facts_of_approval(approval))
    }

    pub(super) async fn queue(&self, state: Option<EffectState>) -> Result<Found, LookError> {
        let filter = EffectFilter { state, ..EffectFilter::default() };
        let mut pages = Pages::<Effect>::new();
        while let Some(page) = pages.next(|it| it.id.0) {
            pages.take(self.ports.store.list_effects(&self.tenant.id, &filter, page).await?);
        }
        Ok(pages.told(|it| self.effect(it)))
    }

    fn effect(&self, effect: &Effect) -> Record {
        let action = effect.action.action_type();
        let made = moment_told(effect.created_at, self.zone);
        let state = match effect.state {
            EffectState::Dlq => "failed and is abandoned, a dead letter".to_owned(),
            other => format!("is in the state {}", phrase(&other.as_str().replace('_', " "))),
        };
        let mut line = format!("The effect {action} queued on {made} {state}");
        if let Some(reason) = effect.skip_reason {
            line = format!("{line}, skipped because {}", phrase(&reason.as_str().replace('_', " ")));
        }
        if let Some(error) = &effect.error {
            line = format!("{line}; its last error was: {}", phrase(error));
        }
        let mut lines = vec![format!("{line}.")];
        lines.extend(effect.action.text().map(|text| format!("Its words are {}.", quoted(text))));
        let title = format!("{action}, {}", effect.state);
        let mut record = Record::new("effect", effect.id.to_string(), title, lines);
        record.decision = effect.decision.map(|it| it.to_string());
        record.at(effect.created_at).with(facts_of_effect(effect))
    }

    pub(super) async fn posts(&self, state: Option<PostState>) -> Result<Found, LookError> {
        let filter = PostFilter { state, ..PostFilter::default() };
        let mut pages = Pages::<Post>::new();
        while let Some(page) = pages.next(|it| it.id.0) {
            pages.take(self.ports.posts.list_posts(&self.tenant.id, &filter, page).await?);
        }
        Ok(pages.told(|it| self.post(it)))
    }

    fn post(&self, post: &Post) -> Record {
        let kind = post.draft.post_type;
        let state = match post.state {
            PostState::Pending => "waits for its approvals".to_owned(),
            PostState::NeedsPerson => "missed its time and waits for a person".to_owned(),
            PostState::Draft => "is being written as a draft".to_owned(),
            other => format!("is {}", phrase(&other.as_str().replace('_', " "))),
        };
        let mut line = capital(&format!("{} {state}", post_told(kind.as_str(), Some(&post.draft.caption))));
        match (post.published_at, post.scheduled_at) {
            (Some(at), _) => line = format!("{line}, published on {}", moment_told(at, self.zone)),
            (None, Some(at)) => line = format!("{line}, scheduled for {}", moment_told(at, self.zone)),
            (None, None) => {}
        }
        if let Some(error) = &post.error {
            line = format!("{line}; it failed: {}", phrase(error));
        }
        let by = self.names.get(&post.created_by).map_or_else(|| phrase(&post.created_by), |it| phrase(it));
        let lines = vec![
            format!("{line}."),
            format!("This post was created on {} by {by}.", moment_told(post.created_at, self.zone)),
        ];
        let title: String = post.draft.caption.chars().take(40).collect();
        let title = if title.is_empty() { format!("{kind} without a caption") } else { title };
        Record::new("post", post.id.to_string(), title, lines)
            .at(post.published_at.unwrap_or(post.created_at))
            .with(facts_of_post(post))
    }

    pub(super) async fn leads(&self) -> Result<Found, LookError> {
        let mut pages = Pages::<Lead>::new();
        while let Some(page) = pages.next(|it| it.id.0) {
            pages.take(self.ports.comms.list_leads(&self.tenant.id, None, page).await?);
        }
        Ok(pages.told(|it| self.lead(it)))
    }

    fn lead(&self, lead: &Lead) -> Record {
        let who = person_told(lead.person.username.as_deref().unwrap_or(&lead.person.id));
        let mut line = format!(
            "The lead from {who}, found on {}, is in the stage {} ({:.0} % sure)",
            moment_told(lead.created_at, self.zone),
            lead.stage,
            lead.confidence * 100.0
        );
        // How to reach them stands with the lead, and not in conversations that are kept.
        let is_told =
            |field: &LeadField| matches!(field, LeadField::Need | LeadField::Budget | LeadField::Timeline);
        let facts = lead.facts.iter().filter(|(field, _)| is_told(field));
        let said: Vec<String> =
            facts.map(|(field, fact)| format!("{field} {}", quoted(&fact.value))).collect();
        if !said.is_empty() {
            line = format!("{line} and has told {}", said.join(", "));
        }
        let mut facts = Facts::of(&[Thing::Lead]).done(Deed::Create, lead.created_at);
        facts.weight = lead.confidence;
        let mut record =
            Record::new("lead", lead.id.to_string(), format!("Lead {who}"), vec![format!("{line}.")]);
        record.author = lead.person.username.clone();
        record.at(lead.created_at).with(facts)
    }
}

/// Rows that are read page after page.
#[derive(Debug)]
struct Pages<T> {
    read: Vec<T>,
    is_whole: bool,
}

impl<T> Pages<T> {
    fn new() -> Self {
        Self { read: Vec::new(), is_whole: false }
    }

    /// The page that is to be read next; `None` when there are no more, or more than are read.
    fn next(&self, id: impl Fn(&T) -> uuid::Uuid) -> Option<PageRequest> {
        let goes_on = !self.is_whole && self.read.len() < MOST as usize;
        goes_on.then(|| PageRequest { before: self.read.last().map(id), limit: AT_ONCE })
    }

    fn take(&mut self, page: Vec<T>) {
        self.is_whole = page.len() < AT_ONCE as usize;
        self.read.extend(page);
    }

    fn told(&self, tell: impl Fn(&T) -> Record) -> Found {
        Found { records: self.read.iter().map(tell).collect(), is_cut: !self.is_whole }
    }
}

/// What waits, is one kind of question or the other; what was decided is told by its entry, with its moment.
fn facts_of_approval(approval: &Approval) -> Facts {
    let mut facts = Facts::of(&[Thing::Approval]);
    let about = approval.proposed.iter().find_map(|it| target_of(it.action_type().as_str()));
    facts.things.extend(about);
    let asked = match approval.kind {
        ApprovalKind::Draft => Deed::Draft,
        ApprovalKind::Escalation => Deed::Escalate,
    };
    let facts = facts.done(asked, approval.created_at);
    match (approval.status, approval.decided_at) {
        (ApprovalStatus::Pending, _) => facts.done(Deed::Wait, approval.created_at),
        (ApprovalStatus::Expired, at) => facts.done(Deed::Expire, at),
        (ApprovalStatus::Approved | ApprovalStatus::Edited | ApprovalStatus::Rejected, _) => facts,
    }
}

/// How an effect stands; what happened to it is told by its entries, with their moments.
fn facts_of_effect(effect: &Effect) -> Facts {
    let mut facts = Facts::of(&[Thing::Queue]);
    facts.things.extend(target_of(effect.action.action_type().as_str()));
    match effect.state {
        EffectState::Pending => facts.done(Deed::Wait, effect.created_at),
        EffectState::Dlq => {
            facts.things.push(Thing::Letter);
            facts.done(Deed::Fail, None).done(Deed::GiveUp, None).undone(Deed::Send, None)
        }
        _ => facts,
    }
}

/// How a post stands.
fn facts_of_post(post: &Post) -> Facts {
    let facts = Facts::of(&[Thing::Post]);
    match post.state {
        PostState::Draft => facts.done(Deed::Draft, post.created_at),
        PostState::Pending => facts.done(Deed::Wait, post.created_at),
        PostState::NeedsPerson => facts.done(Deed::Wait, post.created_at).undone(Deed::Publish, None),
        PostState::Approved => facts.done(Deed::Schedule, post.scheduled_at),
        PostState::Publishing => facts,
        PostState::Published => facts.done(Deed::Publish, post.published_at),
        PostState::Failed => facts.done(Deed::Fail, None).undone(Deed::Publish, None),
        PostState::Cancelled => facts.done(Deed::Cancel, None).undone(Deed::Publish, None),
        PostState::Rejected => facts.done(Deed::Reject, None).undone(Deed::Publish, None),
    }
}
