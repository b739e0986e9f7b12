//! The gate over a finished bundle: whether something is left in it.
//!
//! In: the bytes of a bundle, of any origin, and the digests its manifest lists. Out: places, by member and line, and the members that
//! could not be judged. Compressed members are looked at inside. Memory: a chunk of 1 MiB and what a packed member refers back to,
//! at most 68 MiB, whatever the size of the bundle. Never here: a value, or a judgement on signatures.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use oediag_protocol::{
    bundle::{
        name,
        reader::{CAPS, ReadError, Reader},
    },
    digest::Sha256,
};
use serde::Serialize;

use super::{About, Gate, Known, lists_versions};
use crate::{
    digested::Digested,
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
    /// Members that were looked at.
    pub members: u64,
    /// Members of which nobody can say that nothing is left in them.
    pub doubts: Vec<Doubt>,
}

/// A member that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// The member.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// Why a member could not be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It begins like a compressed file and does not unpack to its end, or something else follows.
    Broken,
    /// It is compressed twice.
    Nested,
    /// Unpacked it is longer than a bundle may be.
    TooLong,
    /// Its content is not the one that the manifest lists.
    Changed,
    /// The manifest does not list it.
    Unlisted,
    /// The manifest lists it, and it is not there.
    Missing,
}

impl Why {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Why::Broken => "broken",
            Why::Nested => "nested",
            Why::TooLong => "too_long",
            Why::Changed => "changed",
            Why::Unlisted => "unlisted",
            Why::Missing => "missing",
        }
    }
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

/// Looks at every member of a bundle and at its name. `listed` are the digests that its manifest gives; the manifest itself and what
/// comes behind it are not among them.
///
/// # Errors
/// The input is no bundle, or cannot be read.
pub fn check(input: impl Read, gate: &Gate, known: Known<'_>, listed: &BTreeMap<&str, Sha256>) -> Result<Checked, CheckError> {
    let mut reader = Reader::new(input);
    let (mut checked, mut missing) = (Checked::default(), listed.clone());
    while let Some(entry) = reader.next_entry()? {
        let path = entry.path.clone();
        let about = About { known, versions: lists_versions(path.as_bytes()) };
        for hit in gate.find(path.as_bytes(), &about) {
            checked.add(&path, None, hit.kind);
        }
        let mut content = Digested::new(&mut reader);
        checked.member(&mut content, &path, gate, &about)?;
        io::copy(&mut content, &mut io::sink())?;
        let digest = content.digest();
        match missing.remove(path.as_str()) {
            Some(wanted) if wanted != digest => checked.doubt(&path, Why::Changed),
            None if ![name::MANIFEST, name::SUMS, name::SUMS_SIG].contains(&path.as_str()) => {
                checked.doubt(&path, Why::Unlisted);
            }
            _ => {}
        }
        checked.members += 1;
    }
    for path in missing.keys() {
        checked.doubt(path, Why::Missing);
    }
    Ok(checked)
}

/// What was read, and what follows.
type Whole<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

/// How a text is compressed, which its first bytes tell, and all of it.
fn told<R: Read>(mut input: R) -> io::Result<(Option<Packing>, Whole<R>)> {
    let mut head = Vec::with_capacity(HEAD);
    (&mut input).take(HEAD as u64).read_to_end(&mut head)?;
    Ok((Packing::told(&head), io::Cursor::new(head).chain(input)))
}

impl Checked {
    /// Whether nothing was found, and everything could be judged.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty() && self.doubts.is_empty()
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

    fn doubt(&mut self, path: &str, why: Why) {
        self.doubts.push(Doubt { path: path.to_owned(), why });
    }

    /// Looks at the content of a member, inside where it is compressed. What does not unpack as a whole is named: nobody has seen
    /// what is in it, and the redactor makes no such member.
    fn member(&mut self, content: impl Read, path: &str, gate: &Gate, about: &About<'_>) -> io::Result<()> {
        let (packing, whole) = told(content)?;
        let Some(packing) = packing else { return self.text(whole, path, gate, about) };
        let unpacked = told(packing.reader(whole)?).and_then(|(twice, inside)| {
            let mut inside = inside.take(CAPS.inflated);
            self.text(&mut inside, path, gate, about)?;
            let why = if twice.is_some() { Some(Why::Nested) } else { (inside.limit() == 0).then_some(Why::TooLong) };
            Ok(why)
        });
        match unpacked {
            Ok(None) => {}
            Ok(Some(why)) => self.doubt(path, why),
            Err(error) => match error.kind() {
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                    self.doubt(path, Why::Broken);
                }
                _ => return Err(error),
            },
        }
        Ok(())
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
            for hit in gate.find_anywhere(&chunk[..end], encoding, about) {
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
        [_, _, rest @ ..] if memchr::memchr_iter(0, rest).count() * 20 < rest.len() && rest.is_ascii() => Encoding::Bytes,
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
