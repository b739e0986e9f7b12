//! The cutter: an input to chunks that can be redacted apart from each other, in any order.
//!
//! In: a reader and the host path of what it reads. Out: chunks of about 1 MiB that end at a line end, each with the few
//! lines before it and the state its first line is in, so that the result does not depend on where it was cut.
//! Never here: binary content. It ends the input with an error, and the file is left out.

use std::{io, ops::Range, sync::Arc};

use super::{
    Binary, RedactError, below,
    columns::Columns,
    files::File,
    pem::{self, State},
    raw::Raw,
    rows,
    structure::{
        binary,
        export::{self, Field},
        gb18030, layer, numbers,
        secret::{self, Document},
        siblings, wrapped,
    },
};

/// Usual size of a chunk.
const CHUNK: usize = 1 << 20;
/// A longer line is cut, at the same place whatever the size of chunks.
const LINE_MAX: usize = 1 << 20;
/// So much is looked at to tell text from binary.
const SNIFF: usize = 64 << 10;
/// What the pieces of a cut line see of each other, and where in a piece a delimiter is looked for.
const OVERLAP: usize = 64 << 10;
/// So many bytes of ASCII in a row are text in one byte each: as UTF-16 they would be Han characters without a sign among them.
const NARROW: usize = 32;
/// How often a cut is moved behind a field and lines in turn.
const TURNS: usize = 4;
/// So many lines are shown to the chunk behind them: a heading may be so far above what belongs to it.
const SHOWN_LINES: usize = 8;
/// A line longer than this is not shown to the chunk behind it.
const SHOWN: usize = 512;

/// What the first 64 KiB say about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, of which ASCII is a part.
    Utf8,
    /// GB18030 with Han characters.
    Gb18030,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
    /// Any other text: bytes.
    Bytes,
    /// The export format of the journal.
    Export,
    /// Binary content with strings in it, which are replaced in place.
    Strings,
}

/// Chunks of one input, in order. Fused: after the end or an error there is nothing.
pub struct Chunks<R> {
    input: R,
    file: File,
    member: Option<Arc<str>>,
    /// Whether binary content is refused whatever it is.
    binary: Binary,
    size: usize,
    encoding: Option<Encoding>,
    seen: u64,
    /// The end of what was given out last, then what is read and decoded but not yet given out.
    ready: Vec<u8>,
    /// How much of `ready` was given out before.
    shown: usize,
    /// Read, not yet decoded: half a character of UTF-16.
    odd: Vec<u8>,
    /// Of what claims to be UTF-16: how many bytes of ASCII were read last.
    narrow: usize,
    /// Read, not yet decoded: half a field of the journal.
    export: export::Decoder,
    /// Where `ready` holds binary fields of the journal.
    fields: Vec<Range<usize>>,
    /// What was given out last ended in the middle of a line.
    midline: bool,
    state: State,
    document: Document,
    columns: Option<Columns>,
    eof: bool,
    done: bool,
}

impl<R> std::fmt::Debug for Chunks<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chunks").field("seen", &self.seen).field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

impl<R: io::Read> Chunks<R> {
    pub(super) fn new(input: R, path: &[u8], binary: Binary) -> Chunks<R> {
        Chunks {
            input,
            file: File::of(path),
            member: None,
            binary,
            size: CHUNK,
            encoding: None,
            seen: 0,
            ready: Vec::new(),
            odd: Vec::new(),
            narrow: 0,
            export: export::Decoder::default(),
            fields: Vec::new(),
            shown: 0,
            midline: false,
            state: State::Outside,
            document: Document::default(),
            columns: None,
            eof: false,
            done: false,
        }
    }

    /// Cuts chunks of about `bytes` (at most 1 MiB): the result is the same, only the pieces differ.
    #[must_use]
    pub fn with_chunk_size(mut self, bytes: usize) -> Chunks<R> {
        self.size = bytes.clamp(1, CHUNK);
        self
    }

    /// Says which member of the bundle this will be: the map tells it of what is met here first.
    #[must_use]
    pub fn with_member(mut self, path: &str) -> Chunks<R> {
        self.member = Some(path.into());
        self
    }

    /// Raw bytes read so far; all of them once the iterator has ended.
    pub fn bytes_seen(&self) -> u64 {
        self.seen
    }

    /// What the start of the input looked like; none before the first chunk.
    pub fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// Reads until `wanted` bytes are ready or the input ends.
    fn fill(&mut self, wanted: usize) -> Result<(), RedactError> {
        while self.ready.len() < wanted && !self.eof {
            let at = self.ready.len();
            let room = (wanted - at).max(SNIFF);
            self.ready.resize(at + room, 0);
            let read = loop {
                match self.input.read(&mut self.ready[at..]) {
                    Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            let got = match read {
                Ok(got) => got,
                Err(e) => {
                    self.ready.truncate(at);
                    return Err(e.into());
                }
            };
            self.ready.truncate(at + got);
            self.seen += got as u64;
            self.eof = got == 0;
            if self.is_decoded() {
                let fresh = self.ready.split_off(at);
                self.decode(&fresh)?;
            }
        }
        Ok(())
    }

    /// Whether what is ready is not what was read.
    fn is_decoded(&self) -> bool {
        matches!(self.encoding, Some(Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Export))
    }

    /// UTF-16 to UTF-8, an export's binary fields to lines; what is left of a character or field is kept for the next time.
    fn decode(&mut self, fresh: &[u8]) -> Result<(), RedactError> {
        if self.encoding == Some(Encoding::Export) {
            let taken = self.export.take(fresh, self.eof, &mut self.ready, &mut self.fields);
            return taken.map_err(|()| RedactError::Encoding);
        }
        // What is written in another encoding would pass without being understood.
        for b in fresh {
            self.narrow = if is_plain(*b) { self.narrow + 1 } else { 0 };
            if self.narrow >= NARROW {
                return Err(RedactError::Encoding);
            }
        }
        self.odd.extend_from_slice(fresh);
        let big = self.encoding == Some(Encoding::Utf16Be);
        let (pairs, _) = self.odd.as_chunks::<2>();
        let mut units: Vec<u16> =
            pairs.iter().map(|p| if big { u16::from_be_bytes(*p) } else { u16::from_le_bytes(*p) }).collect();
        let halved = units.last().is_some_and(|u| (0xd800..0xdc00).contains(u));
        if halved && !self.eof {
            units.pop();
        }
        if self.eof && self.odd.len() % 2 == 1 {
            return Err(RedactError::Encoding);
        }
        self.odd.drain(..units.len() * 2);
        let mut bytes = [0; 4];
        for c in char::decode_utf16(units) {
            let c = c.map_err(|_| RedactError::Encoding)?;
            self.ready.extend_from_slice(c.encode_utf8(&mut bytes).as_bytes());
        }
        Ok(())
    }

    /// Looks at the start of the input.
    fn start(&mut self) -> Result<(), RedactError> {
        self.fill(SNIFF)?;
        let head = &self.ready[..self.ready.len().min(SNIFF)];
        let encoding = if export::begins(head) { Encoding::Export } else { sniff(head, self.ready.len() <= SNIFF && self.eof)? };
        if encoding == Encoding::Strings && (self.binary == Binary::Drop || self.file == File::Logins) {
            return Err(RedactError::Binary);
        }
        if self.file == File::Text && secret::is_manifest(head) {
            self.file = File::Manifest;
        }
        self.encoding = Some(encoding);
        if self.is_decoded() {
            let raw = std::mem::take(&mut self.ready);
            self.decode(&raw)?;
        }
        let head = &self.ready[..self.ready.len().min(SNIFF)];
        // Manifests are also in files of other names: outputs of commands, dumps of a cluster.
        let manifest = || head.starts_with(b"apiVersion: ") || memchr::memmem::find(head, b"\napiVersion: ").is_some();
        if self.file == File::Text && manifest() {
            self.file = File::Manifest;
        }
        if pem::begins_inside(head) {
            self.state = State::Inside { stray: 0 };
        }
        if encoding != Encoding::Strings {
            self.columns = Columns::of(head, encoding == Encoding::Gb18030);
        }
        Ok(())
    }

    /// Where to cut: behind the last line that fits, or behind the first, or within a line that is too long.
    fn cut(&mut self) -> Result<(usize, bool), RedactError> {
        let start = self.shown;
        self.fill(start + self.size)?;
        let fits = self.ready.len().min(start + self.size);
        if let Some(end) = memchr::memrchr(b'\n', &self.ready[start..fits]) {
            return Ok((start + end + 1, false));
        }
        let mut searched = start;
        loop {
            let limit = self.ready.len().min(start + LINE_MAX);
            if let Some(end) = memchr::memchr(b'\n', &self.ready[searched..limit]) {
                return Ok((searched + end + 1, false));
            }
            if limit == start + LINE_MAX {
                return Ok((start + within_line(&self.ready[start..limit]), true));
            }
            if self.eof {
                return Ok((self.ready.len(), false));
            }
            searched = limit;
            self.fill((self.ready.len() + SNIFF).min(start + LINE_MAX))?;
        }
    }

    /// What is read in one piece is not cut: the next end of a line that is in no such piece.
    fn whole(&mut self, end: usize) -> Result<usize, RedactError> {
        let mut end = end;
        // A field may end where lines go on, and lines within a field: not often, but for who makes it so.
        for _ in 0..TURNS {
            for (is_line, reach) in [
                (wrapped::is_line as fn(&[u8]) -> bool, wrapped::REACH),
                (numbers::is_line, numbers::REACH),
                (layer::is_line, layer::REACH),
                (siblings::is_value, SHOWN),
                (rows::is_row, rows::FAR + SHOWN_LINES * SHOWN),
            ] {
                end = self.behind(end, is_line, reach)?;
            }
            let cut = end;
            while end - cut < OVERLAP && below::is_string_open(&self.ready, end) {
                let Some(next) = self.line_behind(end)? else { break };
                end = next;
            }
            let Some(field) = self.fields.iter().find(|field| field.start < end && end < field.end) else { break };
            end = field.end;
        }
        Ok(end)
    }

    /// The end of the line behind the last one of this kind, when the line before `end` is one.
    fn behind(&mut self, end: usize, is_line: fn(&[u8]) -> bool, reach: usize) -> Result<usize, RedactError> {
        let from = end;
        let mut end = end;
        while end > 0 && end - from < reach {
            let line = self.ready[..end - 1].iter().rev().take(SHOWN).take_while(|b| **b != b'\n').count();
            let last = &self.ready[end - 1 - line..end - 1];
            if !is_line(last) && !last.trim_ascii_end().ends_with(b"[") {
                break;
            }
            let Some(next) = self.line_behind(end)? else { break };
            end = next;
        }
        Ok(end)
    }

    /// The end of the line behind `end`, if it is short.
    fn line_behind(&mut self, end: usize) -> Result<Option<usize>, RedactError> {
        self.fill(end + SHOWN + 1)?;
        let near = &self.ready[end..self.ready.len().min(end + SHOWN + 1)];
        Ok(memchr::memchr(b'\n', near).map(|n| end + n + 1))
    }

    /// The lines of binary fields in `ready[from..to]`; of the others the places are moved to where they will be.
    fn lines(&mut self, from: usize, to: usize, moved: usize) -> Vec<Field> {
        let count = |range: &[u8]| memchr::memchr_iter(b'\n', range).count();
        let (mut at, mut line) = (from, 0);
        let mut lines = Vec::new();
        for field in self.fields.extract_if(.., |field| field.end <= to) {
            line += count(&self.ready[at..field.start]);
            let found = Field { first: line, lines: count(&self.ready[field.clone()]) };
            (at, line) = (field.end, line + found.lines);
            lines.push(found);
        }
        for field in &mut self.fields {
            (field.start, field.end) = (field.start - moved, field.end - moved);
        }
        lines
    }

    /// How far a piece that ends within a line sees: a value that the cut goes through is replaced by the piece it begins in.
    fn follows(&mut self, end: usize) -> Result<usize, RedactError> {
        self.fill(end + OVERLAP)?;
        let seen = self.ready.len().min(end + OVERLAP);
        Ok(memchr::memchr(b'\n', &self.ready[end..seen]).map_or(seen, |n| end + n))
    }

    fn chunk(&mut self) -> Result<Option<Raw>, RedactError> {
        if self.encoding.is_none() {
            self.start()?;
        }
        let (end, midline) = self.cut()?;
        if end == self.shown {
            return Ok(None);
        }
        let end = if midline { end } else { self.whole(end)? };
        let show = shown(&self.ready[..end], midline);
        let fields = self.lines(self.shown, end, end - show);
        let seen = if midline { self.follows(end)? } else { end };
        let mut next = Vec::with_capacity(self.size + OVERLAP + SNIFF);
        next.extend_from_slice(&self.ready[end - show..]);
        let mut bytes = std::mem::replace(&mut self.ready, next);
        bytes.truncate(seen);
        let raw = Raw {
            skip: std::mem::replace(&mut self.shown, show),
            end,
            state: self.state,
            document: self.document,
            file: self.file,
            member: self.member.clone(),
            columns: self.columns,
            encoding: self.encoding.unwrap_or(Encoding::Bytes),
            fields,
            continues: std::mem::replace(&mut self.midline, midline),
            open_end: midline,
            bytes,
        };
        let strings = (raw.encoding == Encoding::Strings).then(|| binary::strings(&raw.bytes[..end]));
        self.state = pem::walk(strings.as_deref().unwrap_or(&raw.bytes[..end]), raw.first_line(), raw.state, &mut |_| {});
        if self.file == File::Manifest {
            self.document = secret::walk(&raw.bytes[..end], raw.first_line(), raw.document, &mut |_| {});
        }
        Ok(Some(raw))
    }
}

impl<R: io::Read> Iterator for Chunks<R> {
    type Item = Result<Raw, RedactError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let result = self.chunk().transpose();
        self.done = !matches!(result, Some(Ok(_)));
        result
    }
}

/// How much the chunk behind sees: the last lines if they are short, or the end of the line that was cut.
fn shown(text: &[u8], midline: bool) -> usize {
    if midline {
        let tail = &text[text.len().saturating_sub(OVERLAP)..];
        let start = tail.iter().position(|b| is_delimiter(*b)).map_or(0, |n| n + 1);
        return tail.len() - start;
    }
    let mut start = text.len();
    for _ in 0..SHOWN_LINES {
        if start == 0 {
            break;
        }
        let from = start.saturating_sub(SHOWN);
        match memchr::memrchr(b'\n', &text[from..start - 1]) {
            Some(n) => start = from + n + 1,
            None if from == 0 => start = 0,
            None => break,
        }
    }
    text.len() - start
}

fn is_delimiter(b: u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, 0 | b',' | b';' | b'|' | b'&' | b'<' | b'>' | b'(' | b')' | b'{' | b'}' | b'[' | b']')
}

/// Where to cut a line that is too long: behind the last delimiter, or where at least no word ends.
fn within_line(line: &[u8]) -> usize {
    let from = line.len() - OVERLAP;
    let word = |b: u8| b >= 0x80 || b.is_ascii_alphanumeric() || b"_.:-@%+/=".contains(&b);
    let last = line[from..].iter().rposition(|b| is_delimiter(*b)).or_else(|| line[from..].iter().rposition(|b| !word(*b)));
    last.map_or(line.len(), |n| from + n + 1)
}

/// Text or binary, and which text.
fn sniff(head: &[u8], whole: bool) -> Result<Encoding, RedactError> {
    match head {
        // The mark of UTF-32, which holds no string, and a text or memory that begins with these two bytes by chance are not UTF-16.
        [0xff | 0xfe, 0xff | 0xfe, 0, 0, ..] => {}
        [0xff, 0xfe, rest @ ..] if !is_narrow(rest) => return Ok(Encoding::Utf16Le),
        [0xfe, 0xff, rest @ ..] if !is_narrow(rest) => return Ok(Encoding::Utf16Be),
        _ => {}
    }
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(e) => e.error_len().is_none() && !whole,
    };
    let nul = |parity: usize| head.iter().skip(parity).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (nul(0), nul(1));
    let half = head.len() / 2;
    if even + odd > 0 && head.len() >= 8 {
        // ASCII in UTF-16 has a NUL in every other place, and none in the others.
        if even == 0 && (odd * 10 >= half * 6 || !utf8 && is_wide(head, u16::from_le_bytes)) {
            return Ok(Encoding::Utf16Le);
        }
        if odd == 0 && (even * 10 >= half * 6 || !utf8 && is_wide(head, u16::from_be_bytes)) {
            return Ok(Encoding::Utf16Be);
        }
    }
    // 0x1d separates the enriched part of audit records, 0x1b begins colours.
    let control = head.iter().filter(|b| **b < 32 && !matches!(**b, 0 | 7..=13 | 0x1b | 0x1d) || **b == 127).count();
    // A short one may have no NUL in it.
    if (even + odd + control > 0 || !utf8) && binary::is_container(head) {
        return Err(RedactError::Binary);
    }
    if even + odd > 0 && (control > 0 || !utf8 || even + odd > head.len() / 2) {
        // Where NUL is only a separator, as in /proc/PID/environ, all else is text.
        return if binary::is_strings(head) { Ok(Encoding::Strings) } else { Err(RedactError::Binary) };
    }
    if control * 10 > head.len() {
        return Err(RedactError::Binary);
    }
    Ok(match (utf8, head.is_ascii()) {
        (true, _) => Encoding::Utf8,
        (false, _) if gb18030::is_text(head, whole) => Encoding::Gb18030,
        _ => Encoding::Bytes,
    })
}

/// Whether nearly every byte is a printable character of its own: of Han characters in UTF-16 about half look so.
fn is_narrow(bytes: &[u8]) -> bool {
    let printable = bytes.iter().filter(|b| is_plain(**b)).count();
    bytes.len() >= 8 && printable * 20 > bytes.len() * 17
}

/// Whether a byte is text by itself.
fn is_plain(b: u8) -> bool {
    matches!(b, 9 | 10 | 13 | 0x20..=0x7e)
}

/// Whether it is UTF-16 of characters that texts in Chinese and English have.
fn is_wide(head: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let usual =
        |u: u16| matches!(u, 9 | 10 | 13 | 0x20..=0x7e | 0x2010..=0x2027 | 0x3000..=0x303f | 0x4e00..=0x9fff | 0xff00..=0xffef);
    head.as_chunks::<2>().0.iter().all(|pair| usual(unit(*pair)))
}
