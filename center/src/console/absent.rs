//! What a bundle does not hold, or not whole, by outcome and reason; and what was replaced in it. In: the manifest.
//! Out: groups in readable words, the ones to worry about first.

use std::collections::{BTreeMap, BTreeSet};

use oediag_protocol::bundle::manifest::{Item, Outcome, Reason, Redaction};
use serde::Serialize;

use super::texts::{Texts, code};

/// Most sources named in one group.
const NAMED: usize = 100;

/// Sources of one outcome and reason.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Group {
    /// The outcome's code, for its colour.
    code: String,
    outcome: String,
    reason: String,
    count: usize,
    /// Ids of sources, each with the first error where there is one.
    sources: Vec<Source>,
    left_out: usize,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Source {
    id: String,
    error: String,
}

/// One kind of replaced value.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Replaced {
    kind: String,
    count: u64,
}

/// The groups: failed, timed out and cut ones before skipped ones, larger ones first.
pub(super) fn absent(items: &[Item], t: &Texts) -> Vec<Group> {
    let mut groups: BTreeMap<(Outcome, Option<Reason>), Vec<&Item>> = BTreeMap::new();
    for item in items.iter().filter(|item| item.outcome != Outcome::Collected) {
        groups.entry((item.outcome, item.reason)).or_default().push(item);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|((outcome, _), items)| (rank(*outcome), std::cmp::Reverse(items.len())));
    groups.into_iter().map(|((outcome, reason), items)| group(outcome, reason, &items, t)).collect()
}

fn group(outcome: Outcome, reason: Option<Reason>, items: &[&Item], t: &Texts) -> Group {
    // Where a row does not apply, its reason has said so.
    let error = |item: &Item| if outcome == Outcome::Skipped { String::new() } else { item.error.join(": ") };
    let source = |item: &&Item| Source { id: item.id.clone(), error: error(item) };
    let sources: BTreeSet<Source> = items.iter().map(source).collect();
    Group {
        code: code(&outcome),
        outcome: t.word("outcome", &outcome),
        reason: reason.as_ref().map(|reason| t.word("reason", reason)).unwrap_or_default(),
        count: items.len(),
        left_out: sources.len().saturating_sub(NAMED),
        sources: sources.into_iter().take(NAMED).collect(),
    }
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Failed => 0,
        Outcome::TimedOut => 1,
        Outcome::Truncated => 2,
        Outcome::Skipped => 3,
        Outcome::Collected => 4,
    }
}

/// What was replaced, by kind in readable words, the most frequent first. Kinds of the same words are added up.
pub(super) fn replaced(redaction: &Redaction, t: &Texts) -> Vec<Replaced> {
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for (kind, count) in &redaction.counts {
        let sum = kinds.entry(t.word("kind", kind)).or_default();
        *sum = sum.saturating_add(*count);
    }
    let mut all: Vec<Replaced> = kinds.into_iter().map(|(kind, count)| Replaced { kind, count }).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.count));
    all
}

#[cfg(test)]
mod tests {
    use oediag_analysis::Lang;
    use oediag_protocol::{bundle::manifest::ItemKind, digest::Sha256};

    use super::*;
    use crate::console::texts::texts;

    fn item(id: &str, outcome: Outcome, reason: Reason, error: &[&str]) -> Item {
        let mut item = Item::new(id, ItemKind::Command);
        (item.outcome, item.reason) = (outcome, Some(reason));
        item.error = error.iter().map(ToString::to_string).collect();
        item
    }

    #[test]
    fn failures_come_before_what_is_not_there() {
        let items = [
            item("a", Outcome::Skipped, Reason::NotPresent, &[]),
            item("a", Outcome::Skipped, Reason::NotPresent, &[]),
            item("b", Outcome::Skipped, Reason::NotPresent, &[]),
            item("c", Outcome::Failed, Reason::ExitStatus, &["status 1", "no device"]),
            Item::new("d", ItemKind::File),
        ];
        let groups = absent(&items, texts(Lang::En));
        assert_eq!(groups.len(), 2);
        assert_eq!((groups[0].code.as_str(), groups[0].reason.as_str()), ("failed", "program ended with an error"));
        assert_eq!(groups[0].sources[0].error, "status 1: no device");
        assert_eq!((groups[1].count, groups[1].sources.len(), groups[1].outcome.as_str()), (3, 2, "skipped"));
        assert_eq!(absent(&items, texts(Lang::Zh))[1].reason, "主机上不存在");
        let many: Vec<Item> = (0..150).map(|at| item(&format!("s{at}"), Outcome::Skipped, Reason::NotPresent, &[])).collect();
        let group = &absent(&many, texts(Lang::En))[0];
        assert_eq!((group.count, group.sources.len(), group.left_out), (150, 100, 50));
    }

    #[test]
    fn kinds_of_the_same_words_are_one() {
        let redaction = Redaction {
            ruleset: "r".into(),
            ruleset_sha256: Sha256([0; 32]),
            level: "standard".into(),
            total: 9,
            counts: [("password_kv", 2), ("password_json", 3), ("ipv4", 4), ("new", 1)].map(|(k, n)| (k.to_owned(), n)).into(),
            leaks: BTreeMap::new(),
            map_kept_on_host: false,
            map_left_out: 0,
            settings: None,
        };
        let all: Vec<(String, u64)> =
            replaced(&redaction, texts(Lang::En)).into_iter().map(|one| (one.kind, one.count)).collect();
        assert_eq!(all, [("passwords".to_owned(), 5), ("IPv4 addresses".to_owned(), 4), ("new".to_owned(), 1)]);
    }
}
