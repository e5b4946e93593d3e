//! Closed sets of words that are stored and sent as text.

/// Declares an enum whose variants have one fixed text form each, used in the database, in JSON and in logs.
///
/// It gives `ALL`, `as_str`, `Display`, `FromStr` (with an error that lists the allowed words), and serde by
/// that text.
#[macro_export]
macro_rules! word_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The stored form.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok($name::$variant),)+
                    _ => Err($crate::words::UnknownWord {
                        kind: stringify!($name),
                        found: text.chars().take(60).collect(),
                        allowed: concat!($($text, " "),+).trim_end(),
                    }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub use word_enum;

/// A noun with its article: `a video`, `an image`.
pub fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

/// The name of a type as people say it: `UserRole` is a user role.
pub(crate) fn spoken(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 2);
    for character in name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

/// A text that is none of the words of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {} `{found}`: use one of {allowed}", spoken(kind))]
pub struct UnknownWord {
    /// Name of the set.
    pub kind: &'static str,
    /// What was found (at most 60 characters).
    pub found: String,
    /// The allowed words, separated by spaces.
    pub allowed: &'static str,
}

#[cfg(test)]
mod tests {
    use crate::access::UserRole;
    use crate::ids::MediaId;

    #[test]
    fn what_is_unknown_is_called_as_people_say_it() {
        let role = "boss".parse::<UserRole>().unwrap_err().to_string();
        assert!(role.starts_with("unknown user role `boss`: use one of client"), "{role}");
        let media = "cake".parse::<MediaId>().unwrap_err().to_string();
        assert!(media.starts_with("not a valid media id: expected `"), "{media}");
    }
}
