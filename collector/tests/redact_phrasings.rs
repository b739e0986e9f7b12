//! Phrasings of the world, one a row: what must go, and what looks like it and must stay as it is.

use oediag_collector::redact::{Harvest, Key, Level, Redactor, Scratch};

/// Path, text and secret, parted by tabs; `⏎` is a line end, `⇥` a tab. Without a secret the text stays.
const ROWS: &str = include_str!("data/redact/phrasings.tsv");

fn redact(redactor: &Redactor, path: &str, text: &str) -> String {
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    for raw in redactor.reader(text.as_bytes(), path.as_bytes()) {
        let (clean, _) = redactor.clean(raw.expect("text"), &mut scratch).expect("clean");
        out.extend_from_slice(clean.as_bytes());
    }
    String::from_utf8(out).expect("still UTF-8")
}

#[test]
fn phrasings_go_and_their_likes_stay() {
    let key = Key::for_bundle(&[1; 32], &[2; 16]);
    let redactor = Redactor::new(&Harvest::default(), &key, Level::Standard).expect("the self-test passes");
    let plain = |text: &str| text.replace('⏎', "\n").replace('⇥', "\t");
    for row in ROWS.lines().filter(|row| !row.starts_with('#')) {
        let mut columns = row.split('\t').map(plain);
        let mut next = || columns.next().unwrap_or_default();
        let (path, text, secret) = (next(), next(), next());
        let path = if path.is_empty() { "/var/log/any.log" } else { &path };
        let out = redact(&redactor, path, &text);
        if secret.is_empty() {
            assert_eq!(out, text);
        } else {
            assert!(!out.contains(&secret), "{text}\n{out}");
            assert_eq!(redact(&redactor, path, &out), out, "twice");
        }
    }
}
