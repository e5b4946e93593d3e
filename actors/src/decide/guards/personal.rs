//! Personal data: addresses and numbers that must not stand in what we write, unless they are the tenant's own.

use std::sync::LazyLock;

use regex::Regex;

use super::patterns::built_in;
use super::{Breach, Guard, Outgoing};

static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| built_in(r"\b[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b"));
/// Digits in groups; whether it is a telephone or a card number is counted afterwards.
static DIGITS: LazyLock<Regex> = LazyLock::new(|| built_in(r"\+?\(?\d(?:[\s().\-/]{0,2}\d){7,}"));
static IBAN: LazyLock<Regex> = LazyLock::new(|| built_in(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]){11,30}\b"));

/// Fewest digits of a telephone number; dates (8 digits) and order numbers are shorter.
const PHONE_DIGITS: usize = 9;

/// Words for digits; so many in a row are a number that is spoken so that it is not seen.
const SPOKEN_DIGITS: &str = "zero one two three four five six seven eight nine oh cero uno dos tres cuatro cinco seis siete ocho nueve um dois três quatro cinco seis sete oito nove null eins zwei drei vier fünf sechs sieben acht neun zéro un deux trois quatre cinq sept huit neuf due tre quattro cinque sei sette otto";
const SPOKEN_IN_A_ROW: usize = 6;

fn speaks_a_number(text: &str) -> bool {
    let mut run = 0;
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).any(|word| {
        let is_digit = SPOKEN_DIGITS.split(' ').any(|digit| word.eq_ignore_ascii_case(digit));
        run = if is_digit { run + 1 } else { 0 };
        run >= SPOKEN_IN_A_ROW
    })
}

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let text = outgoing.text;
    let emails = EMAIL.find_iter(text).map(|found| (found.as_str(), "an e-mail address"));
    let accounts = IBAN.find_iter(text).map(|found| found.as_str()).filter(|found| is_iban(found));
    let accounts = accounts.map(|found| (found, "a bank account number"));
    let numbers =
        DIGITS.find_iter(text).filter_map(|found| Some((found.as_str(), number_kind(found.as_str())?)));
    if speaks_a_number(text) {
        return Some(Breach::new(Guard::PersonalData, "spells a number in words"));
    }
    let foreign = emails.chain(accounts).chain(numbers).find(|(found, _)| !outgoing.is_own(found));
    // The data itself stays out of the reason: reasons are shown in lists and logs.
    foreign.map(|(_, what)| Breach::new(Guard::PersonalData, format!("contains {what}")))
}

fn number_kind(found: &str) -> Option<&'static str> {
    let digits: Vec<u32> = found.chars().filter_map(|c| c.to_digit(10)).collect();
    if is_card(&digits) {
        return Some("a card number");
    }
    (digits.len() >= PHONE_DIGITS).then_some("a telephone or account number")
}

/// Luhn's check over 13 to 19 digits.
fn is_card(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| if place % 2 == 1 { doubled(digit) } else { digit })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10)
}

/// ISO 7064: the number with its first four characters at the end, letters as 10 to 35, is 1 modulo 97.
fn is_iban(text: &str) -> bool {
    let characters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    if !(15..=34).contains(&characters.len()) {
        return false;
    }
    let turned = characters[4..].iter().chain(&characters[..4]);
    let remainder = turned.filter_map(|c| c.to_digit(36)).fold(0, |remainder: u32, value| {
        let shift = if value > 9 { 100 } else { 10 };
        (remainder * shift + value) % 97
    });
    remainder == 1
}
