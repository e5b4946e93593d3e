//! Posts of which Instagram does not tell whether they are up, and what people say about them.

use std::time::Duration;

use kit::{Reply, TestApp, TestTenant, stories};
use runtime::media::samples;
use sandbox::{Endpoint, Fault, FaultKind, NewMedia};
use serde_json::{Value, json};
use tenants::clock::Clock;
use tenants::effect::{Action, Effect, EffectState};

stories!(
    a_lost_post_that_is_up_is_published_once_a_person_names_it_by_its_address,
    a_lost_post_that_is_not_up_is_tried_again_and_appears_once,
    a_post_of_somebody_else_an_old_one_and_one_of_ours_is_not_taken_for_the_lost_one,
    nobody_can_say_that_a_post_is_not_up_which_instagram_shows,
    a_post_that_nothing_is_unclear_about_is_not_settled,
);

/// A post whose publication got no answer, and that Instagram does not show: nothing can be concluded.
async fn lost(app: &TestApp, shop: &TestTenant, caption: &str, answer: FaultKind) -> String {
    let media = app.api.upload(&shop.path("/media?name=cake.jpg"), samples::jpeg(320, 400, 1)).await.ok();
    let due = app.clock.now() + Duration::from_secs(60);
    let document = json!({ "post_type": "image", "caption": caption, "media": [media["id"]],
        "scheduled_at": due, "first_comment": "Come and taste it!", "allow_duplicates": true });
    let post = app.api.post(&shop.path("/posts"), document).await.ok()["id"].as_str().unwrap().to_owned();
    let unheard = app.sandbox.fault(Fault::new(answer).on(Endpoint::PublishContainer));
    let hidden = FaultKind::Refused { code: 100, subcode: Some(33), status: 400 };
    app.sandbox.fault(Fault::new(hidden.clone()).on(Endpoint::ListMedia));
    let publication = || async {
        let is_its = |effect: &Effect| effect.action.post().is_some_and(|of| of.to_string() == post);
        let is_publishing = |effect: &Effect| matches!(effect.action, Action::PublishPost { .. });
        let tried = |effect: &Effect| effect.first_attempt_at.is_some();
        let effects = app.effects(shop).await;
        effects.into_iter().find(|effect| is_its(effect) && is_publishing(effect) && tried(effect))
    };
    for _ in 0..200 {
        app.settle().await;
        if publication().await.is_some() {
            break;
        }
        app.clock.advance(Duration::from_secs(1));
    }
    // From here on nothing can be read; what was read before, and tried again, is not heard either.
    app.sandbox.fault(Fault::new(hidden).on(Endpoint::ReadContainer));
    for _ in 0..12 {
        app.clock.advance(Duration::from_secs(600));
        app.settle().await;
    }
    assert_eq!(publication().await.map(|effect| effect.state), Some(EffectState::Unknown));
    let lost = read(app, shop, &post).await;
    assert_eq!(lost["state"], "publishing", "nobody knows, so nothing is done");
    assert!(lost["waits_for"].as_str().unwrap().contains("settle it"), "{lost}");
    app.sandbox.clear_fault(unheard);
    post
}

async fn read(app: &TestApp, shop: &TestTenant, post: &str) -> Value {
    app.api.get(&shop.path(&format!("/posts/{post}"))).await.ok()
}

async fn say(app: &TestApp, shop: &TestTenant, post: &str, seen: Value) -> Reply {
    app.api.post(&shop.path(&format!("/posts/{post}/settle")), seen).await
}

/// Captions that people see, newest first; the kit's own first post is left out.
fn captions(app: &TestApp, shop: &TestTenant) -> Vec<String> {
    let media = app.sandbox.media_of(shop).expect("media");
    media
        .into_iter()
        .filter_map(|media| media.caption)
        .filter(|caption| !["new", "other words"].contains(&caption.as_str()))
        .collect()
}

async fn published(app: &TestApp, shop: &TestTenant, post: &str) -> Value {
    // At rest: its first comment and its address were stored, and nothing about it changes any more.
    let seen = std::cell::Cell::new(None);
    app.until("it is published and rests", || async {
        app.clock.advance(Duration::from_secs(600));
        app.settle().await;
        let now = read(app, shop, post).await;
        let version = now["version"].as_i64();
        let rests = seen.replace(version) == version;
        rests && now["state"] == "published" && !now["permalink"].is_null()
    })
    .await;
    read(app, shop, post).await
}

const DONE: FaultKind = FaultKind::DoneBut500 { status: 500 };
/// An answer behind which nothing was done, although nobody can know.
const NOT_DONE: FaultKind = FaultKind::Transient { code: 1, status: 500 };

async fn a_lost_post_that_is_up_is_published_once_a_person_names_it_by_its_address(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let post = lost(&app, &shop, "Cake", DONE).await;
    let up = app.sandbox.media_of(&shop).unwrap().remove(0);
    let named = json!({ "up": true, "platform_post": format!("https://www.instagram.com/p/{}/?igsh=abc", up.shortcode) });

    let unreadable = say(&app, &shop, &post, named.clone()).await;
    assert_eq!(unreadable.status, 503, "it cannot be checked: {}", unreadable.body);
    app.sandbox.clear_faults();
    say(&app, &shop, &post, named.clone()).await.ok();
    say(&app, &shop, &post, named.clone()).await.ok();
    let now = published(&app, &shop, &post).await;
    assert_eq!(now["platform_post_id"], up.id.as_str());
    assert_eq!(
        say(&app, &shop, &post, named).await.ok()["version"],
        now["version"],
        "said again, nothing changes"
    );
    assert_eq!(captions(&app, &shop), ["Cake"]);
    assert_eq!(app.sandbox.comments_of(&shop).unwrap().len(), 1, "its first comment follows");
    let said: Vec<_> =
        app.audit(&shop).await.into_iter().filter(|it| it.event_type == "post.settled").collect();
    assert!(said.len() == 1 && said[0].actor.starts_with("key:"), "{said:?}");
    let open = app.api.get(&shop.path("/alerts?resolved=false")).await.ok();
    assert!(!open.to_string().contains("read_back"), "{open}");
    app
}

async fn a_lost_post_that_is_not_up_is_tried_again_and_appears_once(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let post = lost(&app, &shop, "Cake", NOT_DONE).await;
    assert!(captions(&app, &shop).is_empty());
    say(&app, &shop, &post, json!({ "up": false })).await.ok();
    let again = say(&app, &shop, &post, json!({ "up": false })).await;
    assert_eq!(again.status, 409, "it is settled: {}", again.body);
    app.sandbox.clear_faults();
    published(&app, &shop, &post).await;
    assert_eq!(captions(&app, &shop), ["Cake"]);
    assert_eq!(app.sandbox.containers_of(&shop).unwrap().len(), 1, "with the container that there was");
    app
}

async fn a_post_of_somebody_else_an_old_one_and_one_of_ours_is_not_taken_for_the_lost_one(
    app: TestApp,
) -> TestApp {
    let (shop, other) = (app.tenant("acme").create().await, app.tenant("other").create().await);
    let old = app.sandbox.create_media(&shop, NewMedia::post("other words")).unwrap();
    app.clock.advance(Duration::from_secs(7_200));
    let foreign = app.sandbox.create_media(&other, NewMedia::post("other words")).unwrap();
    let post = lost(&app, &shop, "Cake", NOT_DONE).await;
    app.sandbox.clear_faults();
    for (id, why) in [(&old.id, "before it was first tried"), (&foreign.id, "shows no such post")] {
        let refused = say(&app, &shop, &post, json!({ "up": true, "platform_post": id.as_str() })).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body.to_string().contains(why), "{}", refused.body);
    }
    let nothing = say(&app, &shop, &post, json!({ "up": true })).await;
    assert_eq!((nothing.status, &nothing.body["field"]), (422, &json!("platform_post")));
    // What it is now tried again as belongs to it alone.
    say(&app, &shop, &post, json!({ "up": false })).await.ok();
    published(&app, &shop, &post).await;
    let ours = read(&app, &shop, &post).await["platform_post_id"].clone();
    let second = lost(&app, &shop, "Bread", NOT_DONE).await;
    app.sandbox.clear_faults();
    let refused = say(&app, &shop, &second, json!({ "up": true, "platform_post": ours })).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    app
}

async fn nobody_can_say_that_a_post_is_not_up_which_instagram_shows(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let post = lost(&app, &shop, "Cake", DONE).await;
    app.sandbox.clear_faults();
    let refused = say(&app, &shop, &post, json!({ "up": false })).await;
    let up = app.sandbox.media_of(&shop).unwrap().remove(0);
    assert_eq!((refused.status, &refused.body["platform_post"]), (409, &json!(up.id.as_str())));
    published(&app, &shop, &post).await;
    assert_eq!(captions(&app, &shop), ["Cake"]);
    app
}

async fn a_post_that_nothing_is_unclear_about_is_not_settled(app: TestApp) -> TestApp {
    let shop = app.tenant("acme").create().await;
    let media = app.api.upload(&shop.path("/media?name=cake.jpg"), samples::jpeg(320, 400, 1)).await.ok();
    let document = json!({ "post_type": "image", "caption": "Cake", "media": [media["id"]] });
    let post = app.api.post(&shop.path("/posts"), document).await.ok()["id"].as_str().unwrap().to_owned();
    let known = app.sandbox.media_of(&shop).unwrap().remove(0);
    for seen in [json!({ "up": false }), json!({ "up": true, "platform_post": known.id.as_str() })] {
        let refused = say(&app, &shop, &post, seen).await;
        assert_eq!((refused.status, &refused.body["present"]), (409, &json!("draft")), "{}", refused.body);
    }
    app
}
