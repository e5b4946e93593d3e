//! A crash at every point: whatever was under way, each post becomes visible exactly once.
//!
//! Completeness is known as in the crash stories of the dispatcher: every call of a port is two steps, a process dies at
//! each of them, others clean up after it, and the calls found in the sources are compared with the points of death.

use std::collections::BTreeSet;
use std::time::Duration;

use tenants::account::AccountStatus;
use tenants::effect::{ErrorCategory, SkipReason};
use tenants::ids::PostId;
use tenants::ports::{Readiness, SendError};
use tenants::post::PostState;

use super::stage::Stage;
use crate::testing::{Point, Steps, Trouble, Turn, assert_died_at_every_call, refusal};

/// How the platform behaves while the first process and its successors work; later calls are done.
#[derive(Debug, Clone, Default)]
struct Weather {
    creations: Vec<Turn>,
    publications: Vec<Turn>,
    commentings: Vec<Turn>,
    readiness: Vec<Result<Readiness, SendError>>,
    unreadable: Vec<SendError>,
    /// Posts may end without having been published.
    may_fail: bool,
    /// Searches find nothing: a platform on which no promise can stand.
    shows_nothing: bool,
}

fn refused(category: ErrorCategory) -> Turn {
    Turn::Refused(refusal(category))
}

/// Positions of two weathers among them all.
const FAIR: usize = 0;
const LOST: usize = 3;

/// Every answer a call can get.
fn weathers() -> Vec<Weather> {
    let gone = SendError { skip_reason: Some(SkipReason::TargetGone), ..refusal(ErrorCategory::Forbidden) };
    let failed =
        |may_work_again| Ok(Readiness::Failed { message: "smudged".to_owned(), code: None, may_work_again });
    vec![
        Weather::default(),
        Weather { creations: vec![Turn::Unheard, refused(ErrorCategory::Unknown)], ..Weather::default() },
        Weather {
            creations: vec![refused(ErrorCategory::Transient), refused(ErrorCategory::RateLimit)],
            ..Weather::default()
        },
        // Every answer is lost once.
        Weather {
            creations: vec![Turn::Unheard],
            publications: vec![Turn::Unheard],
            commentings: vec![Turn::Unheard],
            unreadable: vec![refusal(ErrorCategory::Transient)],
            ..Weather::default()
        },
        Weather {
            publications: vec![Turn::Unheard, refused(ErrorCategory::Unknown), Turn::Unheard],
            ..Weather::default()
        },
        Weather { publications: vec![refused(ErrorCategory::Transient); 4], ..Weather::default() },
        Weather { publications: vec![refused(ErrorCategory::AuthFailure)], ..Weather::default() },
        Weather {
            publications: vec![Turn::Unheard, refused(ErrorCategory::Permanent)],
            may_fail: true,
            ..Weather::default()
        },
        Weather {
            publications: vec![refused(ErrorCategory::Unknown), Turn::Refused(gone.clone())],
            ..Weather::default()
        },
        Weather { publications: vec![Turn::Refused(gone)], ..Weather::default() },
        Weather {
            publications: vec![refused(ErrorCategory::Permanent)],
            may_fail: true,
            ..Weather::default()
        },
        Weather { commentings: vec![Turn::Unheard, refused(ErrorCategory::Transient)], ..Weather::default() },
        Weather {
            readiness: vec![
                Ok(Readiness::InProgress),
                Err(refusal(ErrorCategory::Transient)),
                Err(refusal(ErrorCategory::AuthFailure)),
                failed(true),
                Ok(Readiness::Expired),
            ],
            ..Weather::default()
        },
        Weather { readiness: vec![failed(false)], may_fail: true, ..Weather::default() },
        Weather {
            publications: vec![Turn::Unheard],
            unreadable: [ErrorCategory::Transient, ErrorCategory::RateLimit, ErrorCategory::AuthFailure]
                .map(refusal)
                .to_vec(),
            ..Weather::default()
        },
    ]
}

/// How a story ended.
struct Ending {
    stage: Stage,
    weather: Weather,
    posts: Vec<(PostId, &'static str)>,
    died_at: Option<Point>,
    writes: usize,
}

/// A process works as `steps` say; if it dies, others clean up after it.
async fn story(weather: &Weather, steps: Steps) -> Ending {
    let mut stage = Stage::new();
    let shop = stage.world.shop();
    let posts = vec![
        (stage.put_carousel(shop, "three cakes"), "three cakes"),
        (stage.put(shop, "one cake", |_| {}), "one cake"),
        // The same words in another post: nobody may take one for the other.
        (stage.put(shop, "one cake", |_| {}), "one cake"),
    ];
    {
        let mut board = stage.bulletin.board();
        board.drying = Duration::from_secs(5);
        board.creations.extend(weather.creations.clone());
        board.publications.extend(weather.publications.clone());
        board.commentings.extend(weather.commentings.clone());
        board.readiness.extend(weather.readiness.clone());
        board.unreadable.extend(weather.unreadable.clone());
        board.shows_nothing = weather.shows_nothing;
    }
    let first = stage.restart(steps);
    stage.pass(Duration::from_secs(61)).await;
    let mut is_first = true;
    for _ in 0..90 {
        if is_first && first.died_at().is_some() {
            stage.restart(Steps::default());
            is_first = false;
        }
        if stage.account_status(shop) != AccountStatus::Active {
            stage.reconnect(shop);
        }
        stage.pass(Duration::from_secs(30)).await;
        let is_over = |(post, _): &(PostId, &str)| {
            let post = stage.post(*post);
            matches!(post.state, PostState::Published | PostState::Failed) && post.next_step_at.is_none()
        };
        let effects_are_over =
            stage.world.store.data().effects.values().all(|effect| effect.state.is_settled());
        if posts.iter().all(is_over) && effects_are_over {
            break;
        }
    }
    let died_at = first.died_at();
    // Whatever would still be published now would be published twice.
    stage.restart(Steps::default());
    stage.pass_minutes(10).await;
    Ending { stage, weather: weather.clone(), posts, died_at, writes: first.writes() }
}

impl Ending {
    /// What is wrong with it, if anything.
    fn complaint(&self) -> Option<String> {
        let published = |(post, caption): &(PostId, &'static str)| {
            (self.stage.state(*post) == PostState::Published).then_some(*caption)
        };
        let mut expected: Vec<&str> = self.posts.iter().filter_map(published).collect();
        let mut visible = self.stage.captions();
        expected.sort_unstable();
        visible.sort_unstable();
        if visible != expected {
            return Some(format!("visible: {visible:?}, published in the books: {expected:?}"));
        }
        if expected.len() < self.posts.len() && !self.weather.may_fail {
            let states: Vec<_> = self.posts.iter().map(|(post, _)| self.stage.post(*post)).collect();
            return Some(format!("not all are published: {states:?}"));
        }
        let carousel = self.posts[0].0;
        let comments = self.stage.bulletin.board().comments.clone();
        let is_commented = self.stage.state(carousel) == PostState::Published;
        if comments.len() != usize::from(is_commented) {
            return Some(format!("first comments: {comments:?}"));
        }
        self.posts.iter().find_map(|(post, _)| self.complaint_about(*post))
    }

    fn complaint_about(&self, id: PostId) -> Option<String> {
        let history = self.stage.history(id);
        let closed =
            history.iter().filter(|entry| ["post.published", "post.failed"].contains(&entry.as_str()));
        if closed.count() != 1 {
            return Some(format!("closed more than once, or never: {history:?}"));
        }
        let post = self.stage.post(id);
        if post.state != PostState::Published {
            return None;
        }
        let pinned = self.stage.bulletin.board().pinned.clone();
        let own = pinned.iter().find(|pinned| Some(&pinned.id) == post.platform_post_id.as_ref());
        match own {
            Some(own) if own.caption == post.draft.caption => None,
            _ => Some(format!("the books name another post: {:?} of {pinned:?}", post.platform_post_id)),
        }
    }

    #[track_caller]
    fn assert_exactly_once(&self, case: &str) {
        let complaint = self.complaint();
        assert_eq!(complaint, None, "{case}, died at {:?}, {:?}", self.died_at, self.weather);
    }
}

/// Lets a process die at every `every`-th of its steps; where it did.
async fn crash_everywhere(weather: &Weather, first: usize, every: usize) -> BTreeSet<Point> {
    let mut deaths = BTreeSet::new();
    for step in (first..).step_by(every) {
        let ending = story(weather, Steps::stopping_at(step)).await;
        ending.assert_exactly_once(&format!("crash after {step} steps"));
        match ending.died_at {
            Some(point) => _ = deaths.insert(point),
            None => break,
        }
    }
    deaths
}

#[tokio::test]
async fn every_post_is_visible_exactly_once_wherever_the_process_dies() {
    let mut deaths = BTreeSet::new();
    for (index, weather) in weathers().iter().enumerate() {
        // Each step in fair weather and where every answer is lost; in the others some.
        let every = if [FAIR, LOST].contains(&index) { 1 } else { 9 };
        deaths.extend(crash_everywhere(weather, index % every, every).await);
    }
    assert_died_at_every_call(
        "src/publishing",
        &["store", "posts", "platform", "media", "public_media"],
        // A setting is looked at; nothing is waited for.
        &["sends_videos"],
        &deaths,
    );
}

#[tokio::test]
async fn every_post_is_visible_exactly_once_whichever_write_fails_or_is_not_told() {
    for (index, weather) in weathers().iter().enumerate() {
        let every = if [FAIR, LOST].contains(&index) { 1 } else { 7 };
        for trouble in [Trouble::Refused, Trouble::Unheard] {
            for write in (index % every..).step_by(every) {
                let ending = story(weather, Steps::default().with_trouble(write, trouble)).await;
                ending.assert_exactly_once(&format!("{trouble:?} at write {write}"));
                if ending.writes <= write {
                    break;
                }
            }
        }
    }
}

/// The proof of these proofs: on a board whose searches find nothing, posts are doubled, and that is seen.
#[tokio::test]
async fn stories_on_a_board_that_shows_nothing_are_found_out() {
    let weather = Weather { publications: vec![Turn::Unheard], shows_nothing: true, ..Weather::default() };
    let complaint = story(&weather, Steps::default()).await.complaint().unwrap();
    assert!(complaint.starts_with("visible"), "{complaint}");
}
