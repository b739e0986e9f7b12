//! What the center is told when it starts. In: options. Out: checked settings.
//! Never: falls back to a default when a value is wrong.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use axum::http::Uri;

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
    /// Under which URL hosts and browsers reach it; by default where it listens.
    pub public: Option<PublicUrl>,
    /// What one upload and its sender may take.
    pub limits: Limits,
}

/// The URL under which a center is reached: scheme and name, no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    scheme: &'static str,
    /// Host name in lower case, with the port unless it is the scheme's own: what hosts sign as `@authority`.
    pub authority: String,
}

impl PublicUrl {
    /// The URL of a center that is reached where it listens.
    pub fn of(listen: SocketAddr, tls: bool) -> Self {
        let (scheme, own) = if tls { ("https", 443) } else { ("http", 80) };
        let text = listen.to_string();
        let authority = if listen.port() == own { text.trim_end_matches(&format!(":{own}")).to_owned() } else { text };
        Self { scheme, authority }
    }

    /// Whether browsers reach it by https, from here or from a proxy before it.
    pub fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// The host name alone.
    pub fn host(&self) -> &str {
        let name = self.authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        name.map_or(self.authority.as_str(), |(name, _)| name)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl FromStr for PublicUrl {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let bad = || SettingsError::Url(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let (scheme, own) = match uri.scheme_str() {
            Some("https") => ("https", ":443"),
            Some("http") => ("http", ":80"),
            _ => return Err(bad()),
        };
        let authority = uri.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default();
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.contains('@') || authority.is_empty() {
            return Err(bad());
        }
        Ok(Self { scheme, authority: authority.strip_suffix(own).unwrap_or(&authority).to_owned() })
    }
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
    /// After how long hosts ask again.
    pub poll: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // The largest sealed file, and what stands around its payload.
            upload_bytes: (2 << 30) + (2 << 20),
            open_uploads: 4,
            day_bytes: 10 << 30,
            free_bytes: 1 << 30,
            expiry: Duration::from_hours(7 * 24),
            idle: Duration::from_mins(1),
            poll: Duration::from_mins(5),
        }
    }
}

/// Why settings were refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Passwords and bundles would cross a network in the clear.
    #[error("{0} is not a loopback address: give --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that does TLS")]
    PlainHttp(SocketAddr),
    /// No host could know which name to sign.
    #[error("{0} is every address of this machine: give --public-url with the one under which hosts and browsers reach it")]
    NoName(SocketAddr),
    /// Not a URL of a center.
    #[error("{0:?} is not https://NAME or https://NAME:PORT, without a path")]
    Url(String),
}

impl Settings {
    /// Checks what only together is right or wrong.
    pub fn new(
        listen: SocketAddr,
        data: PathBuf,
        tls: Option<Tls>,
        public: Option<PublicUrl>,
        limits: Limits,
    ) -> Result<Self, SettingsError> {
        if tls.is_none() && !listen.ip().is_loopback() {
            return Err(SettingsError::PlainHttp(listen));
        }
        if public.is_none() && listen.ip().is_unspecified() {
            return Err(SettingsError::NoName(listen));
        }
        Ok(Self { listen, data, tls, public, limits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_the_machine() {
        let new = |listen: &str, tls| {
            let public = Some("https://center.example".parse().expect("a URL"));
            Settings::new(listen.parse().expect("an address"), "d".into(), tls, public, Limits::default())
        };
        let tls = Tls { certificate: "c".into(), key: "k".into() };
        assert!(new("127.0.0.1:1", None).is_ok() && new("[::1]:1", None).is_ok());
        assert!(new("0.0.0.0:1", None).is_err() && new("192.0.2.1:1", None).is_err());
        assert!(new("0.0.0.0:1", Some(tls)).is_ok());
    }

    #[test]
    fn a_center_that_listens_everywhere_needs_a_name() {
        let new = |listen: &str, public: Option<&str>| {
            let tls = Some(Tls { certificate: "c".into(), key: "k".into() });
            let public = public.map(|text| text.parse().expect("a URL"));
            Settings::new(listen.parse().expect("an address"), "d".into(), tls, public, Limits::default())
        };
        for listen in ["0.0.0.0:8443", "[::]:8443"] {
            assert!(matches!(new(listen, None), Err(SettingsError::NoName(_))), "{listen}");
            assert!(new(listen, Some("https://center.example")).is_ok(), "{listen}");
        }
        assert!(new("192.0.2.1:8443", None).is_ok());
    }

    #[test]
    fn public_urls_have_one_authority() {
        let authority = |text: &str| text.parse().map(|url: PublicUrl| url.authority).ok();
        for text in ["https://Support.example.cn", "https://support.example.cn:443/", "HTTPS://support.example.cn"] {
            assert_eq!(authority(text).as_deref(), Some("support.example.cn"), "{text}");
        }
        assert_eq!(authority("http://127.0.0.1:8443").as_deref(), Some("127.0.0.1:8443"));
        for text in ["support.example.cn", "ftp://x", "https://x/path", "https://u@x", "https://x/?q", "https://"] {
            assert_eq!(authority(text), None, "{text}");
        }
        let listen = |text: &str, tls| PublicUrl::of(text.parse().expect("an address"), tls).to_string();
        assert_eq!(listen("127.0.0.1:80", false), "http://127.0.0.1");
        assert_eq!(listen("[::1]:8443", true), "https://[::1]:8443");
        assert_eq!("https://[::1]:8443".parse::<PublicUrl>().expect("a URL").host(), "[::1]");
    }
}
