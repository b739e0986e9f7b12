//! Who asks. In: the head of a request. Out: host or token, from its key alone.
//!
//! A host signs each request (RFC 9421, `protocol::http_signature`); a program of the tenant's holds a token. Never: believes a
//! tenant or a host that a request names, the `Host` header, or a signature that was used before.

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use http_body_util::{BodyExt as _, Limited};
use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    http_signature::{self, Claim, HOST, HttpSignatureError, LEDGER, MEMORY, parse_content_digest},
    id::{HostId, TenantId},
    sshsig::PublicKey,
    time::Time,
};

use super::{Gate, headers::text, heads, refusal::Refusal, values::ledger_head};
use crate::{
    clock,
    store::{
        hosts::{Host, Nonce},
        ledger::Told,
        tokens::{self, Scope},
    },
};

/// Who sends, and for whom.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// As rows and the audit log name it.
    pub(super) name: String,
    pub(super) tenant: TenantId,
    /// The host, when it is one that signed.
    pub(super) host: Option<Host>,
}

/// A sender with the head of its request.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) sender: Sender,
    pub(super) headers: HeaderMap,
    /// What a host signed that its body is.
    digest: Option<Sha256>,
}

impl FromRequestParts<Gate> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, gate: &Gate) -> Result<Self, Refusal> {
        let now = clock::now();
        let headers = parts.headers.clone();
        let (sender, digest) = match text(&headers, "signature-input")? {
            Some(input) => signed(parts, input, gate, now).await.map(|(sender, digest)| (sender, Some(digest)))?,
            None => (holder(&headers, gate, now).await?, None),
        };
        Ok(Self { sender, headers, digest })
    }
}

impl Caller {
    /// Whether these bytes are what a host signed as its body.
    pub(super) fn sent(&self, body: Sha256) -> Result<(), Refusal> {
        if self.digest.is_none_or(|digest| digest == body) { Ok(()) } else { Err(Refusal::Digest) }
    }

    /// What a host signed that its body is; none for the holder of a token.
    pub(super) fn digest(&self) -> Option<Sha256> {
        self.digest
    }

    /// The host that signed; who holds a token only is refused.
    pub(super) fn host(&self) -> Result<&Host, Refusal> {
        self.sender.host.as_ref().ok_or(Refusal::Unsigned)
    }

    /// A request without a body.
    pub(super) fn nothing_sent(&self) -> Result<(), Refusal> {
        self.sent(Sha256::of(b""))
    }

    /// A small body, read to its end.
    pub(super) async fn body(&self, gate: &Gate, body: Body, most: usize) -> Result<Vec<u8>, Refusal> {
        let bytes = small(gate, body, most).await?;
        self.sent(Sha256::of(&bytes))?;
        Ok(bytes)
    }
}

/// A small body of anybody, read to its end.
pub(super) async fn small(gate: &Gate, body: Body, most: usize) -> Result<Vec<u8>, Refusal> {
    let read = tokio::time::timeout(gate.limits.idle, Limited::new(body, most).collect()).await;
    match read {
        Ok(Ok(bytes)) => Ok(bytes.to_bytes().into()),
        Ok(Err(_)) => Err(Refusal::TooLarge(most as u64)),
        Err(_) => Err(Refusal::Bad("the body did not come in time".to_owned())),
    }
}

async fn holder(headers: &HeaderMap, gate: &Gate, now: Time) -> Result<Sender, Refusal> {
    let token = text(headers, header::AUTHORIZATION.as_str())?.and_then(|value| value.strip_prefix("Bearer "));
    let holder =
        tokens::holder(&gate.store, token.ok_or(Refusal::NoToken)?, Scope::Upload, now).await?.ok_or(Refusal::NoToken)?;
    let tenant = TenantId::parse(&holder.tenant).ok_or(Refusal::NoToken)?;
    Ok(Sender { name: format!("token {}", holder.id), tenant, host: None })
}

/// What a request says that its host signed.
pub(super) struct Asked<'a> {
    parts: http_signature::Parts<'a>,
    pub(super) claim: Claim,
    signature: &'a str,
    authority: &'a str,
}

impl<'a> Asked<'a> {
    /// Reads the headers; nothing of them is true yet.
    pub(super) fn parse(parts: &'a Parts, input: &str, gate: &'a Gate) -> Result<Self, Refusal> {
        let headers = &parts.headers;
        let needed = |name: &'static str| Ok::<_, Refusal>(text(headers, name)?.unwrap_or_default());
        // A method that a proxy would not let through is signed as what it is meant to be.
        let method = match text(headers, "x-http-method-override")? {
            Some(method) if parts.method == "POST" => method,
            _ => parts.method.as_str(),
        };
        let authority = &*gate.authority;
        let asked = http_signature::Parts {
            method,
            authority,
            path: parts.uri.path(),
            query: parts.uri.query(),
            content_digest: needed("content-digest")?,
            host: needed(HOST)?,
            ledger: needed(LEDGER)?,
            upload_offset: text(headers, "upload-offset")?,
        };
        let claim = Claim::parse(input, &asked).map_err(|error| wrong(error, authority))?;
        Ok(Self { parts: asked, claim, signature: needed("signature")?, authority })
    }

    /// The host that the request names.
    pub(super) fn host(&self) -> Option<HostId> {
        HostId::parse(self.parts.host)
    }

    /// Whether this key signed the request just now. Gives the head of the host's ledger and the digest of the body.
    pub(super) fn verify(&self, key: &PublicKey, now: Time) -> Result<(LedgerHead, Sha256), Refusal> {
        self.claim.verify(&self.parts, self.signature, key, now).map_err(|error| wrong(error, self.authority))?;
        let head = ledger_head(self.parts.ledger)
            .ok_or_else(|| Refusal::Bad(format!("{LEDGER} is not the number of a line and its digest")))?;
        Ok((head, parse_content_digest(self.parts.content_digest).ok_or(Refusal::Digest)?))
    }
}

fn wrong(error: HttpSignatureError, authority: &str) -> Refusal {
    match error {
        HttpSignatureError::Window { .. } => Refusal::Stale(error),
        error => Refusal::Signature { error, authority: authority.to_owned() },
    }
}

async fn signed(parts: &Parts, input: &str, gate: &Gate, now: Time) -> Result<(Sender, Sha256), Refusal> {
    let asked = Asked::parse(parts, input, gate)?;
    let host = gate.store.host_by_key(&asked.claim.keyid).await?.ok_or(Refusal::UnknownKey)?;
    let (head, digest) = asked.verify(&host.transport_key, now)?;
    if asked.host() != Some(host.id) {
        return Err(Refusal::UnknownKey);
    }
    if host.revoked.is_some() {
        return Err(Refusal::Revoked);
    }
    // Remembered from its own time on: it counts for as long as the window lets it.
    let until = Time(asked.claim.created.0.max(now.0) + MEMORY);
    match gate.store.remember_nonce(host.id, &asked.claim.nonce, until).await? {
        Nonce::New => {}
        Nonce::Used => return Err(Refusal::Replayed),
        Nonce::TooMany => return Err(Refusal::TooManyRequests),
    }
    let told = Told { head: &head, told: asked.claim.created, newest: false, signed: None };
    heads::heard(gate, host.id, &host.tenant, told, now).await?;
    let sender = Sender { name: format!("host {}", host.id), tenant: host.tenant.clone(), host: Some(host) };
    Ok((sender, digest))
}
