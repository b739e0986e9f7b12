//! Files below /etc by their last change, so that a support engineer sees what was configured lately.
//!
//! In: names and stat(2) of the files, never their content. Out: tab-separated lines `modified path bytes mode owner`,
//! oldest first; the newest [`MOST`].

use std::{
    io::{self, Write},
    path::Path,
};

use crate::host::Host;

/// Files in the table.
const MOST: usize = 500;

pub(super) fn files(host: &Host, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "modified\tpath\tbytes\tmode\towner")?;
    for file in host.changed(Path::new("/etc"), MOST) {
        let path: String = file.path.to_string_lossy().chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        let time = file.mtime.strftime("%Y-%m-%dT%H:%M:%SZ");
        writeln!(out, "{time}\t{path}\t{}\t{:04o}\t{}", file.bytes, file.mode, file.uid)?;
    }
    Ok(())
}
