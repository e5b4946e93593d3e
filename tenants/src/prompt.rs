//! Prompts: what language models are told to do, in versions, and which version a conversation gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::words::word_enum;

word_enum! {
    /// What a prompt is for.
    pub enum PromptKey {
        /// Says what a text wants.
        Classify = "classify",
        /// Writes a reply to a comment or a message.
        Reply = "reply",
        /// Writes a draft while a brand may be in trouble; a person reads it before it leaves.
        Crisis = "crisis",
    }
}

/// One version of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// What it is for.
    pub key: PromptKey,
    /// Its version, from 1; 0 is the one built into the program.
    pub version: u32,
    /// The instructions, a template. Nothing that a customer wrote is ever put into it.
    pub body: String,
}

impl Prompt {
    /// The version of instructions that are tried out in a rehearsal and kept nowhere.
    pub const REHEARSED: u32 = u32::MAX;

    /// Key and version, as `reply@3`; `reply (rehearsal)` for instructions that are no version.
    pub fn label(&self) -> String {
        match self.version {
            Self::REHEARSED => format!("{} (rehearsal)", self.key),
            version => format!("{}@{version}", self.key),
        }
    }
}

/// A version in use, and its part of the conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptArm {
    /// The version.
    pub prompt: Arc<Prompt>,
    /// Its weight among the arms of its key; an arm without weight gets nobody.
    pub weight: u32,
}

/// The versions in use for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptChoice {
    /// What the split hangs on: the id of the experiment, so that another experiment splits conversations anew.
    pub salt: String,
    /// One version, or the arms of an experiment.
    pub arms: Vec<PromptArm>,
}

/// The prompts a tenant uses. A key without an entry uses the prompt built into the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PromptSet {
    /// By key.
    pub choices: BTreeMap<PromptKey, PromptChoice>,
}

impl PromptSet {
    /// The version for a conversation: always the same one as long as the arms stay as they are.
    pub fn choose(&self, key: PromptKey, conversation: &str) -> Option<&Arc<Prompt>> {
        let choice = self.choices.get(&key)?;
        let total: u64 = choice.arms.iter().map(|arm| u64::from(arm.weight)).sum();
        let mut place = lot(&choice.salt, conversation).checked_rem(total)?;
        for arm in &choice.arms {
            let weight = u64::from(arm.weight);
            if place < weight {
                return Some(&arm.prompt);
            }
            place -= weight;
        }
        None
    }
}

/// A number that depends on nothing but its two texts.
fn lot(salt: &str, conversation: &str) -> u64 {
    let hash = Sha256::new().chain_update(salt).chain_update([0]).chain_update(conversation).finalize();
    let (first, _) = hash.split_first_chunk().unwrap_or((&[0; 8], &[]));
    u64::from_be_bytes(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(version: u32, weight: u32) -> PromptArm {
        PromptArm { prompt: Arc::new(Prompt { key: PromptKey::Reply, version, body: String::new() }), weight }
    }

    fn set(salt: &str, arms: Vec<PromptArm>) -> PromptSet {
        PromptSet { choices: [(PromptKey::Reply, PromptChoice { salt: salt.into(), arms })].into() }
    }

    #[test]
    fn conversations_are_split_by_weight_and_each_keeps_its_version() {
        let prompts = set("a", vec![arm(1, 3), arm(2, 1), arm(3, 0)]);
        let version = |n: u32| prompts.choose(PromptKey::Reply, &format!("dm:{n}")).unwrap().version;
        let seconds = (0..4_000).filter(|n| version(*n) == 2).count();
        assert!((850..1_150).contains(&seconds), "{seconds} of 4000 instead of about 1000");
        assert!((0..4_000).all(|n| version(n) != 3), "an arm without weight gets nobody");
        assert!((0..100).all(|n| version(n) == version(n)));
    }

    #[test]
    fn another_experiment_splits_anew() {
        let (first, second) = (set("a", vec![arm(1, 1), arm(2, 1)]), set("b", vec![arm(1, 1), arm(2, 1)]));
        let choose = |set: &PromptSet, n: u32| set.choose(PromptKey::Reply, &format!("{n}")).unwrap().version;
        assert!((0..50).any(|n| choose(&first, n) != choose(&second, n)));
    }

    #[test]
    fn without_a_choice_or_without_weights_there_is_none() {
        assert_eq!(PromptSet::default().choose(PromptKey::Reply, "x"), None);
        assert_eq!(set("a", vec![arm(1, 0)]).choose(PromptKey::Reply, "x"), None);
    }
}
