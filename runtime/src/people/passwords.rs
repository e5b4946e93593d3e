//! Passwords: what is accepted, and how they are kept.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tenants::ids::Ids;
use tenants::tasks::Tasks;
use tokio::sync::Semaphore;

/// Fewest characters; NIST SP 800-63B (revision 4) asks for 15 where a password stands alone, and OWASP for 12.
pub const MIN_CHARS: usize = 12;
/// Most characters: more would only be work.
pub const MAX_CHARS: usize = 200;
/// Passwords hashed side by side on a node: each takes 19 MiB and a core.
const AT_ONCE: usize = 4;

/// Why a password is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("has {0} characters: choose one of at least {MIN_CHARS}, such as four or five words")]
    TooShort(usize),
    /// Too long.
    #[error("has {0} characters: at most {MAX_CHARS} are allowed")]
    TooLong(usize),
    /// It says who it is for, or little else.
    #[error(
        "is easy to guess: choose words that have nothing to do with you, and not one letter again and again"
    )]
    Guessable,
}

/// Checks a password that somebody chooses; `about` are their e-mail address and name.
///
/// # Errors
/// Says what to do instead.
pub fn check(password: &SecretString, about: &[&str]) -> Result<(), WeakPassword> {
    let text = password.expose_secret();
    let chars = text.chars().count();
    if chars < MIN_CHARS {
        return Err(WeakPassword::TooShort(chars));
    }
    if chars > MAX_CHARS {
        return Err(WeakPassword::TooLong(chars));
    }
    let parts = about.iter().flat_map(|text| text.split(['@', ' ', '.']));
    let inputs: Vec<&str> = parts.chain(about.iter().copied()).chain(["troupe"]).collect();
    match zxcvbn::zxcvbn(text, &inputs).score() >= zxcvbn::Score::Three {
        true => Ok(()),
        false => Err(WeakPassword::Guessable),
    }
}

/// Hashes and verifies, a few at a time and off the node's threads for requests.
#[derive(Debug)]
pub struct Passwords {
    tasks: Tasks,
    ids: Ids,
    turns: Semaphore,
    /// Verified where there is no user, so that an answer takes as long as for one.
    nobody: Arc<OnceLock<String>>,
}

/// Hashing failed, or the node stops.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct HashingFailed(String);

impl Passwords {
    /// Ready to hash.
    pub fn new(tasks: Tasks, ids: Ids) -> Self {
        Self { tasks, ids, turns: Semaphore::new(AT_ONCE), nobody: Arc::default() }
    }

    /// The Argon2id string of a password.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn hash(&self, password: SecretString) -> Result<String, HashingFailed> {
        let mut salt = [0u8; 16];
        self.ids.fill(&mut salt);
        self.apart(move || hash(&password, &salt)).await?
    }

    /// Whether this is the password; takes as long when there is none.
    ///
    /// # Errors
    /// When it cannot be verified.
    pub async fn verify(
        &self,
        password: SecretString,
        stored: Option<String>,
    ) -> Result<bool, HashingFailed> {
        let is_somebody = stored.is_some();
        let nobody = self.nobody.clone();
        let verified = self.apart(move || match stored {
            Some(stored) => verify(&password, &stored),
            // The first time it takes twice as long, and tells nothing: nobody has measured the other yet.
            None => verify(&password, nobody.get_or_init(nobodys)),
        });
        verified.await.map(|is_it| is_it && is_somebody)
    }

    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashingFailed> {
        let _turn = self.turns.acquire().await.map_err(|error| HashingFailed(error.to_string()))?;
        self.tasks.spawn_blocking(work).await.map_err(|error| HashingFailed(error.to_string()))
    }
}

/// 19 MiB, two passes, one lane: OWASP's first choice for Argon2id.
fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

fn hash(password: &SecretString, salt: &[u8]) -> Result<String, HashingFailed> {
    let failed = |error: argon2::password_hash::Error| HashingFailed(error.to_string());
    let salt = SaltString::encode_b64(salt).map_err(failed)?;
    let hash = argon2().hash_password(password.expose_secret().as_bytes(), &salt).map_err(failed)?;
    Ok(hash.to_string())
}

/// Some hash; which does not matter.
fn nobodys() -> String {
    hash(&SecretString::from("nobody's password"), &[7; 16]).unwrap_or_default()
}

fn verify(password: &SecretString, stored: &str) -> bool {
    let Ok(stored) = PasswordHash::new(stored) else { return false };
    argon2().verify_password(password.expose_secret().as_bytes(), &stored).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<(), WeakPassword> {
        check(&SecretString::from(text), &["ana.lima@example.com", "Ana Lima"])
    }

    #[test]
    fn a_password_of_some_words_is_accepted() {
        for text in [
            "correct horse battery",
            "vier kleine Füchse",
            "Tr0ub4dor&3-and-more",
            "日本語のとても長い合言葉だよ",
        ] {
            assert_eq!(checked(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_is_short_long_or_guessable_is_not() {
        assert_eq!(checked("short"), Err(WeakPassword::TooShort(5)));
        assert_eq!(checked(&"ab cd ef ".repeat(30)), Err(WeakPassword::TooLong(270)));
        for text in ["aaaaaaaaaaaaaa", "ana.lima@example.com", "Password1234", "012345678901", "abcdefghijkl"]
        {
            assert_eq!(checked(text), Err(WeakPassword::Guessable), "{text}");
        }
    }

    #[test]
    fn a_hash_is_argon2id_and_verifies_that_password_only() {
        let stored = hash(&SecretString::from("correct horse battery"), &[1; 16]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify(&SecretString::from("correct horse battery"), &stored));
        assert!(!verify(&SecretString::from("correct horse batterY"), &stored));
        assert!(!verify(&SecretString::from("correct horse battery"), "no hash"));
    }
}
