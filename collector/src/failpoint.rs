//! Places where a test kills this program, has a write fail, or lays the system's configuration elsewhere.
//!
//! In: the name of a place, and `FAILPOINTS` of the environment as the crate `fail` reads it, with `return(WHAT)`: `kill`, or
//! `ENOSPC`, `EDQUOT`, `EIO`; with `half-` before it half of the bytes are written first. Out: nothing, an error, or no
//! process. Without the feature `failpoints`, and so in every binary that is shipped, there is nothing here to find.

use std::{io, path::PathBuf};

/// Where the system keeps what binds every run.
const SYSTEM: &str = "/etc/oediag";

/// Where the system keeps what binds every run.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn system() -> PathBuf {
    SYSTEM.into()
}

/// Where the system keeps what binds every run; a test may lay it elsewhere.
#[cfg(feature = "failpoints")]
pub(crate) fn system() -> PathBuf {
    std::env::var_os("FAILPOINTS_SYSTEM").map_or_else(|| SYSTEM.into(), PathBuf::from)
}

/// A place between two steps.
pub(crate) fn at(place: &'static str) -> io::Result<()> {
    writing(place, &[], |_| Ok(()))
}

/// A place where `bytes` are about to be written; `write` writes a part of them.
#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unnecessary_wraps, reason = "it fails where tests want it to")]
pub(crate) fn writing(_: &'static str, _: &[u8], _: impl FnOnce(&[u8]) -> io::Result<()>) -> io::Result<()> {
    Ok(())
}

/// A place where the program may panic: `panic`, or `50*off->1*panic` for one time in the midst of a run.
#[cfg(not(feature = "failpoints"))]
pub(crate) fn panics(_: &'static str) {}

/// A place where the program may panic: `panic`, or `50*off->1*panic` for one time in the midst of a run.
#[cfg(feature = "failpoints")]
pub(crate) fn panics(place: &'static str) {
    set_up();
    fail::fail_point!(place);
}

/// The places stay as the environment set them up until the process ends.
#[cfg(feature = "failpoints")]
fn set_up() {
    static READ: std::sync::Once = std::sync::Once::new();
    READ.call_once(|| std::mem::forget(fail::FailScenario::setup()));
}

/// A place where `bytes` are about to be written; `write` writes a part of them.
#[cfg(feature = "failpoints")]
pub(crate) fn writing(place: &'static str, bytes: &[u8], write: impl FnOnce(&[u8]) -> io::Result<()>) -> io::Result<()> {
    set_up();
    fail::fail_point!(place, |what| act(&what.unwrap_or_default(), bytes, write));
    Ok(())
}

#[cfg(feature = "failpoints")]
fn act(what: &str, bytes: &[u8], write: impl FnOnce(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let what = match what.strip_prefix("half-") {
        Some(rest) => {
            write(&bytes[..bytes.len() / 2])?;
            rest
        }
        None => what,
    };
    let errno = match what {
        "kill" => {
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL)?;
            nix::errno::Errno::EINTR
        }
        "ENOSPC" => nix::errno::Errno::ENOSPC,
        "EDQUOT" => nix::errno::Errno::EDQUOT,
        "EIO" => nix::errno::Errno::EIO,
        _ => nix::errno::Errno::EINVAL,
    };
    Err(errno.into())
}
