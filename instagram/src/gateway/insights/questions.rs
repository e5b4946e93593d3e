//! Calls that ask for numbers.

use tenants::account::Account;
use tenants::effect::ErrorCategory;
use tenants::ports::{AccountQuestion, MetricForm, SendError};

use crate::gateway::call::{Call, Target, checked};
use crate::gateway::errors;

/// The time over which Instagram adds up who the followers are.
const TIMEFRAME: &str = "this_month";

/// The call that asks for an account's metrics.
pub(super) fn about_account(account: &Account, question: &AccountQuestion) -> Result<Call, SendError> {
    let path = format!("{}/insights", checked(&account.external_id)?);
    let mut call = Call::get(account, path, Target::Account).query("metric", question.metrics.join(","));
    let seconds = |at: tenants::clock::Timestamp| (at.as_millis() / 1_000).to_string();
    call = match question.form {
        MetricForm::Total => call.query("period", "day").query("metric_type", "total_value"),
        MetricForm::Series => call.query("period", "day").query("metric_type", "time_series"),
        MetricForm::Lifetime if question.breakdown.is_some() => {
            call.query("period", "lifetime").query("metric_type", "total_value").query("timeframe", TIMEFRAME)
        }
        MetricForm::Lifetime => call.query("period", "lifetime"),
    };
    if question.form != MetricForm::Lifetime {
        call = call.query("since", seconds(question.since)).query("until", seconds(question.until));
    }
    Ok(match question.breakdown {
        Some(breakdown) => call.query("breakdown", breakdown),
        None => call,
    })
}

/// A handle that may stand in a list of fields.
pub(super) fn checked_handle(username: &str) -> Result<&str, SendError> {
    let handle = username.trim_start_matches('@');
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if handle.is_empty() || handle.len() > 30 || !handle.chars().all(is_harmless) {
        let message = format!("`{handle}` is no handle of Instagram: letters, digits, dots and underscores");
        return Err(errors::failure(ErrorCategory::Permanent, message));
    }
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_cannot_lead_to_other_fields() {
        assert_eq!(checked_handle("@blue.bottle_1").unwrap(), "blue.bottle_1");
        for handle in ["", "@", "a){id}", "a b", "ä", "a,b", &"a".repeat(31)] {
            assert_eq!(checked_handle(handle).unwrap_err().category, ErrorCategory::Permanent, "{handle}");
        }
    }
}
