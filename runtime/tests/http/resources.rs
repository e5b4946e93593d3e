//! What resources do beyond being found: writes are recorded, checked, and told.

use serde_json::{Value, json};
use tenants::account::AccountStatus;
use tenants::ports::{Directory, Hint};

use axum::body::Body;
use axum::http::Request;

use crate::world::{Shop, World};

async fn audit_types(world: &World, shop: &Shop) -> Vec<String> {
    let audit = world.rig.get(&shop.key.text, &shop.path("/audit")).await.ok();
    let entries = audit["items"].as_array().unwrap().iter();
    entries.map(|entry| entry["event_type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_tenants_slug_is_unique_in_its_agency_only() {
    let world = World::new().await;
    let tenant = json!({ "slug": "bakery", "name": "Other", "time_zone": "UTC" });
    let rig = &world.rig;
    rig.post(&world.north.key.text, &world.north.path("/tenants"), tenant.clone()).await.problem(409);
    let made = rig.post(&world.south.key.text, &world.south.path("/tenants"), tenant).await.ok();
    assert_eq!((made["slug"].as_str(), made["status"].as_str()), (Some("bakery"), Some("active")));
}

#[tokio::test]
async fn new_tenants_are_checked_field_by_field() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    for (field, tenant) in [
        ("slug", json!({ "slug": "No Slug", "name": "n", "time_zone": "UTC" })),
        ("name", json!({ "slug": "a", "name": " ", "time_zone": "UTC" })),
        ("time_zone", json!({ "slug": "a", "name": "n", "time_zone": "Mars/Base" })),
        (
            "approval_days",
            json!({ "slug": "a", "name": "n", "time_zone": "UTC", "settings": { "approval_days": 0 } }),
        ),
    ] {
        let problem = rig.post(&north.key.text, &north.path("/tenants"), tenant).await.problem(422);
        assert_eq!(problem["field"], field);
    }
}

#[tokio::test]
async fn suspending_is_recorded_once_and_told_to_the_actors() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let mut hints = rig.ports.wake.subscribe();
    for _ in 0..2 {
        let suspended = rig.post(&bakery.key.text, &bakery.path("/suspend"), json!({})).await.ok();
        assert_eq!(suspended["status"], "suspended");
    }
    assert_eq!(hints.recv().await, Ok(Hint::TenantChanged(bakery.tenant.id)));
    let types = audit_types(&world, bakery).await;
    assert_eq!(types.iter().filter(|kind| *kind == "tenant.suspended").count(), 1);
    let resumed = rig.post(&bakery.key.text, &bakery.path("/resume"), json!({})).await.ok();
    assert_eq!(resumed["status"], "active");
}

fn put_if_match(shop: &Shop, path: &str, tag: &str, body: &Value) -> Request<Body> {
    Request::put(format!("/api/v1{}", shop.path(path)))
        .header("x-api-key", &shop.key.text)
        .header("content-type", "application/json")
        .header("if-match", tag)
        .body(Body::from(body.to_string()))
        .unwrap()
}

#[tokio::test]
async fn settings_are_replaced_only_in_the_version_that_was_read() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let read = rig.get(&bakery.key.text, &bakery.path("/settings")).await;
    let tag = read.header("etag").to_owned();
    let put = |tag: &str, body: Value| put_if_match(bakery, "/settings", tag, &body);
    let mut settings = read.ok();
    settings["max_parallel"] = json!(3);
    settings["modes"] = json!({ "praise": "B" });
    let changed = rig.send(put(&tag, settings.clone())).await;
    assert_eq!(changed.ok()["max_parallel"], 3);
    assert_ne!(changed.header("etag"), tag);
    rig.send(put(&tag, settings.clone())).await.problem(412);
    rig.send(put(changed.header("etag"), settings.clone())).await.ok();

    settings["min_confidence"] = json!(2);
    let problem =
        rig.call(&bakery.key.text, "PUT", &bakery.path("/settings"), Some(settings)).await.problem(422);
    assert_eq!(problem["field"], "min_confidence");
}

#[tokio::test]
async fn settings_that_are_left_out_get_their_defaults() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let body = json!({ "blocked_words": ["cheap"] });
    let put = rig.call(&bakery.key.text, "PUT", &bakery.path("/settings"), Some(body)).await.ok();
    let mut expected = rig.get(&bakery.key.text, &bakery.path("/settings/defaults")).await.ok();
    expected["blocked_words"] = json!(["cheap"]);
    assert_eq!(put, expected);
    let audit = rig.get(&bakery.key.text, &bakery.path("/audit?event_type=settings.")).await;
    assert_eq!(audit.ok()["items"][0]["details"], json!({ "changed": ["blocked_words"] }));
}

#[tokio::test]
async fn an_accounts_token_is_sealed_and_never_shown() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let account = json!({ "external_id": "17841466666666666", "username": "@second", "token": "IGAAsecret",
        "flavour": "instagram" });
    let made = rig.post(&bakery.key.text, &bakery.path("/accounts"), account.clone()).await;
    assert_eq!(made.ok()["username"], "second");
    let id = made.ok()["id"].as_str().unwrap().to_owned();
    for list in ["/accounts", "/audit"] {
        assert!(!rig.get(&bakery.key.text, &bakery.path(list)).await.text().contains("IGAAsecret"));
    }
    let sealed = rig.database.sealed_token(&bakery.tenant.id, &id.parse().unwrap()).await.unwrap().unwrap();
    assert!(!sealed.sealed.windows(10).any(|bytes| bytes == b"IGAAsecret"));

    let again = rig.post(&bakery.key.text, &bakery.path("/accounts"), account.clone()).await.problem(409);
    assert_eq!(again["account"], id);
    rig.post(&world.rival.key.text, &world.rival.path("/accounts"), account).await.problem(409);
}

#[tokio::test]
async fn a_facebook_account_needs_its_page_and_a_token_without_spaces() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let post = |account: Value| async move {
        rig.post(&bakery.key.text, &bakery.path("/accounts"), account).await.problem(422)["field"].clone()
    };
    let base = json!({ "external_id": "1", "username": "x", "token": "t", "flavour": "facebook" });
    assert_eq!(post(base.clone()).await, "page_id");
    let with = |field: &str, value: Value| {
        let mut account = base.clone();
        account["page_id"] = json!("9");
        account[field] = value;
        account
    };
    assert_eq!(post(with("token", json!("a b"))).await, "token");
    assert_eq!(post(with("external_id", json!("../1"))).await, "external_id");
    assert_eq!(post(with("username", json!("@"))).await, "username");
}

#[tokio::test]
async fn a_reconnected_account_goes_on() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let path = |verb: &str| bakery.path(&format!("/accounts/{}/{verb}", bakery.account.id));
    let off = rig.post(&bakery.key.text, &path("disconnect"), json!({})).await.ok();
    assert_eq!(off["status"], "disconnected");

    let mut hints = rig.ports.wake.subscribe();
    let on = rig.post(&bakery.key.text, &path("reconnect"), json!({ "token": "fresh" })).await.ok();
    assert_eq!(on["status"], "active");
    let restored = Hint::AccountRestored(bakery.tenant.id, bakery.account.id);
    while hints.recv().await.unwrap() != restored {}
    let stored = rig.database.find_account(&bakery.tenant.id, &bakery.account.id).await.unwrap().unwrap();
    assert_eq!(stored.status, AccountStatus::Active);
}

#[tokio::test]
async fn rules_are_created_changed_enabled_and_removed() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let rule = json!({
        "name": "hours",
        "trigger": { "on": "comment", "media": ["179"] },
        "conditions": [{ "if": "keywords_any", "words": ["open", "hours"] },
            { "if": "intent", "any": ["question"], "min_confidence": 0.5 }],
        "actions": [{ "do": "reply", "variations": ["Daily from 8, {name}!"] }, { "do": "tag", "tag": "hours" }],
        "priority": 5, "daily_cap": 10, "enabled": false, "dry_run": true
    });
    let made = rig.post(key, &bakery.path("/rules"), rule.clone()).await.ok();
    for (field, value) in rule.as_object().unwrap() {
        if field != "conditions" {
            assert_eq!(&made[field], value, "{field}");
        }
    }
    let path = bakery.path(&format!("/rules/{}", made["id"].as_str().unwrap()));
    assert_eq!(rig.post(key, &format!("{path}/enable"), json!({})).await.ok()["enabled"], true);
    let mut changed = rule;
    changed["priority"] = json!(7);
    let put = rig.call(key, "PUT", &path, Some(changed)).await.ok();
    assert_eq!((put["priority"].as_i64(), put["created_at"] == made["created_at"]), (Some(7), true));
    assert_eq!(rig.call(key, "DELETE", &path, None).await.status.as_u16(), 204);
    rig.get(key, &path).await.problem(404);
    let types = audit_types(&world, bakery).await;
    for kind in ["rule.created", "rule.enabled", "rule.changed", "rule.deleted"] {
        assert!(types.contains(&kind.to_owned()), "{kind} of {types:?}");
    }
}

#[tokio::test]
async fn a_rule_is_replaced_only_in_the_version_that_was_read() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let mut rule = json!({ "name": "hours", "trigger": { "on": "comment" },
        "actions": [{ "do": "reply", "variations": ["Daily from 8!"] }] });
    let made = rig.post(key, &bakery.path("/rules"), rule.clone()).await.ok();
    let path = format!("/rules/{}", made["id"].as_str().unwrap());
    let tag = rig.get(key, &bakery.path(&path)).await.header("etag").to_owned();
    rule["priority"] = json!(3);
    let changed = rig.send(put_if_match(bakery, &path, &tag, &rule)).await;
    assert_eq!(changed.ok()["priority"], 3);
    rule["name"] = json!("opening hours");
    let refused = rig.send(put_if_match(bakery, &path, &tag, &rule)).await.problem(412);
    assert_eq!(refused["present"], changed.header("etag"));
    assert_eq!(rig.get(key, &bakery.path(&path)).await.ok()["name"], "hours");
    rig.send(put_if_match(bakery, &path, changed.header("etag"), &rule)).await.ok();
}

/// Both have read the same version, and press save at the same moment.
#[tokio::test]
async fn of_many_who_replace_a_rule_at_once_all_but_one_are_told() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let path = format!("/rules/{}", bakery.objects.rule);
    let tag = rig.get(key, &bakery.path(&path)).await.header("etag").to_owned();
    let saves = (0..20).map(|number| {
        let rule = json!({ "name": format!("by {number}"), "trigger": { "on": "comment" },
            "actions": [{ "do": "hide" }] });
        rig.send(put_if_match(bakery, &path, &tag, &rule))
    });
    let answers = futures::future::join_all(saves).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|it| **it == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|it| **it == 412).count(), 19, "{statuses:?}");
    let kept = answers.into_iter().find(|answer| answer.status.as_u16() == 200).unwrap().ok();
    assert_eq!(rig.get(key, &bakery.path(&path)).await.ok()["name"], kept["name"]);
}

/// Who names no version replaces what there is, of rules as of settings, leads and templates.
#[tokio::test]
async fn of_many_who_name_no_version_nobody_is_refused() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let objects = &bakery.objects;
    for (method, path, body) in [
        (
            "PUT",
            format!("/rules/{}", objects.rule),
            json!({ "name": "hours", "trigger": { "on": "comment" },
            "actions": [{ "do": "hide" }] }),
        ),
        ("PUT", "/settings".to_owned(), json!({ "learning": false })),
        ("PATCH", format!("/leads/{}", objects.lead), json!({ "note": "calls" })),
        (
            "PUT",
            format!("/post-templates/{}", objects.template),
            json!({ "name": "t", "post_type": "image" }),
        ),
    ] {
        let path = bakery.path(&path);
        let saves = (0..8).map(|_| rig.call(key, method, &path, Some(body.clone())));
        for answer in futures::future::join_all(saves).await {
            assert_eq!(answer.status.as_u16(), 200, "{method} {path}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn a_conversation_is_taken_over_and_handed_back() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let path = bakery.path(&format!("/conversations/{}", bakery.objects.direct));
    assert_eq!(rig.post(key, &format!("{path}/take-over"), json!({})).await.ok()["owner"], "human");
    let list = rig.get(key, &bakery.path("/conversations?owner=human")).await.ok();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(rig.post(key, &format!("{path}/hand-back"), json!({})).await.ok()["owner"], "bot");
    let messages = rig.get(key, &format!("{path}/messages")).await.ok();
    assert_eq!(messages["items"][0]["text"], "hello");
}

#[tokio::test]
async fn a_preview_tells_every_step_and_changes_nothing() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let before = audit_types(&world, bakery).await;
    let text =
        json!({ "account": bakery.account.id, "on": "comment", "text": "I love your bread, amazing!" });
    let decision = rig.post(key, &bakery.path("/decisions/preview"), text).await.ok();
    assert_eq!(decision["classification"]["intent"], "praise", "{decision}");
    assert_eq!(decision["trace"][0]["step"], "policy");
    assert_eq!(audit_types(&world, bakery).await, before);
    let status = rig.get(key, &bakery.path("/queue/status")).await.ok();
    assert_eq!(status["total"], 2);
}

#[tokio::test]
async fn an_alert_is_resolved_once() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let path = bakery.path(&format!("/alerts/{}/resolve", bakery.objects.alert));
    let resolved = rig.post(key, &path, json!({})).await.ok();
    assert_eq!(resolved["resolved_by"], format!("key:{}", bakery.key.key.id));
    rig.post(key, &path, json!({})).await.problem(409);
    let open = rig.get(key, &bakery.path("/alerts?resolved=false")).await.ok();
    assert_eq!(open["items"], json!([]));
    assert!(audit_types(&world, bakery).await.contains(&"alert.resolved".to_owned()));
}

#[tokio::test]
async fn the_audit_log_is_exported_whole_and_verified() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let body = json!({ "name": "=HYPERLINK(\"http://evil\")" });
    rig.call(key, "PATCH", &bakery.path(""), Some(body)).await.ok();
    let export = rig.get(key, &bakery.path("/audit/export")).await;
    assert!(export.header("content-type").starts_with("text/csv"));
    assert!(export.header("content-disposition").contains("audit-bakery.csv"));
    let mut rows = csv::Reader::from_reader(export.body.as_ref());
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let seqs: Vec<i64> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(seqs, (1..=seqs.len() as i64).rev().collect::<Vec<_>>());
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '@'])));
    let verdict = rig.get(key, &bakery.path("/audit/verify")).await.ok();
    assert_eq!(verdict, json!({ "intact": true, "entries": seqs.len(), "broken_at": null, "problem": null }));
}

#[tokio::test]
async fn the_audit_log_comes_in_pages() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let mut path = bakery.path("/audit?limit=1");
    let mut seqs = Vec::new();
    loop {
        let page = rig.get(key, &path).await.ok();
        seqs.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = bakery.path(&format!("/audit?limit=1&cursor={cursor}"));
    }
    assert!(seqs.len() >= 3);
    assert_eq!(seqs, (1..=seqs.len() as i64).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn breakers_buckets_and_the_raw_event_are_shown() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let breakers = rig.get(key, &bakery.path("/breakers")).await.ok();
    assert_eq!(breakers["items"][0]["state"], "open");
    assert!(breakers["items"][0]["retry_at"].is_string());
    let buckets = rig.get(key, &bakery.path("/buckets")).await.ok();
    assert_eq!(buckets["items"][0]["available"], 9);
    let event = rig.get(key, &bakery.path(&format!("/events/{}", bakery.objects.event))).await.ok();
    assert_eq!(event["raw"], json!({ "field": "comments" }));
    assert_eq!(rig.get(key, &bakery.path("/heartbeats")).await.ok()["items"], json!([]));
}

#[tokio::test]
async fn rules_templates_and_leads_are_changed_only_in_the_version_that_was_read() {
    let world = World::new().await;
    let (rig, bakery, key) = (&world.rig, &world.bakery, &world.bakery.key.text);
    let rule = bakery.path(&format!("/rules/{}", bakery.objects.rule));
    let lead = bakery.path(&format!("/leads/{}", bakery.objects.lead));
    let new_rule = json!({ "name": "other", "trigger": { "on": "comment" }, "actions": [{ "do": "hide" }] });
    let template = bakery.path(&format!("/post-templates/{}", bakery.objects.template));
    let new_template = json!({ "name": "other", "post_type": "image", "caption": "{what}" });
    for (method, path, body) in
        [("PUT", rule, new_rule), ("PATCH", lead, json!({ "stage": "won" })), ("PUT", template, new_template)]
    {
        let tag = rig.get(key, &path).await.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{path}");
        let change = |tag: &str| {
            let mut request = crate::rig::api_request(Some(key), method, &path, Some(body.clone()));
            request.headers_mut().insert("if-match", tag.parse().unwrap());
            rig.send(request)
        };
        change(&tag).await.ok();
        let refused = change(&tag).await.problem(412);
        let present = rig.get(key, &path).await.header("etag").to_owned();
        assert_eq!(refused["present"], present.as_str(), "{path}");
        change("*").await.ok();
    }
}
