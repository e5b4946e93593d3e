//! By when people want something.

use std::sync::LazyLock;

use regex::Regex;

const MONTHS: &str = "january|february|march|april|may|june|july|august|september|october|november|december|\
    enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|\
    janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro|\
    januar|februar|märz|mai|juni|juli|oktober|dezember|\
    janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre|décembre|\
    gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre";
const RELATIVE: &str = "today|tomorrow|tonight|this week(?:end)?|next (?:week(?:end)?|month|year)|asap|as soon as possible|\
    hoy|mañana|esta semana|este mes|la próxima semana|la semana que viene|el próximo mes|cuanto antes|\
    hoje|amanhã|na próxima semana|próximo mês|o quanto antes|\
    heute|morgen|diese woche|nächste woche|nächsten monat|so bald wie möglich|\
    aujourd'hui|demain|cette semaine|la semaine prochaine|le mois prochain|dès que possible|\
    oggi|domani|questa settimana|la prossima settimana|il prossimo mese|il prima possibile";

static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let day = r"\d{1,2}(?:st|nd|rd|th|\.|º|er)?";
    Regex::new(&format!(
        r"(?i)\b({day}\s?(?:of\s|de\s)?(?:{MONTHS})\b(?:,?\s(?:de\s)?20\d\d)?|(?:{LONG})\s{day}\b(?:,?\s20\d\d)?|20\d\d-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./](?:20)?\d\d|(?:in|en|em|im|à|a|by|until|bis|para|per|before|antes de|avant|vor|entro)\s(?:{LONG})\b|(?:{RELATIVE}))",
        LONG = MONTHS,
    ))
    .ok()
});

/// The first day, month or span that is named, as it was written.
pub(super) fn timeline_in(text: &str) -> Option<String> {
    let text = text.replace('’', "'");
    let found = PATTERN.as_ref()?.find(&text)?.as_str();
    Some(found.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_months_and_spans_are_found_in_six_languages() {
        for (text, when) in [
            ("for our party on 12 June 2026", "12 June 2026"),
            ("June 3rd works", "June 3rd"),
            ("lo necesito para junio", "para junio"),
            ("el 3 de mayo", "3 de mayo"),
            ("am 3. Oktober", "3. Oktober"),
            ("nächste Woche bitte", "nächste Woche"),
            ("la semaine prochaine ?", "la semaine prochaine"),
            ("entro dicembre", "entro dicembre"),
            ("amanhã de manhã", "amanhã"),
            ("by 2026-05-01", "2026-05-01"),
            ("12.06.2026", "12.06.2026"),
        ] {
            assert_eq!(timeline_in(text).as_deref(), Some(when), "{text}");
        }
    }

    #[test]
    fn a_month_that_is_a_word_alone_is_no_date() {
        for text in ["may I ask something", "we march on", "mars bar", "see you at 10:30"] {
            assert_eq!(timeline_in(text), None, "{text}");
        }
    }
}
