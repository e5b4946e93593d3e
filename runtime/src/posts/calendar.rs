//! The calendar of posts as iCalendar (RFC 5545).

use std::fmt::Write as _;

use tenants::clock::Timestamp;
use tenants::post::{Post, PostState};

/// Longest line in bytes; longer ones are folded.
const MAX_LINE: usize = 75;
/// How long an entry lasts in the calendar; a post has no length.
const MINUTES: u64 = 15;

/// A calendar of posts.
pub fn icalendar(name: &str, posts: &[Post], now: Timestamp) -> String {
    let mut calendar = String::new();
    let mut line = |text: &str| fold(text, &mut calendar);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//Troupe//Posts//EN");
    line("CALSCALE:GREGORIAN");
    line(&format!("X-WR-CALNAME:{}", escaped(name)));
    for post in posts {
        let Some(at) = post.published_at.or(post.scheduled_at) else { continue };
        line("BEGIN:VEVENT");
        line(&format!("UID:{}@troupe", post.id));
        line(&format!("DTSTAMP:{}", moment(now)));
        line(&format!("LAST-MODIFIED:{}", moment(post.updated_at)));
        line(&format!("SEQUENCE:{}", post.version.max(0)));
        line(&format!("DTSTART:{}", moment(at)));
        line(&format!("DURATION:PT{MINUTES}M"));
        line(&format!("SUMMARY:{}", escaped(&summary(post))));
        if !post.draft.caption.is_empty() {
            line(&format!("DESCRIPTION:{}", escaped(&post.draft.caption)));
        }
        if let Some(permalink) = &post.permalink {
            line(&format!("URL:{}", permalink.replace(['\r', '\n'], "")));
        }
        line(&format!("STATUS:{}", status(post.state)));
        line("TRANSP:TRANSPARENT");
        line("END:VEVENT");
    }
    line("END:VCALENDAR");
    calendar
}

fn summary(post: &Post) -> String {
    let first: String = post.draft.caption.lines().next().unwrap_or_default().chars().take(60).collect();
    match first.is_empty() {
        true => format!("{} ({})", post.draft.post_type, post.state),
        false => format!("{}: {first} ({})", post.draft.post_type, post.state),
    }
}

fn status(state: PostState) -> &'static str {
    match state {
        PostState::Approved | PostState::Publishing | PostState::Published => "CONFIRMED",
        PostState::Cancelled | PostState::Rejected | PostState::Failed => "CANCELLED",
        PostState::Draft | PostState::Pending | PostState::NeedsPerson => "TENTATIVE",
    }
}

fn moment(at: Timestamp) -> String {
    at.to_utc().format("%Y%m%dT%H%M%SZ").to_string()
}

/// A text as a value of a property.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => _ = write!(escaped, "\\{c}"),
            '\n' => escaped.push_str("\\n"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// Adds a line; one that is too long goes on behind a line break and a space, never inside a character.
fn fold(text: &str, out: &mut String) {
    let mut length = 0;
    for c in text.chars() {
        if length + c.len_utf8() > MAX_LINE {
            out.push_str("\r\n ");
            length = 1;
        }
        out.push(c);
        length += c.len_utf8();
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_at_75_bytes_and_never_inside_a_character() {
        let mut out = String::new();
        let text = format!("SUMMARY:{}", "ä🎂".repeat(60));
        fold(&text, &mut out);
        assert!(out.split("\r\n").all(|line| line.len() <= MAX_LINE));
        assert_eq!(out.replace("\r\n ", "").trim_end(), text);
    }

    #[test]
    fn marks_of_the_format_are_escaped_and_no_text_begins_a_property() {
        assert_eq!(escaped("a;b,c\\d\r\nEND:VEVENT\u{7}"), "a\\;b\\,c\\\\d\\nEND:VEVENT");
    }
}
