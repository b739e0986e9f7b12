//! Enrolment: the token tells nothing, proves everything, and confirms the center (T25, as far as it needs no memory).

use oediag_protocol::{
    bundle::manifest::Os,
    enroll::{EnrollError, EnrollRequest, Enrolled, ReplySchema, Token},
    id::{HostId, TenantId},
    json,
    keyset::{Keyset, KeysetError, RootPin},
    kit::{Admission, AdmissionSchema, Kit, KitSchema},
    signed::{Signed, SignedError},
    time::Time,
};

use crate::{
    common::host,
    papers::{GIVEN, key, keyset, line, tenant},
};

const SECRET: &str = "a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5";

fn token() -> Token {
    Token::new(tenant(), [0xa5; 16], keyset(1).root.pin())
}

fn request() -> EnrollRequest {
    EnrollRequest::new(&token(), host(), (key(7).public(), key(8).public()), Os::default(), [1; 32])
}

fn reply(keysets: &[Keyset]) -> Enrolled {
    let keysets = keysets.iter().map(|keyset| Signed::new(keyset, &[&key(10), &key(11)]).expect("signing")).collect();
    Enrolled { schema: ReplySchema::V1, host_id: host(), tenant_id: tenant(), keysets }
}

#[test]
fn tokens_have_one_form_and_do_not_show_themselves() {
    let text = token().to_text();
    assert_eq!(*text, format!("oed1.t-1042.{SECRET}.{}", keyset(1).root.pin()));
    assert_eq!(*Token::parse(&text).expect("a token").to_text(), *text);
    assert!(!format!("{:?} {:?}", token(), token().verifier()).contains("a5a5"));
    let pin = "0123456789abcdef0123";
    for bad in [
        "",
        "oed1",
        &format!("oed2.t-1.{SECRET}.{pin}"),
        &format!("oed1.1.{SECRET}.{pin}"),
        &format!("oed1.t-1.{}.{pin}", &SECRET[1..]),
        &format!("oed1.t-1.{}.{pin}", SECRET.to_uppercase()),
        &format!("oed1.t-1.{SECRET}.{}", &pin[1..]),
        &format!("oed1.t-1.{SECRET}.{pin}."),
        &format!("oed1.t-1.{SECRET}.{pin}\n"),
        &format!("oed1.t-1.{SECRET}"),
    ] {
        assert!(Token::parse(bad).is_none(), "{bad:?}");
    }
}

#[test]
fn a_request_proves_token_and_key() {
    let signed = Signed::new(&request(), &[&key(7)]).expect("signing");
    let bytes = signed.to_bytes().expect("JSON");
    assert!(!String::from_utf8_lossy(&json::to_bytes(&request()).expect("JSON")).contains(SECRET), "the secret stays");
    let opened = EnrollRequest::open(&Signed::parse(&bytes).expect("good")).expect("signed by its key");
    assert_eq!(opened, request());
    assert!(token().verifier().accepts(&opened));
    assert_eq!(opened.token, token().verifier().id());

    let foreign = Signed::new(&request(), &[&key(9)]).expect("signing");
    assert_eq!(EnrollRequest::open(&foreign), Err(SignedError::TooFew { found: 0, needed: 1 }));
    // Who saw the request cannot enrol another host, other keys or another time with it.
    let edits: &[fn(&mut EnrollRequest)] = &[
        |request| request.host_id = HostId([1; 16]),
        |request| request.host_key = key(9).public(),
        |request| request.transport_key = key(9).public(),
        |request| request.nonce.0[0] ^= 1,
        |request| request.proof.0[0] ^= 1,
        |request| request.token.0[0] ^= 1,
    ];
    for edit in edits {
        let mut changed = request();
        edit(&mut changed);
        assert!(!token().verifier().accepts(&changed), "{changed:?}");
    }
    let other = Token::new(tenant(), [0xa6; 16], keyset(1).root.pin());
    assert!(!other.verifier().accepts(&request()));
    let same = EnrollRequest::new(&token(), host(), (key(7).public(), key(7).public()), Os::default(), [1; 32]);
    assert!(matches!(Signed::new(&same, &[&key(7)]), Err(SignedError::Document(_))));
}

#[test]
fn a_reply_is_confirmed_by_the_token() {
    let accept = |reply: &Enrolled| reply.accept(&token(), host(), GIVEN);
    let good = reply(&[keyset(1), keyset(2), keyset(3)]);
    assert_eq!(Enrolled::parse(&json::to_bytes(&good).expect("JSON")).as_ref(), Ok(&good));
    assert_eq!(accept(&good), Ok(keyset(3)));
    assert_eq!(accept(&reply(&[keyset(1)])), Ok(keyset(1)));

    assert_eq!(accept(&reply(&[])), Err(EnrollError::NoKeyset));
    assert_eq!(accept(&reply(&[keyset(1), keyset(3)])), Err(KeysetError::Skipped { have: 1, found: 3 }.into()));
    assert_eq!(good.accept(&token(), HostId([1; 16]), GIVEN), Err(EnrollError::Other));
    let other = Token::new(TenantId::parse("t-1").expect("a tenant"), [0xa5; 16], keyset(1).root.pin());
    assert_eq!(good.accept(&other, host(), GIVEN), Err(EnrollError::Other));
    let pin = Token::new(tenant(), [0xa5; 16], RootPin([0; 10]));
    assert_eq!(good.accept(&pin, host(), GIVEN), Err(KeysetError::Pin.into()));
    assert_eq!(good.accept(&token(), host(), Time(1 << 40)), Err(EnrollError::Expired));
    let mut without = keyset(2);
    without.vault.clear();
    assert_eq!(accept(&reply(&[keyset(1), without])), Err(EnrollError::NoVault));
    Enrolled::parse(b"{}").expect_err("not a reply");
}

#[test]
fn a_kit_is_confirmed_by_the_fingerprint_that_a_person_compared() {
    let kit = |keysets: &[Keyset]| Kit {
        schema: KitSchema::V1,
        tenant_id: tenant(),
        url: line("https://support.example.cn"),
        keysets: reply(keysets).keysets,
    };
    let good = kit(&[keyset(1), keyset(2)]);
    assert_eq!(Kit::parse(&json::to_bytes(&good).expect("JSON")).as_ref(), Ok(&good));
    let pin = keyset(1).root.pin();
    assert_eq!(good.accept(pin, GIVEN), Ok(keyset(2)));
    assert_eq!(good.accept(RootPin([0; 10]), GIVEN), Err(KeysetError::Pin.into()));
    assert_eq!(good.accept(pin, Time(1 << 40)), Err(EnrollError::Expired));
    assert_eq!(kit(&[]).accept(pin, GIVEN), Err(EnrollError::NoKeyset));
    assert_eq!(kit(&[keyset(2)]).accept(pin, GIVEN).is_ok(), keyset(2).root.pin() == pin);
    let mut other = good.clone();
    other.tenant_id = TenantId::parse("t-1").expect("a tenant");
    assert_eq!(other.accept(pin, GIVEN), Err(EnrollError::NoVault));
    Kit::parse(br#"{"schema":"oediag.kit/1"}"#).expect_err("not a kit");
}

#[test]
fn an_admission_is_signed_by_the_key_that_it_names() {
    let admission = Admission {
        schema: AdmissionSchema::V1,
        tenant_id: tenant(),
        host_id: host(),
        host_key: key(7).public(),
        transport_key: key(8).public(),
        os: Os::default(),
        at: GIVEN,
    };
    let signed = Signed::new(&admission, &[&key(7)]).expect("signing");
    assert_eq!(Admission::open(&signed).as_ref(), Ok(&admission));
    let foreign = Signed::new(&admission, &[&key(9)]).expect("signing");
    assert_eq!(Admission::open(&foreign), Err(SignedError::TooFew { found: 0, needed: 1 }));
    let same = Admission { transport_key: key(7).public(), ..admission };
    assert!(matches!(Signed::new(&same, &[&key(7)]), Err(SignedError::Document(_))));
}
