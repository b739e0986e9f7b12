//! The gate over a finished bundle: whether something is left in it.
//!
//! In: the bytes of a bundle, of any origin. Out: places, by member and line. Compressed members are looked at inside. Memory: a
//! chunk of 1 MiB and what a packed member refers back to, at most 68 MiB, whatever the size of the bundle. Never here: a value, or a
//! judgement on signatures.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use oediag_protocol::bundle::reader::{CAPS, ReadError, Reader};
use serde::Serialize;

use super::{About, Gate, Known, lists_versions};
use crate::{
    packed::{HEAD, Packing},
    redact::Encoding,
};

/// Most bytes that are looked at together; a longer line is cut between words.
const CHUNK: usize = 1 << 20;
/// Most places that are named; all are counted.
const PLACES_MAX: usize = 100;

/// Why a bundle cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The archive.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The content of a member.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What was found in a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// How often, by kind.
    pub counts: BTreeMap<&'static str, u64>,
    /// Where; of many the first.
    pub places: Vec<Spot>,
    /// Members that are packed and break off: not all of them could be looked at. Of many the first.
    pub broken: Vec<String>,
    /// Members that were looked at.
    pub members: u64,
}

/// A place in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spot {
    /// The member.
    pub path: String,
    /// The line of its text, from 1; none: in the name itself.
    pub line: Option<u64>,
    /// What it is.
    pub kind: &'static str,
}

/// Looks at every member of a bundle and at its name.
///
/// # Errors
/// The input is no bundle, or cannot be read.
pub fn check(input: impl Read, gate: &Gate, known: Known<'_>) -> Result<Checked, CheckError> {
    let mut reader = Reader::new(input);
    let mut checked = Checked::default();
    while let Some(entry) = reader.next_entry()? {
        let path = entry.path.clone();
        let about = About { known, versions: lists_versions(path.as_bytes()) };
        for hit in gate.find(path.as_bytes(), &about) {
            checked.add(&path, None, hit.kind);
        }
        let mut head = Vec::with_capacity(HEAD);
        (&mut reader).take(HEAD as u64).read_to_end(&mut head)?;
        let packing = Packing::told(&head);
        let whole = io::Cursor::new(head).chain(&mut reader);
        if let Some(packing) = packing {
            // The rest of a member that breaks off is passed over by the reader, and nobody knows what is in it.
            let inside = packing.reader(whole)?.take(CAPS.inflated);
            checked.text(inside, &path, gate, &about).or_else(|error| match error.kind() {
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    if checked.broken.len() < PLACES_MAX {
                        checked.broken.push(path.clone());
                    }
                    Ok(())
                }
                _ => Err(error),
            })?;
        } else {
            checked.text(whole, &path, gate, &about)?;
        }
        checked.members += 1;
    }
    Ok(checked)
}

impl Checked {
    /// Whether all was looked at and nothing was found.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty() && self.broken.is_empty()
    }

    /// Places beyond those that are named.
    pub fn unnamed(&self) -> u64 {
        self.counts.values().sum::<u64>() - self.places.len() as u64
    }

    fn add(&mut self, path: &str, line: Option<u64>, kind: super::Kind) {
        *self.counts.entry(kind.name()).or_default() += 1;
        if self.places.len() < PLACES_MAX {
            self.places.push(Spot { path: path.to_owned(), line, kind: kind.name() });
        }
    }

    /// Looks at a text, chunk after chunk.
    fn text(&mut self, mut input: impl Read, path: &str, gate: &Gate, about: &About<'_>) -> io::Result<()> {
        let (mut chunk, mut lines, mut encoding) = (Vec::new(), 0, None);
        loop {
            let room = (CHUNK - chunk.len()) as u64;
            let read = (&mut input).take(room).read_to_end(&mut chunk)?;
            let encoding = *encoding.get_or_insert_with(|| sniff(&chunk));
            let end = if (read as u64) < room { chunk.len() } else { cut(&chunk, encoding) };
            let mut at = 0;
            for hit in gate.find_in(&chunk[..end], encoding, about) {
                lines += line_ends(&chunk[at..hit.range.start]);
                at = hit.range.start;
                self.add(path, Some(lines + 1), hit.kind);
            }
            lines += line_ends(&chunk[at..end]);
            if (read as u64) < room {
                return Ok(());
            }
            chunk.drain(..end);
        }
    }
}

fn line_ends(text: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', text).count() as u64
}

/// UTF-16 by its mark, or by a NUL in every other byte of the start.
fn sniff(chunk: &[u8]) -> Encoding {
    let head = &chunk[..chunk.len().min(512) / 2 * 2];
    let nul = |parity: usize| head.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    let half = head.len() / 2;
    match head {
        // The mark may stand before a text that is none.
        [_, _, rest @ ..] if !rest.is_empty() && rest.is_ascii() && !rest.contains(&0) => Encoding::Bytes,
        [0xff, 0xfe, ..] => Encoding::Utf16Le,
        [0xfe, 0xff, ..] => Encoding::Utf16Be,
        _ if half >= 4 && nul(1) * 10 >= half * 6 && nul(0) == 0 => Encoding::Utf16Le,
        _ if half >= 4 && nul(0) * 10 >= half * 6 && nul(1) == 0 => Encoding::Utf16Be,
        _ => Encoding::Bytes,
    }
}

/// Where a full chunk ends: behind its last line end, or between words.
fn cut(chunk: &[u8], encoding: Encoding) -> usize {
    if matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be) {
        let low = usize::from(encoding == Encoding::Utf16Be);
        let (units, _) = chunk.as_chunks::<2>();
        let end = |wanted: u8| units.iter().rposition(|unit| unit[low] == wanted && unit[1 - low] == 0).map(|n| n * 2 + 2);
        return end(b'\n').or_else(|| end(b' ')).unwrap_or(chunk.len() / 2 * 2);
    }
    let word = |b: &u8| *b >= 0x80 || b.is_ascii_alphanumeric() || b"_.:-@%+/=".contains(b);
    let between = || chunk.iter().rposition(|b| !word(b)).map(|n| n + 1);
    memchr::memrchr(b'\n', chunk).map(|n| n + 1).or_else(between).unwrap_or(chunk.len())
}
