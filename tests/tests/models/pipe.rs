//! A connection to a server that breaks where a test says.

use tenants::tasks::Tasks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The address of a server in front of `server` (`host:port`) that passes on the head of each connection's answer and
/// so many bytes of its body, and then breaks it.
pub async fn breaking_after(server: &str, bytes: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = server.to_owned();
    let tasks = Tasks::default();
    let pipes = tasks.clone();
    tasks.spawn("listener", async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(&server).await.unwrap();
            pipes.spawn("pipe", pass_on(near, far, bytes));
        }
    });
    address
}

async fn pass_on(near: TcpStream, far: TcpStream, body: usize) {
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let there = async { tokio::io::copy(&mut from_near, &mut to_far).await.map(drop) };
    let back = async {
        let (mut answer, mut passed) = (Vec::new(), 0);
        while from_far.read_buf(&mut answer).await? > 0 {
            let head = answer.windows(4).position(|window| window == b"\r\n\r\n");
            let most = head.map_or(answer.len(), |end| end + 4 + body).min(answer.len());
            to_near.write_all(&answer[passed..most]).await?;
            passed = most;
            if most < answer.len() {
                break;
            }
        }
        Ok::<(), std::io::Error>(())
    };
    tokio::select! {
        _ = there => {}
        _ = back => {}
    }
}
