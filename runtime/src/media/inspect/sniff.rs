//! Formats by their first bytes.

use tenants::media::MediaFormat;

use super::Refusal;

/// Bytes that are looked at.
pub(super) const HEAD: usize = 512;

/// What to say of files that people send by mistake.
const OTHERS: [(&[u8], &str); 6] = [
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"%PDF", "PDF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\x1aE\xdf\xa3", "WebM or Matroska"),
];

/// The format of a file that begins like this.
pub(super) fn format(head: &[u8]) -> Result<MediaFormat, Refusal> {
    if head.starts_with(&[0xff, 0xd8, 0xff]) {
        return Ok(MediaFormat::Jpeg);
    }
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(MediaFormat::Png);
    }
    if let Some(format) = boxes(head)? {
        return Ok(format);
    }
    if head.is_empty() {
        return Err(Refusal::new("the file is empty: send its content as the body"));
    }
    let other = OTHERS.into_iter().find(|(begin, _)| head.starts_with(begin)).map(|(_, name)| name);
    let other =
        other.or_else(|| (head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")).then_some("WebP"));
    let other = other.or_else(|| is_markup(head).then_some("HTML or SVG"));
    Err(refused(other.unwrap_or("something else")))
}

fn refused(what: &str) -> Refusal {
    Refusal::new(format!(
        "the content is {what}, and the library takes JPEG, PNG, MP4 and MOV: export it as one of these"
    ))
}

/// MP4 and QuickTime: boxes with a length and a name of four letters.
fn boxes(head: &[u8]) -> Result<Option<MediaFormat>, Refusal> {
    let Some(name) = head.get(4..8) else { return Ok(None) };
    match name {
        b"ftyp" => match head.get(8..12).unwrap_or_default() {
            b"qt  " => Ok(Some(MediaFormat::Mov)),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => Err(refused("HEIC")),
            b"avif" | b"avis" => Err(refused("AVIF")),
            b"M4A " | b"M4B " => Err(refused("sound without pictures")),
            _ => Ok(Some(MediaFormat::Mp4)),
        },
        // QuickTime of old, which knew no `ftyp`.
        b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" => Ok(Some(MediaFormat::Mov)),
        _ => Ok(None),
    }
}

fn is_markup(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    text.starts_with('<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_is_said_by_its_first_bytes() {
        for (head, expected) in [
            (&b"\xff\xd8\xff\xe0rest"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\nrest", "image/png"),
            (b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
            (b"\0\0\0\x08wide", "video/quicktime"),
        ] {
            assert_eq!(format(head).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn what_the_library_does_not_take_is_named_with_what_to_do() {
        for (head, name) in [
            (&b"<svg xmlns='http://www.w3.org/2000/svg'>"[..], "HTML or SVG"),
            (b"\xef\xbb\xbf\n <!DOCTYPE html>", "HTML or SVG"),
            (b"GIF89a", "GIF"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
            (b"\0\0\0\x18ftypheic", "HEIC"),
            (b"%PDF-1.7", "PDF"),
            (b"MZ\x90\0", "something else"),
        ] {
            let refusal = format(head).unwrap_err().to_string();
            assert!(refusal.contains(name) && refusal.contains("export"), "{refusal}");
        }
        assert!(format(b"").unwrap_err().to_string().contains("empty"));
    }
}
