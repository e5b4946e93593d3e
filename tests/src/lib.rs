//! Test kit, stories and architecture checks.
