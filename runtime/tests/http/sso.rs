//! Sign-in through a provider of identities, which a small double plays here: who comes in, and who does not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tenants::access::UserRole;
use tenants::changes::{Change, Changes};
use tenants::ids::{AgencyId, UserId};
use tenants::ports::{UnitOfWork, Users};
use tenants::tasks::Tasks;
use tenants::user::{Grant, TokenKind, User, UserChange, UserStatus};
use troupe::administration::Act;
use troupe::people::sso::SsoSettings;
use troupe::people::{Links, PeopleSettings};

use crate::rig::{Reply, Rig};

const AGENCY: AgencyId = AgencyId(uuid::Uuid::from_u128(0x0189_0000_0000_7000_8000_0000_0000_00a9));
const ANA: &str = "ana@example.com";

/// Changes what a token says.
type Twist = Box<dyn Fn(&mut Value) + Send>;

/// The provider.
struct Provider {
    issuer: String,
    state: Arc<Mutex<Desk>>,
    tasks: Tasks,
}

struct Desk {
    issuer: String,
    key: EcdsaKeyPair,
    key_id: u32,
    /// Keys that are published; those that sign may be others.
    published: Vec<Value>,
    codes: HashMap<String, Granted>,
    last_code: u32,
    twist: Option<Twist>,
    /// Seconds since 1970, as the provider sees them.
    now: i64,
    calls_itself: Option<String>,
    is_down: bool,
}

/// What stands behind a code.
struct Granted {
    challenge: String,
    back: String,
    claims: Value,
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Provider {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(Desk::new(issuer.clone())));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(state.clone());
        let tasks = Tasks::default();
        tasks.spawn("provider", async move { axum::serve(listener, routes).await });
        Self { issuer, state, tasks }
    }

    fn settings(&self) -> SsoSettings {
        SsoSettings {
            issuer: self.issuer.clone(),
            client_id: "troupe".to_owned(),
            client_secret: SecretString::from("s3cret/+"),
            label: "Sign in with North".to_owned(),
            allowed_domains: Vec::new(),
            provision: None,
        }
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.state.lock().unwrap()
    }

    /// The next tokens say something else.
    fn twist(&self, twist: impl Fn(&mut Value) + Send + 'static) {
        self.desk().twist = Some(Box::new(twist));
    }
}

impl Desk {
    fn new(issuer: String) -> Self {
        let (key, public) = new_key(1);
        Self {
            issuer,
            key,
            key_id: 1,
            published: vec![public],
            codes: HashMap::new(),
            last_code: 0,
            twist: None,
            now: 0,
            calls_itself: None,
            is_down: false,
        }
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "kid": self.key_id.to_string(), "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn new_key(id: u32) -> (EcdsaKeyPair, Value) {
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
    let point = key.public_key().as_ref();
    let public = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id.to_string(),
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]) });
    (key, public)
}

type Shared = State<Arc<Mutex<Desk>>>;

async fn discovery(State(desk): Shared) -> Response {
    let desk = desk.lock().unwrap();
    if desk.is_down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let at = |path: &str| format!("{}{path}", desk.issuer);
    let name = desk.calls_itself.clone().unwrap_or_else(|| desk.issuer.clone());
    Json(json!({ "issuer": name, "authorization_endpoint": at("/authorize?prompt=login"),
        "token_endpoint": at("/token"), "jwks_uri": at("/keys") }))
    .into_response()
}

async fn keys(State(desk): Shared) -> Json<Value> {
    Json(json!({ "keys": desk.lock().unwrap().published }))
}

async fn token(
    State(desk): Shared,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    let mut desk = desk.lock().unwrap();
    let basic = format!("Basic {}", STANDARD.encode("troupe:s3cret%2F%2B"));
    if headers.get("authorization").is_none_or(|value| value.as_bytes() != basic.as_bytes()) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let granted = desk.codes.remove(&form["code"]).ok_or(StatusCode::BAD_REQUEST)?;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    let is_whole = form["grant_type"] == "authorization_code"
        && challenge == granted.challenge
        && form["redirect_uri"] == granted.back;
    if !is_whole {
        return Err(StatusCode::BAD_REQUEST);
    }
    let mut claims = granted.claims;
    if let Some(twist) = &desk.twist {
        twist(&mut claims);
    }
    Ok(Json(json!({ "access_token": "a", "token_type": "Bearer", "id_token": desk.sign(&claims) })))
}

/// An installation with one agency and a provider, and a browser.
struct Scene {
    provider: Provider,
    rig: Rig,
    owner: User,
}

/// What a browser has after it was sent to the provider.
#[derive(Clone)]
struct Begun {
    cookie: String,
    query: HashMap<String, String>,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut SsoSettings)) -> Self {
        let provider = Provider::open().await;
        let mut settings = provider.settings();
        change(&mut settings);
        let rig = Rig::start_with_sso(settings).await;
        provider.desk().now = rig.now().as_millis() / 1_000;
        let (mut agency, _) = act(&rig).create_agency("North").unwrap();
        agency.id = AGENCY;
        let created =
            Changes { chain: tenants::audit::Chain::Agency(AGENCY), list: vec![Change::PutAgency(agency)] };
        rig.database.commit(created).await.unwrap();
        let owner = user(&rig, "owner@example.com", UserRole::Owner, UserStatus::Active).await;
        Self { provider, rig, owner }
    }

    async fn get(&self, path: &str, cookie: Option<&str>) -> Reply {
        let request = Request::get(path);
        let request = match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        self.rig.send(request.body(Body::empty()).unwrap()).await
    }

    /// The browser is sent to the provider.
    async fn begin(&self) -> Begun {
        let reply = self.get("/sso", None).await;
        assert_eq!(reply.status.as_u16(), 303, "{}", reply.text());
        let address = reply.header("location");
        let query =
            address.strip_prefix(&format!("{}/authorize?prompt=login&", self.provider.issuer)).unwrap();
        let query: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!((query["response_type"].as_str(), query["client_id"].as_str()), ("code", "troupe"));
        assert_eq!(query["code_challenge_method"], "S256");
        assert_eq!(query["redirect_uri"], "http://127.0.0.1:8080/sso/callback");
        let cookie = reply.header("set-cookie").to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/sso")
        );
        Begun { cookie: cookie.split(';').next().unwrap().to_owned(), query }
    }

    /// The person signs in at the provider; the path with which it sends them back.
    fn allow(&self, begun: &Begun, subject: &str, email: &str) -> String {
        let mut desk = self.provider.desk();
        desk.last_code += 1;
        let code = format!("code-{}", desk.last_code);
        let claims = json!({ "iss": desk.issuer, "sub": subject, "aud": "troupe", "exp": desk.now + 300,
            "iat": desk.now, "nonce": begun.query["nonce"], "email": email, "email_verified": true,
            "name": "Ana Lima" });
        let (challenge, back) = (begun.query["code_challenge"].clone(), begun.query["redirect_uri"].clone());
        desk.codes.insert(code.clone(), Granted { challenge, back, claims });
        format!("/sso/callback?code={code}&state={}", begun.query["state"])
    }

    /// Everything in a row.
    async fn sign_in(&self, subject: &str, email: &str) -> Reply {
        let begun = self.begin().await;
        let path = self.allow(&begun, subject, email);
        self.get(&path, Some(&begun.cookie)).await
    }

    /// Who a browser is signed in as.
    async fn who(&self, reply: &Reply) -> Value {
        assert_eq!(reply.status.as_u16(), 303, "{}", reply.text());
        assert_eq!(reply.header("location"), "/");
        let cookies = reply.headers.get_all("set-cookie").into_iter().map(|it| it.to_str().unwrap());
        let pairs: Vec<_> = cookies.filter_map(|it| it.split(';').next()).collect();
        assert!(pairs.contains(&"troupe_sso="), "the ticket is gone: {pairs:?}");
        self.get("/api/v1/session", Some(&pairs.join("; "))).await.ok()
    }

    async fn log(&self) -> Vec<String> {
        let chain = tenants::audit::Chain::Agency(AGENCY);
        let log = tenants::ports::AuditLog::audit_since(&self.rig.database, &chain, 0, 100).await.unwrap();
        log.into_iter().map(|entry| entry.event_type).collect()
    }
}

fn act(rig: &Rig) -> Act<'_> {
    Act { by: "cli".to_owned(), at: rig.now(), ids: &rig.ports.ids }
}

async fn user(rig: &Rig, email: &str, role: UserRole, status: UserStatus) -> User {
    let grants = vec![Grant { agency: AGENCY, tenant: None, role }];
    let (user, mut changes) = act(rig).invite(AGENCY, email.to_owned(), None, grants);
    let user = User { status, ..user };
    changes.list.push(Change::User(UserChange::Put(Box::new(user.clone()))));
    rig.database.commit(changes).await.unwrap();
    rig.database.find_user(&user.id).await.unwrap().unwrap()
}

/// The page that nobody is signed in with.
#[track_caller]
fn page(reply: &Reply, status: u16, words: &str) {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.text());
    assert!(reply.header("content-type").starts_with("text/html"));
    assert!(reply.text().contains(words), "{}", reply.text());
    assert!(reply.text().contains("href=\"/\""), "the page leads on");
    let cookies: Vec<_> = reply.headers.get_all("set-cookie").into_iter().collect();
    assert!(
        !cookies.iter().any(|it| it.to_str().unwrap().starts_with("troupe_session")),
        "nobody is signed in"
    );
}

#[tokio::test]
async fn whoever_was_invited_comes_in_and_is_known_from_then_on() {
    let scene = Scene::new().await;
    let ana = user(&scene.rig, ANA, UserRole::Operator, UserStatus::Invited).await;
    let links = Links::new(
        scene.rig.ports.ids.clone(),
        scene.rig.ports.clock.clone(),
        String::new(),
        PeopleSettings::default(),
    );
    let (invitation, change) = links.make(TokenKind::Invitation, Some(ana.id));
    scene.rig.database.commit(act(&scene.rig).link_made(AGENCY, &ana, change)).await.unwrap();

    let session = scene.who(&scene.sign_in("person-1", "Ana@Example.com").await).await;
    assert_eq!(session["user"]["id"], ana.id.to_string());
    assert_eq!(session["user"]["name"], "Ana Lima");
    assert_eq!(session["grants"][0]["role"], "operator");
    let log = scene.log().await;
    for event in ["user.accepted", "user.identity_linked", "user.signed_in_by_sso", "session.begun"] {
        assert!(log.contains(&event.to_owned()), "{event}: {log:?}");
    }
    // The invitation was accepted: its link chooses no password any more.
    let secret =
        secrecy::ExposeSecret::expose_secret(&invitation.url).split_once("#token=").unwrap().1.to_owned();
    let accept = json!({ "token": secret, "name": "Eve", "password": "correct horse battery" });
    scene
        .rig
        .send(crate::rig::api_request(None, "POST", "/invitations/accept", Some(accept)))
        .await
        .problem(410);

    // The address changes at the provider; the person is the same.
    let session = scene.who(&scene.sign_in("person-1", "ana.lima@example.com").await).await;
    assert_eq!(session["user"]["id"], ana.id.to_string());
    // The old address is given to somebody else, who is not Ana.
    page(&scene.sign_in("person-2", ANA).await, 403, "another person");
}

#[tokio::test]
async fn the_sign_in_page_is_told_of_the_button() {
    let scene = Scene::new().await;
    let told = scene.get("/api/v1/setup", None).await.ok();
    assert_eq!(told["single_sign_on"], json!({ "label": "Sign in with North", "path": "/sso" }));
    let rig = Rig::start().await;
    let without = rig.send(Request::get("/api/v1/setup").body(Body::empty()).unwrap()).await.ok();
    assert_eq!(without["single_sign_on"], Value::Null);
    rig.send(Request::get("/sso").body(Body::empty()).unwrap()).await.problem(404);
}

#[tokio::test]
async fn whom_nobody_invited_or_who_was_switched_off_stays_out() {
    let scene = Scene::new().await;
    page(&scene.sign_in("stranger", "eve@example.com").await, 403, "invite this address");
    user(&scene.rig, ANA, UserRole::Operator, UserStatus::Disabled).await;
    page(&scene.sign_in("person-1", ANA).await, 403, "switched off");
    assert!(scene.log().await.contains(&"session.refused".to_owned()));

    // Also somebody who came in before.
    scene.who(&scene.sign_in("owner", &scene.owner.email).await).await;
    let off = User { status: UserStatus::Disabled, ..scene.owner.clone() };
    let change = Change::User(UserChange::Put(Box::new(off)));
    let chain = tenants::audit::Chain::Agency(AGENCY);
    scene.rig.database.commit(Changes { chain, list: vec![change] }).await.unwrap();
    page(&scene.sign_in("owner", &scene.owner.email).await, 403, "switched off");
}

#[tokio::test]
async fn a_token_that_is_not_for_this_sign_in_here_and_now_is_not_believed() {
    let scene = Scene::new().await;
    let email = scene.owner.email.clone();
    let now = scene.provider.desk().now;
    let twists: Vec<(&str, Twist)> = vec![
        ("nonce", Box::new(|claims| claims["nonce"] = json!("another"))),
        ("no nonce", Box::new(|claims| claims["nonce"] = Value::Null)),
        ("audience", Box::new(|claims| claims["aud"] = json!("somebody-else"))),
        ("several audiences", Box::new(|claims| claims["aud"] = json!(["troupe", "somebody-else"]))),
        ("another party", Box::new(|claims| claims["azp"] = json!("somebody-else"))),
        ("issuer", Box::new(|claims| claims["iss"] = json!("https://evil.example"))),
        ("expired", Box::new(move |claims| claims["exp"] = json!(now - 120))),
        ("expiry is a text", Box::new(|claims| claims["exp"] = json!("never"))),
        ("no expiry", Box::new(|claims| claims["exp"] = Value::Null)),
        ("not yet", Box::new(move |claims| claims["iat"] = json!(now + 3_600))),
        ("nobody", Box::new(|claims| claims["sub"] = json!(""))),
    ];
    for (what, twist) in twists {
        scene.provider.twist(twist);
        let reply = scene.sign_in("owner", &email).await;
        assert_eq!(reply.status.as_u16(), 502, "{what}: {}", reply.text());
        page(&reply, 502, "is not believed");
    }
    for (what, twist) in [
        ("false", Box::new(|claims: &mut Value| claims["email_verified"] = json!(false)) as Twist),
        ("missing", Box::new(|claims: &mut Value| claims["email_verified"] = Value::Null)),
        ("no address", Box::new(|claims: &mut Value| claims["email"] = Value::Null)),
    ] {
        scene.provider.twist(twist);
        let reply = scene.sign_in("owner", &email).await;
        assert_eq!(reply.status.as_u16(), 403, "{what}");
        page(&reply, 403, "does not vouch");
    }
    scene.provider.twist(|claims| {
        claims["aud"] = json!(["troupe", "another"]);
        claims["azp"] = json!("troupe");
        claims["email_verified"] = json!("true");
    });
    scene.who(&scene.sign_in("owner", &email).await).await;
}

#[tokio::test]
async fn a_sign_in_works_once_in_the_browser_that_began_it() {
    let scene = Scene::new().await;
    let email = &scene.owner.email;
    let begun = scene.begin().await;
    let path = scene.allow(&begun, "owner", email);
    page(&scene.get(&path, None).await, 400, "not known here");
    let other = scene.begin().await;
    page(&scene.get(&path, Some(&other.cookie)).await, 400, "not known here");
    page(&scene.get(&path, Some("troupe_sso=AAAA")).await, 400, "not known here");
    page(&scene.get("/sso/callback", Some(&begun.cookie)).await, 400, "not known here");
    let denied = format!("/sso/callback?error=access_denied&state={}", begun.query["state"]);
    page(&scene.get(&denied, Some(&begun.cookie)).await, 400, "access_denied");
    let mixed_up = format!("{path}&iss=https%3A%2F%2Fevil.example");
    page(&scene.get(&mixed_up, Some(&begun.cookie)).await, 502, "not believed");

    scene.who(&scene.get(&path, Some(&begun.cookie)).await).await;
    // The same again: the provider does not take its code; and with a fresh one the ticket is used up.
    page(&scene.get(&path, Some(&begun.cookie)).await, 400, "refused the code");
    let again = scene.allow(&begun, "owner", email);
    page(&scene.get(&again, Some(&begun.cookie)).await, 409, "used before");

    let late = scene.begin().await;
    let path = scene.allow(&late, "owner", email);
    scene.rig.clock.advance(Duration::from_secs(601));
    page(&scene.get(&path, Some(&late.cookie)).await, 400, "not known here");
}

#[tokio::test]
async fn new_keys_of_the_provider_are_read_and_keys_of_others_are_not_believed() {
    let scene = Scene::new().await;
    let email = &scene.owner.email;
    scene.who(&scene.sign_in("owner", email).await).await;
    {
        let mut desk = scene.provider.desk();
        let (key, public) = new_key(2);
        (desk.key, desk.key_id, desk.published) = (key, 2, vec![public]);
    }
    scene.who(&scene.sign_in("owner", email).await).await;
    // Somebody signs with a key of their own, under the name of a published one and under another.
    for id in [2, 3] {
        {
            let mut desk = scene.provider.desk();
            (desk.key, desk.key_id) = (new_key(id).0, id);
        }
        page(&scene.sign_in("owner", email).await, 502, "not believed");
    }
}

#[tokio::test]
async fn only_allowed_domains_come_in_and_their_people_may_be_taken_in() {
    let scene = Scene::with(|settings| {
        settings.allowed_domains = vec!["example.com".to_owned()];
        settings.provision = Some((AGENCY, UserRole::Viewer));
    })
    .await;
    for email in ["eve@evil.example", "eve@sub.example.com", "eve@example.com.evil.example"] {
        page(&scene.sign_in(email, email).await, 403, "may not sign in here this way");
    }
    let session = scene.who(&scene.sign_in("new", "new@example.com").await).await;
    assert_eq!(session["grants"][0]["role"], "viewer");
    assert!(scene.log().await.contains(&"user.provisioned".to_owned()));
    // Who was there keeps what they are; who was removed is not taken in again.
    let session = scene.who(&scene.sign_in("owner", &scene.owner.email).await).await;
    assert_eq!(session["grants"][0]["role"], "owner");
    let id: UserId = scene.who(&scene.sign_in("new", "new@example.com").await).await["user"]["id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let new = scene.rig.database.find_user(&id).await.unwrap().unwrap();
    scene.rig.database.commit(act(&scene.rig).remove_member(AGENCY, &new)).await.unwrap();
    let session = scene.who(&scene.sign_in("new", "new@example.com").await).await;
    assert_eq!(session["grants"], json!([]));
}

#[tokio::test]
async fn a_provider_that_is_down_or_somebody_else_is_told_in_words() {
    let scene = Scene::new().await;
    scene.provider.desk().is_down = true;
    let reply = scene.get("/sso", None).await;
    page(&reply, 503, "cannot be reached");
    {
        let mut desk = scene.provider.desk();
        (desk.is_down, desk.calls_itself) = (false, Some("https://evil.example".to_owned()));
    }
    page(&scene.get("/sso", None).await, 502, "not believed");
    scene.provider.desk().calls_itself = None;
    scene.who(&scene.sign_in("owner", &scene.owner.email).await).await;
}

#[tokio::test]
async fn of_two_first_sign_ins_of_one_person_at_once_nothing_is_tied_twice() {
    let scene = Scene::new().await;
    let email = &scene.owner.email;
    let (one, two) = (scene.begin().await, scene.begin().await);
    let (first, second) = (scene.allow(&one, "owner", email), scene.allow(&two, "twin", email));
    let replies = tokio::join!(scene.get(&first, Some(&one.cookie)), scene.get(&second, Some(&two.cookie)));
    let came_in = [&replies.0, &replies.1].into_iter().filter(|reply| reply.status.as_u16() == 303).count();
    assert_eq!(came_in, 1, "{} {}", replies.0.text(), replies.1.text());
}
