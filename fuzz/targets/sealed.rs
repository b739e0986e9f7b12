//! Sealed files and what is encrypted in them. In: a sealed file, once as it is and once with right check sums; the same bytes as
//! an encrypted payload.
#![no_main]

use std::io::{Cursor, Read as _};

use libfuzzer_sys::fuzz_target;
use oediag_fuzz::{
    archive::summed,
    samples::{NOW, identity, signer},
};
use oediag_protocol::sealed::{Frame, Identity, Opener, Reader, Recipient, SeekOpener};

fuzz_target!(|data: &[u8]| {
    file(data);
    file(&summed(data.to_vec()));
    payload(data);
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(Recipient::parse(text).is_none_or(|recipient| recipient.to_string() == text));
        Identity::parse(text);
    }
});

fn file(bytes: &[u8]) {
    let Ok(reader) = Reader::new(bytes) else { return };
    let head = reader.head().clone();
    let verified = reader.verify(&[signer().public()], NOW);
    let mut stream = reader.into_payload();
    let mut content = Vec::new();
    stream.read_to_end(&mut content).ok();
    payload(&content);
    if verified.is_ok_and(|(envelope, _)| stream.finish(&envelope).is_ok()) {
        let frame = Frame::new(&head, content.len() as u64).expect("it was read");
        assert_eq!([&frame.front[..], &content, &frame.back].concat(), bytes, "what is accepted is what we would write");
    }
}

fn payload(bytes: &[u8]) {
    let streamed = Opener::new(bytes, &[identity()]).ok().and_then(|opener| all(opener));
    let sought = SeekOpener::new(Cursor::new(bytes), &[identity()]).ok().and_then(|opener| all(opener));
    assert_eq!(streamed, sought, "both ways to read it see the same");
}

fn all(mut reader: impl std::io::Read) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    reader.read_to_end(&mut content).ok().map(|_| content)
}
