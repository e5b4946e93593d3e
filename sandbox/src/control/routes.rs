//! The control API over HTTP. One table holds every route with the sentence that documents it, so that the
//! listing at `GET /_sandbox` cannot miss one.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::{MethodRouter, delete, get, patch, post, put},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    body::Body,
    requests::{
        AccountChange, NewAccount, NewApp, NewComment, NewEvent, NewMedia, NewMention, NewMessage, NewPerson,
        NewPostback, NewReaction, OwnComment, OwnMessage, RelationChange, Subscription, TokenDeath,
    },
};
use crate::{
    errors::ControlError,
    faults::{FaultId, kinds::Fault},
    ids::AppId,
    options::{LimitOptions, PublishingOptions},
    sandbox::Sandbox,
    state::effects::EffectsQuery,
};

type Answer = Result<Json<Value>, ControlError>;

struct Route {
    method: &'static str,
    path: &'static str,
    says: &'static str,
    handler: MethodRouter<Sandbox>,
}

fn route(
    method: &'static str,
    path: &'static str,
    says: &'static str,
    handler: MethodRouter<Sandbox>,
) -> Route {
    Route { method, path, says, handler }
}

pub(crate) fn router(sandbox: Sandbox) -> Router {
    let routes = routes();
    let listing: Vec<Value> = routes
        .iter()
        .map(|route| json!({"method": route.method, "path": route.path, "says": route.says}))
        .collect();
    let listing = json!({"about": "Control API of the sandbox, a local Instagram.", "routes": listing});
    let router = Router::new().route("/_sandbox", get(|| async move { Json(listing) }));
    routes
        .into_iter()
        .fold(router, |router, route| router.route(route.path, route.handler))
        .with_state(sandbox)
}

#[rustfmt::skip]
fn routes() -> Vec<Route> {
    vec![
        route("GET", "/_sandbox/state", "Everything at a glance.", get(state)),
        route("POST", "/_sandbox/reset", "Forget everything except the options.", post(reset)),
        route("POST", "/_sandbox/apps", "Register an app.", post(create_app)),
        route("GET", "/_sandbox/apps", "List apps with their secrets.", get(list_apps)),
        route("POST", "/_sandbox/apps/{app}/subscription", "Set an app's callback; runs the handshake.", post(subscribe)),
        route("POST", "/_sandbox/apps/{app}/raw", "Send the body as a webhook, signed as it is.", post(deliver_raw)),
        route("POST", "/_sandbox/apps/{app}/test_events/{field}", "Press the dashboard's test button for messages or comments.", post(deliver_test_event)),
        route("POST", "/_sandbox/accounts", "Create an account.", post(create_account)),
        route("GET", "/_sandbox/accounts", "List accounts.", get(list_accounts)),
        route("GET", "/_sandbox/accounts/{account}", "One account, by any id or handle.", get(read_account)),
        route("PATCH", "/_sandbox/accounts/{account}", "Change privacy, message access or subscription.", patch(change_account)),
        route("GET", "/_sandbox/accounts/{account}/token", "The newest access token and its state.", get(read_token)),
        route("POST", "/_sandbox/accounts/{account}/token", "Give out a new token.", post(renew_token)),
        route("DELETE", "/_sandbox/accounts/{account}/token", "Withdraw all tokens; ?death= says why.", delete(revoke_token)),
        route("POST", "/_sandbox/accounts/{account}/deauthorize", "The person removes the app; the callback {\"url\"} is told, signed.", post(deauthorize)),
        route("POST", "/_sandbox/accounts/{account}/delete-data", "The person wants their data deleted; the callback {\"url\"} is asked, signed.", post(delete_data)),
        route("PUT", "/_sandbox/accounts/{account}/token/expiry", "Move the end of the newest token: {\"expires_at\"}.", put(set_token_expiry)),
        route("POST", "/_sandbox/people", "Create a person.", post(create_person)),
        route("PATCH", "/_sandbox/accounts/{account}/people/{person}", "Set who follows or blocks whom.", patch(relate)),
        route("POST", "/_sandbox/accounts/{account}/media", "Post media.", post(create_media)),
        route("GET", "/_sandbox/accounts/{account}/media", "List media.", get(list_media)),
        route("POST", "/_sandbox/accounts/{account}/tags/{person}", "A person posts media in which the account is tagged.", post(tag_in_media)),
        route("POST", "/_sandbox/accounts/{account}/comments", "A person comments.", post(comment)),
        route("GET", "/_sandbox/accounts/{account}/comments", "List all comments, deleted ones included.", get(list_comments)),
        route("POST", "/_sandbox/accounts/{account}/own_comments", "The account comments from its phone.", post(own_comment)),
        route("POST", "/_sandbox/accounts/{account}/mentions", "A person mentions the account.", post(mention)),
        route("POST", "/_sandbox/accounts/{account}/messages", "A person writes, replies to a story or mentions in one.", post(direct_message)),
        route("POST", "/_sandbox/accounts/{account}/own_messages", "The account writes from its phone.", post(own_message)),
        route("POST", "/_sandbox/accounts/{account}/postbacks", "A person taps a button.", post(postback)),
        route("POST", "/_sandbox/accounts/{account}/events", "Send any webhook value in any envelope.", post(deliver_event)),
        route("GET", "/_sandbox/accounts/{account}/conversations", "List conversations.", get(list_conversations)),
        route("GET", "/_sandbox/accounts/{account}/conversations/{person}", "Messages with a person.", get(list_messages)),
        route("PATCH", "/_sandbox/comments/{comment}", "The author changes a comment (no webhook): {\"text\"}.", patch(edit_comment)),
        route("GET", "/_sandbox/comments/{comment}", "One comment, also when deleted.", get(read_comment)),
        route("DELETE", "/_sandbox/comments/{comment}", "The author deletes a comment (no webhook).", delete(delete_comment)),
        route("PATCH", "/_sandbox/messages/{message}", "The sender changes a message: {\"text\"}.", patch(edit_message)),
        route("DELETE", "/_sandbox/messages/{message}", "The sender takes a message back.", delete(unsend_message)),
        route("POST", "/_sandbox/messages/{message}/reaction", "The person reacts, or takes it back with {}.", post(react)),
        route("POST", "/_sandbox/messages/{message}/seen", "The person has seen it.", post(seen)),
        route("POST", "/_sandbox/faults", "Switch a fault on.", post(set_fault)),
        route("GET", "/_sandbox/faults", "List faults with their strikes.", get(list_faults)),
        route("DELETE", "/_sandbox/faults", "Switch all faults off.", delete(clear_faults)),
        route("DELETE", "/_sandbox/faults/{fault}", "Switch one fault off.", delete(clear_fault)),
        route("GET", "/_sandbox/effects", "Which visible effects each comment and message got; ?since=&account=.", get(effects)),
        route("GET", "/_sandbox/effects/{inbound}", "The same for one inbound id.", get(effects_of)),
        route("GET", "/_sandbox/calls", "The last API calls; ?since=.", get(calls)),
        route("GET", "/_sandbox/deliveries", "The last finished webhook deliveries, and how many are pending.", get(deliveries)),
        route("POST", "/_sandbox/deliveries/wait", "Wait until no webhook is pending: {\"timeout_ms\"}.", post(wait_delivered)),
        route("GET", "/_sandbox/clock", "The sandbox's time.", get(clock)),
        route("POST", "/_sandbox/clock", "Move it: {\"advance_seconds\"}.", post(advance_clock)),
        route("DELETE", "/_sandbox/clock", "Return to real time.", delete(rewind_clock)),
        route("GET", "/_sandbox/publishing", "How containers are worked on, and limits of publishing.", get(publishing)),
        route("PUT", "/_sandbox/publishing", "Set how containers are worked on.", put(set_publishing)),
        route("GET", "/_sandbox/accounts/{account}/containers", "Containers of posts, oldest first.", get(containers)),
        route("GET", "/_sandbox/limits", "Rate limits in force.", get(limits)),
        route("PUT", "/_sandbox/limits", "Set rate limits; counting starts afresh.", put(set_limits)),
    ]
}

/// Any report as an answer.
fn told(report: impl serde::Serialize) -> Answer {
    serde_json::to_value(report).map(Json).map_err(|error| ControlError::Invalid(error.to_string()))
}

fn done() -> Answer {
    told(json!({"done": true}))
}

async fn state(State(sandbox): State<Sandbox>) -> Answer {
    told(sandbox.state())
}

async fn reset(State(sandbox): State<Sandbox>) -> Answer {
    sandbox.reset();
    done()
}

async fn create_app(State(sandbox): State<Sandbox>, Body(new): Body<NewApp>) -> Answer {
    told(sandbox.create_app(new)?)
}

async fn list_apps(State(sandbox): State<Sandbox>) -> Answer {
    told(sandbox.apps())
}

async fn subscribe(
    State(sandbox): State<Sandbox>,
    Path(app): Path<String>,
    Body(to): Body<Subscription>,
) -> Answer {
    told(sandbox.subscribe(&AppId::new(app), to).await?)
}

async fn deliver_raw(State(sandbox): State<Sandbox>, Path(app): Path<String>, body: bytes::Bytes) -> Answer {
    sandbox.deliver_raw(&AppId::new(app), body.to_vec())?;
    done()
}

async fn deliver_test_event(
    State(sandbox): State<Sandbox>,
    Path((app, field)): Path<(String, String)>,
) -> Answer {
    sandbox.deliver_test_event(&AppId::new(app), &field)?;
    done()
}

async fn create_account(State(sandbox): State<Sandbox>, Body(new): Body<NewAccount>) -> Answer {
    told(sandbox.create_account(new)?)
}

async fn list_accounts(State(sandbox): State<Sandbox>) -> Answer {
    told(sandbox.accounts())
}

async fn read_account(State(sandbox): State<Sandbox>, Path(account): Path<String>) -> Answer {
    told(sandbox.account(&account).ok_or_else(|| ControlError::not_found("account", &account))?)
}

async fn change_account(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(change): Body<AccountChange>,
) -> Answer {
    told(sandbox.change_account(account, change)?)
}

async fn read_token(State(sandbox): State<Sandbox>, Path(account): Path<String>) -> Answer {
    let token = sandbox.token(&account)?;
    told(json!({"access_token": token, "state": sandbox.token_state(&account)}))
}

async fn renew_token(State(sandbox): State<Sandbox>, Path(account): Path<String>) -> Answer {
    told(json!({"access_token": sandbox.renew_token(account)?}))
}

#[derive(Deserialize)]
struct Death {
    #[serde(default)]
    death: TokenDeath,
}

async fn revoke_token(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Query(query): Query<Death>,
) -> Answer {
    told(json!({"revoked": sandbox.revoke_token(account, query.death)?}))
}

#[derive(Deserialize)]
struct Expiry {
    expires_at: DateTime<Utc>,
}

async fn set_token_expiry(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(expiry): Body<Expiry>,
) -> Answer {
    sandbox.set_token_expiry(account, expiry.expires_at)?;
    done()
}

#[derive(Deserialize)]
struct Callback {
    url: String,
}

async fn deauthorize(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(callback): Body<Callback>,
) -> Answer {
    told(json!({"status": sandbox.deauthorize(account, &callback.url).await?}))
}

async fn delete_data(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(callback): Body<Callback>,
) -> Answer {
    let (status, answer) = sandbox.request_deletion(account, &callback.url).await?;
    told(json!({"status": status, "answer": answer}))
}

async fn create_person(State(sandbox): State<Sandbox>, Body(new): Body<NewPerson>) -> Answer {
    told(sandbox.create_person(new)?)
}

async fn relate(
    State(sandbox): State<Sandbox>,
    Path((account, person)): Path<(String, String)>,
    Body(change): Body<RelationChange>,
) -> Answer {
    told(sandbox.relate(account, &person, change)?)
}

async fn create_media(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(new): Body<NewMedia>,
) -> Answer {
    told(sandbox.create_media(account, new)?)
}

async fn list_media(State(sandbox): State<Sandbox>, Path(account): Path<String>) -> Answer {
    told(sandbox.media_of(account)?)
}

async fn tag_in_media(
    State(sandbox): State<Sandbox>,
    Path((account, person)): Path<(String, String)>,
    Body(new): Body<NewMedia>,
) -> Answer {
    told(sandbox.tag_in_media(account, &person, new)?)
}

async fn comment(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(new): Body<NewComment>,
) -> Answer {
    told(sandbox.comment(account, new)?)
}

async fn list_comments(State(sandbox): State<Sandbox>, Path(account): Path<String>) -> Answer {
    told(sandbox.comments_of(account)?)
}

async fn own_comment(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(own): Body<OwnComment>,
) -> Answer {
    told(sandbox.own_comment(account, own)?)
}

async fn mention(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(new): Body<NewMention>,
) -> Answer {
    let (media, comment) = sandbox.mention(account, new)?;
    told(json!({"media_id": media, "comment_id": comment}))
}

async fn direct_message(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(new): Body<NewMessage>,
) -> Answer {
    told(sandbox.direct_message(account, new)?)
}

async fn own_message(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(own): Body<OwnMessage>,
) -> Answer {
    told(sandbox.own_message(account, own)?)
}

async fn postback(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(new): Body<NewPostback>,
) -> Answer {
    told(sandbox.postback(account, new)?)
}

async fn deliver_event(
    State(sandbox): State<Sandbox>,
    Path(account): Path<String>,
    Body(new): Body<NewEvent>,
) -> Answer {
    sandbox.deliver_event(account, new)?;
    done()
}

async fn list_conversations(State(sandbox): State<Sandbox>, Path(account): Path<String>) -> Answer {
    told(sandbox.conversations_of(account)?)
}

async fn list_messages(
    State(sandbox): State<Sandbox>,
    Path((account, person)): Path<(String, String)>,
) -> Answer {
    told(sandbox.messages_with(account, &person)?)
}

#[derive(Deserialize)]
struct NewText {
    text: String,
}

async fn edit_comment(
    State(sandbox): State<Sandbox>,
    Path(comment): Path<String>,
    Body(new): Body<NewText>,
) -> Answer {
    told(sandbox.edit_comment(comment, new.text)?)
}

async fn read_comment(State(sandbox): State<Sandbox>, Path(comment): Path<String>) -> Answer {
    told(sandbox.find_comment(&comment).ok_or_else(|| ControlError::not_found("comment", &comment))?)
}

async fn delete_comment(State(sandbox): State<Sandbox>, Path(comment): Path<String>) -> Answer {
    sandbox.delete_comment(comment)?;
    done()
}

async fn edit_message(
    State(sandbox): State<Sandbox>,
    Path(message): Path<String>,
    Body(new): Body<NewText>,
) -> Answer {
    told(sandbox.edit_message(message, new.text)?)
}

async fn unsend_message(State(sandbox): State<Sandbox>, Path(message): Path<String>) -> Answer {
    sandbox.unsend_message(message)?;
    done()
}

async fn react(
    State(sandbox): State<Sandbox>,
    Path(message): Path<String>,
    Body(new): Body<NewReaction>,
) -> Answer {
    sandbox.react(NewReaction { message: Some(message.as_str().into()), ..new })?;
    done()
}

async fn seen(State(sandbox): State<Sandbox>, Path(message): Path<String>) -> Answer {
    sandbox.seen(message)?;
    done()
}

async fn set_fault(State(sandbox): State<Sandbox>, Body(fault): Body<Fault>) -> Answer {
    told(json!({"id": sandbox.fault(fault)}))
}

async fn list_faults(State(sandbox): State<Sandbox>) -> Answer {
    told(sandbox.faults())
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> Answer {
    sandbox.clear_faults();
    done()
}

async fn clear_fault(State(sandbox): State<Sandbox>, Path(fault): Path<u64>) -> Answer {
    if sandbox.clear_fault(FaultId(fault)) {
        done()
    } else {
        Err(ControlError::not_found("fault", &fault.to_string()))
    }
}

async fn effects(State(sandbox): State<Sandbox>, Query(query): Query<EffectsQuery>) -> Answer {
    told(sandbox.effects_where(&query)?)
}

async fn effects_of(State(sandbox): State<Sandbox>, Path(inbound): Path<String>) -> Answer {
    told(
        sandbox
            .effects_of(&inbound)
            .ok_or_else(|| ControlError::not_found("inbound comment or message", &inbound))?,
    )
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn calls(State(sandbox): State<Sandbox>, Query(query): Query<Since>) -> Answer {
    told(sandbox.calls_since(query.since))
}

async fn deliveries(State(sandbox): State<Sandbox>) -> Answer {
    told(json!({"pending": sandbox.pending_deliveries(), "finished": sandbox.deliveries()}))
}

#[derive(Deserialize)]
struct Patience {
    #[serde(default = "a_while")]
    timeout_ms: u64,
}

fn a_while() -> u64 {
    10_000
}

async fn wait_delivered(State(sandbox): State<Sandbox>, Body(patience): Body<Patience>) -> Answer {
    let waited = sandbox.wait_delivered(Duration::from_millis(patience.timeout_ms)).await;
    told(json!({"pending": waited.err().map_or(0, |still| still.pending)}))
}

async fn clock(State(sandbox): State<Sandbox>) -> Answer {
    told(sandbox.clock())
}

#[derive(Deserialize)]
struct Advance {
    advance_seconds: i64,
}

async fn advance_clock(State(sandbox): State<Sandbox>, Body(advance): Body<Advance>) -> Answer {
    let by = TimeDelta::try_seconds(advance.advance_seconds)
        .ok_or_else(|| ControlError::Invalid("`advance_seconds` is out of range".to_owned()))?;
    told(sandbox.advance_clock(by))
}

async fn rewind_clock(State(sandbox): State<Sandbox>) -> Answer {
    told(sandbox.rewind_clock())
}

async fn publishing(State(sandbox): State<Sandbox>) -> Answer {
    told(sandbox.publishing())
}

async fn set_publishing(State(sandbox): State<Sandbox>, Body(options): Body<PublishingOptions>) -> Answer {
    sandbox.set_publishing(options);
    told(sandbox.publishing())
}

async fn containers(State(sandbox): State<Sandbox>, Path(account): Path<String>) -> Answer {
    told(sandbox.containers_of(&account)?)
}

async fn limits(State(sandbox): State<Sandbox>) -> Answer {
    told(sandbox.limits())
}

async fn set_limits(State(sandbox): State<Sandbox>, Body(limits): Body<LimitOptions>) -> Answer {
    sandbox.set_limits(limits);
    done()
}
