//! Amounts of money.

use std::sync::LazyLock;

use regex::Regex;

const AMOUNT: &str = r"\d{1,3}(?:[.,' ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?";
const CURRENCY: &str = r"€|\$|£|eur\b|euros?\b|usd\b|us\$|dollars?\b|d[oó]lares\b|gbp\b|pounds?\b|chf\b|francs?\b|franken\b|libras\b|reais\b|r\$|brl\b|mxn\b|pesos\b|bucks\b";

static WITH_CURRENCY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)(?:({CURRENCY})\s?({AMOUNT})\s?(k\b)?|\b({AMOUNT})\s?(k|mil|tsd\.?)?\s?({CURRENCY}))"
    ))
    .ok()
});
/// A number without a currency counts only where the sentence says that it is the budget.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"(?i)\b(?:budget|presupuesto|or[çc]amento|verba)\b[^\d\n.!?]{{0,30}}?({AMOUNT})\s?(k\b)?"
    ))
    .ok()
});
static BEGINS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!(r"(?i)^\s?(?:{CURRENCY})")).ok());
static ENDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!(r"(?i)(?:{CURRENCY})\s?$")).ok());

/// The first amount with a currency, or the one that is called the budget; as it was written, in one form.
pub(super) fn budget_in(text: &str) -> Option<String> {
    if let Some(found) = WITH_CURRENCY.as_ref()?.captures(text) {
        let part = |index| found.get(index).map(|part| part.as_str().trim());
        let (amount, unit, currency) = match part(2) {
            Some(amount) => (amount, part(3), part(1)?),
            None => (part(4)?, part(5), part(6)?),
        };
        return Some(format!("{amount}{} {currency}", unit_of(unit)));
    }
    let found = NAMED.as_ref()?.captures(text)?;
    let amount = found.get(1)?.as_str().trim();
    Some(format!("{amount}{}", unit_of(found.get(2).map(|unit| unit.as_str()))))
}

fn unit_of(unit: Option<&str>) -> String {
    match unit.map(str::to_lowercase).as_deref() {
        None => String::new(),
        Some("k") => "k".to_owned(),
        Some(word) => format!(" {word}"),
    }
}

/// True when what follows a number makes it money.
pub(super) fn begins_with_currency(text: &str) -> bool {
    BEGINS.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

/// True when what stands before a number makes it money.
pub(super) fn ends_with_currency(text: &str) -> bool {
    ENDS.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_their_currency() {
        for (text, budget) in [
            ("around 500€ would be ok", "500 €"),
            ("up to $1,200", "1,200 $"),
            ("hasta 1.500 euros", "1.500 euros"),
            ("we have 2k EUR", "2k EUR"),
            ("10 mil reais", "10 mil reais"),
            ("£ 80.50 each", "80.50 £"),
        ] {
            assert_eq!(budget_in(text).as_deref(), Some(budget), "{text}");
        }
    }

    #[test]
    fn a_bare_number_is_a_budget_only_when_it_is_called_so() {
        assert_eq!(budget_in("our budget is about 3000").as_deref(), Some("3000"));
        assert_eq!(budget_in("mi presupuesto: 800").as_deref(), Some("800"));
        for text in ["80 guests", "for 12 people on the 3rd", "no budget. 12 guests", "size 38"] {
            assert_eq!(budget_in(text), None, "{text}");
        }
    }
}
