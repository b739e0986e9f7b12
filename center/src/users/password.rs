//! Passwords: argon2id, 19 MiB, two passes, one lane. In: a password. Out: what is stored, or whether it fits.
//! Never: works less for a name that does not exist.

use std::sync::LazyLock;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{self, PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub const MIN_CHARS: usize = 12;
/// Most bytes of a password.
pub const MAX_BYTES: usize = 1024;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Passwords being checked at one time: each takes 19 MiB.
static ROOM: Semaphore = Semaphore::const_new(4);

/// What a password is compared with where there is no such user, so that the work is the same.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody has this password").ok());

/// Why a password cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has at least {MIN_CHARS} characters and at most {MAX_BYTES} bytes")]
    Length,
    /// No random bytes.
    #[error("the system gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// The hash function.
    #[error("the password could not be hashed: {0}")]
    Hash(password_hash::Error),
}

/// What is stored for a password, in the PHC text form.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < MIN_CHARS || password.len() > MAX_BYTES {
        return Err(PasswordError::Length);
    }
    hash_now(password)
}

/// Whether the password is the one that was stored; with nothing stored it is not, after the same work.
pub async fn fits(password: String, stored: Option<String>) -> bool {
    let Ok(_room) = ROOM.acquire().await else { return false };
    let check = move || {
        let known = stored.is_some();
        let stored = stored.or_else(|| NOBODY.clone()).unwrap_or_default();
        let fits = PasswordHash::new(&stored).is_ok_and(|stored| {
            password.len() <= MAX_BYTES
                && argon2().is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), &stored).is_ok())
        });
        known && fits
    };
    tokio::task::spawn_blocking(check).await.unwrap_or(false)
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| PasswordError::Hash(error.into()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(PasswordError::Random)?;
    let salt = SaltString::encode_b64(&salt).map_err(PasswordError::Hash)?;
    let hash = argon2()?.hash_password(password.as_bytes(), &salt).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let stored = hash("correct horse battery").expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(fits("correct horse battery".to_owned(), Some(stored.clone())).await);
        assert!(!fits("correct horse batterx".to_owned(), Some(stored)).await);
        assert!(!fits("nobody has this password".to_owned(), None).await);
        assert!(matches!(hash("too short"), Err(PasswordError::Length)));
    }
}
