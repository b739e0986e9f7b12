//! What is agreed to by itself, beside the bundle: that data leaves the country, images of programs' memory, people's own files.
//!
//! In: paths on the host, and what was said of the center. Out: which questions there are. Never: takes one answer for another.

use clap::ValueEnum;
use oediag_protocol::text::Line;
use serde::{Deserialize, Serialize};

/// A question of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Separate {
    /// The data leaves the customer's country.
    CrossBorder,
    /// Images of what programs or the kernel had in memory.
    CoreDumps,
    /// Files that belong to users of the host.
    PersonalFiles,
}

/// Where users keep their files: hier(7).
const PERSONAL: &[&str] = &["/home/", "/root/"];
/// Where systemd-coredump(8) keeps images.
const CORES: &str = "/var/lib/systemd/coredump/";

impl Separate {
    /// All there are.
    pub const ALL: &[Self] = &[Self::CrossBorder, Self::CoreDumps, Self::PersonalFiles];

    /// The word in receipts and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CrossBorder => "cross-border",
            Self::CoreDumps => "core-dumps",
            Self::PersonalFiles => "personal-files",
        }
    }

    /// The word as receipts have it.
    pub fn line(self) -> Line {
        Line::parse(self.word()).unwrap_or_default()
    }

    /// What a file of the host asks for, by its path or by the pattern of a source.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or_default();
        // A pattern whose first folder is a choice may mean any folder.
        let anywhere = path.split('/').nth(1).is_some_and(|first| first.contains(['*', '?', '[', '{']));
        if path.starts_with(CORES) || is_core(name) {
            Some(Self::CoreDumps)
        } else if anywhere || PERSONAL.iter().any(|folder| path.starts_with(folder)) {
            Some(Self::PersonalFiles)
        } else {
            None
        }
    }
}

/// Names of core files: core(5), kdump's, abrt's.
fn is_core(name: &str) -> bool {
    let numbered = |name: &str| name.strip_prefix("core.").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    matches!(name, "core" | "coredump" | "vmcore" | "vmcore.flat" | "vmcore-incomplete") || numbered(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_of_memory_and_files_of_users_are_told_by_their_paths() {
        for (path, asks) in [
            ("/var/lib/systemd/coredump/core.nginx.0.a1.7.zst", Some(Separate::CoreDumps)),
            ("/var/lib/systemd/coredump/**", Some(Separate::CoreDumps)),
            ("/var/crash/127.0.0.1-2026-11-23/vmcore", Some(Separate::CoreDumps)),
            ("/var/crash/127.0.0.1-2026-11-23/vmcore-dmesg.txt", None),
            ("/opt/app/core.4711", Some(Separate::CoreDumps)),
            ("/opt/app/core.conf", None),
            ("/home/li/core", Some(Separate::CoreDumps)),
            ("/home/li/.bash_history", Some(Separate::PersonalFiles)),
            ("/home/*/.*_history", Some(Separate::PersonalFiles)),
            ("/root/x", Some(Separate::PersonalFiles)),
            ("/{home,srv}/*/x", Some(Separate::PersonalFiles)),
            ("/var/log/messages", None),
            ("/proc/sys/kernel/core_pattern", None),
            ("/homes/x", None),
        ] {
            assert_eq!(Separate::of_path(path), asks, "{path}");
        }
    }

    #[test]
    fn the_command_line_and_receipts_have_the_same_words() {
        for one in Separate::ALL {
            assert_eq!(one.to_possible_value().expect("not hidden").get_name(), one.word());
            assert_eq!(serde_json::to_value(one).expect("a word"), one.word());
            assert_eq!(one.line().as_str(), one.word());
        }
    }
}
