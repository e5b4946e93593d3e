//! Markdown: cut at its headings. A heading that asks is a question, and what stands under it the answer; under any
//! other heading every paragraph and every point of a list is an item of its own.

use super::Entry;
use super::plain::read_block;

/// A part of the file under one heading.
struct Section {
    line: usize,
    heading: Option<String>,
    lines: Vec<(usize, String)>,
}

/// Every item of a file.
pub(super) fn read(text: &str) -> Vec<Entry> {
    sections(text).into_iter().flat_map(items).collect()
}

fn sections(text: &str) -> Vec<Section> {
    let mut sections = vec![Section { line: 1, heading: None, lines: Vec::new() }];
    let (mut in_code, mut in_comment) = (false, false);
    for (number, line) in after_front_matter(text) {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            in_code = !in_code;
            continue;
        }
        let shown = if in_code { Some(line.to_owned()) } else { without_comments(line, &mut in_comment) };
        let Some(shown) = shown else { continue };
        match heading(&shown).filter(|_| !in_code) {
            Some(text) => {
                sections.push(Section { line: number, heading: Some(plain(text)), lines: Vec::new() })
            }
            None => {
                if let Some(section) = sections.last_mut() {
                    section.lines.push((number, shown));
                }
            }
        }
    }
    sections
}

/// The lines with their numbers, without the block of settings that some editors put first.
fn after_front_matter(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let has_matter = text.lines().next().is_some_and(|line| line.trim_end() == "---");
    let end = text.lines().skip(1).position(|line| line.trim_end() == "---").filter(|_| has_matter);
    let skipped = end.map_or(0, |end| end + 2);
    text.lines().enumerate().skip(skipped).map(|(index, line)| (index + 1, line))
}

/// What is outside of `<!-- -->`; `None` when the whole line is inside.
fn without_comments(line: &str, inside: &mut bool) -> Option<String> {
    let mut shown = String::new();
    let mut rest = line;
    let began_inside = *inside;
    loop {
        let mark = if *inside { "-->" } else { "<!--" };
        let Some((before, after)) = rest.split_once(mark) else { break };
        if !*inside {
            shown.push_str(before);
        }
        *inside = !*inside;
        rest = after;
    }
    if !*inside {
        shown.push_str(rest);
    }
    let is_only_comment = shown.trim().is_empty() && (began_inside || *inside);
    (!is_only_comment).then_some(shown)
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let depth = line.len() - text.len();
    let is_heading = (1..=6).contains(&depth) && text.starts_with([' ', '\t']);
    is_heading.then(|| text.trim().trim_end_matches('#').trim()).filter(|text| !text.is_empty())
}

fn items(section: Section) -> Vec<Entry> {
    let is_question = section.heading.as_deref().is_some_and(|text| text.ends_with(['?', '？']));
    let lines: Vec<(usize, String)> = section
        .lines
        .iter()
        .map(|(number, line)| (*number, plain(line)))
        .filter(|(_, line)| !is_rule(line))
        .collect();
    if is_question {
        let answer: Vec<&str> = lines.iter().map(|(_, line)| line.trim()).collect();
        return vec![Entry::new(section.line, section.heading, answer.join("\n").trim())];
    }
    let borrowed = lines.iter().map(|(number, line)| (*number, line.as_str()));
    read_block(borrowed, section.heading.as_deref())
}

/// A line that only separates: `---`, `***`, `|---|---|`.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '*' | '_' | '=' | '|' | ':' | ' '))
}

/// A line without the marks of Markdown: links keep their address. Every character is looked at a fixed number of
/// times, whatever the line holds.
fn plain(line: &str) -> String {
    let mut text = Plain { text: String::with_capacity(line.len()), has_words: false };
    let mut rest = line;
    // Where no bracket closes any more no link is looked for: each look would go to the end of the line.
    let mut can_close = true;
    while let Some(at) = rest.find(['[', '`', '*', '_']) {
        let (before, marked) = rest.split_at(at);
        text.push(before);
        let Some(inside) = marked.strip_prefix('[') else {
            rest = mark(&mut text, marked);
            continue;
        };
        let labelled = label(inside).filter(|_| can_close);
        let link = labelled.and_then(|(label, after)| Some((label, after.split_once(')')?)));
        can_close &= labelled.is_none() || link.is_some();
        rest = match link {
            Some((label, (address, after))) => {
                let address = address.trim();
                text.push(label);
                if address != label && !address.is_empty() {
                    text.push(&format!(" ({address})"));
                }
                after
            }
            None => {
                text.push("[");
                inside
            }
        };
    }
    text.push(rest);
    text.text
}

/// A text, and whether there is more in it than space.
struct Plain {
    text: String,
    has_words: bool,
}

impl Plain {
    fn push(&mut self, piece: &str) {
        self.has_words = self.has_words || !piece.trim_start().is_empty();
        self.text.push_str(piece);
    }
}

/// Drops a mark of emphasis; keeps what is none, such as the line of `a_b` and the star of a list.
fn mark<'t>(text: &mut Plain, marked: &'t str) -> &'t str {
    let mark = marked.chars().next().unwrap_or(' ');
    let rest = marked.trim_start_matches(mark);
    let is_inside_word =
        text.text.ends_with(char::is_alphanumeric) && rest.starts_with(char::is_alphanumeric);
    let is_bullet = !text.has_words && rest.starts_with(' ');
    if (mark == '_' && is_inside_word) || is_bullet {
        text.push(&marked[..marked.len() - rest.len()]);
    }
    rest
}

/// The label of a link and what stands behind its `](`. It is looked for as far as the next bracket that opens only.
fn label(inside: &str) -> Option<(&str, &str)> {
    let end = inside.find('[').unwrap_or(inside.len());
    // The bracket that opens may follow at once: `](` itself holds none.
    let (label, _) = inside[..end].split_once("](")?;
    Some((label, &inside[label.len() + 2..]))
}
