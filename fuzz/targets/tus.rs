//! Headers of uploads. In: a text, as the value of each header that the center reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oediag_fuzz::{
    metadata::Metadata,
    values::{checksum, whole_number},
};
use oediag_protocol::id::ReceiptId;

fuzz_target!(|data: &str| {
    if let Ok(metadata) = Metadata::parse(data) {
        for pair in data.split(',') {
            let name = pair.trim().split(' ').next().unwrap_or_default();
            assert!(metadata.get(name).is_some() || data.trim().is_empty(), "{name}");
        }
        metadata.get("receipt").and_then(|id| std::str::from_utf8(id).ok()).and_then(ReceiptId::parse);
    }
    assert!(whole_number(data).is_none_or(|number| number.to_string() == data.trim_start_matches('0') || number == 0));
    assert!(checksum(data).is_none() || data.len() == "sha256 ".len() + 44);
});
