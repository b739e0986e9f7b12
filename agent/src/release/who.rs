//! Who sits at the keyboard, as the kernel tells it: evidence for the receipt, not proof. In: a process's entries in /proc, and what it
//! says of SUDO_UID. Out: the receipt's `who`. What is not there is left out.

use std::{fs, path::Path};

use oediag_protocol::{consent::Who, text::Line};

use crate::accounts;

/// What the kernel shows for a process that nobody logged in for: (uid_t)-1.
const UNSET: u32 = u32::MAX;

/// Who runs this process. `authority` is how they declare that they may agree.
pub fn who(authority: Line) -> Who {
    of(Path::new("/proc/self"), nix::unistd::getuid().as_raw(), sudo_uid(), authority)
}

/// Who runs the process at the other end of a socket: `pid` and `uid` are the kernel's words, `sudo_uid` is that process's own.
pub fn peer(pid: u32, uid: u32, sudo_uid: Option<u32>, authority: Line) -> Who {
    of(Path::new(&format!("/proc/{pid}")), uid, sudo_uid, authority)
}

/// What sudo(8) says of who called it.
pub fn sudo_uid() -> Option<u32> {
    std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok())
}

fn of(process: &Path, uid: u32, sudo_uid: Option<u32>, authority: Line) -> Who {
    let read = |name: &str| fs::read_to_string(process.join(name)).ok();
    let number = |name: &str| read(name)?.trim().parse().ok().filter(|number| *number != UNSET);
    let loginuid: Option<u32> = number("loginuid");
    let login = accounts::name(loginuid.or(sudo_uid).unwrap_or(uid)).and_then(|name| Line::parse(&name));
    Who { loginuid, sudo_uid, login, uid, audit_session: number("sessionid"), tty: tty(process), authority, approver_keyid: None }
}

/// The terminal of the first standard stream that is one, as `pts/1`.
fn tty(process: &Path) -> Option<Line> {
    (0..3).find_map(|stream| {
        let target = fs::read_link(process.join(format!("fd/{stream}"))).ok()?;
        let name = target.to_str()?.strip_prefix("/dev/")?;
        (name.starts_with("pts/") || name.starts_with("tty")).then(|| Line::parse(name))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_is_asked_of_the_kernel_too() {
        let (mine, theirs) = (who(Line::default()), peer(std::process::id(), 4711, Some(1000), Line::default()));
        assert_eq!((theirs.loginuid, theirs.audit_session, &theirs.tty), (mine.loginuid, mine.audit_session, &mine.tty));
        assert_eq!((theirs.uid, theirs.sudo_uid), (4711, Some(1000)));
        // A process that is gone says nothing.
        let gone = peer(u32::MAX, 0, None, Line::default());
        assert_eq!((gone.loginuid, gone.audit_session, gone.tty), (None, None, None));
    }
}
