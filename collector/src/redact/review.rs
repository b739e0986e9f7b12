//! What was replaced, for a person who looks at it on the host before anything leaves.
//!
//! In: a chunk. Out: each place the engine replaced, in the order of the text, with the clean text around it. This is the
//! one way on which values of the host come out of `redact` beside their stand-ins: for a terminal, never for a file.

use super::{DEPTH, Piece, Redactor, Scratch, chunks::Encoding, counts::Counts, kinds::Kind, raw::Raw, structure::binary};

/// Bytes of the line shown on each side.
const AROUND: usize = 48;

/// One replacement as the engine made it: places in the text and in what was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    pub(super) written: usize,
    pub(super) written_end: usize,
}

/// One value that was replaced. Holds bytes of the host, hence never printed by accident.
pub struct Found {
    /// Line ends in the chunk before it.
    pub line: u64,
    /// The kind, as in the manifest's counts.
    pub kind: &'static str,
    /// The value.
    pub value: Vec<u8>,
    /// What stands in its place.
    pub stand_in: Vec<u8>,
    /// The redacted line before it, at most a few words.
    pub before: Vec<u8>,
    /// The redacted line behind it, at most a few words.
    pub after: Vec<u8>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("line", &self.line).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What was replaced in one chunk.
#[derive(Debug)]
pub struct Review {
    /// In the order of the text.
    pub found: Vec<Found>,
    /// Line ends in the chunk.
    pub lines: u64,
}

impl Redactor {
    /// Redacts one chunk as [`Redactor::clean`] does, and tells what was replaced instead of giving the clean text.
    #[expect(clippy::needless_pass_by_value, reason = "raw bytes end here: nobody is to keep them")]
    pub fn review(&self, raw: Raw, scratch: &mut Scratch) -> Review {
        let strings = (raw.encoding == Encoding::Strings).then(|| binary::strings(&raw.bytes));
        let piece = Piece::of(&raw, strings.as_deref());
        let text = piece.text;
        let mut out = Vec::with_capacity(text.len() + 1024);
        scratch.seen = Some(Vec::new());
        self.pass(&piece, scratch, &mut Counts::default(), &mut out);
        let seen = scratch.seen.take().unwrap_or_default();
        let (mut line, mut counted) = (0, raw.skip);
        let lines_in = |from: usize, to: usize| memchr::memchr_iter(b'\n', &text[from..to]).count() as u64;
        let found = seen
            .iter()
            .map(|seen| {
                line += lines_in(counted, seen.start);
                counted = seen.start;
                let before = &out[seen.written.saturating_sub(AROUND)..seen.written];
                let after = &out[seen.written_end..out.len().min(seen.written_end + AROUND)];
                let begin = memchr::memrchr(b'\n', before).map_or(0, |n| n + 1);
                let end = memchr::memchr(b'\n', after).unwrap_or(after.len());
                Found {
                    line,
                    kind: seen.kind.name(),
                    value: text[seen.start..seen.end].to_vec(),
                    stand_in: out[seen.written..seen.written_end].to_vec(),
                    before: from_character(&before[begin..]).to_vec(),
                    after: to_character(&after[..end]).to_vec(),
                }
            })
            .collect();
        Review { found, lines: line + lines_in(counted, text.len()) }
    }
}

impl<'a> Piece<'a> {
    /// A chunk; of binary content its strings.
    pub(super) fn of(raw: &'a Raw, strings: Option<&'a [u8]>) -> Piece<'a> {
        Piece {
            text: strings.unwrap_or(&raw.bytes),
            bytes: &raw.bytes,
            skip: raw.skip,
            end: raw.end,
            first_line: raw.first_line(),
            state: raw.state,
            document: raw.document,
            file: raw.file,
            columns: raw.columns,
            open_end: raw.open_end,
            gb: raw.encoding == Encoding::Gb18030,
            depth: DEPTH,
        }
    }
}

/// Without the rest of a character of UTF-8 at the start.
fn from_character(text: &[u8]) -> &[u8] {
    let rest = text.iter().take(3).take_while(|b| (0x80..0xc0).contains(*b)).count();
    &text[rest..]
}

/// Without the beginning of a character of UTF-8 at the end.
fn to_character(text: &[u8]) -> &[u8] {
    match std::str::from_utf8(text) {
        Err(error) if error.error_len().is_none() => &text[..error.valid_up_to()],
        _ => text,
    }
}
