//! What somebody carries here from a host without a network: a sealed file, a withdrawal, an admission.
//!
//! In: bytes of a file, and who brought it. Out: the signed ack or deletion receipt to carry back; an admitted host. The checks are those
//! of an upload, by the same functions. Never: takes a file of a host that nobody admitted, or admits a key that nobody compared.

use oediag_protocol::{
    consent::Consent,
    digest::Sha256,
    document,
    envelope::Envelope,
    id::{BundleId, HostId, ReceiptId, TenantId},
    kit::Admission,
    sealed::{Frame, Reader, SealedError},
    signed::Signed,
    time::Time,
    withdrawal::Withdrawal,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    Gate,
    caller::Sender,
    consents::{self, MAX_BYTES, Taken, chain},
    finish::whole,
    refusal::Refusal,
    tus::{begin, locked, unwritten},
    withdrawals,
};
use crate::{
    clock,
    deletions::Deleted,
    signer::own,
    store::{Store, audit::Entry, enrolments::Enrol, hosts::Host, uploads::New},
};

/// Who brings a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carrier<'a> {
    /// As the audit log names them.
    pub(crate) name: &'a str,
    /// Of whose hosts they may bring files; none: of all.
    pub(crate) tenant: Option<&'a TenantId>,
}

/// What there is to carry back.
#[derive(Debug)]
pub(crate) enum Carried {
    /// The signed ack of a stored bundle.
    Stored(BundleId, String),
    /// The signed deletion receipt.
    Deleted(ReceiptId, String),
    /// Nobody reads it any more; the deletion receipt follows.
    Ordered,
}

/// Takes a carried file: a sealed one, or a withdrawal.
pub(crate) async fn carry(gate: &Gate, by: Carrier<'_>, mut input: impl AsyncRead + Unpin) -> Result<Carried, Refusal> {
    let mut start = Vec::new();
    (&mut input).take(MAX_BYTES as u64).read_to_end(&mut start).await.map_err(|error| unread(&error))?;
    if start.first() == Some(&b'{') { withdrawal(gate, by, &start).await } else { sealed(gate, by, start, input).await }
}

async fn withdrawal(gate: &Gate, by: Carrier<'_>, paper: &[u8]) -> Result<Carried, Refusal> {
    // Only to find the key; what is done is what that key signed.
    let claimed: Withdrawal = std::str::from_utf8(paper)
        .ok()
        .and_then(own)
        .ok_or_else(|| Refusal::Bad("neither a sealed file nor a withdrawal of a host's".to_owned()))?;
    let host = admitted(gate, by, claimed.host_id).await?;
    match withdrawals::take(gate, &host, by.name, paper).await? {
        Deleted::Done(signed) => Ok(Carried::Deleted(claimed.receipt_id, signed)),
        Deleted::Ordered => Ok(Carried::Ordered),
        Deleted::TooMany => Err(Refusal::TooMuchToday),
    }
}

async fn sealed(gate: &Gate, by: Carrier<'_>, start: Vec<u8>, rest: impl AsyncRead + Unpin) -> Result<Carried, Refusal> {
    let bad = |error: SealedError| Refusal::Bad(format!("not a sealed file: {}", chain(&error)));
    let reader = Reader::new(start.as_slice()).map_err(bad)?;
    let head = reader.head().clone();
    let frame = Frame::new(&head, reader.into_payload().bytes()).map_err(bad)?;
    if !start.starts_with(&frame.front) {
        return Err(Refusal::Bad("not exactly a sealed file".to_owned()));
    }
    let told = |error: &dyn std::error::Error| Refusal::Bad(format!("not a sealed file: {}", chain(error)));
    // Only to find host and receipt: all of it is verified with the host's key below.
    let claimed: Envelope = document::parse(&head.envelope).map_err(|error| told(&error))?;
    let consent: Consent = document::parse(&head.consent).map_err(|error| told(&error))?;
    let host = admitted(gate, by, claimed.host_id).await?;
    let sender = Sender { name: by.name.to_owned(), tenant: host.tenant, host: None };
    let (bundle, bytes) = (claimed.bundle_id, frame.bytes());
    if let Taken::Stored(ack) = consents::take(gate, &sender, frame.front).await? {
        return Ok(Carried::Stored(bundle, ack));
    }
    let now = clock::now();
    let expires = Time(now.0 + gate.limits.expiry.as_secs() as i64);
    let tenant = sender.tenant.as_str();
    let new = New { tenant, sender: &sender.name, bytes, metadata: "", receipt: consent.receipt_id, now, expires };
    let id = begin(gate, &sender, new).await?;
    let ack = match fill(gate, &id, bytes, &start, rest).await {
        Ok(()) => whole(gate.clone(), id.clone(), sender.clone()).await,
        Err(refusal) => Err(refusal),
    };
    if ack.is_err() {
        // Who carries a file brings it anew: there is nothing to go on with.
        let entry = Entry { event: "upload_deleted", actor: &sender.name, tenant: Some(tenant), object: Some(&id) };
        gate.store.end_upload(&id, clock::now(), entry).await?;
    }
    Ok(Carried::Stored(bundle, ack?))
}

/// Writes the whole file into its slot.
async fn fill(gate: &Gate, id: &str, bytes: u64, start: &[u8], rest: impl AsyncRead + Unpin) -> Result<(), Refusal> {
    let failed = |source| unwritten(id, source);
    // Locked as long as it is written.
    let mut file = tokio::fs::File::from_std(locked(gate, id)?);
    let mut input = start.chain(rest).take(bytes.saturating_add(1));
    let mut buffer = vec![0; 256 << 10];
    let mut place = 0;
    loop {
        let count = input.read(&mut buffer).await.map_err(|error| unread(&error))?;
        if count == 0 {
            break;
        }
        place += count as u64;
        if place > bytes {
            return Err(Refusal::Bad("the file goes on behind its end".to_owned()));
        }
        file.write_all(&buffer[..count]).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    file.sync_data().await.map_err(failed)?;
    if place < bytes {
        return Err(Refusal::Bad("the file was cut off: carry it whole".to_owned()));
    }
    if gate.store.move_upload(id, 0, place).await? { Ok(()) } else { Err(Refusal::NotFound) }
}

fn unread(error: &std::io::Error) -> Refusal {
    Refusal::Bad(format!("the file could not be read: {error}"))
}

/// The host of a carried file, if it is known, and one whose files may be brought.
async fn admitted(gate: &Gate, by: Carrier<'_>, id: HostId) -> Result<Host, Refusal> {
    let host = gate.store.host(id).await?.filter(|host| by.tenant.is_none_or(|tenant| *tenant == host.tenant));
    match host.ok_or(Refusal::NotAdmitted(id))? {
        Host { revoked: Some(_), .. } => Err(Refusal::Revoked),
        host => Ok(host),
    }
}

/// Admits the host of an admission, when somebody of the tenant's compared the fingerprint of its key. Gives its id, also when it was admitted before.
pub(crate) async fn admit(store: &Store, by: Carrier<'_>, paper: &[u8], fingerprint: &str) -> Result<HostId, Refusal> {
    let bad = |error: &dyn std::error::Error| Refusal::Bad(format!("not an admission: {}", chain(error)));
    let signed = Signed::parse(paper).map_err(|error| bad(&error))?;
    let admission = Admission::open(&signed).map_err(|error| bad(&error))?;
    let (id, tenant, now) = (admission.host_id, &admission.tenant_id, clock::now());
    // A tenant of another center has no keyset here.
    if by.tenant.is_some_and(|own| own != tenant) || store.keyset(tenant, 1).await?.is_none() {
        return Err(Refusal::OtherKit(tenant.clone()));
    }
    if admission.host_key.fingerprint() != fingerprint.trim() {
        let object = id.to_string();
        let entry = Entry { event: "admission_refused", actor: by.name, tenant: Some(tenant.as_str()), object: Some(&object) };
        store.audit(now, entry).await?;
        return Err(Refusal::OtherFingerprint);
    }
    match store.admit(&admission, Sha256::of(paper), by.name, now).await? {
        Enrol::Done => Ok(id),
        Enrol::Revoked => Err(Refusal::Revoked),
        Enrol::Known | Enrol::TokenOver => Err(Refusal::KnownHost),
    }
}
