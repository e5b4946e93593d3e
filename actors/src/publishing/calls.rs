//! What the dispatcher calls for the effects of posts.

use std::time::Duration;

use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::effect::{Action, Effect, ErrorCategory};
use tenants::ids::{MediaId, PostId};
use tenants::media::{MediaAsset, MediaKind};
use tenants::ports::{
    FileSource, Finding, PublicMediaError, Published, Receipt, SendError, SentFile, Upload, Usage,
};
use tenants::post::PostType;
use tenants::post::publishing::{Container, ContainerKind};

use crate::Ports;

/// Performs an effect of a post, once.
pub(crate) async fn perform(
    ports: &Ports,
    account: &Account,
    effect: &Effect,
    address_valid_for: Duration,
) -> Result<Receipt, SendError> {
    match &effect.action {
        Action::CreateContainer { post, container, .. } => {
            let uploads = Uploads { ports, account, post, address_valid_for };
            let upload = uploads.of(container).await?;
            ports.platform.create(account, &upload).await
        }
        Action::PublishPost { container_id, .. } => ports.platform.publish(account, container_id).await,
        Action::FirstComment { media_id, text, .. } => ports.platform.comment(account, media_id, text).await,
        _ => Err(failure(ErrorCategory::Permanent, "this effect belongs to no post")),
    }
}

/// Looks whether an effect of a post was done.
pub(crate) async fn look_for(
    ports: &Ports,
    account: &Account,
    effect: &Effect,
    since: Timestamp,
    already_ours: &[String],
) -> Result<Finding, SendError> {
    match &effect.action {
        Action::PublishPost { container_id, post_type, caption, .. } => {
            let published = Published { container: container_id, post_type: *post_type, caption };
            ports.platform.find_published(account, &published, since, already_ours).await
        }
        Action::FirstComment { media_id, text, .. } => {
            ports.platform.find_comment(account, media_id, text, since, already_ours).await
        }
        // A container whose name was lost harms nobody: another one is made.
        _ => Ok(Finding::NotDone),
    }
}

/// What uploads are made of.
struct Uploads<'a> {
    ports: &'a Ports,
    account: &'a Account,
    post: &'a PostId,
    address_valid_for: Duration,
}

impl Uploads<'_> {
    async fn of(&self, container: &Container) -> Result<Upload, SendError> {
        let mut upload = Upload {
            kind: ContainerKind::Carousel,
            source: FileSource::Nothing,
            cover_url: None,
            caption: container.caption.clone(),
            alt_text: None,
            children: container.children.clone(),
            options: container.options.clone(),
        };
        let Some(media) = container.media else { return Ok(upload) };
        let asset = self.asset(media).await?;
        upload.source = self.source(&asset).await?;
        if let Some(cover) = container.options.cover_media {
            upload.cover_url = Some(self.address(&self.asset(cover).await?).await?);
        }
        upload.kind = kind_of(container, asset.kind);
        upload.alt_text = asset.alt_text;
        Ok(upload)
    }

    async fn asset(&self, media: MediaId) -> Result<MediaAsset, SendError> {
        let found = self.ports.media.find_media(&self.account.tenant, media).await;
        let found = found.map_err(|error| failure(ErrorCategory::Transient, &error.to_string()))?;
        let missing = || {
            let message = format!("{media} is not in the media library any more: choose another file");
            failure(ErrorCategory::Permanent, &message)
        };
        found.ok_or_else(missing)
    }

    async fn source(&self, asset: &MediaAsset) -> Result<FileSource, SendError> {
        let is_sent =
            asset.kind == MediaKind::Video && self.ports.public_media.sends_videos(self.account.flavour);
        if !is_sent {
            return self.address(asset).await.map(FileSource::Address);
        }
        let (file, bytes) = (asset.published_file(), asset.published_bytes());
        Ok(FileSource::Bytes(SentFile { post: *self.post, media: asset.id, file, bytes }))
    }

    async fn address(&self, asset: &MediaAsset) -> Result<String, SendError> {
        let address =
            self.ports.public_media.public_url(&self.account.tenant, asset, self.address_valid_for).await;
        address.map_err(|error| match error {
            PublicMediaError::NoPublicAddress => failure(ErrorCategory::Permanent, &error.to_string()),
            PublicMediaError::Unavailable(_) => failure(ErrorCategory::Transient, &error.to_string()),
        })
    }
}

fn kind_of(container: &Container, media: MediaKind) -> ContainerKind {
    match (container.post_type, container.is_item, media) {
        (_, true, MediaKind::Image) => ContainerKind::CarouselImage,
        (_, true, MediaKind::Video) => ContainerKind::CarouselVideo,
        (PostType::Story, _, MediaKind::Image) => ContainerKind::StoryImage,
        (PostType::Story, _, MediaKind::Video) => ContainerKind::StoryVideo,
        (PostType::Reel, ..) => ContainerKind::Reel,
        (PostType::Image | PostType::Carousel, ..) => ContainerKind::Image,
    }
}

fn failure(category: ErrorCategory, message: &str) -> SendError {
    SendError {
        category,
        code: None,
        subcode: None,
        message: message.to_owned(),
        retry_after: None,
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    }
}
