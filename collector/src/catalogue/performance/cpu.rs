//! `perf/cpu.csv`: where each processor spent its time, in percent of each second.
//!
//! Columns: `time,cpu,user,nice,system,idle,iowait,irq,softirq,steal`; `cpu` is `all` or the processor's number.
//! Time of guests is in `user` and `nice`, as the kernel counts it. Source: `/proc/stat` (proc(5)).

use std::{collections::HashMap, io};

use super::counter::{Cell, Last, gone, numbers, stamp, text};
use crate::host::{Host, Ticks};

const HEADER: &str = "time,cpu,user,nice,system,idle,iowait,irq,softirq,steal";
const FIELDS: usize = 8;

type Times = Vec<Option<u64>>;

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    let mut last = Last::none();
    for tick in ticks {
        let Some((before, _, now)) = last.replace(parse(&text(host, "/proc/stat"))) else { continue };
        let before: HashMap<&str, &Times> = before.iter().map(|(name, times)| (name.as_str(), times)).collect();
        for (name, times) in now {
            let Some(then) = before.get(name.as_str()) else { continue };
            let cells = percent(then, times).map(|share| Cell(share).to_string());
            writeln!(out, "{},{name},{}", stamp(tick), cells.join(","))?;
        }
    }
    Ok(())
}

/// The `cpu` lines, in the kernel's order.
fn parse(stat: &str) -> Vec<(String, Times)> {
    stat.lines()
        .map_while(|line| {
            let (name, times) = line.strip_prefix("cpu")?.split_once(' ')?;
            let name = if name.is_empty() { "all" } else { name };
            Some((name.to_owned(), numbers(times)))
        })
        .collect()
}

/// Shares of what passed. Where one counter went back (iowait does at times) its cell is empty and the others stand.
fn percent(before: &Times, after: &Times) -> [Option<f64>; FIELDS] {
    let mut passed = [None; FIELDS];
    for (field, cell) in passed.iter_mut().enumerate() {
        *cell = gone(before.get(field).copied().flatten(), after.get(field).copied().flatten());
    }
    let total: f64 = passed.iter().flatten().sum();
    passed.map(|ticks| ticks.filter(|_| total > 0.0).map(|ticks| ticks * 100.0 / total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        let before = parse("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1 2 3\n");
        let after = parse("cpu  110 0 55 880 50 0 5 0 0 0\ncpu0 1 2 3 4 4 6 7 8 9 10\nintr 1 2 3\n");
        assert_eq!(after.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["all", "0"]);
        let shares = percent(&before[0].1, &after[0].1);
        assert_eq!(shares, [Some(10.0), Some(0.0), Some(5.0), Some(80.0), Some(0.0), Some(0.0), Some(5.0), Some(0.0)]);
        assert_eq!(percent(&before[1].1, &after[1].1), [None; FIELDS]);
    }
}
