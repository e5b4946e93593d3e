//! Which call hands a file or a carousel over.

use serde_json::{Value, json};
use tenants::account::Account;
use tenants::effect::ErrorCategory;
use tenants::ports::{FileSource, SendError, Upload};
use tenants::post::publishing::ContainerKind;

use crate::gateway::call::{Call, Target, checked};
use crate::gateway::errors;

/// The call that makes a container.
pub(super) fn plan(account: &Account, upload: &Upload) -> Result<Call, SendError> {
    let mut form: Vec<(&'static str, String)> = Vec::new();
    match upload.kind {
        ContainerKind::Image => form.push(picture(upload)?),
        ContainerKind::CarouselImage => {
            form.extend([picture(upload)?, ("is_carousel_item", "true".to_owned())]);
        }
        ContainerKind::StoryImage => {
            form.extend([picture(upload)?, ("media_type", "STORIES".to_owned())]);
        }
        ContainerKind::Reel => form.extend([video(upload)?, ("media_type", "REELS".to_owned())]),
        ContainerKind::StoryVideo => {
            form.extend([video(upload)?, ("media_type", "STORIES".to_owned())]);
        }
        // The one place where `VIDEO` is still a media type.
        ContainerKind::CarouselVideo => form.extend([
            video(upload)?,
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
    if upload.kind == ContainerKind::Reel {
        add_reel(upload, &mut form)?;
    }
    let path = format!("{}/media", checked(&account.external_id)?);
    Ok(Call::post(account, path, Target::Account).form(form))
}

fn picture(upload: &Upload) -> Result<(&'static str, String), SendError> {
    match &upload.source {
        FileSource::Address(url) => Ok(("image_url", ascii(url)?)),
        FileSource::Nothing | FileSource::Bytes(_) => Err(no_address()),
    }
}

fn video(upload: &Upload) -> Result<(&'static str, String), SendError> {
    match &upload.source {
        FileSource::Address(url) => Ok(("video_url", ascii(url)?)),
        FileSource::Bytes(_) => Ok(("upload_type", "resumable".to_owned())),
        FileSource::Nothing => Err(no_address()),
    }
}

fn no_address() -> SendError {
    errors::failure(ErrorCategory::Permanent, "the file has no address that Instagram can fetch")
}

fn ascii(url: &str) -> Result<String, SendError> {
    if !url.is_ascii() {
        return Err(errors::failure(ErrorCategory::Permanent, "Instagram takes addresses in ASCII only"));
    }
    Ok(url.to_owned())
}

fn add_reel(upload: &Upload, form: &mut Vec<(&'static str, String)>) -> Result<(), SendError> {
    let options = &upload.options;
    form.extend(options.share_to_feed.map(|it| ("share_to_feed", it.to_string())));
    form.extend(options.thumb_offset_ms.map(|ms| ("thumb_offset", ms.to_string())));
    form.extend(options.audio_name.clone().map(|name| ("audio_name", name)));
    if let Some(url) = &upload.cover_url {
        form.push(("cover_url", ascii(url)?));
    }
    Ok(())
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
    form.extend(tags(upload).map(|tags| ("user_tags", tags)));
    if options.is_ai_generated && matches!(kind, Image | Reel | StoryImage | StoryVideo | Carousel) {
        form.push(("is_ai_generated", "true".to_owned()));
    }
}

/// People who are tagged, as Instagram takes them: with their place in pictures, without in videos.
fn tags(upload: &Upload) -> Option<String> {
    use ContainerKind::{Carousel, CarouselImage, Image, StoryImage};
    let tags = &upload.options.user_tags;
    if tags.is_empty() || upload.kind == Carousel {
        return None;
    }
    let is_picture = matches!(upload.kind, Image | CarouselImage | StoryImage);
    let share = |percent: u8| f64::from(percent) / 100.0;
    let tags = tags.iter().map(|tag| match (tag.x, tag.y) {
        (Some(x), Some(y)) if is_picture => json!({ "username": tag.username, "x": share(x), "y": share(y) }),
        _ => json!({ "username": tag.username }),
    });
    Some(Value::from_iter(tags).to_string())
}

#[cfg(test)]
mod tests {
    use tenants::post::{PostOptions, UserTag};

    use super::*;

    #[test]
    fn people_are_tagged_with_their_place_in_pictures_and_without_in_videos() {
        let tag = |x, y| UserTag { username: "ana".to_owned(), x, y, item: 0 };
        let tagged = |kind, user_tags: Vec<UserTag>| {
            tags(&Upload {
                kind,
                source: FileSource::Nothing,
                cover_url: None,
                caption: String::new(),
                alt_text: None,
                children: Vec::new(),
                options: PostOptions { user_tags, ..PostOptions::default() },
            })
        };
        let placed = vec![tag(Some(50), Some(5))];
        let picture = Some(r#"[{"username":"ana","x":0.5,"y":0.05}]"#.to_owned());
        let video = Some(r#"[{"username":"ana"}]"#.to_owned());
        assert_eq!(tagged(ContainerKind::CarouselImage, placed.clone()), picture);
        assert_eq!(tagged(ContainerKind::CarouselVideo, placed.clone()), video);
        assert_eq!(tagged(ContainerKind::StoryImage, vec![tag(None, None)]), video);
        assert_eq!(tagged(ContainerKind::Carousel, placed), None, "its items are tagged");
        assert_eq!(tagged(ContainerKind::Image, Vec::new()), None);
    }
}
