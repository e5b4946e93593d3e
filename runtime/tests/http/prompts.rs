//! Versions of prompts and experiments, as an agency handles them.

use serde_json::{Value, json};
use tenants::ports::Hint;

use crate::world::World;

fn arms(versions: &[u32]) -> Value {
    versions.iter().map(|version| json!({ "version": version, "weight": 1 })).collect()
}

#[tokio::test]
async fn a_broken_template_is_refused_with_its_line() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    for (body, expected) in [
        ("Write.\n{{ brnad }}", "line 2: there is no value `brnad`"),
        ("{% for a in languages %}", "line 1"),
        ("{% set a = brand %}", "cannot be used here"),
        ("{{ brand * 1000000000 }}", "too much work"),
        ("", "the prompt is empty"),
    ] {
        let new = json!({ "key": "reply", "body": body });
        let problem = rig.post(&north.key.text, &north.path("/prompts"), new).await.problem(422);
        assert_eq!(problem["field"], "body");
        assert!(problem["detail"].as_str().unwrap().contains(expected), "{body}: {problem}");
    }
    let unknown = json!({ "key": "poem", "body": "x" });
    rig.post(&north.key.text, &north.path("/prompts"), unknown).await.problem(422);
}

#[tokio::test]
async fn versions_are_added_compared_and_chosen() {
    let world = World::new().await;
    let (rig, north, bakery) = (&world.rig, &world.north, &world.bakery);
    let new = json!({ "key": "classify", "body": "Sort it for {{ brand }}.\n", "note": "short" });
    let added = rig.post(&north.key.text, &north.path("/prompts"), new).await.ok();
    assert_eq!((&added["version"], &added["is_built_in"]), (&json!(2), &json!(false)));
    let id = added["id"].as_str().unwrap();
    let diff = rig.get(&north.key.text, &north.path(&format!("/prompts/{id}/diff"))).await.ok();
    assert_eq!((&diff["before"], &diff["after"]), (&json!("classify@1"), &json!("classify@2")));
    assert!(diff["unified"].as_str().unwrap().contains("+Sort it for {{ brand }}."), "{diff}");
    rig.get(&north.key.text, &north.path(&format!("/prompts/{id}/diff?against=7"))).await.problem(404);

    let in_use = |key: &str| {
        let path = bakery.path("/prompts");
        let key = key.to_owned();
        async move {
            let listed = rig.get(&bakery.key.text, &path).await.ok();
            let items = listed["items"].as_array().unwrap().clone();
            items.into_iter().find(|item| item["key"] == key.as_str()).unwrap()
        }
    };
    assert_eq!(in_use("classify").await["arms"][0]["version"], 1);
    let mut hints = rig.ports.wake.subscribe();
    let choice = json!({ "key": "classify", "version": 2 });
    rig.call(&north.key.text, "PUT", &north.path("/prompts/in-use"), Some(choice)).await.ok();
    assert_eq!(in_use("classify").await["arms"][0]["body"], "Sort it for {{ brand }}.\n");
    assert_eq!(hints.recv().await.unwrap(), Hint::AgencyAudit(north.agency.id));
    let mut told = vec![hints.recv().await.unwrap(), hints.recv().await.unwrap()];
    told.sort_by_key(|hint| format!("{hint:?}"));
    let mut expected = [&world.bakery, &world.florist].map(|shop| Hint::TenantChanged(shop.tenant.id));
    expected.sort_by_key(|hint| format!("{hint:?}"));
    assert_eq!(told, expected, "awake tenants look anew");

    let audit = rig.get(&north.key.text, &north.path("/audit")).await.ok();
    let types: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["event_type"]).collect();
    assert_eq!(types[..2], ["prompt.activated", "prompt.added"]);

    let unknown = json!({ "key": "classify", "version": 9 });
    rig.call(&north.key.text, "PUT", &north.path("/prompts/in-use"), Some(unknown)).await.problem(422);
    let back = json!({ "key": "classify", "version": null });
    rig.call(&north.key.text, "PUT", &north.path("/prompts/in-use"), Some(back)).await.ok();
    assert_eq!(in_use("classify").await["arms"][0]["version"], 1);
}

#[tokio::test]
async fn a_promoted_version_is_in_use_and_the_experiment_has_ended() {
    let world = World::new().await;
    let (rig, north, bakery) = (&world.rig, &world.north, &world.bakery);
    let path = north.path(&format!("/experiments/{}", north.experiment));
    let shown = rig.get(&north.key.text, &path).await.ok();
    assert_eq!(shown["status"], "running");
    assert!(
        shown["comparison"]["summary"].as_str().unwrap().starts_with("It is too early to say"),
        "{shown}"
    );

    let another = json!({ "key": "reply", "name": "n", "arms": arms(&[1, 2]), "tenant": bakery.tenant.id });
    rig.post(&north.key.text, &north.path("/experiments"), another).await.problem(409);
    rig.post(&north.key.text, &format!("{path}/promote"), json!({ "version": 7 })).await.problem(422);
    let ended = rig.post(&north.key.text, &format!("{path}/promote"), json!({ "version": 2 })).await.ok();
    assert_eq!((&ended["status"], &ended["winner"]), (&json!("promoted"), &json!(2)));
    let problem = rig.post(&north.key.text, &format!("{path}/stop"), json!({})).await.problem(409);
    assert_eq!(problem["present"], "promoted");
    let uses = rig.get(&north.key.text, &north.path("/prompts/in-use")).await.ok();
    let reply = uses["items"].as_array().unwrap().iter().find(|item| item["key"] == "reply").unwrap().clone();
    assert_eq!((&reply["version"], &reply["is_default"]), (&json!(2), &json!(false)));
}

#[tokio::test]
async fn an_experiment_that_says_nothing_is_refused() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    for (name, arms) in [("n", arms(&[1])), ("n", arms(&[1, 1])), ("n", arms(&[1, 9])), (" ", arms(&[1, 2]))]
    {
        let new = json!({ "key": "crisis", "name": name, "arms": arms });
        rig.post(&north.key.text, &north.path("/experiments"), new).await.problem(422);
    }
}

#[tokio::test]
async fn a_tenant_reads_what_applies_to_it_and_manages_nothing() {
    let world = World::new().await;
    let (rig, north, bakery, florist) = (&world.rig, &world.north, &world.bakery, &world.florist);
    let new = json!({ "key": "crisis", "name": "one", "arms": arms(&[1, 2]), "tenant": bakery.tenant.id });
    let of_one = rig.post(&north.key.text, &north.path("/experiments"), new).await.ok();
    let path = format!("/experiments/{}", of_one["id"].as_str().unwrap());
    rig.get(&bakery.key.text, &bakery.path(&path)).await.ok();
    rig.get(&florist.key.text, &florist.path(&path)).await.problem(404);
    let listed = rig.get(&florist.key.text, &florist.path("/experiments")).await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "only the one with all tenants");
    rig.get(&bakery.key.text, &north.path("/prompts")).await.problem(403);
    rig.post(&bakery.key.text, &north.path("/experiments"), json!({})).await.problem(403);
    let foreign = json!({ "key": "classify", "version": 1, "tenant": world.rival.tenant.id });
    rig.call(&north.key.text, "PUT", &north.path("/prompts/in-use"), Some(foreign)).await.problem(404);
}

#[tokio::test]
async fn no_list_of_one_agency_names_what_is_anothers() {
    let world = World::new().await;
    let (rig, north, south, bakery) = (&world.rig, &world.north, &world.south, &world.bakery);
    let mut lists = Vec::new();
    for list in ["/prompts", "/prompts/in-use", "/experiments"] {
        lists.push(rig.get(&north.key.text, &north.path(list)).await);
    }
    for list in ["/prompts", "/experiments"] {
        lists.push(rig.get(&bakery.key.text, &bakery.path(list)).await);
    }
    for list in lists {
        list.ok();
        for foreign in [&south.prompt, &south.experiment, &"South".to_owned()] {
            assert!(!list.text().contains(foreign.as_str()), "{}", list.text());
        }
    }
}
