//! The process that talks to the center: everything with a network in it, and nothing else.
//!
//! In: the sealed payload as standard input, a socket as standard output with one [`Job`] waiting in it. Out: events on the socket.
//! It runs as a user of its own, without environment, with its folder at `/`. Never: opens a file; outlives the parent.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufReader},
    os::{fd::AsFd as _, unix::net::UnixStream},
    time::Duration,
};

use nix::sys::{prctl, signal::Signal};
use oediag_protocol::enroll;
use reqwest::Method;

use super::{
    client::{Client, Hand, NoReply, Request},
    exchange::exchange,
    tus::{Parent, Sending},
    wire::{self, Answer, Event, Fault, Job, STORED, Task},
};
use crate::failure::exit;

/// Runs the child of this parent to its end. Whatever there is to say goes to the parent.
pub(crate) fn run(parent: Option<&OsStr>) -> u8 {
    match prepare(parent).and_then(serve) {
        Ok(()) => exit::OK,
        Err(_) => exit::NETWORK,
    }
}

/// Closes what was inherited and ties this process to its parent.
fn prepare(parent: Option<&OsStr>) -> io::Result<UnixStream> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    // A parent that died before this was asked for sends no signal.
    if parent.and_then(OsStr::to_str) != Some(nix::unistd::getppid().to_string().as_str()) {
        return Err(io::ErrorKind::NotFound.into());
    }
    prctl::set_no_new_privs()?;
    // Others of the same user must not read the key out of this process.
    prctl::set_dumpable(false)?;
    let open = fs::read_dir("/proc/self/fd")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    for number in open.filter(|number: &i32| *number > 2).collect::<Vec<_>>() {
        // The folder itself was among them and is closed already.
        nix::unistd::close(number).unwrap_or_default();
    }
    Ok(UnixStream::from(nix::unistd::dup(io::stdout().as_fd())?))
}

fn serve(socket: UnixStream) -> io::Result<()> {
    let mut parent = Socket { input: BufReader::new(socket.try_clone()?), output: socket };
    let Some(job) = wire::take::<Job>(&mut parent.input)? else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let event = match runtime.block_on(work(job, &mut parent)) {
        Ok(answer) => Event::Done(answer),
        Err(fault) => Event::Failed(fault),
    };
    wire::put(&parent.output, &event)
}

async fn work(job: Job, parent: &mut Socket) -> Result<Answer, Fault> {
    let local = |why: String| Fault::Local(why);
    let Job { line, task } = job;
    let client = |hand| Client::new(&line, hand).map_err(|error| local(error.to_string()));
    let done = |body| Answer { status: 200, body };
    match task {
        Task::Enroll(body) => enroll(&mut client(None)?, body).await.map(done),
        Task::Upload(upload) => {
            let payload = nix::unistd::dup(io::stdin().as_fd()).map_err(|error| local(error.to_string()))?;
            let (client, payload) = (&mut client(Some(Hand::try_from(&upload.who)?))?, File::from(payload));
            let (patience, kib_s) = (Duration::from_secs(line.patience), line.way.kib_s);
            Sending { client, upload: &upload, payload, patience, kib_s, parent, signed_anew: false }.run().await.map(done)
        }
        Task::Exchange(asked) => exchange(&mut client(Some(Hand::try_from(&asked.who)?))?, *asked).await,
    }
}

/// Asks once: a token is good for one host, so a lost reply is for people to look at.
async fn enroll(client: &mut Client, body: String) -> Result<String, Fault> {
    #[derive(serde::Deserialize)]
    struct Refusal {
        error: String,
    }
    let headers = vec![("content-type", "application/json".to_owned())];
    let request = Request { method: Method::POST, path: "/v1/enroll", headers, body: body.into_bytes(), most: enroll::MAX_REPLY };
    let reply = client.send(request).await.map_err(|error| match error {
        NoReply::TooLong(_) => Fault::NotACenter(error.to_string()),
        error => Fault::Network(error.to_string()),
    })?;
    let words = serde_json::from_slice::<Refusal>(&reply.body).map(|refusal| refusal.error.chars().take(300).collect::<String>());
    match (reply.status, words) {
        (200, _) => String::from_utf8(reply.body).map_err(|_| Fault::NotACenter("its answer is not text".to_owned())),
        (400..=499, Ok(words)) => Err(Fault::Refused(words)),
        (_, Ok(words)) => Err(Fault::Network(words)),
        (status @ 500..=599, Err(_)) => Err(Fault::Network(format!("status {status}"))),
        (status, Err(_)) => Err(Fault::NotACenter(format!("status {status}"))),
    }
}

/// The parent at the other end of the socket.
struct Socket {
    input: BufReader<UnixStream>,
    output: UnixStream,
}

impl Parent for Socket {
    fn tell(&mut self, event: Event) -> Result<(), Fault> {
        wire::put(&self.output, &event).map_err(|error| Fault::Local(error.to_string()))
    }

    fn store(&mut self, slot: &str) -> Result<(), Fault> {
        self.tell(Event::Slot(slot.to_owned()))?;
        let answer = wire::take::<String>(&mut self.input).map_err(|error| Fault::Local(error.to_string()))?;
        if answer.as_deref() == Some(STORED) { Ok(()) } else { Err(Fault::Local("where to send could not be stored".to_owned())) }
    }
}
