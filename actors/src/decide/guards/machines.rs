//! Whether a text that comes in is meant for a machine: orders to a language model, questions for its instructions and
//! secrets, signs of chat templates, pieces of markup.
//!
//! No list of sentences: words are sorted into a few notions (to disregard, to reveal, instructions, secrets, "your"),
//! and it is their neighbourhood that tells, in six languages and in every reading of a disguised text
//! ([`llm::disguise`]). It errs on the careful side: what is recognised here is answered by a person, no more.

use std::sync::LazyLock;

use llm::disguise::{decoded, has_hidden_tags, straight, turned};
use regex::Regex;

use super::patterns::built_in;

/// Words between two notions that belong together.
const NEAR: usize = 6;

/// A notion that a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notion {
    /// To disregard, forget, cancel, go around.
    Disregard,
    /// To reveal, repeat, translate, list.
    Reveal,
    /// Instructions, rules, guidelines: harmless words by themselves.
    Instructions,
    /// What only a language model has.
    Prompt,
    /// Keys, passwords, notes, what others wrote.
    Secret,
    /// Your, above, previous, all: what makes instructions those of the machine.
    Yours,
    /// Not, no longer.
    Not,
    /// To follow, to obey.
    Follow,
}

use Notion::{Disregard, Follow, Instructions, Not, Prompt, Reveal, Secret, Yours};

/// Beginnings of words without accents; a word ends where it ends when `$` says so.
const STEMS: [(Notion, &str); 8] = [
    (
        Disregard,
        "ignor scrap$ aside$ abandon disregard forget$ forgetting overrid bypass cancelled canceled cancels jailbreak circumvent olvid omite omit$ esquec esquece desconsider desobed dispens vergiss vergesst missacht ubergeh umgeh hinweg oubli contourn dimentic scord beiseite tomber perdere lado$ ignori ignorier caso$ compte$ conto$ bypassa",
    ),
    (
        Reveal,
        "reveal print$ show$ shows$ display output$ repeat recite leak$ dump$ disclose translate summari spell$ encode write$ tell$ give$ list$ send$ share$ copy$ paste$ say$ said$ says$ what$ which$ cual cuales$ que$ quais$ qual$ was$ welche quel$ quelle quels quali$ muestra muestr ensen repit dime$ dame$ quote$ words$ traduc traduz traduis traduire copia di$ diga$ mostr mostra mostre liste$ passa$ zeig gib$ nenn sag$ wiederhol ubersetz lauten$ gibt$ montre affich repete recopi donne$ dis$ ripeti dimmi$ dammi$ rivela revela revele verrat",
    ),
    (
        Instructions,
        "instruction guidance guideline rulebook directions$ policies$ programming constraints$ ordenaram ordenaron vorschrift directive rules$ rule$ restriction regulations instruccion indicacion reglas$ normas$ restriccion instrucoes instrucao regras$ diretriz orientac anweisung vorgab regeln$ richtlini consigne regles$ directives istruzion regole$ direttiv indicazion anordnung task$",
    ),
    (Prompt, "prompt$ prompts$ systemprompt startprompt promtp$ systemnachricht"),
    (
        Secret,
        "apikey password passwort passwd contrasena senha$ credential zugangsdaten token$ tokens$ schlussel internal$ internas$ interna$ internen$ interne$ interni$ memory$ database$ datenbank tenants$ environment$ configuration$ env$ clave$ chave$ chiave$ cle$ key$ keys$",
    ),
    (
        Yours,
        "your$ yours$ you$ ur$ yuor$ previous prior$ earlier$ above$ initial system$ hidden$ original$ all$ everything$ these$ given$ tu$ tus$ tuas$ teus$ sus$ suas$ seus$ te$ anterior todas$ todos$ arriba$ acima$ sistema$ dein deine ihre$ alle$ alles$ vorherig bisherig obig oben$ tes$ ton$ ta$ toutes$ precedent dessus$ tue$ tuo$ tuoi$ tutte$ sopra$ mes$ secret dieron$ dado$ ordenaron$ ordenaram$ told$",
    ),
    (
        Not,
        "not$ no$ don$ dont$ stop$ without$ sin$ sem$ sans$ senza$ ohne$ nao$ nicht$ keine$ ne$ plus$ non$ aucune$ longer$ new$ nuevas$ from$",
    ),
    (
        Follow,
        "follow obey comply sigas$ sigue siga$ segu befolg folge$ suis$ suivre suivez obed obei obei$ obbed gehorch",
    ),
];

/// Every stem with its notion, in order.
static SORTED: LazyLock<Vec<(&str, bool, Notion)>> = LazyLock::new(|| {
    let each = |(notion, stems): &(Notion, &'static str)| {
        let notion = *notion;
        stems.split(' ').map(move |stem| (stem.trim_end_matches('$'), stem.ends_with('$'), notion))
    };
    let mut sorted: Vec<_> = STEMS.iter().flat_map(each).collect();
    sorted.sort_by(|a, b| a.0.cmp(b.0));
    sorted
});

/// Words that are recognised with a letter wrong, missing, or two changed about.
const MISSPELT: [(&str, Notion); 6] = [
    ("ignore", Disregard),
    ("disregard", Disregard),
    ("instructions", Instructions),
    ("instruction", Instructions),
    ("prompt", Prompt),
    ("instrucciones", Instructions),
];

/// Things that only somebody says who speaks to a machine, or wants to put words into its mouth. Over plain text.
static PHRASES: LazyLock<Regex> = LazyLock::new(|| {
    built_in(concat!(
        // Another role.
        r"\byou are (?:now |no longer )?(?:an? |my )?(?:ai|bot|assistant|chatgpt|dan|admin|llm|language model|personal assistant)\b|\byou are (?:now|no longer)\b.{0,25}\b(?:assistant|ai|bot|dan|brand|pirate)\b|\b(?:act|behave|respond|answer) as (?:an? |the |my |if )?(?:ai|admin\w*|developer|system|owner|evil\w*|root|terminal)|\bwill answer as\b|\bpretend (?:you|to be|that you)|\brole ?-?play\b|\b(?:developer|debug|dev|god|admin|maintenance|sudo|dan|root) mode\b|\bsimulate an?\b.{0,20}\b(?:terminal|console|shell|system)|\b(?:i am|this is|it'?s) (?:your|the) (?:developer|creator|admin\w*|security team|owner of the system)|\bimagine you (?:have|had|are)|\bwithout (?:any )?(?:restrictions|filters|limits)|\bobey (?:the|me|my|next)|\byou (?:must )?obey\b|\byou are a pirate",
        r"|\b(?:ahora eres|eres ahora|agora (?:voce e|es)|voce agora e|du bist jetzt|bist du jetzt|jetzt bist du|sie sind jetzt|du spielst jetzt|tu es maintenant|maintenant tu es|tu es desormais|joue le role|ora sei|adesso sei|interpreta|d'ora in poi|ab jetzt bist du|a partir de agora voce|a partir de ahora eres)\b|\b(?:actua|aja|agis|comportati|verhalte dich|handle) (?:como|comme|come|wie)\b|\b(?:finge que|finge ser|finja|fingi di|fai finta|tu so als|tu so, als|fais (?:comme si|semblant))|\b(?:modo (?:desarroll|desenvolv|programador|debug|libre|livre)|entwicklermodus|mode developpeur|modalita (?:sviluppatore|sviluppo))",
        r"|\b(?:sin|sem) (?:restricciones|filtros|restricoes|censura)|\bohne (?:einschrankungen|filter)|\bsans (?:aucune )?(?:restriction|filtre|limite)|\bsenza (?:restrizioni|filtri|limiti)",
        // Words to be said.
        r"|\b(?:repeat|say) after me\b|\bsay exactly\b|\b(?:reply|answer|respond)s? (?:only )?(?:with|yes)\b.{0,30}(?:sentence|following|text|word|pwned|nothing else|only|yes|\{)|\b(?:reply|respond|answer) (?:only|pwned)\b|\b(?:your|every) (?:answer|reply|message)s? (?:must|should|has to|with)\b|\bcomplete this sentence\b|\bnothing else\b|\bfinal answer\b|\bset sure\b|\bwith confidence\b|\b(?:classify|mark) this\b|\bas praise\b|\bpwned\b|\bwrite an ad\b|\bdo as told\b|\bdo what i say\b|\bonly with emoji|\bapprove everything\b|\bi will (?:obey|do that)\b",
        r"|\b(?:di|diga|dis|di'|sag) (?:exactamente|exatamente|exactement|esattamente|genau)|\b(?:repite conmigo|repita comigo|repete apres moi|ripeti (?:dopo di|con) me|sprich mir nach|sag mir nach)\b|\b(?:responde|responda|reponds|antworte|rispondi)\b.{0,20}\b(?:unicamente|solo|apenas|so|uniquement|seulement|nur|ausschlie\w+|soltanto|ok|oui|ja|si|com a frase)\b",
        // The instructions, without naming them.
        r"|\b(?:text|words?|everything|line|all) (?:above|before my|you were told)|\babove this line\b|\b(?:told|tell) you to (?:say|do)\b|\bte disseram\b|\bexact words of\b|\byou were told\b|\bword for word\b|\bpalabra por palabra\b|\bpalavra por palavra\b|\bwort fur wort\b|\bmot pour mot\b|\bparola per parola\b|\btexto de arriba\b|\btexto acima\b|\btext oben\b|\btexte ci-dessus\b|\btesto qui sopra\b|\bsystem (?:prompt|message|notice|override)\b|\b(?:code block|in base64|base64)\b|\bdecode (?:this|hex)\b",
        // Others, and secrets.
        r"|\b(?:ignore|disregard|forget)\b.{0,12}\b(?:above|previous|prior|told)\b|\bother (?:brands?|tenants?|clients?|customers?)\b|\b(?:your|the) (?:other )?customers'? ?(?:e-?mail|data|name)|\be-?mail addresses of your\b|\botr[oa]s (?:marcas|clientes)\b|\boutr[oa]s (?:marcas|clientes)\b|\bandere[nr]? (?:marken|kunden)\b|\bdaten der kunden\b|\bautres (?:marques|clients)\b|\baltr[ie] (?:marchi|clienti)\b|\b(?:api|access|openai)[ -]?(?:key|token|schlussel)|\b(?:clave|chave|chiave|cle) (?:de |da |do )?api\b|\bapi-?schlussel\b|\b(?:internal|staff|your) notes?\b|\bnotas? intern|\binterne[nr]? notiz|\bnotes? intern|\bnote interne\b|\byour notes on\b|\b(?:lista|liste|muestra|mostra|affiche) (?:os|los|las|les|i) (?:datos|dados|clientes|clienti|donnees|dati)\b|\b(?:muestra|mostra|affiche|zeige?) (?:los|os|les|i|die) (?:datos|dados|donnees|dati|daten)\b|\.env\b|\bdrop table\b|\b(?:print|dump|show)\b.{0,12}\b(?:environment|config\w*|variables)\b",
        // Notes to machines, and things that pass for the results of tools.
        r"|\b(?:note|notice|important|message) (?:to|for|from) (?:the |all |every )?(?:ai|assistants?|bots?|llms?|system|developer)\b|\b(?:ai|bots?|assistants?|llms?) (?:assistants? )?(?:reading|must|should|may now)|\b(?:nota|note|hinweis|anweisung|mensaje|mensagem|nachricht|message|messaggio)? ?(?:an die|an den|to the|per l'|pour l'|para (?:la|a|o|el)) ?(?:ia|ki|ai|bot|assistent|asistente|assistente)\b|[({\[]\s*(?:assistente|assistant|asistente|assistent|assistente|ki|ia|ai)\s*:|\bmots? de passe (?:des|du|de|admin\w*)|\b(?:tool|function) (?:result|output|response)\b|\b(?:api response|search result|retrieved document|observation|thought|action)\s*\d*:|\brole: \w+|\bcustomer_text\b|\bend of (?:document|customer|user|system)|\bnew (?:instructions|rules|task)\b|\bfacts (?:below|:)|\bfrom now on you\b|\bas your (?:developer|creator)|\byour developer\b|\bdisable the\b.{0,12}\bfilter|\bis (?:an admin\w*|administrator|verified, )|\bobey customers\b|\b(?:you|u) owe me \d",
    ))
});

/// Signs that people do not use: chat templates, roles, documents, templates, markup. Over the text as it stands.
static SIGNS: LazyLock<Regex> = LazyLock::new(|| {
    built_in(concat!(
        r"<\||\|>|\[/?inst\]|<</?sys>>|</?s>|<bos>|<(?:start|end)_of_turn>|(?:^|\n)[\s\x00-\x1f]*(?:system|assistant|user|human|developer|tool|model)(?: message)?\s*:|(?:^|\n)\s*#{1,6}\s+\w|(?:^|\n)\s*[-=]{3,}\s*(?:begin|end)|\[/?(?:system|assistant|user|end of|start of|tool|inst)|\]\(",
        r#"|"\s*(?:role|facts|reply|customer_text|history|sure|intent|confidence|content|customer_status)\s*\\?"?\s*:|"\s*\}\s*\]|\}\}|\{\{|\{%|%\}|\$\{|<%|#\{|\[\[\$|\]\]>|\{(?:name|brand|answer|emoji)\}|```"#,
        r"|</?[a-z][a-z_-]*(?:\s[^<>]*)?/?>|<!--|<!\[cdata|javascript:|&(?:lt|gt|quot|amp|#\d+);",
    ))
});

/// True when an incoming text tries to give instructions to a machine, or to learn them. It is answered by a person.
pub(in crate::decide) fn speaks_to_machines(text: &str) -> bool {
    is_marked(text) || hides_something(text) || gives_orders(text)
}

/// True when a text, in one of its readings, gives orders to a machine or asks for what only a machine has.
pub(super) fn gives_orders(text: &str) -> bool {
    let straight = straight(text);
    // Turned about, notions are enough: this is asked about every text that comes in.
    straight.iter().any(|reading| is_order(reading))
        || turned(&straight[0]).iter().any(|reading| has_order(reading) || is_order_in_one_word(reading))
}

/// True when a text carries signs of chat templates, of documents for machines, or of markup.
fn is_marked(text: &str) -> bool {
    SIGNS.is_match(text)
}

/// Those signs, one by one.
pub(super) fn signs(text: &str) -> impl Iterator<Item = &str> {
    SIGNS.find_iter(text).map(|found| found.as_str())
}

/// True when a text holds another one that no reader sees: encoded, or in invisible letters.
pub(super) fn hides_something(text: &str) -> bool {
    has_hidden_tags(text) || !decoded(text).is_empty()
}

/// True when one reading of a text is an order to a machine.
fn is_order(plain: &str) -> bool {
    PHRASES.is_match(plain) || has_order(plain) || is_order_in_one_word(plain)
}

/// Whether notions stand together that make an order.
fn has_order(plain: &str) -> bool {
    let mut last: [Option<usize>; 8] = [None; 8];
    let words = plain.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    let near = |last: &[Option<usize>; 8], notion: Notion, at: usize| {
        last[notion as usize].is_some_and(|before| at - before <= NEAR)
    };
    for (at, word) in words.enumerate() {
        for notion in notions_of(word) {
            last[notion as usize] = Some(at);
        }
        let is = |notion: Notion| near(&last, notion, at);
        let orders =
            is(Instructions) && (is(Disregard) || (is(Not) && is(Follow)) || (is(Follow) && is(Yours)));
        let asks = is(Instructions) && is(Reveal) && is(Yours);
        let prompts = is(Prompt) && (is(Reveal) || is(Disregard) || is(Yours) || is(Follow));
        let steals = is(Secret) && is(Reveal) && (is(Yours) || is_telling_secret(word));
        let frees = is(Instructions) && is(Not) && is(Yours);
        if orders || asks || prompts || steals || frees {
            return true;
        }
    }
    false
}

/// Secrets that nobody asks a shop for, whosever they are.
fn is_telling_secret(word: &str) -> bool {
    ["password", "passwort", "contrasena", "senha", "credential", "token", "tenants", "database"]
        .iter()
        .any(|secret| word.starts_with(secret))
}

/// Letters that were put together without gaps: `ignoreyourinstructions`.
fn is_order_in_one_word(plain: &str) -> bool {
    const LONG: usize = 18;
    let holds = |word: &str, parts: &[&str]| parts.iter().any(|part| word.contains(part));
    plain.split(' ').filter(|word| word.len() >= LONG).any(|word| {
        holds(word, &["instruc", "instruk", "istruz", "anweisung", "prompt", "yourrules", "yoursystem"])
            && holds(
                word,
                &[
                    "ignore",
                    "disregard",
                    "forget",
                    "reveal",
                    "ignora",
                    "olvida",
                    "vergiss",
                    "oublie",
                    "dimentica",
                    "esquec",
                    "tellme",
                    "show",
                    "your",
                    "previous",
                ],
            )
    })
}

fn notions_of(word: &str) -> impl Iterator<Item = Notion> + '_ {
    let sorted = &*SORTED;
    // Stems that begin a word stand before it in order; a word's first letters bound how far one has to look.
    let end = sorted.partition_point(|(stem, ..)| *stem <= word);
    let first = word.chars().next().map_or(0, char::len_utf8);
    let begin = sorted.partition_point(|(stem, ..)| *stem < &word[..first]);
    let exact = sorted[begin.min(end)..end]
        .iter()
        .filter(move |(stem, is_whole, _)| if *is_whole { word == *stem } else { word.starts_with(stem) })
        .map(|(_, _, notion)| *notion);
    exact.chain(misspelt(word))
}

fn misspelt(word: &str) -> Option<Notion> {
    let (first, length) = (word.chars().next()?, word.len());
    let is_like = |(known, _): &&(&str, Notion)| {
        known.starts_with(first)
            && known.len().abs_diff(length) <= 1
            && length > 5
            && strsim::osa_distance(known, word) <= 1
    };
    MISSPELT.iter().find(is_like).map(|(_, notion)| *notion)
}
