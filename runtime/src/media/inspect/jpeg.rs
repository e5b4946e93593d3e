//! The segments of a JPEG, without decoding it: where it ends, and what decoding it would cost.

/// What the segments say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segments {
    /// The first byte after the picture.
    pub end: usize,
    /// Passes over the picture: a hostile file has thousands.
    pub scans: usize,
    /// Colours of a pixel; 4 are those of print.
    pub colours: u8,
    /// True when it is the first of several pictures in one file (MPO), which Instagram refuses.
    pub is_one_of_several: bool,
}

/// Reads the segments; `None` when the file ends before the picture does.
pub(super) fn segments(bytes: &[u8]) -> Option<Segments> {
    let mut found = Segments { end: 0, scans: 0, colours: 0, is_one_of_several: false };
    // After the marker that begins every JPEG.
    let mut at = 2;
    loop {
        let marker = next_marker(bytes, &mut at)?;
        match marker {
            0xd9 => {
                found.end = at;
                return Some(found);
            }
            0x01 | 0xd0..=0xd8 => continue,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let segment = bytes.get(at + 2..at + length.max(2))?;
        match marker {
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => found.colours = *segment.get(5)?,
            0xe2 => found.is_one_of_several |= segment.starts_with(b"MPF\0"),
            0xda => found.scans += 1,
            _ => {}
        }
        at += length.max(2);
        if marker == 0xda {
            skip_scan(bytes, &mut at)?;
        }
    }
}

fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    let start = bytes.get(*at..)?.iter().position(|byte| *byte == 0xff)?;
    *at += start;
    let fill = bytes.get(*at..)?.iter().position(|byte| *byte != 0xff)?;
    *at += fill + 1;
    bytes.get(*at - 1).copied()
}

/// To the marker after the compressed data, in which `ff 00` and restarts are data.
fn skip_scan(bytes: &[u8], at: &mut usize) -> Option<()> {
    loop {
        let start = bytes.get(*at..)?.iter().position(|byte| *byte == 0xff)?;
        *at += start;
        match bytes.get(*at + 1)? {
            0x00 | 0xd0..=0xd7 => *at += 2,
            0xff => *at += 1,
            _ => return Some(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &[u8] = &[
        0xff, 0xd8, // begin
        0xff, 0xe2, 0, 6, b'M', b'P', b'F', 0, // several pictures
        0xff, 0xc0, 0, 8, 8, 0, 1, 0, 1, 3, // one pixel, three colours
        0xff, 0xda, 0, 3, 1, // a pass
        1, 2, 0xff, 0x00, 3, 0xff, 0xd0, 4, // data
        0xff, 0xd9, // end
        b'<', b'h', b't', b'm', b'l', // what does not belong to it
    ];

    #[test]
    fn the_end_is_found_and_what_comes_after_it_is_not_part_of_the_picture() {
        let found = segments(SMALL).unwrap();
        assert_eq!(&SMALL[found.end..], b"<html");
        assert_eq!((found.scans, found.colours, found.is_one_of_several), (1, 3, true));
    }

    #[test]
    fn a_picture_cut_anywhere_has_no_end() {
        for length in 0..SMALL.len() - 5 {
            assert_eq!(segments(&SMALL[..length]), None, "{length}");
        }
    }
}
