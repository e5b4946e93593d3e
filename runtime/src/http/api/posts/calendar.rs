//! Posts by their moments.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use tenants::clock::Timestamp;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::{LinkDocument, LinkView, PostView};
use super::{is_seen_by, seen_by};
use crate::http::access::{TenantOperate, TenantReadShared};
use crate::http::extract::{OptionalBody, Page, QueryOf};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::posts::PostLink;

/// Most posts that are shown at once.
const MOST: u32 = 2_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_calendar)).routes(routes!(link_calendar))
}

/// Which part of the calendar.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CalendarQuery {
    /// From this moment on.
    #[param(value_type = schema::Moment)]
    from: Timestamp,
    /// Before this moment.
    #[param(value_type = schema::Moment)]
    until: Timestamp,
}

/// Read the posts of a time, earliest first: planned and published ones. At most 2,000 are told.
#[utoipa::path(get, path = "/tenants/{tenant}/calendar", tag = "posts", params(CalendarQuery),
    responses((status = 200, body = Page<PostView>)))]
async fn read_calendar(
    TenantReadShared(access): TenantReadShared,
    QueryOf(query): QueryOf<CalendarQuery>,
    State(state): State<AppState>,
) -> Result<Json<Page<PostView>>, Problem> {
    if query.until <= query.from {
        return Err(Problem::invalid("until", "must be later than `from`"));
    }
    let posts = state.ports.posts.posts_between(&access.tenant.id, query.from, query.until, MOST).await?;
    let seen = posts.into_iter().filter(|post| is_seen_by(access.role, post));
    Ok(Json(Page::whole(seen.map(|post| seen_by(access.role, post)))))
}

/// Make a signed address of the calendar, to be subscribed to in a calendar application (iCalendar). Whoever has it can
/// read the calendar until it ends, with drafts and what was called off.
#[utoipa::path(post, path = "/tenants/{tenant}/calendar/feed", tag = "posts", request_body = Option<LinkDocument>,
    responses((status = 200, body = LinkView)))]
async fn link_calendar(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    OptionalBody(link): OptionalBody<LinkDocument>,
) -> Result<Json<LinkView>, Problem> {
    Ok(Json(link.make(&state, &access, PostLink::Calendar, 365)?))
}
