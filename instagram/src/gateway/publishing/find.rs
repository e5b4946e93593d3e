//! Was a container published whose answer was lost?
//!
//! Three things can be read: the container's own status, the account's media, and its live stories. A container that says
//! `PUBLISHED` was; one that can still be published was not. When the container cannot be read (100/33 is seen right after
//! a success), only the list can tell, and only that it was: its absence from a list proves nothing.

use std::time::Duration;

use serde_json::Value;
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::ports::{Finding, Published, Readiness, SendError};
use tenants::post::PostType;

use crate::gateway::call::{Call, Target, checked};
use crate::gateway::read_back::cannot_tell;
use crate::gateway::read_back::matching::{Found, Wanted, earliest};
use crate::gateway::read_back::replies::next_cursor;
use crate::gateway::{Gateway, graph_time};
use crate::webhook::fields;

/// Media that are read at once, newest first.
const PAGE: &str = "50";
/// How far Instagram's clock may be from ours.
const SKEW: Duration = Duration::from_secs(60);
/// Pages read at most.
const MAX_PAGES: usize = 6;

impl Gateway {
    pub(super) async fn find_post(
        &self,
        account: &Account,
        published: &Published<'_>,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError> {
        let status = self.container_status(account, published.container).await;
        match status {
            Ok(Readiness::Ready | Readiness::InProgress) => return Ok(Finding::NotDone),
            Ok(Readiness::Published | Readiness::Expired | Readiness::Failed { .. }) => {}
            Err(ref error) if error.skip_reason.is_none() => return Err(error.clone()),
            Err(_) => {}
        }
        let listed = self.find_in_list(account, published, since, already_ours).await?;
        match (status, listed) {
            (_, Some(id)) => Ok(Finding::Done(Some(id))),
            // It is up; its id will be found later.
            (Ok(Readiness::Published), None) => Ok(Finding::Done(None)),
            (Ok(_), None) => Ok(Finding::TargetGone),
            (Err(_), None) => Err(cannot_tell("instagram shows neither the container nor the post")),
        }
    }

    async fn find_in_list(
        &self,
        account: &Account,
        published: &Published<'_>,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Option<String>, SendError> {
        let wanted = Wanted::new(account, published.caption, since, already_ours);
        let edge = if published.post_type == PostType::Story { "stories" } else { "media" };
        let list = Call::get(account, format!("{}/{edge}", checked(&account.external_id)?), Target::Account)
            .query("fields", "id,caption,timestamp,media_type,media_product_type")
            .query("limit", PAGE);
        let mut found: Option<Found> = None;
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let call = match &cursor {
                Some(cursor) => list.clone().query("after", cursor),
                None => list.clone(),
            };
            let page = self.call(account, &call).await?.body;
            let items = page["data"].as_array().into_iter().flatten();
            let fitting = items.clone().filter(|item| fits(item, published));
            found =
                earliest(found.into_iter().chain(fitting.filter_map(|it| wanted.candidate(it, "timestamp"))));
            // Newest first: behind something older there is nothing of ours.
            let is_past = items.filter_map(|item| graph_time::parse(item["timestamp"].as_str()?)).min();
            let next = next_cursor(&page);
            if is_past.is_some_and(|oldest| oldest < since - SKEW) || next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        Ok(found.map(|found| found.id))
    }
}

fn fits(item: &Value, published: &Published<'_>) -> bool {
    let product = fields::text(item, "media_product_type").unwrap_or_default();
    let kind = fields::text(item, "media_type").unwrap_or_default();
    let is_kind = match published.post_type {
        // Instagram tells both of most media, but not of all.
        PostType::Story => matches!(product.as_str(), "STORY" | ""),
        PostType::Reel => matches!(product.as_str(), "REELS" | ""),
        PostType::Carousel => matches!(kind.as_str(), "CAROUSEL_ALBUM" | ""),
        PostType::Image => matches!(kind.as_str(), "IMAGE" | ""),
    };
    let caption = item["caption"].as_str().unwrap_or_default();
    let same_words = published.post_type == PostType::Story
        || caption.split_whitespace().eq(published.caption.split_whitespace());
    is_kind && same_words
}
