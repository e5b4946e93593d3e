use serde_json::json;
use troupe_sandbox::{NewAccount, NewMedia};

use crate::kit::{Kit, read};

#[tokio::test]
async fn an_account_has_two_ids_and_answers_to_both() {
    let kit = Kit::start().await;
    let fields = [("fields", "id,user_id,username,account_type,media_count")];
    let me = kit.get("/v25.0/me", &fields).await.ok();
    assert_eq!(me["user_id"], kit.shop.user_id.as_str());
    assert_eq!(me["id"], kit.shop.app_scoped_id.as_str());
    assert_ne!(me["id"], me["user_id"]);
    assert_eq!((&me["username"], &me["account_type"]), (&json!("acme"), &json!("BUSINESS")));
    for id in [kit.shop.user_id.as_str(), &kit.shop.app_scoped_id] {
        assert_eq!(kit.get(&format!("/{id}"), &fields).await.ok(), me);
    }
}

#[tokio::test]
async fn on_the_facebook_host_me_is_the_page_that_leads_to_the_account() {
    let kit = Kit::facebook().await;
    let page = kit.get("/me", &[("fields", "id,name,instagram_business_account{id,username}")]).await.ok();
    assert_eq!(page["id"], kit.shop.page_id.as_str());
    assert_eq!(page["instagram_business_account"]["id"], kit.shop.user_id.as_str());
    assert_eq!(kit.get(&format!("/{}/media", kit.shop.user_id), &[]).await.ok(), json!({"data": []}));
}

#[tokio::test]
async fn another_accounts_objects_do_not_exist_for_this_token() {
    let kit = Kit::start().await;
    let other = kit.sandbox.create_account(NewAccount::new("rival")).unwrap();
    let media = kit.sandbox.create_media(&other, NewMedia::post("secret")).unwrap().id;
    assert_eq!(kit.get(&format!("/{media}"), &[]).await.error(), (400, 100, 33));
    assert_eq!(kit.get(&format!("/{}/media", other.user_id), &[]).await.error(), (400, 100, 33));
    assert_eq!(kit.post(&format!("/{media}/comments"), &[("message", "hi")]).await.error(), (400, 100, 33));
}

#[tokio::test]
async fn media_show_their_fields_and_albums_their_children() {
    let kit = Kit::start().await;
    let reel = kit.sandbox.create_media(&kit.shop, NewMedia::reel("Hi")).unwrap();
    let fields = "caption,media_type,media_product_type,permalink,like_count,comments_count,owner,username,thumbnail_url";
    let read = kit.get(&format!("/{}", reel.id), &[("fields", fields)]).await.ok();
    assert_eq!((&read["media_type"], &read["media_product_type"]), (&json!("VIDEO"), &json!("REELS")));
    assert_eq!(read["owner"]["id"], kit.shop.user_id.as_str());
    assert!(read["permalink"].as_str().unwrap().contains("/reel/") && read["thumbnail_url"].is_string());
    let album = NewMedia { children: 3, ..NewMedia::post("three") };
    let album = kit.sandbox.create_media(&kit.shop, album).unwrap();
    let read =
        kit.get(&format!("/{}", album.id), &[("fields", "media_type,children{id,media_type,caption}")]).await;
    let read = read.ok();
    assert_eq!(read["media_type"], "CAROUSEL_ALBUM");
    let child = &read["children"]["data"][2];
    assert_eq!((&child["media_type"], child.get("caption")), (&json!("IMAGE"), None));
    let children = kit.get(&format!("/{}/children", album.id), &[]).await.ok();
    assert_eq!(children["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn stories_live_for_a_day_and_are_no_posts() {
    let kit = Kit::start().await;
    let story = kit.sandbox.create_media(&kit.shop, NewMedia::story()).unwrap();
    assert_eq!(kit.get("/me/stories", &[]).await.ok()["data"][0]["id"], story.id.as_str());
    assert_eq!(kit.get("/me/media", &[]).await.ok()["data"], json!([]));
    kit.sandbox.advance_clock(chrono::TimeDelta::hours(25));
    assert_eq!(kit.get("/me/stories", &[]).await.ok()["data"], json!([]));
}

#[tokio::test]
async fn media_in_which_the_account_is_tagged_are_listed_without_owner() {
    let kit = Kit::start().await;
    let media = kit.sandbox.tag_in_media(&kit.shop, "fan", NewMedia::post("with @acme")).unwrap();
    let tags = kit.get("/me/tags", &[("fields", "id,username,caption,owner")]).await.ok();
    let expected = json!([{"id": media.id.as_str(), "username": "fan", "caption": "with acme"}]);
    assert_eq!(tags["data"], expected);
}

#[tokio::test]
async fn media_are_deleted_on_the_facebook_host_only() {
    let facebook = Kit::facebook().await;
    let media = facebook.sandbox.create_media(&facebook.shop, NewMedia::post("x")).unwrap().id;
    let deleted = facebook.delete(&format!("/{media}")).await.ok();
    assert_eq!(deleted, json!({"success": true, "deleted_id": media.as_str()}));
    assert_eq!(facebook.get(&format!("/{media}"), &[]).await.error().1, 100);
    let instagram = Kit::start().await;
    let media = instagram.sandbox.create_media(&instagram.shop, NewMedia::post("x")).unwrap().id;
    assert_eq!(instagram.delete(&format!("/{media}")).await.error().1, 100);
    instagram.get(&format!("/{media}"), &[]).await.ok();
}

#[tokio::test]
async fn subscribed_apps_are_set_listed_and_removed() {
    let kit = Kit::start().await;
    let path = format!("/{}/subscribed_apps", kit.shop.user_id);
    kit.delete(&path).await.ok();
    assert_eq!(kit.get(&path, &[]).await.ok(), json!({"data": []}));
    assert_eq!(kit.post(&path, &[("subscribed_fields", "comments,likes")]).await.error().1, 100);
    assert_eq!(kit.post(&path, &[]).await.error().1, 100);
    let set = kit.post(&path, &[("subscribed_fields", "comments,messages")]).await.ok();
    assert_eq!(set, json!({"success": true}));
    let listed = kit.get(&path, &[]).await.ok();
    assert_eq!(listed["data"][0]["subscribed_fields"], json!(["comments", "messages"]));
}

#[tokio::test]
async fn the_messenger_profile_keeps_ice_breakers() {
    let kit = Kit::start().await;
    let body = json!({"platform": "instagram", "ice_breakers": [{"question": "Open?", "payload": "OPEN"}]});
    assert_eq!(kit.post_json("/me/messenger_profile", &body).await.ok(), json!({"result": "success"}));
    let read = kit.get("/me/messenger_profile", &[("fields", "ice_breakers")]).await.ok();
    assert_eq!(read["data"][0]["ice_breakers"][0]["payload"], "OPEN");
    let url = kit.url("/me/messenger_profile");
    let delete = kit.client.delete(url).bearer_auth(&kit.token).query(&[("fields", "[\"ice_breakers\"]")]);
    read_ok(delete).await;
    assert_eq!(kit.get("/me/messenger_profile", &[]).await.ok(), json!({"data": []}));
}

async fn read_ok(request: reqwest::RequestBuilder) {
    read(request).await.ok();
}
