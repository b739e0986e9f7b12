//! Strict JSON: one document, one meaning.

use oediag_protocol::{
    bundle::manifest::{Item, ItemKind, Kept, LedgerHead, Manifest, Outcome, Reason, Truncated},
    digest::Sha256,
    id::BundleId,
    json::{JsonError, parse, to_bytes},
    time::Time,
};
use proptest::{collection::vec, option, prelude::*};
use serde_json::Value;

use crate::common::{item, manifest};

fn any_json(text: &str) -> Result<Value, JsonError> {
    parse(text.as_bytes(), 1 << 20)
}

fn path_of(error: JsonError) -> String {
    match error {
        JsonError::Syntax { path, .. }
        | JsonError::Duplicate { path }
        | JsonError::Number { path }
        | JsonError::TooComplex { path }
        | JsonError::Unknown { path }
        | JsonError::Changed { path } => path,
        other => panic!("no path: {other}"),
    }
}

#[test]
fn plain_documents_are_read() {
    for text in [
        "{}",
        "[]",
        "null",
        "true",
        "\"\"",
        "0",
        "-1",
        "9007199254740991",
        "-9007199254740991",
        " {\"a\" : [ 1 , {} ] }\n",
        "\"\\ud83d\\ude00\"",
    ] {
        any_json(text).expect(text);
    }
}

#[test]
fn numbers_are_small_integers() {
    for number in
        ["1.0", "1.5", "1e3", "1E0", "-0", "-0.0", "9007199254740992", "-9007199254740992", "18446744073709551616", "1e400"]
    {
        let error = any_json(&format!("{{\"a\":[0,{number}]}}")).expect_err(number);
        assert!(matches!(error, JsonError::Number { .. } | JsonError::Syntax { .. }), "{number}: {error}");
        assert_eq!(path_of(error), "a[1]");
    }
}

#[test]
fn a_key_may_come_once() {
    for (text, path) in
        [(r#"{"a":1,"a":1}"#, "a"), (r#"{"x":[{"a":1,"b":2,"a":null}]}"#, "x[0].a"), (r#"{"a":1,"\u0061":2}"#, "a")]
    {
        assert_eq!(any_json(text), Err(JsonError::Duplicate { path: path.to_owned() }));
    }
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    for (text, path) in [
        ("", ""),
        ("{", ""),
        ("{}{}", ""),
        ("{} x", ""),
        ("[1,]", ""),
        ("{\"a\":{\"b\":nul}}", "a.b"),
        ("{\"a\":[1,2,\"x]}", "a[2]"),
        ("{\"a\":\"\\ud800\"}", "a"),
        ("{\"a\":\"\u{1}\"}", "a"),
        ("{'a':1}", ""),
        ("{a:1}", ""),
        ("NaN", ""),
        ("// x\n{}", ""),
        ("01", ""),
        ("+1", ""),
    ] {
        let error = any_json(text).expect_err(text);
        assert!(matches!(error, JsonError::Syntax { .. }), "{text}: {error}");
        assert_eq!(path_of(error), path, "{text}");
    }
}

#[test]
fn encoding_size_and_depth_are_bounded() {
    assert_eq!(parse::<Value>(b"\xef\xbb\xbf{}", 99), Err(JsonError::Encoding { at: 0 }));
    assert_eq!(parse::<Value>(b"\xff\xfe{\0}\0", 99), Err(JsonError::Encoding { at: 0 }));
    assert_eq!(parse::<Value>(b"{\"a\":\"\xc0\xaf\"}", 99), Err(JsonError::Encoding { at: 6 }));
    assert_eq!(parse::<Value>(b"[10]", 4), Ok(serde_json::json!([10])));
    assert_eq!(parse::<Value>(b"[10]", 3), Err(JsonError::TooLarge { bytes: 4, max: 3 }));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    any_json(&nested(16)).expect("as deep as allowed");
    assert_eq!(path_of(any_json(&nested(17)).expect_err("too deep")), "[0]".repeat(16));
    any_json(&nested(100_000)).expect_err("too deep");
    any_json(&"[".repeat(100_000)).expect_err("too deep");
    let many = format!("[{}0]", "0,".repeat(4_000_000));
    assert!(matches!(parse::<Value>(many.as_bytes(), 32 << 20), Err(JsonError::TooComplex { .. })));
}

#[test]
fn unknown_fields_are_refused_at_every_level() {
    let known = serde_json::to_value(manifest(vec![item("a", ItemKind::File, None, Outcome::Skipped)])).expect("JSON");
    let read = |value: &Value| parse::<Manifest>(value.to_string().as_bytes(), 1 << 20);
    read(&known).expect("as written");

    let mut top = known.clone();
    top["surprise"] = true.into();
    assert_eq!(read(&top), Err(JsonError::Unknown { path: "surprise".to_owned() }));
    for place in ["/agent", "/os", "/clock", "/window", "/limits", "/redaction", "/items/0"] {
        let mut nested = known.clone();
        nested.pointer_mut(place).expect(place)["surprise"] = 1.into();
        let error = read(&nested).expect_err(place);
        assert!(error.to_string().contains("surprise"), "{error}");
    }
}

#[test]
fn absent_and_null_are_the_same() {
    let known = serde_json::to_value(manifest(vec![item("a", ItemKind::File, None, Outcome::Skipped)])).expect("JSON");
    let mut told = known.clone();
    told["items"][0]["exit"] = Value::Null;
    told["items"][0]["truncated"] = Value::Null;
    let mut untold = known.clone();
    untold.as_object_mut().expect("object").remove("case");
    let read = |value: &Value| parse::<Manifest>(value.to_string().as_bytes(), 1 << 20).expect("the same");
    assert_eq!(read(&told), read(&known));
    assert_eq!(read(&untold), read(&known));
}

/// A type that changes what it reads.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Sorted {
    names: std::collections::BTreeSet<String>,
}

#[test]
fn values_have_one_form() {
    let known = serde_json::to_value(manifest(Vec::new())).expect("JSON");
    for (place, value) in [
        ("/started", "2026-11-23T01:02:03+00:00"),
        ("/started", "2026-11-23t01:02:03Z"),
        ("/started", "2026-11-23T01:02:03.0Z"),
        ("/bundle_id", "1C1C1C1C1C1C1C1C1C1C1C1C1C1C1C1C"),
        ("/host_id", "abababababababababababababababab"),
    ] {
        let mut other = known.clone();
        *other.pointer_mut(place).expect(place) = value.into();
        let error = parse::<Manifest>(other.to_string().as_bytes(), 1 << 20).expect_err(value);
        assert!(matches!(error, JsonError::Shape { .. }), "{error}");
    }
    // What `T` quietly changes is noticed.
    let changed = parse::<Sorted>(br#"{"names":["b","a"]}"#, 99).expect_err("not in order");
    assert_eq!(changed, JsonError::Changed { path: "names[0]".to_owned() });
}

#[test]
fn the_manifest_of_the_design_document_is_of_the_right_shape() {
    let text = include_str!("manifest.json");
    let manifest: Manifest = parse(text.as_bytes(), 32 << 20).expect("a manifest as a third party would write it");
    assert_eq!(manifest.items.len(), 3);
    assert_eq!(manifest.items[2].reason, Some(Reason::UntrustedPath));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z.]{1,12}", ".{0,20}", Just("\u{1b}[31m\u{202e}\"\\\u{0}".to_owned())]
}

fn moments() -> impl Strategy<Value = Time> {
    (0..253_402_207_200_i64).prop_map(Time)
}

prop_compose! {
    fn items()(
        id in text(),
        path in option::of(text()),
        offset in option::of(0..1_u64 << 53),
        outcome in prop_oneof![Just(Outcome::Collected), Just(Outcome::Truncated), Just(Outcome::Skipped), Just(Outcome::TimedOut)],
        reason in option::of(prop_oneof![Just(Reason::Stuck), Just(Reason::NotPresent), Just(Reason::OutsideWindow)]),
        error in vec(text(), 0..3),
        argv in vec(text(), 0..3),
        src in option::of(text()),
        exit in option::of(any::<i32>()),
        mtime in option::of(moments()),
        bytes in 0..1_u64 << 53,
        sha256 in option::of(any::<[u8; 32]>()),
        truncated in option::of((any::<bool>(), 0..1_u64 << 53, option::of(0..1_u64 << 53))),
        redactions in proptest::collection::btree_map(text(), 0..1_u64 << 53, 0..4),
    ) -> Item {
        let truncated = truncated.map(|(head, limit, line_offset)| {
            Truncated { how: if head { Kept::Head } else { Kept::Tail }, limit, line_offset }
        });
        Item {
            offset, reason, error, argv, src, exit, mtime, bytes, truncated, redactions,
            sha256: sha256.map(Sha256),
            ..item(&id, ItemKind::Command, path.as_deref(), outcome)
        }
    }
}

prop_compose! {
    fn manifests()(
        items in vec(items(), 0..6),
        tenant_id in option::of(text()),
        preset in vec(text(), 0..3),
        since in option::of(moments()),
        ended in moments(),
        derived in option::of(any::<[u8; 16]>()),
        head in option::of((0..1_u64 << 53, any::<[u8; 32]>())),
        incomplete_reason in option::of(proptest::sample::select(vec![Reason::Interrupted, Reason::DiskFull, Reason::Cancelled])),
    ) -> Manifest {
        let mut manifest = manifest(items);
        manifest.start.tenant_id = tenant_id;
        manifest.start.preset = preset;
        manifest.start.window.since = since;
        manifest.start.derived_from = derived.map(BundleId);
        manifest.ended = ended;
        manifest.ledger_head = head.map(|(seq, hash)| LedgerHead { seq, hash: Sha256(hash) });
        manifest.complete = incomplete_reason.is_none();
        manifest.incomplete_reason = incomplete_reason;
        manifest
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// T14 for the manifest; `PROPTEST_CASES=10000` for the full number.
    #[test]
    fn manifests_round_trip(manifest in manifests()) {
        let bytes = to_bytes(&manifest).expect("JSON");
        prop_assert_eq!(bytes.last(), Some(&b'\n'));
        prop_assert_eq!(parse::<Manifest>(&bytes, 1 << 20), Ok(manifest));
    }
}
