//! Reading a sealed file from its first byte to its last.
//!
//! In: the bytes of a `.oeb.tar`, from anywhere, as hostile as can be. Out: its documents, then its payload as a stream.
//! Never: believes a document before its signature, reads on after a fault, accepts a byte that the writer would not write.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256 as Hasher};

use super::{APPROVER_SIG, CONSENT, CONSENT_SIG, ENVELOPE, ENVELOPE_SIG, Head, PAYLOAD, SealedError, age::Sealed, fits, header};
use crate::{
    bundle::ustar::{self, BLOCK, END, padding},
    consent::Consent,
    digest::Sha256,
    document,
    envelope::Envelope,
    sshsig::PublicKey,
    time::Time,
};

/// A sealed file whose documents were read and whose payload comes next.
#[derive(Debug)]
pub struct Reader<R> {
    head: Head,
    payload: Payload<R>,
}

impl<R: Read> Reader<R> {
    /// Reads everything before the payload.
    pub fn new(mut input: R) -> Result<Self, SealedError> {
        let mut at = 0;
        let mut next = next_header(&mut input, &mut at)?;
        let created = next.mtime;
        let mut document = |member: &'static str| {
            let content = content(&mut input, &mut at, &next, member, created)?;
            next = next_header(&mut input, &mut at)?;
            Ok::<_, SealedError>((content, next.path == APPROVER_SIG))
        };
        let envelope = document(ENVELOPE)?.0;
        let envelope_sig = document(ENVELOPE_SIG)?.0;
        let consent = document(CONSENT)?.0;
        let (consent_sig, approved) = document(CONSENT_SIG)?;
        let approver_sig = if approved { Some(document(APPROVER_SIG)?.0) } else { None };
        expected(&next, PAYLOAD, created)?;
        let payload = Payload { input, bytes: next.size, left: next.size, hasher: Hasher::new(), failed: false };
        Ok(Self { head: Head { envelope, envelope_sig, consent, consent_sig, approver_sig, created }, payload })
    }

    /// The documents, not yet verified.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Goes on to the payload.
    pub fn into_payload(self) -> Payload<R> {
        self.payload
    }

    /// Checks both documents: signed by one of the host's `keys`, made for each other, covering the payload at `now`.
    pub fn verify(&self, keys: &[PublicKey], now: Time) -> Result<(Envelope, Consent), SealedError> {
        let (envelope, consent) = self.head.verify(keys, now)?;
        let (found, expected) = (envelope.payload.bytes, self.payload.bytes);
        if found == expected { Ok((envelope, consent)) } else { Err(SealedError::Length { found, expected }) }
    }
}

impl Head {
    /// Checks both documents: signed by one of the host's `keys`, made for each other, the receipt good at `now`. The
    /// approver's signature is not looked at: [`document::signed_by`] with the approvers' keys does.
    pub fn verify(&self, keys: &[PublicKey], now: Time) -> Result<(Envelope, Consent), SealedError> {
        let failed = |member| move |source| SealedError::Document { member, source };
        let envelope: Envelope = document::open(&self.envelope, &self.envelope_sig, keys).map_err(failed(ENVELOPE))?;
        let consent: Consent = document::open(&self.consent, &self.consent_sig, keys).map_err(failed(CONSENT))?;
        if envelope.created != self.created {
            return Err(SealedError::Time { member: ENVELOPE });
        }
        envelope.agrees(&consent, &self.consent, now)?;
        Ok((envelope, consent))
    }
}

/// The payload of a sealed file. It yields the ciphertext; at its end the rest of the file was checked too.
#[derive(Debug)]
pub struct Payload<R> {
    input: R,
    bytes: u64,
    left: u64,
    hasher: Hasher,
    failed: bool,
}

impl<R: Read> Payload<R> {
    /// Bytes of the payload, as the file announces them.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads what is left, checks that the file ends as it must, and that the payload is the one that `envelope` names.
    pub fn finish(mut self, envelope: &Envelope) -> Result<(), SealedError> {
        let mut buffer = vec![0; 64 * 1024];
        while self.some(&mut buffer)? > 0 {}
        rest(&mut self.input, &mut 0, padding(self.bytes) + END.len(), PAYLOAD)?;
        let mut after = [0];
        if full(&mut self.input, &mut after)? > 0 {
            return Err(SealedError::Trailing { member: PAYLOAD });
        }
        let found = Sealed { bytes: self.bytes, sha256: Sha256(self.hasher.finalize().into()) };
        let told = Sealed { bytes: envelope.payload.bytes, sha256: envelope.payload.sha256 };
        if found == told { Ok(()) } else { Err(SealedError::OtherPayload) }
    }

    fn some(&mut self, buf: &mut [u8]) -> Result<usize, SealedError> {
        if self.failed {
            return Err(SealedError::Cut { member: PAYLOAD });
        }
        let wanted = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.input.read(&mut buf[..wanted])?;
        if count == 0 {
            self.failed = true;
            return Err(SealedError::Cut { member: PAYLOAD });
        }
        self.hasher.update(&buf[..count]);
        self.left -= count as u64;
        Ok(count)
    }
}

impl<R: Read> Read for Payload<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.some(buf).map_err(|error| match error {
            SealedError::Io(error) => error,
            error => io::Error::new(io::ErrorKind::InvalidData, error),
        })
    }
}

fn next_header(input: &mut impl Read, at: &mut u64) -> Result<ustar::Entry, SealedError> {
    let mut block = [0; BLOCK];
    if full(input, &mut block)? < BLOCK {
        return Err(SealedError::Cut { member: "a header" });
    }
    let entry = ustar::parse_as(&block, header).map_err(|source| SealedError::Header { at: *at, source })?;
    *at += BLOCK as u64;
    Ok(entry)
}

fn expected(entry: &ustar::Entry, member: &'static str, created: Time) -> Result<(), SealedError> {
    if entry.path != member {
        return Err(SealedError::Order { found: entry.path.clone(), expected: member });
    }
    if entry.mtime != created {
        return Err(SealedError::Time { member });
    }
    fits(member, entry.size)
}

fn content(
    input: &mut impl Read,
    at: &mut u64,
    entry: &ustar::Entry,
    member: &'static str,
    created: Time,
) -> Result<Vec<u8>, SealedError> {
    expected(entry, member, created)?;
    let mut content = vec![0; entry.size as usize];
    if full(input, &mut content)? < content.len() {
        return Err(SealedError::Cut { member });
    }
    *at += entry.size;
    rest(input, at, padding(entry.size), member)?;
    Ok(content)
}

/// Reads exactly `count` zeros.
fn rest(input: &mut impl Read, at: &mut u64, count: usize, member: &'static str) -> Result<(), SealedError> {
    let mut zeros = vec![0; count];
    if full(input, &mut zeros)? < count {
        return Err(SealedError::Cut { member });
    }
    *at += count as u64;
    if zeros.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(SealedError::Trailing { member }) }
}

/// Fills `buf`, or as much of it as there is.
fn full(input: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        match input.read(&mut buf[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
