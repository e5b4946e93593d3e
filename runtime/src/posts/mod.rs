//! What people do with posts, the same for the HTTP API and the command line. Each act gives the changes to commit, with
//! the audit entry that records who did it, or says why it does not fit the post as it stands.

mod acts;
mod calendar;
mod import;
mod links;
mod settle;

use actors::Ports;
use sha2::{Digest, Sha256};
use tenants::account::Account;
use tenants::changes::{Change, Expected};
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, TenantId};
use tenants::media::MediaAsset;
use tenants::ports::{MediaLibrary, PlatformAdapter, Posts, Store, StoreError};
use tenants::post::{MOST_ALIKE, Post, PostDraft, PostProblem, PostState, Recurrence};

pub use acts::{Edited, PostError};
pub use calendar::icalendar;
pub use import::{Imported, RowProblems, read_posts};
pub use links::{PostLink, PostLinkRefused, PostLinks};
pub use settle::{Seen, SettleError, Settlement, look_up, lost_answer};

/// What somebody wants to be published when.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPost {
    /// The account.
    pub account: AccountId,
    /// What is published.
    pub draft: PostDraft,
    /// When; a draft without.
    pub scheduled_at: Option<Timestamp>,
    /// How it repeats.
    pub recurrence: Option<Recurrence>,
}

/// What was found out about a draft before anything is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// Everything that keeps it from being published.
    pub problems: Vec<PostProblem>,
    /// Hash of its media.
    pub media_hash: String,
    /// How many posts with the same media there are, whatever they say.
    pub alike: u32,
    /// Posts with the same media and nearly the same caption.
    pub duplicates: Vec<Post>,
}

/// What posts are looked up in, with a running node or without.
#[derive(Clone, Copy)]
pub struct PostSources<'a> {
    /// Accounts, settings, effects.
    pub store: &'a dyn Store,
    /// Posts.
    pub posts: &'a dyn Posts,
    /// The media library.
    pub media: &'a dyn MediaLibrary,
    /// Where they are published.
    pub platform: &'a dyn PlatformAdapter,
}

impl Looked {
    /// What must still hold when the post is stored, so that of two like it one is refused.
    pub fn expected(&self) -> Change {
        Change::Expect(Expected::PostsLike { media_hash: self.media_hash.clone(), count: self.alike })
    }
}

impl<'a> PostSources<'a> {
    /// Those of a running node.
    pub fn of(ports: &'a Ports) -> Self {
        Self { store: &*ports.store, posts: &*ports.posts, media: &*ports.media, platform: &*ports.platform }
    }

    /// Looks at a draft: its words, its files, and posts like it. `apart_from` is the post itself.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look_at(
        self,
        tenant: &TenantId,
        draft: &PostDraft,
        apart_from: Option<&Post>,
    ) -> Result<Looked, StoreError> {
        let mut assets = Vec::new();
        for media in draft.files() {
            assets.extend(self.media.find_media(tenant, media).await?);
        }
        let media_hash = media_hash(draft, &assets);
        let like = self.posts.posts_with_media(tenant, &media_hash, MOST_ALIKE).await?;
        let alike = u32::try_from(like.len()).unwrap_or(MOST_ALIKE);
        let is_other =
            |post: &Post| apart_from.is_none_or(|own| own.id != post.id && own.series != Some(post.id));
        let duplicates = like
            .into_iter()
            .filter(|post| is_other(post) && post.state != PostState::Failed)
            .filter(|post| are_alike(&post.draft.caption, &draft.caption))
            .collect();
        Ok(Looked { problems: self.platform.check(draft, &assets), media_hash, alike, duplicates })
    }
}

/// The account that is named by handle or id, or the only one.
///
/// # Errors
/// When there is no such account, or it is not clear which is meant.
pub fn account_named(name: &str, accounts: &[Account]) -> Result<AccountId, PostProblem> {
    let problem = |text: &str| Err(PostProblem::new("account", text));
    match (name.trim_start_matches('@'), accounts) {
        ("", [only]) => Ok(only.id),
        ("", []) => problem("the tenant has no account: connect one first"),
        ("", _) => problem("the tenant has several accounts: name one"),
        (name, accounts) => {
            let is_named = |account: &&Account| {
                account.username.eq_ignore_ascii_case(name) || account.id.to_string() == name
            };
            let found = accounts.iter().find(is_named).map(|account| account.id);
            found.map_or_else(|| problem("the tenant has no such account: see its list of accounts"), Ok)
        }
    }
}

/// A hash of what is seen, in order. Files that are not there count by their id.
fn media_hash(draft: &PostDraft, assets: &[MediaAsset]) -> String {
    let mut hash = Sha256::new();
    for media in &draft.media {
        match assets.iter().find(|asset| asset.id == *media) {
            Some(asset) => hash.update(asset.sha256.as_bytes()),
            None => hash.update(media.to_string()),
        }
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

/// Two captions that people would call the same: nine tenths alike, without case and marks.
fn are_alike(one: &str, other: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric() || c.is_whitespace());
        letters
            .flat_map(char::to_lowercase)
            .collect::<String>()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (one, other) = (plain(one), plain(other));
    one == other || strsim::normalized_levenshtein(&one, &other) >= 0.9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_that_differ_in_marks_and_a_letter_are_alike_and_others_are_not() {
        assert!(are_alike("New cakes today! 🎂", "new cakes today"));
        assert!(are_alike("Our spring sale starts today", "Our spring sale start today"));
        assert!(!are_alike("Our spring sale starts today", "Meet Ana, our new baker"));
        assert!(are_alike("", ""));
    }
}
