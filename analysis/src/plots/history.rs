//! Plots of a host's last days, from the text reports of sysstat. One row for each plot, whatever the number of days.
//!
//! In: the paths of a bundle's members, and the bytes of those that are such reports. Out: plots that have something to show.

use jiff::tz::TimeZone;

use super::{
    rows::{Column, Filling, Places, Row, column, kib, row},
    sar::{self, Line},
    series::{Plot, Shape, Unit},
};
use crate::Lang;

/// Most reports of one bundle that are looked at: a week of text, and days that were printed from binary files.
const MOST_REPORTS: usize = 10;
/// Most points of one plot: 64 disks for a week.
const MOST_POINTS: usize = 200_000;

/// The members among these paths that are reports of `sar`, in their order.
pub fn reports<'p>(paths: impl IntoIterator<Item = &'p str>) -> Vec<&'p str> {
    paths.into_iter().filter(|path| is_report(path)).take(MOST_REPORTS).collect()
}

/// `var/log/sa/sar23`, `var/log/sa/sar20261123`, and what was printed from `sa23`.
fn is_report(path: &str) -> bool {
    let day = |name: &str, prefix: &str| {
        let digits = name.strip_prefix(prefix).unwrap_or_default();
        matches!(digits.len(), 2 | 8) && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let text = ["var/log/sa/", "var/log/sysstat/"].iter().find_map(|folder| path.strip_prefix(folder));
    let printed = || path.strip_prefix("oediag/commands/performance.history_binary/")?.strip_suffix("/stdout");
    text.is_some_and(|name| day(name, "sar")) || printed().is_some_and(|name| day(name, "sa"))
}

const fn named(name: &'static str, or: &'static str, en: &'static str, zh: &'static str) -> Column {
    Column { or: Some(or), ..column(name, en, zh) }
}

const fn sectors(name: &'static str, en: &'static str, zh: &'static str) -> Column {
    Column { times: 512.0, ..column(name, en, zh) }
}

const ROWS: &[Row] = &[
    Row {
        shape: Shape::Stacked,
        only: &[("CPU", "all")],
        columns: &[
            named("%usr", "%user", "user", "用户态"),
            named("%sys", "%system", "system", "内核态"),
            column("%iowait", "I/O wait", "I/O 等待"),
            column("%steal", "stolen", "被抢占"),
            column("%soft", "soft interrupts", "软中断"),
            column("%irq", "interrupts", "硬中断"),
            column("%nice", "nice", "低优先级"),
            column("%guest", "guests", "虚拟机"),
        ],
        ..row("", "history-cpu", ("Last days: CPU time", "近日：CPU 时间"), Unit::Percent)
    },
    Row {
        columns: &[
            column("ldavg-1", "1 minute", "1 分钟"),
            column("ldavg-5", "5 minutes", "5 分钟"),
            column("ldavg-15", "15 minutes", "15 分钟"),
            column("runq-sz", "runnable", "可运行"),
            column("blocked", "blocked on I/O", "阻塞于 I/O"),
        ],
        ..row("", "history-load", ("Last days: load average", "近日：平均负载"), Unit::Count)
    },
    Row {
        columns: &[
            kib("kbavail", "available", "可用"),
            kib("kbmemfree", "free", "空闲"),
            kib("kbmemused", "used", "已用"),
            kib("kbcached", "page cache", "页缓存"),
            kib("kbanonpg", "anonymous", "匿名页"),
            kib("kbslab", "slab", "slab"),
            kib("kbdirty", "dirty", "脏页"),
        ],
        ..row("", "history-memory", ("Last days: memory", "近日：内存"), Unit::Bytes)
    },
    Row {
        columns: &[kib("kbswpused", "swap used", "已用交换区")],
        quiet: false,
        ..row("", "history-swap", ("Last days: swap space", "近日：交换区"), Unit::Bytes)
    },
    Row {
        columns: &[column("pswpin/s", "pages swapped in", "换入页"), column("pswpout/s", "pages swapped out", "换出页")],
        quiet: false,
        ..row("", "history-swapping", ("Last days: swapping", "近日：换页"), Unit::PerSecond)
    },
    Row {
        columns: &[kib("pgpgin/s", "paged in", "读入"), kib("pgpgout/s", "paged out", "写出")],
        ..row("", "history-paging", ("Last days: paging to and from disks", "近日：磁盘页读写"), Unit::BytesPerSecond)
    },
    Row {
        columns: &[
            column("majflt/s", "major faults", "主缺页"),
            column("pgscank/s", "background reclaim scans", "后台回收扫描"),
            column("pgscand/s", "direct reclaim scans", "直接回收扫描"),
        ],
        quiet: false,
        ..row("", "history-reclaim", ("Last days: faults and reclaim", "近日：缺页与回收"), Unit::PerSecond)
    },
    Row {
        columns: &[column("cswch/s", "context switches", "上下文切换"), column("proc/s", "new tasks", "新建任务")],
        ..row("", "history-switches", ("Last days: context switches", "近日：上下文切换"), Unit::PerSecond)
    },
    Row {
        key: &["DEV"],
        columns: &[column("%util", "busy", "繁忙")],
        ..row("", "history-disk-busy", ("Last days: disk utilisation", "近日：磁盘利用率"), Unit::Percent)
    },
    Row {
        key: &["DEV"],
        columns: &[column("await", "wait", "等待")],
        ..row("", "history-disk-wait", ("Last days: mean time of a disk request", "近日：磁盘请求平均耗时"), Unit::Milliseconds)
    },
    Row {
        key: &["DEV"],
        columns: &[
            kib("rkB/s", "read", "读"),
            kib("wkB/s", "written", "写"),
            sectors("rd_sec/s", "read", "读"),
            sectors("wr_sec/s", "written", "写"),
        ],
        ..row("", "history-disk-bytes", ("Last days: disk throughput", "近日：磁盘吞吐量"), Unit::BytesPerSecond)
    },
    Row {
        key: &["IFACE"],
        columns: &[kib("rxkB/s", "received", "接收"), kib("txkB/s", "sent", "发送")],
        ..row("", "history-net-bytes", ("Last days: network throughput", "近日：网络吞吐量"), Unit::BytesPerSecond)
    },
    Row {
        key: &["IFACE"],
        columns: &[
            column("rxerr/s", "receive errors", "接收错误"),
            column("rxdrop/s", "receive drops", "接收丢弃"),
            column("txerr/s", "send errors", "发送错误"),
            column("txdrop/s", "send drops", "发送丢弃"),
        ],
        quiet: false,
        ..row("", "history-net-trouble", ("Last days: network errors and drops", "近日：网络错误与丢弃"), Unit::PerSecond)
    },
    Row {
        columns: &[
            column("retrans/s", "retransmitted segments", "重传段"),
            column("atmptf/s", "failed connections", "建连失败"),
            column("estres/s", "reset connections", "连接被重置"),
        ],
        quiet: false,
        ..row("", "history-tcp", ("Last days: TCP trouble", "近日：TCP 异常"), Unit::PerSecond)
    },
];

/// The plots of several days, while the reports are read.
#[derive(Debug)]
pub struct History {
    zone: TimeZone,
    fillings: Vec<(Filling, u64)>,
}

impl History {
    /// Nothing read yet. The reports' times are local in `zone`; texts are in `lang`.
    pub fn new(zone: TimeZone, lang: Lang) -> Self {
        Self { zone, fillings: ROWS.iter().map(|row| (Filling::new(row, MOST_POINTS, lang), 0)).collect() }
    }

    /// Reads a report, in the order of time or not; at most [`super::MOST_BYTES`] of it.
    pub fn read(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(super::MOST_BYTES)];
        // Which plots the table at hand belongs to.
        let mut open: Vec<(usize, Places)> = Vec::new();
        let fillings = &mut self.fillings;
        sar::read(bytes, &self.zone, |line| {
            match line {
                Line::Names(names) => {
                    let places = |row: &'static Row| row.places(|name| names.iter().position(|own| *own == name));
                    open = ROWS.iter().enumerate().filter_map(|(number, row)| Some((number, places(row)?))).collect();
                }
                Line::Cells(at, cells) => {
                    for (number, places) in open.iter().filter(|(_, places)| places.wants(cells)) {
                        fillings[*number].0.take(places, at, cells);
                    }
                }
                Line::Restart(at) => open.iter().for_each(|(number, _)| fillings[*number].0.interrupt(at)),
                Line::Unread => open.iter().for_each(|(number, _)| fillings[*number].1 += 1),
            }
            !open.is_empty()
        });
    }

    /// The plots that have something to show.
    pub fn plots(self) -> Vec<Plot> {
        self.fillings.into_iter().filter_map(|(filling, unread)| filling.plot(unread)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::rows::MOST_SERIES;

    #[test]
    fn every_row_has_its_own_id_and_few_lines() {
        let mut ids: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ROWS.len());
        assert!(ROWS.iter().all(|row| row.columns.len() <= MOST_SERIES && row.id.starts_with("history-")));
    }

    #[test]
    fn only_reports_are_reports_and_never_more_than_ten() {
        let yes = ["var/log/sa/sar01", "var/log/sysstat/sar20261123", "oediag/commands/performance.history_binary/sa23/stdout"];
        let no = [
            "var/log/sa/sa01",
            "var/log/sa/sar1",
            "var/log/sa/sarxx",
            "var/log/sa/sar01/x",
            "tmp/var/log/sa/sar01",
            "oediag/commands/performance.history_binary/sa23/stderr",
        ];
        assert_eq!(reports(yes.into_iter().chain(no)), yes);
        assert_eq!(reports(std::iter::repeat_n("var/log/sa/sar01", 99)).len(), MOST_REPORTS);
    }
}
