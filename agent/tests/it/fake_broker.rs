//! A broker of a few lines: it answers as it was told to and keeps what it was asked. In: questions on a socket. Out: answers, a file.

use std::{
    fs::File,
    io::{IoSlice, Read as _, Write as _},
    os::{
        fd::AsRawFd as _,
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use oediag::broker::wire::{self, Answer, Ask, Hello, Letter, MAX_ANSWER, MAX_ASK, Upload};

/// What the broker says, and what it was asked.
pub(crate) struct Said {
    pub(crate) hello: Hello,
    pub(crate) letters: Vec<Letter>,
    pub(crate) uploads: Vec<Upload>,
    pub(crate) payload: Option<PathBuf>,
    pub(crate) asked: Vec<Ask>,
}

/// The broker; its thread ends with the process.
pub(crate) struct Broker {
    pub(crate) socket: PathBuf,
    said: Arc<Mutex<Said>>,
}

impl Broker {
    pub(crate) fn start(folder: &Path, hello: Hello) -> Self {
        // A socket's path has at most 107 bytes, which a folder of tests may have already.
        let socket = std::env::temp_dir().join(format!(
            "oediag-{}-{}.sock",
            std::process::id(),
            folder.file_name().and_then(|name| name.to_str()).expect("a name")
        ));
        std::fs::remove_file(&socket).unwrap_or_default();
        let listener = UnixListener::bind(&socket).expect("a socket");
        let (letters, uploads, asked) = (Vec::new(), Vec::new(), Vec::new());
        let said = Arc::new(Mutex::new(Said { hello, letters, uploads, payload: None, asked }));
        let theirs = Arc::clone(&said);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // One that was killed while it asked is what some tests are about.
                answer(&stream, &theirs).unwrap_or_default();
            }
        });
        Self { socket, said }
    }

    pub(crate) fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a question was asked.
    pub(crate) fn heard(&self, wanted: impl Fn(&Ask) -> bool) -> bool {
        self.said().asked.iter().any(wanted)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        std::fs::remove_file(&self.socket).unwrap_or_default();
    }
}

fn answer(stream: &UnixStream, said: &Mutex<Said>) -> std::io::Result<()> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stream.take(1).read_exact(&mut byte)?;
        line.push(byte[0]);
        assert!(line.len() <= MAX_ASK, "a question of {} bytes", line.len());
    }
    let question = wire::ask(&line[..line.len() - 1]).expect("a question");
    let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
    said.asked.push(question.clone());
    let mut file = None;
    let answer = match question {
        Ask::Hello => Answer::Hello(Box::new(said.hello.clone())),
        Ask::Take { .. } | Ask::UploadFailed { .. } => Answer::Done,
        Ask::Outgoing { .. } => Answer::Outgoing { letters: said.letters.clone(), uploads: said.uploads.clone() },
        Ask::Payload { .. } => {
            let payload = File::open(said.payload.as_ref().expect("a payload")).expect("the sealed file");
            let bytes = payload.metadata().expect("its length").len();
            file = Some(payload);
            Answer::Payload { bytes }
        }
        Ask::Sent { id, status, .. } => {
            said.letters.retain(|letter| letter.id != id || !(200..300).contains(&status));
            Answer::Done
        }
        Ask::Slot { receipt, slot } => {
            let own = said.uploads.iter_mut().filter(|upload| upload.receipt == receipt);
            own.for_each(|upload| upload.slot = Some(slot.clone()));
            Answer::Done
        }
        Ask::Ack { receipt, .. } => {
            said.uploads.retain(|upload| upload.receipt != receipt);
            Answer::Done
        }
        other => panic!("the agent asked {other:?}"),
    };
    let bytes = wire::line(&answer, MAX_ANSWER).expect("an answer");
    let numbers: Vec<i32> = file.iter().map(File::as_raw_fd).collect();
    let handed = [ControlMessage::ScmRights(&numbers)];
    let handed = if numbers.is_empty() { &handed[..0] } else { &handed[..] };
    let sent = sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(&bytes)], handed, MsgFlags::empty(), None)?;
    let mut rest = stream;
    rest.write_all(&bytes[sent..])
}
