//! The carriers: bytes that may not be seen, bytes that may leave.
//!
//! In and out: nothing but moves. Never here: a way for other modules to look into a `Raw` or to make a `Clean`.

use std::sync::Arc;

use super::{
    chunks::Encoding,
    columns::Columns,
    files::File,
    pem::State,
    structure::{export::Field, secret::Document},
};

/// One chunk of the host's bytes and the state its first line is in. No accessor outside `redact`.
pub struct Raw {
    /// What the chunk before showed, then the chunk itself, then what follows in a line that was cut.
    pub(super) bytes: Vec<u8>,
    /// Where the chunk itself begins.
    pub(super) skip: usize,
    /// Where it ends.
    pub(super) end: usize,
    pub(super) state: State,
    pub(super) document: Document,
    pub(super) file: File,
    /// The name of the member it will be in, if it was told.
    pub(super) member: Option<Arc<str>>,
    /// What the columns hold, of a table.
    pub(super) columns: Option<Columns>,
    pub(super) encoding: Encoding,
    /// Of an export of the journal: the lines of this chunk that are binary fields.
    pub(super) fields: Vec<Field>,
    /// The chunk begins in the middle of a line.
    pub(super) continues: bool,
    /// The last line goes on in the next chunk.
    pub(super) open_end: bool,
}

impl Raw {
    /// What the clean bytes will be written in.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Where looking for keys over many lines begins: a line that was cut is seen from as far back as it is shown.
    pub(super) fn first_line(&self) -> usize {
        if self.continues { 0 } else { self.skip }
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Raw")
    }
}

/// Redacted bytes: all that a bundle accepts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clean(pub(super) Vec<u8>);

impl Clean {
    /// The redacted bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives the bytes away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// A short redacted string for the manifest. Bytes that are not UTF-8 have become U+FFFD.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(pub(super) String);

impl Text {
    /// The redacted string.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the string away.
    pub fn into_string(self) -> String {
        self.0
    }
}
