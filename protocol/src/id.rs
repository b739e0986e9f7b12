//! Names of hosts, bundles, requests, receipts and tenants: meaningless outside oediag, never derived from the machine-id.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{hex, unhex};

/// A bundle's random id, written as 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(pub [u8; 16]);

/// A host's random id, written as `h-` and 32 lower-case hex digits. It names an installation of
/// oediag (who signs), not a machine-id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(pub [u8; 16]);

/// A request's random id, written as `r-` and 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub [u8; 16]);

/// A consent receipt's random id, written as `c-` and 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiptId(pub [u8; 16]);

/// A random id that the customer's side gives a case it opens, written as `q-` and 32 lower-case hex digits: opening twice under it
/// opens one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseKey(pub [u8; 16]);

/// A customer of a center: `t-` and 1 to 32 of `[a-z0-9-]`, chosen by the center.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(String);

impl BundleId {
    /// The id's first 8 hex digits: part of the bundle's name, and what an operator types to consent.
    pub fn short(self) -> String {
        self.to_string()[..8].to_owned()
    }

    /// Reads exactly 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        unhex(text, &mut bytes).then_some(Self(bytes))
    }
}

impl HostId {
    /// The first 8 hex digits of the id, as bundle names carry them.
    pub fn short(self) -> String {
        self.to_string()[2..10].to_owned()
    }

    /// Reads `h-` and exactly 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        unhex(text.strip_prefix("h-")?, &mut bytes).then_some(Self(bytes))
    }
}

impl RequestId {
    /// Reads `r-` and exactly 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        unhex(text.strip_prefix("r-")?, &mut bytes).then_some(Self(bytes))
    }
}

impl ReceiptId {
    /// Reads `c-` and exactly 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        unhex(text.strip_prefix("c-")?, &mut bytes).then_some(Self(bytes))
    }
}

impl CaseKey {
    /// Reads `q-` and exactly 32 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        unhex(text.strip_prefix("q-")?, &mut bytes).then_some(Self(bytes))
    }
}

impl TenantId {
    /// Reads `t-` and 1 to 32 of `[a-z0-9-]`.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("t-")?.as_bytes();
        let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
        ((1..=32).contains(&name.len()) && name.iter().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The whole id, with `t-`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(&self.0, f)
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("h-")?;
        hex(&self.0, f)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("r-")?;
        hex(&self.0, f)
    }
}

impl fmt::Display for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("c-")?;
        hex(&self.0, f)
    }
}

impl fmt::Display for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("q-")?;
        hex(&self.0, f)
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! as_text {
    ($name:ident, $shape:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("not ", $shape)))
            }
        }
    };
}
as_text!(BundleId, "a bundle id of 32 lower-case hex digits");
as_text!(HostId, "a host id: `h-` and 32 lower-case hex digits");
as_text!(RequestId, "a request id: `r-` and 32 lower-case hex digits");
as_text!(ReceiptId, "a receipt id: `c-` and 32 lower-case hex digits");
as_text!(CaseKey, "a case key: `q-` and 32 lower-case hex digits");
as_text!(TenantId, "a tenant id: `t-` and 1 to 32 of [a-z0-9-]");
