//! `perf/interrupts.csv`: each second, the interrupt lines and soft interrupts with the most events.
//!
//! Columns: `time,kind,name,per_second,busiest_cpu,busiest_per_second`; `kind` is `irq` or `softirq`, `name` the line's number or
//! mark with the device it serves. At most [`TOP`] of each kind a second. Sources: `/proc/interrupts`, `/proc/softirqs` (proc(5)).

use std::{cmp::Reverse, collections::HashMap, io};

use super::counter::{Last, Pace, gone, name, stamp, text};
use crate::host::{Host, Ticks};

/// Lines of each kind.
const TOP: usize = 20;

/// One line: its mark, what it serves, and its count on each processor that is on.
struct Counts {
    mark: String,
    serves: String,
    by_cpu: Vec<u64>,
}

/// What a line did.
struct Rate<'a> {
    counts: &'a Counts,
    all: f64,
    busiest: (usize, f64),
}

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,kind,name,per_second,busiest_cpu,busiest_per_second")?;
    let mut pace = Pace::new();
    let mut last = Last::none();
    for tick in ticks {
        let read =
            || [("irq", "/proc/interrupts"), ("softirq", "/proc/softirqs")].map(|(kind, path)| (kind, parse(&text(host, path))));
        let Some(now) = pace.look(read) else { continue };
        let Some((before, seconds, now)) = last.replace(now) else { continue };
        for ((kind, (cpus, now)), (_, (cpus_before, before))) in now.iter().zip(&before) {
            // A processor that went on or off moves the columns.
            if cpus != cpus_before {
                continue;
            }
            for Rate { counts, all, busiest: (column, most) } in top(before, now, seconds) {
                let (mark, serves) = (&counts.mark, &counts.serves);
                let space = if serves.is_empty() { "" } else { " " };
                let cpu = cpus.get(column).map_or("", String::as_str);
                writeln!(out, "{},{kind},{mark}{space}{serves},{all:.1},{cpu},{most:.1}", stamp(tick))?;
            }
        }
    }
    Ok(())
}

fn top<'a>(before: &[Counts], now: &'a [Counts], seconds: f64) -> Vec<Rate<'a>> {
    let before: HashMap<&str, &Counts> = before.iter().map(|counts| (counts.mark.as_str(), counts)).collect();
    let mut rates: Vec<Rate<'a>> = now
        .iter()
        .filter_map(|counts| {
            let then = before.get(counts.mark.as_str())?;
            let passed = counts.by_cpu.iter().zip(&then.by_cpu).map(|(after, before)| gone(Some(*before), Some(*after)));
            let rates: Vec<f64> = passed.map(|passed| passed.unwrap_or(0.0) / seconds).collect();
            let busiest = rates.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
            Some(Rate { counts, all: rates.iter().sum(), busiest })
        })
        .filter(|rate| rate.all > 0.0)
        .collect();
    rates.sort_by_key(|rate| Reverse(rate.all as u64));
    rates.truncate(TOP);
    rates
}

/// The numbers of the processors in the first line, then a line for each mark: `24: 0 17 PCI-MSI 512-edge virtio0-input`.
fn parse(text: &str) -> (Vec<String>, Vec<Counts>) {
    let mut lines = text.lines();
    let cpus: Vec<String> = lines
        .next()
        .unwrap_or_default()
        .split_ascii_whitespace()
        .filter_map(|cpu| Some(cpu.strip_prefix("CPU")?.to_owned()))
        .collect();
    let counts = lines.filter_map(|line| {
        let (mark, rest) = line.split_once(':')?;
        let mut words = rest.split_ascii_whitespace().peekable();
        let by_cpu: Vec<u64> =
            (0..cpus.len()).map_while(|_| words.next_if(|word| word.parse::<u64>().is_ok())?.parse().ok()).collect();
        // What the line serves stands last; before it stand the chip and the kind of trigger.
        let serves: Vec<&str> = words.collect();
        let serves = if mark.trim().parse::<u32>().is_ok() {
            serves.last().copied().unwrap_or_default().to_owned()
        } else {
            serves.join(" ")
        };
        let serves: String = name(serves.as_bytes()).chars().take(64).collect();
        Some(Counts { mark: name(mark.trim().as_bytes()), serves, by_cpu })
    });
    let counts = counts.collect();
    (cpus, counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_ranked_by_rate_and_the_busiest_processor_is_named() {
        let table = |a: u64, b: u64, c: u64| {
            format!(
                "            CPU0       CPU2\n  1:          9          0   IO-APIC   1-edge      i8042\n 24:     {a}  {b}   PCI-MSI 512-edge      eth0-rx,0\n\
                 LOC:     {c}   5   Local timer interrupts\nERR:          0\n"
            )
        };
        let (cpus, before) = parse(&table(100, 10, 50));
        assert_eq!(cpus, ["0", "2"]);
        let (_, now) = parse(&table(140, 10, 150));
        let rates = top(&before, &now, 2.0);
        let told: Vec<_> =
            rates.iter().map(|rate| (rate.counts.mark.as_str(), rate.counts.serves.as_str(), rate.all, rate.busiest)).collect();
        assert_eq!(told, [("LOC", "Local timer interrupts", 50.0, (0, 50.0)), ("24", "eth0-rx?0", 20.0, (0, 20.0))]);
        assert!(parse("").1.is_empty() && parse("x\ny").1.is_empty());
    }
}
