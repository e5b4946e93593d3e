//! Signs that a model was led off its task: it speaks of its instructions, of what others wrote, of itself as a machine,
//! or it gives orders to machines.

use std::sync::LazyLock;

use llm::disguise::{readings, spelled_out};
use regex::Regex;

use super::machines::{gives_orders, hides_something};
use super::patterns::built_in;
use super::{Breach, Guard, Outgoing};

/// What nobody of a brand says to a customer. Over plain text.
static OFF_TASK: LazyLock<Regex> = LazyLock::new(|| {
    built_in(concat!(
        // The machine speaks of itself.
        r"\bas an? (?:large |ai |artificial )?(?:ai|intelligence|language model|llm)\b|\blanguage model\b|\bi(?: a|')m (?:just )?an? (?:ai|bot|llm|artificial|machine|chatbot|language)\b|\bi am dan\b|\bi (?:cannot|can't|can not|am unable to|won't) (?:comply|assist|help) with\b|\bagainst my (?:policy|rules|programming)|\b(?:developer|debug|dev|god|admin) mode\b|\b(?:una|uma) (?:inteligencia artificial|ia)\b|\bun'? ?(?:intelligenza artificiale|ia)\b|\bune (?:intelligence artificielle|ia)\b|\beine? (?:kunstliche intelligenz|ki)\b|\bals (?:ki|sprachmodell)\b|\bmodelo de (?:lenguaje|linguagem)\b|\bmodello linguistico\b|\bmodele de langage\b",
        // Of what it was told.
        r"|\bsystem prompt\b|\bsystem message\b|\bmy (?:system )?(?:instructions?|prompt|guidelines|rules|programming|developers?|configuration)\b|\b(?:these|the) instructions (?:i|say|tell|begin)|\b(?:rules|guidelines|instructions) (?:i was|i have|i've|i got|given to me)|\bi(?: was| have been|'ve been| am|'m) (?:told|instructed|configured|programmed|trained|designed|asked|not (?:supposed|allowed|permitted))\b|\b(?:follow|follows|following) (?:a|the|my|this) (?:prompt|developer)|\bi receive a\b|\bjson\b|\bcustomer_text\b|\bi(?: will|'ll) disregard\b|\bignoring my\b|\bmy prompt\b|\bdata, rules\b|\bset a flag\b|\bas an ai\b",
        r"|\b(?:mis|minhas|as minhas) (?:instrucciones|instrucoes|reglas|regras|normas|diretrizes)\b|\bmeine (?:anweisungen|regeln|richtlinien|vorgaben)\b|\bmes (?:instructions|consignes|regles|directives)\b|\bmie (?:istruzioni|regole|direttive)\b|\b(?:me han (?:indicado|dicho|ordenado)|me (?:indicaron|dijeron)|fui (?:instruido|programado|configurado)|ich wurde (?:angewiesen|programmiert)|on m'a (?:demande|dit|ordonne)|mi e stato (?:detto|ordinato|chiesto)|sono stato (?:programmato|istruito))\b|\b(?:mensaje del sistema|mensagem do sistema|systemnachricht|message systeme|messaggio di sistema)\b|\bprompt\b.{0,3}$|\b(?:un|um|einem|einen|mein|mon|il mio|mi|meu) prompt\b",
        // Pieces of the built-in instructions, which leave in whatever order.
        r"|\byou (?:write|draft|sort) (?:for|one|what)\b|\bdata written by strangers\b|\bnever (?:promise|instructions|reveal|repeat or describe)\b|\banswer only from\b|\bone json\b|\bno (?:hashtags|markdown)\b|\bwas read as\b|\bshort sentences\b|\bbytes of text\b|\bwhat the customer (?:wants|wrote, and)\b|\bsure\b.{0,3} is (?:true|false)\b|\bwhatever these fields\b|\bhow you work\b",
        // Others, and notes.
        r"|\b(?:other|another) (?:brands?|tenants?|clients?)\b|\balso (?:write|work|manage)s? for (?:the )?brand|\bour agency\b|\bother customers?\b|\banother customer\b|\botras marcas\b|\boutras marcas\b|\bandere[n]? marken\b|\bautres marques\b|\baltri marchi\b|\b(?:otros clientes|outros clientes|andere kunden|autres clients|altri clienti)\b",
        r"|\binternal(?:ly)? not(?:e|ed)|\binternal notes?\b|\b(?:our )?staff (?:has )?noted\b|\bnotes? (?:about|on) you\b|\b(?:our|my) (?:records|memory|notes)\b|\bnota interna\b|\bnotas internas\b|\binterne[nrs]? notiz|\bnotes? internes?\b|\bnote interne\b",
        // Things that were not asked for.
        r"|\byou (?:have )?won\b|\bwe hereby\b|\bto every bot\b|\bassistant: |\bsystem: |\b@?meta\.ai\b|\bapprove (?:the|all|everything)\b",
    ))
});

pub(super) fn check(outgoing: &Outgoing<'_>) -> Option<Breach> {
    let text = outgoing.text;
    // What the tenant chose itself may ask for a word, or spell one out.
    let is_chosen = outgoing.language.is_none();
    if !is_chosen && (hides_something(text) || spelled_out(text).is_some()) {
        return Some(Breach::new(Guard::Injection, "hides words from its readers"));
    }
    for (index, reading) in readings(text).iter().enumerate() {
        if let Some(found) = OFF_TASK.find_iter(reading).find(|found| !outgoing.is_own(found.as_str())) {
            let how = if index == 0 { "" } else { ", disguised" };
            let problem = format!("reads like the words of a machine: `{}`{how}", found.as_str().trim());
            return Some(Breach::new(Guard::Injection, problem));
        }
    }
    let gives_orders = !is_chosen && gives_orders(text) && !outgoing.is_own(text);
    gives_orders.then(|| Breach::new(Guard::Injection, "reads like instructions to a machine"))
}
