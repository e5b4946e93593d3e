//! The verification request sent when a callback is configured.

use crate::{core::Core, errors::ControlError, ids};

/// Asks the callback to echo a challenge.
pub(crate) async fn verify(core: &Core, callback_url: &str, verify_token: &str) -> Result<(), ControlError> {
    let refused = |reason: String| ControlError::Handshake(reason);
    let challenge = format!("{}", ids::mixed(core.next_number()) % 10_000_000_000);
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge.as_str()),
        ("hub.verify_token", verify_token),
    ];
    let answer = core
        .webhook_client
        .get(callback_url)
        .query(&query)
        .send()
        .await
        .map_err(|error| refused(format!("{callback_url} cannot be reached: {}", error.without_url())))?;
    let status = answer.status().as_u16();
    let body =
        answer.text().await.map_err(|error| refused(format!("no answer body: {}", error.without_url())))?;
    if status != 200 {
        return Err(refused(format!("{callback_url} answered HTTP {status}, expected 200")));
    }
    if body != challenge {
        return Err(refused(format!("{callback_url} did not answer with the challenge")));
    }
    Ok(())
}
