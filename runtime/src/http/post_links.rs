//! Pages for whoever holds a signed address about posts: a client who approves without an account, a calendar that
//! fetches by itself.

use std::fmt::Write as _;
use std::time::Duration;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono_tz::Tz;
use serde::Deserialize;
use tenants::account::{Tenant, TenantStatus};
use tenants::ids::PostId;
use tenants::media::MediaKind;
use tenants::ports::{Hint, StoreError};
use tenants::post::{Approver, Post, PostState};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{Problem, ProblemKind};
use super::state::AppState;
use crate::administration::Act;
use crate::posts::{PostLink, PostLinkRefused, icalendar};

const DAY: Duration = Duration::from_secs(86_400);
/// How far back and ahead a calendar shows posts, in days.
const PAST: u32 = 60;
const AHEAD: u32 = 400;
/// Most posts of a calendar.
const MOST: u32 = 2_000;
/// How long pictures on a page can be fetched.
const PICTURES_FOR: Duration = Duration::from_secs(3_600);
/// Longest remark.
const MAX_COMMENT: usize = 2_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(fetch_calendar)).routes(routes!(show_post, judge_post))
}

/// Fetch the calendar of a tenant's posts as iCalendar, by a signed address.
#[utoipa::path(get, path = "/calendar/{token}/posts.ics", tag = "posts",
    params(("token" = String, Path, description = "What the address stands for, and its signature.")),
    responses((status = 200, body = String, content_type = "text/calendar")))]
async fn fetch_calendar(
    Path(token): Path<String>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let (tenant, link) = read(&state, &token).await?;
    if link != PostLink::Calendar {
        return Err(Problem::general(ProblemKind::NotFound));
    }
    let now = state.ports.clock.now();
    let posts =
        state.ports.posts.posts_between(&tenant.id, now - DAY * PAST, now + DAY * AHEAD, MOST).await?;
    let body = icalendar(&tenant.name, &posts, now);
    let kind = HeaderValue::from_static("text/calendar; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

/// Show a client the post that waits for approval, by a signed address.
#[utoipa::path(get, path = "/approve/{token}", tag = "posts",
    params(("token" = String, Path, description = "What the address stands for, and its signature.")),
    responses((status = 200, body = String, content_type = "text/html")))]
async fn show_post(Path(token): Path<String>, State(state): State<AppState>) -> Response {
    let shown = async {
        let (tenant, post) = approval(&state, &token).await?;
        page(&state, &tenant, &post, None).await
    };
    shown.await.unwrap_or_else(|problem| apology(&problem))
}

/// What a client says.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ClientVerdict)]
struct ClientVerdict {
    /// `approve` or `reject`.
    decision: String,
    /// A remark.
    #[serde(default)]
    comment: String,
    /// The version of the post that was looked at.
    version: i64,
}

/// Approve or reject a post as the client, by a signed address.
#[utoipa::path(post, path = "/approve/{token}", tag = "posts",
    params(("token" = String, Path, description = "What the address stands for, and its signature.")),
    request_body(content((ClientVerdict = "application/x-www-form-urlencoded"))),
    responses((status = 200, body = String, content_type = "text/html")))]
async fn judge_post(
    Path(token): Path<String>,
    State(state): State<AppState>,
    verdict: Result<Form<ClientVerdict>, FormRejection>,
) -> Response {
    let judged = async {
        let Form(verdict) = verdict.map_err(|rejection| {
            let kind = ProblemKind::of_status(rejection.status());
            Problem::new(kind, "the answer did not arrive whole: open the link again and choose a button")
        })?;
        judge(&state, &token, verdict).await
    };
    judged.await.unwrap_or_else(|problem| apology(&problem))
}

async fn judge(state: &AppState, token: &str, verdict: ClientVerdict) -> Result<Response, Problem> {
    let (tenant, post) = approval(state, token).await?;
    let approved = match verdict.decision.as_str() {
        "approve" => true,
        "reject" => false,
        _ => return Err(Problem::invalid("decision", "must be `approve` or `reject`")),
    };
    if post.version != verdict.version || post.state != PostState::Pending {
        return page(state, &tenant, &post, Some(standing(&post, approved))).await;
    }
    let comment: String = verdict.comment.replace('\0', "").chars().take(MAX_COMMENT).collect();
    let act = Act { by: "client".to_owned(), at: state.ports.clock.now(), ids: &state.ports.ids };
    let comment = Some(comment.trim().to_owned()).filter(|text| !text.is_empty());
    let edited = act.judge_post(&post, Approver::Client, approved, comment)?;
    let lost = match state.ports.store.commit(edited.changes).await {
        Ok(()) => {
            state.ports.wake.send(Hint::Posts(tenant.id));
            state.ports.wake.send(Hint::Audit(tenant.id));
            None
        }
        // Somebody was quicker, perhaps this same person with a second click.
        Err(StoreError::Conflict(_)) => Some(()),
        Err(error) => return Err(error.into()),
    };
    let post = find(state, &tenant, &post.id).await?;
    let said = match lost {
        None => thanks(approved),
        Some(()) => standing(&post, approved),
    };
    page(state, &tenant, &post, Some(said)).await
}

fn thanks(approved: bool) -> &'static str {
    match approved {
        true => "Thank you: you have approved this post.",
        false => "You have rejected this post. It will not be published.",
    }
}

/// What is said to a client whose answer comes too late: thanks, when it is the answer that they gave before.
fn standing(post: &Post, approved: bool) -> &'static str {
    match said_before(post) {
        Some(before) if before == approved => thanks(approved),
        _ => "The post has changed in the meantime. This is how it stands now.",
    }
}

/// What the client has said about the post as it stands.
fn said_before(post: &Post) -> Option<bool> {
    let own = post.approval.opinions.iter().rev().find(|opinion| opinion.approver == Approver::Client);
    own.map(|opinion| opinion.approved)
}

/// A page for somebody who has followed a link and has no use for a problem document.
fn apology(problem: &Problem) -> Response {
    let said = match problem.kind() {
        ProblemKind::NotFound => {
            "This link leads nowhere. It may have been cut off on its way: open it from the message once more, or ask \
             the agency for a new one."
        }
        ProblemKind::Gone => "This link has expired. Ask the agency for a new one.",
        ProblemKind::Unavailable | ProblemKind::Internal => {
            "This does not work at the moment, and nothing was changed. Try again in a few minutes."
        }
        _ => problem.detail(),
    };
    let mut response =
        html(&framed(&format!("<h1>Approve a post</h1><p role=\"alert\">{}</p>", escaped(said))));
    *response.status_mut() = problem.kind().status();
    response
}

async fn read(state: &AppState, token: &str) -> Result<(Tenant, PostLink), Problem> {
    let read = state.post_links.read(token, state.ports.clock.now());
    let (tenant, link) = read.map_err(|refused| match refused {
        PostLinkRefused::Unknown => Problem::general(ProblemKind::NotFound),
        PostLinkRefused::Expired => Problem::general(ProblemKind::Gone),
    })?;
    let tenant = state.ports.store.find_tenant(&tenant).await?;
    let served = tenant.filter(|tenant| tenant.status == TenantStatus::Active);
    Ok((served.ok_or_else(|| Problem::general(ProblemKind::NotFound))?, link))
}

async fn approval(state: &AppState, token: &str) -> Result<(Tenant, Post), Problem> {
    let (tenant, link) = read(state, token).await?;
    let PostLink::Approval(post) = link else { return Err(Problem::general(ProblemKind::NotFound)) };
    let post = find(state, &tenant, &post).await?;
    Ok((tenant, post))
}

async fn find(state: &AppState, tenant: &Tenant, post: &PostId) -> Result<Post, Problem> {
    let post = state.ports.posts.find_post(&tenant.id, post).await?;
    post.ok_or_else(|| Problem::new(ProblemKind::NotFound, "the post was deleted"))
}

/// The page: what would be published, and two buttons while it waits.
async fn page(
    state: &AppState,
    tenant: &Tenant,
    post: &Post,
    said: Option<&str>,
) -> Result<Response, Problem> {
    let mut body = String::new();
    if let Some(said) = said {
        _ = write!(body, "<p role=\"status\"><strong>{}</strong></p>", escaped(said));
    }
    _ = write!(body, "<h1>{}</h1>", escaped(&tenant.name));
    let zone: Tz = tenant.time_zone.parse().unwrap_or(Tz::UTC);
    let when = post.scheduled_at.map_or_else(
        || "not scheduled".to_owned(),
        |at| at.to_utc().with_timezone(&zone).format("%A, %-d %B %Y, %H:%M (%Z)").to_string(),
    );
    _ = write!(
        body,
        "<p>{} · {} · {}</p>",
        escaped(post.draft.post_type.as_str()),
        escaped(&when),
        words(post.state)
    );
    for (index, media) in post.draft.media.iter().enumerate() {
        let Some(asset) = state.ports.media.find_media(&tenant.id, *media).await? else { continue };
        let path = escaped(&state.media.links().path(&asset, asset.published_file(), PICTURES_FOR));
        let alt = escaped(asset.alt_text.as_deref().unwrap_or(&format!("file {}", index + 1)));
        _ = match asset.kind {
            MediaKind::Image => write!(body, "<img src=\"{path}\" alt=\"{alt}\">"),
            MediaKind::Video => write!(body, "<video src=\"{path}\" controls preload=\"metadata\"></video>"),
        };
    }
    _ = write!(body, "<pre>{}</pre>", escaped(&post.draft.caption));
    if let Some(comment) = &post.draft.first_comment {
        _ = write!(body, "<h2>First comment</h2><pre>{}</pre>", escaped(comment));
    }
    let is_approved = post.state == PostState::Pending && said_before(post) == Some(true);
    if is_approved {
        body.push_str("<p>You have approved this post. It waits for somebody else's yes.</p>");
    }
    let approve = match is_approved {
        true => "",
        false => "<button name=\"decision\" value=\"approve\">Approve</button> ",
    };
    if post.state == PostState::Pending {
        _ = write!(
            body,
            "<form method=\"post\"><input type=\"hidden\" name=\"version\" value=\"{}\">\
             <label>Remark<br><textarea name=\"comment\" rows=\"3\" maxlength=\"{MAX_COMMENT}\"></textarea></label>\
             <p>{approve}<button name=\"decision\" value=\"reject\">Reject</button></p></form>",
            post.version
        );
    }
    Ok(html(&framed(&body)))
}

fn framed(body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Approve a post</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}\
         img,video{{max-width:100%}}pre{{white-space:pre-wrap;font:inherit}}textarea{{width:100%}}\
         button{{font:inherit;padding:.5rem 1rem}}</style></head><body><main>{body}</main></body></html>"
    )
}

fn html(text: &str) -> Response {
    const POLICY: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; \
                          form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (StatusCode::OK, headers, text.to_owned()).into_response()
}

fn words(state: PostState) -> &'static str {
    match state {
        PostState::Draft => "a draft",
        PostState::Pending => "waits for approval",
        PostState::Approved => "approved",
        PostState::Publishing => "is being published",
        PostState::NeedsPerson => "waits for the agency",
        PostState::Published => "published",
        PostState::Failed => "could not be published yet",
        PostState::Cancelled => "cancelled",
        PostState::Rejected => "rejected",
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
