//! Storage on other hosts: iSCSI sessions, Ceph, the finer signs of NFS.
//!
//! In: lines of the kernel and of iscsid. Out: what was found.

use super::{Flow, Found, Kind, Rule, Words, limits::NFS_TIMEOUT};
use crate::{alerts::Severity, cut};

static ISCSI_SESSION: Kind = Kind {
    name: "iscsi_session",
    severity: Severity::High,
    summary: Words { en: "iSCSI {subject} lost its connection[ ({what})]", zh: "iSCSI {subject} 连接中断[（{what}）]" },
    advice: Words {
        en: "I/O waits, then fails once the replacement timeout is over. Check the network to the portal and the target's load; iscsiadm -m session -P 3 shows session, portal and disks.",
        zh: "I/O 会等待，超过替换超时后失败。检查到 portal 的网络和目标端负载；用 iscsiadm -m session -P 3 查看会话、portal 和磁盘。",
    },
};

static CEPH_LOST: Kind = Kind {
    name: "ceph_lost",
    severity: Severity::High,
    summary: Words { en: "Ceph client: {subject} {what}", zh: "Ceph 客户端：{subject} {what}" },
    advice: Words {
        en: "ceph -s and ceph osd tree show which daemons are down; check the network to them. Mounts and rbd disks hang until they answer.",
        zh: "用 ceph -s 和 ceph osd tree 查看离线的守护进程，并检查到它们的网络。恢复前挂载点和 rbd 盘会挂起。",
    },
};

/// What the client says of a daemon it no longer reaches; a socket that closes is opened again unnoticed.
const LOST: &[&str] = &["session lost", "down", "hung", "connect error", "hunting for new mon"];

pub(crate) static RULES: &[Rule] = &[
    Rule::block(
        &ISCSI_SESSION,
        "kernel",
        &[": detected conn error (", "session recovery timed out after ", ": ping timeout of "],
        iscsi,
        |found, text| match iscsi(text) {
            Some(next) if next.subject == found.subject => Flow::More,
            _ => Flow::Over,
        },
    ),
    Rule::line(&ISCSI_SESSION, "iscsid", &["Kernel reported iSCSI connection "], |text| {
        let rest = cut::after(text, "Kernel reported iSCSI connection ")?;
        let (session, what) = (cut::digits(rest)?, cut::between(rest, " error (", ")"));
        Some(Found::about(&format!("session {session}")).with("what", what))
    }),
    Rule::recovery(&ISCSI_SESSION, "iscsid", &[" is operational after recovery"], |text| {
        let session = cut::digits(text.trim_start().strip_prefix("connection")?)?;
        Some(Found::about(&format!("session {session}")))
    }),
    Rule::line(&CEPH_LOST, "kernel", &["libceph: ", "ceph: mds"], |text| {
        let rest = text.strip_prefix("libceph: ").or_else(|| text.strip_prefix("ceph: "))?;
        let (daemon, what) = rest.split_once(' ')?;
        let known = ["mon", "osd", "mds"].iter().any(|name| {
            daemon.strip_prefix(name).is_some_and(|number| cut::digits(number).is_some_and(|digits| digits.len() == number.len()))
        });
        let what = LOST.iter().find(|mark| match **mark {
            "down" | "hung" => what.trim() == **mark,
            mark => what.contains(mark),
        })?;
        known.then(|| Found::about(daemon).with("what", Some(what)))
    }),
    Rule::recovery(&CEPH_LOST, "kernel", &["libceph: ", "ceph: mds"], |text| {
        let (daemon, what) = text.strip_prefix("libceph: ").or_else(|| text.strip_prefix("ceph: "))?.split_once(' ')?;
        let back = what.trim() == "up" || what.contains("session established") || what.contains("recovery completed");
        back.then(|| Found::about(daemon))
    }),
    Rule::line(&NFS_TIMEOUT, "kernel", &["lockd: server "], |text| {
        let (server, what) = text.strip_prefix("lockd: server ")?.split_once(" not responding, ")?;
        Some(Found::about(server).with("what", Some(what)))
    }),
    Rule::recovery(&NFS_TIMEOUT, "kernel", &["lockd: server "], |text| {
        Some(Found::about(text.strip_prefix("lockd: server ")?.strip_suffix(" OK")?))
    }),
    Rule::line(&NFS_TIMEOUT, "kernel", &["check lease failed on NFSv4 server "], |text| {
        let rest = cut::after(text.strip_prefix("NFS: state manager: ")?, "NFSv4 server ")?;
        Some(Found::about(cut::word(rest)?).with("what", Some("lease")))
    }),
    Rule::line(&NFS_TIMEOUT, "kernel", &["Lock reclaim failed"], |text| {
        text.starts_with("NFS: ").then(|| Found::about("NFSv4").with("what", Some("lock reclaim failed")))
    }),
];

/// ` connection2:0: detected conn error (1020)`, ` session3: session recovery timed out after 120 secs`.
fn iscsi(text: &str) -> Option<Found> {
    let text = text.trim_start();
    let (head, what) = text.split_once(": ")?;
    let number = head.strip_prefix("connection").or_else(|| head.strip_prefix("session"))?;
    let session = cut::digits(number)?;
    Some(Found::about(&format!("session {session}")).with("what", Some(what)))
}
