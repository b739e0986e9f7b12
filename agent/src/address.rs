//! Where a center is: scheme, host and port, nothing else. In: the word of a person. Out: a value that cannot name anything but
//! an HTTPS origin, or a plain one on this very machine. Never: takes a path, a query, a user or a password.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::values::ValueError;

/// `https://host[:port]`, or `http://` with a loopback host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    secure: bool,
    /// In lower case; an IPv6 address in brackets.
    host: String,
    port: u16,
}

impl Address {
    /// Host, and the port unless it is the scheme's own: what requests are signed with.
    pub fn authority(&self) -> String {
        if self.port == own_port(self.secure) { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// The host alone, in lower case; an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether there is no TLS: on this machine only.
    pub fn is_plain(&self) -> bool {
        !self.secure
    }

    /// The whole URL of a path on this center.
    pub fn join(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

fn own_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl FromStr for Address {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let (scheme, rest) = text.split_once("://").ok_or(ValueError::Address)?;
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(ValueError::Address),
        };
        let rest = rest.to_ascii_lowercase();
        let (host, port) = match rest.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                (host, port.parse().ok().filter(|port| *port > 0).ok_or(ValueError::Address)?)
            }
            Some(_) => return Err(ValueError::Address),
            None => (rest.as_str(), own_port(secure)),
        };
        let six = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).map(str::parse::<Ipv6Addr>);
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        let (host, loopback) = match six {
            Some(Ok(address)) => (format!("[{address}]"), address.is_loopback()),
            None if !host.is_empty() && host.len() <= 253 && host.bytes().all(named) && !host.starts_with(['-', '.']) => {
                let loopback = host == "localhost" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
                (host.to_owned(), loopback)
            }
            _ => return Err(ValueError::Address),
        };
        if secure || loopback { Ok(Self { secure, host, port }) } else { Err(ValueError::PlainHttp) }
    }
}

impl TryFrom<String> for Address {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_spelling() {
        for (text, shown, authority) in [
            ("https://Support.Example.cn/", "https://support.example.cn", "support.example.cn"),
            ("https://support.example.cn:443", "https://support.example.cn", "support.example.cn"),
            ("https://support.example.cn:8443", "https://support.example.cn:8443", "support.example.cn:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://localhost", "http://localhost", "localhost"),
            ("http://[::1]:80", "http://[::1]", "[::1]"),
            ("https://[2001:DB8::1]:9", "https://[2001:db8::1]:9", "[2001:db8::1]:9"),
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!((address.to_string().as_str(), address.authority().as_str()), (shown, authority));
            assert_eq!(shown.parse(), Ok(address));
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "support.example.cn",
            "ftp://a",
            "https://",
            "https:///",
            "https://a/b",
            "https://a?b",
            "https://u@a",
            "https://u:p@a",
            "https://a:",
            "https://a:0",
            "https://a:99999",
            "https://a:+1",
            "https://[::1",
            "https://[x]",
            "https://a b",
            "https://-a",
            "https://名",
        ] {
            assert_eq!(text.parse::<Address>(), Err(ValueError::Address), "{text}");
        }
        for text in ["http://support.example.cn", "http://10.0.0.1", "http://128.0.0.1", "http://localhost.example.cn"] {
            assert_eq!(text.parse::<Address>(), Err(ValueError::PlainHttp), "{text}");
        }
    }
}
