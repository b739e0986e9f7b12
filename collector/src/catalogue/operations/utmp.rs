//! Sessions and failed logins as tables, from the binary files `last` and `lastb` read; works below any root.
//!
//! In: `/var/log/wtmp` and `btmp` (utmp(5)). Out: tab-separated lines `time type user=NAME line host pid`, oldest first.
//! Names are written by whoever logs in, so every byte that could break a line is replaced.

use std::{
    io::{self, Read, Write},
    path::Path,
};

use jiff::Timestamp;

use crate::host::Host;

/// Records are read from the end of the file: ten thousand of them. A multiple of both sizes, so that the first is whole.
const MOST: u64 = 400 * 9_600;
/// The kinds of record, as utmp(5) numbers them.
const KINDS: [&str; 10] = ["empty", "runlevel", "boot", "clock-new", "clock-old", "init", "login", "user", "dead", "accounting"];

/// glibc's `struct utmp` is the same up to the session number; that and the time are wider on aarch64.
#[derive(Clone, Copy)]
struct Layout {
    size: usize,
    wide: bool,
}

const LAYOUTS: [Layout; 2] = [Layout { size: 384, wide: false }, Layout { size: 400, wide: true }];

/// One record.
struct Record<'a> {
    kind: i16,
    pid: i32,
    line: &'a [u8],
    user: &'a [u8],
    host: &'a [u8],
    seconds: i64,
}

pub(super) fn logins(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    table(host, "/var/log/wtmp", out)
}

pub(super) fn failed(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    table(host, "/var/log/btmp", out)
}

fn table(host: &Host, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut file = host.open(Path::new(path))?;
    file.tail(MOST)?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    writeln!(out, "time\ttype\tuser\tline\thost\tpid")?;
    for record in records(&bytes) {
        let time = Timestamp::from_second(record.seconds)
            .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let kind = KINDS.get(record.kind as usize).copied().unwrap_or("");
        let (user, line, host) = (text(record.user), text(record.line), text(record.host));
        // Written so that the redactor knows a name that is on no list: anybody may try to log in as anybody.
        let user = if user.is_empty() { user } else { format!("user={user}") };
        writeln!(out, "{time}\t{kind}\t{user}\t{line}\t{host}\t{}", record.pid)?;
    }
    Ok(())
}

/// The records by the layout that makes the most sense of them.
fn records(bytes: &[u8]) -> Vec<Record<'_>> {
    LAYOUTS
        .iter()
        .map(|layout| bytes.chunks_exact(layout.size).filter_map(|chunk| record(chunk, layout.wide)).collect::<Vec<_>>())
        .max_by_key(Vec::len)
        .unwrap_or_default()
}

/// None when no program writes such a record.
fn record(bytes: &[u8], wide: bool) -> Option<Record<'_>> {
    let seconds = if wide { i64::from_le_bytes(array(bytes, 344)?) } else { i32::from_le_bytes(array(bytes, 340)?).into() };
    let kind = i16::from_le_bytes(array(bytes, 0)?);
    // From 1990 to 2100; an empty record says nothing.
    let sound = (1..KINDS.len() as i16).contains(&kind) && (631_152_000..4_102_444_800).contains(&seconds);
    sound.then_some(Record {
        kind,
        pid: i32::from_le_bytes(array(bytes, 4)?),
        line: bytes.get(8..40)?,
        user: bytes.get(44..76)?,
        host: bytes.get(76..332)?,
        seconds,
    })
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The text before the first NUL, with control characters as `?`.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(kind: i16, user: &str, seconds: i64, wide: bool) -> Vec<u8> {
        let mut bytes = vec![0; if wide { 400 } else { 384 }];
        bytes[..2].copy_from_slice(&kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&4021_i32.to_le_bytes());
        bytes[8..13].copy_from_slice(b"pts/0");
        bytes[44..44 + user.len()].copy_from_slice(user.as_bytes());
        if wide {
            bytes[344..352].copy_from_slice(&seconds.to_le_bytes());
        } else {
            bytes[340..344].copy_from_slice(&(seconds as i32).to_le_bytes());
        }
        bytes
    }

    #[test]
    fn both_layouts_are_known_by_what_they_hold() {
        for wide in [false, true] {
            let file: Vec<u8> = (0..25).flat_map(|n| raw(7, "ops", 1_762_876_740 + n, wide)).collect();
            let found = records(&file);
            assert_eq!(found.len(), 25);
            assert!(found.iter().all(|record| record.pid == 4021 && text(record.user) == "ops" && text(record.line) == "pts/0"));
            assert_eq!(found[24].seconds, 1_762_876_764);
        }
    }

    #[test]
    fn rubbish_gives_nothing() {
        assert_eq!(records(&[0xff; 4000]).len(), 0);
        assert_eq!(records(&[0; 4000]).len(), 0);
        assert_eq!(records(b"short").len(), 0);
        assert_eq!(text(b"a\nb\tc\x1b[0m\0rest"), "a?b?c?[0m");
    }
}
