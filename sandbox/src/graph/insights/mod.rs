//! `/{ig-id}/insights` and `/{media-id}/insights`: one bad metric fails the whole call, small accounts are told little,
//! the newest hours may not be counted yet.

mod account;
mod media;
mod numbers;

use serde_json::{Value, json};

use super::{errors::GraphError, perform::Call};

pub(crate) use account::read as read_account;
pub(crate) use media::read as read_media;

/// The metrics a call asks for.
fn asked(call: &Call<'_>) -> Result<Vec<String>, GraphError> {
    let metrics = call.request.params.words("metric");
    if metrics.is_empty() { Err(GraphError::missing_parameter("metric")) } else { Ok(metrics) }
}

/// What stands around the numbers of a metric.
fn item(owner: &str, metric: &str, period: &str, numbers: Value) -> Value {
    let mut item = json!({
        "name": metric,
        "period": period,
        "title": title(metric),
        "description": format!("{} of the account or media.", title(metric)),
        "id": format!("{owner}/insights/{metric}/{period}"),
    });
    if let (Value::Object(item), Value::Object(numbers)) = (&mut item, numbers) {
        item.extend(numbers);
    }
    item
}

fn title(metric: &str) -> String {
    let mut words = metric.replace('_', " ");
    if let Some(first) = words.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    words
}
