//! Reading a whole ledger: whether each line follows from the one before, and whether it still is what was said of it elsewhere.
//!
//! In: the bytes of a ledger, and heads of it that others hold. Out: its entries one by one, its head, or the first bad line and why.
//! Memory is that of one line and of the heads. Never: compares times, since clocks are set back.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, Read as _},
};

use super::{Entry, MAX_LINE, NOTHING};
use crate::{bundle::manifest::LedgerHead, digest::Sha256};

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// It is no ledger line, or the line after it names another one.
    #[error("was edited")]
    Edited,
    /// It is not there, though later ones are.
    #[error("was deleted")]
    Deleted,
    /// It is there, but not in its place; or another line is there twice.
    #[error("is not in its place")]
    Reordered,
    /// A number was left out, though the lines follow each other.
    #[error("was left out")]
    Gap,
    /// It and all after it are gone.
    #[error("was cut off, with all that followed")]
    Truncated,
    /// The last line has no end: the host stopped while it was written.
    #[error("was not written to its end")]
    Torn,
    /// It and those before it follow each other, but it is not the line that was vouched for.
    #[error("is not the line that was signed at the time")]
    Rewritten,
}

/// Why a ledger could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The reader failed.
    #[error("reading the ledger")]
    Io(#[from] io::Error),
    /// A line is not what it was.
    #[error("line {seq} {flaw}")]
    Bad {
        /// The first bad line.
        seq: u64,
        /// What is wrong with it.
        flaw: Flaw,
    },
}

/// Heads of a ledger that were kept elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Anchors(BTreeSet<(u64, Sha256)>);

impl FromIterator<LedgerHead> for Anchors {
    fn from_iter<T: IntoIterator<Item = LedgerHead>>(heads: T) -> Self {
        Self(heads.into_iter().map(|head| (head.seq, head.hash)).collect())
    }
}

impl Anchors {
    /// Whether a line is what was said of it; none when nothing was.
    fn confirm(&self, seq: u64, hash: Sha256) -> Option<bool> {
        let mut said = self.0.range((seq, NOTHING)..=(seq, Sha256([0xff; 32]))).peekable();
        said.peek()?;
        Some(said.all(|(_, told)| *told == hash))
    }

    fn last(&self) -> u64 {
        self.0.last().map_or(0, |(seq, _)| *seq)
    }
}

/// Reads a ledger from its first line; gives `each` the lines that are good, in order. Out: its head, none when it is empty.
///
/// # Errors
/// The first bad line, or the reader's own error. Where one line can have been changed in two ways, the later lines decide; of the
/// last two lines without an anchor the earlier one is named.
pub fn walk(mut input: impl BufRead, anchors: &Anchors, mut each: impl FnMut(&Entry)) -> Result<Option<LedgerHead>, ChainError> {
    let (mut head, mut line) = (LedgerHead { seq: 0, hash: NOTHING }, Vec::new());
    loop {
        let seq = head.seq + 1;
        let bad = |seq, flaw| Err(ChainError::Bad { seq, flaw });
        let entry = match next(&mut input, &mut line)? {
            Next::End | Next::Torn if anchors.last() >= seq => return bad(seq, Flaw::Truncated),
            Next::End => return Ok(Some(head).filter(|head| head.seq > 0)),
            Next::Torn => return bad(seq, Flaw::Torn),
            Next::Strange => return bad(seq, Flaw::Edited),
            Next::Entry(entry) => entry,
        };
        if entry.seq != seq {
            let flaw = misplaced(&entry, &head, &mut input, &mut line)?;
            return bad(seq, flaw);
        }
        let found = entry.head(&line);
        let confirmed = anchors.confirm(seq, found.hash);
        if entry.prev != head.hash {
            // This line says that the one before it was another: one of the two was changed.
            let known = anchors.confirm(head.seq, head.hash).is_some();
            let this = head.seq == 0 || known || confirmed == Some(false);
            let earlier = !this && (confirmed == Some(true) || is_whole(&found, &mut input, &mut line)?);
            return bad(if earlier { head.seq } else { seq }, Flaw::Edited);
        }
        if confirmed == Some(false) {
            return bad(seq, Flaw::Rewritten);
        }
        each(&entry);
        head = found;
    }
}

/// What comes next.
enum Next {
    End,
    /// Bytes without a line feed behind them.
    Torn,
    /// A line of something else.
    Strange,
    Entry(Entry),
}

fn next(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Next> {
    line.clear();
    input.by_ref().take(MAX_LINE as u64).read_until(b'\n', line)?;
    Ok(match line.last() {
        None => Next::End,
        Some(b'\n') => Entry::parse(line).map_or(Next::Strange, Next::Entry),
        Some(_) if line.len() < MAX_LINE => Next::Torn,
        Some(_) => Next::Strange,
    })
}

/// Why a line of another number than the next one is there: looks whether the line that is missed comes later.
fn misplaced(entry: &Entry, head: &LedgerHead, input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Flaw> {
    if entry.prev == head.hash {
        return Ok(if entry.seq > head.seq { Flaw::Gap } else { Flaw::Edited });
    }
    if entry.seq <= head.seq {
        return Ok(Flaw::Reordered);
    }
    loop {
        match next(input, line)? {
            Next::Entry(later) if later.seq == head.seq + 1 => return Ok(Flaw::Reordered),
            Next::Entry(_) | Next::Strange => {}
            Next::End | Next::Torn => return Ok(Flaw::Deleted),
        }
    }
}

/// Whether the next line names this one as it is, so that this one was not changed. The last line has no witness; that it was its
/// `prev` that changed is no likelier than the other.
fn is_whole(this: &LedgerHead, input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    Ok(match next(input, line)? {
        Next::Entry(later) => later.seq != this.seq + 1 || later.prev == this.hash,
        Next::End | Next::Torn | Next::Strange => true,
    })
}
