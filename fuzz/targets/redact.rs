//! The redactor's engine. In: bytes that choose the file, the level and the size of chunks, then the content, behind which a
//! private key is put. The key does not come out, the result does not depend on the cut, and nothing takes long.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oediag_collector::redact::{Counts, Encoding};
use oediag_fuzz::{
    members::{REDACTED, chosen},
    redactor::{self, REDACTORS, clean},
};

const SECRET: &str = "vESkHofnWtkKckKCEQFzeG7omLVQcvMDPmiJFYKbEN7fvHnN1OulbsKBG9dQ64HH";

fuzz_target!(init: { redactor::start(); }, |data: &[u8]| {
    let Some((&[choice, level, size], content)) = data.split_first_chunk() else { return };
    let redactor = &REDACTORS[usize::from(level) % 3];
    let path = chosen(REDACTED, choice).as_bytes();
    let key = format!("\n-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n");
    if holds(content) {
        // The fuzzer has learnt the words: outside of a key they are no secret.
        return;
    }
    let text = [content, key.as_bytes()].concat();
    let whole = clean(redactor, &text, path, 1 << 20);
    let pieces = clean(redactor, &text, path, usize::from(size) * 8 + 1);
    if let (Some((whole, encoding)), Some((pieces, _))) = (&whole, &pieces) {
        // The key is put behind as bytes: in UTF-16 it is no key.
        let wide = matches!(encoding, Some(Encoding::Utf16Le | Encoding::Utf16Be));
        assert!(wide || !holds(whole), "the key came out");
        assert!(whole == pieces, "the cut matters");
        redactor::same_lines(&text, whole, *encoding);
    }
    let mut counts = Counts::default();
    redactor.text(content, &mut counts);
    redactor.path(content, &mut counts);
    redactor.argv(&content.split(|byte| *byte == 0).collect::<Vec<_>>(), &mut counts);
    redactor::not_slow(content, path);
});

fn holds(text: &[u8]) -> bool {
    text.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
}
