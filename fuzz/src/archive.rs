//! Tar and gzip around bytes of a fuzzer, which would hardly ever guess a check sum.
//!
//! In: tar blocks, deflate streams. Out: the same with right check sums, lengths and edges of gzip members.

use std::io::Write as _;

use flate2::{Compression, Crc, Decompress, FlushDecompress, write::DeflateEncoder};
use oediag_protocol::bundle::{
    gzip::{MEMBER_HEADER, MEMBER_MAX},
    ustar::{self, BLOCK, END},
};

/// Sets the check sum of each block that says it is a ustar header.
pub fn summed(mut tar: Vec<u8>) -> Vec<u8> {
    for block in tar.chunks_exact_mut(BLOCK).filter(|block| &block[257..262] == b"ustar") {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
    }
    tar
}

/// Packs a tar archive as a bundle has it: each header begins a gzip member, the end mark is one of its own. From the first
/// block on that is no header of ours, the rest is one more.
pub fn packed(mut tar: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(block) = tar.first_chunk::<BLOCK>() {
        let Ok(entry) = ustar::parse(block) else { break };
        let end = BLOCK.saturating_add(entry.size as usize).next_multiple_of(BLOCK).min(tar.len());
        let (member, rest) = tar.split_at(end);
        out.extend(member.chunks(MEMBER_MAX).flat_map(member_of));
        tar = rest;
    }
    if let Some(rest) = tar.strip_prefix(&END) {
        out.extend(member_of(&END));
        tar = rest;
    }
    if !tar.is_empty() {
        out.extend(member_of(tar));
    }
    out
}

/// One gzip member that holds these bytes.
pub fn member_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(MEMBER_HEADER.to_vec(), Compression::none());
    encoder.write_all(bytes).expect("writing to memory");
    let mut out = encoder.finish().expect("writing to memory");
    out.extend(trailer(bytes));
    out
}

/// What a raw deflate stream holds, and the gzip member of exactly this stream; none when it does not end within
/// [`MEMBER_MAX`] bytes.
pub fn inflated(stream: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut inflate = Decompress::new(false);
    let mut content = Vec::with_capacity(MEMBER_MAX + 1);
    let status = inflate.decompress_vec(stream, &mut content, FlushDecompress::Finish).ok()?;
    let whole = status == flate2::Status::StreamEnd && content.len() <= MEMBER_MAX;
    let member = [&MEMBER_HEADER[..], &stream[..inflate.total_in() as usize], &trailer(&content)].concat();
    whole.then_some((content, member))
}

fn trailer(bytes: &[u8]) -> [u8; 8] {
    let mut crc = Crc::new();
    crc.update(bytes);
    let mut trailer = [0; 8];
    trailer[..4].copy_from_slice(&crc.sum().to_le_bytes());
    trailer[4..].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    trailer
}
