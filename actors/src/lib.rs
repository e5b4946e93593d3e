//! The actors of Troupe: supervision, decisions and the dispatcher.
