//! The work on one chunk: redact it, give it the member's form, deflate it. Pure, on any thread, in any order.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{Scope, ScopedJoinHandle},
};

use crate::{
    bundle::{
        deflate::{Deflater, Level},
        file::{Headers, WriteError},
    },
    leak::{About, Found, Gate, Known, Leaked},
    packed::{self, Packing},
    redact::{Clean, Counts, Raw, RedactError, Redactor, Scratch},
};

/// What the bytes of a member are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The redacted text.
    Plain,
    /// The redacted text, compressed again as the host's file was.
    Packed(Packing),
}

impl Form {
    /// What a file is, by its name.
    pub(super) fn of(path: &Path) -> Form {
        Packing::of(path).map_or(Form::Plain, Form::Packed)
    }

    /// How it is compressed, if it is.
    pub(super) fn packing(self) -> Option<Packing> {
        match self {
            Form::Plain => None,
            Form::Packed(packing) => Some(packing),
        }
    }
}

/// A finished chunk.
#[derive(Debug)]
pub(super) struct Done {
    /// The redacted text.
    pub text: Clean,
    /// The member's bytes, where they are not the text itself.
    pub file: Option<Vec<u8>>,
    /// Gzip members of the bundle, ready to be written.
    pub packed: Vec<u8>,
    /// What was replaced.
    pub counts: Counts,
    /// What the leak gate found after that, and masked.
    pub found: Found,
}

impl Done {
    /// The bytes of the member.
    pub(super) fn content(&self) -> &[u8] {
        self.file.as_deref().unwrap_or(self.text.as_bytes())
    }
}

/// Why a chunk could not be done.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    /// It could not be redacted.
    #[error(transparent)]
    Redact(#[from] RedactError),
    /// Something is left in it that cannot be masked.
    #[error(transparent)]
    Leak(#[from] Leaked),
    /// Its header could not be made.
    #[error(transparent)]
    Header(#[from] WriteError),
    /// It could not be compressed again.
    #[error("compressing failed: {0}")]
    Pack(io::Error),
}

/// One thread's tools.
#[derive(Debug)]
pub(super) struct Worker<'a> {
    redactor: &'a Redactor,
    gate: &'a Gate,
    scratch: Scratch,
    deflater: Deflater,
    headers: Headers,
}

impl<'a> Worker<'a> {
    /// Tools of one thread.
    pub(super) fn new(redactor: &'a Redactor, gate: &'a Gate, headers: Headers, level: Level) -> Self {
        Self { redactor, gate, scratch: Scratch::default(), deflater: Deflater::new(level), headers }
    }

    /// Does one chunk of a member that has more.
    pub(super) fn chunk(&mut self, raw: Raw, form: Form, versions: bool) -> Result<Done, WorkError> {
        let (text, counts, found) = self.clean(raw, versions)?;
        let mut packed = Vec::new();
        let file = self.compressed(form, text.as_bytes())?;
        match &file {
            Some(file) => self.deflater.wrap(file, &mut packed),
            None => self.deflater.members(text.as_bytes(), &mut packed),
        }
        Ok(Done { text, file, packed, counts, found })
    }

    /// Does the only chunk of a member, header and padding included.
    pub(super) fn whole(&mut self, raw: Option<Raw>, form: Form, versions: bool, path: &str) -> Result<Done, WorkError> {
        let (text, counts, found) = raw.map(|raw| self.clean(raw, versions)).transpose()?.unwrap_or_default();
        let file = self.compressed(form, text.as_bytes())?;
        let content = file.as_deref().unwrap_or(text.as_bytes());
        let header = self.headers.header(path, content.len() as u64)?;
        let packed = self.deflater.entry(&header, content);
        Ok(Done { text, file, packed, counts, found })
    }

    /// Redacts a chunk and lets it through the leak gate.
    fn clean(&mut self, raw: Raw, versions: bool) -> Result<(Clean, Counts, Found), WorkError> {
        let encoding = raw.encoding();
        let (text, counts) = self.redactor.clean(raw, &mut self.scratch)?;
        let about = About { known: Known::Given(self.scratch.given()), versions };
        let (text, found) = self.gate.pass(text, encoding, &about, self.redactor)?;
        Ok((text, counts, found))
    }

    fn compressed(&mut self, form: Form, text: &[u8]) -> Result<Option<Vec<u8>>, WorkError> {
        let Some(packing) = form.packing() else { return Ok(None) };
        let file = match packing {
            Packing::Gzip => Ok(self.deflater.gzip(text)),
            Packing::Xz => packed::xz(text),
            Packing::Zstd => packed::zstd(text),
            Packing::Bzip2 => packed::bzip2(text),
        };
        file.map(Some).map_err(WorkError::Pack)
    }
}

/// A chunk on its way, and where its result goes.
struct Work {
    raw: Raw,
    form: Form,
    versions: bool,
    reply: SyncSender<Result<Done, WorkError>>,
}

/// Threads that do chunks of large members; gone when the pool is dropped.
#[derive(Debug)]
pub(super) struct Pool {
    queue: SyncSender<Work>,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}

impl Pool {
    /// Starts one thread for each worker.
    pub(super) fn start<'scope, 'env: 'scope>(
        scope: &'scope Scope<'scope, 'env>,
        workers: Vec<Worker<'env>>,
    ) -> (Self, Vec<ScopedJoinHandle<'scope, ()>>) {
        let (queue, work) = sync_channel::<Work>(workers.len());
        let work = Arc::new(Mutex::new(work));
        let threads = workers
            .into_iter()
            .map(|mut worker| {
                let work = Arc::clone(&work);
                scope.spawn(move || {
                    while let Some(Work { raw, form, versions, reply }) = next(&work) {
                        // A panic in a rule must cost this item, not the thread or the bundle.
                        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| worker.chunk(raw, form, versions)));
                        let done = done.unwrap_or(Err(WorkError::Redact(RedactError::SelfTest("panic"))));
                        // The lane may have given the item up; then nobody wants the result.
                        drop(reply.send(done));
                    }
                })
            })
            .collect();
        (Self { queue }, threads)
    }

    /// Hands in a chunk; waits while all threads are busy. The result comes through the receiver.
    pub(super) fn submit(&self, raw: Raw, form: Form, versions: bool) -> Receiver<Result<Done, WorkError>> {
        let (reply, result) = sync_channel(1);
        // The threads outlive every lane, so the queue is open; a closed one shows as a missing result.
        drop(self.queue.send(Work { raw, form, versions, reply }));
        result
    }
}

fn next(work: &Mutex<Receiver<Work>>) -> Option<Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
