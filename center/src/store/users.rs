//! Rows of users and their sessions. In: names, hashes, digests. Out: rows. Never: a password or a cookie.

use oediag_protocol::{id::TenantId, time::Time};

use super::{Store, StoreError, on};

/// A user to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// The name, which is the key.
    pub name: &'a str,
    /// The tenant; it is there already.
    pub tenant: &'a str,
    /// The word of the role.
    pub role: &'a str,
    /// The password's hash.
    pub password: &'a str,
    /// When.
    pub now: Time,
}

/// A session as it is stored.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Name of the user.
    pub user: String,
    /// The user's tenant.
    pub tenant: String,
    /// The word of the user's role.
    pub role: String,
    /// What forms send back.
    pub csrf: String,
    /// When it was begun.
    pub created: Time,
    /// When it was last used.
    pub used: Time,
}

impl Store {
    /// Makes a user; false when the name is taken.
    pub async fn new_user(&self, new: NewUser<'_>) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO users (name, tenant, password, created, role) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING",
        )
        .bind(new.name)
        .bind(new.tenant)
        .bind(new.password)
        .bind(new.now.0)
        .bind(new.role)
        .execute(&self.db)
        .await
        .map_err(on("making a user"))?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether there is any user.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        let (count,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM users").fetch_one(&self.db).await.map_err(on("counting users"))?;
        Ok(count > 0)
    }

    /// The word of the role of a tenant's user; none where the tenant has no such user.
    pub async fn role_of(&self, tenant: &TenantId, name: &str) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as("SELECT role FROM users WHERE name = $1 AND tenant = $2")
            .bind(name)
            .bind(tenant.as_str())
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for a user's role"))?;
        Ok(row.map(|(role,)| role))
    }

    /// The stored hash of a user's password.
    pub async fn password_of(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as("SELECT password FROM users WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.db)
            .await
            .map_err(on("looking for a user"))?;
        Ok(row.map(|(password,)| password))
    }

    /// Stores a new session.
    pub async fn new_session(&self, digest: &str, user: &str, csrf: &str, now: Time) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO sessions (digest, user_name, csrf, created, used) VALUES ($1, $2, $3, $4, $4)")
            .bind(digest)
            .bind(user)
            .bind(csrf)
            .bind(now.0)
            .execute(&self.db)
            .await
            .map_err(on("beginning a session"))?;
        Ok(())
    }

    /// The session of this digest, over or not.
    pub async fn session(&self, digest: &str) -> Result<Option<SessionRow>, StoreError> {
        let row: Option<(String, String, String, String, i64, i64)> = sqlx::query_as(
            "SELECT users.name, users.tenant, users.role, sessions.csrf, sessions.created, sessions.used \
             FROM sessions JOIN users ON users.name = sessions.user_name WHERE sessions.digest = $1",
        )
        .bind(digest)
        .fetch_optional(&self.db)
        .await
        .map_err(on("looking for a session"))?;
        Ok(row.map(|(user, tenant, role, csrf, created, used)| SessionRow {
            user,
            tenant,
            role,
            csrf,
            created: Time(created),
            used: Time(used),
        }))
    }

    /// Notes that a session was used.
    pub async fn touch_session(&self, digest: &str, now: Time) -> Result<(), StoreError> {
        sqlx::query("UPDATE sessions SET used = $1 WHERE digest = $2")
            .bind(now.0)
            .bind(digest)
            .execute(&self.db)
            .await
            .map_err(on("noting the use of a session"))?;
        Ok(())
    }

    /// Forgets a session.
    pub async fn end_session(&self, digest: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE digest = $1")
            .bind(digest)
            .execute(&self.db)
            .await
            .map_err(on("ending a session"))?;
        Ok(())
    }

    /// Forgets sessions begun before this.
    pub async fn sweep_sessions(&self, begun_before: Time) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM sessions WHERE created < $1")
            .bind(begun_before.0)
            .execute(&self.db)
            .await
            .map_err(on("forgetting old sessions"))?;
        Ok(())
    }
}
