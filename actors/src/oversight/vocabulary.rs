//! The words by which questions, records and answers are understood, from `config/oversight/words.tsv`.

use std::collections::HashMap;
use std::sync::LazyLock;

use llm::disguise::plain;
use tenants::words::word_enum;

word_enum! {
    /// What was done.
    pub enum Deed {
        /// Hidden from others.
        Hide = "hide",
        /// Deleted.
        Delete = "delete",
        /// Came in.
        Receive = "receive",
        /// Answered.
        Answer = "answer",
        /// Sent.
        Send = "send",
        /// Liked.
        Like = "like",
        /// Drafted for a person.
        Draft = "draft",
        /// Handed to a person.
        Escalate = "escalate",
        /// Left alone.
        Ignore = "ignore",
        /// Only taken note of.
        Note = "note",
        /// Approved.
        Approve = "approve",
        /// Approved with other words.
        Edit = "edit",
        /// Refused by a person.
        Reject = "reject",
        /// Overtaken by time.
        Expire = "expire",
        /// Went wrong.
        Fail = "fail",
        /// Given up for good.
        GiveUp = "give_up",
        /// Not done on purpose.
        Skip = "skip",
        /// Called off.
        Cancel = "cancel",
        /// Tried again.
        Retry = "retry",
        /// Made visible.
        Publish = "publish",
        /// Planned for a time.
        Schedule = "schedule",
        /// Made.
        Create = "create",
        /// Made different.
        Change = "change",
        /// Switched on.
        Enable = "enable",
        /// Switched off.
        Disable = "disable",
        /// Connected.
        Connect = "connect",
        /// Disconnected.
        Disconnect = "disconnect",
        /// Renewed.
        Refresh = "refresh",
        /// Raised, of alerts.
        Raise = "raise",
        /// Resolved, of alerts.
        Resolve = "resolve",
        /// Taken over by a person.
        TakeOver = "take_over",
        /// Handed back to the bot.
        HandBack = "hand_back",
        /// Wished to hear no more.
        OptOut = "opt_out",
        /// Stopped for a time.
        Suspend = "suspend",
        /// Going on again.
        Resume = "resume",
        /// Forgotten.
        Forget = "forget",
        /// Spent.
        Spend = "spend",
        /// Given to somebody.
        Assign = "assign",
        /// Waits for a person.
        Wait = "wait",
        /// Withdrawn.
        Revoke = "revoke",
        /// Refused by the platform.
        Refuse = "refuse",
    }
}

word_enum! {
    /// What something was done to.
    pub enum Thing {
        /// A comment.
        Comment = "comment",
        /// A direct message.
        Message = "message",
        /// A mention.
        Mention = "mention",
        /// A post.
        Post = "post",
        /// A file.
        Media = "media",
        /// A question to a person.
        Approval = "approval",
        /// An alert.
        Alert = "alert",
        /// A rule.
        Rule = "rule",
        /// The settings.
        Settings = "settings",
        /// A budget.
        Budget = "budget",
        /// An account.
        Account = "account",
        /// The state of a token.
        Token = "token",
        /// An API key.
        Key = "key",
        /// A conversation.
        Conversation = "conversation",
        /// A lead.
        Lead = "lead",
        /// What is remembered.
        Memory = "memory",
        /// A report.
        Report = "report",
        /// A briefing.
        Briefing = "briefing",
        /// A competitor.
        Competitor = "competitor",
        /// A caption.
        Caption = "caption",
        /// Finding out what a text wants.
        Classification = "classification",
        /// Content made by others.
        Ugc = "ugc",
        /// The queue.
        Queue = "queue",
        /// A number about the account.
        Insight = "insight",
        /// A tick.
        Tick = "tick",
        /// The tenant itself.
        Tenant = "tenant",
        /// A dead letter.
        Letter = "letter",
    }
}

/// What a word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concept {
    /// What was done.
    Deed(Deed),
    /// What it was done to.
    Thing(Thing),
    /// Turns a deed into its opposite.
    No,
    /// Nothing.
    Filler,
}

/// Words of other languages, and the English one that is read in their place: `warum` is `why`.
static SAME: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../../config/oversight/words.tsv").lines();
    let mut same = HashMap::new();
    for line in lines.filter_map(|line| line.strip_prefix("same\t")) {
        let Some((english, words)) = line.split_once('\t') else { continue };
        words.split(' ').for_each(|word| _ = same.insert(word, english));
    }
    same
});

static WORDS: LazyLock<HashMap<&'static str, Concept>> = LazyLock::new(|| {
    let lines = include_str!("../../../config/oversight/words.tsv").lines();
    let mut words = HashMap::new();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let (kind, name) = (columns.next().unwrap_or_default(), columns.next().unwrap_or_default());
        let concept = match kind {
            "deed" => name.parse().ok().map(Concept::Deed),
            "thing" => name.parse().ok().map(Concept::Thing),
            "no" => Some(Concept::No),
            "filler" => Some(Concept::Filler),
            _ => None,
        };
        let Some(concept) = concept else { continue };
        for word in columns.next().unwrap_or_default().split(' ') {
            words.entry(word).or_insert(concept);
        }
    }
    words
});

/// What a word stands for; `None` for words that are only themselves.
pub fn concept(word: &str) -> Option<Concept> {
    WORDS.get(word).copied()
}

/// What a word of an entry's type stands for, if that is a deed.
pub fn concept_of_deed(word: &str) -> Option<Deed> {
    match concept(word) {
        Some(Concept::Deed(deed)) => Some(deed),
        _ => None,
    }
}

/// The words of a question, with English ones in place of those that ask in other languages.
pub fn words_asked(text: &str) -> Vec<Word> {
    let mut found = words(&without_elisions(text));
    for word in &mut found {
        if let Some(english) = SAME.get(word.plain.as_str()) {
            word.plain = (*english).to_owned();
            word.is_name = false;
        }
    }
    found
}

/// `l'ultimo` and `d'hier` are two words.
fn without_elisions(text: &str) -> String {
    const ELIDED: [&str; 12] = ["l", "d", "c", "qu", "un", "all", "dell", "dall", "nell", "quell", "j", "n"];
    let parted = text.split_inclusive(char::is_whitespace).map(|word| {
        let begin = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        match begin.split_once(['\'', '’']) {
            Some((first, rest)) if ELIDED.contains(&plain(first).as_str()) => format!("{first} {rest}"),
            _ => word.to_owned(),
        }
    });
    parted.collect()
}

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Without case, accents and apostrophes.
    pub plain: String,
    /// Begins with a capital and does not begin a sentence: probably a name.
    pub is_name: bool,
}

/// The words of a text, handles with their `@`. Numbers are words, too.
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut begins = true;
    for raw in text.split(|c: char| c.is_whitespace() || "/()[]{}<>«»“”\"`—–…".contains(c)) {
        let trimmed = raw.trim_matches(|c: char| !c.is_alphanumeric() && c != '@' && c != '#' && c != '$');
        // An address or a version keeps its dots; a contraction loses its apostrophe.
        // `@ana's` is hers.
        let trimmed = trimmed.strip_suffix("'s").or_else(|| trimmed.strip_suffix("’s")).unwrap_or(trimmed);
        let folded: String = plain(trimmed).chars().filter(|c| !matches!(c, '\'' | '’')).collect();
        if !folded.is_empty() {
            let starts_large = trimmed.chars().next().is_some_and(char::is_uppercase);
            found.push(Word { plain: folded, is_name: starts_large && !begins });
            begins = false;
        }
        begins |= raw.ends_with(['.', '!', '?', ':']);
    }
    found
}

/// What a word is compared by: most plurals and conjugations lie behind its first letters.
pub fn stem(word: &str) -> String {
    let is_exact = word.starts_with(['@', '#', '$']) || word.chars().any(|c| c.is_ascii_digit());
    if is_exact { word.to_owned() } else { without_ending(word).chars().take(6).collect() }
}

/// `shipping`, `shipped` and `ships` are `ship`.
fn without_ending(word: &str) -> &str {
    /// What must be left of a word.
    const LEAST: usize = 3;
    let long_enough = |rest: &&str| rest.chars().count() >= LEAST;
    let shorter =
        ["ing", "ed", "es", "s"].iter().find_map(|ending| word.strip_suffix(ending).filter(long_enough));
    let rest = shorter.unwrap_or(word);
    let rest = rest.strip_suffix('e').filter(long_enough).unwrap_or(rest);
    let mut ends = rest.chars().rev();
    match (ends.next(), ends.next()) {
        (Some(last), Some(before)) if last == before && rest.len() > LEAST => {
            &rest[..rest.len() - last.len_utf8()]
        }
        _ => rest,
    }
}

/// The deeds a text speaks of; false for those that it says were not done.
pub fn deeds(words: &[Word]) -> Vec<(Deed, bool)> {
    /// So far reaches a "not".
    const REACH: usize = 4;
    let mut concepts: Vec<Option<Concept>> = words.iter().map(|word| concept(&word.plain)).collect();
    // "No reply was sent" denies; the rule "no spam" does not.
    for at in 0..words.len() {
        let denies = matches!(concepts.get(at + 1), Some(Some(Concept::Deed(_) | Concept::Thing(_))));
        if words[at].plain == "no" && !denies {
            concepts[at] = None;
        }
    }
    for at in 0..words.len() {
        if let Some(deed) = switched(&words[at..]) {
            concepts[at] = Some(Concept::Deed(deed));
        }
    }
    let of = |(at, it): (usize, &Option<Concept>)| match it {
        Some(Concept::Deed(deed)) => {
            let before = &concepts[at.saturating_sub(REACH)..at];
            // What stands between two deeds belongs to the first.
            let since =
                before.iter().rposition(|it| matches!(it, Some(Concept::Deed(_)))).map_or(0, |at| at + 1);
            let is_denied = before[since..].contains(&Some(Concept::No));
            Some((*deed, !is_denied))
        }
        _ => None,
    };
    concepts.iter().enumerate().filter_map(of).collect()
}

/// "Turned off", "switch the rule on": what is switched stands between the two.
fn switched(words: &[Word]) -> Option<Deed> {
    /// So far behind stands the other half.
    const REACH: usize = 5;
    let (first, rest) = words.split_first()?;
    let is_switch =
        matches!(first.plain.as_str(), "turn" | "turned" | "turns" | "switch" | "switched" | "switches");
    let direction = |word: &Word| match word.plain.as_str() {
        "off" => Some(Deed::Disable),
        "on" => Some(Deed::Enable),
        _ => None,
    };
    is_switch.then(|| rest.iter().take(REACH).find_map(direction)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_and_thing_has_words() {
        for deed in Deed::ALL {
            assert!(WORDS.values().any(|it| *it == Concept::Deed(*deed)), "{deed}");
        }
        for thing in Thing::ALL {
            assert!(WORDS.values().any(|it| *it == Concept::Thing(*thing)), "{thing}");
        }
    }

    #[test]
    fn a_not_turns_the_deed_behind_it() {
        let of = |text: &str| deeds(&words(text));
        assert_eq!(of("The reply was not sent"), [(Deed::Answer, true), (Deed::Send, false)]);
        assert_eq!(of("Why didn't we answer it?"), [(Deed::Answer, false)]);
        assert_eq!(of("No reply was sent"), [(Deed::Answer, false), (Deed::Send, true)]);
        assert_eq!(of("The rule no spam is enabled"), [(Deed::Enable, true)]);
        assert_eq!(of("Who turned the spam rule off?"), [(Deed::Disable, true)]);
        assert_eq!(of("It was hidden, not deleted"), [(Deed::Hide, true), (Deed::Delete, false)]);
    }

    #[test]
    fn a_word_is_known_in_its_forms() {
        for forms in [
            ["ship", "shipping", "shipped"],
            ["decide", "decided", "decides"],
            ["return", "returns", "returned"],
        ] {
            assert!(forms.iter().all(|form| stem(form) == stem(forms[0])), "{forms:?}");
        }
        assert_ne!(stem("serum"), stem("service"));
    }

    #[test]
    fn names_are_told_from_beginnings_of_sentences() {
        let names: Vec<String> = words("Yesterday Marta approved it. Who else? @Ana.B did")
            .into_iter()
            .filter(|word| word.is_name)
            .map(|word| word.plain)
            .collect();
        assert_eq!(names, ["marta"]);
        assert!(words("@Ana.B did").iter().any(|word| word.plain == "@ana.b"));
    }
}
