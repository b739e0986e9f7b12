//! Which columns of which member make which plot: one row for each plot.
//!
//! In: the path and the bytes of a member `oediag/perf/*.csv`, as the samplers of the collector write them.
//! Out: the plots of that member that have something to show.

use super::{
    csv::{Csv, moment},
    rows::{Column, Filling, Row, column, kib, row},
    series::{Plot, Shape, Unit},
};
use crate::Lang;

/// Bytes of a member that are looked at; a caller need read no more.
pub const MOST_BYTES: usize = 16 << 20;
/// Most points of one plot.
const MOST_POINTS: usize = 400_000;

/// The members that have plots, in the order in which they are shown.
pub const MEMBERS: &[&str] = &[
    "oediag/perf/cpu.csv",
    "oediag/perf/load.csv",
    "oediag/perf/memory.csv",
    "oediag/perf/vmstat.csv",
    "oediag/perf/pressure.csv",
    "oediag/perf/scheduler.csv",
    "oediag/perf/disks.csv",
    "oediag/perf/network.csv",
    "oediag/perf/sockets.csv",
    "oediag/perf/interrupts.csv",
    "oediag/perf/processes.csv",
];

const ROWS: &[Row] = &[
    Row {
        shape: Shape::Stacked,
        only: &[("cpu", "all")],
        columns: &[
            column("user", "user", "用户态"),
            column("system", "system", "内核态"),
            column("iowait", "I/O wait", "I/O 等待"),
            column("steal", "stolen", "被抢占"),
            column("softirq", "soft interrupts", "软中断"),
            column("irq", "interrupts", "硬中断"),
            column("nice", "nice", "低优先级"),
        ],
        ..row("oediag/perf/cpu.csv", "cpu", ("CPU time", "CPU 时间"), Unit::Percent)
    },
    Row {
        columns: &[
            column("load1", "1 minute", "1 分钟"),
            column("load5", "5 minutes", "5 分钟"),
            column("load15", "15 minutes", "15 分钟"),
            column("running", "runnable now", "当前可运行"),
        ],
        ..row("oediag/perf/load.csv", "load", ("Load average", "平均负载"), Unit::Count)
    },
    Row {
        columns: &[
            kib("available_kb", "available", "可用"),
            kib("free_kb", "free", "空闲"),
            kib("cached_kb", "page cache", "页缓存"),
            kib("anon_kb", "anonymous", "匿名页"),
            kib("slab_kb", "slab", "slab"),
            kib("shmem_kb", "shared", "共享内存"),
            kib("dirty_kb", "dirty", "脏页"),
            Column { minus: Some("swap_free_kb"), ..kib("swap_total_kb", "swap used", "已用交换区") },
        ],
        ..row("oediag/perf/memory.csv", "memory", ("Memory", "内存"), Unit::Bytes)
    },
    Row {
        columns: &[
            column("pswpin_s", "pages swapped in", "换入页"),
            column("pswpout_s", "pages swapped out", "换出页"),
            column("pgmajfault_s", "major faults", "主缺页"),
            column("pgscan_direct_s", "direct reclaim scans", "直接回收扫描"),
            column("allocstall_s", "allocation stalls", "分配停顿"),
        ],
        ..row("oediag/perf/vmstat.csv", "swapping", ("Swapping and reclaim", "换页与回收"), Unit::PerSecond)
    },
    Row {
        columns: &[kib("pgpgin_kbs", "paged in", "读入"), kib("pgpgout_kbs", "paged out", "写出")],
        ..row("oediag/perf/vmstat.csv", "paging", ("Paging to and from disks", "磁盘页读写"), Unit::BytesPerSecond)
    },
    Row {
        columns: &[
            column("procs_running", "running", "运行"),
            column("procs_blocked", "blocked on I/O", "阻塞于 I/O"),
            column("forks_s", "new in this second", "本秒新建"),
        ],
        ..row("oediag/perf/vmstat.csv", "tasks", ("Tasks", "任务"), Unit::Count)
    },
    Row {
        columns: &[column("ctxt_s", "context switches", "上下文切换"), column("intr_s", "interrupts", "中断")],
        ..row("oediag/perf/vmstat.csv", "switches", ("Switches and interrupts", "切换与中断"), Unit::PerSecond)
    },
    Row {
        key: &["resource", "kind"],
        // Milliseconds of a second, as percent.
        columns: &[Column { times: 0.1, ..column("stalled_ms", "stalled", "停顿") }],
        ..row("oediag/perf/pressure.csv", "pressure", ("Pressure: time stalled", "压力（PSI）：停顿时间"), Unit::Percent)
    },
    Row {
        key: &["cpu"],
        columns: &[column("wait_pct", "waiting", "等待")],
        ..row("oediag/perf/scheduler.csv", "cpu-wait", ("Tasks waiting for a CPU", "等待 CPU 的任务时间"), Unit::Percent)
    },
    Row {
        key: &["disk"],
        columns: &[column("util_pct", "busy", "繁忙")],
        ..row("oediag/perf/disks.csv", "disk-busy", ("Disks: utilisation", "磁盘：利用率"), Unit::Percent)
    },
    Row {
        key: &["disk"],
        columns: &[column("await_ms", "wait", "等待")],
        ..row("oediag/perf/disks.csv", "disk-wait", ("Disks: mean time of a request", "磁盘：请求平均耗时"), Unit::Milliseconds)
    },
    Row {
        key: &["disk"],
        columns: &[kib("read_kbs", "read", "读"), kib("write_kbs", "written", "写")],
        ..row("oediag/perf/disks.csv", "disk-bytes", ("Disks: throughput", "磁盘：吞吐量"), Unit::BytesPerSecond)
    },
    Row {
        key: &["interface"],
        columns: &[column("rx_bytes_s", "received", "接收"), column("tx_bytes_s", "sent", "发送")],
        ..row("oediag/perf/network.csv", "net-bytes", ("Network: throughput", "网络：吞吐量"), Unit::BytesPerSecond)
    },
    Row {
        key: &["interface"],
        columns: &[
            column("rx_errs_s", "receive errors", "接收错误"),
            column("rx_drops_s", "receive drops", "接收丢弃"),
            column("tx_errs_s", "send errors", "发送错误"),
            column("tx_drops_s", "send drops", "发送丢弃"),
        ],
        quiet: false,
        ..row("oediag/perf/network.csv", "net-trouble", ("Network: errors and drops", "网络：错误与丢弃"), Unit::PerSecond)
    },
    Row {
        columns: &[
            column("retrans_segs_s", "retransmissions", "重传"),
            column("timeouts_s", "timeouts", "超时"),
            column("failed_opens_s", "failed connections", "建连失败"),
            column("resets_s", "reset connections", "连接被重置"),
            column("listen_overflows_s", "listen queue overflows", "监听队列溢出"),
            column("listen_drops_s", "listen queue drops", "监听队列丢弃"),
            column("backlog_drops_s", "backlog drops", "积压丢弃"),
            column("udp_rcvbuf_errors_s", "UDP receive buffer full", "UDP 接收缓冲满"),
        ],
        quiet: false,
        ..row("oediag/perf/sockets.csv", "socket-trouble", ("TCP and UDP: trouble", "TCP 与 UDP：异常"), Unit::PerSecond)
    },
    Row {
        key: &["kind", "name"],
        columns: &[column("per_second", "per second", "每秒")],
        ..row("oediag/perf/interrupts.csv", "interrupts", ("Interrupts by line", "各中断源"), Unit::PerSecond)
    },
    Row {
        only: &[("rank_by", "cpu")],
        key: &["comm", "pid"],
        columns: &[column("cpu_pct", "CPU", "CPU")],
        quiet: false,
        ..row(
            "oediag/perf/processes.csv",
            "process-cpu",
            ("Processes: CPU (100 % is one processor)", "进程：CPU（100 % 为一个处理器）"),
            Unit::Percent,
        )
    },
    Row {
        only: &[("rank_by", "rss")],
        key: &["comm", "pid"],
        columns: &[kib("rss_kb", "resident", "常驻")],
        ..row("oediag/perf/processes.csv", "process-memory", ("Processes: resident memory", "进程：常驻内存"), Unit::Bytes)
    },
];

/// The plots of a member, in the order of the table; none when the path is no sampler's or nothing was measured.
pub fn plots(path: &str, bytes: &[u8], lang: Lang) -> Vec<Plot> {
    let bytes = &bytes[..bytes.len().min(MOST_BYTES)];
    let Some(csv) = Csv::of(bytes) else { return Vec::new() };
    ROWS.iter().filter(|row| row.member == path).filter_map(|row| plot(row, &csv, lang)).collect()
}

fn plot(row: &'static Row, csv: &Csv<'_>, lang: Lang) -> Option<Plot> {
    let time = csv.column("time")?;
    let places = row.places(|name| csv.column(name))?;
    let mut filling = Filling::new(row, MOST_POINTS, lang);
    let mut bad_times = 0;
    let mut last = ("", None);
    let unread = csv.each(|cells| {
        if !places.wants(cells) {
            return;
        }
        if last.0 != cells[time] {
            last = (cells[time], moment(cells[time]));
        }
        match last.1 {
            Some(at) => filling.take(&places, at, cells),
            None => bad_times += 1,
        }
    });
    filling.plot(unread + bad_times)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::rows::MOST_SERIES;

    #[test]
    fn every_row_is_of_a_listed_member_and_has_its_own_id() {
        let mut ids: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ROWS.len());
        assert!(ROWS.iter().all(|row| MEMBERS.contains(&row.member) && row.columns.len() <= MOST_SERIES));
        assert!(MEMBERS.iter().all(|member| ROWS.iter().any(|row| row.member == *member)));
    }

    #[test]
    fn a_device_has_a_line_and_an_idle_one_none() {
        let csv = "time,disk,reads_s,writes_s,read_kbs,write_kbs,await_ms,util_pct,queue\n\
            2026-01-01T00:00:01Z,sda,1.0,2.0,8.0,16.0,4.0,50.0,0.1\n\
            2026-01-01T00:00:01Z,sdb,0.0,0.0,0.0,0.0,,0.0,0.0\n\
            2026-01-01T00:00:02Z,sda,1.0,2.0,8.0,16.0,,60.0,0.1\n\
            not a time,sda,1.0,2.0,8.0,16.0,,60.0,0.1\n";
        let plots = plots("oediag/perf/disks.csv", csv.as_bytes(), Lang::Zh);
        let ids: Vec<&str> = plots.iter().map(|plot| plot.id).collect();
        assert_eq!(ids, ["disk-busy", "disk-wait", "disk-bytes"]);
        assert_eq!((plots[0].series.len(), plots[0].left_out, plots[0].unread), (1, 1, 1));
        assert_eq!(plots[0].series[0].name, "sda");
        let values: Vec<Option<f64>> = plots[1].series[0].points.iter().map(|point| point.value).collect();
        assert_eq!(values, [Some(4.0), None]);
        let names: Vec<&str> = plots[2].series.iter().map(|series| series.name.as_str()).collect();
        assert_eq!(names, ["sda 写", "sda 读"]);
        assert_eq!(plots[2].series[0].points[0].value, Some(16.0 * 1024.0));
    }
}
