//! `kill -9` while posts are published: each becomes visible once, none is lost, and none counts as failed that is up.

use std::collections::BTreeMap;
use std::time::Duration;

use sandbox::{Endpoint, Fault, FaultKind, Sandbox};
use serde_json::json;
use storage::testing::TestDatabase;
use tenants::clock::{Clock, SystemClock};
use tenants::effect::EffectState;
use tenants::ports::Outbox;
use troupe::media::samples;

use crate::dice::Dice;
use crate::installation::{Installation, Node, until};

const KILLS: usize = 25;
const POSTS: usize = 200;
const SHOPS: usize = 8;
/// How far ahead a post is planned at least: storing it takes a while on a busy machine.
const AHEAD: Duration = Duration::from_secs(20);
/// Posts are due within this time, from then on.
const DUE_WITHIN: Duration = Duration::from_secs(45);
const STARTING: Duration = Duration::from_millis(120);
const WORKING: Duration = Duration::from_millis(3_000);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_node_killed_while_it_publishes_shows_every_post_once() {
    kill_while_publishing(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_node_killed_while_it_publishes_shows_every_post_once() {
    let Some(database) = TestDatabase::postgres().await else { return };
    kill_while_publishing(database).await;
}

async fn kill_while_publishing(database: TestDatabase) {
    let mut dice = Dice::new();
    let installation = Installation::new(database, SHOPS).await;
    let mut node = installation.serve().await;
    let captions = plan(&installation, &mut dice).await;
    misbehave(&installation.sandbox);
    let mut wounds = [0usize; 2];
    for _ in 0..KILLS {
        live(&installation, &mut node, &mut dice).await;
        node.kill();
        let database = installation.database.open().await;
        let effects = database.effect_counts(None).await.expect("counts");
        database.close().await;
        for (wound, state) in wounds.iter_mut().zip([EffectState::Processing, EffectState::Unknown]) {
            *wound += usize::from(effects.iter().any(|it| it.state == state && it.count > 0));
        }
        node = installation.start();
    }
    eprintln!("kills that cut calls off, and read-backs: {wounds:?}");
    assert!(wounds.iter().all(|kills| *kills > 0), "the kills hit nothing: {wounds:?}");
    installation.until_ready(&mut node).await;
    installation.sandbox.clear_faults();
    lose_answers(&installation.sandbox);
    until("every post has come to its end", async || {
        hurry(&installation).await;
        states(&installation).await.keys().all(|state| state == "published" || state == "failed")
    })
    .await;
    node.kill();
    assert_eq!(states(&installation).await, BTreeMap::from([("published".to_owned(), POSTS)]));
    let mut visible: Vec<String> = Vec::new();
    for shop in &installation.shops {
        let media = installation.sandbox.media_of(shop).expect("media");
        visible
            .extend(media.into_iter().filter_map(|media| media.caption).filter(|caption| caption != "new"));
    }
    visible.sort();
    assert_eq!(visible, captions, "each once, and nothing else");
    installation.sandbox.stop().await;
}

/// Plans posts for all shops; their captions in order.
async fn plan(installation: &Installation, dice: &mut Dice) -> Vec<String> {
    let tenants = installation.run(&["tenant", "list"], "");
    let tenants: Vec<String> = tenants
        .as_array()
        .expect("tenants")
        .iter()
        .map(|it| it["id"].as_str().expect("an id").to_owned())
        .collect();
    let mut media = Vec::new();
    for tenant in &tenants {
        let one = installation.upload(tenant, "one.jpg", samples::jpeg(320, 400, 1)).await;
        let two = installation.upload(tenant, "two.jpg", samples::jpeg(320, 400, 2)).await;
        media.push((one, two));
    }
    let mut captions = Vec::new();
    for number in 0..POSTS {
        let shop = number % SHOPS;
        let (one, two) = &media[shop];
        let caption = format!("post {number:03}");
        // Every fifth is a carousel; every third has a first comment.
        let (kind, files) = if number % 5 == 0 { ("carousel", vec![one, two]) } else { ("image", vec![one]) };
        let comment = (number % 3 == 0).then_some("the first comment");
        let document = json!({ "post_type": kind, "caption": caption, "media": files, "first_comment": comment,
            "scheduled_at": SystemClock.now() + AHEAD + dice.moment(DUE_WITHIN), "allow_duplicates": true });
        installation.call(&format!("/tenants/{}/posts", tenants[shop]), &document).await;
        captions.push(caption);
    }
    captions
}

fn misbehave(sandbox: &Sandbox) {
    lose_answers(sandbox);
    sandbox.fault(Fault::new(FaultKind::Http5xx { status: 503 }).with_probability(0.02));
    sandbox.fault(Fault::new(FaultKind::Slow { delay_ms: 50 }).with_probability(0.5));
    let early = FaultKind::Refused { code: 9_007, subcode: Some(2_207_027), status: 400 };
    sandbox.fault(Fault::new(early).on(Endpoint::PublishContainer).with_probability(0.03));
}

fn lose_answers(sandbox: &Sandbox) {
    for endpoint in [Endpoint::CreateContainer, Endpoint::PublishContainer, Endpoint::CreateComment] {
        for (kind, probability) in [
            (FaultKind::DoneBut500 { status: 500 }, 0.05),
            (FaultKind::DoneButConnectionDropped { hang: false }, 0.04),
            (FaultKind::DoneButConnectionDropped { hang: true }, 0.01),
        ] {
            sandbox.fault(Fault::new(kind).on(endpoint).with_probability(probability));
        }
    }
}

/// What waits for minutes need not: its time has come.
async fn hurry(installation: &Installation) {
    for sql in [
        "update post_queue set next_retry_at = created_at where status = 'failed'",
        "update scheduled_posts set next_step_at = created_at where status = 'publishing' and next_step_at is not null",
    ] {
        installation.database.execute(sql).await.expect("the time of what waits can be moved");
    }
    SystemClock.sleep(Duration::from_millis(500)).await;
}

/// How many posts stand where.
async fn states(installation: &Installation) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for shop in 0..SHOPS {
        let list = installation.run(&["post", "list", &format!("shop-{shop}"), "--limit", "500"], "");
        for post in list.as_array().expect("posts") {
            *states.entry(post["state"].as_str().expect("a state").to_owned()).or_default() += 1;
        }
    }
    states
}

async fn live(installation: &Installation, node: &mut Node, dice: &mut Dice) {
    if dice.below(4) == 0 {
        SystemClock.sleep(dice.moment(STARTING)).await;
    } else {
        installation.until_ready(node).await;
        SystemClock.sleep(dice.moment(WORKING)).await;
    }
}
