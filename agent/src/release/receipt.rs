//! Receipts: making them, keeping them, finding the one that still covers some bytes.
//!
//! Each has a folder `consents/ID`: `consent.json` and its signature, the notice as it was shown, and, as they come, the envelope and its
//! signature, the center's ack, and where the file is being sent. A receipt counts when this host's key signed it, whatever else lies there.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use oediag_collector::{
    ledger::{LedgerError, append},
    state::{self, Identity, State, StateError},
};
use oediag_protocol::{
    ack::Ack,
    consent::{BundleDigest, Consent},
    digest::Sha256,
    document::{self, DocumentError, MAX_BYTES},
    envelope::Envelope,
    id::{ReceiptId, RequestId},
    ledger::{self, Note},
    signed::Signed,
    sshsig::{MAX_SIGNATURE, PublicKey},
    time::Time,
};
use serde::{Deserialize, Serialize};

use crate::{address::Address, enrolment::Enrolment};

const CONSENT: &str = "consent.json";
const ENVELOPE: &str = "envelope.json";
const NOTICE: &str = "notice.txt";
const ACK: &str = "ack.json";
const ACK_KEY: &str = "ack.pub";
const SENDING: &str = "sending.json";
const DROPPED: &str = "dropped";

/// Why a receipt could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// A file.
    #[error(transparent)]
    State(#[from] StateError),
    /// A document that could not be made.
    #[error("making a signed document")]
    Document(#[from] DocumentError),
    /// The ledger, in which it must stand first.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The folder could not be read.
    #[error("{path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The note of how far things are could not be written.
    #[error("{path}")]
    Note {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// Where a sealed file is being sent to: `sending.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// The center that the consent was given for.
    pub url: Address,
    /// Its first root keys.
    pub pin: String,
    /// Where the center takes the file; none before it has said so.
    pub slot: Option<String>,
    /// Bytes of the whole sealed file.
    pub total: Option<u64>,
    /// Bytes that the center has, as far as known.
    pub at: u64,
    /// The center is not to be asked again before this moment.
    pub not_before: Option<Time>,
}

/// A kept receipt whose signature was checked.
#[derive(Debug)]
pub struct Receipt {
    /// What it says.
    pub consent: Consent,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// Its signature.
    pub signature: Vec<u8>,
    folder: PathBuf,
}

impl Receipt {
    /// Signs and keeps an answer, with the text that was shown and the center that it was given for. The ledger has it first: without
    /// that line there is no receipt.
    pub fn give(
        consent: Consent,
        notice: &str,
        center: &Enrolment,
        state: &State,
        identity: &Identity,
    ) -> Result<Self, ReceiptError> {
        let (bytes, signature) = document::sign(&consent, &identity.signer)?;
        state::private_folder(&state.consents())?;
        let folder = state.consents().join(consent.receipt_id.to_string());
        state::private_folder(&folder)?;
        let this = Self { consent, bytes, signature: signature.into_bytes(), folder };
        let (url, pin) = (center.url.clone(), center.pin.to_string());
        this.note(&Sending { url, pin, slot: None, total: None, at: 0, not_before: None })?;
        state::save(&this.folder.join(NOTICE), notice.as_bytes())?;
        state::save(&signature_of(&this.folder, CONSENT), &this.signature)?;
        let rid = this.consent.request.map(|request| request.request_id);
        let given = Note { rid, ..Note::of(ledger::Event::Released, Sha256::of(&this.bytes)) };
        append(state, identity, this.consent.given_at, given)?;
        // Last: with it the receipt is there.
        state::save(&this.folder.join(CONSENT), &this.bytes)?;
        Ok(this)
    }

    /// The receipts of this host, oldest first.
    pub fn all(state: &State, key: &PublicKey) -> Result<Vec<Self>, ReceiptError> {
        let path = state.consents();
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(ReceiptError::Folder { path, source }),
        };
        let ids = entries.filter_map(|entry| ReceiptId::parse(entry.ok()?.file_name().to_str()?));
        let mut all = Vec::new();
        for id in ids {
            all.extend(Self::read(state, id, key)?);
        }
        all.sort_by_key(|receipt: &Self| (receipt.consent.given_at, receipt.consent.receipt_id));
        Ok(all)
    }

    /// One receipt; none when there is none of that id that this host signed.
    pub fn read(state: &State, id: ReceiptId, key: &PublicKey) -> Result<Option<Self>, ReceiptError> {
        let folder = state.consents().join(id.to_string());
        let Some(bytes) = state::saved(&folder.join(CONSENT), MAX_BYTES as u64)? else { return Ok(None) };
        let Some(signature) = state::saved(&signature_of(&folder, CONSENT), MAX_SIGNATURE as u64)? else { return Ok(None) };
        let consent = document::open::<Consent>(&bytes, &signature, std::slice::from_ref(key)).ok();
        let consent = consent.filter(|consent| consent.receipt_id == id);
        Ok(consent.map(|consent| Self { consent, bytes, signature, folder }))
    }

    /// Marks it: nothing goes under it any more. For a receipt whose bundle the center has not acknowledged.
    pub fn cancel(&self, now: Time) -> Result<(), ReceiptError> {
        Ok(state::save(&self.folder.join(DROPPED), format!("{now}\n").as_bytes())?)
    }

    /// Whether it was cancelled. A mark that cannot be looked at is one.
    pub fn cancelled(&self) -> bool {
        !fs::symlink_metadata(self.folder.join(DROPPED)).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether consent was given for these very bytes, as the answer to this request or to none, to this center on its present terms, and
    /// still counts.
    pub fn covers(&self, bundle: &BundleDigest, center: &Enrolment, request: Option<RequestId>, now: Time) -> bool {
        let for_center = self.sending().is_some_and(|sending| sending.pin == center.pin.to_string());
        let same_terms = self.consent.recipient == center.recipient();
        !self.cancelled()
            && for_center
            && same_terms
            && self.consent.tenant_id == center.tenant
            && self.consent.covers(bundle, center.host_id, request, now).is_ok()
    }

    /// How far the sending is.
    pub fn sending(&self) -> Option<Sending> {
        let bytes = state::saved(&self.folder.join(SENDING), MAX_BYTES as u64).ok()??;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps how far the sending is; it outlives a power cut.
    pub fn note(&self, sending: &Sending) -> Result<(), ReceiptError> {
        let path = self.folder.join(SENDING);
        let bytes = serde_json::to_vec_pretty(sending).map_err(|source| ReceiptError::Note { path: path.clone(), source })?;
        Ok(state::save(&path, &bytes)?)
    }

    /// The envelope that was made for it, its bytes and its signature, where this host signed it.
    pub fn envelope(&self, key: &PublicKey) -> Option<(Envelope, Vec<u8>, Vec<u8>)> {
        let bytes = state::saved(&self.folder.join(ENVELOPE), MAX_BYTES as u64).ok()??;
        let signature = state::saved(&signature_of(&self.folder, ENVELOPE), MAX_SIGNATURE as u64).ok()??;
        let envelope = document::open(&bytes, &signature, std::slice::from_ref(key)).ok()?;
        Some((envelope, bytes, signature))
    }

    /// Signs and keeps an envelope; gives its bytes and its signature.
    pub fn enclose(&self, envelope: &Envelope, identity: &Identity) -> Result<(Vec<u8>, Vec<u8>), ReceiptError> {
        let (bytes, signature) = document::sign(envelope, &identity.signer)?;
        let path = self.folder.join(ENVELOPE);
        // An old one must not be read with a new signature: for a moment there is none.
        fs::remove_file(&path).unwrap_or_default();
        state::save(&signature_of(&self.folder, ENVELOPE), signature.as_bytes())?;
        state::save(&path, &bytes)?;
        Ok((bytes, signature.into_bytes()))
    }

    /// The center's ack, where it answers what was sent.
    pub fn ack(&self, key: &PublicKey) -> Option<Ack> {
        let bytes = state::saved(&self.folder.join(ACK), MAX_BYTES as u64).ok()??;
        let signer = state::saved(&self.folder.join(ACK_KEY), MAX_BYTES as u64).ok()??;
        let signer = PublicKey::parse(std::str::from_utf8(&signer).ok()?).ok()?;
        let (envelope, ..) = self.envelope(key)?;
        let ack: Ack = Signed::parse(&bytes).ok()?.open(&[signer], 1).ok()?;
        ack.answers(&envelope, self.consent.receipt_id).ok().map(|()| ack)
    }

    /// Keeps an ack that was verified, as it was received, and the key that signed it: the center may use another one later.
    pub fn acknowledge(&self, ack: &[u8], key: &PublicKey) -> Result<(), ReceiptError> {
        state::save(&self.folder.join(ACK_KEY), format!("{key}\n").as_bytes())?;
        Ok(state::save(&self.folder.join(ACK), ack)?)
    }

    /// Where a paper about it is kept.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The notice as it was shown.
    pub fn notice(&self) -> Option<String> {
        String::from_utf8(state::saved(&self.folder.join(NOTICE), MAX_BYTES as u64).ok()??).ok()
    }
}

fn signature_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.sig"))
}
