//! What the dispatcher calls for the effects of posts.

use std::time::Duration;

use tenants::account::Account;
use tenants::clock::Timestamp;
use tenants::effect::{Action, Effect, ErrorCategory};
use tenants::ids::TenantId;
use tenants::media::MediaKind;
use tenants::ports::{Finding, PublicMediaError, Published, Receipt, SendError, Upload, Usage};
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
        Action::CreateContainer { container, .. } => {
            let upload = upload_of(ports, &effect.tenant, container, address_valid_for).await?;
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

async fn upload_of(
    ports: &Ports,
    tenant: &TenantId,
    container: &Container,
    valid_for: Duration,
) -> Result<Upload, SendError> {
    let mut upload = Upload {
        kind: ContainerKind::Carousel,
        url: None,
        caption: container.caption.clone(),
        alt_text: None,
        children: container.children.clone(),
        options: container.options.clone(),
    };
    let Some(media) = container.media else { return Ok(upload) };
    let found = ports.media.find_media(tenant, media).await;
    let found = found.map_err(|error| failure(ErrorCategory::Transient, &error.to_string()))?;
    let Some(asset) = found else {
        let message = format!("{media} is not in the media library any more: choose another file");
        return Err(failure(ErrorCategory::Permanent, &message));
    };
    let address = ports.public_media.public_url(tenant, &asset, valid_for).await;
    upload.url = Some(address.map_err(|error| match error {
        PublicMediaError::NoPublicAddress => failure(ErrorCategory::Permanent, &error.to_string()),
        PublicMediaError::Unavailable(_) => failure(ErrorCategory::Transient, &error.to_string()),
    })?);
    upload.kind = kind_of(container, asset.kind);
    upload.alt_text = asset.alt_text.clone();
    Ok(upload)
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
