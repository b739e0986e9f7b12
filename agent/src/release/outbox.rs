//! Sealing: the agreed bytes, encrypted once to a file that stays the same until the center has it.
//!
//! In: the open bundle, a receipt for its bytes, the center's keys. Out: the parts of a sealed file, its payload open. Never: leaves a
//! payload of other bytes than the receipt's, or half a one, or fills the disk.

use std::{
    fs::{self, File},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use oediag_collector::{
    disk,
    ledger::{self, LedgerError},
    state::{self, Identity, State, StateError},
};
use oediag_protocol::{
    envelope::{self, Encryption, Envelope, Payload, Plain},
    id::ReceiptId,
    sealed::{AgeError, Frame, Head, SealedError, Sealer},
    sshsig::PublicKey,
    time::Time,
};

use super::{
    own::{Hashing, Own},
    receipt::{Receipt, ReceiptError},
};
use crate::enrolment::Enrolment;

/// What encryption adds at most, beside 16 bytes for each 64 KiB: the header.
const HEADER: u64 = 64 << 10;

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The payload's file.
    #[error("{path}")]
    Io {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The outbox.
    #[error(transparent)]
    State(#[from] StateError),
    /// Too little room.
    #[error("{path}: {bytes} bytes are needed, and a tenth of the file system (at most 1 GiB) stays free")]
    NoRoom {
        /// The outbox.
        path: PathBuf,
        /// What is needed.
        bytes: u64,
    },
    /// The bundle is not what was agreed to any more.
    #[error("{path} is not what was shown and agreed to: it changed meanwhile")]
    Changed {
        /// The bundle.
        path: PathBuf,
    },
    /// The encryption.
    #[error("encrypting")]
    Age(#[from] AgeError),
    /// The ledger, whose head the envelope names.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The envelope.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The frame.
    #[error(transparent)]
    Frame(#[from] SealedError),
}

/// A sealed file, its payload on the disk.
#[derive(Debug)]
pub struct Parcel {
    /// Who sent what to whom.
    pub envelope: Envelope,
    /// All but the payload.
    pub frame: Frame,
    /// The payload.
    pub payload: File,
}

/// Where the payload under a receipt lies.
pub fn place(state: &State, receipt: ReceiptId) -> PathBuf {
    state.outbox().join(format!("{receipt}.age"))
}

/// Refuses when a bundle of so many bytes could not be sealed here.
pub fn room(state: &State, bytes: u64) -> Result<(), SealError> {
    let path = state.outbox();
    state::private_folder(&path)?;
    let needed = bytes + bytes / 4096 + HEADER;
    let io = |source| SealError::Io { path: path.clone(), source };
    let folder = File::open(&path).map_err(io)?;
    if disk::has_room(&folder, needed).map_err(io)? { Ok(()) } else { Err(SealError::NoRoom { path, bytes: needed }) }
}

/// Removes the sealed file of a receipt, where there is one.
pub fn discard(state: &State, receipt: ReceiptId) -> io::Result<()> {
    match fs::remove_file(place(state, receipt)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what killed runs left half-made, and sealed files that nothing will be done with any more: without a receipt of this host's,
/// cancelled, with an ack, or past the day on which the data is to be deleted.
pub fn tidy(state: &State, key: &PublicKey, now: Time) {
    let entries = fs::read_dir(state.outbox()).into_iter().flatten().filter_map(Result::ok);
    for path in entries.map(|entry| entry.path()) {
        let useless = match path.extension().and_then(|extension| extension.to_str()) {
            Some("partial") => true,
            Some("age") => match path.file_stem().and_then(|stem| ReceiptId::parse(stem.to_str()?)) {
                Some(id) => match Receipt::read(state, id, key) {
                    Ok(Some(receipt)) => receipt.cancelled() || receipt.ack(key).is_some() || now >= receipt.consent.delete_by,
                    Ok(None) => true,
                    // Whoever uses it says what is wrong with it.
                    Err(_) => false,
                },
                None => true,
            },
            _ => false,
        };
        if useless {
            // What cannot be removed now is tried again by the next run.
            fs::remove_file(path).unwrap_or_default();
        }
    }
}

/// The parcel that an earlier run sealed, if it is whole and for the keys of today.
pub fn sealed(receipt: &Receipt, center: &Enrolment, state: &State, key: &PublicKey) -> Option<Parcel> {
    let (envelope, bytes, signature) = receipt.envelope(key)?;
    envelope.agrees(&receipt.consent, &receipt.bytes, receipt.consent.given_at).ok()?;
    if envelope.payload.recipients != center.recipients {
        return None;
    }
    let mut payload = File::open(place(state, receipt.consent.receipt_id)).ok()?;
    let found = Hashing::new(&payload, u64::MAX).finish().ok()?;
    payload.rewind().ok()?;
    if found != (envelope.payload.sha256, envelope.payload.bytes) {
        return None;
    }
    parcel(receipt, envelope, bytes, signature, payload).ok()
}

/// Encrypts the bundle to the center's keys, checks that it is what was agreed to, signs the envelope.
pub fn seal(
    own: &Own,
    receipt: &Receipt,
    center: &Enrolment,
    state: &State,
    identity: &Identity,
    now: Time,
    progress: impl FnMut(u64),
) -> Result<Parcel, SealError> {
    let bundle = &receipt.consent.bundle;
    room(state, bundle.bytes)?;
    let path = place(state, receipt.consent.receipt_id);
    let partial = path.with_extension("age.partial");
    for path in [&partial, &path] {
        // Mostly there is none.
        fs::remove_file(path).unwrap_or_default();
    }
    let made = encrypt(own, receipt, center, &partial, progress).and_then(|written| {
        let envelope = Envelope {
            schema: envelope::Schema::V1,
            bundle_id: bundle.bundle_id,
            host_id: receipt.consent.host_id,
            tenant_id: receipt.consent.tenant_id.clone(),
            request_id: receipt.consent.request.map(|request| request.request_id),
            created: now,
            bundle: Plain { bytes: bundle.bytes, sha256: bundle.sha256, complete: own.manifest.complete },
            payload: Payload {
                bytes: written.bytes,
                sha256: written.sha256,
                enc: Encryption::AgeX25519,
                recipients: center.recipients.clone(),
            },
            consent_sha256: oediag_protocol::digest::Sha256::of(&receipt.bytes),
            keyset_version: center.keyset.version,
            ledger_head: ledger::head(state)?,
        };
        let (bytes, signature) = receipt.enclose(&envelope, identity)?;
        let io = |source| SealError::Io { path: path.clone(), source };
        fs::rename(&partial, &path).map_err(io)?;
        disk::sync_folder(&state.outbox()).map_err(io)?;
        // The process that sends is handed this file: it may read it and nothing else.
        let payload = File::open(&path).map_err(io)?;
        parcel(receipt, envelope, bytes, signature, payload)
    });
    made.inspect_err(|_| {
        // Nothing half-made stays; what is gone already is as good.
        fs::remove_file(&partial).unwrap_or_default();
        fs::remove_file(&path).unwrap_or_default();
    })
}

fn encrypt(
    own: &Own,
    receipt: &Receipt,
    center: &Enrolment,
    partial: &Path,
    mut progress: impl FnMut(u64),
) -> Result<oediag_protocol::sealed::Sealed, SealError> {
    let io = |source| SealError::Io { path: partial.to_owned(), source };
    let reading = |source| SealError::Io { path: own.path.clone(), source };
    let output = disk::create(partial).map_err(io)?;
    let mut sealer = Sealer::new(io::BufWriter::with_capacity(256 << 10, output), &center.recipients)?;
    let bundle = &receipt.consent.bundle;
    // A file that grows is not read for ever.
    let mut input = Hashing::new(own.read().map_err(reading)?, bundle.bytes + 1);
    let mut buffer = vec![0; 256 << 10];
    let mut done = 0;
    loop {
        let count = input.read(&mut buffer).map_err(reading)?;
        if count == 0 {
            break;
        }
        done += count as u64;
        sealer.write_all(&buffer[..count]).map_err(io)?;
        progress(done);
    }
    if input.finish().map_err(reading)? != (bundle.sha256, bundle.bytes) {
        return Err(SealError::Changed { path: own.path.clone() });
    }
    let (output, written) = sealer.finish()?;
    let output = output.into_inner().map_err(|error| io(error.into_error()))?;
    output.sync_all().map_err(io)?;
    Ok(written)
}

fn parcel(receipt: &Receipt, envelope: Envelope, bytes: Vec<u8>, signature: Vec<u8>, payload: File) -> Result<Parcel, SealError> {
    let head = Head {
        envelope: bytes,
        envelope_sig: signature,
        consent: receipt.bytes.clone(),
        consent_sig: receipt.signature.clone(),
        approver_sig: None,
        created: envelope.created,
    };
    let frame = Frame::new(&head, envelope.payload.bytes)?;
    Ok(Parcel { envelope, frame, payload })
}
