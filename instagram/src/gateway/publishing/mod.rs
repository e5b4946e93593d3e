//! Publishing: Instagram as a platform for posts.
//!
//! A file is handed over as a container, which Instagram fetches or is sent, and works on for seconds to minutes; a ready
//! container is published once. Whether a container was published is told by its own status and by the list of the account's media,
//! never by a failure to read it.

mod find;
mod readiness;
mod send;
mod upload;

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::effect::ErrorCategory;
use tenants::ids::PostId;
use tenants::media::{MediaAsset, MediaKind, Placement, problems};
use tenants::ports::{
    Capabilities, FileSource, Finding, OwnPost, PlatformAdapter, Published, PublishingQuota, Readiness,
    Receipt, SendError, Sending, Upload, VisiblePost,
};
use tenants::post::{PostDraft, PostProblem, PostType, check_text};

use super::call::{Call, Target, checked};
use super::plan::check_comment;
use super::read_back::matching::Wanted;
use super::{Answered, Gateway, errors};
use crate::webhook::fields;

pub(super) use send::Files;

#[async_trait]
impl PlatformAdapter for Gateway {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            platform: "instagram".to_owned(),
            post_types: PostType::ALL.to_vec(),
            first_comments: true,
            posts_per_day: Some(100),
        }
    }

    fn check(&self, draft: &PostDraft, media: &[MediaAsset]) -> Vec<PostProblem> {
        let mut found = check_text(draft);
        for (index, id) in draft.media.iter().enumerate() {
            let Some(asset) = media.iter().find(|asset| asset.id == *id) else {
                let problem = format!("{id} is not in the media library: upload it first");
                found.push(PostProblem::new(format!("media[{index}]"), problem));
                continue;
            };
            let of_asset = problems(asset, placement(draft.post_type));
            found.extend(
                of_asset.into_iter().map(|it| PostProblem::new(format!("media[{index}]"), it.message)),
            );
        }
        found.extend(cover_problems(draft, media));
        found
    }

    async fn create(&self, account: &Account, upload: &Upload) -> Result<Receipt, SendError> {
        let call = upload::plan(account, upload)?;
        let answered = self.call(account, &call).await?;
        let receipt = named(&answered)?;
        if let (FileSource::Bytes(file), Some(container)) = (&upload.source, &receipt.instagram_id) {
            let told = fields::text(&answered.body, "uri");
            self.send_file(account, container, told.as_deref(), file).await?;
        }
        Ok(receipt)
    }

    fn sending(&self, post: PostId) -> Option<Sending> {
        self.files.as_ref()?.sending(post)
    }

    async fn readiness(&self, account: &Account, container: &str) -> Result<Readiness, SendError> {
        self.container_status(account, container).await
    }

    async fn publish(&self, account: &Account, container: &str) -> Result<Receipt, SendError> {
        let path = format!("{}/media_publish", checked(&account.external_id)?);
        let call = Call::post(account, path, Target::Account);
        let call = call.form(vec![("creation_id", checked(container)?.to_owned())]);
        named(&self.call(account, &call).await?)
    }

    async fn find_published(
        &self,
        account: &Account,
        published: &Published<'_>,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError> {
        self.find_post(account, published, since, already_ours).await
    }

    async fn read_post(&self, account: &Account, media_id: &str) -> Result<VisiblePost, SendError> {
        let call = Call::get(account, checked(media_id)?.to_owned(), Target::Thing);
        let body = self.call(account, &call.query("fields", "id,permalink")).await?.body;
        Ok(VisiblePost { permalink: fields::text(&body, "permalink") })
    }

    async fn find_own_post(
        &self,
        account: &Account,
        post_type: PostType,
        named: &str,
    ) -> Result<Option<OwnPost>, SendError> {
        self.find_named(account, post_type, named).await
    }

    async fn comment(&self, account: &Account, media_id: &str, text: &str) -> Result<Receipt, SendError> {
        check_comment(text)?;
        let call = Call::post(account, format!("{}/comments", checked(media_id)?), Target::Thing);
        named(&self.call(account, &call.form(vec![("message", text.to_owned())])).await?)
    }

    async fn find_comment(
        &self,
        account: &Account,
        media_id: &str,
        text: &str,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError> {
        let wanted = Wanted::new(account, text, since, already_ours);
        let found = self.find_below(&wanted, format!("{}/comments", checked(media_id)?)).await?;
        Ok(found.map_or(Finding::NotDone, |found| Finding::Done(Some(found.id))))
    }

    async fn quota(&self, account: &Account) -> Result<Option<PublishingQuota>, SendError> {
        let path = format!("{}/content_publishing_limit", checked(&account.external_id)?);
        let call = Call::get(account, path, Target::Account).query("fields", "config,quota_usage");
        let body = self.call(account, &call).await?.body;
        Ok(quota_of(&body))
    }
}

/// What is wrong with the moment or the picture that is to be a reel's cover.
fn cover_problems(draft: &PostDraft, media: &[MediaAsset]) -> Vec<PostProblem> {
    let find = |id| media.iter().find(|asset| asset.id == id);
    let options = &draft.options;
    let mut found = Vec::new();
    let duration = draft.media.first().and_then(|id| find(*id)).and_then(|asset| asset.duration);
    if let (Some(offset), Some(duration)) = (options.thumb_offset_ms, duration)
        && u128::from(offset) >= duration.as_millis()
    {
        let problem =
            format!("the video takes {} ms: choose a moment before its end, from 0 on", duration.as_millis());
        found.push(PostProblem::new("options.thumb_offset_ms", problem));
    }
    let field = "options.cover_media";
    match options.cover_media.map(|id| (id, find(id))) {
        None => {}
        Some((id, None)) => {
            let problem = format!("{id} is not in the media library: upload it first");
            found.push(PostProblem::new(field, problem));
        }
        Some((_, Some(asset))) if asset.kind == MediaKind::Video => {
            let problem =
                "a cover is a picture: choose one, or a moment of the video by options.thumb_offset_ms";
            found.push(PostProblem::new(field, problem));
        }
        // The one place where a picture may have any shape.
        Some((_, Some(asset))) => {
            let of_asset = problems(asset, Placement::Story);
            found.extend(of_asset.into_iter().map(|it| PostProblem::new(field, it.message)));
        }
    }
    found
}

fn placement(post_type: PostType) -> Placement {
    match post_type {
        PostType::Image => Placement::FeedImage,
        PostType::Carousel => Placement::CarouselItem,
        PostType::Reel => Placement::Reel,
        PostType::Story => Placement::Story,
    }
}

/// The receipt of a call that made something. An answer that does not name it leaves open what happened.
fn named(answered: &Answered) -> Result<Receipt, SendError> {
    let usage = answered.usage.clone();
    match fields::id(&answered.body, "id") {
        Some(id) => Ok(Receipt { instagram_id: Some(id), usage }),
        None => {
            let message = "instagram accepted the call but did not say what came of it: it must be read back";
            Err(SendError { usage, ..errors::failure(ErrorCategory::Unknown, message) })
        }
    }
}

/// The documentation wraps the answer in a list, live servers do not.
fn quota_of(body: &Value) -> Option<PublishingQuota> {
    let told = if body["data"][0].is_object() { &body["data"][0] } else { body };
    let number = |value: &Value| u32::try_from(value.as_u64()?).ok();
    Some(PublishingQuota {
        used: number(&told["quota_usage"])?,
        total: number(&told["config"]["quota_total"])?,
        window: Duration::from_secs(told["config"]["quota_duration"].as_u64().unwrap_or(86_400)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_quota_is_read_with_and_without_a_list_around_it() {
        let plain = json!({"quota_usage": 2, "config": {"quota_total": 50, "quota_duration": 86_400}});
        let quota = quota_of(&plain).unwrap();
        assert_eq!((quota.used, quota.total, quota.has_room()), (2, 50, true));
        assert_eq!(quota_of(&json!({ "data": [plain] })), Some(quota));
        assert_eq!(quota_of(&json!({"data": []})), None);
        assert!(!PublishingQuota { used: 50, ..quota }.has_room());
    }
}
