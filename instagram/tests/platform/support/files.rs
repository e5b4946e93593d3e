//! Files whose bytes are made when they are asked for.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use tenants::ids::{MediaId, TenantId};
use tenants::media::MediaFile;
use tenants::ports::{ByteStream, MediaBytes};

/// Bytes of a piece.
const PIECE: u64 = 64 << 10;

/// See the module.
#[derive(Default)]
pub struct FakeFiles {
    /// Bytes that were taken out.
    pub taken: Arc<AtomicU64>,
    /// No file is there.
    pub missing: AtomicBool,
    /// Pieces before an error comes in the place of one.
    pub breaks_after: Mutex<Option<usize>>,
}

/// The byte at a place of every file: a letter.
pub fn byte_at(place: u64) -> u8 {
    b'a' + (place % 26) as u8
}

#[async_trait]
impl MediaBytes for FakeFiles {
    async fn read_media(
        &self,
        _: (&TenantId, MediaId, MediaFile),
        range: Range<u64>,
    ) -> io::Result<Option<ByteStream>> {
        if self.missing.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let (taken, breaks_after) = (self.taken.clone(), *self.breaks_after.lock().unwrap());
        let begins: Vec<u64> = range.clone().step_by(PIECE as usize).collect();
        let pieces = begins.into_iter().enumerate().map(move |(index, begin)| {
            if breaks_after == Some(index) {
                return Err(io::Error::other("the disk is gone"));
            }
            let end = (begin + PIECE).min(range.end);
            taken.fetch_add(end - begin, Ordering::Relaxed);
            Ok((begin..end).map(byte_at).collect::<Bytes>())
        });
        Ok(Some(futures::stream::iter(pieces).boxed()))
    }
}
