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
            // What is carried to a host without a network comes from an operator; it is verified like all else.
            Ask::Take { .. } | Ask::Ack { .. } | Ask::Hello => self.agent || self.operator,
            Ask::Outgoing { .. } | Ask::Payload { .. } | Ask::Sent { .. } | Ask::Slot { .. } | Ask::UploadFailed { .. } => {
                self.agent
            }
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

#[cfg(test)]
mod tests {
    use oediag_protocol::{
        audit::{self, Head},
        bundle::manifest::LedgerHead,
        digest::Sha256,
        id::{ReceiptId, RequestId},
        ledger::Reason,
        signed::Signed,
        sshsig::Signer,
        time::Time,
    };

    use super::*;
    use crate::broker::wire::Lang;

    #[test]
    fn the_agent_carries_and_only_an_operator_decides() {
        let (id, receipt) = (RequestId([1; 16]), ReceiptId([1; 16]));
        let word = Reason::parse("network").expect("a word");
        // Only the role counts here: any signed object will do.
        let key = Signer::generate([1; 32]);
        let head = Head { schema: audit::Schema::V1, at: Time(0), head: LedgerHead { seq: 1, hash: Sha256([1; 32]) } };
        let object = Signed::new(&head, &[&key]).expect("signing");
        let (agent, operator) = (Roles { operator: false, agent: true }, Roles { operator: true, agent: false });
        let release = Ask::Release {
            id,
            digits: String::new(),
            notice_sha256: Sha256([0; 32]),
            lang: Lang::En,
            columns: 80,
            separate: Vec::new(),
            sudo_uid: None,
        };
        for (ask, agents, operators) in [
            (Ask::Hello, true, true),
            (Ask::Outgoing { catalogue: false }, true, false),
            (Ask::Payload { receipt }, true, false),
            (Ask::Sent { id: String::new(), status: 200, body: None }, true, false),
            (Ask::Slot { receipt, slot: String::new() }, true, false),
            (Ask::UploadFailed { receipt, word, not_before: None }, true, false),
            (Ask::Ack { receipt, object }, true, true),
            (Ask::List, false, true),
            (Ask::Show { id }, false, true),
            (Ask::Approve { id, sudo_uid: None }, false, true),
            (Ask::Deny { id, reason: None, silent: true }, false, true),
            (Ask::Preview { id, lang: Lang::En, columns: 80 }, false, true),
            (Ask::Without { id, names: Vec::new() }, false, true),
            (release, false, true),
            (Ask::Decline { id, reason: None }, false, true),
            (Ask::Session { minutes: 1 }, false, true),
            (Ask::ApproverSig { id, sig: String::new() }, false, true),
        ] {
            assert_eq!((agent.may(&ask), operator.may(&ask)), (agents, operators), "{ask:?}");
            assert!(!Roles { operator: false, agent: false }.may(&ask), "{ask:?}");
        }
    }
}
