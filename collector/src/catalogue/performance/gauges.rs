//! `perf/load.csv`, `perf/memory.csv`, `perf/pressure.csv`: what the kernel tells as it stands at a moment.
//!
//! `load`: `time,load1,load5,load15,running,tasks` from `/proc/loadavg`.
//! `memory`: `time` and KiB of `/proc/meminfo`, see [`MEMORY`].
//! `pressure`: `time,resource,kind,avg10,avg60,stalled_ms` from `/proc/pressure`; `stalled_ms` is the time in that second
//! in which some (or all) tasks waited for the resource.

use std::{collections::HashMap, io};

use super::counter::{Cell, Last, gone, stamp, text};
use crate::host::{Host, Ticks};

/// Columns of `memory.csv` and the kernel's names for them.
const MEMORY: [(&str, &str); 14] = [
    ("total_kb", "MemTotal"),
    ("free_kb", "MemFree"),
    ("available_kb", "MemAvailable"),
    ("buffers_kb", "Buffers"),
    ("cached_kb", "Cached"),
    ("anon_kb", "AnonPages"),
    ("shmem_kb", "Shmem"),
    ("slab_kb", "Slab"),
    ("slab_reclaimable_kb", "SReclaimable"),
    ("dirty_kb", "Dirty"),
    ("writeback_kb", "Writeback"),
    ("committed_kb", "Committed_AS"),
    ("swap_total_kb", "SwapTotal"),
    ("swap_free_kb", "SwapFree"),
];

pub(super) fn load(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,load1,load5,load15,running,tasks")?;
    for tick in ticks {
        if let Some([one, five, fifteen, running, tasks]) = loads(&text(host, "/proc/loadavg")) {
            writeln!(out, "{},{one},{five},{fifteen},{running},{tasks}", stamp(tick))?;
        }
    }
    Ok(())
}

/// `0.20 0.18 0.12 1/80 11206`, each word a number.
fn loads(line: &str) -> Option<[&str; 5]> {
    let mut words = line.split_ascii_whitespace();
    let (one, five, fifteen) = (words.next()?, words.next()?, words.next()?);
    let (running, tasks) = words.next()?.split_once('/')?;
    let words = [one, five, fifteen, running, tasks];
    words.iter().all(|word| word.parse::<f64>().is_ok()).then_some(words)
}

pub(super) fn memory(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,{}", MEMORY.map(|(column, _)| column).join(","))?;
    for tick in ticks {
        let text = text(host, "/proc/meminfo");
        let facts = meminfo(&text);
        let cells = MEMORY.map(|(_, name)| facts.get(name).map_or_else(String::new, u64::to_string));
        writeln!(out, "{},{}", stamp(tick), cells.join(","))?;
    }
    Ok(())
}

fn meminfo(text: &str) -> HashMap<&str, u64> {
    text.lines()
        .filter_map(|line| {
            let (name, rest) = line.split_once(':')?;
            Some((name, rest.split_ascii_whitespace().next()?.parse().ok()?))
        })
        .collect()
}

/// One line of `/proc/pressure`.
#[derive(Debug, PartialEq, Eq)]
struct Pressure {
    resource: &'static str,
    kind: String,
    avg10: String,
    avg60: String,
    total_us: Option<u64>,
}

pub(super) fn pressure(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,resource,kind,avg10,avg60,stalled_ms")?;
    let mut last = Last::none();
    for tick in ticks {
        let read = |(resource, path)| pressures(resource, &text(host, path));
        let files = [("cpu", "/proc/pressure/cpu"), ("io", "/proc/pressure/io"), ("memory", "/proc/pressure/memory")];
        let lines: Vec<Pressure> = files.into_iter().flat_map(read).collect();
        let Some((before, seconds, now)) = last.replace(lines) else { continue };
        for line in now {
            let then = before.iter().find(|then| then.resource == line.resource && then.kind == line.kind);
            let stalled = gone(then.and_then(|then| then.total_us), line.total_us).map(|us| us / 1000.0 / seconds);
            let Pressure { resource, kind, avg10, avg60, .. } = line;
            writeln!(out, "{},{resource},{kind},{avg10},{avg60},{}", stamp(tick), Cell(stalled))?;
        }
    }
    Ok(())
}

/// `some avg10=0.12 avg60=0.05 avg300=0.01 total=123456`
fn pressures(resource: &'static str, text: &str) -> Vec<Pressure> {
    text.lines()
        .filter_map(|line| {
            let (kind, rest) = line.split_once(' ')?;
            let values: HashMap<&str, &str> = rest.split_ascii_whitespace().filter_map(|pair| pair.split_once('=')).collect();
            let number = |name| values.get(name).filter(|text| text.parse::<f64>().is_ok()).map(|text| (*text).to_owned());
            matches!(kind, "some" | "full").then_some(())?;
            Some(Pressure {
                resource,
                kind: kind.to_owned(),
                avg10: number("avg10")?,
                avg60: number("avg60")?,
                total_us: values.get("total").and_then(|total| total.parse().ok()),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_are_read() {
        assert_eq!(loads("0.20 0.18 0.12 1/80 11206\n"), Some(["0.20", "0.18", "0.12", "1", "80"]));
        assert_eq!(loads("0.20 x 0.12 1/80 11206"), None);
        assert_eq!(meminfo("MemTotal:       16 kB\nHugePages_Total: 0\njunk\n").get("MemTotal"), Some(&16));
        let lines = pressures(
            "io",
            "some avg10=0.12 avg60=0.05 avg300=0.01 total=123456\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=9\nbad\n",
        );
        assert_eq!((lines.len(), lines[0].avg10.as_str(), lines[1].total_us), (2, "0.12", Some(9)));
    }
}
