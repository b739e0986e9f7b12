//! The lines of the window out of a stream.
//!
//! In: a reader at the beginning of a line. Out: a reader of the lines that are kept, as they are. Memory: two buffers
//! of 64 KiB; of a line only its beginning is looked at, the rest flows through, however long it is.

use std::{
    fmt,
    io::{self, Read},
};

use jiff::Timestamp;

use super::judge::{ENOUGH, Judge, Verdict};

/// Bytes read at a time.
const BLOCK: usize = 64 << 10;
/// Most bytes of an object whose stamp has not come yet.
const HELD: usize = 16 << 10;

/// Lets the lines of the window through.
pub struct Filter<R> {
    input: R,
    judge: Judge,
    block: Vec<u8>,
    /// Up to where the block was worked off.
    at: usize,
    eof: bool,
    /// What becomes of lines without a stamp.
    keeps: bool,
    /// The line that is under way: it has begun, and this became of it.
    midline: Option<Fate>,
    held: Option<Held>,
    /// Bytes of kept lines that are dropped all the same, whole lines at least so many.
    skip: u64,
    out: Vec<u8>,
    given: usize,
    counts: Survey,
}

/// What a whole reading of a stream tells.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Survey {
    /// All lines.
    pub lines: u64,
    /// Lines with a stamp.
    pub stamped: u64,
    /// Lines with a stamp in the window.
    pub hits: u64,
    /// Bytes of the lines that are kept.
    pub bytes: u64,
    /// Lines before the first one with a stamp in the window.
    pub before: u64,
    /// The stamp of the first such line.
    pub first: Option<Timestamp>,
    /// Where another reading has to start, if this one had the years wrong.
    pub start: Option<Timestamp>,
    /// The stamp of the last line that has one.
    pub last: Option<Timestamp>,
    /// All bytes that were read.
    pub read: u64,
    /// Those up to the end of the last line that has one, and how many of them are kept.
    pub whole: (u64, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    /// Kept, whatever the cap: what is kept cannot be read without it.
    Frame,
    /// Kept, but for the cap.
    Skipped,
    Dropped,
    Held,
}

/// Lines that wait for a stamp.
#[derive(Debug, Default)]
struct Held {
    text: Vec<u8>,
    lines: u64,
}

impl<R> fmt::Debug for Filter<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("counts", &self.counts).finish_non_exhaustive()
    }
}

impl<R: Read> Filter<R> {
    pub(super) fn new(input: R, judge: Judge, skip: u64) -> Self {
        Self {
            input,
            judge,
            block: Vec::with_capacity(BLOCK + ENOUGH),
            at: 0,
            eof: false,
            keeps: false,
            midline: None,
            held: None,
            skip,
            out: Vec::new(),
            given: 0,
            counts: Survey::default(),
        }
    }

    /// Reads all of it and says what there was, up to where it can be read.
    pub(super) fn survey(mut self, go_on: &dyn Fn() -> bool) -> io::Result<(Survey, Option<io::Error>)> {
        let mut broken = None;
        while !self.eof {
            if !go_on() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.out.clear();
            broken = self.fill().err();
            if broken.is_some() {
                break;
            }
        }
        Ok((Survey { start: self.judge.start(), last: self.judge.former(), ..self.counts }, broken))
    }

    /// Bytes of the buffers.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.block.capacity() + self.out.capacity() + self.held.as_ref().map_or(0, |held| held.text.capacity())
    }

    /// Reads the next block and works it off; what is kept is in `out`.
    fn fill(&mut self) -> io::Result<()> {
        self.block.drain(..self.at);
        self.at = 0;
        let from = self.block.len();
        self.block.resize(from + BLOCK, 0);
        let got = loop {
            match self.input.read(&mut self.block[from..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.block.truncate(from + got.as_ref().copied().unwrap_or(0));
        self.eof = got? == 0;
        while let Some((length, whole)) = self.piece() {
            let fate = match self.midline.take() {
                Some(fate) => fate,
                None => self.begin(length - usize::from(whole)),
            };
            let fate = self.take(fate, length);
            self.midline = (!whole).then_some(fate);
            self.at += length;
            self.counts.read += length as u64;
            if whole {
                self.counts.whole = (self.counts.read, self.counts.bytes);
            }
        }
        if self.eof {
            self.let_go(self.keeps);
        }
        Ok(())
    }

    /// The next line, or as much of it as there is, when that is enough to judge it; and whether its end is there.
    fn piece(&self) -> Option<(usize, bool)> {
        let rest = &self.block[self.at..];
        match memchr::memchr(b'\n', rest) {
            Some(end) => Some((end + 1, true)),
            None if rest.is_empty() => None,
            None => (self.eof || self.midline.is_some() || rest.len() >= ENOUGH).then_some((rest.len(), false)),
        }
    }

    /// Judges the line that begins here.
    fn begin(&mut self, length: usize) -> Fate {
        let line = &self.block[self.at..self.at + length.min(ENOUGH)];
        let verdict = self.judge.verdict(line);
        self.counts.lines += 1;
        let keep = match verdict {
            Verdict::Stamped(keep) => {
                self.counts.stamped += 1;
                if keep {
                    self.hit();
                }
                self.let_go(keep);
                self.keeps = keep;
                keep
            }
            Verdict::Opens => {
                self.let_go(self.keeps);
                self.held = Some(Held::default());
                return Fate::Held;
            }
            Verdict::Follows if self.held.is_some() => return Fate::Held,
            Verdict::Follows => self.keeps,
            Verdict::Frame => return Fate::Frame,
        };
        self.fate(keep)
    }

    fn hit(&mut self) {
        if self.counts.hits == 0 {
            let held = self.held.as_ref().map_or(0, |held| held.lines);
            self.counts.before = (self.counts.lines - 1).saturating_sub(held);
            self.counts.first = self.judge.former();
        }
        self.counts.hits += 1;
    }

    fn fate(&self, keep: bool) -> Fate {
        match keep {
            true if self.skip > 0 => Fate::Skipped,
            true => Fate::Kept,
            false => Fate::Dropped,
        }
    }

    /// Does to a piece of a line what its fate is, and says what becomes of the rest of that line.
    fn take(&mut self, fate: Fate, length: usize) -> Fate {
        let piece = &self.block[self.at..self.at + length];
        match (fate, &mut self.held) {
            (Fate::Held, Some(held)) if held.text.len() + length <= HELD => {
                held.text.extend_from_slice(piece);
                // The line of a piece that is not the first is counted already; one more does no harm.
                held.lines += 1;
            }
            (Fate::Held, _) => {
                // No stamp for so long: these lines are no object.
                self.let_go(self.keeps);
                return self.take(self.fate(self.keeps), length);
            }
            (Fate::Kept | Fate::Frame, _) => {
                self.counts.bytes += length as u64;
                self.out.extend_from_slice(piece);
            }
            (Fate::Skipped, _) => self.skip = self.skip.saturating_sub(length as u64),
            (Fate::Dropped, _) => {}
        }
        fate
    }

    /// Keeps or drops the lines that waited.
    fn let_go(&mut self, keep: bool) {
        let Some(held) = self.held.take() else { return };
        match self.fate(keep) {
            Fate::Kept | Fate::Frame => {
                self.counts.bytes += held.text.len() as u64;
                self.out.extend_from_slice(&held.text);
            }
            Fate::Skipped => self.skip = self.skip.saturating_sub(held.text.len() as u64),
            Fate::Dropped | Fate::Held => {}
        }
    }
}

impl<R: Read> Read for Filter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.out.len() {
            if self.eof {
                return Ok(0);
            }
            self.out.clear();
            self.given = 0;
            self.fill()?;
        }
        let rest = &self.out[self.given..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.given += length;
        Ok(length)
    }
}
