//! Query parameters that a route does not know are refused: who writes `?statu=failed` would otherwise be given everything,
//! and believe it to be what failed.
//!
//! What a route knows is what its description says. One layer around all routes of the API, because several arguments of a
//! handler may read the same query and none knows of the others. Addresses outside of `/api/v1/` are called by programs
//! and people who add parameters of their own (Instagram, providers of identities, mail programs), and stay lenient.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tenants::reading::one_of;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use super::openapi;
use super::problem::{Problem, ProblemKind};

const API: &str = "/api/v1/";
/// Longest unknown name that is repeated.
const LONGEST: usize = 60;

/// The query parameters of every route of the API, by method and path.
#[derive(Debug)]
pub struct KnownParameters(HashMap<String, Vec<(&'static str, Vec<String>)>>);

impl KnownParameters {
    /// Those that are described.
    pub fn of(description: &OpenApi) -> Arc<Self> {
        let mut paths = description.paths.clone();
        let of_api = paths.paths.iter_mut().filter(|(path, _)| path.starts_with(API));
        let known = of_api.map(|(path, item)| {
            let operations = openapi::operations_mut(item);
            (path.clone(), operations.map(|(method, it)| (method, names(it))).collect())
        });
        Arc::new(Self(known.collect()))
    }

    fn of_request(&self, request: &Request) -> Option<&[String]> {
        let path = request.extensions().get::<MatchedPath>()?.as_str();
        // What is asked with HEAD is what GET would say.
        let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
        Some(self.0.get(path)?.iter().find(|(of, _)| *of == method)?.1.as_slice())
    }
}

fn names(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(it) if it.parameter_in == ParameterIn::Query => Some(it.name.clone()),
        RefOr::T(_) | RefOr::Ref(_) => None,
    });
    parameters.collect()
}

/// See the module.
pub async fn refuse_unknown(
    State(known): State<Arc<KnownParameters>>,
    request: Request,
    next: Next,
) -> Response {
    let (Some(query), Some(known)) = (request.uri().query(), known.of_request(&request)) else {
        return next.run(request).await;
    };
    let unknown = form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name.into_owned())
        .find(|name| !known.contains(name));
    match unknown {
        Some(unknown) => refuse(&unknown, known).into_response(),
        None => next.run(request).await,
    }
}

fn refuse(unknown: &str, known: &[String]) -> Problem {
    let unknown: String = unknown.chars().take(LONGEST).collect();
    let detail = match known {
        [] => format!("there is no query parameter `{unknown}`: this address takes none"),
        _ => format!("there is no query parameter `{unknown}`: use {}", one_of(known)),
    };
    Problem::new(ProblemKind::MalformedRequest, detail)
        .with("parameter", unknown)
        .with("known", known.to_vec())
}
