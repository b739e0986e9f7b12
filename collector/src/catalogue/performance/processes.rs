//! `perf/processes.csv`: each second, the twenty processes with the most CPU time, resident memory, and disk traffic, and the
//! busiest threads of the busiest processes.
//!
//! Columns: `time,rank_by,pid,comm,cpu_pct,rss_kb,read_kbs,write_kbs,process`; `rank_by` is `cpu`, `rss`, `io` or `thread`.
//! `cpu_pct` is of one processor. Disk figures are empty where `/proc/PID/io` may not be read. For a thread, `pid` and `comm` are its
//! own and `process` is the pid of its process. Sources: `/proc/PID/{stat,io}`, `/proc/PID/task/TID/stat` (proc(5)).

use std::{cmp::Reverse, collections::HashMap, io, path::Path};

use jiff::Timestamp;
use nix::unistd::{SysconfVar, sysconf};

use super::{
    counter::{Cell, Last, Pace, gone, name, stamp},
    stat::Stat,
};
use crate::host::{Folder, Host, Ticks};

/// Processes of each ranking.
const TOP: usize = 20;
/// Processes whose threads are looked at, those with the most CPU time in the second before.
const WATCHED: usize = 3;
/// Threads looked at of each.
const THREADS: usize = 256;

/// What was read of one process. Its start tells it from another with the same pid.
struct Process {
    start: u64,
    comm: String,
    ticks: u64,
    rss_kb: u64,
    read: Option<u64>,
    written: Option<u64>,
}

/// What one process did in a second.
struct Line<'a> {
    pid: u32,
    process: &'a Process,
    cpu: Option<f64>,
    read: Option<f64>,
    written: Option<f64>,
}

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,rank_by,pid,comm,cpu_pct,rss_kb,read_kbs,write_kbs,process")?;
    let page_kb = sysconf(SysconfVar::PAGE_SIZE).ok().flatten().map_or(4, |bytes| bytes as u64 / 1024);
    let (mut last, mut last_threads) = (Last::none(), Last::none());
    let (mut pace, mut watched) = (Pace::new(), Vec::new());
    for tick in ticks {
        let Some((all, of_watched)) = pace.look(|| (read_all(host, page_kb), threads(host, &watched, page_kb))) else { continue };
        write_threads(last_threads.replace(of_watched), tick, out)?;
        let Some((before, seconds, now)) = last.replace(all) else { continue };
        let lines: Vec<Line<'_>> = now.iter().map(|(pid, process)| line(*pid, process, before.get(pid), seconds)).collect();
        for (by, key) in [("cpu", cpu as fn(&Line<'_>) -> u64), ("rss", rss), ("io", traffic)] {
            for line in top(&lines, key) {
                let Line { pid, process, cpu, read, written } = line;
                let (cpu, read, written) = (Cell(*cpu), Cell(*read), Cell(*written));
                writeln!(out, "{},{by},{pid},{},{cpu},{},{read},{written},", stamp(tick), process.comm, process.rss_kb)?;
            }
        }
        watched = top(&lines, cpu).into_iter().take(WATCHED).map(|line| line.pid).collect();
    }
    Ok(())
}

/// Threads by their own id, with the process each belongs to.
type Threads = HashMap<u32, (u32, Process)>;

fn threads(host: &Host, processes: &[u32], page_kb: u64) -> Threads {
    let mut threads = Threads::new();
    for pid in processes {
        let Ok(tasks) = host.folder(&Path::new("/proc").join(pid.to_string()).join("task")) else { continue };
        let names = tasks.names();
        let read = |name: &String| Some((name.parse().ok()?, (*pid, read_one(&tasks.folder(name)?, page_kb, false)?)));
        threads.extend(names.iter().take(THREADS).filter_map(read));
    }
    threads
}

/// The busiest threads; a process that was not watched a second ago has none yet.
fn write_threads(looks: Option<(Threads, f64, &Threads)>, tick: Timestamp, out: &mut dyn io::Write) -> io::Result<()> {
    let Some((before, seconds, now)) = looks else { return Ok(()) };
    let lines: Vec<Line<'_>> =
        now.iter().map(|(tid, (_, thread))| line(*tid, thread, before.get(tid).map(|(_, before)| before), seconds)).collect();
    for Line { pid: tid, process: thread, cpu, .. } in top(&lines, cpu) {
        let process = now.get(tid).map_or(0, |(process, _)| *process);
        writeln!(out, "{},thread,{tid},{},{},,,,{process}", stamp(tick), thread.comm, Cell(*cpu))?;
    }
    Ok(())
}

fn cpu(line: &Line<'_>) -> u64 {
    line.cpu.map_or(0, |percent| (percent * 10.0) as u64)
}

fn rss(line: &Line<'_>) -> u64 {
    line.process.rss_kb
}

fn traffic(line: &Line<'_>) -> u64 {
    let bytes = line.read.unwrap_or(0.0) + line.written.unwrap_or(0.0);
    (bytes * 10.0) as u64
}

/// The [`TOP`] with the largest key, largest first; those with none are left out.
fn top<'l, 'p>(lines: &'l [Line<'p>], key: fn(&Line<'_>) -> u64) -> Vec<&'l Line<'p>> {
    let mut ranked: Vec<&Line<'p>> = lines.iter().filter(|line| key(line) > 0).collect();
    ranked.sort_unstable_by_key(|line| (Reverse(key(line)), line.pid));
    ranked.truncate(TOP);
    ranked
}

/// A process that was not there before, or under another start, has no rates yet.
fn line<'a>(pid: u32, process: &'a Process, before: Option<&Process>, seconds: f64) -> Line<'a> {
    let before = before.filter(|before| before.start == process.start);
    let rate =
        |then: fn(&Process) -> Option<u64>, by: f64| gone(before.and_then(then), then(process)).map(|count| count / by / seconds);
    Line {
        pid,
        process,
        // Hundredths of a second in a second are percent.
        cpu: rate(|process| Some(process.ticks), 1.0),
        read: rate(|process| process.read, 1024.0),
        written: rate(|process| process.written, 1024.0),
    }
}

fn read_all(host: &Host, page_kb: u64) -> HashMap<u32, Process> {
    let Ok(proc) = host.folder(Path::new("/proc")) else { return HashMap::new() };
    proc.names()
        .iter()
        .filter_map(|name| Some((name.parse().ok()?, proc.folder(name)?)))
        .filter_map(|(pid, folder)| Some((pid, read_one(&folder, page_kb, true)?)))
        .collect()
}

/// Reads through the open folder, so that both files are of the same process; its traffic only where it is asked for.
fn read_one(folder: &Folder<'_>, page_kb: u64, traffic: bool) -> Option<Process> {
    let stat = folder.read("stat", 4096)?;
    let stat = Stat::parse(&stat)?;
    // Kernel threads have no memory and no traffic of their own.
    let io = if traffic && stat.rss_pages > 0 { folder.read("io", 4096) } else { None }.unwrap_or_default();
    let io = String::from_utf8_lossy(&io);
    let counter = |name: &str| io.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    Some(Process {
        start: stat.start,
        comm: name(stat.comm),
        ticks: stat.ticks,
        rss_kb: stat.rss_pages.saturating_mul(page_kb),
        read: counter("read_bytes:"),
        written: counter("write_bytes:"),
    })
}
