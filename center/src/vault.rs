//! The only way to a bundle's contents: it holds the age identities, and asks for leave at every opening.
//!
//! In: a bundle's row, who wants to read, the moment. Out: the plaintext, decrypted where it is read and nowhere else. Never: a
//! byte before the receipt was checked again and the audit line is on the disk; plaintext on a disk.

use std::{
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

use oediag_protocol::{
    consent::Consent,
    digest::Sha256,
    envelope::Envelope,
    sealed::{AgeError, Reader, SeekOpener},
    text::Line,
    time::Time,
};
use tokio::task::{JoinError, spawn_blocking};

use crate::{
    gate::HEAD,
    keys::{KeyError, Keys},
    requests::{NotAsked, answered},
    store::{
        Store, StoreError,
        audit::Entry,
        bundles::{Bundle, State},
        objects::{Fetched, Object},
    },
};

/// Why a bundle stays closed. Each is in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// A check failed after it was stored.
    #[error("the bundle was rejected: {0}")]
    Rejected(String),
    /// There is no receipt, or it was withdrawn.
    #[error("consent was withdrawn")]
    Withdrawn,
    /// It was deleted when its time was over.
    #[error("the bundle was deleted")]
    Deleted,
    /// It is of a case that the reader does not work on.
    #[error("it is of another case")]
    OtherCase,
    /// The host was revoked.
    #[error("the host was revoked")]
    Revoked,
    /// The receipt does not let these bytes be read now.
    #[error("{0}")]
    NotCovered(String),
    /// The stored bytes are not those that were received.
    #[error("what is stored is not what was received: {0}")]
    Changed(&'static str),
}

/// Why a bundle was not opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It may not be read, or not be read as what it was received as.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The tenant's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The rows.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored bytes.
    #[error("reading the stored bundle")]
    Read(#[from] io::Error),
    /// The thread that opened it died.
    #[error("opening ended before its time")]
    Thread(#[from] JoinError),
}

/// Which bundles of its tenant a reader may open. Who may be which is not decided here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach<'a> {
    /// All of them.
    Tenant,
    /// Those of these cases, and those that the reader was granted.
    Cases(&'a [String]),
}

/// Who wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who<'a> {
    /// The name, as the audit log and the customer see it.
    pub name: &'a str,
    /// How far the reader's role goes.
    pub reach: Reach<'a>,
}

/// Opens bundles. Clones share the keys.
#[derive(Clone, Debug)]
pub struct Vault {
    store: Store,
    keys: Arc<Keys>,
}

impl Vault {
    /// The vault over this store and these keys.
    pub fn new(store: Store, keys: Keys) -> Self {
        Self { store, keys: Arc::new(keys) }
    }

    /// Opens a bundle for a reader, or one `item` of it, after the audit log says so.
    pub async fn open(&self, bundle: &Bundle, who: Who<'_>, item: Option<&str>, now: Time) -> Result<Plain, VaultError> {
        let id = bundle.id.to_string();
        let object = item.map_or_else(|| id.clone(), |item| format!("{id} {item}"));
        let entry = |event| Entry { event, actor: who.name, tenant: Some(bundle.tenant.as_str()), object: Some(&object) };
        let consent = match self.permitted(bundle, who, now).await? {
            Ok(consent) => consent,
            Err(closed) => {
                self.store.audit(now, entry("open_refused")).await?;
                return Err(closed.into());
            }
        };
        let identity = self.keys.vault(&bundle.tenant)?;
        self.store.audit(now, entry(if item.is_some() { "item_opened" } else { "bundle_opened" })).await?;
        let sealed = bundle.sealed.clone();
        let object = self.store.objects().open(&sealed.object, sealed.object_bytes);
        let (bytes, fetched) = (bundle.bytes, object.fetched());
        let opener = spawn_blocking(move || {
            let mut payload = Section { object, from: sealed.payload_at, bytes: sealed.payload_bytes, at: 0 };
            let mut head = Vec::new();
            payload.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
            if Sha256::of(&head) != sealed.head {
                return Err(Closed::Changed("its beginning differs").into());
            }
            match SeekOpener::new(payload, &[identity]) {
                Ok(opener) if opener.size() == bytes => Ok(opener),
                Ok(_) => Err(Closed::Changed("the bundle has another size than its receipt says").into()),
                Err(AgeError::Io(error)) if !broken(&error) => Err(VaultError::Read(error)),
                Err(AgeError::NotForUs) => Err(Closed::Changed("it is encrypted to others").into()),
                Err(_) => Err(Closed::Changed("it is not encrypted as it must be").into()),
            }
        });
        Ok(Plain { opener: opener.await??, fetched, consent })
    }

    /// The consent under which this may be read now.
    async fn permitted(&self, bundle: &Bundle, who: Who<'_>, now: Time) -> Result<Result<Consent, Closed>, StoreError> {
        if let State::Rejected(reason) = &bundle.state {
            return Ok(Err(Closed::Rejected(reason.clone())));
        }
        let receipt = self.store.receipt(&bundle.tenant, bundle.receipt).await?;
        let Some(receipt) = receipt.filter(|receipt| receipt.withdrawn.is_none()) else { return Ok(Err(Closed::Withdrawn)) };
        if bundle.state == State::Deleted || self.store.deletion(&bundle.tenant, bundle.receipt).await?.is_some() {
            return Ok(Err(Closed::Deleted));
        }
        let host = self.store.host(bundle.host).await?;
        let Some(host) = host.filter(|host| host.revoked.is_none()) else { return Ok(Err(Closed::Revoked)) };
        let reader = match Reader::new(receipt.front.as_slice()) {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(Closed::NotCovered(error.to_string()))),
        };
        let (envelope, consent) = match reader.head().verify(std::slice::from_ref(&host.key), now) {
            Ok(documents) => documents,
            Err(error) => return Ok(Err(Closed::NotCovered(error.to_string()))),
        };
        if let Err(closed) = same(bundle, &envelope, &consent) {
            return Ok(Err(closed));
        }
        if answered(&self.store, &consent).await?.is_err() {
            return Ok(Err(Closed::NotCovered(NotAsked.to_string())));
        }
        let case = consent.case.as_ref().map(Line::as_str);
        let own = match who.reach {
            Reach::Tenant => true,
            Reach::Cases(cases) => case.is_some_and(|case| cases.iter().any(|own| own == case)),
        };
        let leave = own || self.store.granted(&bundle.tenant, bundle.id, who.name, now).await?;
        Ok(if leave { Ok(consent) } else { Err(Closed::OtherCase) })
    }
}

/// Whether the row is of these documents.
fn same(bundle: &Bundle, envelope: &Envelope, consent: &Consent) -> Result<(), Closed> {
    let named = envelope.bundle_id == bundle.id && envelope.host_id == bundle.host && envelope.tenant_id == bundle.tenant;
    let digests = envelope.payload.sha256 == bundle.sealed.payload && envelope.payload.bytes == bundle.sealed.payload_bytes;
    if named && digests && consent.receipt_id == bundle.receipt && envelope.bundle.bytes == bundle.bytes {
        Ok(())
    } else {
        Err(Closed::Changed("its row and its documents differ"))
    }
}

/// Whether bytes that were read are bad, in contrast to bytes that could not be read.
pub fn broken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

/// A bundle's plaintext. Reading it blocks: only on a thread that may.
#[derive(Debug)]
pub struct Plain {
    opener: SeekOpener<Section>,
    fetched: Fetched,
    consent: Consent,
}

impl Plain {
    /// The count of stored bytes that are fetched for this reading.
    pub fn fetched(&self) -> Fetched {
        self.fetched.clone()
    }

    /// The consent under which it was opened.
    pub fn consent(&self) -> &Consent {
        &self.consent
    }

    /// Bytes of the bundle.
    pub fn size(&self) -> u64 {
        self.opener.size()
    }
}

impl Read for Plain {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.opener.read(buf)
    }
}

impl Seek for Plain {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.opener.seek(to)
    }
}

/// A part of an object, as if there were nothing else.
#[derive(Debug)]
struct Section {
    object: Object,
    from: u64,
    bytes: u64,
    at: u64,
}

impl Read for Section {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.bytes.saturating_sub(self.at);
        let wanted = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        self.object.seek(SeekFrom::Start(self.from + self.at))?;
        let count = self.object.read(&mut buf[..wanted])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
