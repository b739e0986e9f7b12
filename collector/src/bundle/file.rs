//! The growing `NAME.partial`: members appended in order, one header at a time left open to be patched.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use oediag_protocol::{bundle::ustar, time::Time};

use crate::{disk, failpoint};

use super::deflate::{self, Deflater};

/// How often the free space is looked at.
const LOOK_EVERY: u64 = 1 << 20;

/// Why nothing more can be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk is full, or would fall below what is left to others.
    #[error("no room left on the disk")]
    DiskFull,
    /// A member's path or size does not fit the tar profile.
    #[error("{path}: does not fit the bundle's tar profile")]
    Header {
        /// The path inside the bundle.
        path: String,
    },
    /// Writing failed otherwise.
    #[error("writing the bundle")]
    Io(#[from] io::Error),
}

/// The file of a bundle that is being made.
#[derive(Debug)]
pub struct BundleFile {
    file: File,
    /// Bytes written and to be kept.
    offset: u64,
    looked: u64,
    /// `NAME/`.
    prefix: String,
    mtime: Time,
    guarded: bool,
}

/// A member whose content is not all there yet.
#[derive(Debug)]
pub struct OpenMember {
    path: String,
    at: u64,
    /// Bytes so far.
    pub(crate) bytes: u64,
}

impl BundleFile {
    /// Goes on writing `file` at `offset`, for a bundle called `name` whose members carry the time `mtime`.
    pub fn new(file: File, offset: u64, name: &str, mtime: Time) -> Self {
        Self { file, offset, looked: 0, prefix: format!("{name}/"), mtime, guarded: true }
    }

    /// Bytes written so far: where the next member begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Stops watching the free space: the reserve was given back to end this bundle.
    pub fn unguard(&mut self) {
        self.guarded = false;
    }

    /// The tar header of a member.
    pub fn header(&self, path: &str, bytes: u64) -> Result<[u8; 512], WriteError> {
        header(&self.prefix, self.mtime, path, bytes)
    }

    /// What makes headers, for other threads.
    pub fn headers(&self) -> Headers {
        Headers { prefix: self.prefix.clone(), mtime: self.mtime }
    }

    /// Appends bytes as they are.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        if self.guarded && self.offset + bytes.len() as u64 >= self.looked {
            if !disk::has_room(&self.file, bytes.len() as u64)? {
                return Err(WriteError::DiskFull);
            }
            self.looked = self.offset + bytes.len() as u64 + LOOK_EVERY;
        }
        // At its own place: a write that failed half-way leaves nothing between this and the next one.
        failpoint::writing("file.append", bytes, |half| self.file.write_all_at(half, self.offset)).map_err(full)?;
        self.file.write_all_at(bytes, self.offset).map_err(full)?;
        self.offset += bytes.len() as u64;
        failpoint::at("file.appended").map_err(full)
    }

    /// Begins a member of unknown size with a header to be patched.
    pub fn begin(&mut self, path: String) -> Result<OpenMember, WriteError> {
        let header = self.header(&path, 0)?;
        let at = self.offset;
        self.append(&deflate::stored(&header))?;
        failpoint::at("file.begun").map_err(full)?;
        Ok(OpenMember { path, at, bytes: 0 })
    }

    /// Appends compressed content to a begun member.
    pub fn extend(&mut self, member: &mut OpenMember, packed: &[u8], bytes: u64) -> Result<(), WriteError> {
        self.append(packed)?;
        member.bytes += bytes;
        Ok(())
    }

    /// Ends a begun member: pads it, and puts its true size into its header. Returns where it began.
    pub fn end(&mut self, member: &OpenMember, deflater: &mut Deflater) -> Result<u64, WriteError> {
        let header = self.header(&member.path, member.bytes)?;
        let rest = member.bytes.next_multiple_of(ustar::BLOCK as u64) - member.bytes;
        let mut padding = Vec::new();
        deflater.members(&vec![0; rest as usize], &mut padding);
        self.append(&padding)?;
        let header = deflate::stored(&header);
        failpoint::writing("file.patch", &header, |half| self.file.write_all_at(half, member.at)).map_err(full)?;
        self.file.write_all_at(&header, member.at).map_err(full)?;
        failpoint::at("file.patched").map_err(full)?;
        Ok(member.at)
    }

    /// Takes a begun member back.
    pub fn abort(&mut self, member: &OpenMember) -> Result<(), WriteError> {
        self.cut(member.at)
    }

    /// Takes back everything from `offset` on.
    pub fn cut(&mut self, offset: u64) -> Result<(), WriteError> {
        failpoint::at("file.cut")?;
        self.file.set_len(offset)?;
        self.offset = offset;
        Ok(())
    }

    /// Makes what was written outlive a power cut.
    pub fn sync(&self) -> io::Result<()> {
        failpoint::at("file.sync")?;
        self.file.sync_data()
    }

    /// The file itself: exactly the bytes written, and on the disk.
    pub(crate) fn into_file(self) -> io::Result<File> {
        failpoint::at("file.whole")?;
        self.file.set_len(self.offset)?;
        self.file.sync_all()?;
        failpoint::at("file.whole_synced")?;
        Ok(self.file)
    }
}

/// Makes tar headers away from the file.
#[derive(Clone, Debug)]
pub struct Headers {
    prefix: String,
    mtime: Time,
}

impl Headers {
    /// The tar header of a member.
    pub fn header(&self, path: &str, bytes: u64) -> Result<[u8; 512], WriteError> {
        header(&self.prefix, self.mtime, path, bytes)
    }
}

fn header(prefix: &str, mtime: Time, path: &str, bytes: u64) -> Result<[u8; 512], WriteError> {
    ustar::header(&format!("{prefix}{path}"), bytes, mtime).map_err(|_| WriteError::Header { path: path.to_owned() })
}

pub(super) fn full(error: io::Error) -> WriteError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => WriteError::DiskFull,
        _ => WriteError::Io(error),
    }
}
