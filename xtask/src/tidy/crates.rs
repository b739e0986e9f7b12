//! Which crate may use which. In: the `Cargo.toml` files, cargo's own tree. Out: findings.

use super::{Finding, Text};
use crate::run;

/// Each crate of ours with those it may depend on when it is built; tests and xtask see all.
const ALLOWED: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("analysis", &["oediag-protocol"]),
    ("collector", &["oediag-protocol", "oediag-analysis"]),
    ("agent", &["oediag-protocol", "oediag-analysis", "oediag-collector"]),
    ("center", &["oediag-protocol", "oediag-analysis"]),
];

/// Crates that mean a network or a runtime for one.
const NETWORK: &[&str] = &[
    "tokio",
    "hyper",
    "rustls",
    "openssl",
    "openssl-sys",
    "native-tls",
    "reqwest",
    "ureq",
    "axum",
    "h2",
    "quinn",
    "socket2",
    "mio",
    "async-std",
    "smol",
    "curl",
];

/// Dependencies between our crates go one way.
pub(super) fn direction(texts: &[Text]) -> Vec<Finding> {
    ALLOWED
        .iter()
        .flat_map(|(name, allowed)| {
            let path = format!("{name}/Cargo.toml");
            let text = texts.iter().find(|text| text.path == path);
            let used = text.map(|text| ours(&text.text)).unwrap_or_default();
            let place = path.clone();
            used.into_iter()
                .filter(|used| !allowed.contains(&used.as_str()))
                .map(move |used| Finding { place: place.clone(), what: format!("must not depend on {used}") })
        })
        .collect()
}

/// The `oediag…` names under `[dependencies]`, and under the same of a target.
fn ours(manifest: &str) -> Vec<String> {
    let mut section = "";
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section.ends_with("dependencies]") && !section.contains("dev-") && line.starts_with("oediag") {
            names.push(line.split(['.', '=', ' ']).next().unwrap_or_default().to_owned());
        }
    }
    names
}

/// What the collector is built from names no crate of a network.
pub(super) fn no_network(_: &[Text]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in ["oediag-protocol", "oediag-analysis", "oediag-collector"] {
        let arguments = ["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"];
        let tree = match run::output(&mut run::cargo(&arguments), &[0]) {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(error) => {
                findings.push(Finding { place: package.to_owned(), what: format!("{error:#}") });
                continue;
            }
        };
        findings.extend(
            tree.lines()
                .filter_map(|line| line.split(' ').next())
                .filter(|name| NETWORK.contains(name))
                .map(|name| Finding { place: package.to_owned(), what: format!("is built with {name}") }),
        );
    }
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_dependency_is_found() {
        let manifest = "[dependencies]\noediag-collector.workspace = true\nserde = \"1\"\n[dev-dependencies]\noediag-analysis.workspace = true\n";
        let texts = [Text { path: "analysis/Cargo.toml".to_owned(), text: manifest.to_owned() }];
        let findings = direction(&texts);
        assert_eq!(
            findings,
            [Finding { place: "analysis/Cargo.toml".into(), what: "must not depend on oediag-collector".into() }]
        );
    }
}
