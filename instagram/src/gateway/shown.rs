//! Profile, media, tagged media and hashtags, for programs outside. Answers carry ids, words and public addresses; the
//! address of a list's next page holds the token and is never passed on, its cursor is.

use async_trait::async_trait;
use serde_json::Value;
use tenants::account::{Account, LoginFlavour};
use tenants::effect::ErrorCategory;
use tenants::ports::{AskError, SendError, ShownMedia, ShownPage, ShownProfile, ShownReader, Told};

use super::call::{Call, Target, checked};
use super::{Answered, Gateway, errors, graph_time, reading};
use crate::webhook::fields;

/// Fields of a profile that every login may read.
const PROFILE: &str =
    "username,name,biography,website,profile_picture_url,followers_count,follows_count,media_count";
/// Fields of own media.
const OWN: &str = "id,caption,media_type,media_product_type,media_url,permalink,timestamp,username,like_count,comments_count";
/// Fields of media of others: whose a post is, is told of tagged ones alone.
const TAGGED: &str = "id,caption,media_type,media_url,permalink,timestamp,username,like_count,comments_count";
const FOUND: &str = "id,caption,media_type,media_url,permalink,timestamp,like_count,comments_count";
/// Largest page of media, and of what a hashtag finds.
const PAGE: u32 = 100;
const HASHTAG_PAGE: u32 = 50;
/// Longest cursor that is passed on.
const LONGEST_CURSOR: usize = 1_000;

impl Gateway {
    async fn shown_list(&self, account: &Account, call: Call) -> Result<Told<ShownPage>, AskError> {
        let Answered { body, usage } = self.ask(account, &call, false).await?;
        Ok(Told { value: page_of(&body), usage })
    }
}

fn list_call(
    account: &Account,
    edge: &str,
    fields: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Call, SendError> {
    let path = format!("{}/{edge}", checked(&account.external_id)?);
    let call = Call::get(account, path, Target::Account)
        .query("fields", fields)
        .query("limit", limit.clamp(1, PAGE).to_string());
    Ok(match after {
        Some(after) => call.query("after", checked_cursor(after)?),
        None => call,
    })
}

/// A cursor as Instagram makes them: it goes into a query, so it could do no harm; nonsense is refused all the same.
fn checked_cursor(cursor: &str) -> Result<&str, SendError> {
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '=' | '+' | '/' | '.');
    if cursor.is_empty() || cursor.len() > LONGEST_CURSOR || !cursor.chars().all(is_harmless) {
        return Err(permanent("`after` is no cursor of such a list: begin without it"));
    }
    Ok(cursor)
}

/// A hashtag without `#`: letters, digits and underscores.
fn checked_hashtag(name: &str) -> Result<&str, SendError> {
    let tag = name.trim().trim_start_matches('#');
    let is_harmless = |c: char| c.is_alphanumeric() || c == '_';
    if tag.is_empty() || tag.chars().count() > 100 || !tag.chars().all(is_harmless) {
        return Err(permanent("this is no hashtag: give letters, digits and underscores, without spaces"));
    }
    Ok(tag)
}

fn permanent(message: &str) -> SendError {
    errors::failure(ErrorCategory::Permanent, message)
}

/// Instagram shows hashtags to accounts that are connected through Facebook Login.
fn require_facebook(account: &Account) -> Result<(), AskError> {
    if account.flavour == LoginFlavour::Facebook {
        return Ok(());
    }
    let reason = "hashtags can be searched through accounts that are connected by Facebook Login: connect it anew by that";
    Err(AskError::NotAvailable { reason: reason.to_owned(), names_metric: false, usage: Default::default() })
}

#[async_trait]
impl ShownReader for Gateway {
    async fn profile(&self, account: &Account) -> Result<Told<ShownProfile>, AskError> {
        let path = checked(&account.external_id)?.to_owned();
        let call = Call::get(account, path, Target::Account).query("fields", PROFILE);
        let Answered { body, usage } = self.ask(account, &call, false).await?;
        Ok(Told { value: profile_of(account, reading::unwrapped(&body)), usage })
    }

    async fn own_media(
        &self,
        account: &Account,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Told<ShownPage>, AskError> {
        self.shown_list(account, list_call(account, "media", OWN, after, limit)?).await
    }

    async fn tagged_media(
        &self,
        account: &Account,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Told<ShownPage>, AskError> {
        self.shown_list(account, list_call(account, "tags", TAGGED, after, limit)?).await
    }

    async fn hashtag(&self, account: &Account, name: &str) -> Result<Told<String>, AskError> {
        require_facebook(account)?;
        let call = Call::get(account, "ig_hashtag_search".to_owned(), Target::Account)
            .query("user_id", checked(&account.external_id)?)
            .query("q", checked_hashtag(name)?);
        let Answered { body, usage } = self.ask(account, &call, false).await?;
        let id = fields::id(&body["data"][0], "id");
        let reason = || "Instagram knows no such hashtag, or does not show it".to_owned();
        id.map(|value| Told { value, usage: usage.clone() }).ok_or_else(|| AskError::NotAvailable {
            reason: reason(),
            names_metric: false,
            usage,
        })
    }

    async fn hashtag_media(
        &self,
        account: &Account,
        hashtag: &str,
        newest: bool,
        limit: u32,
    ) -> Result<Told<ShownPage>, AskError> {
        require_facebook(account)?;
        let edge = if newest { "recent_media" } else { "top_media" };
        let path = format!("{}/{edge}", checked(hashtag)?);
        let call = Call::get(account, path, Target::Thing)
            .query("user_id", checked(&account.external_id)?)
            .query("fields", FOUND)
            .query("limit", limit.clamp(1, HASHTAG_PAGE).to_string());
        let mut told = self.shown_list(account, call).await?;
        // The cursor of such a list is the same on each page.
        told.value.after = None;
        Ok(told)
    }
}

fn profile_of(account: &Account, body: &Value) -> ShownProfile {
    ShownProfile {
        external_id: account.external_id.clone(),
        username: fields::text(body, "username"),
        name: fields::text(body, "name"),
        biography: fields::text(body, "biography"),
        website: fields::text(body, "website"),
        picture_url: fields::text(body, "profile_picture_url"),
        followers: whole(body, "followers_count"),
        follows: whole(body, "follows_count"),
        media_count: whole(body, "media_count"),
    }
}

fn page_of(body: &Value) -> ShownPage {
    let items: Vec<ShownMedia> = body["data"].as_array().into_iter().flatten().filter_map(media_of).collect();
    // Some lists name no next page although there is one; a part without items is the end.
    let after = fields::text(&body["paging"]["cursors"], "after").filter(|_| !items.is_empty());
    ShownPage { items, after }
}

fn media_of(item: &Value) -> Option<ShownMedia> {
    Some(ShownMedia {
        id: fields::id(item, "id")?,
        product: fields::text(item, "media_product_type"),
        media_type: fields::text(item, "media_type"),
        username: fields::text(item, "username"),
        caption: fields::text(item, "caption"),
        media_url: fields::text(item, "media_url"),
        permalink: fields::text(item, "permalink"),
        published_at: item["timestamp"].as_str().and_then(graph_time::parse),
        likes: whole(item, "like_count"),
        comments: whole(item, "comments_count"),
    })
}

fn whole(item: &Value, name: &str) -> Option<u64> {
    fields::number(item, name).and_then(|number| u64::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_a_list_the_cursor_is_passed_on_and_never_the_address_with_the_token() {
        let body = json!({ "data": [{ "id": "1", "caption": "bread" }, { "caption": "no id" }], "paging": {
            "cursors": { "after": "QVFI" }, "next": "https://graph.instagram.com/?access_token=IGAAsecret" } });
        let page = page_of(&body);
        assert_eq!((page.items.len(), page.after.as_deref()), (1, Some("QVFI")));
        assert!(!format!("{page:?}").contains("secret"));
        assert_eq!(page_of(&json!({ "data": [], "paging": { "cursors": { "after": "QVFI" } } })).after, None);
    }

    #[test]
    fn hashtags_and_cursors_cannot_lead_elsewhere() {
        assert_eq!(checked_hashtag("#pão_2").unwrap(), "pão_2");
        for name in ["", "#", "a b", "a&b=1", "a/b", "#a#b"] {
            assert!(checked_hashtag(name).is_err(), "{name}");
        }
        assert!(checked_cursor("QVFI-_=").is_ok() && checked_cursor("a b").is_err());
    }
}
