//! The description of the API, and what all routes have in common in it.
//!
//! Handlers describe what is their own; parameters of the path, the key and the problem documents are the same
//! everywhere and are added here, so that no route can forget them.

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{ObjectBuilder, OpenApi, Ref, RefOr, Required, Schema, Type};

use super::extract::LARGEST_LIMIT;
use super::problem::ProblemDocument;
use super::{answers, idempotency, routes, schema};

/// Begins the description.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Troupe",
        description = "Runs the Instagram presence of many clients at once.\n\n\
            Send an API key in `X-API-Key` (or as `Authorization: Bearer`), or sign in: browsers then send the cookie of \
            the session, and `X-CSRF-Token` with everything that is not a GET. Keys and people are confined to agencies \
            or tenants and have a role there: `client`, `viewer`, `operator`, `manager` or `owner`; what it does not \
            allow is answered with 403. Ids of others are answered like ids that do not exist. Lists come in pages: send `next_cursor` \
            as `cursor`. Query parameters that an address does not know are refused with 400. What several people may change \
            has an `ETag`; a change that sends it as `If-Match` is refused with 412 when somebody else was quicker, and one \
            that sends none replaces what there is. Failures are problem documents (RFC 9457) that say what to do next. A POST \
            with an `Idempotency-Key` is carried out once: sent again within a day, by the same caller with the \
            same body, it is given the same answer with `Idempotency-Replayed: true`. POSTs that act on something \
            are decided by its state besides, so repeating one does no harm."
    ),
    components(schemas(ProblemDocument, schema::Id, schema::Moment)),
    tags(
        (name = "session"), (name = "users"), (name = "agencies"), (name = "keys"), (name = "apps"), (name = "tenants"), (name = "settings"),
        (name = "budgets"), (name = "costs"), (name = "accounts"), (name = "rules"), (name = "prompts"),
        (name = "comments"), (name = "conversations"), (name = "leads"), (name = "briefings"),
        (name = "channels"), (name = "approvals"), (name = "decisions"),
        (name = "rehearsals"),
        (name = "learning"), (name = "memory"), (name = "media"), (name = "posts"), (name = "queue"),
        (name = "audit"), (name = "alerts"),
        (name = "insights"), (name = "reports"), (name = "competitors"),
        (name = "gateway"), (name = "operations"),
        (name = "events"), (name = "feed"), (name = "webhooks"), (name = "oauth"), (name = "health")
    )
)]
struct Description;

/// The description without any route.
pub fn begin() -> OpenApi {
    let mut description = Description::openapi();
    description.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let schemes = [
        ("api_key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-Key")))),
        ("bearer", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer))),
        ("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("troupe_session")))),
    ];
    let components = description.components.get_or_insert_default();
    components.security_schemes.extend(schemes.map(|(name, scheme)| (name.to_owned(), scheme.into())));
    description
}

/// Adds to every route what all routes have in common.
pub fn complete(description: &mut OpenApi) {
    answers::describe(description.components.get_or_insert_default());
    for (path, item) in &mut description.paths.paths {
        let is_api = path.starts_with("/api/v1/");
        for (method, operation) in operations_mut(item) {
            add_path_parameters(path, operation);
            add_page_parameters(path, operation);
            describe_success(operation);
            add_idempotency_key(method, path, operation);
            answers::add_problems(method, path, operation);
            if is_api && !routes::is_open(method, path) {
                let either =
                    ["api_key", "bearer", "session"].map(|name| SecurityRequirement::new(name, [""; 0]));
                operation.security = Some(either.to_vec());
            }
        }
    }
}

/// The operations of a path with their methods.
pub fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn add_path_parameters(path: &str, operation: &mut Operation) {
    let described = operation.parameters.get_or_insert_default();
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        if described.iter().any(|parameter| is_named(parameter, name, ParameterIn::Path)) {
            continue;
        }
        let (thing, schema): (String, RefOr<Schema>) =
            if path.starts_with("/webhooks/") || path.starts_with("/oauth/") {
                ("Meta's app id.".to_owned(), ObjectBuilder::new().schema_type(Type::String).into())
            } else {
                (format!("Id of the {name}."), Ref::from_schema_name("Id").into())
            };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .description(Some(thing))
            .schema(Some(schema));
        described.push(parameter.build().into());
    }
    // In the order of the path, also where a handler has described one of them itself.
    described.sort_by_key(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path => {
            path.find(&format!("{{{}}}", parameter.name)).unwrap_or(usize::MAX)
        }
        _ => usize::MAX,
    });
}

/// Lists that are always answered whole: they take no `cursor` and no `limit`.
const WHOLE: [&str; 22] = [
    "/agencies",
    "/agencies/{agency}/apps",
    "/agencies/{agency}/channels",
    "/agencies/{agency}/keys",
    "/agencies/{agency}/prompts",
    "/agencies/{agency}/prompts/in-use",
    "/agencies/{agency}/users",
    "/agencies/{agency}/webhooks",
    "/breakers",
    "/buckets",
    "/sessions",
    "/tenants/{tenant}/accounts",
    "/tenants/{tenant}/breakers",
    "/tenants/{tenant}/buckets",
    "/tenants/{tenant}/calendar",
    "/tenants/{tenant}/channels",
    "/tenants/{tenant}/heartbeats",
    "/tenants/{tenant}/post-templates",
    "/tenants/{tenant}/posts/{post}/job-logs",
    "/tenants/{tenant}/prompts",
    "/tenants/{tenant}/rules",
    "/tenants/{tenant}/ticks",
];

/// Lists can be recognised by their answer: a page.
fn add_page_parameters(path: &str, operation: &mut Operation) {
    let answers = serde_json::to_string(&operation.responses).unwrap_or_default();
    let is_whole = path.strip_prefix("/api/v1").is_some_and(|path| WHOLE.contains(&path));
    if is_whole || !answers.contains("#/components/schemas/Page_") {
        return;
    }
    let described = operation.parameters.get_or_insert_default();
    let parameters = [
        ("cursor", "`next_cursor` of the page before; the first page when left out."),
        ("limit", "Items per page, 1 to 200; 50 when left out."),
    ];
    for (name, text) in parameters {
        if described.iter().any(|parameter| is_named(parameter, name, ParameterIn::Query)) {
            continue;
        }
        let schema = match name {
            "limit" => {
                let (least, most) = (Some(1), Some(LARGEST_LIMIT));
                ObjectBuilder::new().schema_type(Type::Integer).minimum(least).maximum(most)
            }
            _ => ObjectBuilder::new().schema_type(Type::String),
        };
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(text))
            .schema(Some(schema));
        described.push(parameter.build().into());
    }
}

/// POSTs that can be repeated by a key.
fn add_idempotency_key(method: &str, path: &str, operation: &mut Operation) {
    if !idempotency::applies(method, path) {
        return;
    }
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(200));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Any text of your own, such as a UUID. The same request with the same key is carried out once: within a day it \
             is given the same answer, with `Idempotency-Replayed: true`. 409 while the first is under way; 422 with \
             another body.",
        ))
        .schema(Some(schema));
    operation.parameters.get_or_insert_default().push(parameter.build().into());
}

fn is_named(parameter: &RefOr<Parameter>, name: &str, place: ParameterIn) -> bool {
    matches!(parameter, RefOr::T(parameter) if parameter.name == name && parameter.parameter_in == place)
}

/// The standard wants words for every answer; what comes back is said by its shape.
fn describe_success(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = match status.as_str() {
                "201" => "Created.",
                "204" => "Done; there is nothing to say.",
                _ => "Done.",
            }
            .to_owned();
        }
    }
}
