//! How long a text may be.

use llm::Channel;

/// Most bytes of a direct message, by Instagram's reference of the Send API.
const DIRECT_BYTES: usize = 1_000;
/// Most characters of a comment.
const COMMENT_CHARS: usize = 2_200;

/// Why a text has the wrong length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::decide) enum LengthProblem {
    /// Nothing but white space.
    #[error("the text is empty")]
    Empty,
    /// Instagram would refuse it.
    #[error("the text has {length} {unit}, allowed are {limit}")]
    TooLong {
        /// Its length.
        length: usize,
        /// The most that is allowed.
        limit: usize,
        /// `bytes` or `characters`.
        unit: &'static str,
    },
}

/// Checks the length for where the text will appear.
pub(in crate::decide) fn check_length(text: &str, channel: Channel) -> Result<(), LengthProblem> {
    if !text.chars().any(is_visible) {
        return Err(LengthProblem::Empty);
    }
    let (length, limit, unit) = match channel {
        Channel::Comment => (text.chars().count(), COMMENT_CHARS, "characters"),
        Channel::DirectMessage | Channel::PrivateReply => (text.len(), DIRECT_BYTES, "bytes"),
    };
    if length > limit { Err(LengthProblem::TooLong { length, limit, unit }) } else { Ok(()) }
}

/// False for white space, control characters and the zero-width ones: a text of nothing else shows nothing.
fn is_visible(character: char) -> bool {
    let is_zero_width = matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
    );
    !character.is_whitespace() && !character.is_control() && !is_zero_width
}
