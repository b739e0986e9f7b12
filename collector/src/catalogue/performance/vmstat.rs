//! `perf/vmstat.csv`: paging, swapping, faults, switches, forks for each second, and how many tasks run and wait.
//!
//! Columns: `time`, rates per second of the counters in [`COUNTERS`] (`pgpgin` and `pgpgout` in KiB, `pswp*` in pages),
//! then `procs_running,procs_blocked` as they stand. Sources: `/proc/vmstat`, `/proc/stat` (proc(5)).

use std::{collections::HashMap, io};

use super::counter::{Cell, Last, gone, stamp, text};
use crate::host::{Host, Ticks};

/// Counters, with their column.
const COUNTERS: [(&str, &str); 13] = [
    ("pgpgin", "pgpgin_kbs"),
    ("pgpgout", "pgpgout_kbs"),
    ("pswpin", "pswpin_s"),
    ("pswpout", "pswpout_s"),
    ("pgfault", "pgfault_s"),
    ("pgmajfault", "pgmajfault_s"),
    ("pgscan_kswapd", "pgscan_kswapd_s"),
    ("pgscan_direct", "pgscan_direct_s"),
    ("allocstall_normal", "allocstall_s"),
    ("oom_kill", "oom_kill_s"),
    ("ctxt", "ctxt_s"),
    ("intr", "intr_s"),
    ("processes", "forks_s"),
];
const STANDING: [&str; 2] = ["procs_running", "procs_blocked"];

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,{},{}", COUNTERS.map(|(_, column)| column).join(","), STANDING.join(","))?;
    let mut last = Last::none();
    for tick in ticks {
        let mut now = parse(&text(host, "/proc/vmstat"));
        now.extend(parse(&text(host, "/proc/stat")));
        let Some((before, seconds, now)) = last.replace(now) else { continue };
        let get = |from: &HashMap<String, u64>, name: &str| from.get(name).copied();
        let rates =
            COUNTERS.map(|(name, _)| Cell(gone(get(&before, name), get(now, name)).map(|count| count / seconds)).to_string());
        let standing = STANDING.map(|name| get(now, name).map_or_else(String::new, |count| count.to_string()));
        writeln!(out, "{},{},{}", stamp(tick), rates.join(","), standing.join(","))?;
    }
    Ok(())
}

/// Lines of a name and a first number; 4.19 and 5.10 have the same names here.
fn parse(text: &str) -> HashMap<String, u64> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
        })
        .collect()
}
