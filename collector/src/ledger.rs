//! The file of the host's ledger: `ledger.jsonl`, and beside it its last head, signed by the host (`ledger.head`).
//!
//! In: the state, and what happened. Out: a line that is on the disk, or an error that stops what needed it; a reading of the whole
//! file. Never: rewrites a whole line, goes on behind a line that is not the one signed last, reads the whole file to write.

#![expect(clippy::disallowed_methods, reason = "the ledger is ours")]

use std::{
    fs::File,
    io::{self, BufReader, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::PathBuf,
};

use nix::fcntl::OFlag;
use oediag_protocol::{
    bundle::manifest::LedgerHead,
    digest::Sha256,
    ledger::{
        Entry, Event, Head, LineError, MAX_LINE, Note, Schema,
        chain::{self, Anchors, ChainError},
    },
    signed::{Signed, SignedError},
    sshsig::PublicKey,
    time::Time,
};

use crate::{
    disk,
    state::{self, Identity, State, StateError},
};

/// Most bytes of the file with the signed head.
const HEAD_BYTES: u64 = 64 << 10;

/// Why nothing could be written to the ledger, or read from it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file could not be opened, read or written.
    #[error("{path}: {doing}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file, or the one with the signed head, is open to others or cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The end of the file is not what this host signed last.
    #[error("{path} does not end as this host signed it: lines were changed or are gone")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The signed head is not this host's, or not a head.
    #[error("{path} is not a head that this host signed")]
    Head {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: SignedError,
    },
    /// A line that cannot be made.
    #[error("making a line of the ledger")]
    Line(#[from] LineError),
}

/// Where the ledger lies.
pub fn path(state: &State) -> PathBuf {
    state.data().join("ledger.jsonl")
}

/// Where its signed head lies.
pub fn head_path(state: &State) -> PathBuf {
    state.data().join("ledger.head")
}

/// Writes one line behind the last one and signs the new head; both outlive a power cut. A line that an earlier run could not end is
/// cut off first, and that is written down too. Waits while another process writes.
///
/// # Errors
/// Nothing was written, or the line is there and its head could not be signed: then the next call signs one that covers both.
pub fn append(state: &State, identity: &Identity, at: Time, note: Note) -> Result<LedgerHead, LedgerError> {
    let path = path(state);
    let io = |doing| {
        let path = path.clone();
        move |source| LedgerError::Io { path, doing, source }
    };
    let file = open(state, true)?.ok_or_else(|| io("making it")(io::ErrorKind::NotFound.into()))?;
    file.lock().map_err(io("waiting for who writes to it"))?;
    let tail = Tail::read(&file).map_err(io("reading its end"))?;
    let signed = signed_head(state, &identity.signer.public())?;
    let mut head = tail.agrees(signed.as_ref().map(|signed| &signed.head), state)?;
    let mut lines = Vec::new();
    let recovered = tail.torn.map(|torn| Note::of(Event::Recovered, torn));
    for note in recovered.into_iter().chain([note]) {
        let entry = Entry::after(head.as_ref(), at, note);
        let line = entry.line()?;
        head = Some(entry.head(&line));
        lines.extend(line);
    }
    write(&file, tail.whole, &lines).map_err(io("writing to it"))?;
    if tail.whole == 0 {
        disk::sync_folder(state.data()).map_err(io("making it"))?;
    }
    let head = head.ok_or_else(|| io("writing to it")(io::ErrorKind::InvalidData.into()))?;
    sign(state, identity, at, &head)?;
    Ok(head)
}

/// The head as it is now; none before the first line. A line that was not ended does not count.
///
/// # Errors
/// The file cannot be read, or does not end in a line.
pub fn head(state: &State) -> Result<Option<LedgerHead>, LedgerError> {
    let path = path(state);
    let io = |source| LedgerError::Io { path: path.clone(), doing: "reading its end", source };
    let Some(file) = open(state, false)? else { return Ok(None) };
    file.lock_shared().map_err(io)?;
    Tail::read(&file).map_err(io)?.agrees(None, state)
}

/// The head that this host signed last; none before the first line.
///
/// # Errors
/// It cannot be read, or `key` did not sign it.
pub fn signed_head(state: &State, key: &PublicKey) -> Result<Option<Head>, LedgerError> {
    let path = head_path(state);
    let Some(bytes) = state::saved(&path, HEAD_BYTES)? else { return Ok(None) };
    let opened = Signed::parse(&bytes).and_then(|signed| signed.open(std::slice::from_ref(key), 1));
    opened.map(Some).map_err(|source| LedgerError::Head { path, source })
}

/// Reads the whole ledger as [`chain::walk`] does; no file is a ledger without lines. Nobody writes meanwhile.
///
/// # Errors
/// The file cannot be opened. What is wrong with its lines is the inner result.
pub fn walk(
    state: &State,
    anchors: &Anchors,
    each: impl FnMut(&Entry),
) -> Result<Result<Option<LedgerHead>, ChainError>, LedgerError> {
    let Some(file) = open(state, false)? else { return Ok(chain::walk(io::empty(), anchors, each)) };
    let busy = |source| LedgerError::Io { path: path(state), doing: "waiting for who writes to it", source };
    file.lock_shared().map_err(busy)?;
    Ok(chain::walk(BufReader::with_capacity(64 << 10, &file), anchors, each))
}

/// Opens the file, made where it is to be written to. What stands at its place is looked at through the handle that is used.
fn open(state: &State, make: bool) -> Result<Option<File>, LedgerError> {
    let path = path(state);
    let mut options = File::options();
    options.read(true).write(make).create(make).truncate(false).mode(0o600);
    // A link ends the opening, a FIFO does not hold it up.
    options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    let io = |source| LedgerError::Io { path: path.clone(), doing: "opening it", source };
    let file = match options.open(&path) {
        Err(error) if !make && error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(io)?,
    };
    let meta = file.metadata().map_err(io)?;
    let why = if meta.is_file() { state::open_to_others(&meta) } else { Some("is not a regular file".to_owned()) };
    why.map_or(Ok(Some(file)), |why| Err(StateError::Exposed { path, why }.into()))
}

/// The end of the file.
struct Tail {
    /// Bytes of all whole lines.
    whole: u64,
    /// The last of them; none in an empty file, an error where it is no line.
    last: Result<Option<LedgerHead>, LineError>,
    /// What stands behind it.
    torn: Option<Sha256>,
}

impl Tail {
    /// Reads as much as one whole line and one that was not ended can have.
    fn read(mut file: &File) -> io::Result<Self> {
        let bytes = file.seek(SeekFrom::End(0))?;
        let begin = bytes.saturating_sub(2 * MAX_LINE as u64);
        let mut end = vec![0; (bytes - begin) as usize];
        file.read_exact_at(&mut end, begin)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (lines, torn) = end.split_at(whole);
        let before = lines.len().saturating_sub(1);
        let last = &lines[lines[..before].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)..];
        // Without a line end in all that was read these are not the beginnings of one line.
        let last = match (last, torn.len() < MAX_LINE) {
            (_, false) => Err(LineError::Spelling),
            ([], true) => Ok(None),
            (last, true) => Entry::parse(last).map(|entry| Some(entry.head(last))),
        };
        let torn = (!torn.is_empty()).then(|| Sha256::of(torn));
        Ok(Self { whole: begin + whole as u64, last, torn })
    }

    /// The head, where the end of the file is not older than what was signed, and not another one.
    fn agrees(&self, signed: Option<&LedgerHead>, state: &State) -> Result<Option<LedgerHead>, LedgerError> {
        let changed = || LedgerError::Changed { path: path(state) };
        let last = self.last.as_ref().map_err(|_| changed())?.clone();
        let seq = last.as_ref().map_or(0, |last| last.seq);
        // A run that was killed between its line and the head leaves a line that is not signed yet.
        let good = signed.is_none_or(|signed| seq > signed.seq || last.as_ref() == Some(signed));
        if good { Ok(last) } else { Err(changed()) }
    }
}

/// Writes behind the whole lines. What cannot be written whole is taken back, so that nothing is there.
fn write(mut file: &File, whole: u64, lines: &[u8]) -> io::Result<()> {
    let put = |file: &mut &File| {
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        file.write_all(lines)?;
        file.sync_data()
    };
    put(&mut file).inspect_err(|_| {
        // Where even that fails the next run cuts it off.
        file.set_len(whole).unwrap_or_default();
    })
}

fn sign(state: &State, identity: &Identity, at: Time, head: &LedgerHead) -> Result<(), LedgerError> {
    let head = Head { schema: Schema::V1, host_id: identity.host_id, at, head: head.clone() };
    let path = head_path(state);
    let signed = Signed::new(&head, &[&identity.signer]).and_then(|signed| signed.to_bytes());
    let signed = signed.map_err(|source| LedgerError::Head { path: path.clone(), source })?;
    Ok(state::save(&path, &signed)?)
}
