//! What the targets of the redactor share: redactors of all levels, a whole text through one, and how long that takes.
//!
//! In: content. Out: what comes out of the redactor; a panic where the cut matters or where an input, repeated, is slower than
//! any text may be.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use oediag_collector::redact::{Encoding, Harvest, Key, Level, Redactor, Scratch};
use rustix::time::{ClockId, clock_gettime};

const CONTEXT: &[u8] = include_bytes!("../../collector/tests/data/redact/context.json");
/// A log as there are many: what is normal.
const NORMAL: &str =
    "Jan 18 23:31:41 bjdc-app-017 systemd[1]: Started Session 811 of user ops_admin from 203.0.113.9, 4.19.90 ok.\n";
/// So much text is timed: shorter ones tell more of the machine than of the rules.
const TIMED: usize = 256 << 10;
/// An input takes at most so many times what normal text takes: 0.2 of its rate.
const SLOWEST: u32 = 5;
/// One input of so many is timed: it takes as long as hundreds of inputs.
const SAMPLE: u64 = 256;
/// The best of so many counts.
const TRIES: u32 = 3;
/// An input that seems to be slow is measured so often again, beside normal text: the machine has other things to do.
const AGAIN: u32 = 2;

/// Redactors of all levels, of the host of the labelled cases.
pub static REDACTORS: LazyLock<[Redactor; 3]> = LazyLock::new(|| {
    let harvest = Harvest::from_context(CONTEXT).expect("the sample is good");
    [Level::Reduced, Level::Standard, Level::Strict]
        .map(|level| Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), level).expect("starts"))
});

/// What normal text takes, as it was at the start.
static NORMALLY: LazyLock<Duration> = LazyLock::new(normal);
/// Inputs that might have been timed. The first one is, so that a single input can be tried again.
static INPUTS: AtomicU64 = AtomicU64::new(0);

/// Builds the redactors and times normal text, before the first input.
pub fn start() {
    LazyLock::force(&REDACTORS);
    LazyLock::force(&NORMALLY);
}

/// What comes out, and what the text was taken for; none for content that is left out.
pub fn clean(redactor: &Redactor, text: &[u8], path: &[u8], size: usize) -> Option<(Vec<u8>, Option<Encoding>)> {
    let mut chunks = redactor.reader(text, path).with_chunk_size(size);
    let mut out = Vec::new();
    for raw in &mut chunks {
        out.extend(redactor.clean(raw.ok()?, &mut Scratch::default()).ok()?.0.into_bytes());
    }
    Some((out, chunks.encoding()))
}

/// What comes out of the usual redactor, the same wherever the text was cut, and in as many lines.
///
/// # Panics
///
/// When the cut matters, or lines are more or fewer.
pub fn any_cut(text: &[u8], path: &[u8], size: usize) -> Option<Vec<u8>> {
    let redactor = &REDACTORS[1];
    let whole = clean(redactor, text, path, 1 << 20);
    let pieces = clean(redactor, text, path, size);
    assert!(whole == pieces, "the cut matters");
    whole.map(|(out, encoding)| {
        same_lines(text, &out, encoding);
        out
    })
}

/// Lines stay lines, where a line end is a byte of its own.
///
/// # Panics
///
/// When they are more or fewer.
pub fn same_lines(text: &[u8], out: &[u8], encoding: Option<Encoding>) {
    let lines = |text: &[u8]| text.iter().filter(|byte| **byte == b'\n').count();
    // A byte of a length, or half of a character.
    let counted = !matches!(encoding, Some(Encoding::Utf16Le | Encoding::Utf16Be | Encoding::Export));
    assert!(!counted || lines(text) == lines(out), "{} lines became {}", lines(text), lines(out));
}

/// Times one content of many, repeated: by nobody's text may the redactor be held up.
///
/// # Panics
///
/// When it takes more than five times as long as normal text of that size, and does so again twice.
pub fn not_slow(content: &[u8], path: &[u8]) {
    if content.is_empty() || !INPUTS.fetch_add(1, Ordering::Relaxed).is_multiple_of(SAMPLE) {
        return;
    }
    let text = repeated(content);
    if best(&text, path) <= *NORMALLY * SLOWEST {
        return;
    }
    let mut taken = (Duration::ZERO, Duration::ZERO);
    for _ in 0..AGAIN {
        taken = (best(&text, path), normal());
        if taken.0 <= taken.1 * SLOWEST {
            return;
        }
    }
    panic!("slow: {:?}, normal text of that size {:?}", taken.0, taken.1);
}

fn normal() -> Duration {
    best(&repeated(NORMAL.as_bytes()), b"/var/log/messages")
}

fn repeated(content: &[u8]) -> Vec<u8> {
    content.iter().copied().cycle().take(TIMED).collect()
}

fn best(text: &[u8], path: &[u8]) -> Duration {
    (0..TRIES).map(|_| time(text, path)).min().unwrap_or_default()
}

/// What this thread has worked for it: others run beside it.
fn time(text: &[u8], path: &[u8]) -> Duration {
    let start = worked();
    std::hint::black_box(clean(&REDACTORS[1], text, path, 1 << 20));
    worked().saturating_sub(start)
}

fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}
