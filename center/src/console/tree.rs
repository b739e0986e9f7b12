//! The files of a bundle as a tree. In: items of the manifest and alerts. Out: rows in which folders open and close, so that
//! a template needs no recursion, however deep a hostile path goes.

use std::collections::{BTreeMap, HashMap};

use oediag_analysis::{Alert, shown_in};
use oediag_protocol::bundle::manifest::{Item, Outcome};
use serde::Serialize;

use super::{
    texts::{Texts, code},
    words::{link, size},
};

/// Most files listed.
const LISTED: usize = 20_000;

/// A line of the tree.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub(super) enum Row {
    /// A folder begins.
    Open { name: String, count: usize, size: String, alerts: usize },
    /// A file.
    File { name: String, link: String, size: String, alerts: usize, code: String, outcome: String },
    /// The folder that began last ends.
    Close,
}

/// All rows, and what they add up to.
#[derive(Debug, Serialize)]
pub(super) struct Tree {
    rows: Vec<Row>,
    count: usize,
    size: String,
    left_out: usize,
}

#[derive(Default)]
struct Folder<'a> {
    folders: BTreeMap<&'a str, Folder<'a>>,
    files: BTreeMap<&'a str, &'a Item>,
}

/// The tree of all items that have a member.
pub(super) fn tree(items: &[Item], alerts: &[Alert], t: &Texts) -> Tree {
    let mut of_path: HashMap<&str, usize> = HashMap::new();
    for alert in alerts {
        let mut paths: Vec<&str> = alert.evidence.iter().map(|at| shown_in(&at.path)).collect();
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            *of_path.entry(path).or_default() += 1;
        }
    }
    let (mut root, mut count, mut bytes, mut left_out) = (Folder::default(), 0, 0_u64, 0);
    for item in items {
        let Some(path) = item.path.as_deref() else { continue };
        (count, bytes) = (count + 1, bytes.saturating_add(item.bytes));
        if count > LISTED {
            left_out += 1;
            continue;
        }
        let (folders, name) = path.rsplit_once('/').map_or(("", path), |(folders, name)| (folders, name));
        let place = folders.split('/').filter(|name| !name.is_empty());
        place.fold(&mut root, |folder, name| folder.folders.entry(name).or_default()).files.insert(name, item);
    }
    let mut rows = Vec::new();
    root.inner(&of_path, t, &mut rows);
    Tree { rows, count, size: size(bytes), left_out }
}

impl Folder<'_> {
    /// Adds the rows of what is in it; tells files, bytes and alerts.
    fn inner(&self, alerts: &HashMap<&str, usize>, t: &Texts, rows: &mut Vec<Row>) -> (usize, u64, usize) {
        let (mut count, mut bytes, mut found) = (0, 0_u64, 0);
        for (name, folder) in &self.folders {
            let (mut name, mut folder) = ((*name).to_owned(), folder);
            // Folders with one folder in them and nothing else are one line.
            while let (Some((inner, next)), 1, true) =
                (folder.folders.first_key_value(), folder.folders.len(), folder.files.is_empty())
            {
                name.extend(["/", inner]);
                folder = next;
            }
            let begin = rows.len();
            rows.push(Row::Close);
            let inner = folder.inner(alerts, t, rows);
            rows[begin] = Row::Open { name, count: inner.0, size: size(inner.1), alerts: inner.2 };
            rows.push(Row::Close);
            (count, bytes, found) = (count + inner.0, bytes.saturating_add(inner.1), found + inner.2);
        }
        for (name, item) in &self.files {
            let path = item.path.as_deref().unwrap_or_default();
            let here = alerts.get(path).copied().unwrap_or_default();
            let whole = item.outcome == Outcome::Collected;
            let reason = item.reason.as_ref().map(|reason| format!(": {}", t.word("reason", reason))).unwrap_or_default();
            rows.push(Row::File {
                name: (*name).to_owned(),
                link: link(path),
                size: size(item.bytes),
                alerts: here,
                code: if whole { String::new() } else { code(&item.outcome) },
                outcome: if whole { String::new() } else { format!("{}{reason}", t.word("outcome", &item.outcome)) },
            });
            (count, bytes, found) = (count + 1, bytes.saturating_add(item.bytes), found + here);
        }
        (count, bytes, found)
    }
}

#[cfg(test)]
mod tests {
    use oediag_analysis::Lang;
    use oediag_protocol::bundle::manifest::{ItemKind, Reason};

    use super::*;
    use crate::console::texts::texts;

    fn item(path: &str, bytes: u64) -> Item {
        let mut item = Item::new("x", ItemKind::File);
        (item.path, item.bytes) = (Some(path.to_owned()), bytes);
        item
    }

    fn sketch(tree: &Tree) -> String {
        let rows = tree.rows.iter().map(|row| match row {
            Row::Open { name, count, .. } => format!("{name}({count}"),
            Row::File { name, outcome, .. } => format!("{name}{outcome}"),
            Row::Close => ")".to_owned(),
        });
        rows.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn folders_open_and_close() {
        let mut cut = item("var/log/messages", 2048);
        (cut.outcome, cut.reason) = (Outcome::Truncated, Some(Reason::ItemLimit));
        let items = [item("README.txt", 1), item("sys/a/b/c/size", 1), item("sys/a/b/c/stat", 1), cut, item("var/crash/x", 1)];
        let tree = tree(&items, &[], texts(Lang::En));
        assert_eq!(
            sketch(&tree),
            "sys/a/b/c(2 size stat ) var(2 crash(1 x ) log(1 messagescut: larger than the limit for one item ) ) README.txt"
        );
        assert_eq!((tree.count, tree.size.as_str(), tree.left_out), (5, "2.0 KiB", 0));
    }

    #[test]
    fn a_path_as_deep_as_a_header_allows_is_one_row_deep() {
        let deep = "a/".repeat(120) + "b%3C";
        let items: Vec<Item> = (0..LISTED + 5).map(|at| item(&format!("{deep}{at}"), 0)).collect();
        let tree = tree(&items, &[], texts(Lang::Zh));
        assert_eq!((tree.left_out, tree.rows.len()), (5, LISTED + 2));
        assert!(matches!(&tree.rows[1], Row::File { link, .. } if link.ends_with("b%253C0")));
    }
}
