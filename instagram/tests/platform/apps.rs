//! Whose webhooks are believed.

use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::SecretString;
use sha2::Sha256;
use tenants::account::MetaApp;
use tenants::ids::{AgencyId, AppId};
use troupe_instagram::webhook::HandshakeError;
use troupe_instagram::{OwnApp, SignatureError, Vault, Verified, VerifyError, WebhookApps};

use crate::support::{FakeDirectory, NOW, ids, vault};

const BODY: &[u8] = br#"{"object":"instagram","entry":[]}"#;

fn signed(secret: &str) -> String {
    let digest = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(BODY).finalize();
    format!("sha256={}", hex::encode(digest.into_bytes()))
}

fn own() -> OwnApp {
    let secrets = ["meta-secret", "instagram-secret"].map(SecretString::from).to_vec();
    OwnApp { id: "100".into(), secrets, verify_token: SecretString::from("own-token") }
}

fn brought(
    external_id: &str,
    vault: &Vault,
    secret: Option<&str>,
) -> (MetaApp, Option<tenants::account::SealedSecret>) {
    let ids = ids();
    let app = MetaApp {
        id: AppId::new(&ids),
        agency: AgencyId::new(&ids),
        tenant: None,
        external_id: external_id.to_owned(),
        verify_token: "their-token".to_owned(),
        created_at: NOW,
    };
    let sealed =
        secret.map(|secret| vault.seal_app_secret(external_id, &SecretString::from(secret)).unwrap());
    (app, sealed)
}

struct Room {
    apps: WebhookApps,
    directory: Arc<FakeDirectory>,
    vault: Vault,
}

async fn room() -> Room {
    let vault = vault();
    let directory = Arc::new(FakeDirectory::default());
    *directory.apps.lock().unwrap() = vec![brought("200", &vault, Some("their-secret"))];
    let apps = WebhookApps::load(Some(own()), directory.as_ref(), &vault).await.unwrap();
    Room { apps, directory, vault }
}

#[tokio::test]
async fn the_own_app_signs_with_either_of_its_secrets() {
    let Room { apps, .. } = room().await;
    let expected = Verified { app: None, external_app_id: "100".into() };
    for secret in ["meta-secret", "instagram-secret"] {
        assert_eq!(apps.verify(None, BODY, Some(&signed(secret))), Ok(expected.clone()));
        assert_eq!(apps.verify(Some("100"), BODY, Some(&signed(secret))), Ok(expected.clone()));
    }
}

#[tokio::test]
async fn an_agency_app_is_believed_at_its_own_address_only() {
    let Room { apps, .. } = room().await;
    let header = signed("their-secret");
    let verified = apps.verify(Some("200"), BODY, Some(&header)).unwrap();
    assert_eq!(verified.external_app_id, "200");
    assert!(verified.app.is_some());
    let wrong = Err(VerifyError::Signature(SignatureError::Wrong));
    assert_eq!(apps.verify(None, BODY, Some(&header)), wrong);
    assert_eq!(apps.verify(Some("200"), BODY, Some(&signed("meta-secret"))), wrong);
    assert_eq!(apps.verify(Some("300"), BODY, Some(&header)), Err(VerifyError::NotFound));
    assert_eq!(apps.verify(Some("200"), BODY, None), Err(VerifyError::Signature(SignatureError::Missing)));
}

#[tokio::test]
async fn an_app_without_a_usable_secret_asks_for_one_and_spoils_no_other() {
    let Room { apps, directory, vault } = room().await;
    let moved = (brought("301", &vault, None).0, brought("302", &vault, Some("x")).1);
    let good = brought("303", &vault, Some("good"));
    *directory.apps.lock().unwrap() = vec![brought("300", &vault, None), moved, good];
    apps.reload(directory.as_ref(), &vault).await.unwrap();
    for id in ["300", "301"] {
        let expected = Err(VerifyError::NoSecret { external_app_id: id.into() });
        assert_eq!(apps.verify(Some(id), BODY, Some(&signed("x"))), expected);
    }
    assert!(apps.verify(Some("303"), BODY, Some(&signed("good"))).is_ok());
    assert_eq!(apps.verify(Some("200"), BODY, Some(&signed("their-secret"))), Err(VerifyError::NotFound));
}

#[tokio::test]
async fn a_failed_reload_keeps_what_is_known() {
    let Room { apps, directory, vault } = room().await;
    *directory.broken.lock().unwrap() = true;
    assert!(apps.reload(directory.as_ref(), &vault).await.is_err());
    assert!(apps.verify(Some("200"), BODY, Some(&signed("their-secret"))).is_ok());
}

#[tokio::test]
async fn without_an_own_app_the_plain_address_does_not_exist() {
    let vault = vault();
    let apps = WebhookApps::load(None, &FakeDirectory::default(), &vault).await.unwrap();
    assert_eq!(apps.verify(None, BODY, Some(&signed("x"))), Err(VerifyError::NotFound));
    let without_secret = OwnApp { secrets: vec![SecretString::from("")], ..own() };
    let apps = WebhookApps::load(Some(without_secret), &FakeDirectory::default(), &vault).await.unwrap();
    assert!(matches!(apps.verify(None, BODY, Some(&signed(""))), Err(VerifyError::NoSecret { .. })));
}

#[tokio::test]
async fn a_handshake_gives_back_the_challenge_for_the_right_token() {
    let Room { apps, .. } = room().await;
    let shake = |app, token| apps.handshake(app, Some("subscribe"), Some(token), Some("1158201444"));
    assert_eq!(shake(None, "own-token").unwrap(), "1158201444");
    assert_eq!(shake(Some("200"), "their-token").unwrap(), "1158201444");
    assert_eq!(shake(Some("200"), "own-token"), Err(HandshakeError::WrongToken));
    assert_eq!(shake(Some("300"), "their-token"), Err(HandshakeError::NotFound));
    for (mode, token, challenge) in [
        (None, Some("own-token"), Some("1")),
        (Some("unsubscribe"), Some("own-token"), Some("1")),
        (Some("subscribe"), None, Some("1")),
        (Some("subscribe"), Some("own-token"), None),
    ] {
        assert_eq!(apps.handshake(None, mode, token, challenge), Err(HandshakeError::Incomplete));
    }
}

#[tokio::test]
async fn apps_show_no_secrets() {
    let Room { apps, .. } = room().await;
    let shown = format!("{apps:?} {:?}", own());
    assert!(shown.contains("100") && shown.contains("200"));
    assert!(!shown.contains("secret\"") && !shown.contains("token\""), "{shown}");
}
