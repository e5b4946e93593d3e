//! Seeing what is there and what happened.

use std::time::Duration;

use super::reports::{Counts, StateReport};
use crate::{
    calls::CallRecord,
    core::lock,
    errors::{ControlError, StillPending},
    ids::{AppId, CommentId},
    sandbox::Sandbox,
    state::{
        accounts::Account,
        apps::App,
        comments::Comment,
        containers::Container,
        effects::{EffectsQuery, EffectsReport, InboundEffects},
        media::Media,
        messages::{Conversation, Message},
        people::Relation,
        tokens::TokenState,
    },
    webhooks::log::Delivery,
};

impl Sandbox {
    /// All apps; the first is the one from the options.
    pub fn apps(&self) -> Vec<App> {
        self.core.look(|world, _| world.apps.iter().cloned().collect())
    }

    /// One app.
    pub fn app(&self, app: &AppId) -> Option<App> {
        self.core.look(|world, _| world.apps.find(app.as_str()).cloned())
    }

    /// All accounts, oldest first.
    pub fn accounts(&self) -> Vec<Account> {
        self.core.look(|world, _| world.accounts.iter().map(|node| node.account.clone()).collect())
    }

    /// One account, by any of its ids or its handle.
    pub fn account(&self, account: impl AsRef<str>) -> Option<Account> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref()).ok()?;
            world.accounts.get(&id).map(|node| node.account.clone())
        })
    }

    /// What is known about the account's newest token, if one was given out.
    pub fn token_state(&self, account: impl AsRef<str>) -> Option<TokenState> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref()).ok()?;
            world.tokens.newest(&id).and_then(|token| world.tokens.find(token)).cloned()
        })
    }

    /// How a person appears to an account, once they met.
    pub fn relation(&self, account: impl AsRef<str>, person: &str) -> Option<Relation> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref()).ok()?;
            let igsid = world.people.igsid(&id, &crate::ids::Username::new(person))?;
            world.people.relation(igsid.as_str()).cloned()
        })
    }

    /// The account's posts and reels, newest first.
    pub fn media_of(&self, account: impl AsRef<str>) -> Result<Vec<Media>, ControlError> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref())?;
            let media = world.account(&id)?.media.newest_first();
            Ok(media.filter_map(|(_, id)| world.media.get(id)).map(|node| node.media.clone()).collect())
        })
    }

    /// The account's stories, newest first.
    pub fn stories_of(&self, account: impl AsRef<str>) -> Result<Vec<Media>, ControlError> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref())?;
            let stories = world.account(&id)?.stories.newest_first();
            Ok(stories.filter_map(|(_, id)| world.media.get(id)).map(|node| node.media.clone()).collect())
        })
    }

    /// The account's containers, oldest first.
    pub fn containers_of(&self, account: impl AsRef<str>) -> Result<Vec<Container>, ControlError> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref())?;
            let mut own: Vec<_> = world.containers.values().filter(|it| it.account == id).cloned().collect();
            own.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
            Ok(own)
        })
    }

    /// One comment, also when it is deleted.
    pub fn find_comment(&self, comment: impl AsRef<str>) -> Option<Comment> {
        self.core.look(|world, _| world.comments.find_any(comment.as_ref()).map(|node| node.comment.clone()))
    }

    /// Replies of a comment, oldest first.
    pub fn replies_of(&self, comment: &CommentId) -> Vec<Comment> {
        self.core.look(|world, _| {
            let Some(node) = world.comments.find_any(comment.as_str()) else { return Vec::new() };
            let newest_first = node.replies.newest_first();
            let replies = newest_first.filter_map(|(_, id)| world.comments.find_any(id.as_str()));
            let mut replies: Vec<_> = replies.map(|node| node.comment.clone()).collect();
            replies.reverse();
            replies
        })
    }

    /// Every comment on the account's media, deleted ones included, oldest first.
    pub fn comments_of(&self, account: impl AsRef<str>) -> Result<Vec<Comment>, ControlError> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref())?;
            let owned = |comment: &&Comment| {
                world.media.get(&comment.media).is_some_and(|node| node.media.is_owned_by(&id))
            };
            let mut comments: Vec<_> = world.comments.iter().filter(owned).cloned().collect();
            comments.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
            Ok(comments)
        })
    }

    /// The account's conversations, newest first.
    pub fn conversations_of(&self, account: impl AsRef<str>) -> Result<Vec<Conversation>, ControlError> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref())?;
            let listed = world.account(&id)?.conversations.newest_first();
            let found = listed.filter_map(|(_, id)| world.inboxes.conversation(id.as_str()));
            Ok(found.map(|node| node.conversation.clone()).collect())
        })
    }

    /// Messages between an account and a person, oldest first; empty when they never wrote.
    pub fn messages_with(
        &self,
        account: impl AsRef<str>,
        person: &str,
    ) -> Result<Vec<Message>, ControlError> {
        self.core.look(|world, _| {
            let id = world.account_named(account.as_ref())?;
            let igsid = world.people.igsid(&id, &crate::ids::Username::new(person));
            let Some(node) = igsid.and_then(|igsid| world.inboxes.with(igsid)) else { return Ok(Vec::new()) };
            let newest_first = node.messages.newest_first();
            let found = newest_first.filter_map(|(_, id)| world.inboxes.message(id.as_str()));
            let mut messages: Vec<_> = found.cloned().collect();
            messages.reverse();
            Ok(messages)
        })
    }

    /// Which visible effects each comment and message got.
    pub fn effects(&self) -> EffectsReport {
        self.core.look(|world, _| world.effects.report(0, None))
    }

    /// The same for one account or since an earlier report.
    pub fn effects_where(&self, query: &EffectsQuery) -> Result<EffectsReport, ControlError> {
        self.core.look(|world, _| {
            let account = query.account.as_deref().map(|account| world.account_named(account)).transpose()?;
            Ok(world.effects.report(query.since, account.as_ref()))
        })
    }

    /// What one inbound comment, message or mention got; `None` when nothing came in under this id.
    pub fn effects_of(&self, inbound: impl AsRef<str>) -> Option<InboundEffects> {
        self.core.look(|world, _| world.effects.of(inbound.as_ref()))
    }

    /// The last API calls, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.calls_since(0)
    }

    /// The last API calls after this sequence number.
    pub fn calls_since(&self, sequence: u64) -> Vec<CallRecord> {
        lock(&self.core.calls).since(sequence)
    }

    /// The last finished webhook deliveries, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        lock(&self.core.delivery_log).iter().cloned().collect()
    }

    /// Webhook updates not yet delivered, given up or dropped.
    pub fn pending_deliveries(&self) -> usize {
        self.core.deliveries.pending()
    }

    /// Waits until no webhook is pending.
    ///
    /// # Errors
    /// [`StillPending`] when that takes longer than `within`.
    pub async fn wait_delivered(&self, within: Duration) -> Result<(), StillPending> {
        tokio::time::timeout(within, self.core.deliveries.wait_settled())
            .await
            .map_err(|_| StillPending { pending: self.pending_deliveries() })
    }

    /// Everything at a glance.
    pub fn state(&self) -> StateReport {
        let (calls, pending_deliveries) = (lock(&self.core.calls).total(), self.pending_deliveries());
        let (clock, faults) = (self.clock(), self.faults());
        self.core.look(|world, _| StateReport {
            clock,
            counts: Counts {
                people: world.people.len(),
                media: world.media.len(),
                comments: world.comments.len(),
                conversations: world.inboxes.conversations().count(),
                messages: world.inboxes.messages().count(),
                calls,
                pending_deliveries,
            },
            apps: world.apps.iter().cloned().collect(),
            accounts: world.accounts.iter().map(|node| node.account.clone()).collect(),
            people: world.people.iter().cloned().collect(),
            media: world.media.values().map(|node| node.media.clone()).collect(),
            faults,
        })
    }
}
