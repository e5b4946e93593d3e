//! Which mode a text is handled in, and what would be done about it. Pure.
//!
//! A tenant chooses a mode per intent; every doubt moves it towards a person, nothing moves it away from one.

use tenants::autonomy::{EarnedMode, may_earn};
use tenants::intent::{Classification, Intent};
use tenants::settings::{Mode, TenantSettings};

use super::guards::speaks_to_machines;
use super::heard::{Heard, Place};
use super::seed::seed_from;
use super::words::is_idle_talk;
use super::work::percent;

/// A mode and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ModeChoice {
    pub mode: Mode,
    /// What the tenant has set for the intent.
    pub set: Mode,
    /// Every doubt, as one phrase each.
    pub doubts: Vec<String>,
    /// Why it acts by itself, or is asked about although it might.
    pub earned: Option<String>,
}

impl ModeChoice {
    /// The choice with one more doubt: a person is asked at least.
    pub fn doubted(mut self, reason: String) -> Self {
        self.mode = self.mode.more_careful(Mode::Draft);
        self.doubts.push(reason);
        self
    }

    /// One phrase: why a person is asked.
    pub fn reason(&self, intent: Intent) -> String {
        if let Some(earned) = self.earned.as_ref().filter(|_| self.doubts.is_empty()) {
            earned.clone()
        } else if self.doubts.is_empty() {
            let verb =
                if self.mode == Mode::Escalate { "handed to a person" } else { "drafted for approval" };
            format!("{} {verb}", intent.texts_are())
        } else {
            self.doubts.join("; ")
        }
    }
}

/// The mode for a classified text.
pub(super) fn choose_mode(settings: &TenantSettings, found: &Classification, text: &str) -> ModeChoice {
    let set = settings.mode(found.intent);
    let mut choice = ModeChoice { mode: set, set, doubts: Vec::new(), earned: None };
    let mut doubt = |mode: Mode, reason: String| {
        choice.mode = choice.mode.more_careful(mode);
        choice.doubts.push(reason);
    };
    if found.crisis {
        doubt(Mode::Escalate, "the text speaks of danger or legal action".to_owned());
    }
    // Written so that a confidence that is not a number counts as none.
    let is_sure = found.confidence >= settings.min_confidence;
    if !is_sure {
        // Rounded down: what is less than wanted does not look like as much.
        let confidence = percent((found.confidence * 100.0).floor() / 100.0);
        doubt(Mode::Draft, format!("only {confidence} sure that this is {}", found.intent.a_text_is()));
    }
    if is_sure && found.may_be_complaint() {
        let complaint = percent(found.probability(Intent::Complaint));
        doubt(Mode::Draft, format!("it may be a complaint ({complaint})"));
    }
    // Hiding spam takes no words of ours, so its language does not matter.
    if found.intent != Intent::Spam && !is_in_a_language_of(settings, found, text) {
        doubt(Mode::Draft, "the text is not in a language of the tenant".to_owned());
    }
    if speaks_to_machines(text) {
        doubt(Mode::Draft, "the text tries to instruct a machine".to_owned());
    }
    choice
}

/// Lets an intent act by itself that has earned it, but for spot checks. To be asked last: any doubt keeps it from that.
pub(super) fn with_earned(
    choice: ModeChoice,
    settings: &TenantSettings,
    earned: Option<&EarnedMode>,
    found: &Classification,
    seed: u64,
) -> ModeChoice {
    let may_act = may_earn(found.intent)
        && !found.crisis
        && settings.autonomy.intents.contains_key(&found.intent)
        && (choice.set, choice.mode) == (Mode::Draft, Mode::Draft)
        && choice.doubts.is_empty();
    let acting = earned.filter(|mode| may_act && mode.intent == found.intent && mode.is_acting());
    let Some(mode) = acting else { return choice };
    if is_spot_check(settings.autonomy.spot_check, seed) {
        let earned = format!("a spot check: {} else answered without a person", found.intent.texts_are());
        return ModeChoice { earned: Some(earned), ..choice };
    }
    let earned = format!("acts by itself since {} because {}", mode.since, mode.reason);
    ModeChoice { mode: Mode::Act, earned: Some(earned), ..choice }
}

/// The same event is always the one or the other, however often it is decided about.
fn is_spot_check(share: f64, seed: u64) -> bool {
    let drawn = seed_from([b"spot check".as_slice(), &seed.to_le_bytes()]);
    let spread = (drawn ^ (drawn >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 32;
    (spread as f64) < share * f64::from(u32::MAX)
}

fn is_in_a_language_of(settings: &TenantSettings, found: &Classification, text: &str) -> bool {
    match found.language {
        Some(language) => settings.languages.contains(&language),
        // Emoji speak every language; a thank-you for them is safe in the tenant's first one.
        None => found.intent == Intent::Praise && !text.chars().any(char::is_alphabetic),
    }
}

/// What a text calls for, whoever does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing, for this reason.
    Nothing(&'static str),
    /// Hide the comment.
    Hide,
    /// An answer where it was said.
    Reply,
    /// An answer by direct message to the comment.
    PrivateReply,
    /// Nothing that we could do: a person must look.
    Look(&'static str),
}

/// What a text calls for.
pub(super) fn wish(
    intent: Intent,
    mode: Mode,
    heard: &Heard,
    can_reply_privately: bool,
    handle: &str,
) -> Wish {
    let is_live = matches!(heard.place, Place::Comment { is_live: true, .. });
    match intent {
        Intent::Spam if heard.hide().is_some() => Wish::Hide,
        Intent::Spam if mode == Mode::Act => Wish::Nothing("spam that cannot be hidden is left alone"),
        Intent::Spam => Wish::Look("this may be spam, and cannot be hidden"),
        Intent::Other if is_idle_talk(&heard.text, handle) => Wish::Nothing("there is nothing to answer"),
        Intent::Lead if heard.is_comment() && can_reply_privately => Wish::PrivateReply,
        Intent::Question if is_live && can_reply_privately => Wish::PrivateReply,
        Intent::Praise | Intent::Other if is_live => {
            Wish::Nothing("comments on a live broadcast cannot be answered in public")
        }
        _ if is_live => Wish::Look("comments on a live broadcast cannot be answered in public"),
        _ => Wish::Reply,
    }
}

#[cfg(test)]
#[path = "mode_tests.rs"]
mod tests;
