//! Reading a bundle: every member in order, or one member at its offset.
//!
//! In: the bytes of a `NAME.tar.gz`, from anywhere, as hostile as can be. Out: members and their contents, in constant memory.
//! Never: unpacks to disk, accepts anything outside the profile, guesses. It checks no signature: see [`super::verify`].

use std::{
    collections::HashSet,
    io::{self, Read, Seek, SeekFrom},
};

use super::{
    gzip::{Caps, GzipError, Members},
    name::{self, BundleName},
    ustar::{self, BLOCK, END, HeaderError},
};

/// Most members of a bundle.
pub const MAX_MEMBERS: usize = 50_000;
/// Most bytes of a bundle's file and of all it inflates to.
pub const CAPS: Caps = Caps { packed: 2 << 30, inflated: 20 << 30 };

/// One member of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path inside `NAME/`.
    pub path: String,
    /// Where its first gzip member begins, in bytes from the start of the file.
    pub offset: u64,
    /// Bytes of its content.
    pub size: u64,
}

/// Why a bundle was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The compressed stream.
    #[error(transparent)]
    Gzip(#[from] GzipError),
    /// A tar header.
    #[error("at the gzip member at byte {offset}")]
    Header {
        /// Where the member's first gzip member begins.
        offset: u64,
        /// Why.
        source: HeaderError,
    },
    /// The file ends without the two zero blocks, or inside a member.
    #[error("the archive ends too early")]
    NoEnd,
    /// Bytes after the end of the archive.
    #[error("bytes after the end of the archive, at byte {offset}")]
    AfterEnd {
        /// Where they begin.
        offset: u64,
    },
    /// A member does not begin or end where a gzip member does, or is not padded with zeros.
    #[error("{path:?} does not end with zero padding at the end of a gzip member")]
    Boundary {
        /// The member.
        path: String,
    },
    /// Another top folder, or another time, than the first member's.
    #[error("{path:?} is not in the same top folder, or not of the time in the bundle's name")]
    Foreign {
        /// The member, with its top folder.
        path: String,
    },
    /// A name that was there before, or that is also a folder of other members.
    #[error("{path:?} is there twice, as a member or as a folder")]
    Duplicate {
        /// The member.
        path: String,
    },
    /// More than [`MAX_MEMBERS`].
    #[error("more than {MAX_MEMBERS} members")]
    TooMany,
    /// Another member lies at the offset that was asked for.
    #[error("at byte {offset} lies {found:?}, not {expected:?}")]
    Other {
        /// The offset.
        offset: u64,
        /// The member there, with its top folder.
        found: String,
        /// The member that was asked for.
        expected: String,
    },
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Gzip(GzipError::Io { source, .. }) => source,
            error => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// Reads a whole bundle from its first byte to its last.
///
/// [`Reader::next_entry`] goes to the next member; the reader itself then yields that member's content through [`Read`].
/// What the caller leaves unread is skipped, but checked all the same. After an error nothing more can be read.
#[derive(Debug)]
pub struct Reader<R> {
    tar: Tar<R>,
    name: Option<BundleName>,
    seen: HashSet<String>,
}

impl<R: Read> Reader<R> {
    /// Reads from the first byte of a bundle.
    pub fn new(input: R) -> Self {
        Self { tar: Tar::new(input, 0), name: None, seen: HashSet::new() }
    }

    /// The bundle's name; known after the first member was met.
    pub fn name(&self) -> Option<BundleName> {
        self.name
    }

    /// Goes to the next member; none after the last one, when the archive is whole and nothing follows it.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ReadError> {
        let found = self.step();
        if found.is_err() {
            self.tar.members.stop();
        }
        found
    }

    /// Reads some of the current member's content, with the reason when it fails; 0 at its end.
    pub fn content(&mut self, buf: &mut [u8]) -> Result<usize, ReadError> {
        self.tar.content(buf)
    }

    fn step(&mut self) -> Result<Option<Entry>, ReadError> {
        self.tar.finish()?;
        let Some((top, entry)) = self.tar.header()? else {
            return self.end().map(|()| None);
        };
        if *self.name.get_or_insert(top.name) != top.name || top.name.started() != top.mtime {
            return Err(ReadError::Foreign { path: format!("{}/{}", top.name, entry.path) });
        }
        if self.seen.len() == MAX_MEMBERS {
            return Err(ReadError::TooMany);
        }
        if !self.seen.insert(entry.path.clone()) {
            return Err(ReadError::Duplicate { path: entry.path });
        }
        Ok(Some(entry))
    }

    fn end(&mut self) -> Result<(), ReadError> {
        // `a` and `a/b` cannot both be unpacked.
        let folder = |path: &str| path.match_indices('/').find(|(at, _)| self.seen.contains(&path[..*at])).map(|(at, _)| at);
        for path in &self.seen {
            if let Some(at) = folder(path) {
                return Err(ReadError::Duplicate { path: path[..at].to_owned() });
            }
        }
        match self.tar.members.advance()? {
            None if !self.seen.is_empty() => Ok(()),
            None => Err(ReadError::NoEnd),
            Some(offset) => Err(ReadError::AfterEnd { offset }),
        }
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.content(buf)?)
    }
}

/// The content of one member, read without what lies before it.
#[derive(Debug)]
pub struct Content<R> {
    tar: Tar<R>,
    size: u64,
}

/// Opens the member `path` (inside `NAME/`) whose first gzip member begins at `offset`, as the manifest tells both.
///
/// The content is not checked against the manifest's digest: that is the caller's, after reading all of it.
pub fn open_at<R: Read + Seek>(mut input: R, offset: u64, path: &str) -> Result<Content<R>, ReadError> {
    input.seek(SeekFrom::Start(offset)).map_err(|source| GzipError::Io { at: offset, source })?;
    let mut tar = Tar::new(input, offset);
    let (top, entry) = tar.header()?.ok_or(ReadError::NoEnd)?;
    if entry.path == path {
        Ok(Content { tar, size: entry.size })
    } else {
        let found = format!("{}/{}", top.name, entry.path);
        Err(ReadError::Other { offset, found, expected: path.to_owned() })
    }
}

impl<R> Content<R> {
    /// Bytes of the whole content.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.tar.content(buf)?;
        if count == 0 && !buf.is_empty() {
            self.tar.finish()?;
        }
        Ok(count)
    }
}

/// What a header tells besides the member itself.
struct Top {
    name: BundleName,
    mtime: crate::time::Time,
}

/// The tar stream inside the gzip members.
#[derive(Debug)]
struct Tar<R> {
    members: Members<R>,
    /// How much of the current gzip member is used.
    used: usize,
    /// Content of the current tar member that is not yet read.
    left: u64,
    /// Zeros that follow it.
    padding: usize,
    path: String,
}

impl<R: Read> Tar<R> {
    fn new(input: R, at: u64) -> Self {
        Self { members: Members::new(input, at, CAPS), used: 0, left: 0, padding: 0, path: String::new() }
    }

    /// Reads the header at the start of the next gzip member; none at the end mark, which is a gzip member of its own.
    fn header(&mut self) -> Result<Option<(Top, Entry)>, ReadError> {
        let offset = self.members.advance()?.ok_or(ReadError::NoEnd)?;
        let bytes = self.members.bytes();
        self.used = BLOCK;
        if bytes == END {
            return Ok(None);
        }
        let block = bytes.first_chunk().ok_or(ReadError::Header { offset, source: HeaderError::Profile })?;
        let header = ustar::parse(block).map_err(|source| ReadError::Header { offset, source })?;
        let (top, path) = header.path.split_once('/').unwrap_or_default();
        let name = BundleName::parse(top)
            .filter(|_| name::is_member_path(path))
            .ok_or_else(|| ReadError::Header { offset, source: HeaderError::Path { path: header.path.clone() } })?;
        path.clone_into(&mut self.path);
        self.left = header.size;
        self.padding = ustar::padding(header.size);
        let entry = Entry { path: path.to_owned(), offset, size: header.size };
        Ok(Some((Top { name, mtime: header.mtime }, entry)))
    }

    /// Reads some of the current content; 0 at its end.
    fn content(&mut self, buf: &mut [u8]) -> Result<usize, ReadError> {
        let wanted = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let bytes = self.some()?;
        let count = wanted.min(bytes.len());
        buf[..count].copy_from_slice(&bytes[..count]);
        self.used += count;
        self.left -= count as u64;
        Ok(count)
    }

    /// Skips what is left of the current content, and checks its padding and that a gzip member ends with it.
    fn finish(&mut self) -> Result<(), ReadError> {
        while self.left > 0 {
            let count = (self.some()?.len() as u64).min(self.left);
            self.used += count as usize;
            self.left -= count;
        }
        while self.padding > 0 {
            let (padding, bytes) = (self.padding, self.some()?);
            let count = bytes.len().min(padding);
            if bytes[..count].iter().any(|byte| *byte != 0) {
                return Err(ReadError::Boundary { path: self.path.clone() });
            }
            self.used += count;
            self.padding -= count;
        }
        if self.used < self.members.bytes().len() {
            return Err(ReadError::Boundary { path: self.path.clone() });
        }
        Ok(())
    }

    /// The unused rest of the current gzip member, or all of the next one.
    fn some(&mut self) -> Result<&[u8], ReadError> {
        if self.used >= self.members.bytes().len() {
            self.used = 0;
            self.members.advance()?.ok_or(ReadError::NoEnd)?;
        }
        Ok(&self.members.bytes()[self.used..])
    }
}
