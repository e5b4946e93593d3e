//! Cuts an answer into sentences while it comes, each with the marks of its sources: `It was hidden [1][3].`

/// Collects text and gives sentences as soon as they are whole.
#[derive(Debug, Default)]
pub struct Sentences {
    pending: String,
}

impl Sentences {
    /// More text; the sentences that are whole by now.
    pub fn push(&mut self, text: &str) -> Vec<String> {
        self.pending.push_str(text);
        let mut whole = Vec::new();
        while let Some(end) = end_of_first(&self.pending) {
            let rest = self.pending.split_off(end);
            whole.push(std::mem::replace(&mut self.pending, rest));
        }
        whole.retain(|sentence| !sentence.trim().is_empty());
        whole
    }

    /// What is left when nothing more comes.
    pub fn finish(self) -> Option<String> {
        Some(self.pending).filter(|rest| !rest.trim().is_empty())
    }
}

/// Where the first sentence ends, once that is sure: what follows has begun, and is no further mark.
fn end_of_first(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut bracketed = false;
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        match c {
            '“' => quoted = true,
            '”' => quoted = false,
            '"' => quoted = !quoted,
            '[' => bracketed = true,
            ']' => bracketed = false,
            _ => {}
        }
        let next = chars.peek().map(|(_, next)| *next);
        let is_break = c == '\n' && !text[..at].trim().is_empty();
        let is_end = matches!(c, '.' | '!' | '?')
            && next.is_some_and(char::is_whitespace)
            && !is_short(text, at, before);
        if is_break {
            return Some(at + 1);
        }
        if is_end && !quoted && !bracketed {
            return after_marks(text, at + c.len_utf8());
        }
        before = c;
    }
    None
}

/// A dot after a single letter, a day's number or `e.g` ends no sentence.
fn is_short(text: &str, dot: usize, before: char) -> bool {
    let word = text[..dot].rsplit(char::is_whitespace).next().unwrap_or_default();
    text[dot..].starts_with('.')
        && (word.chars().count() == 1 && before.is_alphabetic()
            || matches!(word, "e.g" | "i.e" | "etc" | "approx" | "No" | "no"))
}

/// The end of a sentence with marks that stand behind its full stop; `None` while more of them may come.
fn after_marks(text: &str, end: usize) -> Option<usize> {
    let mut end = end;
    loop {
        let rest = &text[end..];
        let begin = rest.len() - rest.trim_start_matches(' ').len();
        match rest[begin..].chars().next() {
            None => return None,
            Some('[') => match rest[begin..].find(']') {
                Some(close) if is_mark(&rest[begin..=begin + close]) => end += begin + close + 1,
                Some(_) => return Some(end),
                None if rest.len() - begin > 40 => return Some(end),
                None => return None,
            },
            Some(_) => return Some(end),
        }
    }
}

/// Whether this is a mark, brackets included: `[3]`, `[1, 2]`.
fn is_mark(text: &str) -> bool {
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    !inner.trim().is_empty() && inner.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | ' '))
}

/// A stretch of a sentence and the sources named right behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// What is claimed, without marks.
    pub claim: String,
    /// Numbers of the sources.
    pub cited: Vec<usize>,
}

/// Parts a sentence at its marks. What stands behind the last mark belongs to it.
pub fn stretches(sentence: &str) -> Vec<Stretch> {
    let mut parts: Vec<Stretch> = Vec::new();
    let mut claim = String::new();
    let mut rest = sentence;
    while let Some(open) = rest.find('[') {
        let Some(close) = rest[open..].find(']').map(|close| open + close) else { break };
        claim.push_str(&rest[..open]);
        let mark = &rest[open..=close];
        if is_mark(mark) {
            let numbers: Vec<usize> =
                mark[1..mark.len() - 1].split(',').filter_map(|n| n.trim().parse().ok()).collect();
            match parts.last_mut() {
                Some(last) if !claim.chars().any(char::is_alphanumeric) => last.cited.extend(numbers),
                _ => parts.push(Stretch { claim: std::mem::take(&mut claim), cited: numbers }),
            }
            claim.clear();
        } else {
            claim.push_str(mark);
        }
        rest = &rest[close + 1..];
    }
    claim.push_str(rest);
    match parts.last_mut() {
        Some(last) => last.claim.push_str(&claim),
        None => parts.push(Stretch { claim, cited: Vec::new() }),
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        let mut sentences = Sentences::default();
        // As a model gives it: a few letters at a time.
        let letters: Vec<char> = text.chars().collect();
        let mut whole: Vec<String> =
            letters.chunks(3).flat_map(|some| sentences.push(&some.iter().collect::<String>())).collect();
        whole.extend(sentences.finish());
        whole.into_iter().map(|it| it.trim().to_owned()).collect()
    }

    #[test]
    fn a_sentence_keeps_the_marks_before_and_behind_its_end() {
        assert_eq!(
            cut("It was hidden [1]. Marta approved it. [2] [3]\nNothing else."),
            ["It was hidden [1].", "Marta approved it. [2] [3]", "Nothing else."]
        );
    }

    #[test]
    fn dots_in_numbers_handles_quotes_and_short_forms_end_nothing() {
        assert_eq!(
            cut("It cost $0.02 for @ana.b [1]. She wrote “Hi. Why?” to us, e.g. on Monday [2]!"),
            ["It cost $0.02 for @ana.b [1].", "She wrote “Hi. Why?” to us, e.g. on Monday [2]!"]
        );
    }

    #[test]
    fn every_stretch_has_its_own_sources() {
        let parts = stretches("Marta approved the reply [1][2], and Ben rejected the post [3].");
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].claim.as_str(), &parts[0].cited), ("Marta approved the reply ", &vec![1, 2]));
        assert_eq!((parts[1].claim.as_str(), &parts[1].cited), (", and Ben rejected the post .", &vec![3]));
        assert_eq!(stretches("No mark [here] at all.")[0].cited, Vec::<usize>::new());
    }
}
