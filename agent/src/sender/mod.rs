//! Everything with a network: sending by a child process that knows nothing it does not need, and the agent, a process of its own.
//!
//! In: a job and the open payload. Out: what the center answered, unchecked. The child is this program again, started by a hidden
//! command; when the caller is root it runs as user `oediag`, else `nobody`. It is handed the open sealed payload and a socket, and sees
//! neither the host's key nor the configuration nor the state. **The only module that may name tokio, reqwest and rustls.**

mod agent;
mod carrier;
mod child;
mod client;
mod exchange;
mod journal;
mod pace;
mod poll;
mod tus;
mod wire;

use std::{
    fs::File,
    io::{self, BufReader},
    os::{
        fd::OwnedFd,
        unix::{net::UnixStream, process::CommandExt as _},
    },
    process::{Child, Command, Stdio},
};

use oediag_protocol::{
    bundle::manifest::LedgerHead,
    id::{HostId, ReceiptId},
    sealed::Frame,
    sshsig::Signer,
};
use serde::{Deserialize, Serialize};

pub(crate) use self::agent::run as run_agent;
pub(crate) use self::child::run as run_child;
pub(crate) use self::tus::{LATEST, is_slot};
pub(crate) use self::wire::{Answer, Fault, Method};
use self::wire::{Event, Exchange, Job, STORED, Task, Upload, Who};
use crate::{accounts, address::Address, way::Way};

/// The hidden command that makes this program the child.
pub(crate) const COMMAND: &str = "send-for-parent";
/// Who the child is when the caller is root: the first that there is.
const USERS: [&str; 2] = ["oediag", "nobody"];
/// uid and gid where neither is in /etc/passwd: what the kernel shows for those it does not know.
const NOBODY: (u32, u32) = (65534, 65534);

/// The center, and how hard to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// Where.
    pub(crate) url: Address,
    /// PEM of the authorities that may vouch for its TLS key; none for the system's.
    pub(crate) ca: Option<String>,
    /// How it is reached.
    pub(crate) way: Way,
    /// Seconds without progress after which to give up.
    pub(crate) patience: u64,
}

/// Who asks a center.
#[derive(Debug, Clone)]
pub(crate) struct Caller<'a> {
    /// The host.
    pub(crate) host: HostId,
    /// The key that signs HTTP requests.
    pub(crate) key: &'a Signer,
    /// The head of the host's ledger.
    pub(crate) ledger: Option<LedgerHead>,
}

impl Caller<'_> {
    fn who(&self) -> Result<Who, Fault> {
        let key = self.key.to_openssh().map_err(|error| Fault::Local(error.to_string()))?.to_string();
        Ok(Who { host: self.host, key, ledger: self.ledger.clone() })
    }
}

/// A sealed file to send.
#[derive(Debug)]
pub(crate) struct Consignment<'a> {
    /// Who sends.
    pub(crate) caller: Caller<'a>,
    /// The receipt that allows it.
    pub(crate) receipt: ReceiptId,
    /// The file but for its payload.
    pub(crate) frame: &'a Frame,
    /// The payload.
    pub(crate) payload: File,
    /// Where an earlier run began to send.
    pub(crate) slot: Option<String>,
}

/// What happens while a file is sent.
#[derive(Debug)]
pub(crate) enum Progress {
    /// So many bytes of the whole file are at the center.
    At(u64),
    /// Nothing is sent for so many seconds, because of this.
    Waiting(u64, String),
}

/// Sends a signed request for enrolment once; gives the center's reply.
pub(crate) fn enroll(line: Line, request: String) -> Result<String, Fault> {
    let child = Sender::start(Stdio::null()).map_err(local)?;
    child.work(line, Task::Enroll(request), |_| Ok(()), |_| {}).map(|answer| answer.body)
}

/// Asks a center once. `path` is absolute and plain, `body` JSON or nothing. Gives its answer whatever the status, but for those that
/// say to come again later, or are no center's.
pub(crate) fn exchange(line: Line, caller: &Caller<'_>, method: Method, path: String, body: String) -> Result<Answer, Fault> {
    let asked = Exchange { who: caller.who()?, method, path, body };
    Sender::start(Stdio::null()).map_err(local)?.work(line, Task::Exchange(Box::new(asked)), |_| Ok(()), |_| {})
}

/// Sends a sealed file; gives what the center says is its ack. `store` puts on the disk where the file is sent to, before its first
/// byte leaves.
pub(crate) fn upload(
    line: Line,
    consignment: Consignment<'_>,
    store: impl FnMut(&str) -> Result<(), String>,
    progress: impl FnMut(Progress),
) -> Result<String, Fault> {
    let Consignment { caller, receipt, frame, payload, slot } = consignment;
    let front = String::from_utf8(frame.front.clone()).map_err(|_| Fault::Local("a document is not text".to_owned()))?;
    let who = caller.who()?;
    let upload = Upload { who, receipt, front, payload: frame.payload, back: frame.back.len() as u64, slot };
    let child = Sender::start(payload.into()).map_err(local)?;
    child.work(line, Task::Upload(Box::new(upload)), store, progress).map(|answer| answer.body)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn local(error: io::Error) -> Fault {
    Fault::Local(error.to_string())
}

/// The child; it ends with this value.
struct Sender {
    child: Child,
    socket: UnixStream,
}

impl Sender {
    fn start(payload: Stdio) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        // The program that is running, also when its file was replaced or is out of the child's reach.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("oediag").arg(COMMAND).arg(std::process::id().to_string()).env_clear().current_dir("/");
        command.stdin(payload).stdout(OwnedFd::from(theirs)).stderr(Stdio::null());
        if nix::unistd::geteuid().is_root() {
            // The standard library drops supplementary groups before it changes the user.
            let ids = USERS.iter().find_map(|name| accounts::ids(name)).filter(|(uid, gid)| *uid != 0 && *gid != 0);
            let (uid, gid) = ids.unwrap_or(NOBODY);
            command.uid(uid).gid(gid);
        }
        Ok(Self { child: command.spawn()?, socket })
    }

    fn work(
        self,
        line: Line,
        task: Task,
        mut store: impl FnMut(&str) -> Result<(), String>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Answer, Fault> {
        wire::put(&self.socket, &Job { line, task }).map_err(local)?;
        let mut events = BufReader::new(&self.socket);
        loop {
            match wire::take::<Event>(&mut events).map_err(local)? {
                Some(Event::At(bytes)) => progress(Progress::At(bytes)),
                Some(Event::Waiting(seconds, why)) => progress(Progress::Waiting(seconds, why)),
                // It becomes part of a URL in this run and in the next: one that is none could lead elsewhere.
                Some(Event::Slot(slot)) if !is_slot(&slot) => {
                    return Err(Fault::Local("the sending process named a place that is none".to_owned()));
                }
                Some(Event::Slot(slot)) => {
                    store(&slot).map_err(Fault::Local)?;
                    wire::put(&self.socket, &STORED).map_err(local)?;
                }
                Some(Event::Done(answer)) => return Ok(answer),
                Some(Event::Failed(fault)) => return Err(fault),
                None => return Err(Fault::Local("the sending process ended unexpectedly".to_owned())),
            }
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // It has nothing to lose, and one that has ended cannot be killed: both are as good as gone.
        self.child.kill().unwrap_or_default();
        drop(self.child.wait());
    }
}
