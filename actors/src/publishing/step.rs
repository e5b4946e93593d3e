//! One step of one post: what comes next is asked of the domain, done, and stored in one unit of work.

use std::time::Duration;

use tenants::account::{Account, AccountStatus, TenantStatus};
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::effect::{Action, Effect, EffectState, ErrorCategory};
use tenants::ports::{Finding, Hint, Published, Readiness, SendError, StoreError, TenantContext};
use tenants::post::publishing::{self as order, Container, MAX_ROUNDS, Next, PATIENCE, Ready};
use tenants::post::{Post, PostState, recurrence};

use super::records::{alert, audit, effect_of, note, put, resolve_alert, token_refused};
use super::worker::Inner;

/// A post and all that a step of it needs.
struct Case<'a> {
    inner: &'a Inner,
    context: &'a TenantContext,
    now: Timestamp,
    /// The version that is stored.
    version: i64,
}

impl Inner {
    /// Does what comes next for a post whose time to be looked at has come.
    pub(super) async fn step(&self, post: Post) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let (tenant, was) = (post.tenant, post.state);
        let Some(context) = self.contexts.get(&*self.ports.store, &tenant, now).await? else {
            let version = post.version;
            return self.ports.store.commit(put(at_rest(post, now), version)).await;
        };
        let effects = match post.state {
            PostState::Publishing | PostState::Published => {
                self.ports.posts.effects_of_post(&tenant, &post.id).await?
            }
            _ => Vec::new(),
        };
        let case = Case { inner: self, context: &context, now, version: post.version };
        let changes = case.changes(post, &effects).await?;
        let (queues, concern_accounts) = (changes.effects().next().is_some(), changes.concern_accounts());
        let uses = uses_after(&changes, was);
        self.ports.store.commit(changes).await?;
        if let Some(uses) = uses {
            // Apart, because it must not keep a published post from being stored: a file may have gone meanwhile.
            match self.ports.store.commit(uses).await {
                Ok(()) | Err(StoreError::Conflict(_)) => {}
                Err(error) => tracing::warn!(%error, "it could not be stored which files a post uses"),
            }
        }
        if queues {
            self.ports.wake.send(Hint::Effects(tenant));
        }
        if concern_accounts {
            self.ports.wake.send(Hint::TenantChanged(tenant));
        }
        self.ports.wake.send(Hint::Audit(tenant));
        Ok(())
    }
}

impl Case<'_> {
    async fn changes(&self, mut post: Post, effects: &[Effect]) -> Result<Changes, StoreError> {
        post.updated_at = self.now;
        let is_due = post.state == PostState::Approved && post.scheduled_at.is_some_and(|at| at <= self.now);
        if is_due && self.context.tenant.status == TenantStatus::Suspended {
            let why = "the tenant was suspended when it was due: resume the tenant, then publish it now or cancel it";
            return Ok(self.ask_person(post, why.to_owned()));
        }
        let account = self.context.accounts.iter().find(|account| account.id == post.account);
        let Some(account) = account else {
            if effects.iter().any(is_open) {
                return Ok(self.stored(at_rest(post, self.now)));
            }
            let why = "its account is not connected any more: choose another account";
            return Ok(self.round_failed(post, why.to_owned(), false));
        };
        Ok(match order::next(&post, effects, self.now) {
            Next::Wait | Next::Done => self.stored(at_rest(post, self.now)),
            Next::WaitUntil(at) => self.stored(Post { next_step_at: Some(at), ..post }),
            Next::AskPerson { why } => self.ask_person(post, why),
            Next::Create(containers) => self.begin_round(post, account, containers).await,
            Next::Poll { containers, made_at } => self.poll(post, account, &containers, made_at).await,
            Next::Visible { id } => self.visible(post, id, effects),
            Next::FindVisible { container, since } => {
                self.find(post, account, &container, since, effects).await?
            }
            Next::Comment { media_id, text } => self.comment(post, media_id, text),
            Next::ReadBack { media_id } => self.read_back(post, account, &media_id).await,
            Next::RoundFailed { why, may_work_again } => self.round_failed(post, why, may_work_again),
        })
    }

    fn stored(&self, post: Post) -> Changes {
        put(post, self.version)
    }

    fn ids(&self) -> &tenants::ids::Ids {
        &self.inner.ports.ids
    }

    fn later(&self, mut post: Post, seconds: u64, waits_for: &str) -> Changes {
        post.next_step_at = Some(self.now + Duration::from_secs(seconds.max(1)));
        post.progress.waits_for = Some(waits_for.to_owned());
        self.stored(post)
    }

    /// The first containers of a round.
    async fn begin_round(
        &self,
        mut post: Post,
        account: &Account,
        containers: Vec<(u32, Container)>,
    ) -> Changes {
        if post.state == PostState::Approved {
            let due = post.scheduled_at.unwrap_or(self.now);
            self.inner.metrics.pickup.observe(self.now.since(due).as_secs_f64());
            post.state = PostState::Publishing;
            post.progress.round += 1;
            post.progress.last_round = post.progress.round + MAX_ROUNDS - 1;
        }
        if let Some(waiting) = self.wait_for_quota(&post, account).await {
            return waiting;
        }
        post.progress.polls = 0;
        post.progress.waits_for = None;
        post.next_step_at = None;
        let round = post.progress.round;
        let message = format!("attempt {round}: {} to hand over", counted(containers.len(), "file"));
        let mut changes =
            self.stored(post.clone()).with(note(&post, "schedule", "done", message, self.ids(), self.now));
        for (position, container) in containers {
            let container = Box::new(container);
            let action = Action::CreateContainer { post: post.id, round, position, container };
            let effect = effect_of(&post, action, position, self.ids(), self.now);
            changes.push(Change::AddEffect(Box::new(effect)));
        }
        changes
    }

    /// Asks whether containers are ready, and queues what follows.
    async fn poll(
        &self,
        mut post: Post,
        account: &Account,
        containers: &[String],
        made_at: Timestamp,
    ) -> Changes {
        let rest = self.inner.settings.rest_seconds;
        if account.status != AccountStatus::Active {
            return self.later(post, rest, "the account to be connected again");
        }
        for container in containers {
            match self.inner.ports.platform.readiness(account, container).await {
                Ok(Readiness::Ready) => {}
                Ok(Readiness::InProgress) => return self.still_in_progress(post, made_at),
                // Not by an effect of ours, or its row would say so; it is up, and that is what counts.
                Ok(Readiness::Published) => return self.visible(post, None, &[]),
                Ok(Readiness::Expired) => {
                    // Nobody's fault, and at least a day has passed: another round, however many there were.
                    post.progress.last_round = post.progress.last_round.max(post.progress.round + 1);
                    return self.round_failed(post, "its container has expired unpublished".to_owned(), true);
                }
                Ok(Readiness::Failed { message, may_work_again, .. }) => {
                    return self.round_failed(post, message, may_work_again);
                }
                Err(error) => return self.unreadable(post, account, &error),
            }
        }
        if let Some(waiting) = self.wait_for_quota(&post, account).await {
            return waiting;
        }
        post.next_step_at = None;
        post.progress.waits_for = None;
        let round = post.progress.round;
        let (position, action) = match order::when_ready(&post, containers) {
            Ready::Assemble(position, container) => {
                let container = Box::new(container);
                (position, Action::CreateContainer { post: post.id, round, position, container })
            }
            Ready::Publish(container_id) => {
                let (post_type, caption) = (post.draft.post_type, post.draft.caption.clone());
                (0, Action::PublishPost { post: post.id, round, container_id, post_type, caption })
            }
        };
        let effect = effect_of(&post, action, position, self.ids(), self.now);
        let ready = note(&post, "readiness", "done", "the platform is ready", self.ids(), self.now);
        self.stored(post).with(ready).with(Change::AddEffect(Box::new(effect)))
    }

    fn still_in_progress(&self, mut post: Post, made_at: Timestamp) -> Changes {
        if self.now.since(made_at) >= PATIENCE {
            let why =
                format!("the platform did not finish its file within {} minutes", PATIENCE.as_secs() / 60);
            return self.round_failed(post, why, true);
        }
        post.next_step_at = Some(self.now + order::poll_interval(post.progress.polls));
        post.progress.polls += 1;
        post.progress.waits_for = Some("the platform to finish its file".to_owned());
        self.stored(post)
    }

    /// The platform could not be read: nothing is concluded from that.
    fn unreadable(&self, post: Post, account: &Account, error: &SendError) -> Changes {
        // Nothing of this round has been published: a container that stays away is replaced.
        if error.skip_reason.is_some() && post.progress.polls >= GONE_AFTER {
            return self.round_failed(post, "its container is gone".to_owned(), true);
        }
        let status = note(&post, "readiness", "retrying", error.message.clone(), self.ids(), self.now);
        let wait = match error.category {
            ErrorCategory::RateLimit => error.retry_after.map_or(300, |wait| wait.as_secs()),
            _ => 2 << post.progress.polls.min(5),
        };
        let mut post = post;
        post.progress.polls += 1;
        let mut changes = self.later(post, wait, "the platform to answer").with(status);
        if error.category == ErrorCategory::AuthFailure {
            let agency = self.context.tenant.agency;
            changes.list.extend(token_refused(account, agency, error, self.ids(), self.now));
            self.inner.contexts.forget(&account.tenant);
        }
        changes
    }

    /// The changes by which a post waits while the platform's limit is used up.
    async fn wait_for_quota(&self, post: &Post, account: &Account) -> Option<Changes> {
        if account.status != AccountStatus::Active {
            return None;
        }
        // Nothing is concluded from a failure: the platform refuses what is too much.
        let quota = self.inner.ports.platform.quota(account).await.ok().flatten()?;
        if quota.has_room() {
            return None;
        }
        let hours = quota.window.as_secs() / 3_600;
        let waits_for = format!("room in the platform's limit of {} posts in {hours} hours", quota.total);
        Some(self.later(post.clone(), self.inner.settings.quota_rest_seconds, &waits_for))
    }

    /// It is visible: from here on it is published, whatever else happens.
    fn visible(&self, mut post: Post, id: Option<String>, effects: &[Effect]) -> Changes {
        let sent_at = effects.iter().rev().find_map(|effect| match effect.action {
            Action::PublishPost { .. } if effect.state == EffectState::Sent => effect.sent_at,
            _ => None,
        });
        post.state = PostState::Published;
        post.platform_post_id = id;
        post.published_at = Some(sent_at.unwrap_or(self.now));
        post.next_step_at = Some(self.now);
        post.error = None;
        post.progress.waits_for = None;
        post.progress.reads = 0;
        self.inner.metrics.ended.with_label_values(&["published"]).inc();
        let next = recurrence::next_post(&post, self.context.tenant.time_zone.as_str(), self.now, self.ids());
        let mut changes = self
            .stored(post.clone())
            .with(audit(&post, "post.published", None, self.ids(), self.now))
            .with(resolve_alert(&post, self.now));
        if let Some(next) = next {
            changes.push(audit(&next, "post.repeated", None, self.ids(), self.now));
            changes.push(Change::PutPost { post: Box::new(next), expected: None });
        }
        changes
    }

    /// Finds the id of a post that is visible, when the answer that told it was lost.
    async fn find(
        &self,
        mut post: Post,
        account: &Account,
        container: &str,
        since: Timestamp,
        effects: &[Effect],
    ) -> Result<Changes, StoreError> {
        let claimed =
            self.inner.ports.store.claimed_instagram_ids(&post.tenant, &post.account, since - MARGIN).await?;
        let claimed: Vec<String> = claimed
            .into_iter()
            .filter(|id| !effects.iter().any(|effect| effect.instagram_id.as_ref() == Some(id)))
            .collect();
        let published =
            Published { container, post_type: post.draft.post_type, caption: &post.draft.caption };
        let found = self.inner.ports.platform.find_published(account, &published, since, &claimed).await;
        if let Ok(Finding::Done(Some(id))) = found {
            post.platform_post_id = Some(id);
            post.next_step_at = Some(self.now);
            return Ok(self.stored(post));
        }
        Ok(self.read_failed(post))
    }

    fn comment(&self, mut post: Post, media_id: String, text: String) -> Changes {
        post.next_step_at = Some(self.now);
        let action = Action::FirstComment { post: post.id, media_id, text };
        let effect = effect_of(&post, action, 0, self.ids(), self.now);
        self.stored(post).with(Change::AddEffect(Box::new(effect)))
    }

    /// Reads where the post can be seen. A failure says nothing about the post: it is up.
    async fn read_back(&self, mut post: Post, account: &Account, media_id: &str) -> Changes {
        match self.inner.ports.platform.read_post(account, media_id).await {
            Ok(seen) if seen.permalink.is_some() => {
                post.permalink = seen.permalink;
                post.next_step_at = None;
                let read = note(&post, "read_back", "done", "its address is known", self.ids(), self.now);
                self.stored(post).with(read)
            }
            _ => self.read_failed(post),
        }
    }

    fn read_failed(&self, mut post: Post) -> Changes {
        let wait = order::read_backoff(post.progress.reads);
        post.progress.reads += 1;
        post.next_step_at = Some(self.now + wait);
        let message = "it is published; where it can be seen could not be read yet";
        let read = note(&post, "read_back", "retrying", message, self.ids(), self.now);
        self.stored(post).with(read)
    }

    fn round_failed(&self, mut post: Post, why: String, may_work_again: bool) -> Changes {
        post.retry_count += 1;
        post.error = Some(why.clone());
        post.progress.polls = 0;
        post.progress.waits_for = None;
        if may_work_again && post.progress.round < post.progress.last_round {
            let failed = note(&post, "schedule", "retrying", why, self.ids(), self.now);
            post.progress.round += 1;
            post.next_step_at = Some(self.now + order::round_backoff(post.retry_count + 1));
            post.progress.waits_for = Some("its next attempt".to_owned());
            return self.stored(post).with(failed);
        }
        post.state = PostState::Failed;
        post.next_step_at = None;
        self.inner.metrics.ended.with_label_values(&["failed"]).inc();
        let message = format!(
            "the {} of {} could not be published: {why}; correct it and retry, or cancel it",
            post.draft.post_type,
            self.handle(&post)
        );
        let agency = self.context.tenant.agency;
        self.stored(post.clone())
            .with(note(&post, "schedule", "failed", why.clone(), self.ids(), self.now))
            .with(audit(&post, "post.failed", Some(why), self.ids(), self.now))
            .with(alert(&post, agency, message, self.ids(), self.now))
    }

    fn ask_person(&self, mut post: Post, why: String) -> Changes {
        post.state = PostState::NeedsPerson;
        post.next_step_at = None;
        post.error = Some(why.clone());
        post.progress.waits_for = None;
        self.inner.metrics.ended.with_label_values(&["needs_person"]).inc();
        let message = format!("the {} of {} waits for you: {why}", post.draft.post_type, self.handle(&post));
        let agency = self.context.tenant.agency;
        self.stored(post.clone())
            .with(note(&post, "schedule", "waiting", why.clone(), self.ids(), self.now))
            .with(audit(&post, "post.missed", Some(why), self.ids(), self.now))
            .with(alert(&post, agency, message, self.ids(), self.now))
    }

    fn handle(&self, post: &Post) -> String {
        let account = self.context.accounts.iter().find(|account| account.id == post.account);
        account
            .map_or_else(|| "an account that is gone".to_owned(), |account| format!("@{}", account.username))
    }
}

/// How much earlier than the first call ids count as claimed: clocks differ.
const MARGIN: Duration = Duration::from_secs(300);

/// So often a container may be missing before it counts as gone: the platform denies fresh ones for moments.
const GONE_AFTER: u32 = 5;

fn at_rest(mut post: Post, now: Timestamp) -> Post {
    post.next_step_at = None;
    post.updated_at = now;
    post
}

/// Which files are used once these changes are stored: those of a post that has just become visible may be deleted, those
/// of its repetition may not.
fn uses_after(changes: &Changes, was: PostState) -> Option<Changes> {
    let mut uses = Changes { chain: changes.chain, list: Vec::new() };
    for change in &changes.list {
        let (post, holds) = match change {
            Change::PutPost { post, expected: None } => (post, true),
            Change::PutPost { post, .. } if post.state == PostState::Published && was != post.state => {
                (post, false)
            }
            _ => continue,
        };
        let by = tenants::media::MediaUser::post(post.id);
        uses.push(Change::SetMediaUses { by, media: post.draft.files(), holds });
    }
    (!uses.list.is_empty()).then_some(uses)
}

/// True while nobody knows what becomes of it.
fn is_open(effect: &Effect) -> bool {
    !effect.state.is_settled()
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
