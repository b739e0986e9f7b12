//! What a bundle or fixture recorded of a command, below a root that is not live.
//!
//! In: a source's id and a device. Out: the files of `oediag/commands/<source>[/<device>]/`. Runs nothing.

use std::path::{Path, PathBuf};

use oediag_protocol::bundle::name::{is_member_path, segment};

use super::{Host, OpenFile};

/// Most bytes of the records of the status and of the arguments.
const STATUS: usize = 4 * 1024;

/// What was recorded of one run of a command.
#[derive(Debug)]
pub struct Recorded {
    /// `stdout`, where it is there.
    pub stdout: Option<OpenFile>,
    /// `stderr`, where it is there.
    pub stderr: Option<OpenFile>,
    /// `argv`: the program and its arguments as they were, at most 4 KiB; empty where it is not there.
    pub argv: Vec<String>,
    /// Text of `status` without blanks around it, at most 4 KiB; empty where it is not there.
    pub status: String,
}

pub(super) fn recorded(host: &Host, source: &str, device: Option<&str>) -> Option<Recorded> {
    let mut folder: PathBuf = Path::new("/oediag/commands").join(segment(source.as_bytes()));
    if let Some(device) = device {
        let encoded = folder.join(segment(device.as_bytes()));
        // A name too long for its bundle is known by the folder's own name only.
        let as_it_is = is_member_path(device) && !device.contains('/') && !host.exists(&encoded);
        folder = if as_it_is { folder.join(device) } else { encoded };
    }
    let stdout = host.open(&folder.join("stdout")).ok();
    let stderr = host.open(&folder.join("stderr")).ok();
    let text = |name: &str| {
        let bytes = host.open(&folder.join(name)).ok().and_then(|file| file.head(STATUS))?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    let status = text("status");
    let argv = text("argv").unwrap_or_default().lines().map(str::to_owned).collect();
    let there = stdout.is_some() || stderr.is_some() || status.is_some();
    there.then(|| Recorded { stdout, stderr, argv, status: status.unwrap_or_default() })
}
