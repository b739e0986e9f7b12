//! The scanner of addresses, hardware addresses, cards and other shapes. In: a byte that chooses a table of addresses or any text,
//! one for the size of chunks, then the content. Lines stay as many, the cut does not matter, nothing takes long.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oediag_fuzz::{
    members::{ADDRESSED, chosen},
    redactor,
};

fuzz_target!(init: { redactor::start(); }, |data: &[u8]| {
    let Some((&[choice, size], content)) = data.split_first_chunk() else { return };
    // Only the characters that shapes are made of, and what parts them.
    let text: Vec<u8> = content.iter().map(|byte| if byte.is_ascii_control() || *byte > 127 { b'\n' } else { *byte }).collect();
    let path = chosen(ADDRESSED, choice).as_bytes();
    redactor::any_cut(&text, path, usize::from(size) + 1);
    redactor::not_slow(&text, path);
});
