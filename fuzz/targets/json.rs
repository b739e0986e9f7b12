//! JSON documents: what is accepted can be written and read again, and is the same. In: any bytes, as every kind of document.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use oediag_analysis::{AlertsJson, Facts};
use oediag_fuzz::samples::{NOW, signer};
use oediag_protocol::{
    ack::Ack,
    bundle::{
        manifest::{BundleJson, Manifest},
        sums,
    },
    consent::Consent,
    document::{self, Document},
    enroll::{EnrollRequest, Enrolled},
    envelope::Envelope,
    json,
    keyset::Keyset,
    signed::Signed,
};

fuzz_target!(|data: &[u8]| {
    object(json::parse::<Manifest>(data, data.len()));
    object(json::parse::<BundleJson>(data, data.len()));
    object(json::parse::<AlertsJson>(data, data.len()));
    object(json::parse::<Facts>(data, data.len()));
    signable::<Consent>(data);
    signable::<Envelope>(data);
    signable::<Ack>(data);
    signable::<EnrollRequest>(data);
    signable::<Keyset>(data);
    let signed = Signed::parse(data);
    if let Ok(signed) = &signed {
        EnrollRequest::open(signed).ok();
        signed.open::<Keyset>(&[signer().public()], 1).ok();
        if let Ok(keyset) = Keyset::first(signed, oediag_protocol::keyset::RootPin([0; 10])) {
            keyset.freshness(NOW);
        }
    }
    object(signed);
    object(Enrolled::parse(data));
    if let Ok(listed) = sums::parse(data) {
        assert_eq!(sums::format(listed).as_bytes(), data);
    }
});

fn signable<T: Document + PartialEq + Debug>(bytes: &[u8]) {
    object(document::parse::<T>(bytes));
}

fn object<T, E>(read: Result<T, E>)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    if let Ok(read) = read {
        let bytes = json::to_bytes(&read).expect("what was read can be written");
        assert_eq!(json::parse::<T>(&bytes, bytes.len()).as_ref(), Ok(&read));
    }
}
