//! Was a container published whose answer was lost?
//!
//! Three things can be read: the container's own status, the account's media, and its live stories. A container that says
//! `PUBLISHED` was; one that can still be published was not. When the container cannot be read (100/33 is seen right after
//! a success), only the list can tell, and only that it was: its absence from a list proves nothing.

use std::time::Duration;

use serde_json::Value;
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::ports::{Finding, OwnPost, Published, Readiness, SendError};
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
        let mut found: Option<Found> = None;
        self.look_through(account, published.post_type, |items| {
            let fitting = items.iter().filter(|item| fits(item, published));
            let candidates = fitting.filter_map(|item| wanted.candidate(item, "timestamp"));
            found = earliest(found.take().into_iter().chain(candidates));
            // Newest first: behind something older there is nothing of ours.
            let oldest = items.iter().filter_map(published_at).min();
            oldest.is_some_and(|oldest| oldest < since - SKEW)
        })
        .await?;
        Ok(found.map(|found| found.id))
    }

    pub(super) async fn find_named(
        &self,
        account: &Account,
        post_type: PostType,
        named: &str,
    ) -> Result<Option<OwnPost>, SendError> {
        let mut found = None;
        self.look_through(account, post_type, |items| {
            found = items.iter().find(|item| is_named(item, named)).and_then(own_post);
            found.is_some()
        })
        .await?;
        Ok(found)
    }

    /// Shows the account's media to `look`, newest first and page by page, until it has seen enough.
    async fn look_through(
        &self,
        account: &Account,
        post_type: PostType,
        mut look: impl FnMut(&[Value]) -> bool + Send,
    ) -> Result<(), SendError> {
        let edge = if post_type == PostType::Story { "stories" } else { "media" };
        let list = Call::get(account, format!("{}/{edge}", checked(&account.external_id)?), Target::Account)
            .query("fields", "id,caption,timestamp,media_type,media_product_type,permalink")
            .query("limit", PAGE);
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let call = match &cursor {
                Some(cursor) => list.clone().query("after", cursor),
                None => list.clone(),
            };
            let page = self.call(account, &call).await?.body;
            let items = page["data"].as_array().map(Vec::as_slice).unwrap_or_default();
            let next = next_cursor(&page);
            if look(items) || next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        Ok(())
    }
}

fn published_at(item: &Value) -> Option<Timestamp> {
    graph_time::parse(item["timestamp"].as_str()?)
}

fn own_post(item: &Value) -> Option<OwnPost> {
    let permalink = fields::text(item, "permalink");
    Some(OwnPost { id: fields::id(item, "id")?, permalink, published_at: published_at(item) })
}

/// True when a person who writes this means this post: its id, or an address that ends as its own does.
fn is_named(item: &Value, named: &str) -> bool {
    if fields::id(item, "id").as_deref() == Some(named) {
        return true;
    }
    let Some(meant) = place(named) else { return false };
    fields::text(item, "permalink").is_some_and(|own| place(&own) == Some(meant))
}

/// The host of an address, and the last part of its path: a post has one code, under several paths.
fn place(address: &str) -> Option<(&str, &str)> {
    let address = address.split(['?', '#']).next()?;
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (host, path) = address.split_once('/')?;
    Some((host.trim_start_matches("www."), path.rsplit('/').find(|part| !part.is_empty())?))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_person_names_a_post_by_its_id_or_by_its_address_however_it_was_copied() {
        let item = json!({"id": "17900000000000001", "permalink": "https://www.instagram.com/p/DAbc-1_x/"});
        for named in [
            "17900000000000001",
            "https://www.instagram.com/p/DAbc-1_x/",
            "https://instagram.com/acme/p/DAbc-1_x/?igsh=MTc4#comments",
            "instagram.com/reel/DAbc-1_x",
        ] {
            assert!(is_named(&item, named), "{named}");
        }
        for named in ["17900000000000002", "DAbc-1_x", "https://www.instagram.com/p/DABC-1_x/", "/", ""]
            .into_iter()
            .chain(["https://example.com/p/DAbc-1_x/", "https://www.instagram.com", "/p/DAbc-1_x/"])
        {
            assert!(!is_named(&item, named), "{named}");
        }
        assert!(!is_named(&json!({"id": "1"}), "https://www.instagram.com/p/DAbc-1_x/"));
    }
}
