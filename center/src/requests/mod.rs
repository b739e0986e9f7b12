//! What the center asks hosts for: composed, signed, stored, taken back, asked anew.
//!
//! In: what an engineer wrote, the host's own catalogue. Out: a signed request in the host's inbox. Never: signs what the host would
//! refuse; names anything that is not in the host's catalogue; decides who may ask (that is for whoever calls).

mod draft;
mod extended;

use oediag_protocol::{
    consent::{Consent, Level},
    digest::Sha256,
    document,
    id::{HostId, RequestId, TenantId},
    keyset::Keyset,
    request::{
        cancel::{self, Cancel},
        catalogue::Misfit,
        paper::{Person, Request, Role, Words},
        verify::{self, Asked as Host, Clock, Refusal},
    },
    sshsig,
    text::Line,
    time::Time,
};

pub use self::{
    draft::{Draft, HOURS, SourceError, source},
    extended::proposed,
};
use crate::{
    keys,
    secret::{self, NoRandom},
    signer::{SignError, Signer, own},
    store::{
        Store, StoreError,
        requests::{Asked, Cancelled},
    },
};

/// Cases that customers opened here begin so; others are of systems that this center does not know.
const CASE: &str = "SR-";
/// Who receives what is asked for, where the center was not told a name, and a country.
const NAME: &str = "localhost";
const COUNTRY: &str = "CN";

/// Why a request was not made.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The tenant has no such host.
    #[error("there is no such host")]
    NoHost,
    /// The host was revoked.
    #[error("the host was revoked")]
    Revoked,
    /// The host did not tell its catalogue.
    #[error("the host has not told yet what it can be asked for: it does so with its next poll")]
    NoCatalogue,
    /// The host has nothing of this name, or it takes no such value.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// No such case.
    #[error("there is no case {0}")]
    NoCase(String),
    /// Something is too long, or no plain line.
    #[error("{0}")]
    Draft(&'static str),
    /// The host would refuse it.
    #[error("the host would refuse it: {0}")]
    Refused(#[from] Refusal),
    /// There is no such request.
    #[error("there is no such request")]
    NoRequest,
    /// It is still open: two of the same are never.
    #[error("the request is still open: cancel it first")]
    Open,
    /// Signing.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandom),
}

/// Where requests are made, for one customer, at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Rows.
    pub store: &'a Store,
    /// Signs.
    pub signer: &'a Signer,
    /// The customer.
    pub tenant: &'a TenantId,
    /// This moment.
    pub now: Time,
}

impl Desk<'_> {
    /// Signs a request to a host and puts it into the host's inbox. `engineer`: the engineer's own key, for level extended.
    pub async fn compose(&self, host: HostId, draft: Draft, engineer: Option<&sshsig::Signer>) -> Result<Asked, RequestError> {
        let request = self.preview(host, draft).await?;
        self.sign(&request, engineer).await
    }

    /// The request that a draft would become, with all that the host would look at but signatures: for whoever looks at it first.
    pub async fn preview(&self, host: HostId, draft: Draft) -> Result<Request, RequestError> {
        self.reachable(host).await?;
        let case = draft.case.as_str();
        if case.starts_with(CASE) && self.store.case(self.tenant, case).await?.is_none() {
            return Err(RequestError::NoCase(case.to_owned()));
        }
        let setting = async |name: &str| self.store.setting(name).await;
        let name = match setting("organisation").await? {
            Some(name) => Some(name),
            None => setting("name").await?,
        };
        let country = setting("country").await?;
        let (name, country) = (name.as_deref().unwrap_or(NAME), country.as_deref().unwrap_or(COUNTRY));
        let request = draft.request(self.tenant, host, (name, country), self.now)?;
        self.store.catalogue(host).await?.ok_or(RequestError::NoCatalogue)?.fits(&request)?;
        // Who the lead will be is not known yet: somebody stands for them, so that all other rules are looked at.
        let lead = || Person { id: Line::parse("lead").unwrap_or_default(), role: Role::Lead, ..request.requested_by.clone() };
        let open = request.scope.level == Level::Extended && request.approved_by.is_none();
        let whole = Request { approved_by: if open { Some(lead()) } else { request.approved_by.clone() }, ..request.clone() };
        document::to_bytes(&whole).map_err(SignError::from)?;
        Ok(request)
    }

    /// Asks once more what a request asked that is over, under a new id and with a new time.
    pub async fn reissue(&self, id: RequestId, by: Person, engineer: Option<&sshsig::Signer>) -> Result<Asked, RequestError> {
        let old = self.store.request(self.tenant, id).await?.ok_or(RequestError::NoRequest)?;
        let open = !old.state.is_some_and(oediag_protocol::request::life::State::is_over);
        if open && old.cancel.is_none() && self.now < old.expires {
            return Err(RequestError::Open);
        }
        self.reachable(old.host).await?;
        let old = paper(&old)?;
        let request = Request {
            request_id: RequestId(secret::random()?),
            nonce: oediag_protocol::request::paper::Nonce(secret::random()?),
            created: self.now,
            not_before: self.now,
            expires: Time(self.now.0 + (old.expires.0 - old.created.0)),
            requested_by: by,
            ..old
        };
        self.sign(&request, engineer).await
    }

    /// Takes a request back.
    pub async fn cancel(&self, id: RequestId, by: Person, reason: Words) -> Result<Cancelled, RequestError> {
        let asked = self.store.request(self.tenant, id).await?.ok_or(RequestError::NoRequest)?;
        let actor = by.id.as_str().to_owned();
        let cancel = Cancel {
            schema: cancel::Schema::V1,
            request_id: id,
            tenant_id: self.tenant.clone(),
            host_id: asked.host,
            created: self.now,
            reason,
            cancelled_by: by,
        };
        let signed = text(&self.signer.sign(keys::Role::Request, &cancel)?);
        Ok(self.store.cancel_request(self.tenant, id, &signed, &actor, self.now).await?)
    }

    async fn reachable(&self, host: HostId) -> Result<(), RequestError> {
        let host = self.store.host(host).await?.filter(|host| host.tenant == *self.tenant).ok_or(RequestError::NoHost)?;
        if host.revoked.is_some() { Err(RequestError::Revoked) } else { Ok(()) }
    }

    async fn sign(&self, request: &Request, engineer: Option<&sshsig::Signer>) -> Result<Asked, RequestError> {
        self.store.catalogue(request.host_id).await?.ok_or(RequestError::NoCatalogue)?.fits(request)?;
        let bytes = self.signer.request(request, engineer)?;
        let keyset = self.signer.newest(self.store, self.tenant, self.now).await?;
        self.keep(request, &bytes, &keyset).await
    }

    /// Judges signed bytes as the host will, and puts them into its inbox.
    async fn keep(&self, request: &Request, bytes: &[u8], keyset: &Keyset) -> Result<Asked, RequestError> {
        let digest = judged(bytes, request, keyset, self.now)?;
        let asked = Asked {
            id: request.request_id,
            tenant: self.tenant.clone(),
            host: request.host_id,
            case: request.case.as_str().to_owned(),
            severity: request.severity,
            digest,
            signed: text(bytes),
            cancel: None,
            composed_by: request.requested_by.id.as_str().to_owned(),
            created: request.created,
            expires: request.expires,
            state: None,
            reason: None,
            receipt: None,
            changed: self.now,
        };
        self.store.new_request(&asked, self.now).await?;
        Ok(asked)
    }
}

/// Judges a signed request as its host will, with the keyset that the host will have.
fn judged(bytes: &[u8], request: &Request, keyset: &Keyset, now: Time) -> Result<Sha256, Refusal> {
    let host = Host { keyset, host_id: request.host_id, tenant_id: &request.tenant_id };
    Ok(verify::request(bytes, host, Clock { now, floor: None, trusted: true })?.payload_sha256)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The document of a stored request, for pages.
pub fn paper(asked: &Asked) -> Result<Request, StoreError> {
    own(&asked.signed).ok_or(StoreError::Row { table: "requests" })
}

/// A receipt names a request that was not made to its host, or not in these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the receipt names a request that was not made to this host")]
pub struct NotAsked;

/// Whether a receipt that names a request names one that was made to this host, with these very words. Gives the request, whether
/// it was cancelled or not; none when the receipt names none.
pub async fn answered(store: &Store, consent: &Consent) -> Result<Result<Option<Asked>, NotAsked>, StoreError> {
    let Some(named) = consent.request else { return Ok(Ok(None)) };
    let asked = store.request(&consent.tenant_id, named.request_id).await?;
    let fits = |asked: &Asked| asked.host == consent.host_id && asked.digest == named.payload_sha256;
    Ok(asked.filter(fits).map(Some).ok_or(NotAsked))
}
