//! What is public: comments, mentions, numbers of stories.

use serde_json::Value;
use tenants::conversation::{comment_key, mention_key};
use tenants::event::{CommentBody, EventBody, EventKind, MentionBody};

use super::{Entry, Understood, fields};

/// A comment. Without author or id it is not understood: whose it is decides whether we may answer it.
pub(super) fn comment(value: &Value, kind: EventKind, entry: &Entry<'_>) -> Option<Understood> {
    let media = &value["media"];
    let comment = CommentBody {
        comment_id: fields::id(value, "id").or_else(|| fields::id(value, "comment_id"))?,
        parent_id: fields::id(value, "parent_id"),
        media_id: fields::id(media, "id").or_else(|| fields::id(value, "media_id")),
        media_product_type: fields::text(media, "media_product_type"),
        from: fields::person(&value["from"])?,
        text: fields::text(value, "text").unwrap_or_default(),
    };
    // `self_ig_scoped_id` is there only when the owner of the account comments.
    let own = comment.from.id == entry.account || !value["from"]["self_ig_scoped_id"].is_null();
    Some(Understood {
        kind: if own { EventKind::OwnComment } else { kind },
        external_id: comment.comment_id.clone(),
        conversation_key: comment_key(comment.thread_root()),
        body: EventBody::Comment(comment),
    })
}

/// A mention in somebody else's caption or comment.
pub(super) fn mention(value: &Value) -> Option<Understood> {
    let media_id = fields::id(value, "media_id")?;
    let comment_id = fields::id(value, "comment_id");
    let external_id = match &comment_id {
        Some(comment_id) => format!("{media_id}:{comment_id}"),
        None => media_id.clone(),
    };
    Some(Understood {
        kind: EventKind::Mention,
        external_id,
        conversation_key: mention_key(&media_id, comment_id.as_deref()),
        body: EventBody::Mention(MentionBody { media_id, comment_id }),
    })
}

/// The final numbers of a story, sent once.
pub(super) fn story_insights(value: &Value) -> Option<Understood> {
    let media_id = fields::id(value, "media_id")?;
    Some(Understood {
        kind: EventKind::StoryInsights,
        conversation_key: format!("story:{media_id}"),
        external_id: media_id,
        body: EventBody::Raw,
    })
}
