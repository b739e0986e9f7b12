//! What the targets of the redactor share: redactors of all levels, a whole text through one, and how long that takes.
//!
//! In: content. Out: what comes out of the redactor; a panic where the cut matters or where an input, repeated, is slower than
//! any text may be.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use oediag_collector::redact::{Encoding, Harvest, Key, Level, Redactor, Scratch};

const CONTEXT: &[u8] = include_bytes!("../../collector/tests/data/redact/context.json");
/// A log as there are many: what is normal.
const NORMAL: &str = "Jan 18 23:31:41 bjdc-app-017 systemd[1]: Started Session 811 of user ops_admin from 203.0.113.9, 4.19.90 ok.\n";
/// So much text is timed: shorter ones tell more of the machine than of the rules.
const TIMED: usize = 256 << 10;
/// An input takes at most so many times what normal text takes: 0.2 of its rate.
const SLOWEST: u32 = 5;
/// An input is timed again when it seems to be slow: the machine has other things to do.
const TRIES: u32 = 5;

/// Redactors of all levels, of the host of the labelled cases.
pub static REDACTORS: LazyLock<[Redactor; 3]> = LazyLock::new(|| {
    let harvest = Harvest::from_context(CONTEXT).expect("the sample is good");
    [Level::Reduced, Level::Standard, Level::Strict]
        .map(|level| Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), level).expect("starts"))
});

static TAKEN: LazyLock<Duration> =
    LazyLock::new(|| (0..TRIES).map(|_| time(&repeated(NORMAL.as_bytes()), b"/var/log/messages")).min().unwrap_or_default());

/// Builds the redactors and times normal text, before the first input.
pub fn start() {
    LazyLock::force(&REDACTORS);
    LazyLock::force(&TAKEN);
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

/// What comes out of the usual redactor, the same wherever the text was cut.
///
/// # Panics
///
/// When the cut matters.
pub fn any_cut(text: &[u8], path: &[u8], size: usize) -> Option<Vec<u8>> {
    let redactor = &REDACTORS[1];
    let whole = clean(redactor, text, path, 1 << 20);
    let pieces = clean(redactor, text, path, size);
    assert!(whole == pieces, "the cut matters");
    whole.map(|(out, _)| out)
}

/// Times the content, repeated: by nobody's text may the redactor be held up.
///
/// # Panics
///
/// When it takes more than five times as long as normal text of that size.
pub fn not_slow(content: &[u8], path: &[u8]) {
    if content.is_empty() {
        return;
    }
    let text = repeated(content);
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        best = best.min(time(&text, path));
        if best <= *TAKEN * SLOWEST {
            return;
        }
    }
    panic!("slow: {best:?}, normal text of that size {:?}", *TAKEN);
}

fn repeated(content: &[u8]) -> Vec<u8> {
    content.iter().copied().cycle().take(TIMED).collect()
}

fn time(text: &[u8], path: &[u8]) -> Duration {
    let start = Instant::now();
    std::hint::black_box(clean(&REDACTORS[1], text, path, 1 << 20));
    start.elapsed()
}
