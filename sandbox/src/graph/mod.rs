//! The Graph API side: from an HTTP request to Meta's answer.
//!
//! To add an endpoint: name it in [`endpoint::Endpoint`], give it a line in the table there and in
//! [`perform::perform`], and write its function in the module of its node.

mod account;
mod app_subscriptions;
mod batch;
pub(crate) mod caller;
mod comments;
mod conversations;
mod discovery;
pub(crate) mod endpoint;
pub(crate) mod errors;
mod fields;
mod insights;
mod media;
mod messaging;
mod multipart;
mod paging;
mod people;
mod perform;
mod publishing;
pub(crate) mod request;
mod respond;
mod settings;
pub(crate) mod tokens;
pub(crate) mod uploading;

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::Response,
};
use serde_json::{Value, json};

use crate::oauth;
use crate::{
    calls::CallRecord,
    control::requests::Login,
    core::{Core, lock},
    faults::{AnswerFault, CallFault},
    ids::AccountId,
    limits::Usage,
    server::ConnectionSwitch,
};
use caller::Caller;
use endpoint::{Endpoint, Target};
use errors::GraphError;
use request::GraphRequest;
use respond::Manner;

/// How a call ended, before it is written out.
struct Outcome {
    answer: Result<Value, GraphError>,
    garbage: Option<u16>,
    usage: Option<Usage>,
    retry_after: Option<u64>,
    withheld: Option<AnswerFault>,
}

impl Outcome {
    fn of(answer: Result<Value, GraphError>) -> Self {
        Self { answer, garbage: None, usage: None, retry_after: None, withheld: None }
    }
}

/// Answers every path that is not the sandbox's own.
pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    ConnectInfo(connection): ConnectInfo<ConnectionSwitch>,
    request: Request,
) -> Response<Body> {
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let request = match GraphRequest::read(request).await {
        Ok(request) => request,
        Err(error) => {
            let outcome = Outcome::of(Err(error));
            record(&core, method, path, Endpoint::Unknown, None, &outcome);
            return write(&core, None, Login::Instagram, &outcome);
        }
    };
    if batch::is_batch(&request) {
        return batch::handle(&core, &request).await;
    }
    let (outcome, login) = answer(&core, method, path, &request).await;
    match outcome.withheld {
        Some(AnswerFault::Cut) => connection.cut(),
        Some(AnswerFault::Hang) => core.shutdown.cancelled().await,
        Some(AnswerFault::Status(_)) | None => {}
    }
    write(&core, request.version.as_deref(), login, &outcome)
}

/// Carries out and records one call; tells in which host's manner to answer.
async fn answer(core: &Core, method: String, path: String, request: &GraphRequest) -> (Outcome, Login) {
    if let Some(endpoint) = core.look(|world, _| oauth::endpoint(world, request)) {
        let account = core.look(|world, _| oauth::account_of(world, request));
        let outcome = run_login(core, request, account.as_ref(), endpoint).await;
        record(core, method, path, endpoint, account, &outcome);
        return (outcome, oauth::manners(request));
    }
    let (account, caller) = core.look(|world, now| caller::identify(world, request, now));
    let target = match &caller {
        Ok(caller) => core.look(|world, _| endpoint::resolve(world, caller, request)),
        Err(error) => Err(error.clone()),
    };
    let endpoint = target.as_ref().map_or_else(|_| endpoint::guess(request), |target| target.endpoint);
    let login = caller.as_ref().map_or_else(|_| caller::manners(request), |caller| caller.login);
    let outcome = run(core, request, account.as_ref(), caller, target, endpoint).await;
    record(core, method, path, endpoint, account, &outcome);
    (outcome, login)
}

/// A call of a login: no limits, but the same faults as any other.
async fn run_login(
    core: &Core,
    request: &GraphRequest,
    account: Option<&AccountId>,
    endpoint: Endpoint,
) -> Outcome {
    for fault in core.call_faults(account, endpoint) {
        if let CallFault::Slow { by } = fault {
            tokio::time::sleep(by).await;
        } else if let Some(outcome) = struck(&fault, account, core) {
            return outcome;
        }
    }
    let answer = core.act(|world, now| oauth::perform(world, request, endpoint, now));
    let withheld = if answer.is_ok() { core.answer_fault(account, endpoint) } else { None };
    let answer = match withheld {
        Some(AnswerFault::Status(status)) => Err(GraphError::unknown_failure(status)),
        _ => answer,
    };
    Outcome { withheld, ..Outcome::of(answer) }
}

/// Faults, limits, the call itself, and faults again.
async fn run(
    core: &Core,
    request: &GraphRequest,
    account: Option<&AccountId>,
    caller: Result<Caller, GraphError>,
    target: Result<Target, GraphError>,
    endpoint: Endpoint,
) -> Outcome {
    for fault in core.call_faults(account, endpoint) {
        if let CallFault::Slow { by } = fault {
            tokio::time::sleep(by).await;
        } else if let Some(outcome) = struck(&fault, account, core) {
            return outcome;
        }
    }
    let (caller, target) = match (caller, target) {
        (Ok(caller), Ok(target)) => (caller, target),
        (Err(error), _) | (_, Err(error)) => return Outcome::of(Err(error)),
    };
    let mut usage = None;
    if let Some(account) = &caller.account {
        let now = core.clock.now();
        let charge = lock(&core.limits).charge(account, &caller.app, caller.login, endpoint, now);
        usage = charge.1;
        if let Err(error) = charge.0 {
            return Outcome { usage, ..Outcome::of(Err(error)) };
        }
    }
    let answer = carry_out(core, request, &caller, &target).await;
    let withheld = if answer.is_ok() { core.answer_fault(account, endpoint) } else { None };
    let answer = match withheld {
        Some(AnswerFault::Status(status)) => Err(GraphError::unknown_failure(status)),
        _ => answer,
    };
    Outcome { usage, withheld, ..Outcome::of(answer) }
}

async fn carry_out(
    core: &Core,
    request: &GraphRequest,
    caller: &Caller,
    target: &Target,
) -> Result<Value, GraphError> {
    match target.endpoint {
        Endpoint::DebugToken => return core.look(|world, now| tokens::debug(world, request, now)),
        Endpoint::AppSubscriptions => return app_subscriptions::call(core, request, caller).await,
        Endpoint::CreateContainer
        | Endpoint::ReadContainer
        | Endpoint::PublishContainer
        | Endpoint::ReadPublishingLimit => return publishing::call(core, request, caller, target).await,
        _ => {}
    }
    let account = caller.account.as_ref().ok_or_else(GraphError::no_user_for_me)?;
    core.act(|world, now| {
        let call = perform::Call { account, login: caller.login, request, now };
        perform::perform(world, &call, target)
    })
}

/// The outcome a fault forces; `None` if it only delays.
fn struck(fault: &CallFault, account: Option<&AccountId>, core: &Core) -> Option<Outcome> {
    let error = match fault {
        CallFault::Slow { .. } => return None,
        CallFault::EmptyList => return Some(Outcome::of(Ok(json!({ "data": [] })))),
        CallFault::Garbage { status } => {
            return Some(Outcome { garbage: Some(*status), ..Outcome::of(Ok(Value::Null)) });
        }
        CallFault::Http5xx { status } => GraphError::service_unavailable(*status, 2),
        CallFault::Transient { code, status } => GraphError::service_unavailable(*status, *code),
        CallFault::Refused { code, subcode, status } => GraphError::refusal(*code, *subcode, *status),
        CallFault::PermissionRefused { code } => GraphError::permission(*code),
        CallFault::TokenRevoked(death) => {
            let now = core.clock.now();
            GraphError::dead_token(*death, now, now)
        }
        CallFault::RateLimit { code, status, retry_after, regain_minutes } => {
            let mut error = GraphError::limit(*code);
            error.status = status.unwrap_or(error.status);
            let usage = regain_minutes.map(|minutes| throttled(account, *code, minutes));
            return Some(Outcome { usage, retry_after: *retry_after, ..Outcome::of(Err(error)) });
        }
    };
    Some(Outcome::of(Err(error)))
}

/// Usage headers that say "used up".
fn throttled(account: Option<&AccountId>, code: i64, minutes: u64) -> Usage {
    let kind = if code == 80_006 { "messenger" } else { "instagram" };
    let mut business = json!({});
    business[account.map_or("0", AccountId::as_str)] = json!([{
        "type": kind,
        "call_count": 100,
        "total_cputime": 25,
        "total_time": 33,
        "estimated_time_to_regain_access": minutes,
    }]);
    Usage { app: json!({"call_volume": 100, "cpu_time": 25}), business }
}

fn record(
    core: &Core,
    method: String,
    path: String,
    endpoint: Endpoint,
    account: Option<AccountId>,
    outcome: &Outcome,
) {
    let status = match (&outcome.withheld, &outcome.answer) {
        (Some(AnswerFault::Cut | AnswerFault::Hang), _) => None,
        (_, Err(error)) => Some(error.status),
        (_, Ok(_)) => Some(outcome.garbage.unwrap_or(200)),
    };
    let error = outcome.answer.as_ref().err();
    lock(&core.calls).push(CallRecord {
        sequence: 0,
        at: core.clock.now(),
        method,
        path,
        endpoint,
        account,
        status,
        code: error.map(|error| error.code),
        subcode: error.and_then(|error| error.subcode),
    });
}

fn write(core: &Core, version: Option<&str>, login: Login, outcome: &Outcome) -> Response<Body> {
    let manner = Manner {
        login,
        version: version.unwrap_or(&core.options.api_version),
        number: core.next_number(),
        usage: outcome.usage.as_ref(),
        retry_after: outcome.retry_after,
    };
    match (&outcome.answer, outcome.garbage) {
        (_, Some(status)) => respond::garbage(status, &manner),
        (Ok(body), None) => respond::answer(body, &manner),
        (Err(error), None) => respond::failure(error, &manner),
    }
}
