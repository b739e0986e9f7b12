//! `perf/disks.csv`: each disk's work, waiting and use for each second, as `iostat -x` counts them.
//!
//! Columns: `time,disk,reads_s,writes_s,read_kbs,write_kbs,await_ms,util_pct,queue`. `await_ms` is the mean time of the
//! requests that ended, empty when none did; `queue` the mean number under way. Whole disks, device-mapper and md
//! volumes; no partitions, loop or ram disks. Source: `/proc/diskstats` (Documentation/admin-guide/iostats.rst).

use std::{
    collections::{BTreeMap, HashSet},
    io,
    path::Path,
};

use super::counter::{Cell, Last, gone, numbers, stamp, text};
use crate::host::{Host, Ticks};

type Counters = Vec<Option<u64>>;

// Fields behind the name.
const READS: usize = 0;
const READ_SECTORS: usize = 2;
const READ_MS: usize = 3;
const WRITES: usize = 4;
const WRITTEN_SECTORS: usize = 6;
const WRITE_MS: usize = 7;
const BUSY_MS: usize = 9;
const WEIGHTED_MS: usize = 10;

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,disk,reads_s,writes_s,read_kbs,write_kbs,await_ms,util_pct,queue")?;
    let mut last = Last::none();
    for tick in ticks {
        // Asked each time: disks come and go. Names of partitions are not here.
        let whole: HashSet<String> =
            host.folder(Path::new("/sys/block")).map(|folder| folder.names()).unwrap_or_default().into_iter().collect();
        let mut disks = parse(&text(host, "/proc/diskstats"));
        disks.retain(|name, _| whole.contains(name) && !name.starts_with("loop") && !name.starts_with("ram"));
        let Some((before, seconds, now)) = last.replace(disks) else { continue };
        for (name, counters) in now {
            let Some(then) = before.get(name) else { continue };
            writeln!(
                out,
                "{},{name},{}",
                stamp(tick),
                cells(then, counters, seconds).map(|cell| Cell(cell).to_string()).join(",")
            )?;
        }
    }
    Ok(())
}

fn cells(before: &Counters, after: &Counters, seconds: f64) -> [Option<f64>; 7] {
    let passed = |field: usize| gone(before.get(field).copied().flatten(), after.get(field).copied().flatten());
    let rate = |field, by: f64| passed(field).map(|count| count / by / seconds);
    let ended = passed(READS).zip(passed(WRITES)).map(|(reads, writes)| reads + writes);
    let waited = passed(READ_MS).zip(passed(WRITE_MS)).map(|(reads, writes)| reads + writes);
    [
        rate(READS, 1.0),
        rate(WRITES, 1.0),
        // A sector is 512 bytes here, whatever the disk's own.
        rate(READ_SECTORS, 2.0),
        rate(WRITTEN_SECTORS, 2.0),
        waited.zip(ended).filter(|(_, ended)| *ended > 0.0).map(|(waited, ended)| waited / ended),
        rate(BUSY_MS, 10.0).map(|percent| percent.min(100.0)),
        rate(WEIGHTED_MS, 1000.0),
    ]
}

fn parse(text: &str) -> BTreeMap<String, Counters> {
    text.lines()
        .filter_map(|line| {
            let rest = line.trim_start().split_once(' ')?.1.trim_start().split_once(' ')?.1;
            let (name, counters) = rest.split_once(' ')?;
            Some((name.to_owned(), numbers(counters)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_of_work_is_counted_as_iostat_does() {
        let before =
            parse("   8       0 sda 100 5 2000 300 200 9 4000 700 0 900 1000 0 0 0 0\n   8       1 sda1 1 1 1 1 1 1 1 1 0 1 1\n");
        let after = parse("   8       0 sda 110 5 2200 340 230 9 4800 860 1 1400 1600 0 0 0 0\n");
        assert_eq!(before.len(), 2);
        let cells = cells(&before["sda"], &after["sda"], 1.0);
        assert_eq!(cells, [Some(10.0), Some(30.0), Some(100.0), Some(400.0), Some(5.0), Some(50.0), Some(0.6)]);
    }
}
