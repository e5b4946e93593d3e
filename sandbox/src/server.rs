//! The one listener: Graph API, control API and the index page.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    extract::connect_info::Connected,
    routing::{get, post},
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

use crate::{control, graph, oauth, play, sandbox::Sandbox};

pub(crate) fn router(sandbox: Sandbox) -> Router {
    let core = Arc::clone(&sandbox.core);
    Router::new()
        .route("/", get(play::page).post(graph::handle))
        .route("/oauth/authorize", get(oauth::consent::instagram))
        .route("/dialog/oauth", get(oauth::consent::facebook))
        .route("/{version}/dialog/oauth", get(oauth::consent::facebook))
        .route("/ig-api-upload/{container}", post(graph::uploading::handle))
        .route("/ig-api-upload/{version}/{container}", post(graph::uploading::handle))
        .fallback(graph::handle)
        .with_state(core)
        .merge(control::routes::router(sandbox))
        .merge(play::router())
}

/// Lets a handler end its connection without an answer, which is what a lost answer looks like.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConnectionSwitch(Arc<AtomicBool>);

impl ConnectionSwitch {
    /// From now on nothing can be written: the server closes the connection instead of answering.
    pub(crate) fn cut(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_cut(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Connected<IncomingStream<'_, SwitchedListener>> for ConnectionSwitch {
    fn connect_info(stream: IncomingStream<'_, SwitchedListener>) -> Self {
        stream.io().switch.clone()
    }
}

/// A listener whose connections carry a [`ConnectionSwitch`].
pub(crate) struct SwitchedListener(pub(crate) TcpListener);

impl Listener for SwitchedListener {
    type Io = SwitchedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    // Small answers must not wait for more data; without the option they are only slower.
                    let _ = stream.set_nodelay(true);
                    return (SwitchedStream { stream, switch: ConnectionSwitch::default() }, address);
                }
                Err(error) => {
                    // Out of file handles, typically: wait for connections to end.
                    tracing::warn!(%error, "connection not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

pub(crate) struct SwitchedStream {
    stream: TcpStream,
    switch: ConnectionSwitch,
}

impl AsyncRead for SwitchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for SwitchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.switch.is_cut() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
