//! Whether a sentence holds only numbers of the report.

use std::collections::HashSet;

use super::ReportRequest;

/// Words of a caption that a sentence quotes.
pub(super) const QUOTED_WORDS: usize = 8;

/// The numbers that sentences may hold.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// Each number rounded to none, one and two decimals, as text; without sign.
    written: HashSet<String>,
    /// Days, names and captions, longest first: digits in them are no numbers of the report, and as a whole they may be
    /// said.
    phrases: Vec<String>,
}

impl Numbers {
    /// Those of a report.
    pub fn of(request: &ReportRequest) -> Self {
        let mut numbers = Self::default();
        for fact in &request.facts {
            let delta = fact.current.zip(fact.previous).map(|(current, previous)| current - previous);
            for value in [fact.current, fact.previous, fact.change_percent, delta].into_iter().flatten() {
                numbers.add(value);
            }
        }
        for post in &request.posts {
            numbers.add(post.engagement);
            post.reach.into_iter().for_each(|reach| numbers.add(reach));
            let quoted: Vec<&str> = post.caption.split_whitespace().take(QUOTED_WORDS).collect();
            numbers.phrases.extend([post.caption.trim().to_owned(), quoted.join(" ")]);
        }
        numbers.phrases.push(request.brand.trim().to_owned());
        let words = request.period.split_whitespace();
        let words = words.chain(request.facts.iter().flat_map(|fact| fact.label.split_whitespace()));
        numbers.phrases.extend(words.map(str::to_owned));
        // A phrase that is a bare number would let that number pass everywhere.
        numbers.phrases.retain(|phrase| {
            phrase.chars().any(char::is_numeric) && phrase.chars().any(|c| c.is_alphabetic() || c == '-')
        });
        numbers.phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
        numbers
    }

    fn add(&mut self, value: f64) {
        if value.is_finite() {
            let value = value.abs();
            self.written.extend([format!("{value:.0}"), format!("{value:.1}"), format!("{value:.2}")]);
        }
    }

    /// True when every number of the text is one of these. A number that cannot be read for sure is not.
    pub fn cover(&self, text: &str) -> bool {
        let bare = self.phrases.iter().fold(text.to_owned(), |text, phrase| text.replace(phrase, " "));
        tokens(&bare).iter().all(|token| token.readings.iter().any(|reading| self.written.contains(reading)))
    }
}

/// A number as it stands in a text, and how it may be meant: `1,234` is a thousand and more, or one and a bit.
struct Token {
    readings: Vec<String>,
}

fn tokens(text: &str) -> Vec<Token> {
    let characters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut index = 0;
    while index < characters.len() {
        if !characters[index].is_numeric() {
            index += 1;
            continue;
        }
        let begin = index;
        while index < characters.len() && belongs(&characters, index) {
            index += 1;
        }
        let digits: String = characters[begin..index].iter().collect();
        let shortened = characters.get(index).is_some_and(|c| matches!(c, 'k' | 'K' | 'm' | 'M'))
            && !characters.get(index + 1).is_some_and(|c| c.is_alphabetic());
        // Digits of other scripts and shortened numbers (1.2k) cannot be compared.
        let is_readable = digits.chars().all(|c| c.is_ascii_digit() || !c.is_numeric());
        let readings = if shortened || !is_readable { Vec::new() } else { readings(&digits) };
        found.push(Token { readings });
    }
    found
}

/// Whether a character goes on with a number: a digit, or a separator between two digits.
fn belongs(characters: &[char], index: usize) -> bool {
    let next_is_digit = characters.get(index + 1).is_some_and(|c| c.is_numeric());
    match characters[index] {
        c if c.is_numeric() => true,
        '.' | ',' | '\'' | '’' | '\u{a0}' | '\u{202f}' => next_is_digit,
        _ => false,
    }
}

fn readings(digits: &str) -> Vec<String> {
    let plain: String = digits.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | ',')).collect();
    let last = plain.rfind(['.', ',']);
    let without = |text: &str| text.replace(['.', ','], "");
    let mut found = vec![canonical(&without(&plain), "")];
    if let Some(at) = last {
        let (whole, part) = (without(&plain[..at]), &plain[at + 1..]);
        let is_sole = plain.matches(&plain[at..=at]).count() == 1;
        if part.len() != 3 || !is_sole {
            // Not groups of thousands: what stands behind the last separator are decimals.
            found.clear();
        }
        if is_sole {
            found.push(canonical(&whole, part));
        } else if part.len() == 3 {
            found.push(canonical(&without(&plain), ""));
        }
    }
    found
}

/// Without leading zeros, and with as many decimals as it was written with, two at most.
fn canonical(whole: &str, part: &str) -> String {
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    match part.trim_end_matches('0') {
        "" if part.is_empty() => whole.to_owned(),
        "" => format!("{whole}.{}", &part[..part.len().min(2)]),
        _ => format!("{whole}.{part}"),
    }
}

#[cfg(test)]
mod tests {
    use tenants::report::ReportFact;

    use super::*;

    fn numbers() -> Numbers {
        let fact = |metric: &str, current, previous, change_percent| ReportFact {
            metric: metric.to_owned(),
            label: metric.to_owned(),
            is_percent: false,
            current: Some(current),
            previous: Some(previous),
            change_percent: Some(change_percent),
        };
        Numbers::of(&ReportRequest {
            period: "the day 2026-03-04".to_owned(),
            facts: vec![fact("reach", 1_234.0, 987.0, 25.03), fact("rate", 4.5, 4.0, -12.5)],
            ..ReportRequest::default()
        })
    }

    #[test]
    fn numbers_of_the_report_are_known_however_they_are_written() {
        for text in [
            "Reach was 1234.",
            "Reach was 1,234 (987 before).",
            "Reichweite: 1.234, +25,03 %",
            "up 25.0 %, or 25%",
            "1 234".replace(' ', "\u{a0}").as_str(),
            "The rate of 4.5 fell by 12.5 %",
            "247 more people",
            "On 2026-03-04",
            "no numbers at all",
        ] {
            assert!(numbers().cover(text), "{text}");
        }
    }

    #[test]
    fn numbers_in_names_and_captions_are_said_with_them_and_not_alone() {
        let post = tenants::report::PostLine {
            caption: "Only today: 20 % off".to_owned(),
            engagement: 7.0,
            ..tenants::report::PostLine::default()
        };
        let numbers = Numbers::of(&ReportRequest {
            brand: "Studio 54".to_owned(),
            posts: vec![post],
            ..ReportRequest::default()
        });
        assert!(numbers.cover("Studio 54: “Only today: 20 % off” got 7 reactions."));
        for text in ["Reach grew by 20 %.", "54 people came.", "20 of 7"] {
            assert!(!numbers.cover(text), "{text}");
        }
    }

    #[test]
    fn invented_numbers_are_noticed_however_they_are_written() {
        for text in [
            "Reach was 1235.",
            "Reach was 12,340.",
            "up 26 %",
            "1.2k people",
            "up 25.1 %",
            "three posts and 3 reels",
            "٤٫٥ percent",
            "reach 1,234,567",
            "4.51",
        ] {
            assert!(!numbers().cover(text), "{text}");
        }
    }
}
