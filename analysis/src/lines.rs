//! Chunks cut anywhere become batches of whole lines.
//!
//! In: the bytes of a member in order. Out: batches that hold whole lines, each ending in a newline but perhaps the
//! last. Never keeps more than one line, and of that only its first 64 KiB.

/// Bytes of a line that are looked at; the rest of a longer line is skipped.
pub(crate) const LINE: usize = 64 * 1024;

/// The unfinished line at the end of the bytes seen so far.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Takes the next bytes and hands every whole line, in order, to `sink`.
    pub(crate) fn feed(&mut self, mut chunk: &[u8], mut sink: impl FnMut(&[u8])) {
        if !self.rest.is_empty() {
            let Some(end) = memchr::memchr(b'\n', chunk) else { return self.keep(chunk) };
            self.keep(&chunk[..end]);
            self.rest.push(b'\n');
            sink(&self.rest);
            self.rest.clear();
            chunk = &chunk[end + 1..];
        }
        let whole = memchr::memrchr(b'\n', chunk).map_or(0, |end| end + 1);
        if whole > 0 {
            sink(&chunk[..whole]);
        }
        self.keep(&chunk[whole..]);
    }

    /// Hands over the last line when it has no newline.
    pub(crate) fn finish(self, mut sink: impl FnMut(&[u8])) {
        if !self.rest.is_empty() {
            sink(&self.rest);
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = LINE.saturating_sub(self.rest.len());
        self.rest.extend_from_slice(&part[..part.len().min(room)]);
    }
}

/// The line that starts `batch`, without its newline and cut to [`LINE`], and the length it takes in the batch.
pub(crate) fn first(batch: &[u8]) -> (&[u8], usize) {
    match memchr::memchr(b'\n', batch) {
        Some(end) => (&batch[..end.min(LINE)], end + 1),
        None => (&batch[..batch.len().min(LINE)], batch.len()),
    }
}

/// The lines of a batch, each cut to [`LINE`].
pub(crate) fn each(batch: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = batch;
    std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| {
            let (line, length) = first(rest);
            rest = &rest[length..];
            line
        })
    })
}
