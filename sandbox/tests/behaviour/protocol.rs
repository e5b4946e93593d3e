//! Paths, parameters, tokens and the shape of answers.

use reqwest::Method;
use serde_json::json;
use troupe_sandbox::{NewComment, NewMedia};

use crate::kit::{Kit, read};

#[tokio::test]
async fn any_version_prefix_or_none_leads_to_the_same_answer() {
    let kit = Kit::start().await;
    let plain = kit.get("/me", &[("fields", "username")]).await.ok();
    for path in ["/v22.0/me", "/v25.0/me", "/v99.1/me", "/v25.0/me/"] {
        assert_eq!(kit.get(path, &[("fields", "username")]).await.ok(), plain);
    }
}

#[tokio::test]
async fn a_doubled_version_is_an_unknown_path() {
    let kit = Kit::start().await;
    assert_eq!(kit.get("/v25.0/v25.0/me", &[]).await.error(), (500, 2500, 0));
    assert_eq!(kit.get("/me/nonsense", &[]).await.error().1, 2500);
}

#[tokio::test]
async fn the_token_is_taken_from_query_form_json_and_authorization() {
    let kit = Kit::start().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap().id;
    let url = kit.url(&format!("/{comment}/replies"));
    let post = || kit.client.post(&url);
    let token = kit.token.as_str();
    let requests = [
        post().query(&[("access_token", token), ("message", "1")]),
        post().form(&[("access_token", token), ("message", "2")]),
        post().json(&json!({"access_token": token, "message": "3"})),
        post().bearer_auth(token).form(&[("message", "4")]),
        post().header("Authorization", format!("OAuth {token}")).form(&[("message", "5")]),
        post()
            .bearer_auth(token)
            .header("Content-Type", "multipart/form-data; boundary=b")
            .body("--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n6\r\n--b--\r\n"),
    ];
    for request in requests {
        read(request).await.ok();
    }
    let texts: Vec<_> = kit.sandbox.replies_of(&comment).into_iter().map(|reply| reply.text).collect();
    assert_eq!(texts, ["1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn answers_escape_slashes_and_everything_outside_ascii() {
    let kit = Kit::start().await;
    let media = kit.sandbox.create_media(&kit.shop, NewMedia::post("Grüße 😀")).unwrap().id;
    let answer = kit.get(&format!("/{media}"), &[("fields", "caption,permalink")]).await;
    assert!(answer.text.contains(r"Gr\u00fc\u00dfe \ud83d\ude00"), "{}", answer.text);
    assert!(answer.text.contains(r"https:\/\/www.instagram.com\/p\/"));
    assert_eq!(answer.ok()["caption"], "Grüße 😀");
}

#[tokio::test]
async fn answers_carry_the_headers_of_their_host() {
    let instagram = Kit::start().await.get("/me", &[]).await;
    assert_eq!(instagram.headers["instagram-api-version"], "v25.0");
    assert!(
        instagram.headers.contains_key("x-fb-trace-id") && instagram.headers.contains_key("x-fb-request-id")
    );
    let facebook = Kit::facebook().await.get("/v24.0/me", &[]).await;
    assert_eq!(facebook.headers["facebook-api-version"], "v24.0");
    assert!(!facebook.headers.contains_key("instagram-api-version"));
}

#[tokio::test]
async fn an_unknown_field_fails_the_whole_call_in_the_words_of_each_host() {
    let instagram = Kit::start().await.get("/me", &[("fields", "id,is_published")]).await;
    assert_eq!(instagram.error(), (400, 100, 0));
    assert_eq!(instagram.json["error"]["type"], "IGApiException");
    assert_eq!(instagram.json["error"]["message"], "Tried accessing nonexisting field (is_published)");
    let kit = Kit::facebook().await;
    let facebook = kit.get(&format!("/{}", kit.shop.user_id), &[("fields", "nope")]).await;
    assert_eq!(facebook.json["error"]["type"], "OAuthException");
    let message = "(#100) Tried accessing nonexisting field (nope) on node type (IGUser)";
    assert_eq!(facebook.json["error"]["message"], message);
}

#[tokio::test]
async fn an_unknown_object_is_100_33_with_a_challenge_header() {
    let kit = Kit::start().await;
    let answer = kit.get("/18099999999999999", &[]).await;
    assert_eq!(answer.error(), (400, 100, 33));
    assert_eq!(answer.json["error"]["type"], "GraphMethodException");
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(challenge.starts_with(r#"OAuth "Facebook Platform" "invalid_request""#), "{challenge}");
}

#[tokio::test]
async fn lists_are_paged_newest_first_with_links_until_the_end() {
    let kit = Kit::start().await;
    for number in 0..5 {
        kit.sandbox.create_media(&kit.shop, NewMedia::post(format!("post {number}"))).unwrap();
    }
    let mut seen = Vec::new();
    let mut page = kit.get("/me/media", &[("fields", "caption"), ("limit", "2")]).await.ok();
    loop {
        let data = page["data"].as_array().unwrap();
        seen.extend(data.iter().map(|media| media["caption"].as_str().unwrap().to_owned()));
        let Some(next) = page["paging"]["next"].as_str() else { break };
        page = read(kit.client.get(next)).await.ok();
    }
    assert_eq!(seen, ["post 4", "post 3", "post 2", "post 1", "post 0"]);
    let cursor = page["paging"]["cursors"]["before"].as_str().unwrap().to_owned();
    assert!(cursor.starts_with("QVFI"));
    let back = kit.get("/me/media", &[("fields", "caption"), ("limit", "2"), ("before", &cursor)]).await.ok();
    assert_eq!(back["data"][0]["caption"], "post 2");
    assert_eq!(kit.get("/me/media", &[("after", "garbage")]).await.error().1, 100);
    assert_eq!(kit.get("/me/media", &[("limit", "none")]).await.error().1, 100);
}

#[tokio::test]
async fn since_and_until_narrow_a_media_list() {
    let kit = Kit::start().await;
    let old = NewMedia { created_at: "2020-01-01T00:00:00Z".parse().ok(), ..NewMedia::post("old") };
    kit.sandbox.create_media(&kit.shop, old).unwrap();
    kit.sandbox.create_media(&kit.shop, NewMedia::post("new")).unwrap();
    let newer = kit.get("/me/media", &[("since", "2021-01-01"), ("fields", "caption")]).await.ok();
    assert_eq!(newer["data"], json!([{"caption": "new", "id": newer["data"][0]["id"]}]));
    let older = kit.get("/me/media", &[("until", "1600000000"), ("fields", "caption")]).await.ok();
    assert_eq!(older["data"][0]["caption"], "old");
    assert!(older["paging"].get("next").is_none());
}

#[tokio::test]
async fn a_batch_answers_every_call_in_order() {
    let kit = Kit::start().await;
    let comment = kit.sandbox.comment(&kit.shop, NewComment::new("fan", "hi")).unwrap().id;
    let batch = json!([
        {"method": "GET", "relative_url": "v25.0/me?fields=username"},
        {"method": "POST", "relative_url": format!("{comment}/replies"), "body": "message=hello"},
        {"method": "GET", "relative_url": "18099999999999999"},
    ]);
    let answers = kit.post("/v25.0/", &[("batch", &batch.to_string())]).await.ok();
    let codes: Vec<_> =
        answers.as_array().unwrap().iter().map(|answer| answer["code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [200, 200, 400]);
    assert!(answers[0]["body"].as_str().unwrap().contains("acme"));
    assert_eq!(kit.sandbox.replies_of(&comment).len(), 1);
    assert_eq!(kit.post("/", &[("batch", "{}")]).await.error().1, 100);
}

#[tokio::test]
async fn a_wrong_method_and_a_broken_body_are_refused_without_harm() {
    let kit = Kit::start().await;
    assert_eq!(kit.call(Method::POST, "/me/conversations", &[]).await.error().1, 100);
    let request = kit.client.post(kit.url("/me/messages")).bearer_auth(&kit.token);
    let answer = read(request.header("Content-Type", "application/json").body("{\"recipient\": ")).await;
    assert_eq!(answer.error().1, 100);
    assert_eq!(kit.get("/me", &[("fields", "from{id")]).await.error().1, 2500);
}

#[tokio::test]
async fn garbage_paths_and_values_never_break_the_server() {
    let kit = Kit::start().await;
    for path in
        ["/%00", "/me/media/x/y", "/..%2f", "/v25.0", "/-1", "/aWdfZAG06xxx", "//", "/_sandbox/nothing"]
    {
        let answer = kit.get(path, &[("fields", "a.b(c"), ("limit", "-3"), ("recipient", "[[[")]).await;
        assert!((400..=500).contains(&answer.status), "{path}: {}", answer.status);
    }
    kit.get("/me", &[]).await.ok();
}
