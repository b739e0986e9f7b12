//! dnf's own logs.

use super::{Flow, Found, Kind, Rule, Words};
use crate::alerts::Severity;

static DNF_ERROR: Kind = Kind {
    name: "dnf_error",
    severity: Severity::Low,
    summary: Words { en: "dnf: {subject}", zh: "dnf 报错：{subject}" },
    advice: Words {
        en: "Repeat with dnf -v; check /etc/yum.repos.d, the proxy and the repository's address, and for GPG failures the key in gpgkey=.",
        zh: "用 dnf -v 重试；检查 /etc/yum.repos.d、代理和仓库地址；GPG 校验失败时检查 gpgkey= 指定的密钥。",
    },
};

/// What stands in an error that leaves more than a repository out of reach: trust, the database, half a package.
const GRAVE: &[&str] = &["GPG", "Public key", "ransaction", "rpmdb", "checksum", "unpacking", "scriptlet"];

/// dnf.log and dnf.rpm.log.
pub(crate) static DNF: &[Rule] = &[
    Rule::block(
        &DNF_ERROR,
        "dnf",
        &["Error: ", "Error unpacking rpm package", "Public key for ", "Failed to download metadata for repo "],
        |text| {
            let (level, rest) = text.split_once(' ')?;
            let starts: &[&str] = match level {
                "CRITICAL" | "ERROR" => &["Error: ", "Error unpacking rpm package", "Public key for ", "Failed to download "],
                "WARNING" => &["Failed to download metadata for repo "],
                _ => return None,
            };
            let start = starts.iter().find(|start| rest.starts_with(**start))?;
            let what = rest.strip_prefix("Error: ").unwrap_or(rest).trim();
            // dnf's own words for a conflict stand on the next line.
            let mut found = graded(if what.is_empty() { "Error" } else { what });
            let goes_on = what.ends_with(':') && *start == "Error: ";
            found.settled = !what.is_empty() && !goes_on;
            Some(found)
        },
        |found, text| {
            let Some(what) = text.strip_prefix(' ').filter(|_| !found.settled) else { return Flow::Over };
            let what = what.trim().trim_start_matches("Problem: ");
            let what = if found.subject == "Error" { what.to_owned() } else { format!("{} {what}", found.subject) };
            *found = graded(&what);
            Flow::Last
        },
    ),
    Rule::line(&DNF_ERROR, "dnf", &["scriptlet failed", "scriptlet in rpm package "], |text| {
        let (_, what) = text.split_once(' ')?;
        let what = what.trim_start_matches("warning: ").trim_start_matches("error: ");
        let failed = what.starts_with('%') || what.starts_with("Error in ") || what.starts_with("Non-fatal ");
        failed.then(|| graded(what))
    }),
];

fn graded(what: &str) -> Found {
    let found = Found::about(what);
    if GRAVE.iter().any(|word| what.contains(word)) { found.at(Severity::Medium) } else { found }
}
