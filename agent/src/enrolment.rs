//! The center this host is enrolled with, as the configuration folder keeps it.
//!
//! In: a verified enrolment; later the stored file. Out: where the center is and which keys it has. The keysets are kept as they
//! were signed, and are verified from the token's pin each time they are read. Never: trusts a field of the file that a
//! signature could vouch for.

use std::path::PathBuf;

use oediag_collector::state::{self, State, StateError};
use oediag_protocol::{
    consent::Recipient,
    id::{HostId, TenantId},
    keyset::{Keyset, KeysetError, RootPin},
    sealed,
    signed::Signed,
    text::Line,
    time::Time,
};
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// Most bytes of the file: what an enrolment's reply may have, and a CA file.
const MAX_BYTES: u64 = 16 << 20;
/// Where the country is not known: the code that ISO 3166-1 leaves to users and CLDR takes for "unknown".
const UNKNOWN_COUNTRY: &str = "ZZ";

/// The value of `schema`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Schema {
    #[serde(rename = "oediag.center/1")]
    V1,
}

/// What the customer's administrator knows of the center beside its keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// How to reach those who answer for the data.
    pub contact: Option<Line>,
    /// The country in which the data is kept, ISO 3166-1 alpha-2.
    pub country: Option<Line>,
    /// Whether the data leaves the customer's country.
    pub cross_border: bool,
}

/// `center.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: Schema,
    enrolled_at: Time,
    url: Address,
    /// PEM of the authorities that alone may vouch for the center's TLS key.
    ca: Option<String>,
    host_id: HostId,
    tenant_id: TenantId,
    pin: String,
    said: Said,
    keysets: Vec<Signed>,
}

/// A host's enrolment.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// When, by the host's clock.
    pub enrolled_at: Time,
    /// Where the center is.
    pub url: Address,
    /// PEM of the authorities that alone may vouch for the center's TLS key; none for the system's.
    pub ca: Option<String>,
    /// The name under which this host enrolled.
    pub host_id: HostId,
    /// The customer it belongs to.
    pub tenant: TenantId,
    /// The root keys that the token named: they stand for the center.
    pub pin: RootPin,
    /// What was said of the center.
    pub said: Said,
    /// The newest keyset.
    pub keyset: Keyset,
    /// To whom bundles are encrypted.
    pub recipients: Vec<sealed::Recipient>,
    signed: Vec<Signed>,
}

/// Why the enrolment cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentError {
    /// The file.
    #[error(transparent)]
    State(#[from] StateError),
    /// Not what was stored.
    #[error("{path}: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A stored keyset is not what the pin vouches for.
    #[error("{path}")]
    Keyset {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeysetError,
    },
}

impl Enrolment {
    /// Puts an enrolment together whose keysets `Enrolled::accept` has taken.
    #[expect(clippy::too_many_arguments, reason = "each is one fact of the enrolment, known to the caller only")]
    pub fn new(
        now: Time,
        url: Address,
        ca: Option<String>,
        host_id: HostId,
        tenant: TenantId,
        pin: RootPin,
        said: Said,
        keyset: Keyset,
        signed: Vec<Signed>,
    ) -> Self {
        let recipients = keyset.recipients(&tenant).unwrap_or_default();
        Self { enrolled_at: now, url, ca, host_id, tenant, pin, said, keyset, recipients, signed }
    }

    /// Reads what is stored; none when this host is not enrolled.
    pub fn load(state: &State) -> Result<Option<Self>, EnrolmentError> {
        let path = state.center();
        let Some(bytes) = state::saved(&path, MAX_BYTES)? else { return Ok(None) };
        let damaged = |why: String| EnrolmentError::Damaged { path: path.clone(), why };
        let stored: Stored = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        let pin = RootPin::parse(&stored.pin).ok_or_else(|| damaged("the pin is not 20 hex digits".to_owned()))?;
        let (first, later) = stored.keysets.split_first().ok_or_else(|| damaged("there is no keyset in it".to_owned()))?;
        // An expired keyset still names to whom bundles are encrypted; whoever uses it says that it is old.
        let keyset = Keyset::first(first, pin)
            .and_then(|first| later.iter().try_fold(first, |keyset, step| keyset.next(step)))
            .map_err(|source| EnrolmentError::Keyset { path: path.clone(), source })?;
        let Stored { enrolled_at, url, ca, host_id, tenant_id, said, keysets, .. } = stored;
        let this = Self::new(enrolled_at, url, ca, host_id, tenant_id, pin, said, keyset, keysets);
        if this.recipients.is_empty() {
            return Err(damaged("the keyset has no key to encrypt to for this tenant".to_owned()));
        }
        Ok(Some(this))
    }

    /// Stores the enrolment whole or not at all.
    pub fn store(&self, state: &State) -> Result<(), EnrolmentError> {
        let stored = Stored {
            schema: Schema::V1,
            enrolled_at: self.enrolled_at,
            url: self.url.clone(),
            ca: self.ca.clone(),
            host_id: self.host_id,
            tenant_id: self.tenant.clone(),
            pin: self.pin.to_string(),
            said: self.said.clone(),
            keysets: self.signed.clone(),
        };
        let path = state.center();
        let bytes = serde_json::to_vec_pretty(&stored)
            .map_err(|error| EnrolmentError::Damaged { path: path.clone(), why: error.to_string() })?;
        Ok(state::save(&path, &bytes)?)
    }

    /// The same enrolment with the keyset that follows its own.
    ///
    /// # Errors
    /// It does not follow, or the old or its own roots did not sign it.
    pub fn step(&self, next: Signed) -> Result<Self, KeysetError> {
        let keyset = self.keyset.next(&next)?;
        let recipients = keyset.recipients(&self.tenant).unwrap_or_default();
        let signed = self.signed.iter().cloned().chain([next]).collect();
        Ok(Self { keyset, recipients, signed, ..self.clone() })
    }

    /// The receipt's `recipient`: a receipt that names another one was given on other terms.
    pub fn recipient(&self) -> Recipient {
        Recipient {
            name: self.keyset.center.clone(),
            contact: self.said.contact.clone().or_else(|| Line::parse(&self.url.to_string())).unwrap_or_default(),
            country: self.said.country.clone().or_else(|| Line::parse(UNKNOWN_COUNTRY)).unwrap_or_default(),
            cross_border: self.said.cross_border,
        }
    }

    /// Whether this is the same customer of the same center.
    pub fn same(&self, tenant: &TenantId, pin: RootPin) -> bool {
        self.tenant == *tenant && self.pin == pin
    }
}
