//! What a person has seen of a post of which Instagram does not tell whether it is up.
//!
//! Publishing reads back by itself what became of a lost answer, but where Instagram shows neither the container nor the
//! post it must not conclude anything, and waits. A person who looks at the account can tell.

use std::time::Duration;

use actors::dispatcher::settle_publication;
use tenants::changes::{Change, Changes, EffectMove};
use tenants::effect::{Action, Effect, EffectState};
use tenants::ports::{Finding, OwnPost, Posts, Published, SendError, StoreError};
use tenants::post::{Post, PostState};

use super::PostSources;
use super::acts::{Edited, PostError, resolved, wrong};
use crate::administration::Act;

/// How far the platform's clock may be from ours.
const SKEW: Duration = Duration::from_secs(300);

/// What a person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is up; the platform's id of it, or its address.
    Up(String),
    /// It is not up.
    NotUp,
}

/// Why a person's word is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// It does not fit the post as it stands.
    #[error(transparent)]
    Post(#[from] PostError),
    /// What they name is not this post.
    #[error("{0}")]
    NotIt(String),
    /// The platform shows the post that is said not to be up.
    #[error("it is up, as {0}: say so")]
    IsUp(String),
    /// The account cannot be read, so nothing can be compared.
    #[error("the account cannot be read now, so that it cannot be checked: {}; try again later", .0.message)]
    Unreadable(SendError),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a person's word comes to, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    effects: Vec<Effect>,
    publication: Effect,
    seen: Option<OwnPost>,
}

/// What a post waits for whose answer was lost; `None` when none was, or Instagram has told since.
///
/// # Errors
/// When the database does not answer.
pub async fn lost_answer(posts: &(impl Posts + ?Sized), post: &Post) -> Result<Option<String>, StoreError> {
    if post.state != PostState::Publishing {
        return Ok(None);
    }
    let effects = posts.effects_of_post(&post.tenant, &post.id).await?;
    let is_lost = |effect: &&Effect| effect.state == EffectState::Unknown;
    Ok(effects.iter().find(is_lost).map(|effect| match effect.action {
        Action::PublishPost { .. } => {
            "the platform to show whether it is up, for the answer to publishing it was lost; whoever sees that can \
             settle it"
        }
        _ => "the platform to show whether its file arrived, for the answer was lost",
    }.to_owned()))
}

/// Looks whether what a person says can be: a post they name must be the account's own, nobody else's in our books, and
/// not older than the first try. `None` when it is known already. Reads the platform and changes nothing.
///
/// # Errors
/// When it cannot be, or cannot be looked up.
pub async fn look_up(
    sources: PostSources<'_>,
    post: &Post,
    seen: &Seen,
) -> Result<Option<Settlement>, SettleError> {
    let PostSources { store, posts, platform, .. } = sources;
    let is_told = |named: &String| {
        [&post.platform_post_id, &post.permalink].into_iter().any(|known| known.as_ref() == Some(named))
    };
    if matches!(seen, Seen::Up(named) if post.state == PostState::Published && is_told(named)) {
        return Ok(None);
    }
    let effects = posts.effects_of_post(&post.tenant, &post.id).await?;
    let publication = open_publication(post, &effects, seen)?.clone();
    let known = post.platform_post_id.as_ref().or(publication.instagram_id.as_ref());
    if matches!(seen, Seen::Up(named) if known == Some(named)) {
        return Ok(None);
    }
    let account = store.find_account(&post.tenant, &post.account).await?;
    let account = account.ok_or_else(|| wrong(post, "its account is gone: connect it again first"))?;
    let since = publication.first_attempt_at.unwrap_or(publication.created_at);
    let claimed = store.claimed_instagram_ids(&post.tenant, &post.account, since - SKEW).await?;
    let seen = match seen {
        Seen::Up(named) => {
            let found = platform.find_own_post(&account, post.draft.post_type, named.trim()).await;
            let found = found.map_err(SettleError::Unreadable)?.ok_or_else(|| {
                let handle = &account.username;
                SettleError::NotIt(format!(
                    "@{handle} shows no such post among its newest: check id or address"
                ))
            })?;
            if known == Some(&found.id) {
                return Ok(None);
            }
            if known.is_some() {
                return Err(wrong(post, "it is known to be up as another post").into());
            }
            if claimed.contains(&found.id) {
                let problem = format!("{} is another post that was published from here", found.id);
                return Err(SettleError::NotIt(problem));
            }
            if let Some(at) = found.published_at.filter(|at| *at < since - SKEW) {
                let problem =
                    format!("{} was published at {at}, before it was first tried at {since}", found.id);
                return Err(SettleError::NotIt(problem));
            }
            Some(found)
        }
        Seen::NotUp => {
            // Whoever looked may have looked too early, or at another account.
            if let Action::PublishPost { container_id, post_type, caption, .. } = &publication.action {
                let published = Published { container: container_id, post_type: *post_type, caption };
                let found = platform.find_published(&account, &published, since, &claimed).await;
                if let Ok(Finding::Done(id)) = found {
                    let shown = id.unwrap_or_else(|| "a post whose id it does not tell yet".to_owned());
                    return Err(SettleError::IsUp(shown));
                }
            }
            None
        }
    };
    Ok(Some(Settlement { effects, publication, seen }))
}

/// The publication that a person may speak about.
fn open_publication<'e>(post: &Post, effects: &'e [Effect], seen: &Seen) -> Result<&'e Effect, PostError> {
    let is_publishing = |effect: &&Effect| matches!(effect.action, Action::PublishPost { .. });
    if effects.iter().filter(is_publishing).any(|effect| effect.state == EffectState::Processing) {
        return Err(wrong(post, "it is being published at this moment: look at it again in a minute"));
    }
    let tried = effects.iter().rev().filter(is_publishing).find(|effect| effect.first_attempt_at.is_some());
    match seen {
        Seen::Up(_) => tried
            .filter(|_| {
                matches!(post.state, PostState::Publishing | PostState::Failed | PostState::Published)
            })
            .ok_or_else(|| wrong(post, "it has not been tried to publish it, so that it cannot be up")),
        Seen::NotUp => tried
            .filter(|effect| effect.state == EffectState::Unknown && post.state == PostState::Publishing)
            .ok_or_else(|| wrong(post, "whether it is up is not open")),
    }
}

impl Act<'_> {
    /// Takes a person's word: a post that is up is published from here on, one that is not is tried again where its
    /// publication was left.
    pub fn settle_post(&self, before: &Post, settlement: Settlement) -> Edited {
        let Settlement { effects, publication, seen } = settlement;
        let mut post = before.clone();
        post.updated_at = self.at;
        post.progress.waits_for = None;
        let Some(seen) = seen else {
            let mut changes = self.put(before, &post, "post.settled");
            changes.list.extend(self.settle(&publication, &Finding::NotDone));
            return Edited { post, changes };
        };
        post.permalink = seen.permalink;
        if before.state == PostState::Published {
            // It was known to be up, but not as which post.
            (post.platform_post_id, post.next_step_at) = (Some(seen.id), Some(self.at));
            let changes = self.put(before, &post, "post.settled");
            return Edited { post, changes };
        }
        if let Action::PublishPost { round, .. } = &publication.action {
            post.progress.round = *round;
        }
        (post.state, post.next_step_at, post.error) = (PostState::Publishing, Some(self.at), None);
        let mut changes = self.put(before, &post, "post.settled").with(resolved(&post, self.at));
        changes.list.extend(self.settle(&publication, &Finding::Done(Some(seen.id))));
        // What was queued to publish it otherwise.
        let others = effects.iter().filter(|effect| effect.id != publication.id);
        call_off(others, &mut changes, self.at);
        Edited { post, changes }
    }

    fn settle(&self, publication: &Effect, finding: &Finding) -> Vec<Change> {
        settle_publication(publication, finding, &self.by, self.ids, self.at).list
    }
}

/// Calls off what still waits among these effects.
pub(super) fn call_off<'e>(
    effects: impl Iterator<Item = &'e Effect>,
    changes: &mut Changes,
    at: tenants::clock::Timestamp,
) {
    let waiting = [EffectState::Pending, EffectState::Failed];
    for effect in effects.filter(|effect| waiting.contains(&effect.state)) {
        let off = EffectMove::new(effect.id, &waiting, EffectState::Cancelled, at);
        changes.push(Change::MoveEffect(off));
    }
}
