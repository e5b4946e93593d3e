//! What a person has seen of a post of which Instagram does not tell whether it is up.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::document::PostView;
use super::{PostPath, find, store, tagged};
use crate::http::access::TenantOperate;
use crate::http::extract::{JsonBody, PathIds};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;
use crate::posts::{PostSources, Seen, SettleError, look_up};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(settle_post))
}

/// What a person has seen on Instagram.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PostSettlement)]
struct SettleDocument {
    /// Whether the post is up.
    up: bool,
    /// Which it is, when it is up: the platform's id of it, or its address.
    #[serde(default)]
    platform_post: Option<String>,
}

impl SettleDocument {
    fn seen(self) -> Result<Seen, Problem> {
        match (self.up, self.platform_post) {
            (true, Some(named)) if !named.trim().is_empty() => Ok(Seen::Up(named.trim().to_owned())),
            (true, _) => {
                Err(Problem::invalid("platform_post", "name the post that is up by its id or address"))
            }
            (false, None) => Ok(Seen::NotUp),
            (false, Some(_)) => {
                Err(Problem::invalid("platform_post", "leave it out when the post is not up"))
            }
        }
    }
}

/// Settle a post of which Instagram does not tell whether it is up (`publishing` for long, with an effect `unknown`), or
/// that was given up and is up nevertheless. One that is up must be among the newest posts of its account, and is
/// `published` within moments; one that is not is tried again. Saying again that it is up changes nothing.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/{post}/settle", tag = "posts", request_body = SettleDocument,
    responses((status = 200, body = PostView)))]
async fn settle_post(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<PostPath>,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<SettleDocument>,
) -> Result<Response, Problem> {
    let before = find(&state, &access, &path.post).await?;
    let seen = document.seen()?;
    match look_up(PostSources::of(&state.ports), &before, &seen).await? {
        Some(settlement) => {
            let edited = access.caller.act(&state).settle_post(&before, settlement);
            store(&state, &access, edited).await
        }
        None => Ok(tagged(&access, before)),
    }
}

impl From<SettleError> for Problem {
    fn from(error: SettleError) -> Self {
        let detail = error.to_string();
        match error {
            SettleError::Post(error) => error.into(),
            SettleError::Store(error) => error.into(),
            SettleError::NotIt(_) => Self::invalid("platform_post", detail),
            SettleError::IsUp(id) => Self::conflict(detail).with("platform_post", id),
            SettleError::Unreadable(_) => Self::new(ProblemKind::Unavailable, detail),
        }
    }
}
