//! Signed requests. In: a text of ten lines, the two signature headers and the parts. A request that is accepted is one that the
//! key would sign in the same words.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oediag_fuzz::samples::{NOW, request, transport};
use oediag_protocol::http_signature::{Claim, Headers, content_digest, parse_content_digest, sign};

fuzz_target!(|data: &str| {
    let (input, signature, parts) = request(data);
    for header in [data, parts.content_digest] {
        assert!(parse_content_digest(header).is_none_or(|digest| content_digest(digest) == header));
    }
    let Ok(claim) = Claim::parse(input, &parts) else { return };
    let key = transport();
    claim.verify(&parts, signature, &key.public(), claim.created).ok();
    if claim.verify(&parts, signature, &key.public(), NOW).is_ok() {
        let nonce: Vec<u8> =
            (0..32).step_by(2).map(|at| u8::from_str_radix(&claim.nonce[at..at + 2], 16).expect("hex")).collect();
        let again = sign(&parts, &key, claim.created, nonce.try_into().expect("16 bytes")).expect("signing");
        assert_eq!(again, Headers { input: input.to_owned(), signature: signature.to_owned() });
    }
});
