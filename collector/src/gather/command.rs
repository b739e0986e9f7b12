//! A running program as a reader: its output comes through a short queue, its end is known when the queue is.

use std::{
    io::{self, Read},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Scope, ScopedJoinHandle},
};

use crate::host::{Call, Cancel, Flow, Host, Ran, Stream};

/// Pieces of output that may wait to be read.
const QUEUE: usize = 8;
/// Most bytes of standard error that are kept.
pub(super) const STDERR_BYTES: u64 = 64 << 10;

/// The standard output of a program that runs on another thread. Of a program that was ended by us the last, unfinished
/// line is thrown away: half a value would be a value that no rule knows any more.
#[derive(Debug)]
pub(crate) struct Output {
    pieces: Receiver<Piece>,
    /// What was not given out yet; up to `ready` it may be.
    held: Vec<u8>,
    read: usize,
    ready: usize,
    over: bool,
}

#[derive(Debug)]
enum Piece {
    /// Some output.
    Text(Vec<u8>),
    /// The end, and whether it is the program's own.
    End { whole: bool },
}

/// Longest unfinished line that is held back.
const LINE: usize = 64 << 10;

/// How the program ended, and its standard error.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its end.
    pub ran: Ran,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

/// Starts a program. Its thread ends when the program does; dropping the output ends the program.
pub(super) fn start<'scope, 'env: 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    host: &'env Host,
    call: Owned,
    cancel: &'env Cancel,
) -> (Output, ScopedJoinHandle<'scope, Ended>) {
    let (sender, pieces) = sync_channel(QUEUE);
    let thread = scope.spawn(move || run(host, &call, cancel, &sender));
    (Output { pieces, held: Vec::new(), read: 0, ready: 0, over: false }, thread)
}

/// A call that another thread can keep.
#[derive(Debug)]
pub(super) struct Owned {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// How long it may run.
    pub time: std::time::Duration,
    /// Most bytes of standard output.
    pub bytes: u64,
}

fn run(host: &Host, call: &Owned, cancel: &Cancel, sender: &SyncSender<Piece>) -> Ended {
    let mut stderr = Vec::new();
    let call = Call { argv: &call.argv, time: call.time, stdout_cap: call.bytes, stderr_cap: STDERR_BYTES };
    let mut sink = |stream, bytes: &[u8]| match stream {
        // Nobody reads any more: the member was given up.
        Stream::Out if sender.send(Piece::Text(bytes.to_vec())).is_err() => Flow::Stop,
        Stream::Out => Flow::Go,
        Stream::Err => {
            stderr.extend_from_slice(bytes);
            Flow::Go
        }
    };
    let ran = host.run(&call, &mut sink, cancel);
    let whole = !(ran.timed_out || ran.stuck || ran.cut || ran.cancelled || ran.signal.is_some());
    // Nobody reads any more: then nobody asks either.
    drop(sender.send(Piece::End { whole }));
    Ended { ran, stderr }
}

impl Output {
    fn take(&mut self, piece: Piece) {
        self.held.drain(..self.read);
        self.read = 0;
        match piece {
            Piece::Text(bytes) => {
                let from = self.held.len();
                self.held.extend_from_slice(&bytes);
                let end = bytes.iter().rposition(|&byte| byte == b'\n').map(|end| from + end + 1);
                self.ready = end.unwrap_or(if self.held.len() > LINE { self.held.len() } else { 0 });
            }
            Piece::End { whole } => {
                self.ready = if whole { self.held.len() } else { 0 };
                self.over = true;
            }
        }
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.ready && !self.over {
            // A queue that closes without an end is that of a thread that panicked.
            let piece = self.pieces.recv().unwrap_or(Piece::End { whole: false });
            self.take(piece);
        }
        let rest = &self.held[self.read..self.ready];
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        self.read += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    fn read(pieces: Vec<Piece>) -> Vec<u8> {
        let (sender, receiver) = sync_channel(pieces.len());
        for piece in pieces {
            sender.send(piece).expect("the queue has room");
        }
        drop(sender);
        let mut output = Output { pieces: receiver, held: Vec::new(), read: 0, ready: 0, over: false };
        let mut text = Vec::new();
        output.read_to_end(&mut text).expect("it reads");
        text
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn an_unfinished_line_is_given_out_only_when_the_program_ended_by_itself() {
        assert_eq!(read(vec![text("one\ntw"), text("o\nthr"), Piece::End { whole: true }]), b"one\ntwo\nthr");
        assert_eq!(read(vec![text("one\ntw"), text("o\nthr"), Piece::End { whole: false }]), b"one\ntwo\n");
        assert_eq!(read(vec![text("one\ntw"), text("o")]), b"one\n");
        assert_eq!(read(vec![Piece::End { whole: true }]), b"");
        let long = "x".repeat(LINE + 1);
        assert_eq!(read(vec![text(&long), Piece::End { whole: false }]).len(), LINE + 1, "what is too long to hold is not held");
    }
}
