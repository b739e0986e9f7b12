//! The export format of the journal. In: a byte for the size of chunks, then fields: each a byte that says whether it is binary, and
//! a text up to a byte of 255; or, when the first byte is odd, the format itself. Fields and their order stay, and the cut does
//! not matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oediag_fuzz::redactor;

const NAMES: [&str; 5] = ["MESSAGE", "_CMDLINE", "APP_PASSWORD", "PRIORITY", "X"];

fuzz_target!(init: { redactor::start(); }, |data: &[u8]| {
    let Some((&size, content)) = data.split_first() else { return };
    let mut text = b"__CURSOR=s=1\n".to_vec();
    if size % 2 == 1 {
        text.extend_from_slice(content);
    } else {
        for field in content.split(|byte| *byte == 255) {
            let Some((kind, value)) = field.split_first() else { continue };
            let name = NAMES[usize::from(*kind) % NAMES.len()].as_bytes();
            text.extend_from_slice(name);
            if *kind > 127 || value.contains(&b'\n') {
                text.push(b'\n');
                text.extend_from_slice(&(value.len() as u64).to_le_bytes());
            } else {
                text.push(b'=');
            }
            text.extend_from_slice(value);
            text.push(b'\n');
        }
    }
    let out = redactor::any_cut(&text, b"journal.export", usize::from(size) + 1);
    // Behind the header of a key a name without a value may be a part of the key: in doubt it goes.
    let key = text.windows(5).any(|part| part == b"-----");
    if let (Some(out), Some(before), false) = (out, names(&text), key) {
        assert_eq!(names(&out), Some(before), "fields were lost");
    }
    redactor::not_slow(&text, b"journal.export");
});

/// Whether the journal would have such a field: another line is no field, and what is in it may go.
fn is_name(name: &[u8]) -> bool {
    (1..=64).contains(&name.len())
        && name.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
        && !name[0].is_ascii_digit()
}

/// The names of all fields, as a reader of the format sees them; none when it is no such format.
fn names(mut export: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    while let Some(end) = export.iter().position(|byte| *byte == b'\n') {
        let line = &export[..end];
        export = &export[end + 1..];
        let Some(name) = line.split(|byte| *byte == b'=').next().filter(|name| !name.is_empty()) else { continue };
        if !is_name(name) {
            return None;
        }
        names.push(name.to_vec());
        if name.len() == line.len() {
            let length = usize::try_from(u64::from_le_bytes(export.get(..8)?.try_into().ok()?)).ok()?;
            export = export.get(length.checked_add(9)?..)?;
        }
    }
    Some(names)
}
