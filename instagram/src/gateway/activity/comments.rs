//! Comments below a media, and the replies to them.

use serde_json::{Value, json};
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::ports::{ReadOf, SeenItem, SeenItems, SendError, Usage};

use super::{items, next_cursor, time_of};
use crate::gateway::Gateway;
use crate::gateway::call::{Call, Target, checked};
use crate::webhook::fields;

/// Instagram's largest page of comments.
const PAGE: &str = "50";
/// Pages read at most. A new reply can stand below an old comment, so pages are read also when they hold old ones.
const MAX_PAGES: usize = 4;
const FIELDS: &str = "id,text,timestamp,username,from{id,username},\
    replies.limit(50){id,text,timestamp,username,from{id,username},parent_id}";

impl Gateway {
    pub(super) async fn read_comments(
        &self,
        account: &Account,
        media_id: &str,
        since: Timestamp,
    ) -> Result<ReadOf<SeenItems>, SendError> {
        let path = format!("{}/comments", checked(media_id)?);
        let list = Call::get(account, path, Target::Thing).query("fields", FIELDS).query("limit", PAGE);
        let mut seen = SeenItems::default();
        let mut usage = Usage::default();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let call = match &cursor {
                Some(cursor) => list.clone().query("after", cursor),
                None => list.clone(),
            };
            let answered = self.call(account, &call).await?;
            usage = answered.usage;
            for comment in answered.body["data"].as_array().into_iter().flatten() {
                take_thread(account, media_id, comment, since, &mut seen);
            }
            let next = next_cursor(&answered.body);
            if next.is_none() || next == cursor {
                return Ok(ReadOf { found: seen, usage });
            }
            cursor = next;
        }
        seen.is_cut = true;
        Ok(ReadOf { found: seen, usage })
    }
}

fn take_thread(account: &Account, media_id: &str, top: &Value, since: Timestamp, seen: &mut SeenItems) {
    let top_id = fields::id(top, "id");
    let replies = top["replies"]["data"].as_array().into_iter().flatten();
    seen.is_cut |= next_cursor(&top["replies"]).is_some();
    let all = std::iter::once((top, None)).chain(replies.map(|reply| (reply, top_id.as_deref())));
    for (comment, parent) in all {
        seen.listed += 1;
        seen.items
            .extend(seen_comment(account, media_id, comment, parent).filter(|item| item.written_at >= since));
    }
}

fn seen_comment(
    account: &Account,
    media_id: &str,
    comment: &Value,
    parent: Option<&str>,
) -> Option<SeenItem> {
    let written_at = time_of(comment, "timestamp")?;
    let mut value = json!({
        "id": fields::id(comment, "id")?,
        "text": fields::text(comment, "text").unwrap_or_default(),
        "from": items::person(&comment["from"])?,
        "media": { "id": media_id },
    });
    if let Some(parent) = fields::id(comment, "parent_id").as_deref().or(parent) {
        value["parent_id"] = json!(parent);
    }
    items::of_change(account, value, written_at)
}
