//! What binds a sign-in to the browser that began it: a secret in a cookie, which is never in an address. State, nonce and
//! the proof of PKCE are derived from it, so that nothing is stored before somebody has come back.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tenants::clock::Timestamp;
use tenants::ids::Ids;

/// What the key is for: nothing else may be signed with it.
const PURPOSE: &[u8] = b"troupe: sign-in through single sign-on, version 1";
/// So long somebody may take at their provider.
pub const LIVES: Duration = Duration::from_secs(600);
const SECRET: usize = 32;
/// Secret, and moment of issue in seconds since 1970.
const CLAIM: usize = SECRET + 8;
const MAC: usize = 32;

/// Makes and reads tickets: the first key signs, all of them are believed.
pub struct Tickets(Vec<[u8; 32]>);

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tickets")
    }
}

/// One attempt to sign in.
pub struct Ticket {
    secret: [u8; SECRET],
    /// It is good until then.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket")
    }
}

impl Tickets {
    /// With keys derived from the installation's secrets, the current one first.
    pub fn derived_from<'k>(secrets: impl IntoIterator<Item = &'k [u8]>) -> Self {
        let derived = |secret| Some(mac(secret, PURPOSE)?.finalize().into_bytes().into());
        Self(secrets.into_iter().filter_map(derived).collect())
    }

    /// A new ticket, and the value of its cookie.
    pub fn issue(&self, ids: &Ids, now: Timestamp) -> (Ticket, String) {
        let mut secret = [0u8; SECRET];
        ids.fill(&mut secret);
        let issued = now.as_millis().div_euclid(1_000);
        let claim = [secret.as_slice(), &issued.to_be_bytes()].concat();
        // Without a MAC it is believed by nobody.
        let signed = self.0.first().and_then(|key| mac(key, &claim));
        let signature = signed.map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
        let value = URL_SAFE_NO_PAD.encode([claim.as_slice(), &signature].concat());
        (Ticket { secret, expires_at: Timestamp::from_millis(issued * 1_000) + LIVES }, value)
    }

    /// The ticket of a cookie; `None` when we have not made it, or it is too old.
    pub fn read(&self, value: &str, now: Timestamp) -> Option<Ticket> {
        let bytes: [u8; CLAIM + MAC] = URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok()?;
        let (claim, signature) = bytes.split_at(CLAIM);
        let is_ours =
            self.0.iter().any(|key| mac(key, claim).is_some_and(|mac| mac.verify_slice(signature).is_ok()));
        let issued = i64::from_be_bytes(std::array::from_fn(|index| claim[SECRET + index]));
        let secret = std::array::from_fn(|index| claim[index]);
        let expires_at = is_ours.then(|| Timestamp::from_millis(issued.saturating_mul(1_000)) + LIVES)?;
        (now < expires_at).then_some(Ticket { secret, expires_at })
    }
}

impl Ticket {
    fn derive(&self, what: &str) -> [u8; 32] {
        Sha256::new().chain_update(what.as_bytes()).chain_update(self.secret).finalize().into()
    }

    /// Goes along in the address and comes back in it.
    pub fn state(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derive("state"))
    }

    /// Whether this state is this ticket's.
    pub fn is_state(&self, state: &str) -> bool {
        bool::from(self.state().as_bytes().ct_eq(state.as_bytes()))
    }

    /// Goes along in the address and comes back in the token.
    pub fn nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derive("nonce"))
    }

    /// Shows to the provider that whoever asks for the token also began (RFC 7636).
    pub fn verifier(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derive("verifier"))
    }

    /// What the address says of it.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }

    /// Under this name it is remembered that it was used.
    pub fn spent_as(&self) -> String {
        hex::encode(self.derive("spent"))
    }
}

fn mac(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenants::clock::SystemClock;

    use super::*;

    #[test]
    fn a_ticket_is_read_for_ten_minutes_and_cannot_be_altered() {
        let tickets = Tickets::derived_from([b"a secret".as_slice()]);
        let now = Timestamp::from_millis(1_700_000_000_000);
        let (ticket, value) = tickets.issue(&Ids::system(Arc::new(SystemClock)), now);
        let read = tickets.read(&value, now + Duration::from_secs(599)).unwrap();
        assert!(read.is_state(&ticket.state()) && read.nonce() == ticket.nonce());
        assert!(tickets.read(&value, now + LIVES).is_none());
        let others = Tickets::derived_from([b"another".as_slice()]);
        assert!(others.read(&value, now).is_none());
        for index in 0..value.len() {
            let mut altered = value.clone().into_bytes();
            altered[index] = if altered[index] == b'A' { b'B' } else { b'A' };
            assert!(tickets.read(std::str::from_utf8(&altered).unwrap(), now).is_none(), "{index}");
        }
    }

    #[test]
    fn what_is_in_addresses_tells_nothing_of_what_is_not() {
        let tickets = Tickets::derived_from([b"a secret".as_slice()]);
        let (ticket, value) = tickets.issue(&Ids::system(Arc::new(SystemClock)), Timestamp::default());
        let told = [ticket.state(), ticket.nonce(), ticket.challenge()];
        for kept in [ticket.verifier(), ticket.spent_as(), value] {
            assert!(!told.contains(&kept));
        }
        assert!(!ticket.is_state(&ticket.nonce()));
    }
}
