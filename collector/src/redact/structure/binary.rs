//! Strings in binary content: a memory image, a crash dump's log. They are replaced in place, all else stays.
//!
//! In: bytes. Out: whether it is content of this kind, and what the rules may see of it. Never here: containers whose
//! content is packed, databases, programs; nobody can say what is in them.

/// A shorter run of printable characters is chance.
const LEAST: usize = 4;

/// How content begins that is packed, encrypted, a database, a program, a key store or an image.
const OTHERS: &[&[u8]] = &[
    b"\x1f\x8b",
    b"\x1f\x9d",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"\x04\x22\x4d\x18",
    b"\x89LZO",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xbc\xaf",
    b"Rar!",
    b"MSCF",
    b"hsqs",
    b"070701",
    b"SQLite format 3\0",
    b"\x7fELF",
    b"\xed\xab\xee\xdb",
    b"LPKSHHRH",
    b"KDUMP",
    b"makedumpfile\0",
    b"\x05\x02\0",
    b"\xfe\xed\xfe\xed",
    b"\xce\xce\xce\xce",
    b"LUKS\xba\xbe",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x0a\x0d\x0d\x0a",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"%PDF",
    b"\xca\xfe\xba\xbe",
    b"MZ",
    b"0\x82",
];

/// Whether it is of a kind whose content cannot be seen.
pub(in super::super) fn is_container(head: &[u8]) -> bool {
    OTHERS.iter().any(|o| head.starts_with(o)) || head.get(257..262) == Some(b"ustar")
}

/// Whether most of what is not NUL is strings.
pub(in super::super) fn is_strings(head: &[u8]) -> bool {
    let seen = strings(head).iter().filter(|b| **b != 0).count();
    seen * 2 > head.iter().filter(|b| **b != 0).count()
}

/// The same bytes with NUL in place of all that is no string. Line ends stay.
pub(in super::super) fn strings(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for run in out.split_mut(|b| !matches!(b, b' '..=b'~' | b'\t')) {
        if run.len() < LEAST {
            run.fill(0);
        }
    }
    for b in &mut out {
        if !matches!(b, b' '..=b'~' | b'\t' | b'\n') {
            *b = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_containers() {
        assert_eq!(strings(b"\x01ab\xffabcd\0x\nkey=1\x02"), b"\0\0\0\0abcd\0\0\nkey=1\0");
        assert!(is_strings(b"\xde\xad\xbe\xef\0token=abcdefgh\0oom_kill\0\x01"));
        assert!(is_container(b"\x1f\x8b\x08\0\0\0\0\0\0\x03token=abcdefgh abcdefghijk"));
        assert!(!is_strings(b"\x01\x02\x83\x94\xa5\xb6\xc7\xd8\xe9\xfa\x0bab\0\x11\x12cdef"));
    }
}
