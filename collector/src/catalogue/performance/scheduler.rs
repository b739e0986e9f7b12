//! `perf/scheduler.csv`: each second and processor, how long tasks ran and how long they waited to run.
//!
//! Columns: `time,cpu,run_pct,wait_pct,slices_s`. `wait_pct` may be above 100: it is the sum over the tasks that waited. `cpu` is
//! `all` (the mean over processors) or the processor's number. Source: `/proc/schedstat` (Documentation/scheduler/sched-stats.rst).

use std::{collections::HashMap, io};

use super::counter::{Cell, Last, Pace, gone, numbers, stamp, text};
use crate::host::{Host, Ticks};

/// Nanoseconds run, nanoseconds waited, slices.
type Counts = [Option<u64>; 3];

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,cpu,run_pct,wait_pct,slices_s")?;
    let mut pace = Pace::new();
    let mut last = Last::none();
    for tick in ticks {
        let Some(now) = pace.look(|| parse(&text(host, "/proc/schedstat"))) else { continue };
        let Some((before, seconds, now)) = last.replace(now) else { continue };
        let before: HashMap<&str, &Counts> = before.iter().map(|(cpu, counts)| (cpu.as_str(), counts)).collect();
        let rows: Vec<(&str, [Option<f64>; 3])> =
            now.iter().filter_map(|(cpu, now)| Some((cpu.as_str(), rates(before.get(cpu.as_str())?, now, seconds)))).collect();
        let mean = [0, 1, 2].map(|at| {
            let known: Vec<f64> = rows.iter().filter_map(|(_, rates)| rates[at]).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
        });
        for (cpu, rates) in [("all", mean)].into_iter().chain(rows) {
            writeln!(out, "{},{cpu},{}", stamp(tick), rates.map(|rate| Cell(rate).to_string()).join(","))?;
        }
    }
    Ok(())
}

fn rates(before: &Counts, after: &Counts, seconds: f64) -> [Option<f64>; 3] {
    // Nanoseconds in a second as percent.
    let by = [1e7, 1e7, 1.0];
    [0, 1, 2].map(|at| gone(before[at], after[at]).map(|passed| passed / by[at] / seconds))
}

/// Lines `cpu0 0 0 0 0 0 0 RUN WAIT SLICES`; those of domains below them are left out.
fn parse(text: &str) -> Vec<(String, Counts)> {
    text.lines()
        .filter_map(|line| {
            let (cpu, counts) = line.strip_prefix("cpu")?.split_once(' ')?;
            let counts = numbers(counts);
            Some((cpu.to_owned(), [6, 7, 8].map(|at| counts.get(at).copied().flatten())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_and_waiting_are_percent_of_a_second() {
        let text = "version 15\ntimestamp 4295\ncpu0 0 0 0 0 0 0 1000000000 500000000 20\ndomain0 3 1 2\ncpu1 0 0 0 0 0 0 7\n";
        let before = parse(text);
        assert_eq!(
            before,
            [("0".to_owned(), [Some(1_000_000_000), Some(500_000_000), Some(20)]), ("1".to_owned(), [Some(7), None, None])]
        );
        let after = [Some(1_500_000_000), Some(2_500_000_000), Some(60)];
        assert_eq!(rates(&before[0].1, &after, 1.0), [Some(50.0), Some(200.0), Some(40.0)]);
    }
}
