//! The floor: what a widely used collector takes, as rows of data, and what else is worth having on openEuler.
//!
//! In: `coverage/floor.tsv`. Out: rows, the paths that stand for a pattern, the words of a command. Reads nothing of a host.

use anyhow::{Context as _, Result};

/// The committed list.
const TEXT: &str = include_str!("../../coverage/floor.tsv");

/// How much a row matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tier {
    /// Every host has it: the floor.
    Base,
    /// Only hosts with some optional software have it.
    Opt,
    /// The other collector does not take it.
    Beyond,
}

impl Tier {
    pub(crate) const ALL: [Self; 3] = [Self::Base, Self::Opt, Self::Beyond];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Opt => "opt",
            Self::Beyond => "beyond",
        }
    }
}

/// One row of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Floor {
    pub(crate) tier: Tier,
    pub(crate) category: &'static str,
    /// A path or a pattern, else a command.
    pub(crate) command: bool,
    /// The path, pattern or command.
    pub(crate) what: &'static str,
}

/// Every row, in the order of the list.
pub(crate) fn rows() -> Result<Vec<Floor>> {
    TEXT.lines().skip(1).map(|line| row(line).with_context(|| format!("floor.tsv: {line}"))).collect()
}

fn row(line: &'static str) -> Option<Floor> {
    let mut cells = line.split('\t');
    let tier = cells.next()?;
    let tier = Tier::ALL.into_iter().find(|known| known.name() == tier)?;
    let category = cells.next()?;
    let command = match cells.next()? {
        "command" => true,
        "file" | "glob" => false,
        _ => return None,
    };
    Some(Floor { tier, category, command, what: cells.next()? })
}

/// What stands in a name for any text.
const ANY: &str = "zq";
/// What stands for a folder of any name.
const FOLDER: &str = "zd";
/// A process.
const PID: &str = "4711";

impl Floor {
    /// Paths that stand for all that the pattern means: a row of ours that takes each of them takes the pattern. None when
    /// the row is no path but words about one.
    pub(crate) fn samples(&self) -> Vec<String> {
        let path = self.what.replace("~root", "/root").replace("$(uname -r)", "5.10.0-216.0.0.115.oe2203sp4.x86_64");
        if self.command || path.contains(' ') || !path.starts_with('/') {
            return Vec::new();
        }
        let path = path.replace("[0-9]*", PID).replace("<pid>", PID).replace("[0-9]", "4");
        // The same folders since the merge of /usr.
        let path = ["/lib/", "/bin/", "/sbin/"]
            .iter()
            .find(|old| path.starts_with(**old))
            .map_or_else(|| path.replace("/var/run/", "/run/"), |_| format!("/usr{path}"));
        let mut samples = vec![String::new()];
        for segment in path.split('/').skip(1) {
            let names: Vec<String> = match segment {
                "**" if path.ends_with("/**") => vec![ANY.to_owned(), format!("{FOLDER}/{ANY}")],
                "**" => vec![format!("{FOLDER}/{ANY}")],
                _ => segment
                    .strip_prefix('{')
                    .and_then(|names| names.strip_suffix('}'))
                    .map_or_else(|| vec![segment], |names| names.split(',').collect())
                    .into_iter()
                    .map(|name| name.replace('*', ANY))
                    .collect(),
            };
            samples = samples.iter().flat_map(|start| names.iter().map(move |name| format!("{start}/{name}"))).collect();
        }
        samples
    }

    /// The words of the command: the program without its folder, the device as `{}`, without what changes only the paging.
    pub(crate) fn words(&self) -> Vec<String> {
        let what = self.what.replace("<blockdev>", "/dev/{}").replace("<iface>", "{}").replace("<netns>", "{}");
        words(what.split_whitespace())
    }
}

/// An argument list as it is compared.
pub(crate) fn words<'a>(argv: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let bare = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    argv.into_iter()
        .filter(|word| *word != "--no-pager")
        .enumerate()
        .map(|(at, word)| if at == 0 { bare(word) } else { word.trim_matches('"').to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(what: &'static str) -> Floor {
        Floor { tier: Tier::Base, category: "x", command: false, what }
    }

    #[test]
    fn a_pattern_is_stood_for_by_its_paths() {
        assert_eq!(file("/etc/a.d/**").samples(), ["/etc/a.d/zq", "/etc/a.d/zd/zq"]);
        assert_eq!(file("/lib/a/*.conf").samples(), ["/usr/lib/a/zq.conf"]);
        assert_eq!(file("/sys/*/{a,b}").samples(), ["/sys/zq/a", "/sys/zq/b"]);
        assert_eq!(file("/proc/[0-9]*/oom_*").samples(), ["/proc/4711/oom_zq"]);
        assert_eq!(file("/var/x (metadata only)").samples(), [""; 0]);
    }

    #[test]
    fn a_command_is_compared_by_its_words() {
        let row = Floor { command: true, ..file("/sbin/ethtool -S <iface> --no-pager") };
        assert_eq!(row.words(), ["ethtool", "-S", "{}"]);
    }

    #[test]
    fn every_row_of_the_list_is_read() {
        assert_eq!(rows().expect("the list is whole").len(), TEXT.lines().count() - 1);
    }
}
