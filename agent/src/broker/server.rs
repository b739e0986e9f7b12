//! The socket: who may connect, how long they may take, how many at once; one question and one answer each.
//!
//! In: a listening socket. Out: questions for [`Broker::answer`], answers to who asked. Never: lets one that is slow or silent hold up
//! others of another role, or reads more than a question may have.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    os::{
        fd::{AsFd as _, AsRawFd as _},
        unix::{
            fs::PermissionsExt as _,
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::socket::{ControlMessage, MsgFlags, sendmsg},
};
use oediag_collector::host;

use super::{
    Broker,
    bell::Bell,
    peer::{Peer, Roles},
    wire::{self, Answer, MAX_ANSWER, MAX_ASK, PATIENCE},
};

/// Most connections of each role at once.
const AT_ONCE: usize = 16;
/// How often the clock is looked at, in milliseconds.
const TICK: u16 = 500;
/// How long nothing must happen before a broker that systemd starts again when needed ends.
const IDLE: Duration = Duration::from_mins(1);

/// Where questions come in.
#[derive(Debug)]
pub struct Door {
    listener: UnixListener,
    /// Made by us, to be removed; none where systemd made it.
    made: Option<PathBuf>,
}

impl Door {
    /// Systemd's socket, else one made at `path` for the owner and the group of the folder.
    ///
    /// # Errors
    /// What the system says, or somebody listens there already.
    pub fn open(path: &Path) -> io::Result<Self> {
        let (listener, made) = match host::handed_socket() {
            Some(handed) => (UnixListener::from(handed), None),
            None => (listen(path)?, Some(path.to_owned())),
        };
        listener.set_nonblocking(true)?;
        Ok(Self { listener, made })
    }

    /// Answers until told to stop, or until there was nothing to do for a while where systemd waits at the door.
    pub fn serve(&self, broker: &Arc<Broker>, stop: &AtomicBool) -> io::Result<()> {
        let open = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
        let mut last = Instant::now();
        while !stop.load(Ordering::SeqCst) {
            let mut wait = [PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
            match poll(&mut wait, PollTimeout::from(TICK)) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            while let Some(stream) = accepted(&self.listener)? {
                last = Instant::now();
                let Ok(peer) = Peer::of(&stream) else { continue };
                let roles = peer.roles(broker.state.data());
                if roles.operator || roles.agent {
                    begin(stream, peer, roles, broker, &open[usize::from(roles.operator)]);
                }
            }
            broker.tick();
            if self.made.is_none() && last.elapsed() >= IDLE && broker.is_idle() {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(path) = &self.made {
            // Gone already is as good.
            fs::remove_file(path).unwrap_or_default();
            Bell::beside(path).remove();
        }
    }
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    // One that nobody listens on is left from a broker that was killed.
    match UnixStream::connect(path) {
        Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path)?,
        Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

/// The next connection, if one waits. One that ended before we came is none.
fn accepted(listener: &UnixListener) -> io::Result<Option<UnixStream>> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Ok(Some(stream)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Answers in a thread of its own. Who is one too many, or comes when there is no thread, finds the connection closed.
fn begin(stream: UnixStream, peer: Peer, roles: Roles, broker: &Arc<Broker>, open: &Arc<AtomicUsize>) {
    let place = Place(Arc::clone(open));
    if place.0.fetch_add(1, Ordering::SeqCst) >= AT_ONCE {
        return;
    }
    let broker = Arc::clone(broker);
    let work = move || {
        // The one who asks is gone: there is nobody to tell.
        exchange(&stream, peer, roles, &broker).unwrap_or_default();
        drop(place);
    };
    drop(thread::Builder::new().name("ask".to_owned()).spawn(work));
}

/// Counts an open connection while it lives.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn exchange(stream: &UnixStream, peer: Peer, roles: Roles, broker: &Broker) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(Duration::from_secs(PATIENCE)))?;
    let (answer, file) = match question(stream)? {
        None => (Answer::refused("not_a_question", None), None),
        Some(line) => match wire::ask(&line) {
            Err(error) => (Answer::refused("not_a_question", Some(error.to_string())), None),
            Ok(ask) if !roles.may(&ask) => (Answer::refused("not_allowed", None), None),
            Ok(ask) => broker.answer(ask, peer),
        },
    };
    // Who only carries papers is not told about files and people of this host.
    let answer = match answer {
        Answer::Refused { word, .. } if !roles.operator => Answer::Refused { word, detail: None },
        answer => answer,
    };
    let line = wire::line(&answer, MAX_ANSWER)
        .or_else(|error| wire::line(&Answer::refused("too_long", Some(error.to_string())), MAX_ANSWER))
        .map_err(io::Error::other)?;
    let rest = match &file {
        None => &line[..],
        Some(file) => {
            let message = [io::IoSlice::new(&line[..1])];
            let fds = [file.as_raw_fd()];
            sendmsg::<()>(stream.as_raw_fd(), &message, &[ControlMessage::ScmRights(&fds)], MsgFlags::MSG_NOSIGNAL, None)?;
            &line[1..]
        }
    };
    (&*stream).write_all(rest)
}

/// One line without its line feed; none when it is longer than it may be, or not there in time.
fn question(mut stream: &UnixStream) -> io::Result<Option<Vec<u8>>> {
    let begun = Instant::now();
    let patience = Duration::from_secs(PATIENCE);
    let (mut line, mut buffer) = (Vec::new(), [0; 4096]);
    while line.len() < MAX_ASK {
        let Some(left) = patience.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) else { return Ok(None) };
        stream.set_read_timeout(Some(left))?;
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Ok(None),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => return Ok(None),
            Err(error) => return Err(error),
        };
        line.extend_from_slice(&buffer[..count]);
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            // What stands behind the line is no question of ours.
            let alone = end + 1 == line.len();
            line.truncate(end);
            return Ok(alone.then_some(line));
        }
    }
    Ok(None)
}
