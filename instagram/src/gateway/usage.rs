//! Usage headers: how much of the allowance is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use tenants::ports::Usage;

/// Reads `X-App-Usage` in the keys of both hosts, and `X-Business-Use-Case-Usage`. Headers that are missing or
/// unreadable tell nothing.
pub(super) fn read(headers: &HeaderMap) -> Usage {
    let mut usage = Usage::default();
    if let Some(app) = json::<BTreeMap<String, Value>>(headers, "x-app-usage") {
        const PERCENTAGES: [&str; 5] =
            ["call_count", "total_time", "total_cputime", "call_volume", "cpu_time"];
        usage.app_percent = highest(PERCENTAGES.iter().filter_map(|name| app.get(*name)));
    }
    if let Some(cases) = json::<BTreeMap<String, Vec<Value>>>(headers, "x-business-use-case-usage") {
        let ours: Vec<&Value> = cases.values().flatten().filter(|case| is_ours(case)).collect();
        let percentages = ours.iter().flat_map(|case| {
            ["call_count", "total_cputime", "total_time"].iter().filter_map(|name| case.get(*name))
        });
        usage.account_percent = highest(percentages);
        let minutes = ours.iter().filter_map(|case| case["estimated_time_to_regain_access"].as_u64()).max();
        usage.regain_after = minutes
            .filter(|minutes| *minutes > 0)
            .map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
    }
    usage
}

/// Advertising has allowances of its own that do not limit us.
fn is_ours(case: &Value) -> bool {
    case["type"].as_str().is_none_or(|kind| matches!(kind, "instagram" | "messenger" | "pages"))
}

fn highest<'a>(values: impl Iterator<Item = &'a Value>) -> Option<f32> {
    values.filter_map(Value::as_f64).map(|percent| percent as f32).reduce(f32::max)
}

fn json<T: serde::de::DeserializeOwned>(headers: &HeaderMap, name: &str) -> Option<T> {
    serde_json::from_slice(headers.get(name)?.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn usage(headers: &[(&'static str, &str)]) -> Usage {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
        read(&pairs.collect())
    }

    #[test]
    fn the_app_header_is_read_in_the_keys_of_both_hosts() {
        let facebook = usage(&[("x-app-usage", r#"{"call_count":28,"total_time":25,"total_cputime":31}"#)]);
        assert_eq!(facebook, Usage { app_percent: Some(31.0), ..Usage::default() });
        let instagram = usage(&[("x-app-usage", r#"{"call_volume":7,"cpu_time":0}"#)]);
        assert_eq!(instagram, Usage { app_percent: Some(7.0), ..Usage::default() });
    }

    #[test]
    fn the_account_header_gives_the_highest_percentage_and_the_longest_wait() {
        let header = r#"{"17841400000000001":[
            {"type":"instagram","call_count":3,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":0},
            {"type":"messenger","call_count":99.5,"estimated_time_to_regain_access":19},
            {"type":"ads_management","call_count":100,"estimated_time_to_regain_access":600}]}"#;
        let header = header.replace(['\n', ' '], "");
        let expected = Usage {
            app_percent: None,
            account_percent: Some(99.5),
            regain_after: Some(Duration::from_secs(19 * 60)),
        };
        assert_eq!(usage(&[("x-business-use-case-usage", &header)]), expected);
    }

    #[test]
    fn missing_and_unreadable_headers_tell_nothing() {
        assert_eq!(usage(&[]), Usage::default());
        let odd = [("x-app-usage", "[1]"), ("x-business-use-case-usage", "{\"1\":{\"call_count\":\"x\"}}")];
        assert_eq!(usage(&odd), Usage::default());
    }
}
