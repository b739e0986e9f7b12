//! Sample documents for tests: an envelope, a receipt, an ack and a keyset that agree with each other.

use oediag_protocol::{
    ack::{self, Ack, Stored},
    bundle::manifest::LedgerHead,
    consent::{
        self, Basis, BundleRef, Consent, Event, Level, Notice, PersonalData, Recipient as Receiver, Rights, Scope, Who, delete_by,
    },
    digest::Sha256,
    document,
    envelope::{self, Encryption, Envelope, Payload, Plain},
    id::{BundleId, ReceiptId, TenantId},
    keyset::{self, AckRole, EngineerRole, Keyset, RequestKey, RequestRole, Root, Severity},
    sealed::{Head, Identity, Recipient, Sealer},
    sshsig::{PublicKey, Signer},
    text::Line,
    time::Time,
};

use crate::common::{host, signer};

pub(crate) const GIVEN: Time = Time(1_795_396_181);
pub(crate) const BUNDLE: &[u8] = b"stands for a NAME.tar.gz";
/// Stands for a ciphertext where nobody decrypts it: the real one has other bytes each time.
pub(crate) const STORED: &[u8] = &[9; 100];

pub(crate) fn line(text: &str) -> Line {
    Line::parse(text).expect("a line")
}

pub(crate) fn tenant() -> TenantId {
    TenantId::parse("t-1042").expect("a tenant")
}

pub(crate) fn key(seed: u8) -> Signer {
    Signer::generate([seed; 32])
}

pub(crate) fn public(seeds: &[u8]) -> Vec<PublicKey> {
    seeds.iter().map(|seed| key(*seed).public()).collect()
}

pub(crate) fn identity(seed: u8) -> Identity {
    Identity::generate([seed; 32]).expect("an identity")
}

pub(crate) fn recipient(seed: u8) -> Recipient {
    identity(seed).recipient().expect("a recipient")
}

pub(crate) fn consent() -> Consent {
    Consent {
        schema: consent::Schema::V1,
        receipt_id: ReceiptId([0x77; 16]),
        version: 1,
        event: Event::Given,
        given_at: GIVEN,
        host_id: host(),
        tenant_id: tenant(),
        bundle: BundleRef {
            bundle_id: BundleId([0x1c; 16]),
            sha256: Sha256::of(BUNDLE),
            bytes: BUNDLE.len() as u64,
            manifest_sha256: Sha256([3; 32]),
        },
        request: None,
        basis: Basis::Interactive,
        policy: None,
        who: Some(Who {
            loginuid: Some(1000),
            sudo_uid: Some(1000),
            login: Some(line("ops1")),
            uid: 0,
            audit_session: Some(42),
            tty: Some(line("pts/1")),
            authority: line("declares authority to act for the customer"),
            approver_keyid: None,
        }),
        purpose: line("incident-diagnosis"),
        case: Some(line("INC-20391")),
        scope: Scope { level: Level::Basic, sources: vec![line("kernel.dmesg"), line("logs.messages")] },
        data_categories: vec![line("system-log")],
        personal_data: PersonalData {
            possible: vec![line("ip-address")],
            redaction: line("standard"),
            counts: [("ipv4".to_owned(), 3023)].into(),
            kept: Vec::new(),
        },
        recipient: Receiver {
            name: line("支持中心"),
            contact: line("privacy@example.cn"),
            country: line("CN"),
            cross_border: false,
        },
        processing: line("diagnosis by named support staff"),
        retention_days: 30,
        delete_by: delete_by(GIVEN, 30),
        notice: Notice { id: line("notice-3"), lang: line("zh-CN"), sha256: Sha256([4; 32]), separate_consents: Vec::new() },
        rights: Rights { withdraw: line("oediag consent withdraw c-77"), contact: line("privacy@example.cn") },
        prev_ledger: Some(LedgerHead { seq: 57, hash: Sha256([5; 32]) }),
    }
}

pub(crate) fn envelope(consent_bytes: &[u8], ciphertext: &[u8]) -> Envelope {
    Envelope {
        schema: envelope::Schema::V1,
        bundle_id: BundleId([0x1c; 16]),
        host_id: host(),
        tenant_id: tenant(),
        request_id: None,
        created: Time(GIVEN.0 + 19),
        bundle: Plain { bytes: BUNDLE.len() as u64, sha256: Sha256::of(BUNDLE), complete: true },
        payload: Payload {
            bytes: ciphertext.len() as u64,
            sha256: Sha256::of(ciphertext),
            enc: Encryption::AgeX25519,
            recipients: vec![recipient(1), recipient(2)],
        },
        consent_sha256: Sha256::of(consent_bytes),
        keyset_version: 12,
        ledger_head: Some(LedgerHead { seq: 58, hash: Sha256([6; 32]) }),
    }
}

pub(crate) fn ack() -> Ack {
    let envelope = envelope(b"", STORED);
    Ack {
        schema: ack::Schema::V1,
        bundle_id: envelope.bundle_id,
        host_id: envelope.host_id,
        tenant_id: envelope.tenant_id,
        receipt_id: ReceiptId([0x77; 16]),
        payload: Stored { sha256: envelope.payload.sha256, bytes: envelope.payload.bytes },
        stored_at: Time(GIVEN.0 + 60),
        audit: LedgerHead { seq: 90_211, hash: Sha256([7; 32]) },
    }
}

/// Root keys 10, 11, 12 (two must sign), request key 20, ack key 30.
pub(crate) fn keyset(version: u64) -> Keyset {
    Keyset {
        schema: keyset::Schema::V1,
        version,
        issued: GIVEN,
        expires: Time(GIVEN.0 + 90 * 86_400),
        center: line("support.example.cn"),
        root: Root { threshold: 2, keys: public(&[10, 11, 12]) },
        request: RequestRole {
            threshold: 1,
            keys: vec![RequestKey {
                key: key(20).public(),
                max_severity: Severity::P1,
                scopes: vec![Level::Basic, Level::Extended],
            }],
        },
        engineer: EngineerRole { keys: Vec::new() },
        ack: AckRole { keys: public(&[30]) },
        vault: [(tenant(), vec![recipient(1)])].into(),
        recovery: vec![recipient(2)],
        revoked: Vec::new(),
        spki_pins: Vec::new(),
    }
}

/// The bundle, encrypted to vault and recovery. Other bytes each time.
pub(crate) fn ciphertext() -> Vec<u8> {
    let mut sealer = Sealer::new(Vec::new(), &[recipient(1), recipient(2)]).expect("recipients");
    std::io::Write::write_all(&mut sealer, BUNDLE).expect("memory");
    sealer.finish().expect("memory").0
}

/// The documents of an honest sealed file with this payload.
pub(crate) fn head(ciphertext: &[u8]) -> Head {
    head_with(ciphertext, |_| {}, |_| {})
}

/// The same with documents that the host changed before it signed them.
pub(crate) fn head_with(ciphertext: &[u8], receipt: impl Fn(&mut Consent), cover: impl Fn(&mut Envelope)) -> Head {
    let mut consent = consent();
    receipt(&mut consent);
    let (consent, consent_sig) = document::sign(&consent, &signer()).expect("signing");
    let mut envelope = envelope(&consent, ciphertext);
    cover(&mut envelope);
    let (bytes, envelope_sig) = document::sign(&envelope, &signer()).expect("signing");
    Head {
        envelope: bytes,
        envelope_sig: envelope_sig.into_bytes(),
        consent,
        consent_sig: consent_sig.into_bytes(),
        approver_sig: None,
        created: Time(GIVEN.0 + 19),
    }
}
