//! Numbers of accounts, media and competitors. Every method is one call of the Graph API that changes nothing.
//!
//! Instagram says in many ways that it will not tell a number: an unknown metric (100), an unsupported breakdown
//! (1), too few viewers or a missing permission (10, 200 to 299). None of them is a dead token, whatever the general
//! table says of the code.

mod questions;
mod readings;

use async_trait::async_trait;
use tenants::account::{Account, LoginFlavour};
use tenants::effect::ErrorCategory;
use tenants::ports::{
    AccountProfile, AccountQuestion, AskError, Discovered, InsightsReader, MediaItem, Reading, SendError,
    Told,
};

use super::call::{Call, Target, checked};
use super::{Answered, Gateway, errors};

/// Fields of a post that every login may read.
const MEDIA_FIELDS: &str =
    "id,caption,media_type,media_product_type,permalink,timestamp,like_count,comments_count";
/// Posts of a competitor that are looked at.
const DISCOVERED_POSTS: u32 = 25;
/// Instagram's largest page of media.
const PAGE: u32 = 100;

impl Gateway {
    pub(super) async fn ask(
        &self,
        account: &Account,
        call: &Call,
        by_parts: bool,
    ) -> Result<Answered, AskError> {
        self.call(account, call).await.map_err(|error| sorted(error, by_parts))
    }

    async fn list_media(
        &self,
        account: &Account,
        edge: &str,
        limit: u32,
    ) -> Result<Told<Vec<MediaItem>>, AskError> {
        let path = format!("{}/{edge}", checked(&account.external_id)?);
        let call = Call::get(account, path, Target::Account)
            .query("fields", MEDIA_FIELDS)
            .query("limit", limit.clamp(1, PAGE).to_string());
        let Answered { body, usage } = self.ask(account, &call, false).await?;
        Ok(Told { value: readings::media_of(&body), usage })
    }
}

/// Tells what Instagram will not say from what failed.
fn sorted(error: SendError, by_parts: bool) -> AskError {
    let names_metric = match (error.category, error.code) {
        // Too few viewers or followers, or a missing permission: whatever is asked for.
        (_, Some(3 | 10 | 200..=299)) | (ErrorCategory::Forbidden, _) => false,
        // An unsupported breakdown is answered like an outage.
        (ErrorCategory::Transient, Some(1)) if by_parts => true,
        (ErrorCategory::Permanent, _) => true,
        _ => return AskError::Failed(error),
    };
    AskError::NotAvailable { reason: error.message, names_metric, usage: error.usage }
}

#[async_trait]
impl InsightsReader for Gateway {
    async fn account_profile(&self, account: &Account) -> Result<Told<AccountProfile>, AskError> {
        let path = checked(&account.external_id)?.to_owned();
        let call = Call::get(account, path, Target::Account)
            .query("fields", "followers_count,follows_count,media_count");
        let Answered { body, usage } = self.ask(account, &call, false).await?;
        Ok(Told { value: readings::profile_of(&body), usage })
    }

    async fn account_insights(
        &self,
        account: &Account,
        question: &AccountQuestion,
    ) -> Result<Told<Vec<Reading>>, AskError> {
        let call = questions::about_account(account, question)?;
        let by_parts = question.breakdown.is_some();
        let Answered { body, usage } = self.ask(account, &call, by_parts).await?;
        Ok(Told { value: readings::of(&body), usage })
    }

    async fn recent_media(&self, account: &Account, limit: u32) -> Result<Told<Vec<MediaItem>>, AskError> {
        self.list_media(account, "media", limit).await
    }

    async fn live_stories(&self, account: &Account) -> Result<Told<Vec<MediaItem>>, AskError> {
        self.list_media(account, "stories", PAGE).await
    }

    async fn media_insights(
        &self,
        account: &Account,
        media: &str,
        metrics: &[&'static str],
    ) -> Result<Told<Vec<Reading>>, AskError> {
        let call = Call::get(account, format!("{}/insights", checked(media)?), Target::Thing)
            .query("metric", metrics.join(","));
        let Answered { body, usage } = self.ask(account, &call, false).await?;
        Ok(Told { value: readings::of(&body), usage })
    }

    async fn discover(&self, account: &Account, username: &str) -> Result<Told<Discovered>, AskError> {
        if account.flavour != LoginFlavour::Facebook {
            let reason = "business discovery needs an account that is connected through Facebook Login";
            let reason = reason.to_owned();
            return Err(AskError::NotAvailable { reason, names_metric: false, usage: Default::default() });
        }
        let handle = questions::checked_handle(username)?;
        let list = format!(
            "business_discovery.username({handle}){{followers_count,follows_count,media_count,username,\
             media.limit({DISCOVERED_POSTS}){{{MEDIA_FIELDS}}}}}"
        );
        let path = checked(&account.external_id)?.to_owned();
        let call = Call::get(account, path, Target::Account).query("fields", list);
        match self.ask(account, &call, false).await {
            Ok(Answered { body, usage }) => match body.get("business_discovery") {
                Some(found) => Ok(Told { value: readings::discovered(found), usage }),
                None => Err(AskError::Failed(errors::failure(
                    ErrorCategory::Transient,
                    "instagram's answer holds no `business_discovery`",
                ))),
            },
            Err(AskError::NotAvailable { reason, names_metric, usage }) => {
                let reason = format!(
                    "@{handle} cannot be seen: it does not exist, or it is no professional account ({reason})"
                );
                Err(AskError::NotAvailable { reason, names_metric, usage })
            }
            Err(error) => Err(error),
        }
    }
}
