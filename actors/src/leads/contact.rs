//! Mail addresses and telephone numbers.

use std::sync::LazyLock;

use regex::Regex;

use super::budget;

/// Digits of a telephone number, with its country.
const DIGITS: std::ops::RangeInclusive<usize> = 9..=15;

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[^a-z0-9._%+-])([a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){0,4}\.[a-z]{2,24})")
        .ok()
});
/// Groups of digits with what people put between them.
static PHONE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(\+|\b00|\(|\b)(\d[\d\s().\-/]{6,24}\d)").ok());
/// Words before a number that is no telephone number.
static OTHER_NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(order|pedido|orden|bestell\w*|commande|ordine|encomenda|tracking|invoice|factura|rechnung|facture|fattura|fatura|iban|n[°º]|#)\W{0,4}(?:no\.?|nr\.?|number|nummer|numero|número)?\W{0,3}$",
    )
    .ok()
});

/// The first mail address.
pub(super) fn email_in(text: &str) -> Option<String> {
    let found = EMAIL.as_ref()?.captures(text)?.get(1)?.as_str();
    Some(found.trim_matches('.').to_lowercase())
}

/// The first telephone number: with a country, or as many digits as no date, price or order has.
pub(super) fn phone_in(text: &str) -> Option<String> {
    let pattern = PHONE.as_ref()?;
    pattern.captures_iter(text).find_map(|found| {
        let (sign, rest) = (found.get(1)?, found.get(2)?);
        let before = text.get(..sign.start()).unwrap_or_default();
        let is_other = OTHER_NUMBER.as_ref().is_some_and(|other| other.is_match(before));
        let digits: String = rest.as_str().chars().filter(char::is_ascii_digit).collect();
        let after = text.get(rest.end()..).unwrap_or_default();
        let is_money = budget::begins_with_currency(after) || budget::ends_with_currency(before);
        let is_joined = before.ends_with(|c: char| c.is_alphanumeric() || c == '@' || c == '/');
        if is_other
            || is_money
            || is_joined
            || !DIGITS.contains(&digits.len())
            || looks_like_dates(rest.as_str())
        {
            return None;
        }
        let has_country = matches!(sign.as_str(), "+" | "00");
        Some(if has_country { format!("+{digits}") } else { digits })
    })
}

/// `12.06.2026 - 14.06.2026`
fn looks_like_dates(text: &str) -> bool {
    let groups: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let is_year = |part: &&str| part.len() == 4 && (part.starts_with("20") || part.starts_with("19"));
    groups.len() >= 3 && groups.iter().any(is_year) && groups.iter().all(|part| part.len() <= 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_addresses_are_found_in_a_sentence() {
        assert_eq!(
            email_in("write to Anna.Berg+shop@Example.CO.uk.").as_deref(),
            Some("anna.berg+shop@example.co.uk")
        );
        assert_eq!(email_in("(me@x.io)").as_deref(), Some("me@x.io"));
        for text in ["@handle", "a@b", "follow me @anna.berg", "50@ each"] {
            assert_eq!(email_in(text), None, "{text}");
        }
    }

    #[test]
    fn telephone_numbers_are_found_however_they_are_grouped() {
        for (text, number) in [
            ("call +34 612 345 678", "+34612345678"),
            ("0049 (170) 123-4567 please", "+491701234567"),
            ("mi número es 612345678", "612345678"),
            ("(212) 555-01234", "21255501234"),
        ] {
            assert_eq!(phone_in(text).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn orders_prices_and_dates_are_no_telephone_numbers() {
        for text in [
            "order 123456789",
            "Bestellung Nr. 123456789",
            "pedido #123456789",
            "100000000 €",
            "$ 100 000 000",
            "12.06.2026 - 14.06.2026",
            "2026-06-12",
            "10:30",
            "size 12345",
        ] {
            assert_eq!(phone_in(text), None, "{text}");
        }
    }
}
