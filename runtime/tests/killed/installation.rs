//! An installation as the README tells to make it: the real binary, a database, and a sandbox in Instagram's place.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sandbox::{LimitOptions, NewAccount, NewMedia, Sandbox, SandboxOptions, Subscription};
use serde_json::{Value, json};
use storage::testing::TestDatabase;
use tempfile::TempDir;
use tenants::clock::{Clock, SystemClock};

/// Longest wait for anything; reached only when something is broken.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// See the module.
pub struct Installation {
    pub sandbox: Sandbox,
    pub database: TestDatabase,
    /// Instagram ids of the accounts, one for each tenant.
    pub shops: Vec<String>,
    folder: TempDir,
    port: u16,
    key: String,
}

/// A running process of the real binary. It does not outlive the test.
pub struct Node {
    child: Child,
}

impl Node {
    /// Ends it as `kill -9` does: nothing of it runs any more when this returns.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails the test when the process has ended by itself.
    pub fn assert_lives(&mut self) {
        let ended = self.child.try_wait().expect("its state is known");
        assert!(ended.is_none(), "the node ended by itself: {ended:?}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Installation {
    /// Sets everything up through the command line, `shops` tenants with an account each. No node runs yet.
    pub async fn new(database: TestDatabase, shops: usize) -> Self {
        let mut installation = Self {
            sandbox: sandbox().await,
            database,
            shops: Vec::new(),
            folder: tempfile::tempdir().expect("a folder"),
            port: free_port(),
            key: String::new(),
        };
        installation.run(&["migrate"], "");
        installation.run(&["agency", "create", "Agency"], "");
        let key = installation.run(&["key", "create", "ops"], "");
        installation.key = key["key"].as_str().expect("the key's text").to_owned();
        for number in 0..shops {
            let shop = installation.open_shop(&format!("shop-{number}"));
            installation.shops.push(shop);
        }
        installation
    }

    fn open_shop(&self, slug: &str) -> String {
        let username = slug.replace('-', ".");
        let there = self.sandbox.create_account(NewAccount::new(&username)).expect("a free handle");
        self.sandbox.create_media(&there, NewMedia::post("new")).expect("a post");
        let token = self.sandbox.token(&there).expect("a token");
        self.run(&["tenant", "create", slug, slug], "");
        let id = there.user_id.as_str();
        let add = ["account", "add", slug, "--external-id", id, "--username", &username];
        assert_eq!(self.run(&add, &token)["status"], "active");
        id.to_owned()
    }

    fn command(&self, program: &str) -> Command {
        let app = self.sandbox.apps().remove(0);
        let text = |value: &str| format!("\"{value}\"");
        let mut command = Command::new(program);
        command
            .env("TROUPE__DATA__DIR", text(&self.folder.path().display().to_string()))
            .env("TROUPE__DATABASE__URL", text(self.database.url()))
            .env("TROUPE__HTTP__LISTEN", text(&format!("127.0.0.1:{}", self.port)))
            .env("TROUPE__INSTAGRAM__INSTAGRAM_BASE_URL", text(&self.sandbox.base_url()))
            .env("TROUPE__INSTAGRAM__FACEBOOK_BASE_URL", text(&self.sandbox.base_url()))
            .env("TROUPE__INSTAGRAM__REQUEST_TIMEOUT_MS", "2000")
            .env("TROUPE__INSTAGRAM__APP__ID", text(app.id.as_str()))
            .env("TROUPE__INSTAGRAM__APP__SECRETS", format!("[\"{}\"]", app.secret))
            .env("TROUPE__INSTAGRAM__APP__VERIFY_TOKEN", text(&app.verify_token))
            .env("TROUPE__MEDIA__PUBLIC_URL", text(&format!("http://127.0.0.1:{}", self.port)))
            .env("TROUPE__ACTORS__POLL_EVERY_MS", "200")
            // Longer than anything that was under way at a kill can stay under way in the sandbox.
            .env("TROUPE__DISPATCHER__READ_BACK_DELAY_MS", "1000")
            .env("TROUPE__DISPATCHER__POLL_INTERVAL_MS", "200")
            // So many lost answers look like an Instagram that is down.
            .env("TROUPE__DISPATCHER__BREAKER__OPEN_US", "200000")
            .env("TROUPE__DISPATCHER__BREAKER__OPEN_MAX_US", "400000")
            // Receivers of webhooks are on this machine, and a try that was cut off counts as lost soon.
            .env("TROUPE__NOTICES__ALLOW_PRIVATE_ADDRESSES", "true")
            .env("TROUPE__NOTICES__TIMEOUT_MS", "2000")
            .env("TROUPE__LOG__LEVEL", text("error"));
        command
    }

    /// Runs a command to its end; its answer.
    pub fn run(&self, arguments: &[&str], input: &str) -> Value {
        let mut child = self
            .command(env!("CARGO_BIN_EXE_troupe"))
            .args(arguments)
            .arg("--json")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("troupe starts");
        child.stdin.take().expect("an input").write_all(input.as_bytes()).expect("it reads");
        let done = child.wait_with_output().expect("it ends");
        assert!(done.status.success(), "troupe {arguments:?} failed");
        serde_json::from_slice(&done.stdout).expect("JSON")
    }

    /// Says these messages to `troupe mcp`; what it complains about, and what it answers when every request has an answer.
    pub fn speak_mcp(&self, messages: &[Value]) -> (String, Vec<Value>) {
        let mut command = self.command(env!("CARGO_BIN_EXE_troupe"));
        command.env("TROUPE_API_KEY", &self.key).args([
            "mcp",
            "--url",
            &format!("http://127.0.0.1:{}", self.port),
        ]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("troupe starts");
        let mut input = child.stdin.take().expect("an input");
        for message in messages {
            writeln!(input, "{message}").expect("it reads");
        }
        let mut output = BufReader::new(child.stdout.take().expect("an output")).lines();
        let asked = messages.iter().filter(|message| message.get("id").is_some()).count();
        let answers = output.by_ref().take(asked).map(|line| line.expect("a line"));
        let answers = answers.map(|line| serde_json::from_str(&line).expect("JSON")).collect();
        drop(input);
        let done = child.wait_with_output().expect("it ends");
        (String::from_utf8_lossy(&done.stderr).into_owned(), answers)
    }

    /// Starts a node and does not wait for anything.
    pub fn start(&self) -> Node {
        let mut command = self.command(env!("CARGO_BIN_EXE_troupe"));
        let child = command.arg("serve").stdout(Stdio::null()).spawn().expect("troupe starts");
        Node { child }
    }

    /// Starts a node that is told when a file may not grow, instead of being ended for it, as it would be told of a
    /// full disk; waits until it takes webhooks.
    pub async fn serve_without_file_size_signals(&self) -> Node {
        let mut command = self.command("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" serve", env!("CARGO_BIN_EXE_troupe")]);
        let mut node = Node { child: command.stdout(Stdio::null()).spawn().expect("a shell starts") };
        self.until_ready(&mut node).await;
        node
    }

    /// Waits until a node takes webhooks. It listens before that: a connection alone says nothing.
    pub async fn until_ready(&self, node: &mut Node) {
        let (http, url) = (http(), format!("http://127.0.0.1:{}/healthz", self.port));
        until("the node answers", async || {
            node.assert_lives();
            http.get(&url).send().await.is_ok()
        })
        .await;
    }

    /// Starts a node and waits until it takes webhooks.
    pub async fn serve(&self) -> Node {
        let mut node = self.start();
        self.until_ready(&mut node).await;
        node
    }

    /// Tells Instagram where the node listens; the node must run.
    pub async fn subscribe(&self) {
        let app = self.sandbox.apps().remove(0);
        let callback_url = format!("http://127.0.0.1:{}/webhooks/instagram", self.port);
        let to = Subscription { callback_url, ..Subscription::default() };
        self.sandbox.subscribe(&app.id, to).await.expect("the handshake");
    }

    /// Every tenant answers direct messages with one of these texts; the node must run.
    pub async fn greet(&self, variations: &[&str]) {
        let tenants = self.run(&["tenant", "list"], "");
        for tenant in tenants.as_array().expect("tenants") {
            let path = format!("/tenants/{}/rules", tenant["id"].as_str().expect("an id"));
            let rule = json!({ "name": "greet", "trigger": { "on": "dm" }, "conditions": [],
                "actions": [{ "do": "reply", "variations": variations }] });
            self.post(&path, &rule).await;
        }
    }

    /// How many webhooks the running node has answered with this status.
    pub async fn webhooks_answered_with(&self, status: u16) -> u64 {
        let url = format!("http://127.0.0.1:{}/metrics", self.port);
        let metrics = http().get(url).send().await.expect("an answer").text().await.expect("metrics");
        let name = format!("troupe_webhook_deliveries_total{{status=\"{status}\"}} ");
        let count = metrics.lines().find_map(|line| line.strip_prefix(&name));
        count.map_or(0, |count| count.parse().expect("a number"))
    }

    /// Uploads a file; its id. The node must run.
    pub async fn upload(&self, tenant: &str, name: &str, file: Vec<u8>) -> String {
        let url = format!("http://127.0.0.1:{}/api/v1/tenants/{tenant}/media?name={name}", self.port);
        let answer =
            http().post(url).header("x-api-key", &self.key).body(file).send().await.expect("an answer");
        let media: Value = answer.json().await.expect("JSON");
        media["id"].as_str().unwrap_or_else(|| panic!("{media}")).to_owned()
    }

    /// `POST` to the API of the running node; its answer.
    pub async fn call(&self, path: &str, body: &Value) -> Value {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.port);
        let answer =
            http().post(url).header("x-api-key", &self.key).json(body).send().await.expect("an answer");
        let status = answer.status();
        let body: Value = answer.json().await.expect("JSON");
        assert!(status.is_success(), "POST {path}: {status} {body}");
        body
    }

    /// A call of the running node's API: `path` begins after `/api/v1`.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.port);
        http().request(method, url).header("x-api-key", &self.key)
    }

    /// What the running node answers at a path, without a key.
    pub async fn fetch(&self, path: &str) -> Vec<u8> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        http().get(url).send().await.expect("an answer").bytes().await.expect("a body").to_vec()
    }

    /// Files of uploads under way.
    pub fn staged_uploads(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("media/.uploads")).expect("the folder of uploads").count()
    }

    async fn post(&self, path: &str, body: &Value) {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.port);
        let answer = http().post(url).header("x-api-key", &self.key).json(body).send().await;
        let status = answer.expect("an answer").status();
        assert!(status.is_success(), "POST {path}: {status}");
    }
}

/// Looks again and again until something is so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = SystemClock.now() + PATIENCE;
    while !is_so().await {
        assert!(SystemClock.now() < deadline, "waited in vain until {what}");
        SystemClock.sleep(Duration::from_millis(20)).await;
    }
}

fn http() -> reqwest::Client {
    reqwest::Client::builder().timeout(PATIENCE).build().expect("an HTTP client")
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

async fn sandbox() -> Sandbox {
    let mut options = SandboxOptions { limits: LimitOptions::unlimited(), ..SandboxOptions::default() };
    // While the node is down deliveries fail; they must come again soon, and as often as it takes.
    options.deliver.retry_delays = [300; 1_000].map(Duration::from_millis).to_vec();
    Sandbox::start(options).await.expect("a sandbox")
}
