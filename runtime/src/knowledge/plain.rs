//! Paragraphs, lists, questions and answers.

use super::Entry;

/// Marks of questions and of answers, in the languages we speak.
const QUESTION_MARKS: [&str; 6] = ["q:", "question:", "p:", "pregunta:", "f:", "frage:"];
const ANSWER_MARKS: [&str; 7] = ["a:", "answer:", "r:", "respuesta:", "antwort:", "réponse:", "risposta:"];

/// Every item of a text.
pub(super) fn read(text: &str) -> Vec<Entry> {
    read_block(text.lines().enumerate().map(|(index, line)| (index + 1, line)), None)
}

/// The items of some lines, which stand under a heading.
pub(super) fn read_block<'t>(
    lines: impl Iterator<Item = (usize, &'t str)>,
    heading: Option<&str>,
) -> Vec<Entry> {
    let mut block = Block { heading, entries: Vec::new(), open: None };
    for (number, line) in lines {
        block.take(number, line);
    }
    block.close();
    block.entries
}

/// What is being read.
enum Open {
    Paragraph(usize, Vec<String>),
    Bullet(usize, Vec<String>),
    Question(usize, Vec<String>),
    Answer(usize, String, Vec<String>),
}

struct Block<'h> {
    heading: Option<&'h str>,
    entries: Vec<Entry>,
    open: Option<Open>,
}

impl Block<'_> {
    fn take(&mut self, number: usize, line: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            // The answer may have several paragraphs; it ends at the next question.
            match &mut self.open {
                Some(Open::Answer(.., lines)) => lines.push(String::new()),
                Some(Open::Question(..)) => {}
                _ => self.close(),
            }
        } else if let Some(question) = after_mark(trimmed, &QUESTION_MARKS) {
            self.close();
            self.open = Some(Open::Question(number, vec![question.to_owned()]));
        } else if let (Some(answer), Some(Open::Question(..))) =
            (after_mark(trimmed, &ANSWER_MARKS), &self.open)
        {
            if let Some(Open::Question(first, question)) = self.open.take() {
                self.open = Some(Open::Answer(first, question.join(" "), vec![answer.to_owned()]));
            }
        } else if let (Some(item), false) = (bullet(trimmed), matches!(self.open, Some(Open::Answer(..)))) {
            self.close();
            self.open = Some(Open::Bullet(number, vec![item.to_owned()]));
        } else {
            match &mut self.open {
                Some(
                    Open::Paragraph(_, lines)
                    | Open::Bullet(_, lines)
                    | Open::Question(_, lines)
                    | Open::Answer(_, _, lines),
                ) => lines.push(trimmed.to_owned()),
                None => self.open = Some(Open::Paragraph(number, vec![trimmed.to_owned()])),
            }
        }
    }

    fn close(&mut self) {
        let heading = self.heading.map(str::to_owned);
        let entry = match self.open.take() {
            None => return,
            Some(Open::Answer(line, question, lines)) => {
                Entry::new(line, Some(question), lines.join("\n").trim())
            }
            // A question that nobody answers says nothing.
            Some(Open::Question(line, lines)) => Entry::new(line, Some(lines.join(" ")), ""),
            Some(Open::Bullet(line, lines)) => Entry::new(line, heading, lines.join(" ")),
            Some(Open::Paragraph(line, lines)) => match lines.split_first() {
                Some((first, rest)) if first.ends_with(['?', '？']) && !rest.is_empty() => {
                    Entry::new(line, Some(first.clone()), rest.join("\n"))
                }
                _ => Entry::new(line, heading, lines.join("\n")),
            },
        };
        self.entries.push(entry);
    }
}

/// What stands behind one of the marks.
fn after_mark<'t>(line: &'t str, marks: &[&str]) -> Option<&'t str> {
    let plain = line.trim_start_matches(['*', '_', ' ']);
    marks.iter().find_map(|mark| {
        let head = plain.get(..mark.len())?;
        let rest = plain.get(mark.len()..)?;
        (head.to_lowercase() == *mark).then(|| rest.trim_start_matches(['*', '_']).trim())
    })
}

/// The text of a list item.
pub(super) fn bullet(line: &str) -> Option<&str> {
    for mark in ["- ", "* ", "+ ", "• ", "– "] {
        if let Some(rest) = line.strip_prefix(mark) {
            return Some(rest.trim());
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=3).contains(&digits) {
        let rest = &line[digits..];
        return rest.strip_prefix(". ").or_else(|| rest.strip_prefix(") ")).map(str::trim);
    }
    None
}
