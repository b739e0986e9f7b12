//! What the host's own daemons report: logging, time, network set-up, containers, guests, cron.
//!
//! In: lines of one daemon, and the kernel's audit lines. Out: what was found.

use super::{Flow, Found, Kind, Rule, Turn, Words, limits::PIDS_LIMIT, process::SERVICE_FAILED, storage::DISK_FULL};
use crate::{alerts::Severity, cut};

static AUDIT_LOST: Kind = Kind {
    name: "audit_lost",
    severity: Severity::Medium,
    summary: Words {
        en: "Audit records were lost[: {lost} since the boot]", zh: "审计记录丢失[：启动以来共 {lost} 条]"
    },
    advice: Words {
        en: "auditctl -s shows lost and backlog. Raise the backlog (-b), cut noisy rules, and check that auditd runs and its disk is fast enough.",
        zh: "用 auditctl -s 查看 lost 和 backlog。调大队列（-b），精简过多的审计规则，并确认 auditd 正常运行且磁盘够快。",
    },
};

static LOG_LOST: Kind = Kind {
    name: "log_lost",
    severity: Severity::Low,
    summary: Words { en: "Log messages were lost or held back: {what}", zh: "日志丢失或积压：{what}" },
    advice: Words {
        en: "What is missing may be what is looked for: find the program that writes so much, or the log server that does not answer, before raising the rate limits.",
        zh: "缺失的日志可能正是所需内容：先找出大量写日志的程序，或不可达的日志服务器，再考虑调大限速。",
    },
};

static CLOCK_STEPPED: Kind = Kind {
    name: "clock_stepped",
    severity: Severity::Medium,
    summary: Words { en: "The system clock jumped or was far off: {what}", zh: "系统时钟跳变或偏差过大：{what}" },
    advice: Words {
        en: "Order of log lines around it may be wrong. Look for who set the time (audit, another time service, a suspended virtual machine), and check chronyc sources -v.",
        zh: "前后日志的时间顺序可能不可靠。查明谁改了时间（审计日志、其他对时服务、虚拟机挂起），并检查 chronyc sources -v。",
    },
};

pub(crate) static CLOCK_UNSYNCED: Kind = Kind {
    name: "clock_unsynced",
    severity: Severity::Medium,
    summary: Words { en: "The clock is not synchronised: {what}", zh: "系统时钟未同步：{what}" },
    advice: Words {
        en: "chronyc sources -v shows which servers answer; check chronyd, the network and UDP port 123. Times in the logs of other hosts may not compare.",
        zh: "用 chronyc sources -v 查看时间源；检查 chronyd、网络和 UDP 123 端口。与其他主机的日志时间可能无法对照。",
    },
};

static NET_CONFIG: Kind = Kind {
    name: "net_config",
    severity: Severity::High,
    summary: Words {
        en: "NetworkManager could not set up {subject}[: {what}]",
        zh: "NetworkManager 配置 {subject} 失败[：{what}]",
    },
    advice: Words {
        en: "nmcli -p device show and journalctl -u NetworkManager tell why: check the profile (ifcfg), the link, and for DHCP the server and VLAN.",
        zh: "用 nmcli -p device show 和 journalctl -u NetworkManager 查看原因：检查配置（ifcfg）、链路，DHCP 时检查服务器和 VLAN。",
    },
};

static KUBELET_UNHEALTHY: Kind = Kind {
    name: "kubelet_unhealthy",
    severity: Severity::High,
    summary: Words { en: "kubelet: {subject}[: {what}]", zh: "kubelet：{subject}[：{what}]" },
    advice: Words {
        en: "kubectl describe node shows the conditions. For PLEG look at a hanging container runtime and disk latency; for evictions at the resource it names.",
        zh: "用 kubectl describe node 查看节点状态。PLEG 异常时检查容器运行时是否挂起和磁盘时延；驱逐时检查其指出的资源。",
    },
};

static GUEST_STUCK: Kind = Kind {
    name: "guest_stuck",
    severity: Severity::Medium,
    summary: Words { en: "libvirt could not reach a virtual machine: {what}", zh: "libvirt 无法操作虚拟机：{what}" },
    advice: Words {
        en: "The qemu process holds its lock or does not answer: look for its storage (hung tasks, NFS, Ceph) and at the log in /var/log/libvirt/qemu.",
        zh: "qemu 进程持锁未放或无响应：检查其存储（阻塞任务、NFS、Ceph）和 /var/log/libvirt/qemu 下的日志。",
    },
};

static ACCOUNT_EXPIRED: Kind = Kind {
    name: "account_expired",
    severity: Severity::Medium,
    summary: Words {
        en: "The password or account of {subject} has expired: its cron jobs do not run",
        zh: "{subject} 的密码或账号已过期：其定时任务不再执行",
    },
    advice: Words {
        en: "chage -l shows the dates; set a new password, or chage -M -1 where policy allows, and check which jobs were missed.",
        zh: "用 chage -l 查看日期；设置新密码，或在策略允许时 chage -M -1，并检查漏执行的任务。",
    },
};

static SSH_THROTTLED: Kind = Kind {
    name: "ssh_throttled",
    severity: Severity::Medium,
    summary: Words {
        en: "sshd refuses connections: too many are not logged in yet", zh: "sshd 拒绝连接：未完成登录的连接过多"
    },
    advice: Words {
        en: "ss -tn sport = :22 shows who connects. Block what attacks; if logins are just slow (DNS, PAM), fix that before raising MaxStartups.",
        zh: "用 ss -tn sport = :22 查看来源。封禁攻击来源；若只是登录慢（DNS、PAM），先排除原因再调大 MaxStartups。",
    },
};

/// No room on a disk, as libc words it.
const NO_SPACE: &[&str] = &["No space left on device"];

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &AUDIT_LOST,
        "kernel",
        &[
            "audit: audit_lost=",
            "audit: audit_backlog=",
            "audit: backlog limit exceeded",
            "audit: rate limit exceeded",
            "audit: kauditd hold queue overflow",
            "audit: kauditd retry queue overflow",
        ],
        |text| {
            let rest = text.strip_prefix("audit: ")?;
            (cut::after(rest, "audit_lost=").and_then(cut::digits) != Some("0")).then(|| lost(Found::about("audit"), rest))
        },
        |found, text| {
            let starts = ["audit_lost=", "audit_backlog=", "backlog limit exceeded", "rate limit exceeded", "kauditd "];
            match text.strip_prefix("audit: ").filter(|rest| starts.iter().any(|start| rest.starts_with(start))) {
                Some(rest) => {
                    *found = lost(found.clone(), rest);
                    Flow::More
                }
                None => Flow::Over,
            }
        },
    ),
    Rule::line(&DISK_FULL, "rsyslogd", NO_SPACE, |text| {
        let file = cut::between(text, "file '", "'").unwrap_or("/var/log");
        Some(Found::about(file).with("writer", Some("rsyslogd")))
    }),
    Rule::line(&DISK_FULL, "systemd-journald", NO_SPACE, |_| Some(full("systemd-journald", "journal"))),
    Rule::line(
        &DISK_FULL,
        "auditd",
        &["Audit daemon is low on disk space", "no space left on logging partition", "Audit daemon has no space left"],
        |_| Some(full("auditd", "/var/log/audit")),
    ),
    Rule::line(&DISK_FULL, "systemd[1]", NO_SPACE, |text| {
        // Watches of files have a limit of their own, with the same words.
        (!text.contains("watch") && !text.contains("inotify")).then(|| full("systemd", "/"))
    }),
    Rule::line(&DISK_FULL, "dockerd", &["no space left on device"], |_| Some(full("dockerd", "/var/lib/docker"))),
    Rule::line(&DISK_FULL, "containerd", &["no space left on device"], |_| Some(full("containerd", "/var/lib/containerd"))),
    Rule::line(&DISK_FULL, "isulad", &["no space left on device", "No space left on device"], |_| {
        Some(full("isulad", "/var/lib/isulad"))
    }),
    Rule::line(&LOG_LOST, "rsyslogd", &[" suspended (module ", "lost due to rate-limiting", "begin to drop messages"], |text| {
        let forwards = text.starts_with("action '") && text.contains(" suspended (module ");
        let found = Found::about(if forwards { cut::between(text, "'", "'")? } else { "rsyslog" });
        let found = found.with("what", text.split(" [v").next());
        Some(if forwards { found.at(Severity::Medium) } else { found })
    }),
    Rule::recovery(&LOG_LOST, "rsyslogd", &["' resumed (module "], |text| {
        text.starts_with("action '").then(|| cut::between(text, "'", "'").map(Found::about))?
    }),
    Rule::line(&LOG_LOST, "systemd-journald", &["Suppressed "], |text| {
        let source = cut::after(text.strip_prefix("Suppressed ")?, " messages from ")?;
        Some(Found::about(source).with("what", Some(text)))
    }),
    Rule {
        turn: Turn::Nothing,
        ..Rule::line(
            &CLOCK_STEPPED,
            "chronyd",
            &["System clock wrong by ", "System clock was stepped by ", "time jump detected"],
            |text| {
                let seconds = text.strip_prefix("System clock w").and_then(|rest| cut::between(rest, " by ", " seconds"));
                let small = seconds.and_then(|seconds| seconds.parse::<f64>().ok()).is_some_and(|by| by.abs() < 1.0);
                (!small).then(|| Found::about("clock").with("what", Some(text)))
            },
        )
    },
    Rule {
        turn: Turn::Nothing,
        ..Rule::line(&CLOCK_UNSYNCED, "chronyd", &["Can't synchronise: no selectable sources"], |text| {
            Some(Found::about("clock").with("what", cut::after(text, "Can't synchronise: ")).at(Severity::Low))
        })
    },
    Rule::recovery(&CLOCK_UNSYNCED, "chronyd", &["Selected source "], |_| Some(Found::about("clock"))),
    Rule::line(&NET_CONFIG, "NetworkManager", &["Activation: failed for connection ", ": request timed out"], |text| {
        let text = cut::after(text.strip_prefix("<warn>")?, "] ")?;
        let device = cut::between(text, "(", ")")?;
        if text.starts_with("dhcp") {
            return Some(Found::about(device).with("what", Some("DHCP: request timed out")).at(Severity::Medium));
        }
        let connection = cut::after(text, "failed for connection ");
        text.starts_with("device (").then(|| Found::about(device).with("what", connection))
    }),
    Rule::recovery(&NET_CONFIG, "NetworkManager", &["Activation: successful, device activated"], |text| {
        Some(Found::about(cut::between(text, "device (", ")")?))
    }),
    Rule::line(
        &KUBELET_UNHEALTHY,
        "kubelet",
        &[
            "PLEG is not healthy",
            "attempting to reclaim ",
            "Recording NodeNotReady event",
            "event=\"NodeNotReady\"",
            "status is now: NodeNotReady",
        ],
        |text| {
            let known = [
                ("PLEG is not healthy", "PLEG is not healthy"),
                ("attempting to reclaim ", "attempting to reclaim"),
                ("NodeNotReady", "the node is not ready"),
            ];
            let (mark, subject) = known.iter().find(|(mark, _)| text.contains(mark))?;
            let what = cut::after(text, mark).and_then(|rest| rest.trim_start_matches([' ', ':', '"']).split('"').next());
            Some(Found::about(subject).with("what", what.filter(|what| !what.is_empty())))
        },
    ),
    Rule::line(&GUEST_STUCK, "libvirtd", &["cannot acquire state change lock"], |text| {
        Some(Found::about("libvirt").with("what", Some(text)))
    }),
    Rule::line(
        &ACCOUNT_EXPIRED,
        "crond",
        &["PAM ERROR (Authentication token is no longer valid", "PAM ERROR (User account has expired"],
        |text| Some(Found::about(cut::between(text, "(", ")")?)),
    ),
    Rule::line(&SSH_THROTTLED, "sshd", &["beginning MaxStartups throttling"], |text| {
        text.starts_with("error: ").then(|| Found::about("sshd"))
    }),
    Rule::line(&SERVICE_FAILED, "dbus-daemon", &["Failed to activate service '"], |text| {
        let service = cut::between(text, "Failed to activate service '", "'")?;
        text.contains("timed out").then(|| Found::about(service).with("result", Some("timeout")).at(Severity::Medium))
    }),
    Rule::line(&PIDS_LIMIT, "systemd[1]", &[": Failed to fork: "], |text| {
        Some(Found::about(cut::before(text, ": Failed to fork: ")?))
    }),
    Rule::line(&PIDS_LIMIT, "sshd", &["error: fork: "], |text| text.starts_with("error: fork: ").then(|| Found::about("sshd"))),
    Rule::line(&PIDS_LIMIT, "crond", &["fork: Resource temporarily unavailable", "fork: Cannot allocate memory"], |_| {
        Some(Found::about("crond"))
    }),
];

fn lost(mut found: Found, text: &str) -> Found {
    found.set("lost", cut::after(text, "audit_lost=").and_then(cut::digits));
    found
}

fn full(writer: &str, place: &str) -> Found {
    Found::about(place).with("writer", Some(writer))
}
