//! Rules that users make: when this comes in, and these conditions hold, do that.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::effect::check_quick_replies;
use crate::ids::RuleId;
use crate::intent::{Intent, Language, Sentiment};
use crate::settings::InvalidSetting;
use crate::words::word_enum;

word_enum! {
    /// What a rule listens to.
    pub enum TriggerKind {
        /// Comments under the tenant's own media.
        Comment = "comment",
        /// Direct messages.
        Dm = "dm",
        /// Mentions elsewhere.
        Mention = "mention",
        /// Replies to stories.
        StoryReply = "story_reply",
    }
}

/// What a rule listens to, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The kind.
    pub on: TriggerKind,
    /// Media ids; empty means any.
    #[serde(default)]
    pub media: Vec<String>,
}

/// One condition; all conditions of a rule must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "if", rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// At least one of the words occurs, as a whole word, without case.
    KeywordsAny {
        /// The words.
        words: Vec<String>,
    },
    /// Every word occurs.
    KeywordsAll {
        /// The words.
        words: Vec<String>,
    },
    /// No word occurs.
    KeywordsNone {
        /// The words.
        words: Vec<String>,
    },
    /// The regular expression matches somewhere (Rust regex syntax; linear time, compiled size limited).
    Regex {
        /// The expression.
        pattern: String,
    },
    /// The text is in one of these languages.
    Language {
        /// The languages.
        any: Vec<Language>,
    },
    /// The author is one of these handles or ids.
    Author {
        /// Handles without `@`, or ids.
        any: Vec<String>,
    },
    /// The local time lies in this span; may cross midnight.
    Time {
        /// `HH:MM`, first minute.
        from: String,
        /// `HH:MM`, first minute after.
        until: String,
    },
    /// The feeling is one of these.
    Sentiment {
        /// The feelings.
        any: Vec<Sentiment>,
    },
    /// The intent is one of these, with at least this confidence.
    Intent {
        /// The intents.
        any: Vec<Intent>,
        /// 0 to 1.
        #[serde(default)]
        min_confidence: f32,
    },
}

/// One thing a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleAction {
    /// Answer where it was said (comment, mention or direct message).
    Reply {
        /// Variations with `{name}`, `{brand}`; one is chosen by the event, always the same for the same event.
        variations: Vec<String>,
    },
    /// Answer a comment by direct message.
    PrivateReply {
        /// Variations.
        variations: Vec<String>,
    },
    /// Send a direct message (inside the window).
    Dm {
        /// Variations.
        variations: Vec<String>,
    },
    /// Send a direct message with quick replies to tap (inside the window).
    Ask {
        /// Variations.
        variations: Vec<String>,
        /// What can be tapped: 1 to 13 titles of at most 20 characters. A tap comes back as a message with this text, on
        /// which other rules may act.
        quick_replies: Vec<String>,
    },
    /// Like it.
    Like,
    /// Hide the comment.
    Hide,
    /// Delete the comment.
    Delete,
    /// Tag the comment or conversation.
    Tag {
        /// The tag.
        tag: String,
    },
    /// Hand it to a person, with an alert-like approval of kind escalation.
    Escalate,
    /// Hand it to a named person.
    Assign {
        /// Who.
        to: String,
    },
    /// Do nothing further: no later rule, no classification.
    Stop,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// What people call it.
    pub name: String,
    /// What it listens to.
    pub trigger: Trigger,
    /// All must hold; none means always.
    pub conditions: Vec<Condition>,
    /// Done in this order.
    pub actions: Vec<RuleAction>,
    /// Higher goes first; of equals, the older.
    pub priority: i32,
    /// At most this many hits per local day.
    pub daily_cap: Option<u32>,
    /// Only an enabled rule is looked at.
    pub enabled: bool,
    /// Recorded as it would have acted, but nothing is done.
    pub dry_run: bool,
    /// Row created.
    pub created_at: Timestamp,
    /// Row changed.
    pub updated_at: Timestamp,
}

/// Longest regular expression, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1_000;
/// Most conditions or actions of one rule.
pub const MAX_PARTS: usize = 50;
/// Largest compiled regular expression, in bytes.
pub const MAX_COMPILED_REGEX_BYTES: usize = 256 << 10;
/// Most regular expressions in all rules of a tenant: compiling and keeping them must not weigh on the others.
pub const MAX_REGEXES_OF_TENANT: usize = 50;
/// Most rules of a tenant.
pub const MAX_RULES_OF_TENANT: usize = 500;

impl Rule {
    /// Refuses a rule that cannot work, naming the part that is wrong.
    pub fn validate(&self) -> Result<(), InvalidSetting> {
        let invalid =
            |field: String, problem: &str| Err(InvalidSetting { field, problem: problem.to_owned() });
        if self.name.trim().is_empty() || self.name.chars().count() > 200 {
            return invalid("name".into(), "give a name of 1 to 200 characters");
        }
        if self.actions.is_empty() {
            return invalid("actions".into(), "name at least one action");
        }
        if self.actions.len() > MAX_PARTS {
            return invalid("actions".into(), "at most 50 actions");
        }
        if self.conditions.len() > MAX_PARTS {
            return invalid("conditions".into(), "at most 50 conditions");
        }
        if self.regexes() > MAX_REGEXES_OF_TENANT {
            return invalid("conditions".into(), "too many regular expressions: use keywords");
        }
        for (index, condition) in self.conditions.iter().enumerate() {
            if let Err(problem) = condition.validate() {
                return invalid(format!("conditions[{index}]"), &problem);
            }
        }
        for (index, action) in self.actions.iter().enumerate() {
            if let Err(problem) = action.validate(self.trigger.on) {
                return invalid(format!("actions[{index}]"), problem);
            }
        }
        Ok(())
    }

    /// How many regular expressions it holds.
    pub fn regexes(&self) -> usize {
        self.conditions.iter().filter(|condition| matches!(condition, Condition::Regex { .. })).count()
    }

    /// Refuses a rule with which the tenant's rules together would become too many; `others` are those it has.
    pub fn validate_among(&self, others: &[Rule]) -> Result<(), InvalidSetting> {
        let others = || others.iter().filter(|other| other.id != self.id);
        let invalid = |field: &str, problem: String| Err(InvalidSetting { field: field.to_owned(), problem });
        if others().count() >= MAX_RULES_OF_TENANT {
            return invalid(
                "rule",
                format!("a tenant has at most {MAX_RULES_OF_TENANT} rules: remove one first"),
            );
        }
        if self.regexes() > 0
            && others().map(Rule::regexes).sum::<usize>() + self.regexes() > MAX_REGEXES_OF_TENANT
        {
            return invalid(
                "conditions",
                format!(
                    "all rules of a tenant hold at most {MAX_REGEXES_OF_TENANT} regular expressions: use keywords"
                ),
            );
        }
        Ok(())
    }

    /// True when the rule can only be judged after classification.
    pub fn needs_classification(&self) -> bool {
        self.conditions.iter().any(|condition| {
            matches!(
                condition,
                Condition::Intent { .. } | Condition::Sentiment { .. } | Condition::Language { .. }
            )
        })
    }
}

impl Condition {
    pub(crate) fn validate(&self) -> Result<(), String> {
        match self {
            Condition::KeywordsAny { words }
            | Condition::KeywordsAll { words }
            | Condition::KeywordsNone { words }
            | Condition::Author { any: words } => match words.iter().all(|word| !word.trim().is_empty()) {
                true if !words.is_empty() => Ok(()),
                _ => Err("name at least one word, none of them empty".to_owned()),
            },
            Condition::Regex { pattern } if pattern.len() > MAX_PATTERN_BYTES => {
                Err(format!("the expression is longer than {MAX_PATTERN_BYTES} bytes"))
            }
            Condition::Regex { pattern } => {
                compile_pattern(pattern).map(drop).map_err(|error| error.to_string())
            }
            Condition::Language { any } if any.is_empty() => Err("name at least one language".to_owned()),
            Condition::Sentiment { any } if any.is_empty() => Err("name at least one sentiment".to_owned()),
            Condition::Intent { any, .. } if any.is_empty() => Err("name at least one intent".to_owned()),
            Condition::Intent { min_confidence, .. } if !(0.0..=1.0).contains(min_confidence) => {
                Err("min_confidence must lie between 0 and 1".to_owned())
            }
            Condition::Time { from, until } => match (minute_of_day(from), minute_of_day(until)) {
                (Some(from), Some(until)) if from == until => {
                    Err("from and until are the same: no moment lies between them".to_owned())
                }
                (Some(_), Some(_)) => Ok(()),
                _ => Err("write times as HH:MM".to_owned()),
            },
            Condition::Language { .. } | Condition::Sentiment { .. } | Condition::Intent { .. } => Ok(()),
        }
    }
}

/// Reads an `HH:MM` as minutes since midnight; nothing but digits around the colon.
pub fn minute_of_day(text: &str) -> Option<u32> {
    let number = |digits: &str| {
        let is_number = matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| is_number)
    };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// Compiles the pattern of a [`Condition::Regex`]: without case, bounded in compiled size.
pub fn compile_pattern(pattern: &str) -> Result<regex::Regex, regex::Error> {
    regex::RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(MAX_COMPILED_REGEX_BYTES)
        .dfa_size_limit(MAX_COMPILED_REGEX_BYTES)
        .build()
}

impl RuleAction {
    fn validate(&self, trigger: TriggerKind) -> Result<(), &'static str> {
        let is_comment = trigger == TriggerKind::Comment;
        match self {
            RuleAction::Reply { variations }
            | RuleAction::PrivateReply { variations }
            | RuleAction::Dm { variations }
            | RuleAction::Ask { variations, .. }
                if variations.is_empty() || variations.iter().any(|text| text.trim().is_empty()) =>
            {
                Err("give at least one variation, none of them empty")
            }
            RuleAction::PrivateReply { .. } | RuleAction::Hide | RuleAction::Delete if !is_comment => {
                Err("possible for the trigger `comment` only")
            }
            RuleAction::Dm { .. } | RuleAction::Ask { .. }
                if matches!(trigger, TriggerKind::Comment | TriggerKind::Mention) =>
            {
                Err("a person who has only commented cannot be sent a direct message: use private_reply")
            }
            RuleAction::Ask { quick_replies, .. } => check_quick_replies(quick_replies),
            RuleAction::Like if trigger == TriggerKind::Mention => Err("mentions cannot be liked"),
            RuleAction::Tag { tag } if tag.trim().is_empty() => Err("name the tag"),
            RuleAction::Assign { to } if to.trim().is_empty() => Err("name the person"),
            _ => Ok(()),
        }
    }
}

/// Something a rule did (or would have done, in a dry run).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHit {
    /// The rule.
    pub rule: RuleId,
    /// The local day it counts for, `YYYY-MM-DD`.
    pub day: String,
    /// Nothing was done.
    pub dry_run: bool,
}
