//! A digest of what is read, taken on the way.
//!
//! In: a reader. Out: the same bytes, and the SHA-256 of those that were read.

use std::io::{self, Read};

use oediag_protocol::digest::Sha256;
use sha2::Digest as _;

/// Digests what is read through it.
pub(crate) struct Digested<R> {
    input: R,
    hasher: sha2::Sha256,
}

impl<R> Digested<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, hasher: sha2::Sha256::new() }
    }

    /// The digest of what has been read.
    pub(crate) fn digest(self) -> Sha256 {
        Sha256(self.hasher.finalize().into())
    }
}

impl<R: Read> Read for Digested<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
