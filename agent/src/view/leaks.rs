//! What the leak gate found after redaction, in one sentence for the card and before a consent.
//!
//! In: a manifest. Out: how much, and the first place to look at. Never: a value.

use oediag_protocol::bundle::manifest::Manifest;
use serde::Serialize;

use crate::{term, text, texts::Texts};

/// What was found and masked, or left out with its item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leaks {
    /// How many values.
    pub count: u64,
    /// The item that has the first of them: its member, or where it comes from if it was left out.
    pub item: String,
    /// The line in it, from 1; none: in a name or a message.
    pub line: Option<u64>,
}

impl Leaks {
    /// What was found in the bundle of this manifest; none when nothing was.
    pub fn of(manifest: &Manifest) -> Option<Leaks> {
        let count = manifest.redaction.leaks.values().sum();
        let items = manifest.items.iter().filter(|item| !item.leaks.is_empty());
        let item = items.min_by_key(|item| item.leaks.places.first().is_none_or(|place| place.line.is_none()))?;
        let name = item.path.as_ref().or(item.src.as_ref()).unwrap_or(&item.id);
        let line = item.leaks.places.first().and_then(|place| place.line);
        Some(Leaks { count, item: name.clone(), line })
    }

    /// The sentence, safe for a terminal.
    pub fn words(&self, texts: &Texts) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        text!(texts, "leaks-found", count = self.count, place = format!("{}{line}", term::escape(&self.item)))
    }
}

#[cfg(test)]
mod tests {
    use oediag_protocol::bundle::manifest::{Outcome, Place, Reason};

    use super::*;
    use crate::{
        cli::Language,
        view::sample::{item, manifest},
    };

    #[test]
    fn a_place_with_a_line_is_named_before_one_without() {
        let found = |name: &str, line| {
            let mut item = item(name, None, Outcome::Failed, Some(Reason::Leak));
            item.leaks.counts.insert("hostname".to_owned(), 1);
            item.leaks.places = vec![Place { line, kind: "hostname".to_owned() }];
            item.src = Some(format!("/var/log/{name}"));
            item
        };
        let mut two = manifest(vec![found("a", None), found("b\u{1b}[1m", Some(7))]);
        assert_eq!(Leaks::of(&manifest(vec![])), None);
        two.redaction.leaks.insert("hostname".to_owned(), 2);
        let leaks = Leaks::of(&two).expect("two");
        assert_eq!((leaks.count, leaks.line), (2, Some(7)));
        for language in [Language::En, Language::ZhCn] {
            let words = leaks.words(&Texts::new(language));
            assert!(words.contains("/var/log/b\\x1b[1m:7") && words.contains('2'), "{words}");
        }
    }
}
