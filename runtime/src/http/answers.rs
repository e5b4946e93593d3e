//! Which problems each route can answer with, in its description. What follows from method, caller, parameters and body is
//! found here for every route; what only one route knows stands in [`MORE`].

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{Components, ObjectBuilder, Ref, RefOr, ResponseBuilder, Type};

use super::problem::ProblemKind;
use super::{idempotency, routes};

/// Problems of single routes, beside what follows from their shape: method, path and kinds.
const MORE: &[(&str, &str, &[ProblemKind])] = &[
    ("GET", "/api/v1/tenants/{tenant}/gateway/", &[ProblemKind::Conflict, ProblemKind::InvalidContent]),
    ("GET", "/api/v1/tenants/{tenant}/calendar", &[ProblemKind::InvalidContent]),
    ("GET", "/media/", &[ProblemKind::Gone, ProblemKind::RangeNotSatisfiable]),
    ("GET", "/webhooks/", &[ProblemKind::Forbidden]),
    ("POST", "/webhooks/", &[ProblemKind::Unauthorized]),
    ("POST", "/oauth/", &[ProblemKind::Unauthorized]),
    ("GET", "/approve/", &[ProblemKind::Gone]),
    ("POST", "/approve/", &[ProblemKind::Gone, ProblemKind::Conflict]),
    ("GET", "/calendar/", &[ProblemKind::Gone]),
    // Where single sign-on is not set up.
    ("GET", "/sso", &[ProblemKind::NotFound]),
    ("POST", "/api/v1/setup", &[ProblemKind::Unauthorized, ProblemKind::Forbidden, ProblemKind::Conflict]),
    ("POST", "/api/v1/session", SIGN_IN),
    ("POST", "/api/v1/password/", SIGN_IN),
    ("POST", "/api/v1/invitations/", SIGN_IN),
    ("PUT", "/api/v1/tenants/{tenant}/media/uploads/{upload}", FILE),
    ("POST", "/api/v1/tenants/{tenant}/media", FILE),
];
const SIGN_IN: &[ProblemKind] = &[
    ProblemKind::Unauthorized,
    ProblemKind::Forbidden,
    ProblemKind::Conflict,
    ProblemKind::Gone,
    ProblemKind::TooManyRequests,
];
const FILE: &[ProblemKind] = &[
    ProblemKind::MalformedRequest,
    ProblemKind::PayloadTooLarge,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::InvalidContent,
];

/// Describes each kind of problem once.
pub fn describe(components: &mut Components) {
    for kind in ProblemKind::ALL {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = || {
            ResponseBuilder::new()
                .description(kind.in_words())
                .content("application/problem+json", content.clone())
        };
        components.responses.insert(name(kind, false), response().build().into());
        let page = ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build();
        components.responses.insert(name(kind, true), response().content("text/html", page).build().into());
    }
}

/// Pages for people tell problems as pages.
fn name(kind: ProblemKind, is_page: bool) -> String {
    if is_page { format!("{kind:?}Page") } else { format!("{kind:?}") }
}

fn is_page(operation: &Operation) -> bool {
    operation.responses.responses.values().any(|response| match response {
        RefOr::T(response) => response.content.contains_key("text/html"),
        RefOr::Ref(_) => false,
    })
}

/// Adds to a route every problem that it can answer with.
pub fn add_problems(method: &str, path: &str, operation: &mut Operation) {
    let is_page = is_page(operation);
    for kind in kinds(method, path, operation) {
        let status = kind.status().as_u16().to_string();
        // What a handler says itself is more particular.
        let responses = &mut operation.responses.responses;
        responses.entry(status).or_insert_with(|| RefOr::Ref(Ref::from_response_name(name(kind, is_page))));
    }
}

fn kinds(method: &str, path: &str, operation: &Operation) -> Vec<ProblemKind> {
    use ProblemKind::{
        Conflict, Forbidden, Internal, InvalidContent, MalformedRequest, NotFound, PayloadTooLarge,
        PreconditionFailed, TooManyRequests, Unauthorized, Unavailable, UnsupportedMediaType,
    };
    let mut kinds = vec![Internal, Unavailable];
    let is_api = path.starts_with("/api/v1/");
    if is_api && !routes::is_open(method, path) {
        kinds.extend([Unauthorized, Forbidden, TooManyRequests]);
    }
    if path.contains('{') {
        kinds.push(NotFound);
    }
    if has_parameter(operation, ParameterIn::Query) {
        kinds.push(MalformedRequest);
    }
    if operation.request_body.is_some() {
        kinds.extend([MalformedRequest, PayloadTooLarge, UnsupportedMediaType, InvalidContent]);
        // A body may name what is not there.
        kinds.push(NotFound);
    }
    if is_api && method != "GET" && !routes::is_open(method, path) {
        kinds.push(Conflict);
    }
    if idempotency::applies(method, path) {
        kinds.extend([MalformedRequest, PayloadTooLarge, InvalidContent]);
    }
    if names(operation, "If-Match") {
        kinds.extend([MalformedRequest, PreconditionFailed]);
    }
    let more = MORE.iter().filter(|(of, begins, _)| *of == method && path.starts_with(begins));
    kinds.extend(more.flat_map(|(_, _, kinds)| kinds.iter().copied()));
    kinds
}

fn has_parameter(operation: &Operation, place: ParameterIn) -> bool {
    parameters(operation).any(|parameter| parameter.parameter_in == place)
}

fn names(operation: &Operation, name: &str) -> bool {
    parameters(operation).any(|parameter| parameter.name == name)
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}
