//! `SHA256SUMS`: the digest of every member, in the form that `sha256sum -c` reads.
//!
//! In: digests and paths, or the file's bytes. Out: the file's bytes, or digests and paths. One form only, sorted by path.
//! Never: needs sha256sum's escapes, since member names have no character that wants them.

use super::{
    name::{SUMS, SUMS_SIG, is_member_path},
    reader::MAX_MEMBERS,
};
use crate::digest::Sha256;

/// Most bytes of the file: digest, two spaces, path of at most 255 bytes and a line feed for each member.
pub const MAX_BYTES: usize = MAX_MEMBERS * (64 + 2 + 255 + 1);

/// A line that is not `<64 hex>  <path>`, or not greater than the one before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of SHA256SUMS is not a digest, two spaces and a member's path, or not in order")]
pub struct SumsError {
    /// Number of the line, from 1; the line after the last one when the file has no line feed at its end.
    pub line: usize,
}

/// Writes the file for these paths (inside `NAME/`), in any order. `SHA256SUMS` and its signature do not belong in it.
pub fn format<'a>(members: impl IntoIterator<Item = (&'a str, Sha256)>) -> String {
    let mut members: Vec<_> = members.into_iter().collect();
    members.sort_unstable();
    let mut text = String::new();
    for (path, sha256) in members {
        text += &sha256.to_string();
        text += "  ";
        text += path;
        text += "\n";
    }
    text
}

/// Reads the file: exactly what [`format()`] writes.
pub fn parse(bytes: &[u8]) -> Result<Vec<(&str, Sha256)>, SumsError> {
    let refused = |line| SumsError { line };
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_BYTES).ok_or(refused(1))?;
    let mut members: Vec<(&str, Sha256)> = Vec::new();
    for (text, line) in text.split_inclusive('\n').zip(1..) {
        let (path, sha256) = text
            .strip_suffix('\n')
            .and_then(|text| text.split_once("  "))
            .and_then(|(digest, path)| Some((path, Sha256::parse(digest)?)))
            .filter(|(path, _)| is_member_path(path) && ![SUMS, SUMS_SIG].contains(path))
            .ok_or(refused(line))?;
        if members.last().is_some_and(|(before, _)| *before >= path) {
            return Err(refused(line));
        }
        members.push((path, sha256));
    }
    if members.is_empty() { Err(refused(1)) } else { Ok(members) }
}
