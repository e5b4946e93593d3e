//! What a question for a number or a list names: kinds of things, deeds, how words were understood, a stretch of time.
//!
//! A record is counted and listed when all of it holds, by its facts and not by its words. What cannot be told from facts
//! is not guessed: nothing is admitted then.

use tenants::clock::Timestamp;
use tenants::intent::Intent;

use super::fit::group_of;
use super::question::{Asks, Question};
use super::record::Record;
use super::vocabulary::{Deed, Thing};
use super::when::When;

/// Deeds that say how something stands now, where there is a record of how it stands.
const STATES: [Deed; 6] =
    [Deed::Enable, Deed::Disable, Deed::Connect, Deed::Disconnect, Deed::Wait, Deed::Schedule];
/// Things that there is a record of, beside the entries of what was done to them.
const HELD: [Thing; 6] =
    [Thing::Post, Thing::Rule, Thing::Alert, Thing::Lead, Thing::Account, Thing::Approval];

/// What a record must be to be counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    things: Vec<Thing>,
    deeds: Vec<(Deed, bool)>,
    intent: Option<Intent>,
    when: Option<When>,
    /// Only what tells how something stands, not the entries of what was done to it.
    is_state: bool,
    /// Only entries: they tell who did it.
    is_entry: bool,
}

impl Wanted {
    /// What a question names; `None` when it names nothing of the kind.
    pub fn of(question: &Question) -> Option<Self> {
        let mut wanted = Self {
            things: question.things.clone(),
            deeds: question.deeds.clone(),
            intent: question.intent,
            when: question.when,
            is_state: false,
            is_entry: false,
        };
        if question.asks == Asks::Whether && question.wants_last && !wanted.things.is_empty() {
            // "Was the last comment hidden?" is about the last one, whatever became of it.
            wanted.deeds.clear();
        }
        wanted.things.sort_unstable_by_key(|it| it.as_str());
        wanted.things.dedup();
        wanted.mend();
        if wanted.things.is_empty() && wanted.deeds.is_empty() {
            return None;
        }
        let of_state = wanted.deeds.is_empty() || wanted.deeds.iter().any(|(deed, _)| STATES.contains(deed));
        let is_held = wanted.things.iter().any(|it| HELD.contains(it));
        let is_of_now = match question.asks {
            Asks::HowMany | Asks::What | Asks::Whether => true,
            Asks::When => wanted.names(Deed::Schedule) || wanted.names(Deed::Wait),
            Asks::Who => wanted.deeds.is_empty() || wanted.names(Deed::Wait),
            Asks::Why => false,
        };
        wanted.is_state = of_state && is_held && is_of_now;
        // Who did it is told by the entry.
        wanted.is_entry = question.asks == Asks::Who && !is_of_now;
        Some(wanted)
    }

    /// One that is asked by ourselves.
    pub fn these(things: &[Thing], deeds: &[(Deed, bool)], when: Option<When>) -> Self {
        Self {
            things: things.to_vec(),
            deeds: deeds.to_vec(),
            intent: None,
            when,
            is_state: false,
            is_entry: false,
        }
    }

    /// Says plainly what is meant without being said.
    fn mend(&mut self) {
        let of_words = |it: &Thing| matches!(it, Thing::Comment | Thing::Message | Thing::Mention);
        let is_of_words = self.things.iter().any(of_words);
        let waits_for_approval = self.names(Deed::Wait) && self.things.contains(&Thing::Approval);
        if waits_for_approval && is_of_words && !self.names(Deed::Escalate) {
            // What waits for approval is a draft; what was escalated waits for an answer.
            self.deeds.push((Deed::Draft, true));
        }
        if is_of_words {
            // "Which rule hid the last comment?" is told by what was done to the comment.
            self.things.retain(|it| *it != Thing::Rule);
        }
        let came_to_nothing = [Deed::Fail, Deed::GiveUp, Deed::Skip, Deed::Cancel, Deed::Retry];
        if came_to_nothing.iter().any(|it| self.names(*it)) {
            // "Replies that failed" were not sent.
            let tried = |deed: Deed| {
                matches!(deed, Deed::Answer | Deed::Send | Deed::Publish | Deed::Hide | Deed::Delete)
            };
            self.deeds.iter_mut().filter(|(deed, _)| tried(*deed)).for_each(|it| it.1 = false);
        }
        if self.things.contains(&Thing::Caption) && !self.things.contains(&Thing::Post) {
            self.things.push(Thing::Post);
        }
        self.things.retain(|it| *it != Thing::Caption);
        if self.things.contains(&Thing::Post) || self.things.contains(&Thing::Approval) && is_of_words {
            self.things.retain(|it| *it != Thing::Approval);
        }
        if self.names(Deed::Schedule) && self.things.is_empty() {
            self.things.push(Thing::Post);
        }
        let only_words = self.things.iter().all(of_words) && (is_of_words || self.intent.is_some());
        if self.deeds.is_empty() && only_words {
            self.deeds.push((Deed::Receive, true));
        }
    }

    fn names(&self, wanted: Deed) -> bool {
        self.deeds.iter().any(|(deed, _)| *deed == wanted)
    }

    /// The same, of another deed in place of one.
    #[must_use]
    pub fn with(&self, from: Deed, to: Deed) -> Self {
        let mut other = self.clone();
        other.deeds.iter_mut().filter(|(deed, _)| *deed == from).for_each(|it| it.0 = to);
        other
    }

    /// Whether it is of drafts that were approved, so that those approved with other words are told beside them.
    pub fn is_of_approvals(&self) -> bool {
        self.deeds.contains(&(Deed::Approve, true)) && self.deeds.contains(&(Deed::Draft, true))
    }

    /// Whether it is of what was to be sent and was not.
    pub fn is_of_failures(&self) -> bool {
        self.deeds
            .iter()
            .any(|it| matches!(it, (Deed::Send | Deed::Answer | Deed::Publish, false) | (Deed::Fail, true)))
    }

    /// Whether it is of how something stands now.
    pub fn is_state(&self) -> bool {
        self.is_state
    }

    /// Whether it is of what is planned: that comes in the order of its time.
    pub fn is_of_plans(&self) -> bool {
        self.names(Deed::Schedule)
    }

    /// Whether it is of leads: the surest come first.
    pub fn is_of_leads(&self) -> bool {
        self.is_state && self.things.contains(&Thing::Lead)
    }

    /// Whether it asks for who wrote.
    pub fn is_of_writers(&self) -> bool {
        self.deeds == [(Deed::Receive, true)]
    }

    /// What a record is one of: an effect is one where effects are counted, else what it was done to.
    pub fn one<'a>(&self, record: &'a Record) -> &'a str {
        let counts_effects = self.things.iter().all(|it| matches!(it, Thing::Queue | Thing::Letter));
        if counts_effects && record.source.kind == "effect" { &record.source.id } else { group_of(record) }
    }

    /// When it happened that a record tells, if the record is one that is wanted. The inner one is `None` for what only
    /// stands so now.
    pub fn admits(&self, record: &Record) -> Option<Option<Timestamp>> {
        let facts = &record.facts;
        let is_row = record.source.entry.is_none();
        if facts.things.is_empty() && facts.happened.is_empty()
            || !self.things.iter().all(|it| facts.things.contains(it))
            || self.intent.is_some_and(|it| facts.intent != Some(it))
            || self.is_state && !is_row
            || self.is_entry && is_row
            || self.mistakes_a_post_for_a_draft(record)
        {
            return None;
        }
        let moments: Vec<Option<Timestamp>> =
            self.deeds.iter().map(|(deed, done)| facts.moment(*deed, *done)).collect::<Option<_>>()?;
        let is_then = |at: &Option<Timestamp>| match (self.when, at) {
            (None, _) => true,
            (Some(when), Some(at)) => when.holds(*at),
            (Some(_), None) => false,
        };
        let own = [record.source.at];
        let asked: &[Option<Timestamp>] = if moments.is_empty() { &own } else { &moments };
        asked.iter().all(is_then).then(|| asked.first().copied().flatten())
    }

    /// "Drafts" are words for people; posts are approved, too, but nobody calls them drafts.
    fn mistakes_a_post_for_a_draft(&self, record: &Record) -> bool {
        let of_drafts = self.names(Deed::Draft) || self.things.contains(&Thing::Approval);
        of_drafts && !self.things.contains(&Thing::Post) && record.facts.things.contains(&Thing::Post)
    }

    /// `97 comments came in on 27 Nov 2026`, `at least 4 replies were sent`.
    pub fn told(&self, count: usize, is_cut: bool) -> String {
        let (noun, rest) = self.noun(count == 1);
        let at_least = if is_cut { "at least " } else { "" };
        let verbs: Vec<String> = rest.iter().map(|it| verb_told(*it, count == 1)).collect();
        let verbs =
            if verbs.is_empty() { are(count == 1).to_owned() + " there" } else { verbs.join(" and ") };
        let when = self.when.map(|when| format!(" {}", when.told())).unwrap_or_default();
        format!("{at_least}{count} {noun} {verbs}{when}")
    }

    /// What it is called, such as `count:comment+receive:2026-11-27..2026-11-27`.
    pub fn key(&self) -> String {
        let things = self.things.iter().map(|it| it.as_str().to_owned());
        let intent = self.intent.map(|it| it.as_str().to_owned());
        let deeds =
            self.deeds.iter().map(|(deed, done)| format!("{}{deed}", if *done { "" } else { "not_" }));
        let said: Vec<String> = things.chain(intent).chain(deeds).collect();
        format!("count:{}:{}", said.join("+"), self.when.map_or("all".to_owned(), |it| it.key()))
    }

    /// What is counted, and the deeds that the word for it does not say already.
    fn noun(&self, is_one: bool) -> (&'static str, Vec<(Deed, bool)>) {
        let pick = |one: &'static str, many: &'static str| if is_one { one } else { many };
        let without = |gone: &[Deed]| {
            let rest: Vec<_> = self.deeds.iter().filter(|(deed, _)| !gone.contains(deed)).copied().collect();
            // "6 replies" were sent, "6 drafts" were made.
            if rest.is_empty() { self.deeds.clone() } else { rest }
        };
        if let Some(intent) = self.intent {
            let noun = match intent {
                Intent::Question => pick("question", "questions"),
                Intent::Complaint => pick("complaint", "complaints"),
                Intent::Praise => pick("text of praise", "texts of praise"),
                Intent::Spam => pick("text of spam", "texts of spam"),
                Intent::Lead => pick("text of a lead", "texts of leads"),
                Intent::Other => pick("other text", "other texts"),
            };
            return (noun, self.deeds.clone());
        }
        let has = |thing: Thing| self.things.contains(&thing);
        let verdict = [Deed::Approve, Deed::Reject, Deed::Edit, Deed::Expire, Deed::Wait];
        let of_verdicts = self.deeds.iter().any(|(deed, _)| verdict.contains(deed));
        if self.names(Deed::Draft) && of_verdicts {
            let noun = match (has(Thing::Comment), has(Thing::Message)) {
                (true, false) => pick("draft for a comment", "drafts for comments"),
                (false, true) => pick("draft for a message", "drafts for messages"),
                _ => pick("draft", "drafts"),
            };
            return (noun, without(&[Deed::Draft]));
        }
        let is_asked_for = self.deeds.iter().all(|it| *it != (Deed::Answer, false)) || self.deeds.len() > 1;
        if self.names(Deed::Answer) && is_asked_for && self.things.iter().all(|it| *it == Thing::Queue) {
            let is_sent = self.deeds.iter().all(|it| matches!(it, (Deed::Answer | Deed::Send, true)));
            let rest = if is_sent { vec![(Deed::Send, true)] } else { without(&[Deed::Answer, Deed::Send]) };
            return (pick("reply", "replies"), rest);
        }
        let noun = match self.things.first() {
            Some(Thing::Comment) => pick("comment", "comments"),
            Some(Thing::Message) => pick("message", "messages"),
            Some(Thing::Mention) => pick("mention", "mentions"),
            Some(Thing::Post) => pick("post", "posts"),
            Some(Thing::Approval) => pick("draft or escalation", "drafts and escalations"),
            Some(Thing::Alert) => pick("alert", "alerts"),
            Some(Thing::Rule) => pick("rule", "rules"),
            Some(Thing::Account) => pick("account", "accounts"),
            Some(Thing::Lead) => pick("lead", "leads"),
            Some(Thing::Competitor) => pick("competitor", "competitors"),
            Some(Thing::Queue) => pick("effect", "effects"),
            Some(Thing::Letter) => pick("dead letter", "dead letters"),
            Some(Thing::Conversation) => pick("conversation", "conversations"),
            Some(Thing::Key) => pick("key", "keys"),
            Some(Thing::Report) => pick("report", "reports"),
            _ => pick("thing", "things"),
        };
        (noun, self.deeds.clone())
    }
}

fn are(is_one: bool) -> &'static str {
    if is_one { "is" } else { "are" }
}

/// `was hidden`, `were not sent`, `came in`.
fn verb_told((deed, done): (Deed, bool), is_one: bool) -> String {
    let was = if is_one { "was" } else { "were" };
    let not = if done { "" } else { "not " };
    let participle = match deed {
        Deed::Receive => return if done { "came in".to_owned() } else { "did not come in".to_owned() },
        Deed::Wait if done => return format!("{} for a person", if is_one { "waits" } else { "wait" }),
        Deed::Fail if done => return "failed".to_owned(),
        Deed::Expire if done => return "expired".to_owned(),
        Deed::Schedule => return format!("{} {not}scheduled", are(is_one)),
        Deed::Enable => return format!("{} {not}enabled", are(is_one)),
        Deed::Disable => return format!("{} {not}disabled", are(is_one)),
        Deed::Connect => return format!("{} {not}connected", are(is_one)),
        Deed::Hide => "hidden",
        Deed::Delete => "deleted",
        Deed::Answer => "answered",
        Deed::Send => "sent",
        Deed::Like => "liked",
        Deed::Draft => "drafted",
        Deed::Escalate => "escalated",
        Deed::Ignore => "ignored",
        Deed::Note => "only noted",
        Deed::Approve => "approved",
        Deed::Edit => "approved with other words (edited)",
        Deed::Reject => "rejected",
        Deed::GiveUp => "abandoned",
        Deed::Skip => "skipped",
        Deed::Cancel => "cancelled",
        Deed::Retry => "retried",
        Deed::Publish => "published",
        Deed::Create => "created",
        Deed::Change => "changed",
        Deed::Raise => "raised",
        Deed::Resolve => "resolved",
        Deed::TakeOver => "taken over",
        Deed::HandBack => "handed back",
        Deed::OptOut => "opted out",
        Deed::Suspend => "suspended",
        Deed::Resume => "resumed",
        Deed::Forget => "forgotten",
        Deed::Assign => "assigned",
        Deed::Revoke => "revoked",
        Deed::Refresh => "refreshed",
        Deed::Disconnect => "disconnected",
        Deed::Refuse => "refused",
        Deed::Spend => "spent",
        Deed::Wait => "waiting",
        Deed::Fail => "failing",
        Deed::Expire => "expired",
    };
    format!("{was} {not}{participle}")
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    fn told(question: &str, count: usize) -> String {
        let now = "2026-11-27T10:00:00Z".parse().unwrap();
        Wanted::of(&Question::read(question, now, Tz::UTC)).unwrap().told(count, false)
    }

    #[test]
    fn a_number_is_told_in_the_words_of_the_question() {
        for (question, count, sentence) in [
            ("How many comments did we get today?", 97, "97 comments came in on 27 Nov 2026"),
            ("How many replies were sent today?", 1, "1 reply was sent on 27 Nov 2026"),
            ("How many replies in the last hour?", 3, "3 replies were sent in the last hour"),
            ("How many replies failed?", 2, "2 replies failed"),
            (
                "How many posts did we publish this month?",
                2,
                "2 posts were published from 1 Nov 2026 to 27 Nov 2026",
            ),
            ("How many posts are scheduled?", 18, "18 posts are scheduled"),
            ("How many drafts were approved today?", 3, "3 drafts were approved on 27 Nov 2026"),
            ("How many comments are waiting for approval?", 4, "4 drafts for comments wait for a person"),
            ("How many questions were asked today?", 5, "5 questions came in on 27 Nov 2026"),
            ("How many comments were hidden?", 1, "1 comment was hidden"),
        ] {
            assert_eq!(told(question, count), sentence, "{question}");
        }
        let now = "2026-11-27T10:00:00Z".parse().unwrap();
        let wanted = Wanted::of(&Question::read("How many comments were hidden?", now, Tz::UTC)).unwrap();
        assert_eq!(wanted.told(2, true), "at least 2 comments were hidden");
    }
}
