//! How posts look in the API.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, EffectId, JobLogId, MediaId, PostId};
use tenants::post::{
    ApprovalPolicy, Approver, Frequency, JobLog, Opinion, Post, PostDraft, PostOptions, PostProblem,
    PostState, PostType, Recurrence, UserTag,
};
use utoipa::ToSchema;

use crate::http::access::TenantAccess;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;
use crate::posts::{Looked, NewPost, PostLink, account_named};

/// What shall be published when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "post_type": "image", "caption": "Fresh bread, every morning", "media": ["med_0190b6a0c0007000800000000000000a"], "scheduled_at": "2040-01-01T09:00:00Z" }))]
pub(in crate::http::api) struct PostDocument {
    /// The account; the only one of the tenant when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Id>)]
    account: Option<AccountId>,
    /// What is published.
    #[schema(value_type = schema::PostType)]
    post_type: PostType,
    /// The caption: at most 2,200 characters, 30 hashtags and 20 mentions.
    #[serde(default)]
    caption: String,
    /// Files of the media library, in order: one, or 2 to 10 for a carousel.
    #[schema(value_type = Vec<schema::Id>)]
    media: Vec<MediaId>,
    /// Written below it once it is visible.
    #[serde(default)]
    first_comment: Option<String>,
    /// What else is set.
    #[serde(default)]
    options: OptionsDocument,
    /// When it shall be published; a draft without.
    #[serde(default)]
    #[schema(value_type = Option<schema::Moment>)]
    scheduled_at: Option<Timestamp>,
    /// How it repeats, by the tenant's wall clock. The next one is made when one is published.
    #[serde(default)]
    recurrence: Option<RecurrenceDocument>,
    /// Schedule it although the same media were published or planned with nearly the same caption.
    #[serde(default)]
    allow_duplicates: bool,
}

/// What can be set beside caption and media.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = PostOptions)]
pub(in crate::http::api) struct OptionsDocument {
    /// Reels: whether it is shown in the feed too.
    share_to_feed: Option<bool>,
    /// Reels: which moment of the video is the cover, in milliseconds from its beginning and before its end.
    thumb_offset_ms: Option<u64>,
    /// Reels: a picture of the media library that is the cover, instead of a moment of the video.
    #[schema(value_type = Option<schema::Id>)]
    cover_media: Option<MediaId>,
    /// Reels: what the sound is called, at most 200 characters.
    audio_name: Option<String>,
    /// Handles of up to three collaborators, without `@`.
    collaborators: Vec<String>,
    /// Id of a Facebook Page with a place.
    location_id: Option<String>,
    /// Marks realistic pictures made by a machine.
    is_ai_generated: bool,
    /// People who are tagged, at most 20 in a file.
    user_tags: Vec<UserTagDocument>,
}

/// Somebody who is tagged in a picture or video.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserTag)]
pub(in crate::http::api) struct UserTagDocument {
    /// The handle, without `@`.
    username: String,
    /// Where, in percent from the left, 0 to 100; needed in pictures of the feed, of no use in videos.
    #[serde(default)]
    x: Option<u8>,
    /// Where, in percent from the top, 0 to 100.
    #[serde(default)]
    y: Option<u8>,
    /// Which item of a carousel, from 0.
    #[serde(default)]
    item: u32,
}

impl From<UserTag> for UserTagDocument {
    fn from(UserTag { username, x, y, item }: UserTag) -> Self {
        Self { username, x, y, item }
    }
}

impl From<UserTagDocument> for UserTag {
    fn from(UserTagDocument { username, x, y, item }: UserTagDocument) -> Self {
        Self { username, x, y, item }
    }
}

/// How a post repeats.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Recurrence)]
pub(in crate::http::api) struct RecurrenceDocument {
    /// How often.
    #[schema(value_type = schema::Frequency)]
    every: Frequency,
    /// Every how many days, weeks or months; 1 to 52.
    #[serde(default = "one")]
    interval: u32,
    /// No occurrence after this moment.
    #[serde(default)]
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Timestamp>,
}

fn one() -> u32 {
    1
}

impl PostDocument {
    pub(super) fn allows_duplicates(&self) -> bool {
        self.allow_duplicates
    }

    /// What it asks for, with an account of the tenant.
    pub(super) async fn into_new(self, state: &AppState, access: &TenantAccess) -> Result<NewPost, Problem> {
        let account = account_of(state, access, self.account).await?;
        Ok(NewPost {
            account,
            draft: PostDraft {
                post_type: self.post_type,
                caption: self.caption,
                media: self.media,
                first_comment: self.first_comment,
                options: self.options.into(),
            },
            scheduled_at: self.scheduled_at,
            recurrence: self.recurrence.map(|rule| Recurrence {
                every: rule.every,
                interval: rule.interval,
                until: rule.until,
                anchor: String::new(),
                occurrences: 0,
            }),
        })
    }
}

/// The account that is named, or the only one.
pub(super) async fn account_of(
    state: &AppState,
    access: &TenantAccess,
    named: Option<AccountId>,
) -> Result<AccountId, Problem> {
    let accounts = state.ports.store.list_accounts(&access.tenant.id).await?;
    let named = named.map(|account| account.to_string()).unwrap_or_default();
    account_named(&named, &accounts).map_err(|problem| Problem::invalid(&problem.field, problem.problem))
}

/// A post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Post)]
pub(in crate::http::api) struct PostView {
    #[schema(value_type = schema::Id)]
    id: PostId,
    #[schema(value_type = schema::Id)]
    account: AccountId,
    #[schema(value_type = schema::PostType)]
    post_type: PostType,
    caption: String,
    /// Files of the media library, in order.
    #[schema(value_type = Vec<schema::Id>)]
    media: Vec<MediaId>,
    first_comment: Option<String>,
    options: OptionsDocument,
    /// Where it stands. `needs_person`: its time passed while nothing could be done; publish, reschedule or cancel it.
    #[schema(value_type = schema::PostState)]
    state: PostState,
    /// When it shall be published.
    #[schema(value_type = Option<schema::Moment>)]
    scheduled_at: Option<Timestamp>,
    /// Whose yes it needs.
    #[schema(value_type = schema::ApprovalPolicy)]
    approval: ApprovalPolicy,
    /// What was said about it as it stands.
    opinions: Vec<OpinionView>,
    /// Attempts that failed.
    retry_count: u32,
    /// The last problem.
    error: Option<String>,
    /// What it waits for while it is being published; while its video is sent to Instagram, how far that has come.
    waits_for: Option<String>,
    /// The platform's id of the visible post.
    platform_post_id: Option<String>,
    /// Where it can be seen.
    permalink: Option<String>,
    #[schema(value_type = Option<schema::Moment>)]
    published_at: Option<Timestamp>,
    /// How it repeats.
    recurrence: Option<RecurrenceDocument>,
    /// The first post of its series, when it was made by a repetition.
    #[schema(value_type = Option<schema::Id>)]
    series: Option<PostId>,
    /// Grows with every change; the same as the `ETag`.
    version: i64,
    /// Who made it.
    created_by: String,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

/// What an approver said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostOpinion)]
pub(in crate::http::api) struct OpinionView {
    #[schema(value_type = schema::Approver)]
    approver: Approver,
    by: String,
    approved: bool,
    comment: Option<String>,
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
}

impl From<Opinion> for OpinionView {
    fn from(Opinion { approver, by, approved, comment, at }: Opinion) -> Self {
        Self { approver, by, approved, comment, at }
    }
}

impl From<PostOptions> for OptionsDocument {
    fn from(options: PostOptions) -> Self {
        Self {
            share_to_feed: options.share_to_feed,
            thumb_offset_ms: options.thumb_offset_ms,
            cover_media: options.cover_media,
            audio_name: options.audio_name,
            collaborators: options.collaborators,
            location_id: options.location_id,
            is_ai_generated: options.is_ai_generated,
            user_tags: options.user_tags.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<OptionsDocument> for PostOptions {
    fn from(document: OptionsDocument) -> Self {
        Self {
            share_to_feed: document.share_to_feed,
            thumb_offset_ms: document.thumb_offset_ms,
            cover_media: document.cover_media,
            audio_name: document.audio_name,
            collaborators: document.collaborators,
            location_id: document.location_id,
            is_ai_generated: document.is_ai_generated,
            user_tags: document.user_tags.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Post> for PostView {
    fn from(post: Post) -> Self {
        Self {
            id: post.id,
            account: post.account,
            post_type: post.draft.post_type,
            caption: post.draft.caption,
            media: post.draft.media,
            first_comment: post.draft.first_comment,
            options: post.draft.options.into(),
            state: post.state,
            scheduled_at: post.scheduled_at,
            approval: post.approval.policy,
            opinions: post.approval.opinions.into_iter().map(Into::into).collect(),
            retry_count: post.retry_count,
            error: post.error,
            waits_for: post.progress.waits_for,
            platform_post_id: post.platform_post_id,
            permalink: post.permalink,
            published_at: post.published_at,
            recurrence: post.recurrence.map(|rule| RecurrenceDocument {
                every: rule.every,
                interval: rule.interval,
                until: rule.until,
            }),
            series: post.series,
            version: post.version,
            created_by: post.created_by,
            created_at: post.created_at,
            updated_at: post.updated_at,
        }
    }
}

/// Something that keeps a post from being published.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostProblem)]
pub(super) struct ProblemView {
    /// Which part of it, such as `caption` or `media[2]`.
    field: String,
    /// What is wrong and what is allowed.
    problem: String,
}

impl From<PostProblem> for ProblemView {
    fn from(PostProblem { field, problem }: PostProblem) -> Self {
        Self { field, problem }
    }
}

/// What was found out about a post.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostCheck)]
pub(super) struct CheckView {
    /// It can be published as it is.
    ok: bool,
    /// Everything that keeps it from being published.
    problems: Vec<ProblemView>,
    /// Posts with the same media and nearly the same caption.
    #[schema(value_type = Vec<schema::Id>)]
    duplicates: Vec<PostId>,
}

impl From<Looked> for CheckView {
    fn from(looked: Looked) -> Self {
        Self {
            ok: looked.problems.is_empty(),
            problems: looked.problems.into_iter().map(Into::into).collect(),
            duplicates: looked.duplicates.iter().map(|post| post.id).collect(),
        }
    }
}

/// One attempt of one step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JobLog)]
pub(super) struct JobLogView {
    #[schema(value_type = schema::Id)]
    id: JobLogId,
    /// The effect in the queue, when the step was one.
    #[schema(value_type = Option<schema::Id>)]
    effect: Option<EffectId>,
    /// Which attempt at the post.
    round: u32,
    /// `schedule`, `create_container`, `readiness`, `publish_post`, `read_back` or `first_comment`.
    step: String,
    /// `done`, `waiting`, `retrying`, `unknown` or `failed`.
    status: String,
    message: String,
    /// Code, subcode and category of an error.
    error_details: Option<Value>,
    /// How long the call took, in milliseconds.
    execution_ms: u64,
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
}

impl From<JobLog> for JobLogView {
    fn from(log: JobLog) -> Self {
        Self {
            id: log.id,
            effect: log.effect,
            round: log.round,
            step: log.step,
            status: log.status,
            message: log.message,
            error_details: log.error_details,
            execution_ms: log.execution_ms,
            at: log.at,
        }
    }
}

/// How long a signed address shall be good.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = SignedAddressRequest)]
pub(super) struct LinkDocument {
    /// Days, 1 to 400.
    valid_days: Option<u32>,
}

/// A signed address. It is shown once; whoever has it can use it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedAddress)]
pub(super) struct LinkView {
    /// The address; only its path while the installation's public address (`http.public_url`) is not set.
    url: String,
    /// It ends then.
    #[schema(value_type = schema::Moment)]
    expires_at: Timestamp,
}

impl LinkDocument {
    pub(super) fn make(
        &self,
        state: &AppState,
        access: &TenantAccess,
        link: PostLink,
        usual_days: u32,
    ) -> Result<LinkView, Problem> {
        let days = self.valid_days.unwrap_or(usual_days);
        if !(1..=400).contains(&days) {
            return Err(Problem::invalid("valid_days", "must lie between 1 and 400"));
        }
        let expires_at = state.ports.clock.now() + Duration::from_secs(86_400) * days;
        Ok(LinkView { url: state.post_links.address(access.tenant.id, link, expires_at), expires_at })
    }
}
