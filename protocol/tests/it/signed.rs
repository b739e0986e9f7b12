//! The JSON wrapper: who must have signed, and that it cannot choose by whom it is judged.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use oediag_protocol::{
    ack::Ack,
    consent::Consent,
    document,
    json::JsonError,
    signed::{Signed, SignedError},
    sshsig::Namespace,
};
use serde_json::{Value, json};

use crate::papers::{ack, key, keyset, public};

/// What is changed, and how.
type Edit = (&'static str, fn(&mut Value));

fn wrapped() -> Signed {
    Signed::new(&ack(), &[&key(30), &key(31)]).expect("signing")
}

fn edited(edit: impl FnOnce(&mut Value)) -> Result<Signed, SignedError> {
    let mut value: Value = serde_json::from_slice(&wrapped().to_bytes().expect("JSON")).expect("JSON");
    edit(&mut value);
    Signed::parse(value.to_string().as_bytes())
}

#[test]
fn the_wrapper_round_trips_with_the_exact_bytes() {
    let bytes = wrapped().to_bytes().expect("JSON");
    let value: Value = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(value["schema"], "oediag.signed/1");
    assert_eq!(value["type"], "oediag-ack-v1");
    assert_eq!(value["payload"], BASE64.encode(document::to_bytes(&ack()).expect("JSON")));
    assert_eq!(value["sigs"][0]["keyid"], key(30).public().fingerprint());
    let again = Signed::parse(&bytes).expect("good");
    assert_eq!(again, wrapped());
    assert_eq!(again.namespace(), Namespace::Ack);
    assert_eq!(again.open::<Ack>(&public(&[30]), 1), Ok(ack()));
}

#[test]
fn as_many_expected_keys_must_sign_as_are_needed() {
    let signed = wrapped();
    assert_eq!(signed.open::<Ack>(&public(&[99, 31, 30]), 2), Ok(ack()));
    let too_few = |found, needed| Err(SignedError::TooFew { found, needed });
    assert_eq!(signed.open::<Ack>(&public(&[30, 99]), 2), too_few(1, 2));
    assert_eq!(signed.open::<Ack>(&public(&[30, 30]), 2), too_few(1, 2), "one key counts once");
    assert_eq!(signed.open::<Ack>(&public(&[99]), 1), too_few(0, 1));
    assert_eq!(signed.open::<Ack>(&[], 0), too_few(0, 1), "somebody must sign");
    let found = signed.open::<Consent>(&public(&[30]), 1);
    assert_eq!(found, Err(SignedError::Type { found: "oediag-ack-v1", expected: "oediag-consent-v1" }));
}

#[test]
fn what_was_changed_is_refused() {
    let open = |signed: Result<Signed, SignedError>| signed.and_then(|signed| signed.open::<Ack>(&public(&[30]), 1));
    open(edited(|_| {})).expect("unchanged");
    let payload = edited(|value| value["payload"] = BASE64.encode("{}").into());
    assert!(matches!(open(payload), Err(SignedError::Signature { .. })));
    // The signature of another key in the name of the expected one.
    let renamed =
        edited(|value| value["sigs"] = json!([{ "keyid": value["sigs"][0]["keyid"], "sshsig": value["sigs"][1]["sshsig"] }]));
    assert!(matches!(open(renamed), Err(SignedError::Signature { .. })));
    // A bad signature by somebody else does no harm.
    open(edited(|value| value["sigs"][1]["sshsig"] = "junk".into())).expect("the other key signed");
    // The type is not signed itself, but the namespace is.
    let retyped = edited(|value| value["type"] = "oediag-consent-v1".into()).expect("a wrapper");
    assert!(matches!(retyped.open::<Consent>(&public(&[30]), 1), Err(SignedError::Signature { .. })));
}

#[test]
fn the_wrapper_has_one_form() {
    let edits: &[Edit] = &[
        ("schema", |value| value["schema"] = "oediag.signed/2".into()),
        ("type", |value| value["type"] = "oediag-x-v1".into()),
        ("unknown field", |value| value["x"] = 1.into()),
        ("unknown field in a signature", |value| value["sigs"][0]["x"] = 1.into()),
        ("base64 without padding", |value| value["payload"] = "e30".into()),
        ("base64 with a line break", |value| value["payload"] = "e30=\n".into()),
        ("base64 with slack bits", |value| value["payload"] = "e31=".into()),
        ("no signature", |value| value["sigs"] = json!([])),
        ("one key twice", |value| value["sigs"][1] = value["sigs"][0].clone()),
        ("too many", |value| {
            value["sigs"] = (0..17).map(|n| json!({ "keyid": n.to_string(), "sshsig": "" })).collect();
        }),
    ];
    for (what, edit) in edits {
        assert!(matches!(edited(edit), Err(SignedError::Json(_))), "{what}");
    }
    let long = [wrapped().to_bytes().expect("JSON"), vec![b' '; document::MAX_BYTES]].concat();
    assert!(matches!(Signed::parse(&long), Err(SignedError::Json(JsonError::TooLarge { .. }))));
    assert!(matches!(Signed::new(&ack(), &[]), Err(SignedError::Form { .. })));
    assert!(matches!(Signed::new(&ack(), &[&key(30), &key(30)]), Err(SignedError::Form { .. })));
    let mut wrong = keyset(1);
    wrong.version = 0;
    assert!(matches!(Signed::new(&wrong, &[&key(10)]), Err(SignedError::Document(_))));
}
