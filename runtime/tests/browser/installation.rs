//! A new installation beside a sandbox, each a process of the real binary.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// See the module. Nothing of it outlives the test.
pub struct Installation {
    sandbox: Process,
    troupe: Process,
    folder: TempDir,
}

struct Process {
    child: Child,
    /// What it printed when it was ready.
    ready: Value,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Installation {
    /// Starts both. Nobody has set it up yet.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sandbox = start(troupe(&folder).args(["sandbox", "--listen", "127.0.0.1:0", "--json"]));
        let node = start(settings(&mut troupe(&folder), &sandbox.ready).args(["serve", "--json"]));
        Self { sandbox, troupe: node, folder }
    }

    /// Where the dashboard is.
    pub fn url(&self) -> &str {
        self.troupe.ready["listening"].as_str().expect("an address")
    }

    /// Where the sandbox is.
    pub fn sandbox_url(&self) -> &str {
        self.sandbox.ready["url"].as_str().expect("an address")
    }

    /// What whoever installed it reads in the file that the node names.
    pub fn set_up_code(&self) -> String {
        let file = self.troupe.ready["set_up_code_file"].as_str().expect("a file");
        std::fs::read_to_string(file).expect("the code").trim().to_owned()
    }

    /// What the processes had to say.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log(&self.folder)).unwrap_or_default()
    }
}

fn log(folder: &TempDir) -> PathBuf {
    folder.path().join("log")
}

fn troupe(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
    let log = File::options().create(true).append(true).open(log(folder)).expect("a log");
    command.env("TROUPE__LOG__LEVEL", "warn").arg("--data-dir").arg(folder.path().join("data")).stderr(log);
    command
}

/// As the README tells to try a real installation out with the sandbox.
fn settings<'c>(command: &'c mut Command, sandbox: &Value) -> &'c mut Command {
    let text = |key: &str| sandbox[key].as_str().expect("a text").to_owned();
    let listen = format!("127.0.0.1:{}", free_port());
    command
        .env("TROUPE__HTTP__PUBLIC_URL", format!("http://{listen}"))
        .env("TROUPE__HTTP__LISTEN", listen)
        // Stories receive webhooks on this machine.
        .env("TROUPE__NOTICES__ALLOW_PRIVATE_ADDRESSES", "true")
        .env("TROUPE__INSTAGRAM__INSTAGRAM_BASE_URL", text("url"))
        .env("TROUPE__INSTAGRAM__FACEBOOK_BASE_URL", text("url"))
        .env("TROUPE__INSTAGRAM__APP__ID", text("app_id"))
        .env("TROUPE__INSTAGRAM__APP__SECRETS", format!("[\"{}\"]", text("app_secret")))
        .env("TROUPE__INSTAGRAM__APP__VERIFY_TOKEN", text("verify_token"))
}

/// Starts a process and reads the document that it prints once it is ready.
fn start(command: &mut Command) -> Process {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("troupe starts");
    let output = BufReader::new(child.stdout.take().expect("its output"));
    let mut documents = serde_json::Deserializer::from_reader(output.take(1 << 20)).into_iter();
    let ready = documents.next().expect("it becomes ready").expect("JSON");
    Process { child, ready }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}
