//! The part of the template language that prompts may use.
//!
//! The engine counts work and bytes as *fuel*. Two things escape it: lists nested in lists, which take exponential time
//! to compare and to print, and syntax trees so deep that compiling them overflows the stack. So tags are looked at
//! before the engine sees them: only conditions and loops, nothing that builds a list, short tags, few of them.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use super::PromptError;

/// Instructions a rendering may take; every 64 bytes it makes cost as much as one.
const FUEL: u64 = 20_000;

/// Longest text between the braces of one tag, in bytes.
const LONGEST_TAG: usize = 400;

/// Most tags.
const MOST_TAGS: usize = 200;

/// How deep loops may be nested.
const DEEPEST: usize = 24;

const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// An engine that knows what prompts may use, and no template yet.
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEEPEST);
    environment.set_formatter(print);
    // A line that holds nothing but a condition leaves no empty line behind.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.add_filter("join", join);
    environment.add_filter("length", |value: &Value| value.len().unwrap_or(0));
    environment.add_filter("lower", |text: &str| text.to_lowercase());
    environment.add_filter("upper", |text: &str| text.to_uppercase());
    environment.add_filter("trim", |text: &str| text.trim().to_owned());
    environment
}

/// Prints texts, numbers and truths, nothing else: a list in the middle of a sentence is a mistake.
fn print(out: &mut Output<'_>, _: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Number | ValueKind::Bool => Ok(write_plain(out, value)?),
        ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
        ValueKind::None => Err(wrong("this value may be absent: put `{% if … %}` around it")),
        _ => Err(wrong("a list cannot be printed: write `|join(\", \")` or a `{% for … %}`")),
    }
}

fn write_plain(out: &mut Output<'_>, value: &Value) -> std::fmt::Result {
    match value.as_str() {
        Some(text) => out.write_str(text),
        None => out.write_str(&value.to_string()),
    }
}

/// Joins a list of texts.
fn join(list: &Value, between: &str) -> Result<String, Error> {
    let mut joined = String::new();
    for (index, item) in list.try_iter()?.enumerate() {
        let text = item.as_str().ok_or_else(|| wrong("only a list of texts can be joined"))?;
        if joined.len() + text.len() + between.len() > super::LONGEST_RENDERED {
            return Err(ErrorKind::OutOfFuel.into());
        }
        if index > 0 {
            joined.push_str(between);
        }
        joined.push_str(text);
    }
    Ok(joined)
}

fn wrong(problem: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem)
}

/// Refuses what prompts may not use.
///
/// It looks at everything that could be a tag, in comments and raw text too: that may refuse a little too much, but
/// every tag the engine will see has been looked at.
pub fn scan(body: &str) -> Result<(), PromptError> {
    let starts: Vec<usize> = body
        .as_bytes()
        .windows(2)
        .enumerate()
        .filter(|(_, two)| *two == b"{{" || *two == b"{%")
        .map(|(at, _)| at)
        .collect();
    let refuse = |at: usize, problem: String| Err(PromptError::Line { line: line_of(body, at), problem });
    if let Some(at) = starts.get(MOST_TAGS) {
        return refuse(*at, format!("there are more than {MOST_TAGS} tags: say it with fewer"));
    }
    for at in starts {
        if let Err(problem) = scan_tag(&body[at..]) {
            return refuse(at, problem);
        }
    }
    Ok(())
}

/// Looks at the tag a text begins with.
fn scan_tag(tag: &str) -> Result<(), String> {
    let is_statement = tag.starts_with("{%");
    let inner = tag[2..].trim_start_matches(['-', '+']).trim_start();
    if is_statement {
        let word: String = inner.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if !STATEMENTS.contains(&word.as_str()) {
            let shown: String = word.chars().take(30).collect();
            return Err(format!("`{{% {shown} … %}}` cannot be used here: use if, elif, else and for"));
        }
    }
    let end = if is_statement { "%}" } else { "}}" };
    let mut quote: Option<u8> = None;
    let mut escaped = false;
    for (index, byte) in inner.bytes().enumerate() {
        if index > LONGEST_TAG {
            return Err(format!("this tag is longer than {LONGEST_TAG} bytes or is not closed by `{end}`"));
        }
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'[' | b'{' | b',') => {
                return Err(format!(
                    "`{}` cannot be used in a tag: lists are made by no prompt",
                    char::from(byte)
                ));
            }
            (None, _) if inner.as_bytes()[index..].starts_with(end.as_bytes()) => return Ok(()),
            (None, _) => {}
        }
    }
    Err(format!("this tag is not closed: write `{end}`"))
}

fn line_of(body: &str, at: usize) -> usize {
    1 + body.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
}

/// What is wrong with a template, in words for the person who wrote it.
pub fn problem(error: Error) -> PromptError {
    let detail = error.detail().map(ToOwned::to_owned);
    let problem = match (error.kind(), detail) {
        (ErrorKind::OutOfFuel, _) => {
            "this takes too much work or becomes too long: use fewer loops".to_owned()
        }
        (ErrorKind::UndefinedError, detail) => {
            format!(
                "{}: only the values offered to this prompt can be used",
                detail.as_deref().unwrap_or("unknown value")
            )
        }
        (ErrorKind::UnknownFilter, detail) => {
            format!(
                "{}: use join, length, lower, upper or trim",
                detail.as_deref().unwrap_or("unknown filter")
            )
        }
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    PromptError::Line { line: error.line().unwrap_or(1), problem }
}
