//! Failed logins that pam_faillock counts, as a table, from the files faillock(8) reads; works below any root.
//!
//! In: `/run/faillock/USER`, records of 64 bytes: source, a reserved word, flags, time (pam_faillock's `struct tally`); another
//! folder where faillock.conf(5) names one. Out: tab-separated lines `time type user=NAME source counts`. Opens them to read only.

use std::{
    io::{self, Write},
    path::Path,
};

use jiff::Timestamp;

use crate::host::Host;

/// Where the files are when the settings say nothing else.
const FOLDER: &str = "/run/faillock";
/// One record, and where its parts begin.
const RECORD: usize = 64;
const FLAGS: usize = 54;
const TIME: usize = 56;
/// Most bytes of one file: pam_faillock keeps as many records as it allows failures.
const MOST: usize = 256 * RECORD;
/// The failure counts; it came from a host; it came from a terminal. Neither: a service.
const VALID: u16 = 1;
const RHOST: u16 = 2;
const TTY: u16 = 4;

pub(super) fn failures(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    let folder =
        host.read("/etc/security/faillock.conf", 64 << 10).as_deref().and_then(named).unwrap_or_else(|| FOLDER.to_owned());
    let folder = host.folder(Path::new(&folder))?;
    writeln!(out, "time\ttype\tuser\tsource\tcounts")?;
    for user in folder.names() {
        let Some(records) = folder.read(&user, MOST) else { continue };
        for record in records.chunks_exact(RECORD) {
            let flags = u16::from_le_bytes([record[FLAGS], record[FLAGS + 1]]);
            let mut seconds = [0; 8];
            seconds.copy_from_slice(&record[TIME..]);
            let time = i64::try_from(u64::from_le_bytes(seconds)).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
            let time = time.map_or_else(String::new, |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            let kind = match flags {
                flags if flags & RHOST != 0 => "host",
                flags if flags & TTY != 0 => "terminal",
                _ => "service",
            };
            let source = clean(record[..FLAGS - 2].split(|byte| *byte == 0).next().unwrap_or_default());
            // Written so that the redactor knows a name that is on no list: anybody may try to log in as anybody.
            writeln!(
                out,
                "{time}\t{kind}\tuser={}\t{source}\t{}",
                clean(user.as_bytes()),
                if flags & VALID == 0 { "no" } else { "yes" }
            )?;
        }
    }
    Ok(())
}

/// The folder that a setting `dir = /path` names.
fn named(settings: &[u8]) -> Option<String> {
    let settings = std::str::from_utf8(settings).ok()?;
    let named = settings.lines().filter_map(|line| line.trim_start().strip_prefix("dir")?.trim_start().strip_prefix('='));
    named.map(str::trim).rfind(|folder| folder.starts_with('/')).map(str::to_owned)
}

fn clean(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace(|c: char| c.is_control(), "?")
}
