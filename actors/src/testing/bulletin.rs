//! A second platform, small and unlike Instagram: a bulletin board. Sheets are handed in and pinned. That scheduling and
//! publishing work with it as they are shows that they know no Instagram.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tenants::account::Account;
use tenants::clock::{Clock, Timestamp};
use tenants::effect::ErrorCategory;
use tenants::ids::{MediaId, TenantId};
use tenants::media::{MediaAsset, MediaFilter, MediaFormat, MediaKind, MediaUse};
use tenants::ports::{
    Capabilities, Finding, MediaLibrary, OwnPost, PageRequest, PlatformAdapter, PublicMedia,
    PublicMediaError, Published, PublishingQuota, Readiness, Receipt, SendError, StoreError, Upload, Usage,
    VisiblePost,
};
use tenants::post::{PostDraft, PostProblem, PostType};

use super::Steps;

/// Longest text of a sheet.
const MAX_CHARS: usize = 500;

/// What a call comes to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Turn {
    /// It is done, and the answer says so.
    Done,
    /// It is done, and the answer is lost.
    Unheard,
    /// It is not done, with this error.
    Refused(SendError),
}

/// What hangs on the board.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pinned {
    pub id: String,
    pub sheet: String,
    pub caption: String,
    pub at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Sheets that were handed in, with the moment from which they can be pinned.
    pub sheets: Vec<(Upload, Timestamp)>,
    pub pinned: Vec<Pinned>,
    pub comments: Vec<(String, String)>,
    /// Answers to the next calls of each kind; later ones are done.
    pub creations: VecDeque<Turn>,
    pub publications: VecDeque<Turn>,
    pub commentings: VecDeque<Turn>,
    /// What the next looks at a sheet tell; later ones tell the truth.
    pub readiness: VecDeque<Result<Readiness, SendError>>,
    /// Errors of the next reads of pinned sheets and of searches for them.
    pub unreadable: VecDeque<SendError>,
    /// How long a sheet takes to dry.
    pub drying: Duration,
    pub quota: Option<PublishingQuota>,
    /// So many searches tell that it hangs there, and not yet under which name.
    pub nameless: usize,
    /// Searches find nothing: a board on which no promise can stand.
    pub shows_nothing: bool,
}

/// See the module.
#[derive(Clone)]
pub(crate) struct Bulletin {
    board: Arc<Mutex<Board>>,
    clock: Arc<dyn Clock>,
    steps: Arc<Steps>,
}

/// An error of this category.
pub(crate) fn refusal(category: ErrorCategory) -> SendError {
    SendError {
        category,
        code: None,
        subcode: None,
        message: format!("scripted: {category}"),
        retry_after: None,
        app_wide: false,
        skip_reason: None,
        usage: Usage::default(),
    }
}

impl Bulletin {
    pub(crate) fn new(clock: Arc<dyn Clock>, steps: Arc<Steps>) -> Self {
        Self { board: Arc::default(), clock, steps }
    }

    /// The same board, as another process sees it.
    pub(crate) fn seen_with(&self, steps: Arc<Steps>) -> Self {
        Self { steps, ..self.clone() }
    }

    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call: the world does it (or not), and the process hears of it (or not).
    async fn call(
        &self,
        name: &'static str,
        script: fn(&mut Board) -> &mut VecDeque<Turn>,
        work: impl FnOnce(&mut Board, Timestamp) -> String,
    ) -> Result<Receipt, SendError> {
        self.steps.before(name).await;
        let now = self.clock.now();
        let answer = {
            let mut board = self.board();
            match script(&mut board).pop_front().unwrap_or(Turn::Done) {
                Turn::Done => {
                    Ok(Receipt { instagram_id: Some(work(&mut board, now)), usage: Usage::default() })
                }
                Turn::Unheard => {
                    work(&mut board, now);
                    Err(refusal(ErrorCategory::Unknown))
                }
                Turn::Refused(error) => Err(error),
            }
        };
        self.steps.after(name).await;
        answer
    }

    async fn look<T>(&self, name: &'static str, look: impl FnOnce(&mut Board, Timestamp) -> T) -> T {
        self.steps.before(name).await;
        let seen = look(&mut self.board(), self.clock.now());
        self.steps.after(name).await;
        seen
    }
}

#[async_trait]
impl PlatformAdapter for Bulletin {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            platform: "bulletin".to_owned(),
            post_types: vec![PostType::Image, PostType::Carousel],
            first_comments: true,
            posts_per_day: None,
        }
    }

    fn check(&self, draft: &PostDraft, _media: &[MediaAsset]) -> Vec<PostProblem> {
        let is_long = draft.caption.chars().count() > MAX_CHARS;
        is_long.then(|| PostProblem::new("caption", "does not fit on a sheet")).into_iter().collect()
    }

    async fn create(&self, _account: &Account, upload: &Upload) -> Result<Receipt, SendError> {
        let upload = upload.clone();
        self.call(
            "create",
            |board| &mut board.creations,
            move |board, now| {
                let dry_at = now + board.drying;
                board.sheets.push((upload, dry_at));
                format!("sheet-{}", board.sheets.len() - 1)
            },
        )
        .await
    }

    async fn readiness(&self, _account: &Account, container: &str) -> Result<Readiness, SendError> {
        self.look("readiness", |board, now| {
            if let Some(told) = board.readiness.pop_front() {
                return told;
            }
            if board.pinned.iter().any(|pinned| pinned.sheet == container) {
                return Ok(Readiness::Published);
            }
            let index = container.trim_start_matches("sheet-").parse::<usize>().ok();
            match index.and_then(|index| board.sheets.get(index)) {
                Some((_, dry_at)) if *dry_at <= now => Ok(Readiness::Ready),
                Some(_) => Ok(Readiness::InProgress),
                None => Err(refusal(ErrorCategory::Permanent)),
            }
        })
        .await
    }

    async fn publish(&self, _account: &Account, container: &str) -> Result<Receipt, SendError> {
        let sheet = container.to_owned();
        self.call(
            "publish",
            |board| &mut board.publications,
            move |board, at| {
                let index = sheet.trim_start_matches("sheet-").parse::<usize>().unwrap_or(usize::MAX);
                let caption =
                    board.sheets.get(index).map(|(upload, _)| upload.caption.clone()).unwrap_or_default();
                let id = format!("pin-{}", board.pinned.len());
                board.pinned.push(Pinned { id: id.clone(), sheet, caption, at });
                id
            },
        )
        .await
    }

    async fn find_published(
        &self,
        _account: &Account,
        published: &Published<'_>,
        _since: Timestamp,
        _already_ours: &[String],
    ) -> Result<Finding, SendError> {
        self.look("find_published", |board, _| {
            if let Some(error) = board.unreadable.pop_front() {
                return Err(error);
            }
            let ours = board
                .pinned
                .iter()
                .find(|pinned| pinned.sheet == published.container && !board.shows_nothing);
            let Some(name) = ours.map(|pinned| pinned.id.clone()) else { return Ok(Finding::NotDone) };
            let is_named = board.nameless == 0;
            board.nameless = board.nameless.saturating_sub(1);
            Ok(Finding::Done(is_named.then_some(name)))
        })
        .await
    }

    async fn read_post(&self, _account: &Account, media_id: &str) -> Result<VisiblePost, SendError> {
        self.look("read_post", |board, _| match board.unreadable.pop_front() {
            Some(error) => Err(error),
            None => Ok(VisiblePost { permalink: Some(format!("https://board.example/{media_id}")) }),
        })
        .await
    }

    async fn find_own_post(
        &self,
        _account: &Account,
        _post_type: PostType,
        named: &str,
    ) -> Result<Option<OwnPost>, SendError> {
        self.look("find_own_post", |board, _| {
            let own = board.pinned.iter().find(|pinned| pinned.id == named);
            Ok(own.map(|own| OwnPost { id: own.id.clone(), permalink: None, published_at: Some(own.at) }))
        })
        .await
    }

    async fn comment(&self, _account: &Account, media_id: &str, text: &str) -> Result<Receipt, SendError> {
        let comment = (media_id.to_owned(), text.to_owned());
        self.call(
            "comment",
            |board| &mut board.commentings,
            move |board, _| {
                board.comments.push(comment);
                format!("note-{}", board.comments.len())
            },
        )
        .await
    }

    async fn find_comment(
        &self,
        _account: &Account,
        media_id: &str,
        text: &str,
        _since: Timestamp,
        _already_ours: &[String],
    ) -> Result<Finding, SendError> {
        self.look("find_comment", |board, _| {
            let ours = board.comments.iter().position(|(on, words)| on == media_id && words == text);
            Ok(match ours.filter(|_| !board.shows_nothing) {
                Some(index) => Finding::Done(Some(format!("note-{}", index + 1))),
                None => Finding::NotDone,
            })
        })
        .await
    }

    async fn quota(&self, _account: &Account) -> Result<Option<PublishingQuota>, SendError> {
        self.look("quota", |board, _| Ok(board.quota)).await
    }
}

/// A library that holds every picture it is asked for, under an address of its own.
#[derive(Clone)]
pub(crate) struct Pictures {
    steps: Arc<Steps>,
}

impl Pictures {
    pub(crate) fn new(steps: Arc<Steps>) -> Self {
        Self { steps }
    }
}

#[async_trait]
impl MediaLibrary for Pictures {
    async fn find_media(&self, tenant: &TenantId, media: MediaId) -> Result<Option<MediaAsset>, StoreError> {
        self.steps.before("find_media").await;
        let asset = MediaAsset {
            id: media,
            tenant: *tenant,
            file_name: "cake.jpg".to_owned(),
            kind: MediaKind::Image,
            content_type: MediaFormat::Jpeg,
            bytes: 1,
            width: 1_080,
            height: 1_080,
            duration: None,
            video: None,
            publish_copy: None,
            has_thumbnail: false,
            sha256: media.to_string(),
            alt_text: None,
            tags: Vec::new(),
            created_by: String::new(),
            created_at: Timestamp::default(),
        };
        self.steps.after("find_media").await;
        Ok(Some(asset))
    }

    async fn find_media_by_content(&self, _: &TenantId, _: &str) -> Result<Option<MediaAsset>, StoreError> {
        Ok(None)
    }

    async fn list_media(
        &self,
        _: &TenantId,
        _: &MediaFilter,
        _: PageRequest,
    ) -> Result<Vec<MediaAsset>, StoreError> {
        Ok(Vec::new())
    }

    async fn media_uses(&self, _: &TenantId, _: &[MediaId]) -> Result<Vec<MediaUse>, StoreError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl PublicMedia for Pictures {
    async fn public_url(
        &self,
        _tenant: &TenantId,
        asset: &MediaAsset,
        _valid_for: Duration,
    ) -> Result<String, PublicMediaError> {
        self.steps.before("public_url").await;
        self.steps.after("public_url").await;
        Ok(format!("https://media.example/{}", asset.id))
    }
}
