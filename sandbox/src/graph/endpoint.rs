//! Which endpoint a call addresses: the table of everything the Graph side can do.

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::{
    caller::Caller,
    errors::GraphError,
    request::{GraphRequest, Params},
};
use crate::{
    control::requests::Login,
    ids::{AppId, CommentId, ConversationId, Igsid, MediaId, MessageId},
    state::{World, comments::Author},
};

/// An endpoint, as named in fault filters and the call log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `GET /me`, `GET /{ig-id}`, `GET /{page-id}`.
    ReadAccount,
    /// `GET /{ig-id}?fields=business_discovery…`.
    BusinessDiscovery,
    /// `GET /{ig-id}/insights`.
    AccountInsights,
    /// `GET /{media-id}/insights`.
    MediaInsights,
    /// `GET /ig_hashtag_search`.
    SearchHashtag,
    /// `GET /{hashtag-id}`.
    ReadHashtag,
    /// `GET /{hashtag-id}/recent_media`.
    RecentHashtagMedia,
    /// `GET /{hashtag-id}/top_media`.
    TopHashtagMedia,
    /// `GET /{ig-id}/recently_searched_hashtags`.
    SearchedHashtags,
    /// `GET /{ig-id}/media`.
    ListMedia,
    /// `GET /{ig-id}/stories`.
    ListStories,
    /// `GET /{ig-id}/tags`.
    ListTags,
    /// `GET /{ig-id}/live_media`.
    ListLiveMedia,
    /// `POST /{ig-id}/media`.
    CreateContainer,
    /// `POST /ig-api-upload/{version}/{container-id}`, at Meta on a host of its own.
    UploadVideo,
    /// `GET /{container-id}`.
    ReadContainer,
    /// `POST /{ig-id}/media_publish`.
    PublishContainer,
    /// `GET /{ig-id}/content_publishing_limit`.
    ReadPublishingLimit,
    /// `GET /{media-id}`.
    ReadMedia,
    /// `GET /{media-id}/children`.
    ListChildren,
    /// `POST /{media-id}?comment_enabled=`.
    ConfigureMedia,
    /// `DELETE /{media-id}`.
    DeleteMedia,
    /// `GET /{media-id}/comments`.
    ListComments,
    /// `POST /{media-id}/comments`.
    CreateComment,
    /// `GET /{comment-id}`.
    ReadComment,
    /// `POST /{comment-id}?hide=`.
    HideComment,
    /// `DELETE /{comment-id}`.
    DeleteComment,
    /// `GET /{comment-id}/replies`.
    ListReplies,
    /// `POST /{comment-id}/replies`.
    ReplyToComment,
    /// `POST /{ig-id}/mentions`.
    AnswerMention,
    /// `POST /{ig-id}/messages` with `recipient.id` and a message.
    SendMessage,
    /// `POST /{ig-id}/messages` with `recipient.comment_id`.
    PrivateReply,
    /// `POST /{ig-id}/messages` with `sender_action` `react` or `unreact`.
    React,
    /// `POST /{ig-id}/messages` with another `sender_action`.
    SenderAction,
    /// `POST /{ig-id}/message_attachments`.
    UploadAttachment,
    /// `/{ig-id}/messenger_profile`.
    MessengerProfile,
    /// `GET /{ig-id}/conversations`.
    ListConversations,
    /// `GET /{conversation-id}`.
    ReadConversation,
    /// `GET /{conversation-id}/messages`.
    ListMessages,
    /// `GET /{message-id}`.
    ReadMessage,
    /// `GET /{igsid}`.
    ReadProfile,
    /// `POST` or `DELETE /{ig-id}/likes`.
    Like,
    /// `/{ig-id}/subscribed_apps`.
    SubscribedApps,
    /// `/{app-id}/subscriptions`.
    AppSubscriptions,
    /// `/oauth/access_token` with a code.
    ExchangeCode,
    /// `GET /access_token` and `GET /oauth/access_token`: a long-lived token for a short-lived one.
    LengthenToken,
    /// `GET /me/accounts` with the token of a person.
    ListPages,
    /// `GET /me/permissions` with the token of a person.
    ListPermissions,
    /// `GET /me` with the token of a person.
    ReadPerson,
    /// `GET /refresh_access_token`.
    RefreshToken,
    /// `GET /debug_token`.
    DebugToken,
    /// Nothing the sandbox knows.
    Unknown,
}

impl Endpoint {
    /// Messaging endpoints count against the messaging quota instead of the general one.
    pub(crate) fn is_messaging(self) -> bool {
        use Endpoint::{
            ListConversations, ListMessages, MessengerProfile, PrivateReply, React, ReadConversation,
            ReadMessage, ReadProfile, SendMessage, SenderAction, UploadAttachment,
        };
        matches!(
            self,
            SendMessage
                | PrivateReply
                | React
                | SenderAction
                | UploadAttachment
                | MessengerProfile
                | ListConversations
                | ReadConversation
                | ListMessages
                | ReadMessage
                | ReadProfile
        )
    }
}

/// What an id in a path stands for, seen with one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// The token's own account, by any of its ids.
    Account,
    /// The Page linked to the token's account.
    Page,
    Media(MediaId),
    Container(String),
    Comment(CommentId),
    Conversation(ConversationId),
    Message(MessageId),
    Person(Igsid),
    /// A hashtag that was searched for, by its id.
    Hashtag(String),
    App(AppId),
    /// Not an object, but a call of its own, such as `refresh_access_token`.
    Service,
}

/// A call made sense of.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) endpoint: Endpoint,
    pub(crate) node: Node,
}

/// Finds the endpoint of a call by a caller whose token is good.
pub(crate) fn resolve(world: &World, caller: &Caller, request: &GraphRequest) -> Result<Target, GraphError> {
    let (id, edge) = match request.path.as_slice() {
        [id] => (id.as_str(), ""),
        [id, edge] => (id.as_str(), edge.as_str()),
        _ => return Err(GraphError::unknown_path(&request.path.join("/"))),
    };
    if let Some(endpoint) = service(&request.method, id, edge) {
        return Ok(Target { endpoint, node: Node::Service });
    }
    if request.version.is_some() && super::request::is_version(id) {
        return Err(GraphError::unknown_path(&request.path.join("/")));
    }
    let node = find(world, caller, id, edge).ok_or_else(|| unknown(&request.method, id, edge))?;
    match endpoint(&request.method, &node, edge, &request.params) {
        Some(endpoint) => Ok(Target { endpoint, node }),
        None if is_edge(&node, edge) => Err(GraphError::unsupported_method(&request.method)),
        None => Err(GraphError::unknown_path(edge)),
    }
}

/// The best guess without a caller, for fault filters and the log.
pub(crate) fn guess(request: &GraphRequest) -> Endpoint {
    let edge = request.path.get(1).map_or("", String::as_str);
    let id = request.path.first().map_or("", String::as_str);
    if let Some(endpoint) = service(&request.method, id, edge) {
        return endpoint;
    }
    let nodes = [
        Node::Account,
        Node::Media(MediaId::new(id)),
        Node::Comment(CommentId::new(id)),
        Node::Conversation(ConversationId::new(id)),
    ];
    if edge.is_empty() {
        return Endpoint::Unknown;
    }
    let known = nodes.iter().find_map(|node| endpoint(&request.method, node, edge, &request.params));
    known.unwrap_or(Endpoint::Unknown)
}

fn service(method: &Method, id: &str, edge: &str) -> Option<Endpoint> {
    match (id, edge) {
        ("refresh_access_token", "") if *method == Method::GET => Some(Endpoint::RefreshToken),
        ("ig_hashtag_search", "") if *method == Method::GET => Some(Endpoint::SearchHashtag),
        ("debug_token", "") if *method == Method::GET => Some(Endpoint::DebugToken),
        _ => None,
    }
}

fn unknown(method: &Method, id: &str, edge: &str) -> GraphError {
    // Ids are digits, or the opaque text of threads and messages; anything else is taken for a path.
    let is_id = id.starts_with("aWdf") || (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
    // A 15 to 16 digit number is taken for a person, as long as it is asked for like a profile.
    let is_person = is_id && (15..=16).contains(&id.len());
    if is_person && *method == Method::GET && edge.is_empty() {
        return GraphError::no_matching_person();
    }
    if is_id { GraphError::unknown_object(method, id) } else { GraphError::unknown_path(id) }
}

fn find(world: &World, caller: &Caller, id: &str, edge: &str) -> Option<Node> {
    if let Some(app) = world.apps.find(id) {
        return (caller.app == app.id).then(|| Node::App(app.id.clone()));
    }
    let account = &world.accounts.get(caller.account.as_ref()?)?.account;
    let own = &account.user_id;
    if id == "me" {
        // On the Facebook host `me` is the Page, whose edges are the account's.
        let page = caller.login == Login::Facebook && edge.is_empty();
        return Some(if page { Node::Page } else { Node::Account });
    }
    if id == own.as_str() || id == account.app_scoped_id {
        return Some(Node::Account);
    }
    if id == account.page_id {
        return Some(if edge.is_empty() { Node::Page } else { Node::Account });
    }
    if let Some(node) = world.media.get(id) {
        return node.media.is_owned_by(own).then(|| Node::Media(node.media.id.clone()));
    }
    if let Some(container) = world.containers.get(id) {
        return (container.account == *own).then(|| Node::Container(container.id.clone()));
    }
    if let Some(node) = world.comments.find(id) {
        let comment = &node.comment;
        let on_own_media = world.media.get(&comment.media).is_some_and(|node| node.media.is_owned_by(own));
        let written = matches!(&comment.author, Author::Account(author) if author == own);
        return (on_own_media || written).then(|| Node::Comment(comment.id.clone()));
    }
    if caller.login == Login::Facebook && world.hashtags.names.contains_key(id) {
        return Some(Node::Hashtag(id.to_owned()));
    }
    if let Some(node) = world.inboxes.conversation(id) {
        return (node.conversation.account == *own).then(|| Node::Conversation(node.conversation.id.clone()));
    }
    if let Some(message) = world.inboxes.message(id) {
        return (message.account == *own).then(|| Node::Message(message.id.clone()));
    }
    let relation = world.people.relation(id)?;
    (relation.account == *own).then(|| Node::Person(relation.igsid.clone()))
}

fn is_edge(node: &Node, edge: &str) -> bool {
    [Method::GET, Method::POST, Method::DELETE]
        .iter()
        .any(|method| endpoint(method, node, edge, &Params::default()).is_some())
}

fn endpoint(method: &Method, node: &Node, edge: &str, params: &Params) -> Option<Endpoint> {
    let (get, post, delete) = (*method == Method::GET, *method == Method::POST, *method == Method::DELETE);
    let endpoint = match (node, edge) {
        (Node::Account, "") if get && discovers(params) => Endpoint::BusinessDiscovery,
        (Node::Account | Node::Page, "") if get => Endpoint::ReadAccount,
        (Node::Account, "insights") if get => Endpoint::AccountInsights,
        (Node::Account, "recently_searched_hashtags") if get => Endpoint::SearchedHashtags,
        (Node::Media(_), "insights") if get => Endpoint::MediaInsights,
        (Node::Hashtag(_), "") if get => Endpoint::ReadHashtag,
        (Node::Hashtag(_), "recent_media") if get => Endpoint::RecentHashtagMedia,
        (Node::Hashtag(_), "top_media") if get => Endpoint::TopHashtagMedia,
        (Node::Account, "media") if get => Endpoint::ListMedia,
        (Node::Account, "media") if post => Endpoint::CreateContainer,
        (Node::Account, "media_publish") if post => Endpoint::PublishContainer,
        (Node::Account, "content_publishing_limit") if get => Endpoint::ReadPublishingLimit,
        (Node::Container(_), "") if get => Endpoint::ReadContainer,
        (Node::Account, "stories") if get => Endpoint::ListStories,
        (Node::Account, "tags") if get => Endpoint::ListTags,
        (Node::Account, "live_media") if get => Endpoint::ListLiveMedia,
        (Node::Account, "mentions") if post => Endpoint::AnswerMention,
        (Node::Account, "messages") if post => sending(params),
        (Node::Account, "message_attachments") if post => Endpoint::UploadAttachment,
        (Node::Account, "messenger_profile") if get || post || delete => Endpoint::MessengerProfile,
        (Node::Account, "conversations") if get => Endpoint::ListConversations,
        (Node::Account, "likes") if post || delete => Endpoint::Like,
        (Node::Account, "subscribed_apps") if get || post || delete => Endpoint::SubscribedApps,
        (Node::Media(_), "") if get => Endpoint::ReadMedia,
        (Node::Media(_), "") if post => Endpoint::ConfigureMedia,
        (Node::Media(_), "") if delete => Endpoint::DeleteMedia,
        (Node::Media(_), "children") if get => Endpoint::ListChildren,
        (Node::Media(_), "comments") if get => Endpoint::ListComments,
        (Node::Media(_), "comments") if post => Endpoint::CreateComment,
        (Node::Comment(_), "") if get => Endpoint::ReadComment,
        (Node::Comment(_), "") if post => Endpoint::HideComment,
        (Node::Comment(_), "") if delete => Endpoint::DeleteComment,
        (Node::Comment(_), "replies") if get => Endpoint::ListReplies,
        (Node::Comment(_), "replies") if post => Endpoint::ReplyToComment,
        (Node::Conversation(_), "") if get => Endpoint::ReadConversation,
        (Node::Conversation(_), "messages") if get => Endpoint::ListMessages,
        (Node::Message(_), "") if get => Endpoint::ReadMessage,
        (Node::Person(_), "") if get => Endpoint::ReadProfile,
        (Node::App(_), "subscriptions") if get || post || delete => Endpoint::AppSubscriptions,
        _ => return None,
    };
    Some(endpoint)
}

/// Whether a call looks at somebody else's account.
fn discovers(params: &Params) -> bool {
    params.text("fields").is_some_and(|fields| fields.contains("business_discovery"))
}

/// `/messages` is four endpoints in one; the body tells which.
fn sending(params: &Params) -> Endpoint {
    let action = params.text("sender_action");
    let recipient = params.structure("recipient").ok().flatten();
    match action.as_deref() {
        Some("react" | "unreact") => Endpoint::React,
        Some(_) => Endpoint::SenderAction,
        None if recipient.is_some_and(|recipient| recipient.get("comment_id").is_some()) => {
            Endpoint::PrivateReply
        }
        None => Endpoint::SendMessage,
    }
}
