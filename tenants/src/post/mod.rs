//! Posts: what shall be published when, and where that stands.
//!
//! Publishing is a chain of steps. [`publishing`] says what comes next, purely from the post and the effects queued for
//! it; the effects themselves go through the same queue as replies do.

mod check;
pub mod publishing;
pub mod recurrence;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{AccountId, EffectId, JobLogId, MediaId, PostId, TenantId};
use crate::words::word_enum;

pub use check::{
    MAX_CAPTION_CHARS, MAX_HASHTAGS, MAX_ITEMS, MAX_MENTIONS, PostProblem, check_text, hashtags, mentions,
};

/// How late a post may be and still go out by itself.
pub const GRACE: std::time::Duration = std::time::Duration::from_secs(5 * 60);
/// Most posts with the same files that are looked at when duplicates are looked for.
pub const MOST_ALIKE: u32 = 50;

word_enum! {
    /// What is published.
    pub enum PostType {
        /// One picture in the feed.
        Image = "image",
        /// Two to ten pictures or videos in one post.
        Carousel = "carousel",
        /// A short video.
        Reel = "reel",
        /// A picture or video that is shown for 24 hours.
        Story = "story",
    }
}

word_enum! {
    /// Where a post stands.
    pub enum PostState {
        /// Being written; nothing happens by itself.
        Draft = "draft",
        /// Waits for the approvals it needs.
        Pending = "pending",
        /// Waits for its time.
        Approved = "approved",
        /// Under way.
        Publishing = "publishing",
        /// Its time passed while nothing could be done: a person must say what now.
        NeedsPerson = "needs_person",
        /// Visible.
        Published = "published",
        /// Given up; a person may try again.
        Failed = "failed",
        /// Called off.
        Cancelled = "cancelled",
        /// Not approved.
        Rejected = "rejected",
    }
}

impl PostState {
    /// True while it can still be edited.
    pub fn is_editable(self) -> bool {
        !matches!(self, PostState::Publishing | PostState::Published)
    }

    /// True when the brand's own people may see it: it was put before them, or scheduled, or published. What is being
    /// written or was called off stays within the agency.
    pub fn is_shared(self) -> bool {
        !matches!(self, PostState::Draft | PostState::Cancelled)
    }
}

/// What can be set beside caption and media; everything is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostOptions {
    /// Reels: whether it is shown in the feed too; Instagram decides when left out.
    pub share_to_feed: Option<bool>,
    /// Reels: which moment is the cover, in milliseconds.
    pub thumb_offset_ms: Option<u64>,
    /// Reels: a picture of the media library that is the cover.
    pub cover_media: Option<MediaId>,
    /// Reels: what the sound is called.
    pub audio_name: Option<String>,
    /// Handles of up to three collaborators, without `@`.
    pub collaborators: Vec<String>,
    /// Id of a Facebook Page with a place.
    pub location_id: Option<String>,
    /// Marks realistic pictures made by a machine.
    pub is_ai_generated: bool,
    /// People who are tagged.
    pub user_tags: Vec<UserTag>,
}

/// Somebody who is tagged in a picture or video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserTag {
    /// The handle, without `@`.
    pub username: String,
    /// Where, in percent from the left; needed in pictures of the feed, unknown to videos.
    #[serde(default)]
    pub x: Option<u8>,
    /// Where, in percent from the top.
    #[serde(default)]
    pub y: Option<u8>,
    /// Which item of a carousel, from 0.
    #[serde(default)]
    pub item: u32,
}

/// What somebody wants to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostDraft {
    /// What is published.
    pub post_type: PostType,
    /// The caption; empty for none.
    pub caption: String,
    /// The files, in order.
    pub media: Vec<MediaId>,
    /// Written below it once it is visible.
    pub first_comment: Option<String>,
    /// What else is set.
    pub options: PostOptions,
}

impl PostDraft {
    /// All files it needs, each once: what is published, and its cover.
    pub fn files(&self) -> Vec<MediaId> {
        let mut files: Vec<_> = self.media.iter().copied().chain(self.options.cover_media).collect();
        files.sort();
        files.dedup();
        files
    }
}

word_enum! {
    /// Whose yes a post needs before it may go out.
    pub enum ApprovalPolicy {
        /// Nobody's.
        Off = "off",
        /// One person's of the agency.
        One = "one",
        /// One person's of the agency and the client's.
        All = "all",
    }
}

word_enum! {
    /// Who says yes or no.
    pub enum Approver {
        /// Somebody of the agency.
        Internal = "internal",
        /// The client, by a signed link.
        Client = "client",
    }
}

/// What one approver said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// In which role.
    pub approver: Approver,
    /// Who, as in the audit log.
    pub by: String,
    /// Yes or no.
    pub approved: bool,
    /// A remark.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Whose yes a post needs and what was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostApproval {
    /// Whose yes it needs.
    pub policy: ApprovalPolicy,
    /// What was said about the post as it stands; edits start over.
    pub opinions: Vec<Opinion>,
}

impl PostApproval {
    /// Nobody has been asked yet.
    pub fn new(policy: ApprovalPolicy) -> Self {
        Self { policy, opinions: Vec::new() }
    }

    /// Whether everybody who must has said yes.
    pub fn is_complete(&self) -> bool {
        let yes = |approver| self.opinions.iter().any(|it| it.approved && it.approver == approver);
        match self.policy {
            ApprovalPolicy::Off => true,
            ApprovalPolicy::One => yes(Approver::Internal) || yes(Approver::Client),
            ApprovalPolicy::All => yes(Approver::Internal) && yes(Approver::Client),
        }
    }
}

/// How far publishing has come, apart from what the queue tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The present attempt, from 1; 0 before the first. Each one begins with new containers.
    pub round: u32,
    /// Attempts after which it is given up.
    pub last_round: u32,
    /// How often readiness has been asked for in this attempt.
    pub polls: u32,
    /// Failed attempts to read the published post back.
    pub reads: u32,
    /// What it waits for, for people.
    pub waits_for: Option<String>,
}

/// A post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// Its id.
    pub id: PostId,
    /// The tenant.
    pub tenant: TenantId,
    /// The account it is published through.
    pub account: AccountId,
    /// What is published.
    pub draft: PostDraft,
    /// Where it stands.
    pub state: PostState,
    /// When it shall be published.
    pub scheduled_at: Option<Timestamp>,
    /// Whose yes it needs.
    pub approval: PostApproval,
    /// How far publishing has come.
    pub progress: Progress,
    /// Attempts that failed.
    pub retry_count: u32,
    /// The last problem, for people.
    pub error: Option<String>,
    /// The platform's id of the visible post.
    pub platform_post_id: Option<String>,
    /// Where it can be seen.
    pub permalink: Option<String>,
    /// When it became visible.
    pub published_at: Option<Timestamp>,
    /// When it must be looked at next; `None` when nothing happens by itself.
    pub next_step_at: Option<Timestamp>,
    /// How it repeats.
    pub recurrence: Option<Recurrence>,
    /// The first post of its series, when it was made by a repetition.
    pub series: Option<PostId>,
    /// Hash of its media, for finding duplicates; empty when not known.
    pub media_hash: String,
    /// Grows with every change.
    pub version: i64,
    /// Who made it.
    pub created_by: String,
    /// Row created.
    pub created_at: Timestamp,
    /// Row changed.
    pub updated_at: Timestamp,
}

impl Post {
    /// A draft that needs nobody's yes, made by `by`.
    pub fn new(
        id: PostId,
        tenant: TenantId,
        account: AccountId,
        draft: PostDraft,
        by: impl Into<String>,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            tenant,
            account,
            draft,
            state: PostState::Draft,
            scheduled_at: None,
            approval: PostApproval::new(ApprovalPolicy::Off),
            progress: Progress::default(),
            retry_count: 0,
            error: None,
            platform_post_id: None,
            permalink: None,
            published_at: None,
            next_step_at: None,
            recurrence: None,
            series: None,
            media_hash: String::new(),
            version: 1,
            created_by: by.into(),
            created_at: at,
            updated_at: at,
        }
    }

    /// The same, due at this moment.
    #[must_use]
    pub fn due_at(mut self, at: Timestamp) -> Self {
        (self.state, self.scheduled_at, self.next_step_at) = (PostState::Approved, Some(at), Some(at));
        self
    }
}

word_enum! {
    /// How often a post repeats.
    pub enum Frequency {
        /// Every day.
        Daily = "daily",
        /// On the same day of the week.
        Weekly = "weekly",
        /// On the same day of the month; in shorter months on their last day.
        Monthly = "monthly",
    }
}

/// How a post repeats, by the wall clock of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recurrence {
    /// How often.
    pub every: Frequency,
    /// Every how many days, weeks or months; 1 to 52.
    pub interval: u32,
    /// No occurrence after this moment.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// The wall-clock moment of the first occurrence (`YYYY-MM-DDTHH:MM:SS`), from which all others are reckoned, so that
    /// neither a change of clocks nor a short month shifts later ones.
    #[serde(default)]
    pub anchor: String,
    /// How many occurrences there have been, the first included.
    #[serde(default)]
    pub occurrences: u32,
}

/// Media on Instagram that somebody wrote under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownMedia {
    /// Instagram's id.
    pub id: String,
    /// Its caption, as it was published or last read.
    pub caption: Option<String>,
    /// Where it is seen.
    pub permalink: Option<String>,
}

/// One attempt of one step, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobLog {
    /// Its id.
    pub id: JobLogId,
    /// The post.
    pub post: PostId,
    /// The effect, when the step was one.
    pub effect: Option<EffectId>,
    /// The attempt.
    pub round: u32,
    /// `create_container`, `readiness`, `publish_post`, `read_back`, `first_comment`, `schedule`.
    pub step: String,
    /// `done`, `waiting`, `retrying`, `unknown`, `failed`.
    pub status: String,
    /// What happened, in a sentence.
    pub message: String,
    /// Particulars of an error: code, subcode, category.
    pub error_details: Option<serde_json::Value>,
    /// How long the call took, in milliseconds.
    pub execution_ms: u64,
    /// When.
    pub at: Timestamp,
}

/// A template that new posts can begin with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostTemplate {
    /// Its id.
    pub id: crate::ids::TemplateId,
    /// What people call it; unique in the tenant.
    pub name: String,
    /// What is published.
    pub post_type: PostType,
    /// Caption with `{placeholders}`.
    pub caption: String,
    /// Hashtags, without `#`, added to the end of the caption.
    pub hashtags: Vec<String>,
    /// First comment with `{placeholders}`.
    pub first_comment: Option<String>,
    /// Row created.
    pub created_at: Timestamp,
    /// Row changed.
    pub updated_at: Timestamp,
}
