//! The real binary, set up through its own command line, killed without warning while people write: nothing is lost,
//! nothing is doubled. Instagram (the sandbox) lives on in this process, as the real one would.

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sandbox::{
    CommentId, Fault, FaultKind, LimitOptions, NewAccount, NewComment, NewMedia, Sandbox, SandboxOptions,
    Subscription,
};
use serde_json::Value;
use tenants::clock::{Clock, SystemClock};

const KILLS: usize = 5;
const COMMENTS_PER_LIFE: usize = 12;
const PATIENCE: Duration = Duration::from_secs(90);

struct Installation {
    folder: tempfile::TempDir,
    sandbox: Sandbox,
    port: u16,
}

impl Installation {
    fn command(&self, arguments: &[&str]) -> Command {
        let app = self.sandbox.apps().remove(0);
        let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
        command
            .args(arguments)
            .arg("--json")
            .env("TROUPE__DATA__DIR", format!("\"{}\"", self.folder.path().display()))
            .env("TROUPE__HTTP__LISTEN", format!("\"127.0.0.1:{}\"", self.port))
            .env("TROUPE__INSTAGRAM__INSTAGRAM_BASE_URL", format!("\"{}\"", self.sandbox.base_url()))
            .env("TROUPE__INSTAGRAM__FACEBOOK_BASE_URL", format!("\"{}\"", self.sandbox.base_url()))
            .env("TROUPE__INSTAGRAM__APP__ID", format!("\"{}\"", app.id.as_str()))
            .env("TROUPE__INSTAGRAM__APP__SECRETS", format!("[\"{}\"]", app.secret))
            .env("TROUPE__INSTAGRAM__APP__VERIFY_TOKEN", format!("\"{}\"", app.verify_token))
            .env("TROUPE__DISPATCHER__READ_BACK_DELAY_MS", "200")
            .env("TROUPE__DISPATCHER__POLL_INTERVAL_MS", "200")
            .env("TROUPE__LOG__LEVEL", "\"error\"");
        command
    }

    /// Runs a command to its end; its answer.
    fn run(&self, arguments: &[&str], input: &str) -> Value {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("troupe starts");
        child.stdin.take().expect("an input").write_all(input.as_bytes()).expect("it reads");
        let done = child.wait_with_output().expect("it ends");
        assert!(done.status.success(), "troupe {arguments:?} failed");
        serde_json::from_slice(&done.stdout).expect("JSON")
    }

    /// Starts a node and waits until it is ready.
    async fn serve(&self) -> Child {
        let child = self.command(&["serve"]).stdout(Stdio::null()).spawn().expect("troupe starts");
        let deadline = SystemClock.now() + PATIENCE;
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(SystemClock.now() < deadline, "the node never listened");
            SystemClock.sleep(Duration::from_millis(20)).await;
        }
        child
    }

    fn replies(&self, comments: &[CommentId]) -> Vec<usize> {
        comments.iter().map(|comment| self.sandbox.replies_of(comment).len()).collect()
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

async fn sandbox() -> Sandbox {
    let mut options = SandboxOptions { limits: LimitOptions::unlimited(), ..SandboxOptions::default() };
    // While the node is down deliveries fail; they must come again soon.
    options.deliver.retry_delays = [200; 300].map(Duration::from_millis).to_vec();
    Sandbox::start(options).await.expect("a sandbox")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_killed_again_and_again_loses_and_doubles_nothing() {
    let installation = Installation {
        folder: tempfile::tempdir().expect("a folder"),
        sandbox: sandbox().await,
        port: free_port(),
    };
    let shop = set_up(&installation);
    switch_on_faults(&installation.sandbox);

    let mut comments = Vec::new();
    for life in 0..=KILLS {
        let mut node = installation.serve().await;
        if life == 0 {
            subscribe(&installation).await;
        }
        for number in 0..COMMENTS_PER_LIFE {
            let comment = NewComment::new(format!("fan_{life}_{number}"), "I love this so much, thank you!");
            comments.push(installation.sandbox.comment(&shop, comment).expect("a comment").id);
        }
        if life < KILLS {
            // Another moment each time: before, during and after decisions and calls.
            SystemClock.sleep(Duration::from_millis(40 + 70 * life as u64)).await;
        } else {
            all_answered(&installation, &comments).await;
        }
        node.kill().expect("it can be killed");
        node.wait().expect("it is gone");
    }
    let once = vec![1; comments.len()];
    assert_eq!(installation.replies(&comments), once);
    assert!(installation.sandbox.effects().doubled.is_empty());
    let chains = installation.run(&["audit", "verify"], "");
    assert!(
        chains.as_array().expect("chains").iter().all(|chain| chain["verdict"]["verdict"] == "intact"),
        "{chains}"
    );
    installation.sandbox.stop().await;
}

/// Agency, tenant and account, as the README says.
fn set_up(installation: &Installation) -> String {
    let there = installation.sandbox.create_account(NewAccount::new("acme")).expect("a free handle");
    installation.sandbox.create_media(&there, NewMedia::post("new")).expect("a post");
    let token = installation.sandbox.token(&there).expect("a token");
    installation.run(&["migrate"], "");
    installation.run(&["agency", "create", "Agency"], "");
    installation.run(&["tenant", "create", "acme", "Acme"], "");
    let id = there.user_id.as_str();
    let connect = ["account", "connect", "acme", "--external-id", id, "--username", "acme"];
    let account = installation.run(&connect, &token);
    assert_eq!(account["status"], "active");
    id.to_owned()
}

async fn subscribe(installation: &Installation) {
    let app = installation.sandbox.apps().remove(0);
    let callback_url = format!("http://127.0.0.1:{}/webhooks/instagram", installation.port);
    let to = Subscription { callback_url, ..Subscription::default() };
    installation.sandbox.subscribe(&app.id, to).await.expect("the handshake");
}

fn switch_on_faults(sandbox: &Sandbox) {
    sandbox.fault(Fault::new(FaultKind::DuplicateWebhooks { copies: 1 }).with_probability(0.2));
    sandbox.fault(Fault::new(FaultKind::DoneBut500 { status: 500 }).with_probability(0.1));
    sandbox.fault(Fault::new(FaultKind::DoneButConnectionDropped { hang: false }).with_probability(0.1));
}

async fn all_answered(installation: &Installation, comments: &[CommentId]) {
    let deadline = SystemClock.now() + PATIENCE;
    loop {
        let replies = installation.replies(comments);
        if replies.iter().all(|count| *count > 0) && nothing_is_open(installation) {
            return;
        }
        assert!(SystemClock.now() < deadline, "not all were answered: {replies:?}");
        SystemClock.sleep(Duration::from_millis(50)).await;
    }
}

/// True when no webhook is under way and every effect has come to its end.
fn nothing_is_open(installation: &Installation) -> bool {
    let counts = installation.run(&["queue", "status"], "");
    let settled =
        |count: &Value| ["sent", "skipped", "cancelled"].iter().any(|state| count["state"] == *state);
    installation.sandbox.pending_deliveries() == 0
        && counts.as_array().is_some_and(|counts| counts.iter().all(settled))
}
