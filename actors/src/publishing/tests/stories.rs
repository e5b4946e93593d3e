//! What becomes of posts: on time, late, refused, limited, repeated.

use std::time::Duration;

use tenants::account::{AccountStatus, TenantStatus};
use tenants::effect::ErrorCategory;
use tenants::ports::{Hint, PublishingQuota, Readiness};
use tenants::post::{Frequency, PostState, Recurrence};

use super::stage::Stage;
use crate::testing::{Turn, refusal};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_platform_that_is_not_instagram_publishes_a_carousel_with_its_first_comment() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put_carousel(shop, "three cakes");
    stage.pass(Duration::from_secs(59)).await;
    assert_eq!((stage.state(post), stage.captions().len()), (PostState::Approved, 0), "not before its time");
    stage.pass_minutes(1).await;
    let published = stage.post(post);
    assert_eq!((published.state, stage.captions()), (PostState::Published, vec!["three cakes".to_owned()]));
    assert_eq!(published.permalink.as_deref(), Some("https://board.example/pin-0"));
    let board = stage.bulletin.board();
    assert_eq!(board.comments, [("pin-0".to_owned(), "More in our shop!".to_owned())]);
    assert_eq!(board.sheets[3].0.children, ["sheet-0", "sheet-1", "sheet-2"], "in the order of its files");
    drop(board);
    assert!(stage.tried(post).contains(&"publish_post:done".to_owned()), "{:?}", stage.tried(post));
}

#[tokio::test]
async fn a_post_that_is_less_than_five_minutes_late_goes_out_and_a_later_one_asks_a_person() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let late = |minutes: u64, seconds: u64| {
        let due = stage.now() - Duration::from_secs(60 * minutes + seconds);
        stage.put(shop, "late", |post| (post.scheduled_at, post.next_step_at) = (Some(due), Some(due)))
    };
    let (fine, too_late) = (late(4, 58), late(5, 0));
    stage.world.ports.wake.send(Hint::Posts(shop.tenant));
    stage.pass_minutes(1).await;
    assert_eq!((stage.state(fine), stage.state(too_late)), (PostState::Published, PostState::NeedsPerson));
    assert_eq!(stage.alerts(), [format!("publish_failed:{too_late}")]);
    assert!(stage.post(too_late).error.unwrap().contains("publish it now"));
}

#[tokio::test]
async fn a_post_that_is_up_before_it_is_listed_is_found_later_and_never_made_again() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    stage.bulletin.board().publications.push_back(Turn::Unheard);
    stage.bulletin.board().nameless = 2;
    stage.pass_minutes(2).await;
    let up = stage.post(post);
    assert_eq!((up.state, up.platform_post_id), (PostState::Published, None), "it is up, whatever its name");
    stage.pass_minutes(60).await;
    let named = stage.post(post);
    assert_eq!(named.platform_post_id.as_deref(), Some("pin-0"));
    assert_eq!((named.state, named.permalink.is_some()), (PostState::Published, true));
    assert_eq!((stage.captions().len(), stage.bulletin.board().sheets.len()), (1, 1), "made once, up once");
}

#[tokio::test]
async fn a_dead_token_holds_a_post_until_the_account_is_connected_again() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    stage.bulletin.board().creations.push_back(Turn::Refused(refusal(ErrorCategory::AuthFailure)));
    stage.pass_minutes(60).await;
    assert_eq!(
        (stage.state(post), stage.account_status(shop)),
        (PostState::Publishing, AccountStatus::Disconnected)
    );
    assert!(stage.captions().is_empty());
    stage.reconnect(shop);
    stage.pass_minutes(3).await;
    assert_eq!((stage.state(post), stage.captions().len()), (PostState::Published, 1));
}

#[tokio::test]
async fn a_token_refused_while_it_is_asked_about_a_container_is_noticed_too() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    stage.bulletin.board().readiness.push_back(Err(refusal(ErrorCategory::AuthFailure)));
    stage.pass_minutes(2).await;
    assert_eq!(stage.account_status(shop), AccountStatus::Disconnected);
    assert_eq!(stage.alerts(), [format!("auth_failure:{}", shop.account)]);
    stage.reconnect(shop);
    stage.pass_minutes(3).await;
    assert_eq!(stage.state(post), PostState::Published);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_given_up_at_once_and_says_why() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    let failed =
        Readiness::Failed { message: "the file is torn".to_owned(), code: None, may_work_again: false };
    stage.bulletin.board().readiness.push_back(Ok(failed));
    stage.pass_minutes(2).await;
    let given_up = stage.post(post);
    assert_eq!((given_up.state, given_up.retry_count), (PostState::Failed, 1));
    assert_eq!(given_up.error.as_deref(), Some("the file is torn"));
    assert_eq!(stage.alerts(), [format!("publish_failed:{post}")]);
}

#[tokio::test]
async fn three_attempts_with_pauses_that_grow_are_made_before_it_is_given_up() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    let failed = Readiness::Failed { message: "smudged".to_owned(), code: None, may_work_again: true };
    stage.bulletin.board().readiness.extend([(); 3].map(|()| Ok(failed.clone())));
    stage.pass_minutes(15).await;
    let given_up = stage.post(post);
    assert_eq!((given_up.state, given_up.progress.round, given_up.retry_count), (PostState::Failed, 3, 3));
    assert_eq!(stage.bulletin.board().sheets.len(), 3, "each attempt with a sheet of its own");
    assert!(stage.captions().is_empty());
}

#[tokio::test]
async fn a_sheet_that_takes_a_quarter_of_an_hour_to_dry_is_waited_for() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    stage.bulletin.board().drying = Duration::from_secs(15 * 60);
    stage.pass_minutes(10).await;
    assert_eq!(stage.state(post), PostState::Publishing);
    assert_eq!(stage.post(post).progress.waits_for.as_deref(), Some("the platform to finish its file"));
    stage.pass_minutes(10).await;
    assert_eq!((stage.state(post), stage.captions().len()), (PostState::Published, 1));
}

#[tokio::test]
async fn when_the_days_limit_is_used_up_a_post_waits_and_says_so() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    stage.bulletin.board().quota = Some(PublishingQuota { used: 2, total: 2, window: DAY });
    stage.pass_minutes(60).await;
    assert_eq!((stage.state(post), stage.bulletin.board().sheets.len()), (PostState::Publishing, 0));
    assert!(stage.post(post).progress.waits_for.unwrap().contains("2 posts in 24 hours"));
    stage.bulletin.board().quota = Some(PublishingQuota { used: 1, total: 2, window: DAY });
    stage.pass_minutes(20).await;
    assert_eq!(stage.state(post), PostState::Published);
}

#[tokio::test]
async fn a_published_post_that_cannot_be_read_stays_published_and_is_not_published_again() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    stage.bulletin.board().unreadable.extend([(); 20].map(|()| refusal(ErrorCategory::Forbidden)));
    stage.pass_minutes(120).await;
    let published = stage.post(post);
    assert_eq!((published.state, published.permalink, published.error), (PostState::Published, None, None));
    assert_eq!(stage.captions().len(), 1);
    assert!(stage.alerts().is_empty());
}

#[tokio::test]
async fn the_posts_of_a_suspended_tenant_wait_for_a_person() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let post = stage.put(shop, "cake", |_| {});
    stage.world.change(shop, |context| context.tenant.status = TenantStatus::Suspended);
    stage.pass_minutes(3).await;
    assert_eq!((stage.state(post), stage.captions().len()), (PostState::NeedsPerson, 0));
}

#[tokio::test]
async fn a_post_that_repeats_makes_the_next_one_when_it_is_published_and_only_one() {
    let stage = Stage::new();
    let shop = stage.world.shop();
    let first = stage.put(shop, "good morning", |post| {
        let rule = Recurrence {
            every: Frequency::Daily,
            interval: 1,
            until: None,
            anchor: String::new(),
            occurrences: 0,
        };
        post.recurrence = Some(rule.anchored(post.scheduled_at.unwrap(), chrono_tz::Europe::Lisbon));
    });
    let due = stage.post(first).scheduled_at.unwrap();
    stage.pass_minutes(3).await;
    let next: Vec<_> = stage.world.store.data().posts.values().filter(|it| it.id != first).cloned().collect();
    assert_eq!(next.len(), 1);
    assert_eq!(
        (next[0].scheduled_at, next[0].series, next[0].state),
        (Some(due + DAY), Some(first), PostState::Approved)
    );
    stage.pass(DAY).await;
    stage.pass_minutes(3).await;
    assert_eq!(stage.captions(), ["good morning", "good morning"]);
    assert_eq!(stage.world.store.data().posts.len(), 3);
}

#[tokio::test]
async fn many_posts_of_one_tenant_do_not_keep_another_waiting() {
    let stage = Stage::new();
    let (busy, quiet) = (stage.world.shop(), stage.world.shop());
    for _ in 0..200 {
        stage.put(busy, "busy", |_| {});
    }
    stage.put(quiet, "quiet", |_| {});
    stage.pass(Duration::from_secs(60)).await;
    stage.pass(Duration::from_secs(5)).await;
    let place = stage.captions().iter().position(|caption| caption == "quiet");
    assert!(place.is_some_and(|place| place < 60), "{place:?} of {}", stage.captions().len());
}
