//! Nobody sees or touches what belongs to others, on any route there is.
//!
//! The table names every route with a body that would be accepted. A route that is missing here fails the test:
//! add its line, and the ids of its path to `fill`, when you add a route.

use serde_json::{Value, json};
use troupe::http::{RouteScope, routes};

use crate::rig::api_request;
use crate::world::{House, Shop, World};

/// Method, path template after `/api/v1`, and a body that the route accepts.
pub fn table(world: &World) -> Vec<(&'static str, &'static str, Option<Value>)> {
    let none = None;
    let rule = json!({ "name": "n", "trigger": { "on": "comment" }, "actions": [{ "do": "hide" }] });
    let account = json!({ "external_id": "17841499999999999", "username": "new", "token": "t", "flavour": "instagram" });
    let choice = json!({ "external_id": world.bakery.objects.choice });
    let app = json!({ "external_id": "3003", "secret": "s", "verify_token": "12345678" });
    let tenant = json!({ "slug": "new", "name": "New", "time_zone": "UTC" });
    let prompt = json!({ "key": "classify", "body": "Sort it for {{ brand }}." });
    let experiment = json!({ "key": "crisis", "name": "n",
        "arms": [{ "version": 1, "weight": 1 }, { "version": 2, "weight": 1 }] });
    let preview = json!({ "account": world.bakery.account.id, "on": "comment", "text": "lovely!" });
    let channel = json!({ "name": "n", "kind": "email", "to": ["ana@example.com"] });
    let webhook = json!({ "name": "n", "url": "https://hooks.example.com/n", "events": ["decision.made"] });
    let post = json!({ "post_type": "image", "caption": "new", "media": [world.bakery.objects.media],
        "scheduled_at": "2040-01-01T09:00:00Z" });
    let reply = json!({ "comment_id": crate::objects::COMMENT, "text": "Yes, we do." });
    let dm = json!({ "recipient_id": "5550001", "text": "Your cake is ready." });
    let dm_reply = json!({ "recipient_id": "5550001", "message_id": "mid.1", "text": "It is ready." });
    let publish = json!({ "post_type": "image", "caption": "fresh", "media": [world.bakery.objects.media] });
    let beat = json!({ "tenant": world.bakery.tenant.id, "agent": "price-bot" });
    let period = json!({ "from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z" });
    vec![
        ("GET", "/me", none.clone()),
        ("GET", "/session", none.clone()),
        ("DELETE", "/session", none.clone()),
        ("GET", "/sessions", none.clone()),
        ("DELETE", "/sessions/{session}", none.clone()),
        ("GET", "/agencies/{agency}/users", none.clone()),
        (
            "POST",
            "/agencies/{agency}/invitations",
            Some(json!({ "email": "new@example.com", "role": "viewer" })),
        ),
        ("PATCH", "/agencies/{agency}/users/{user}", Some(json!({ "role": "viewer" }))),
        ("DELETE", "/agencies/{agency}/users/{user}", none.clone()),
        ("POST", "/agencies/{agency}/users/{user}/link", none.clone()),
        ("GET", "/agencies", none.clone()),
        ("POST", "/agencies", Some(json!({ "name": "New" }))),
        ("GET", "/breakers", none.clone()),
        ("GET", "/buckets", none.clone()),
        ("GET", "/agencies/{agency}", none.clone()),
        ("GET", "/agencies/{agency}/keys", none.clone()),
        ("POST", "/agencies/{agency}/keys", Some(json!({ "name": "new" }))),
        ("DELETE", "/agencies/{agency}/keys/{key}", none.clone()),
        ("GET", "/agencies/{agency}/apps", none.clone()),
        ("POST", "/agencies/{agency}/apps", Some(app)),
        ("GET", "/agencies/{agency}/apps/{app}", none.clone()),
        ("GET", "/agencies/{agency}/tenants", none.clone()),
        ("GET", "/agencies/{agency}/overview", none.clone()),
        ("POST", "/agencies/{agency}/tenants", Some(tenant)),
        ("GET", "/agencies/{agency}/audit", none.clone()),
        ("GET", "/agencies/{agency}/audit/verify", none.clone()),
        ("GET", "/agencies/{agency}/alerts", none.clone()),
        ("POST", "/agencies/{agency}/alerts/{alert}/resolve", none.clone()),
        ("GET", "/agencies/{agency}/prompts", none.clone()),
        ("POST", "/agencies/{agency}/prompts", Some(prompt)),
        ("GET", "/agencies/{agency}/prompts/in-use", none.clone()),
        ("PUT", "/agencies/{agency}/prompts/in-use", Some(json!({ "key": "classify", "version": 1 }))),
        ("GET", "/agencies/{agency}/prompts/{prompt}", none.clone()),
        ("GET", "/agencies/{agency}/prompts/{prompt}/diff", none.clone()),
        ("GET", "/agencies/{agency}/experiments", none.clone()),
        ("POST", "/agencies/{agency}/experiments", Some(experiment)),
        ("GET", "/agencies/{agency}/experiments/{experiment}", none.clone()),
        ("POST", "/agencies/{agency}/experiments/{experiment}/stop", none.clone()),
        ("POST", "/agencies/{agency}/experiments/{experiment}/promote", Some(json!({ "version": 2 }))),
        ("GET", "/tenants/{tenant}/prompts", none.clone()),
        ("GET", "/tenants/{tenant}/experiments", none.clone()),
        ("GET", "/tenants/{tenant}/experiments/{experiment}", none.clone()),
        ("GET", "/tenants/{tenant}", none.clone()),
        ("PATCH", "/tenants/{tenant}", Some(json!({ "name": "Other" }))),
        ("POST", "/tenants/{tenant}/suspend", none.clone()),
        ("POST", "/tenants/{tenant}/resume", none.clone()),
        ("GET", "/tenants/{tenant}/settings", none.clone()),
        ("PUT", "/tenants/{tenant}/settings", Some(json!({ "max_parallel": 2 }))),
        ("GET", "/tenants/{tenant}/settings/defaults", none.clone()),
        ("GET", "/agencies/{agency}/budget", none.clone()),
        ("PUT", "/agencies/{agency}/budget", Some(json!({ "daily_micro_usd": 9_000_000 }))),
        ("GET", "/agencies/{agency}/costs", none.clone()),
        ("GET", "/tenants/{tenant}/budget", none.clone()),
        ("PUT", "/tenants/{tenant}/budget", Some(json!({ "daily_micro_usd": 9_000_000 }))),
        ("GET", "/tenants/{tenant}/llm-calls", none.clone()),
        ("GET", "/tenants/{tenant}/costs", none.clone()),
        ("GET", "/tenants/{tenant}/accounts", none.clone()),
        ("POST", "/tenants/{tenant}/accounts", Some(account)),
        ("POST", "/tenants/{tenant}/accounts/connect", none.clone()),
        ("GET", "/tenants/{tenant}/accounts/connect/{connect}", none.clone()),
        ("POST", "/tenants/{tenant}/accounts/connect/{connect}/choose", Some(choice)),
        ("GET", "/tenants/{tenant}/accounts/{account}/connection", none.clone()),
        ("GET", "/tenants/{tenant}/accounts/{account}", none.clone()),
        ("POST", "/tenants/{tenant}/accounts/{account}/disconnect", none.clone()),
        ("POST", "/tenants/{tenant}/accounts/{account}/reconnect", Some(json!({ "token": "t" }))),
        ("GET", "/tenants/{tenant}/rules", none.clone()),
        ("POST", "/tenants/{tenant}/rules", Some(rule.clone())),
        ("GET", "/tenants/{tenant}/rules/{rule}", none.clone()),
        ("PUT", "/tenants/{tenant}/rules/{rule}", Some(rule)),
        ("DELETE", "/tenants/{tenant}/rules/{rule}", none.clone()),
        ("POST", "/tenants/{tenant}/rules/{rule}/enable", none.clone()),
        ("POST", "/tenants/{tenant}/rules/{rule}/disable", none.clone()),
        ("GET", "/tenants/{tenant}/comments", none.clone()),
        ("GET", "/tenants/{tenant}/comments/{comment}", none.clone()),
        ("GET", "/tenants/{tenant}/conversations", none.clone()),
        ("GET", "/tenants/{tenant}/conversations/{conversation}", none.clone()),
        ("GET", "/tenants/{tenant}/conversations/{conversation}/messages", none.clone()),
        ("POST", "/tenants/{tenant}/conversations/{conversation}/take-over", none.clone()),
        ("POST", "/tenants/{tenant}/conversations/{conversation}/hand-back", none.clone()),
        ("POST", "/tenants/{tenant}/conversations/{conversation}/assign", Some(json!({ "to": "ana" }))),
        ("GET", "/tenants/{tenant}/leads", none.clone()),
        ("GET", "/tenants/{tenant}/leads/export", none.clone()),
        ("GET", "/tenants/{tenant}/leads/{lead}", none.clone()),
        ("PATCH", "/tenants/{tenant}/leads/{lead}", Some(json!({ "stage": "won" }))),
        ("GET", "/tenants/{tenant}/briefings", none.clone()),
        ("GET", "/tenants/{tenant}/briefings/{briefing}", none.clone()),
        ("GET", "/tenants/{tenant}/channels", none.clone()),
        ("POST", "/tenants/{tenant}/channels", Some(channel.clone())),
        ("GET", "/tenants/{tenant}/channels/{channel}", none.clone()),
        ("PUT", "/tenants/{tenant}/channels/{channel}", Some(channel.clone())),
        ("DELETE", "/tenants/{tenant}/channels/{channel}", none.clone()),
        ("POST", "/tenants/{tenant}/channels/{channel}/test", none.clone()),
        ("GET", "/tenants/{tenant}/notifications", none.clone()),
        ("GET", "/agencies/{agency}/channels", none.clone()),
        ("POST", "/agencies/{agency}/channels", Some(channel.clone())),
        ("GET", "/agencies/{agency}/channels/{channel}", none.clone()),
        ("PUT", "/agencies/{agency}/channels/{channel}", Some(channel)),
        ("DELETE", "/agencies/{agency}/channels/{channel}", none.clone()),
        ("POST", "/agencies/{agency}/channels/{channel}/test", none.clone()),
        ("GET", "/agencies/{agency}/notifications", none.clone()),
        ("GET", "/agencies/{agency}/webhooks", none.clone()),
        ("POST", "/agencies/{agency}/webhooks", Some(webhook.clone())),
        ("GET", "/agencies/{agency}/webhooks/event-types", none.clone()),
        ("GET", "/agencies/{agency}/webhooks/{webhook}", none.clone()),
        ("PUT", "/agencies/{agency}/webhooks/{webhook}", Some(webhook)),
        ("DELETE", "/agencies/{agency}/webhooks/{webhook}", none.clone()),
        ("POST", "/agencies/{agency}/webhooks/{webhook}/test", none.clone()),
        ("POST", "/agencies/{agency}/webhooks/{webhook}/rotate-secret", Some(json!({}))),
        ("GET", "/agencies/{agency}/webhooks/{webhook}/deliveries", none.clone()),
        ("GET", "/agencies/{agency}/webhooks/{webhook}/deliveries/{delivery}", none.clone()),
        ("POST", "/agencies/{agency}/webhooks/{webhook}/deliveries/{delivery}/redeliver", none.clone()),
        (
            "POST",
            "/agencies/{agency}/webhooks/{webhook}/redeliver-failed",
            Some(json!({ "since": "2026-01-01T00:00:00Z" })),
        ),
        ("GET", "/tenants/{tenant}/approvals", none.clone()),
        ("GET", "/tenants/{tenant}/approvals/{approval}", none.clone()),
        ("POST", "/tenants/{tenant}/approvals/{approval}/approve", none.clone()),
        ("POST", "/tenants/{tenant}/approvals/{approval}/edit", Some(json!({ "text": "yes, gladly" }))),
        ("POST", "/tenants/{tenant}/approvals/{approval}/reject", Some(json!({ "comment": "no" }))),
        ("POST", "/tenants/{tenant}/decisions/preview", Some(preview)),
        ("GET", "/tenants/{tenant}/rehearsals", none.clone()),
        ("POST", "/tenants/{tenant}/rehearsals", Some(period.clone())),
        ("GET", "/tenants/{tenant}/rehearsals/{rehearsal}", none.clone()),
        ("POST", "/tenants/{tenant}/rehearsals/{rehearsal}/cancel", none.clone()),
        ("GET", "/tenants/{tenant}/rehearsals/{rehearsal}/differences", none.clone()),
        ("GET", "/agencies/{agency}/rehearsals", none.clone()),
        ("POST", "/agencies/{agency}/rehearsals", Some(period)),
        ("GET", "/agencies/{agency}/rehearsals/{rehearsal}", none.clone()),
        ("POST", "/agencies/{agency}/rehearsals/{rehearsal}/cancel", none.clone()),
        ("GET", "/agencies/{agency}/rehearsals/{rehearsal}/differences", none.clone()),
        ("GET", "/tenants/{tenant}/insights", none.clone()),
        ("GET", "/tenants/{tenant}/insights/export", none.clone()),
        ("GET", "/tenants/{tenant}/insights/media", none.clone()),
        ("GET", "/tenants/{tenant}/insights/media/{instagram_media}", none.clone()),
        ("GET", "/tenants/{tenant}/insights/best-times", none.clone()),
        ("GET", "/tenants/{tenant}/reports", none.clone()),
        ("POST", "/tenants/{tenant}/reports", Some(json!({ "report_type": "daily" }))),
        ("GET", "/tenants/{tenant}/reports/{report}", none.clone()),
        ("GET", "/tenants/{tenant}/competitors", none.clone()),
        ("POST", "/tenants/{tenant}/competitors", Some(json!({ "username": "somebody" }))),
        ("GET", "/tenants/{tenant}/competitors/{competitor}", none.clone()),
        ("DELETE", "/tenants/{tenant}/competitors/{competitor}", none.clone()),
        ("GET", "/tenants/{tenant}/competitors/{competitor}/snapshots", none.clone()),
        ("GET", "/tenants/{tenant}/memory", none.clone()),
        ("POST", "/tenants/{tenant}/memory", Some(json!({ "visibility": "customer", "text": "We bake." }))),
        ("GET", "/tenants/{tenant}/memory/search?q=bread", none.clone()),
        ("GET", "/tenants/{tenant}/memory/status", none.clone()),
        ("POST", "/tenants/{tenant}/memory/import", Some(Value::from("# Do you ship?\nYes."))),
        ("DELETE", "/tenants/{tenant}/memory/people/{person}", none.clone()),
        ("GET", "/tenants/{tenant}/memory/{item}", none.clone()),
        ("DELETE", "/tenants/{tenant}/memory/{item}", none.clone()),
        ("GET", "/tenants/{tenant}/posts", none.clone()),
        ("POST", "/tenants/{tenant}/posts", Some(post.clone())),
        ("POST", "/tenants/{tenant}/posts/validate", Some(post.clone())),
        ("POST", "/tenants/{tenant}/posts/import", Some(json!({ "csv": "type,media\n", "dry_run": true }))),
        ("POST", "/tenants/{tenant}/posts/captions", Some(json!({ "topic": "fresh bread" }))),
        ("GET", "/tenants/{tenant}/posts/{post}", none.clone()),
        ("PUT", "/tenants/{tenant}/posts/{post}", Some(post)),
        ("GET", "/tenants/{tenant}/posts/{post}/job-logs", none.clone()),
        ("POST", "/tenants/{tenant}/posts/{post}/schedule", Some(json!({ "at": "2040-01-01T09:00:00Z" }))),
        ("POST", "/tenants/{tenant}/posts/{post}/cancel", none.clone()),
        ("POST", "/tenants/{tenant}/posts/{post}/publish", none.clone()),
        ("POST", "/tenants/{tenant}/posts/{post}/retry", none.clone()),
        (
            "POST",
            "/tenants/{tenant}/posts/{post}/settle",
            Some(json!({ "up": true, "platform_post": "17900000000000001" })),
        ),
        ("POST", "/tenants/{tenant}/posts/{post}/approve", none.clone()),
        ("POST", "/tenants/{tenant}/posts/{post}/reject", none.clone()),
        ("POST", "/tenants/{tenant}/posts/{post}/approval-link", none.clone()),
        ("POST", "/tenants/{tenant}/calendar/feed", none.clone()),
        (
            "GET",
            "/tenants/{tenant}/calendar?from=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z",
            none.clone(),
        ),
        ("GET", "/tenants/{tenant}/post-templates", none.clone()),
        (
            "POST",
            "/tenants/{tenant}/post-templates",
            Some(json!({ "name": "new", "post_type": "reel", "caption": "{what}" })),
        ),
        ("GET", "/tenants/{tenant}/post-templates/{template}", none.clone()),
        (
            "PUT",
            "/tenants/{tenant}/post-templates/{template}",
            Some(json!({ "name": "other", "post_type": "image" })),
        ),
        ("DELETE", "/tenants/{tenant}/post-templates/{template}", none.clone()),
        ("POST", "/tenants/{tenant}/post-templates/{template}/fill", Some(json!({ "values": {} }))),
        ("GET", "/tenants/{tenant}/media", none.clone()),
        ("POST", "/tenants/{tenant}/media?name=cake.jpg", Some(Value::from("a file"))),
        ("GET", "/tenants/{tenant}/media/{media}", none.clone()),
        ("PATCH", "/tenants/{tenant}/media/{media}", Some(json!({ "alt_text": "a cake" }))),
        ("DELETE", "/tenants/{tenant}/media/{media}", none.clone()),
        ("POST", "/tenants/{tenant}/media/uploads", Some(json!({ "file_name": "reel.mp4", "bytes": 9 }))),
        ("GET", "/tenants/{tenant}/media/uploads", none.clone()),
        ("GET", "/tenants/{tenant}/media/uploads/{upload}", none.clone()),
        ("PUT", "/tenants/{tenant}/media/uploads/{upload}?offset={received}", Some(Value::from("a part"))),
        ("POST", "/tenants/{tenant}/media/uploads/{upload}/complete", none.clone()),
        ("DELETE", "/tenants/{tenant}/media/uploads/{upload}", none.clone()),
        ("GET", "/tenants/{tenant}/decisions/{decision}", none.clone()),
        ("POST", "/tenants/{tenant}/decisions/{decision}/feedback", Some(json!({ "verdict": "wrong" }))),
        ("GET", "/tenants/{tenant}/learning", none.clone()),
        ("GET", "/tenants/{tenant}/learning/changes", none.clone()),
        ("POST", "/tenants/{tenant}/learning/revert", Some(json!({ "version": 1 }))),
        ("POST", "/tenants/{tenant}/learning/reset", none.clone()),
        ("GET", "/tenants/{tenant}/queue", none.clone()),
        ("GET", "/tenants/{tenant}/queue/status", none.clone()),
        ("GET", "/tenants/{tenant}/queue/dlq", none.clone()),
        ("GET", "/tenants/{tenant}/queue/{effect}", none.clone()),
        ("POST", "/tenants/{tenant}/queue/{effect}/retry", none.clone()),
        ("POST", "/tenants/{tenant}/queue/{effect}/cancel", none.clone()),
        ("GET", "/tenants/{tenant}/audit", none.clone()),
        ("GET", "/tenants/{tenant}/audit/export", none.clone()),
        ("GET", "/tenants/{tenant}/audit/verify", none.clone()),
        ("GET", "/tenants/{tenant}/alerts", none.clone()),
        ("POST", "/tenants/{tenant}/alerts/{alert}/resolve", none.clone()),
        ("GET", "/tenants/{tenant}/gateway/profile", none.clone()),
        ("GET", "/tenants/{tenant}/gateway/media", none.clone()),
        ("GET", "/tenants/{tenant}/gateway/tagged-media", none.clone()),
        ("GET", "/tenants/{tenant}/gateway/hashtags?q=bread", none.clone()),
        ("GET", "/tenants/{tenant}/gateway/insights", none.clone()),
        ("POST", "/tenants/{tenant}/gateway/reply-comment", Some(reply)),
        ("POST", "/tenants/{tenant}/gateway/reply-dm", Some(dm_reply)),
        ("POST", "/tenants/{tenant}/gateway/send-dm", Some(dm)),
        ("POST", "/tenants/{tenant}/gateway/publish-post", Some(publish)),
        ("POST", "/agents/heartbeat", Some(beat)),
        ("GET", "/tenants/{tenant}/heartbeats", none.clone()),
        ("GET", "/tenants/{tenant}/health", none.clone()),
        ("GET", "/tenants/{tenant}/ticks", none.clone()),
        ("GET", "/tenants/{tenant}/ticks/{role}/{name}/runs", none.clone()),
        ("POST", "/tenants/{tenant}/ticks/{role}/{name}/run", none.clone()),
        ("GET", "/tenants/{tenant}/breakers", none.clone()),
        ("GET", "/tenants/{tenant}/buckets", none.clone()),
        ("POST", "/tenants/{tenant}/oversight/chat", Some(json!({ "question": "Why?", "stream": false }))),
        ("GET", "/tenants/{tenant}/oversight/sessions", none.clone()),
        ("GET", "/tenants/{tenant}/oversight/sessions/{oversight}", none.clone()),
        ("POST", "/tenants/{tenant}/oversight/sessions/{oversight}/close", none.clone()),
        ("DELETE", "/tenants/{tenant}/oversight/sessions/{oversight}", none.clone()),
        ("GET", "/tenants/{tenant}/events/{event}", none.clone()),
        ("GET", "/tenants/{tenant}/feed", none.clone()),
        ("GET", "/tenants/{tenant}/feed/poll", none),
    ]
}

/// The path with the ids of `owner` for the tenant or agency, and of `shop` and `house` for the rest.
pub fn fill(template: &str, owner: (&Shop, &House), shop: &Shop, house: &House) -> String {
    let is_agencys = template.starts_with("/agencies");
    let channel = if is_agencys { house.channel } else { shop.objects.channel };
    let rehearsal = if is_agencys { house.rehearsal } else { shop.objects.rehearsal };
    let effect = if template.ends_with("/retry") { shop.objects.dead } else { shop.objects.waiting };
    let post = match template.rsplit('/').next() {
        Some("retry") => shop.objects.failed_post,
        Some("settle") => shop.objects.published_post,
        Some("approve" | "reject" | "approval-link") => shop.objects.pending_post,
        _ => shop.objects.post,
    };
    template
        .replace("{tenant}", &owner.0.tenant.id.to_string())
        .replace("{agency}", &owner.1.agency.id.to_string())
        .replace("{user}", &house.user.to_string())
        .replace("{session}", "ses_01890000000070008000000000000000")
        .replace("{key}", &shop.key.key.id.to_string())
        .replace("{app}", &house.app.id.to_string())
        .replace("{prompt}", &house.prompt)
        .replace("{experiment}", &house.experiment)
        .replace("{role}", "comms")
        .replace("{name}", &shop.objects.tick)
        .replace("{alert}", &shop.objects.alert.to_string())
        .replace("{account}", &shop.account.id.to_string())
        .replace("{connect}", &shop.objects.connect.to_string())
        .replace("{rule}", &shop.objects.rule.to_string())
        .replace("{comment}", &shop.objects.comment.to_string())
        .replace("{conversation}", &shop.objects.direct.to_string())
        .replace("{approval}", &shop.objects.approval.to_string())
        .replace("{decision}", &shop.objects.decision.to_string())
        .replace("{effect}", &effect.to_string())
        .replace("{instagram_media}", &shop.objects.measured_media)
        .replace("{report}", &shop.objects.report.to_string())
        .replace("{competitor}", &shop.objects.competitor.to_string())
        .replace("{rehearsal}", &rehearsal.to_string())
        .replace("{channel}", &channel.to_string())
        .replace("{webhook}", &house.webhook.to_string())
        .replace("{delivery}", &house.delivery.to_string())
        .replace("{lead}", &shop.objects.lead.to_string())
        .replace("{briefing}", &shop.objects.briefing.to_string())
        .replace("{oversight}", &shop.conversation.to_string())
        .replace("{event}", &shop.objects.event.to_string())
        .replace("{item}", &shop.objects.remembered.to_string())
        .replace("{person}", &shop.objects.person)
        .replace("{post}", &post.to_string())
        .replace("{template}", &shop.objects.template.to_string())
        .replace("{media}", &shop.objects.media.to_string())
        .replace("{upload}", &shop.objects.upload.to_string())
        .replace("{received}", &crate::objects::uploaded_picture().len().to_string())
}

/// Routes of things that have an owner; those about one's own session have none, and keys have no session.
fn owned(world: &World) -> Vec<(&'static str, &'static str, Option<Value>)> {
    table(world).into_iter().filter(|(_, path, _)| !path.starts_with("/session")).collect()
}

fn without_query(template: &str) -> &str {
    template.split('?').next().unwrap_or(template)
}

fn names_more_than_owner(template: &str) -> bool {
    template.matches('{').count() > 1
}

#[tokio::test]
async fn every_route_of_the_api_has_a_case() {
    let world = World::new().await;
    let mut known: Vec<_> = table(&world)
        .into_iter()
        .map(|(method, path, _)| (method, format!("/api/v1{}", without_query(path))))
        .collect();
    let mut served: Vec<_> = routes()
        .into_iter()
        .filter(|route| route.scope != RouteScope::Public)
        .map(|route| (route.method, route.path))
        .collect();
    known.sort();
    served.sort();
    assert_eq!(known, served, "add new routes to the table, remove old ones");
}

#[tokio::test]
async fn without_a_key_every_route_answers_401() {
    let world = World::new().await;
    for (method, template, body) in table(&world) {
        let path = fill(template, (&world.bakery, &world.north), &world.bakery, &world.north);
        for key in [None, Some("troupe_unknown")] {
            let reply = world.rig.send(api_request(key, method, &path, body.clone())).await;
            assert_eq!(reply.status.as_u16(), 401, "{method} {path}");
            reply.problem(401);
        }
    }
}

#[tokio::test]
async fn with_the_key_of_another_tenant_or_agency_every_route_answers_404() {
    let world = World::new().await;
    let strangers = [&world.rival.key.text, &world.south.key.text];
    for (method, template, body) in owned(&world).into_iter().filter(|(_, path, _)| path.contains('{')) {
        let path = fill(template, (&world.bakery, &world.north), &world.bakery, &world.north);
        for key in strangers {
            let reply = world.rig.call(key, method, &path, body.clone()).await;
            assert_eq!(reply.status.as_u16(), 404, "{method} {path}: {}", reply.text());
        }
        if template.starts_with("/tenants") {
            let reply = world.rig.call(&world.florist.key.text, method, &path, body).await;
            assert_eq!(reply.status.as_u16(), 404, "{method} {path}: a sister tenant sees it");
        }
    }
}

#[tokio::test]
async fn ids_of_others_under_ones_own_tenant_or_agency_answer_404() {
    let world = World::new().await;
    let own = (&world.bakery, &world.north);
    for (method, template, body) in
        owned(&world).into_iter().filter(|(_, path, _)| names_more_than_owner(path))
    {
        let foreign = fill(template, own, &world.rival, &world.south);
        let reply = world.rig.call(&world.north.key.text, method, &foreign, body.clone()).await;
        assert_eq!(reply.status.as_u16(), 404, "{method} {foreign}: {}", reply.text());
        let sister = fill(template, own, &world.florist, &world.south);
        if template.starts_with("/tenants") {
            let reply = world.rig.call(&world.north.key.text, method, &sister, body).await;
            assert_eq!(reply.status.as_u16(), 404, "{method} {sister}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn unknown_ids_and_texts_that_are_no_ids_answer_404() {
    let world = World::new().await;
    for (method, template, body) in owned(&world).into_iter().filter(|(_, path, _)| path.contains('{')) {
        let own = fill(template, (&world.bakery, &world.north), &world.bakery, &world.north);
        let last_id = own.rsplit('/').find(|part| part.contains('_')).unwrap().to_owned();
        let prefix = last_id.split('_').next().unwrap();
        for unknown in [format!("{prefix}_01890000000070008000000000000000"), "nonsense".to_owned()] {
            let path = own.replace(&last_id, &unknown);
            let reply = world.rig.call(&world.installation.text, method, &path, body.clone()).await;
            assert_eq!(reply.status.as_u16(), 404, "{method} {path}: {}", reply.text());
        }
    }
}

/// Shows that the refusals above are not refusals of everybody. Each route has a world of its own, because some
/// change it.
#[tokio::test]
async fn with_ones_own_key_every_route_answers_with_success() {
    for index in 0..owned(&World::new().await).len() {
        let world = World::new().await;
        let (method, template, body) = owned(&world).swap_remove(index);
        let path = fill(template, (&world.bakery, &world.north), &world.bakery, &world.north);
        let key = match template {
            _ if template.starts_with("/tenants") => &world.bakery.key.text,
            _ if template.starts_with("/agencies/") => &world.north.key.text,
            _ => &world.installation.text,
        };
        let reply = world.rig.open(api_request(Some(key), method, &path, body)).await;
        assert!(reply.status().is_success(), "{method} {path}: {}", reply.status());
    }
}

#[tokio::test]
async fn ids_of_others_in_a_body_answer_404() {
    let world = World::new().await;
    let (north, bakery) = (&world.north, &world.bakery);
    let rig = &world.rig;
    let foreign_tenant = world.rival.tenant.id;

    let key = json!({ "name": "k", "tenant": foreign_tenant });
    rig.post(&north.key.text, &north.path("/keys"), key).await.problem(404);

    let app =
        json!({ "external_id": "9", "secret": "s", "verify_token": "12345678", "tenant": foreign_tenant });
    rig.post(&north.key.text, &north.path("/apps"), app).await.problem(404);

    let account = json!({ "external_id": "77", "username": "x", "token": "t", "flavour": "instagram",
        "app": world.south.app.id });
    rig.post(&bakery.key.text, &bakery.path("/accounts"), account).await.problem(404);

    let preview = json!({ "account": world.rival.account.id, "on": "comment", "text": "hi" });
    rig.post(&bakery.key.text, &bakery.path("/decisions/preview"), preview).await.problem(404);
}

#[tokio::test]
async fn lists_show_only_what_is_ones_own() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    for list in ["accounts", "rules", "comments", "conversations", "approvals", "queue", "alerts", "audit"] {
        let text = rig.get(&bakery.key.text, &bakery.path(&format!("/{list}"))).await;
        text.ok();
        for stranger in [&world.florist, &world.rival] {
            let foreign = [
                stranger.tenant.id.to_string(),
                stranger.account.id.to_string(),
                stranger.objects.comment.to_string(),
                stranger.objects.approval.to_string(),
                stranger.objects.waiting.to_string(),
                stranger.objects.alert.to_string(),
            ];
            assert!(foreign.iter().all(|id| !text.text().contains(id)), "{list}: {}", text.text());
        }
    }
    let agencies = rig.get(&bakery.key.text, "/agencies").await.ok();
    assert_eq!(agencies["items"].as_array().unwrap().len(), 1);
}
