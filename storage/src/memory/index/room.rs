//! A tenant's memory in two rooms, each with an index of its own: what customers may be told, and everything else. A
//! question for customers opens one of them, and cannot meet what stands in the other.

use serde::{Deserialize, Serialize};
use tenants::memory::Visibility;

/// Which part of a memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Room {
    /// Facts, answers and posts that customers may be told. Every decision asks here.
    Open,
    /// What people said, what is known of them, notes: what is about one person is no business of another customer.
    /// People ask here, now and then.
    House,
}

impl Room {
    pub(super) const ALL: [Self; 2] = [Self::Open, Self::House];

    /// The rooms that a question may look into.
    pub(super) fn open_to(visibility: Visibility) -> &'static [Self] {
        match visibility {
            Visibility::Customer => &[Self::Open],
            Visibility::Internal => &Self::ALL,
        }
    }

    /// Name of its folder.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::House => "house",
        }
    }
}
