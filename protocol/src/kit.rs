//! Enrolment by carried files: a kit goes to the host, an admission comes back.
//!
//! In: a kit and the fingerprint of the root keys that a person compared; or an admission and the fingerprint of the host key that a
//! person compared. Out: the keyset to go by; the host to admit. Never: trusts a key on first use: both fingerprints travel another way.

use serde::{Deserialize, Serialize};

use crate::{
    bundle::manifest::Os,
    document::{self, Document},
    enroll::{EnrollError, MAX_REPLY, newest},
    id::{HostId, TenantId},
    json,
    keyset::{Keyset, RootPin},
    signed::{Signed, SignedError},
    sshsig::{Namespace, PublicKey},
    text::Line,
    time::Time,
};

/// The value of `schema` in a kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KitSchema {
    /// The only one so far.
    #[serde(rename = "oediag.kit/1")]
    V1,
}

/// What a center gives to who carries it to a host: its keys, as hosts get them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kit {
    /// Always the same.
    pub schema: KitSchema,
    /// The customer.
    pub tenant_id: TenantId,
    /// The address of the center, for the day when there is a network; a receipt names it as a way to reach the recipient.
    pub url: Line,
    /// The first keyset, then every later one up to the newest.
    pub keysets: Vec<Signed>,
}

impl Kit {
    /// Reads a kit of at most [`MAX_REPLY`] bytes.
    ///
    /// # Errors
    /// Not a kit.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnrollError> {
        Ok(json::parse(bytes, MAX_REPLY)?)
    }

    /// The keyset to store, when its first root keys are those of the fingerprint that a person compared.
    ///
    /// # Errors
    /// Why nothing of it is to be stored.
    pub fn accept(&self, pin: RootPin, now: Time) -> Result<Keyset, EnrollError> {
        newest(&self.keysets, &self.tenant_id, pin, now)
    }
}

/// The value of `schema` in an admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdmissionSchema {
    /// The only one so far.
    #[serde(rename = "oediag.admission/1")]
    V1,
}

/// What a host gives to who carries it to the center, signed by the host key that it names. It admits nobody: somebody of the
/// customer's compares the key's fingerprint with what the host shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admission {
    /// Always the same.
    pub schema: AdmissionSchema,
    /// The customer.
    pub tenant_id: TenantId,
    /// The host's random id.
    pub host_id: HostId,
    /// The key that signs bundles and consent.
    pub host_key: PublicKey,
    /// The key that would sign HTTP requests.
    pub transport_key: PublicKey,
    /// The system, for people.
    pub os: Os,
    /// When, by the host's clock.
    pub at: Time,
}

impl Admission {
    /// Reads an admission and checks that the key it names has signed it.
    ///
    /// # Errors
    /// Not an admission, or not signed so.
    pub fn open(signed: &Signed) -> Result<Self, SignedError> {
        let claimed: Self = document::parse(signed.unverified())?;
        signed.open(&[claimed.host_key], 1)
    }
}

impl Document for Admission {
    const NAMESPACE: Namespace = Namespace::Enroll;

    fn check(&self) -> Result<(), &'static str> {
        if self.host_key == self.transport_key { Err("host key and transport key are the same") } else { Ok(()) }
    }
}
