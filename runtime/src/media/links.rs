//! Addresses under which anybody can fetch one file for a while.
//!
//! An address says tenant, asset, file and end of validity, and carries a MAC over all of it. The key is derived from the
//! vault's keys, so it needs no setting of its own and changes with them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use storage::MediaFiles;
use tenants::account::LoginFlavour;
use tenants::clock::{Clock, Timestamp};
use tenants::ids::{MediaId, TenantId};
use tenants::media::{MediaAsset, MediaFile};
use tenants::ports::{PublicMedia, PublicMediaError};
use uuid::Uuid;

/// What the key is for: nothing else may be signed with it.
const PURPOSE: &[u8] = b"troupe: addresses of media, version 1";
const VERSION: u8 = 1;
/// Version, tenant, asset, file, end of validity in seconds since 1970.
const CLAIM: usize = 1 + 16 + 16 + 1 + 8;
const MAC: usize = 32;

/// Keys that sign addresses: the first one signs, all of them are believed.
pub struct LinkKeys(Vec<[u8; 32]>);

impl fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKeys")
    }
}

impl LinkKeys {
    /// Derived from the installation's secrets, the current one first.
    pub fn derived_from<'k>(secrets: impl IntoIterator<Item = &'k [u8]>) -> Self {
        Self(secrets.into_iter().filter_map(|secret| mac(secret, PURPOSE)).collect())
    }
}

fn mac(key: &[u8], message: &[u8]) -> Option<[u8; MAC]> {
    // HMAC takes keys of every length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac.finalize().into_bytes().into())
}

/// What a valid address stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linked {
    /// Whose asset.
    pub tenant: TenantId,
    /// The asset.
    pub media: MediaId,
    /// Which of its files.
    pub file: MediaFile,
}

/// Why an address leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRefused {
    /// We have not made it, or somebody has changed it.
    Unknown,
    /// It was good until some time ago.
    Expired,
}

/// Which videos are sent to Instagram instead of being fetched by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentVideos {
    /// None.
    None,
    /// Those of accounts connected through Facebook Login, where Meta documents it.
    WhereDocumented,
    /// All.
    All,
}

/// Makes and reads addresses.
pub struct MediaLinks {
    /// Signs addresses.
    pub keys: LinkKeys,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where the internet reaches this installation.
    pub public_url: Option<String>,
    /// Files, when Instagram shall fetch them from the bucket itself.
    pub bucket: Option<MediaFiles>,
    /// Which videos need no address.
    pub sent_videos: SentVideos,
}

impl fmt::Debug for MediaLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaLinks").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl MediaLinks {
    /// The path of an address, to be put behind the installation's own. The name at its end is for people and players.
    pub fn path(&self, asset: &MediaAsset, file: MediaFile, valid_for: Duration) -> String {
        let linked = Linked { tenant: asset.tenant, media: asset.id, file };
        let token = self.token(linked, self.clock.now() + valid_for);
        let extension = match file {
            MediaFile::Original => asset.content_type.extension(),
            MediaFile::Publish | MediaFile::Thumbnail => "jpg",
        };
        format!("/media/{token}/{}.{extension}", asset.id)
    }

    fn token(&self, linked: Linked, until: Timestamp) -> String {
        let claim = claim(linked, until);
        let mac = self.keys.0.first().and_then(|key| mac(key, &claim));
        // Boot refuses a ring without keys. Without a MAC an address is believed by nobody.
        let mac = mac.as_ref().map(<[u8; MAC]>::as_slice).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([claim.as_slice(), mac].concat())
    }

    /// What an address stands for, if it is one of ours and still valid. Takes the same time whatever is wrong with its
    /// signature.
    ///
    /// # Errors
    /// [`LinkRefused`].
    pub fn read(&self, token: &str) -> Result<Linked, LinkRefused> {
        let bytes: [u8; CLAIM + MAC] = URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(LinkRefused::Unknown)?;
        let (claim, signature) = bytes.split_at(CLAIM);
        let mut is_ours = false;
        for key in &self.keys.0 {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { continue };
            mac.update(claim);
            is_ours |= mac.verify_slice(signature).is_ok();
        }
        if !is_ours {
            return Err(LinkRefused::Unknown);
        }
        let (linked, until) = read_claim(claim).ok_or(LinkRefused::Unknown)?;
        if self.clock.now() > until { Err(LinkRefused::Expired) } else { Ok(linked) }
    }
}

fn claim(linked: Linked, until: Timestamp) -> [u8; CLAIM] {
    let mut claim = [0u8; CLAIM];
    claim[0] = VERSION;
    claim[1..17].copy_from_slice(linked.tenant.0.as_bytes());
    claim[17..33].copy_from_slice(linked.media.0.as_bytes());
    claim[33] = MediaFile::ALL.iter().position(|file| *file == linked.file).unwrap_or_default() as u8;
    claim[34..].copy_from_slice(&until.as_millis().div_euclid(1_000).to_be_bytes());
    claim
}

fn read_claim(claim: &[u8]) -> Option<(Linked, Timestamp)> {
    let id = |part: &[u8]| Uuid::from_slice(part).ok();
    if claim.first() != Some(&VERSION) {
        return None;
    }
    let linked = Linked {
        tenant: TenantId(id(claim.get(1..17)?)?),
        media: MediaId(id(claim.get(17..33)?)?),
        file: *MediaFile::ALL.get(usize::from(*claim.get(33)?))?,
    };
    let seconds = i64::from_be_bytes(claim.get(34..)?.try_into().ok()?);
    Some((linked, Timestamp::from_millis(seconds.saturating_mul(1_000))))
}

#[async_trait]
impl PublicMedia for MediaLinks {
    fn sends_videos(&self, login: LoginFlavour) -> bool {
        match self.sent_videos {
            SentVideos::None => false,
            SentVideos::WhereDocumented => login == LoginFlavour::Facebook,
            SentVideos::All => true,
        }
    }

    async fn public_url(
        &self,
        tenant: &TenantId,
        asset: &MediaAsset,
        valid_for: Duration,
    ) -> Result<String, PublicMediaError> {
        let file = asset.published_file();
        if let Some(bucket) = &self.bucket {
            let signed = bucket.signed_url((tenant, asset.id, file), valid_for).await;
            let signed = signed.map_err(|error| PublicMediaError::Unavailable(Box::new(error)))?;
            if let Some(url) = signed {
                return Ok(url);
            }
        }
        let base = self.public_url.as_deref().ok_or(PublicMediaError::NoPublicAddress)?;
        Ok(format!("{}{}", base.trim_end_matches('/'), self.path(asset, file, valid_for)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::clock::ManualClock;

    fn links(keys: &[&[u8]], clock: &ManualClock) -> MediaLinks {
        MediaLinks {
            keys: LinkKeys::derived_from(keys.iter().copied()),
            clock: Arc::new(clock.clone()),
            public_url: None,
            bucket: None,
            sent_videos: SentVideos::None,
        }
    }

    fn linked(number: u128) -> Linked {
        Linked {
            tenant: TenantId(Uuid::from_u128(number)),
            media: MediaId(Uuid::from_u128(number + 1)),
            file: MediaFile::Publish,
        }
    }

    #[test]
    fn an_address_is_good_until_its_end_and_not_a_moment_longer() {
        let clock = ManualClock::at(1_000_000_000);
        let links = links(&[b"secret"], &clock);
        let token = links.token(linked(7), clock.now() + Duration::from_secs(60));
        assert_eq!(links.read(&token), Ok(linked(7)));
        clock.advance(Duration::from_secs(60));
        assert_eq!(links.read(&token), Ok(linked(7)));
        clock.advance(Duration::from_micros(1));
        assert_eq!(links.read(&token), Err(LinkRefused::Expired));
    }

    #[test]
    fn no_byte_of_an_address_can_be_changed() {
        let clock = ManualClock::at(1_000_000_000);
        let links = links(&[b"secret"], &clock);
        let token = links.token(linked(7), clock.now() + Duration::from_secs(60));
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(&other)), Err(LinkRefused::Unknown), "byte {at}");
            assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(&bytes[..at])), Err(LinkRefused::Unknown));
        }
        for nonsense in ["", "..", "../../etc/passwd", "%00", &"A".repeat(10_000)] {
            assert_eq!(links.read(nonsense), Err(LinkRefused::Unknown));
        }
    }

    #[test]
    fn after_a_rotation_old_addresses_are_still_good_and_strange_ones_never() {
        let clock = ManualClock::at(1_000_000_000);
        let until = clock.now() + Duration::from_secs(60);
        let old = links(&[b"old"], &clock).token(linked(7), until);
        assert_eq!(links(&[b"new", b"old"], &clock).read(&old), Ok(linked(7)));
        assert_eq!(links(&[b"new"], &clock).read(&old), Err(LinkRefused::Unknown));
        let unsigned = links(&[], &clock).token(linked(7), until);
        assert_eq!(links(&[b"new"], &clock).read(&unsigned), Err(LinkRefused::Unknown));
        assert_eq!(links(&[], &clock).read(&unsigned), Err(LinkRefused::Unknown));
    }
}
