//! A mail server and a receiver of webhooks that do as they are told, and keep what they got.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tenants::clock::{Clock, SystemClock};
use tenants::tasks::Tasks;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What a mail server does with the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailDeed {
    /// Takes it.
    Take,
    /// Says that it has no time.
    Refuse,
    /// Takes it, and closes the connection before it says so.
    TakeSilently,
}

/// A mail as it came.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Receivers, as they were named to the server.
    pub to: Vec<String>,
    /// Header lines and body; soft breaks of its encoding are undone.
    pub text: String,
}

impl Mail {
    /// The value of a header, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ");
        let start = format!("{}:", name.to_ascii_lowercase());
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&start))?;
        Some(line[start.len()..].trim().to_owned())
    }
}

#[derive(Default)]
struct MailBox {
    mails: Vec<Mail>,
    script: VecDeque<MailDeed>,
}

/// A mail server without encryption.
pub struct MailServer {
    address: SocketAddr,
    kept: Arc<Mutex<MailBox>>,
    tasks: Tasks,
}

fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MailServer {
    /// Listens on a free port of this machine.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (kept, tasks) = (Arc::new(Mutex::new(MailBox::default())), Tasks::default());
        let (shared, of_tasks) = (kept.clone(), tasks.clone());
        tasks.spawn("mail_server", async move {
            loop {
                let accepted = tokio::select! {
                    () = of_tasks.stopping() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((stream, _)) = accepted else { return };
                let shared = shared.clone();
                of_tasks.spawn("mail", async move {
                    // A client that leaves is no failure of the server.
                    let _ = talk(stream, &shared).await;
                });
            }
        });
        Self { address, kept, tasks }
    }

    /// Settings of a node that sends its mail here.
    pub fn settings(&self) -> String {
        let port = self.address.port();
        format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\n\
             from = \"Troupe <troupe@agency.example>\"\n"
        )
    }

    /// What it does with the next mails; afterwards it takes all.
    pub fn script(&self, deeds: &[MailDeed]) {
        locked(&self.kept).script.extend(deeds);
    }

    /// What it took, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        locked(&self.kept).mails.clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

fn without_soft_breaks(text: &str) -> String {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    format!("{head}\r\n\r\n{}", body.replace("=\r\n", ""))
}

async fn talk(stream: TcpStream, kept: &Mutex<MailBox>) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 scripted\r\n").await?;
    let mut to = Vec::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "RCPT" => {
                to.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                "250 ok\r\n"
            }
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                let mut text = String::new();
                while let Some(line) = lines.next_line().await? {
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix("..").map_or(line.as_str(), |_| &line[1..]));
                    text.push_str("\r\n");
                }
                let deed = {
                    let mut kept = locked(kept);
                    let deed = kept.script.pop_front().unwrap_or(MailDeed::Take);
                    if deed != MailDeed::Refuse {
                        let text = without_soft_breaks(&text);
                        kept.mails.push(Mail { to: std::mem::take(&mut to), text });
                    }
                    deed
                };
                match deed {
                    MailDeed::Take => "250 taken\r\n",
                    MailDeed::Refuse => "451 later\r\n",
                    MailDeed::TakeSilently => return Ok(()),
                }
            }
            "QUIT" => {
                writing.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 ok\r\n",
        };
        writing.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Path and query.
    pub path: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: String,
}

impl Received {
    /// The value of a header.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    /// Whether one of its signatures, in the form of Standard Webhooks, is of this secret (`whsec_…`).
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = secret.strip_prefix("whsec_").and_then(|it| BASE64.decode(it).ok()).expect("a secret");
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let mac = Hmac::<Sha256>::new_from_slice(&key)
            .expect("a key of any length")
            .chain_update(format!("{id}.{at}.{}", self.body));
        let signature = format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()));
        self.header("webhook-signature").split(' ').any(|one| one == signature)
    }
}

#[derive(Default)]
struct Hook {
    received: Vec<Received>,
    script: VecDeque<u16>,
    /// By path: what is always answered, and after how long.
    manners: HashMap<String, (u16, Duration)>,
}

/// A receiver of webhooks over plain HTTP.
pub struct Receiver {
    address: SocketAddr,
    kept: Arc<Mutex<Hook>>,
    tasks: Tasks,
}

impl Receiver {
    /// Listens on a free port of this machine.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (kept, tasks) = (Arc::new(Mutex::new(Hook::default())), Tasks::default());
        let router = Router::new().fallback(receive).with_state(kept.clone());
        let stopping = {
            let tasks = tasks.clone();
            async move { tasks.stopping().await }
        };
        tasks.spawn("receiver", async move {
            let _ = axum::serve(listener, router).with_graceful_shutdown(stopping).await;
        });
        Self { address, kept, tasks }
    }

    /// An address of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The statuses of the next answers; afterwards 200.
    pub fn script(&self, statuses: &[u16]) {
        locked(&self.kept).script.extend(statuses);
    }

    /// What is answered under a path from now on, and after how long.
    pub fn always(&self, path: &str, status: u16, after: Duration) {
        locked(&self.kept).manners.insert(path.to_owned(), (status, after));
    }

    /// What came under a path, oldest first.
    pub fn received_at(&self, path: &str) -> Vec<Received> {
        locked(&self.kept).received.iter().filter(|it| it.path == path).cloned().collect()
    }

    /// What came, oldest first.
    pub fn received(&self) -> Vec<Received> {
        locked(&self.kept).received.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

async fn receive(
    State(kept): State<Arc<Mutex<Hook>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let (status, after) = {
        let mut kept = locked(&kept);
        let body = String::from_utf8_lossy(&body).into_owned();
        kept.received.push(Received { path: uri.to_string(), headers, body });
        match kept.manners.get(&uri.to_string()) {
            Some(manner) => *manner,
            None => (kept.script.pop_front().unwrap_or(200), Duration::ZERO),
        }
    };
    if !after.is_zero() {
        SystemClock.sleep(after).await;
    }
    (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), format!("{status} said the receiver"))
}
