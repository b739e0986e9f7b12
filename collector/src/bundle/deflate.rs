//! Gzip members of a bundle: whole blocks in, one member out.
//!
//! libdeflate writes the member header the format wants (no name, time 0, system 255), and for whole
//! blocks costs half of what zlib does (`design.md` §6.1).

use libdeflater::{CompressionLvl, Compressor};
use oediag_protocol::bundle::{gzip, ustar};

/// Most bytes one member inflates to on the writing side; readers allow twice that.
pub const BLOCK: usize = 1 << 20;

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Level 1: least CPU on the examined host.
    Fast,
    /// Level 6: about a tenth smaller, twice the CPU.
    Small,
}

/// One worker's compressors; not shared between threads.
pub struct Deflater {
    level: Compressor,
    stored: Compressor,
    scratch: Vec<u8>,
}

impl std::fmt::Debug for Deflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deflater")
    }
}

impl Deflater {
    /// A compressor of the level.
    pub fn new(level: Level) -> Self {
        let level = match level {
            Level::Fast => 1,
            Level::Small => 6,
        };
        let compressor = |level| Compressor::new(CompressionLvl::new(level).unwrap_or_default());
        Self { level: compressor(level), stored: compressor(0), scratch: Vec::new() }
    }

    /// The same for content that is compressed already: wrapped, not compressed again.
    pub fn wrap(&mut self, content: &[u8], out: &mut Vec<u8>) {
        members(&mut self.stored, &mut self.scratch, content, out);
    }

    /// Appends `content` to `out` as gzip members of at most [`BLOCK`] bytes each; nothing for nothing.
    pub fn members(&mut self, content: &[u8], out: &mut Vec<u8>) {
        members(&mut self.level, &mut self.scratch, content, out);
    }

    /// The same as one gzip file, which has a member even for nothing.
    pub(crate) fn gzip(&mut self, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.members(content, &mut out);
        if content.is_empty() {
            // RFC 1951 §3.2.4: one final stored block of no bytes; then CRC-32 and length of nothing.
            out.extend_from_slice(&gzip::MEMBER_HEADER);
            out.extend_from_slice(&[1, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        out
    }

    /// A small file as a tar entry of its own: header, content and padding in as few members as can be.
    pub fn entry(&mut self, header: &[u8; 512], content: &[u8]) -> Vec<u8> {
        let mut entry = Vec::with_capacity(512 + content.len() + 511);
        entry.extend_from_slice(header);
        entry.extend_from_slice(content);
        entry.resize(entry.len().next_multiple_of(512), 0);
        let mut out = Vec::new();
        self.members(&entry, &mut out);
        out
    }
}

fn members(compressor: &mut Compressor, scratch: &mut Vec<u8>, content: &[u8], out: &mut Vec<u8>) {
    for block in content.chunks(BLOCK) {
        // Members may wait long for their turn: they get exactly the memory they need, the bound is for the scratch only.
        scratch.resize(compressor.gzip_compress_bound(block.len()), 0);
        // The only error libdeflate has is a buffer below its own bound.
        let len = compressor.gzip_compress(block, scratch).unwrap_or_default();
        out.reserve_exact(len);
        out.extend_from_slice(&scratch[..len]);
    }
}

/// Length of a member made by [`stored`].
pub const STORED: usize = 10 + 5 + 512 + 8;

/// A tar header in a member that is not compressed, so that its length is the same whatever the header
/// says: written as a place-holder while the size is unknown, and written over once it is known.
pub fn stored(header: &[u8; ustar::BLOCK]) -> [u8; STORED] {
    let mut out = [0; STORED];
    out[..10].copy_from_slice(&gzip::MEMBER_HEADER);
    // RFC 1951 §3.2.4: final block, stored, LEN 512 and its complement.
    out[10..15].copy_from_slice(&[1, 0x00, 0x02, 0xff, 0xfd]);
    out[15..527].copy_from_slice(header);
    out[527..531].copy_from_slice(&crc32fast::hash(header).to_le_bytes());
    out[531..].copy_from_slice(&512_u32.to_le_bytes());
    out
}
