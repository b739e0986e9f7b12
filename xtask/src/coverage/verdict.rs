//! What becomes of each row of the floor: taken by a row of ours, by an equal, or left out for a reason.
//!
//! In: the floor, the catalogue, two lists of data. Out: a verdict for each row; an error for a list that names what does not
//! exist. Paths are compared by the collector's own patterns, on a folder of empty files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use oediag_collector::{
    catalogue::{self, Probe},
    host::Host,
};

use super::floor::{self, Floor};

/// What covers a row of the floor in another way, with the reason.
const EQUIVALENTS: &str = include_str!("../../coverage/equivalents.tsv");
/// What is left out on purpose, with the reason in both languages.
const LEFT_OUT: &str = include_str!("../../coverage/left-out.tsv");

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// These rows of ours look at the same.
    Same(Vec<&'static str>),
    /// These rows of ours tell the same in another way.
    Equal(Vec<&'static str>),
    /// Left out on purpose.
    LeftOut(LeftOut),
    /// Nobody thought of it.
    Missed,
}

/// A line of the list of what is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) pattern: &'static str,
    /// Why, in English and in Chinese.
    pub(crate) reasons: [&'static str; 2],
}

/// The verdict on every row of the floor, in its order.
pub(crate) fn verdicts() -> Result<Vec<(Floor, Verdict)>> {
    let rows = floor::rows()?;
    let paths = Paths::of(&rows)?;
    let commands = commands();
    let equivalents = equivalents()?;
    let left_out = left_out()?;
    let mut used = vec![false; equivalents.len() + left_out.len()];
    let mut verdicts = Vec::new();
    for row in rows {
        let same = if row.command { commands.get(&row.words()).cloned().unwrap_or_default() } else { paths.takers(&row) };
        // The longest pattern that fits says most about this row.
        let equal =
            equivalents.iter().filter(|(_, pattern, _)| fits(pattern, row.what)).max_by_key(|(_, pattern, _)| pattern.len());
        let out = left_out.iter().filter(|(_, line)| fits(line.pattern, row.what)).max_by_key(|(_, line)| line.pattern.len());
        let verdict = match (same.is_empty(), equal, out) {
            (false, ..) => Verdict::Same(same),
            (true, Some((at, _, ids)), _) => {
                used[*at] = true;
                Verdict::Equal(ids.clone())
            }
            (true, None, Some((at, line))) => {
                used[equivalents.len() + at] = true;
                Verdict::LeftOut(*line)
            }
            (true, None, None) => Verdict::Missed,
        };
        verdicts.push((row, verdict));
    }
    let idle = |at: usize| if at < equivalents.len() { equivalents[at].1 } else { left_out[at - equivalents.len()].1.pattern };
    let idle: Vec<&str> = used.iter().enumerate().filter(|(_, used)| !**used).map(|(at, _)| idle(at)).collect();
    if !idle.is_empty() {
        bail!("lines of equivalents.tsv or left-out.tsv that nothing needs: {idle:#?}");
    }
    Ok(verdicts)
}

/// Programs and arguments of our rows, and the rows.
fn commands() -> BTreeMap<Vec<String>, Vec<&'static str>> {
    let mut commands: BTreeMap<Vec<String>, Vec<&'static str>> = BTreeMap::new();
    for row in catalogue::all() {
        if let Probe::Command(argv) | Probe::Each { argv, .. } = row.probe {
            commands.entry(floor::words(argv.iter().copied())).or_default().push(row.id);
        }
    }
    commands
}

/// Which rows of ours take which paths of the floor.
struct Paths {
    takers: BTreeMap<String, Vec<&'static str>>,
}

impl Paths {
    /// Makes an empty file for each path of the floor, and asks every row of ours what it finds.
    fn of(rows: &[Floor]) -> Result<Self> {
        let mut samples: Vec<String> = rows.iter().flat_map(Floor::samples).collect();
        samples.sort();
        samples.dedup();
        let root = Folder::new("floor")?;
        for sample in &samples {
            let path = root.path.join(&sample[1..]);
            fs::create_dir_all(path.parent().unwrap_or(&root.path)).with_context(|| format!("folder of {sample}"))?;
            // What is a folder to another row stays one: then no file stands for it.
            let folder =
                samples.iter().any(|other| other.strip_prefix(sample.as_str()).is_some_and(|rest| rest.starts_with('/')));
            if !folder {
                fs::write(&path, "x").with_context(|| format!("file for {sample}"))?;
            }
        }
        let host = Host::at(&root.path, None)?;
        let mut takers: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
        for row in catalogue::all() {
            let found = match row.probe {
                Probe::File(path) if host.open(Path::new(path)).is_ok() => vec![PathBuf::from(path)],
                Probe::Glob { pattern, .. } => host.expand(pattern, 0).files,
                _ => Vec::new(),
            };
            for path in found {
                takers.entry(path.display().to_string()).or_default().push(row.id);
            }
        }
        Ok(Self { takers })
    }

    /// The rows that take the first of the row's paths, when each of its paths is taken by some row.
    fn takers(&self, row: &Floor) -> Vec<&'static str> {
        let mut ids = Vec::new();
        for sample in row.samples() {
            let Some(takers) = self.takers.get(&sample) else { return Vec::new() };
            ids.extend(takers.iter().copied().filter(|id| !ids.contains(id)).collect::<Vec<_>>());
        }
        ids
    }
}

/// A folder for a moment.
pub(super) struct Folder {
    pub(super) path: PathBuf,
}

impl Folder {
    pub(super) fn new(what: &str) -> Result<Self> {
        let id = format!("oediag-coverage-{what}-{}-{:?}", std::process::id(), std::thread::current().id());
        let path = std::env::temp_dir().join(id.replace(['(', ')'], "-"));
        fs::create_dir(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.path));
    }
}

/// Number, pattern and rows of ours of each line of the equivalents.
fn equivalents() -> Result<Vec<(usize, &'static str, Vec<&'static str>)>> {
    lines(EQUIVALENTS)
        .enumerate()
        .map(|(at, line)| {
            let mut cells = line.split('\t');
            let (pattern, ids) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
            let why = cells.next().unwrap_or_default();
            if why.is_empty() {
                bail!("equivalents.tsv: {line:?} gives no reason");
            }
            let ids = ids.split(',').map(|id| {
                catalogue::find(id)
                    .map(|row| row.id)
                    .with_context(|| format!("equivalents.tsv: {pattern}: there is no row {id:?}"))
            });
            Ok((at, pattern, ids.collect::<Result<_>>()?))
        })
        .collect()
}

fn left_out() -> Result<Vec<(usize, LeftOut)>> {
    lines(LEFT_OUT)
        .enumerate()
        .map(|(at, line)| {
            let cells: Vec<&'static str> = line.split('\t').collect();
            let [pattern, en, zh] = cells[..] else { bail!("left-out.tsv: {line:?} is not a pattern and two reasons") };
            if en.is_empty() || zh.is_empty() {
                bail!("left-out.tsv: {pattern} lacks a reason");
            }
            Ok((at, LeftOut { pattern, reasons: [en, zh] }))
        })
        .collect()
}

/// Lines of a list, without its heading.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().skip(1).filter(|line| !line.is_empty())
}

/// Whether a text is what a pattern says; `*` stands for any text, itself included.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        if let Some(at) = rest.find(part) {
            rest = &rest[at + part.len()..];
        } else {
            return false;
        }
    }
    match last {
        None => rest.is_empty(),
        Some(last) => rest.is_empty() || text.ends_with(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_the_lists_fit_whole_texts() {
        assert!(fits("ip netns exec *", "ip netns exec <netns> ip rule"));
        assert!(fits("/etc/x/**", "/etc/x/**"));
        assert!(fits("lsscsi *", "lsscsi -H") && !fits("lsscsi *", "lsscsi"));
        assert!(fits("a*c", "abcc") && !fits("a*c", "abcd") && !fits("abc", "abcd"));
    }

    #[test]
    fn a_pattern_is_taken_only_when_each_of_its_paths_is() {
        let rows = floor::rows().expect("the list is whole");
        let paths = Paths::of(&rows).expect("paths");
        let row = |what: &'static str| Floor { tier: floor::Tier::Base, category: "x", command: false, what };
        assert!(paths.takers(&row("/proc/meminfo")).contains(&"memory.meminfo"));
        assert!(paths.takers(&row("/etc/{shadow}")).is_empty());
    }
}
