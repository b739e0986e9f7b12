//! From consent to ack, over the wire; and each way in which it must not go.

use crate::{common::Center, host::Host};

#[test]
fn a_sealed_file_goes_from_consent_to_its_ack() {
    let center = Center::start("ack");
    let host = Host::enrol(&center, "t-1");
    let sealed = host.seal_some(3_000_000);
    let reply = host.upload(&center, &sealed);
    let ack = host.ack(&reply, &sealed);
    assert!(ack.audit.seq > 0);
}
