//! Tar headers of the one kind that bundles and sealed files have: a regular file in plain ustar, of mode 0600, owned by 0:0 without names.
//!
//! In: path, size, time; or 512 bytes. Out: 512 bytes; or path, size, time. The two are inverse to each other.
//! Never: reads or writes an extension (PAX, GNU), a link, a folder or a device, so two readers cannot disagree.

use crate::{bundle::name, time::Time};

/// Bytes of a header, and the unit to which contents are padded with zeros.
pub const BLOCK: usize = 512;
/// What ends an archive: two blocks of zeros.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
/// Most bytes of one member.
pub const MAX_SIZE: u64 = 4 << 30;
/// Latest modification time that 11 octal digits hold.
const MAX_MTIME: i64 = 0o777_7777_7777;

/// What a header tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path of the member: `NAME/...` in a bundle.
    pub path: String,
    /// Bytes of its content.
    pub size: u64,
    /// Modification time.
    pub mtime: Time,
}

/// Why a header was not made or not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not a path of the profile: `NAME/...` in a bundle, one of six names in a sealed file.
    #[error("member path outside the profile: {path:?}")]
    Path {
        /// The path.
        path: String,
    },
    /// The content is larger than [`MAX_SIZE`].
    #[error("member {path:?} of {size} bytes, {MAX_SIZE} is the most")]
    Size {
        /// The member.
        path: String,
        /// Its size.
        size: u64,
    },
    /// Before 1970 or after 2242.
    #[error("member {path:?} has a time that ustar cannot hold")]
    Time {
        /// The member.
        path: String,
    },
    /// A header that this profile would not write: another type, owner, mode, extension, or a wrong check sum.
    #[error("tar header outside the profile (only plain ustar files of mode 0600, owner 0:0)")]
    Profile,
}

/// Makes the header of `path`, which is `NAME/` and a path that [`name::is_member_path`] accepts.
pub fn header(path: &str, size: u64, mtime: Time) -> Result<[u8; BLOCK], HeaderError> {
    let named =
        path.split_once('/').is_some_and(|(top, path)| name::BundleName::parse(top).is_some() && name::is_member_path(path));
    if !named {
        return Err(HeaderError::Path { path: path.to_owned() });
    }
    unnamed(path, size, mtime)
}

/// Makes the header of a path that the caller has judged.
pub(crate) fn unnamed(path: &str, size: u64, mtime: Time) -> Result<[u8; BLOCK], HeaderError> {
    if size > MAX_SIZE {
        return Err(HeaderError::Size { path: path.to_owned(), size });
    }
    if !(0..=MAX_MTIME).contains(&mtime.0) {
        return Err(HeaderError::Time { path: path.to_owned() });
    }
    let mut header = tar::Header::new_ustar();
    header.set_path(path).map_err(|_| HeaderError::Path { path: path.to_owned() })?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(mtime.0.unsigned_abs());
    header.set_cksum();
    Ok(*header.as_bytes())
}

/// Reads a header, and accepts it only if [`header`] would write the same 512 bytes.
pub fn parse(block: &[u8; BLOCK]) -> Result<Entry, HeaderError> {
    parse_as(block, header)
}

/// Reads a header, and accepts it only if `write` would write the same 512 bytes.
pub(crate) fn parse_as(
    block: &[u8; BLOCK],
    write: impl Fn(&str, u64, Time) -> Result<[u8; BLOCK], HeaderError>,
) -> Result<Entry, HeaderError> {
    let text = |from: usize, len: usize| {
        let field = &block[from..from + len];
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(len);
        std::str::from_utf8(&field[..end]).map_err(|_| HeaderError::Profile)
    };
    let octal = |from: usize| {
        block[from..from + 11].iter().try_fold(0, |number: u64, byte| match byte {
            b'0'..=b'7' => Ok(number << 3 | u64::from(byte - b'0')),
            _ => Err(HeaderError::Profile),
        })
    };
    // Places of the fields: POSIX.1-1988, ustar interchange format.
    let (last, front) = (text(0, 100)?, text(345, 155)?);
    let path = if front.is_empty() { last.to_owned() } else { format!("{front}/{last}") };
    let entry = Entry { path, size: octal(124)?, mtime: Time(octal(136)?.cast_signed()) };
    match write(&entry.path, entry.size, entry.mtime) {
        Ok(again) if again == *block => Ok(entry),
        Ok(_) => Err(HeaderError::Profile),
        Err(HeaderError::Path { path }) => Err(HeaderError::Path { path: path.escape_default().to_string() }),
        Err(error) => Err(error),
    }
}

/// How many zero bytes follow a content of `size` bytes.
pub const fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}
