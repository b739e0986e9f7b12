//! Writing a sealed file: what stands before the payload, the payload, what stands behind it.
//!
//! In: the signed documents, and how many bytes the payload has. Out: the file's bytes, whole or from any place on.
//! Never: looks into the documents; a file that the reader would refuse for its form is not begun.

use std::io::{self, Write};

use super::{APPROVER_SIG, CONSENT, CONSENT_SIG, ENVELOPE, ENVELOPE_SIG, Head, PAYLOAD, SealedError, fits, header};
use crate::bundle::ustar::{END, padding};

/// A sealed file without its payload: the file is `front`, the payload's bytes, `back`. So an upload begins again at any
/// place without the file ever lying on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Everything before the payload.
    pub front: Vec<u8>,
    /// Bytes of the payload.
    pub payload: u64,
    /// Everything behind the payload.
    pub back: Vec<u8>,
}

impl Frame {
    /// Builds the frame for a payload of `payload` bytes.
    pub fn new(head: &Head, payload: u64) -> Result<Self, SealedError> {
        let documents = [
            (ENVELOPE, Some(&head.envelope)),
            (ENVELOPE_SIG, Some(&head.envelope_sig)),
            (CONSENT, Some(&head.consent)),
            (CONSENT_SIG, Some(&head.consent_sig)),
            (APPROVER_SIG, head.approver_sig.as_ref()),
        ];
        let mut front = Vec::new();
        for (member, content) in documents {
            if let Some(content) = content {
                begin(&mut front, member, content.len() as u64, head)?;
                front.extend(content);
                front.resize(front.len() + padding(content.len() as u64), 0);
            }
        }
        begin(&mut front, PAYLOAD, payload, head)?;
        Ok(Self { front, payload, back: vec![0; padding(payload) + END.len()] })
    }

    /// Bytes of the whole file.
    pub fn bytes(&self) -> u64 {
        self.front.len() as u64 + self.payload + self.back.len() as u64
    }
}

fn begin(front: &mut Vec<u8>, member: &'static str, bytes: u64, head: &Head) -> Result<(), SealedError> {
    fits(member, bytes)?;
    let at = front.len() as u64;
    front.extend(header(member, bytes, head.created).map_err(|source| SealedError::Header { at, source })?);
    Ok(())
}

/// Writes a whole sealed file; what is written to it is the payload.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    back: Vec<u8>,
    announced: u64,
    written: u64,
}

impl<W: Write> Writer<W> {
    /// Writes everything before a payload of `payload` bytes.
    pub fn begin(mut output: W, head: &Head, payload: u64) -> Result<Self, SealedError> {
        let frame = Frame::new(head, payload)?;
        output.write_all(&frame.front)?;
        Ok(Self { output, back: frame.back, announced: payload, written: 0 })
    }

    /// Writes everything behind the payload, whose announced size must have been written.
    pub fn finish(mut self) -> Result<W, SealedError> {
        if self.written != self.announced {
            return Err(SealedError::Length { found: self.written, expected: self.announced });
        }
        self.output.write_all(&self.back)?;
        Ok(self.output)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let found = self.written.saturating_add(buf.len() as u64);
        if found > self.announced {
            let error = SealedError::Length { found, expected: self.announced };
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        let count = self.output.write(buf)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
