//! Consent, envelope and ack: round trips (T14), every rule broken once, what covers what (T39, T40).

use std::fmt::Debug;

use oediag_protocol::{
    ack::{Ack, NotAnswer},
    consent::{Basis, BundleDigest, Consent, Event, Level, NotCovered, PolicyRef, RequestRef, delete_by},
    digest::Sha256,
    document::{self, Document, DocumentError},
    envelope::{Envelope, EnvelopeError},
    id::{BundleId, HostId, ReceiptId, RequestId, TenantId},
    json::JsonError,
    keyset::Keyset,
    sshsig::{Namespace, SigError},
    text::Line,
    time::Time,
};
use proptest::{collection::vec, option, prelude::*};

use crate::{
    common::{folder, has_ssh_keygen, host, run, signer},
    papers::{BUNDLE, GIVEN, STORED, ack, consent, envelope, key, keyset, line, public, tenant},
};

/// Every object in the document refuses an unknown field and a key given twice.
pub(crate) fn refuses_strangers<T: Document + Debug>(document: &T) {
    let bytes = document::to_bytes(document).expect("good");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let mut objects = 0;
    for (at, _) in text.match_indices('{') {
        let (before, after) = text.split_at(at + 1);
        if after.starts_with('}') {
            continue;
        }
        objects += 1;
        // The maps of the documents take other names, but no list of a number.
        let stranger = format!("{before}\"surprise\": [1],{after}");
        document::parse::<T>(stranger.as_bytes()).expect_err(&stranger);
        let key = &after[after.find('"').expect("a key")..];
        let end = key[1..].find('"').expect("a key") + 2;
        let twice = format!("{before}{}: 0,{after}", &key[..end]);
        let error = document::parse::<T>(twice.as_bytes()).expect_err(&twice);
        assert!(matches!(error, DocumentError::Json(JsonError::Duplicate { .. })), "{error}");
    }
    assert!(objects > 1, "{text}");
    let other = text.replacen("/1\"", "/2\"", 1);
    document::parse::<T>(other.as_bytes()).expect_err("another schema");
}

#[test]
fn unknown_and_duplicate_fields_are_refused() {
    refuses_strangers(&consent());
    refuses_strangers(&envelope(b"", STORED));
    refuses_strangers(&ack());
    refuses_strangers(&keyset(1));
}

#[test]
fn only_signed_documents_are_read() {
    let (bytes, sig) = document::sign(&consent(), &signer()).expect("signing");
    let keys = [key(99).public(), signer().public()];
    assert_eq!(document::open::<Consent>(&bytes, sig.as_bytes(), &keys), Ok(consent()));
    assert_eq!(
        document::open::<Consent>(&bytes, sig.as_bytes(), &[]),
        Err(DocumentError::NoKey { namespace: Namespace::Consent })
    );
    let wrong = document::open::<Consent>(&bytes, sig.as_bytes(), &public(&[99]));
    assert!(matches!(wrong, Err(DocumentError::Signature(SigError::WrongKey { .. }))), "{wrong:?}");
    let mut edited = bytes.clone();
    edited[40] ^= 1;
    assert_eq!(document::open::<Consent>(&edited, sig.as_bytes(), &keys), Err(SigError::Mismatch.into()));
    let other = document::open::<Envelope>(&bytes, sig.as_bytes(), &keys);
    assert!(matches!(other, Err(DocumentError::Signature(SigError::Namespace { .. }))), "{other:?}");
    // Signed, and still not a document.
    let sig = signer().sign(Namespace::Consent, b"{}").expect("signing");
    let empty = document::open::<Consent>(b"{}", sig.as_bytes(), &keys);
    assert!(matches!(empty, Err(DocumentError::Json(_))), "{empty:?}");
    let long = vec![b' '; document::MAX_BYTES + 1];
    assert!(matches!(document::parse::<Consent>(&long), Err(DocumentError::Json(JsonError::TooLarge { .. }))));
}

#[test]
fn stock_ssh_keygen_verifies_a_receipt() {
    if !has_ssh_keygen() {
        return;
    }
    let folder = folder("receipt_by_ssh_keygen");
    let (bytes, sig) = document::sign(&consent(), &signer()).expect("signing");
    std::fs::write(folder.join("consent.json.sig"), sig).expect("writing");
    let allowed = oediag_protocol::sshsig::allowed_line("host", Namespace::HOST, &signer().public());
    std::fs::write(folder.join("allowed_signers"), allowed + "\n").expect("writing");
    let namespace = Namespace::Consent.as_str();
    let args = ["-Y", "verify", "-f", "allowed_signers", "-I", "host", "-n", namespace, "-s", "consent.json.sig"];
    let (ok, text) = run(&folder, "ssh-keygen", &args, &bytes);
    assert!(ok, "{text}");
    let (ok, text) = run(&folder, "ssh-keygen", &args, &bytes[1..]);
    assert!(!ok, "{text}");
}

fn digest() -> BundleDigest {
    BundleDigest { bundle_id: BundleId([0x1c; 16]), sha256: Sha256::of(BUNDLE), bytes: BUNDLE.len() as u64 }
}

#[test]
fn a_receipt_covers_its_bundle_and_nothing_else() {
    let now = Time(GIVEN.0 + 100);
    let last = Time(delete_by(GIVEN, 30).0 - 1);
    let given = consent();
    let request = RequestId([8; 16]);
    assert_eq!(given.covers(&digest(), host(), None, now), Ok(()));
    assert_eq!(given.covers(&digest(), host(), None, last), Ok(()));
    assert_eq!(given.covers(&digest(), host(), None, Time(GIVEN.0 - 600)), Ok(()));
    for bundle in [
        BundleDigest { bundle_id: BundleId([1; 16]), ..digest() },
        BundleDigest { sha256: Sha256([0; 32]), ..digest() },
        BundleDigest { bytes: 1, ..digest() },
    ] {
        assert_eq!(given.covers(&bundle, host(), None, now), Err(NotCovered::OtherBundle));
    }
    assert_eq!(given.covers(&digest(), HostId([1; 16]), None, now), Err(NotCovered::OtherHost));
    assert_eq!(given.covers(&digest(), host(), Some(request), now), Err(NotCovered::OtherRequest));
    assert_eq!(given.covers(&digest(), host(), None, Time(GIVEN.0 - 601)), Err(NotCovered::NotYet));
    assert_eq!(given.covers(&digest(), host(), None, Time(last.0 + 1)), Err(NotCovered::Expired));

    let asked = Consent { request: Some(RequestRef { request_id: request, payload_sha256: Sha256([1; 32]) }), ..consent() };
    assert_eq!(asked.covers(&digest(), host(), Some(request), now), Ok(()));
    assert_eq!(asked.covers(&digest(), host(), None, now), Err(NotCovered::OtherRequest));
    assert_eq!(asked.covers(&digest(), host(), Some(RequestId([9; 16])), now), Err(NotCovered::OtherRequest));
    let withdrawn = Consent { event: Event::Withdrawn, version: 2, ..consent() };
    document::to_bytes(&withdrawn).expect("a good document");
    assert_eq!(withdrawn.covers(&digest(), host(), None, now), Err(NotCovered::Withdrawn));
    let rule = |valid_until| PolicyRef { rule: line("p1-basic"), sha256: Sha256([1; 32]), valid_until };
    let by_rule = |until| Consent { basis: Basis::StandingPolicy, who: None, policy: Some(rule(until)), ..consent() };
    assert_eq!(by_rule(GIVEN).covers(&digest(), host(), None, now), Ok(()));
    assert_eq!(by_rule(Time(GIVEN.0 - 1)).covers(&digest(), host(), None, now), Err(NotCovered::RuleExpired));
}

/// The rule that an edit breaks; such a document is neither written nor read.
pub(crate) fn broken<T: Document + Clone + Debug + PartialEq>(good: &T, edit: impl FnOnce(&mut T)) -> &'static str {
    let mut document = good.clone();
    edit(&mut document);
    let bytes = oediag_protocol::json::to_bytes(&document).expect("JSON");
    let written = document::to_bytes(&document).expect_err("refused when written");
    assert_eq!(document::parse::<T>(&bytes).as_ref(), Err(&written));
    match written {
        DocumentError::Rule { rule } => rule,
        other => panic!("not a rule: {other}"),
    }
}

#[test]
fn every_rule_of_a_receipt_is_kept() {
    let good = consent();
    let rules = [
        broken(&good, |paper| paper.version = 0),
        broken(&good, |paper| paper.version = 2),
        broken(&good, |paper| paper.event = Event::Withdrawn),
        broken(&good, |paper| paper.basis = Basis::StandingPolicy),
        broken(&good, |paper| paper.who = None),
        broken(&good, |paper| paper.retention_days = 0),
        broken(&good, |paper| paper.retention_days = 3651),
        broken(&good, |paper| paper.delete_by.0 += 1),
        broken(&good, |paper| paper.scope.sources = vec![Line::default(); 1001]),
    ];
    let different: std::collections::BTreeSet<_> = rules.iter().collect();
    assert_eq!(different.len(), 6, "{rules:?}");
}

#[test]
fn every_rule_of_envelope_and_ack_is_kept() {
    let good = envelope(b"", STORED);
    let rules = [
        broken(&good, |paper| paper.payload.recipients.clear()),
        broken(&good, |paper| paper.payload.recipients = (1..=9).map(crate::papers::recipient).collect()),
        broken(&good, |paper| paper.payload.recipients = vec![crate::papers::recipient(1); 2]),
        broken(&good, |paper| paper.bundle.bytes = 0),
        broken(&good, |paper| paper.bundle.bytes = (2 << 30) + 1),
        broken(&good, |paper| paper.payload.bytes = paper.bundle.bytes),
        broken(&good, |paper| paper.payload.bytes = 3 << 30),
        broken(&good, |paper| paper.keyset_version = 0),
    ];
    let different: std::collections::BTreeSet<_> = rules.iter().collect();
    assert_eq!(different.len(), 5, "{rules:?}");
    broken(&ack(), |paper| paper.audit.seq = 0);
    let text = String::from_utf8(document::to_bytes(&good).expect("good")).expect("UTF-8");
    for (from, to) in [("age-x25519", "none"), ("age1", "AGE1"), ("t-1042", "t-"), ("t-1042", "1042")] {
        document::parse::<Envelope>(text.replacen(from, to, 1).as_bytes()).expect_err(to);
    }
}

#[test]
fn envelope_and_receipt_belong_together() {
    let receipt = document::to_bytes(&consent()).expect("good");
    let cover = envelope(&receipt, STORED);
    let now = GIVEN;
    assert_eq!(cover.agrees(&consent(), &receipt, now), Ok(()));
    assert_eq!(cover.agrees(&consent(), &receipt[1..], now), Err(EnvelopeError::OtherReceipt));
    let other = Consent { tenant_id: TenantId::parse("t-1").expect("a tenant"), ..consent() };
    assert_eq!(cover.agrees(&other, &receipt, now), Err(EnvelopeError::OtherTenant));
    let other = Envelope { host_id: HostId([1; 16]), ..cover };
    assert_eq!(other.agrees(&consent(), &receipt, now), Err(NotCovered::OtherHost.into()));
}

#[test]
fn an_ack_answers_one_upload_only() {
    let cover = envelope(b"", STORED);
    let good = ack();
    assert_eq!(good.answers(&cover, good.receipt_id), Ok(()));
    assert_eq!(good.answers(&cover, ReceiptId([1; 16])), Err(NotAnswer::OtherReceipt));
    let changed = |edit: fn(&mut Ack)| {
        let mut ack = good.clone();
        edit(&mut ack);
        ack.answers(&cover, good.receipt_id)
    };
    assert_eq!(changed(|ack| ack.bundle_id = BundleId([1; 16])), Err(NotAnswer::OtherBundle));
    assert_eq!(changed(|ack| ack.host_id = HostId([1; 16])), Err(NotAnswer::OtherHost));
    assert_eq!(changed(|ack| ack.tenant_id = TenantId::parse("t-1").expect("a tenant")), Err(NotAnswer::OtherHost));
    assert_eq!(changed(|ack| ack.payload.sha256 = Sha256([0; 32])), Err(NotAnswer::OtherBytes));
    assert_eq!(changed(|ack| ack.payload.bytes += 1), Err(NotAnswer::OtherBytes));
}

#[test]
fn lines_are_harmless() {
    for good in ["", "定位磁盘延迟告警", "a b\u{e9}", &"x".repeat(500)] {
        assert_eq!(Line::parse(good).expect(good).as_str(), good);
    }
    for bad in ["\n", "\t", "\u{1b}[31m", "\u{7f}", "\u{9b}", "\u{202e}", "\u{2067}", "\u{200f}", "\u{2028}", "\u{feff}"] {
        assert_eq!(Line::parse(bad), None, "{bad:?}");
    }
    assert_eq!(Line::parse(&"字".repeat(501)), None);
}

prop_compose! {
    fn lines()(text in "[ -~é中文😀]{0,40}") -> Line {
        line(&text)
    }
}

prop_compose! {
    fn receipts()(
        ids in any::<([u8; 16], [u8; 16], [u8; 32])>(),
        given in 0..4_000_000_000_i64,
        days in 1..=3650_u32,
        request in option::of(any::<([u8; 16], [u8; 32])>()),
        texts in vec(lines(), 8),
        sources in vec(lines(), 0..20),
        counts in proptest::collection::btree_map("[a-z_]{1,12}", 0..1_u64 << 53, 0..5),
        (extended, offline, cross_border) in any::<(bool, bool, bool)>(),
        bytes in 0..1_u64 << 53,
        uids in option::of(any::<u32>()),
    ) -> Consent {
        let mut paper = consent();
        paper.receipt_id = ReceiptId(ids.0);
        paper.host_id = HostId(ids.1);
        paper.bundle.sha256 = Sha256(ids.2);
        paper.bundle.bytes = bytes;
        paper.given_at = Time(given);
        paper.retention_days = days;
        paper.delete_by = delete_by(Time(given), days);
        paper.request =
            request.map(|(id, digest)| RequestRef { request_id: RequestId(id), payload_sha256: Sha256(digest) });
        paper.scope.sources = sources;
        paper.scope.level = if extended { Level::Extended } else { Level::Basic };
        paper.basis = if offline { Basis::Offline } else { Basis::Interactive };
        paper.personal_data.counts = counts;
        paper.recipient.cross_border = cross_border;
        if let Some(who) = &mut paper.who {
            who.loginuid = uids;
            who.login = Some(texts[0].clone());
        }
        paper.purpose = texts[1].clone();
        paper.case = Some(texts[2].clone());
        paper.notice.separate_consents = texts[3..].to_vec();
        paper
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// T14 for the receipt; `PROPTEST_CASES=10000` for the full number.
    #[test]
    fn receipts_round_trip(receipt in receipts()) {
        let bytes = document::to_bytes(&receipt).expect("JSON");
        prop_assert_eq!(document::parse::<Consent>(&bytes), Ok(receipt));
    }

    /// T14 for the envelope.
    #[test]
    fn envelopes_round_trip(
        ids in any::<([u8; 16], [u8; 16], [u8; 32], [u8; 32])>(),
        request in option::of(any::<[u8; 16]>()),
        created in 0..4_000_000_000_i64,
        (bytes, more) in (1..=2_u64 << 30, 1..=1_u64 << 20),
        (complete, version) in (any::<bool>(), 1..1_u64 << 53),
        tenant_id in "t-[a-z0-9-]{1,32}",
    ) {
        let mut cover = envelope(b"", STORED);
        cover.bundle_id = BundleId(ids.0);
        cover.host_id = HostId(ids.1);
        cover.bundle.sha256 = Sha256(ids.2);
        cover.payload.sha256 = Sha256(ids.3);
        cover.request_id = request.map(RequestId);
        cover.created = Time(created);
        cover.bundle.bytes = bytes;
        cover.bundle.complete = complete;
        cover.payload.bytes = bytes + more;
        cover.keyset_version = version;
        cover.tenant_id = TenantId::parse(&tenant_id).expect("a tenant");
        let text = document::to_bytes(&cover).expect("JSON");
        prop_assert_eq!(document::parse::<Envelope>(&text), Ok(cover));
    }

    #[test]
    fn acks_and_keysets_round_trip(ids in any::<([u8; 16], [u8; 32])>(), seq in 1..1_u64 << 53, bytes in 0..1_u64 << 53) {
        let mut paper = ack();
        paper.receipt_id = ReceiptId(ids.0);
        paper.payload.sha256 = Sha256(ids.1);
        paper.payload.bytes = bytes;
        paper.audit.seq = seq;
        let text = document::to_bytes(&paper).expect("JSON");
        prop_assert_eq!(document::parse::<Ack>(&text), Ok(paper));
        let keys = keyset(seq);
        let text = document::to_bytes(&keys).expect("JSON");
        prop_assert_eq!(document::parse::<Keyset>(&text), Ok(keys));
    }
}

#[test]
fn tenants_have_one_form() {
    assert_eq!(tenant().to_string(), "t-1042");
    for bad in ["", "t-", "t-A", "t-a.b", "t-é", "T-1", "x-1", &format!("t-{}", "1".repeat(33))] {
        assert_eq!(TenantId::parse(bad), None, "{bad}");
    }
}
