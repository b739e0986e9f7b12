//! What the center is told when it starts. In: options. Out: checked settings.
//! Never: falls back to a default when a value is wrong.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

/// Certificate chain and private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate and those above it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Settings of one instance.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Folder of database, bundles and unfinished uploads.
    pub data: PathBuf,
    /// Without it, plain http.
    pub tls: Option<Tls>,
    /// What one upload and its sender may take.
    pub limits: Limits,
}

/// What an upload, and one who uploads, may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of one upload.
    pub upload_bytes: u64,
    /// Most unfinished uploads of one sender.
    pub open_uploads: u64,
    /// Most bytes that one sender may announce in 24 hours.
    pub day_bytes: u64,
    /// Bytes that stay free on the disk.
    pub free_bytes: u64,
    /// An upload that is not finished in this time is deleted.
    pub expiry: Duration,
    /// A request that sends nothing for this long ends; what came before is kept.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            upload_bytes: 2 << 30,
            open_uploads: 4,
            day_bytes: 10 << 30,
            free_bytes: 1 << 30,
            expiry: Duration::from_hours(7 * 24),
            idle: Duration::from_mins(1),
        }
    }
}

/// Why settings were refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Passwords and bundles would cross a network in the clear.
    #[error("{0} is not a loopback address: give --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that does TLS")]
    PlainHttp(SocketAddr),
}

impl Settings {
    /// Checks what only together is right or wrong.
    pub fn new(listen: SocketAddr, data: PathBuf, tls: Option<Tls>, limits: Limits) -> Result<Self, SettingsError> {
        if tls.is_none() && !listen.ip().is_loopback() {
            return Err(SettingsError::PlainHttp(listen));
        }
        Ok(Self { listen, data, tls, limits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_the_machine() {
        let new = |listen: &str, tls| Settings::new(listen.parse().expect("an address"), "d".into(), tls, Limits::default());
        let tls = Tls { certificate: "c".into(), key: "k".into() };
        assert!(new("127.0.0.1:1", None).is_ok() && new("[::1]:1", None).is_ok());
        assert!(new("0.0.0.0:1", None).is_err() && new("192.0.2.1:1", None).is_err());
        assert!(new("0.0.0.0:1", Some(tls)).is_ok());
    }
}
