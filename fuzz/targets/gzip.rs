//! Gzip members. In: any bytes, read as members, as a bundle, at an offset, and as the deflate stream inside a good member.
#![no_main]

use std::io::{Cursor, Read as _};

use libfuzzer_sys::fuzz_target;
use oediag_fuzz::archive::inflated;
use oediag_protocol::bundle::{
    gzip::Members,
    reader::{CAPS, Reader, open_at},
};

fuzz_target!(|data: &[u8]| {
    let mut members = Members::new(data, 0, CAPS);
    while let Ok(Some(at)) = members.advance() {
        assert!(at < data.len() as u64 && !members.bytes().is_empty());
    }
    let mut reader = Reader::new(data);
    while let Ok(Some(_)) = reader.next_entry() {}
    let offset = data.first().map_or(0, |byte| u64::from(*byte));
    if let Ok(mut member) = open_at(Cursor::new(data), offset, "etc/os-release") {
        member.read_to_end(&mut Vec::new()).ok();
    }
    if let Some((content, member)) = inflated(data) {
        let mut members = Members::new(&member[..], 0, CAPS);
        let found = members.advance();
        assert_eq!((found.is_ok(), members.bytes()), (!content.is_empty(), &content[..]));
    }
});
