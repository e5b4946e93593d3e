//! Attempts to connect, the life of tokens, keys of the vault, requests to delete data.

use std::time::Duration;

use tenants::account::{AccountStatus, LoginFlavour, SealedSecret};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::connect::{
    AppLogin, ConnectAttempt, ConnectChange, ConnectStatus, DeletionRequest, FoundAccount, TokenFacts,
    TokenTrouble,
};
use tenants::ids::{AgencyId, AppId, ConnectId};
use tenants::ports::{Alerts, Connections, Directory, SecretPlace, UnitOfWork};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    a_state_is_used_once_and_its_tokens_are_kept_only_while_one_must_be_chosen
    nobody_finds_or_moves_an_attempt_of_another_tenant
    a_refreshed_token_is_stored_only_in_the_place_of_the_one_that_was_refreshed
    a_failed_refresh_comes_due_again_unless_there_is_another_token
    a_refusal_of_a_token_that_was_replaced_meanwhile_marks_nothing
    a_forgotten_token_is_gone_with_everything_its_login_gave
    secrets_are_sealed_anew_unless_they_changed_and_keys_are_counted
    an_app_has_its_own_login_for_instagram
    a_deletion_is_open_until_it_is_done_and_then_names_nobody
}

fn sealed(key: &str, bytes: &[u8]) -> SealedSecret {
    SealedSecret { key_id: key.to_owned(), sealed: bytes.to_vec() }
}

fn attempt(world: &World) -> ConnectAttempt {
    ConnectAttempt {
        id: ConnectId::new(&world.ids),
        tenant: world.tenant,
        app: None,
        flavour: LoginFlavour::Facebook,
        account: None,
        started_by: "cli".to_owned(),
        redirect_uri: "https://troupe.example/oauth/callback".to_owned(),
        status: ConnectStatus::Waiting,
        message: None,
        found: Vec::new(),
        scopes: Vec::new(),
        granted_by: None,
        connected: None,
        expires_at: world.now() + Duration::from_secs(900),
        created_at: world.now(),
    }
}

fn begin(attempt: &ConnectAttempt, state_hash: &str) -> Change {
    Change::Connect(ConnectChange::Begin {
        attempt: Box::new(attempt.clone()),
        state_hash: state_hash.to_owned(),
    })
}

fn advance(attempt: &ConnectAttempt, from: ConnectStatus, grant: Option<SealedSecret>) -> Change {
    Change::Connect(ConnectChange::Move { attempt: Box::new(attempt.clone()), from, grant })
}

async fn facts(world: &World) -> TokenFacts {
    world.store.token_facts(&world.tenant).await.unwrap().remove(0)
}

async fn a_state_is_used_once_and_its_tokens_are_kept_only_while_one_must_be_chosen(database: TestDatabase) {
    let world = World::new(&database).await;
    let waiting = attempt(&world);
    world.commit([begin(&waiting, "hash")]).await.unwrap();
    assert_eq!(world.store.attempt_of_state("hash").await.unwrap(), Some(waiting.clone()));
    assert_eq!(world.store.attempt_of_state("other").await.unwrap(), None);

    let found = FoundAccount {
        external_id: "17841".to_owned(),
        scoped_id: None,
        page_id: Some("1029".to_owned()),
        page_name: Some("Acme".to_owned()),
        username: "acme".to_owned(),
        token_expires_at: None,
    };
    let choosing = ConnectAttempt { status: ConnectStatus::Choosing, found: vec![found], ..waiting.clone() };
    let grant = Some(sealed("k1", &[9]));
    world.commit([advance(&choosing, ConnectStatus::Waiting, grant.clone())]).await.unwrap();
    let second = world.commit([advance(&choosing, ConnectStatus::Waiting, grant.clone())]).await;
    assert!(is_conflict(&second), "the state was used");
    assert_eq!(world.store.grant_of(&world.tenant, &waiting.id).await.unwrap(), grant);

    let done = ConnectAttempt { status: ConnectStatus::Connected, ..choosing };
    world.commit([advance(&done, ConnectStatus::Choosing, None)]).await.unwrap();
    assert_eq!(world.store.grant_of(&world.tenant, &waiting.id).await.unwrap(), None);
    assert_eq!(world.store.find_attempt(&world.tenant, &waiting.id).await.unwrap(), Some(done));

    let left = attempt(&world);
    world.commit([begin(&left, "left")]).await.unwrap();
    let open = ConnectAttempt { status: ConnectStatus::Choosing, ..left.clone() };
    world.commit([advance(&open, ConnectStatus::Waiting, Some(sealed("k1", &[8])))]).await.unwrap();
    world.store.forget_old_grants(world.now()).await.unwrap();
    assert!(world.store.grant_of(&world.tenant, &left.id).await.unwrap().is_some(), "it is not over yet");
    world.pass(Duration::from_secs(900));
    world.store.forget_old_grants(world.now()).await.unwrap();
    assert_eq!(world.store.grant_of(&world.tenant, &left.id).await.unwrap(), None);
}

async fn nobody_finds_or_moves_an_attempt_of_another_tenant(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let waiting = attempt(&world);
    assert!(is_conflict(&neighbour.commit([begin(&waiting, "hash")]).await));
    world.commit([begin(&waiting, "hash")]).await.unwrap();
    assert_eq!(world.store.find_attempt(&neighbour.tenant, &waiting.id).await.unwrap(), None);
    assert_eq!(world.store.grant_of(&neighbour.tenant, &waiting.id).await.unwrap(), None);
    let used = ConnectAttempt { status: ConnectStatus::Exchanging, ..waiting.clone() };
    assert!(is_conflict(&neighbour.commit([advance(&used, ConnectStatus::Waiting, None)]).await));
    assert_eq!(world.store.find_attempt(&world.tenant, &waiting.id).await.unwrap(), Some(waiting));
}

async fn a_refreshed_token_is_stored_only_in_the_place_of_the_one_that_was_refreshed(database: TestDatabase) {
    let world = World::new(&database).await;
    let of = facts(&world).await.set_at;
    assert_eq!(of, Some(world.now()));
    world.pass(Duration::from_secs(60));
    let refreshed = |of, byte: u8| {
        Change::Connect(ConnectChange::Refreshed {
            account: world.account,
            of,
            token: sealed("k2", &[byte]),
            expires_at: Some(world.now() + Duration::from_secs(5_184_000)),
            at: world.now(),
        })
    };
    world.commit([refreshed(of, 5)]).await.unwrap();
    let stored = world.store.sealed_token(&world.tenant, &world.account).await.unwrap();
    assert_eq!(stored, Some(sealed("k2", &[5])));
    assert_eq!(facts(&world).await.set_at, Some(world.now()));

    // The answer to an older refresh comes late, after a person has connected the account again.
    world.pass(Duration::from_secs(60));
    world.commit([world.put_account("1784acme")]).await.unwrap();
    world.commit([refreshed(of, 6)]).await.unwrap();
    let stored = world.store.sealed_token(&world.tenant, &world.account).await.unwrap();
    assert_eq!(stored, Some(sealed("k1", &[1, 2, 3])), "the token of the reconnect stays");
}

async fn a_failed_refresh_comes_due_again_unless_there_is_another_token(database: TestDatabase) {
    let world = World::new(&database).await;
    let of = facts(&world).await.set_at;
    let failed = |of| {
        Change::Connect(ConnectChange::RefreshFailed {
            account: world.account,
            of,
            retry_at: Some(world.now() + Duration::from_secs(900)),
            error: "unreachable".to_owned(),
        })
    };
    world.commit([failed(of)]).await.unwrap();
    let known = facts(&world).await;
    assert_eq!((known.failures, known.error.as_deref()), (1, Some("unreachable")));
    assert!(world.store.refreshes_due(world.now(), 10).await.unwrap().is_empty());
    world.pass(Duration::from_secs(900));
    let due = world.store.refreshes_due(world.now(), 10).await.unwrap();
    assert_eq!(due, [(world.tenant, world.account)]);

    world.commit([world.put_account("1784acme")]).await.unwrap();
    assert_eq!(facts(&world).await.failures, 0);
    world.commit([failed(of)]).await.unwrap();
    assert_eq!(facts(&world).await.failures, 0, "that was about the old token");
    assert!(world.store.refreshes_due(world.now(), 10).await.unwrap().is_empty());
}

async fn a_refusal_of_a_token_that_was_replaced_meanwhile_marks_nothing(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let refused = |since| {
        Change::Connect(ConnectChange::TokenRefused {
            account: world.account,
            status: AccountStatus::Disconnected,
            trouble: TokenTrouble::PasswordChanged,
            error: "code 190/460".to_owned(),
            since,
            alert: Box::new(world.alert("auth")),
            at: world.now(),
        })
    };
    let status =
        || async { world.store.find_account(&world.tenant, &world.account).await.unwrap().unwrap().status };
    world.pass(Duration::from_secs(1));
    let before = world.now();
    world.pass(Duration::from_secs(1));
    world.commit([world.put_account("1784acme")]).await.unwrap();
    world.commit([refused(before)]).await.unwrap();
    assert_eq!(status().await, AccountStatus::Active, "the call had begun with the old token");
    assert!(!world.store.has_open_alert("auth").await.unwrap());
    assert!(is_conflict(&neighbour.commit([refused(world.now())]).await), "an alert of somebody else");

    world.pass(Duration::from_secs(1));
    world.commit([refused(world.now())]).await.unwrap();
    assert_eq!(status().await, AccountStatus::Disconnected);
    assert_eq!(facts(&world).await.trouble, Some(TokenTrouble::PasswordChanged));
    assert!(world.store.has_open_alert("auth").await.unwrap());
}

async fn a_forgotten_token_is_gone_with_everything_its_login_gave(database: TestDatabase) {
    let world = World::new(&database).await;
    let account = world.account;
    let scopes = vec!["instagram_business_basic".to_owned()];
    let granted_by = Some("24000".to_owned());
    world
        .commit([
            Change::Connect(ConnectChange::Granted { account, scopes: scopes.clone(), granted_by }),
            Change::Connect(ConnectChange::Subscribed { account, at: Some(world.now()) }),
        ])
        .await
        .unwrap();
    let known = facts(&world).await;
    assert_eq!((known.scopes, known.subscribed_at), (scopes, Some(world.now())));
    let by_granter = world.store.accounts_of_user("24000").await.unwrap();
    assert_eq!(by_granter.iter().map(|found| found.id).collect::<Vec<_>>(), [account]);
    assert_eq!(world.store.accounts_of_user("1784acme").await.unwrap().len(), 1);
    assert!(world.store.accounts_of_user("1").await.unwrap().is_empty());

    world.commit([Change::Connect(ConnectChange::ForgetToken(account))]).await.unwrap();
    let known = facts(&world).await;
    assert_eq!((known.set_at, known.granted_by, known.subscribed_at), (None, None, None));
    assert!(known.scopes.is_empty());
    assert_eq!(world.store.sealed_token(&world.tenant, &account).await.unwrap(), None);
    assert!(world.store.accounts_of_user("24000").await.unwrap().is_empty());
}

async fn secrets_are_sealed_anew_unless_they_changed_and_keys_are_counted(database: TestDatabase) {
    let world = World::new(&database).await;
    let neighbour = world.neighbour().await;
    let uses = world.store.key_uses(world.now()).await.unwrap();
    assert_eq!(uses.iter().map(|key| (key.key_id.as_str(), key.tokens)).collect::<Vec<_>>(), [("k1", 2)]);
    let first = world.store.sealed_by("k1", 1).await.unwrap();
    assert_eq!(first[0].place, SecretPlace::Account(world.tenant, world.account));
    assert_eq!(first[0].sealed, sealed("k1", &[1, 2, 3]));

    let reseal = |account, old: &[u8]| {
        let (old, new) = (sealed("k1", old), sealed("k2", &[7]));
        Change::Connect(ConnectChange::Reseal { account, old, new })
    };
    neighbour.commit([reseal(world.account, &[1, 2, 3])]).await.unwrap();
    world.commit([reseal(world.account, &[0])]).await.unwrap();
    assert_eq!(world.store.sealed_by("k1", 9).await.unwrap().len(), 2, "not theirs; and it had changed");
    let before = facts(&world).await;
    world.commit([reseal(world.account, &[1, 2, 3])]).await.unwrap();
    assert_eq!(facts(&world).await, before, "it is the same token");
    let uses = world.store.key_uses(world.now()).await.unwrap();
    let counted: Vec<_> = uses.iter().map(|key| (key.key_id.as_str(), key.tokens)).collect();
    assert_eq!(counted, [("k1", 1), ("k2", 1)]);
}

async fn an_app_has_its_own_login_for_instagram(database: TestDatabase) {
    let world = World::new(&database).await;
    let app = tenants::account::MetaApp {
        id: AppId::new(&world.ids),
        agency: world.agency,
        tenant: None,
        external_id: "2001".to_owned(),
        verify_token: "verify".to_owned(),
        created_at: world.now(),
    };
    let login = AppLogin { app: app.id, instagram_app_id: "3001".to_owned(), secret: sealed("k1", &[4]) };
    let put = Change::PutApp { app: Box::new(app.clone()), secret: Some(sealed("k1", &[3])) };
    let with_login = Change::Connect(ConnectChange::PutAppLogin(Box::new(login.clone())));
    let of_agency = |list| Changes { chain: Chain::Agency(world.agency), list };
    assert!(world.store.commit(of_agency(vec![with_login.clone()])).await.is_err(), "there is no such app");
    world.store.commit(of_agency(vec![put, with_login])).await.unwrap();
    assert_eq!(world.store.all_app_logins().await.unwrap(), [login]);

    let places: Vec<SecretPlace> =
        world.store.sealed_by("k1", 9).await.unwrap().into_iter().map(|secret| secret.place).collect();
    let place =
        |of_instagram_login| SecretPlace::App { agency: world.agency, app: app.id, of_instagram_login };
    assert_eq!(places[1..], [place(false), place(true)]);
    for (of_instagram_login, byte) in [(false, 3), (true, 4)] {
        let (old, new) = (sealed("k1", &[byte]), sealed("k2", &[byte]));
        let change = ConnectChange::ResealApp { app: app.id, of_instagram_login, old, new };
        world.store.commit(of_agency(vec![Change::Connect(change)])).await.unwrap();
    }
    let uses = world.store.key_uses(world.now()).await.unwrap();
    assert_eq!(uses.iter().map(|key| key.app_secrets).collect::<Vec<_>>(), [0, 2]);
}

async fn a_deletion_is_open_until_it_is_done_and_then_names_nobody(database: TestDatabase) {
    let world = World::new(&database).await;
    let request = DeletionRequest {
        code: "c0de".to_owned(),
        app: None,
        user_id: "24000".to_owned(),
        received_at: world.now(),
        done_at: None,
        accounts: 0,
        tenants: 0,
    };
    let put =
        |request: &DeletionRequest| Change::Connect(ConnectChange::PutDeletion(Box::new(request.clone())));
    assert!(is_conflict(&world.commit([put(&request)]).await), "it belongs to no tenant");
    let installation = |change| Changes { chain: Chain::Agency(AgencyId::INSTALLATION), list: vec![change] };
    world.store.commit(installation(put(&request))).await.unwrap();
    assert_eq!(world.store.open_deletions(10).await.unwrap(), std::slice::from_ref(&request));
    let done = DeletionRequest {
        user_id: String::new(),
        done_at: Some(world.now()),
        accounts: 1,
        tenants: 2,
        ..request
    };
    world.store.commit(installation(put(&done))).await.unwrap();
    assert!(world.store.open_deletions(10).await.unwrap().is_empty());
    assert_eq!(world.store.find_deletion("c0de").await.unwrap(), Some(done));
}
