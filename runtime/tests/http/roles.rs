//! Routes × roles: who may call what. The table is the agreement; a route that opens or closes shows here.

use tenants::access::UserRole;
use tenants::account::KeyScope;

use crate::cross_tenant::{fill, table};
use crate::rig::api_request;
use crate::world::{World, key_with};

/// The mark of a role in the table, in the order of their declaration.
const MARKS: [char; 5] = ['c', 'v', 'o', 'm', 'O'];

#[tokio::test]
async fn every_route_is_open_to_exactly_these_roles() {
    let world = World::new().await;
    let (agency, tenant) = (world.north.agency.id, world.bakery.tenant.id);
    let mut lines = Vec::new();
    let mut keys = Vec::new();
    for role in UserRole::ALL {
        let of_agency = key_with(&world.rig, "agency", KeyScope::Agency { agency }, *role).await;
        let of_tenant = key_with(&world.rig, "tenant", KeyScope::Tenant { agency, tenant }, *role).await;
        keys.push((of_agency.text, of_tenant.text));
    }
    for (method, template, body) in table(&world) {
        let (is_tenants, is_agencys) =
            (template.starts_with("/tenants/{tenant}"), template.starts_with("/agencies/{agency}"));
        if !is_tenants && !is_agencys {
            continue;
        }
        let path = fill(template, (&world.bakery, &world.north), &world.bakery, &world.north);
        let mut may = String::new();
        for ((of_agency, of_tenant), mark) in keys.iter().zip(MARKS) {
            let key = if is_tenants { of_tenant } else { of_agency };
            let status = world.rig.open(api_request(Some(key), method, &path, body.clone())).await.status();
            assert!(status.as_u16() != 401 && !status.is_server_error(), "{method} {path}: {status}");
            may.push(if status.as_u16() == 403 { '.' } else { mark });
        }
        lines.push(format!("{may}  {method:<6} {}", template.split('?').next().unwrap_or_default()));
    }
    lines.sort_by(|a, b| a[6..].cmp(&b[6..]));
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_refusal_names_the_role_that_is_needed_and_the_one_there_is() {
    let world = World::new().await;
    let scope = KeyScope::Tenant { agency: world.north.agency.id, tenant: world.bakery.tenant.id };
    let viewer = key_with(&world.rig, "viewer", scope, UserRole::Viewer).await.text;
    let path = world.bakery.path(&format!("/rules/{}", world.bakery.objects.rule));
    let refused = world.rig.call(&viewer, "DELETE", &path, None).await.problem(403);
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("manager") && detail.contains("viewer"), "{detail}");
    assert_eq!(refused["role"], "viewer");
    assert_eq!(refused["needs"], serde_json::json!(["manager", "owner"]));
    assert!(detail.contains("this key"), "{detail}");
    world.rig.get(&viewer, &path).await.ok();
    // Of the agency, and of the installation, the key is told that it is for one tenant only.
    for (path, whole) in
        [(world.north.path("/tenants"), "the agency"), ("/buckets".to_owned(), "the installation")]
    {
        let refused = world.rig.get(&viewer, &path).await.problem(403);
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(whole) && detail.contains("one tenant"), "{detail}");
    }
}

#[tokio::test]
async fn drafts_and_what_was_called_off_are_not_for_the_client() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let scope = KeyScope::Tenant { agency: world.north.agency.id, tenant: bakery.tenant.id };
    let client = key_with(rig, "client", scope, UserRole::Client).await.text;
    let path = |post: &dyn std::fmt::Display| bakery.path(&format!("/posts/{post}"));
    let scheduled = serde_json::json!({ "post_type": "image", "caption": "called off soon",
        "media": [bakery.objects.media], "scheduled_at": "2040-01-01T09:00:00Z", "allow_duplicates": true });
    let cancelled = rig.post(&bakery.key.text, &bakery.path("/posts"), scheduled).await.ok();
    let cancelled = cancelled["id"].as_str().unwrap();
    let calendar = bakery.path("/calendar?from=2039-12-31T00:00:00Z&until=2040-01-02T00:00:00Z");
    rig.get(&client, &path(&cancelled)).await.ok();
    assert_eq!(rig.get(&client, &calendar).await.ok()["items"].as_array().unwrap().len(), 1);
    rig.post(&bakery.key.text, &format!("{}/cancel", path(&cancelled)), serde_json::json!({})).await.ok();

    for hidden in [cancelled.to_owned(), bakery.objects.post.to_string()] {
        rig.get(&bakery.key.text, &path(&hidden)).await.ok();
        rig.get(&client, &path(&hidden)).await.problem(404);
        rig.post(&client, &format!("{}/approve", path(&hidden)), serde_json::json!({})).await.problem(404);
    }
    assert_eq!(rig.get(&client, &calendar).await.ok()["items"], serde_json::json!([]));
    let states = |list: serde_json::Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|post| post["state"].as_str().unwrap().to_owned()).collect()
    };
    let seen = states(rig.get(&client, &bakery.path("/posts")).await.ok());
    assert_eq!(seen, ["published", "failed", "pending"]);
    assert!(states(rig.get(&client, &bakery.path("/posts?state=draft")).await.ok()).is_empty());
    assert!(
        states(rig.get(&bakery.key.text, &bakery.path("/posts")).await.ok()).contains(&"draft".to_owned())
    );
    // Nor is which of them uses a file.
    let draft = serde_json::json!({ "post_type": "image", "media": [bakery.objects.media] });
    rig.post(&bakery.key.text, &bakery.path("/posts"), draft).await.ok();
    let media = bakery.path(&format!("/media/{}", bakery.objects.media));
    assert_eq!(rig.get(&client, &media).await.ok()["used_by"], serde_json::json!([]));
    assert_ne!(rig.get(&bakery.key.text, &media).await.ok()["used_by"], serde_json::json!([]));
}

#[tokio::test]
async fn what_the_agency_says_among_itself_about_a_post_is_not_for_the_client() {
    let world = World::new().await;
    let (rig, bakery) = (&world.rig, &world.bakery);
    let scope = KeyScope::Tenant { agency: world.north.agency.id, tenant: bakery.tenant.id };
    let client = key_with(rig, "client", scope, UserRole::Client).await.text;
    let post = bakery.path(&format!("/posts/{}", bakery.objects.pending_post));
    let remark = serde_json::json!({ "comment": "their taste is impossible" });
    rig.post(&bakery.key.text, &format!("{post}/reject"), remark).await.ok();
    let read = rig.get(&bakery.key.text, &post).await.ok();
    assert_eq!(read["opinions"][0]["comment"], "their taste is impossible");
    for path in [post, bakery.path("/posts")] {
        let shown = rig.get(&client, &path).await.ok().to_string();
        assert!(shown.contains("rejected"), "{shown}");
        assert!(!shown.contains("impossible") && !shown.contains("key:"), "{shown}");
    }
}

#[tokio::test]
async fn a_client_approves_posts_as_the_client_and_sees_nothing_of_the_kitchen() {
    let world = World::new().await;
    let scope = KeyScope::Tenant { agency: world.north.agency.id, tenant: world.bakery.tenant.id };
    let client = key_with(&world.rig, "client", scope, UserRole::Client).await.text;
    let post = world.bakery.path(&format!("/posts/{}", world.bakery.objects.pending_post));
    world.rig.get(&client, &post).await.ok();
    let approved =
        world.rig.post(&client, &format!("{post}/approve"), serde_json::json!({ "comment": "lovely" })).await;
    assert_eq!(approved.ok()["opinions"][0]["approver"], "client");
    for hidden in ["/audit", "/memory", "/conversations", "/queue", "/settings", "/budget", "/feed/poll"] {
        world.rig.get(&client, &world.bakery.path(hidden)).await.problem(403);
    }
}
