//! Whether a host listens to a request: one function for requests, one for cancellations.
//!
//! In: hostile bytes, and the host's own keyset, identity and clock. Out: the document, or the first reason against it.
//! Never: takes a key, a threshold or a host's name from the object; remembers what was asked before (the caller stores request
//! ids before any work); judges sources and parameters (that is `catalogue`).

use super::{
    cancel::Cancel,
    paper::{LEAD, LIFETIME, Request},
};
use crate::{
    consent::{CLOCK_SLACK, Level},
    digest::Sha256,
    document::{self, Document, DocumentError},
    id::{HostId, TenantId},
    keyset::{Freshness, Keyset, RequestKey},
    signed::{Signed, SignedError},
    sshsig::PublicKey,
    time::Time,
};

/// The host that is asked: all of it from its own state.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The keys it goes by.
    pub keyset: &'a Keyset,
    /// Its id.
    pub host_id: HostId,
    /// The customer it belongs to.
    pub tenant_id: &'a TenantId,
}

/// What the host knows about the time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Its clock.
    pub now: Time,
    /// The latest moment in any object of the center's that was verified before, the keyset aside; none on a new host.
    pub floor: Option<Time>,
    /// False when there is reason to doubt it beside what the keyset and the floor show.
    pub trusted: bool,
}

/// A request that the host listens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The request.
    pub request: Request,
    /// Digest of its signed bytes, for the receipt.
    pub payload_sha256: Sha256,
    /// False: no standing policy, and a person who decides is warned.
    pub clock_trusted: bool,
}

/// Why a host does not listen to a request or a cancellation. The words are fixed: they stand in ledgers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not in the wrapper, of another type, or against a rule of the document.
    #[error("not a document of this kind")]
    NotADocument,
    /// Not signed by enough keys of the role, or a signature in their name is not valid.
    #[error("not signed by the center's request keys")]
    BadSig,
    /// Signed by a key that counts no more.
    #[error("signed by a key that is revoked")]
    RevokedKey,
    /// The keys that signed do not go as far as its severity.
    #[error("the key that signed may not name this severity")]
    SeverityNotAllowed,
    /// The keys that signed do not go as far as its level.
    #[error("the key that signed may not ask at this level")]
    LevelNotAllowed,
    /// Extended, and the engineer who asks did not sign.
    #[error("a request of level extended is signed by the engineer who asks, too")]
    NoEngineerSig,
    /// Extended, and no lead but the one who asks approved.
    #[error("a request of level extended is approved by a lead")]
    NoLead,
    /// Another customer's.
    #[error("the request is for another tenant")]
    WrongTenant,
    /// Another host's.
    #[error("the request is for another host")]
    WrongHost,
    /// It lives for more than 7 days.
    #[error("the request lives longer than 7 days")]
    LifetimeTooLong,
    /// The keyset is expired.
    #[error("the center's keyset is expired")]
    KeysetExpired,
    /// The clock is behind what the center said before.
    #[error("the clock is behind a moment that the center signed before")]
    Clock,
    /// Its time is over.
    #[error("the request is expired")]
    Expired,
    /// Its time has not come.
    #[error("the request is not yet valid")]
    NotYetValid,
}

impl Refusal {
    /// The word for ledgers and status events.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotADocument => "not_a_document",
            Self::BadSig => "bad_sig",
            Self::RevokedKey => "revoked_key",
            Self::SeverityNotAllowed => "severity_not_allowed",
            Self::LevelNotAllowed => "level_not_allowed",
            Self::NoEngineerSig => "no_engineer_sig",
            Self::NoLead => "no_lead",
            Self::WrongTenant => "wrong_tenant",
            Self::WrongHost => "wrong_host",
            Self::LifetimeTooLong => "lifetime_too_long",
            Self::KeysetExpired => "keyset_expired",
            Self::Clock => "clock",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
        }
    }
}

/// Judges a request: the bytes are the wrapper of `signed`.
pub fn request(bytes: &[u8], host: Asked<'_>, clock: Clock) -> Result<Verified, Refusal> {
    if host.keyset.freshness(clock.now) == Freshness::Expired {
        return Err(Refusal::KeysetExpired);
    }
    let (signed, request) = authentic::<Request>(bytes, host.keyset)?;
    at_home(host, &request.tenant_id, request.host_id)?;
    allowed(&signed, &request, host.keyset)?;
    let clock_trusted = timely(&request, host.keyset, clock)?;
    Ok(Verified { request, payload_sha256: Sha256::of(signed.unverified()), clock_trusted })
}

/// Judges a cancellation. It only takes away, so neither the clock nor the age of the keyset stops it.
pub fn cancel(bytes: &[u8], host: Asked<'_>) -> Result<Cancel, Refusal> {
    let (_, cancel) = authentic::<Cancel>(bytes, host.keyset)?;
    at_home(host, &cancel.tenant_id, cancel.host_id)?;
    Ok(cancel)
}

fn authentic<T: Document>(bytes: &[u8], keyset: &Keyset) -> Result<(Signed, T), Refusal> {
    let signed = Signed::parse(bytes).map_err(|_| Refusal::NotADocument)?;
    by_center::<T>(&signed, keyset, |_| true, Refusal::BadSig)?;
    let document = document::parse(signed.unverified()).map_err(|error| match error {
        DocumentError::Rule { rule } if rule == LIFETIME => Refusal::LifetimeTooLong,
        DocumentError::Rule { rule } if rule == LEAD => Refusal::NoLead,
        _ => Refusal::NotADocument,
    })?;
    Ok((signed, document))
}

fn at_home(host: Asked<'_>, tenant_id: &TenantId, host_id: HostId) -> Result<(), Refusal> {
    if tenant_id != host.tenant_id {
        Err(Refusal::WrongTenant)
    } else if host_id != host.host_id {
        Err(Refusal::WrongHost)
    } else {
        Ok(())
    }
}

/// How far the keys go that signed, and the engineer's signature.
fn allowed(signed: &Signed, request: &Request, keyset: &Keyset) -> Result<(), Refusal> {
    let (severity, level) = (request.severity, request.scope.level);
    let grave = |key: &RequestKey| key.max_severity <= severity;
    by_center::<Request>(signed, keyset, grave, Refusal::SeverityNotAllowed)?;
    by_center::<Request>(signed, keyset, |key| grave(key) && key.scopes.contains(&level), Refusal::LevelNotAllowed)?;
    if level == Level::Basic {
        return Ok(());
    }
    let asks = &request.requested_by.id;
    let engineer = keyset.engineer.keys.iter().filter(|engineer| engineer.id == *asks).map(|engineer| &engineer.key);
    by_role::<Request>(signed, keyset, engineer, 1, Refusal::NoEngineerSig)
}

fn by_center<T: Document>(
    signed: &Signed,
    keyset: &Keyset,
    reaches: impl Fn(&RequestKey) -> bool,
    missing: Refusal,
) -> Result<(), Refusal> {
    let keys = keyset.request.keys.iter().filter(|key| reaches(key)).map(|role| &role.key);
    by_role::<T>(signed, keyset, keys, usize::try_from(keyset.request.threshold).unwrap_or(usize::MAX), missing)
}

fn by_role<'a, T: Document>(
    signed: &Signed,
    keyset: &Keyset,
    role: impl Iterator<Item = &'a PublicKey>,
    needed: usize,
    missing: Refusal,
) -> Result<(), Refusal> {
    let (revoked, good): (Vec<_>, Vec<_>) = role.cloned().partition(|key| keyset.is_revoked(key));
    match signed.count::<T>(&good, needed) {
        Ok(()) => Ok(()),
        Err(SignedError::TooFew { .. }) if signed.count::<T>(&revoked, 1).is_ok() => Err(Refusal::RevokedKey),
        Err(SignedError::TooFew { .. }) => Err(missing),
        Err(SignedError::Type { .. }) => Err(Refusal::NotADocument),
        Err(_) => Err(Refusal::BadSig),
    }
}

/// Whether it is the request's time; tells whether the clock that says so can be trusted.
fn timely(request: &Request, keyset: &Keyset, clock: Clock) -> Result<bool, Refusal> {
    let Clock { now, floor, trusted } = clock;
    if floor.is_some_and(|floor| now.0 < floor.0.saturating_sub(CLOCK_SLACK)) {
        return Err(Refusal::Clock);
    }
    let trusted = trusted && keyset.freshness(now) == Freshness::Current;
    // A clock that is behind must not make an old request young again: the latest moment known counts. It cannot tell that a
    // request came too early, so that is left to the person who decides.
    let latest = if trusted { now } else { now.max(keyset.issued).max(floor.unwrap_or(now)) };
    if latest >= request.expires {
        Err(Refusal::Expired)
    } else if trusted && now.0 < request.not_before.0.saturating_sub(CLOCK_SLACK) {
        Err(Refusal::NotYetValid)
    } else {
        Ok(trusted)
    }
}
