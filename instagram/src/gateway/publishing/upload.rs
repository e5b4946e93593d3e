//! Which call hands a file or a carousel over.

use tenants::account::Account;
use tenants::effect::ErrorCategory;
use tenants::ports::{SendError, Upload};
use tenants::post::publishing::ContainerKind;

use crate::gateway::call::{Call, Target, checked};
use crate::gateway::errors;

/// The call that makes a container.
pub(super) fn plan(account: &Account, upload: &Upload) -> Result<Call, SendError> {
    let mut form: Vec<(&'static str, String)> = Vec::new();
    match upload.kind {
        ContainerKind::Image => form.push(("image_url", address(upload)?)),
        ContainerKind::CarouselImage => {
            form.extend([("image_url", address(upload)?), ("is_carousel_item", "true".to_owned())]);
        }
        ContainerKind::StoryImage => {
            form.extend([("image_url", address(upload)?), ("media_type", "STORIES".to_owned())]);
        }
        ContainerKind::Reel => {
            form.extend([("video_url", address(upload)?), ("media_type", "REELS".to_owned())])
        }
        ContainerKind::StoryVideo => {
            form.extend([("video_url", address(upload)?), ("media_type", "STORIES".to_owned())]);
        }
        // The one place where `VIDEO` is still a media type.
        ContainerKind::CarouselVideo => form.extend([
            ("video_url", address(upload)?),
            ("media_type", "VIDEO".to_owned()),
            ("is_carousel_item", "true".to_owned()),
        ]),
        ContainerKind::Carousel => {
            let children =
                upload.children.iter().map(|child| checked(child)).collect::<Result<Vec<_>, _>>()?;
            form.extend([("media_type", "CAROUSEL".to_owned()), ("children", children.join(","))]);
        }
    }
    add_words(upload, &mut form);
    let path = format!("{}/media", checked(&account.external_id)?);
    Ok(Call::post(account, path, Target::Account).form(form))
}

fn address(upload: &Upload) -> Result<String, SendError> {
    let missing =
        || errors::failure(ErrorCategory::Permanent, "the file has no address that Instagram can fetch");
    let url = upload.url.clone().ok_or_else(missing)?;
    if !url.is_ascii() {
        return Err(errors::failure(ErrorCategory::Permanent, "Instagram takes addresses in ASCII only"));
    }
    Ok(url)
}

fn add_words(upload: &Upload, form: &mut Vec<(&'static str, String)>) {
    use ContainerKind::{Carousel, CarouselImage, CarouselVideo, Image, Reel, StoryImage, StoryVideo};
    let (kind, options) = (upload.kind, &upload.options);
    let is_item = matches!(kind, CarouselImage | CarouselVideo);
    let is_story = matches!(kind, StoryImage | StoryVideo);
    if !is_item && !is_story {
        if !upload.caption.is_empty() {
            form.push(("caption", upload.caption.clone()));
        }
        if !options.collaborators.is_empty() {
            let names = serde_json::Value::from(options.collaborators.clone());
            form.push(("collaborators", names.to_string()));
        }
        form.extend(options.location_id.clone().map(|id| ("location_id", id)));
    }
    if let (Image | CarouselImage, Some(text)) = (kind, &upload.alt_text) {
        form.push(("alt_text", text.chars().take(1_000).collect()));
    }
    if kind == Reel {
        form.extend(options.share_to_feed.map(|it| ("share_to_feed", it.to_string())));
        form.extend(options.thumb_offset_ms.map(|ms| ("thumb_offset", ms.to_string())));
    }
    if options.is_ai_generated && matches!(kind, Image | Reel | StoryImage | StoryVideo | Carousel) {
        form.push(("is_ai_generated", "true".to_owned()));
    }
}
