//! Sample requests for tests, and the keyset of the host that is asked.

use oediag_protocol::{
    consent::Level,
    digest::Sha256,
    document::Document,
    id::{BundleId, RequestId},
    keyset::{EngineerKey, Keyset, RequestKey, Severity},
    request::{
        cancel::{self, Cancel},
        paper::{self, Ask, Deliver, Held, Nonce, Person, Recipient, Redaction, Request, Role, Scope, Source, Words},
        value::{Name, Value},
        verify::{Asked, Clock},
    },
    signed::Signed,
    time::Time,
};

use crate::{
    common::host,
    papers::{GIVEN, key, keyset, line, public, tenant},
};

/// When the sample request was made: a day after the keyset.
pub(crate) const MADE: Time = Time(GIVEN.0 + 86_400);
pub(crate) const DAY: i64 = 86_400;

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(crate) fn value(text: &str) -> Value {
    serde_json::from_value(text.into()).expect("a value")
}

pub(crate) fn person(id: &str, role: Role) -> Person {
    Person { id: line(id), name: line("Li Wei"), role, auth: line("oidc+mfa") }
}

pub(crate) fn source(id: &str, params: &[(&str, Value)]) -> Source {
    Source { id: name(id), params: params.iter().map(|(key, value)| (name(key), value.clone())).collect() }
}

pub(crate) fn request() -> Request {
    Request {
        schema: paper::Schema::V1,
        request_id: RequestId([0x5d; 16]),
        nonce: Nonce([0x0e; 16]),
        tenant_id: tenant(),
        host_id: host(),
        created: MADE,
        not_before: MADE,
        expires: Time(MADE.0 + DAY),
        case: line("INC-20391"),
        severity: Severity::P2,
        reason: Words { zh_cn: line("定位磁盘延迟告警"), en: line("Locate disk latency alerts") },
        requested_by: person("li.wei", Role::Engineer),
        approved_by: None,
        scope: Scope {
            level: Level::Basic,
            ask: Ask::Bundle,
            preset: Some(name("perf")),
            sources: vec![
                source("logs.messages", &[("since", value("24h"))]),
                source("performance.sample", &[("seconds", Value::Number(60))]),
            ],
            held: None,
        },
        redaction_min: Redaction::Standard,
        max_bytes: 256 << 20,
        max_seconds: 600,
        retention_days: 30,
        recipient: Recipient { name: line("openEuler Support Center"), country: line("CN"), processors: Vec::new() },
        purpose: line("incident-diagnosis"),
        deliver: Deliver::Upload,
    }
}

pub(crate) fn extended() -> Request {
    let mut request = request();
    request.scope.level = Level::Extended;
    request.approved_by = Some(person("zhao.min", Role::Lead));
    request
}

pub(crate) fn items() -> Request {
    let mut request = request();
    let held = Held { bundle_id: BundleId([0x1c; 16]), manifest_sha256: Sha256([3; 32]), items: vec![0, 7] };
    request.scope = Scope { level: Level::Basic, ask: Ask::Items, preset: None, sources: Vec::new(), held: Some(held) };
    request
}

pub(crate) fn cancel() -> Cancel {
    Cancel {
        schema: cancel::Schema::V1,
        request_id: request().request_id,
        tenant_id: tenant(),
        host_id: host(),
        created: MADE,
        reason: request().reason,
        cancelled_by: person("li.wei", Role::Engineer),
    }
}

/// Request keys 20 (goes everywhere), 21 (P3 and basic at most) and 22; engineers 40 (li.wei) and 41 (wang.fang).
pub(crate) fn keys() -> Keyset {
    let mut keyset = keyset(1);
    let small = RequestKey { key: key(21).public(), max_severity: Severity::P3, scopes: vec![Level::Basic] };
    let other = RequestKey { key: key(22).public(), ..keyset.request.keys[0].clone() };
    keyset.request.keys.extend([small, other]);
    keyset.engineer.keys = [("li.wei", 40), ("wang.fang", 41)]
        .into_iter()
        .zip(public(&[40, 41]))
        .map(|((id, _), key)| EngineerKey { id: line(id), key })
        .collect();
    keyset
}

pub(crate) fn wrapped<T: Document>(document: &T, seeds: &[u8]) -> Vec<u8> {
    let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
    Signed::new(document, &keys.iter().collect::<Vec<_>>()).and_then(|signed| signed.to_bytes()).expect("signing")
}

pub(crate) fn at(now: Time) -> Clock {
    Clock { now, floor: None, trusted: true }
}

/// Calls `with` with the host of the samples under this keyset.
pub(crate) fn asked<R>(keyset: &Keyset, with: impl FnOnce(Asked<'_>) -> R) -> R {
    with(Asked { keyset, host_id: host(), tenant_id: &tenant() })
}
