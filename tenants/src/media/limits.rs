//! What Instagram takes at which place.
//!
//! Numbers are those of Instagram's publishing guide. What Instagram mends by itself (it scales pictures) or accepts in
//! practice against its own guide (an index at the end of the file) is advice, not a problem.

use std::time::Duration;

use super::{MediaAsset, MediaFormat, MediaKind, VideoFacts};
use crate::words::word_enum;

const MIB: u64 = 1 << 20;
/// Largest picture, in bytes.
const MAX_IMAGE: u64 = 8 * MIB;
/// Largest reel and carousel video, in bytes.
const MAX_REEL: u64 = 300 * MIB;
/// Largest video of a story, in bytes.
const MAX_STORY_VIDEO: u64 = 100 * MIB;
/// Widest video, in pixels.
const MAX_VIDEO_WIDTH: u32 = 1_920;
/// Widths that Instagram does not scale, in pixels.
const UNSCALED_WIDTHS: std::ops::RangeInclusive<u32> = 320..=1_440;
/// Most bits per second of a video's pictures.
const MAX_VIDEO_BITS: u64 = 25_000_000;
/// Most samples per second of a video's sound.
const MAX_SAMPLE_RATE: u32 = 48_000;
/// Durations are rounded by cameras: so much is forgiven.
const FORGIVEN: Duration = Duration::from_millis(50);

word_enum! {
    /// Where an asset is published.
    pub enum Placement {
        /// A picture of its own in the feed.
        FeedImage = "feed_image",
        /// A picture or video of a carousel.
        CarouselItem = "carousel_item",
        /// A reel.
        Reel = "reel",
        /// A story.
        Story = "story",
    }
}

word_enum! {
    /// What is wrong with an asset at a place.
    pub enum ProblemCode {
        /// A video where a picture is asked for, or the other way.
        Kind = "kind",
        /// A file format that Instagram does not take.
        Format = "format",
        /// Too many bytes.
        Size = "size",
        /// Too narrow or too wide for its height.
        AspectRatio = "aspect_ratio",
        /// Too few or too many pixels.
        Dimensions = "dimensions",
        /// Too short or too long.
        Duration = "duration",
        /// A codec that Instagram does not take.
        Codec = "codec",
        /// Too few or too many pictures per second.
        FrameRate = "frame_rate",
        /// Too many bits per second.
        BitRate = "bit_rate",
        /// Sound that Instagram does not take.
        Audio = "audio",
        /// The order of the file's parts.
        Layout = "layout",
    }
}

/// Something that is wrong with an asset at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaProblem {
    /// What.
    pub code: ProblemCode,
    /// The same for people, with what to do.
    pub message: String,
}

fn problem(code: ProblemCode, message: impl Into<String>) -> MediaProblem {
    MediaProblem { code, message: message.into() }
}

/// All that keeps the asset from being published there; nothing when it can be.
pub fn problems(asset: &MediaAsset, placement: Placement) -> Vec<MediaProblem> {
    let mut found = Vec::new();
    match (asset.kind, placement) {
        (MediaKind::Image, Placement::Reel) => {
            found.push(problem(ProblemCode::Kind, "a reel is a video: choose a video, or post the picture"));
        }
        (MediaKind::Video, Placement::FeedImage) => {
            found.push(problem(ProblemCode::Kind, "a video is published as a reel: choose the type reel"));
        }
        (MediaKind::Image, _) => image_problems(asset, placement, &mut found),
        (MediaKind::Video, _) => video_problems(asset, placement, &mut found),
    }
    found
}

fn image_problems(asset: &MediaAsset, placement: Placement, found: &mut Vec<MediaProblem>) {
    if asset.published_format() != MediaFormat::Jpeg {
        found.push(problem(ProblemCode::Format, "Instagram takes pictures as JPEG only: upload it as JPEG"));
    }
    too_large(asset.published_bytes(), MAX_IMAGE, "a picture", found);
    if placement != Placement::Story && !is_ratio_within(asset, (4, 5), (191, 100)) {
        found.push(problem(
            ProblemCode::AspectRatio,
            format!(
                "it is {} × {} pixels, and Instagram takes pictures from 4:5 (tall) to 1.91:1 (wide): crop it",
                asset.width, asset.height
            ),
        ));
    }
}

fn video_problems(asset: &MediaAsset, placement: Placement, found: &mut Vec<MediaProblem>) {
    let (most_bytes, longest, what) = match placement {
        Placement::Story => (MAX_STORY_VIDEO, Duration::from_secs(60), "the video of a story"),
        Placement::CarouselItem => (MAX_REEL, Duration::from_secs(60), "a video of a carousel"),
        Placement::Reel | Placement::FeedImage => (MAX_REEL, Duration::from_secs(15 * 60), "a reel"),
    };
    too_large(asset.published_bytes(), most_bytes, what, found);
    if asset.width > MAX_VIDEO_WIDTH {
        found.push(problem(
            ProblemCode::Dimensions,
            format!(
                "it is {} pixels wide, and Instagram takes at most {MAX_VIDEO_WIDTH}: export it smaller",
                asset.width
            ),
        ));
    }
    let (tallest, widest) =
        if placement == Placement::Story { ((1, 10), (10, 1)) } else { ((1, 100), (10, 1)) };
    if !is_ratio_within(asset, tallest, widest) {
        found.push(problem(
            ProblemCode::AspectRatio,
            format!(
                "it is {} × {} pixels, and Instagram takes {what} from {}:{} to {}:{}: crop it",
                asset.width, asset.height, tallest.0, tallest.1, widest.0, widest.1
            ),
        ));
    }
    match asset.duration {
        Some(duration) => duration_problem(duration, longest, what, found),
        None => {
            found.push(problem(ProblemCode::Duration, "its duration cannot be read: export it anew as MP4"))
        }
    }
    if let Some(video) = &asset.video {
        stream_problems(video, found);
    }
}

fn too_large(bytes: u64, most: u64, what: &str, found: &mut Vec<MediaProblem>) {
    if bytes > most {
        found.push(problem(
            ProblemCode::Size,
            format!(
                "it has {:.1} MiB, and Instagram takes {what} up to {} MiB: export it smaller",
                bytes as f64 / MIB as f64,
                most / MIB
            ),
        ));
    }
}

fn duration_problem(duration: Duration, longest: Duration, what: &str, found: &mut Vec<MediaProblem>) {
    let shortest = Duration::from_secs(3);
    let length = duration.as_secs_f64();
    if duration + FORGIVEN < shortest {
        found.push(problem(
            ProblemCode::Duration,
            format!("it takes {length:.1} s, and {what} takes at least 3 s: use a longer one"),
        ));
    }
    if duration > longest + FORGIVEN {
        found.push(problem(
            ProblemCode::Duration,
            format!("it takes {length:.1} s, and {what} at most {} s: cut it", longest.as_secs()),
        ));
    }
}

fn stream_problems(video: &VideoFacts, found: &mut Vec<MediaProblem>) {
    if !matches!(video.video_codec.as_str(), "h264" | "hevc") {
        found.push(problem(
            ProblemCode::Codec,
            format!(
                "its pictures are {}, and Instagram takes H.264 and HEVC: export it as H.264",
                video.video_codec
            ),
        ));
    }
    if let Some(codec) = video.audio_codec.as_deref().filter(|codec| *codec != "aac") {
        found.push(problem(
            ProblemCode::Audio,
            format!("its sound is {codec}, and Instagram takes AAC: export it with AAC"),
        ));
    }
    if video.audio_channels.is_some_and(|channels| channels > 2) {
        found.push(problem(ProblemCode::Audio, "its sound has more than two channels: export it in stereo"));
    }
    if video.audio_sample_rate.is_some_and(|rate| rate > MAX_SAMPLE_RATE) {
        found.push(problem(ProblemCode::Audio, "its sound has more than 48 kHz: export it with 48 kHz"));
    }
    // Cameras call 24000/1001 and 60000/1001 pictures per second 24 and 60, and measure 22.98 now and then.
    if let Some(rate) = video.frames_per_second.filter(|rate| !(22.9..=60.1).contains(rate)) {
        found.push(problem(
            ProblemCode::FrameRate,
            format!("it has {rate:.1} pictures per second, and Instagram takes 23 to 60: export it with 30"),
        ));
    }
    if let Some(bits) = video.video_bits_per_second.filter(|bits| *bits > MAX_VIDEO_BITS) {
        found.push(problem(
            ProblemCode::BitRate,
            format!(
                "it has {:.1} Mbit/s, and Instagram takes at most 25: export it smaller",
                bits as f64 / 1e6
            ),
        ));
    }
}

/// True when width : height lies between the two, both included.
fn is_ratio_within(asset: &MediaAsset, tallest: (u64, u64), widest: (u64, u64)) -> bool {
    let (width, height) = (u64::from(asset.width), u64::from(asset.height));
    // One pixel of rounding is forgiven: 1080 × 566 is called 1.91:1.
    let is_too_tall = (width + 1) * tallest.1 < height * tallest.0;
    let is_too_wide = width * widest.1 > (height + 1) * widest.0;
    height > 0 && width > 0 && !is_too_tall && !is_too_wide
}

/// What is worth knowing before the asset is published there, though Instagram takes it.
pub fn advice(asset: &MediaAsset, placement: Placement) -> Vec<MediaProblem> {
    let mut found = Vec::new();
    if asset.kind == MediaKind::Image && !UNSCALED_WIDTHS.contains(&asset.width) {
        found.push(problem(
            ProblemCode::Dimensions,
            format!("it is {} pixels wide: Instagram will scale it to between 320 and 1440", asset.width),
        ));
    }
    let is_tall_place = matches!(placement, Placement::Story | Placement::Reel);
    if is_tall_place && u64::from(asset.width) * 16 != u64::from(asset.height) * 9 {
        found.push(problem(ProblemCode::AspectRatio, "it is not 9:16: Instagram will crop it or add bars"));
    }
    if let Some(video) = &asset.video {
        if !video.index_first {
            found.push(problem(
                ProblemCode::Layout,
                "its index stands at the end of the file, and Instagram asks for it first: export it with “fast start” \
                 if Instagram refuses it",
            ));
        }
        if video.has_edit_list {
            found.push(problem(
                ProblemCode::Layout,
                "it has an edit list, which Instagram asks to leave out: export it without if Instagram refuses it",
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::{MediaId, TenantId};
    use crate::media::PublishCopy;
    use uuid::Uuid;

    fn image(width: u32, height: u32) -> MediaAsset {
        MediaAsset {
            id: MediaId(Uuid::nil()),
            tenant: TenantId(Uuid::nil()),
            file_name: "cake.jpg".to_owned(),
            kind: MediaKind::Image,
            content_type: MediaFormat::Jpeg,
            bytes: 200_000,
            width,
            height,
            duration: None,
            video: None,
            publish_copy: None,
            has_thumbnail: true,
            sha256: String::new(),
            alt_text: None,
            tags: Vec::new(),
            created_by: String::new(),
            created_at: Timestamp::from_micros(0),
        }
    }

    fn video(seconds: f64) -> MediaAsset {
        MediaAsset {
            kind: MediaKind::Video,
            content_type: MediaFormat::Mp4,
            bytes: 20 * MIB,
            duration: Some(Duration::from_secs_f64(seconds)),
            video: Some(VideoFacts {
                video_codec: "h264".to_owned(),
                audio_codec: Some("aac".to_owned()),
                frames_per_second: Some(30.0),
                video_bits_per_second: Some(8_000_000),
                audio_channels: Some(2),
                audio_sample_rate: Some(48_000),
                index_first: true,
                has_edit_list: false,
            }),
            ..image(1_080, 1_920)
        }
    }

    fn codes(asset: &MediaAsset, placement: Placement) -> Vec<&'static str> {
        problems(asset, placement).iter().map(|problem| problem.code.as_str()).collect()
    }

    #[test]
    fn a_picture_may_be_as_tall_as_4_to_5_and_as_wide_as_1_91_to_1() {
        for (width, height, expected) in [
            (1_080, 1_350, &[][..]),
            (1_080, 1_080, &[]),
            (1_080, 566, &[]),
            (1_080, 1_360, &["aspect_ratio"]),
            (1_200, 600, &["aspect_ratio"]),
            (0, 0, &["aspect_ratio"]),
        ] {
            assert_eq!(codes(&image(width, height), Placement::FeedImage), expected, "{width} × {height}");
        }
        assert!(problems(&image(1_080, 1_920), Placement::Story).is_empty());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let mut wrong = video(1_000.0);
        wrong.bytes = 301 * MIB;
        wrong.width = 3_840;
        wrong.video = Some(VideoFacts {
            video_codec: "av01".to_owned(),
            audio_codec: Some("opus".to_owned()),
            frames_per_second: Some(120.0),
            video_bits_per_second: Some(40_000_000),
            audio_channels: Some(6),
            audio_sample_rate: Some(96_000),
            ..VideoFacts::default()
        });
        let expected =
            ["size", "dimensions", "duration", "codec", "audio", "audio", "audio", "frame_rate", "bit_rate"];
        assert_eq!(codes(&wrong, Placement::Reel), expected);
        assert!(problems(&wrong, Placement::Reel).iter().all(|problem| problem.message.contains(':')));
    }

    #[test]
    fn durations_and_sizes_depend_on_the_place() {
        for (seconds, placement, expected) in [
            (2.9, Placement::Reel, &["duration"][..]),
            (2.97, Placement::Reel, &[]),
            (900.0, Placement::Reel, &[]),
            (901.0, Placement::Reel, &["duration"]),
            (60.0, Placement::Story, &[]),
            (61.0, Placement::Story, &["duration"]),
            (61.0, Placement::CarouselItem, &["duration"]),
            (30.0, Placement::FeedImage, &["kind"]),
        ] {
            assert_eq!(codes(&video(seconds), placement), expected, "{seconds} s, {placement}");
        }
        let heavy = MediaAsset { bytes: 150 * MIB, ..video(30.0) };
        assert_eq!(codes(&heavy, Placement::Story), ["size"]);
        assert!(problems(&heavy, Placement::Reel).is_empty());
    }

    #[test]
    fn what_is_published_counts_not_what_was_uploaded() {
        let png = MediaAsset { content_type: MediaFormat::Png, bytes: 20 * MIB, ..image(1_080, 1_080) };
        assert_eq!(codes(&png, Placement::FeedImage), ["format", "size"]);
        let copy = PublishCopy { bytes: MIB, width: 1_080, height: 1_080 };
        let copied = MediaAsset { publish_copy: Some(copy), ..png };
        assert!(problems(&copied, Placement::FeedImage).is_empty());
    }

    #[test]
    fn what_instagram_mends_by_itself_is_advice_and_no_problem() {
        let mut phone = video(20.0);
        if let Some(video) = &mut phone.video {
            video.index_first = false;
            video.has_edit_list = true;
        }
        assert!(problems(&phone, Placement::Reel).is_empty());
        assert_eq!(advice(&phone, Placement::Reel).len(), 2);
        assert_eq!(advice(&image(4_000, 4_000), Placement::FeedImage).len(), 1);
    }
}
