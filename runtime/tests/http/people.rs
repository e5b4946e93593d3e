//! People sign in, are invited, forget their passwords, and are removed.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tenants::access::UserRole;
use tenants::audit::Chain;
use tenants::changes::Changes;
use tenants::ids::AgencyId;
use tenants::ports::{Directory, Outbox, UnitOfWork};
use troupe::administration::Act;
use troupe::people::{Links, PeopleSettings};

use crate::rig::{Reply, Rig, api_request};
use crate::world::{House, World};

const PASSWORD: &str = "correct horse battery";

/// A browser: it keeps cookies as one does.
struct Browser<'r> {
    rig: &'r Rig,
    session: Option<String>,
    refresh: Option<String>,
    csrf: Option<String>,
}

impl<'r> Browser<'r> {
    fn new(rig: &'r Rig) -> Self {
        Self { rig, session: None, refresh: None, csrf: None }
    }

    async fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        let jar = [("troupe_session", &self.session), ("troupe_refresh", &self.refresh)];
        let jar: Vec<String> =
            jar.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?))).collect();
        if !jar.is_empty() {
            request = request.header("cookie", jar.join("; "));
        }
        if let (Some(csrf), true) = (&self.csrf, method != "GET") {
            request = request.header("x-csrf-token", csrf);
        }
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let reply = self.rig.send(request.body(body).unwrap()).await;
        for value in reply.headers.get_all("set-cookie") {
            let cookie = value.to_str().unwrap();
            let (pair, rules) = cookie.split_once(';').unwrap();
            assert!(rules.contains("HttpOnly") && rules.contains("SameSite=Strict"), "{cookie}");
            let (name, value) = pair.split_once('=').unwrap();
            let value = (!rules.contains("Max-Age=0")).then(|| value.to_owned());
            match name {
                "troupe_session" => self.session = value,
                "troupe_refresh" => self.refresh = value,
                other => panic!("{other}"),
            }
        }
        if reply.status.is_success()
            && let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(&reply.body)
            && let Some(csrf) = body.get("csrf_token").and_then(Value::as_str)
        {
            self.csrf = Some(csrf.to_owned());
        }
        reply
    }

    async fn get(&mut self, path: &str) -> Reply {
        self.call("GET", path, None).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Reply {
        self.call("POST", path, Some(body)).await
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Reply {
        self.post("/session", json!({ "email": email, "password": password })).await
    }
}

fn token_of(link: &Value) -> String {
    link.as_str().unwrap().split_once("#token=").unwrap().1.to_owned()
}

/// Somebody who was invited with this role and has accepted.
async fn member<'w>(world: &'w World, house: &House, email: &str, role: UserRole) -> Browser<'w> {
    let new = json!({ "email": email, "role": role });
    let invited = world.rig.post(&house.key.text, &house.path("/invitations"), new).await.ok();
    let mut browser = Browser::new(&world.rig);
    let accept = json!({ "token": token_of(&invited["url"]), "name": "Ana Lima", "password": PASSWORD });
    let accepted = browser.post("/invitations/accept", accept).await;
    assert_eq!(accepted.status.as_u16(), 201, "{}", accepted.text());
    browser
}

async fn code(rig: &Rig) -> String {
    let links =
        Links::new(rig.ports.ids.clone(), rig.ports.clock.clone(), String::new(), PeopleSettings::default());
    let (code, change) = links.code();
    let chain = Chain::Agency(AgencyId::INSTALLATION);
    rig.database.commit(Changes { chain, list: vec![change] }).await.unwrap();
    code.expose_secret().to_owned()
}

fn set_up(code: &str) -> Value {
    json!({ "code": code, "agency": "North", "name": "Ana Lima", "email": "Ana@Example.com",
        "password": PASSWORD })
}

#[tokio::test]
async fn a_new_installation_is_set_up_once_with_the_code_of_its_file() {
    let rig = Rig::start().await;
    let mut browser = Browser::new(&rig);
    assert_eq!(browser.get("/setup").await.ok(), json!({ "needed": true, "single_sign_on": null }));
    let code = code(&rig).await;
    let stranger = browser.post("/setup", set_up("0000")).await.problem(422);
    assert_eq!(stranger["field"], "code");
    let weak = json!({ "password": "ana@example.com" });
    let mut document = set_up(&code);
    document.as_object_mut().unwrap().extend(weak.as_object().unwrap().clone());
    assert_eq!(browser.post("/setup", document).await.problem(422)["field"], "password");

    let session = browser.post("/setup", set_up(&code)).await.ok();
    assert_eq!(session["user"]["email"], "ana@example.com");
    let grant = &session["grants"][0];
    assert_eq!((&grant["agency_name"], &grant["role"]), (&json!("North"), &json!("owner")));
    let agency = grant["agency"].as_str().unwrap().to_owned();
    let tenant = json!({ "slug": "acme", "name": "Acme", "time_zone": "UTC" });
    browser.post(&format!("/agencies/{agency}/tenants"), tenant).await.ok();
    assert_eq!(browser.get("/setup").await.ok(), json!({ "needed": false, "single_sign_on": null }));
    Browser::new(&rig).post("/setup", set_up(&code)).await.problem(409);
    let log = browser.get(&format!("/agencies/{agency}/audit")).await.ok().to_string();
    assert!(log.contains("installation.set_up") && log.contains("session.begun"), "{log}");
    assert!(!log.contains(PASSWORD) && !log.contains(&code), "secrets are in no log");
}

#[tokio::test]
async fn an_agency_that_was_made_on_the_command_line_becomes_that_of_the_first_user() {
    let rig = Rig::start().await;
    let by = Act { by: "cli".to_owned(), at: rig.ports.clock.now(), ids: &rig.ports.ids };
    let (agency, changes) = by.create_agency("My agency").unwrap();
    rig.database.commit(changes).await.unwrap();
    let code = code(&rig).await;
    let mut browser = Browser::new(&rig);
    let session = browser.post("/setup", set_up(&code)).await.ok();
    let grant = &session["grants"][0];
    assert_eq!((&grant["agency"], &grant["agency_name"]), (&json!(agency.id), &json!("North")));
    assert_eq!(rig.database.list_agencies().await.unwrap().len(), 1);
    let log = browser.get(&format!("/agencies/{}/audit", agency.id)).await.ok().to_string();
    assert!(log.contains("agency.renamed") && log.contains("My agency"), "{log}");
}

#[tokio::test]
async fn of_two_who_set_up_at_once_one_is_the_owner() {
    let rig = Rig::start().await;
    let code = code(&rig).await;
    let tries = (0..4).map(|number| {
        let mut document = set_up(&code);
        document["email"] = json!(format!("owner{number}@example.com"));
        let rig = &rig;
        async move { Browser::new(rig).post("/setup", document).await.status.as_u16() }
    });
    let mut answers = futures::future::join_all(tries).await;
    answers.sort_unstable();
    assert_eq!(answers, [201, 409, 409, 409]);
}

#[tokio::test]
async fn whoever_signs_in_sees_what_their_role_allows_until_they_sign_out() {
    let world = World::new().await;
    member(&world, &world.north, "ana@example.com", UserRole::Operator).await;
    let mut ana = Browser::new(&world.rig);
    let session = ana.sign_in(" ANA@example.com", PASSWORD).await;
    assert_eq!(session.status.as_u16(), 201);
    assert_eq!(ana.get("/me").await.ok()["name"], "Ana Lima");
    ana.get(&world.bakery.path("/queue")).await.ok();
    ana.get(&world.rival.path("/queue")).await.problem(404);
    let rule = world.bakery.path(&format!("/rules/{}", world.bakery.objects.rule));
    ana.call("DELETE", &rule, None).await.problem(403);
    let dead = world.bakery.path(&format!("/queue/{}/retry", world.bakery.objects.dead));
    ana.call("POST", &dead, None).await.ok();
    let by = ana.get(&world.bakery.path("/audit?event_type=effect.retried")).await.ok().to_string();
    assert!(by.contains("user:usr_"), "the log says who: {by}");
    assert!(
        world.rig.database.find_effect(&world.bakery.tenant.id, &world.bakery.objects.dead).await.is_ok()
    );

    let stolen = ana.session.clone();
    assert_eq!(ana.call("DELETE", "/session", None).await.status.as_u16(), 204);
    assert!(ana.session.is_none() && ana.refresh.is_none(), "the browser forgets them");
    ana.session = stolen;
    ana.get("/session").await.problem(401);
}

#[tokio::test]
async fn another_page_cannot_make_a_browser_act() {
    let world = World::new().await;
    let mut ana = member(&world, &world.north, "ana@example.com", UserRole::Owner).await;
    let path = world.bakery.path("/suspend");
    let own = ana.csrf.take();
    let refused = ana.call("POST", &path, None).await.problem(403);
    assert!(refused["detail"].as_str().unwrap().contains("X-CSRF-Token"), "{refused}");
    ana.csrf = Some("0".repeat(64));
    ana.call("POST", &path, None).await.problem(403);
    ana.csrf = own;
    ana.call("POST", &path, None).await.ok();
}

#[tokio::test]
async fn a_page_of_a_neighbour_cannot_go_on_with_a_session() {
    let world = World::new().await;
    let mut ana = member(&world, &world.north, "ana@example.com", UserRole::Owner).await;
    let refresh = |site: &str, cookie: &str| {
        let mut request = api_request(None, "POST", "/session/refresh", None);
        request.headers_mut().insert("cookie", cookie.parse().unwrap());
        request.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
        request
    };
    let cookie = format!("troupe_refresh={}", ana.refresh.clone().unwrap());
    for site in ["same-site", "cross-site"] {
        let refused = world.rig.send(refresh(site, &cookie)).await;
        refused.problem(403);
        assert_eq!(refused.header("set-cookie"), "");
    }
    world.rig.send(refresh("same-origin", &cookie)).await.ok();
    ana.post("/session/refresh", json!({})).await.ok();
}

#[tokio::test]
async fn people_are_told_which_role_they_need_and_nothing_of_keys() {
    let world = World::new().await;
    let mut eva = member(&world, &world.north, "eva@example.com", UserRole::Viewer).await;
    let refused = eva.post(&world.bakery.path("/suspend"), json!({})).await.problem(403);
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("`manager` or `owner`") && detail.contains("yours is `viewer`"), "{detail}");
    let installation = eva.get("/buckets").await.problem(403);
    let detail = installation["detail"].as_str().unwrap();
    assert!(detail.contains("no role of people reaches"), "{detail}");
    for problem in [&refused, &installation] {
        assert!(!problem["title"].as_str().unwrap().contains("key"), "{problem}");
    }
}

#[tokio::test]
async fn wrong_passwords_and_unknown_people_are_refused_alike_and_ever_slower() {
    let world = World::new().await;
    member(&world, &world.north, "ana@example.com", UserRole::Owner).await;
    let mut browser = Browser::new(&world.rig);
    let wrong = browser.sign_in("ana@example.com", "wrong horse battery").await.problem(401);
    let unknown = browser.sign_in("nobody@example.com", PASSWORD).await.problem(401);
    assert_eq!(wrong["detail"], unknown["detail"]);
    for email in ["ana@example.com", "nobody@example.com"] {
        for _ in 0..4 {
            browser.sign_in(email, "wrong horse battery").await.problem(401);
        }
        let locked = browser.sign_in(email, PASSWORD).await;
        locked.problem(429);
        let wait: u64 = locked.header("retry-after").parse().unwrap();
        assert!((25..=31).contains(&wait), "also with the right password: {email} {wait}");
    }
    world.rig.clock.advance(Duration::from_secs(31));
    browser.sign_in("ana@example.com", PASSWORD).await.ok();
    browser.sign_in("ana@example.com", "wrong horse battery").await.problem(401);
    browser.sign_in("ana@example.com", PASSWORD).await.ok();
}

#[tokio::test]
async fn a_session_goes_on_while_it_is_refreshed_and_ends_when_it_is_not() {
    let world = World::new().await;
    let mut ana = member(&world, &world.north, "ana@example.com", UserRole::Owner).await;
    for _ in 0..5 {
        world.rig.clock.advance(Duration::from_secs(15 * 60));
        ana.get("/session").await.problem(401);
        let before = ana.csrf.clone();
        ana.call("POST", "/session/refresh", None).await.ok();
        assert_eq!(ana.csrf, before, "other tabs go on with it");
        ana.get("/session").await.ok();
    }
    world.rig.clock.advance(Duration::from_secs(14 * 86_400));
    ana.call("POST", "/session/refresh", None).await.problem(401);
}

#[tokio::test]
async fn a_secret_that_was_replaced_ends_the_session_unless_another_tab_was_just_quicker() {
    let world = World::new().await;
    let mut ana = member(&world, &world.north, "ana@example.com", UserRole::Owner).await;
    let old = ana.refresh.clone();
    ana.call("POST", "/session/refresh", None).await.ok();
    let mut tab = Browser { rig: &world.rig, session: None, refresh: old.clone(), csrf: None };
    tab.call("POST", "/session/refresh", None).await.ok();
    assert!(tab.session.is_none(), "it gets nothing that the first has not got");
    world.rig.clock.advance(Duration::from_secs(61));
    tab.call("POST", "/session/refresh", None).await.problem(401);
    ana.get("/session").await.problem(401);
    ana.call("POST", "/session/refresh", None).await.problem(401);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_link_that_works_once_and_ends_other_sessions() {
    let world = World::new().await;
    let mut thief = member(&world, &world.north, "ana@example.com", UserRole::Owner).await;
    let mut ana = Browser::new(&world.rig);
    for email in ["ana@example.com", "nobody@example.com"] {
        let asked = ana.post("/password/forgot", json!({ "email": email })).await;
        assert_eq!(asked.status.as_u16(), 202);
    }
    let letter = loop {
        let letters = world.rig.letters.0.lock().unwrap().clone();
        if let Some(letter) = letters.into_iter().find(|(_, text)| text.contains("/reset#token=")) {
            break letter;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(letter.0, "ana@example.com");
    let token: String =
        letter.1.split_once("#token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    let reset = |password: &str| json!({ "token": token, "password": password });
    assert_eq!(ana.post("/password/reset", reset("short")).await.problem(422)["field"], "password");
    ana.post("/password/reset", reset("vier kleine Füchse")).await.ok();
    ana.post("/password/reset", reset("vier kleine Füchse")).await.problem(410);
    thief.get("/session").await.problem(401);
    Browser::new(&world.rig).sign_in("ana@example.com", PASSWORD).await.problem(401);
    Browser::new(&world.rig).sign_in("ana@example.com", "vier kleine Füchse").await.ok();
}

#[tokio::test]
async fn an_invitation_is_accepted_once_and_not_after_a_week() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    let invite =
        |email: &str| json!({ "email": email, "role": "client", "tenants": [world.bakery.tenant.id] });
    let first = rig.post(&north.key.text, &north.path("/invitations"), invite("eva@example.com")).await.ok();
    assert_eq!((&first["mailed"], &first["user"]["status"]), (&json!(true), &json!("invited")));
    rig.post(&north.key.text, &north.path("/invitations"), invite("EVA@example.com")).await.problem(409);
    let accept = |link: &Value| json!({ "token": token_of(link), "name": "Eva", "password": PASSWORD });
    let mut eva = Browser::new(rig);
    let session = eva.post("/invitations/accept", accept(&first["url"])).await.ok();
    assert_eq!(session["grants"][0]["tenant_name"], "bakery");
    eva.post("/invitations/accept", accept(&first["url"])).await.problem(410);
    eva.get(&world.bakery.path("/posts")).await.ok();
    eva.get(&world.bakery.path("/queue")).await.problem(403);
    eva.get(&world.florist.path("/posts")).await.problem(404);
    eva.get(&north.path("/users")).await.problem(403);

    let second =
        rig.post(&north.key.text, &north.path("/invitations"), invite("late@example.com")).await.ok();
    rig.clock.advance(Duration::from_secs(7 * 86_400));
    Browser::new(rig).post("/invitations/accept", accept(&second["url"])).await.problem(410);
}

#[tokio::test]
async fn who_has_a_user_elsewhere_gets_no_link_that_others_could_use() {
    let world = World::new().await;
    let mut ana = member(&world, &world.north, "ana@example.com", UserRole::Owner).await;
    let (rig, south) = (&world.rig, &world.south);
    let invite = json!({ "email": "ana@example.com", "role": "viewer" });
    let invited = rig.post(&south.key.text, &south.path("/invitations"), invite).await.ok();
    assert_eq!((&invited["url"], &invited["mailed"]), (&Value::Null, &json!(false)));
    let user = invited["user"]["id"].as_str().unwrap();
    let link = south.path(&format!("/users/{user}/link"));
    rig.call(&south.key.text, "POST", &link, None).await.problem(409);
    let session = ana.get("/session").await.ok();
    assert_eq!(
        session["grants"].as_array().unwrap().len(),
        2,
        "they are in both, with the password they have"
    );
}

#[tokio::test]
async fn a_manager_touches_neither_owners_nor_other_managers_and_the_last_owner_stays() {
    let world = World::new().await;
    let (rig, north) = (&world.rig, &world.north);
    let mut owner = member(&world, north, "owner@example.com", UserRole::Owner).await;
    let mut manager = member(&world, north, "manager@example.com", UserRole::Manager).await;
    let id = |session: &Value| session["user"]["id"].as_str().unwrap().to_owned();
    let (owner_id, manager_id) =
        (id(&owner.get("/session").await.ok()), id(&manager.get("/session").await.ok()));
    for path in [format!("/users/{owner_id}"), format!("/users/{manager_id}")] {
        manager.call("DELETE", &north.path(&path), None).await.problem(403);
        manager.call("POST", &north.path(&format!("{path}/link")), None).await.problem(403);
        let change = json!({ "role": "viewer" });
        manager.call("PATCH", &north.path(&path), Some(change)).await.problem(403);
    }
    let invite = |role: &str| json!({ "email": format!("{role}@new.example"), "role": role });
    manager.post(&north.path("/invitations"), invite("manager")).await.problem(403);
    manager.post(&north.path("/invitations"), invite("operator")).await.ok();
    manager.get(&north.path("/keys")).await.problem(403);

    let gone = rig.call(&north.key.text, "DELETE", &north.path(&format!("/users/{owner_id}")), None).await;
    assert!(gone.problem(409)["detail"].as_str().unwrap().contains("keeps an owner"));
    owner.call("DELETE", &north.path(&format!("/users/{manager_id}")), None).await;
    manager.get("/session").await.problem(401);
}

#[tokio::test]
async fn whoever_is_made_less_is_so_at_once_and_the_feed_ends() {
    let world = World::new().await;
    let north = &world.north;
    let mut ana = member(&world, north, "ana@example.com", UserRole::Manager).await;
    let id = ana.get("/session").await.ok()["user"]["id"].as_str().unwrap().to_owned();
    ana.call("POST", &world.bakery.path("/suspend"), None).await.ok();
    let change = json!({ "role": "viewer", "tenants": [world.florist.tenant.id] });
    let path = north.path(&format!("/users/{id}"));
    world.rig.call(&north.key.text, "PATCH", &path, Some(change)).await.ok();
    ana.get(&world.bakery.path("/posts")).await.problem(404);
    ana.call("POST", &world.florist.path("/suspend"), None).await.problem(403);
    ana.get(&world.florist.path("/posts")).await.ok();
}

#[tokio::test]
async fn ones_sessions_are_listed_and_ended_one_by_one() {
    let world = World::new().await;
    let mut lost = member(&world, &world.north, "ana@example.com", UserRole::Owner).await;
    let mut stranger = member(&world, &world.north, "eva@example.com", UserRole::Owner).await;
    let mut ana = Browser::new(&world.rig);
    ana.sign_in("ana@example.com", PASSWORD).await.ok();
    let sessions = ana.get("/sessions").await.ok();
    let other = sessions["items"].as_array().unwrap().iter().find(|it| it["is_this"] == false).unwrap();
    let path = format!("/sessions/{}", other["id"].as_str().unwrap());
    stranger.call("DELETE", &path, None).await.problem(404);
    assert_eq!(ana.call("DELETE", &path, None).await.status.as_u16(), 204);
    lost.get("/session").await.problem(401);
    ana.get("/session").await.ok();
    world.rig.get(&world.north.key.text, "/sessions").await.problem(403);
}
