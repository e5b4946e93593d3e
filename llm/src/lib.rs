//! The LLM router and its providers, the built-in offline one among them.
