//! The sandbox: a local Instagram.
