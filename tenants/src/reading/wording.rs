//! What is wrong with what somebody sent, in words for people: which value was expected, with its range, instead of the
//! names of types in a program.

use std::fmt::{Display, Formatter};

use serde::de::{Expected, Unexpected};

/// Longest text that is repeated.
const LONGEST: usize = 60;

/// Why something that was sent cannot be read.
#[derive(Debug)]
pub struct Wrong {
    problem: String,
    /// Where it stands, such as `actions[0].tag`; empty for the whole.
    pub place: String,
}

impl Wrong {
    fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), place: String::new() }
    }

    /// The same, of the object that holds it under this name.
    #[must_use]
    pub fn within(mut self, name: &str) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{name}{dot}{}", self.place);
        self
    }

    /// The same, of the list that holds it at this position.
    #[must_use]
    pub fn at(self, index: usize) -> Self {
        self.within(&format!("[{index}]"))
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Wrong {}

impl serde::de::Error for Wrong {
    fn custom<T: Display>(problem: T) -> Self {
        Self::new(problem.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {}, not {}", wanted(expected), given(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {}, and has {length} items", wanted(expected)))
    }

    fn unknown_variant(found: &str, possible: &'static [&'static str]) -> Self {
        Self::new(format!("{} is not possible here: use {}", quoted(found), one_of(possible)))
    }

    fn unknown_field(found: &str, possible: &'static [&'static str]) -> Self {
        let found = quoted(found);
        Self::new(match possible {
            [] => format!("there is no field {found}, and no other"),
            _ => format!("there is no field {found}: use {}", one_of(possible)),
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing, and cannot be left out").within(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("`{field}` is given twice: leave one out"))
    }
}

/// Words in backquotes, the last one after "or".
pub fn one_of(words: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The value that a type of a program stands for.
fn wanted(expected: &dyn Expected) -> String {
    let name = expected.to_string();
    let whole = |least: i64, most: i64| format!("a whole number from {least} to {most}");
    let words = match name.as_str() {
        "u8" => return whole(0, u8::MAX.into()),
        "u16" => return whole(0, u16::MAX.into()),
        "u32" => return whole(0, u32::MAX.into()),
        "u64" | "u128" | "usize" => return format!("a whole number from 0 to {}", u64::MAX),
        "i8" => return whole(i8::MIN.into(), i8::MAX.into()),
        "i16" => return whole(i16::MIN.into(), i16::MAX.into()),
        "i32" => return whole(i32::MIN.into(), i32::MAX.into()),
        "i64" | "i128" | "isize" => return whole(i64::MIN, i64::MAX),
        "f32" | "f64" => "a number",
        "a boolean" => "`true` or `false`",
        "a string" | "a borrowed string" | "a character" | "path string" => "a text",
        "a sequence" => "a list",
        "a map" => "an object",
        "unit" => "`null`",
        _ if name.starts_with("struct ") || is_tagged(expected) => "an object",
        _ => return name,
    };
    words.to_owned()
}

/// Whether an object is expected one of whose members says of which kind it is. Only their readers are told apart from
/// those that take anything by nothing but their words.
pub fn is_tagged(expected: &dyn Expected) -> bool {
    expected.to_string().starts_with("internally tagged enum ")
}

fn given(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(it) => format!("`{it}`"),
        Unexpected::Unsigned(it) => it.to_string(),
        Unexpected::Signed(it) => it.to_string(),
        Unexpected::Float(it) => it.to_string(),
        Unexpected::Char(it) => quoted(&it.to_string()),
        Unexpected::Str(it) => format!("the text {}", quoted(it)),
        Unexpected::Unit | Unexpected::Option => "`null`".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}
