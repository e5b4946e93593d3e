//! Cuts a stream of bytes into lines, and lines into server-sent events.

use super::CallError;

/// Longest line, in bytes: a longer one is not an event but a fault.
const LONGEST_LINE: usize = 4 << 20;

/// Cuts bytes into lines. A character may be cut in two by the network: lines are decoded whole.
#[derive(Debug, Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    /// Bytes of the buffer known to hold no end of line.
    searched: usize,
}

impl Lines {
    /// Adds bytes as they come.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        if self.buffer.len() + bytes.len() > LONGEST_LINE {
            return Err(CallError::Malformed("a line without end".into()));
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole line, without its end.
    pub fn next(&mut self) -> Option<String> {
        let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let line: Vec<u8> = self.buffer.drain(..=self.searched + end).collect();
        self.searched = 0;
        Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }

    /// What is left when no more bytes come.
    pub fn rest(&mut self) -> Option<String> {
        self.searched = 0;
        let rest = String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).trim().to_owned();
        (!rest.is_empty()).then_some(rest)
    }
}

/// The `data` of an event that a line completes: the protocols here write it on one line and repeat the event's name
/// inside, so blank lines, names, ids and comments say nothing.
pub(super) fn data(line: &str) -> Option<&str> {
    let data = line.strip_prefix("data:")?.trim();
    (!data.is_empty()).then_some(data)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_data_lines_say_something() {
        assert_eq!(data("data: {\"a\":1}"), Some("{\"a\":1}"));
        assert_eq!(data("data:[DONE]"), Some("[DONE]"));
        for line in ["", ": ping", "event: message_start", "data:", "id: 7"] {
            assert_eq!(data(line), None, "{line}");
        }
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let mut lines = Lines::default();
        let chunk = vec![b'x'; 1 << 20];
        let refused = (0..8).find_map(|_| lines.push(&chunk).err());
        assert!(matches!(refused, Some(CallError::Malformed(_))));
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_network_cuts_them(text in "[a-zé🙂\n\r]{0,60}", cut in 1_usize..9) {
            let mut whole = Lines::default();
            whole.push(text.as_bytes()).unwrap();
            let mut cut_up = Lines::default();
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            while let Some(line) = whole.next() { expected.push(line); }
            for piece in text.as_bytes().chunks(cut) {
                cut_up.push(piece).unwrap();
                while let Some(line) = cut_up.next() { found.push(line); }
            }
            prop_assert_eq!(expected, found);
            prop_assert_eq!(whole.rest(), cut_up.rest());
        }
    }
}
