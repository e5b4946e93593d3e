//! Where the line runs between "not sent" and "may have happened".

use std::net::SocketAddr;

use serde_json::json;
use tenants::account::LoginFlavour::Instagram;
use tenants::effect::{Action, ErrorCategory};
use tenants::ports::{Messenger, SendError};
use tenants::tasks::Tasks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{NOW, Room, Stub, TOKEN};

async fn send(address: &str) -> SendError {
    let room = Room::new(address, Instagram);
    let action = Action::SendDm { recipient_id: "1230".into(), text: "hi".into() };
    let error = room.gateway.perform(&room.account, &action).await.unwrap_err();
    assert!(!format!("{error:?}").contains(TOKEN));
    error
}

async fn read(address: &str) -> SendError {
    let room = Room::new(address, Instagram);
    let action = Action::HideComment { comment_id: "1801".into() };
    room.gateway.look_for(&room.account, &action, NOW, &[]).await.unwrap_err()
}

/// A server that reads the request, writes `answer` and then closes, or keeps silent for ever.
async fn server(answer: &'static str, closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    Tasks::default().spawn("server", async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            if !closes {
                kept.push(stream);
            }
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_refused_connection_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(send(&address).await.category, ErrorCategory::Transient);
    assert_eq!(read(&address).await.category, ErrorCategory::Transient);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_leaves_the_outcome_open() {
    let answers = [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"message_id\":",
        "what is HTTP?\r\n\r\n",
    ];
    for answer in answers {
        let address = server(answer, true).await;
        assert_eq!(send(&address).await.category, ErrorCategory::Unknown, "{answer}");
        assert_eq!(read(&address).await.category, ErrorCategory::Transient, "{answer}");
    }
}

#[tokio::test]
async fn silence_leaves_the_outcome_open() {
    let address = server("", false).await;
    assert_eq!(send(&address).await.category, ErrorCategory::Unknown);
    let address = server("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"message_id\":\"m\"", false).await;
    assert_eq!(send(&address).await.category, ErrorCategory::Unknown);
}

#[tokio::test]
async fn an_answer_that_says_nothing_leaves_the_outcome_open() {
    let long = format!("{{\"message_id\":\"{}\"}}", "m".repeat(2 << 20));
    let bodies = [
        (500, "<html>oops</html>"),
        (503, ""),
        (502, "{}"),
        (200, "<html>login</html>"),
        (200, "{}"),
        (200, r#"{"recipient_id":"1230"}"#),
        (200, "[]"),
        (200, r#"{"success":false,"message_id":"m"}"#),
        (200, &long),
    ];
    for (status, body) in bodies {
        let stub = Stub::start().await;
        stub.on_text("POST /ig/v25.0/17841400000000123/messages", status, &[], body);
        let error = send(&stub.address).await;
        assert_eq!(error.category, ErrorCategory::Unknown, "{status} {}", &body[..body.len().min(40)]);
        assert_eq!(stub.calls().len(), 1, "nothing is repeated by itself");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let stub = Stub::start().await;
    let call = "POST /ig/v25.0/17841400000000123/messages";
    stub.on_text(call, 307, &[("location", "/elsewhere")], "");
    stub.on("POST /elsewhere", 200, json!({"message_id": "m"}));
    assert_eq!(send(&stub.address).await.category, ErrorCategory::Unknown);
    assert_eq!(stub.calls().len(), 1);
}

#[tokio::test]
async fn trouble_named_by_instagram_leaves_a_send_open() {
    for (code, status) in [(-1, 500), (1, 500), (2, 503), (2, 400)] {
        let stub = Stub::start().await;
        let body = json!({"error": {"message": "later", "code": code}});
        stub.on("POST /ig/v25.0/17841400000000123/messages", status, body);
        assert_eq!(send(&stub.address).await.category, ErrorCategory::Unknown, "{code}");
    }
}
