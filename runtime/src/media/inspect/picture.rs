//! Pictures: measures, the copy for Instagram, and a thumbnail.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};
use tenants::media::{MediaFormat, PublishCopy};

use super::{InspectLimits, Inspected, Refusal, jpeg};

/// Longest side of a thumbnail, in pixels.
const THUMBNAIL: u32 = 320;
const THUMBNAIL_QUALITY: u8 = 80;
/// Largest picture that Instagram takes, in bytes.
const LARGEST_PUBLISHED: usize = 8 << 20;
/// Instagram scales wider pictures to this width itself.
const PUBLISHED_WIDTH: u32 = 1_440;
const PUBLISHED_QUALITY: u8 = 92;
/// Passes over a picture that an honest encoder makes: ten or so.
const MAX_SCANS: usize = 64;

/// Reads a picture.
pub(super) fn read(bytes: &[u8], format: MediaFormat, limits: InspectLimits) -> Result<Inspected, Refusal> {
    let (image_format, needs_copy) = match format {
        MediaFormat::Png => (ImageFormat::Png, true),
        _ => (ImageFormat::Jpeg, is_unusual(bytes)?),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), image_format);
    reader.limits(allocation(limits));
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(Refusal::new(format!(
            "it is {width} × {height} pixels, and a picture may have {} million: make it smaller",
            limits.max_pixels / 1_000_000
        )));
    }
    // Broken notes about a picture do not make the picture unusable.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    picture.apply_orientation(orientation);
    let thumbnail =
        encode(&flat(picture.thumbnail(THUMBNAIL, THUMBNAIL)), THUMBNAIL_QUALITY, profile.clone())?;
    let (width, height) = (picture.width(), picture.height());
    let needs_copy = needs_copy || orientation != Orientation::NoTransforms;
    let copy = if needs_copy { Some(publishable(picture, profile)?) } else { None };
    Ok(Inspected { width, height, duration: None, video: None, copy, thumbnail: Some(thumbnail) })
}

/// True when Instagram would refuse this JPEG, or more than the picture would leave the house with it.
fn is_unusual(bytes: &[u8]) -> Result<bool, Refusal> {
    let segments =
        jpeg::segments(bytes).ok_or_else(|| Refusal::new("the file ends too early: send it again"))?;
    if segments.scans > MAX_SCANS {
        return Err(Refusal::damaged());
    }
    let has_more = bytes[segments.end..].iter().any(|byte| *byte != 0);
    Ok(has_more || segments.is_one_of_several || segments.colours == 4 || bytes.len() > LARGEST_PUBLISHED)
}

fn allocation(limits: InspectLimits) -> Limits {
    let mut allocation = Limits::default();
    // Four bytes a pixel, twice: decoders work on one and give another.
    allocation.max_alloc = Some(limits.max_pixels.saturating_mul(8));
    allocation
}

fn unreadable(error: image::ImageError) -> Refusal {
    match error {
        image::ImageError::Limits(_) => Refusal::new("the picture is too large to be read: make it smaller"),
        image::ImageError::Unsupported(_) => {
            Refusal::new("this kind of JPEG or PNG cannot be read: export it anew")
        }
        _ => Refusal::damaged(),
    }
}

/// The pixels over white, where the picture lets something through.
fn flat(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let over_white = |colour: u8| {
            let (colour, alpha) = (u32::from(colour), u32::from(alpha));
            ((colour * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        Rgb([over_white(red), over_white(green), over_white(blue)])
    })
}

fn encode(pixels: &RgbImage, quality: u8, profile: Option<Vec<u8>>) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    if let Some(profile) = profile {
        // Without its profile the colours would be others; an encoder that cannot keep it changes little.
        let _ = encoder.set_icc_profile(profile);
    }
    let (width, height) = pixels.dimensions();
    encoder
        .write_image(pixels.as_raw(), width, height, image::ExtendedColorType::Rgb8)
        .map_err(unreadable)?;
    Ok(bytes)
}

/// An upright JPEG that Instagram takes, as large as it may be.
fn publishable(picture: DynamicImage, profile: Option<Vec<u8>>) -> Result<(PublishCopy, Vec<u8>), Refusal> {
    let mut pixels = flat(picture);
    let mut bytes = encode(&pixels, PUBLISHED_QUALITY, profile.clone())?;
    if bytes.len() > LARGEST_PUBLISHED && pixels.width() > PUBLISHED_WIDTH {
        let scaled =
            DynamicImage::ImageRgb8(pixels).resize(PUBLISHED_WIDTH, u32::MAX, FilterType::CatmullRom);
        pixels = scaled.into_rgb8();
        bytes = encode(&pixels, PUBLISHED_QUALITY, profile)?;
    }
    let (width, height) = pixels.dimensions();
    Ok((PublishCopy { bytes: bytes.len() as u64, width, height }, bytes))
}
