//! `perf/softnet.csv`: each second, what each processor did with packets that came in.
//!
//! Columns: `time,cpu,processed_s,dropped_s,squeezed_s,steered_s`: packets taken, packets dropped because the backlog was full,
//! times the budget ended with packets left, packets that another processor handed over. Processors that did nothing are left out.
//! Source: `/proc/net/softnet_stat`, numbers in hexadecimal (net/core/net-procfs.c of the kernel).

use std::io;

use super::counter::{Cell, Last, gone, stamp, text};
use crate::host::{Host, Ticks};

/// Columns of the file that are taken.
const TAKEN: [usize; 4] = [0, 1, 2, 9];
/// The column with the processor's number, since 5.10; before, lines are in order of the processors that are on.
const CPU: usize = 12;

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,cpu,processed_s,dropped_s,squeezed_s,steered_s")?;
    let mut last = Last::none();
    for tick in ticks {
        let Some((before, seconds, now)) = last.replace(parse(&text(host, "/proc/net/softnet_stat"))) else { continue };
        for (cpu, after) in now {
            let Some((_, before)) = before.iter().find(|(before, _)| before == cpu) else { continue };
            // Counters of 32 bits that wrap within hours; a step back gives an empty cell.
            let rate = |column: usize| gone(before[column], after[column]).map(|count| count / seconds);
            let cells = [0, 1, 2, 3].map(rate);
            if cells.iter().any(|cell| cell.is_none_or(|rate| rate > 0.0)) {
                writeln!(out, "{},{cpu},{}", stamp(tick), cells.map(|cell| Cell(cell).to_string()).join(","))?;
            }
        }
    }
    Ok(())
}

fn parse(text: &str) -> Vec<(u64, [Option<u64>; 4])> {
    text.lines()
        .enumerate()
        .map(|(number, line)| {
            let words: Vec<Option<u64>> = line.split_ascii_whitespace().map(|word| u64::from_str_radix(word, 16).ok()).collect();
            let at = |column: usize| words.get(column).copied().flatten();
            (at(CPU).unwrap_or(number as u64), TAKEN.map(at))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_of_both_kernels_are_read() {
        let old = "0000001f 00000002 00000001 00000000 00000000 00000000 00000000 00000000 00000000 00000003 00000000\n";
        assert_eq!(parse(old), [(0, [Some(31), Some(2), Some(1), Some(3)])]);
        let new = format!("{} 00000000 00000007\n", old.trim_end());
        assert_eq!(parse(&new), [(7, [Some(31), Some(2), Some(1), Some(3)])]);
        assert_eq!(parse("zz\n"), [(0, [None; 4])]);
    }
}
