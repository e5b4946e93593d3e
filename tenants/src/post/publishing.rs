//! What comes next on the way of a post to the platform: a pure function of the post and the effects queued for it.
//!
//! ```text
//! due ─▶ container(s) ─▶ ready? ─▶ [the whole of a carousel ─▶ ready?] ─▶ publish ─▶ permalink ─▶ first comment
//! ```
//!
//! Containers are harmless: whatever becomes of one, another can be made, and a new *round* begins with new ones. The
//! one call that must not be repeated is `publish_post`. No round begins before the one of the last round is known not
//! to have been done, so there is never more than one that may have been.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{GRACE, Post, PostOptions, PostState, PostType};
use crate::clock::Timestamp;
use crate::effect::{Action, Effect, EffectState, ErrorCategory, SkipReason};
use crate::ids::MediaId;
use crate::words::word_enum;

/// Rounds before a post is given up.
pub const MAX_ROUNDS: u32 = 3;
/// How long a container may take to become ready.
pub const PATIENCE: Duration = Duration::from_secs(60 * 60);
/// Containers live for a day; older ones are not published any more.
pub const CONTAINER_LIFETIME: Duration = Duration::from_secs(23 * 3_600);
/// Failed attempts to read a published post back before it is left without permalink.
const MAX_READS: u32 = 6;

word_enum! {
    /// What a container holds.
    pub enum ContainerKind {
        /// One picture.
        Image = "image",
        /// A reel.
        Reel = "reel",
        /// A story with a picture.
        StoryImage = "story_image",
        /// A story with a video.
        StoryVideo = "story_video",
        /// A picture of a carousel.
        CarouselImage = "carousel_image",
        /// A video of a carousel.
        CarouselVideo = "carousel_video",
        /// A carousel, of containers.
        Carousel = "carousel",
    }
}

/// What is handed to the platform before publishing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// What it holds. Whether a single file is a picture or a video is looked up when the call is made.
    pub post_type: PostType,
    /// It is one item of a carousel.
    pub is_item: bool,
    /// The file; `None` for the whole of a carousel.
    pub media: Option<MediaId>,
    /// The caption.
    pub caption: String,
    /// Containers of the items of a carousel.
    pub children: Vec<String>,
    /// What else is set.
    pub options: PostOptions,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Nothing, before an effect has ended or somebody does something.
    Wait,
    /// Nothing before this moment.
    WaitUntil(Timestamp),
    /// Its time passed too long ago.
    AskPerson {
        /// Why.
        why: String,
    },
    /// These containers must be made; the number is the position in the round.
    Create(Vec<(u32, Container)>),
    /// It must be asked whether these containers are ready; once they are, see [`when_ready`].
    Poll {
        /// Their ids, in order.
        containers: Vec<String>,
        /// When the youngest of them was made.
        made_at: Timestamp,
    },
    /// It is visible; nothing is stored of that yet.
    Visible {
        /// The platform's id, when it has been told.
        id: Option<String>,
    },
    /// The visible post must be found by its container, because the answer that named it was lost.
    FindVisible {
        /// The container.
        container: String,
        /// When publishing was first tried.
        since: Timestamp,
    },
    /// The first comment must be written.
    Comment {
        /// The platform's id of the post.
        media_id: String,
        /// The words.
        text: String,
    },
    /// Its address must be read.
    ReadBack {
        /// The platform's id of the post.
        media_id: String,
    },
    /// This round has failed.
    RoundFailed {
        /// Why.
        why: String,
        /// Another round may work.
        may_work_again: bool,
    },
    /// Everything is done.
    Done,
}

/// What comes next for a post whose time to be looked at has come. `effects` are all that were ever queued for it.
pub fn next(post: &Post, effects: &[Effect], now: Timestamp) -> Next {
    match post.state {
        PostState::Approved => begin(post, now),
        PostState::Publishing => go_on(post, &Round::of(post, effects)),
        PostState::Published => finish(post, effects),
        _ => Next::Done,
    }
}

fn begin(post: &Post, now: Timestamp) -> Next {
    let Some(due) = post.scheduled_at else { return Next::Done };
    if due > now {
        return Next::WaitUntil(due);
    }
    if now.since(due) >= GRACE {
        let minutes = now.since(due).as_secs() / 60;
        let why = format!(
            "it was due at {due}, {minutes} minutes ago, and nothing could be done then: publish it now, reschedule or \
             cancel it"
        );
        return Next::AskPerson { why };
    }
    Next::Create(first_containers(post))
}

/// The containers a round begins with.
fn first_containers(post: &Post) -> Vec<(u32, Container)> {
    let is_carousel = post.draft.post_type == PostType::Carousel;
    let container = |media: &MediaId| Container {
        post_type: post.draft.post_type,
        is_item: is_carousel,
        media: Some(*media),
        caption: if is_carousel { String::new() } else { post.draft.caption.clone() },
        children: Vec::new(),
        options: if is_carousel { PostOptions::default() } else { post.draft.options.clone() },
    };
    (0..).zip(post.draft.media.iter().map(container)).collect()
}

/// What the containers that were asked about lead to, once all are ready.
pub fn when_ready(post: &Post, containers: &[String]) -> Ready {
    let is_whole = containers.len() == 1;
    if post.draft.post_type == PostType::Carousel && !is_whole {
        let whole = Container {
            post_type: PostType::Carousel,
            is_item: false,
            media: None,
            caption: post.draft.caption.clone(),
            children: containers.to_vec(),
            options: post.draft.options.clone(),
        };
        return Ready::Assemble(whole_position(post), whole);
    }
    Ready::Publish(containers.first().cloned().unwrap_or_default())
}

/// See [`when_ready`].
#[derive(Debug, Clone, PartialEq)]
pub enum Ready {
    /// The items are ready: this whole must be made of them, at this position of the round.
    Assemble(u32, Container),
    /// This container must be published.
    Publish(String),
}

fn whole_position(post: &Post) -> u32 {
    u32::try_from(post.draft.media.len()).unwrap_or(u32::MAX)
}

/// The effects of the present round.
struct Round<'e> {
    /// By position.
    items: Vec<(u32, &'e Effect)>,
    publish: Option<(&'e Effect, &'e str)>,
}

impl<'e> Round<'e> {
    fn of(post: &Post, effects: &'e [Effect]) -> Self {
        let mut round = Round { items: Vec::new(), publish: None };
        for effect in effects {
            match &effect.action {
                Action::CreateContainer { round: of, position, .. } if *of == post.progress.round => {
                    round.items.push((*position, effect));
                }
                Action::PublishPost { round: of, container_id, .. } if *of == post.progress.round => {
                    round.publish = Some((effect, container_id));
                }
                _ => {}
            }
        }
        round.items.sort_by_key(|(position, _)| *position);
        round
    }
}

fn go_on(post: &Post, round: &Round<'_>) -> Next {
    if let Some((effect, container)) = round.publish {
        return match effect.state {
            EffectState::Sent => Next::Visible { id: effect.instagram_id.clone() },
            _ => ended(effect, container),
        };
    }
    if round.items.is_empty() {
        return Next::Create(first_containers(post));
    }
    if let Some((_, failed)) = round.items.iter().find(|(_, effect)| is_over(effect)) {
        return ended(failed, "");
    }
    let whole = round.items.iter().find(|(position, _)| *position >= whole_position(post));
    let asked: Vec<&Effect> = match whole {
        Some((_, effect)) => vec![*effect],
        None => round.items.iter().map(|(_, effect)| *effect).collect(),
    };
    if asked.iter().any(|effect| effect.state != EffectState::Sent) {
        return Next::Wait;
    }
    let containers: Vec<String> = asked.iter().filter_map(|effect| effect.instagram_id.clone()).collect();
    if containers.len() < asked.len() {
        let why = "the platform did not name the container it made".to_owned();
        return Next::RoundFailed { why, may_work_again: true };
    }
    let made_at = asked.iter().filter_map(|effect| effect.sent_at).max().unwrap_or(post.updated_at);
    Next::Poll { containers, made_at }
}

fn is_over(effect: &Effect) -> bool {
    matches!(effect.state, EffectState::Dlq | EffectState::Skipped | EffectState::Cancelled)
}

/// What an effect that was not done means for its round.
fn ended(effect: &Effect, _container: &str) -> Next {
    let told = || effect.error.clone().unwrap_or_else(|| "the call was refused".to_owned());
    match effect.state {
        EffectState::Dlq => Next::RoundFailed {
            why: told(),
            may_work_again: effect.error_category != Some(ErrorCategory::Permanent),
        },
        EffectState::Skipped if effect.skip_reason == Some(SkipReason::TenantSuspended) => Next::AskPerson {
            why: "the tenant was suspended when it was due: publish it now, or cancel it".to_owned(),
        },
        EffectState::Skipped => Next::RoundFailed {
            why: "the container was gone or had expired".to_owned(),
            may_work_again: true,
        },
        EffectState::Cancelled => Next::RoundFailed {
            why: "its effect was called off in the queue".to_owned(),
            may_work_again: false,
        },
        EffectState::Pending
        | EffectState::Processing
        | EffectState::Failed
        | EffectState::Unknown
        | EffectState::Sent => Next::Wait,
    }
}

fn finish(post: &Post, effects: &[Effect]) -> Next {
    let Some(media_id) = &post.platform_post_id else {
        let publish = effects.iter().rev().find_map(|effect| match &effect.action {
            Action::PublishPost { container_id, .. } if effect.state == EffectState::Sent => {
                Some((container_id.clone(), effect.first_attempt_at.unwrap_or(effect.created_at)))
            }
            _ => None,
        });
        return match publish {
            Some((container, since)) if post.progress.reads < MAX_READS => {
                Next::FindVisible { container, since }
            }
            _ => Next::Done,
        };
    };
    let is_commented = effects.iter().any(|effect| matches!(effect.action, Action::FirstComment { .. }));
    if let Some(text) = post.draft.first_comment.as_ref().filter(|_| !is_commented) {
        return Next::Comment { media_id: media_id.clone(), text: text.clone() };
    }
    if post.permalink.is_none() && post.progress.reads < MAX_READS {
        return Next::ReadBack { media_id: media_id.clone() };
    }
    Next::Done
}

/// How long to wait before readiness is asked for once more: pictures take seconds, videos minutes.
pub fn poll_interval(polls: u32) -> Duration {
    Duration::from_secs(2 << polls.min(5)).min(Duration::from_secs(60))
}

/// How long to wait before round number `round` (from 2 on) begins: 1, 2, 4 minutes.
pub fn round_backoff(round: u32) -> Duration {
    Duration::from_secs(60 << round.saturating_sub(2).min(6))
}

/// How long to wait before a published post is read once more.
pub fn read_backoff(reads: u32) -> Duration {
    Duration::from_secs(15 << reads.min(8))
}
