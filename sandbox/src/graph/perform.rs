//! From endpoint to answer: every function here runs under the world's lock.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{
    account, comments, conversations, discovery, endpoint::Endpoint, endpoint::Node, endpoint::Target,
    errors::GraphError, insights, media, messaging, people, request::GraphRequest, settings, tokens,
};
use crate::{control::requests::Login, ids::AccountId, state::World};

/// A call by an account, ready to be carried out.
pub(crate) struct Call<'a> {
    pub(crate) account: &'a AccountId,
    pub(crate) login: Login,
    pub(crate) request: &'a GraphRequest,
    pub(crate) now: DateTime<Utc>,
}

impl Call<'_> {
    /// What the call asks to see, or the node's default fields.
    pub(crate) fn fields(&self, default: &[&str]) -> Result<Vec<super::fields::Field>, GraphError> {
        match self.request.params.text("fields") {
            Some(text) if !text.trim().is_empty() => super::fields::parse(&text),
            _ => Ok(super::fields::named(default)),
        }
    }
}

/// Carries out a call on a node of the caller's account.
pub(crate) fn perform(world: &mut World, call: &Call<'_>, target: &Target) -> Result<Value, GraphError> {
    use Endpoint as E;
    match (target.endpoint, &target.node) {
        (E::BusinessDiscovery, _) => account::read(world, call),
        (E::AccountInsights, _) => insights::read_account(world, call),
        (E::MediaInsights, Node::Media(id)) => insights::read_media(world, call, id),
        (E::SearchHashtag, _) => discovery::search_hashtag(world, call),
        (E::ReadHashtag, Node::Hashtag(id)) => discovery::read_hashtag(world, call, id),
        (E::RecentHashtagMedia, Node::Hashtag(id)) => discovery::hashtag_media(world, call, id, true),
        (E::TopHashtagMedia, Node::Hashtag(id)) => discovery::hashtag_media(world, call, id, false),
        (E::SearchedHashtags, _) => discovery::recently_searched(world, call),
        (E::ReadAccount, Node::Page) => account::read_page(world, call),
        (E::ReadAccount, _) => account::read(world, call),
        (E::ListMedia, _) => media::list(world, call),
        (E::ListStories, _) => media::list_stories(world, call),
        (E::ListTags, _) => media::list_tags(world, call),
        // Nobody broadcasts in the sandbox.
        (E::ListLiveMedia, _) => Ok(json!({"data": []})),
        (E::AnswerMention, _) => comments::answer_mention(world, call),
        (E::SendMessage, _) => messaging::send(world, call),
        (E::PrivateReply, _) => messaging::reply_privately(world, call),
        (E::React, _) => messaging::react(world, call),
        (E::SenderAction, _) => messaging::sender_action(world, call),
        (E::UploadAttachment, _) => settings::upload_attachment(world, call),
        (E::MessengerProfile, _) => settings::messenger_profile(world, call),
        (E::ListConversations, _) => conversations::list(world, call),
        (E::Like, _) => settings::like(world, call),
        (E::SubscribedApps, _) => settings::subscribed_apps(world, call),
        (E::ReadMedia, Node::Media(id)) => media::read(world, call, id),
        (E::ConfigureMedia, Node::Media(id)) => media::configure(world, call, id),
        (E::DeleteMedia, Node::Media(id)) => media::delete(world, call, id),
        (E::ListChildren, Node::Media(id)) => media::list_children(world, call, id),
        (E::ListComments, Node::Media(id)) => comments::list(world, call, id),
        (E::CreateComment, Node::Media(id)) => comments::create(world, call, id),
        (E::ReadComment, Node::Comment(id)) => comments::read(world, call, id),
        (E::HideComment, Node::Comment(id)) => comments::hide(world, call, id),
        (E::DeleteComment, Node::Comment(id)) => comments::delete(world, call, id),
        (E::ListReplies, Node::Comment(id)) => comments::list_replies(world, call, id),
        (E::ReplyToComment, Node::Comment(id)) => comments::reply(world, call, id),
        (E::ReadConversation, Node::Conversation(id)) => conversations::read(world, call, id),
        (E::ListMessages, Node::Conversation(id)) => conversations::list_messages(world, call, id),
        (E::ReadMessage, Node::Message(id)) => conversations::read_message(world, call, id),
        (E::ReadProfile, Node::Person(igsid)) => people::read(world, call, igsid),
        (E::RefreshToken, _) => tokens::refresh(world, call),
        _ => Err(GraphError::unsupported_method(&call.request.method)),
    }
}

/// `2026-03-04T05:06:07+0000`.
pub(crate) fn api_time(time: DateTime<Utc>) -> Value {
    Value::String(time.format("%Y-%m-%dT%H:%M:%S+0000").to_string())
}

/// `{"success": true}`.
pub(crate) fn success() -> Value {
    json!({"success": true})
}
