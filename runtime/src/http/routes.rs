//! Every route there is, read from the same registration that serves it.

use utoipa::openapi::OpenApi;

use super::openapi;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RouteScope {
    /// Everybody: webhooks (which are signed), health, documentation.
    Public,
    /// Every valid key sees its own part, or only keys of the installation; no tenant or agency is named.
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
            let scope = scope_of(path);
            openapi::operations_mut(item).map(move |(method, _)| RouteInfo {
                method,
                path: path.clone(),
                scope,
            })
        })
        .collect();
    routes.sort();
    routes
}

fn scope_of(path: &str) -> RouteScope {
    if !path.starts_with("/api/v1/") {
        RouteScope::Public
    } else if path.contains("/{tenant}") {
        RouteScope::Tenant
    } else if path.contains("/{agency}") {
        RouteScope::Agency
    } else {
        RouteScope::Key
    }
}
