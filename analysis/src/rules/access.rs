//! Access: password guessing, SELinux denials, abnormal ends in the audit log.

use super::{Found, Kind, Rule, Words};
use crate::{
    alerts::Severity,
    cut,
    tally::{REPEATS, Threshold},
};

static AUTH_BRUTEFORCE: Kind = Kind {
    name: "auth_bruteforce",
    severity: Severity::High,
    summary: Words {
        en: "{failures} failed SSH logins from {subject} in a row",
        zh: "来自 {subject} 的 SSH 登录连续失败 {failures} 次",
    },
    advice: Words {
        en: "Check in the secure log whether that address got in afterwards (Accepted password). Block it, and allow only keys or known networks for sshd.",
        zh: "在 secure 日志中检查该地址随后是否登录成功（Accepted password）。封禁该地址，并让 sshd 仅允许密钥或可信网段。",
    },
};

static SELINUX_DENIED: Kind = Kind {
    name: "selinux_denied",
    severity: Severity::Medium,
    summary: Words {
        en: "SELinux denied {permission}[ on {name}] ({class}) to {command}[, domain {domain}]",
        zh: "SELinux 拒绝 {command} 的 {permission} 操作，类别 {class}[，目标 {name}][，域 {domain}]",
    },
    advice: Words {
        en: "ausearch -m avc with this command shows the record, audit2why the reason. If the access is right, fix the label (restorecon) or add a policy module.",
        zh: "用 ausearch -m avc 查看记录，用 audit2why 查看原因。若访问合理，用 restorecon 修正标签，或增加策略模块。",
    },
};

static ANOM_ABEND: Kind = Kind {
    name: "anom_abend",
    severity: Severity::Medium,
    summary: Words {
        en: "{subject}[ (pid {pid})] ended abnormally[ by signal {signal}]",
        zh: "{subject}[（PID {pid}）]异常终止[，信号 {signal}]",
    },
    advice: Words {
        en: "Look for the core dump of this program (coredumpctl list) and the matching segfault or service alert.",
        zh: "查找该程序的 core（coredumpctl list），并对照同一时间的段错误或服务失败告警。",
    },
};

static ANOM_LOGIN: Kind = Kind {
    name: "anom_login",
    severity: Severity::Medium,
    summary: Words {
        en: "Audit: {what}[ for user id {user}][ from {address}]",
        zh: "审计：{what}[，用户 ID {user}][，来自 {address}]",
    },
    advice: Words {
        en: "Compare with the failed logins in the secure log (lastb) and unlock the account with faillock --reset only when they are explained.",
        zh: "与 secure 日志中的失败登录（lastb）对照；确认原因后再用 faillock --reset 解锁账号。",
    },
};

static ANOM_PROMISCUOUS: Kind = Kind {
    name: "anom_promiscuous",
    severity: Severity::Low,
    summary: Words {
        en: "{subject} went into promiscuous mode[, audit user {user}]",
        zh: "网卡 {subject} 进入混杂模式[，审计用户 {user}]",
    },
    advice: Words {
        en: "Somebody captures packets, or a bridge or virtual machine uses the device: ip -d link shows the latter, the audit log who it was.",
        zh: "有人在抓包，或网桥、虚拟机在使用该网卡：用 ip -d link 区分，用审计日志查操作者。",
    },
};

static ANOM_EVENT: Kind = Kind {
    name: "anom_event",
    severity: Severity::Low,
    summary: Words {
        en: "Audit reported an anomaly: {subject}[ by {command}]",
        zh: "审计上报异常事件：{subject}[，程序 {command}]",
    },
    advice: Words {
        en: "ausearch with this record type (-m) shows the records and the user; an anomaly of a known maintenance task can be left alone.",
        zh: "用 ausearch -m 加该记录类型查看记录和用户；属于已知维护操作的可忽略。",
    },
};

static ACCOUNT_LOCKED: Kind = Kind {
    name: "account_locked",
    severity: Severity::Medium,
    summary: Words {
        en: "Account {subject} was locked after failed logins[ ({service})]",
        zh: "账号 {subject} 因登录失败被锁定[（{service}）]",
    },
    advice: Words {
        en: "faillock --user shows the attempts and where they came from. Unlock with faillock --reset when the owner confirms them.",
        zh: "用 faillock --user 查看尝试记录及来源；账号所有者确认后用 faillock --reset 解锁。",
    },
};

pub(crate) static RULES: &[Rule] = &[
    Rule::line(&ACCOUNT_LOCKED, "", &["account temporarily locked"], |text| {
        let (head, rest) = text.split_once("Consecutive login failures for user ")?;
        let service = cut::between(head.strip_prefix("pam_faillock")?, "(", ":");
        Some(Found::about(cut::word(rest)?).with("service", service))
    }),
    // One attempt leaves a line of each form: forms are counted apart, and the first one that makes a burst tells of it.
    guesses(&["Failed password for ", "Failed keyboard-interactive/pam for "], |text| {
        let starts = ["Failed password for ", "Failed keyboard-interactive/pam for "];
        caller(text, &starts, " from ")
    }),
    guesses(&["pam_unix(sshd:auth): authentication failure;"], |text| {
        caller(text, &["pam_unix(sshd:auth): authentication failure;"], " rhost=")
    }),
    guesses(&["error: PAM: Authentication failure for "], |text| {
        caller(text, &["error: PAM: Authentication failure for "], " from ")
    }),
    guesses(&["error: maximum authentication attempts exceeded for "], |text| {
        caller(text, &["error: maximum authentication attempts exceeded for "], " from ")
    }),
    guesses(&["Invalid user "], |text| caller(text, &["Invalid user "], " from ")),
];

/// A form of line that a refused login leaves.
const fn guesses(anchors: &'static [&'static str], read: fn(&str) -> Option<Found>) -> Rule {
    let line = Rule::line(&AUTH_BRUTEFORCE, "sshd", anchors, read);
    Rule { threshold: Some(Threshold { events: 5, seconds: 60 }), ..line }
}

/// The address from which a login was refused.
fn caller(text: &str, starts: &[&str], mark: &str) -> Option<Found> {
    let repeated = text.strip_prefix("message repeated ").and_then(cut::digits).and_then(|times| times.parse().ok());
    let line = if repeated.is_some() { cut::after(text, "[")?.trim_start() } else { text };
    let rest = starts.iter().find_map(|start| line.strip_prefix(start))?;
    // The user name is the caller's choice and may hold " from ": the address is the last one.
    let (_, address) = rest.rsplit_once(mark)?;
    let mut found = Found::about(cut::word(address.split("  ").next()?)?);
    found.weight = repeated.unwrap_or(1).min(REPEATS);
    Some(found)
}

/// audit.log.
pub(crate) static AUDIT: &[Rule] = &[
    Rule::line(&SELINUX_DENIED, "audit", &["avc:  denied  {"], |text| {
        if !(text.starts_with("type=AVC ") || text.starts_with("type=USER_AVC ")) {
            return None;
        }
        let permission = cut::between(text, "denied  {", "}")?.trim();
        let field = |name: &str| cut::after(text, name).map(|rest| rest.split([' ', '"']).next().unwrap_or(rest));
        let command = program(text).unwrap_or("?");
        let domain = field("scontext=").and_then(|context| context.split(':').nth(2));
        let target = field("tcontext=").and_then(|context| context.split(':').nth(2)).unwrap_or_default();
        let class = field("tclass=").unwrap_or_default();
        let subject = format!("{command} {} {target} {class} {permission}", domain.unwrap_or_default());
        let found = Found::about(&subject)
            .with("permission", Some(permission))
            .with("name", field(" name=\"").or_else(|| field(" path=\"")))
            .with("class", Some(class))
            .with("command", Some(command))
            .with("domain", domain);
        Some(if text.contains("permissive=1") { found.at(Severity::Low) } else { found })
    }),
    Rule::line(&ANOM_ABEND, "audit", &["type=ANOM_ABEND "], |text| {
        let field = |name: &str| cut::after(text, name).map(|rest| rest.split([' ', '"']).next().unwrap_or(rest));
        let command = text.strip_prefix("type=ANOM_ABEND ").and_then(program)?;
        Some(Found::about(command).with("pid", field(" pid=")).with("signal", field(" sig=")))
    }),
    Rule::recovery(&ANOM_PROMISCUOUS, "audit", &["type=ANOM_PROMISCUOUS "], |text| {
        let device = cut::after(text, " dev=").and_then(cut::word).filter(|_| text.contains(" prom=0 "))?;
        Some(Found::about(device))
    }),
    Rule::line(&ANOM_EVENT, "audit", &["type=ANOM_"], |text| {
        let record = text.strip_prefix("type=").filter(|rest| rest.starts_with("ANOM_")).and_then(cut::word)?;
        let field = |name: &str| cut::after(text, name).map(|rest| rest.split([' ', '"', '\'']).next().unwrap_or(rest));
        match record {
            "ANOM_ABEND" => None,
            "ANOM_PROMISCUOUS" => {
                let device = field(" dev=").filter(|_| !text.contains(" prom=0 "))?;
                // Those of containers and guests always are.
                let passing = ["veth", "docker", "br-", "virbr", "tap", "vnet", "cali", "lxc", "cni"];
                let passing = passing.iter().any(|start| device.starts_with(start));
                (!passing).then(|| Found::about(device).of(&ANOM_PROMISCUOUS).with("user", field(" auid=")))
            }
            _ if record.starts_with("ANOM_LOGIN") => {
                let user = cut::after(text, "msg='").and_then(|rest| cut::after(rest, "uid=")).and_then(cut::digits);
                let address = field(" addr=").filter(|address| *address != "?");
                let found = Found::about(&format!("{record} {} {}", user.unwrap_or(""), address.unwrap_or("")));
                Some(found.of(&ANOM_LOGIN).with("what", Some(record)).with("user", user).with("address", address))
            }
            _ => Some(Found::about(record).with("command", field(" exe=\"").or_else(|| program(text)))),
        }
    }),
];

/// Whom a record is about: its name, else its file. One with a blank in it is written in hex, and is told so: nobody has
/// looked for secrets in it.
fn program(text: &str) -> Option<&str> {
    let quoted = |name| cut::between(text, name, "\"").filter(|value| !value.is_empty());
    let plain = |name| cut::after(text, name).and_then(cut::word);
    quoted(" comm=\"").or_else(|| quoted(" exe=\"")).or_else(|| plain(" comm=")).or_else(|| plain(" exe="))
}
