//! `perf/network.csv`: each interface's traffic and trouble for each second.
//!
//! Columns: `time,interface,rx_bytes_s,rx_packets_s,rx_errs_s,rx_drops_s,tx_bytes_s,tx_packets_s,tx_errs_s,tx_drops_s`.
//! Source: `/proc/net/dev` (proc(5)).

use std::{collections::BTreeMap, io};

use super::counter::{Cell, Last, gone, numbers, stamp, text};
use crate::host::{Host, Ticks};

const HEADER: &str = "time,interface,rx_bytes_s,rx_packets_s,rx_errs_s,rx_drops_s,tx_bytes_s,tx_packets_s,tx_errs_s,tx_drops_s";
/// Where bytes, packets, errors and drops stand, received and then sent.
const FIELDS: [usize; 8] = [0, 1, 2, 3, 8, 9, 10, 11];

type Counters = Vec<Option<u64>>;

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{HEADER}")?;
    let mut last = Last::none();
    for tick in ticks {
        let Some((before, seconds, now)) = last.replace(parse(&text(host, "/proc/net/dev"))) else { continue };
        for (name, counters) in now {
            let Some(then) = before.get(name) else { continue };
            let get = |from: &Counters, field: usize| from.get(field).copied().flatten();
            let cells =
                FIELDS.map(|field| Cell(gone(get(then, field), get(counters, field)).map(|count| count / seconds)).to_string());
            writeln!(out, "{},{name},{}", stamp(tick), cells.join(","))?;
        }
    }
    Ok(())
}

/// Two lines of heading, then `  eth0: 1 2 3 ...`. A name with a comma or a quote would break a cell: it is left out.
fn parse(text: &str) -> BTreeMap<String, Counters> {
    text.lines()
        .skip(2)
        .filter_map(|line| {
            let (name, counters) = line.rsplit_once(':')?;
            let name = name.trim();
            let plain = !name.is_empty() && !name.contains([',', '"']);
            plain.then(|| (name.to_owned(), numbers(counters)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_read() {
        let text = "Inter-|   Receive\n face |bytes\n    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n\
            eth0:1:5 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
        let found = parse(text);
        assert_eq!(found["lo"][8], Some(9));
        assert_eq!(found["eth0:1"][0], Some(5));
    }
}
