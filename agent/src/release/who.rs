//! Who sits at the keyboard, as the kernel tells it: evidence for the receipt, not proof. In: this process's entries in /proc, the
//! variable SUDO_UID. Out: the receipt's `who`. What is not there is left out.

use std::fs;

use oediag_protocol::{consent::Who, text::Line};

use crate::accounts;

/// What the kernel shows for a process that nobody logged in for: (uid_t)-1.
const UNSET: u32 = u32::MAX;

/// Who runs this process. `authority` is how they declare that they may agree.
pub fn who(authority: Line) -> Who {
    let number = |path| fs::read_to_string(path).ok()?.trim().parse().ok().filter(|number| *number != UNSET);
    let loginuid: Option<u32> = number("/proc/self/loginuid");
    let uid = nix::unistd::getuid().as_raw();
    let sudo_uid = std::env::var("SUDO_UID").ok().and_then(|uid| uid.parse().ok());
    let login = accounts::name(loginuid.or(sudo_uid).unwrap_or(uid)).and_then(|name| Line::parse(&name));
    Who {
        loginuid,
        sudo_uid,
        login,
        uid,
        audit_session: number("/proc/self/sessionid"),
        tty: tty(),
        authority,
        approver_keyid: None,
    }
}

/// The terminal of the first standard stream that is one, as `pts/1`.
fn tty() -> Option<Line> {
    (0..3).find_map(|stream| {
        let target = fs::read_link(format!("/proc/self/fd/{stream}")).ok()?;
        let name = target.to_str()?.strip_prefix("/dev/")?;
        (name.starts_with("pts/") || name.starts_with("tty")).then(|| Line::parse(name))?
    })
}
