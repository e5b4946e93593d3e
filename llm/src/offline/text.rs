//! Turns a comment as people type it into words, emoji and marks that can be counted.
//!
//! Fancy letters become plain ones (NFKD), case and accents go (the accents are kept aside: they tell
//! languages apart), `sooooo` becomes `so`, digits become `0`, and links, mentions and addresses become one
//! word each. The tricks by which spammers hide words from filters are undone and counted: `сliсk` with Cyrillic
//! letters, `f0ll0wers`, `c.l.i.c.k`.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters of a text that are looked at; Instagram allows 2,200 in a comment.
const LONGEST: usize = 2_400;

/// Word that stands for a link.
pub const LINK: &str = "<link>";
/// Word that stands for an @mention.
pub const MENTION: &str = "<mention>";
/// Word that stands for an e-mail address.
pub const EMAIL: &str = "<email>";
/// Word that stands for a telephone number.
pub const PHONE: &str = "<phone>";
/// Word that stands for a sign of a currency.
pub const MONEY: &str = "<money>";
/// Word that stands for a long run of letters and digits that is no word: base64, a key.
pub const CODE: &str = "<code>";

/// Shortest run of letters and digits that may be code; the longest words people write are shorter.
const SHORTEST_CODE: usize = 20;
/// Letters with dots between them from which on it is a hidden word: `p.s.` and `U.S.A.` are none.
const SHORTEST_DOTTED: usize = 4;

/// A text, taken apart.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Text {
    /// Words in order, folded; links and the like as one of the constants of this module; emoji among them.
    pub words: Vec<String>,
    /// Emoji in order.
    pub emoji: Vec<char>,
    /// Letters that carried an accent, with it.
    pub accents: Vec<(char, char)>,
    /// Question marks.
    pub questions: usize,
    /// Exclamation marks.
    pub exclamations: usize,
    /// Letters of any script.
    pub letters: usize,
    /// Capital letters.
    pub capitals: usize,
    /// Letters outside the Latin script.
    pub foreign_letters: usize,
    /// Words stretched by repeating a letter.
    pub stretched: usize,
    /// Words with a leading `#`.
    pub hashtags: usize,
    /// Characters that cannot be seen: a trick of spammers.
    pub invisible: usize,
    /// Letters that only look like the letters they stand for: fancy ones, Cyrillic or Greek ones, digits.
    pub disguised: usize,
}

impl Text {
    /// Takes `raw` apart. No input is refused; beyond 2,400 characters the rest is ignored.
    pub fn parse(raw: &str) -> Self {
        let end = raw.char_indices().nth(LONGEST).map_or(raw.len(), |(at, _)| at);
        let mut text = Self::default();
        let has_look_alikes = raw[..end].split_whitespace().any(mixes_scripts);
        for chunk in raw[..end].split_whitespace() {
            if let Some(word) = special(chunk) {
                text.words.push(word.to_owned());
                let tail = chunk.chars().rev().take_while(|c| "?!".contains(*c));
                tail.for_each(|c| text.count_mark(c));
                continue;
            }
            text.hashtags += usize::from(chunk.starts_with('#'));
            text.disguised += chunk.chars().filter(|c| is_fancy(*c)).count();
            let plain = plain(chunk, has_look_alikes);
            text.disguised += plain.chars().zip(chunk.chars()).filter(|(now, before)| now != before).count();
            text.chunk(&plain);
        }
        text
    }

    /// True when there is nothing in it that could be a word.
    pub fn has_no_letters(&self) -> bool {
        self.letters == 0
    }

    fn chunk(&mut self, chunk: &str) {
        let mut word = String::new();
        for c in chunk.nfkd() {
            if is_combining_mark(c) && !is_selector(c) {
                if let Some(letter) = word.chars().last() {
                    self.accents.push((letter, c));
                }
            } else if c.is_alphanumeric() {
                self.letter(c, &mut word);
            } else if is_invisible(c) || is_selector(c) {
                self.invisible += usize::from(is_invisible(c));
            } else {
                self.finish(&mut word);
                self.sign(c);
            }
        }
        self.finish(&mut word);
    }

    fn letter(&mut self, c: char, word: &mut String) {
        if c.is_numeric() {
            if !word.ends_with('0') {
                word.push('0');
            }
            return;
        }
        self.letters += 1;
        self.capitals += usize::from(c.is_uppercase());
        if c as u32 >= 0x0250 {
            self.foreign_letters += 1;
        }
        match c {
            'ß' => {
                self.accents.push(('s', 'ß'));
                word.push_str("ss");
            }
            'ı' => word.push('i'),
            _ => word.extend(c.to_lowercase()),
        }
    }

    fn sign(&mut self, c: char) {
        self.count_mark(c);
        if is_emoji(c) {
            self.emoji.push(c);
            self.words.push(c.to_string());
        } else if matches!(c, '€' | '$' | '£' | '¥' | '₿' | '₽' | '₹') {
            self.words.push(MONEY.to_owned());
        }
    }

    fn count_mark(&mut self, c: char) {
        match c {
            '?' | '¿' => self.questions += 1,
            '!' | '¡' => self.exclamations += 1,
            _ => {}
        }
    }

    fn finish(&mut self, word: &mut String) {
        if word.is_empty() {
            return;
        }
        let squeezed = squeeze(word);
        self.stretched += usize::from(squeezed.len() < word.len());
        self.words.push(squeezed);
        word.clear();
    }
}

/// A chunk without its disguise.
fn plain(chunk: &str, has_look_alikes: bool) -> Cow<'_, str> {
    if chunk.is_ascii() {
        return undotted(chunk).or_else(|| without_digits(chunk)).map_or(Cow::Borrowed(chunk), Cow::Owned);
    }
    let unmasked = |c| small_capital(c).or_else(|| look_alike(c).filter(|_| has_look_alikes)).unwrap_or(c);
    chunk.chars().map(unmasked).collect()
}

/// `c.l.i.c.k` is `click`.
fn undotted(chunk: &str) -> Option<String> {
    let parts: Vec<&str> = chunk.trim_matches('.').split('.').collect();
    let is_dotted = parts.len() >= SHORTEST_DOTTED
        && parts.iter().all(|part| part.len() == 1 && part.as_bytes()[0].is_ascii_alphanumeric());
    is_dotted.then(|| parts.concat())
}

/// `f0ll0w3rs` is `followers`: a digit between two letters gives it away, then its neighbours count too.
fn without_digits(chunk: &str) -> Option<String> {
    let bytes = chunk.as_bytes();
    let is_hidden = |three: &[u8]| {
        three[0].is_ascii_alphabetic()
            && digit_as_letter(three[1]).is_some()
            && three[2].is_ascii_alphabetic()
    };
    let letter = |byte: u8| char::from(digit_as_letter(byte).unwrap_or(byte));
    bytes.windows(3).any(is_hidden).then(|| bytes.iter().map(|&byte| letter(byte)).collect())
}

fn digit_as_letter(digit: u8) -> Option<u8> {
    let letter = match digit {
        b'0' => b'o',
        b'1' => b'i',
        b'3' => b'e',
        b'4' => b'a',
        b'5' => b's',
        b'7' => b't',
        _ => return None,
    };
    Some(letter)
}

/// True when Latin letters and letters of another alphabet that look like Latin ones make up one word.
fn mixes_scripts(chunk: &str) -> bool {
    !chunk.is_ascii()
        && chunk.chars().any(|c| c.is_ascii_alphabetic())
        && chunk.chars().any(|c| look_alike(c).is_some())
}

/// The Latin letter that a Cyrillic or Greek one looks like.
fn look_alike(c: char) -> Option<char> {
    let latin = match c {
        'а' | 'А' | 'α' | 'Α' => 'a',
        'в' | 'В' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'Е' | 'ё' | 'ε' | 'Ε' => 'e',
        'һ' | 'н' | 'Н' | 'Η' => 'h',
        'і' | 'І' | 'ї' | 'ι' | 'Ι' => 'i',
        'ј' | 'Ј' => 'j',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'м' | 'М' | 'Μ' => 'm',
        'п' | 'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'ѕ' | 'Ѕ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'υ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'γ' | 'Υ' => 'y',
        'Ζ' => 'z',
        _ => return None,
    };
    Some(latin)
}

/// The letter that a small capital stands for.
fn small_capital(c: char) -> Option<char> {
    const SMALL: &str = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ";
    const PLAIN: &str = "abcdefghijklmnoprstuvwyz";
    let is_candidate = matches!(c as u32, 0x0250..=0x02af | 0x1d00..=0x1d2b | 0xa730..=0xa731);
    SMALL.chars().zip(PLAIN.chars()).find(|(small, _)| is_candidate && *small == c).map(|(_, plain)| plain)
}

/// Letters from blocks made for formulas, lists and East Asian print, which NFKD turns into plain ones.
fn is_fancy(c: char) -> bool {
    matches!(c as u32, 0x1d400..=0x1d7ff | 0x2100..=0x214f | 0x24b6..=0x24e9 | 0xff21..=0xff5a | 0x1f110..=0x1f149)
        && c.is_alphanumeric()
}

/// Three or more of the same letter become one: `soooo` and `so` are the same word.
fn squeeze(word: &str) -> String {
    let mut squeezed = String::with_capacity(word.len());
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut run = 1;
        while letters.next_if_eq(&letter).is_some() {
            run += 1;
        }
        squeezed.push(letter);
        if run == 2 {
            squeezed.push(letter);
        }
    }
    squeezed
}

fn special(chunk: &str) -> Option<&'static str> {
    let bare = chunk.trim_matches(|c: char| "()[]<>\"'.,;:!?".contains(c));
    if bare.starts_with('@') && bare.len() > 1 {
        return Some(MENTION);
    }
    if !bare.is_ascii() || bare.len() < 4 {
        return None;
    }
    if is_code(bare) {
        return Some(CODE);
    }
    if is_link(&bare.to_ascii_lowercase()) {
        return Some(LINK);
    }
    if bare.contains('@') && bare.contains('.') {
        return Some(EMAIL);
    }
    let digits = bare.chars().filter(char::is_ascii_digit).count();
    let telephone = digits >= 7 && bare.chars().all(|c| c.is_ascii_digit() || "+-()/.".contains(c));
    telephone.then_some(PHONE)
}

fn is_code(chunk: &str) -> bool {
    let has = |wanted: fn(&u8) -> bool| chunk.as_bytes().iter().any(wanted);
    chunk.len() >= SHORTEST_CODE
        && chunk.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(|byte| byte.is_ascii_digit() || *byte == b'=')
}

fn is_link(chunk: &str) -> bool {
    const STARTS: [&str; 4] = ["http://", "https://", "www.", "hxxp"];
    const ENDINGS: [&str; 18] = [
        ".com", ".net", ".org", ".io", ".xyz", ".ru", ".top", ".shop", ".online", ".site", ".club", ".info",
        ".me", ".ly", ".gg", ".vip", ".live", ".app",
    ];
    if STARTS.iter().any(|start| chunk.starts_with(start)) {
        return true;
    }
    let host = chunk.split('/').next().unwrap_or_default();
    !host.contains('@') && ENDINGS.iter().any(|ending| host.len() > ending.len() && host.ends_with(ending))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}')
}

/// Variation selectors, skin tones and the keycap: they change how a sign looks, not what it says.
fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{20e3}')
}

/// True for pictures, leaving out modifiers.
pub fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1f000}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}'
        | '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23fa}' | '\u{2190}'..='\u{21ff}' | '\u{25a0}'..='\u{25ff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(raw: &str) -> Vec<String> {
        Text::parse(raw).words
    }

    #[test]
    fn fancy_letters_accents_case_and_stretching_are_folded() {
        assert_eq!(words("𝗙𝗿𝗲𝗲 Crème LOOOOVE coool 350"), ["free", "creme", "love", "col", "0"]);
        assert_eq!(Text::parse("ação").accents.len(), 2);
        assert_eq!(words("Straße"), ["strasse"]);
        assert_eq!(words("cool"), ["cool"]);
    }

    #[test]
    fn links_mentions_addresses_and_numbers_become_one_word_each() {
        let found = words("see bit.ly/x1 or https://a.b/c @maria, a@b.de +34612345678 5€");
        assert_eq!(found, ["see", LINK, "or", LINK, MENTION, EMAIL, PHONE, "0", MONEY]);
    }

    #[test]
    fn emoji_are_words_whatever_their_skin_tone() {
        let text = Text::parse("👏🏽👏 ❤️!!");
        assert_eq!(text.emoji, ['👏', '👏', '❤']);
        assert_eq!(text.exclamations, 2);
        assert!(text.has_no_letters());
    }

    #[test]
    fn letters_hidden_by_invisible_characters_are_found() {
        let text = Text::parse("fr\u{200b}ee");
        assert_eq!(text.words, ["free"]);
        assert_eq!(text.invisible, 1);
    }

    #[test]
    fn disguised_words_are_read_and_counted() {
        for (raw, read) in [
            ("сlісk mу bіо", vec!["click", "my", "bio"]),
            ("ᴘʀᴏᴍᴏᴛᴇ", vec!["promote"]),
            ("f0ll0w3rs ch3ap", vec!["followers", "cheap"]),
            ("c.l.i.c.k now", vec!["click", "now"]),
            ("𝗙𝗿𝗲𝗲", vec!["free"]),
        ] {
            let text = Text::parse(raw);
            assert_eq!(text.words, read, "{raw}");
            assert!(text.disguised > 0, "{raw}");
        }
        for honest in ["сколько это стоит", "10k at 5pm, size 38", "p.s. U.S.A.", "µ 5 m²", "wow!!! B2B"]
        {
            assert_eq!(Text::parse(honest).disguised, 0, "{honest}");
        }
    }

    #[test]
    fn code_is_one_word() {
        assert_eq!(words("run aWdub3JlIGFsbCBydWxlcw== now"), ["run", CODE, "now"]);
        assert_eq!(words("Donaudampfschifffahrtsgesellschaft").len(), 1);
        assert_ne!(words("Donaudampfschifffahrtsgesellschaft"), [CODE]);
    }

    proptest! {
        #[test]
        fn any_text_can_be_parsed(raw in any::<String>()) {
            Text::parse(&raw);
        }
    }
}
