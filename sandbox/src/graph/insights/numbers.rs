//! Where the numbers come from: likes and comments from what is in the sandbox, the rest drawn from them and from the
//! ids alone, so that the same world always tells the same.

use chrono::{DateTime, Utc};

use crate::{
    ids::{AccountId, CommentId, MediaId, mixed},
    state::{World, accounts::AccountNode, media::MediaNode, timeline::Timeline},
};

/// Half of what a post will ever reach it reaches in so many hours.
const HALF_REACHED: f64 = 12.0;

/// A number between 0 and 1 that depends on a text and a purpose alone.
pub(super) fn lot(text: &str, purpose: u64) -> f64 {
    let seed = text.bytes().fold(purpose, |seed, byte| mixed(seed ^ u64::from(byte)));
    (mixed(seed) >> 11) as f64 / (1u64 << 53) as f64
}

/// What part of its reach a post has at a moment.
fn grown(created: DateTime<Utc>, at: DateTime<Utc>) -> f64 {
    let hours = (at - created).num_seconds() as f64 / 3_600.0;
    if hours <= 0.0 { 0.0 } else { 1.0 - 0.5_f64.powf(hours / HALF_REACHED) }
}

/// What a media has gathered up to a moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gathered {
    pub(super) likes: u64,
    pub(super) comments: u64,
    pub(super) saved: u64,
    pub(super) shares: u64,
    pub(super) reach: u64,
    pub(super) views: u64,
}

impl Gathered {
    pub(super) fn interactions(self) -> u64 {
        self.likes + self.comments + self.saved + self.shares
    }

    /// A number by Instagram's name.
    pub(super) fn named(self, metric: &str) -> u64 {
        match metric {
            "likes" => self.likes,
            "comments" => self.comments,
            "saved" | "saves" => self.saved,
            "shares" => self.shares,
            "reach" => self.reach,
            "views" => self.views,
            "total_interactions" => self.interactions(),
            "accounts_engaged" => self.interactions() * 4 / 5,
            "replies" => self.comments / 4,
            "reposts" => self.shares / 5,
            "profile_views" | "profile_visits" => self.reach / 20,
            "profile_links_taps" => self.reach / 120,
            "website_clicks" | "profile_activity" => self.reach / 200,
            "follows" => self.reach / 150,
            _ => 0,
        }
    }

    fn less(self, before: Self) -> Self {
        Self {
            likes: self.likes.saturating_sub(before.likes),
            comments: self.comments.saturating_sub(before.comments),
            saved: self.saved.saturating_sub(before.saved),
            shares: self.shares.saturating_sub(before.shares),
            reach: self.reach.saturating_sub(before.reach),
            views: self.views.saturating_sub(before.views),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            likes: self.likes + other.likes,
            comments: self.comments + other.comments,
            saved: self.saved + other.saved,
            shares: self.shares + other.shares,
            reach: self.reach + other.reach,
            views: self.views + other.views,
        }
    }
}

/// What a media has gathered up to a moment.
pub(super) fn of_media(world: &World, node: &MediaNode, followers: u64, at: DateTime<Utc>) -> Gathered {
    let media = &node.media;
    let id = media.id.as_str();
    let part = grown(media.created_at, at);
    let all_likes = (media.like_count + media.liked_by.len() as u64) as f64;
    let share = |of: f64| (of * part).round() as u64;
    let likes = share(all_likes);
    let comments = written(world, &node.comments, at);
    let audience = 20.0 + followers as f64 * (0.15 + 0.35 * lot(id, 1)) + all_likes * 4.0;
    let saved = share(all_likes * 0.2 * lot(id, 2));
    let shares = share(all_likes * 0.25 * lot(id, 3));
    let reach = share(audience).max(if part > 0.0 { likes + comments } else { 0 });
    let views = reach + (reach as f64 * 0.8 * lot(id, 4)).round() as u64;
    Gathered { likes, comments, saved, shares, reach, views }
}

/// Comments and their replies that were written up to a moment.
fn written(world: &World, comments: &Timeline<CommentId>, at: DateTime<Utc>) -> u64 {
    let nodes = comments.newest_first().filter_map(|(_, id)| world.comments.find(id.as_str()));
    nodes.map(|node| u64::from(node.comment.created_at <= at) + written(world, &node.replies, at)).sum()
}

/// What an account gathered in a stretch of time: what its media gathered, and visits that no post caused.
pub(super) fn of_account(
    world: &World,
    account: &AccountId,
    node: &AccountNode,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
) -> Gathered {
    let followers = node.account.followers_count;
    let media: Vec<&MediaId> =
        node.media.newest_first().chain(node.stories.newest_first()).map(|(_, id)| id).collect();
    let from_media =
        media.into_iter().filter_map(|id| world.media.get(id)).fold(Gathered::default(), |sum, node| {
            let at = |moment| of_media(world, node, followers, moment);
            sum.plus(at(until).less(at(since)))
        });
    let days = (until - since).num_seconds().max(0) as f64 / 86_400.0;
    let day = format!("{account}{}", since.format("%Y-%m-%d"));
    let visits = (followers as f64 * (0.01 + 0.03 * lot(&day, 5)) * days).round() as u64;
    from_media.plus(Gathered { reach: visits, views: visits + visits / 3, ..Gathered::default() })
}
