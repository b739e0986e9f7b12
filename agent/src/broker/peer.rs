//! Who asks: what the kernel says of the process at the other end. In: a connected socket. Out: a role, or none.
//! Never: believes what the process says of itself.

use std::{fs, io, os::unix::fs::MetadataExt as _, os::unix::net::UnixStream, path::Path};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};

use super::wire::Ask;

/// The process at the other end, as it was when it connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its process.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
}

/// What a process may ask. In tests both can be one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Decides for the customer.
    pub operator: bool,
    /// Carries papers.
    pub agent: bool,
}

impl Peer {
    /// Asks the kernel.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(stream: &UnixStream) -> io::Result<Self> {
        let found = getsockopt(stream, PeerCredentials)?;
        Ok(Self { pid: found.pid(), uid: found.uid() })
    }

    /// Root, and who runs the broker, decides; the owner of the agent's folder carries.
    pub fn roles(self, data: &Path) -> Roles {
        let operator = self.uid == 0 || self.uid == nix::unistd::geteuid().as_raw();
        let agent = fs::symlink_metadata(data.join("agent")).is_ok_and(|meta| meta.is_dir() && meta.uid() == self.uid);
        Roles { operator, agent }
    }
}

impl Roles {
    /// Whether a question may be asked in these roles.
    pub fn may(self, ask: &Ask) -> bool {
        match ask {
            Ask::Take { .. } | Ask::Hello => self.agent || self.operator,
            Ask::Outgoing { .. }
            | Ask::Payload { .. }
            | Ask::Sent { .. }
            | Ask::Slot { .. }
            | Ask::Ack { .. }
            | Ask::UploadFailed { .. } => self.agent,
            Ask::List
            | Ask::Show { .. }
            | Ask::Approve { .. }
            | Ask::Deny { .. }
            | Ask::Preview { .. }
            | Ask::Without { .. }
            | Ask::Release { .. }
            | Ask::Decline { .. }
            | Ask::Session { .. }
            | Ask::ApproverSig { .. } => self.operator,
        }
    }
}
