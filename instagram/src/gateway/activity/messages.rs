//! Direct messages of the threads that moved.

use serde_json::{Value, json};
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::ports::{ReadOf, SeenItem, SeenItems, SendError, Usage};

use super::{items, next_cursor, time_of};
use crate::gateway::Gateway;
use crate::gateway::call::{Call, Target, mailbox};
use crate::webhook::fields;

/// Threads on a page, and pages read at most. The edge allows two calls per second, so threads come with their messages.
const PAGE: &str = "25";
const MAX_PAGES: usize = 2;
/// Instagram gives details of 20 messages of a thread.
const FIELDS: &str = "id,updated_time,messages.limit(20)\
    {id,created_time,from,to,message,attachments,shares,story,reply_to,is_unsupported}";

impl Gateway {
    pub(super) async fn read_messages(
        &self,
        account: &Account,
        since: Timestamp,
    ) -> Result<ReadOf<SeenItems>, SendError> {
        let path = format!("{}/conversations", mailbox(account)?);
        let list = Call::get(account, path, Target::Account)
            .query("platform", "instagram")
            .query("fields", FIELDS)
            .query("limit", PAGE);
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
            let threads = answered.body["data"].as_array().into_iter().flatten();
            let mut reaches_back = false;
            for thread in threads {
                // Threads come with the one that moved last first; one without a time may have moved.
                match time_of(thread, "updated_time") {
                    Some(moved_at) if moved_at < since => reaches_back = true,
                    _ => take_thread(account, thread, since, &mut seen),
                }
            }
            let next = next_cursor(&answered.body);
            if reaches_back || next.is_none() || next == cursor {
                return Ok(ReadOf { found: seen, usage });
            }
            cursor = next;
        }
        seen.is_cut = true;
        Ok(ReadOf { found: seen, usage })
    }
}

fn take_thread(account: &Account, thread: &Value, since: Timestamp, seen: &mut SeenItems) {
    let messages = &thread["messages"];
    let mut oldest: Option<Timestamp> = None;
    let mut listed = 0;
    for message in messages["data"].as_array().into_iter().flatten() {
        listed += 1;
        let Some(written_at) = time_of(message, "created_time") else { continue };
        oldest = Some(oldest.map_or(written_at, |oldest| oldest.min(written_at)));
        if written_at < since {
            continue;
        }
        match seen_message(account, message, written_at) {
            Some(item) => seen.items.push(item),
            // Only its id and time are told: it is not among the newest 20.
            None => seen.is_cut = true,
        }
    }
    seen.listed += listed;
    let goes_on = next_cursor(messages).is_some() || listed >= 20;
    seen.is_cut |= goes_on && oldest.is_some_and(|oldest| oldest >= since);
}

fn seen_message(account: &Account, message: &Value, written_at: Timestamp) -> Option<SeenItem> {
    let sender = items::person(&message["from"])?;
    let recipient = items::person(&message["to"]["data"][0])?;
    let is_us = |person: &Value| {
        account.is_self(person["id"].as_str().unwrap_or_default(), person["username"].as_str())
    };
    let mut body = json!({
        "mid": fields::id(message, "id")?,
        "text": fields::text(message, "message").unwrap_or_default(),
    });
    match (is_us(&sender), is_us(&recipient)) {
        (true, true) => body["is_self"] = json!(true),
        (true, false) => body["is_echo"] = json!(true),
        (false, _) => {}
    }
    if fields::flag(message, "is_unsupported") {
        body["is_unsupported"] = json!(true);
    }
    let attachments = attachments(message);
    if !attachments.is_empty() {
        body["attachments"] = json!(attachments);
    }
    if let Some(reply_to) = reply_to(message) {
        body["reply_to"] = reply_to;
    }
    let item = json!({
        "sender": sender, "recipient": recipient, "timestamp": written_at.as_millis(), "message": body,
    });
    items::of_message(account, item, written_at)
}

/// Attachments, shares and story mentions, as webhooks name them.
fn attachments(message: &Value) -> Vec<Value> {
    let attachment = |kind: &str, url: &Value| json!({ "type": kind, "payload": { "url": url } });
    let files = message["attachments"]["data"].as_array().into_iter().flatten().map(|file| {
        let (image, video) = (&file["image_data"], &file["video_data"]);
        if image.is_object() {
            attachment("image", &image["url"])
        } else if video.is_object() {
            attachment("video", &video["url"])
        } else {
            attachment("file", &file["file_url"])
        }
    });
    let shares = message["shares"]["data"].as_array().into_iter().flatten();
    let mut all: Vec<Value> = files.chain(shares.map(|share| attachment("share", &share["link"]))).collect();
    let mention = &message["story"]["mention"];
    if mention.is_object() {
        all.push(attachment("story_mention", &mention["link"]));
    }
    all
}

fn reply_to(message: &Value) -> Option<Value> {
    let story = &message["story"]["reply_to"];
    if story.is_object() {
        return Some(json!({ "story": { "id": story["id"], "url": story["link"] } }));
    }
    let mid = fields::id(&message["reply_to"], "mid")?;
    Some(json!({ "mid": mid }))
}
