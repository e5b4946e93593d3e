//! Publishing: containers, their status, `media_publish`, and the limit of a day.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    caller::Caller,
    endpoint::{Endpoint, Node, Target},
    errors::GraphError,
    fields::{Read, named, parse, render},
    request::{GraphRequest, Params},
    uploading,
};
use crate::{
    control::requests::{MediaProduct, MediaType},
    core::{Core, lock},
    faults::ContainerFault,
    ids::AccountId,
    options::PublishingOptions,
    state::containers::{Container, Stage},
};

const MIB: u64 = 1 << 20;
const MAX_IMAGE: u64 = 8 * MIB;
const MAX_STORY_VIDEO: u64 = 100 * MIB;
const MAX_VIDEO: u64 = 300 * MIB;
/// So much of a file is looked at.
pub(super) const HEAD: usize = 16;

/// Carries out a call of publishing.
pub(super) async fn call(
    core: &Core,
    request: &GraphRequest,
    caller: &Caller,
    target: &Target,
) -> Result<Value, GraphError> {
    let account = caller.account.as_ref().ok_or_else(GraphError::no_user_for_me)?;
    match (target.endpoint, &target.node) {
        (Endpoint::CreateContainer, _) => create(core, request, account).await,
        (Endpoint::PublishContainer, _) => publish(core, request, account),
        (Endpoint::ReadPublishingLimit, _) => Ok(limit(core, request, account)),
        (_, Node::Container(id)) => read(core, request, caller, id),
        _ => Err(GraphError::unsupported_method(&request.method)),
    }
}

/// What a request asks to be made.
struct Wish {
    product: MediaProduct,
    media_type: MediaType,
    is_item: bool,
    source: Option<String>,
    is_sent: bool,
    cover: Option<String>,
    children: Vec<String>,
}

async fn create(core: &Core, request: &GraphRequest, account: &AccountId) -> Result<Value, GraphError> {
    let params = &request.params;
    let wish = wish_of(params)?;
    let caption = params.text("caption").filter(|caption| !caption.is_empty());
    check_caption(caption.as_deref(), wish.is_item)?;
    let options = lock(&core.publishing).clone();
    let mut fails_with = None;
    if let (Some(source), true) = (&wish.source, options.fetch_files) {
        let (size, head) = fetch(core, source, limit_of(wish.media_type, wish.product)).await?;
        fails_with = check_file(wish.media_type, limit_of(wish.media_type, wish.product), size, &head)?;
    }
    if let (Some(cover), true) = (&wish.cover, options.fetch_files) {
        let (size, head) = fetch(core, cover, MAX_IMAGE).await?;
        check_file(MediaType::Image, MAX_IMAGE, size, &head)?;
    }
    let thumb_offset = params.number("thumb_offset")?;
    let audio_name = params.text("audio_name");
    if audio_name.is_some() && wish.product != MediaProduct::Reels {
        return Err(GraphError::invalid_parameter("Param audio_name is only allowed for reels"));
    }
    let faults = core.container_faults(account);
    core.act(|world, now| {
        let (made, _) = world.publishing_usage(account, now);
        if made >= options.containers_per_day {
            return Err(GraphError::publishing_limit());
        }
        for child in &wish.children {
            let own = world.containers.get(child).filter(|it| it.account == *account && it.is_item);
            if !own.is_some_and(|child| child.stage(now) == Stage::Finished) {
                return Err(GraphError::media_not_ready());
            }
        }
        let mut container = Container {
            id: world.ids.container(),
            account: account.clone(),
            product: wish.product,
            media_type: wish.media_type,
            is_item: wish.is_item,
            caption,
            children: wish.children,
            source: wish.source,
            is_sent: wish.is_sent,
            sha256: None,
            cover: wish.cover,
            thumb_offset,
            audio_name,
            alt_text: params.text("alt_text"),
            created_at: now,
            ready_at: now + work_time(wish.media_type, &options),
            fails_with,
            published_as: None,
            published_at: None,
        };
        for fault in faults {
            match fault {
                ContainerFault::Fails { subcode } => container.fails_with = Some(subcode),
                ContainerFault::Slow { by } => container.ready_at += by,
            }
        }
        let id = container.id.clone();
        let mut answer = json!({ "id": id });
        if container.is_sent {
            let version = request.version.as_deref().unwrap_or(&core.options.api_version);
            answer["uri"] = json!(format!("{}/ig-api-upload/{version}/{id}", request.base));
        }
        world.containers.insert(id, container);
        Ok(answer)
    })
}

fn work_time(media_type: MediaType, options: &PublishingOptions) -> TimeDelta {
    let milliseconds = match media_type {
        MediaType::Video => options.video_ms,
        MediaType::Image | MediaType::CarouselAlbum => options.image_ms,
    };
    TimeDelta::milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX / 2))
}

fn wish_of(params: &Params) -> Result<Wish, GraphError> {
    let is_item = params.flag("is_carousel_item")?.unwrap_or(false);
    let kind = params.text("media_type").unwrap_or_default();
    let (image, video) = (params.text("image_url"), params.text("video_url"));
    let is_sent = params.text("upload_type").as_deref() == Some("resumable");
    let of = |product, media_type, source: Option<String>| Wish {
        product,
        media_type,
        is_item,
        source,
        is_sent: is_sent && media_type == MediaType::Video,
        cover: params.text("cover_url").filter(|_| product == MediaProduct::Reels),
        children: Vec::new(),
    };
    let needs =
        |source: Option<String>, name| source.ok_or_else(|| GraphError::missing_parameter(name)).map(Some);
    let film = |video| if is_sent { Ok(None) } else { needs(video, "video_url") };
    Ok(match kind.as_str() {
        "" | "IMAGE" => of(MediaProduct::Feed, MediaType::Image, needs(image, "image_url")?),
        "REELS" => of(MediaProduct::Reels, MediaType::Video, film(video)?),
        "STORIES" if video.is_some() || is_sent => of(MediaProduct::Story, MediaType::Video, film(video)?),
        "STORIES" => of(MediaProduct::Story, MediaType::Image, needs(image, "image_url")?),
        "VIDEO" if is_item => of(MediaProduct::Feed, MediaType::Video, film(video)?),
        "CAROUSEL" => {
            let children = params.words("children");
            if !(2..=10).contains(&children.len()) {
                return Err(GraphError::carousel_size());
            }
            Wish { children, ..of(MediaProduct::Feed, MediaType::CarouselAlbum, None) }
        }
        _ => return Err(GraphError::unknown_media_type()),
    })
}

fn check_caption(caption: Option<&str>, is_item: bool) -> Result<(), GraphError> {
    let Some(caption) = caption else { return Ok(()) };
    if is_item {
        return Err(GraphError::invalid_parameter("Param caption is not allowed for items of a carousel"));
    }
    let marked =
        |mark: char| caption.split(|c: char| c.is_whitespace()).filter(|word| word.starts_with(mark)).count();
    if caption.chars().count() > 2_200 || marked('#') > 30 {
        return Err(GraphError::caption_too_long());
    }
    if marked('@') > 20 {
        return Err(GraphError::too_many_mentions());
    }
    Ok(())
}

pub(super) fn limit_of(media_type: MediaType, product: MediaProduct) -> u64 {
    match (media_type, product) {
        (MediaType::Video, MediaProduct::Story) => MAX_STORY_VIDEO,
        (MediaType::Video, _) => MAX_VIDEO,
        _ => MAX_IMAGE,
    }
}

/// Fetches a file as Instagram would; its size and first bytes. Stops behind the limit.
async fn fetch(core: &Core, address: &str, limit: u64) -> Result<(u64, Vec<u8>), GraphError> {
    let answer = core.webhook_client.get(address).timeout(std::time::Duration::from_secs(20)).send().await;
    let mut answer = answer.map_err(|_| GraphError::file_not_fetched())?;
    if !answer.status().is_success() {
        return Err(GraphError::file_not_fetched());
    }
    let (mut size, mut head) = (0u64, Vec::with_capacity(HEAD));
    while let Some(chunk) = answer.chunk().await.map_err(|_| GraphError::file_not_fetched())? {
        size += chunk.len() as u64;
        head.extend(chunk.iter().take(HEAD.saturating_sub(head.len())));
        if size > limit {
            break;
        }
    }
    Ok((size, head))
}

/// Refuses pictures at once; videos fail while they are worked on, with the subcode that is given back.
pub(super) fn check_file(
    media_type: MediaType,
    limit: u64,
    size: u64,
    head: &[u8],
) -> Result<Option<u32>, GraphError> {
    if media_type == MediaType::Video {
        let is_video = head.get(4..8) == Some(b"ftyp");
        return Ok((!is_video || size > limit).then_some(2_207_026));
    }
    if size > limit {
        return Err(GraphError::image_too_large());
    }
    if head.starts_with(&[0xff, 0xd8, 0xff]) { Ok(None) } else { Err(GraphError::image_format()) }
}

fn publish(core: &Core, request: &GraphRequest, account: &AccountId) -> Result<Value, GraphError> {
    let id = request.params.required("creation_id")?;
    let options = lock(&core.publishing).clone();
    let media = core.act(|world, now| world.publish_container(account, &id, &options, now))?;
    Ok(json!({ "id": media }))
}

fn limit(core: &Core, _request: &GraphRequest, account: &AccountId) -> Value {
    let total = lock(&core.publishing).posts_per_day;
    let (_, used) = core.look(|world, now| world.publishing_usage(account, now));
    json!({"data": [{"quota_usage": used, "config": {"quota_total": total, "quota_duration": 86_400}}]})
}

fn read(core: &Core, request: &GraphRequest, caller: &Caller, id: &str) -> Result<Value, GraphError> {
    let fields = match request.params.text("fields") {
        Some(text) if !text.trim().is_empty() => parse(&text)?,
        _ => named(&["id"]),
    };
    let received = uploading::received(core, caller.account.as_ref(), id);
    let words_only = core.tells_status_in_words(caller.account.as_ref());
    core.look(|world, now| {
        let container =
            world.containers.get(id).ok_or_else(|| GraphError::unknown_object(&request.method, id))?;
        let (code, words) = status_of(container.stage(now));
        render("IGContainer", caller.login, &fields, |field| {
            Ok(match field.name.as_str() {
                "id" => Read::Value(json!(container.id)),
                "status_code" if words_only => Read::Value(json!("")),
                "status_code" => Read::Value(json!(code)),
                "status" => Read::Value(json!(words)),
                "video_status" if container.is_sent => {
                    Read::Value(uploading::status(container, received, code))
                }
                "copyright_check_status" | "video_status" => Read::Omitted,
                _ => Read::Unknown,
            })
        })
    })
}

fn status_of(stage: Stage) -> (&'static str, String) {
    match stage {
        Stage::InProgress => ("IN_PROGRESS", "In Progress: Media is still being processed.".to_owned()),
        Stage::Finished => {
            ("FINISHED", "Finished: Media has been uploaded and it is ready to be published.".to_owned())
        }
        Stage::Published => ("PUBLISHED", "Published: Media has been successfully published.".to_owned()),
        Stage::Expired => ("EXPIRED", "Expired: Media was not published within 24 hours.".to_owned()),
        Stage::Error(subcode) => {
            ("ERROR", format!("Error: Media upload has failed with error code {subcode}"))
        }
    }
}
