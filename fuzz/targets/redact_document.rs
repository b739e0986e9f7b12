//! Documents in JSON and YAML. In: a byte that chooses the file, one for the size of chunks, then the content. JSON is JSON
//! afterwards, the cut does not matter, nothing takes long.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oediag_fuzz::{
    members::{DOCUMENTS, chosen},
    redactor,
};
use serde::de::IgnoredAny;

fuzz_target!(init: { redactor::start(); }, |data: &[u8]| {
    let Some((&[choice, size], content)) = data.split_first_chunk() else { return };
    let path = chosen(DOCUMENTS, choice).as_bytes();
    let out = redactor::any_cut(content, path, usize::from(size) + 1);
    let is_json = |text: &[u8]| serde_json::from_slice::<IgnoredAny>(text).is_ok();
    // A single string or number is a text like others, and so is a document in which a name is no word.
    let object = content.first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    if let Some(out) = out.filter(|_| object && is_json(content)) {
        assert!(is_json(&out), "no JSON any more: {}", String::from_utf8_lossy(&out));
    }
    redactor::not_slow(content, path);
});
