//! Promises: money back, guarantees, discounts, things for free. Only the tenant may make them.

use std::sync::LazyLock;

use llm::disguise::with_plain_letters;
use regex::Regex;

use super::patterns::built_in;
use super::{Breach, Guard, Outgoing};

static PROMISES: LazyLock<[(Regex, &str); 4]> = LazyLock::new(|| {
    [
        (
            built_in(
                r"\b(?:refund\w*|money[- ]back|reimburs\w+|reembols\w+|reintegr\w+ (?:el|tu|su) dinero|devolv\w+ (?:el|tu|su|o seu|o teu|seu) dinheiro|devolv\w+ (?:el|tu|su) dinero|(?:rück|zurück)?erstatt\w*|geld zurück|rembours\w+|rimbors\w+)",
            ),
            "promises money back",
        ),
        (
            built_in(
                r"\b(?:guarantee\w*|guaranty|warrant(?:y|ies)|garanti\w*|garantí\w+|garantier\w+|garanz\w+|prometemos|we promise|i promise|versprechen wir|wir versprechen|nous promettons|promettiamo|versprochen|prometido|promis juré|you(?: have)? won|has[ -]ganado|você ganhou|du hast gewonnen|vous avez gagné|hai vinto)",
            ),
            "promises or guarantees something",
        ),
        (
            built_in(
                r"\d+(?:[.,]\d+)?\s?%|\b(?:half[- ]price|discounts?|coupons?|promo codes?|descuentos?|cup[oó]n|descontos?|cupom|cupão|rabatte?|gutschein\w*|remises?|r[ée]ductions?|code promo|bons? de r[ée]duction|sconti?o?|buono sconto)\b",
            ),
            "names a discount",
        ),
        (
            built_in(
                r"\b(?:for free|free of charge|free shipping|on the house|gratis|gratuit\w*|gr[áa]tis|kostenlos\w*|kostenfrei\w*|umsonst|sin coste|sin costo|sem custo|offerts?|omaggio)\b",
            ),
            "promises something for free",
        ),
    ]
});

pub(super) fn check(outgoing: &Outgoing<'_>) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let disguised = with_plain_letters(outgoing.text);
    let is_disguised =
        disguised.iter().any(|text| PROMISES.iter().any(|(pattern, _)| pattern.is_match(text)));
    if is_disguised && !PROMISES.iter().any(|(pattern, _)| pattern.is_match(outgoing.text)) {
        breaches.push(Breach::new(Guard::Promise, "hides a promise"));
    }
    for (pattern, problem) in PROMISES.iter() {
        let foreign = pattern.find_iter(outgoing.text).find(|found| !outgoing.is_own(found.as_str()));
        if let Some(found) = foreign {
            breaches.push(Breach::new(Guard::Promise, format!("{problem}: `{}`", found.as_str())));
        }
    }
    breaches
}
