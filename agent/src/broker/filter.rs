//! The broker's own seccomp filter: sockets of this machine only, whatever the unit that started it allows.
//!
//! In: nothing. Out: a process, all its threads and all its children, that cannot make a socket of any network; a look whether it
//! holds. Never: limits anything else, for that is the unit's part.

use std::collections::BTreeMap;

use nix::{
    errno::Errno,
    libc,
    sys::socket::{AddressFamily, SockFlag, SockType, socket},
};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// The kernel's own ways to talk: files, and its tables. All others lead to a network or to nothing.
const ALLOWED: [libc::c_int; 2] = [libc::AF_UNIX, libc::AF_NETLINK];
/// The bit of system call numbers of the x32 ABI, by which x86_64 kernels that have it offer all calls a second time.
#[cfg(target_arch = "x86_64")]
const X32: i64 = 0x4000_0000;
/// What must fail afterwards.
const CLOSED: [AddressFamily; 3] = [AddressFamily::Inet, AddressFamily::Inet6, AddressFamily::Packet];

/// Why the filter does not stand.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// It could not be written.
    #[error("making the filter")]
    Make(#[from] BackendError),
    /// It could not be put in place.
    #[error("putting the filter in place")]
    Apply(#[from] seccompiler::Error),
    /// It is there and does not hold.
    #[error("a socket of family {family:?} could be made, or failed otherwise: {found:?}")]
    Open {
        /// The family.
        family: AddressFamily,
        /// What came instead of the refusal.
        found: Option<Errno>,
    },
}

/// Puts the filter in place for every thread, and looks whether it holds. There is no way back.
///
/// # Errors
/// It is not in place, or does not hold.
pub fn close_networks() -> Result<(), FilterError> {
    apply()?;
    holds()
}

/// Puts the filter in place, and gives each family beside what making a socket of it came to: `EPERM` where it is closed.
///
/// # Errors
/// It is not in place.
pub fn look() -> Result<Vec<(AddressFamily, Option<Errno>)>, FilterError> {
    apply()?;
    Ok(CLOSED.into_iter().map(|family| (family, socket_of(family))).collect())
}

fn apply() -> Result<(), FilterError> {
    Ok(seccompiler::apply_filter_all_threads(&program()?)?)
}

/// Whether no socket of a network can be made.
///
/// # Errors
/// One could.
pub fn holds() -> Result<(), FilterError> {
    for family in CLOSED {
        match socket_of(family) {
            Some(Errno::EPERM) => {}
            found => return Err(FilterError::Open { family, found }),
        }
    }
    Ok(())
}

/// Why no socket of this family can be made; none if one can.
fn socket_of(family: AddressFamily) -> Option<Errno> {
    socket(family, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).err()
}

fn program() -> Result<BpfProgram, BackendError> {
    let condition = |family: &libc::c_int| {
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, u64::from(family.unsigned_abs()))
    };
    let conditions = || ALLOWED.iter().map(condition).collect::<Result<Vec<_>, _>>();
    let other = || Ok::<_, BackendError>(vec![SeccompRule::new(conditions()?)?]);
    let calls = [libc::SYS_socket, libc::SYS_socketpair];
    let mut rules = BTreeMap::new();
    for call in calls {
        rules.insert(call, other()?);
    }
    // It makes sockets without the call that makes sockets, since 5.19.
    rules.insert(libc::SYS_io_uring_setup, Vec::new());
    #[cfg(target_arch = "x86_64")]
    for call in calls.into_iter().chain([libc::SYS_io_uring_setup]) {
        rules.insert(call | X32, Vec::new());
    }
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let here = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(rules, SeccompAction::Allow, refuse, here)?.try_into()
}
