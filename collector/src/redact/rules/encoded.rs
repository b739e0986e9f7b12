//! Values in another form: records of the audit system, bytes of the journal, keys of Kubernetes and in JSON.

use super::{Bound, KEY_PART, Rule, TOKEN, Test, Verify, rule};
use crate::redact::kinds::Kind;

pub(super) const ROWS: &[Rule] = &[
    // Audit records.
    rule(" a0=", Kind::AuditHex, Verify::Hex),
    rule(" a1=", Kind::AuditHex, Verify::Hex),
    rule(" a2=", Kind::AuditHex, Verify::Hex),
    rule(" a3=", Kind::AuditHex, Verify::Hex),
    rule(" a4=", Kind::AuditHex, Verify::Hex),
    rule(" a5=", Kind::AuditHex, Verify::Hex),
    rule(" a6=", Kind::AuditHex, Verify::Hex),
    rule(" a7=", Kind::AuditHex, Verify::Hex),
    rule(" a8=", Kind::AuditHex, Verify::Hex),
    rule(" a9=", Kind::AuditHex, Verify::Hex),
    rule(" a10=", Kind::AuditHex, Verify::Hex),
    rule(" a11=", Kind::AuditHex, Verify::Hex),
    rule(" a12=", Kind::AuditHex, Verify::Hex),
    rule(" a13=", Kind::AuditHex, Verify::Hex),
    rule(" a14=", Kind::AuditHex, Verify::Hex),
    rule(" a15=", Kind::AuditHex, Verify::Hex),
    rule(" argc=", Kind::AuditHex, Verify::Arguments),
    rule("type=execve", Kind::AuditHex, Verify::Arguments),
    // Bytes in the JSON of the journal.
    rule("\":[", Kind::JournalBin, Verify::Numbers),
    rule("\": [", Kind::JournalBin, Verify::Numbers),
    rule("\" : [", Kind::JournalBin, Verify::Numbers),
    // Keys of Kubernetes.
    rule("certificatekey", Kind::K8sSecret, TOKEN),
    rule("certificate-key", Kind::K8sSecret, TOKEN),
    rule("certificate key", Kind::K8sSecret, TOKEN),
    // The private numbers of a key in JSON (JWK).
    rule("\"d\"", Kind::PrivateKey, KEY_PART),
    rule("\"p\"", Kind::PrivateKey, KEY_PART),
    rule("\"q\"", Kind::PrivateKey, KEY_PART),
    rule("\"dp\"", Kind::PrivateKey, KEY_PART),
    rule("\"dq\"", Kind::PrivateKey, KEY_PART),
    rule("\"qi\"", Kind::PrivateKey, KEY_PART),
    rule("\"k\"", Kind::PrivateKey, KEY_PART),
    rule("auth", Kind::DockerAuth, Verify::Key(Bound::Word, Test::Login)),
    rule("identitytoken", Kind::DockerAuth, TOKEN),
    rule("registrytoken", Kind::DockerAuth, TOKEN),
    rule("private_key", Kind::PrivateKey, TOKEN),
    rule("private-key", Kind::PrivateKey, TOKEN),
    rule("proctitle=", Kind::AuditHex, Verify::Hex),
    rule("cmd=", Kind::AuditHex, Verify::Hex),
    rule("data=", Kind::AuditHex, Verify::Hex),
];
