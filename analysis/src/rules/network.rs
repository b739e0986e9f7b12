//! Network: links, adapters, connection tracking, neighbours, TCP.

use super::{Flow, Found, Kind, Rule, Turn, Words, dump};
use crate::{alerts::Severity, cut};

static NIC_LINK_DOWN: Kind = Kind {
    name: "nic_link_down",
    severity: Severity::High,
    summary: Words { en: "{subject}: link down", zh: "网卡 {subject} 链路断开" },
    advice: Words {
        en: "Check cable, optical module (ethtool -m) and switch port, and whether the link came back; ethtool -S shows errors that grow.",
        zh: "检查网线、光模块（ethtool -m）和交换机端口，以及链路是否恢复；用 ethtool -S 查看持续增长的错误计数。",
    },
};

static NIC_TX_TIMEOUT: Kind = Kind {
    name: "nic_tx_timeout",
    severity: Severity::High,
    summary: Words {
        en: "{subject}[ ({driver})]: transmit queue[ {queue}] timed out",
        zh: "网卡 {subject}[（{driver}）]发送队列[ {queue} ]超时",
    },
    advice: Words {
        en: "Check driver and firmware versions with ethtool -i against the vendor's list, and PCIe errors of the card; a reset usually follows in the log.",
        zh: "用 ethtool -i 查看驱动和固件版本并与厂商列表核对，检查该卡的 PCIe 错误；日志中随后通常有复位记录。",
    },
};

static NIC_RESET: Kind = Kind {
    name: "nic_reset",
    severity: Severity::High,
    summary: Words { en: "{subject}: the adapter was reset[ ({what})]", zh: "网卡 {subject} 发生复位[（{what}）]" },
    advice: Words {
        en: "Connections stall during a reset. Look for a transmit timeout or PCIe error before it, and compare driver and firmware (ethtool -i) with known defects.",
        zh: "复位期间连接会中断。检查此前是否有发送超时或 PCIe 错误，并用 ethtool -i 核对驱动和固件的已知缺陷。",
    },
};

static CONNTRACK_FULL: Kind = Kind {
    name: "conntrack_full",
    severity: Severity::High,
    summary: Words {
        en: "The connection tracking table is full: packets are dropped", zh: "连接跟踪表已满，正在丢包"
    },
    advice: Words {
        en: "Compare net.netfilter.nf_conntrack_count with nf_conntrack_max; raise the limit (and the hash size), shorten the timeouts, or exempt traffic with NOTRACK.",
        zh: "比较 net.netfilter.nf_conntrack_count 与 nf_conntrack_max；调大上限（及哈希表），缩短超时，或用 NOTRACK 免除部分流量。",
    },
};

static NEIGH_OVERFLOW: Kind = Kind {
    name: "neigh_overflow",
    severity: Severity::Medium,
    summary: Words { en: "Neighbour table overflow ({subject})", zh: "邻居表溢出（{subject}）" },
    advice: Words {
        en: "Count entries with ip -s neigh, raise net.ipv4.neigh.default.gc_thresh1..3 (ipv6 alike), and check that the subnet is not scanned.",
        zh: "用 ip -s neigh 查看条目数，调大 net.ipv4.neigh.default.gc_thresh1..3（IPv6 同理），并检查网段是否被扫描。",
    },
};

static SYN_FLOOD: Kind = Kind {
    name: "syn_flood",
    severity: Severity::Medium,
    summary: Words { en: "Possible SYN flood on port {subject}", zh: "端口 {subject} 可能遭受 SYN 洪泛" },
    advice: Words {
        en: "Look at ss -ltn for a full backlog: often the application accepts too slowly. Raise its backlog and net.core.somaxconn, or filter the sources.",
        zh: "用 ss -ltn 查看监听队列是否已满：常见原因是应用 accept 过慢。调大应用 backlog 和 net.core.somaxconn，或过滤来源地址。",
    },
};

static TCP_MEMORY: Kind = Kind {
    name: "tcp_memory",
    severity: Severity::High,
    summary: Words { en: "TCP reached its limit of memory or orphaned sockets", zh: "TCP 达到内存或孤儿套接字上限" },
    advice: Words {
        en: "Compare `mem` and `orphan` in /proc/net/sockstat with net.ipv4.tcp_mem and tcp_max_orphans, and find sockets with large queues with ss -tm.",
        zh: "将 /proc/net/sockstat 中的 mem、orphan 与 net.ipv4.tcp_mem、tcp_max_orphans 比较，用 ss -tm 找出队列很大的套接字。",
    },
};

const DOWN: &[&str] =
    &["NIC Link is Down", "Link is down", "Link is Down", ": link down", ": Link down", "link status definitely down"];

const UP: &[&str] = &[
    "NIC Link is Up",
    "Link is up",
    "Link is Up",
    ": link up",
    ": Link up",
    ": link becomes ready",
    "link status definitely up",
];

pub(crate) static RULES: &[Rule] = &[
    Rule { turn: Turn::Nothing, ..Rule::line(&NIC_LINK_DOWN, "kernel", DOWN, link_down) },
    Rule::recovery(&NIC_LINK_DOWN, "kernel", UP, |text| Some(Found::about(interface(text, UP)?))),
    Rule::block(
        &NIC_TX_TIMEOUT,
        "kernel",
        &["NETDEV WATCHDOG: ", "Detected Tx Unit Hang", "Detected Hardware Unit Hang"],
        |text| {
            if let Some(rest) = text.strip_prefix("NETDEV WATCHDOG: ") {
                let queue = cut::after(rest, "transmit queue ").and_then(cut::digits);
                return Some(Found::about(cut::word(rest)?).with("driver", cut::between(rest, "(", ")")).with("queue", queue));
            }
            let head = cut::before(text, ": Detected ")?;
            Some(Found::about(cut::last_word(head)?).with("driver", cut::word(head)))
        },
        dump::follow,
    ),
    Rule::block(
        &NIC_RESET,
        "kernel",
        &[
            "received reset event",
            "PF Reset requested",
            "Reset adapter",
            "reset adapter",
            "Initiating reset",
            "initiating reset due to",
        ],
        |text| {
            let (head, what) = text.split_once(": ").filter(|(head, _)| head.contains(' '))?;
            Some(Found::about(cut::last_word(head)?).with("what", Some(what)))
        },
        |found, text| {
            let head = text.split_once(": ").and_then(|(head, _)| cut::last_word(head));
            if head != Some(found.subject.as_str()) {
                return Flow::Over;
            }
            let done = text.contains("Reset done") || text.contains("reset complete");
            found.over = done;
            if done { Flow::Last } else { Flow::More }
        },
    ),
    Rule::line(&CONNTRACK_FULL, "kernel", &["table full, dropping packet"], |text| {
        text.starts_with("nf_conntrack: ").then(|| Found::about("nf_conntrack"))
    }),
    Rule::line(
        &NEIGH_OVERFLOW,
        "kernel",
        &["neighbor table overflow", "Neighbour table overflow", "neighbour table overflow"],
        |text| {
            let table = text.split(": ").nth(1).filter(|_| text.starts_with("neighbour: ") || text.starts_with("net_ratelimit"));
            Some(Found::about(table.unwrap_or("arp_cache")))
        },
    ),
    Rule::line(&SYN_FLOOD, "kernel", &["Possible SYN flooding on port "], |text| {
        let port = cut::after(text, "SYN flooding on port ")?;
        Some(Found::about(cut::word(port)?))
    }),
    Rule::line(
        &TCP_MEMORY,
        "kernel",
        &["TCP: out of memory -- consider tuning tcp_mem", "TCP: too many orphaned sockets"],
        |text| text.starts_with("TCP: ").then(|| Found::about("tcp")),
    ),
];

/// A line whose statement ends with the mark: what goes on says something else.
fn link_down(text: &str) -> Option<Found> {
    let rest = DOWN.iter().find_map(|mark| cut::after(text, mark))?;
    let ended = text.contains("definitely down")
        || rest.is_empty()
        || rest.starts_with([',', '.', '!', ';', ':'])
        || rest.starts_with(" (");
    interface(text, DOWN).filter(|_| ended).map(Found::about)
}

/// The interface is the last word before the statement; a bond names its slave.
fn interface<'a>(text: &'a str, marks: &[&str]) -> Option<&'a str> {
    if text.contains("SATA link") || text.starts_with("ata") {
        return None;
    }
    if text.contains("link status definitely ") {
        return cut::between(text, "(slave ", ")").or_else(|| cut::between(text, "for interface ", ","));
    }
    let head = marks.iter().find_map(|mark| cut::before(text, mark))?;
    let head = head.trim_end_matches([':', ' ']);
    let device = cut::last_word(head)?;
    let named = device.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'@' | b':'));
    named.then_some(device)
}
