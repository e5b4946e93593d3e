//! Ids in the shapes Instagram uses, drawn from the seed alone.

use std::{borrow::Borrow, fmt, sync::Arc};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text of an id.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{:?}", &self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(|text| Self(text.into()))
            }
        }
    };
}

text_id! {
    /// An app registered with Meta.
    AppId
}
text_id! {
    /// The professional account id (`user_id`, 17 digits, `1784140…`), the one webhooks carry.
    AccountId
}
text_id! {
    /// A person as one account sees them: 16 digits, different for every account.
    Igsid
}
text_id! {
    /// A post, reel or story: 17 digits, `179…`.
    MediaId
}
text_id! {
    /// A comment or reply: 17 digits, `180…`.
    CommentId
}
text_id! {
    /// A direct message (`mid`): opaque text of about 160 characters.
    MessageId
}
text_id! {
    /// A thread between one account and one person: opaque text.
    ConversationId
}
text_id! {
    /// A person's or account's handle, without `@`.
    Username
}

/// Odd and no multiple of five, so multiplying by it permutes the numbers below any power of ten.
const SCRAMBLER: u128 = 6_364_136_223_846_793_003;

/// Draws ids. The same seed and the same order of calls give the same ids.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IdSource {
    seed: u64,
    /// For content: media, comments, messages.
    serial: u64,
    /// For identities: apps, accounts, secrets and tokens. Apart from content, so that the same accounts come
    /// back when content begins elsewhere.
    identities: u64,
}

impl IdSource {
    pub(crate) fn new(seed: u64, content_from: u64) -> Self {
        Self { seed, serial: content_from, identities: 0 }
    }

    /// A number that grows with every call; orders things created at the same instant.
    pub(crate) fn next_serial(&mut self) -> u64 {
        self.serial = self.serial.wrapping_add(1);
        self.serial
    }

    /// Goes on `count` numbers later.
    pub(crate) fn leave_out(&mut self, count: u64) {
        self.serial = self.serial.wrapping_add(count);
        self.identities = self.identities.wrapping_add(count);
    }

    /// Repeats no content id that `earlier` has drawn; identities are drawn as before.
    pub(crate) fn continue_content_of(&mut self, earlier: &Self) {
        self.serial = self.serial.max(earlier.serial);
    }

    fn next_identity(&mut self) -> u64 {
        self.identities = self.identities.wrapping_add(1);
        self.identities
    }

    pub(crate) fn app(&mut self) -> AppId {
        AppId::new(format!("9{:014}", self.identity(14)))
    }

    pub(crate) fn account(&mut self) -> AccountId {
        AccountId::new(format!("1784140{:010}", self.identity(10)))
    }

    pub(crate) fn app_scoped_account(&mut self) -> String {
        format!("24{:015}", self.identity(15))
    }

    pub(crate) fn page(&mut self) -> String {
        format!("102{:012}", self.identity(12))
    }

    pub(crate) fn media(&mut self) -> MediaId {
        MediaId::new(format!("179{:014}", self.scrambled(14)))
    }

    pub(crate) fn comment(&mut self) -> CommentId {
        CommentId::new(format!("180{:014}", self.scrambled(14)))
    }

    pub(crate) fn container(&mut self) -> String {
        format!("178{:015}", self.scrambled(15))
    }

    pub(crate) fn attachment(&mut self) -> String {
        format!("{:015}", self.scrambled(15))
    }

    /// The number of a thread, as it occurs inside message and conversation ids.
    pub(crate) fn thread(&mut self) -> String {
        format!("340282366841710300949128{:015}", self.scrambled(15))
    }

    pub(crate) fn message(&mut self, account: &AccountId, thread: &str) -> MessageId {
        let item = format!("3{:010}{:020}", self.scrambled(10), self.scrambled(18));
        MessageId::new(url_safe(&format!("ig_dm_item:1:IGMessageID:{account}:{thread}:{item}")))
    }

    pub(crate) fn conversation(account: &AccountId, thread: &str) -> ConversationId {
        ConversationId::new(url_safe(&format!("ig_dm:1:IGMessageThread:{account}:{thread}")))
    }

    /// The id a person has towards one account. It depends on the pair and the seed only, not on who came
    /// first; `attempt` is raised when two pairs meet.
    pub(crate) fn igsid(&self, account: &AccountId, username: &Username, attempt: u64) -> Igsid {
        let mut hash = self.seed ^ attempt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in account.as_str().bytes().chain([0]).chain(username.as_str().bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Igsid::new(format!("{}", 1_000_000_000_000_000 + mixed(hash) % 900_000_000_000_000))
    }

    /// Text of letters and digits, as in tokens and secrets.
    pub(crate) fn letters(&mut self, length: usize) -> String {
        let serial = self.next_identity();
        self.letters_of(serial, length)
    }

    /// The part of a permalink that names the media.
    pub(crate) fn shortcode(&mut self) -> String {
        let serial = self.next_serial();
        self.letters_of(serial, 11)
    }

    fn letters_of(&self, serial: u64, length: usize) -> String {
        const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let start = mixed(self.seed ^ serial.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let letter = |index: u64| ALPHABET[(mixed(start.wrapping_add(index)) % 62) as usize] as char;
        (0..length as u64).map(letter).collect()
    }

    /// 32 lower-case hexadecimal characters, the shape of an app secret.
    pub(crate) fn secret(&mut self) -> String {
        let start = mixed(self.seed ^ self.next_identity().rotate_left(32));
        format!("{:016x}{:016x}", start, mixed(start))
    }

    fn scrambled(&mut self, digits: u32) -> u64 {
        let serial = self.next_serial();
        self.permuted(serial, digits)
    }

    fn identity(&mut self, digits: u32) -> u64 {
        let serial = self.next_identity();
        self.permuted(serial, digits)
    }

    /// Another number below `10^digits` for every serial below it: ids look unordered and never repeat.
    fn permuted(&self, serial: u64, digits: u32) -> u64 {
        let modulus = 10u128.pow(digits);
        let start = u128::from(mixed(self.seed));
        // The result is below 10^digits with digits <= 18, so it fits.
        ((start + u128::from(serial)) % modulus * (SCRAMBLER % modulus) % modulus) as u64
    }
}

/// The finaliser of SplitMix64: spreads nearby numbers evenly.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A trace id as answers and error bodies carry it.
pub(crate) fn trace_id(number: u64) -> String {
    let mut bytes = [0u8; 16];
    bytes[..8].copy_from_slice(&mixed(number).to_be_bytes());
    bytes[8..].copy_from_slice(&mixed(!number).to_be_bytes());
    format!("A{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// Base64 with the letters that are awkward in addresses spelt out, as seen in real message ids.
fn url_safe(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len() * 3 / 2);
    for character in STANDARD.encode(plain).chars() {
        match character {
            'Z' => text.push_str("ZA"),
            '+' => text.push_str("ZB"),
            '/' => text.push_str("ZC"),
            '=' => text.push_str("ZD"),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_have_the_shape_of_instagrams() {
        let mut ids = IdSource::new(7, 0);
        let account = ids.account();
        assert!(account.as_str().starts_with("1784140"));
        assert_eq!(account.as_str().len(), 17);
        assert_eq!(ids.comment().as_str().len(), 17);
        let thread = ids.thread();
        let mid = ids.message(&account, &thread);
        assert!(mid.as_str().starts_with("aWdfZAG1faXRlbTo"));
        assert!((150..=175).contains(&mid.as_str().len()), "{}", mid.as_str().len());
        assert!(IdSource::conversation(&account, &thread).as_str().starts_with("aWdfZAG06"));
        assert_eq!(ids.igsid(&account, &Username::new("fan"), 0).as_str().len(), 16);
    }

    #[test]
    fn a_hundred_thousand_ids_never_repeat() {
        let mut ids = IdSource::new(42, 0);
        let drawn: HashSet<_> = (0..100_000).map(|_| ids.comment()).collect();
        assert_eq!(drawn.len(), 100_000);
    }

    #[test]
    fn the_same_seed_draws_the_same_ids_and_another_seed_does_not() {
        let draw = |seed| {
            let mut ids = IdSource::new(seed, 0);
            (ids.account(), ids.media(), ids.letters(20), ids.secret())
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn content_that_begins_elsewhere_repeats_no_id_but_identities_stay() {
        let (mut first, mut second) = (IdSource::new(1, 0), IdSource::new(1, 1_795_123_456_789_012));
        assert_eq!((first.account(), first.letters(9)), (second.account(), second.letters(9)));
        let earlier: HashSet<_> = (0..10_000).map(|_| first.comment()).collect();
        assert!((0..10_000).all(|_| !earlier.contains(&second.comment())));
    }

    #[test]
    fn a_person_has_another_id_for_every_account() {
        let ids = IdSource::new(1, 0);
        let (fan, one, two) = (Username::new("fan"), AccountId::new("1"), AccountId::new("2"));
        assert_ne!(ids.igsid(&one, &fan, 0), ids.igsid(&two, &fan, 0));
    }
}
