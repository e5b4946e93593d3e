//! The host that takes videos: bytes of a container's file, from an offset on. At Meta it is `rupload.facebook.com`; it has
//! an envelope of its own for errors.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, Response, StatusCode, request::Parts},
    response::IntoResponse,
};
use futures::StreamExt;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Outcome, caller, endpoint::Endpoint, errors::GraphError, publishing, record, request::GraphRequest,
    struck, write,
};
use crate::{
    core::{Core, lock},
    faults::{AnswerFault, CallFault, UploadFault},
    ids::AccountId,
    json::escaped,
    server::ConnectionSwitch,
    state::containers::Container,
};

/// Files of which not all has arrived, by container. They are not in the state file: after a restart such a container
/// tells zero bytes.
pub(crate) type Arriving = HashMap<String, Part>;

/// The beginning of a file.
#[derive(Debug, Default)]
pub(crate) struct Part {
    received: u64,
    head: Vec<u8>,
    digest: Sha256,
}

impl Part {
    fn add(&mut self, bytes: &[u8]) {
        self.received += bytes.len() as u64;
        self.head.extend(bytes.iter().take(publishing::HEAD.saturating_sub(self.head.len())));
        self.digest.update(bytes);
    }
}

/// What the host says to a file that it does not take.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    retriable: bool,
    reason: String,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, reason: &str, message: &str) -> Self {
        Self { status, retriable: false, reason: reason.to_owned(), message: message.to_owned() }
    }

    fn processing(message: &str) -> Self {
        let message = json!({ "success": false, "error": { "message": message } }).to_string();
        Self::new(StatusCode::BAD_REQUEST, "ProcessingFailedError", &message)
    }

    fn offset() -> Self {
        let message = "Request starting offset is invalid";
        Self::new(StatusCode::PRECONDITION_FAILED, "OffsetInvalidError", message)
    }
}

/// How a call ended.
enum Taken {
    Whole,
    Refused(Refusal),
    /// The connection broke; nobody hears of it.
    Broken,
}

/// Takes the bytes of a file.
pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    ConnectInfo(connection): ConnectInfo<ConnectionSwitch>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let (method, path) = (parts.method.to_string(), parts.uri.path().to_owned());
    let asked = match GraphRequest::read(Request::from_parts(parts.clone(), Body::empty())).await {
        Ok(asked) => asked,
        Err(_) => return answer(&Taken::Refused(Refusal::processing("The request cannot be read."))),
    };
    let (account, caller) = core.look(|world, now| caller::identify(world, &asked, now));
    for fault in core.call_faults(account.as_ref(), Endpoint::UploadVideo) {
        if let CallFault::Slow { by } = fault {
            tokio::time::sleep(by).await;
        } else if let Some(outcome) = struck(&fault, account.as_ref(), &core) {
            record(&core, method, path, Endpoint::UploadVideo, account, &outcome);
            return write(&core, None, caller::manners(&asked), &outcome);
        }
    }
    let taken = match (&account, caller) {
        (Some(account), Ok(_)) => take(&core, account, &asked, &parts, body).await,
        _ => {
            let message = "Authentication failed";
            Taken::Refused(Refusal::new(StatusCode::UNAUTHORIZED, "NotAuthorizedError", message))
        }
    };
    let withheld = match taken {
        Taken::Whole => core.answer_fault(account.as_ref(), Endpoint::UploadVideo),
        Taken::Broken => Some(AnswerFault::Cut),
        Taken::Refused(_) => None,
    };
    let told = match &taken {
        Taken::Refused(refusal) => {
            Err(GraphError::new(-1, refusal.reason.clone()).status(refusal.status.as_u16()))
        }
        Taken::Whole | Taken::Broken => Ok(Value::Null),
    };
    let outcome = Outcome { withheld, ..Outcome::of(told) };
    record(&core, method, path, Endpoint::UploadVideo, account, &outcome);
    match withheld {
        Some(AnswerFault::Cut) => connection.cut(),
        Some(AnswerFault::Hang) => core.shutdown.cancelled().await,
        Some(AnswerFault::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return status.into_response();
        }
        None => {}
    }
    answer(&taken)
}

async fn take(core: &Core, account: &AccountId, asked: &GraphRequest, parts: &Parts, body: Body) -> Taken {
    let mut breaks_after = u64::MAX;
    for fault in core.upload_faults(account) {
        match fault {
            UploadFault::Breaks { after } => breaks_after = breaks_after.min(after),
            UploadFault::Refused { retriable, reason } => {
                let refusal = Refusal { retriable, ..Refusal::processing("unauthorized user request") };
                return Taken::Refused(Refusal { reason, ..refusal });
            }
        }
    }
    let id = asked.path.last().cloned().unwrap_or_default();
    match begin(core, account, &id, &parts.headers) {
        Ok(total) => receive(core, &id, total, breaks_after, body).await,
        Err(refusal) => Taken::Refused(refusal),
    }
}

/// Looks whether the file may be sent from where it shall be; its size. From the beginning it may always be sent.
fn begin(core: &Core, account: &AccountId, id: &str, headers: &HeaderMap) -> Result<u64, Refusal> {
    let is_awaited = core.look(|world, _| {
        let own = world.containers.get(id).filter(|container| container.account == *account);
        own.is_some_and(|container| !container.has_file())
    });
    if !is_awaited {
        return Err(Refusal::processing("No upload is awaited for this container."));
    }
    let number = |name: &str| {
        let text = headers.get(name).and_then(|value| value.to_str().ok());
        text.and_then(|text| text.parse::<u64>().ok())
    };
    let (Some(offset), Some(total)) = (number("offset"), number("file_size")) else {
        return Err(Refusal::processing("The headers offset and file_size are required."));
    };
    let mut arriving = lock(&core.arriving);
    if offset == 0 {
        arriving.insert(id.to_owned(), Part::default());
    }
    let received = arriving.get(id).map_or(0, |part| part.received);
    if offset == received { Ok(total) } else { Err(Refusal::offset()) }
}

async fn receive(core: &Core, id: &str, total: u64, breaks_after: u64, body: Body) -> Taken {
    let mut body = body.into_data_stream();
    let mut left = breaks_after;
    while let Some(chunk) = body.next().await {
        let Ok(chunk) = chunk else { return Taken::Broken };
        let kept = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
        left -= kept as u64;
        let mut arriving = lock(&core.arriving);
        let Some(part) = arriving.get_mut(id) else { return Taken::Broken };
        part.add(chunk.get(..kept).unwrap_or_default());
        if part.received > total {
            return Taken::Refused(Refusal::processing("There is more than file_size says."));
        }
        if kept < chunk.len() || left == 0 {
            return Taken::Broken;
        }
    }
    let part = {
        let mut arriving = lock(&core.arriving);
        if arriving.get(id).is_none_or(|part| part.received < total) {
            let message = "Partial request (did not match length of file)";
            let refusal = Refusal::new(StatusCode::BAD_REQUEST, "PartialRequestError", message);
            return Taken::Refused(Refusal { retriable: true, ..refusal });
        }
        arriving.remove(id).unwrap_or_default()
    };
    let looks = lock(&core.publishing).fetch_files;
    core.act(|world, now| {
        let Some(container) = world.containers.get_mut(id) else { return };
        let limit = publishing::limit_of(container.media_type, container.product);
        let checked = publishing::check_file(container.media_type, limit, part.received, &part.head);
        let fails_with = checked.ok().flatten().filter(|_| looks);
        container.arrived(hex::encode(part.digest.finalize()), fails_with, now);
    });
    Taken::Whole
}

fn answer(taken: &Taken) -> Response<Body> {
    let (status, body) = match taken {
        Taken::Whole | Taken::Broken => {
            (StatusCode::OK, json!({ "success": true, "message": "Upload successful." }))
        }
        Taken::Refused(Refusal { status, retriable, reason, message }) => {
            let debug = json!({ "retriable": retriable, "type": reason, "message": message });
            (*status, json!({ "debug_info": debug }))
        }
    };
    (status, [("content-type", "application/json")], escaped(&body)).into_response()
}

/// How many bytes a container tells of the file that is sent to it.
pub(super) fn received(core: &Core, account: Option<&AccountId>, id: &str) -> u64 {
    let received = lock(&core.arriving).get(id).map_or(0, |part| part.received);
    received.saturating_add_signed(core.misreported(account))
}

/// `video_status` of a container whose file is sent.
pub(super) fn status(container: &Container, received: u64, code: &str) -> Value {
    let is_there = container.has_file();
    let uploading = match (is_there, received) {
        (true, _) => "complete",
        (false, 0) => "not_started",
        (false, _) => "in_progress",
    };
    let processing = match code {
        _ if !is_there => "not_started",
        "IN_PROGRESS" => "in_progress",
        "ERROR" => "error",
        _ => "complete",
    };
    let mut phase = json!({ "status": uploading });
    if !is_there {
        phase["bytes_transferred"] = json!(received);
    }
    json!({ "uploading_phase": phase, "processing_phase": { "status": processing } })
}
