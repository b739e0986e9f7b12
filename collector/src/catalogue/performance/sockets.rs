//! `perf/sockets.csv`: each second, what TCP, UDP and IP did, and what went wrong.
//!
//! Columns: `time`, then rates per second of the counters in [`COUNTERS`], then `established`, which is as it stands. A counter
//! that this kernel does not have is an empty cell. Sources: `/proc/net/snmp`, `/proc/net/netstat` (RFC 4022, RFC 4113, RFC 4293;
//! Documentation/networking/snmp_counter.rst).

use std::{collections::HashMap, io};

use super::counter::{Cell, Last, gone, stamp, text};
use crate::host::{Host, Ticks};

/// Columns, and the kernel's protocol and counter.
const COUNTERS: [(&str, &str, &str); 26] = [
    ("active_opens_s", "Tcp", "ActiveOpens"),
    ("passive_opens_s", "Tcp", "PassiveOpens"),
    ("failed_opens_s", "Tcp", "AttemptFails"),
    ("resets_s", "Tcp", "EstabResets"),
    ("in_segs_s", "Tcp", "InSegs"),
    ("out_segs_s", "Tcp", "OutSegs"),
    ("retrans_segs_s", "Tcp", "RetransSegs"),
    ("in_errs_s", "Tcp", "InErrs"),
    ("out_resets_s", "Tcp", "OutRsts"),
    ("timeouts_s", "TcpExt", "TCPTimeouts"),
    ("lost_retransmits_s", "TcpExt", "TCPLostRetransmit"),
    ("syn_retrans_s", "TcpExt", "TCPSynRetrans"),
    ("syn_cookies_s", "TcpExt", "SyncookiesSent"),
    ("listen_overflows_s", "TcpExt", "ListenOverflows"),
    ("listen_drops_s", "TcpExt", "ListenDrops"),
    ("backlog_drops_s", "TcpExt", "TCPBacklogDrop"),
    ("receive_queue_drops_s", "TcpExt", "TCPRcvQDrop"),
    ("aborts_on_memory_s", "TcpExt", "TCPAbortOnMemory"),
    ("zero_windows_s", "TcpExt", "TCPToZeroWindowAdv"),
    ("udp_in_s", "Udp", "InDatagrams"),
    ("udp_no_port_s", "Udp", "NoPorts"),
    ("udp_rcvbuf_errors_s", "Udp", "RcvbufErrors"),
    ("udp_sndbuf_errors_s", "Udp", "SndbufErrors"),
    ("ip_in_discards_s", "Ip", "InDiscards"),
    ("ip_out_discards_s", "Ip", "OutDiscards"),
    ("ip_reassembly_fails_s", "Ip", "ReasmFails"),
];

type Counts = HashMap<(String, String), u64>;

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,{},established", COUNTERS.map(|(column, ..)| column).join(","))?;
    let mut last = Last::none();
    for tick in ticks {
        let mut now = parse(&text(host, "/proc/net/snmp"));
        now.extend(parse(&text(host, "/proc/net/netstat")));
        let Some((before, seconds, now)) = last.replace(now) else { continue };
        let get = |from: &Counts, protocol: &str, name: &str| from.get(&(protocol.to_owned(), name.to_owned())).copied();
        let rates = COUNTERS.map(|(_, protocol, name)| {
            Cell(gone(get(&before, protocol, name), get(now, protocol, name)).map(|count| count / seconds)).to_string()
        });
        let established = get(now, "Tcp", "CurrEstab").map_or_else(String::new, |count| count.to_string());
        writeln!(out, "{},{},{established}", stamp(tick), rates.join(","))?;
    }
    Ok(())
}

/// Pairs of lines: `Tcp: RtoAlgorithm RtoMin` above `Tcp: 1 200`.
fn parse(text: &str) -> Counts {
    let mut counts = Counts::new();
    let mut lines = text.lines();
    while let (Some(names), Some(values)) = (lines.next(), lines.next()) {
        let (Some((protocol, names)), Some((of, values))) = (names.split_once(':'), values.split_once(':')) else { continue };
        if protocol == of {
            let pairs = names.split_ascii_whitespace().zip(values.split_ascii_whitespace());
            counts.extend(pairs.filter_map(|(name, value)| Some(((protocol.to_owned(), name.to_owned()), value.parse().ok()?))));
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_of_two_lines_belong_together() {
        let counts = parse("Tcp: MaxConn RetransSegs CurrEstab\nTcp: -1 12 3\nUdp: NoPorts\nUdpLite: 4\nIp: A\n");
        assert_eq!(counts.len(), 2);
        assert_eq!(counts.get(&("Tcp".to_owned(), "RetransSegs".to_owned())), Some(&12));
    }
}
