//! Believable traffic: comments of every intent, direct messages, story replies, in the brands' languages, with bursts.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use sandbox::{ControlError, NewComment, NewMessage, Sandbox};

use super::stage::Brand;

/// People per brand; somebody who wrote before writes again now and then.
const PEOPLE: u32 = 400;
/// Of a hundred events so many are direct messages; the rest are comments.
const MESSAGES_PERCENT: u32 = 22;

const FIRST_NAMES: &[&str] = &[
    "anna", "ben", "carla", "david", "elena", "felix", "giulia", "hugo", "ines", "jonas", "klara", "luis",
    "marta", "nico", "olga", "pablo", "rita", "sara", "tom", "vera",
];

/// Makes one event after the other.
pub(super) struct Traffic {
    dice: StdRng,
}

impl Traffic {
    /// The same seed gives the same traffic.
    pub(super) fn new(seed: u64) -> Self {
        Self { dice: StdRng::seed_from_u64(seed) }
    }

    /// Lets somebody write to one of the brands.
    pub(super) fn event(&mut self, sandbox: &Sandbox, brands: &[Brand]) -> Result<(), ControlError> {
        let Some(brand) = brands.choose(&mut self.dice) else { return Ok(()) };
        self.event_for(sandbox, brand)
    }

    /// Lets somebody write to this brand.
    pub(super) fn event_for(&mut self, sandbox: &Sandbox, brand: &Brand) -> Result<(), ControlError> {
        let person = self.person();
        let account = &brand.account.external_id;
        if self.dice.random_range(0..100) < MESSAGES_PERCENT {
            let Some((_, text)) = brand.character.messages.choose(&mut self.dice) else { return Ok(()) };
            sandbox.direct_message(account, NewMessage::new(person, text)).map(drop)
        } else {
            let Some((_, text)) = brand.character.comments.choose(&mut self.dice) else { return Ok(()) };
            sandbox.comment(account, NewComment::new(person, text)).map(drop)
        }
    }

    /// A number below `limit`.
    pub(super) fn roll(&mut self, limit: u32) -> u32 {
        self.dice.random_range(0..limit)
    }

    fn person(&mut self) -> String {
        let number = self.dice.random_range(0..PEOPLE);
        let first = FIRST_NAMES[number as usize % FIRST_NAMES.len()];
        format!("{first}_{number}")
    }
}
