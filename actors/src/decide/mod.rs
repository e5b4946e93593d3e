//! Decisions: from an event to the changes it makes.
