//! The dictionary of one run: the rules' literals and the host's names, in one list for the scan.
//!
//! In: the harvest. Out: patterns, and for each what it stands for, with its token made in advance.

use std::collections::BTreeMap;

use super::{
    harvest::Harvest,
    kinds::Kind,
    rules::{RULES, Rule},
    tag::{Prf, canonical, is_stand_in, push_token},
};

/// What a literal of the list stands for.
pub(super) enum Entry {
    /// A literal of the rule table.
    Rule(&'static Rule),
    /// A name of this host, by its number.
    Name(usize),
}

/// A name of this host.
pub(super) struct Name {
    pub(super) kind: Kind,
}

/// The names of one run.
pub(super) struct Names {
    names: Vec<Name>,
    /// The names' tokens, by number.
    pub(super) tokens: Vec<Vec<u8>>,
}

/// Names that are also words: they are replaced only where a field says that they are names.
const COMMON: &[&str] = &[
    "test",
    "tests",
    "admin",
    "data",
    "server",
    "node",
    "backup",
    "deploy",
    "oracle",
    "mysql",
    "postgres",
    "redis",
    "nginx",
    "docker",
    "jenkins",
    "git",
    "gitlab",
    "www",
    "web",
    "app",
    "user",
    "users",
    "guest",
    "demo",
    "dev",
    "ops",
    "prod",
    "monitor",
    "zabbix",
    "prometheus",
    "grafana",
    "kafka",
    "hadoop",
    "hdfs",
    "yarn",
    "hive",
    "spark",
    "elastic",
    "tomcat",
    "apache",
    "system",
    "service",
    "daemon",
    "build",
    "release",
    "update",
    "nobody",
    "host",
    "localhost",
    "master",
    "slave",
    "worker",
    "client",
    "gateway",
    "router",
    "proxy",
    "mail",
    "ftp",
    "dns",
    "ntp",
    "database",
    "cache",
    "storage",
    "linux",
    "kernel",
    "openeuler",
    "euler",
    "root",
    "operator",
    "support",
    "info",
    "error",
    "warning",
    "debug",
    "default",
    "network",
    "memory",
    "process",
    "disk",
    "cpu",
    "public",
    "private",
    "home",
    "log",
    "logs",
    "message",
    "messages",
    "session",
    "time",
    "none",
    "control",
    "compute",
    "manager",
    "agent",
    "api",
    "key",
    "token",
    "name",
    "type",
    "state",
    "status",
    "start",
    "stop",
    "failed",
];

/// Whether a name in lower case is used only where a field says that it is one: short, a number, or also a word.
fn is_word(lower: &str) -> bool {
    COMMON.contains(&lower) || lower.len() < 3 || lower.bytes().all(|b| b.is_ascii_digit())
}

fn is_literal(lower: &str) -> bool {
    RULES.iter().any(|r| r.word.eq_ignore_ascii_case(lower))
}

/// Whether a harvested name means this host's wherever it stands: the leak gate looks for no other.
pub fn stands_for_itself(name: &str) -> bool {
    let lower = name.to_lowercase();
    !is_word(&lower) && !is_literal(&lower) && !is_stand_in(&lower)
}

/// How the name may be written: in Chinese also in GB18030, percent-encoded and escaped as in JSON.
fn spellings(name: &str) -> Vec<Vec<u8>> {
    let mut all = vec![name.as_bytes().to_vec()];
    // In names of the device mapper, and in those of units.
    if name.contains('-') {
        all.extend(["--", "\\x2d", "\\\\x2d"].map(|dash| name.replace('-', dash).into_bytes()));
    }
    if !name.is_ascii() {
        let (gb, _, unknown) = encoding_rs::GB18030.encode(name);
        if !unknown && gb.len() >= 4 {
            all.push(gb.into_owned());
        }
        let percent: String = name
            .bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect();
        all.push(percent.into_bytes());
        let escaped: String =
            name.encode_utf16().map(|u| if u < 0x80 { char::from(u as u8).to_string() } else { format!("\\u{u:04x}") }).collect();
        all.push(escaped.into_bytes());
    }
    all
}

impl Names {
    /// The names that are looked for in free text, and the literals of the scan: the rules first.
    pub(super) fn new(harvest: &Harvest, prf: &Prf) -> (Names, Vec<Vec<u8>>) {
        let kinds = [
            (&harvest.keywords, Kind::Keyword),
            (&harvest.hosts, Kind::Hostname),
            (&harvest.domains, Kind::Domain),
            (&harvest.users, Kind::Username),
            (&harvest.names, Kind::PersonName),
            (&harvest.uuids, Kind::SystemUuid),
            (&harvest.serials, Kind::SerialNumber),
        ];
        // The same word in two roles is what comes first in the list.
        let mut wanted = BTreeMap::new();
        for (names, kind) in kinds {
            for name in names {
                let lower = name.trim().to_lowercase();
                let bytes = lower.len();
                let literal = is_literal(&lower);
                if bytes > 0 && bytes <= 256 && !literal && !is_stand_in(&lower) && (!is_word(&lower) || kind == Kind::Keyword) {
                    wanted.entry(lower).or_insert((name.trim().to_owned(), kind));
                }
            }
        }
        let mut patterns: Vec<Vec<u8>> = RULES.iter().map(|r| r.word.as_bytes().to_vec()).collect();
        let mut names = Names { names: Vec::new(), tokens: Vec::new() };
        let mut plain = Vec::new();
        for (name, kind) in wanted.into_values() {
            canonical(kind, name.as_bytes(), &mut plain);
            let mut token = Vec::new();
            push_token(prf, kind, &plain, &mut token);
            if kind == Kind::Domain {
                token.extend_from_slice(b".invalid");
            }
            if kind == Kind::Domain {
                // As LDAP writes a domain; what stands for it is one again.
                let stand_in = [b"dc=", token.strip_suffix(b".invalid").unwrap_or(&token), b",dc=invalid"].concat();
                for comma in [",dc=", ", dc="] {
                    patterns.push(format!("dc={}", name.replace('.', comma)).into_bytes());
                    names.names.push(Name { kind });
                    names.tokens.push(stand_in.clone());
                }
            }
            for spelling in spellings(&name) {
                patterns.push(spelling);
                names.names.push(Name { kind });
                names.tokens.push(token.clone());
            }
        }
        (names, patterns)
    }

    /// What the pattern with this number stands for.
    pub(super) fn entry(pattern: usize) -> Entry {
        match RULES.get(pattern) {
            Some(rule) => Entry::Rule(rule),
            None => Entry::Name(pattern - RULES.len()),
        }
    }

    /// The name with this number.
    pub(super) fn get(&self, index: usize) -> &Name {
        &self.names[index]
    }
}
