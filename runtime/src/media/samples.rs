//! Small real files for tests, benchmarks and demonstrations: pictures with pixels in them, and videos whose index is
//! right and whose frames are noise.

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

fn pixels(width: u32, height: u32, seed: u8) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x / 4) as u8, (y / 4) as u8, seed]))
}

/// A JPEG. Another `seed` gives another content.
///
/// # Panics
/// When a picture of this size cannot be encoded.
pub fn jpeg(width: u32, height: u32, seed: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 85);
    let picture = pixels(width, height, seed);
    let written = encoder.write_image(&picture, width, height, image::ExtendedColorType::Rgb8);
    written.expect("a picture of this size can be encoded");
    bytes
}

/// A JPEG as a phone takes it lying on its side: the camera notes that it must be turned by a quarter to the right.
pub fn turned_jpeg(width: u32, height: u32, seed: u8) -> Vec<u8> {
    /// A TIFF header and one entry: orientation (0x0112), one short, 6.
    const NOTE: &[u8] = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let plain = jpeg(width, height, seed);
    let length = (NOTE.len() as u16 + 2).to_be_bytes();
    [&plain[..2], &[0xff, 0xe1], &length, NOTE, &plain[2..]].concat()
}

/// A PNG that lets through what is behind its left half.
///
/// # Panics
/// When a picture of this size cannot be encoded.
pub fn png(width: u32, height: u32, seed: u8) -> Vec<u8> {
    let picture = RgbaImage::from_fn(width, height, |x, y| {
        Rgba([(x / 4) as u8, (y / 4) as u8, seed, if x < width / 2 { 0 } else { 255 }])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    let written = DynamicImage::ImageRgba8(picture).write_to(&mut bytes, ImageFormat::Png);
    written.expect("a picture of this size can be encoded");
    bytes.into_inner()
}

/// A video to be made.
#[derive(Debug, Clone, Copy)]
pub struct Video {
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// Its length.
    pub seconds: u32,
    /// Pictures per second.
    pub frames_per_second: u32,
    /// The four letters of the codec, such as `avc1`.
    pub codec: [u8; 4],
    /// Whether it has sound (AAC, two channels, 48 kHz).
    pub has_sound: bool,
    /// Whether the index stands before the data.
    pub is_index_first: bool,
    /// Whether players shall turn it by a quarter.
    pub is_turned: bool,
    /// Bytes of its pictures.
    pub data: usize,
    /// Another seed gives another content.
    pub seed: u8,
}

impl Default for Video {
    /// A reel of ten seconds as Instagram wants it.
    fn default() -> Self {
        Self {
            width: 1_080,
            height: 1_920,
            seconds: 10,
            frames_per_second: 30,
            codec: *b"avc1",
            has_sound: true,
            is_index_first: true,
            is_turned: false,
            data: 60_000,
            seed: 1,
        }
    }
}

/// A box: length, name, content.
fn boxed(name: &[u8; 4], content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    [&(content.len() as u32 + 8).to_be_bytes()[..], name, &content].concat()
}

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// No turn, or a quarter to the right.
fn matrix(is_turned: bool) -> Vec<u8> {
    const ONE: u32 = 0x1_0000;
    const LAST: u32 = 0x4000_0000;
    match is_turned {
        false => words(&[ONE, 0, 0, 0, ONE, 0, 0, 0, LAST]),
        true => words(&[0, ONE, 0, ONE.wrapping_neg(), 0, 0, 0, 0, LAST]),
    }
}

/// An MP4.
pub fn video(video: Video) -> Vec<u8> {
    let begin = boxed(b"ftyp", &[b"isom", &words(&[512]), b"isomavc1"]);
    let data = boxed(b"mdat", &[&vec![video.seed; video.data]]);
    // The index says where the data is, and has the same length wherever that is.
    let length = index(video, 0).len();
    if video.is_index_first {
        [begin.clone(), index(video, begin.len() + length + 8), data].concat()
    } else {
        [begin.clone(), data, index(video, begin.len() + 8)].concat()
    }
}

fn index(video: Video, offset: usize) -> Vec<u8> {
    let scale = video.frames_per_second * 100;
    let ticks = video.seconds * scale;
    let head = boxed(
        b"mvhd",
        &[
            &words(&[0, 0, 0, scale, ticks, 0x1_0000, 0x0100_0000, 0, 0]),
            &matrix(false),
            &words(&[0; 6]),
            &words(&[3]),
        ],
    );
    let frames = video.seconds * video.frames_per_second;
    let pictures = track(Track {
        number: 1,
        handler: b"vide",
        entry: picture_entry(video),
        scale,
        samples: frames,
        delta: 100,
        sample_size: (video.data as u32) / frames.max(1),
        offset,
        size: (video.width, video.height),
        matrix: matrix(video.is_turned),
    });
    let sound = if video.has_sound { sound_track(video, offset) } else { Vec::new() };
    boxed(b"moov", &[&head, &pictures, &sound])
}

fn sound_track(video: Video, offset: usize) -> Vec<u8> {
    track(Track {
        number: 2,
        handler: b"soun",
        entry: sound_entry(),
        scale: 48_000,
        samples: video.seconds * 48_000 / 1_024,
        delta: 1_024,
        sample_size: 1,
        offset,
        size: (0, 0),
        matrix: matrix(false),
    })
}

struct Track {
    number: u32,
    handler: &'static [u8; 4],
    entry: Vec<u8>,
    scale: u32,
    samples: u32,
    delta: u32,
    sample_size: u32,
    offset: usize,
    size: (u16, u16),
    matrix: Vec<u8>,
}

fn track(track: Track) -> Vec<u8> {
    let ticks = track.samples * track.delta;
    let (width, height) = (u32::from(track.size.0) << 16, u32::from(track.size.1) << 16);
    let head = boxed(
        b"tkhd",
        &[&words(&[3, 0, 0, track.number, 0, ticks, 0, 0, 0, 0]), &track.matrix, &words(&[width, height])],
    );
    let times = boxed(b"mdhd", &[&words(&[0, 0, 0, track.scale, ticks, 0x55c4_0000])]);
    let handler = boxed(b"hdlr", &[&words(&[0, 0]), track.handler, &words(&[0; 3]), b"\0"]);
    let place = boxed(b"dinf", &[&boxed(b"dref", &[&words(&[0, 1]), &boxed(b"url ", &[&words(&[1])])])]);
    let table = boxed(
        b"stbl",
        &[
            &boxed(b"stsd", &[&words(&[0, 1]), &track.entry]),
            &boxed(b"stts", &[&words(&[0, 1, track.samples, track.delta])]),
            &boxed(b"stsc", &[&words(&[0, 1, 1, track.samples, 1])]),
            &boxed(b"stsz", &[&words(&[0, track.sample_size, track.samples])]),
            &boxed(b"stco", &[&words(&[0, 1, track.offset as u32])]),
        ],
    );
    let information = boxed(b"minf", &[&place, &table]);
    boxed(b"trak", &[&head, &boxed(b"mdia", &[&times, &handler, &information])])
}

fn picture_entry(video: Video) -> Vec<u8> {
    let size = [video.width.to_be_bytes(), video.height.to_be_bytes()].concat();
    let configuration = match &video.codec {
        b"hvc1" | b"hev1" => boxed(
            b"hvcC",
            &[
                &[1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xf0, 0],
                &[0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 0],
            ],
        ),
        b"avc1" => boxed(b"avcC", &[&[1, 0x64, 0, 0x28, 0xff, 0xe0, 0]]),
        _ => Vec::new(),
    };
    let rest = [&words(&[0x48_0000, 0x48_0000, 0])[..], &[0, 1], &[0; 32], &[0, 24, 0xff, 0xff]].concat();
    boxed(&video.codec, &[&[0, 0, 0, 0, 0, 0, 0, 1], &[0; 16], &size, &rest, &configuration])
}

fn sound_entry() -> Vec<u8> {
    let description: &[u8] = &[
        0, 0, 0, 0, // version
        3, 25, 0, 1, 0, // elementary stream
        4, 17, 0x40, 0x15, 0, 0, 0, 0, 1, 0xf4, 0, 0, 1, 0xf4, 0, // AAC at 128 kbit/s
        5, 2, 0x11, 0x90, // low complexity, 48 kHz, two channels
        6, 1, 2,
    ];
    let rest = [&words(&[0, 0])[..], &[0, 2, 0, 16, 0, 0, 0, 0], &words(&[48_000 << 16])].concat();
    boxed(b"mp4a", &[&[0, 0, 0, 0, 0, 0, 0, 1], &rest, &boxed(b"esds", &[description])])
}
