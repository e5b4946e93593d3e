//! The acts themselves.

use chrono_tz::Tz;
use serde_json::{Value, json};
use tenants::account::Tenant;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::effect::{Action, Effect, EffectState};
use tenants::ids::PostId;
use tenants::media::MediaUser;
use tenants::post::publishing::MAX_ROUNDS;
use tenants::post::{ApprovalPolicy, Approver, Opinion, Post, PostApproval, PostProblem, PostState};

use super::settle::call_off;
use super::{Looked, NewPost};
use crate::administration::Act;

/// Why an act does not fit.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PostError {
    /// The post cannot be published as it is.
    #[error("it cannot be published as it is: {}", told(.0))]
    Problems(Vec<PostProblem>),
    /// The post is in another state.
    #[error("the post is {state}: {advice}")]
    WrongState {
        /// Its state.
        state: PostState,
        /// What can be done instead.
        advice: &'static str,
    },
    /// The moment cannot be used.
    #[error("scheduled_at: {0}")]
    Moment(String),
    /// It needs approvals first.
    #[error("it needs to be approved first ({0}): approve it, then publish it")]
    NotApproved(ApprovalPolicy),
    /// The same media were published or planned with nearly the same caption.
    #[error("{0} has the same media and nearly the same caption: change it, or allow duplicates")]
    Duplicate(PostId),
}

fn told(problems: &[PostProblem]) -> String {
    let told: Vec<String> = problems.iter().map(|it| format!("{}: {}", it.field, it.problem)).collect();
    told.join("; ")
}

/// What becomes of an edited post.
#[derive(Debug, Clone, PartialEq)]
pub struct Edited {
    /// The post as it is stored.
    pub post: Post,
    /// What to commit.
    pub changes: Changes,
}

impl Act<'_> {
    /// A new post: a draft, or one that is scheduled.
    ///
    /// # Errors
    /// When it is to be scheduled and cannot be.
    pub fn create_post(
        &self,
        tenant: &Tenant,
        policy: ApprovalPolicy,
        new: NewPost,
        looked: &Looked,
    ) -> Result<Edited, PostError> {
        self.create_post_as(PostId::new(self.ids), tenant, policy, new, looked)
    }

    /// The same under an id that is given: the same request makes the same post.
    ///
    /// # Errors
    /// When it is to be scheduled and cannot be.
    pub fn create_post_as(
        &self,
        id: PostId,
        tenant: &Tenant,
        policy: ApprovalPolicy,
        new: NewPost,
        looked: &Looked,
    ) -> Result<Edited, PostError> {
        let mut post = Post {
            approval: PostApproval::new(policy),
            recurrence: new.recurrence,
            media_hash: looked.media_hash.clone(),
            ..Post::new(id, tenant.id, new.account, new.draft, self.by.clone(), self.at)
        };
        if let Some(at) = new.scheduled_at {
            self.plan(&mut post, at, tenant, looked)?;
        }
        let changes = Changes::of_tenant(tenant.id)
            .with(Change::PutPost { post: Box::new(post.clone()), expected: None })
            .with(uses(&post, looked))
            .with(self.post_audit("post.created", &post));
        Ok(Edited { post, changes })
    }

    /// Other content. Approvals start over.
    ///
    /// # Errors
    /// When it is published already, or is scheduled and could not be any more.
    pub fn edit_post(
        &self,
        tenant: &Tenant,
        before: &Post,
        new: NewPost,
        looked: &Looked,
    ) -> Result<Edited, PostError> {
        if !before.state.is_editable() {
            return Err(wrong(before, "it cannot be edited any more"));
        }
        let mut post = before.clone();
        let is_changed = (post.account, &post.draft) != (new.account, &new.draft);
        (post.account, post.draft, post.recurrence) = (new.account, new.draft, new.recurrence);
        post.media_hash.clone_from(&looked.media_hash);
        post.updated_at = self.at;
        if is_changed {
            post.approval.opinions.clear();
        }
        let is_moved = before.scheduled_at != new.scheduled_at || before.state == PostState::Draft;
        let repeats = post.recurrence.is_some() || before.recurrence.is_some();
        match new.scheduled_at {
            Some(at) if is_changed || is_moved || repeats => {
                self.plan(&mut post, at, tenant, looked)?;
            }
            Some(_) => {}
            None => (post.state, post.scheduled_at, post.next_step_at) = (PostState::Draft, None, None),
        }
        let changes = self.put(before, &post, "post.edited").with(uses(&post, looked));
        Ok(Edited { post, changes })
    }

    /// Another moment, or a first one.
    ///
    /// # Errors
    /// When it cannot be published as it is, or is already.
    pub fn schedule_post(
        &self,
        tenant: &Tenant,
        before: &Post,
        at: Timestamp,
        looked: &Looked,
    ) -> Result<Edited, PostError> {
        if !before.state.is_editable() {
            return Err(wrong(before, "it cannot be scheduled any more"));
        }
        let mut post = before.clone();
        post.updated_at = self.at;
        self.plan(&mut post, at, tenant, looked)?;
        let changes = self.put(before, &post, "post.scheduled").with(resolved(&post, self.at));
        Ok(Edited { post, changes })
    }

    fn plan(
        &self,
        post: &mut Post,
        at: Timestamp,
        tenant: &Tenant,
        looked: &Looked,
    ) -> Result<(), PostError> {
        if !looked.problems.is_empty() {
            return Err(PostError::Problems(looked.problems.clone()));
        }
        if let Some(over) = self.is_over(at) {
            return Err(PostError::Moment(over.problem));
        }
        let zone: Tz = tenant.time_zone.parse().unwrap_or(Tz::UTC);
        if let Some(rule) = post.recurrence.take() {
            if let Some(problem) = rule.problem() {
                return Err(PostError::Problems(vec![PostProblem::new("recurrence.interval", problem)]));
            }
            post.recurrence = Some(rule.anchored(at, zone));
        }
        (post.error, post.scheduled_at) = (None, Some(at));
        self.await_or_go(post, at);
        Ok(())
    }

    /// The problem of a moment that is over.
    pub(super) fn is_over(&self, at: Timestamp) -> Option<PostProblem> {
        let problem = || format!("{at} is over: choose a moment to come, or publish it now");
        (at < self.at).then(|| PostProblem::new("scheduled_at", problem()))
    }

    /// Waits for approvals, or for its moment.
    fn await_or_go(&self, post: &mut Post, at: Timestamp) {
        if post.approval.is_complete() {
            (post.state, post.next_step_at) = (PostState::Approved, Some(at));
        } else {
            (post.state, post.next_step_at) = (PostState::Pending, None);
        }
    }

    /// Publishes a post at once.
    ///
    /// # Errors
    /// When it cannot be published as it is, or is already.
    pub fn publish_post_now(&self, before: &Post, looked: &Looked) -> Result<Edited, PostError> {
        match before.state {
            PostState::Publishing | PostState::Published => {
                return Err(wrong(before, "it is published only once"));
            }
            PostState::Approved if before.next_step_at.is_some_and(|at| at <= self.at) => {
                return Err(wrong(before, "it is on its way already"));
            }
            PostState::Failed => return Err(wrong(before, "retry it, so that its attempts are counted")),
            PostState::Rejected => return Err(wrong(before, "edit it, and have it approved")),
            _ => {}
        }
        if !looked.problems.is_empty() {
            return Err(PostError::Problems(looked.problems.clone()));
        }
        if !before.approval.is_complete() {
            return Err(PostError::NotApproved(before.approval.policy));
        }
        let mut post = before.clone();
        post.state = PostState::Approved;
        (post.scheduled_at, post.next_step_at) = (Some(self.at), Some(self.at));
        (post.error, post.updated_at) = (None, self.at);
        let changes = self.put(before, &post, "post.publish_now").with(resolved(&post, self.at));
        Ok(Edited { post, changes })
    }

    /// More attempts for a post that was given up.
    ///
    /// # Errors
    /// When it was not given up, or cannot be published as it is.
    pub fn retry_post(&self, before: &Post, looked: &Looked) -> Result<Edited, PostError> {
        if before.state != PostState::Failed {
            return Err(wrong(before, "only failed posts can be retried"));
        }
        if !looked.problems.is_empty() {
            return Err(PostError::Problems(looked.problems.clone()));
        }
        let mut post = before.clone();
        post.state = PostState::Publishing;
        post.progress.round += 1;
        post.progress.last_round = post.progress.round + MAX_ROUNDS - 1;
        (post.progress.polls, post.next_step_at) = (0, Some(self.at));
        (post.error, post.updated_at) = (None, self.at);
        let changes = self.put(before, &post, "post.retried").with(resolved(&post, self.at));
        Ok(Edited { post, changes })
    }

    /// Calls a post off. `effects` are those that were ever queued for it.
    ///
    /// # Errors
    /// When it is visible, or may be.
    pub fn cancel_post(&self, before: &Post, effects: &[Effect]) -> Result<Edited, PostError> {
        if matches!(before.state, PostState::Published | PostState::Cancelled) {
            return Err(wrong(before, "there is nothing to call off"));
        }
        let is_publishing = |effect: &&Effect| matches!(effect.action, Action::PublishPost { .. });
        let may_be_visible = |effect: &Effect| {
            matches!(effect.state, EffectState::Processing | EffectState::Unknown | EffectState::Sent)
        };
        if effects.iter().filter(is_publishing).any(may_be_visible) {
            return Err(wrong(before, "it is being published at this moment: look at it again in a minute"));
        }
        let mut post = before.clone();
        (post.state, post.next_step_at, post.updated_at) = (PostState::Cancelled, None, self.at);
        post.progress.waits_for = None;
        let mut changes = self.put(before, &post, "post.cancelled").with(resolved(&post, self.at));
        call_off(effects.iter(), &mut changes, self.at);
        changes.push(Change::SetMediaUses { by: MediaUser::post(post.id), media: Vec::new(), holds: false });
        Ok(Edited { post, changes })
    }

    /// Somebody says yes or no to a post.
    ///
    /// # Errors
    /// When nobody is asked.
    pub fn judge_post(
        &self,
        before: &Post,
        approver: Approver,
        approved: bool,
        comment: Option<String>,
    ) -> Result<Edited, PostError> {
        if before.state != PostState::Pending {
            return Err(wrong(before, "only pending posts are approved or rejected"));
        }
        let mut post = before.clone();
        post.updated_at = self.at;
        post.approval.opinions.retain(|opinion| opinion.approver != approver);
        post.approval.opinions.push(Opinion {
            approver,
            by: self.by.clone(),
            approved,
            comment,
            at: self.at,
        });
        if !approved {
            (post.state, post.next_step_at) = (PostState::Rejected, None);
        } else if let Some(at) = post.scheduled_at {
            self.await_or_go(&mut post, at);
        }
        let event_type = if approved { "post.approved" } else { "post.rejected" };
        let changes = self.put(before, &post, event_type);
        Ok(Edited { post, changes })
    }

    pub(super) fn put(&self, before: &Post, post: &Post, event_type: &str) -> Changes {
        Changes::of_tenant(post.tenant)
            .with(Change::PutPost { post: Box::new(post.clone()), expected: Some(before.version) })
            .with(self.post_audit(event_type, post))
    }

    fn post_audit(&self, event_type: &str, post: &Post) -> Change {
        let details: Value = json!({
            "post_type": post.draft.post_type, "account": post.account, "state": post.state,
            "scheduled_at": post.scheduled_at, "media": post.draft.media, "caption": post.draft.caption,
        });
        self.audit(event_type, ("post", post.id.to_string()), details)
    }
}

pub(super) fn wrong(post: &Post, advice: &'static str) -> PostError {
    PostError::WrongState { state: post.state, advice }
}

/// Somebody has done something about the post: the alert about it is over.
pub(super) fn resolved(post: &Post, at: Timestamp) -> Change {
    Change::ResolveAlert { dedup_key: format!("publish_failed:{}", post.id), by: "people".to_owned(), at }
}

/// Which files the post holds; those that are not in the library cannot be held.
fn uses(post: &Post, looked: &Looked) -> Change {
    let is_missing = |field: &str| {
        looked.problems.iter().any(|it| it.field == field && it.problem.contains("media library"))
    };
    let draft = &post.draft;
    let present = draft.media.iter().enumerate().filter(|(index, _)| !is_missing(&format!("media[{index}]")));
    let mut media: Vec<_> = present.map(|(_, media)| *media).collect();
    media.extend(draft.options.cover_media.filter(|_| !is_missing("options.cover_media")));
    media.sort();
    media.dedup();
    Change::SetMediaUses { by: MediaUser::post(post.id), media, holds: true }
}
