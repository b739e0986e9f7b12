//! How this host may reach a center: the table `[network]` of `oediag.toml`.
//!
//! In: TOML. Out: a proxy, the hosts that are reached without it, a limit; all of it words that were looked at, none of it opened.
//! Never: takes a proxy from the environment, or credentials from this file, which more people read than should know them.

use std::{fmt, net::IpAddr, num::NonZeroU64, path::PathBuf, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest name of a host, in bytes.
const MAX_HOST: usize = 253;

/// `[network]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// The proxy that connects to the center.
    pub proxy: Option<Proxy>,
    /// A private file with one line `user:password` for the proxy.
    pub proxy_credentials_file: Option<PathBuf>,
    /// What is reached without the proxy.
    pub no_proxy: Vec<Direct>,
    /// Most KiB per second that are sent.
    pub kib_s: Option<NonZeroU64>,
    /// Whether the system's authorities count beside those of `enroll --ca`.
    pub system_roots: bool,
}

impl Network {
    /// The proxy to reach a host by, which is a name in lower case or an address, in brackets or not.
    pub fn proxy_to(&self, host: &str) -> Option<&Proxy> {
        let direct = self.no_proxy.iter().any(|direct| direct.covers(host));
        self.proxy.as_ref().filter(|_| !direct)
    }
}

/// Why a word of the table is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// Not a proxy.
    #[error("a proxy is http://HOST:PORT, without user, password or path")]
    Proxy,
    /// Not a host.
    #[error("no_proxy holds names, .domains and addresses")]
    Direct,
}

/// `http://HOST:PORT` of a proxy that takes CONNECT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Proxy {
    /// In lower case; an IPv6 address in brackets.
    host: String,
    port: u16,
}

impl FromStr for Proxy {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let rest = text.strip_prefix("http://").ok_or(WordError::Proxy)?;
        let (host, port) = rest.strip_suffix('/').unwrap_or(rest).rsplit_once(':').ok_or(WordError::Proxy)?;
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port > 0).ok_or(WordError::Proxy)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match (bare, host.to_ascii_lowercase()) {
            (Some(six), _) => six.parse::<std::net::Ipv6Addr>().map(|six| format!("[{six}]")).map_err(|_| WordError::Proxy)?,
            (None, host) if is_name(&host) => host,
            _ => return Err(WordError::Proxy),
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl TryFrom<String> for Proxy {
    type Error = WordError;

    fn try_from(text: String) -> Result<Self, WordError> {
        text.parse()
    }
}

impl From<Proxy> for String {
    fn from(proxy: Proxy) -> Self {
        proxy.to_string()
    }
}

/// What is reached without a proxy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Direct {
    /// One address.
    Address(IpAddr),
    /// One name, in lower case.
    Name(String),
    /// All names that end so: a dot first, in lower case.
    Below(String),
}

impl Direct {
    fn covers(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match self {
            Self::Address(address) => bare.parse() == Ok(*address),
            Self::Name(name) => name == host,
            Self::Below(end) => host.len() > end.len() && host.ends_with(end.as_str()),
        }
    }
}

impl TryFrom<String> for Direct {
    type Error = WordError;

    fn try_from(text: String) -> Result<Self, WordError> {
        let text = text.to_ascii_lowercase();
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        match text.strip_prefix('.') {
            Some(name) if is_name(name) => Ok(Self::Below(text)),
            None if is_name(&text) => Ok(Self::Name(text)),
            _ => Err(WordError::Direct),
        }
    }
}

fn is_name(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    (1..=MAX_HOST).contains(&host.len()) && host.bytes().all(plain) && !host.starts_with(['-', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_has_one_form() {
        for (text, shown) in [
            ("http://Proxy.Example.cn:3128", "http://proxy.example.cn:3128"),
            ("http://192.0.2.1:80/", "http://192.0.2.1:80"),
            ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080"),
        ] {
            assert_eq!(text.parse::<Proxy>().map(|proxy| proxy.to_string()).as_deref(), Ok(shown));
        }
        for text in [
            "",
            "proxy:3128",
            "https://proxy:3128",
            "socks5://proxy:1080",
            "http://proxy",
            "http://proxy:",
            "http://proxy:0",
            "http://proxy:+1",
            "http://proxy:65536",
            "http://u:p@proxy:3128",
            "http://proxy:3128/x",
            "http://[x]:1",
            "http://:1",
            "http://a b:1",
        ] {
            assert_eq!(text.parse::<Proxy>(), Err(WordError::Proxy), "{text}");
        }
    }

    #[test]
    fn what_is_direct_is_named_or_below_a_domain() {
        let network: Network = toml::from_str(
            "proxy = 'http://p:1'\nno_proxy = ['Center.example.cn', '.internal.example.cn', '192.0.2.7', '2001:db8::1']",
        )
        .expect("a table");
        for (host, direct) in [
            ("center.example.cn", true),
            ("a.center.example.cn", false),
            ("xcenter.example.cn", false),
            ("a.internal.example.cn", true),
            ("internal.example.cn", false),
            ("192.0.2.7", true),
            ("192.0.2.70", false),
            ("[2001:db8::1]", true),
            ("support.example.cn", false),
        ] {
            assert_eq!(network.proxy_to(host).is_none(), direct, "{host}");
        }
        assert_eq!(Network::default().proxy_to("support.example.cn"), None);
    }

    #[test]
    fn the_table_is_strict() {
        for wrong in [
            "proxy = 'p:1'",
            "no_proxy = ['*.example.cn']",
            "no_proxy = ['10.0.0.0/8']",
            "no_proxy = ['']",
            "no_proxy = 'a'",
            "kib_s = 0",
            "kib_s = -1",
            "proxy_password = 'x'",
            "system_roots = 'yes'",
        ] {
            assert!(toml::from_str::<Network>(wrong).is_err(), "{wrong}");
        }
    }
}
