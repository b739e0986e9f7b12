//! A host as the center sees one: keys of its own, signed requests, sealed bundles with consent.

use std::{
    io::Write as _,
    sync::atomic::{AtomicU32, Ordering},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use oediag_protocol::{
    ack::Ack,
    bundle::manifest::Os,
    consent::{
        self, Basis, BundleRef, Consent, Event, Level, Notice, PersonalData, Recipient as Receiver, Rights, Scope, Who, delete_by,
    },
    digest::Sha256,
    document,
    enroll::{EnrollRequest, Enrolled, Token},
    envelope::{self, Encryption, Envelope, Payload, Plain},
    http_signature::{HOST, LEDGER, NO_LEDGER, Parts, content_digest, sign},
    id::{BundleId, HostId, ReceiptId, TenantId},
    keyset::Keyset,
    sealed::{Frame, Head, Sealer},
    signed::Signed,
    sshsig::Signer,
    text::Line,
    time::Time,
};

use crate::common::{Center, Reply};

pub(crate) const TUS: (&str, &str) = ("Tus-Resumable", "1.0.0");
pub(crate) const CHUNK: (&str, &str) = ("Content-Type", "application/offset+octet-stream");

static NEXT: AtomicU32 = AtomicU32::new(1);

/// Sixteen bytes that no other call of this program gave.
pub(crate) fn fresh() -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    // Other programs of the same test run have centers of their own; only the nonces' randomness is not needed here.
    bytes[4..8].copy_from_slice(&std::process::id().to_be_bytes());
    bytes
}

pub(crate) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    Time(since.as_secs() as i64)
}

pub(crate) fn line(text: &str) -> Line {
    Line::parse(text).expect("a line")
}

/// An enrolled host.
pub(crate) struct Host {
    pub(crate) id: HostId,
    pub(crate) tenant: TenantId,
    pub(crate) key: Signer,
    pub(crate) transport: Signer,
    pub(crate) keyset: Keyset,
}

/// A request that is signed and can still be changed before it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn send(&self, center: &Center) -> Reply {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        center.send_as(None, &self.method, &self.path, &headers, &self.body)
    }

    /// The same with another value of one header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A sealed file and what it was made of.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) front: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) envelope: Envelope,
    pub(crate) consent: Consent,
}

/// The enrolment that a host with these keys would send.
pub(crate) fn enrolment(token: &str, id: HostId, key: &Signer, transport: &Signer) -> Vec<u8> {
    let token = Token::parse(token).expect("a token");
    let nonce = Sha256::of(&fresh()).0;
    let request = EnrollRequest::new(&token, id, (key.public(), transport.public()), Os::default(), nonce);
    Signed::new(&request, &[key]).and_then(|signed| signed.to_bytes()).expect("a request")
}

/// New keys.
pub(crate) fn key() -> Signer {
    Signer::generate(Sha256::of(&fresh()).0)
}

pub(crate) fn enroll(center: &Center, body: &[u8]) -> Reply {
    center.send_as(None, "POST", "/v1/enroll", &[], body)
}

impl Host {
    /// Enrols with a new token of this tenant.
    pub(crate) fn enrol(center: &Center, tenant: &str) -> Self {
        let text = center.enrol_token(tenant, 1);
        let (id, key, transport) = (HostId(fresh()), key(), key());
        let reply = enroll(center, &enrolment(&text, id, &key, &transport));
        assert_eq!(reply.status, 200, "{reply:?}");
        let token = Token::parse(&text).expect("a token");
        let enrolled = Enrolled::parse(reply.body.as_bytes()).expect("a reply");
        let keyset = enrolled.accept(&token, id, now()).expect("a keyset that the token confirms");
        Self { id, tenant: token.tenant().clone(), key, transport, keyset }
    }

    /// A signed request of this moment.
    pub(crate) fn request(&self, center: &Center, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
        self.request_at(center.address(), now(), method, path, headers, body)
    }

    /// A signed request, of another moment or for another center.
    pub(crate) fn request_at(
        &self,
        authority: &str,
        created: Time,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Request {
        self.request_with(authority, (created, NO_LEDGER), method, path, headers, body)
    }

    /// The same with a head of the host's ledger.
    pub(crate) fn request_with(
        &self,
        authority: &str,
        (created, ledger): (Time, &str),
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Request {
        let offset = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("upload-offset")).map(|(_, value)| *value);
        let (host, digest) = (self.id.to_string(), content_digest(Sha256::of(body)));
        let parts =
            Parts { method, authority, path, query: None, content_digest: &digest, host: &host, ledger, upload_offset: offset };
        let signed = sign(&parts, &self.transport, created, fresh()).expect("a signature");
        let mut all: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.push(("content-digest".to_owned(), digest));
        all.push((HOST.to_owned(), host));
        all.push((LEDGER.to_owned(), ledger.to_owned()));
        all.push(("signature-input".to_owned(), signed.input));
        all.push(("signature".to_owned(), signed.signature));
        Request { method: method.to_owned(), path: path.to_owned(), headers: all, body: body.to_vec() }
    }

    /// A document with the host's signature, as it travels.
    pub(crate) fn signed<T: document::Document>(&self, document: &T) -> Vec<u8> {
        Signed::new(document, &[&self.key]).and_then(|signed| signed.to_bytes()).expect("a document")
    }

    /// A document of the center's ack key in a reply.
    pub(crate) fn by_ack<T: document::Document>(&self, reply: &Reply) -> T {
        assert_eq!(reply.status, 200, "{reply:?}");
        Signed::parse(reply.body.as_bytes())
            .and_then(|signed| signed.open(&self.keyset.ack_keys(), 1))
            .expect("the ack key signed it")
    }

    /// The inbox, when it is not the one with this tag.
    pub(crate) fn poll(&self, center: &Center, tag: &str) -> Reply {
        let path = format!("/v1/hosts/{}/inbox", self.id);
        self.send(center, "GET", &path, &[("If-None-Match", tag)], b"")
    }

    /// Signs and sends.
    pub(crate) fn send(&self, center: &Center, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.request(center, method, path, headers, body).send(center)
    }

    /// The consent to send this bundle, before it is edited and signed.
    pub(crate) fn consent(&self, bundle: &[u8], id: BundleId, manifest_sha256: Sha256) -> Consent {
        let given_at = now();
        Consent {
            schema: consent::Schema::V1,
            receipt_id: ReceiptId(fresh()),
            version: 1,
            event: Event::Given,
            given_at,
            host_id: self.id,
            tenant_id: self.tenant.clone(),
            bundle: BundleRef { bundle_id: id, sha256: Sha256::of(bundle), bytes: bundle.len() as u64, manifest_sha256 },
            request: None,
            basis: Basis::Interactive,
            policy: None,
            who: Some(Who {
                loginuid: Some(1000),
                sudo_uid: Some(1000),
                login: Some(line("ops1")),
                uid: 0,
                audit_session: None,
                tty: None,
                authority: line("declares authority to act for the customer"),
                approver_keyid: None,
            }),
            purpose: line("incident-diagnosis"),
            case: None,
            scope: Scope { level: Level::Basic, sources: vec![line("kernel.dmesg")] },
            data_categories: vec![line("system-log")],
            personal_data: PersonalData {
                possible: Vec::new(),
                redaction: line("standard"),
                counts: [].into(),
                kept: Vec::new(),
            },
            recipient: Receiver {
                name: line("support"),
                contact: line("privacy@example.cn"),
                country: line("CN"),
                cross_border: false,
            },
            processing: line("diagnosis"),
            retention_days: 30,
            delete_by: delete_by(given_at, 30),
            notice: Notice { id: line("notice-3"), lang: line("en"), sha256: Sha256([4; 32]), separate_consents: Vec::new() },
            rights: Rights { withdraw: line("oediag consent withdraw"), contact: line("privacy@example.cn") },
            prev_ledger: None,
        }
    }

    /// Seals these bytes under this consent, to the keys of the host's keyset.
    pub(crate) fn seal(&self, bundle: &[u8], consent: Consent) -> Sealed {
        self.seal_with(bundle, consent, &self.key, |_| ())
    }

    /// The same with another key, or an edited envelope.
    pub(crate) fn seal_with(&self, bundle: &[u8], consent: Consent, key: &Signer, edit: impl FnOnce(&mut Envelope)) -> Sealed {
        let recipients = self.keyset.recipients(&self.tenant).expect("recipients");
        let mut sealer = Sealer::new(Vec::new(), &recipients).expect("recipients");
        sealer.write_all(bundle).expect("memory");
        let (ciphertext, sealed) = sealer.finish().expect("memory");
        let (consent_bytes, consent_sig) = document::sign(&consent, key).expect("a receipt");
        let mut envelope = Envelope {
            schema: envelope::Schema::V1,
            bundle_id: consent.bundle.bundle_id,
            host_id: consent.host_id,
            tenant_id: consent.tenant_id.clone(),
            request_id: None,
            created: now(),
            bundle: Plain { bytes: consent.bundle.bytes, sha256: consent.bundle.sha256, complete: true },
            payload: Payload { bytes: sealed.bytes, sha256: sealed.sha256, enc: Encryption::AgeX25519, recipients },
            consent_sha256: Sha256::of(&consent_bytes),
            keyset_version: self.keyset.version,
            ledger_head: None,
        };
        edit(&mut envelope);
        let (envelope_bytes, envelope_sig) = document::sign(&envelope, key).expect("an envelope");
        let head = Head {
            envelope: envelope_bytes,
            envelope_sig: envelope_sig.into_bytes(),
            consent: consent_bytes,
            consent_sig: consent_sig.into_bytes(),
            approver_sig: None,
            created: envelope.created,
        };
        let frame = Frame::new(&head, ciphertext.len() as u64).expect("a frame");
        let bytes = [frame.front.as_slice(), &ciphertext, &frame.back].concat();
        Sealed { front: frame.front, bytes, envelope, consent }
    }

    /// Seals bytes that are no bundle: enough for all that happens before they are decrypted.
    pub(crate) fn seal_some(&self, bytes: usize) -> Sealed {
        let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
        let consent = self.consent(&content, BundleId(fresh()), Sha256([3; 32]));
        self.seal(&content, consent)
    }

    /// Makes a slot for an upload.
    pub(crate) fn create(&self, center: &Center, receipt: ReceiptId, bytes: usize) -> Reply {
        let (length, metadata) = (bytes.to_string(), metadata(receipt));
        let headers = [TUS, ("Upload-Length", length.as_str()), ("Upload-Metadata", metadata.as_str())];
        self.send(center, "POST", "/v1/uploads", &headers, b"")
    }

    /// Posts the consent and makes the slot; gives its path.
    pub(crate) fn slot(&self, center: &Center, sealed: &Sealed) -> String {
        let reply = self.send(center, "POST", "/v1/consents", &[], &sealed.front);
        assert_eq!(reply.status, 201, "{reply:?}");
        let reply = self.create(center, sealed.consent.receipt_id, sealed.bytes.len());
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.header("location").to_owned()
    }

    pub(crate) fn patch(&self, center: &Center, url: &str, place: usize, bytes: &[u8]) -> Reply {
        let place = place.to_string();
        self.send(center, "PATCH", url, &[TUS, CHUNK, ("Upload-Offset", &place)], bytes)
    }

    pub(crate) fn place(&self, center: &Center, url: &str) -> String {
        self.send(center, "HEAD", url, &[TUS], b"").header("upload-offset").to_owned()
    }

    pub(crate) fn finish(&self, center: &Center, url: &str) -> Reply {
        self.send(center, "POST", &format!("{url}/finish"), &[TUS], b"")
    }

    /// Sends all of a sealed file in chunks; gives the reply of its finish.
    pub(crate) fn upload(&self, center: &Center, sealed: &Sealed) -> Reply {
        let url = self.slot(center, sealed);
        let mut place = 0;
        for chunk in sealed.bytes.chunks(1 << 20) {
            let reply = self.patch(center, &url, place, chunk);
            assert_eq!(reply.status, 204, "{reply:?}");
            place += chunk.len();
        }
        self.finish(center, &url)
    }

    /// The ack in a reply, checked as a host checks it.
    pub(crate) fn ack(&self, reply: &Reply, sealed: &Sealed) -> Ack {
        assert_eq!(reply.status, 200, "{reply:?}");
        let ack: Ack = Signed::parse(reply.body.as_bytes())
            .and_then(|signed| signed.open(&self.keyset.ack_keys(), 1))
            .expect("an ack of the center's key");
        assert_eq!(ack.answers(&sealed.envelope, sealed.consent.receipt_id), Ok(()));
        ack
    }
}

pub(crate) fn metadata(receipt: ReceiptId) -> String {
    format!("receipt {}", STANDARD.encode(receipt.to_string()))
}
