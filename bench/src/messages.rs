//! Logs made up for measuring: a host name in every line, an address or a version in every third, a credential in every
//! hundredth.
//!
//! In: a family, a size and a seed. Out: the same bytes every time. Never: text of a real host.

use std::fmt::Write as _;

/// What kind of log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Lines of many daemons, as syslog writes them.
    Messages,
    /// Requests to a web server.
    Access,
    /// A Java service with stack traces.
    Java,
    /// Records of the audit system.
    Audit,
    /// One object of JSON per line.
    Json,
}

/// All families and their names.
pub(crate) const FAMILIES: [(Family, &str); 5] = [
    (Family::Messages, "messages"),
    (Family::Access, "access_log"),
    (Family::Java, "java"),
    (Family::Audit, "audit"),
    (Family::Json, "json"),
];

/// A generator of numbers (splitmix64): small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }

    /// Some words, with a number or an id among them, as daemons write them.
    fn sentence(&mut self) -> String {
        let mut out = String::new();
        for n in 0..5 + self.below(6) {
            let separator = if n == 0 { "" } else { " " };
            let written = match self.below(7) {
                0 => write!(out, "{separator}{}={}", self.of(&WORDS), self.below(100_000)),
                1 => write!(out, "{separator}{}", self.below(5000)),
                2 if n > 1 => write!(out, "{separator}{}-{:08x}", self.of(&WORDS), self.next() as u32),
                _ => write!(out, "{separator}{}", self.of(&WORDS)),
            };
            debug_assert!(written.is_ok(), "a string takes what is written");
        }
        out
    }

    fn address(&mut self) -> String {
        format!("10.{}.{}.{}", self.below(4), self.below(8), self.below(250))
    }

    fn secret(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789!@#%^";
        (0..14).map(|_| LETTERS[self.below(LETTERS.len() as u64) as usize] as char).collect()
    }
}

const HOSTS: [&str; 4] = ["db-prod-07", "web-prod-02", "app-prod-11", "bastion-01"];
const DAEMONS: [&str; 8] = ["systemd", "sshd", "kernel", "chronyd", "NetworkManager", "kubelet", "dockerd", "crond"];
const WORDS: [&str; 96] = [
    "started",
    "stopped",
    "session",
    "opened",
    "closed",
    "for",
    "unit",
    "by",
    "state",
    "change",
    "device",
    "link",
    "carrier",
    "timeout",
    "waiting",
    "lease",
    "renewed",
    "volume",
    "mounted",
    "pod",
    "reconciled",
    "container",
    "exec",
    "finished",
    "with",
    "status",
    "after",
    "slow",
    "query",
    "took",
    "lock",
    "acquired",
    "released",
    "retry",
    "backoff",
    "replica",
    "sync",
    "lag",
    "commit",
    "rollback",
    "checkpoint",
    "page",
    "cache",
    "flush",
    "write",
    "read",
    "block",
    "sector",
    "queue",
    "depth",
    "limit",
    "exceeded",
    "dropped",
    "packets",
    "ring",
    "buffer",
    "interrupt",
    "cpu",
    "node",
    "memory",
    "reclaim",
    "swap",
    "task",
    "worker",
    "thread",
    "pool",
    "request",
    "response",
    "handler",
    "route",
    "upstream",
    "cluster",
    "member",
    "leader",
    "election",
    "term",
    "snapshot",
    "index",
    "segment",
    "compaction",
    "shard",
    "rebalance",
    "partition",
    "offset",
    "consumer",
    "group",
    "topic",
    "health",
    "probe",
    "ready",
    "degraded",
    "recovered",
    "warning",
    "error",
    "notice",
    "info",
];

/// About `size` bytes of a family, whole lines.
pub(crate) fn make(family: Family, size: usize, seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let mut out = String::with_capacity(size + 4096);
    let mut n = 0_u64;
    while out.len() < size {
        line(family, n, &mut dice, &mut out);
        n += 1;
    }
    out.into_bytes()
}

fn line(family: Family, n: u64, dice: &mut Dice, out: &mut String) {
    let (minute, second) = (n / 60 % 60, n % 60);
    let host = dice.of(&HOSTS);
    let known = match n % 3 {
        0 if n.is_multiple_of(2) => format!("peer {}:{}", dice.address(), 1024 + dice.below(60000)),
        0 => format!("version 4.19.90-{}.{}.0", 2000 + dice.below(500), dice.below(9)),
        _ => String::new(),
    };
    let secret = n % 100 == 41;
    let written = match family {
        Family::Messages => {
            let (daemon, pid, sentence) = (dice.of(&DAEMONS), dice.below(65000), dice.sentence());
            let tail = if secret { format!(" options: user=app password={}", dice.secret()) } else { String::new() };
            writeln!(out, "Nov 23 10:{minute:02}:{second:02} {host} {daemon}[{pid}]: {sentence} {known}{tail}")
        }
        Family::Access => {
            let (id, bytes) = (dice.below(1_000_000), dice.below(100_000));
            let tail = if secret { format!("&access_token={}", dice.secret()) } else { String::new() };
            writeln!(
                out,
                "{} - - [23/Nov/2026:10:{minute:02}:{second:02} +0800] \"GET /api/v1/orders/{id}?page=2{tail} HTTP/1.1\" 200 {bytes} \"https://{host}.corp.example.cn/\" \"Mozilla/5.0 (X11; Linux x86_64) Chrome/118.0.5993.88\"",
                dice.address()
            )
        }
        Family::Java if n % 8 > 4 => {
            writeln!(out, "\tat com.example.pay.service.OrderService.place(OrderService.java:{})", dice.below(900))
        }
        Family::Java => {
            let tail = if secret {
                format!(" url=jdbc:mysql://{host}:3306/pay?user=pay&password={}", dice.secret())
            } else {
                String::new()
            };
            writeln!(
                out,
                "2026-11-23 10:{minute:02}:{second:02}.{:03} INFO  [http-nio-8080-exec-{}] c.e.p.OrderService - {host} placed order {} {} {known}{tail}",
                dice.below(1000),
                dice.below(200),
                dice.below(1 << 40),
                dice.sentence()
            )
        }
        Family::Audit => {
            let tail = if secret { " proctitle=6D7973716C002D75726F6F74002D704B71383178566D6D" } else { "" };
            writeln!(
                out,
                "node={host} type=SYSCALL msg=audit(1795399{:03}.{:03}:{n}): arch=c000003e syscall=59 success=yes exit=0 a0=55d0c8e0 a1=55d0c900 a2=55d0d1f0 a3=8 items=2 ppid={} pid={} auid=1000 uid=0 comm=\"sh\" exe=\"/usr/bin/bash\" key=\"{}\" {known}{tail}",
                n % 1000,
                dice.below(1000),
                dice.below(65000),
                dice.below(65000),
                dice.of(&WORDS)
            )
        }
        Family::Json => {
            let tail = if secret { format!(",\"db_password\":\"{}\"", dice.secret().replace('"', "")) } else { String::new() };
            writeln!(
                out,
                "{{\"time\":\"2026-11-23T10:{minute:02}:{second:02}.{:03}+08:00\",\"level\":\"info\",\"host\":\"{host}\",\"caller\":\"server/handler.go:{}\",\"msg\":\"{}\",\"remote\":\"{}\",\"took\":{}{tail}}}",
                dice.below(1000),
                dice.below(900),
                dice.sentence(),
                dice.address(),
                dice.below(100_000)
            )
        }
    };
    // Writing to a string does not fail.
    debug_assert!(written.is_ok(), "a string takes what is written");
}

/// What is repeated in a text that is meant to be slow: every beginning that starts a look around.
const REPEATED: [&str; 43] = [
    ":",
    "1.1.1.",
    "password=",
    "a1:",
    "-----BEGIN ",
    "{\"a\":[",
    "dXNlcjpwYXNzd29yZA",
    "密码",
    "mysql -p ",
    " << ",
    "<",
    "<<x;",
    "cat <<x ",
    "mysql <<EOF ",
    "gpg <<x ",
    "    std::cout << \"a\" << b << std::endl << c;\n",
    "cout << \"a\" << b << x << ",
    "passwd --stdin <<",
    "authorization:",
    "proxy-authorization=",
    "Authorization: Basic ",
    "user:",
    "user=",
    "key=",
    "用户",
    "姓名",
    "sk-",
    "glpat-",
    "xoxb-",
    "eyJ",
    "::",
    "://",
    "://a:",
    "user:password@",
    "snmpwalk -c ",
    "openssl -k ",
    "sqlplus a/",
    "x.y@",
    "<password>",
    "<password a=\"1\" ",
    "| password |\n",
    "chpasswd <<x\n",
    "tokens:\n- ",
];

/// One value a line, each another: a table of connections, a list of members.
fn distinct(size: usize, one: impl Fn(&mut Dice) -> String) -> Vec<u8> {
    let mut dice = Dice(9);
    let mut out = String::with_capacity(size + 64);
    while out.len() < size {
        out.push_str(&one(&mut dice));
    }
    out.into_bytes()
}

/// Text that is meant to be slow: what it is and its bytes.
pub(crate) fn hostile(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let one_line = make(Family::Messages, size, 5).iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
    let mut texts = vec![("one line", one_line)];
    texts.extend(REPEATED.map(|unit| (unit, unit.bytes().cycle().take(size).collect())));
    let four = |dice: &mut Dice| (dice.next() as u32).to_be_bytes().map(|b| b.to_string()).join(".");
    texts.push(("other IPv4 addresses", distinct(size, |dice| format!("from {} to peer\n", four(dice)))));
    let six = |dice: &mut Dice| (0..7).map(|_| format!("{:x}", dice.below(1 << 16))).collect::<Vec<_>>().join(":");
    texts.push(("other IPv6 addresses", distinct(size, |dice| format!("from 2001:{} to peer\n", six(dice)))));
    let mac = |dice: &mut Dice| dice.next().to_be_bytes()[..5].iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(":");
    texts.push(("other hardware addresses", distinct(size, |dice| format!("station 52:{} joined\n", mac(dice)))));
    texts.push(("other mail", distinct(size, |dice| format!("to=<u{:x}@mail.example.net>, ok\n", dice.next() as u32))));
    texts.push(("other telephones", distinct(size, |dice| format!("mobile=13{:09} sent\n", dice.below(1_000_000_000)))));
    let tracked = |dice: &mut Dice| {
        let (from, to) = (four(dice), four(dice));
        let ports = (1024 + dice.below(60_000), dice.below(1024));
        format!(
            "tcp 6 431999 ESTABLISHED src={from} dst={to} sport={} dport={} src={to} dst={from} [ASSURED] mark=0 use=1\n",
            ports.0, ports.1
        )
    };
    texts.push(("a table of connections", distinct(size, tracked)));
    texts
}
