//! Posts, what was tried for them, and templates.

use std::time::Duration;

use serde_json::json;
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::effect::Action;
use tenants::ids::{JobLogId, MediaId, PostId, TemplateId};
use tenants::insights::MediaReading;
use tenants::ports::{PageRequest, PostFilter, Posts};
use tenants::post::publishing::Container;
use tenants::post::{
    ApprovalPolicy, Frequency, JobLog, KnownMedia, Post, PostApproval, PostDraft, PostOptions, PostState,
    PostTemplate, PostType, Progress, Recurrence,
};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::intel::{media, reading};
use crate::world::{World, is_conflict};

contract! {
    a_post_is_read_back_as_it_was_stored
    a_post_changes_only_from_the_version_that_was_read
    waking_a_post_brings_its_moment_forward_and_makes_older_readings_void
    only_posts_that_are_under_way_are_woken
    due_posts_come_in_turns_of_tenants_and_without_those_in_hand
    the_next_moment_is_the_earliest_that_is_not_due
    the_effects_of_a_post_are_found_by_it
    the_calendar_and_the_list_hold_what_they_must
    posts_with_the_same_media_are_found_unless_they_were_called_off
    media_is_known_by_what_was_read_and_better_by_what_was_published
    what_was_tried_is_listed_in_order
    templates_have_names_of_their_own
    posts_of_another_tenant_are_neither_found_nor_changed
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

pub fn post(world: &World, due: Option<Timestamp>) -> Post {
    let now = world.now();
    let draft = PostDraft {
        post_type: PostType::Carousel,
        caption: "Cakes #cake\0".replace('\0', ""),
        media: (0..3).map(|_| MediaId::new(&world.ids)).collect(),
        first_comment: Some("More?".to_owned()),
        options: PostOptions { collaborators: vec!["ana".to_owned()], ..PostOptions::default() },
    };
    Post {
        state: PostState::Approved,
        scheduled_at: due,
        approval: PostApproval::new(ApprovalPolicy::All),
        progress: Progress { round: 2, last_round: 3, ..Progress::default() },
        retry_count: 1,
        error: Some("smudged".to_owned()),
        next_step_at: due,
        recurrence: Some(Recurrence {
            every: Frequency::Weekly,
            interval: 2,
            until: None,
            anchor: "2026-03-29T09:30:00".to_owned(),
            occurrences: 1,
        }),
        media_hash: "abc".to_owned(),
        ..Post::new(PostId::new(&world.ids), world.tenant, world.account, draft, "test", now)
    }
}

pub async fn stored(world: &World, post: Post) -> Post {
    let change = Change::PutPost { post: Box::new(post.clone()), expected: None };
    world.commit([change]).await.unwrap();
    post
}

async fn found(world: &World, post: &Post) -> Post {
    world.store.find_post(&world.tenant, &post.id).await.unwrap().unwrap()
}

fn put(post: &Post, expected: i64) -> Change {
    Change::PutPost { post: Box::new(post.clone()), expected: Some(expected) }
}

async fn a_post_is_read_back_as_it_was_stored(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut post = stored(&world, post(&world, Some(world.now() + minutes(5)))).await;
    assert_eq!(found(&world, &post).await, post);
    post.draft.media.reverse();
    post.draft.media.pop();
    post.state = PostState::Published;
    (post.platform_post_id, post.permalink) = (Some("179".to_owned()), Some("https://x/p/1/".to_owned()));
    (post.published_at, post.next_step_at, post.error) = (Some(world.now()), None, None);
    world.commit([put(&post, 1)]).await.unwrap();
    assert_eq!(found(&world, &post).await, Post { version: 2, ..post });
}

async fn a_post_changes_only_from_the_version_that_was_read(database: TestDatabase) {
    let world = World::new(&database).await;
    let post = stored(&world, post(&world, None)).await;
    world.commit([put(&post, 1)]).await.unwrap();
    let late = Post { state: PostState::Cancelled, ..post.clone() };
    assert!(is_conflict(&world.commit([put(&late, 1)]).await));
    assert!(is_conflict(&world.commit([put(&late, 3)]).await));
    assert_eq!(found(&world, &post).await, Post { version: 2, ..post.clone() });
    let again = Change::PutPost { post: Box::new(post), expected: None };
    assert!(is_conflict(&world.commit([again]).await), "a post is added once");
}

async fn waking_a_post_brings_its_moment_forward_and_makes_older_readings_void(database: TestDatabase) {
    let world = World::new(&database).await;
    let mut post = post(&world, Some(world.now() + minutes(10)));
    post.state = PostState::Publishing;
    let post = stored(&world, post).await;
    let wake = |at| Change::WakePost { post: post.id, at };
    world.commit([wake(world.now() + minutes(20))]).await.unwrap();
    assert_eq!(found(&world, &post).await.next_step_at, post.next_step_at);
    world.commit([wake(world.now())]).await.unwrap();
    let woken = found(&world, &post).await;
    assert_eq!((woken.next_step_at, woken.version), (Some(world.now()), 3));
    let rests = Post { next_step_at: None, ..post.clone() };
    assert!(is_conflict(&world.commit([put(&rests, 1)]).await), "who looked before has not seen it");
    world.commit([put(&rests, 3)]).await.unwrap();
    world.commit([wake(world.now())]).await.unwrap();
    assert_eq!(found(&world, &post).await.next_step_at, Some(world.now()));
}

async fn only_posts_that_are_under_way_are_woken(database: TestDatabase) {
    let world = World::new(&database).await;
    for state in PostState::ALL {
        let post = stored(&world, Post { state: *state, ..post(&world, None) }).await;
        world.commit([Change::WakePost { post: post.id, at: world.now() }]).await.unwrap();
        let is_woken = found(&world, &post).await.next_step_at.is_some();
        assert_eq!(is_woken, matches!(state, PostState::Publishing | PostState::Published), "{state}");
    }
}

async fn due_posts_come_in_turns_of_tenants_and_without_those_in_hand(database: TestDatabase) {
    let world = World::new(&database).await;
    let other = world.neighbour().await;
    let now = world.now();
    let mut many = Vec::new();
    for number in 0..5 {
        many.push(stored(&world, post(&world, Some(now - minutes(20 - number)))).await.id);
    }
    let quiet = stored(&other, post(&other, Some(now - minutes(1)))).await.id;
    stored(&other, post(&other, Some(now + minutes(1)))).await;
    stored(&other, post(&other, None)).await;
    let due = |limit| world.store.due_posts(now, &[], limit);
    let ids = |posts: Vec<Post>| posts.into_iter().map(|post| post.id).collect::<Vec<_>>();
    assert_eq!(ids(due(2).await.unwrap()), [many[0], quiet]);
    assert_eq!(due(100).await.unwrap().len(), 6);
    let rest = world.store.due_posts(now, &[many[0], quiet, many[1]], 100).await.unwrap();
    assert_eq!(rest[0].draft.media.len(), 3, "with its files");
    assert_eq!(ids(rest), many[2..]);
}

async fn the_next_moment_is_the_earliest_that_is_not_due(database: TestDatabase) {
    let world = World::new(&database).await;
    let now = world.now();
    assert_eq!(world.store.next_post_at(now).await.unwrap(), None);
    for minute in [3, 1, 2] {
        stored(&world, post(&world, Some(now + minutes(minute)))).await;
    }
    stored(&world, post(&world, Some(now))).await;
    assert_eq!(world.store.next_post_at(now).await.unwrap(), Some(now + minutes(1)));
}

async fn the_effects_of_a_post_are_found_by_it(database: TestDatabase) {
    let world = World::new(&database).await;
    let (one, two) = (stored(&world, post(&world, None)).await, stored(&world, post(&world, None)).await);
    let container = |post: &Post| Action::CreateContainer {
        post: post.id,
        round: 1,
        position: 0,
        container: Box::new(Container {
            post_type: PostType::Image,
            is_item: false,
            media: Some(post.draft.media[0]),
            caption: "Cake".to_owned(),
            children: Vec::new(),
            options: PostOptions::default(),
        }),
    };
    let comment = Action::FirstComment { post: one.id, media_id: "179".to_owned(), text: "More?".to_owned() };
    let first = world.queued(world.effect(container(&one))).await;
    world.queued(world.effect(container(&two))).await;
    let second = world.queued(world.effect(comment)).await;
    assert_eq!(world.store.effects_of_post(&world.tenant, &one.id).await.unwrap(), [first, second]);
    let other = world.neighbour().await;
    assert!(world.store.effects_of_post(&other.tenant, &one.id).await.unwrap().is_empty());
}

async fn the_calendar_and_the_list_hold_what_they_must(database: TestDatabase) {
    let world = World::new(&database).await;
    let now = world.now();
    let mut planned = Vec::new();
    for minute in [30, 10, 20] {
        planned.push(stored(&world, post(&world, Some(now + minutes(minute)))).await.id);
    }
    let draft = stored(&world, Post { state: PostState::Draft, ..post(&world, None) }).await.id;
    let ids = |posts: Vec<Post>| posts.into_iter().map(|post| post.id).collect::<Vec<_>>();
    let between = world.store.posts_between(&world.tenant, now + minutes(10), now + minutes(30), 10).await;
    assert_eq!(ids(between.unwrap()), [planned[1], planned[2]]);
    let list = async |filter: PostFilter| {
        world.store.list_posts(&world.tenant, &filter, PageRequest::first(10)).await.unwrap()
    };
    assert_eq!(ids(list(PostFilter::default()).await), [draft, planned[2], planned[1], planned[0]]);
    assert_eq!(
        ids(list(PostFilter { state: Some(PostState::Draft), ..PostFilter::default() }).await),
        [draft]
    );
    // The brand's own people do not see what is still being written.
    let shared = PostFilter { only_shared: true, ..PostFilter::default() };
    assert_eq!(ids(list(shared.clone()).await), [planned[2], planned[1], planned[0]]);
    assert_eq!(ids(list(PostFilter { state: Some(PostState::Draft), ..shared }).await), []);
}

async fn posts_with_the_same_media_are_found_unless_they_were_called_off(database: TestDatabase) {
    let world = World::new(&database).await;
    let like = stored(&world, post(&world, None)).await;
    stored(&world, Post { state: PostState::Cancelled, ..post(&world, None) }).await;
    stored(&world, Post { media_hash: "other".to_owned(), ..post(&world, None) }).await;
    let found = world.store.posts_with_media(&world.tenant, "abc", 10).await.unwrap();
    assert_eq!(found, [like]);
}

async fn media_is_known_by_what_was_read_and_better_by_what_was_published(database: TestDatabase) {
    let world = World::new(&database).await;
    let read = |id: &str, day: &str, caption: &str| MediaReading {
        caption: caption.into(),
        permalink: Some(format!("https://x/p/{id}/")),
        ..reading(&world, world.account, id, day, 1.0)
    };
    let rows = [
        read("m1", "2026-03-02", "as read later"),
        read("m1", "2026-03-01", "as read"),
        read("m2", "2026-03-01", "theirs"),
    ];
    world.commit([media(rows)]).await.unwrap();
    let mut ours = post(&world, None);
    (ours.platform_post_id, ours.permalink) = (Some("m2".into()), None);
    ours.draft.caption = "ours".into();
    stored(&world, ours).await;

    let asked = ["m1", "m2", "m3"].map(String::from);
    let known = |id: &str, caption: &str| KnownMedia {
        id: id.into(),
        caption: Some(caption.into()),
        permalink: Some(format!("https://x/p/{id}/")),
    };
    let mut told = world.store.known_media(&world.tenant, &asked).await.unwrap();
    told.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(told, [known("m1", "as read later"), known("m2", "ours")]);
    assert_eq!(world.store.known_media(&world.tenant, &[]).await.unwrap(), []);
    let rival = world.neighbour().await;
    assert_eq!(rival.store.known_media(&rival.tenant, &asked).await.unwrap(), [], "nobody else is told");
}

async fn what_was_tried_is_listed_in_order(database: TestDatabase) {
    let world = World::new(&database).await;
    let post = stored(&world, post(&world, None)).await;
    let log = |step: &str| JobLog {
        id: JobLogId::new(&world.ids),
        post: post.id,
        effect: None,
        round: 1,
        step: step.to_owned(),
        status: "failed".to_owned(),
        message: "no".to_owned(),
        error_details: Some(json!({ "code": 9_004 })),
        execution_ms: 17,
        at: world.now(),
    };
    let logs = [log("create_container"), log("publish_post")];
    world.commit(logs.clone().map(|log| Change::AddJobLog(Box::new(log)))).await.unwrap();
    assert_eq!(world.store.job_logs(&world.tenant, &post.id).await.unwrap(), logs);
    let other = world.neighbour().await;
    assert!(world.store.job_logs(&other.tenant, &post.id).await.unwrap().is_empty());
}

async fn templates_have_names_of_their_own(database: TestDatabase) {
    let world = World::new(&database).await;
    let template = |name: &str| PostTemplate {
        id: TemplateId::new(&world.ids),
        name: name.to_owned(),
        post_type: PostType::Reel,
        caption: "{what}".to_owned(),
        hashtags: vec!["cake".to_owned()],
        first_comment: None,
        created_at: world.now(),
        updated_at: world.now(),
    };
    let put = |template: &PostTemplate| Change::PutPostTemplate(Box::new(template.clone()));
    let offer = template("offer");
    world.commit([put(&offer), put(&template("news"))]).await.unwrap();
    assert!(is_conflict(&world.commit([put(&template("offer"))]).await));
    let names: Vec<_> = world.store.list_post_templates(&world.tenant).await.unwrap();
    assert_eq!(names.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["news", "offer"]);
    assert_eq!(world.store.find_post_template(&world.tenant, &offer.id).await.unwrap(), Some(offer.clone()));
    let other = world.neighbour().await;
    assert_eq!(world.store.find_post_template(&other.tenant, &offer.id).await.unwrap(), None);
    assert!(is_conflict(&other.commit([put(&offer)]).await));
    assert!(is_conflict(&other.commit([Change::DeletePostTemplate(offer.id)]).await));
    world.commit([Change::DeletePostTemplate(offer.id)]).await.unwrap();
    assert!(is_conflict(&world.commit([Change::DeletePostTemplate(offer.id)]).await));
}

async fn posts_of_another_tenant_are_neither_found_nor_changed(database: TestDatabase) {
    let world = World::new(&database).await;
    let own = stored(&world, Post { state: PostState::Publishing, ..post(&world, None) }).await;
    let other = world.neighbour().await;
    assert!(other.store.find_post(&other.tenant, &own.id).await.unwrap().is_none());
    other.commit([Change::WakePost { post: own.id, at: world.now() }]).await.unwrap();
    let stolen = Post { tenant: other.tenant, ..own.clone() };
    assert!(is_conflict(&other.commit([put(&stolen, 1)]).await));
    assert!(is_conflict(&other.commit([put(&own, 1)]).await));
    assert_eq!(found(&world, &own).await, own);
}
