//! Files under way, on this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tenants::clock::Clock;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt, BufWriter};

use super::MediaError;

/// Bytes that are gathered before they are handed to the file system.
const GATHERED: usize = 256 << 10;

/// A file under way; it is removed when this is dropped, unless somebody has taken it over.
#[derive(Debug)]
pub(super) struct Staged(PathBuf);

impl Staged {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already when it was taken over; and what cannot be removed now is found by the sweep.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What a body is allowed to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// Most bytes.
    pub(super) limit: u64,
    /// Longest silence.
    pub(super) idle: Duration,
}

/// What has been written of a body.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) bytes: u64,
    /// SHA-256 of these bytes, hex.
    pub(super) sha256: String,
}

/// Writes a body into the file from `offset` on, piece by piece. After an error of the body, what came before it is
/// in the file.
pub(super) async fn write_body<S, E>(
    path: &Path,
    offset: u64,
    body: S,
    allowed: Allowance,
    clock: &dyn Clock,
) -> Result<Written, MediaError>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let mut file = open(path, offset).await.map_err(no_room)?;
    let mut hash = Sha256::new();
    let mut bytes = 0u64;
    let mut body = std::pin::pin!(body);
    let outcome = loop {
        let next = tokio::select! {
            next = body.next() => next,
            () = clock.sleep(allowed.idle) => break Err(MediaError::Interrupted),
        };
        let piece = match next {
            None => break Ok(()),
            Some(Err(_)) => break Err(MediaError::Interrupted),
            Some(Ok(piece)) => piece,
        };
        if bytes + piece.len() as u64 > allowed.limit {
            break Err(MediaError::TooLarge { limit: allowed.limit });
        }
        bytes += piece.len() as u64;
        hash.update(&piece);
        file.write_all(&piece).await.map_err(no_room)?;
    };
    file.flush().await.map_err(no_room)?;
    outcome.map(|()| Written { bytes, sha256: hex::encode(hash.finalize()) })
}

async fn open(path: &Path, offset: u64) -> io::Result<BufWriter<File>> {
    let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path).await?;
    file.seek(io::SeekFrom::Start(offset)).await?;
    Ok(BufWriter::with_capacity(GATHERED, file))
}

fn no_room(error: io::Error) -> MediaError {
    MediaError::unavailable("the disk of this node does not take the file", error)
}

/// Size of a staged file; 0 when there is none.
pub(super) async fn length(path: &Path) -> Result<u64, MediaError> {
    match tokio::fs::metadata(path).await {
        Ok(meta) => Ok(meta.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(no_room(error)),
    }
}

/// SHA-256 of a file, hex. Blocks.
pub(super) fn hash_of(path: &Path) -> io::Result<String> {
    struct Hasher(Sha256);
    impl io::Write for Hasher {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut file = io::BufReader::with_capacity(GATHERED, std::fs::File::open(path)?);
    let mut hasher = Hasher(Sha256::new());
    io::copy(&mut file, &mut hasher)?;
    Ok(hex::encode(hasher.0.finalize()))
}
