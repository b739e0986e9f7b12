//! Which module of the collector and of the center may name which, where carriers are made, where unsafe code is. In: sources. Out: findings.

use super::{Finding, Text};

/// A crate's sources and its modules; each module may name only those before it.
type Order = (&'static str, &'static [&'static str]);

const ORDERS: &[Order] = &[
    (
        "collector/src/",
        &[
            "own",
            "host",
            "catalogue",
            "packed",
            "window",
            "plan",
            "cost",
            "failpoint",
            "digested",
            "redact",
            "leak",
            "rules",
            "config",
            "item",
            "disk",
            "state",
            "ledger",
            "map",
            "start",
            "bundle",
            "budget",
            "gather",
        ],
    ),
    (
        "center/src/",
        &[
            "clock",
            "secret",
            "settings",
            "store",
            "keys",
            "signer",
            "users",
            "requests",
            "deletions",
            "gate",
            "vault",
            "ingest",
            "console",
            "serve",
            "cli",
        ],
    ),
];
/// The one folder of the agent with a network in it, and the words that mean one.
const SENDER: &str = "agent/src/sender/";
const NETWORK: &[&str] = &["tokio", "reqwest", "rustls", "hyper", "TcpStream", "TcpListener", "UdpSocket", "ToSocketAddrs"];
/// Files that see all modules of their crate.
const TOPS: &[&str] = &["lib.rs", "main.rs"];

/// The one file with unsafe code.
const UNSAFE: &str = "collector/src/host/child.rs";

/// Modules name only modules left of themselves. Code of tests is free.
pub(super) fn order(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (text, (folder, order)) in texts.iter().flat_map(|text| ORDERS.iter().map(move |order| (text, order))) {
        let Some(inside) = text.path.strip_prefix(folder).filter(|path| text.is("rs") && !TOPS.contains(path)) else {
            continue;
        };
        let module = inside.split(['/', '.']).next().unwrap_or_default();
        let Some(place) = order.iter().position(|name| *name == module) else {
            findings.push(Finding {
                place: text.path.clone(),
                what: format!("module {module} has no place in the order of xtask/src/tidy/modules.rs"),
            });
            continue;
        };
        let mut named = named(&code(&text.text));
        named.sort();
        named.dedup();
        for name in named {
            if order.iter().position(|known| *known == name).is_none_or(|at| at > place) {
                findings.push(Finding {
                    place: text.path.clone(),
                    what: format!("names crate::{name}, which does not stand left of {module}"),
                });
            }
        }
    }
    findings
}

/// `Raw` and `Clean` are made only in the redactor.
pub(super) fn carriers(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in
        rust(texts).filter(|text| text.path.starts_with("collector/src/") && !text.path.starts_with("collector/src/redact/"))
    {
        for (line, content) in code(&text.text).lines().enumerate() {
            for made in ["Raw {", "Raw(", "Clean {", "Clean("] {
                let own = content.find(made).filter(|at| !content[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
                if own.is_some() && !content.contains("->") {
                    let what = format!("line {}: makes a {}", line + 1, made.trim_end_matches([' ', '{', '(']));
                    findings.push(Finding { place: text.path.clone(), what });
                }
            }
        }
    }
    findings
}

/// `unsafe` stands in one file.
pub(super) fn no_unsafe(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in rust(texts).filter(|text| text.path != UNSAFE && !text.path.starts_with("xtask/src/tidy/")) {
        for (line, content) in code(&text.text).lines().enumerate() {
            let words = content.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            if words.into_iter().any(|word| matches!(word, "unsafe" | "unsafe_code")) {
                findings.push(Finding { place: text.path.clone(), what: format!("line {}: unsafe code", line + 1) });
            }
        }
    }
    findings
}

/// In the agent only the sender names a network.
pub(super) fn one_sender(texts: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in rust(texts).filter(|text| text.path.starts_with("agent/src/") && !text.path.starts_with(SENDER)) {
        for (line, content) in code(&text.text).lines().enumerate() {
            let words = content.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            if let Some(word) = words.into_iter().find(|word| NETWORK.contains(word)) {
                findings.push(Finding { place: text.path.clone(), what: format!("line {}: names {word}", line + 1) });
            }
        }
    }
    findings
}

fn rust(texts: &[Text]) -> impl Iterator<Item = &Text> {
    texts.iter().filter(|text| text.is("rs"))
}

/// The text without comments, and without everything from the first test module on; line numbers stay.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    text[..end].lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The first names after every `crate::`, those in braces too.
fn named(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + path.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut fresh = true;
            for (at, c) in group.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => fresh = true,
                    c if fresh && depth == 1 && c.is_alphabetic() => {
                        names.push(word(&group[at..]));
                        fresh = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            names.push(word(rest));
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_after_crate_are_seen() {
        let code = "use crate::{\n    bundle::{self, disk},\n    host::Host, plan,\n};\nlet x = crate::redact::Raw; pub(crate) fn f() {} mycrate::x";
        assert_eq!(named(code), ["bundle", "host", "plan", "redact"]);
    }

    #[test]
    fn a_wrong_direction_is_found() {
        let text = |path: &str, text: &str| Text { path: path.to_owned(), text: text.to_owned() };
        let texts = [
            text("collector/src/redact/mod.rs", "//! x\nuse crate::host::Host;\nuse crate::bundle;\n// crate::gather\n"),
            text("collector/src/plan.rs", "//! x\n#[cfg(test)]\nmod tests { use crate::gather; }\n"),
            text("collector/src/other.rs", "//! x\n"),
        ];
        let found: Vec<String> = order(&texts).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("crate::bundle") && found[1].contains("other has no place"), "{found:?}");
    }

    #[test]
    fn a_network_outside_the_sender_is_found() {
        let text = |path: &str| Text { path: path.to_owned(), text: "//! tokio\nuse reqwest::Client;\n".to_owned() };
        assert_eq!(one_sender(&[text("agent/src/cmd/x.rs"), text("agent/src/sender/x.rs"), text("center/src/x.rs")]).len(), 1);
    }

    #[test]
    fn made_carriers_and_unsafe_code_are_found() {
        let text = Text {
            path: "collector/src/gather/x.rs".to_owned(),
            text: "fn f(x: Clean) { Clean(x); unsafe { } } // unsafe\nfn g() -> Raw {}".to_owned(),
        };
        assert_eq!(carriers(std::slice::from_ref(&text)).len(), 1);
        assert_eq!(no_unsafe(&[text]).len(), 1);
    }
}
