//! Videos: measures, duration, codecs and rates, from the index of an MP4 or QuickTime file. No picture is decoded,
//! so videos have no thumbnail.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::time::Duration;

use mp4parse::{AudioSampleEntry, CodecType, MediaContext, SampleEntry, Track, TrackType};
use tenants::media::VideoFacts;

use super::{Inspected, Refusal};

/// Largest index: that of a video of 15 minutes has less than one MiB.
const MAX_INDEX: u64 = 32 << 20;
/// Boxes on the outermost level; fragmented files have one pair for every second or so.
const MAX_BOXES: usize = 20_000;

/// Where the parts of a file are.
#[derive(Debug, Default)]
struct Layout {
    /// Where the index begins, and its length.
    index: Option<(u64, u64)>,
    is_index_first: bool,
    has_data: bool,
}

/// Reads a video.
pub(super) fn read<F: Read + Seek>(file: &mut F) -> Result<Inspected, Refusal> {
    let layout = layout(file)?;
    let (start, length) = layout.index.ok_or_else(|| {
        Refusal::new("the video has no index, as after an upload that was cut off: send it again")
    })?;
    if !layout.has_data {
        return Err(Refusal::new("the video has no pictures in it: export it anew"));
    }
    if length > MAX_INDEX {
        return Err(Refusal::new("the index of the video is too large to be read: export it anew"));
    }
    file.seek(SeekFrom::Start(start)).map_err(|_| Refusal::damaged())?;
    let mut index = Vec::new();
    file.take(length).read_to_end(&mut index).map_err(|_| Refusal::damaged())?;
    let context = mp4parse::read_mp4(&mut Cursor::new(&index)).map_err(|_| Refusal::damaged())?;
    let codecs = codecs(inner(&index, b"moov").unwrap_or_default());
    facts(&context, &codecs, layout.is_index_first)
}

/// Walks the outermost boxes, which say their length, without reading what is in them.
fn layout<F: Read + Seek>(file: &mut F) -> Result<Layout, Refusal> {
    let end = file.seek(SeekFrom::End(0)).map_err(|_| Refusal::damaged())?;
    let mut layout = Layout::default();
    let mut at = 0;
    for _ in 0..MAX_BOXES {
        if at == end {
            return Ok(layout);
        }
        let (name, length) = box_at(file, at, end).ok_or_else(cut_off)?;
        match &name {
            b"moov" => {
                layout.index.get_or_insert((at, length));
                layout.is_index_first |= !layout.has_data;
            }
            b"mdat" => layout.has_data |= length > 16,
            _ => {}
        }
        at += length;
    }
    Err(Refusal::damaged())
}

fn cut_off() -> Refusal {
    Refusal::new("the file ends too early: send it again")
}

/// Name and length of the box at a place; `None` when it reaches beyond the end.
fn box_at<F: Read + Seek>(file: &mut F, at: u64, end: u64) -> Option<([u8; 4], u64)> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut head = [0u8; 16];
    let available = usize::try_from(end - at).unwrap_or(usize::MAX).min(16);
    file.read_exact(&mut head[..available]).ok()?;
    let name = [head[4], head[5], head[6], head[7]];
    let short = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
    let length = match short {
        // To the end of the file.
        0 => end - at,
        1 if available == 16 => u64::from_be_bytes(head[8..16].try_into().ok()?),
        length => u64::from(length),
    };
    (available >= 8 && length >= 8 && length <= end - at).then_some((name, length))
}

fn facts(context: &MediaContext, codecs: &[[u8; 4]], index_first: bool) -> Result<Inspected, Refusal> {
    let of_type = |kind: TrackType| context.tracks.iter().filter(move |track| track.track_type == kind);
    let codec_of = |track: &Track| codecs.get(track.id).copied().unwrap_or_default();
    let track = of_type(TrackType::Video)
        .next()
        .ok_or_else(|| Refusal::new("the file has no video in it: choose another one"))?;
    let (width, height) = upright(track);
    if width == 0 || height == 0 {
        return Err(Refusal::damaged());
    }
    let sound = of_type(TrackType::Audio).next();
    let sound_entry = sound.and_then(audio_entry);
    let played = played(track);
    let seconds = played.map(|duration| duration.as_secs_f64()).filter(|seconds| *seconds > 0.0);
    let video = VideoFacts {
        video_codec: video_codec(codec_of(track)),
        audio_codec: sound.map(|track| audio_codec(sound_entry, codec_of(track))),
        frames_per_second: frames_per_second(track),
        video_bits_per_second: seconds.map(|seconds| (size_of(track) as f64 * 8.0 / seconds) as u64),
        audio_channels: sound_entry.map(|entry| entry.channelcount),
        audio_sample_rate: sound_entry.map(|entry| entry.samplerate as u32),
        index_first,
        has_edit_list: context.tracks.iter().any(|track| track.edited_duration.is_some()),
    };
    Ok(Inspected { width, height, duration: played, video: Some(video), copy: None, thumbnail: None })
}

/// The boxes within a box.
fn boxes(mut bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(8)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (content, rest) = rest.split_at_checked(length.checked_sub(8)?)?;
        bytes = rest;
        Some(([head[4], head[5], head[6], head[7]], content))
    })
}

fn inner<'b>(bytes: &'b [u8], name: &[u8; 4]) -> Option<&'b [u8]> {
    boxes(bytes).find(|(found, _)| found == name).map(|(_, content)| content)
}

/// The four letters of the codec of every track, in their order: the parser names only those it knows, which HEVC is
/// not among.
fn codecs(movie: &[u8]) -> Vec<[u8; 4]> {
    let of_track = |track: &[u8]| {
        let table = inner(inner(inner(track, b"mdia")?, b"minf")?, b"stbl")?;
        // After version and count.
        boxes(inner(table, b"stsd")?.get(8..)?).next().map(|(name, _)| name)
    };
    let tracks = boxes(movie).filter(|(name, _)| name == b"trak");
    tracks.map(|(_, track)| of_track(track).unwrap_or_default()).collect()
}

fn audio_entry(track: &Track) -> Option<&AudioSampleEntry> {
    track.stsd.as_ref()?.descriptions.iter().find_map(|entry| match entry {
        SampleEntry::Audio(entry) => Some(entry),
        _ => None,
    })
}

/// Phones record lying down and note that players shall turn the video.
fn upright(track: &Track) -> (u32, u32) {
    let mut entries = track.stsd.iter().flat_map(|entries| entries.descriptions.iter());
    let coded = entries.find_map(|entry| match entry {
        SampleEntry::Video(entry) => Some((u32::from(entry.width), u32::from(entry.height))),
        _ => None,
    });
    let Some(head) = &track.tkhd else { return coded.unwrap_or_default() };
    // In 65536ths of a pixel.
    let (width, height) = coded.unwrap_or((head.width >> 16, head.height >> 16));
    let is_turned = head.matrix.a == 0 && head.matrix.d == 0 && head.matrix.b != 0;
    if is_turned { (height, width) } else { (width, height) }
}

fn time_scale(track: &Track) -> Option<f64> {
    track.timescale.map(|scale| scale.0 as f64).filter(|scale| *scale > 0.0)
}

/// How long the pictures are shown: the sum over all of them, which no header can deny.
fn played(track: &Track) -> Option<Duration> {
    let ticks: u64 = track
        .stts
        .as_ref()?
        .samples
        .iter()
        .map(|run| u64::from(run.sample_count) * u64::from(run.sample_delta))
        .fold(0, u64::saturating_add);
    let seconds = ticks as f64 / time_scale(track)?;
    Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero())
}

fn frames_per_second(track: &Track) -> Option<f64> {
    let frames: u64 = track.stts.as_ref()?.samples.iter().map(|run| u64::from(run.sample_count)).sum();
    Some(frames as f64 / played(track)?.as_secs_f64())
}

/// Bytes of all pictures.
fn size_of(track: &Track) -> u64 {
    let Some(sizes) = &track.stsz else { return 0 };
    let frames = || {
        let runs = track.stts.iter().flat_map(|times| times.samples.iter());
        runs.map(|run| u64::from(run.sample_count)).sum::<u64>()
    };
    match sizes.sample_size {
        0 => sizes.sample_sizes.iter().map(|size| u64::from(*size)).sum(),
        size => frames().saturating_mul(u64::from(size)),
    }
}

fn video_codec(letters: [u8; 4]) -> String {
    match &letters {
        b"avc1" | b"avc3" => "h264".to_owned(),
        b"hvc1" | b"hev1" => "hevc".to_owned(),
        b"av01" => "av1".to_owned(),
        b"vp09" => "vp9".to_owned(),
        b"mp4v" => "mpeg4".to_owned(),
        b"encv" => "encrypted".to_owned(),
        _ => readable(letters),
    }
}

fn audio_codec(entry: Option<&AudioSampleEntry>, letters: [u8; 4]) -> String {
    match entry.map(|entry| entry.codec_type) {
        Some(CodecType::AAC) => "aac".to_owned(),
        Some(CodecType::MP3) => "mp3".to_owned(),
        Some(CodecType::Opus) => "opus".to_owned(),
        Some(CodecType::FLAC) => "flac".to_owned(),
        Some(CodecType::ALAC) => "alac".to_owned(),
        Some(CodecType::LPCM) => "pcm".to_owned(),
        Some(CodecType::EncryptedAudio) => "encrypted".to_owned(),
        _ => readable(letters),
    }
}

fn readable(letters: [u8; 4]) -> String {
    let text: String = letters
        .iter()
        .filter(|letter| letter.is_ascii_alphanumeric())
        .map(|letter| char::from(*letter))
        .collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}
