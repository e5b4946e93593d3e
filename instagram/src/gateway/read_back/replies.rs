//! Replies below comments and mentions.

use serde_json::Value;
use tenants::account::Account;
use tenants::effect::ErrorCategory;
use tenants::ports::{Finding, SendError};

use super::matching::{Found, Wanted, earliest};
use super::{cannot_tell, is_gone};
use crate::gateway::Gateway;
use crate::gateway::call::{Call, Target, checked};
use crate::webhook::fields;

/// Instagram's largest page of comments.
const PAGE: &str = "50";
/// Pages read at most. The order of replies is not promised, so all must be read to say that one is missing.
const MAX_PAGES: usize = 40;

impl Gateway {
    /// Looks for our reply to a comment. A reply to a reply is listed under the top-level comment.
    pub(super) async fn find_reply(
        &self,
        wanted: &Wanted<'_>,
        comment_id: &str,
    ) -> Result<Finding, SendError> {
        let comment = self.read_comment(wanted.account, comment_id, "id,parent_id").await?;
        let top = fields::id(&comment.body, "parent_id").unwrap_or_else(|| comment_id.to_owned());
        let found = self.find_below(wanted, format!("{}/replies", checked(&top)?)).await?;
        Ok(found.map_or(Finding::NotDone, |found| Finding::Done(Some(found.id))))
    }

    /// Looks for our answer to a mention, which stands below somebody else's media. Only a list that Instagram
    /// really shows can prove that the answer is missing.
    pub(super) async fn find_mention_reply(
        &self,
        wanted: &Wanted<'_>,
        media_id: &str,
        comment_id: Option<&str>,
    ) -> Result<Finding, SendError> {
        let path = match comment_id {
            Some(comment_id) => format!("{}/replies", checked(comment_id)?),
            None => format!("{}/comments", checked(media_id)?),
        };
        match self.find_below(wanted, path).await {
            Ok(Some(found)) => Ok(Finding::Done(Some(found.id))),
            Ok(None) => Ok(Finding::NotDone),
            Err(error) if is_hidden_from_us(&error) => {
                self.when_mention_is_hidden(wanted.account, media_id, comment_id).await
            }
            Err(error) => Err(error),
        }
    }

    async fn when_mention_is_hidden(
        &self,
        account: &Account,
        media_id: &str,
        comment_id: Option<&str>,
    ) -> Result<Finding, SendError> {
        match self.mention_text(account, media_id, comment_id).await? {
            None => Ok(Finding::TargetGone),
            Some(_) => Err(cannot_tell("instagram does not show the comments below media of others")),
        }
    }

    pub(in crate::gateway) async fn find_below(
        &self,
        wanted: &Wanted<'_>,
        path: String,
    ) -> Result<Option<Found>, SendError> {
        let list = Call::get(wanted.account, path, Target::Thing)
            .query("fields", "id,text,timestamp,username,from{id,username}")
            .query("limit", PAGE);
        let mut found = None;
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let call = match &cursor {
                Some(cursor) => list.clone().query("after", cursor),
                None => list.clone(),
            };
            let page = self.call(wanted.account, &call).await?.body;
            found = earliest(found.into_iter().chain(matches_of(wanted, &page)));
            let next = next_cursor(&page);
            if next.is_none() || next == cursor {
                return Ok(found);
            }
            cursor = next;
        }
        match found {
            Some(found) => Ok(Some(found)),
            None => Err(cannot_tell("there are too many replies")),
        }
    }
}

fn matches_of<'a>(wanted: &'a Wanted<'_>, page: &'a Value) -> impl Iterator<Item = Found> + 'a {
    let items = page["data"].as_array().into_iter().flatten();
    items
        .filter(|item| wanted.is_written_by_us(item, "text"))
        .filter_map(|item| wanted.candidate(item, "timestamp"))
}

/// The cursor of the next page; the last page has no `next`.
pub(in crate::gateway) fn next_cursor(page: &Value) -> Option<String> {
    page["paging"].get("next")?;
    fields::text(&page["paging"]["cursors"], "after")
}

/// Refusals by which Instagram says "not your media". A missing permission (10, 200 to 299) is one of them here: it
/// must not be taken for a dead token.
fn is_hidden_from_us(error: &SendError) -> bool {
    is_gone(error) || error.category == ErrorCategory::Permanent || matches!(error.code, Some(10 | 200..=299))
}
