//! The supervision tree: root, router, tenants, roles and conversation lanes.
