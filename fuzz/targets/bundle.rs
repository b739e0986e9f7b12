//! Bundles: tar headers, the reader, members at their offsets, the verdict. In: a tar archive; its check sums and its gzip are
//! made right, so that the fuzzer gets behind them.
#![no_main]

use std::io::{Cursor, Read as _};

use libfuzzer_sys::fuzz_target;
use oediag_fuzz::{
    archive::{packed, summed},
    samples::signer,
};
use oediag_protocol::bundle::{
    reader::{Reader, open_at},
    ustar,
    verify::{Trust, verify},
};

fuzz_target!(|data: &[u8]| {
    header(data);
    let tar = summed(data.to_vec());
    header(&tar);
    let bundle = packed(&tar);
    let mut reader = Reader::new(&bundle[..]);
    while let Ok(Some(entry)) = reader.next_entry() {
        let mut content = Vec::new();
        if reader.read_to_end(&mut content).is_err() {
            break;
        }
        assert_eq!(content.len() as u64, entry.size);
        let mut again = Vec::new();
        let mut member = open_at(Cursor::new(&bundle), entry.offset, &entry.path).expect("just read");
        // Its padding is looked at here, by the other reader on the way to the next member.
        if member.read_to_end(&mut again).is_ok() {
            assert_eq!(again, content);
        }
    }
    let report = verify(Cursor::new(&bundle), None, Trust::Key(&signer().public()), None);
    assert!(!report.ok, "there is no detached signature");
});

/// A header that is accepted is the one that we would write.
fn header(bytes: &[u8]) {
    if let Some(block) = bytes.first_chunk()
        && let Ok(entry) = ustar::parse(block)
    {
        assert_eq!(ustar::header(&entry.path, entry.size, entry.mtime).as_ref(), Ok(block));
    }
}
