//! People who sign in: one user an address, one first set-up, secrets that work once, an owner that stays.

use std::time::Duration;

use tenants::access::UserRole;
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::ids::{SessionId, UserId};
use tenants::ports::{StoreError, UnitOfWork, Users};
use tenants::user::{Grant, Session, SessionSecrets, TokenKind, User, UserChange, UserStatus, UserToken};
use troupe_storage::testing::TestDatabase;

use crate::contract;
use crate::world::{World, is_conflict};

contract! {
    a_user_is_read_back_with_what_they_are_in_each_agency
    an_address_belongs_to_one_user
    of_many_who_set_up_at_once_exactly_one_does
    a_session_is_found_by_its_token_until_it_is_refreshed_or_ended
    of_two_who_refresh_a_session_at_once_one_does
    a_new_password_ends_every_session
    a_secret_that_was_sent_works_once_and_not_for_ever
    an_agency_keeps_an_owner_even_when_two_leave_at_once
    grants_of_other_agencies_are_neither_given_nor_taken
    refused_sign_ins_are_counted_until_one_is_not
}

async fn commit(world: &World, list: impl IntoIterator<Item = UserChange>) -> Result<(), StoreError> {
    let list = list.into_iter().map(Change::User).collect();
    world.store.commit(Changes { chain: Chain::Agency(world.agency), list }).await
}

fn user(world: &World, email: &str) -> User {
    User {
        id: UserId::new(&world.ids),
        email: email.to_owned(),
        name: "Ana".to_owned(),
        status: UserStatus::Active,
        last_sign_in_at: None,
        created_at: world.now(),
    }
}

async fn member(world: &World, email: &str, role: UserRole) -> User {
    let user = user(world, email);
    let grants = vec![Grant { agency: world.agency, tenant: None, role }];
    let set = UserChange::SetGrants { user: user.id, grants };
    commit(world, [UserChange::Put(Box::new(user.clone())), set]).await.unwrap();
    user
}

fn session(world: &World, user: &User) -> Session {
    Session {
        id: SessionId::new(&world.ids),
        user: user.id,
        csrf: "c5rf".to_owned(),
        expires_at: world.now() + Duration::from_secs(900),
        ends_at: world.now() + Duration::from_secs(86_400),
        ip: Some("192.0.2.1".to_owned()),
        user_agent: Some("Firefox".to_owned()),
        created_at: world.now(),
        refreshed_at: world.now(),
    }
}

fn secrets(name: &str) -> SessionSecrets {
    SessionSecrets { token: format!("token-{name}"), refresh: format!("refresh-{name}") }
}

async fn begun(world: &World, user: &User, name: &str) -> Session {
    let session = session(world, user);
    let begin = UserChange::Begin { session: Box::new(session.clone()), secrets: secrets(name) };
    commit(world, [begin]).await.unwrap();
    session
}

fn refresh(session: &Session, used: &str, name: &str) -> UserChange {
    UserChange::Refresh { session: Box::new(session.clone()), used: used.to_owned(), secrets: secrets(name) }
}

async fn a_user_is_read_back_with_what_they_are_in_each_agency(database: TestDatabase) {
    let world = World::new(&database).await;
    let ana = member(&world, "ana@example.com", UserRole::Viewer).await;
    let of_tenant = Grant { agency: world.agency, tenant: Some(world.tenant), role: UserRole::Operator };
    let of_agency = Grant { agency: world.agency, tenant: None, role: UserRole::Viewer };
    let grants = vec![of_agency, of_tenant];
    commit(&world, [UserChange::SetGrants { user: ana.id, grants }]).await.unwrap();
    let hash = "$argon2id$…".to_owned();
    commit(&world, [UserChange::SetPassword { user: ana.id, hash: hash.clone() }]).await.unwrap();
    let found = world.store.find_credentials("ana@example.com").await.unwrap().unwrap();
    assert_eq!((&found.user, found.password_hash), (&ana, Some(hash)));
    let mut grants = world.store.grants_of(&ana.id).await.unwrap();
    grants.sort_by_key(|grant| grant.tenant);
    assert_eq!(grants, [of_agency, of_tenant]);
    let listed = world.store.list_users(&world.agency).await.unwrap();
    assert_eq!((listed.len(), &listed[0].0, listed[0].1.len()), (1, &ana, 2));
    let elsewhere = world.another_agency().await;
    assert!(world.store.list_users(&elsewhere.agency).await.unwrap().is_empty());
    assert!(world.store.find_credentials("nobody@example.com").await.unwrap().is_none());
}

async fn an_address_belongs_to_one_user(database: TestDatabase) {
    let world = World::new(&database).await;
    member(&world, "ana@example.com", UserRole::Owner).await;
    let second = UserChange::Put(Box::new(user(&world, "ana@example.com")));
    assert!(is_conflict(&commit(&world, [second]).await));
}

async fn of_many_who_set_up_at_once_exactly_one_does(database: TestDatabase) {
    let world = World::new(&database).await;
    assert!(!world.store.is_set_up().await.unwrap());
    let many = (0..6).map(|number| {
        let put = UserChange::Put(Box::new(user(&world, &format!("owner{number}@example.com"))));
        commit(&world, [UserChange::SetUp, put])
    });
    let answers = futures::future::join_all(many).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().filter(|answer| answer.is_err()).all(is_conflict));
    assert!(world.store.is_set_up().await.unwrap());
}

async fn a_session_is_found_by_its_token_until_it_is_refreshed_or_ended(database: TestDatabase) {
    let world = World::new(&database).await;
    let ana = member(&world, "ana@example.com", UserRole::Owner).await;
    let session = begun(&world, &ana, "1").await;
    let found = world.store.find_session("token-1").await.unwrap();
    assert_eq!(found, Some((session.clone(), ana.clone())));
    commit(&world, [refresh(&session, "refresh-1", "2")]).await.unwrap();
    assert!(world.store.find_session("token-1").await.unwrap().is_none());
    assert_eq!(world.store.find_refresh("refresh-2").await.unwrap(), Some((session.clone(), true)));
    let replaced = world.store.find_refresh("refresh-1").await.unwrap();
    assert_eq!(replaced, Some((session.clone(), false)), "who uses it now may have stolen it");
    commit(&world, [UserChange::End(session.id)]).await.unwrap();
    assert!(world.store.find_session("token-2").await.unwrap().is_none());
    assert!(world.store.sessions_of(&ana.id, world.now()).await.unwrap().is_empty());
}

async fn of_two_who_refresh_a_session_at_once_one_does(database: TestDatabase) {
    let world = World::new(&database).await;
    let ana = member(&world, "ana@example.com", UserRole::Owner).await;
    let session = begun(&world, &ana, "1").await;
    let both = ["2", "3"].map(|name| commit(&world, [refresh(&session, "refresh-1", name)]));
    let answers = futures::future::join_all(both).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
}

async fn a_new_password_ends_every_session(database: TestDatabase) {
    let world = World::new(&database).await;
    let ana = member(&world, "ana@example.com", UserRole::Owner).await;
    let eva = member(&world, "eva@example.com", UserRole::Owner).await;
    for (user, name) in [(&ana, "1"), (&ana, "2"), (&eva, "3")] {
        begun(&world, user, name).await;
    }
    commit(&world, [UserChange::SetPassword { user: ana.id, hash: "h".into() }]).await.unwrap();
    assert!(world.store.sessions_of(&ana.id, world.now()).await.unwrap().is_empty());
    assert_eq!(world.store.sessions_of(&eva.id, world.now()).await.unwrap().len(), 1);
    let nobody = UserChange::SetPassword { user: UserId::new(&world.ids), hash: "h".into() };
    assert!(is_conflict(&commit(&world, [nobody]).await));
}

async fn a_secret_that_was_sent_works_once_and_not_for_ever(database: TestDatabase) {
    let world = World::new(&database).await;
    let ana = member(&world, "ana@example.com", UserRole::Owner).await;
    let token = |hash: &str| UserToken {
        hash: hash.to_owned(),
        kind: TokenKind::PasswordReset,
        user: Some(ana.id),
        expires_at: world.now() + Duration::from_secs(3_600),
        created_at: world.now(),
    };
    let add = |hash: &str| UserChange::AddToken(Box::new(token(hash)));
    let using = |hash: &str| UserChange::UseToken { hash: hash.to_owned(), at: world.now() };
    commit(&world, [add("first")]).await.unwrap();
    commit(&world, [add("second")]).await.unwrap();
    assert!(world.store.find_token("first").await.unwrap().is_none(), "the newer one replaces it");
    assert_eq!(world.store.find_token("second").await.unwrap(), Some(token("second")));
    let both = [commit(&world, [using("second")]), commit(&world, [using("second")])];
    let answers = futures::future::join_all(both).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(world.store.find_token("second").await.unwrap().is_none());
    commit(&world, [add("third")]).await.unwrap();
    world.pass(Duration::from_secs(3_601));
    assert!(is_conflict(&commit(&world, [using("third")]).await));
}

async fn an_agency_keeps_an_owner_even_when_two_leave_at_once(database: TestDatabase) {
    let world = World::new(&database).await;
    let (ana, eva) = (
        member(&world, "ana@example.com", UserRole::Owner).await,
        member(&world, "eva@example.com", UserRole::Owner).await,
    );
    let leave = |user: &User| commit(&world, [UserChange::SetGrants { user: user.id, grants: Vec::new() }]);
    let answers = futures::future::join_all([leave(&ana), leave(&eva)]).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert_eq!(world.store.list_users(&world.agency).await.unwrap().len(), 1);
}

async fn grants_of_other_agencies_are_neither_given_nor_taken(database: TestDatabase) {
    let world = World::new(&database).await;
    let other = world.another_agency().await;
    let ana = member(&world, "ana@example.com", UserRole::Owner).await;
    let foreign = vec![Grant { agency: other.agency, tenant: None, role: UserRole::Owner }];
    let give = UserChange::SetGrants { user: ana.id, grants: foreign.clone() };
    assert!(is_conflict(&commit(&world, [give.clone()]).await));
    commit(&other, [give]).await.unwrap();
    member(&world, "eva@example.com", UserRole::Owner).await;
    commit(&world, [UserChange::SetGrants { user: ana.id, grants: Vec::new() }]).await.unwrap();
    assert_eq!(world.store.grants_of(&ana.id).await.unwrap(), foreign);
    let stray = vec![Grant { agency: world.agency, tenant: Some(other.tenant), role: UserRole::Owner }];
    let stray = commit(&world, [UserChange::SetGrants { user: ana.id, grants: stray }]).await;
    assert!(is_conflict(&stray), "the tenant belongs to another agency");
}

async fn refused_sign_ins_are_counted_until_one_is_not(database: TestDatabase) {
    let world = World::new(&database).await;
    let ana = member(&world, "ana@example.com", UserRole::Owner).await;
    let fail = || UserChange::NoteFailure { email_hash: "hash".to_owned(), at: world.now() };
    let both = futures::future::join_all([commit(&world, [fail()]), commit(&world, [fail()])]).await;
    assert!(both.iter().all(Result::is_ok));
    assert_eq!(world.store.failures("hash").await.unwrap().count, 2);
    world.pass(Duration::from_secs(86_401));
    let elsewhere = UserChange::NoteFailure { email_hash: "other".to_owned(), at: world.now() };
    commit(&world, [elsewhere]).await.unwrap();
    assert_eq!(world.store.failures("hash").await.unwrap().count, 0, "after a day they are forgotten");
    commit(&world, [fail()]).await.unwrap();
    let at = world.now();
    commit(&world, [UserChange::NoteSignIn { user: ana.id, email_hash: "hash".into(), at }]).await.unwrap();
    assert_eq!(world.store.failures("hash").await.unwrap().count, 0);
    assert_eq!(world.store.find_user(&ana.id).await.unwrap().unwrap().last_sign_in_at, Some(at));
}
