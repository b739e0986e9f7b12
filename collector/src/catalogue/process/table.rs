//! All processes in tables, from one walk over `/proc` each.
//!
//! In: `stat`, `status`, `wchan`, `cmdline`, `maps` of every process (proc(5)). Out: tab-separated lines.
//! A process that ends meanwhile is left out; a field that cannot be read is empty. Never reads `environ`. Never reads memory of
//! a process one of whose threads sleeps uninterruptibly: it may hold the lock of that memory, and on 4.19 nothing wakes
//! who waits for it. A thread that falls asleep between our look and our read can still hold us up.

use std::{
    io::{self, Write},
    path::Path,
};

use crate::{
    catalogue::performance::stat::Stat,
    host::{Folder, Host},
};

/// Longest command line kept; the kernel allows megabytes.
const LINE: usize = 4096;
/// Most of the map of one process.
const MAP: usize = 256 << 10;

/// `pid ppid state comm wchan threads rss_kb uid start`; `start` in hundredths of a second after boot.
pub(super) fn processes(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "pid\tppid\tstate\tcomm\twchan\tthreads\trss_kb\tuid\tstart")?;
    each(host, |pid, folder| {
        let Some(stat) = folder.read("stat", 4096) else { return Ok(()) };
        let Some(stat) = Stat::parse(&stat) else { return Ok(()) };
        let status = folder.read("status", 8192).unwrap_or_default();
        let rss = field(&status, b"VmRSS:").unwrap_or_default();
        // The folder's owner is root for some processes of others; the status says who it is.
        let uid = field(&status, b"Uid:").unwrap_or_default();
        let wchan = folder.read("wchan", 256).map(|name| clean(&name)).unwrap_or_default();
        writeln!(
            out,
            "{pid}\t{}\t{}\t{}\t{wchan}\t{}\t{rss}\t{uid}\t{}",
            stat.ppid,
            stat.state,
            clean(stat.comm),
            stat.threads,
            stat.start
        )
    })
}

/// `pid command`; arguments are parted by blanks, kernel threads have none.
pub(super) fn commands(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "pid\tcommand")?;
    each(host, |pid, folder| {
        if let Some(comm) = asleep(folder) {
            return writeln!(out, "{pid}\t[{comm}] {NOT_READ}");
        }
        match folder.read("cmdline", LINE) {
            Some(line) if !line.is_empty() => {
                let line: Vec<u8> = line.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect();
                writeln!(out, "{pid}\t{}", clean(&line).trim_end())
            }
            _ => Ok(()),
        }
    })
}

/// `pid` and a line of its map.
pub(super) fn maps(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "pid\tmap")?;
    each(host, |pid, folder| {
        if let Some(comm) = asleep(folder) {
            return writeln!(out, "{pid}\t[{comm}] {NOT_READ}");
        }
        let map = folder.read("maps", MAP).unwrap_or_default();
        String::from_utf8_lossy(&map).lines().try_for_each(|line| writeln!(out, "{pid}\t{}", clean(line.as_bytes())))
    })
}

/// What stands in place of what is not read of a process.
const NOT_READ: &str = "not read: a thread of it sleeps uninterruptibly";

/// The name of a process of which a thread sleeps uninterruptibly, or that cannot be told from one; none of all others.
fn asleep(process: &Folder<'_>) -> Option<String> {
    let text = process.read("stat", 4096)?;
    let Some(stat) = Stat::parse(&text) else { return Some("?".to_owned()) };
    let sleeps = |stat: &Stat<'_>| stat.state == 'D';
    let thread = |threads: &Folder<'_>, name: &String| {
        let text = threads.folder(name)?.read("stat", 4096)?;
        Some(Stat::parse(&text).as_ref().is_none_or(&sleeps))
    };
    let one_of_many = || {
        let Some(threads) = process.folder("task") else { return false };
        threads.names().iter().any(|name| thread(&threads, name).unwrap_or(false))
    };
    (sleeps(&stat) || stat.threads > 1 && one_of_many()).then(|| clean(stat.comm))
}

fn each(host: &Host, mut with: impl FnMut(u32, &Folder<'_>) -> io::Result<()>) -> io::Result<()> {
    let proc = proc(host)?;
    pids(host)?.into_iter().try_for_each(|pid| match proc.folder(&pid.to_string()) {
        Some(folder) => with(pid, &folder),
        None => Ok(()),
    })
}

/// Every process, lowest number first.
pub(super) fn pids(host: &Host) -> io::Result<Vec<u32>> {
    let mut pids: Vec<u32> = proc(host)?.names().iter().filter_map(|name| name.parse().ok()).collect();
    pids.sort_unstable();
    Ok(pids)
}

fn proc(host: &Host) -> io::Result<Folder<'_>> {
    Ok(host.folder(Path::new("/proc"))?)
}

/// The first word behind a key at the start of a line.
fn field<'a>(status: &'a [u8], key: &[u8]) -> Option<&'a str> {
    let line = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(key))?;
    std::str::from_utf8(line).ok()?.split_ascii_whitespace().next()
}

/// Text without line ends, tabs and other control characters: a process chooses its own name.
fn clean(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}
