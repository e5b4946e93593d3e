//! Every route there is, read from the same registration that serves it.

use utoipa::openapi::OpenApi;

use super::openapi;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteScope {
    /// Everybody: webhooks (which are signed), signing in, health, documentation.
    Public,
    /// Every key or session sees its own part, or only keys of the installation; no tenant or agency is named.
    Key,
    /// Keys that may see the agency of the path.
    Agency,
    /// Keys that may see the tenant of the path.
    Tenant,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteInfo {
    /// HTTP method.
    pub method: &'static str,
    /// Path template, such as `/api/v1/tenants/{tenant}/rules/{rule}`.
    pub path: String,
    /// Who may call it.
    pub scope: RouteScope,
}

/// All routes of a description.
pub fn of(description: &OpenApi) -> Vec<RouteInfo> {
    let mut paths = description.paths.clone();
    let mut routes: Vec<RouteInfo> = paths
        .paths
        .iter_mut()
        .flat_map(|(path, item)| {
            openapi::operations_mut(item).map(move |(method, _)| RouteInfo {
                method,
                path: path.clone(),
                scope: scope_of(method, path),
            })
        })
        .collect();
    routes.sort();
    routes
}

/// Routes of the API by which people get in.
const OPEN: [(&str, &str); 8] = [
    ("GET", "/api/v1/setup"),
    ("POST", "/api/v1/setup"),
    ("POST", "/api/v1/session"),
    ("POST", "/api/v1/session/link"),
    ("POST", "/api/v1/session/refresh"),
    ("POST", "/api/v1/password/forgot"),
    ("POST", "/api/v1/password/reset"),
    ("POST", "/api/v1/invitations/accept"),
];

/// Whether a route of the API needs neither key nor session.
pub fn is_open(method: &str, path: &str) -> bool {
    OPEN.contains(&(method, path))
}

fn scope_of(method: &str, path: &str) -> RouteScope {
    if !path.starts_with("/api/v1/") || is_open(method, path) {
        RouteScope::Public
    } else if path.contains("/{tenant}") {
        RouteScope::Tenant
    } else if path.contains("/{agency}") {
        RouteScope::Agency
    } else {
        RouteScope::Key
    }
}
