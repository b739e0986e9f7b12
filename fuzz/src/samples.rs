//! Honest samples: keys, documents, a bundle, a sealed file, a signed request. In: the documents of the protocol's own tests.
//! Out: bytes that every parser accepts, for a fuzzer to damage.

use oediag_protocol::{
    bundle::{
        manifest::{BUNDLE_SCHEMA, BundleJson, Manifest, Os},
        name::{self, BundleName},
        sums, ustar,
    },
    digest::Sha256,
    document,
    enroll::{EnrollRequest, Enrolled, ReplySchema, Token},
    http_signature::{self, NO_LEDGER, Parts},
    json,
    sealed::{Frame, Identity},
    signed::Signed,
    sshsig::{Namespace, Signer},
    time::Time,
};

pub use crate::common::signer;
use crate::papers;

/// A manifest with an item of every kind.
const MANIFEST: &[u8] = include_bytes!("../../protocol/tests/it/manifest.json");

/// The moment at which the sample documents are good.
pub const NOW: Time = papers::GIVEN;

/// Decrypts the sample payload.
pub fn identity() -> Identity {
    papers::identity(1)
}

/// Every JSON document there is.
pub fn documents() -> Vec<Vec<u8>> {
    let keyset = papers::keyset(1);
    let roots = [papers::key(10), papers::key(11)];
    let signed = Signed::new(&keyset, &[&roots[0], &roots[1]]).expect("signing");
    let token = Token::new(papers::tenant(), [0xa5; 16], keyset.root.pin());
    let keys = (papers::key(7).public(), papers::key(8).public());
    let request = EnrollRequest::new(&token, crate::common::host(), keys, Os::default(), [1; 32]);
    let asked = Signed::new(&request, &[&papers::key(7)]).expect("signing");
    let host_id = crate::common::host();
    let reply = Enrolled { schema: ReplySchema::V1, host_id, tenant_id: papers::tenant(), keysets: vec![signed.clone()] };
    vec![
        MANIFEST.to_vec(),
        begun(&manifest()),
        document::to_bytes(&papers::consent()).expect("good"),
        document::to_bytes(&papers::envelope(b"", papers::STORED)).expect("good"),
        document::to_bytes(&papers::ack()).expect("good"),
        document::to_bytes(&keyset).expect("good"),
        document::to_bytes(&request).expect("good"),
        signed.to_bytes().expect("good"),
        asked.to_bytes().expect("good"),
        json::to_bytes(&reply).expect("good"),
    ]
}

/// A sealed file of [`signer`] for [`identity`].
pub fn sealed() -> Vec<u8> {
    let payload = papers::ciphertext();
    let head = papers::head(&payload);
    let frame = Frame::new(&head, payload.len() as u64).expect("a good head");
    [&frame.front[..], &payload, &frame.back].concat()
}

/// The tar archive of a small bundle, signed inside by [`signer`].
pub fn tar() -> Vec<u8> {
    let manifest = manifest();
    let name = BundleName::new(manifest.start.host_id, manifest.start.started, manifest.start.bundle_id);
    let mut members = vec![
        (name::README, b"A bundle.\n".to_vec()),
        (name::BUNDLE_JSON, begun(&manifest)),
        ("etc/os-release", b"ID=openEuler\n".to_vec()),
        (name::MANIFEST, MANIFEST.to_vec()),
    ];
    let listed = sums::format(members.iter().map(|(path, content)| (*path, Sha256::of(content))));
    let signature = signer().sign(Namespace::Bundle, listed.as_bytes()).expect("signing");
    members.extend([(name::SUMS, listed.into_bytes()), (name::SUMS_SIG, signature.into_bytes())]);
    let mut tar = Vec::new();
    for (path, content) in members {
        let path = format!("{name}/{path}");
        tar.extend(ustar::header(&path, content.len() as u64, manifest.start.started).expect("a path of the profile"));
        tar.extend(&content);
        tar.resize(tar.len().next_multiple_of(ustar::BLOCK), 0);
    }
    tar.extend(ustar::END);
    tar
}

/// The parts of a request with its two signature headers, a line each, as [`request`] reads them.
pub fn signed_request() -> Vec<u8> {
    let parts = Parts {
        method: "PATCH",
        authority: "support.example.cn:8443",
        path: "/v1/uploads/ab",
        query: Some("a=b"),
        content_digest: "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
        host: "h-00000000000000000000000000000001",
        ledger: NO_LEDGER,
        upload_offset: Some("8388608"),
    };
    let headers = http_signature::sign(&parts, &transport(), NOW, [1; 16]).expect("signing");
    let Parts { method, authority, path, content_digest, host, ledger, .. } = parts;
    let lines = [&headers.input, &headers.signature, method, authority, path, "a=b", content_digest, host, ledger, "8388608"];
    lines.join("\n").into_bytes()
}

/// The key that signs requests.
pub fn transport() -> Signer {
    papers::key(8)
}

/// `signature-input`, `signature` and the parts of a request out of ten lines; what is missing is empty or not there.
pub fn request(text: &str) -> (&str, &str, Parts<'_>) {
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (input, signature) = (next(), next());
    let parts = Parts {
        method: next(),
        authority: next(),
        path: next(),
        query: Some(next()).filter(|query| !query.is_empty()),
        content_digest: next(),
        host: next(),
        ledger: next(),
        upload_offset: Some(next()).filter(|offset| !offset.is_empty()),
    };
    (input, signature, parts)
}

fn manifest() -> Manifest {
    json::parse(MANIFEST, MANIFEST.len()).expect("the sample is good")
}

fn begun(manifest: &Manifest) -> Vec<u8> {
    json::to_bytes(&BundleJson { schema: BUNDLE_SCHEMA.to_owned(), start: manifest.start.clone() }).expect("good")
}
