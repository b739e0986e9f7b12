//! The gzip members of a bundle: many small ones in a row, each readable by itself.
//!
//! In: a reader of compressed bytes. Out: one inflated member after the other, with its place in the file.
//! Never: yields a byte of a member whose check sum or length is wrong, accepts optional header fields, holds more than
//! one member in memory. Writing is the collector's; the header it writes is here.

use std::io::{self, BufRead, BufReader, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Header of every member: deflate, no flags, no time, no level told, no system told.
pub const MEMBER_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Place in the header of the byte that tells the level (XFL), the only one that may vary.
const XFL: usize = 8;
/// What it may be: untold, best, fastest (RFC 1952).
const XFL_VALUES: [u8; 3] = [0, 2, 4];
/// Most bytes one member may inflate to.
pub const MEMBER_MAX: usize = 2 << 20;

/// Why the compressed stream was refused.
#[derive(Debug, thiserror::Error)]
pub enum GzipError {
    /// Reading failed.
    #[error("reading failed at byte {at}")]
    Io {
        /// Place in the file.
        at: u64,
        /// The system's error.
        source: io::Error,
    },
    /// The file ends inside a member.
    #[error("the file ends inside the gzip member that begins at byte {member}")]
    Truncated {
        /// Where the member begins.
        member: u64,
    },
    /// Not a member header of the profile: other bytes, or optional fields.
    #[error("no gzip member header of the profile at byte {member}")]
    Header {
        /// Where it should begin.
        member: u64,
    },
    /// The deflate stream is broken, or its check sum or length is not what the trailer says.
    #[error("broken gzip member at byte {member}")]
    Broken {
        /// Where the member begins.
        member: u64,
    },
    /// Inflates to nothing, or to more than [`MEMBER_MAX`].
    #[error("gzip member at byte {member} inflates to nothing, or to more than {MEMBER_MAX} bytes")]
    Size {
        /// Where the member begins.
        member: u64,
    },
    /// The caller's cap on all members together was reached.
    #[error("more than the allowed {cap} bytes, at the gzip member at byte {member}")]
    Cap {
        /// Where the member begins.
        member: u64,
        /// The cap that was reached.
        cap: u64,
    },
}

/// The most that may be read in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Compressed bytes.
    pub packed: u64,
    /// Inflated bytes.
    pub inflated: u64,
}

/// Reads members one after another. After an error nothing more can be read.
pub struct Members<R> {
    input: BufReader<R>,
    at: u64,
    inflate: Decompress,
    inflated: u64,
    caps: Caps,
    /// Room for one member and a byte more, to tell a full one from one that goes on.
    room: Box<[u8]>,
    /// How much of the room holds the current member.
    filled: usize,
    stopped: bool,
}

impl<R> std::fmt::Debug for Members<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Members").field("at", &self.at).field("inflated", &self.inflated).finish_non_exhaustive()
    }
}

impl<R: Read> Members<R> {
    /// Reads from `input`, whose next byte is byte `at` of the file and begins a member.
    pub fn new(input: R, at: u64, caps: Caps) -> Self {
        Self {
            input: BufReader::with_capacity(64 * 1024, input),
            at,
            inflate: Decompress::new(false),
            inflated: 0,
            caps,
            room: vec![0; MEMBER_MAX + 1].into_boxed_slice(),
            filled: 0,
            stopped: false,
        }
    }

    /// Inflates the next member and tells where it begins; none at the end of the file.
    pub fn advance(&mut self) -> Result<Option<u64>, GzipError> {
        let member = self.at;
        if self.stopped {
            return Err(GzipError::Broken { member });
        }
        let found = self.next_member(member);
        if found.is_err() {
            self.stop();
        }
        found
    }

    /// Forgets the current member and refuses to read more.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
        self.filled = 0;
    }

    /// What the member inflated to: 1 to [`MEMBER_MAX`] bytes after a successful [`Members::advance`].
    pub fn bytes(&self) -> &[u8] {
        &self.room[..self.filled]
    }

    fn next_member(&mut self, member: u64) -> Result<Option<u64>, GzipError> {
        self.filled = 0;
        if self.fill()?.is_empty() {
            return Ok(None);
        }
        let mut header: [u8; 10] = self.take(member)?;
        if XFL_VALUES.contains(&header[XFL]) {
            header[XFL] = MEMBER_HEADER[XFL];
        }
        if header != MEMBER_HEADER {
            return Err(GzipError::Header { member });
        }
        self.inflate(member)?;
        let trailer: [u8; 8] = self.take(member)?;
        let length = (self.filled as u32).to_le_bytes();
        if trailer[..4] != crc32fast::hash(self.bytes()).to_le_bytes() || trailer[4..] != length {
            return Err(GzipError::Broken { member });
        }
        if self.filled == 0 {
            return Err(GzipError::Size { member });
        }
        self.inflated += self.filled as u64;
        if self.inflated > self.caps.inflated {
            return Err(GzipError::Cap { member, cap: self.caps.inflated });
        }
        Ok(Some(member))
    }

    fn inflate(&mut self, member: u64) -> Result<(), GzipError> {
        self.inflate.reset(false);
        loop {
            let input = fill(&mut self.input, self.at)?;
            if input.is_empty() {
                return Err(GzipError::Truncated { member });
            }
            let before = (self.inflate.total_in(), self.inflate.total_out());
            let status = self
                .inflate
                .decompress(input, &mut self.room[self.filled..], FlushDecompress::None)
                .map_err(|_| GzipError::Broken { member })?;
            let used = self.inflate.total_in() - before.0;
            let made = self.inflate.total_out() - before.1;
            self.filled += made as usize;
            self.input.consume(used as usize);
            self.at += used;
            if self.filled > MEMBER_MAX {
                return Err(GzipError::Size { member });
            }
            if self.at > self.caps.packed {
                return Err(GzipError::Cap { member, cap: self.caps.packed });
            }
            match status {
                Status::StreamEnd => return Ok(()),
                Status::Ok | Status::BufError if used == 0 && made == 0 => {
                    return Err(GzipError::Broken { member });
                }
                Status::Ok | Status::BufError => {}
            }
        }
    }

    fn fill(&mut self) -> Result<&[u8], GzipError> {
        fill(&mut self.input, self.at)
    }

    fn take<const N: usize>(&mut self, member: u64) -> Result<[u8; N], GzipError> {
        let mut bytes = [0; N];
        match self.input.read_exact(&mut bytes) {
            Ok(()) => {
                self.at += N as u64;
                Ok(bytes)
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(GzipError::Truncated { member }),
            Err(source) => Err(GzipError::Io { at: self.at, source }),
        }
    }
}

fn fill<R: Read>(input: &mut BufReader<R>, at: u64) -> Result<&[u8], GzipError> {
    while let Err(source) = input.fill_buf() {
        if source.kind() != io::ErrorKind::Interrupted {
            return Err(GzipError::Io { at, source });
        }
    }
    Ok(input.buffer())
}
