//! JSON the way Meta writes it: `/` as `\/` and everything outside ASCII as lower-case `\uXXXX`.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// Serialises with Meta's escapes; characters beyond the basic plane become surrogate pairs.
///
/// Only values whose maps have text keys are passed here, for which serialising cannot fail; an empty object
/// stands in should that ever change.
pub(crate) fn escaped(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, MetaEscapes);
    match value.serialize(&mut serializer) {
        Ok(()) => bytes,
        Err(error) => {
            tracing::error!(%error, "answer could not be serialised");
            b"{}".to_vec()
        }
    }
}

struct MetaEscapes;

impl Formatter for MetaEscapes {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut plain_from = 0;
        for (index, character) in fragment.char_indices() {
            if character.is_ascii() && character != '/' {
                continue;
            }
            writer.write_all(&fragment.as_bytes()[plain_from..index])?;
            write_escape(writer, character)?;
            plain_from = index + character.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[plain_from..])
    }
}

fn write_escape<W: ?Sized + io::Write>(writer: &mut W, character: char) -> io::Result<()> {
    if character == '/' {
        return writer.write_all(b"\\/");
    }
    let mut units = [0u16; 2];
    for unit in character.encode_utf16(&mut units) {
        write!(writer, "\\u{unit:04x}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_umlauts_and_emoji_are_escaped_as_on_the_wire() {
        let text = escaped(&serde_json::json!({"u": "https://x/ä❤\u{fe0f}😀\n\"q\""}));
        assert_eq!(
            String::from_utf8(text).unwrap(),
            r#"{"u":"https:\/\/x\/\u00e4\u2764\ufe0f\ud83d\ude00\n\"q\""}"#
        );
    }

    #[test]
    fn the_escaped_form_parses_back_to_the_same_value() {
        let value = serde_json::json!({"größe": ["a/b", "日本", 1, null]});
        let parsed: serde_json::Value = serde_json::from_slice(&escaped(&value)).unwrap();
        assert_eq!(parsed, value);
    }
}
