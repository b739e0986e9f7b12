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

pub(crate) static BOND_DEGRADED: Kind = Kind {
    name: "bond_degraded",
    severity: Severity::High,
    summary: Words {
        en: "Bond {bond} has no link[ on its slave {slave}]", zh: "聚合口 {bond} 无链路[，成员口 {slave}]"
    },
    advice: Words {
        en: "Check cable, optical module (ethtool -m) and switch port of this slave; the bond works on what is left, without redundancy.",
        zh: "检查该成员口的网线、光模块（ethtool -m）和交换机端口；聚合口仅靠剩余成员工作，已无冗余。",
    },
};

static IP_CONFLICT: Kind = Kind {
    name: "ip_conflict",
    severity: Severity::High,
    summary: Words {
        en: "{subject} is used by another host too[ ({who})][, seen on {device}]",
        zh: "地址 {subject} 与其他主机冲突[（{who}）][，发现于 {device}]",
    },
    advice: Words {
        en: "arping -D or ndisc6 on that network finds the other host by its MAC address; give one of the two another address.",
        zh: "在该网络用 arping -D 或 ndisc6 按 MAC 地址找到另一台主机，并更换其中一方的地址。",
    },
};

static NETDEV_STUCK: Kind = Kind {
    name: "netdev_stuck",
    severity: Severity::Medium,
    summary: Words {
        en: "Network device {subject} cannot be removed: something still refers to it",
        zh: "网络设备 {subject} 无法删除：仍被引用",
    },
    advice: Words {
        en: "Starting and stopping containers or VLANs hangs meanwhile (rtnl lock). If it repeats for minutes, compare the kernel with known leaks of references; a restart frees it.",
        zh: "期间容器启停和 VLAN 操作会卡住（rtnl 锁）。若持续数分钟，比对该内核已知的引用泄漏问题；重启可恢复。",
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
        &[
            "NETDEV WATCHDOG: ",
            "Detected Tx Unit Hang",
            "Detected Hardware Unit Hang",
            ": TX timeout detected",
            ": tx_timeout",
            ": Tx timeout",
            " tx_timeout count: ",
            ": transmit timed out, resetting",
            ": tx hang",
        ],
        tx_timeout,
        |found, text| match tx_timeout(text) {
            Some(next) if next.subject == found.subject => Flow::More,
            None if dump::is_dump(text) || text.contains(": TX timeout on queue: ") => Flow::More,
            _ => Flow::Over,
        },
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
            "PF reset issued",
            "Reset fail",
            " found [error status=",
            "handling bad device here",
            "device's health compromised",
            "mlx5_enter_error_state:",
            "health recovery flow aborted",
            "Firmware fatal reset event",
            "Firmware non-fatal reset event",
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
    Rule::line(&NEIGH_OVERFLOW, "kernel", &["Route cache is full: "], |text| {
        text.starts_with("Route cache is full: ").then(|| Found::about("route_cache"))
    }),
    Rule {
        turn: Turn::Nothing,
        ..Rule::line(&BOND_DEGRADED, "kernel", &[": now running without any active interface"], |text| {
            let bond = cut::last_word(cut::before(text, ": now running without any active interface")?)?;
            Some(Found::about(bond).with("bond", Some(bond)).at(Severity::Critical))
        })
    },
    Rule {
        turn: Turn::Nothing,
        ..Rule::line(&BOND_DEGRADED, "kernel", &["No 802.3ad response from the link partner"], |text| {
            let bond = cut::last_word(cut::before(text, ": ")?)?;
            Some(Found::about(bond).with("bond", Some(bond)))
        })
    },
    Rule::recovery(&BOND_DEGRADED, "kernel", &[": first active interface up", ": active interface up"], |text| {
        Some(Found::about(cut::last_word(cut::before(text, ": ")?)?))
    }),
    Rule::line(&IP_CONFLICT, "kernel", &[" detected!"], |text| {
        let (device, rest) = text.strip_prefix("IPv6: ").unwrap_or(text).split_once(": ")?;
        let rest = rest.strip_prefix("IPv6 duplicate address ").or_else(|| rest.strip_prefix("IPv6 DAD: duplicate address "))?;
        let who = cut::after(rest, " used by ").and_then(cut::word);
        Some(Found::about(cut::word(rest)?).with("device", Some(device)).with("who", who))
    }),
    Rule::line(&NETDEV_STUCK, "kernel", &["unregister_netdevice: waiting for "], |text| {
        let device = cut::word(text.strip_prefix("unregister_netdevice: waiting for ")?)?;
        Some(Found::about(device))
    }),
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

/// A queue that does not send, as the kernel's watchdog says it, or the driver alone: the watchdog speaks once in a boot.
fn tx_timeout(text: &str) -> Option<Found> {
    if let Some(rest) = text.strip_prefix("NETDEV WATCHDOG: ") {
        let queue = cut::after(rest, "transmit queue ").and_then(cut::digits);
        return Some(Found::about(cut::word(rest)?).with("driver", cut::between(rest, "(", ")")).with("queue", queue));
    }
    let (head, what) = text.split_once(": ").filter(|(head, _)| head.contains(' '))?;
    let starts = [
        "Detected Tx Unit Hang",
        "Detected Hardware Unit Hang",
        "TX timeout detected",
        "Tx timeout",
        "tx_timeout: ",
        "tx_timeout count: ",
        "tx_timeout recovery",
    ];
    let known = starts.iter().any(|start| what.starts_with(start))
        || what.starts_with("transmit timed out, resetting")
        || what.starts_with("tx hang");
    let queue = cut::after(what, "queue id: ").and_then(cut::digits);
    let device = cut::last_word(head).filter(|_| known)?;
    Some(Found::about(device).with("driver", cut::word(head)).with("queue", queue))
}

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
