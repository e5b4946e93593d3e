//! The dashboard of Troupe, embedded in the binary.
