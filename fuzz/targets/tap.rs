//! Alerts and facts out of members. In: a byte that chooses the member, one that says where to cut, then the content. The
//! conclusion does not depend on the cut.
#![no_main]

use jiff::{Timestamp, tz::TimeZone};
use libfuzzer_sys::fuzz_target;
use oediag_analysis::{Conclusion, Context, Lang, conclude, plots::timeline, tap};
use oediag_fuzz::members::{READ, chosen};

fuzz_target!(|data: &[u8]| {
    let Some((&[choice, cut], content)) = data.split_first_chunk() else { return };
    let path = chosen(READ, choice);
    let whole = read(path, &[content]);
    let (one, other) = content.split_at(usize::from(cut).min(content.len()));
    assert_eq!(read(path, &[one, other]), whole);
    timeline(&whole.alerts, &TimeZone::UTC, Lang::En);
});

fn read(path: &str, chunks: &[&[u8]]) -> Conclusion {
    let latest = Timestamp::from_second(1_767_318_330).expect("a time");
    let booted = Timestamp::from_second(1_767_045_731).ok();
    let mut tap = tap(path, &Context { latest, zone: TimeZone::UTC, booted }).expect("a path that is read");
    chunks.iter().for_each(|chunk| tap.feed(chunk));
    conclude(vec![tap.finish()])
}
