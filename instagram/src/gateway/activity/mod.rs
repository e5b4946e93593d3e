//! What the read API shows of an account's comments and messages, put into the form in which webhooks tell it: so that
//! the two can be compared, and what no webhook has told can be taken in as if one had.

mod comments;
mod items;
mod messages;

use async_trait::async_trait;
use serde_json::Value;
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::ports::{ActivityReader, ReadOf, SeenItems, SeenMedia, SendError};

use super::call::{Call, Target, checked, mailbox};
use super::{Gateway, graph_time};
use crate::webhook::fields;

/// Media looked at: Instagram's default page.
const RECENT_MEDIA: &str = "25";

#[async_trait]
impl ActivityReader for Gateway {
    async fn recent_media(&self, account: &Account) -> Result<ReadOf<Vec<SeenMedia>>, SendError> {
        let path = format!("{}/media", checked(&account.external_id)?);
        let call = Call::get(account, path, Target::Account)
            .query("fields", "id,timestamp,comments_count,like_count,permalink")
            .query("limit", RECENT_MEDIA);
        let answered = self.call(account, &call).await?;
        let found = answered.body["data"].as_array().into_iter().flatten().filter_map(seen_media).collect();
        Ok(ReadOf { found, usage: answered.usage })
    }

    async fn comments_below(
        &self,
        account: &Account,
        media_id: &str,
        since: Timestamp,
    ) -> Result<ReadOf<SeenItems>, SendError> {
        self.read_comments(account, media_id, since).await
    }

    async fn messages(&self, account: &Account, since: Timestamp) -> Result<ReadOf<SeenItems>, SendError> {
        self.read_messages(account, since).await
    }

    async fn webhook_fields(&self, account: &Account) -> Result<ReadOf<Vec<String>>, SendError> {
        let path = format!("{}/subscribed_apps", mailbox(account)?);
        let answered = self.call(account, &Call::get(account, path, Target::Account)).await?;
        let apps = answered.body["data"].as_array().into_iter().flatten();
        let mut found: Vec<String> = apps
            .flat_map(|app| app["subscribed_fields"].as_array().into_iter().flatten())
            .filter_map(|field| field.as_str().or_else(|| field["name"].as_str()).map(str::to_owned))
            .collect();
        found.sort();
        found.dedup();
        Ok(ReadOf { found, usage: answered.usage })
    }
}

fn seen_media(item: &Value) -> Option<SeenMedia> {
    let count = |name: &str| fields::number(item, name).and_then(|number| u64::try_from(number).ok());
    Some(SeenMedia {
        id: fields::id(item, "id")?,
        posted_at: time_of(item, "timestamp")?,
        comments: count("comments_count"),
        likes: count("like_count"),
        permalink: fields::text(item, "permalink"),
    })
}

fn time_of(item: &Value, member: &str) -> Option<Timestamp> {
    item[member].as_str().and_then(graph_time::parse)
}

/// The cursor of the next page; the last page has no `next`.
fn next_cursor(page: &Value) -> Option<String> {
    page["paging"].get("next")?;
    fields::text(&page["paging"]["cursors"], "after")
}
