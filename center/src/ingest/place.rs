//! Where a bundle's manifest begins. Nothing before it tells; it lies near the end, behind it only the sums and their signature.
//!
//! In: a bundle that seeks. Out: the place, when it is found with little work. Never: works long on a hostile end: a number of
//! bytes and of tries is the most, and reading through is what remains then.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use oediag_protocol::bundle::{gzip::MEMBER_HEADER, name::MANIFEST, reader::open_at};

/// Bytes looked at first, and at most.
const WINDOW: (u64, u64) = (256 << 10, 16 << 20);
/// Most places that are tried.
const TRIES: usize = 256;
/// The byte of a member's header that tells the level, and may vary.
const LEVEL: usize = 8;

/// The place of the last manifest in a bundle of `bytes` bytes.
pub(super) fn near_end(bundle: &mut (impl Read + Seek), bytes: u64) -> io::Result<Option<u64>> {
    let mut tried = 0;
    let (mut window, most) = WINDOW;
    let mut seen_from = bytes;
    loop {
        let from = bytes.saturating_sub(window);
        let mut end = Vec::new();
        bundle.seek(SeekFrom::Start(from))?;
        bundle.take(window).read_to_end(&mut end)?;
        // Places of the last round are not tried again.
        let fresh = usize::try_from(seen_from - from).unwrap_or(usize::MAX).min(end.len());
        for at in (0..fresh).rev().filter(|at| begins_member(&end[*at..])) {
            if open_at(Cursor::new(&end), at as u64, MANIFEST).is_ok() {
                return Ok(Some(from + at as u64));
            }
            tried += 1;
            if tried == TRIES {
                return Ok(None);
            }
        }
        if from == 0 || window == most {
            return Ok(None);
        }
        (window, seen_from) = ((window * 4).min(most), from);
    }
}

fn begins_member(bytes: &[u8]) -> bool {
    bytes.len() >= MEMBER_HEADER.len() && (0..MEMBER_HEADER.len()).all(|at| at == LEVEL || bytes[at] == MEMBER_HEADER[at])
}
