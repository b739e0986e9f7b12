//! How a center is reached from this host. In: the table `[network]`, the center's address. Out: the proxy with its credentials, the
//! limit, whose certificates count; or why the credentials cannot be used. Never: shows the credentials in any text.

use std::{fmt, path::PathBuf};

use oediag_collector::{
    config::network::{Network, Proxy},
    state::{self, State, StateError},
};
use serde::{Deserialize, Serialize};

use crate::{
    address::Address,
    failure::{Failure, Kind},
    invocation::Invocation,
    redaction, text,
};

/// Most bytes of a file with credentials.
const MAX_BYTES: u64 = 1 << 10;

/// The way to one center.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    /// The proxy that connects to it.
    pub proxy: Option<Proxy>,
    /// What the proxy asks for.
    pub credentials: Option<Credentials>,
    /// Most KiB per second that are sent.
    pub kib_s: Option<u64>,
    /// Whether the system's authorities count beside those that were named for the center.
    pub system_roots: bool,
}

/// `user:password`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Credentials(String);

impl Credentials {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let plain = !text.chars().any(char::is_control) && text.split_once(':').is_some_and(|(user, _)| !user.is_empty());
        plain.then(|| Self(text.to_owned()))
    }

    /// User and password.
    pub fn pair(&self) -> (&str, &str) {
        self.0.split_once(':').unwrap_or((&self.0, ""))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// Why a proxy's credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WayError {
    /// The file.
    #[error(transparent)]
    State(#[from] StateError),
    /// It is not there.
    #[error("{0}: is not there")]
    Missing(PathBuf),
    /// Not what it should be.
    #[error("{0}: is not one line USER:PASSWORD")]
    Shape(PathBuf),
}

/// The way to a center as the settings of this host say it.
pub fn configured(center: &Address, state: &State, given: &Invocation) -> Result<Way, Failure> {
    Way::to(center, &redaction::config(state, given)?.network)
        .map_err(|error| Failure::new(Kind::Usage, text!(given.texts, "error-settings")).because(error))
}

impl Way {
    /// The way to a center. One without TLS is on this machine, and no proxy leads there.
    pub fn to(center: &Address, network: &Network) -> Result<Self, WayError> {
        let proxy = network.proxy_to(center.host()).filter(|_| !center.is_plain());
        let credentials = match (&network.proxy_credentials_file, proxy) {
            (Some(path), Some(_)) => {
                let bytes = state::saved(path, MAX_BYTES)?.ok_or_else(|| WayError::Missing(path.clone()))?;
                let text = std::str::from_utf8(&bytes).ok().and_then(Credentials::parse);
                Some(text.ok_or_else(|| WayError::Shape(path.clone()))?)
            }
            _ => None,
        };
        let kib_s = network.kib_s.map(std::num::NonZeroU64::get);
        Ok(Self { proxy: proxy.cloned(), credentials, kib_s, system_roots: network.system_roots })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_one_line_and_never_shown() {
        for (text, pair) in [("u:p\n", ("u", "p")), ("u:", ("u", "")), ("名:a:b c", ("名", "a:b c"))] {
            let credentials = Credentials::parse(text).expect(text);
            assert_eq!(credentials.pair(), pair);
            assert_eq!(format!("{credentials:?}"), "Credentials");
        }
        for text in ["", "u", ":p", "u:p\nx:y", "u:p\r\n", "u:\u{1b}[0m"] {
            assert_eq!(Credentials::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn no_proxy_leads_to_this_machine_itself() {
        let network = Network { proxy: "http://proxy.example.cn:3128".parse().ok(), ..Network::default() };
        let way = |url: &str| Way::to(&url.parse().expect(url), &network).expect("no file is needed");
        assert_eq!(way("https://support.example.cn").proxy, network.proxy);
        assert_eq!(way("http://127.0.0.1:8080").proxy, None);
    }
}
