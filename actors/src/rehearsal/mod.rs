//! Rehearsals: recorded events are decided again with another configuration, and what would have differed is told.
//!
//! A decision's audit entry holds all that it depended on ([`decide`](crate::decide)), so the same event is put into
//! the same situation: thread and direct messages as they stood, the clock standing at that moment, the hits of capped
//! rules on that day, what models answered. Without a change the outcome is identical, step by step. Decisions of older
//! versions lack the record; they are counted and not guessed at.
//!
//! **Each event stands alone.** Events run in their order, each in its *recorded* situation: when the changed
//! configuration would have answered where none was answered, the next event of the conversation still finds what was.
//! Differences do not cascade, and each can be read by itself. Two things are counted within the rehearsal because no
//! record can know them: hits of capped rules that are new or changed, and the money of a changed budget.
//!
//! **No effect, by type.** Deciding sees [`Senses`](crate::decide), which can only read; here even reading is answered
//! from the record. Models are asked anew only when the caller pays for it, up to a limit; otherwise the built-in
//! offline provider answers, and the report says how often.

mod case;
mod changed;
mod compare;
mod models;
mod payer;
mod report;
mod run;
mod stage;

#[cfg(test)]
mod tests;

pub use changed::{Base, Changed};
pub use compare::{Difference, Side};
pub use models::{Asking, ModelsOf, Source};
pub use payer::{Payers, StoredPayers};
pub use report::{Costs, Escalations, ModelUse, Report, RuleUse};
pub use run::{Asked, RehearsalError, Rehearser, Watch};
