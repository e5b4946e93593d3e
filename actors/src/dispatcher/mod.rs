//! The dispatcher: performs queued effects.
