//! Numbers out of Instagram's answers. What cannot be read is left out, never taken for zero.

use serde_json::Value;
use tenants::ports::{AccountProfile, Discovered, MediaItem, Reading};

use crate::gateway::graph_time;
use crate::webhook::fields;

/// Every number of an answer of an `insights` edge, in whichever of its three forms.
pub(super) fn of(body: &Value) -> Vec<Reading> {
    let metrics = body["data"].as_array().into_iter().flatten();
    metrics
        .filter_map(|item| Some((fields::text(item, "name")?, item)))
        .flat_map(|(name, item)| of_metric(&name, item))
        .collect()
}

fn of_metric(name: &str, item: &Value) -> Vec<Reading> {
    let mut found = Vec::new();
    if let Some(value) = item["total_value"]["value"].as_f64() {
        found.push(reading(name, String::new(), value, None));
    }
    for breakdown in item["total_value"]["breakdowns"].as_array().into_iter().flatten() {
        found.extend(parts(name, breakdown));
    }
    for entry in item["values"].as_array().into_iter().flatten() {
        let ends_at = entry["end_time"].as_str().and_then(graph_time::parse);
        match &entry["value"] {
            Value::Object(by_part) => found.extend(by_part.iter().filter_map(|(part, value)| {
                Some(reading(name, format!("part:{part}"), value.as_f64()?, ends_at))
            })),
            // Media have their number in both places when it was taken apart.
            value if item["total_value"]["value"].is_null() => {
                found.extend(value.as_f64().map(|value| reading(name, String::new(), value, ends_at)));
            }
            _ => {}
        }
    }
    found
}

/// The numbers of a breakdown, each under `dimension:value`.
fn parts(name: &str, breakdown: &Value) -> Vec<Reading> {
    let keys: Vec<&str> = texts(&breakdown["dimension_keys"]);
    let results = breakdown["results"].as_array().into_iter().flatten();
    results
        .filter_map(|result| {
            let values = texts(&result["dimension_values"]);
            let named: Vec<String> = keys
                .iter()
                .zip(&values)
                .map(|(key, value)| format!("{key}:{}", value.to_lowercase()))
                .collect();
            Some(reading(name, named.join(","), result["value"].as_f64()?, None))
        })
        .collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn reading(
    metric: &str,
    breakdown: String,
    value: f64,
    ends_at: Option<tenants::clock::Timestamp>,
) -> Reading {
    Reading { metric: metric.to_owned(), breakdown, value, ends_at }
}

fn whole(item: &Value, name: &str) -> Option<u64> {
    fields::number(item, name).and_then(|number| u64::try_from(number).ok())
}

pub(super) fn profile_of(body: &Value) -> AccountProfile {
    AccountProfile {
        followers: whole(body, "followers_count"),
        follows: whole(body, "follows_count"),
        media_count: whole(body, "media_count"),
    }
}

/// The media of a list. One without id or time is left out: it could not be told from others, nor placed.
pub(super) fn media_of(list: &Value) -> Vec<MediaItem> {
    list["data"].as_array().into_iter().flatten().filter_map(media_item).collect()
}

fn media_item(item: &Value) -> Option<MediaItem> {
    Some(MediaItem {
        id: fields::id(item, "id")?,
        product: fields::text(item, "media_product_type").unwrap_or_else(|| "FEED".to_owned()),
        media_type: fields::text(item, "media_type").unwrap_or_else(|| "IMAGE".to_owned()),
        caption: fields::text(item, "caption").unwrap_or_default(),
        permalink: fields::text(item, "permalink"),
        published_at: item["timestamp"].as_str().and_then(graph_time::parse)?,
        likes: whole(item, "like_count"),
        comments: whole(item, "comments_count"),
    })
}

pub(super) fn discovered(found: &Value) -> Discovered {
    Discovered { profile: profile_of(found), media: media_of(&found["media"]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(body: &Value) -> Vec<(String, String, f64, Option<String>)> {
        let ends = |reading: &Reading| reading.ends_at.map(|at| at.to_string());
        of(body)
            .into_iter()
            .map(|it| (it.metric.clone(), it.breakdown.clone(), it.value, ends(&it)))
            .collect()
    }

    #[test]
    fn totals_series_parts_and_hours_are_read_and_what_is_missing_is_no_zero() {
        let body = json!({ "data": [
            { "name": "views", "total_value": { "value": 224, "breakdowns": [{
                "dimension_keys": ["media_product_type"],
                "results": [{ "dimension_values": ["REELS"], "value": 124 }, { "dimension_values": ["POST"] }] }] } },
            { "name": "reach", "values": [
                { "value": 5, "end_time": "2026-01-02T08:00:00+0000" }, { "end_time": "2026-01-03T08:00:00+0000" }] },
            { "name": "online_followers", "values": [
                { "value": { "0": 3, "23": 9 }, "end_time": "2026-01-02T08:00:00+0000" }, { "value": {} }] },
            { "name": "shares", "values": [{ "value": 2 }] },
            { "name": "saves", "total_value": {} },
            { "values": [{ "value": 1 }] },
        ] });
        let (end, none) = (Some("2026-01-02T08:00:00.000000Z".to_owned()), None);
        let row = |metric: &str, part: &str, value, end: &Option<String>| {
            (metric.to_owned(), part.to_owned(), value, end.clone())
        };
        let expected = [
            row("views", "", 224.0, &none),
            row("views", "media_product_type:reels", 124.0, &none),
            row("reach", "", 5.0, &end),
            row("online_followers", "part:0", 3.0, &end),
            row("online_followers", "part:23", 9.0, &end),
            row("shares", "", 2.0, &none),
        ];
        assert_eq!(told(&body), expected);
    }

    #[test]
    fn nonsense_is_read_as_nothing() {
        for body in
            [json!(null), json!([]), json!({ "data": "x" }), json!({ "data": [null, 1, { "name": 3 }] })]
        {
            assert!(of(&body).is_empty() && media_of(&body).is_empty(), "{body}");
        }
        assert_eq!(profile_of(&json!({ "followers_count": -1 })), AccountProfile::default());
    }
}
