//! Signed addresses about posts: for clients who approve without an account, and for calendars that fetch by themselves.
//!
//! A token says what it is for, whose it is, and when it ends, and carries a MAC over all of it. The key is derived from
//! the vault's keys: taking a key out of the ring withdraws the addresses it has signed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tenants::clock::Timestamp;
use tenants::ids::{PostId, TenantId};
use uuid::Uuid;

/// What the key is for: nothing else may be signed with it.
const PURPOSE: &[u8] = b"troupe: addresses about posts, version 1";
/// Kind, tenant, post, end of validity in seconds since 1970.
const CLAIM: usize = 1 + 16 + 16 + 8;
const MAC: usize = 32;

/// What an address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostLink {
    /// Reading the tenant's calendar.
    Calendar,
    /// Approving or rejecting one post as the client.
    Approval(PostId),
}

/// Why an address leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostLinkRefused {
    /// We have not made it, or somebody has changed it.
    Unknown,
    /// It was good until some time ago.
    Expired,
}

/// Makes and reads addresses: the first key signs, all of them are believed.
pub struct PostLinks {
    keys: Vec<[u8; 32]>,
    /// Where the internet reaches this installation, if that is known.
    public_url: Option<String>,
}

impl fmt::Debug for PostLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostLinks").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl PostLinks {
    /// With keys derived from the installation's secrets, the current one first.
    pub fn derived_from<'k>(secrets: impl IntoIterator<Item = &'k [u8]>, public_url: Option<String>) -> Self {
        let derived = |secret| Some(mac(secret, PURPOSE)?.finalize().into_bytes().into());
        Self { keys: secrets.into_iter().filter_map(derived).collect(), public_url }
    }

    /// A path with a token, behind the installation's public address when that is known.
    pub fn address(&self, tenant: TenantId, link: PostLink, until: Timestamp) -> String {
        let token = self.token(tenant, link, until);
        let base = self.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
        match link {
            PostLink::Calendar => format!("{base}/calendar/{token}/posts.ics"),
            PostLink::Approval(_) => format!("{base}/approve/{token}"),
        }
    }

    fn token(&self, tenant: TenantId, link: PostLink, until: Timestamp) -> String {
        let claim = claim(tenant, link, until);
        let signed = self.keys.first().and_then(|key| mac(key, &claim));
        // Without a MAC an address is believed by nobody.
        let signature = signed.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([claim.as_slice(), &signature].concat())
    }

    /// What an address stands for. Takes the same time whatever is wrong with its signature.
    ///
    /// # Errors
    /// [`PostLinkRefused`].
    pub fn read(&self, token: &str, now: Timestamp) -> Result<(TenantId, PostLink), PostLinkRefused> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok();
        let bytes: [u8; CLAIM + MAC] =
            bytes.and_then(|it| it.try_into().ok()).ok_or(PostLinkRefused::Unknown)?;
        let (claim, signature) = bytes.split_at(CLAIM);
        let mut is_ours = false;
        for key in &self.keys {
            is_ours |= mac(key, claim).is_some_and(|mac| mac.verify_slice(signature).is_ok());
        }
        if !is_ours {
            return Err(PostLinkRefused::Unknown);
        }
        let id = |from: usize| Uuid::from_slice(&claim[from..from + 16]).unwrap_or_default();
        let seconds = i64::from_be_bytes(std::array::from_fn(|index| claim[33 + index]));
        if now.as_millis() / 1_000 > seconds {
            return Err(PostLinkRefused::Expired);
        }
        let link = match claim[0] {
            1 => PostLink::Calendar,
            2 => PostLink::Approval(PostId(id(17))),
            _ => return Err(PostLinkRefused::Unknown),
        };
        Ok((TenantId(id(1)), link))
    }
}

fn mac(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of every length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac)
}

fn claim(tenant: TenantId, link: PostLink, until: Timestamp) -> [u8; CLAIM] {
    let (kind, post) = match link {
        PostLink::Calendar => (1, Uuid::nil()),
        PostLink::Approval(post) => (2, post.0),
    };
    let mut claim = [kind; CLAIM];
    claim[1..17].copy_from_slice(tenant.0.as_bytes());
    claim[17..33].copy_from_slice(post.as_bytes());
    claim[33..].copy_from_slice(&(until.as_millis() / 1_000).to_be_bytes());
    claim
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_believed_until_its_end_and_when_nothing_of_it_is_changed() {
        let links = PostLinks::derived_from([b"new".as_slice(), b"old"], None);
        let (tenant, post) = (TenantId(Uuid::from_u128(7)), PostId(Uuid::from_u128(9)));
        let until = Timestamp::from_millis(10_000);
        let token = links.token(tenant, PostLink::Approval(post), until);
        assert_eq!(links.read(&token, until), Ok((tenant, PostLink::Approval(post))));
        assert_eq!(links.read(&token, Timestamp::from_millis(11_000)), Err(PostLinkRefused::Expired));
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let is_same = URL_SAFE_NO_PAD.decode(&changed).ok() == URL_SAFE_NO_PAD.decode(&token).ok();
            assert!(is_same || links.read(&changed, until) == Err(PostLinkRefused::Unknown), "{index}");
        }
        // Signed before the keys were changed, and withdrawn with its key.
        let old = PostLinks::derived_from([b"old".as_slice()], None).token(tenant, PostLink::Calendar, until);
        assert_eq!(links.read(&old, until), Ok((tenant, PostLink::Calendar)));
        assert!(PostLinks::derived_from([b"new".as_slice()], None).read(&old, until).is_err());
    }
}
