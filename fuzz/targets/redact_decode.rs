//! The decoders: UTF-16, GB18030, base64, percent, hexadecimal, lists of bytes. In: a byte that chooses how the content is encoded,
//! one for the size of chunks, then the content. What comes out is of the encoding that went in, and the cut does not matter.
#![no_main]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use libfuzzer_sys::fuzz_target;
use oediag_fuzz::redactor;

fuzz_target!(init: { redactor::start(); }, |data: &[u8]| {
    let Some((&[choice, size], content)) = data.split_first_chunk() else { return };
    let text = String::from_utf8_lossy(content);
    let wide = |unit: fn(u16) -> [u8; 2]| "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect();
    let encoded: Vec<u8> = match choice % 8 {
        0 => wide(u16::to_le_bytes),
        1 => wide(u16::to_be_bytes),
        2 => [&b"\xc3\xdc\xc2\xeb "[..], content].concat(),
        3 => format!("data={}\n", STANDARD.encode(content)).into_bytes(),
        4 => STANDARD.encode(content).as_bytes().chunks(64).collect::<Vec<_>>().join(&b'\n'),
        5 => content.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect(),
        6 => [b"proctitle=".to_vec(), content.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()].concat(),
        _ => format!("{{\"MESSAGE\" : {content:?}}}\n").into_bytes(),
    };
    if let Some(out) = redactor::any_cut(&encoded, b"/var/log/any", usize::from(size) + 1) {
        match choice % 8 {
            0 => assert!(is_wide(&out, u16::from_le_bytes), "no UTF-16 any more"),
            1 => assert!(is_wide(&out, u16::from_be_bytes), "no UTF-16 any more"),
            _ => {}
        }
    }
    redactor::not_slow(&encoded, b"/var/log/any");
});

fn is_wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    bytes.len().is_multiple_of(2)
        && char::decode_utf16(bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair))).all(|c| c.is_ok())
}
