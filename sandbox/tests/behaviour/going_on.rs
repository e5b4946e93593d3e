//! A sandbox with a state file goes on where the one before was.

use std::{collections::HashSet, fs, path::PathBuf, time::Duration};

use chrono::TimeDelta;
use tempfile::TempDir;
use troupe_sandbox::{
    Comment, DeliveryOptions, FaultKind, NewAccount, NewComment, NewMention, NewMessage, Sandbox,
    SandboxError, SandboxOptions, TokenDeath,
};

use crate::kit::{Kit, PATIENCE, Receiver};

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("state").join("sandbox.json")
    }

    fn options(&self) -> SandboxOptions {
        SandboxOptions { state_file: Some(self.file()), ..SandboxOptions::default() }
    }

    fn delivering_to(&self, receiver: &Receiver) -> SandboxOptions {
        let deliver = DeliveryOptions {
            callback_url: Some(receiver.url.clone()),
            retry_delays: vec![Duration::from_secs(3_600)],
            ..DeliveryOptions::default()
        };
        SandboxOptions { deliver, ..self.options() }
    }

    async fn first(&self) -> Kit {
        Kit::with(self.options(), Default::default()).await
    }

    /// Starts from the file; the kit's account and token are the ones of `before`.
    async fn again(&self, before: Kit) -> Kit {
        let sandbox = Sandbox::start(self.options()).await.unwrap();
        Kit { sandbox, ..before }
    }
}

fn comment(sandbox: &Sandbox, text: &str) -> Comment {
    sandbox.comment("acme", NewComment::new("fan", text)).unwrap()
}

#[tokio::test]
async fn everything_that_was_said_is_there_after_a_restart() {
    let home = Home::new();
    let kit = home.first().await;
    let asked = comment(&kit.sandbox, "price?").id;
    kit.post(&format!("/{asked}/replies"), &[("message", "12 €")]).await.ok();
    kit.sandbox.direct_message(&kit.shop, NewMessage::new("fan", "hi")).unwrap();
    kit.send("fan", "hello").await.ok();
    let mention = NewMention { from: "critic".to_owned(), text: "@acme".to_owned(), in_caption: false };
    kit.sandbox.mention(&kit.shop, mention).unwrap();
    let seen = |kit: &Kit| {
        let state = kit.sandbox.state();
        let effects = kit.sandbox.effects();
        let secrets: Vec<_> = state.apps.iter().map(|app| (app.id.clone(), app.secret.clone())).collect();
        let counts = serde_json::json!([
            state.counts.people,
            state.counts.media,
            state.counts.comments,
            state.counts.conversations,
            state.counts.messages
        ]);
        let accounts = serde_json::to_value(&state.accounts).unwrap();
        let relation = serde_json::to_value(kit.sandbox.relation(&kit.shop, "fan").unwrap()).unwrap();
        let report = serde_json::json!([effects.items, effects.effects, effects.totals, effects.untouched]);
        (secrets, counts, accounts, relation, report)
    };
    let before = seen(&kit);
    let page = [("fields", "comments{id,text,from,replies{text,username}}")];
    let media = kit.get("/me/media", &page).await.ok();
    let threads =
        kit.get("/me/conversations", &[("platform", "instagram"), ("fields", "messages{id}")]).await.ok();
    kit.sandbox.stop().await;

    let kit = home.again(kit).await;
    assert_eq!(seen(&kit), before);
    assert_eq!(kit.get("/me/media", &page).await.ok()["data"], media["data"]);
    let again =
        kit.get("/me/conversations", &[("platform", "instagram"), ("fields", "messages{id}")]).await.ok();
    assert_eq!(again["data"], threads["data"]);
    assert_eq!(kit.sandbox.token(&kit.shop).unwrap(), kit.token);
    kit.send("fan", "the window is still open").await.ok();
}

#[tokio::test]
async fn repetitions_are_noticed_across_a_restart_and_count_for_the_same_comment() {
    let home = Home::new();
    let kit = home.first().await;
    let asked = comment(&kit.sandbox, "price?").id;
    let replies = format!("/{asked}/replies");
    kit.post(&replies, &[("message", "12 €")]).await.ok();
    let since = kit.sandbox.effects().next_since;
    kit.sandbox.stop().await;
    let kit = home.again(kit).await;
    kit.post(&replies, &[("message", "12 €")]).await.ok();
    let report = kit.sandbox.effects();
    assert_eq!(report.doubled.len(), 1);
    assert!(report.doubled[0].first <= since && report.doubled[0].again > since);
    assert_eq!(kit.sandbox.effects_of(&asked).unwrap().replies.len(), 2);
}

#[tokio::test]
async fn withdrawn_tokens_and_the_moved_clock_stay_but_faults_do_not() {
    let home = Home::new();
    let kit = home.first().await;
    kit.sandbox.revoke_token(&kit.shop, TokenDeath::PasswordChanged).unwrap();
    kit.sandbox.advance_clock(TimeDelta::days(3));
    kit.sandbox.fault(FaultKind::Http5xx { status: 503 });
    kit.sandbox.stop().await;
    let kit = home.again(kit).await;
    assert_eq!(kit.get("/me", &[]).await.error(), (400, 190, 460));
    assert_eq!(kit.sandbox.clock().advanced_seconds, 3 * 86_400);
}

#[tokio::test]
async fn a_webhook_that_was_not_accepted_before_the_stop_is_delivered_after_it() {
    let (home, receiver) = (Home::new(), Receiver::start().await);
    receiver.answer_next(&[200, 500]);
    let kit = Kit::with(home.delivering_to(&receiver), Default::default()).await;
    comment(&kit.sandbox, "arrives");
    kit.delivered().await;
    let refused = comment(&kit.sandbox, "is refused").id;
    while receiver.posts() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    kit.sandbox.stop().await;
    assert_eq!(receiver.events().len(), 1);

    // The callback comes from the file: these options name none.
    let kit = home.again(kit).await;
    kit.delivered().await;
    let events = receiver.events();
    assert_eq!((events.len(), &events[1].1["id"]), (2, &serde_json::json!(refused)));
    kit.sandbox.stop().await;
    let kit = home.again(kit).await;
    assert_eq!(kit.sandbox.pending_deliveries(), 0, "accepted ones are not sent again");
}

#[tokio::test]
async fn a_killed_sandbox_loses_only_what_came_after_the_last_save() {
    let home = Home::new();
    let kit = home.first().await;
    let kept = comment(&kit.sandbox, "kept").id;
    let holds = || fs::read_to_string(home.file()).is_ok_and(|text| text.contains(kept.as_str()));
    let saved = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, saved).await.unwrap();
    // What a kill leaves behind: the file as it is now.
    let other = Home::new();
    fs::create_dir_all(other.file().parent().unwrap()).unwrap();
    fs::copy(home.file(), other.file()).unwrap();
    let survivor = Sandbox::start(other.options()).await.unwrap();
    assert_eq!(survivor.effects_of(&kept).unwrap().inbound.text.as_deref(), Some("kept"));
}

#[tokio::test]
async fn ids_given_out_after_the_last_save_are_not_given_out_again() {
    let home = Home::new();
    let draw = |sandbox: &Sandbox, names: [&str; 2]| {
        let mut drawn = HashSet::new();
        for name in names {
            let account = sandbox.create_account(NewAccount::new(name)).unwrap();
            drawn.insert(sandbox.token(&account).unwrap());
            drawn.insert(account.user_id.to_string());
            let comment = sandbox.comment(&account, NewComment::new("fan", "hi")).unwrap();
            drawn.extend([comment.id.to_string(), comment.media.to_string()]);
            let message = sandbox.direct_message(&account, NewMessage::new("fan", "hi")).unwrap();
            drawn.extend([message.id.to_string(), message.conversation.to_string()]);
        }
        let report = sandbox.effects();
        drawn.extend(report.items.iter().map(|item| item.inbound.sequence.to_string()));
        drawn
    };
    let killed = Sandbox::start(home.options()).await.unwrap();
    let left_behind = fs::read(home.file()).unwrap();
    let lost = draw(&killed, ["one", "two"]);
    killed.stop().await;
    fs::write(home.file(), left_behind).unwrap();
    let next = Sandbox::start(home.options()).await.unwrap();
    let new = draw(&next, ["three", "four"]);
    assert!(lost.is_disjoint(&new));
}

#[tokio::test]
async fn a_reset_is_kept_and_content_ids_go_on() {
    let home = Home::new();
    let kit = home.first().await;
    let forgotten = comment(&kit.sandbox, "forgotten");
    kit.sandbox.reset();
    kit.sandbox.create_account(NewAccount::new("acme")).unwrap();
    let new = comment(&kit.sandbox, "new");
    assert_ne!((&new.id, &new.media), (&forgotten.id, &forgotten.media));
    assert_eq!(kit.sandbox.token("acme").unwrap(), kit.token);
    kit.sandbox.stop().await;
    let kit = home.again(kit).await;
    assert_eq!(kit.sandbox.state().counts.comments, 1);
    assert!(kit.sandbox.effects_of(&forgotten.id).is_none());
}

#[tokio::test]
async fn a_damaged_file_is_named_with_what_to_do_and_left_alone() {
    let home = Home::new();
    home.first().await.sandbox.stop().await;
    let mut bytes = fs::read(home.file()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    for damaged in [bytes, b"not ours".to_vec(), Vec::new()] {
        fs::write(home.file(), &damaged).unwrap();
        let error = Sandbox::start(home.options()).await.unwrap_err();
        assert!(matches!(&error, SandboxError::StateDamaged { path, .. } if *path == home.file()));
        let message = error.to_string();
        assert!(message.contains("sandbox.json") && message.contains("delete it"), "{message}");
        assert_eq!(fs::read(home.file()).unwrap(), damaged);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_kept_is_refused_at_the_start() {
    let home = Home::new();
    let inside_a_file = home.0.path().join("file").join("sandbox.json");
    fs::write(home.0.path().join("file"), "").unwrap();
    let options = SandboxOptions { state_file: Some(inside_a_file), ..SandboxOptions::default() };
    let refused = Sandbox::start(options).await.unwrap_err();
    assert!(matches!(refused, SandboxError::StateUnreadable { .. } | SandboxError::StateUnwritable { .. }));
    let folder = SandboxOptions { state_file: Some(home.0.path().into()), ..SandboxOptions::default() };
    let refused = Sandbox::start(folder).await.unwrap_err();
    assert!(matches!(refused, SandboxError::StateUnreadable { .. }));
}
