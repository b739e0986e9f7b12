//! People with a local account: passwords, roles, sessions, and who may try how often.
//!
//! In: names, passwords, cookies. Out: a session, or none. Never: tells whether a name exists, stores a password or a cookie.

pub mod password;
pub mod role;
pub mod session;
pub mod throttle;

use oediag_protocol::time::Time;

pub use self::role::{Action, Role, may};
use crate::{
    secret,
    store::{Store, StoreError, users::NewUser},
};

/// Why a user was not made.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// A name that cannot be one.
    #[error("{0:?} is not a user name: 1 to 64 of a-z, 0-9, '.', '-', '_'")]
    Name(String),
    /// The name is taken.
    #[error("the user {0} is there already")]
    Taken(String),
    /// The password.
    #[error(transparent)]
    Password(#[from] password::PasswordError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a user may have this name.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
}

/// Makes a user with a random password, and gives the password, which is stored nowhere.
pub async fn create(store: &Store, tenant: &str, name: &str, role: Role, now: Time) -> Result<String, UserError> {
    if !is_name(name) {
        return Err(UserError::Name(name.to_owned()));
    }
    let password = secret::random_hex::<12>().map_err(StoreError::from)?;
    let hash = password::hash(&password)?;
    store.ensure_tenant(tenant, now).await?;
    if !store.new_user(NewUser { name, tenant, role: role.word(), password: &hash, now }).await? {
        return Err(UserError::Taken(name.to_owned()));
    }
    Ok(password)
}
