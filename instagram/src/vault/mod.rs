//! Secrets at rest: AES-256-GCM under a ring of keys, each secret bound to its owner.

mod key_ring;
mod owner;
mod sealing;

pub use key_ring::{KeyRing, KeyRingError};
pub(crate) use owner::Owner;
pub use sealing::{Vault, VaultError};
