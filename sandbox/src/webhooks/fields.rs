//! Names of webhook fields.

/// Fields that `POST /{ig-id}/subscribed_apps` accepts.
pub(crate) const ACCOUNT_FIELDS: &[&str] = &[
    "agent_messages",
    "comment_poll_response",
    "comments",
    "creator_marketplace_invited_creator_onboarding",
    "creator_marketplace_projects",
    "delta",
    "follow",
    "live_comments",
    "mentions",
    "message_echoes",
    "message_edit",
    "message_reactions",
    "messages",
    "messaging_handover",
    "messaging_optins",
    "messaging_postbacks",
    "messaging_referral",
    "messaging_seen",
    "onboarding_welcome_message_series",
    "share_to_story",
    "standby",
    "story_insights",
    "story_poll_response",
    "story_reactions",
];

/// Page fields, which Facebook Login subscribes a Page to (any of them switches Instagram events on).
pub(crate) const PAGE_FIELDS: &[&str] =
    &["feed", "mention", "name", "picture", "ratings", "messaging_handovers"];
