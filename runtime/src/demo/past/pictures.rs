//! Small pictures for the media library: one motif on a ground, in the colours of a brand.

use image::codecs::jpeg::JpegEncoder;
use image::{ImageEncoder, Rgb, RgbImage};

const SIDE: u32 = 640;
const HEIGHT: u32 = 800;

type Color = [f32; 3];

/// Ground and motif.
const PALETTES: [(Color, Color); 6] = [
    ([243.0, 222.0, 216.0], [186.0, 96.0, 92.0]),
    ([220.0, 232.0, 222.0], [70.0, 118.0, 98.0]),
    ([218.0, 222.0, 242.0], [66.0, 82.0, 160.0]),
    ([250.0, 234.0, 200.0], [198.0, 134.0, 58.0]),
    ([226.0, 236.0, 240.0], [44.0, 108.0, 128.0]),
    ([240.0, 226.0, 240.0], [128.0, 70.0, 132.0]),
];

/// The picture of this number in the colours of the brand of this number, as JPEG.
pub(super) fn picture(brand: usize, number: usize) -> anyhow::Result<Vec<u8>> {
    let (ground, motif) = PALETTES[(brand + number) % PALETTES.len()];
    let shift = (number as f32 - 1.5) * 0.06 + brand as f32 * 0.004;
    let image = RgbImage::from_fn(SIDE, HEIGHT, |x, y| {
        let (across, down) = (x as f32 / SIDE as f32, y as f32 / HEIGHT as f32);
        let distance = (across - 0.5 - shift).hypot((down - 0.55) * 1.25);
        let share = if distance < 0.25 { 0.6 + 0.4 * (1.0 - down) } else { down * 0.3 };
        let mix = |channel: usize| {
            let value = if distance < 0.25 {
                motif[channel] * share + ground[channel] * (1.0 - share) * 0.6
            } else {
                ground[channel] * (1.0 - share) + motif[channel] * share
            };
            value.clamp(0.0, 255.0) as u8
        };
        Rgb([mix(0), mix(1), mix(2)])
    });
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 80);
    encoder.write_image(&image, SIDE, HEIGHT, image::ExtendedColorType::Rgb8)?;
    Ok(bytes)
}
