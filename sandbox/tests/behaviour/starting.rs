use std::time::Duration;

use troupe_sandbox::{NewAccount, NewComment, Sandbox, SandboxError, SandboxOptions};

use crate::kit::Kit;

#[tokio::test]
async fn a_taken_port_is_named_with_what_to_do_next() {
    let kit = Kit::start().await;
    let options = SandboxOptions { listen: kit.sandbox.addr(), ..SandboxOptions::default() };
    let error = Sandbox::start(options).await.unwrap_err();
    assert!(matches!(error, SandboxError::PortTaken { address } if address == kit.sandbox.addr()));
    let message = error.to_string();
    assert!(
        message.contains(&kit.sandbox.addr().port().to_string()) && message.contains("choose another port")
    );
}

#[tokio::test]
async fn stopping_is_quick_even_with_open_connections_and_frees_the_port() {
    let kit = Kit::start().await;
    kit.get("/me", &[]).await.ok();
    let stopped = tokio::time::timeout(Duration::from_secs(6), kit.sandbox.stop()).await;
    assert!(stopped.is_ok());
    let options = SandboxOptions { listen: kit.sandbox.addr(), ..SandboxOptions::default() };
    assert!(Sandbox::start(options).await.is_ok());
}

#[tokio::test]
async fn the_same_seed_gives_the_same_ids_and_secrets() {
    let draw = || async {
        let sandbox = Sandbox::start(SandboxOptions { seed: 77, ..SandboxOptions::default() }).await.unwrap();
        let shop = sandbox.create_account(NewAccount::new("acme")).unwrap();
        let token = sandbox.token(&shop).unwrap();
        let comment = sandbox.comment(&shop, NewComment::new("fan", "hi")).unwrap();
        (shop.user_id, token, comment.id, sandbox.apps()[0].secret.clone())
    };
    assert_eq!(draw().await, draw().await);
}

#[tokio::test]
async fn a_later_sandbox_keeps_accounts_and_tokens_but_repeats_no_content_ids() {
    let start = |content_ids_from| async move {
        let options = SandboxOptions { content_ids_from, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let shop = sandbox.create_account(NewAccount::new("acme")).unwrap();
        let comment = sandbox.comment(&shop, NewComment::new("fan", "hi")).unwrap();
        let igsid = sandbox.relation(&shop, "fan").unwrap().igsid;
        ((shop.user_id.clone(), sandbox.token(&shop).unwrap(), igsid), comment.id)
    };
    let (first, second) = (start(0).await, start(1_795_123_456_789_012).await);
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1);
}

#[tokio::test]
async fn the_index_page_points_to_the_control_api() {
    let kit = Kit::start().await;
    let page = kit.client.get(kit.url("/")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("/_sandbox"));
}
