//! Whether a container can be published. Its `status_code` may be empty, with only `status` in words.

use serde_json::Value;
use tenants::account::Account;
use tenants::ports::{Readiness, SendError};

use crate::gateway::call::{Call, Target, checked};
use crate::gateway::{Gateway, errors};
use crate::webhook::fields;

impl Gateway {
    pub(super) async fn container_status(
        &self,
        account: &Account,
        container: &str,
    ) -> Result<Readiness, SendError> {
        let call = Call::get(account, checked(container)?.to_owned(), Target::Thing);
        let body = self.call(account, &call.query("fields", "status_code,status")).await?.body;
        Ok(readiness_of(&body))
    }
}

pub(super) fn readiness_of(body: &Value) -> Readiness {
    let status = fields::text(body, "status").unwrap_or_default();
    let told = fields::text(body, "status_code").unwrap_or_default();
    let code = if told.trim().is_empty() { code_of_words(&status) } else { told.trim().to_ascii_uppercase() };
    match code.as_str() {
        "FINISHED" => Readiness::Ready,
        "PUBLISHED" => Readiness::Published,
        "EXPIRED" => Readiness::Expired,
        "ERROR" => failed(&status),
        // Unknown words, too: nothing is concluded from what is not understood.
        _ => Readiness::InProgress,
    }
}

/// `Finished: Media has been uploaded …` and the like.
fn code_of_words(status: &str) -> String {
    let (word, _) = status.split_once(':').unwrap_or((status, ""));
    word.trim().to_ascii_uppercase().replace(' ', "_")
}

fn failed(status: &str) -> Readiness {
    let subcode = status
        .split(|c: char| !c.is_ascii_digit())
        .find_map(|digits| digits.parse::<i64>().ok().filter(|code| (2_207_000..2_208_000).contains(code)));
    let advice = match subcode {
        Some(2_207_082 | 2_207_085 | 2_207_076) => {
            "Instagram could not process the file: export the video anew as H.264 with an AAC sound track"
        }
        Some(2_207_026) => "Instagram does not take this kind of video: export it as MP4 with H.264 and AAC",
        _ => "Instagram could not process the file",
    };
    let shown: String = status.chars().take(200).collect();
    let message = if shown.is_empty() { advice.to_owned() } else { format!("{advice} ({shown})") };
    Readiness::Failed { message, code: subcode, may_work_again: subcode.is_none_or(errors::may_work_again) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_words_count_when_the_code_is_empty_and_unknown_ones_mean_wait() {
        let finished = "Finished: Media has been uploaded and it is ready to be published.";
        for (body, expected) in [
            (json!({"status_code": "FINISHED"}), Readiness::Ready),
            (json!({"status_code": "", "status": finished}), Readiness::Ready),
            (json!({"status": "In Progress: Media is still being processed."}), Readiness::InProgress),
            (json!({"status_code": "PUBLISHED", "status": finished}), Readiness::Published),
            (json!({"status_code": "EXPIRED"}), Readiness::Expired),
            (json!({}), Readiness::InProgress),
            (json!({"status_code": 7}), Readiness::InProgress),
            (json!({"status_code": "SCHEDULED"}), Readiness::InProgress),
        ] {
            assert_eq!(readiness_of(&body), expected, "{body}");
        }
    }

    #[test]
    fn the_number_in_the_words_says_whether_another_try_makes_sense() {
        for (subcode, again) in
            [(2_207_026, false), (2_207_082, false), (2_207_085, false), (2_207_053, true), (2_207_077, true)]
        {
            let status = format!("Error: Media upload has failed with error code {subcode}");
            let body = json!({"status_code": "ERROR", "status": status});
            let Readiness::Failed { code, may_work_again, .. } = readiness_of(&body) else {
                panic!("{subcode}")
            };
            assert_eq!((code, may_work_again), (Some(subcode), again));
        }
        let Readiness::Failed { may_work_again, .. } = readiness_of(&json!({"status_code": "ERROR"})) else {
            panic!()
        };
        assert!(may_work_again);
    }
}
