//! The domain of Troupe: words and ports. Depends on no other crate of the workspace.
