//! Sending a video to Instagram, piece by piece, and going on where the line broke.
//!
//! The container is there already and is of no use to anybody else: whatever goes wrong here, nothing is visible, and a
//! later try makes another container. So no outcome is [`ErrorCategory::Unknown`].

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;
use tenants::account::{Account, LoginFlavour};
use tenants::clock::Clock;
use tenants::effect::ErrorCategory;
use tenants::ids::PostId;
use tenants::ports::{MediaBytes, Readiness, SendError, Sending, SentFile};

use super::readiness::readiness_of;
use crate::gateway::call::{Body, Call, Purpose, Target, checked};
use crate::gateway::transport::{Answer, Fault, FilePart};
use crate::gateway::{Gateway, errors, tokens};
use crate::webhook::fields;

/// Breaks in a row, without a byte more arriving, after which this container is given up.
const MAX_BREAKS: u32 = 6;

/// Files that can be sent, and those that are being sent.
pub(in crate::gateway) struct Files {
    bytes: Arc<dyn MediaBytes>,
    clock: Arc<dyn Clock>,
    under_way: Mutex<HashMap<PostId, (Arc<AtomicU64>, u64)>>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files")
    }
}

impl Files {
    pub(in crate::gateway) fn new(bytes: Arc<dyn MediaBytes>, clock: Arc<dyn Clock>) -> Self {
        Self { bytes, clock, under_way: Mutex::default() }
    }

    pub(super) fn sending(&self, post: PostId) -> Option<Sending> {
        let under_way = self.under_way();
        let (sent, total) = under_way.get(&post)?;
        Some(Sending { sent: sent.load(Ordering::Relaxed), total: *total })
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<PostId, (Arc<AtomicU64>, u64)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, file: &SentFile) -> UnderWay<'_> {
        let sent = Arc::new(AtomicU64::new(0));
        self.under_way().insert(file.post, (sent.clone(), file.bytes));
        UnderWay { files: self, post: file.post, sent }
    }
}

/// Shows how far a file has come, as long as it lives.
struct UnderWay<'a> {
    files: &'a Files,
    post: PostId,
    sent: Arc<AtomicU64>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.files.under_way();
        // Two videos of a carousel may be under way; the later one is shown.
        if under_way.get(&self.post).is_some_and(|(sent, _)| Arc::ptr_eq(sent, &self.sent)) {
            under_way.remove(&self.post);
        }
    }
}

/// How sending ended.
#[derive(Debug, PartialEq)]
enum Ending {
    /// All of it has arrived.
    Done,
    /// Some of it may have: it goes on from there.
    Broken(SendError),
    /// It makes no sense to go on.
    GivenUp(SendError),
}

impl Gateway {
    /// Sends the file of a container. `told` is where Instagram wants it.
    pub(super) async fn send_file(
        &self,
        account: &Account,
        container: &str,
        told: Option<&str>,
        file: &SentFile,
    ) -> Result<(), SendError> {
        let Some(files) = &self.files else {
            return Err(errors::failure(ErrorCategory::Permanent, "there are no files here to be sent"));
        };
        let address = self.transport.upload_address(checked(container)?, told);
        let under_way = files.begin(file);
        let (mut offset, mut furthest, mut breaks_in_a_row) = (0, 0, 0);
        loop {
            let broken = match self.send_from(offset, &address, account, file, &under_way).await {
                Ending::Done => return Ok(()),
                Ending::GivenUp(error) => return Err(error),
                Ending::Broken(error) => error,
            };
            let Some(arrived) = self.arrived(account, container, file.bytes).await? else { return Ok(()) };
            breaks_in_a_row = if arrived > furthest { 0 } else { breaks_in_a_row + 1 };
            if breaks_in_a_row >= MAX_BREAKS {
                return Err(broken);
            }
            tracing::info!(account.id = %account.id, container, arrived, total = file.bytes, error = %broken.message,
                "sending a video broke off; it goes on");
            (offset, furthest) = (arrived, furthest.max(arrived));
            if let Some(doubled) = breaks_in_a_row.checked_sub(1) {
                files.clock.sleep(Duration::from_secs(1 << doubled)).await;
            }
        }
    }

    async fn send_from(
        &self,
        offset: u64,
        address: &str,
        account: &Account,
        file: &SentFile,
        under_way: &UnderWay<'_>,
    ) -> Ending {
        let token = match self.tokens.get(account).await {
            Ok(token) => token,
            Err(error) => return Ending::GivenUp(error),
        };
        let place = (&account.tenant, file.media, file.file);
        let pieces = match under_way.files.bytes.read_media(place, offset..file.bytes).await {
            Ok(Some(pieces)) => pieces,
            Ok(None) => {
                let message = "its file is missing in the media storage: upload it again";
                return Ending::GivenUp(errors::failure(ErrorCategory::Permanent, message));
            }
            Err(error) => return Ending::GivenUp(unreadable(&error.to_string())),
        };
        let is_read = Arc::new(AtomicBool::new(true));
        let (sent, readable) = (under_way.sent.clone(), is_read.clone());
        sent.store(offset, Ordering::Relaxed);
        let counted = pieces.inspect(move |piece| match piece {
            Ok(bytes) => _ = sent.fetch_add(bytes.len() as u64, Ordering::Relaxed),
            Err(_) => readable.store(false, Ordering::Relaxed),
        });
        let body = reqwest::Body::wrap_stream(counted);
        let part = FilePart { address: address.to_owned(), offset, total: file.bytes, body };
        let outcome = self.transport.send_file(part, &token).await;
        if !is_read.load(Ordering::Relaxed) {
            return Ending::GivenUp(unreadable("it broke off"));
        }
        self.read_ending(outcome, account, &token)
    }

    fn read_ending(&self, outcome: Result<Answer, Fault>, account: &Account, token: &SecretString) -> Ending {
        let mut ending = match outcome {
            Ok(answer) => ending_of(&answer, account.flavour),
            Err(fault @ Fault::UnusableToken) => Ending::GivenUp(errors::from_fault(fault, Purpose::Read)),
            Err(fault) => Ending::Broken(errors::from_fault(fault, Purpose::Read)),
        };
        if let Ending::Broken(error) | Ending::GivenUp(error) = &mut ending {
            if error.category == ErrorCategory::AuthFailure {
                self.tokens.forget(&account.id);
            }
            error.message = tokens::redact(&error.message, token);
        }
        ending
    }

    /// How many bytes of a file have arrived, `None` when that is all that is wanted of us: whether Instagram likes the
    /// file is told when the container is asked for.
    async fn arrived(
        &self,
        account: &Account,
        container: &str,
        total: u64,
    ) -> Result<Option<u64>, SendError> {
        let call = Call::get(account, checked(container)?.to_owned(), Target::Thing);
        let body = match self.call(account, &call.query("fields", "status_code,status,video_status")).await {
            Ok(answered) => answered.body,
            Err(error) if error.category == ErrorCategory::Transient => Value::Null,
            // Fresh containers are denied for moments; another one is made.
            Err(error) if error.skip_reason.is_some() => {
                let (category, skip_reason) = (ErrorCategory::Transient, None);
                return Err(SendError { category, skip_reason, ..error });
            }
            Err(error) => return Err(error),
        };
        Ok(missing_from(&body, total))
    }
}

/// From where on bytes are missing, as a container tells; from the beginning when it tells nothing.
fn missing_from(body: &Value, total: u64) -> Option<u64> {
    let uploading = &body["video_status"]["uploading_phase"];
    let is_over = readiness_of(body) != Readiness::InProgress || uploading["status"] == "complete";
    let told = fields::number(uploading, "bytes_transferred").and_then(|bytes| u64::try_from(bytes).ok());
    let arrived = told.filter(|bytes| *bytes <= total).unwrap_or_default();
    (!is_over && arrived < total).then_some(arrived)
}

/// What rupload's answer means. It has an envelope of its own for errors, and Graph's.
fn ending_of(answer: &Answer, flavour: LoginFlavour) -> Ending {
    let body = answer.body.as_ref().unwrap_or(&Value::Null);
    if answer.status < 300 && body["success"] == Value::Bool(true) {
        return Ending::Done;
    }
    let debug = &body["debug_info"];
    if !debug.is_object() {
        let error = errors::from_answer(
            answer,
            &Call {
                method: Method::POST,
                flavour,
                path: String::new(),
                query: Vec::new(),
                body: Body::Empty,
                // Nothing is visible, whatever happened: it may be repeated like a reading.
                purpose: Purpose::Read,
                target: Target::Account,
            },
        );
        return match error.category {
            ErrorCategory::Transient => Ending::Broken(error),
            _ => Ending::GivenUp(error),
        };
    }
    let kind = fields::text(debug, "type").unwrap_or_default();
    let said: String = fields::text(debug, "message").unwrap_or_default().chars().take(300).collect();
    let refused = |category, advice: &str| {
        let message = format!("instagram did not take the video ({kind}): {said}{advice}");
        SendError { usage: answer.usage.clone(), ..errors::failure(category, message) }
    };
    match (kind.as_str(), fields::flag(debug, "retriable")) {
        // Where to go on is asked anew.
        ("OffsetInvalidError", _) | (_, true) => Ending::Broken(refused(ErrorCategory::Transient, "")),
        // Whether the token or the way of login is meant, the next container tells.
        ("NotAuthorizedError", _) => {
            let advice = " (if it stays so, Instagram takes no videos this way from this account: set \
                          http.public_url, and media.videos to \"fetch\")";
            Ending::GivenUp(refused(ErrorCategory::Transient, advice))
        }
        _ => Ending::GivenUp(refused(ErrorCategory::Permanent, "")),
    }
}

fn unreadable(why: &str) -> SendError {
    errors::failure(ErrorCategory::Transient, format!("the file cannot be read now: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tenants::ports::Usage;

    #[test]
    fn it_goes_on_where_the_container_says_and_begins_anew_when_it_says_nothing_sensible() {
        let phase = |bytes: Value| {
            let uploading = json!({ "status": "in_progress", "bytes_transferred": bytes });
            json!({ "status_code": "IN_PROGRESS", "video_status": { "uploading_phase": uploading } })
        };
        for (body, expected) in [
            (phase(json!(50_002)), Some(50_002)),
            (phase(json!("50002")), Some(50_002)),
            (phase(json!(0)), Some(0)),
            (phase(json!(-3)), Some(0)),
            (phase(json!(100_001)), Some(0)),
            (phase(json!(100_000)), None),
            (json!({ "status_code": "IN_PROGRESS" }), Some(0)),
            (Value::Null, Some(0)),
            (json!({ "video_status": { "uploading_phase": { "status": "complete" } } }), None),
            (json!({ "status_code": "FINISHED" }), None),
            (json!({ "status_code": "ERROR" }), None),
        ] {
            assert_eq!(missing_from(&body, 100_000), expected, "{body}");
        }
    }

    #[test]
    fn its_own_errors_say_whether_to_go_on_and_what_becomes_of_the_post() {
        let debug = |kind: &str, retriable: bool| json!({ "debug_info": { "retriable": retriable, "type": kind, "message": "{\"success\":false}" } });
        let graph = |code: i64| json!({ "error": { "code": code, "message": "x" } });
        let (permanent, transient) = (ErrorCategory::Permanent, ErrorCategory::Transient);
        for (status, body, goes_on, category) in [
            (400, debug("ProcessingFailedError", false), false, permanent),
            (400, debug("PartialRequestError", true), true, transient),
            (412, debug("OffsetInvalidError", false), true, transient),
            (401, debug("NotAuthorizedError", false), false, transient),
            (400, graph(190), false, ErrorCategory::AuthFailure),
            (400, graph(4), false, ErrorCategory::RateLimit),
            (500, graph(2), true, transient),
            (429, Value::Null, false, ErrorCategory::RateLimit),
            (502, Value::Null, true, transient),
            (200, json!({ "success": false }), true, transient),
        ] {
            let answer =
                Answer { status, usage: Usage::default(), retry_after: None, body: Some(body.clone()) };
            let (went_on, error) = match ending_of(&answer, LoginFlavour::Facebook) {
                Ending::Broken(error) => (true, error),
                Ending::GivenUp(error) => (false, error),
                Ending::Done => panic!("{body}"),
            };
            assert_eq!((went_on, error.category), (goes_on, category), "{status} {body}");
        }
    }
}
