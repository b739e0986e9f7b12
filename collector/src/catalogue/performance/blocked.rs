//! `perf/blocked.csv`: each second, the tasks in uninterruptible sleep (state D), with where in the kernel they wait.
//!
//! Columns: `time,pid,tid,comm,wchan,stack`; `stack` are the kernel's functions, innermost first, between blanks, empty for
//! others than root. At most [`TASKS`] tasks a second. Threads beyond the first of a process are looked at in turns, at
//! most [`THREADS`] a second. Sources: `/proc/PID/task/TID/{stat,wchan,stack}` (proc(5)). Reading them never waits for the task.

use std::{io, path::Path};

use super::{
    counter::{Pace, name, stamp},
    stat::Stat,
};
use crate::host::{Folder, Host, Ticks};

/// Tasks of one second.
const TASKS: usize = 64;
/// Threads looked at in one second.
const THREADS: usize = 1024;
/// Functions of one stack.
const FRAMES: usize = 16;

/// A task that waits.
struct Blocked {
    pid: u32,
    tid: u32,
    comm: String,
    wchan: String,
    stack: String,
}

pub(super) fn sample(host: &Host, ticks: Ticks, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "time,pid,tid,comm,wchan,stack")?;
    let mut pace = Pace::new();
    // The process whose threads are next.
    let mut turn = 0;
    for tick in ticks {
        for task in pace.look(|| look(host, &mut turn)).unwrap_or_default() {
            let Blocked { pid, tid, comm, wchan, stack } = task;
            writeln!(out, "{},{pid},{tid},{comm},{wchan},{stack}", stamp(tick))?;
        }
    }
    Ok(())
}

fn look(host: &Host, turn: &mut u32) -> Vec<Blocked> {
    let Ok(proc) = host.folder(Path::new("/proc")) else { return Vec::new() };
    let mut found = Vec::new();
    let mut with_threads = Vec::new();
    for pid in proc.names().iter().filter_map(|name| name.parse::<u32>().ok()) {
        let Some(folder) = proc.folder(&pid.to_string()) else { continue };
        let threads = task(&folder, pid, pid, &mut found);
        if threads > 1 {
            with_threads.push((pid, folder));
        }
        if found.len() >= TASKS || with_threads.len() >= THREADS {
            break;
        }
    }
    with_threads.sort_unstable_by_key(|(pid, _)| *pid);
    let first = with_threads.partition_point(|(pid, _)| *pid < *turn);
    with_threads.rotate_left(first);
    let mut left = THREADS;
    for (pid, folder) in with_threads {
        if left == 0 || found.len() >= TASKS {
            *turn = pid;
            return found;
        }
        let Some(tasks) = folder.folder("task") else { continue };
        for tid in tasks.names().iter().filter_map(|name| name.parse::<u32>().ok()).filter(|tid| *tid != pid).take(left) {
            left -= 1;
            if let Some(thread) = tasks.folder(&tid.to_string()).filter(|_| found.len() < TASKS) {
                task(&thread, pid, tid, &mut found);
            }
        }
    }
    *turn = 0;
    found
}

/// Takes a task if it waits; tells how many threads its process has.
fn task(folder: &Folder<'_>, pid: u32, tid: u32, found: &mut Vec<Blocked>) -> u32 {
    let Some(bytes) = folder.read("stat", 4096) else { return 0 };
    let Some(stat) = Stat::parse(&bytes) else { return 0 };
    if stat.state == 'D' {
        let wchan = name(&folder.read("wchan", 128).unwrap_or_default());
        let stack = frames(&folder.read("stack", 8192).unwrap_or_default());
        found.push(Blocked { pid, tid, comm: name(stat.comm), wchan, stack });
    }
    stat.threads
}

/// `[<0>] io_schedule+0x46/0x70` line by line: the functions, without addresses.
fn frames(stack: &[u8]) -> String {
    let text = String::from_utf8_lossy(stack);
    let frames: Vec<String> =
        text.lines().filter_map(|line| line.split_once("] ")).take(FRAMES).map(|(_, frame)| name(frame.as_bytes())).collect();
    frames.join(" ")
}

#[cfg(test)]
mod tests {
    use super::frames;

    #[test]
    fn a_stack_is_one_cell() {
        let stack = "[<0>] io_schedule+0x46/0x70\n[<0>] wait_on_page_bit+0x13c/0x240\n[<0>] ext4_sync_file+0x1,2/0x3 [ext4]\n";
        assert_eq!(
            frames(stack.as_bytes()),
            "io_schedule+0x46/0x70 wait_on_page_bit+0x13c/0x240 ext4_sync_file+0x1?2/0x3 [ext4]"
        );
        assert_eq!(frames(b""), "");
        assert_eq!(frames("[<0>] f+0x1/0x2\n".repeat(99).as_bytes()).split(' ').count(), 16);
    }
}
