//! Reading members that come as text in one payload and as a number in the next.

use serde_json::Value;
use tenants::clock::Timestamp;
use tenants::event::Person;

/// Below this a time is in seconds, from here on in milliseconds.
const FIRST_MILLIS: i64 = 100_000_000_000;

/// An id, as text or as an integer (also above 2^53); never empty.
pub(crate) fn id(value: &Value, name: &str) -> Option<String> {
    match &value[name] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

/// A text; never a number.
pub(crate) fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

/// A whole number, as such or as text.
pub(crate) fn number(value: &Value, name: &str) -> Option<i64> {
    match &value[name] {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// True only for the JSON value `true`.
pub(crate) fn flag(value: &Value, name: &str) -> bool {
    value[name].as_bool() == Some(true)
}

/// A time since 1970 in seconds or milliseconds.
pub(crate) fn moment(value: &Value, name: &str) -> Option<Timestamp> {
    let number = number(value, name).filter(|number| *number > 0)?;
    let millis = if number < FIRST_MILLIS { number * 1_000 } else { number };
    Some(Timestamp::from_millis(millis))
}

/// A person: `{"id", "username"}`.
pub(crate) fn person(value: &Value) -> Option<Person> {
    Some(Person { id: id(value, "id")?, username: text(value, "username").filter(|name| !name.is_empty()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_come_as_text_or_as_integers_without_losing_a_digit() {
        let value =
            json!({"a": "17841400000000123", "b": 17841400000000123u64, "c": "", "d": 1.5, "e": null});
        assert_eq!(id(&value, "a").as_deref(), Some("17841400000000123"));
        assert_eq!(id(&value, "b").as_deref(), Some("17841400000000123"));
        for name in ["c", "d", "e", "missing"] {
            assert_eq!(id(&value, name), None, "{name}");
        }
        assert_eq!(id(&json!("not an object"), "a"), None);
    }

    #[test]
    fn times_come_in_seconds_or_milliseconds_as_numbers_or_text() {
        let expected = Some(Timestamp::from_millis(1_767_225_600_000));
        for value in
            [json!(1_767_225_600), json!("1767225600"), json!(1_767_225_600_000u64), json!(1.7672256e9)]
        {
            assert_eq!(moment(&json!({ "time": value }), "time"), expected, "{value}");
        }
        for value in [json!(0), json!(-5), json!("soon"), json!(null), json!([])] {
            assert_eq!(moment(&json!({ "time": value }), "time"), None, "{value}");
        }
        assert!(moment(&json!({"time": u64::MAX}), "time").is_some());
    }
}
