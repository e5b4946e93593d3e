//! Cursor paging of edges.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value, json};

use super::{errors::GraphError, fields::Field, request::GraphRequest};
use crate::state::timeline::{Page, PageRequest, Position};

/// Page size when none is asked for.
const DEFAULT_LIMIT: usize = 25;
/// Largest page of most edges.
pub(crate) const MAX_LIMIT: usize = 100;
/// Largest page of comments.
pub(crate) const MAX_COMMENTS: usize = 50;

/// The page a call asks for.
pub(crate) fn asked(request: &GraphRequest, max: usize) -> Result<PageRequest, GraphError> {
    let params = &request.params;
    let time = |name: &str| params.text(name).map(|text| parse_time(&text, name)).transpose();
    Ok(PageRequest {
        limit: limit(params.text("limit").as_deref(), max)?,
        after: params.text("after").map(|text| cursor(&text)).transpose()?,
        before: params.text("before").map(|text| cursor(&text)).transpose()?,
        since: time("since")?,
        until: time("until")?,
    })
}

/// The page an expanded edge asks for by its modifiers.
pub(crate) fn asked_by_field(field: &Field, max: usize) -> Result<PageRequest, GraphError> {
    Ok(PageRequest {
        after: field.modifier("after").map(cursor).transpose()?,
        before: field.modifier("before").map(cursor).transpose()?,
        ..PageRequest::first(limit(field.modifier("limit"), max)?)
    })
}

fn limit(text: Option<&str>, max: usize) -> Result<usize, GraphError> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT.min(max)) };
    match text.parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(max)),
        _ => Err(GraphError::invalid_parameter("Param limit must be a positive integer.")),
    }
}

fn cursor(text: &str) -> Result<Position, GraphError> {
    Position::from_cursor(text).ok_or_else(|| GraphError::invalid_parameter("Invalid cursors values."))
}

/// Unix seconds, an ISO time or a date.
fn parse_time(text: &str, name: &str) -> Result<DateTime<Utc>, GraphError> {
    let unix = || text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let iso = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let date =
        || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc());
    unix()
        .or_else(iso)
        .or_else(date)
        .ok_or_else(|| GraphError::invalid_parameter(format!("Param {name} is no time.")))
}

/// The answer of an edge that is called directly, with links to its neighbours.
pub(crate) fn edge<T>(
    request: &GraphRequest,
    page: Page<T>,
    render: impl FnMut(&T) -> Result<Value, GraphError>,
) -> Result<Value, GraphError> {
    let links = links(request, &page);
    let mut answer = bare_edge(page, render)?;
    if let Some(Value::Object(paging)) = answer.get_mut("paging") {
        paging.extend(links);
    }
    Ok(answer)
}

/// The answer of an edge inside an expansion: cursors without links.
pub(crate) fn bare_edge<T>(
    page: Page<T>,
    mut render: impl FnMut(&T) -> Result<Value, GraphError>,
) -> Result<Value, GraphError> {
    let mut data = Vec::with_capacity(page.items.len());
    for (_, item) in &page.items {
        data.push(render(item)?);
    }
    let mut answer = json!({ "data": data });
    if let (Some((first, _)), Some((last, _))) = (page.items.first(), page.items.last()) {
        answer["paging"] = json!({"cursors": {"before": first.cursor(), "after": last.cursor()}});
    }
    Ok(answer)
}

fn links<T>(request: &GraphRequest, page: &Page<T>) -> Map<String, Value> {
    let mut links = Map::new();
    let mut link = |name: &str, cursor: &str, position: Position| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(token) = &request.token {
            query.append_pair("access_token", token);
        }
        for (name, value) in request.params.iter_text() {
            if !matches!(name, "after" | "before") {
                query.append_pair(name, &value);
            }
        }
        query.append_pair(cursor, &position.cursor());
        let link = format!("{}{}?{}", request.base, request.raw_path, query.finish());
        links.insert(name.to_owned(), Value::String(link));
    };
    if let Some((last, _)) = page.items.last().filter(|_| page.has_older) {
        link("next", "after", *last);
    }
    if let Some((first, _)) = page.items.first().filter(|_| page.has_newer) {
        link("previous", "before", *first);
    }
    links
}
