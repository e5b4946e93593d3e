//! A throw-away PostgreSQL server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// A PostgreSQL server in a temporary folder, on a free port of the loopback.
///
/// It runs under a small shell that stops the server and removes the folder when its standard input ends. The
/// input ends when this is dropped, and also when the test process dies in any way, so that no server stays
/// behind.
#[derive(Debug)]
pub struct PostgresServer {
    /// The address up to the name of the database.
    base: String,
    /// What follows the name.
    query: String,
    supervisor: Option<Supervisor>,
}

/// The shell that minds the server.
#[derive(Debug)]
struct Supervisor {
    shell: Child,
    talk: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

/// Starts the server with `$OPTIONS` (as `$USER_NAME` when that is not empty), says `ready`, then does as it is told,
/// line by line.
const SUPERVISE: &str = r#"
set -u
as_user() {
    if [ -n "$USER_NAME" ]; then setpriv --reuid="$USER_NAME" --regid="$USER_NAME" --clear-groups -- "$@"; else "$@"; fi
}
fail() { echo failed; cat "$folder/log"; exit 1; }
start() {
    as_user "$BIN/postgres" -D "$folder/data" -p "$PORT" -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories="$folder" $OPTIONS >>"$folder/log" 2>&1 </dev/null &
    server=$!
    tries=0
    until as_user "$BIN/pg_isready" -q -h 127.0.0.1 -p "$PORT" -t 1; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ] || ! kill -0 "$server" 2>/dev/null; then fail; fi
        sleep 0.05
    done
    echo ready
}
crash() {
    # The pid of the server itself: what the shell knows is a subshell around it.
    if [ -s "$folder/data/postmaster.pid" ]; then kill -QUIT "$(head -n 1 "$folder/data/postmaster.pid")"; fi
    [ -z "$server" ] || wait "$server"
    server=
}
finish() { crash; rm -rf "$folder"; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/troupe-postgres-XXXXXX") || exit 1
server=
trap finish EXIT
trap '' INT
[ -z "$USER_NAME" ] || chown "$USER_NAME" "$folder" || exit 1
cd "$folder" || exit 1
as_user "$BIN/initdb" -D "$folder/data" -U troupe -A trust -E UTF8 --locale=C --no-sync >"$folder/log" 2>&1 </dev/null || fail
start
while read -r command; do
    case "$command" in
        crash) crash; echo crashed ;;
        start) start ;;
    esac
done
"#;

/// Tests write much and never lose power; the log of changes need not grow to a gigabyte.
const FOR_TESTS: &str = "-c fsync=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB \
    -c max_wal_size=128MB";
/// What PostgreSQL does unless told otherwise: every commit is on disk.
const DURABLE: &str = "-c fsync=on";

impl Supervisor {
    fn start(programs: &Path, port: u16, options: &str) -> Result<Self, String> {
        let mut shell = Command::new("sh")
            .args(["-c", SUPERVISE])
            .env("BIN", programs)
            .env("PORT", port.to_string())
            .env("OPTIONS", options)
            .env("USER_NAME", if is_root() { "postgres" } else { "" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let talk = shell.stdin.take().zip(shell.stdout.take().map(BufReader::new));
        let supervisor = Self { shell, talk: Mutex::new(talk) };
        supervisor.expect("", "ready").map(|()| supervisor)
    }

    /// Says a line, unless it is empty, and waits for the answer.
    fn expect(&self, command: &str, expected: &str) -> Result<(), String> {
        let mut talk = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((input, output)) = talk.as_mut() else { return Err("it is gone".to_owned()) };
        if !command.is_empty() {
            writeln!(input, "{command}").map_err(|error| error.to_string())?;
        }
        let mut answer = String::new();
        output.read_line(&mut answer).map_err(|error| error.to_string())?;
        if answer.trim() == expected {
            return Ok(());
        }
        output.read_to_string(&mut answer).map_err(|error| error.to_string())?;
        Err(answer)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.talk.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.shell.wait();
    }
}

impl PostgresServer {
    /// Starts a server; `None` when the programs are not installed.
    ///
    /// # Panics
    /// When the programs are there but do not work.
    pub fn start() -> Option<Self> {
        Self::start_with(FOR_TESTS)
    }

    /// Starts a server as it is installed, with every commit on disk: for measurements.
    ///
    /// # Panics
    /// When the programs are there but do not work.
    pub fn start_durable() -> Option<Self> {
        Self::start_with(DURABLE)
    }

    fn start_with(options: &str) -> Option<Self> {
        let programs = find_programs()?;
        let mut complaint = String::new();
        // Another process may take the free port before the server does.
        for _ in 0..3 {
            let port = free_port();
            match Supervisor::start(&programs, port, options) {
                Ok(supervisor) => {
                    let base = format!("postgres://troupe@127.0.0.1:{port}");
                    return Some(Self {
                        base,
                        query: "?sslmode=disable".to_owned(),
                        supervisor: Some(supervisor),
                    });
                }
                Err(problem) => complaint = problem,
            }
        }
        panic!("the PostgreSQL in {} does not start: {complaint}", programs.display());
    }

    /// Ends the server at once, in the middle of whatever it does.
    ///
    /// # Panics
    /// When it is not our own server.
    pub fn crash(&self) {
        self.tell("crash", "crashed");
    }

    /// Starts it again after a crash, at the same address and with what was committed.
    ///
    /// # Panics
    /// When it is not our own server, or does not start.
    pub fn restart(&self) {
        self.tell("start", "ready");
    }

    fn tell(&self, command: &str, expected: &str) {
        let supervisor = self.supervisor.as_ref().expect("a server that this process started");
        supervisor.expect(command, expected).expect("the server does as it is told");
    }

    /// The process above those of the server; `None` when somebody else runs it.
    pub fn supervisor_pid(&self) -> Option<u32> {
        self.supervisor.as_ref().map(|supervisor| supervisor.shell.id())
    }

    /// The server that somebody else runs.
    fn named(url: &str) -> Self {
        let (address, query) =
            url.split_once('?').map_or((url, String::new()), |(a, q)| (a, format!("?{q}")));
        let authority = address.find("://").map_or(0, |at| at + 3);
        let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
        Self { base: address[..end].to_owned(), query, supervisor: None }
    }

    /// The address of a database on this server.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.query)
    }
}

/// The server of this test process.
pub(super) async fn shared() -> Option<Arc<PostgresServer>> {
    static SERVER: OnceCell<Option<Arc<PostgresServer>>> = OnceCell::const_new();
    SERVER
        .get_or_init(|| async {
            let found = match variable("TROUPE_TEST_POSTGRES_URL") {
                Some(url) => Some(PostgresServer::named(&url)),
                None => PostgresServer::start(),
            };
            if found.is_none() {
                assert!(
                    variable("REQUIRE_SERVICES").as_deref() != Some("1"),
                    "PostgreSQL not found, but REQUIRE_SERVICES=1: install it or set TROUPE_TEST_POSTGRES_URL"
                );
                eprintln!("PostgreSQL not found: suite skipped");
            }
            found.map(Arc::new)
        })
        .await
        .clone()
}

/// The newest installed programs.
fn find_programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|found| found.flatten().map(|version| version.path().join("bin")).collect())
        .unwrap_or_default();
    folders.sort();
    folders.reverse();
    if let Some(path) = variable("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// PostgreSQL refuses to run as root.
fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|answer| answer.stdout.trim_ascii() == b"0")
}

fn free_port() -> u16 {
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port on the loopback");
    free.local_addr().expect("a bound socket has an address").port()
}

#[expect(clippy::disallowed_methods, reason = "tests learn of services from the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
