//! The posts under which people write, as answers name them.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;
use tenants::post::KnownMedia;
use utoipa::ToSchema;

use crate::http::access::TenantAccess;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// A post on Instagram that people comment on.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PostedUnder)]
pub(super) struct PostedUnderView {
    /// Instagram's id of the media.
    external_id: String,
    /// Its caption, as it was published or last read; `null` of posts that are not known.
    caption: Option<String>,
    /// Where it is seen.
    permalink: Option<String>,
}

/// What is known of some media.
pub(super) struct Posts(HashMap<String, KnownMedia>);

impl Posts {
    /// Looks them up, all at once.
    pub async fn find(
        state: &AppState,
        access: &TenantAccess,
        media: impl Iterator<Item = &String>,
    ) -> Result<Self, Problem> {
        let wanted: BTreeSet<String> = media.cloned().collect();
        let wanted: Vec<String> = wanted.into_iter().collect();
        let known = state.ports.posts.known_media(&access.tenant.id, &wanted).await?;
        Ok(Self(known.into_iter().map(|media| (media.id.clone(), media)).collect()))
    }

    /// The post with this id of Instagram's.
    pub fn view(&self, media: String) -> PostedUnderView {
        let known = self.0.get(&media);
        PostedUnderView {
            caption: known.and_then(|it| it.caption.clone()),
            permalink: known.and_then(|it| it.permalink.clone()),
            external_id: media,
        }
    }
}
